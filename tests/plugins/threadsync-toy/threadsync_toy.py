"""The noticeboard as a provider of threadsync: a network that lets its writers name their notes.

Source of all that is said of it: https://noticeboard.example/api
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import ClassVar, TypeVar
from urllib.parse import quote

from msgspec import Struct

from threadsync.errors import ApiError, Unanswered, UsageError
from threadsync.flows.core import attempt, now, record, wait
from threadsync.flows.effects import Flow, JsonBody, Request, Response, Visibility
from threadsync.flows.retry import delay_seconds, retried
from threadsync.model.capabilities import Capabilities, Needs
from threadsync.model.diagnostic import Diagnostic
from threadsync.model.facts import Account, Engagement, ObservedPost, Quota, ReadBack
from threadsync.model.fault import Fault, FaultClass
from threadsync.model.ids import MAIN, Address, RemoteId, Role
from threadsync.model.journal import Deleted, Doubted, Intent, Published, Receipt, Rendered, Settled
from threadsync.model.post import Publication, Segment
from threadsync.model.text import Anchor, Hashtag, Mention, PermalinkOf, Spans, Url
from threadsync.providers.answers import Answer, Exchange, Fields, read_answer
from threadsync.providers.authorizing import Renewed
from threadsync.providers.base import (
    About,
    Applied,
    CredentialRole,
    Examined,
    Limit,
    Permalinks,
    ProviderContext,
    Refused,
    RenderedSegment,
    Result,
    Uncertain,
    Work,
)

T = TypeVar("T")

# What the network's calls are, and what its answers mean.


class Note(Answer, frozen=True):
    """One note on the board."""

    name: str
    text: str
    above: str | None
    """The note that it answers."""
    at: datetime
    url: str
    exchange: Exchange


class Who(Answer, frozen=True):
    """Whose token it is."""

    id: str
    handle: str
    exchange: Exchange


KINDS = {
    401: FaultClass.UNAUTHORIZED,
    403: FaultClass.FORBIDDEN,
    404: FaultClass.GONE,
    429: FaultClass.THROTTLED,
}


def refusal(response: Response) -> Fault | None:
    """Return the error that *response* carries; the board tells it by the status alone."""
    status = response.status
    if status < 400:
        return None
    kind = KINDS.get(status, FaultClass.TRANSIENT if status >= 500 else FaultClass.INVALID)
    problem, remedy = f"the noticeboard answers {status}", "See noticeboard.example/api/errors."
    return Fault(kind, problem, remedy, f"status-{status}", status)


def who() -> Flow[Who]:
    """Ask whose token it is."""
    request = Request("GET", "/me", auth=MAIN)
    return read_answer(request, refusal, lambda body, how: Who(body.id(), body.text("handle"), how))


def note(name: str) -> Flow[Note]:
    """Read one note."""
    return _noted(Request("GET", _path(name), auth=MAIN))


def notes(since: datetime, limit: int) -> Flow[tuple[Note, ...]]:
    """List own notes since *since*, the newest first."""
    request = Request("GET", "/notes", {"since": since.isoformat(), "limit": str(limit)}, auth=MAIN)

    def read(body: Fields, how: Exchange) -> tuple[Note, ...]:
        return tuple(_note(each, how) for each in body.entries("notes") or ())

    return read_answer(request, refusal, read)


def put_request(name: str, text: str, above: str | None, *, pinned: bool = False) -> Request:
    """Return what puts a note on the board; the same once more changes nothing."""
    body = JsonBody({"text": text, "above": above, "pinned": pinned})
    return Request("PUT", _path(name), body=body, auth=MAIN, visibility=Visibility.VISIBLE)


def delete_request(name: str) -> Request:
    """Return what takes a note down."""
    return Request("DELETE", _path(name), auth=MAIN, visibility=Visibility.VISIBLE)


def _noted(request: Request) -> Flow[Note]:
    return read_answer(request, refusal, _note)


def _note(body: Fields, how: Exchange) -> Note:
    at = body.time("at")
    if at is None:
        raise ValueError("it has no time")
    return Note(body.text("name"), body.text("text"), body.maybe_text("above"), at, body.text("url"), how)


def _path(name: str) -> str:
    return f"/notes/{quote(name, safe='')}"


# What the network gets of a post.

TEXT_MAX = 200


def text_of(spans: Spans, links: Permalinks) -> str:
    """Return the text that the board gets: it shows neither styles nor links behind words."""
    parts: list[str] = []
    for span in spans:
        match span:
            case Url(url=url):
                parts.append(url)
            case Anchor(label=label, url=url):
                parts.append(f"{label} ({url})")
            case Mention(handle=handle):
                parts.append(f"@{handle}")
            case Hashtag(tag=tag):
                parts.append(f"#{tag}")
            case PermalinkOf(key=key, target=target):
                parts.append(links(Address(key, target)))
            case _:
                parts.append(span.text)
    return "".join(parts)


def observed(found: Note) -> ObservedPost:
    """Return a note as threadsync compares it."""
    above = RemoteId(found.above) if found.above is not None else None
    return ObservedPost(RemoteId(found.name), "text", found.text, found.at, found.url, above)


# The provider.


class ToyProvider(Struct, frozen=True):
    """One account on the noticeboard."""

    api_version: ClassVar[int] = 1
    context: ProviderContext

    def __post_init__(self) -> None:
        """Check what a project says of the target."""
        if not isinstance(self.context.settings.get("signature", ""), str):
            remedy = 'Write it in quotes: toy: {signature: "…"}.'
            raise UsageError("signature is no text.", where=str(self.context.target), remedy=remedy)

    @property
    def default_base_url(self) -> str:
        """Where the board is."""
        return "https://noticeboard.example"

    @property
    def capabilities(self) -> Capabilities:
        """Words, chains of them, and answers; and ``toy: {pinned: true}``, which the board alone has."""
        features = frozenset({"text", "chain", "reply_to", "pinned"})
        return Capabilities(features, quota_of_publish="", quota_of_reply="", quota_of_delete="")

    @property
    def about(self) -> About:
        """What it speaks to."""
        roles = (CredentialRole(MAIN, "a token from the settings of the board"),)
        limits = (Limit(TEXT_MAX, "characters a note"),)
        return About("1", "https://noticeboard.example/api", roles, limits=limits)

    def classify(self, response: Response) -> Fault | None:
        """Return the error that *response* carries."""
        return refusal(response)

    # What this network does not have.

    @property
    def sessions(self) -> None:
        """The token goes with each request."""
        return

    @property
    def spending(self) -> None:
        """Nothing is counted."""
        return

    @property
    def hosts(self) -> Mapping[str, str]:
        """There is one host."""
        return {}

    @property
    def authorizing(self) -> None:
        """A token is copied from the board's settings."""
        return

    def scopes(self, publication: Publication) -> frozenset[str]:
        """A token may do everything."""
        return frozenset()

    def examine(self, role: Role) -> Flow[Examined]:
        """Nothing is told of a token."""
        yield from ()
        return Examined(unknown="the noticeboard tells nothing of a token")

    def renew(self, role: Role) -> Flow[Renewed]:
        """A token cannot be renewed."""
        problem = "a token of the noticeboard cannot be renewed"
        raise UsageError(problem, remedy="Make a new one in its settings.")

    def unanswerable(self, publication: Publication) -> str:
        """Every note can be answered."""
        return ""

    def find_account(self, name: str) -> Flow[str | None]:
        """Nobody is looked up: a name that nobody has is plain words on the board."""
        yield from ()
        return None

    def needs(self, publication: Publication) -> Needs:
        """Every account may do everything."""
        return Needs()

    def quotas(self) -> Flow[Mapping[str, Quota]]:
        """There are no allowances."""
        yield from ()
        return {}

    def engagement(self, remote_id: RemoteId) -> Flow[Engagement]:
        """Nothing is counted."""
        yield from ()
        return Engagement({}, "the noticeboard counts nothing")

    # What is found and shown before anything is sent.

    def render(
        self, publication: Publication, segment: Segment, index: int, links: Permalinks
    ) -> RenderedSegment:
        """Return *segment* exactly as the board gets it."""
        text = text_of(segment.spans, links) + str(self.context.settings.get("signature", ""))
        pinned = {**publication.options, **segment.options}.get("pinned")
        options = {"pinned": True} if pinned is True else {}
        what = Rendered(index, segment.digest, text, options=options)
        return RenderedSegment(what, len(text), TEXT_MAX, "characters")

    def check(self, publication: Publication, links: Permalinks) -> list[Diagnostic]:
        """Find what the board would refuse; what it does not honour at all is found by ``capabilities``."""
        found: list[Diagnostic] = []
        for index, segment in enumerate(publication.segments):
            pinned = {**publication.options, **segment.options}.get("pinned", False)
            if not isinstance(pinned, bool):
                at = publication.key_locations.get("toy", segment.location)
                remedy = "Write pinned: true, or pinned: false."
                found.append(Diagnostic(at, "toy/pinned", "pinned is true or false.", remedy))
            over = self.render(publication, segment, index, links).count - TEXT_MAX
            if over > 0:
                problem = f"the noticeboard takes {TEXT_MAX} characters a note."
                remedy = f"Shorten it by {over}, or part it with a line that is only ---."
                found.append(Diagnostic(segment.location, "toy/text-too-long", problem, remedy))
        return found

    # What is read.

    def identify(self) -> Flow[Account]:
        """Read whose account the token opens."""
        asked_at = yield from now()
        found = yield from self._asked(retried(who, self.context.bounds, why="reading the account"))
        there = found.exchange.server_time
        ahead = (there - asked_at).total_seconds() if there is not None else None
        return Account("noticeboard.example", found.id, found.handle, "", ahead)

    def read_back(self, since: datetime, wanted: Sequence[Rendered] = ()) -> Flow[ReadBack]:
        """List own notes since *since*."""
        most = self.context.bounds.read_back_posts_max
        listed = retried(partial(notes, since, most), self.context.bounds, why="reading the board")
        found = yield from self._asked(listed)
        return ReadBack(since, tuple(map(observed, found)), complete=len(found) < most)

    def observe(self, remote_id: RemoteId) -> Flow[ObservedPost | None]:
        """Read one note; None where it is gone."""
        found = yield from retried(partial(note, remote_id), self.context.bounds, why="reading a note")
        if isinstance(found, Fault) and found.kind is FaultClass.GONE:
            return None
        return observed(self._taken(found))

    def locate(self, reference: str) -> Flow[ObservedPost | None]:
        """Find a note by its name or its address."""
        return self.observe(RemoteId(reference.removeprefix("id:").rpartition("/")[2]))

    def matches(self, rendered: Rendered, parent: RemoteId | None, post: ObservedPost) -> bool:
        """Whether *post* may be what publishing *rendered* made."""
        return post.text == rendered.text and post.parent == parent

    def unchanged(self, published: Published, post: ObservedPost) -> bool:
        """Whether *post* still says what it said."""
        return post.text == published.text

    def _asked(self, flow: Flow[T | Fault | Unanswered]) -> Flow[T]:
        return self._taken((yield from flow))

    def _taken(self, found: T | Fault | Unanswered) -> T:
        if isinstance(found, Fault):
            raise ApiError(found, where=str(self.context.target))
        if isinstance(found, Unanswered):
            raise found
        return found

    # What others see.

    def publish(self, work: Work) -> Flow[Result]:
        """Publish the job's segments, each under the one before it."""
        above = work.job.parent
        for what in work.job.segments:
            result = yield from self._put(work, what, above)
            if not isinstance(result, Published):
                return result
            above = result.remote_id
        return Applied()

    def _put(
        self, work: Work, what: Rendered, above: RemoteId | None
    ) -> Flow[Published | Refused | Uncertain]:
        """Put one note on the board, under the name that an earlier life gave it, if there was one."""
        bounds, before = self.context.bounds, _intent(work, what.index)
        if before is not None:
            found = yield from self._look(work, what, before.key)
            if found is not None:
                return found
        at = yield from now()
        name = before.key if before is not None else self._name(work, what, at)
        may_be_there = before is not None
        request = put_request(name, what.text, above, pinned=bool(what.options))
        for number in range(1, bounds.retry_attempts_max + 1):
            at = yield from now()
            covers = request.fingerprint()
            yield from record(Intent(work.address, what.index, what.digest, "publish", name, covers, at))
            answer = yield from attempt(_noted(request))
            match answer:
                case Note():
                    return (yield from self._receipt(work, what, answer, "receipt"))
                case Fault() if answer.kind is not FaultClass.TRANSIENT and not may_be_there:
                    yield from record(Settled(work.address, what.index, False, at))
                    return Refused(answer, what.index)
                case _:
                    may_be_there = may_be_there or not (isinstance(answer, Unanswered) and not answer.sent)
            yield from wait(delay_seconds(number, bounds), "the noticeboard to take a note")
            if may_be_there:
                found = yield from self._look(work, what, name)
                if found is not None:
                    return found
        if may_be_there:
            return (yield from self._doubt(work, what, "the noticeboard does not say whether it took it"))
        yield from record(Settled(work.address, what.index, False, at))
        remedy = "Check the connection, then run apply again."
        fault = Fault(FaultClass.TRANSIENT, "the noticeboard cannot be reached", remedy, "no-answer")
        return Refused(fault, what.index)

    def _look(self, work: Work, what: Rendered, name: str) -> Flow[Published | Uncertain | None]:
        """Read the note that an unanswered request was to make; None where it is not there."""
        found = yield from retried(partial(note, name), self.context.bounds, why="settling")
        match found:
            case Note():
                return (yield from self._receipt(work, what, found, "container"))
            case Fault(kind=FaultClass.GONE):
                return None
            case _:
                return (yield from self._doubt(work, what, f"the board cannot be read ({found.problem})"))

    def _receipt(self, work: Work, what: Rendered, made: Note, bound_by: str) -> Flow[Published]:
        published = Published(
            what.index, what.digest, RemoteId(made.name), what.text, made.at, made.url, bound_by=bound_by
        )
        yield from record(Receipt(work.address, published))
        return published

    def _doubt(self, work: Work, what: Rendered, why: str) -> Flow[Uncertain]:
        at = yield from now()
        yield from record(Doubted(work.address, what.index, why, at))
        return Uncertain(why, what.index)

    def _name(self, work: Work, what: Rendered, at: datetime) -> str:
        """Return what a note is called: nothing else ever is, so finding it proves that it is ours."""
        said = f"{self.context.project} {work.address} {what.index} {what.digest} {at.isoformat()}"
        return hashlib.sha256(said.encode()).hexdigest()[:24]

    def settle(self, work: Work) -> Flow[Result]:
        """Find out what became of the request in flight."""
        intents = [each for each in work.notes if isinstance(each, Intent)]
        if not intents:
            return Applied()
        last = intents[-1]
        if last.verb == "delete":
            if (yield from self.observe(RemoteId(last.key))) is None:
                at = yield from now()
                yield from record(Deleted(work.address, RemoteId(last.key), at))
            return Applied()
        what = next(each for each in work.job.segments if each.index == last.index)
        found = yield from self._look(work, what, last.key)
        at = yield from now()
        until = last.at + timedelta(seconds=self.context.bounds.publish_doubt_seconds)
        if found is None and at < until:
            yield from wait((until - at).total_seconds(), "a late effect of a lost request")
            found = yield from self._look(work, what, last.key)
        if found is None:
            yield from record(Settled(work.address, what.index, False, at))
        return found if isinstance(found, Uncertain) else Applied()

    def delete(self, work: Work, posts: tuple[Published, ...]) -> Flow[Result]:
        """Take *posts* down, in the order given."""
        for post in posts:
            result = yield from self._delete(work, post)
            if not isinstance(result, Applied):
                return result
        return Applied()

    def _delete(self, work: Work, post: Published) -> Flow[Result]:
        """Take one note down; asking again harms nobody, so it is asked until it is answered."""
        bounds, request = self.context.bounds, delete_request(post.remote_id)
        for number in range(1, bounds.retry_attempts_max + 1):
            at = yield from now()
            covers = request.fingerprint()
            yield from record(
                Intent(work.address, post.index, post.digest, "delete", post.remote_id, covers, at)
            )
            answer = yield from attempt(read_answer(request, refusal, lambda body, _: body.rest))
            match answer:
                case Fault(kind=FaultClass.TRANSIENT) | Unanswered():
                    yield from wait(delay_seconds(number, bounds), "the noticeboard to take a note down")
                case Fault(kind=kind) if kind is not FaultClass.GONE:
                    return Refused(answer, post.index)
                case _:
                    yield from record(Deleted(work.address, post.remote_id, at))
                    return Applied()
        return Uncertain("it may yet go: the noticeboard does not answer", post.index)


def _intent(work: Work, index: int) -> Intent | None:
    """Return the last intent to publish the segment *index* that nothing has settled."""
    mine = [each for each in work.notes if isinstance(each, Intent) and each.index == index]
    return next((each for each in reversed(mine) if each.verb == "publish"), None)
