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

from functools import partial

from msgspec import Struct

from threadsync.errors import Unanswered
from threadsync.flows.bounds import Bounds
from threadsync.flows.core import attempt, now, record, wait
from threadsync.flows.effects import Flow, Request
from threadsync.flows.retry import delay_seconds, retried
from threadsync.model.fault import Fault, FaultClass
from threadsync.model.ids import RemoteId
from threadsync.model.journal import Doubted, Intent, Published, Receipt, Settled
from threadsync.providers.base import Applied, ProviderContext, Refused, Result, Uncertain, Work
from threadsync.providers.bluesky import api_records, api_repo, tids
from threadsync.providers.bluesky.calls import call
from threadsync.providers.bluesky.faults import unanswered
from threadsync.providers.bluesky.preparing import Preparer, Segment
from threadsync.providers.bluesky.uris import AtUri, permalink_of

CID = "cid"
"""The id of a receipt that names the words of the record."""
GATES = "gates"
"""The id of a receipt that names the collections of the gates beside the post."""


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
        segments, keys_taken = self._preparer.staged(), self._preparer.keys_taken()
        intent = self._intent()
        if segments and intent is not None:
            found = yield from self._look(segments)
            match found:
                case Published() | Uncertain() | Refused():
                    return (yield from self._ended(segments, found))
                case KeyTaken():
                    yield from self._settled(reuse=False)
                    segments, keys_taken = (), keys_taken + 1
                case NotThere():
                    yield from self._settled(reuse=True)
        for _ in range(self._bounds.rebuilds_max + 1):
            if not segments:
                prepared = yield from self._preparer.prepared(keys_taken)
                if isinstance(prepared, Refused):
                    return prepared
                segments = prepared
            yield from self._come(segments)
            result = yield from self._sent(segments)
            if not isinstance(result, KeyTaken):
                return result
            yield from self._settled(reuse=False)
            segments, keys_taken = (), keys_taken + 1
        fault = Fault(
            FaultClass.INVALID,
            f"{self._bounds.rebuilds_max + 1} keys hold records that are not ours",
            "Look at the account; another program may publish the same posts.",
            "record-changed",
        )
        return Refused(fault, self.work.job.segments[0].index)

    def settle(self) -> Flow[Result]:
        """Find out what became of the write in flight; writes nothing."""
        segments = self._preparer.staged()
        found = yield from self._look(segments)
        match found:
            case NotThere() | KeyTaken():
                yield from self._settled(reuse=isinstance(found, NotThere))
                return Applied()
            case _:
                return (yield from self._ended(segments, found))

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

    def _sent(self, segments: tuple[Segment, ...]) -> Flow[Result | KeyTaken]:
        request = self._request(segments)
        sent_blobs_again = False
        for number in range(1, self._bounds.retry_attempts_max + 1):
            yield from self._intend(segments, request)
            answer = yield from attempt(call(request, lambda body, _: body.rest))
            match answer:
                case Fault(kind=FaultClass.NOT_READY) if not sent_blobs_again:
                    # Files that nothing refers to are thrown away after hours: this was interrupted for long.
                    yield from self._settled(reuse=True)
                    blobs = yield from self._preparer.blobs(fresh=True)
                    if isinstance(blobs, Refused):
                        return blobs
                    sent_blobs_again = True
                    continue
                case Unanswered(sent=False):
                    yield from self._settled(reuse=True)
                    if number == self._bounds.retry_attempts_max:
                        return self._refused(unanswered(answer))
                case Unanswered() | Fault(kind=FaultClass.TRANSIENT) | Fault(row="record-changed"):
                    # Also the server's answer to a key that is taken: by us, or by others.
                    found = yield from self._look(segments)
                    match found:
                        case Published() | Uncertain() | Refused():
                            return (yield from self._ended(segments, found))
                        case KeyTaken():
                            return found
                        case NotThere():
                            yield from self._settled(reuse=True)
                            if number == self._bounds.retry_attempts_max:
                                fault = unanswered(answer) if isinstance(answer, Unanswered) else answer
                                return self._refused(fault)
                case Fault():
                    # Files that are there and still not found are others than the records name: a page's
                    # picture has changed since. The next try composes them anew.
                    yield from self._settled(reuse=answer.kind is not FaultClass.NOT_READY)
                    return self._refused(answer)
                case _:
                    return (yield from self._receipts(segments, "receipt"))
            yield from wait(delay_seconds(number, self._bounds), "Bluesky to take a post")
        raise AssertionError("a bound of at least one attempt ends the loop")

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
        """Read the first record: it was written with all others, or none was."""
        first = segments[0]
        found = yield from retried(
            partial(api_repo.get_record, self._did, first.post.collection, first.post.rkey),
            self._bounds,
            why="settling",
        )
        match found:
            case api_repo.Record(cid=cid, value=value):
                # The time is ours to the microsecond: so it is, if a server or a person changed its words.
                ours = cid == first.post.cid or value.get("createdAt") == first.post.value["createdAt"]
                made = self._published(first, "container")
                # What is bound is what this one replaces, within the second or the hour that both are of.
                return made if ours and made.remote_id not in self.work.bound_ids() else KeyTaken()
            case Fault(kind=FaultClass.GONE):
                return NotThere()
            case Fault():
                why = f"the account cannot be read ({found.problem})"
            case Unanswered():
                why = f"the account cannot be read ({found.reason})"
        at = yield from now()
        yield from record(Doubted(self.work.address, first.what.index, why, at))
        return Uncertain(why, first.what.index)

    def _ended(self, segments: tuple[Segment, ...], found: Published | Uncertain | Refused) -> Flow[Result]:
        if isinstance(found, Published):
            return (yield from self._receipts(segments, "container"))
        return found

    def _receipts(self, segments: tuple[Segment, ...], bound_by: str) -> Flow[Result]:
        """Put the receipts of all segments on record at once."""
        notes = [Receipt(self.work.address, self._published(each, bound_by)) for each in segments]
        yield from record(*notes)
        return Applied()

    def _published(self, segment: Segment, bound_by: str) -> Published:
        post, what = segment.post, segment.what
        gates = ",".join(each.collection for each in segment.records[1:])
        made = AtUri(self._did, post.collection, post.rkey)
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

    def _intend(self, segments: tuple[Segment, ...], request: Request) -> Flow[None]:
        at = yield from now()
        first = segments[0]
        key = str(AtUri(self._did, first.post.collection, first.post.rkey))
        yield from record(
            Intent(
                self.work.address,
                first.what.index,
                first.what.digest,
                "publish",
                key,
                request.fingerprint(),
                at,
            )
        )

    def _settled(self, *, reuse: bool) -> Flow[None]:
        at = yield from now()
        yield from record(Settled(self.work.address, self.work.job.segments[0].index, reuse, at))

    def _refused(self, fault: Fault) -> Refused:
        return Refused(fault, self.work.job.segments[0].index)
