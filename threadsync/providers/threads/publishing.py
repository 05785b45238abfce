"""Publishing one segment on Threads so that it is never published twice, and never lost.

    children (side by side) ──► container ──► FINISHED ──► intent on record ──► publish ──► receipt
                                    ▲                                             │ no answer, 5xx
                                    │ not there after all                         ▼
                                    └────────────────────────────────────────── settle

The container id is on record before it is published. A publish whose answer is lost is never
repeated: ``settle`` reads the container, which stays readable as PUBLISHED, and the account's own
posts (law 2). A new container is made only after the fate of the first one is known. Threads has no
idempotency key, and ``auto_publish_text`` is not used, because it leaves no container to ask.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypeAlias

from msgspec import Struct

from threadsync.errors import Unanswered
from threadsync.flows.bounds import Bounds
from threadsync.flows.core import attempt, now, wait
from threadsync.flows.effects import Flow
from threadsync.flows.retry import PASSING_OR_FRESH, delay_seconds, poll_seconds, retried, wait_left_seconds
from threadsync.model.facts import ObservedPost
from threadsync.model.fault import Fault, FaultClass
from threadsync.model.ids import RemoteId
from threadsync.model.journal import Intent, Published, Rendered, Staged
from threadsync.providers.base import Refused, Uncertain, Work
from threadsync.providers.threads import api_publishing as api
from threadsync.providers.threads import convert
from threadsync.providers.threads.listing import Listing, own_posts
from threadsync.providers.threads.recording import STORY, SegmentRecord
from threadsync.providers.threads.staging import (
    CONTAINER,
    AlreadyPublished,
    Container,
    Stager,
    container_name,
    unanswered,
)

ROUNDING = timedelta(seconds=2)
"""Threads' times are whole seconds, the container's and the post's each."""


class NotPublished(Struct, frozen=True):
    """The doubtful publish did not act; *container* still serves if it is given."""

    container: Container | None


Verdict: TypeAlias = Published | NotPublished | Uncertain


