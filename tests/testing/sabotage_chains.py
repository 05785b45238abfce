"""Safeguards of receipts, of chains and of what depends on another post (laws 1, 2 and 3)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from tests.testing.sabotage import (
    LOOK,
    PUBLISH,
    UNLISTED_SECONDS,
    WORDS,
    Safeguard,
    Scene,
    Story,
    cases,
    ended,
    live,
    steps,
)
from threadsync.errors import ApiError
from threadsync.execution.carrying import Carrier
from threadsync.flows.bounds import Bounds
from threadsync.flows.core import record
from threadsync.flows.effects import Flow
from threadsync.model.fault import Fault
from threadsync.model.ids import Address, RemoteId, TargetName
from threadsync.model.journal import Note, Published
from threadsync.model.ledger import Ledger
from threadsync.model.post import Reference
from threadsync.model.state import Binding, Open
from threadsync.planning.actions import Action, Effective
from threadsync.planning.inputs import Wanted
from threadsync.planning.planner import _Planner
from threadsync.providers.base import Applied, Result, Uncertain, Work
from threadsync.providers.threads.deleting import Deleter, look
from threadsync.providers.threads.publishing import SegmentPublisher
from threadsync.providers.threads.staging import Container
from threadsync.statefile.pending import Pending
from threadsync.testing.desk import Desk
from threadsync.testing.disk import When
from threadsync.testing.judge import LINK, Expected
from threadsync.testing.shape import chain
from threadsync.testing.shapes import FIVE
from threadsync.testing.troubles import Death, Moment, NetworkFault, Trouble, Unreachable

PLANNER = "threadsync.planning.planner._Planner"
EXECUTOR = "threadsync.execution.executor"
PROVIDER = "threadsync.providers.threads.provider"
DELETER = "threadsync.providers.threads.deleting.Deleter"
HOLDER = "threadsync.statefile.pending.Pending._holder_of_a_claim"
BIND = "threadsync.model.ledger.Ledger._bind"
CARRIER = "threadsync.execution.carrying.Carrier"
SEGMENT = "threadsync.providers.threads.publishing.SegmentPublisher"


def keeps_no_receipt(
    self: SegmentPublisher, remote_id: RemoteId, container: Container, at: datetime, *_: str
) -> Flow[Published | Uncertain]:
    """A publisher that puts no receipt on record."""
    yield from record()
    what = self.what
    return Published(what.index, what.digest, remote_id, what.text, at, "", what.media)


def unlisted(desk: Desk) -> list[str]:
    """A post does not show in any list for hours, and nothing goes wrong."""
    world = Scene(desk=desk)
    world.switch(listing_lag_seconds=UNLISTED_SECONDS)
    world.post("a", WORDS)
    world.apply()
    return ended(world, live((WORDS,)))


def starts_over(self: _Planner, wanted: Wanted, binding: Binding, unfinished: Open | None) -> Action:
    """A planner that publishes an interrupted chain from its start."""
    if unfinished is not None and unfinished.job.verb == "create":
        return self._create(wanted, unfinished)
    return _bound(self, wanted, binding, unfinished)


_bound = _Planner._bound


def hangs_all_under_the_first(work: Work, bounds: Bounds) -> Flow[Result]:
    """Publishing a chain whose segments do not wait to learn what the one before them became."""
    parent, live = work.job.parent, work.live
    for what in work.job.segments:
        result = yield from SegmentPublisher(replace(work, live=live), what, parent, bounds).publish()
        if not isinstance(result, Published):
            return result
        parent, live = parent or result.remote_id, (*live, result)
    return Applied()


def waits_for_nobody(actions: tuple[Effective, ...]) -> dict[Address, set[Address]]:
    """Actions that begin without those they depend on."""
    return {action.address: set() for action in actions}


def fills_in_nothing(_: Carrier, address: Address) -> str:
    """A text that goes out without the link that it needs."""
    return ""


_remote_id = Carrier._remote_id


def names_nothing(
    self: Carrier, reference: Reference | None, target: TargetName, how: str
) -> RemoteId | None:
    """A post that goes out although the one that it replies to or quotes is not known."""
    try:
        return _remote_id(self, reference, target, how)
    except ApiError:
        return None


def a_quote_in_one_go(desk: Desk) -> list[str]:
    """A post and a quote of it are new in one plan."""
    world = Scene(desk=desk)
    world.post("z", "What is quoted")
    world.post("a", "Look at it", quote="z")
    world.apply()
    said = Expected(
        {"main": (("What is quoted",), ("Look at it",))}, carries={"Look at it": "quotes: What is quoted"}
    )
    return ended(world, said)


def a_reply_in_one_go(desk: Desk) -> list[str]:
    """A post and a reply to it are new in one plan."""
    world = Scene(desk=desk)
    world.post("z", "What is replied to")
    world.post("a", "A reply to it", reply_to="z")
    world.apply()
    expected = live(("What is replied to",), ("A reply to it",))
    return ended(world, replace(expected, parents={"A reply to it": "What is replied to"}))


def a_link_in_one_go(desk: Desk) -> list[str]:
    """A post and a link to it are new in one plan, on two targets."""
    world = Scene(desk=desk)
    world.post("z", "Where it all is")
    world.post("a", "Read {{ links['z@threads/main'] }}", targets="threads/brand")
    world.script = steps((LOOK, Unreachable()))
    world.apply()
    return ended(world, live(("Where it all is",), brand=((f"Read {LINK}",),)))


def alike_in_doubt(first: str, second: str) -> Story:
    """Return the story of two posts that match each other, of which one acts and one does not."""

    def told(desk: Desk) -> list[str]:
        world = Scene(desk=desk)
        world.switch(published_readable_seconds=0.0)
        world.post("a", first)
        world.post("b", second)
        lost = ("answer-lost", "request-lost") if first.startswith("#") else ("request-lost", "answer-lost")
        world.script = steps(*((PUBLISH, NetworkFault(fault)) for fault in lost))
        world.apply()
        return ended(world, live((first,), (second,)))

    return told


def code_24_is_gone(self: Deleter, remote_id: RemoteId) -> Flow[bool]:
    """A provider to which a post that is not found now is gone."""
    seen = yield from look(remote_id, self.bounds)
    return isinstance(seen, Fault)


def not_found_now(desk: Desk) -> list[str]:
    """A deletion is lost, and the live post is not found for a while."""
    world = Scene(desk=desk)
    world.post("a", WORDS)
    world.apply()
    world.post("a", WORDS, withdraw="true")
    lost, not_found = NetworkFault("request-lost"), NetworkFault("media-not-found")
    world.script = lambda moment: (
        lost if "DELETE" in moment.what else not_found if LOOK in moment.what else None
    )
    world.apply()
    return ended(world, live(taken_down=(WORDS,)))


def finds_no_holder(_: Pending, notes: Sequence[Note]) -> Address | None:
    """A session that lets two addresses claim one post."""
    return None


def binds_what_is_bound(self: Ledger, binding: Binding) -> None:
    """A ledger that does not mind two holders of one post."""
    self._unbind(binding.address)
    self.bindings[binding.address] = binding
    for remote_id in binding.remote_ids:
        self._holders[binding.address.target, remote_id] = binding.address


def is_publish(moment: Moment) -> bool:
    """Whether something is published just then."""
    return PUBLISH in moment.what


def dies_after(_: Moment) -> list[Trouble]:
    """The process dies when the network has acted."""
    return [Death(When.AFTER)]


def a_chain(desk: Desk) -> list[str]:
    """A chain, and nothing goes wrong."""
    world = Scene(desk=desk)
    world.post("a", chain(*FIVE))
    world.apply()
    return ended(world, live(FIVE))


CHAINS = (
    Safeguard("receipt on record", 1, ({f"{SEGMENT}._receipt": keeps_no_receipt},), unlisted, "duplicate"),
    Safeguard(
        "a chain resumes where it stopped",
        3,
        ({f"{PLANNER}._bound": starts_over},),
        cases("chain", is_publish, dies_after),
        "published",
    ),
    Safeguard(
        "a parent is confirmed before its child",
        3,
        ({f"{PROVIDER}.publish_all": hangs_all_under_the_first},),
        a_chain,
        "out of order",
    ),
    Safeguard(
        "a reply waits for its parent",
        3,
        ({f"{EXECUTOR}.dependencies": waits_for_nobody}, {f"{CARRIER}._remote_id": names_nothing}),
        a_reply_in_one_go,
        "out of order",
    ),
    Safeguard(
        "a quote waits for what it quotes",
        3,
        ({f"{EXECUTOR}.dependencies": waits_for_nobody}, {f"{CARRIER}._remote_id": names_nothing}),
        a_quote_in_one_go,
        "wrong kind",
    ),
    Safeguard(
        "no text goes out without its link",
        3,
        ({f"{CARRIER}._permalink": fills_in_nothing},),
        a_link_in_one_go,
        "lost",
    ),
    Safeguard(
        "what matches goes one after the other",
        2,
        ({f"{EXECUTOR}.dependencies": waits_for_nobody},),
        alike_in_doubt(WORDS, f"#{WORDS}"),
        "duplicate",
    ),
    Safeguard(
        "one holder a post",
        2,
        (
            {f"{EXECUTOR}.dependencies": waits_for_nobody},
            {HOLDER: finds_no_holder, BIND: binds_what_is_bound},
        ),
        alike_in_doubt(f"#{WORDS}", WORDS),
        "lost",
    ),
    Safeguard(
        "only what is read as gone is gone",
        2,
        ({f"{DELETER}._is_gone": code_24_is_gone},),
        not_found_now,
        "stays up",
    ),
)
