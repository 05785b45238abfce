"""A project on a sandbox, and the real program at work in it: what all live tests begin with.

No process here has a home directory, and git knows neither a user nor any setting of this machine.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import cast

from tests.live.waiting import PATIENCE_SECONDS
from threadsync.sandbox.server import Sandbox

ROOT = Path(__file__).parents[2]
ENVIRON = {
    "PATH": os.environ["PATH"],
    "USER": "maria",
    "TERM": "xterm",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "THREADSYNC_TEST_TOKEN": "sandbox-main",
    "PYTHONPATH": str(ROOT),
}
PROJECT = """\
version: 1
id: live
posts: posts
state: {state}
targets:
  threads/main:
    {account}
    credential: env:THREADSYNC_TEST_TOKEN
    base_url: {base_url}
    bounds: {{publish_doubt_seconds: 0.5, listing_lag_seconds: 0.2, poll_first_seconds: 0.05}}
"""
IN_A_FILE = "state/threadsync.json"


def posts_into(folder: Path, posts: Mapping[str, str]) -> None:
    """Write each of *posts*, text by key."""
    (folder / "posts").mkdir(exist_ok=True)
    for key, text in posts.items():
        (folder / f"posts/{key}.md").write_text(f"---\nkey: {key}\ntargets: [threads/main]\n---\n{text}\n")


def project_into(
    folder: Path,
    sandbox: Sandbox,
    posts: Mapping[str, str],
    *,
    state: str = IN_A_FILE,
    account: str = "account: main",
) -> None:
    """Write a project; *account* is the line of its target that says whose it is."""
    folder.mkdir(parents=True, exist_ok=True)
    text = PROJECT.format(base_url=sandbox.base_url, state=state, account=account)
    (folder / "threadsync.yaml").write_text(text)
    (folder / ".gitignore").write_text(".threadsync/\n")
    posts_into(folder, posts)


def command(folder: Path, *arguments: str, host: str = "", boot_id: str = "") -> list[str]:
    """Return the words of a command on the project in *folder*, on this machine or on one called *host*."""
    as_host = ["tests.live.as_host", host, boot_id or f"boot of {host}"] if host else ["threadsync"]
    return [sys.executable, "-m", *as_host, "--project", str(folder), *arguments]


def started(
    folder: Path, *arguments: str, host: str = "", boot_id: str = "", stderr: int = subprocess.STDOUT
) -> subprocess.Popen[str]:
    """Start that command."""
    return subprocess.Popen(
        command(folder, *arguments, host=host, boot_id=boot_id),
        env=ENVIRON, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr, text=True,
    )  # fmt: skip


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Return how *process* ended, and what it said, in one line."""
    said, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert "Traceback" not in said, said
    return process.returncode, " ".join(said.split())


def ran(folder: Path, *arguments: str, host: str = "") -> tuple[int, str]:
    """Run a command to its end."""
    return ended(started(folder, *arguments, host=host))


def published(sandbox: Sandbox) -> Counter[str]:
    """Return what is live, and how often, by the sandbox's own ledger; parts of carousels are none."""
    ledger = cast("dict[str, list[dict[str, str]]]", sandbox.ledger())
    return Counter(post["text"] for post in ledger["posts"])


def asked(sandbox: Sandbox, method: str, part: str) -> int:
    """Return how many requests of *method* have come whose path has *part*."""
    return sum(each.method == method and part in str(each.path) for each in sandbox.requests())


def left_running(folder: Path) -> list[str]:
    """Return the command lines of all processes that work in *folder*."""
    return [line for line in _command_lines() if str(folder) in line]


def _command_lines() -> Iterator[str]:
    if not Path("/proc/self/cmdline").exists():
        shown = subprocess.run(["ps", "-A", "-ww", "-o", "args="], capture_output=True, text=True, check=True)
        yield from shown.stdout.splitlines()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it ended meanwhile
            yield path.read_bytes().replace(b"\0", b" ").decode()


def assert_done(folder: Path, sandbox: Sandbox, texts: Sequence[str], *, host: str = "") -> None:
    """Every one of *texts* is there once, and nothing is left to do."""
    assert published(sandbox) == Counter(texts)
    status, said = ran(folder, "plan", "--detailed-exitcode", host=host)
    assert (status, "No changes." in said) == (0, True), said
