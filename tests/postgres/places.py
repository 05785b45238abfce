"""Where the tables may live, for tests that hold for every place: a file, PostgreSQL, a given connection."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest

from tests.postgres import launcher
from tests.postgres.launcher import Postgres

PLACES = ("file", "postgres", "given-sqlite3", "given-psycopg")


def reached() -> Iterator[Postgres]:
    """Yield a server for a session of tests; without one they are skipped, and say so."""
    if problem := launcher.missing():
        pytest.skip(f"NOT TESTED ON POSTGRESQL: {problem}")
    with launcher.postgres() as server:
        yield server


def database(server: Postgres) -> str:
    """Make a database that no other test has, and return its address."""
    import psycopg

    name = f"t{token_hex(6)}"
    with psycopg.connect(server.url(), autocommit=True) as base:
        base.execute(f"CREATE DATABASE {name}".encode())
    return server.url(name)


@contextmanager
def place(name: str, folder: Path, server: Callable[[], Postgres]) -> Iterator[Any]:
    """Yield one of ``PLACES``, as ``Database`` takes it."""
    match name:
        case "file":
            yield folder / "tables.sqlite3"
        case "postgres":
            yield database(server())
        case "given-sqlite3":
            base = sqlite3.connect(folder / "given.sqlite3")
            base.row_factory = sqlite3.Row  # which is the caller's own business
            try:
                yield base
            finally:
                base.close()
        case _:
            url = database(server())  # without a server there is no psycopg either, and the test is skipped
            import psycopg
            from psycopg.rows import dict_row

            with psycopg.connect(url) as given:
                own: Any = given
                own.row_factory = dict_row
                yield own
