"""What the tests start ends with them, however they end."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.waiting import until, until_said
from tests.pds import launcher as pds
from tests.postgres import launcher as postgres

pytestmark = pytest.mark.live

ROOT = Path(__file__).parents[2]
STARTED = {
    "postgres": """
from tests.postgres.launcher import postgres
with postgres() as server:
    print(server.port, "is its port", flush=True)
    input()
""",
    "pds": """
from tests.pds.launcher import pds
with pds() as server:
    print(server.url.rpartition(":")[2], "is its port", flush=True)
    input()
""",
}


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that the user who runs the server can reach."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.mark.parametrize("server", STARTED)
def test_a_server_ends_with_tests_that_are_killed(server: str, open_folder: Path) -> None:
    if problem := postgres.missing() if server == "postgres" else pds.missing():
        pytest.skip(problem)
    process = subprocess.Popen(
        [sys.executable, "-c", STARTED[server]],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(open_folder), "TEMP": str(open_folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        port = int(until_said(" is its port", process.stdout).split()[0])
        assert listens(port)
        process.kill()
    until(lambda: not listens(port), "the end of the server")
    until(
        lambda: not list(open_folder.iterdir()),
        "the end of its folder",
        lambda: str(list(open_folder.iterdir())),
    )


def listens(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0
