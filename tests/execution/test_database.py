"""What a database may be, what of it never shows, and what becomes of the tables of earlier versions."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from threadsync import Client, Database
from threadsync.errors import UsageError
from threadsync.execution.apilog import ApiLog, Call, Renewal, read_calls, read_renewals
from threadsync.execution.cursors import Cursors, Place
from threadsync.execution.memory import MEMORY
from threadsync.execution.spending import SpendingLedger
from threadsync.execution.tables_sqlite import connected
from threadsync.flows.effects import NoResponse, Request, Response
from threadsync.model.ids import MAIN, TargetName
from threadsync.providers.accounts import Told, Window
from threadsync.testing.fakes import START, FakeClock

ME = "did:plc:me"
OLD = """
CREATE TABLE calls (
    at TEXT NOT NULL, run TEXT NOT NULL, command TEXT NOT NULL, target TEXT NOT NULL,
    operation TEXT NOT NULL, parameters TEXT NOT NULL, visibility TEXT NOT NULL, attempt INTEGER NOT NULL,
    status INTEGER, reason TEXT NOT NULL, fault_class TEXT NOT NULL, fault_row TEXT NOT NULL,
    fault_text TEXT NOT NULL, ids TEXT NOT NULL, duration_ms INTEGER NOT NULL, allowances TEXT NOT NULL
);
CREATE INDEX calls_at ON calls (at);
CREATE TABLE renewals (
    target TEXT NOT NULL, role TEXT NOT NULL, at TEXT NOT NULL, expires_at TEXT, PRIMARY KEY (target, role)
);
PRAGMA user_version = 1;
CREATE TABLE spent (id INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL,
    what TEXT NOT NULL, at REAL NOT NULL, amount INTEGER NOT NULL);
CREATE INDEX spent_at ON spent (account, what, at);
CREATE TABLE allowances (account TEXT NOT NULL, what TEXT NOT NULL, seconds REAL NOT NULL,
    total INTEGER NOT NULL, used INTEGER NOT NULL, resets_at REAL NOT NULL, counted INTEGER NOT NULL,
    PRIMARY KEY (account, what, seconds));
CREATE TABLE cursors (account TEXT NOT NULL, endpoint TEXT NOT NULL, scope TEXT NOT NULL,
    cursor TEXT NOT NULL, at REAL NOT NULL, PRIMARY KEY (account, endpoint, scope));
CREATE TABLE answers (account TEXT NOT NULL, endpoint TEXT NOT NULL, asked TEXT NOT NULL,
    answer TEXT NOT NULL, at REAL NOT NULL, PRIMARY KEY (account, endpoint, asked));
