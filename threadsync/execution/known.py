"""Answers that are remembered, so that what hardly changes (a profile, a post) is not asked for again."""

from __future__ import annotations

import json
from typing import Final

from threadsync.execution.clock import Times
from threadsync.execution.database import Database
from threadsync.execution.memory import MEMORY
from threadsync.execution.wire import Endpoint
from threadsync.flows.effects import NoResponse, Request, Response, Visibility

AGE_SECONDS_MAX: Final = 86400.0
"""How old an answer may be that is taken for a new one, unless the caller says otherwise."""


class KnownAnswers:
    """Answers to plain reads of *account* at *endpoint*, in *database*.

    What needs no account is everybody's.
    """

    def __init__(self, database: Database, account: str, endpoint: Endpoint, clock: Times) -> None:
        self._database = database
        self._account = account
        self._endpoint = endpoint
        self._clock = clock

    def read(self, request: Request, age_seconds_max: float) -> Response | None:
        """Return the answer to *request* if there is one that is young enough.

        Raises:
            DatabaseError: it cannot be used.
        """
        if not _is_plain(request):
            return None
        with self._database.using(MEMORY, writes=False) as rows:
            found = rows.execute(
                "SELECT answer FROM threadsync_answers"
                " WHERE account = ? AND endpoint = ? AND asked = ? AND at > ?",
                (*self._key(request), self._clock.now().timestamp() - age_seconds_max),
            )
        return Response(200, str(found[0][0]).encode()) if found else None

    def write(self, request: Request, answer: Response | NoResponse) -> None:
        """Remember *answer*, if it is one to a plain read, and in JSON.

        Raises:
            DatabaseError: it cannot be used.
        """
        if not isinstance(answer, Response) or answer.status != 200 or not _is_plain(request):
            return
        if answer.json is not None:
            values = (*self._key(request), answer.body.decode(), self._clock.now().timestamp())
            with self._database.using(MEMORY, writes=True) as rows:
                rows.execute(
                    "INSERT INTO threadsync_answers (account, endpoint, asked, answer, at)"
                    " VALUES (?, ?, ?, ?, ?) ON CONFLICT (account, endpoint, asked)"
                    " DO UPDATE SET answer = excluded.answer, at = excluded.at",
                    values,
                )

    def _key(self, request: Request) -> tuple[str, str, str]:
        asked = json.dumps(dict(request.params), sort_keys=True, default=repr)
        address = self._endpoint.base_of(request) + request.path
        return ("" if request.auth is None else self._account, address, asked)


def _is_plain(request: Request) -> bool:
    """Whether *request* reads, and its answer holds no secret."""
    return (
        request.method == "GET"
        and request.visibility is Visibility.READ
        and request.body is None
        and not request.answer_secrets
    )
