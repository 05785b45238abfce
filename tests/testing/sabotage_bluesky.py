"""Safeguards of Bluesky: keys and records that are fixed, one write, a look before a no (law 2)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

from msgspec.structs import replace

from tests.testing.sabotage import Safeguard, Story, cases
from tests.testing.sabotage_record import on_disk
from threadsync.execution.guard import Guard
from threadsync.flows.core import now
from threadsync.flows.effects import Flow, Request
from threadsync.flows.retry import retried
from threadsync.model.facts import ObservedPost
from threadsync.model.ids import Address, RemoteId
from threadsync.providers.base import Work
from threadsync.providers.bluesky import api_records, api_repo, tids
from threadsync.providers.bluesky.preparing import Preparer, Segment
from threadsync.providers.bluesky.publishing import KeyTaken, NotThere, Publisher
from threadsync.testing.disk import When
from threadsync.testing.troubles import Death, Moment, NetworkFault, Trouble

PUBLISHING = "threadsync.providers.bluesky.publishing"
PUBLISHER = f"{PUBLISHING}.Publisher"
PREPARER = "threadsync.providers.bluesky.preparing.Preparer"
USE = "threadsync.execution.guard.Guard.use"
LOOKALIKES = "threadsync.execution.gathering.Gatherer._lookalikes"
WRITES = ("putRecord", "applyWrites")


def writing(moment: Moment) -> bool:
    """Whether records are written just then."""
    return moment.what.endswith(WRITES)


def strikes(*troubles: Trouble) -> Callable[[Moment], list[Trouble]]:
    """Return the same troubles for every moment."""
    return lambda _: list(troubles)


def at_writes(name: str, *troubles: Trouble) -> Story:
    """Tell a shape with each of *troubles* at each of its writes."""
    return cases(name, writing, strikes(*troubles))


LOST = NetworkFault("answer-lost")
SLOW = NetworkFault("slow", 1.0)
LATE = NetworkFault("acts-late", 60.0)
DIES = Death(When.AFTER)
_put = api_records.put_request


def swaps_nothing(*args: str, **options: object) -> Request:
    """A put that takes whatever is there."""
    repo, collection, rkey, value = args
    return _put(repo, collection, rkey, value)  # type: ignore[arg-type]


_chosen = tids.chosen


def counts_no_generations(
    project: str, address: Address, _: int, index: int, at: datetime
) -> tuple[str, datetime]:
    """A choice of keys that always comes to the same one."""
    return _chosen(project, address, 0, index, at)


def takes_all_for_ours(self: Publisher, segments: tuple[Segment, ...]) -> Flow[object]:
    """A look that minds the key alone."""
    first = segments[0]
    found = yield from retried(
        partial(api_repo.get_record, self._did, first.post.collection, first.post.rkey), self._bounds, why=""
    )
    return self._published(first, "container") if isinstance(found, api_repo.Record) else NotThere()


def takes_ours_for_others(self: Publisher, segments: tuple[Segment, ...]) -> Flow[object]:
    """A look that never knows its own record again."""
    first = segments[0]
    found = yield from retried(
        partial(api_repo.get_record, self._did, first.post.collection, first.post.rkey), self._bounds, why=""
    )
    return KeyTaken() if isinstance(found, api_repo.Record) else NotThere()


def writes_the_first(self: Publisher, segments: tuple[Segment, ...]) -> Request:
    """A publisher that writes one record at a time, and takes the first for all."""
    one = segments[0].post
    return api_records.put_request(self._did, one.collection, one.rkey, one.value, swap_record=None)


def minds_the_first(_: Publisher, __: tuple[Segment, ...], *, is_there: bool) -> Flow[str]:
    """A look that takes the first record for all of them."""
    yield from ()
    return ""


def intends_nothing(_: Publisher, __: tuple[Segment, ...], ___: Request) -> Flow[datetime]:
    """A publisher that puts nothing on record before it sends."""
    return (yield from now())


def lets_all_through(_: Guard, __: str, ___: Request) -> float:
    """A guard that takes every request for one that was intended just now."""
    return float("inf")


def fits_nothing(_: Preparer, __: tuple[Segment, ...]) -> bool:
    """A preparer that composes anew whatever is on record."""
    return False


def finds_none(*_: object) -> dict[Address, tuple[ObservedPost, ...]]:
    """A reading back that recognises nothing."""
    return {}


def minds_no_words(_: Preparer, __: tuple[Segment, ...]) -> bool:
    """A preparer to which what is on record is always what is wanted."""
    return True


def has_no_posts(_: Preparer, __: int, ___: datetime) -> bool:
    """A preparer that does not ask which keys our own posts have."""
    return False


_bound: Callable[[], frozenset[RemoteId]] = frozenset
_look = Publisher._look


def looks_at_bound_posts(self: Publisher, segments: tuple[Segment, ...]) -> Flow[object]:
    """A look to which a post that is on record is what was just sent."""
    work = Work(
        self.work.address, self.work.job, self.work.notes, _bound, self.work.live, self.work.account_id
    )
    return (yield from _look(Publisher(work, self.context), segments))


def waits_for_nothing(*_: object) -> Flow[None]:
    """A doubt that is over at once."""
    yield from ()


_reply = Preparer._reply


def hangs_on_what_is_bound(self: Preparer) -> Flow[object]:
    """A preparer to which the last bound segment is the one above, also of a post that is replaced."""
    live = self.work.live
    job = replace(self.work.job, parent=live[-1].remote_id) if live else self.work.job
    return (yield from _reply(Preparer(replace(self.work, job=job), self.context)))


BLUESKY = (
    Safeguard(
        "a put makes a record and changes none",
        2,
        ({f"{PUBLISHING}.api_records.put_request": swaps_nothing},),
        at_writes("bluesky-key-taken", SLOW),
        "lost",
    ),
    Safeguard(
        "a record under our key is ours by its CID and time",
        2,
        ({f"{PUBLISHER}._look": takes_all_for_ours},),
        at_writes("bluesky-key-taken", SLOW),
        "lost",
    ),
    Safeguard(
        "our own record is known again",
        2,
        ({f"{PUBLISHER}._look": takes_ours_for_others},),
        at_writes("bluesky-text", LOST),
        "duplicate",
    ),
    Safeguard(
        "a taken key leads to the next generation",
        2,
        ({"threadsync.providers.bluesky.tids.chosen": counts_no_generations},),
        at_writes("bluesky-key-taken", SLOW),
        "never done",
    ),
    Safeguard(
        "a chain is one write",
        2,
        ({f"{PUBLISHER}._request": writes_the_first},),
        at_writes("bluesky-chain", SLOW),
        "lost",
    ),
    Safeguard(
        "a chain is there when all of it is",
        2,
        ({f"{PUBLISHER}._request": writes_the_first, f"{PUBLISHER}._unlike": minds_the_first},),
        at_writes("bluesky-chain", LOST),
        "lost",
    ),
    Safeguard(
        "an intent before each put",
        1,
        (
            {f"{PUBLISHER}._intend": intends_nothing, USE: lets_all_through},
            {f"{PREPARER}.fits": fits_nothing},
            {LOOKALIKES: finds_none},
        ),
        at_writes("bluesky-text", DIES),
        "duplicate",
    ),
    Safeguard(
        "what is on record goes out as it is wanted now",
        2,
        ({f"{PREPARER}.fits": minds_no_words},),
        cases("bluesky-edited", on_disk, strikes(DIES)),
        "stays up",
    ),
    Safeguard(
        "what is planned for one second has two keys",
        2,
        ({f"{PREPARER}._is_ours": has_no_posts}, {f"{PUBLISHER}._look": looks_at_bound_posts}),
        at_writes("bluesky-planned-replace", SLOW),
        "lost",
    ),
    Safeguard(
        "what may still act is waited for",
        2,
        (
            {
                f"{PUBLISHING}.wait_out": waits_for_nothing,
                "threadsync.providers.bluesky.deleting.wait_out": waits_for_nothing,
            },
        ),
        at_writes("bluesky-edited", LATE),
        "stays up",
    ),
    Safeguard(
        "a new post hangs where the job says",
        3,
        ({f"{PREPARER}._reply": hangs_on_what_is_bound},),
        at_writes("bluesky-replace", SLOW),
        "out of order",
    ),
)
