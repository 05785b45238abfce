"""Plays `.gitlab-ci.yml`: the jobs of a pipeline by their stages, each script in a shell as runners have it.

As the other player, it knows what the file of examples/ci uses, and stops at anything else.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.live.ci_player import PYTHON, Played
from tests.live.forge import Forge, git
from tests.live.forge_api import REPOSITORY, ForgeApi
from tests.live.projects import ENVIRON, ROOT
from tests.live.waiting import PATIENCE_SECONDS

FILE = ROOT / "examples/ci/gitlab/.gitlab-ci.yml"
STAGES = ("test", "deploy", ".post")
JOB_KEYS = {
    "extends", "stage", "interruptible", "rules", "script", "artifacts", "needs", "resource_group", "timeout",
    "image", "before_script", "variables",
}  # fmt: skip
_TERM = re.compile(r'\$(\w+)(?: == (?:\$(\w+)|"([^"]*)"))?')


@dataclass
class GitLabPlayer:
    """A GitLab with runners."""

    forge: Forge
    api: ForgeApi
    variables: Mapping[str, str]
    """Of the project's settings, for every pipeline."""
    protected: Mapping[str, str]
    """Those for pipelines of protected branches alone."""
    number: int = 0
    done: list[dict[str, Played]] = field(default_factory=list)

    def play(self, source: str, sha: str, given: Mapping[str, str], number: int = 0) -> dict[str, Played]:
        """Play a pipeline on *sha*: of main, or of the merge request *number*."""
        file = yaml.safe_load(FILE.read_text())
        self.number += 1
        root = self.forge.root / f"pipeline-{self.number}"
        of_file = file["variables"]
        values = {name: each["value"] if isinstance(each, dict) else each for name, each in of_file.items()}
        for name, value in given.items():
            assert value in of_file[name].get("options", [value]), "the form offers nothing else"
        values |= {**self.variables, **({} if number else self.protected), **given}
        values |= self.predefined(source, sha, number)
        assert _chosen(file["workflow"]["rules"], values) is not None, "no pipeline is made"
        found: dict[str, Played] = {}
        jobs = {name: job for name, job in file.items() if isinstance(job, dict) and "script" in job}
        assert {job["stage"] for job in jobs.values()} <= set(STAGES)
        for name, job in sorted(jobs.items(), key=lambda each: STAGES.index(each[1]["stage"])):
            whole = {**file[job["extends"]], **job}
            assert set(whole) <= JOB_KEYS, set(whole) - JOB_KEYS
            rule = _chosen(job["rules"], values)
            if rule is None:
                continue
            before = any(each.result == "failure" for each in found.values())
            if before and rule.get("when", "on_success") != "always":
                found[name] = Played("skipped")
                continue
            found[name] = self.job(root, name, whole, values)
        return found

    def predefined(self, source: str, sha: str, number: int) -> dict[str, str]:
        """Return the variables that every job has (docs.gitlab.com/ci/variables/predefined_variables)."""
        of_branch = {"CI_MERGE_REQUEST_IID": str(number)} if number else {"CI_COMMIT_BRANCH": "main"}
        return {
            **of_branch,
            "CI": "true",
            "GITLAB_CI": "true",
            "CI_PIPELINE_SOURCE": source,
            "CI_COMMIT_SHA": sha,
            "CI_DEFAULT_BRANCH": "main",
            "CI_API_V4_URL": f"{self.api.base_url}/api/v4",
            "CI_SERVER_URL": "https://gitlab.test",
            "CI_PROJECT_ID": "7",
            "CI_PROJECT_PATH": REPOSITORY,
            "CI_PROJECT_URL": self.forge.origin.as_uri().removesuffix(".git"),
            "CI_JOB_TOKEN": "of-the-job",
        }

    def job(self, root: Path, name: str, job: Mapping[str, Any], values: Mapping[str, str]) -> Played:
        """Play one job on a runner of its own."""
        work, shims = root / name, root / f"{name}-bin"
        values = {**values, **job.get("variables", {})}
        self.checkout(work, values["CI_COMMIT_SHA"], values.get("GIT_DEPTH", "20"))
        if (root / "artifacts").exists():
            shutil.copytree(root / "artifacts", work, dirs_exist_ok=True)
        shims.mkdir()
        (shims / "python").write_text(PYTHON)
        (shims / "python").chmod(0o755)
        lines = "\n".join([*job["before_script"], *job["script"]])
        # The script is one text, fed to eval in a pipeline (gitlab-runner, shells/bash.go).
        script = 'set -eo pipefail\n: | eval "$JOB_SCRIPT"\n'
        kept = {each: ENVIRON[each] for each in ENVIRON if each not in {"THREADSYNC_TEST_TOKEN", "TERM"}}
        environ = {
            **kept,
            **values,
            "CI_PROJECT_DIR": str(work),
            "CI_JOB_URL": f"https://gitlab.test/jobs/{self.number}",
            "JOB_SCRIPT": lines,
            "PATH": os.pathsep.join([str(shims), ENVIRON["PATH"]]),
            "THE_PYTHON": sys.executable,
            "RUNNER_NAME": f"gitlab-{self.number}-{name}",
        }
        done = subprocess.run(
            ["bash", "-c", script],
            env=environ,
            cwd=work,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        assert "Traceback" not in done.stdout, done.stdout
        for path in job.get("artifacts", {}).get("paths", []):
            source, kept_at = work / path, root / "artifacts" / path
            if source.is_dir():
                shutil.copytree(source, kept_at)
            elif source.exists():
                kept_at.parent.mkdir(exist_ok=True)
                shutil.copy(source, kept_at)
        result = "failure" if done.returncode else "success"
        return Played(result, {name: done.stdout}, {name: done.returncode})

    def checkout(self, work: Path, sha: str, depth: str) -> None:
        """Check out as the runner does; the token of a job, which is in the address, may not push."""
        by_job = self.forge.root / "by-job.git"
        if not by_job.exists():
            by_job.symlink_to(self.forge.origin)
        work.mkdir(parents=True)
        git(work, "init", "--quiet")
        git(work, "remote", "add", "origin", by_job.as_uri())
        git(work, "config", "url.file:///may/not/push.pushInsteadOf", by_job.as_uri())
        shallow = [f"--depth={depth}"] if depth != "0" else []
        git(work, "fetch", "--quiet", "--no-tags", *shallow, "origin", sha)
        git(work, "checkout", "--quiet", "--detach", sha)


def _chosen(rules: list[dict[str, str]], values: Mapping[str, str]) -> dict[str, str] | None:
    """Return the first rule that holds (docs.gitlab.com/ci/jobs/job_rules)."""
    for rule in rules:
        assert set(rule) <= {"if", "when"}, rule
        if all(_holds(term.strip(), values) for term in rule["if"].split("&&")):
            return rule
    return None


def _holds(term: str, values: Mapping[str, str]) -> bool:
    found = _TERM.fullmatch(term)
    assert found is not None, f"{term!r} is not played"
    name, other, text = found.groups()
    if other is None and text is None:
        return bool(values.get(name))
    return values.get(name) == (text if other is None else values.get(other))
