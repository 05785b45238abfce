"""The sandbox's models of Threads and Bluesky, as the contract of providers asks a network to be."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from threadsync.flows.effects import JsonBody, Request, Response
from threadsync.sandbox import bluesky
from threadsync.testing.contract import LivePost
from threadsync.testing.contract_run import START
from threadsync.testing.networks import ThreadsNetwork

HANDLE = "lift-report.test"
SESSION = timedelta(hours=1)
"""How long one login of these tests is used: its tokens live twice as long."""


class ThreadsBoard:
    """Threads, with one profile."""

    def __init__(self) -> None:
        self.network = ThreadsNetwork(["main"], 1, START)

    def answer(self, request: Request, now: datetime) -> Response:
        answered = self.network.answer("main", request, now, "", 0.0).outcome
        assert isinstance(answered, Response), "without a fault there is an answer"
        return answered

    def live(self) -> Sequence[LivePost]:
        return [LivePost(each.remote_id, each.text, each.parent or None) for each in self.network.live()]


class BlueskyBoard:
    """Bluesky, with one account."""

    def __init__(self) -> None:
        self.state = bluesky.new_state([bluesky.Profile(HANDLE)], seed=1)
        bluesky.switch(self.state, bluesky.Switches(rate_limits=False))
        self._opened_at = datetime(1970, 1, 1, tzinfo=UTC)
        self._token = ""

    def answer(self, request: Request, now: datetime) -> Response:
        if now - self._opened_at > SESSION:
            login: dict[str, object] = {"identifier": HANDLE, "password": f"sandbox-{HANDLE}"}
            opened = self._call("POST", "/xrpc/com.atproto.server.createSession", {}, login, "", now)
            self._token, self._opened_at = str(opened.body["accessJwt"]), now
        params = {
            name: value if isinstance(value, tuple) else (str(value),)
            for name, value in request.params.items()
        }
        body = request.body.value if isinstance(request.body, JsonBody) else None
        assert body is None or isinstance(body, dict), "what these tests send has no files"
        token = self._token if request.auth is not None else ""
        answer = self._call(request.method, request.path, params, body, token, now)
        return Response(answer.status, answer.encode(), answer.headers)

    def live(self) -> Sequence[LivePost]:
        rows = bluesky.ledger(self.state)["posts"]
        assert isinstance(rows, list)
        return [LivePost(each["id"], each["text"], each["parent"] or None) for each in rows]

    def _call(  # noqa: PLR0917
        self,
        method: str,
        path: str,
        params: dict[str, tuple[str, ...]],
        body: dict[str, object] | None,
        token: str,
        now: datetime,
    ) -> bluesky.Response:
        request = bluesky.Request.of(method, path, params, input=body, token=token or None)
        return bluesky.handle(self.state, request, now.timestamp())
