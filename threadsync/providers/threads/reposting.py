"""Reposting on Threads: one visible call without a container, which the network refuses a second time.

An account can repost a post once, so asking twice makes no second one; still a call whose answer is lost is
settled by looking before it is repeated. The repost is found again by what it reposts.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from threadsync.errors import Unanswered
from threadsync.flows.bounds import Bounds
from threadsync.flows.core import attempt, now, wait
from threadsync.flows.effects import Flow
from threadsync.flows.retry import delay_seconds, wait_left_seconds
from threadsync.model.facts import ObservedPost
from threadsync.model.fault import Fault, FaultClass
from threadsync.model.ids import RemoteId
from threadsync.model.journal import Published, Rendered
from threadsync.providers.base import Refused, Uncertain, Work
from threadsync.providers.threads import api_publishing as api
from threadsync.providers.threads import convert
from threadsync.providers.threads.listing import Listing, own_posts
from threadsync.providers.threads.publishing import NotPublished, Verdict
from threadsync.providers.threads.recording import SegmentRecord
from threadsync.providers.threads.staging import unanswered

_TWICE = Fault(
    FaultClass.INVALID,
    "the account reposts it already, as another publication of this project",
    "An account reposts a post once: remove one of the two, or take republish: true out of the new one.",
    "twice",
)


def key_of(original: RemoteId) -> str:
    """Return the key of an intent by which its repost is found again."""
    return f"repost of {original}"


class RepostPublisher(Struct, frozen=True):
    """The flows of one repost: *what*, for *work*, within *bounds*."""

    work: Work
    what: Rendered
    bounds: Bounds

    @property
    def _record(self) -> SegmentRecord:
        return SegmentRecord(self.work, self.what, self.bounds)

    @property
    def _original(self) -> RemoteId:
        assert self.what.reposts is not None, "a repost names its original"
        return self.what.reposts

    def publish(self) -> Flow[Published | Refused | Uncertain]:
        """Repost, going on after the last note of an earlier life."""
        if self._record.last_intent() is not None:
            verdict = yield from self.settle()
            if not isinstance(verdict, NotPublished):
                return verdict
        fault = Fault(FaultClass.TRANSIENT, "Threads does not answer", "Run apply again later.", "no-answer")
        for number in range(1, self.bounds.retry_attempts_max + 1):
            covers = api.repost_request(self._original).fingerprint()
            yield from self._record.intend(key_of(self._original), covers)
            answer = yield from attempt(api.repost_media(self._original))
            match answer:
                case api.Created():
                    at = answer.exchange.server_time or (yield from now())
                    return (yield from self._receipt(RemoteId(answer.id), "receipt", at=at))
                case Fault(kind=FaultClass.ALREADY_DONE):
                    return (yield from self._already())
                case Unanswered(sent=False):
                    yield from self._record.settled(reuse=True)
                    fault = unanswered(answer)
                case Fault(kind=FaultClass.NOT_READY, status=status) if status < 500:
                    yield from self._record.settled(reuse=True)
                    fault = answer
                case Fault(kind=kind, status=status) if status < 500 and kind is not FaultClass.TRANSIENT:
                    yield from self._record.settled(reuse=True)
                    return self._refused(answer)
                case Fault() | Unanswered():
                    verdict = yield from self._settle(self.bounds.publish_doubt_seconds)
                    if not isinstance(verdict, NotPublished):
                        return verdict
                    fault = unanswered(answer) if isinstance(answer, Unanswered) else answer
            if number < self.bounds.retry_attempts_max:
                yield from wait(delay_seconds(number, self.bounds), "Threads to see the post")
        return self._refused(fault)

    def settle(self) -> Flow[Verdict]:
        """Find out what the last intent did; publishes nothing."""
        intent = self._record.last_intent()
        assert intent is not None, "settle is asked about an intent"
        at = yield from now()
        return (yield from self._settle(wait_left_seconds(intent.at, at, None, self.bounds)))

    def _settle(self, wait_seconds: float) -> Flow[Verdict]:
        found = yield from self._look()
        if found is None and wait_seconds > 0:
            yield from wait(wait_seconds, "settling: a repost without an answer may still take effect")
        for look in range(2):
            found = found or (yield from self._look())
            if found is not None and not self._is_bound(found):
                return (yield from self._adopted(found))
            if look == 0:
                yield from wait(self.bounds.listing_lag_seconds, "settling: looking at the account once more")
        yield from self._record.settled(reuse=True)
        return NotPublished(None)

    def _already(self) -> Flow[Published | Refused | Uncertain]:
        """The account reposts it already: bind that repost, unless another publication holds it."""
        for look in range(self.bounds.settle_looks_max):
            found = yield from self._look()
            if self._is_bound(found):
                yield from self._record.settled(reuse=True)
                return self._refused(_TWICE)
            if found is not None:
                return (yield from self._adopted(found))
            if look + 1 < self.bounds.settle_looks_max:
                yield from wait(self.bounds.listing_lag_seconds, "settling: the repost to be listed")
        why = "Threads says that the account reposts it already, and no list shows that repost"
        return (yield from self._record.doubt(why))

    def _adopted(self, found: ObservedPost | str) -> Flow[Published | Uncertain]:
        if isinstance(found, str):
            return (yield from self._record.doubt(found))
        return (yield from self._receipt(found.remote_id, "text", at=found.at, permalink=found.permalink))

    def _receipt(
        self, remote_id: RemoteId, bound_by: str, *, at: datetime, permalink: str = ""
    ) -> Flow[Published | Uncertain]:
        what = self.what
        made = Published(what.index, what.digest, remote_id, "", at, permalink, bound_by=bound_by)
        return (yield from self._record.receipt(made))

    def _refused(self, fault: Fault) -> Refused:
        return Refused(fault, self.what.index)

    def _is_bound(self, found: ObservedPost | str | None) -> bool:
        return isinstance(found, ObservedPost) and found.remote_id in self.work.bound_ids()

    def _look(self) -> Flow[ObservedPost | str | None]:
        """Return the account's repost, or why its posts cannot be read.

        All of them are read: whether a repost is listed with its own time is not documented.
        """
        listed = yield from own_posts(convert.EPOCH, self.bounds, Listing.POSTS)
        match listed:
            case Fault():
                return f"the account cannot be read ({listed.problem})"
            case Unanswered():
                return f"the account cannot be read ({listed.reason})"
        return next((post for post in listed.posts if convert.matches(self.what, None, post)), None)