class SegmentPublisher(Struct, frozen=True):
    """The flows of one segment: *what* under *parent*, for *work*, within *bounds*."""

    work: Work
    what: Rendered
    parent: RemoteId | None
    bounds: Bounds

    @property
    def _record(self) -> SegmentRecord:
        return SegmentRecord(self.work, self.what, self.bounds)

    @property
    def _stager(self) -> Stager:
        return Stager(self.work, self.what, self.parent, self.bounds)

    def publish(self) -> Flow[Published | Refused | Uncertain]:
        """Publish the segment, going on after the last note of its earlier life."""
        staged = self._staged()
        container = staged.get(container_name(self.what, self.parent))
        if self._intent() is not None:
            verdict = yield from self.settle()
            if not isinstance(verdict, NotPublished):
                return verdict
            # One that was made under another parent would go live there.
            container = verdict.container if container is not None else None
        for rebuild in range(self.bounds.rebuilds_max + 1):
            ready = yield from self._stager.ready(container, staged if rebuild == 0 else {})
            match ready:
                case AlreadyPublished():
                    return (yield from self._found_live(ready.container))
                case Refused(fault=fault):
                    if fault.kind is not FaultClass.NOT_READY or rebuild == self.bounds.rebuilds_max:
                        return ready
                    container = None
                case Container():
                    result = yield from self._send(ready)
                    if not isinstance(result, NotPublished):
                        return result
                    container = result.container
        made = self.bounds.rebuilds_max + 1
        problem = f"Threads did not publish {made} containers that it called FINISHED"
        return self._stager.refused(
            Fault(FaultClass.NOT_READY, problem, "Run apply again later.", "not-found-yet")
        )

    # Publishing: what everybody sees.

    def _send(self, container: Container) -> Flow[Published | NotPublished | Refused | Uncertain]:
        """Publish *container*, each time under an intent of its own."""
        for number in range(1, self.bounds.retry_attempts_max + 1):
            yield from self._intend(container)
            answer = yield from attempt(api.publish_container(container.id))
            match answer:
                case api.Created():
                    at = answer.exchange.server_time or (yield from now())
                    made = RemoteId(answer.id)
                    story = answer.crossreshare_to_ig_status or ""
                    return (yield from self._receipt(made, container, at, "receipt", "", story))
                case Unanswered(sent=False):
                    yield from self._settled(reuse=True)
                    if number == self.bounds.retry_attempts_max:
                        return self._stager.refused(unanswered(answer))
                case Fault(kind=FaultClass.NOT_READY, status=status) if status < 500:
                    # 24/4279009 after FINISHED: a definite no that goes away; the container stays good.
                    yield from self._settled(reuse=True)
                    if number == self.bounds.retry_attempts_max:
                        return NotPublished(None)
                case Unanswered() | Fault(kind=FaultClass.TRANSIENT):
                    return (yield from self.settle(container))
                case Fault(status=status) if status >= 500:
                    # Seen with other codes than 1 and 2 while the post went live.
                    return (yield from self.settle(container))
                case Fault():
                    yield from self._settled(reuse=True)
                    return self._stager.refused(answer)
            yield from wait(delay_seconds(number, self.bounds), "Threads to see its own container")
            # What a second publish of a published container does is not documented: look first.
            ready = yield from self._stager.finished(container)
            match ready:
                case AlreadyPublished():
                    return (yield from self._found_live(container))
                case Refused(fault=Fault(kind=FaultClass.NOT_READY)):
                    return NotPublished(None)
                case Refused():
                    return ready
        raise AssertionError("a bound of at least one attempt ends the loop")

    def _intend(self, container: Container) -> Flow[None]:
        yield from self._record.intend(container.id, api.publish_request(container.id).fingerprint())

    def _settled(self, *, reuse: bool) -> Flow[None]:
        yield from self._record.settled(reuse=reuse)

    def _receipt(  # noqa: PLR0917  (what is known of a post that was made, or found)
        self,
        remote_id: RemoteId,
        container: Container,
        at: datetime,
        bound_by: str,
        permalink: str = "",
        story: str = "",
    ) -> Flow[Published | Uncertain]:
        wants_story = {"crossreshare_to_ig", "crossreshare_to_ig_dark_mode"} & {
            *convert.parameters_of(self.what)
        }
        published = Published(
            self.what.index,
            self.what.digest,
            remote_id,
            self.what.text,
            at,
            permalink,
            self.what.media,
            {CONTAINER: container.id, **({STORY: story} if wants_story else {})},
            bound_by,
        )
        return (yield from self._record.receipt(published))

    # Settling: what became of a publish whose answer was lost.

    def settle(self, container: Container | None = None) -> Flow[Verdict]:
        """Find out what the last intent did; publishes nothing. *container* defaults to the recorded one."""
        intended_at: datetime | None = None
        if container is None:
            container, intended_at = self._in_doubt()
        asked = container.id
        polls, waited, waited_out = 0, 0.0, False
        while True:
            status = yield from retried(
                lambda: api.container_status(asked), self.bounds, why="settling", on=PASSING_OR_FRESH
            )
            match status:
                case api.ContainerStatus(status="PUBLISHED"):
                    return (yield from self._published(container))
                case api.ContainerStatus(status="IN_PROGRESS"):
                    if waited >= self.bounds.poll_total_seconds:
                        return (yield from self._doubt("its container is still in progress"))
                    pause = poll_seconds(polls, self.bounds)
                    yield from wait(pause, "settling: its container to finish")
                    polls, waited = polls + 1, waited + pause
                    continue
                case Unanswered():
                    return (yield from self._doubt(f"its container cannot be read ({status.reason})"))
                case Fault(kind=FaultClass.GONE | FaultClass.NOT_READY) | api.ContainerStatus():
                    pass
                case Fault():
                    return (yield from self._doubt(f"its container cannot be read ({status.problem})"))
            if not waited_out:
                yield from self._wait_out(intended_at, status)
                waited_out = True
                continue
            reusable = isinstance(status, api.ContainerStatus) and status.status == "FINISHED"
            return (yield from self._unpublished(container if reusable else None, container))

    def _wait_out(self, intended_at: datetime | None, status: api.ContainerStatus | Fault) -> Flow[None]:
        """Let the time pass in which the doubtful publish may still take effect.

        *intended_at* is the time of an earlier run's intent; None for a publish of this run, for which no
        clock is asked.
        """
        left = self.bounds.publish_doubt_seconds
        if intended_at is not None:
            at = yield from now()
            there = status.exchange.server_time if isinstance(status, api.ContainerStatus) else None
            left = wait_left_seconds(intended_at, at, there, self.bounds)
        if left > 0:
            yield from wait(left, "settling: a publish without an answer may still take effect")

    def _found_live(self, container: Container) -> Flow[Published | Uncertain]:
        """A container that was thought unpublished is live: that is a doubtful publish like any other."""
        yield from self._intend(container)
        return (yield from self._published(container))

    def _published(self, container: Container) -> Flow[Published | Uncertain]:
        """The container is PUBLISHED, so the post is there: adopt the one match, or stay in doubt."""
        for look in range(self.bounds.settle_looks_max):
            found = yield from self._candidates(container.at)
            if isinstance(found, str):
                return (yield from self._doubt(found))
            if found:
                return (yield from self._adopt(found, container, "container"))
            if look + 1 < self.bounds.settle_looks_max:
                yield from wait(self.bounds.listing_lag_seconds, "settling: the post to be listed")
        return (
            yield from self._doubt("its container is published, and no post of the account matches it yet")
        )

    def _unpublished(self, reusable: Container | None, container: Container) -> Flow[Verdict]:
        """The container says it was not published: believe it after two looks at the account."""
        for look in range(2):
            found = yield from self._candidates(container.at)
            if isinstance(found, str):
                return (yield from self._doubt(found))
            if found:
                return (yield from self._adopt(found, container, "text"))
            if look == 0:
                yield from wait(self.bounds.listing_lag_seconds, "settling: looking at the account once more")
        yield from self._settled(reuse=reusable is not None)
        return NotPublished(reusable)

    def _adopt(
        self, found: Sequence[ObservedPost], container: Container, bound_by: str
    ) -> Flow[Published | Uncertain]:
        if len(found) > 1:
            why = f"{len(found)} posts of the account match it"
            return (yield from self._doubt(why, tuple(post.remote_id for post in found)))
        post = found[0]
        return (yield from self._receipt(post.remote_id, container, post.at, bound_by, post.permalink))

    def _candidates(self, made_at: datetime) -> Flow[list[ObservedPost] | str]:
        """Return own posts that may be this segment and are nobody's; or why they cannot be read."""
        since = made_at - ROUNDING
        listed = yield from own_posts(since, self.bounds, Listing.of(self.what, self.parent))
        match listed:
            case Fault():
                return f"the account cannot be read ({listed.problem})"
            case Unanswered():
                return f"the account cannot be read ({listed.reason})"
        bound = self.work.bound_ids()
        return [
            post
            for post in listed.posts
            if post.at >= since
            and post.remote_id not in bound
            and convert.matches(self.what, self.parent, post)
        ]

    def _doubt(self, why: str, candidates: tuple[RemoteId, ...] = ()) -> Flow[Uncertain]:
        return (yield from self._record.doubt(why, candidates))

    # What the notes say.

    def _intent(self) -> Intent | None:
        return self._record.last_intent()

    def _in_doubt(self) -> tuple[Container, datetime]:
        """Return the container that the last intent on record names, and when it was to be published."""
        intent = self._intent()
        assert intent is not None, "settle is asked about an intent"
        made = [n.at for n in self.work.notes if isinstance(n, Staged) and n.remote == intent.key]
        return Container(intent.key, made[-1] if made else intent.at), intent.at

    def _staged(self) -> dict[str, Container]:
        return {
            note.name: Container(note.remote, note.at)
            for note in self.work.notes
            if isinstance(note, Staged) and note.index == self.what.index and note.digest == self.what.digest
        }
