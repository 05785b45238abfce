"""Starts the PDS of this folder, makes accounts on it, and stops it.

It needs Node and what ``npm ci`` installs beside it; ``missing`` says what is not there. Data and port are
its own, and it stops with the process that started it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

FOLDER = Path(__file__).parent
PASSWORD = "a password of tests"
STOP_SECONDS = 20.0
CALL_SECONDS = 30.0
NOT_TESTED = "BLUESKY IS NOT TESTED AGAINST A REAL SERVER"
NOT_RECORDED = "not recorded"


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

    url: str
    plc_url: str
    jwt_secret: str
    admin_password: str
    service_did: str

    def person(self, name: str) -> Person:
        """Make the account ``NAME.test`` (3 to 18 letters, digits and hyphens)."""
        wanted = {"handle": f"{name}.test", "email": f"{name}@example.com", "password": PASSWORD}
        made = requests.post(
            f"{self.url}/xrpc/com.atproto.server.createAccount", json=wanted, timeout=CALL_SECONDS
        )
        assert made.status_code == requests.codes.ok, made.text
        told = made.json()
        return Person(told["handle"], told["did"], PASSWORD, told["accessJwt"])


def missing() -> str:
    """Return what keeps the PDS from being started, and what to do; empty where nothing does."""
    if shutil.which("node") is None:
        return "Node is not installed"
    if not (FOLDER / "node_modules" / ".installed").exists():
        return "its packages are not installed: make pds"
    return ""


@contextmanager
def pds(*, rate_limits: bool = False, appview_url: str = "", blob_limit: int | None = None) -> Iterator[Pds]:
    """Run a PDS with a directory of its own; *blob_limit* is in bytes."""
    wanted = {
        "PDS_TEST_RATE_LIMITS": "1" if rate_limits else "",
        "PDS_TEST_APPVIEW_URL": appview_url,
        "PDS_TEST_BLOB_LIMIT": str(blob_limit) if blob_limit is not None else "",
    }
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PDS_")}
    process = subprocess.Popen(
        ["node", "pds.mjs"],
        cwd=FOLDER,
        env=environ | {name: value for name, value in wanted.items() if value},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        if not line:
            raise AssertionError(f"the PDS did not start:\n{process.communicate(timeout=STOP_SECONDS)[1]}")
        told = json.loads(line)
        yield Pds(told["url"], told["plcUrl"], told["jwtSecret"], told["adminPassword"], told["serviceDid"])
    finally:
        process.stdin.close()
        try:
            process.wait(timeout=STOP_SECONDS)
        finally:
            process.kill()
            process.stdout.close()
            if process.stderr is not None:
                process.stderr.close()
