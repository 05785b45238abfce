"""Where the API log, the ledger, remembered cursors and known answers are: see ``Database``."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Final, TypeAlias
from urllib.parse import parse_qsl, unquote, urlsplit

from threadsync.errors import DatabaseError, UsageError
from threadsync.execution.clock import Times
from threadsync.execution.credentials import scrubbed
from threadsync.execution.tables import Connection, Link, Part, Row, Rows, Value, is_old, is_ready, prepare
from threadsync.execution.tables_sqlite import SqliteLink, connected, reading
from threadsync.model.secret import SecretText

SCHEMES: Final = ("postgresql://", "postgres://")
"""How the address of a database begins; https://www.postgresql.org/docs/current/libpq-connect.html."""
AGAIN_SECONDS: Final = 60.0
"""After how long a database that could not be used is tried again."""
_DAMAGED: Final = "If the file is damaged, remove it, and it begins anew."
_UNREACHED: Final = "Look whether the server runs, and whether this user may make and write tables there."
_GIVEN: Final = "It is a connection of yours: see whether it is open, and free for this thread."
_SECRETS: Final = frozenset({"password", "sslpassword"})
"""Parameters of an address that are secrets."""


class Outage:
    """Leaves a database that could not be used alone for a while; *tell* is told once, until it can again."""

    def __init__(self, clock: Times, tell: Callable[[str], None]) -> None:
        self._clock = clock
        self._tell = tell
        self._until_seconds = 0.0
        self._is_told = False

    @property
    def lasts(self) -> bool:
        """Whether it is not yet time to try again."""
        return self._clock.monotonic() < self._until_seconds

    def begin(self, told: str) -> None:
        """Take note that it could not be used."""
        self._until_seconds = self._clock.monotonic() + AGAIN_SECONDS
        if not self._is_told:
            self._tell(told)
        self._is_told = True

    def end(self) -> None:
        """Take note that it could."""
        self._is_told = False


