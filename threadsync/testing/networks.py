"""The networks of a simulated world: the sandbox's pure models, answering without a socket."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import cache
from pathlib import Path
from random import Random
from typing import Protocol

from msgspec import Struct, field
from msgspec.structs import replace

from threadsync.flows.effects import FormBody, NoResponse, Request, Response
from threadsync.model.ids import MediaDigest
from threadsync.providers.accounts import Session
from threadsync.sandbox import threads
from threadsync.sandbox.threads.faults import KIND_OPERATIONS, TIMED
from threadsync.sandbox.threads.routes import find_route
from threadsync.sandbox.threads.showing import permalink
from threadsync.testing.fakes import Answered

TOGETHER = "+"
"""Stands between faults that strike the same call: the answer is lost, and what it did shows late."""
FILM = ".mp4"
"""How the address of a video ends."""
ANSWER_SECONDS = 0.05
"""How long an answer takes."""


class Seen(Struct, frozen=True):
    """One post as its network knows it, whatever the network."""

    remote_id: str
    account: str
    text: str
    media: tuple[str, ...]
    parent: str
    made: int
    """Its place in the order in which the network made posts."""
    container: str = ""
    """What an intent names it by before it is made: its container, its address, what a repost reposts."""
    carries: str = ""
    """What it has besides text and pictures, in words; empty for most posts."""


class Means(Struct, frozen=True):
    """What a request is sent with: the session it was opened with, and the files it may name."""

    session: Session | None = None
    files: Mapping[MediaDigest, Path] = field(default_factory=dict)


class Network(Protocol):
    """One network, or several whose accounts have different handles; accounts go by their handles."""

    @property
    def handles(self) -> tuple[str, ...]:
        """The accounts there are."""
        ...

    def answer(  # noqa: PLR0917  (a call, and what goes wrong with it)
        self, account: str, request: Request, means: Means, now: datetime, fault: str, seconds: float
    ) -> Answered:
        """Answer *request* of *account*; *fault* (of ``faults``, or empty) strikes this call alone."""
        ...

    def faults(self, account: str, request: Request) -> tuple[str, ...]:
        """Return the names of what may go wrong with *request*, at the network and on the way."""
        ...

    def strict(self) -> None:
        """Behave as badly as the assumptions about this network let it."""
        ...

    def usual(self) -> None:
        """Behave as documented again, but for the clock."""
        ...

    def skewed(self, seconds: float) -> None:
        """Set the network's own clock ahead by *seconds*, or back."""
        ...

    def whims(self, chance: Random, *, small: bool) -> None:
        """Be slow to show; with *small* allowances."""
        ...

    @property
    def has_more_to_do(self) -> bool:
        """Whether something that was asked for is still to be done."""
        ...

    def live(self) -> list[Seen]:
        """Return all posts that are live, in the order they were made."""
        ...

    def deleted(self) -> list[Seen]:
        """Return all posts that were live once."""
        ...

    def shown_at(self, remote_id: str) -> float:
        """Return the true Unix time from which lists show a live post."""
        ...

    def post_by_hand(self, account: str, text: str, now: datetime) -> str:
        """Let a person publish *text* in the network's own application; return the post's id."""
        ...

    def delete_by_hand(self, remote_id: str, now: datetime) -> None:
        """Let a person delete a post in the network's own application."""
        ...

    def expire_token(self, account: str, now: datetime) -> None:
        """End the life of the account's token."""
        ...

    def renew_tokens(self, now: datetime) -> None:
        """Give every account a good token again."""
        ...

    def calm(self, now: datetime) -> None:
        """Carry out what was left for later, disarm every fault and renew every token."""
        ...


