"""A reader at a desk of their own: an empty folder, or a project that publishes, and a network before it.

What a page takes for granted is here: the program is on the path, a token is where the project says, git
knows who commits, and where a person is asked, one sits there (``person.py``).
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml
from PIL import Image

from tests.live.pages import SHELLS, blocks, run_as_it_stands
from tests.live.projects import ENVIRON, ROOT
from tests.live.waiting import until_listening
from threadsync.sandbox.server import Sandbox, running
from threadsync.sandbox.settings import SandboxSettings

PORT = "8471"
BOUNDS = {"publish_doubt_seconds": 0.5, "listing_lag_seconds": 0.2, "poll_first_seconds": 0.05}
LOGIN = re.compile(r"^threadsync auth login \S+.*$", re.MULTILINE)
PROJECT: Mapping[str, object] = {
    "version": 1,
    "id": "desk",
    "zone": "Europe/Berlin",
    "targets": {
        "threads/main": {"account": "lift_report", "credential": "file:token"},
        "threads/brand": {"account": "harbour_desk", "credential": "env:HARBOUR"},
    },
}
POST = "---\nkey: {key}\ntargets: [threads/main, threads/brand]\n---\nThe lifts of all 40 stations.\n"


def at_a_terminal(command: str) -> str:
    """Return *command* as it is run where somebody can be asked."""
    return f'"{sys.executable}" "{ROOT / "tests/live/person.py"}" {command}'


@dataclass
class Desk:
    """Where a page is played."""

    root: Path
    sandbox: Sandbox
    environ: dict[str, str]
    port: str = ""
    """Where the page starts a network of its own; empty where it talks to this one."""

    @property
    def folder(self) -> Path:
        """The reader's project."""
        return self.root / "desk"

    def given(self, text: str) -> str:
        """Make of what a page says what is said here: the port, and who sits at the terminal."""
        if re.search(r"threadsync sandbox .*&$", text):
            text = f"{text}\n{until_listening(PORT)}"
        if text.startswith("exec "):
            text = f"( {text} )"  # the shell has more to do
        text = LOGIN.sub(lambda login: at_a_terminal(login[0]), text)
        return text.replace(PORT, self.port or self.sandbox.base_url.rpartition(":")[2])

    def project(self, settings: Mapping[str, object]) -> None:
        """Write the project file, its targets before the sandbox."""
        targets = settings["targets"]
        assert isinstance(targets, dict)
        written = {
            **settings,
            "targets": {
                name: {**target, "base_url": self.sandbox.base_url, "bounds": dict(BOUNDS)}
                for name, target in targets.items()
            },
        }
        (self.folder / "posts").mkdir(parents=True, exist_ok=True)
        (self.folder / "threadsync.yaml").write_text(yaml.safe_dump(written))

    def write(self, name: str, text: str) -> None:
        """Write a file of the project."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def ran(self, script: str) -> str:
        """Run *script* in the project, and return what it says."""
        done = subprocess.run(
            ["bash", "-e", "-c", script], cwd=self.folder, env=self.environ, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def begun(self, key: str = "lift-report") -> None:
        """Have a project with one post that is live, committed, and pushed to a bare repository."""
        self.project(PROJECT)
        self.write(f"posts/{key}.md", POST.format(key=key))
        self.write("token", "sandbox-lift_report\n")
        self.write(".gitignore", ".threadsync/\ntoken\n")
        self.ran(
            "threadsync apply --yes --first-run && git init --quiet --initial-branch=main && git add --all"
            " && git commit --quiet --message begun && git init --quiet --bare ../origin.git"
            " && git remote add origin ../origin.git && git push --quiet origin main"
        )

    def play(self, page: str, *, where: Path, without: frozenset[str]) -> str:
        """Run every shell block of *page* in the folder *where*, and return what was printed.

        The sandboxes that it starts end with it.
        """
        return run_as_it_stands(
            page, where, self.environ, given=self.given, languages=SHELLS, without=without,
            first="trap 'for job in $(jobs -p); do kill $job; done; wait' EXIT",
        )  # fmt: skip


def yaml_block(page: str) -> dict[str, object]:
    """Return the first block of *page* that is a whole project."""
    found = (yaml.safe_load(text) for language, text in blocks(page) if language == "yaml")
    return next(each for each in found if isinstance(each, dict) and "targets" in each and "version" in each)


@contextmanager
def desk(root: Path, settings: SandboxSettings | None = None) -> Iterator[Desk]:
    """Have a desk in *root*, with nothing on it."""
    (root / "bin").mkdir()
    shim = root / "bin/threadsync"
    shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m threadsync "$@"\n')
    shim.chmod(0o755)
    Image.new("RGB", (640, 480), "teal").save(root / "picture.jpg")
    with running(settings or SandboxSettings()) as sandbox:
        who = {"GIT_AUTHOR_NAME": "Maria", "GIT_AUTHOR_EMAIL": "maria@example.org"}
        yield Desk(
            root,
            sandbox,
            {
                **ENVIRON,
                **who,
                **{name.replace("AUTHOR", "COMMITTER"): value for name, value in who.items()},
                "PATH": f"{root / 'bin'}:{os.environ['PATH']}",
                "HOME": str(root),
                "BROWSER": "true",
                "HARBOUR": "sandbox-harbour_desk",
                "THREADS_TOKEN": "sandbox-lift_report",
                "THREADS_MAIN_TOKEN": "sandbox-lift_report",
                "THREADS_HARBOUR_TOKEN": "sandbox-harbour_desk",
                "BLUESKY_APP_PASSWORD": "sandbox-lift-report.test",
                "THREADSYNC_TEST_NETWORK": sandbox.base_url,
                "THREADSYNC_TEST_TOKEN": "sandbox-lift_report",
            },
        )
