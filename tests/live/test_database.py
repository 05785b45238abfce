"""Tables live in a file, in PostgreSQL, or where a caller's connection leads; all of them keep the same."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import sqlite3
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.execution.clients import CLIENTS
from tests.execution.servers import Server
from tests.execution.test_cursors import Repository, oldest_first, read
from tests.live.waiting import PATIENCE_SECONDS, until, until_said
from tests.postgres import places
from tests.postgres.launcher import PASSWORD, Postgres
from threadsync import ApiLog, AsyncClient, Database
from threadsync.errors import ApiError, DatabaseError
from threadsync.execution.apilog import LOG, RENEWALS, Call, read_calls
from threadsync.execution.cursors import Cursors, Place
from threadsync.execution.memory import MEMORY
from threadsync.execution.sessions import InMemory
from threadsync.execution.spending import LEDGER, SpendingLedger
from threadsync.execution.tables import Part
from threadsync.flows.effects import Request, Response
from threadsync.providers.accounts import Told, Window
from threadsync.sandbox.server import Sandbox
from threadsync.testing.fakes import START, FakeClock

pytestmark = pytest.mark.live

ROOT = Path(__file__).parents[2]
PARTS = (LOG, RENEWALS, LEDGER, MEMORY)
ME = "did:plc:me"
WRITE = Request("POST", "/write")
HERE, THERE = Place("/xrpc/list", "mine"), Place("/xrpc/list", "yours")
PROCESSES, TRIES = 6, 20


class Toy:
    """A hundred points an hour; a write takes three."""

    windows = (Window("points", 100, 3600.0),)

    def cost(self, request: Request) -> dict[str, int]:
        return {"points": 3}

    def told(self, request: Request, response: Response) -> Told | None:
        return None


@pytest.fixture(params=places.PLACES)
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    with places.place(request.param, tmp_path, partial(request.getfixturevalue, "postgres")) as found:
        yield found


@pytest.fixture
def url(postgres: Postgres) -> str:
    return places.database(postgres)


def call(run: str, minute: int = 0, **more: Any) -> Call:
    at = START.replace(minute=minute)
    return Call(at, run, "apply", "bluesky/brand", "POST /x", {"a": [1]}, "visible", 1, **more)


def spend(ledger: SpendingLedger) -> bool:
    """Whether a write was let through."""
    try:
        with ledger.counted(Toy(), ME, WRITE) as told:
            told(Response(200))
    except ApiError:
        return False
    return True


def test_the_log_keeps_its_rows_wherever_it_lives(where: Any) -> None:
    rows = [call("r1", 1), call("r2", 1, status=200), call("r1", 2, fault_row="token", ids=("1",))]
    with closing(ApiLog(where, FakeClock())) as log:
        for row in rows:
            log.add(row)
    assert read_calls(where, limit=10) == tuple(rows)
    assert read_calls(where, run="r1", limit=1) == (rows[2],)
    assert read_calls(where, since=START.replace(minute=2), limit=10) == (rows[2],)
    assert read_calls(where, errors=True, limit=10) == (rows[0], rows[2])


def test_texts_that_a_database_cannot_hold_are_written_all_the_same(where: Any) -> None:
    told: list[str] = []
    with closing(ApiLog(where, FakeClock(), told.append)) as log:
        log.add(call("r", reason="cut \x00 here \ud83d", fault_text="'; DROP TABLE x; -- ? %s %"))
    (row,) = read_calls(where, limit=1)
    assert (row.reason, row.fault_text) == ("cut \\x00 here \\ud83d", "'; DROP TABLE x; -- ? %s %")
    assert told == []


def test_what_is_spent_is_counted_and_refused_wherever_the_ledger_lives(where: Any) -> None:
    with closing(SpendingLedger(where, FakeClock())) as ledger:
        assert [spend(ledger) for _ in range(34)] == [True] * 33 + [False]
        assert ledger.quotas(Toy(), ME)["points"].left == 1


def test_cursors_are_kept_wherever_they_live(where: Any) -> None:
    with closing(Database(where)) as database:
        cursors = Cursors(database, "bluesky/me", FakeClock())
        cursors.write(HERE, "first")
        cursors.write(HERE, "second")
        cursors.write(THERE, "other")
        cursors.write(THERE, None)
        assert (cursors.read(HERE), cursors.read(THERE)) == ("second", None)


@pytest.mark.parametrize("kind", sorted(CLIENTS))
def test_a_client_goes_on_where_another_one_left(where: Any, kind: str) -> None:
    repository = Repository()
    with Server(repository, repository, repository, repository) as server:
        for expected in ([1, 2, 3, 4, 5], []):
            with CLIENTS[kind](
                FakeClock(), network="bluesky", base_url=server.url, identifier="lifts.test", memory=where
            ) as client:
                assert read(client, oldest_first) == expected


def test_one_database_may_be_given_to_all(where: Any) -> None:
    with closing(Database(where)) as database:
        for _ in range(2):
            with closing(ApiLog(database, FakeClock())) as log:
                log.add(call("r"))
            with closing(SpendingLedger(database, FakeClock())) as ledger:
                assert spend(ledger)
        assert len(read_calls(database, limit=5)) == 2
        assert SpendingLedger(database, FakeClock()).quotas(Toy(), ME)["points"].used == 6


def test_tables_of_a_newer_threadsync_are_refused(where: Any) -> None:
    with closing(Database(where)) as database:
        for part in PARTS:
            with database.using(part, writes=True) as rows:
                rows.execute("UPDATE threadsync_formats SET format = 99 WHERE part = ?", (part.name,))
    with closing(Database(where)) as database:
        for part in PARTS:
            with pytest.raises(DatabaseError, match=r"format 99.*a newer threadsync"):
                make(database, part)
            with pytest.raises(DatabaseError, match="pip install --upgrade threadsync"):
                database.read(part, "SELECT 1")


def test_tables_that_were_dropped_are_made_again(where: Any) -> None:
    with closing(Database(where)) as database:
        assert spend(SpendingLedger(database, FakeClock()))
        with database.using(LOG, writes=True) as rows:
            rows.execute("DROP TABLE threadsync_spent")
        assert spend(SpendingLedger(database, FakeClock())), "this one only finds out"
        ledger = SpendingLedger(database, FakeClock())
        assert spend(ledger)
        assert ledger.quotas(Toy(), ME)["points"].used == 3


# Processes.


CHILD = """
import logging, sys
from threadsync.execution.clock import SystemClock
from threadsync.execution.sessions import InMemory
from threadsync.execution.spending import SpendingLedger
from tests.live.test_database import TRIES, spend