class ThreadsNetwork:
    """Threads, by the sandbox's model; media are at ``mem:DIGEST``."""

    def __init__(self, handles: Iterable[str], seed: int, now: datetime) -> None:
        self.handles = tuple(handles)
        profiles = [_profile(handle) for handle in self.handles]
        self.state = threads.new_state(profiles, seed=seed, now=now.timestamp())
        self._names = {threads.account_id(handle): handle for handle in self.handles}

    def answer(  # noqa: PLR0917  (see ``Network``)
        self, account: str, request: Request, means: Means, now: datetime, fault: str, seconds: float
    ) -> Answered:
        """See ``Network.answer``; a token is all that opens an account, and media are fetched."""
        at = now.timestamp()
        threads.run_due(self.state, at)
        before = len(self.state.armed)
        for kind in map(threads.FaultKind, filter(None, fault.split(TOGETHER))):
            armed = threads.Fault("any", kind, seconds=seconds if kind in TIMED else 0.0)
            threads.apply(self.state, threads.Arm((armed,)), at)
        params = {name: str(value) for name, value in request.params.items()}
        if isinstance(request.body, FormBody):
            params |= {name: str(value) for name, value in request.body.fields.items()}
        reply = self._call(account, request.method, request.path, params, at)
        del self.state.armed[before:]
        if reply.dropped:
            return Answered(NoResponse("connection reset", sent=True), reply.delay_seconds)
        there = datetime.fromtimestamp(at + self.state.switches.clock_skew_seconds, UTC)
        headers = {"date": format_datetime(there, usegmt=True), "x-sandbox-origin": "sandbox:world"}
        answer = Response(reply.status, reply.encode(), headers)
        return Answered(answer, ANSWER_SECONDS + reply.delay_seconds)

    def faults(self, account: str, request: Request) -> tuple[str, ...]:
        """See ``Network.faults``."""
        route = find_route(self.state, threads.Request.of(request.method, request.path))
        assert route is not None, f"our provider asks for what there is, not for {request.path}"
        return _faults(route.operation)

    def strict(self) -> None:
        """See ``Network.strict``: posts show late everywhere, a container published again is another post."""
        self.switch(
            republish=threads.Republish.NEW_POST,
            listing_lag_seconds=14.0,
            parent_lag_seconds=5.0,
            status_lag_seconds=60.0,
        )

    def usual(self) -> None:
        """See ``Network.usual``."""
        self.state.switches = threads.Switches(clock_skew_seconds=self.state.switches.clock_skew_seconds)

    def skewed(self, seconds: float) -> None:
        """See ``Network.skewed``."""
        self.switch(clock_skew_seconds=seconds)

    def whims(self, chance: Random, *, small: bool) -> None:
        """See ``Network.whims``."""
        usual = threads.Switches()
        self.switch(
            posts_quota=chance.randint(0, 6) if small else usual.posts_quota,
            replies_quota=chance.randint(0, 6) if small else usual.replies_quota,
            deletes_quota=chance.randint(0, 4) if small else usual.deletes_quota,
            listing_lag_seconds=chance.choice((0.0, 0.0, 5.0, 14.0)),
            parent_lag_seconds=chance.choice((0.0, 0.0, 20.0)),
            status_lag_seconds=chance.choice((0.0, 0.0, 60.0)),
        )

    @property
    def has_more_to_do(self) -> bool:
        """See ``Network.has_more_to_do``."""
        return bool(self.state.deferred)

    def live(self) -> list[Seen]:
        """See ``Network.live``."""
        return self._seen(self.state.live())

    def deleted(self) -> list[Seen]:
        """See ``Network.deleted``."""
        return self._seen(self.state.deleted.values())

    def shown_at(self, remote_id: str) -> float:
        """See ``Network.shown_at``."""
        post = self.state.posts[remote_id]
        return max(post.created, post.listed_from) - self.state.switches.clock_skew_seconds

    def post_by_hand(self, account: str, text: str, now: datetime) -> str:
        """See ``Network.post_by_hand``."""
        params = {"media_type": "TEXT", "text": text, "auto_publish_text": "true"}
        answer = self._call(account, "POST", "/me/threads", params, now.timestamp())
        return str(json.loads(answer.encode())["id"])

    def delete_by_hand(self, remote_id: str, now: datetime) -> None:
        """See ``Network.delete_by_hand``."""
        post = self.state.posts[remote_id]
        self._call(self._names[post.owner], "DELETE", f"/{remote_id}", {}, now.timestamp())

    def permalink_of(self, text: str) -> str:
        """Return the address of the live post that says *text*."""
        (post,) = [each for each in self.state.live() if each.content.text == text]
        return permalink(self.state, post)

    def edit_by_hand(self, remote_id: str, text: str) -> None:
        """Let a person change the text of a live post in the network's own application."""
        post = self.state.posts[remote_id]
        self.state.change(replace(post, content=replace(post.content, text=text)))

    def reply_by_hand(self, account: str, text: str, parent: str, now: datetime) -> str:
        """Let a person publish *text* under the live post *parent*; return the reply's id."""
        params = {"media_type": "TEXT", "text": text, "reply_to_id": parent}
        at = now.timestamp()
        made = json.loads(self._call(account, "POST", "/me/threads", params, at).encode())["id"]
        answer = self._call(account, "POST", "/me/threads_publish", {"creation_id": made}, at)
        return str(json.loads(answer.encode())["id"])

    def hide_by_hand(self, remote_id: str, now: datetime) -> None:
        """Let a person hide a reply under a post of the account's own."""
        root = self.state.posts[self.state.posts[remote_id].root]
        path, hide = f"/{remote_id}/manage_reply", {"hide": "true"}
        self._call(self._names[root.owner], "POST", path, hide, now.timestamp())

    def expire_token(self, account: str, now: datetime) -> None:
        """See ``Network.expire_token``."""
        token = threads.token_digest(threads.Profile(account).secret)
        threads.apply(self.state, threads.ExpireToken(token), now.timestamp())

    def renew_tokens(self, now: datetime) -> None:
        """See ``Network.renew_tokens``."""
        for handle in self.handles:
            renewed = threads.add_profile(_profile(handle))
            threads.apply(self.state, renewed, now.timestamp())

    def calm(self, now: datetime) -> None:
        """See ``Network.calm``."""
        threads.apply(self.state, threads.Disarm(), now.timestamp())
        self.renew_tokens(now)
        while self.state.deferred:
            threads.run_due(self.state, max(call.due for call in self.state.deferred))

    def switch(self, **changes: object) -> None:
        """Change how this network behaves; the names are those of ``threads.Switches``."""
        self.state.switches = replace(self.state.switches, **changes)

    def _call(
        self, account: str, method: str, path: str, params: dict[str, str], at: float
    ) -> threads.Response:
        token = threads.Profile(account).secret
        request = threads.Request.of(method, path, params, token=token)
        return threads.handle(self.state, request, at, _fetched)

    def _seen(self, posts: Iterable[threads.Post]) -> list[Seen]:
        by_id = {**self.state.posts, **self.state.deleted}
        return [
            Seen(
                post.id,
                self._names[post.owner],
                f"Repost of: {by_id[post.reposted].content.text}" if post.reposted else post.content.text,
                tuple(by_id[each].content.media_name for each in post.children)
                or tuple(filter(None, [post.content.media_name])),
                post.parent,
                post.number,
                f"repost of {post.reposted}" if post.reposted else post.container,
                _carries(post, by_id),
            )
            for post in sorted(posts, key=lambda each: each.number)
            if not post.child_of
        ]


