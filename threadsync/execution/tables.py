"""Tables that threadsync keeps in a database, and what it needs of one; ``Database`` is where they are.

Tables come in parts, each with a format of its own, which ``threadsync_formats`` names. A part is made when
it is first needed. A part of a newer format is refused. All names begin with ``threadsync_``, so that they
can stand in a database that holds other things; docs/database.md tells every column.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Final, Protocol, TypeAlias

from msgspec import Struct

from threadsync.errors import DatabaseError

BUSY_SECONDS: Final = 5.0
"""How long another process that writes is waited for."""
STATEMENT_SECONDS: Final = 30.0
"""How long a server may take for one statement."""

Value: TypeAlias = str | int | float | None
Row: TypeAlias = tuple[Value, ...]


class Table(Struct, frozen=True):
    """A table: its name without the prefix, and its columns as SQL has them.

    ``IDENTITY`` stands for a number that is counted up. Types are those that SQLite and PostgreSQL both know.
    """

    name: str
    columns: tuple[str, ...]
    index: str = ""
    """Columns by which it is asked often."""

    @property
    def full_name(self) -> str:
        """The name it has in the database."""
        return f"threadsync_{self.name}"

    def statements(self, identity: str) -> tuple[str, ...]:
        """Return the statements that make it."""
        columns = ", ".join(self.columns).replace("IDENTITY", identity)
        made = f"CREATE TABLE IF NOT EXISTS {self.full_name} ({columns})"
        indexed = f"CREATE INDEX IF NOT EXISTS {self.full_name}_by ON {self.full_name} ({self.index})"
        return (made, indexed) if self.index else (made,)


class Part(Struct, frozen=True):
    """Tables of one use; a later *format* is one that this threadsync does not know."""

    name: str
    tables: tuple[Table, ...]
    format: int = 1
    one_at_a_time: bool = False
    """Whether who writes is to be alone with its first table from the beginning."""


class Connection(Protocol):
    """A connection as DB-API 2 has it (https://peps.python.org/pep-0249/): of ``sqlite3`` or ``psycopg``."""

    def commit(self) -> None:
        """Make lasting what was done."""
        ...

    def rollback(self) -> None:
        """Undo what was done since."""
        ...

    def close(self) -> None:
        """End it; threadsync never does."""
        ...


class Rows(Protocol):
    """What may be asked within a transaction; a value stands as ``?`` in a statement."""

    def execute(self, statement: str, values: Sequence[Value] = ()) -> list[Row]:
        """Carry out one statement, and return its rows."""
        ...

    def execute_many(self, statement: str, rows: Iterable[Sequence[Value]]) -> None:
        """Carry out one statement for each of *rows*."""
        ...


class Link(Rows, Protocol):
    """A connection to a database of one kind."""

    identity: str
    """How a number is declared that the database counts up."""
    errors: tuple[type[Exception], ...]
    """What it raises."""

    def transaction(self, *, writes: bool) -> AbstractContextManager[bool]:
        """Begin a transaction, or a savepoint within that of the caller: what is yielded says if it is ours.

        Its end makes lasting what was done, an error undoes it.
        """
        ...

    def has_table(self, name: str) -> bool:
        """Whether there is such a table."""
        ...

    def alone(self, table: str) -> None:
        """Let nobody else write *table* until the transaction ends."""
        ...

    def alone_making(self) -> None:
        """Let nobody else make tables until the transaction ends."""
        ...

    def is_lost(self) -> bool:
        """Whether it will never work again."""
        ...

    def close(self) -> None:
        """End it."""
        ...


_FORMATS: Final = Table("formats", ("part TEXT PRIMARY KEY", "format BIGINT NOT NULL"))


def prepare(link: Link, part: Part, where: str, *, take_over: bool) -> None:
    """Make the tables of *part* if need be, in the database that is said to be *where*.

    With *take_over*, tables of the first versions, which had no prefix, are brought along.

    Raises:
        DatabaseError: a newer threadsync made them.
    """
    if is_ready(link, part, where):
        return
    link.alone_making()
    if is_ready(link, part, where):  # another process was quicker
        return
    for table in (_FORMATS, *part.tables):
        for statement in table.statements(link.identity):
            link.execute(statement)
    if take_over:
        for table in part.tables:
            _take_over(link, table)
    insert = f"INSERT INTO {_FORMATS.full_name} (part, format) VALUES (?, ?) ON CONFLICT (part) DO NOTHING"  # noqa: S608
    link.execute(insert, (part.name, part.format))


def is_ready(link: Link, part: Part, where: str) -> bool:
    """Whether the tables of *part* are there.

    Raises:
        DatabaseError: a newer threadsync made them.
    """
    if not link.has_table(_FORMATS.full_name):
        return False
    asked = f"SELECT format FROM {_FORMATS.full_name} WHERE part = ?"  # noqa: S608  (our own words)
    rows = link.execute(asked, (part.name,))
    if rows and rows[0][0] != part.format:
        raise DatabaseError(
            f"the tables of the {part.name} in {where} are of format {rows[0][0]}, and this threadsync knows"
            f" {part.format}: a newer threadsync made them",
            remedy="Upgrade threadsync: pip install --upgrade threadsync.",
        )
    # Who emptied a table by dropping it gets it back.
    return bool(rows) and all(link.has_table(table.full_name) for table in part.tables)


def is_old(link: Link, part: Part) -> bool:
    """Whether there are tables of *part* from before they had a prefix and a format."""
    return any(link.has_table(table.name) for table in part.tables)


def _take_over(link: Link, table: Table) -> None:
    """Bring along the rows of a table of the first versions, which no other program has put there."""
    if not link.has_table(table.name):
        return
    had = [str(row[1]) for row in link.execute(f"PRAGMA table_info({table.name})")]
    known = {each.split()[0] for each in table.columns}
    columns = ", ".join(each for each in had if each in known)
    link.execute(
        f"INSERT INTO {table.full_name} ({columns}) SELECT {columns} FROM {table.name}"  # noqa: S608  (our own words)
        " ORDER BY rowid"
    )
    link.execute(f"DROP TABLE {table.name}")