logging.basicConfig()
ledger = SpendingLedger(sys.argv[1], SystemClock())
print("ready", flush=True)
sys.stdin.readline()
print(sum(spend(ledger) for _ in range(TRIES)))
ledger.close()
"""


@pytest.mark.parametrize("name", ["file", "postgres"])
def test_processes_spend_no_more_together_than_there_is(
    name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """They begin at once, on a database without tables, and each would spend more than its share."""
    with ExitStack() as stack:
        server = partial(request.getfixturevalue, "postgres")
        where = stack.enter_context(places.place(name, tmp_path, server))
        command = [sys.executable, "-c", CHILD, str(where)]
        running = [
            stack.enter_context(
                subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            )
            for _ in range(PROCESSES)
        ]
        for process in running:
            until_said("ready", process.stdout)
        for process in running:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        spent = [int(process.communicate(timeout=PATIENCE_SECONDS)[0]) for process in running]
        assert sum(spent) == 33, spent
        with closing(Database(where)) as database:
            asked = "SELECT COUNT(*), SUM(amount), COUNT(ended) FROM threadsync_spent"
            (row,) = database.read(LEDGER, asked)
        assert [int(each or 0) for each in row] == [33, 99, 33]


# A connection of the caller's.


def others(base: Any) -> int:
    """Return how many rows of the caller's own table there are."""
    rows = base.execute("SELECT name FROM mine").fetchall()
    return len(rows)


