"""A conversation with a scripted Threads: answers from a few settable facts, time that only waits move.

Deliberately small; the sandbox is the independent reading of the documentation. Here a test sets
exactly the one odd thing it is about.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from threadsync.flows.bounds import Bounds
from threadsync.flows.core import drive
from threadsync.flows.effects import (
    Effect,
    Flow,
    FormBody,
    Host,
    Hosted,
    NoResponse,
    Now,
    Outcome,
    Record,
    Recorded,
    Request,
    Response,
    Taken,
    Time,
    Visibility,
    Wait,
    Waited,
)
from threadsync.model.ids import Address, PublicUrl, RemoteId
from threadsync.model.journal import Adopted, Begun, Intent, Job, Note, Receipt, Rendered
from threadsync.model.ledger import Ledger
from threadsync.model.state import Lineage, State
from threadsync.providers.base import ProviderContext, Result, Work
from threadsync.providers.threads.provider import ThreadsProvider

START = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
ADDRESS = Address.parse("a@threads/main")
BOUNDS = Bounds()


class Killed(BaseException):
    """The process died here."""


def ok(body: object, at: datetime) -> Response:
    headers = {"date": format_datetime(at, usegmt=True)}
    return Response(200, json.dumps(body).encode(), headers)


def error(code: int, subcode: int | None = None, status: int = 400, message: str = "no") -> Response:
    inner = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "A"}
    if subcode is not None:
        inner["error_subcode"] = subcode
    return Response(status, json.dumps({"error": inner}).encode())


LOST = NoResponse("connection reset", sent=True)
REFUSED = NoResponse("connection refused", sent=False)


@dataclass
class Post:
    id: str
    text: str
    at: datetime
    media_type: str
    parent: str | None
    children: int
    reposted: str = ""
    is_ghost: bool = False


@dataclass
class Talk:
    """One account, one publication, one state."""

    now: datetime = START
    ledger: Ledger = field(default_factory=lambda: Ledger(State(Lineage("l"))))
    posts: dict[str, Post] = field(default_factory=dict)
    containers: dict[str, dict[str, str]] = field(default_factory=dict)
    status: dict[str, list[str]] = field(default_factory=dict)
    """Statuses to tell for a container, one a read; the last one stays."""
    on_publish: list[Callable[[Request], Response | NoResponse]] = field(default_factory=list)
    """What the next publishes do; none left means that they work."""
    override: Callable[[Request], Response | NoResponse | None] = lambda _: None
    listed_after_seconds: float = 0.0
    more: dict[str, str] = field(default_factory=dict)
    """What else a publish answers."""
    sent: list[str] = field(default_factory=list)
    waited: list[tuple[float, str]] = field(default_factory=list)
    die_at: int | None = None
    """Which effect the process does not survive."""
    effects: int = 0
    intents: list[str] = field(default_factory=list)
    sequence: int = 0

    def run(
        self,
        *texts: str,
        media: tuple[str, ...] = (),
        parent: str | None = None,
        types: tuple[str, ...] = (),
    ) -> Result:
        """Publish *texts* as a chain, going on from what is on record, as an executor would.

        *types* tells pictures from videos among the *media*; nothing is told without it, as on old records.
        """
        options = {"media_types": list(types)} if types else {}
        segments = tuple(
            Rendered(
                n,
                f"d{n}:{t}",  # type: ignore[arg-type]
                t,
                media if n == 0 else (),  # type: ignore[arg-type]
                tuple("alt" for _ in media) if n == 0 else (),
                options if n == 0 else {},
            )
            for n, t in enumerate(texts)
        )
        binding = self.ledger.bindings.get(ADDRESS)
        live = binding.segments if binding is not None else ()
        over = live[-1].remote_id if live else RemoteId(parent) if parent else None
        job = Job("create", segments[len(live) :], over)
        self.note(Begun(ADDRESS, job, self.now))
        self.intents.clear()
        return self.drive(self.provider.publish(self.work(job)))

    def publish_one(self, what: Rendered) -> Result:
        """Publish one segment of any kind, going on from what is on record."""
        job = Job("create", (what,))
        self.note(Begun(ADDRESS, job, self.now))
        self.intents.clear()
        return self.drive(self.provider.publish(self.work(job)))

    def settle(self) -> Result:
        self.intents.clear()
        return self.drive(self.provider.settle(self.work(self.ledger.open[ADDRESS].job)))

    @property
    def provider(self) -> ThreadsProvider:
        return ThreadsProvider(ProviderContext(ADDRESS.target, bounds=BOUNDS))

    def work(self, job: Job) -> Work:
        binding = self.ledger.bindings.get(ADDRESS)
        unfinished = self.ledger.open.get(ADDRESS)
        return Work(
            ADDRESS,
            job,
            unfinished.notes if unfinished is not None else (),
            lambda: self.ledger.bound_ids(ADDRESS.target),
            binding.segments if binding is not None else (),
        )

    def drive(self, flow: Flow[Result]) -> Result:
        return drive(flow, self.perform)

    def note(self, note: Note) -> None:
        self.sequence += 1
        self.ledger.fold(note, sequence=self.sequence)

    # Effects.

    def perform(self, effect: Effect) -> Outcome:
        self.effects += 1
        if self.effects == self.die_at:
            raise Killed
        match effect:
            case Now():
                return Time(self.now)
            case Wait(seconds=seconds, why=why):
                self.now += timedelta(seconds=seconds)
                self.waited.append((seconds, why))
                return Waited()
            case Host(media=media):
                return Hosted(PublicUrl(f"http://127.0.0.1/{media}"))
            case Record(notes=notes):
                return self.record(notes)
            case Request():
                outcome = self.answer(effect)
                if self.effects + 0.5 == self.die_at:
                    raise Killed
                return outcome
            case _:
                raise AssertionError(effect)

    def record(self, notes: tuple[Note, ...]) -> Recorded | Taken:
        for note in notes:
            if isinstance(note, Receipt | Adopted):
                claimed = (note.published,) if isinstance(note, Receipt) else note.segments
                for each in claimed:
                    holder = self.ledger.holder_of(ADDRESS.target, each.remote_id)
                    if holder not in {None, ADDRESS}:
                        return Taken(str(holder))
            if isinstance(note, Intent):
                self.intents.append(note.covers)
            self.note(note)
        return Recorded()

    # The network.

    def answer(self, request: Request) -> Response | NoResponse:
        path = request.path.removeprefix("/v1.0")
        self.sent.append(f"{request.method} {path}")
        if request.visibility is Visibility.VISIBLE:
            assert request.fingerprint() in self.intents, "law 1: no visible request without its intent"
            self.intents.remove(request.fingerprint())
        odd = self.override(request)
        if odd is not None:
            return odd
        match request.method, path:
            case "POST", "/me/threads":
                return self.create(request)
            case "POST", "/me/threads_publish":
                act = self.on_publish.pop(0) if self.on_publish else self.publish
                return act(request)
            case "GET", "/me/threads" | "/me/replies" | "/me/ghost_posts":
                return self.listing(request, path.removeprefix("/me/"))
            case "POST", _:
                act = self.on_publish.pop(0) if self.on_publish else self.repost
                return act(request)
            case "GET", _:
                return self.read(path.strip("/"))
            case _:
                post = self.posts.pop(path.strip("/"), None)
                return ok({"success": True}, self.now) if post else error(24, 4279009)

    def create(self, request: Request) -> Response:
        assert isinstance(request.body, FormBody)
        made = f"c{len(self.containers) + 1}"
        self.containers[made] = {name: str(value) for name, value in request.body.fields.items()}
        return ok({"id": made}, self.now)

    def publish(self, request: Request) -> Response:
        """Make the post; a lost answer is this with its result thrown away."""
        assert isinstance(request.body, FormBody)
        name = str(request.body.fields["creation_id"])
        content = self.containers[name]
        self.status[name] = ["PUBLISHED"]
        made = Post(
            f"m{len(self.posts) + 1}",
            content.get("text", ""),
            self.now,
            {"TEXT": "TEXT_POST", "CAROUSEL": "CAROUSEL_ALBUM"}.get(
                content["media_type"], content["media_type"]
            ),
            content.get("reply_to_id"),
            len(content.get("children", "").split(",")) if content.get("children") else 0,
            is_ghost="is_ghost_post" in content,
        )
        self.posts[made.id] = made
        return ok({"id": made.id, **self.more}, self.now)

    def repost(self, request: Request) -> Response:
        """Make a repost, or refuse the second one."""
        original = request.path.split("/")[-2]
        if any(post.reposted == original for post in self.posts.values()):
            return error(1, 4279050)
        made = Post(f"m{len(self.posts) + 1}", "", self.now, "REPOST_FACADE", None, 0, original)
        self.posts[made.id] = made
        return ok({"id": made.id}, self.now)

    def reposted_but_lost(self, request: Request) -> NoResponse:
        self.repost(request)
        return LOST

    def published_but_lost(self, request: Request) -> NoResponse:
        self.publish(request)
        return LOST

    def published_but_500(self, request: Request) -> Response:
        self.publish(request)
        return error(2, None, 500)

    def read(self, name: str) -> Response:
        if name in self.containers:
            told = self.status.setdefault(name, ["FINISHED"])
            status = told.pop(0) if len(told) > 1 else told[0]
            if status == "GONE":
                return error(100, 33)
            return ok({"id": name, "status": status}, self.now)
        post = self.posts.get(name)
        return ok(self.shown(post), self.now) if post else error(100, 33)

    def shown(self, post: Post) -> dict[str, object]:
        found: dict[str, object] = {
            "id": post.id,
            "text": post.text,
            "media_type": post.media_type,
            "timestamp": post.at.strftime("%Y-%m-%dT%H:%M:%S+0000"),
            "permalink": f"https://www.threads.com/@u/post/{post.id}",
        }
        if post.parent:
            found["replied_to"] = {"id": post.parent}
        if post.reposted:
            found["reposted_post"] = {"id": post.reposted}
        if post.is_ghost:
            found["ghost_post_status"] = "ACTIVE"
        if post.children:
            found["children"] = {"data": [{"id": str(n)} for n in range(post.children)]}
        return found

    def listing(self, request: Request, name: str) -> Response:
        since = int(str(request.params["since"]))
        found = [
            self.shown(post)
            for post in reversed(self.posts.values())
            if name == ("replies" if post.parent else "ghost_posts" if post.is_ghost else "threads")
            and post.at.timestamp() >= since
            and (self.now - post.at).total_seconds() >= self.listed_after_seconds
        ]
        return ok({"data": found}, self.now)
