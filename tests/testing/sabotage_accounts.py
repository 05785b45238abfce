"""Safeguards of what is read before anything is sent: whose account it is, what is there (laws 4, 7, 8)."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from tests.testing.sabotage import (
    DAY,
    OTHER,
    PUBLISH,
    WORDS,
    Safeguard,
    Scene,
    ended,
    finds_none,
    finds_nothing,
    judged,
    live,
    on,
    told,
)
from threadsync.execution.gathering import READ_BACK_MARGIN, Gatherer
from threadsync.flows.core import now
from threadsync.flows.effects import Flow
from threadsync.model.facts import Account, Facts, TargetFacts
from threadsync.model.ids import TargetName
from threadsync.model.state import State
from threadsync.operations.asking import Question
from threadsync.planning import readiness
from threadsync.planning.actions import Blocked, Create, Delete, Extend, Replace
from threadsync.planning.inputs import Consents
from threadsync.sandbox.threads import account_id
from threadsync.testing.casts import PROJECT
from threadsync.testing.disk import When
from threadsync.testing.troubles import Death, NetworkFault, nothing

READINESS = "threadsync.planning.readiness"
GATHERER = "threadsync.execution.gathering.Gatherer"
UNDECLARED = PROJECT.replace("account: main, ", "").replace("account: brand, ", "")
SECOND_NAME = PROJECT.replace("threads/brand: {account: brand", "threads/other: {account: main")
BY_ID = SECOND_NAME.replace(
    "threads/other: {account: main", f"threads/other: {{account: '{account_id('main')}'"
)
RENAMED = SECOND_NAME.replace("threads/main: {account: main", "threads/spare: {account: brand")
NARROW = PROJECT.replace("account: main,", "account: main, bounds: {read_back_posts_max: 1},")


class Agreeable:
    """A person who says yes to whatever is asked."""

    def confirm(self, question: Question) -> bool:
        """Say yes."""
        return True


# Whose account it is (law 7).


def swapped(world: Scene) -> list[str]:
    """A target is an account since its first apply, and its credential opens another one today."""
    world.tokens = {"threads/main": "main"}
    world.post("a", WORDS)
    world.apply(person=Agreeable())
    world.tokens = {"threads/main": "brand"}
    world.post("b", OTHER)
    world.apply(person=Agreeable())
    return judged(world, live((WORDS,)))


def not_as_declared(world: Scene) -> list[str]:
    """The credential opens another account than the project declares."""
    world.tokens = {"threads/main": "brand"}
    world.post("a", WORDS)
    world.apply()
    return judged(world, live())


def unconfirmed(world: Scene) -> list[str]:
    """Nobody has said whose account it is, and nobody is there to ask."""
    world.tokens = {"threads/main": "main"}
    world.post("a", WORDS)
    world.apply()
    return judged(world, live())


def target_renamed(world: Scene) -> list[str]:
    """A target gets another name, when its posts are older than what is read back."""
    world.post("a", WORDS)
    world.apply()
    world.clock.sleep(100 * DAY)
    world.calm()
    world.project = RENAMED
    world.post("a", WORDS, targets="threads/other", backfill="true")
    world.apply()
    return judged(world, live((WORDS,)))


def one_account_twice(world: Scene) -> list[str]:
    """Two targets are declared to be the same account, and a post goes to both."""
    world.post("a", WORDS, targets="threads/main, threads/other")
    world.apply()
    return judged(world, live())


def one_account_undeclared(world: Scene) -> list[str]:
    """Two targets turn out to be one account, and a person says yes to each."""
    world.tokens = {"threads/main": "main", "threads/brand": "main"}
    world.post("a", WORDS, targets="threads/main, threads/brand")
    world.apply(person=Agreeable())
    return judged(world, live())


def one_account_by_two_names(world: Scene) -> list[str]:
    """Two targets declare one account, one by its handle and one by its id."""
    world.tokens = {"threads/other": "main"}
    world.post("a", WORDS, targets="threads/main, threads/other")
    world.apply()
    return judged(world, live())


ACCOUNTS = (
    Safeguard(
        "a target stays the account it was",
        7,
        ({f"{READINESS}._account": finds_nothing},),
        told(swapped, UNDECLARED),
        "stays up",
    ),
    Safeguard(
        "a target is the account that is declared",
        7,
        ({f"{READINESS}._account": finds_nothing},),
        told(not_as_declared),
        "stays up",
    ),
    Safeguard(
        "an undeclared account is confirmed",
        7,
        ({f"{READINESS}._account": finds_nothing},),
        told(unconfirmed, UNDECLARED),
        "stays up",
    ),
    Safeguard(
        "a renamed target is known by its account",
        4,
        ({f"{READINESS}._renamed_target": finds_nothing},),
        told(target_renamed),
        "duplicate",
    ),
    Safeguard(
        "two targets are two accounts",
        7,
        (
            {"threadsync.config.accounts_twice": finds_none},
            {f"{READINESS}._account_twice": finds_nothing},
        ),
        told(one_account_twice, SECOND_NAME),
        "duplicate",
    ),
    Safeguard(
        "two new targets are two accounts",
        7,
        ({f"{READINESS}._account_twice": finds_nothing},),
        told(one_account_undeclared, UNDECLARED),
        "duplicate",
    ),
    Safeguard(
        "an id and a handle are one account",
        7,
        ({f"{READINESS}._account_twice": finds_nothing},),
        told(one_account_by_two_names, BY_ID),
        "duplicate",
    ),
)


# What is there already (law 8).


def since_the_last_write(
    self: Gatherer, target: TargetName, account: Account, last_write: datetime | None
) -> Flow[tuple[datetime, datetime]]:
    """Reading back no further than the last write."""
    at = yield from now()
    required = (last_write or at) - READ_BACK_MARGIN
    return required, required


_unpublishable = readiness._unpublishable


def takes_no_answer_for_none(
    action: Create | Extend | Replace | Delete,
    facts: TargetFacts,
    all_facts: Facts,
    prior: State | None,
    consents: Consents,
) -> Blocked | None:
    """A plan that goes on where the account could not be read back."""
    return _unpublishable(action, replace(facts, read_back_fault=None), all_facts, prior, consents)


def takes_some_for_all(
    action: Create | Extend | Replace | Delete,
    facts: TargetFacts,
    all_facts: Facts,
    prior: State | None,
    consents: Consents,
) -> Blocked | None:
    """A plan to which a part of the account's posts is all of them."""
    listed = facts.read_back and replace(facts.read_back, complete=True)
    return _unpublishable(action, replace(facts, read_back=listed), all_facts, prior, consents)


