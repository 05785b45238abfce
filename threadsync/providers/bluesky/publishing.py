"""Publishing so that it is never done twice, and never lost: one write under keys that are known before.

    files, names, what is answered ──► records, on record ──► intent ──► put or applyWrites ──► receipts
                                                                ▲                 │ no answer, 5xx
                                                                └─── not there ◄──┴──► there: receipts

Every record is fixed, down to its last byte, before it is first sent, and so is what it will be called. So
the answer to *did it act?* is always to be had by reading the first of them: if it is there, it is ours; if
it is not, sending the same once more harms nobody (law 2). A chain with its gates is one commit: all of it,
or nothing. Where the key holds something that is not ours, the next key is taken.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from threadsync.errors import Unanswered
from threadsync.flows.bounds import Bounds
from threadsync.flows.core import attempt, now, record, wait
from threadsync.flows.effects import Flow, Request
from threadsync.flows.retry import delay_seconds, retried, wait_left_seconds
from threadsync.model.fault import Fault, FaultClass
from threadsync.model.ids import RemoteId
from threadsync.model.journal import Doubted, Intent, Published, Receipt, Settled
from threadsync.providers.base import Applied, ProviderContext, Refused, Result, Uncertain, Work
from threadsync.providers.bluesky import api_records, api_repo, api_sessions, tids
from threadsync.providers.bluesky.calls import call
from threadsync.providers.bluesky.faults import unanswered
from threadsync.providers.bluesky.preparing import Preparer, Segment
from threadsync.providers.bluesky.records import Composed
from threadsync.providers.bluesky.uris import AtUri, permalink_of

CID = "cid"
"""The id of a receipt that names the words of the record."""
GATES = "gates"
"""The id of a receipt that names the collections of the gates beside the post."""
UNANSWERED = "unanswered"
"""The id of a receipt that says when a write of the same went out that was never answered: it may act once
more after the post was taken down, so that has to wait."""


class NotThere(Struct, frozen=True):
    """The write did not act, and may be sent again."""


class KeyTaken(Struct, frozen=True):
    """Something that is not ours stands under the key."""


class Publisher(Struct, frozen=True):
    """The flows of one job: all of its segments, in one write."""

    work: Work
    context: ProviderContext

    @property
    def _bounds(self) -> Bounds:
        return self.context.bounds

    @property
    def _did(self) -> str:
        return self.work.account_id

    @property
    def _preparer(self) -> Preparer:
        return Preparer(self.work, self.context)

    def publish(self) -> Flow[Result]:
        """Publish the segments, going on after the last note of an earlier life."""
        if not self.work.job.segments:
            return Applied()  # all are live, and the run before this one died before it said so
        segments, keys_taken = self._preparer.staged(), 0
        intent = self._intent()
        asked_at = intent.at if intent is not None else None
        if intent is None:
            segments = segments if segments and self._preparer.fits(segments) else ()
        else:
            found = yield from self._look(segments)
            match found:
                case Published() | Uncertain() | Refused():
                    return (yield from self._ended(segments, found, asked_at))
                case KeyTaken():
                    yield from self._settled(reuse=False)
                    segments, keys_taken, asked_at = (), keys_taken + 1, None
                case NotThere():
                    pass  # sending the same once more harms nobody, whatever the first try still does
        for _ in range(self._bounds.rebuilds_max + 1):
            if not segments:
                prepared = yield from self._preparer.prepared(keys_taken)
                if isinstance(prepared, Refused):
                    return prepared
                segments = prepared
            yield from self._come(segments)
            result = yield from self._sent(segments, asked_at)
            if not isinstance(result, KeyTaken):
                return result
            yield from self._settled(reuse=False)
            segments, keys_taken, asked_at = (), keys_taken + 1, None
        fault = Fault(
            FaultClass.INVALID,
            f"{self._bounds.rebuilds_max + 1} keys hold records that are not ours",
            "Look at the account; another program may publish the same posts.",
            "record-changed",
        )
        return Refused(fault, self.work.job.segments[0].index)

    def settle(self) -> Flow[Result]:
        """Find out what became of the write in flight; writes nothing.

        Whoever asks may have other words for the post by now, under another key: so the time has to pass in
        which the write may still act.
        """
        segments, intent = self._preparer.staged(), self._intent()
        assert intent is not None, "settle is asked about an intent"
        found = yield from self._look(segments)
        if isinstance(found, NotThere):
            yield from wait_out(intent.at, self._bounds)
            found = yield from self._look(segments)
        match found:
            case NotThere() | KeyTaken():
                yield from self._settled(reuse=isinstance(found, NotThere))
                return Applied()
            case _:
                return (yield from self._ended(segments, found, intent.at))

    # Sending.

    def _come(self, segments: tuple[Segment, ...]) -> Flow[None]:
        """Wait for the time of the last post of a chain, which is up to a second ahead.

        Feeds sort by the earlier of a post's own time and that of its arrival, which all posts of one write
        share: a chain from the future would stand there in no order
        (https://docs.bsky.app/docs/advanced-guides/timestamps; seen with the AppView of the tests).
        """
        if len(segments) == 1:
            return
        at = yield from now()
        ahead_seconds = (tids.time_of(segments[-1].post.rkey) - at).total_seconds()
        if ahead_seconds > 0:
            yield from wait(min(ahead_seconds, tids.AHEAD_SECONDS_MAX), "the time of a chain's last post")

    def _sent(  # noqa: PLR0912  (one case an answer)
        self, segments: tuple[Segment, ...], asked_at: datetime | None
    ) -> Flow[Result | KeyTaken]:
        """Send one write until it is answered; *asked_at* is when one went out that may still act."""
        request = self._request(segments)
        sent_blobs_again = False
        for number in range(1, self._bounds.retry_attempts_max + 1):
            at = yield from self._intend(segments, request)
            answer = yield from attempt(call(request, lambda body, _: body.rest))
            match answer:
                case Fault(kind=FaultClass.NOT_READY) if not sent_blobs_again:
                    # Files that nothing refers to are thrown away after hours: this was interrupted for long.
                    if asked_at is None:
                        yield from self._settled(reuse=True)
                    blobs = yield from self._preparer.blobs(fresh=True)
                    if isinstance(blobs, Refused):
                        return blobs
                    sent_blobs_again = True
                    continue
                case Unanswered(sent=False):
                    pass
                case Unanswered() | Fault(kind=FaultClass.TRANSIENT) | Fault(row="record-changed"):
                    # Also the server's answer to a key that is taken: by us, or by others.
                    if isinstance(answer, Unanswered) or answer.kind is FaultClass.TRANSIENT:
                        asked_at = at
                    found = yield from self._look(segments)
                    if isinstance(found, KeyTaken):
                        return found
                    if not isinstance(found, NotThere):
                        return (yield from self._ended(segments, found, asked_at))
                case Fault():
                    return (yield from self._given_up(segments, answer, asked_at))
                case _:
                    return (yield from self._receipts(segments, "receipt", asked_at))
            if number == self._bounds.retry_attempts_max:
                fault = unanswered(answer) if isinstance(answer, Unanswered) else answer
                return (yield from self._given_up(segments, fault, asked_at))
            if asked_at is None:
                yield from self._settled(reuse=True)
            yield from wait(delay_seconds(number, self._bounds), "Bluesky to take a post")
        raise AssertionError("a bound of at least one attempt ends the loop")

    def _given_up(
        self, segments: tuple[Segment, ...], fault: Fault, asked_at: datetime | None
    ) -> Flow[Result]:
        """End after *fault*: refused, unless an earlier try may still act."""
        if asked_at is not None:
            why = f"a write was not answered and may still act ({fault.problem})"
            return (yield from self._doubt(segments[0], why))
        # Files that are there and still not found are others than the records name: a page's picture has
        # changed since. The next try composes them anew.
        yield from self._settled(reuse=fault.kind is not FaultClass.NOT_READY)
        return self._refused(fault)

    def _request(self, segments: tuple[Segment, ...]) -> Request:
        """Return the one write: of one record it may be repeated, of several it is all or nothing."""
        every = [each for segment in segments for each in segment.records]
        if len(every) == 1:
            one = every[0]
            return api_records.put_request(self._did, one.collection, one.rkey, one.value, swap_record=None)
        writes = [api_records.Create(each.collection, each.rkey, each.value) for each in every]
        return api_records.writes_request(self._did, writes)

    def _look(
        self, segments: tuple[Segment, ...]
    ) -> Flow[Published | NotThere | KeyTaken | Uncertain | Refused]:
        """Read the first record, and then all others: they were written together, or none was."""
        first = segments[0]
        found = yield from self._read(first.post)
        match found:
            case api_repo.Record(cid=cid, value=value):
                # The time is ours to the microsecond: so it is, if a server or a person changed its words.
                ours = cid == first.post.cid or value.get("createdAt") == first.post.value["createdAt"]
                # But what is on record already is another post of ours, of the same planned second.
                if not ours or RemoteId(str(self._uri(first))) in self.work.bound_ids():
                    return KeyTaken()
            case Fault(kind=FaultClass.GONE):
                pass
            case Fault() | Unanswered():
                return (yield from self._doubt(first, f"the account cannot be read ({found.problem})"))
        is_there = isinstance(found, api_repo.Record)
        unlike = yield from self._unlike(segments, is_there=is_there)
        if unlike:
            return (yield from self._doubt(first, unlike))
        return self._published(first, "container") if is_there else NotThere()

    def _unlike(self, segments: tuple[Segment, ...], *, is_there: bool) -> Flow[str]:
        """Say which record is not as the first one, there or not: nothing goes on from a part of a write."""
        _, *others = (each for segment in segments for each in segment.records)
        for each in others:
            found = yield from self._read(each)
            match found:
                case Unanswered():
                    return f"the account cannot be read ({found.problem})"
                case Fault(kind=kind) if kind is not FaultClass.GONE:
                    return f"the account cannot be read ({found.problem})"
                case _ if isinstance(found, api_repo.Record) is not is_there:
                    other = f"{each.collection}/{each.rkey}"
                    return f"only a part of it is there: {other} is{' not' if is_there else ''}"
                case _:
                    pass
        return ""

    def _read(self, composed: Composed) -> Flow[api_repo.Record | Fault | Unanswered]:
        make = partial(api_repo.get_record, self._did, composed.collection, composed.rkey)
        return retried(make, self._bounds, why="settling")

    def _doubt(self, first: Segment, why: str) -> Flow[Uncertain]:
        at = yield from now()
        yield from record(Doubted(self.work.address, first.what.index, why, at))
        return Uncertain(why, first.what.index)

    def _uri(self, segment: Segment) -> AtUri:
        return AtUri(self._did, segment.post.collection, segment.post.rkey)

    def _ended(
        self,
        segments: tuple[Segment, ...],
        found: Published | Uncertain | Refused,
        asked_at: datetime | None,
    ) -> Flow[Result]:
        if isinstance(found, Published):
            return (yield from self._receipts(segments, "container", asked_at))
        return found

    def _receipts(
        self, segments: tuple[Segment, ...], bound_by: str, asked_at: datetime | None
    ) -> Flow[Result]:
        """Put the receipts of all segments on record at once."""
        doubt = {UNANSWERED: asked_at.isoformat()} if asked_at is not None else {}
        published = [self._published(each, bound_by) for each in segments]
        notes = [Receipt(self.work.address, replace(each, ids={**each.ids, **doubt})) for each in published]
        yield from record(*notes)
        return Applied()

    def _published(self, segment: Segment, bound_by: str) -> Published:
        post, what = segment.post, segment.what
        gates = ",".join(each.collection for each in segment.records[1:])
        made = self._uri(segment)
        return Published(
            what.index,
            what.digest,
            RemoteId(str(made)),
            what.text,
            tids.time_of(post.rkey),
            permalink_of(made, what.reposts),
            what.media,
            {CID: post.cid, **({GATES: gates} if gates else {})},
            bound_by,
        )

    # What the notes say.

    def _intent(self) -> Intent | None:
        mine = [each for each in self.work.notes if isinstance(each, Intent) and each.verb == "publish"]
        return mine[-1] if mine else None

    def _intend(self, segments: tuple[Segment, ...], request: Request) -> Flow[datetime]:
        """Put on record that *request* goes out, and by what each segment can be found again.

        The first segment comes last, since it is the one that is looked for; and it alone covers the request,
        which goes out once for all of them.
        """
        at = yield from now()
        first, fingerprint = segments[0], request.fingerprint()
        notes = [
            Intent(
                self.work.address,
                each.what.index,
                each.what.digest,
                "publish",
                str(self._uri(each)),
                fingerprint if each is first else "",
                at,
            )
            for each in reversed(segments)
        ]
        yield from record(*notes)
        return at

    def _settled(self, *, reuse: bool) -> Flow[None]:
        at = yield from now()
        yield from record(Settled(self.work.address, self.work.job.segments[0].index, reuse, at))

    def _refused(self, fault: Fault) -> Refused:
        return Refused(fault, self.work.job.segments[0].index)


def wait_out(asked_at: datetime, bounds: Bounds) -> Flow[None]:
    """Let the time pass in which a write that went out at *asked_at* without an answer may still act."""
    server = yield from attempt(api_sessions.describe_server())
    there = None if isinstance(server, Fault | Unanswered) else server.exchange.server_time
    at = yield from now()
    left = wait_left_seconds(asked_at, at, there, bounds)
    if left > 0:
        yield from wait(left, "a write without an answer, which may still act")
