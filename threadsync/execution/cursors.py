"""Where lists were left, so that another run goes on from there."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from typing import Final

from msgspec import Struct

from threadsync.errors import UsageError
from threadsync.execution.clock import Times
from threadsync.execution.database import Database
from threadsync.execution.memory import MEMORY
from threadsync.flows.core import advance
from threadsync.flows.effects import Flow, Request
from threadsync.flows.paging import HasAfter

PAGED_BY: Final = frozenset({"cursor", "after", "before", "limit"})
"""Parameters that say which page of a list is asked for, not which list."""


class Place(Struct, frozen=True):
    """Which list it is."""

    endpoint: str
    scope: str


def place_of(listing: Callable[[str | None], Flow[HasAfter]], scope: str | None) -> Place:
    """Return which list *listing* reads; without a *scope*, what else it asks is its scope.

    Raises:
        UsageError: it asks the network for nothing at first.
    """
    with closing(listing(None)) as flow:
        request = advance(flow, None)
    if not isinstance(request, Request):
        raise UsageError(
            "this flow reads no list: it begins with something else than a request",
            remedy="Give a function that returns the flow of an endpoint: lambda cursor: list_records(…).",
        )
    if scope is None:
        asked = {name: value for name, value in request.params.items() if name not in PAGED_BY}
        scope = json.dumps([request.host, asked], sort_keys=True, default=repr)
    return Place(request.path, scope)


class Cursors:
    """The cursors of *account*, in *database*."""

    def __init__(self, database: Database, account: str, clock: Times) -> None:
        self._database = database
        self._account = account
        self._clock = clock

    def read(self, place: Place) -> str | None:
        """Return where the list was left; None where it begins.

        Raises:
            DatabaseError: it cannot be used.
        """
        with self._database.using(MEMORY, writes=False) as rows:
            found = rows.execute(
                "SELECT cursor FROM threadsync_cursors WHERE account = ? AND endpoint = ? AND scope = ?",
                (self._account, place.endpoint, place.scope),
            )
        return str(found[0][0]) if found else None

    def write(self, place: Place, cursor: str | None) -> None:
        """Remember where the list was left; None forgets it.

        Raises:
            DatabaseError: it cannot be used.
        """
        key = (self._account, place.endpoint, place.scope)
        with self._database.using(MEMORY, writes=True) as rows:
            if cursor is None:
                rows.execute(
                    "DELETE FROM threadsync_cursors WHERE account = ? AND endpoint = ? AND scope = ?", key
                )
            else:
                values = (*key, cursor, self._clock.now().timestamp())
                rows.execute(
                    "INSERT INTO threadsync_cursors (account, endpoint, scope, cursor, at)"
                    " VALUES (?, ?, ?, ?, ?) ON CONFLICT (account, endpoint, scope)"
                    " DO UPDATE SET cursor = excluded.cursor, at = excluded.at",
                    values,
                )
