"""The sandbox's models of Threads and Bluesky, as the contract of providers asks a network to be."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from threadsync.flows.effects import FilePart, FormBody, JsonBody, Request, Response
from threadsync.sandbox import bluesky, threads
from threadsync.sandbox.bluesky.cids import cid_of_bytes
from threadsync.testing.contract import LivePost
from threadsync.testing.contract_run import START

HANDLE = "lift-report.test"
SESSION = timedelta(hours=1)
"""How long one login of these tests is used: its tokens live twice as long."""


class ThreadsBoard:
    """Threads, with one profile."""

    def __init__(self) -> None:
        self.state = threads.new_state([threads.Profile("main")], seed=1, now=START.timestamp())

    def answer(self, request: Request, now: datetime) -> Response:
        params = {name: str(value) for name, value in request.params.items()}
        if isinstance(request.body, FormBody):
            params |= {name: str(value) for name, value in request.body.fields.items()}
        token = threads.Profile("main").secret
        call = threads.Request.of(request.method, request.path, params, token=token)
        answer = threads.handle(self.state, call, now.timestamp(), _fetched)
        return Response(answer.status, answer.encode(), {"date": format_datetime(now, usegmt=True)})

    def live(self) -> Sequence[LivePost]:
        posts = sorted(self.state.live(), key=lambda each: each.number)
        return [LivePost(each.id, each.content.text, each.parent or None) for each in posts]


def _fetched(url: str) -> threads.Fetched:
    return threads.FetchedMedia(threads.MediaKind.IMAGE, "JPEG", 9000, url.rpartition("/")[2], 800, 600)


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
        sent = request.body.value if isinstance(request.body, JsonBody) else None
        body: dict[str, object] | None = {**sent} if isinstance(sent, dict) else None
        upload = None
        if isinstance(request.body, FilePart):
            kind = request.body.content_type
            upload = bluesky.Upload(cid_of_bytes(request.body.media.encode()), kind, 9000, kind)
        token = self._token if request.auth is not None else ""
        answer = self._call(request.method, request.path, params, body, token, now, upload)
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
        upload: bluesky.Upload | None = None,
    ) -> bluesky.Response:
        request = bluesky.Request.of(method, path, params, input=body, token=token or None, upload=upload)
        return bluesky.handle(self.state, request, now.timestamp())