@pytest.fixture(params=["given-sqlite3", "given-psycopg"])
def given(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    with places.place(request.param, tmp_path, partial(request.getfixturevalue, "postgres")) as base:
        base.execute("CREATE TABLE mine (name TEXT)")
        base.commit()
        yield base


def written(base: Any, run: str) -> None:
    with closing(ApiLog(base, FakeClock())) as log:
        log.add(call(run))


def runs(base: Any) -> list[str]:
    return [row.run for row in read_calls(base, limit=10)]


def test_what_is_written_outside_of_a_transaction_is_lasting_at_once(given: Any) -> None:
    written(given, "r1")
    given.rollback()
    assert runs(given) == ["r1"]
    given.rollback()
    given.execute("INSERT INTO mine VALUES ('x')")
    given.commit()
    assert others(given) == 1, "it was not closed, and is used by its owner as before"


def test_what_is_written_within_a_transaction_is_lasting_when_its_owner_says_so(given: Any) -> None:
    given.execute("INSERT INTO mine VALUES ('kept')")
    written(given, "r1")
    given.commit()
    given.execute("INSERT INTO mine VALUES ('undone')")
    written(given, "r2")
    given.rollback()
    assert (runs(given), others(given)) == (["r1"], 1)


def test_tables_that_were_undone_with_a_transaction_are_made_again(given: Any) -> None:
    with closing(Database(given)) as database:
        given.execute("INSERT INTO mine VALUES ('undone')")
        assert spend(SpendingLedger(database, FakeClock()))
        given.rollback()
        said: list[str] = []
        assert spend(SpendingLedger(database, FakeClock(), said.append))
        assert said == []


def test_what_fails_undoes_nothing_of_the_owner(given: Any) -> None:
    database = Database(given)
    given.execute("INSERT INTO mine VALUES ('kept')")
    with pytest.raises(DatabaseError, match="cannot be used"):
        fail(database)
    given.commit()
    assert others(given) == 1
    assert "theirs" not in str(database.read(LEDGER, "SELECT part FROM threadsync_formats"))


def fail(database: Database) -> None:
    with database.using(LOG, writes=True) as rows:
        rows.execute("INSERT INTO threadsync_formats (part, format) VALUES ('theirs', 1)")
        rows.execute("SELECT nonsense")


def test_the_ledger_holds_others_back_until_a_transaction_ends(url: str) -> None:
    """Elsewhere it would be spent twice: what stands in a transaction is seen by nobody else."""
    import psycopg

    with psycopg.connect(url) as base:
        mine = SpendingLedger(base, FakeClock())
        assert spend(mine)
        base.execute("SELECT 1")
        assert sum(spend(mine) for _ in range(32)) == 32
        with ThreadPoolExecutor(1) as pool, closing(SpendingLedger(url, FakeClock())) as theirs:
            waiting = pool.submit(spend, theirs)
            watched = psycopg.connect(url, autocommit=True)
            with closing(watched):
                until(lambda: waited_for(watched), "a ledger that waits")
            assert not waiting.done()
            base.commit()
            assert not waiting.result(timeout=PATIENCE_SECONDS)


# PostgreSQL alone.


def test_tables_are_made_once_by_all_that_begin_at_the_same_time(url: str) -> None:
    def begin(_: int) -> bool:
        with closing(Database(url)) as database, database.using(LOG, writes=False) as rows:
            return rows.execute("SELECT COUNT(*) FROM threadsync_calls") == [(0,)]

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(begin, range(8)))


def test_schemas_of_one_database_are_apart(url: str) -> None:
    import psycopg

    with psycopg.connect(url) as base:
        for name in ("lifts", "ferries"):
            base.execute(f"CREATE SCHEMA {name}".encode())
    for number, name in enumerate(("lifts", "ferries", "lifts"), start=1):
        there = f"{url}?options=-csearch_path%3D{name}"
        written(there, f"r{number}")
    assert runs(f"{url}?options=-csearch_path%3Dlifts") == ["r1", "r3"]
    assert runs(f"{url}?options=-csearch_path%3Dferries") == ["r2"]


