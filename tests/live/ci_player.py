"""Plays workflow files of GitHub and Forgejo: each `run:` in a shell, as a runner runs it.

What `uses:` is played by stand-ins that do what the named action documents. A key, an action or an
expression that is not known here is an error, so nothing of a file goes unplayed without a word. Runners
share nothing but the repository, the forge and the artifacts of a run.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.live.ci_expressions import Value, filled_in, holds
from tests.live.forge import Forge, git
from tests.live.forge_api import REPOSITORY, ForgeApi
from tests.live.projects import ENVIRON, ROOT
from tests.live.waiting import PATIENCE_SECONDS

WORKFLOW_KEYS = {"name", "on", "permissions", "concurrency", "jobs"}
JOB_KEYS = {"needs", "if", "runs-on", "timeout-minutes", "permissions", "outputs", "steps"}
STEP_KEYS = {"name", "id", "if", "uses", "with", "run", "env", "shell", "working-directory"}
SHELLS = {"": ["bash", "-e"], "bash": ["bash", "--noprofile", "--norc", "-eo", "pipefail"]}
"""docs.github.com, workflow syntax, jobs.<job_id>.steps[*].shell: unnamed and named bash differ."""
PYTHON = """\
#!/bin/sh
# Stands for the Python of setup-python: it makes environments that have threadsync at once.
[ "$1 $2" = "-m venv" ] || { echo "python $*: not played" >&2; exit 1; }
mkdir -p "$3/bin"
printf '#!/bin/sh\\nexec "%s" -m tests.live.as_runner "$@"\\n' "$THE_PYTHON" > "$3/bin/threadsync"
printf '#!/bin/sh\\nexit 0\\n' > "$3/bin/pip"
chmod +x "$3/bin/threadsync" "$3/bin/pip"
"""

Meanwhile = Callable[[subprocess.Popen[str]], None]


@dataclass
class Played:
    """What became of one job."""

    result: str
    said: dict[str, str] = field(default_factory=dict)
    """By step: what it printed."""
    statuses: dict[str, int] = field(default_factory=dict)
    """By step that ran a command: how that ended; less than 0 by a signal."""
    summary: str = ""
    outputs: dict[str, str] = field(default_factory=dict)


@dataclass
class Event:
    """What a run is started by."""

    name: str
    sha: str
    ref: str = "refs/heads/main"
    payload: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)


@dataclass
class Player:
    """A forge with runners."""

    forge: Forge
    api: ForgeApi
    secrets: Mapping[str, str]
    flavour: str = "github"
    minimal_rights: bool = True
    """Whether `permissions:` means anything."""
    ahead_seconds: float = 0.0
    number: int = 0
    """Of the run that began last."""
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def play(
        self, file: str, event: Event, meanwhile: Mapping[str, Meanwhile] | None = None
    ) -> dict[str, Played]:
        """Play all jobs of *file*; a step that is named in *meanwhile* has that done beside it."""
        return self.run(read_workflow(ROOT / "examples/ci" / self.flavour / file), event, meanwhile)

    def run(
        self, workflow: Mapping[str, Any], event: Event, meanwhile: Mapping[str, Meanwhile] | None = None
    ) -> dict[str, Played]:
        """Play all jobs of a *workflow*."""
        assert set(workflow) <= WORKFLOW_KEYS, set(workflow) - WORKFLOW_KEYS
        assert workflow.get("permissions", {}) == {}, "each job says what it needs"
        assert event.name in workflow["on"], f"{workflow['name']} is not started by {event.name}"
        number = self.number = next(self.numbers)  # runs may begin at once
        run = self.forge.root / f"run-{number}"
        done: dict[str, Played] = {}
        for name, job in workflow["jobs"].items():
            assert set(job) <= JOB_KEYS, set(job) - JOB_KEYS
            before = [done[each].result for each in [job.get("needs")] if each]
            contexts = self.contexts(event, job)
            contexts["needs"] = {each: {"outputs": played.outputs} for each, played in done.items()}
            failed = "failure" in before or "cancelled" in before
            if not holds(
                job.get("if", ""), contexts, _status(failed=failed, cancelled="cancelled" in before)
            ):
                done[name] = Played("skipped")
                continue
            played = _Job(self, number, event, job, run / name, contexts, meanwhile or {})
            done[name] = played.play()
        return done

    def contexts(self, event: Event, job: Mapping[str, Any]) -> dict[str, Value]:
        """Return what expressions of *job* can name."""
        rights = (
            job["permissions"] if self.minimal_rights else {"contents": "write", "pull-requests": "write"}
        )
        fork = (
            event.payload.get("pull_request", {}).get("head", {}).get("repo", {}).get("full_name", REPOSITORY)
        )
        may_write = rights.get("pull-requests") == "write" and fork == REPOSITORY
        return {
            "github": {
                "event": event.payload,
                "event_name": event.name,
                "repository": REPOSITORY,
                "token": "job-may-write" if may_write else "job-may-read",
                "sha": event.sha,
                "action_path": str(ROOT),
            },
            "secrets": self.secrets if fork == REPOSITORY else {},
            "inputs": event.inputs,
        }


def read_workflow(path: Path) -> dict[str, Any]:
    """Return the workflow at *path*."""
    return workflow_in(path.read_text())


def workflow_in(text: str) -> dict[str, Any]:
    """Return the workflow that *text* is; YAML 1.1 reads its ``on:`` as true."""
    found = yaml.safe_load(text)
    return {"on" if key is True else key: value for key, value in found.items()}


def _status(*, failed: bool, cancelled: bool) -> dict[str, Callable[[], bool]]:
    return {
        "success": lambda: not failed and not cancelled,
        "failure": lambda: failed and not cancelled,
        "always": lambda: True,
        "cancelled": lambda: cancelled,
    }


class LostError(Exception):
    """The runner is gone: nothing of its job goes on."""


@dataclass
class _Job:
    """One job on a runner of its own."""

    player: Player
    number: int
    event: Event
    job: Mapping[str, Any]
    root: Path
    contexts: dict[str, Value]
    meanwhile: Mapping[str, Meanwhile]
    path: list[str] = field(default_factory=list)
    outputs: dict[str, Value] = field(default_factory=dict)
    played: Played = field(default_factory=lambda: Played("success"))
    cancelled: bool = False

    @property
    def work(self) -> Path:
        return self.root / "work"

    @property
    def artifacts(self) -> Path:
        return self.root.parent / "artifacts"

    @property
    def temp(self) -> Path:
        return self.root / "temp"

    def play(self) -> Played:
        """Play all steps."""
        self.work.mkdir(parents=True)
        self.temp.mkdir()
        self.artifacts.mkdir(exist_ok=True)
        (self.root / "bin").mkdir()
        (self.root / "bin/python").write_text(PYTHON)
        (self.root / "bin/python").chmod(0o755)
        for name in ("env", "path", "output", "summary"):
            (self.root / name).touch()
        (self.root / "event.json").write_text(json.dumps(self.event.payload))
        self.contexts |= {"runner": {"temp": str(self.temp)}, "steps": self.outputs}
        try:
            for number, step in enumerate(self.job["steps"]):
                self.step(str(step.get("name", number)), step, self.contexts)
        except LostError:
            self.played.result = "lost"
        self.played.summary = (self.root / "summary").read_text()
        given = self.job.get("outputs", {})
        self.played.outputs = {name: filled_in(text, self.contexts) for name, text in given.items()}
        return self.played

    def step(self, name: str, step: Mapping[str, Any], contexts: Mapping[str, Value]) -> None:
        """Play one step, unless its condition does not hold."""
        assert set(step) <= STEP_KEYS, set(step) - STEP_KEYS
        failed = self.played.result == "failure"
        status = _status(failed=failed, cancelled=self.cancelled)
        if not holds(step.get("if", ""), contexts, status):
            return
        if "uses" in step:
            given = {key: filled_in(str(value), contexts) for key, value in step.get("with", {}).items()}
            self.use(name, step["uses"], given)
            return
        env = {key: filled_in(str(value), contexts) for key, value in step.get("env", {}).items()}
        # What an expression gives would stand in the script itself: none may be there.
        assert "${{" not in step["run"], f"an expression in the script of {name}"
        folder = self.work / filled_in(step.get("working-directory", "."), contexts)
        code = self.shell(name, step["run"], step.get("shell", ""), env, folder)
        self.played.statuses[name] = code
        lines = (self.root / "output").read_text().splitlines()
        self.outputs[step.get("id", "")] = {"outputs": dict(line.split("=", 1) for line in lines)}
        (self.root / "output").write_text("")
        if code and not self.cancelled:
            self.played.result = "failure"

    def shell(self, name: str, script: str, shell: str, env: Mapping[str, str], folder: Path) -> int:
        """Run *script* as a runner does, with what is to be done *meanwhile*."""
        file = self.root / f"step-{len(self.played.statuses)}.sh"
        file.write_text(script)
        process = subprocess.Popen(
            [*SHELLS[shell], str(file)],
            env={**self.environ(), **env},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        if name in self.meanwhile:
            self.meanwhile[name](process)
        said, _ = process.communicate(timeout=PATIENCE_SECONDS)
        assert "Traceback" not in said, said
        self.played.said[name] = said
        for line in (self.root / "path").read_text().splitlines():
            self.path.insert(0, line)
        (self.root / "path").write_text("")
        if process.returncode == -signal.SIGKILL:
            raise LostError
        if getattr(process, "was_cancelled", False):
            self.cancelled = True
            self.played.result = "cancelled"
        return process.returncode

    def environ(self) -> dict[str, str]:
        """Return the environment of every step (docs.github.com: default environment variables)."""
        event = self.event
        api = self.player.api.base_url + {"github": "", "forgejo": "/api/v1"}[self.player.flavour]
        default = {
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": api,
            "GITHUB_SERVER_URL": "https://forge.test",
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_EVENT_NAME": event.name,
            "GITHUB_EVENT_PATH": str(self.root / "event.json"),
            "GITHUB_SHA": event.sha,
            "GITHUB_REF": event.ref,
            "GITHUB_RUN_ID": str(self.number),
            "GITHUB_WORKSPACE": str(self.work),
            "RUNNER_TEMP": str(self.temp),
            **{f"GITHUB_{each.upper()}": str(self.root / each) for each in ("env", "path", "output")},
            "GITHUB_STEP_SUMMARY": str(self.root / "summary"),
        }
        if self.player.flavour == "forgejo":
            # forgejo.org/docs/latest/user/actions/reference: each variable has both names, and this one.
            default |= {name.replace("GITHUB_", "FORGEJO_"): value for name, value in default.items()}
        kept = {
            name: value for name, value in ENVIRON.items() if name not in {"THREADSYNC_TEST_TOKEN", "TERM"}
        }
        return {
            **kept,
            **default,
            "PATH": os.pathsep.join([*self.path, str(self.root / "bin"), ENVIRON["PATH"]]),
            "THE_PYTHON": sys.executable,
            "RUNNER_NAME": f"runner-{self.number}-{self.root.name}",
            "CLOCK_AHEAD_SECONDS": str(self.player.ahead_seconds),
        }

    # What is used.

    def use(self, name: str, action: str, given: dict[str, str]) -> None:
        """Play an action; where it comes from makes no difference."""
        called = "/".join(action.partition("@")[0].split("/")[-2:])
        match called:
            case "actions/checkout":
                self.checkout(given)
            case "actions/setup-python":
                assert set(given) == {"python-version"}, given
            case "actions/upload-artifact" | "forgejo/upload-artifact":
                self.upload(given)
            case "actions/download-artifact" | "forgejo/download-artifact":
                self.download(given)
            case "YOUR-ORG/threadsync":
                self.composite(name, given)
            case _:
                raise AssertionError(f"{action} is not played")

    def checkout(self, given: Mapping[str, str]) -> None:
        """Check out as actions/checkout does: one commit, of a branch if one is named."""
        assert set(given) <= {"ref", "fetch-depth"}, given
        origin, ref = self.player.forge.origin.as_uri(), given.get("ref", "")
        git(self.work, "init", "--quiet", "--initial-branch=made-by-nobody")
        git(self.work, "remote", "add", "origin", origin)
        if self.player.minimal_rights and self.job["permissions"].get("contents") != "write":
            git(self.work, "config", "remote.origin.pushurl", "file:///may/not/push")
        depth = ["--depth=1"] if given.get("fetch-depth", "1") == "1" else []
        source = f"refs/heads/{ref}" if ref else self.event.sha
        git(self.work, "fetch", "--quiet", "--no-tags", *depth, "origin", source)
        where = ["-B", ref] if ref else ["--detach"]
        git(self.work, "checkout", "--quiet", *where, "FETCH_HEAD")

    def upload(self, given: Mapping[str, str]) -> None:
        assert set(given) <= {"name", "path", "if-no-files-found"}, given
        source, kept = Path(given["path"]), self.artifacts / given["name"]
        if source.is_dir():
            shutil.copytree(source, kept)
        elif source.exists():
            kept.mkdir()
            shutil.copy(source, kept / source.name)

    def download(self, given: Mapping[str, str]) -> None:
        assert set(given) == {"name", "path"}, given
        kept = self.artifacts / given["name"]
        if kept.is_dir():
            shutil.copytree(kept, given["path"])
        else:
            self.played.result = "failure"  # "Artifact not found"

    def composite(self, name: str, given: Mapping[str, str]) -> None:
        """Play the action of this repository."""
        action = read_workflow(ROOT / "action.yml")
        assert set(given) <= set(action["inputs"]), given
        inputs = {key: given.get(key, str(value["default"])) for key, value in action["inputs"].items()}
        for number, step in enumerate(action["runs"]["steps"]):
            self.step(f"{name}: {step.get('name', number)}", step, {**self.contexts, "inputs": inputs})