"""
"""What the versions before there was a format made, in one file."""


class Toy:
    """Ten points a minute; a write takes three."""

    windows = (Window("points", 10, 60.0),)

    def cost(self, request: Request) -> dict[str, int]:
        return {"points": 3}

    def told(self, request: Request, response: Response) -> Told | None:
        return None


def an_old_file(path: Path) -> None:
    at = START.isoformat(timespec="milliseconds")
    with closing(sqlite3.connect(path)) as base, base:
        base.executescript(OLD)
        for run in ("r1", "r2"):
            row = (at, run, "apply", "t", "GET /", "{}", "read", 1, 200, "", "", "", "", "[]", 7, "{}")
            base.execute(f"INSERT INTO calls VALUES ({', '.join('?' * len(row))})", row)
        base.execute("INSERT INTO renewals VALUES ('threads/main', 'main', ?, NULL)", (at,))
        spent = (ME, "points", START.timestamp(), 3)
        base.execute("INSERT INTO spent (account, what, at, amount) VALUES (?, ?, ?, ?)", spent)
        base.execute("INSERT INTO cursors VALUES ('bluesky/me', '/list', 'mine', 'left here', 0)")
        base.execute("INSERT INTO answers VALUES ('', '/profile', '{}', '{}', 0)")


def test_tables_of_the_versions_before_are_brought_along(tmp_path: Path) -> None:
    path, clock = tmp_path / "old.sqlite3", FakeClock()
    an_old_file(path)
    assert [row.run for row in read_calls(path, limit=5)] == ["r1", "r2"]
    assert read_renewals(path) == {(TargetName("threads/main"), MAIN): Renewal(START, None)}
    with closing(SpendingLedger(path, clock)) as ledger:
        assert ledger.quotas(Toy(), ME)["points"].used == 3
    with closing(Database(path)) as database:
        assert Cursors(database, "bluesky/me", clock).read(Place("/list", "mine")) == "left here"
        assert database.read(MEMORY, "SELECT answer FROM threadsync_answers") == [("{}",)]
    with closing(sqlite3.connect(path)) as base:
        named = (
            "SELECT name FROM sqlite_master WHERE name NOT LIKE 'threadsync_%' AND name NOT LIKE 'sqlite_%'"
        )
        assert base.execute(named).fetchall() == []


def test_a_file_that_another_process_is_just_making_is_opened_all_the_same(tmp_path: Path) -> None:
    """SQLite does not wait here by itself, whatever its time-out says."""
    path = tmp_path / "new.sqlite3"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("CREATE TABLE t (x)")
        other.execute("BEGIN IMMEDIATE")
        with closing(connected(path)) as link:
            other.execute("COMMIT")
            with link.transaction(writes=True):
                assert link.has_table("t")


def test_tables_that_only_have_the_name_are_left_alone_in_the_database_of_another(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "theirs.sqlite3")) as base:
        base.execute("CREATE TABLE calls (name TEXT)")
        base.execute("INSERT INTO calls VALUES ('theirs')")
        base.commit()
        log = ApiLog(base, FakeClock())
        log.add(Call(START, "r", "c", "t", "GET /", {}, "read", 1))
        log.close()
        assert base.execute("SELECT name FROM calls").fetchall() == [("theirs",)]
        assert len(read_calls(base, limit=5)) == 1


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:s3@t@host/name",
        "postgresql://me:s3/cr@host/name",
        "postgresql://me:s3#cr@host/name",
        "postgresql://me:s3?cr@host/name",
        "postgresql://[me:s3cr/name",
    ],
)
def test_an_address_whose_password_is_not_escaped_is_refused_without_a_word_of_it(url: str) -> None:
    pytest.importorskip("psycopg", reason="NOT TESTED: psycopg is not installed")
    with pytest.raises(UsageError, match="%40 for @") as caught:
        Database(url)
    assert caught.value.__cause__ is None
    said = f"{caught.value} {caught.value.__context__!r}"
    assert "s3" not in said


def test_only_what_is_known_is_a_database() -> None:
    with pytest.raises(UsageError, match=r"mysql.*no database that is known") as caught:
        Database("mysql://me:CANARY@host/name")
    assert "CANARY" not in str(caught.value)


def test_only_what_waits_is_a_connection() -> None:
    class Other:
        def commit(self) -> None: ...
        def rollback(self) -> None: ...
        def close(self) -> None: ...

    with pytest.raises(UsageError, match="a Other is no connection"):
        Database(Other())
    with pytest.raises(UsageError, match="is no connection"):
        Client(token="t", memory=asyncio)  # type: ignore[arg-type]


@pytest.mark.parametrize("where", ["postgresql://host/name", "postgres://host/name"])
def test_without_psycopg_it_is_said_how_to_get_it(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(UsageError, match=r"pip install 'threadsync\[postgres\]'"):
        Database(where)


def test_answers_that_come_in_another_order_never_give_back_what_is_spent() -> None:
    """Of two writes under way, the second is answered first, and the server has not counted the first yet."""

    class Telling(Toy):
        def told(self, request: Request, response: Response) -> Told | None:
            return Told("points", 60.0, 20, response.status - 200, 60.0)

    def left() -> int | None:
        return ledger.quotas(toy, ME)["points"].left

    toy, clock = Telling(), FakeClock()
    ledger = SpendingLedger(None, clock)
    write = Request("POST", "/write")
    with ledger.counted(toy, ME, write) as first:
        with ledger.counted(toy, ME, write) as second:
            second(Response(200 + 17))
        assert left() == 14, "of the first one nothing is known"
        first(Response(200 + 14))
    assert left() == 14
    with ledger.counted(toy, ME, write) as third, ledger.counted(toy, ME, write) as fourth:
        fourth(Response(200 + 8))
        third(Response(200 + 11))
    assert left() == 8, "the answer of the third is an older one"
    clock.sleep(61)
    assert left() == 20


def test_a_lost_answer_counts_until_one_tells_that_was_asked_for_later() -> None:
    toy, clock = Toy(), FakeClock()
    ledger = SpendingLedger(None, clock)
    write = Request("POST", "/write")

    class Telling(Toy):
        def told(self, request: Request, response: Response) -> Told | None:
            return Told("points", 60.0, 20, 17, 60.0)

    with ledger.counted(Telling(), ME, write) as beside:
        with ledger.counted(toy, ME, write) as lost:
            lost(NoResponse("it closed the connection", sent=True))
        beside(Response(200))
    assert ledger.quotas(toy, ME)["points"].left == 14, "it may have arrived after what was asked beside it"
    with ledger.counted(Telling(), ME, write) as later:
        later(Response(200))
    assert ledger.quotas(toy, ME)["points"].left == 17, "it never arrived"


def test_a_database_that_was_given_is_not_let_go_of_by_others() -> None:
    with closing(Database(None)) as database:
        for used in (3, 6):
            with closing(SpendingLedger(database, FakeClock())) as ledger:
                with ledger.counted(Toy(), ME, Request("POST", "/")) as told:
                    told(Response(200))
                assert ledger.quotas(Toy(), ME)["points"].used == used