def disk_lost(world: Scene) -> None:
    """Publish a post in a run whose disk is taken away: the next one has an older state."""
    world.post("z", "Long applied")
    world.apply()
    world.post("a", WORDS)
    world.script = on(PUBLISH, Death(When.AFTER, older=True))
    world.apply()
    world.script = nothing


def older(world: Scene) -> list[str]:
    """A run loses its disk after publishing."""
    disk_lost(world)
    return ended(world, live(("Long applied",), (WORDS,)))


def older_and_written_to(world: Scene) -> list[str]:
    """A run loses its disk after publishing, and the older state is written to before the post's turn."""
    disk_lost(world)
    world.clock.sleep(DAY)
    world.post("b", OTHER)
    world.apply("b")
    return ended(world, live(("Long applied",), (WORDS,), (OTHER,)))


def older_and_unreadable(world: Scene) -> list[str]:
    """A run loses its disk after publishing, and the next one cannot list the account."""
    disk_lost(world)
    world.script = on("GET /v1.0/me/replies", NetworkFault("server-error"))
    world.apply()
    return ended(world, live(("Long applied",), (WORDS,)))


def older_and_many(world: Scene) -> list[str]:
    """A run loses its disk after publishing, and by hand more is posted than is read back."""
    disk_lost(world)
    by_hand = [(f"By hand, number {number}",) for number in range(100)]
    for (text,) in by_hand:
        world.network.post_by_hand("main", text, world.clock.true())
    world.apply(first_run=False)
    return judged(world, live(("Long applied",), (WORDS,), *by_hand))


READING_BACK = (
    Safeguard(
        "read back before publishing", 8, ({f"{GATHERER}._lookalikes": finds_none},), told(older), "duplicate"
    ),
    Safeguard(
        "read back to where a post can have gone out",
        8,
        ({f"{GATHERER}._since": since_the_last_write},),
        told(older_and_written_to),
        "duplicate",
    ),
    Safeguard(
        "no publishing unread",
        8,
        ({f"{READINESS}._unpublishable": takes_no_answer_for_none},),
        told(older_and_unreadable),
        "duplicate",
    ),
    Safeguard(
        "a bound that ends the reading is no answer",
        8,
        ({f"{READINESS}._unpublishable": takes_some_for_all},),
        told(older_and_many, NARROW),
        "duplicate",
    ),
)