def test_a_connection_that_the_server_ended_is_made_anew(url: str, postgres: Postgres) -> None:
    import psycopg

    said: list[str] = []
    with closing(SpendingLedger(url, FakeClock(), said.append)) as ledger:
        assert spend(ledger)
        with psycopg.connect(postgres.url(), autocommit=True) as base:
            base.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'threadsync'"
                " AND datname = %s",
                (url.rpartition("/")[2],),
            )
        assert spend(ledger)
        assert said == []
        assert ledger.quotas(Toy(), ME)["points"].used == 6


def test_an_event_loop_goes_on_while_a_database_is_waited_for(url: str) -> None:
    """The lock is let go of in the same loop: if that stood still, the wait would end in an error."""
    import psycopg

    repository = Repository()

    async def work(base_url: str, base: psycopg.Connection[Any]) -> list[str]:
        with closing(ApiLog(url)) as log:
            async with AsyncClient(network="bluesky", base_url=base_url, memory=url, log=log) as client:
                pages: Any = client.resume(oldest_first)
                reading = asyncio.ensure_future(anext(pages))
                while not waited_for(base):
                    await asyncio.sleep(0)
                base.rollback()
                found = [entry.uri for entry in (await reading).data]
                await pages.aclose()
        return found

    with (
        Server(repository, repository) as server,
        psycopg.connect(url) as base,
        closing(Database(url)) as made,
    ):
        make(made, MEMORY)
        base.execute("LOCK TABLE threadsync_cursors IN ACCESS EXCLUSIVE MODE")
        assert asyncio.run(work(server.url, base)) == ["1", "2"]
    assert len(read_calls(url, limit=9)) == 1


@pytest.mark.parametrize(
    ("asked", "table"), [("forget", "threadsync_cursors"), ("quotas", "threadsync_spent")]
)
def test_the_loop_goes_on_while_a_client_is_asked_what_it_remembers(url: str, asked: str, table: str) -> None:
    """As above: the wait for the database is over by what the same loop does meanwhile."""
    import psycopg

    store = InMemory()
    store.write(json.dumps({"secrets": {}, "expires_at": None, "base_url": "", "account_id": ME}))

    async def work(base: psycopg.Connection[Any]) -> Any:
        async with AsyncClient(network="bluesky", memory=url, sessions=store) as client:
            answer = client.forget(oldest_first) if asked == "forget" else client.quotas()
            asking = asyncio.ensure_future(answer)
            while not waited_for(base):
                await asyncio.sleep(0)
            base.rollback()
            return await asking

    with psycopg.connect(url) as base, closing(Database(url)) as made:
        make(made, MEMORY)
        make(made, LEDGER)
        base.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE".encode())
        told = asyncio.run(work(base))
    assert told is None if asked == "forget" else "points" in told


def waited_for(base: Any) -> bool:
    """Whether somebody waits for a lock."""
    (found,) = base.execute("SELECT COUNT(*) FROM pg_locks WHERE NOT granted").fetchone()
    return bool(found)