@cache
def _faults(operation: str) -> tuple[str, ...]:
    alone = [str(kind) for kind in threads.FaultKind if operation in KIND_OPERATIONS.get(kind, {operation})]
    hidden = [each for each in ("late-listing", "late-status") if each in alone]
    together = [
        TOGETHER.join((unknown, *hidden[:length]))
        for unknown in ("answer-lost", "error-although-done")
        for length in range(1, len(hidden) + 1)
    ]
    return (*alone, *together)


def _profile(handle: str) -> threads.Profile:
    """Return an account that may do all that accounts may."""
    return threads.Profile(handle, is_eligible_for_geo_gating=True, has_instagram=True)


def _carries(post: threads.Post, by_id: Mapping[str, threads.Post]) -> str:
    """Say what *post* has besides text and pictures."""
    content = post.content
    hidden = [
        content.text.encode("utf-16-le")[2 * row["offset"] : 2 * (row["offset"] + row["length"])]
        for row in json.loads(content.text_entities or "[]")
    ]
    films = [by_id[each].content.media_type.lower() for each in post.children] or [content.media_type.lower()]
    quoted = by_id.get(content.quote)
    said = {
        "of": ", ".join(films) if "video" in films else "",
        "poll": " / ".join(content.poll),
        "gif": content.gif_id,
        "link": content.link_attachment,
        "quotes": quoted.content.text if quoted is not None else content.quote,
        "topic": content.topic_tag,
        "at": content.location,
        "replies from": content.reply_control.removeprefix("everyone"),
        "countries": ", ".join(content.countries),
        "hidden": " / ".join(each.decode("utf-16-le") for each in hidden),
        "media": "hidden" if content.is_spoiler_media else "",
        "long text": content.text_attachment,
        "ghost": "yes" if content.is_ghost_post else "",
        "approves replies": "yes" if content.needs_reply_approval else "",
        "story": ("dark" if content.is_instagram_dark else "light") if content.shares_to_instagram else "",
    }
    return "; ".join(f"{name}: {value}" for name, value in said.items() if value)


def _fetched(url: str) -> threads.Fetched:
    if not url.startswith("mem:"):
        return threads.FetchFailed("no such address")
    if url.endswith(FILM):
        return threads.FetchedMedia(threads.MediaKind.VIDEO, "MP4", 9000, url.removeprefix("mem:"), 90, 160)
    return threads.FetchedMedia(threads.MediaKind.IMAGE, "JPEG", 9000, url.removeprefix("mem:"), 640, 480)
