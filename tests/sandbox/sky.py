"""The Bluesky model as a provider's requests meet it, without a socket; and what people do there by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from threadsync.flows.effects import FilePart, JsonBody, NoResponse, Request, Response
from threadsync.model.ids import MediaDigest
from threadsync.providers.bluesky.calls import SESSION
from threadsync.sandbox import bluesky
from threadsync.sandbox.bluesky.cids import cid_of_bytes
from threadsync.sandbox.bluesky.state import Record, did_of
from threadsync.testing.fakes import Answered, FakeClock

POST, REPOST, THREADGATE, POSTGATE = (
    f"app.bsky.feed.{each}" for each in ("post", "repost", "threadgate", "postgate")
)
SESSION_SECONDS = 3600.0
"""After how long an account is opened anew: before its session ends."""


@dataclass
class Sky:
    """A network with some accounts, on the clock of a test."""

    clock: FakeClock
    handles: tuple[str, ...]
    calls: list[tuple[str, str]] = field(default_factory=list)
    """Each request that came from a provider: whose session it had, and what it asked for."""
    withheld: set[str] = field(default_factory=set)
    """Posts that readers are not shown, as after a moderator took them down."""
    labelled: dict[str, list[dict[str, object]]] = field(default_factory=dict)
    """What moderators say of posts."""

    def __post_init__(self) -> None:
        profiles = [bluesky.Profile(each) for each in self.handles]
        self.state = bluesky.new_state(profiles, seed=1, base_url="http://127.0.0.1:2")
        self._tokens: dict[str, tuple[float, str]] = {}

    # By hand.

    def by_hand(self, nsid: str, body: Mapping[str, object], handle: str) -> dict[str, object]:
        """Call a method of repositories as the owner of an account does in the app."""
        return self._asked(f"com.atproto.repo.{nsid}", {"repo": did_of(handle), **body}, self._token(handle))

    def post(self, text: str, handle: str, **more: object) -> str:
        """Publish a post, and return its address."""
        at = self.clock.now().isoformat().replace("+00:00", "Z")
        value = {"$type": POST, "text": text, "createdAt": at, **more}
        return str(self.by_hand("createRecord", {"collection": POST, "record": value}, handle)["uri"])

    def edit(self, uri: str, handle: str, **changes: object) -> None:
        """Change a record."""
        record = self.state.records[uri]
        body = {"collection": record.collection, "rkey": record.rkey, "record": {**record.value, **changes}}
        self.by_hand("putRecord", body, handle)

    def delete(self, uri: str, handle: str) -> None:
        """Take a record down."""
        record = self.state.records[uri]
        self.by_hand("deleteRecord", {"collection": record.collection, "rkey": record.rkey}, handle)

    # What is there.

    def records(self, handle: str, collection: str = POST) -> list[Record]:
        """The records of an account, oldest first."""
        return list(reversed(self.state.of(did_of(handle), collection)))

    def texts(self, handle: str) -> list[Any]:
        return [each.value["text"] for each in self.records(handle)]

    # As a provider meets it.

    def answer(self, request: Request, handle: str, files: Mapping[MediaDigest, Path]) -> Answered:
        """Answer *request*, which has the session of *handle* where it needs one."""
        token = self._token(handle) if request.auth == SESSION else None
        self.calls.append((handle if token else "", request.path.rpartition(".")[2]))
        upload, said, size = None, None, 0
        match request.body:
            case FilePart(media=media, content_type=kind):
                content = files[media].read_bytes()
                upload = bluesky.Upload(cid_of_bytes(content), kind, len(content), kind)
            case JsonBody(value=value):
                text = json.dumps(value, ensure_ascii=False)
                said, size = json.loads(text), len(text.encode())
        params = {n: v if isinstance(v, tuple) else (str(v),) for n, v in request.params.items()}
        asked = bluesky.Request.of(
            request.method, request.path, params, input=said, token=token, upload=upload, body_bytes=size
        )
        now = self.clock.now().timestamp()
        reply = bluesky.handle(self.state, asked, now)
        if reply.dropped:
            return Answered(NoResponse("connection reset", sent=True), reply.delay_seconds)
        if request.path.endswith(".getPosts"):
            views: Any = reply.body["posts"]
            shown = [each | {"labels": self.labelled.get(each["uri"], [])} for each in views]
            reply = replace(reply, body={"posts": [e for e in shown if e["uri"] not in self.withheld]})
        dated = {"date": format_datetime(datetime.fromtimestamp(now, UTC), usegmt=True)}
        headers = {name.lower(): value for name, value in reply.headers.items()}
        return Answered(Response(reply.status, reply.encode(), dated | headers), 0.05 + reply.delay_seconds)

    def _token(self, handle: str) -> str:
        at, token = self._tokens.get(handle, (0.0, ""))
        if not token or self.clock.seconds - at > SESSION_SECONDS:
            login = {"identifier": handle, "password": f"sandbox-{handle}"}
            token = str(self._asked("com.atproto.server.createSession", login)["accessJwt"])
            self._tokens[handle] = (self.clock.seconds, token)
        return token

    def _asked(self, nsid: str, body: Mapping[str, object], token: str | None = None) -> dict[str, object]:
        request = bluesky.Request.of("POST", f"/xrpc/{nsid}", {}, input=dict(body), token=token)
        answer = bluesky.handle(self.state, request, self.clock.now().timestamp())
        assert answer.status == 200, answer
        return answer.body