def test_its_password_shows_nowhere(url: str, postgres: Postgres, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    shown: list[str] = []
    wrong = postgres.url(password="WRONG/p@ss%")
    for address in (
        url,
        wrong,
        url.replace(f":{postgres.port}/", ":1/"),
        f"{wrong}?password=WRONG%2Fp@ss%25",
    ):
        try:
            with closing(Database(address)) as database:
                shown.append(f"{database!r} {database.name}")
                database.read(LOG, "SELECT nonsense")
        except Exception as error:  # noqa: BLE001  (whatever it is)
            shown.extend((repr(error), *traceback.format_exception(error)))
    said = "\n".join(shown) + caplog.text
    assert "cannot be used" in said
    assert f"postgresql://127.0.0.1:{postgres.port}/" in said
    assert "password authentication failed" in said
    for secret in (PASSWORD, "WRONG/p@ss%", "p@ss", "p%40ss"):
        assert secret not in said


def test_a_server_that_was_away_is_used_again_after_a_minute(url: str, postgres: Postgres) -> None:
    import psycopg

    clock, said, name = FakeClock(), list[str](), url.rpartition("/")[2]
    with (
        closing(ApiLog(url, clock, said.append)) as log,
        psycopg.connect(postgres.url(), autocommit=True) as base,
    ):
        base.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false".encode())
        for run in ("lost", "left out"):
            log.add(call(run))
            log.flush()
        base.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true".encode())
        clock.sleep(61)
        log.add(call("kept"))
    assert [row.run for row in read_calls(url, limit=9)] == ["kept"]
    assert len(said) == 1


def test_bounds_of_ours_do_not_last_in_the_transaction_of_another(url: str) -> None:
    import psycopg

    with psycopg.connect(url) as base:
        base.execute("SET LOCAL lock_timeout = '7s'")
        assert spend(SpendingLedger(base, FakeClock()))
        assert base.execute("SHOW lock_timeout").fetchone() == ("7s",)
        assert base.execute("SHOW statement_timeout").fetchone() == ("0",)
        with Database(base).using(LOG, writes=True) as rows:
            assert rows.execute("SHOW lock_timeout") == [("5s",)]


def test_a_server_that_is_away_is_told_once_and_stops_nothing(url: str, postgres: Postgres) -> None:
    said: list[str] = []
    away = url.replace(f":{postgres.port}/", ":1/")
    with (
        closing(ApiLog(away, FakeClock(), said.append)) as log,
        closing(SpendingLedger(away, FakeClock(), said.append)) as ledger,
    ):
        for _ in range(3):
            log.add(call("r"))
            log.flush()
            assert spend(ledger)
    assert len(said) == 2
    assert all("Look whether the server runs" in each for each in said)


# What the page says.


def documented() -> dict[str, list[str]]:
    """Return the columns of every table, as docs/database.md has them."""
    page = (ROOT / "docs" / "database.md").read_text(encoding="utf-8")
    found: dict[str, list[str]] = {}
    for name, text in re.findall(r"^### `(threadsync_\w+)`$(.*?)(?=^#|\Z)", page, re.MULTILINE | re.DOTALL):
        found[name] = re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)
    return found


def of_sqlite(base: Any) -> Callable[[str], list[str]]:
    return lambda table: [row[1] for row in base.execute(f"PRAGMA table_info({table})")]


def of_postgres(base: Any) -> Callable[[str], list[str]]:
    asked = (
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s ORDER BY ordinal_position"
    )
    return lambda table: [name for (name,) in base.execute(asked, (table,))]


@pytest.mark.parametrize("name", ["file", "postgres"])
def test_the_page_names_every_table_and_column(
    name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    with places.place(name, tmp_path, partial(request.getfixturevalue, "postgres")) as where:
        with closing(Database(where)) as database:
            for part in PARTS:
                make(database, part)
        if name == "file":
            with closing(sqlite3.connect(where)) as base:
                asked = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
                tables = [each for (each,) in base.execute(asked)]
                there = {table: of_sqlite(base)(table) for table in tables}
        else:
            import psycopg

            with psycopg.connect(where) as base:
                asked = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
                tables = [each for (each,) in base.execute(asked)]
                there = {table: of_postgres(base)(table) for table in tables}
    assert documented() == there


def test_the_example_of_the_page_prints_what_it_says(url: str, sandbox: Sandbox, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "database.md").read_text(encoding="utf-8")
    ((code, said),) = re.findall(
        r"^```python\n(.*?)^```\n\n```text\n(.*?)^```$", page, re.MULTILINE | re.DOTALL
    )
    for old, new in (
        ("postgresql://desk:secret@127.0.0.1:5432/desk", url),
        ("http://127.0.0.1:8471", sandbox.base_url),
        ("sandbox-lift_report", "sandbox-main"),
    ):
        assert old in code
        code = code.replace(old, new)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert (done.stdout, done.stderr) == (said, "")


def make(database: Database, part: Part) -> None:
    with database.using(part, writes=True):
        pass
