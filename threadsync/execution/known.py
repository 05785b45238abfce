"""Answers that are remembered, so that what hardly changes (a profile, a post) is not asked for again."""

from __future__ import annotations

import json
from typing import Final

from threadsync.execution.clock import Times
from threadsync.execution.memory import Memory
from threadsync.execution.wire import Endpoint
from threadsync.flows.effects import NoResponse, Request, Response, Visibility

AGE_SECONDS_MAX: Final = 86400.0
"""How old an answer may be that is taken for a new one, unless the caller says otherwise."""


class KnownAnswers:
    """Answers to plain reads of *account* at *endpoint*, in the file of *memory*.

    What needs no account is everybody's.
    """

    def __init__(self, memory: Memory, account: str, endpoint: Endpoint, clock: Times) -> None:
        self._memory = memory
        self._account = account
        self._endpoint = endpoint
        self._clock = clock

    def read(self, request: Request, age_seconds_max: float) -> Response | None:
        """Return the answer to *request* if there is one that is young enough.

        Raises:
            UsageError: the file cannot be used.
        """
        if not _is_plain(request):
            return None
        with self._memory.opened() as base:
            found = base.execute(
                "SELECT answer FROM answers WHERE account = ? AND endpoint = ? AND asked = ? AND at > ?",
                (*self._key(request), self._clock.now().timestamp() - age_seconds_max),
            ).fetchone()
        return None if found is None else Response(200, str(found[0]).encode())

    def write(self, request: Request, answer: Response | NoResponse) -> None:
        """Remember *answer*, if it is one to a plain read, and in JSON.

        Raises:
            UsageError: the file cannot be used.
        """
        if not isinstance(answer, Response) or answer.status != 200 or not _is_plain(request):
            return
        if answer.json is not None:
            values = (*self._key(request), answer.body.decode(), self._clock.now().timestamp())
            with self._memory.opened() as base, base:
                base.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?)", values)

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