class Database:
    """A database: a file of SQLite, PostgreSQL, or a connection of yours.

    *where* is a path, an address (``postgresql://user:password@host/name``), a connection of ``sqlite3`` or
    ``psycopg`` 3, or None, which is a database in memory for as long as it is open.

    It is opened when it is first needed. Threads may share it. A connection of yours is never closed, and is
    asked in the thread that needs something: where it has a transaction under way, what is written becomes
    lasting with it, otherwise at once. Two that are given one connection do not know of each other: give
    both one ``Database``.

    Raises:
        UsageError: it is none of these, or psycopg is not installed.
    """

    def __init__(self, where: str | Path | Connection | None) -> None:
        self._lock = threading.RLock()
        self._prepared: set[str] = set()
        self._link: Link | None = None
        self._path: Path | None = None
        self._hidden: tuple[SecretText, ...] = ()
        self._errors: tuple[type[Exception], ...] = (sqlite3.Error, OSError)
        self.is_remote = False
        """Whether an answer may take long: a program's event loop does not wait for it."""
        self._is_given = False
        self._remedy = _DAMAGED
        self._connect: Callable[[], Link]
        match where:
            case str() if where.startswith(SCHEMES):
                _need_psycopg()
                from threadsync.execution import tables_postgres as postgres

                self._hidden, self.name = _secrets_of(where), _shown(where)
                self._connect = partial(postgres.connected, self._hidden[0])
                self._errors, self._remedy = postgres.PostgresLink.errors, _UNREACHED
                self.is_remote = True
            case str() if "://" in where:
                raise UsageError(
                    f"addresses of {where.partition('://')[0]} are of no database that is known here",
                    remedy="Give the path of a file of SQLite, or postgresql://user:password@host/name.",
                )
            case None | str() | Path():
                self._path = None if where is None else Path(where)
                self.name = "the database in memory" if where is None else f"the file {where}"
                self._connect = partial(connected, self._path)
            case _:
                self._link, self.name = _given(where), "the connection that was given"
                self._errors, self._is_given, self._remedy = self._link.errors, True, _GIVEN

    def close(self) -> None:
        """Let go of it; what asks it again opens it again."""
        with self._lock:
            if self._link is not None and not self._is_given:
                self._link.close()
                self._link = None
                self._prepared.clear()

    @contextmanager
    def using(self, part: Part, *, writes: bool) -> Iterator[Rows]:
        """Yield the tables of *part*, in one transaction, which becomes lasting at its end.

        Raises:
            DatabaseError: it cannot be used; nothing was written.
        """
        with self._lock, self._telling(), ExitStack() as stack:
            is_new = part.name not in self._prepared
            link, is_ours = self._begun(stack, writes=writes or is_new)
            if is_new:
                prepare(link, part, self.name, take_over=self._path is not None)
            if writes and part.one_at_a_time:
                link.alone(part.tables[0].full_name)
            yield link
            stack.close()
            if is_ours:  # the caller may still undo what was made within a transaction of theirs
                self._prepared.add(part.name)

    def read(self, part: Part, query: str, values: Sequence[Value] = ()) -> list[Row]:
        """Ask for rows of *part*; in a file of SQLite nothing is written by it, and nothing made beside it.

        Raises:
            DatabaseError: it cannot be used.
        """
        if self._path is not None:
            if not self._path.exists():
                return []
            with self._telling(), reading(self._path) as link:
                if is_ready(link, part, self.name):
                    return link.execute(query, values)
                if not is_old(link, part):  # its writer was killed before it had made them
                    return []
        with self.using(part, writes=False) as rows:
            return rows.execute(query, values)

    def _begun(self, stack: ExitStack, *, writes: bool) -> tuple[Link, bool]:
        """Begin a transaction; where a server has ended the connection since it was last used, on another."""
        if self._link is not None:
            try:
                return self._link, stack.enter_context(self._link.transaction(writes=writes))
            except self._link.errors:
                if not self._link.is_lost() or self._is_given:
                    raise
        self._link = self._connect()
        return self._link, stack.enter_context(self._link.transaction(writes=writes))

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Say what is wrong with the database as an error that a person can act on."""
        try:
            yield
        except self._errors as error:
            self._prepared.clear()  # a table may be gone
            said = scrubbed(str(error).strip(), self._hidden)
            told = DatabaseError(f"{self.name} cannot be used: {said}", remedy=self._remedy)
            # What a driver says of an address may hold a part of it.
            raise told from (None if self._hidden else error)


def _need_psycopg() -> None:
    """Find out whether PostgreSQL can be spoken to.

    Raises:
        UsageError: psycopg is not installed, or it lacks a library of the system.
    """
    try:
        import psycopg  # noqa: F401
    except ImportError as error:
        raise UsageError(
            f"PostgreSQL is spoken to through psycopg, and that cannot be loaded: {error}",
            remedy="Run: pip install 'threadsync[postgres]'",
        ) from error


def _given(connection: Connection) -> Link:
    """Return a link through a connection of the caller's.

    Raises:
        UsageError: it is of no database that is known here.
    """
    if isinstance(connection, sqlite3.Connection):
        return SqliteLink(connection)
    if type(connection).__module__.partition(".")[0] == "psycopg":
        _need_psycopg()
        from threadsync.execution.tables_postgres import of

        if (link := of(connection)) is not None:
            return link
    raise UsageError(
        f"a {type(connection).__name__} is no connection that tables can be kept through",
        remedy="Give one of sqlite3, or of psycopg 3 (not an AsyncConnection).",
    )


def _secrets_of(url: str) -> tuple[SecretText, ...]:
    """Return *url*, and what in it must not show.

    Raises:
        UsageError: it cannot be read as it was meant.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if not parts.scheme or url.count("@") > parts.netloc.count("@") or url.count("@") > 1 or parts.fragment:
        # Not chained, and without a word of it: no part of it may be a password that shows.
        raise UsageError(
            "the address of the database is not one",
            remedy="Write postgresql://user:password@host:5432/name; in the password write %40 for @, %2F"
            " for /, %3F for ?, %23 for # and %25 for %.",
        ) from None
    secrets = {value for name, value in parse_qsl(parts.query) if name in _SECRETS}
    if parts.password:
        secrets |= {parts.password, unquote(parts.password)}
    return (SecretText(url), *map(SecretText, sorted(secrets)))


def _shown(url: str) -> str:
    """Return the address of a database as it may be shown."""
    parts = urlsplit(url)
    return f"postgresql://{parts.netloc.rpartition('@')[2]}{parts.path}"


DatabaseLike: TypeAlias = "str | Path | Connection | Database | None"


def database_of(where: DatabaseLike) -> Database:
    """Return the database that *where* names, or is.

    Raises:
        UsageError: it is none.
    """
    return where if isinstance(where, Database) else Database(where)


@contextmanager
def opened(where: DatabaseLike) -> Iterator[Database]:
    """Yield the database that *where* names, and let go of it; one that is the caller's stays as it is.

    Raises:
        UsageError: it is none.
    """
    database = database_of(where)
    try:
        yield database
    finally:
        if database is not where:
            database.close()
