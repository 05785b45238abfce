"""A project with Threads and Bluesky in it: both models, one clock, and either may be down."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime

from tests.operations.world import World
from threadsync.flows.effects import FilePart, Hosted, JsonBody, NoResponse, Request, Response
from threadsync.model.ids import MediaDigest, PublicUrl, TargetName, network_of
from threadsync.operations.connections import Connections
from threadsync.sandbox import bluesky
from threadsync.sandbox.bluesky.state import Record, did_of
from threadsync.testing.fakes import Answered, FakePerformer

PROJECT = """\
version: 1
id: test
zone: UTC
targets:
  threads/main: {account: main, credential: env:X, base_url: http://127.0.0.1:1, media_host: local}
  bluesky/brand: {account: brand.test, credential: env:X, base_url: http://127.0.0.1:2}
  bluesky/other: {account: other.test, credential: env:X, base_url: http://127.0.0.1:2}
media_hosts:
  local: {kind: loopback}
"""
HANDLES = {TargetName("bluesky/brand"): "brand.test", TargetName("bluesky/other"): "other.test"}
POST, THREADGATE, POSTGATE = (f"app.bsky.feed.{each}" for each in ("post", "threadgate", "postgate"))
BRAND = did_of("brand.test")


@dataclass
class Both(World):
    """Two networks; a session of every account is open already."""

    base_url: str = "http://127.0.0.1:1"
    down: set[str] = field(default_factory=set)
    """Networks that nobody can connect to."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.write("threadsync.yaml", PROJECT)
        profiles = [bluesky.Profile(each) for each in ("brand.test", "other.test", "reader.test")]
        self.sky = bluesky.new_state(profiles, seed=1, base_url="http://127.0.0.1:2")
        self.sessions = {target: self.logged_in(handle) for target, handle in HANDLES.items()}

    # What others do.

    def logged_in(self, handle: str) -> str:
        """Open an account and return its token."""
        login = {"identifier": handle, "password": f"sandbox-{handle}"}
        return str(self.asked("com.atproto.server.createSession", login)["accessJwt"])

    def by_hand(self, nsid: str, body: Mapping[str, object], handle: str = "brand.test") -> dict[str, object]:
        """Write something as its owner does in the app."""
        return self.asked(
            f"com.atproto.repo.{nsid}", {"repo": did_of(handle), **body}, self.logged_in(handle)
        )

    def asked(self, nsid: str, body: Mapping[str, object], token: str | None = None) -> dict[str, object]:
        request = bluesky.Request.of("POST", f"/xrpc/{nsid}", {}, input=dict(body), token=token)
        answer = bluesky.handle(self.sky, request, self.clock.now().timestamp())
        assert answer.status == 200, answer
        return answer.body

    def record(self, text: str, handle: str = "brand.test", **more: object) -> str:
        """Publish a post by hand, and return its address."""
        at = self.clock.now().isoformat().replace("+00:00", "Z")
        value = {"$type": POST, "text": text, "createdAt": at, **more}
        return str(self.by_hand("createRecord", {"collection": POST, "record": value}, handle)["uri"])

    # What is there.

    def records(self, collection: str = POST, handle: str = "brand.test") -> list[Record]:
        """The records of an account, oldest first."""
        return list(reversed(self.sky.of(did_of(handle), collection)))

    def sky_texts(self, handle: str = "brand.test") -> list[object]:
        return [each.value["text"] for each in self.records(handle=handle)]

    # The networks.

    @contextmanager
    def connect(self, *what: object) -> Iterator[Connections]:
        files = what[2]
        assert isinstance(files, dict)
        self.files = files
        performer = FakePerformer(self.clock, self.answer)
        yield Connections(
            performer, lambda _, media: Hosted(PublicUrl(f"mem:{media}")), lambda *_: self.media_problem
        )

    def answer(self, target: TargetName, request: Request) -> Answered:
        network = network_of(target)
        if network in self.down:
            return Answered(NoResponse("connection refused", sent=False), 0.01)
        if network != "bluesky":
            return super().answer(target, request)
        self.sent.append(f"{request.method} {request.path}")
        now = self.clock.now().timestamp()
        reply = bluesky.handle(self.sky, self.as_asked(target, request), now)
        if reply.dropped:
            return Answered(NoResponse("connection reset", sent=True), reply.delay_seconds)
        dated = {"date": format_datetime(datetime.fromtimestamp(now, UTC), usegmt=True)}
        headers = {name.lower(): value for name, value in reply.headers.items()}
        return Answered(Response(reply.status, reply.encode(), dated | headers), 0.05 + reply.delay_seconds)

    def as_asked(self, target: TargetName, request: Request) -> bluesky.Request:
        """Return *request* as it arrives."""
        upload, said = None, None
        match request.body:
            case FilePart(media=media, content_type=kind):
                upload = self.upload(media, kind)
            case JsonBody(value=value):
                said = json.loads(json.dumps(value))
        params = {n: v if isinstance(v, tuple) else (str(v),) for n, v in request.params.items()}
        token = self.sessions[target] if request.auth == "session" and not request.host else None
        return bluesky.Request.of(
            request.method, request.path, params, input=said, token=token, upload=upload
        )

    def upload(self, media: MediaDigest, kind: str) -> bluesky.Upload:
        from threadsync.sandbox.bluesky.cids import cid_of_bytes

        content = self.files[media].read_bytes()
        return bluesky.Upload(cid_of_bytes(content), kind, len(content), kind)
