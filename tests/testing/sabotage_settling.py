"""Safeguards of settling: what became of a publish whose answer was lost (law 2)."""

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
    ended,
    lenient,
    live,
    steps,
)
from threadsync.errors import ApiError
from threadsync.flows.core import record
from threadsync.flows.effects import Flow
from threadsync.model.facts import ObservedPost
from threadsync.model.fault import FaultClass
from threadsync.model.journal import Published
from threadsync.providers.base import Refused, Uncertain
from threadsync.providers.threads import api
from threadsync.providers.threads.convert import EPOCH
from threadsync.providers.threads.publishing import NotPublished, SegmentPublisher, Verdict
from threadsync.providers.threads.staging import AlreadyPublished, Container, Stager
from threadsync.sandbox.threads.values import Republish
from threadsync.testing.desk import Desk
from threadsync.testing.disk import When
from threadsync.testing.exhaustive import finished
from threadsync.testing.troubles import Death, NetworkFault

STAGER = "threadsync.providers.threads.staging.Stager"
API = "threadsync.providers.threads.api_publishing"
SEGMENT = "threadsync.providers.threads.publishing.SegmentPublisher"
DIES = Death(When.BEFORE)
LOST_UNLISTED = NetworkFault("answer-lost+late-listing", UNLISTED_SECONDS)


def forgets_its_life(_: SegmentPublisher) -> None:
    """A publisher that does not know that it has lived before."""


def has_staged_nothing(_: SegmentPublisher) -> dict[str, Container]:
    """A publisher that does not know what it has staged."""
    return {}


def waits_for_nothing(_: SegmentPublisher, intended_at: object, status: object) -> Flow[None]:
    """Settling without letting the time pass in which a publish may still act."""
    yield from record()


def looks_nowhere(_: SegmentPublisher, made_at: datetime) -> Flow[list[ObservedPost]]:
    """Settling that believes the container alone."""
    yield from record()
    return []


def looks_at_all_posts(self: SegmentPublisher, made_at: datetime) -> Flow[list[ObservedPost] | str]:
    """Settling to which a post may be older than its container."""
    return (yield from _candidates(self, EPOCH))


def looks_at_bound_posts(self: SegmentPublisher, made_at: datetime) -> Flow[list[ObservedPost] | str]:
    """Settling to which a post that is bound may be this one too."""
    free = replace(self, work=replace(self.work, bound_ids=frozenset))
    return (yield from _candidates(free, made_at))


_candidates = SegmentPublisher._candidates
_unpublished = SegmentPublisher._unpublished


def makes_a_new_one(
    self: SegmentPublisher, reusable: Container | None, container: Container
) -> Flow[Verdict]:
    """Settling that gives up a container which is still FINISHED."""
    return (yield from _unpublished(self, None, container))


def looks_once(self: SegmentPublisher, reusable: Container | None, container: Container) -> Flow[Verdict]:
    """Settling that looks at the account once."""
    found = yield from self._candidates(container.at)
    if isinstance(found, str):
        return (yield from self._doubt(found))
    if found:
        return (yield from self._adopt(found, container, "text"))
    yield from self._settled(reuse=reusable is not None)
    return NotPublished(reusable)


def takes_the_first(
    self: SegmentPublisher, found: Sequence[ObservedPost], container: Container, bound_by: str
) -> Flow[Published | Uncertain]:
    """Settling that guesses among several posts."""
    post = found[0]
    return (yield from self._receipt(post.remote_id, container, post.at, bound_by, post.permalink))


def believes_errors(container_id: str) -> Flow[api.Created]:
    """Publishing that takes HTTP 500 for a no."""
    try:
        return (yield from _publish_container(container_id))
    except ApiError as error:
        raise ApiError(replace(error.fault, kind=FaultClass.INVALID, status=400)) from error


_publish_container = api.publish_container
_finished = Stager.finished


def takes_published_for_finished(
    self: Stager, container: Container
) -> Flow[Container | AlreadyPublished | Refused]:
    """Staging that hands out a container which is live already."""
    ready = yield from _finished(self, container)
    return ready.container if isinstance(ready, AlreadyPublished) else ready


def unseen(desk: Desk) -> list[str]:
    """A post does not show in any list, and its process dies before the receipt."""
    world = Scene(desk=desk)
    world.post("a", WORDS)
    world.script = steps((PUBLISH, LOST_UNLISTED), (LOOK, DIES))
    world.apply()
    return ended(world, live((WORDS,)))


def acting_after(seconds: float, **switches: object) -> Story:
    """Return the story of a publish that acts so late, on a network that behaves so."""

    def told(desk: Desk) -> list[str]:
        world = Scene(desk=desk)
        world.switch(**switches)
        world.post("a", WORDS)
        world.script = steps((PUBLISH, NetworkFault("acts-late", seconds)))
        world.apply()
        return ended(world, live((WORDS,)))

    return told


def unanswered(fault: str, **switches: object) -> Story:
    """Return the story of a publish that meets *fault*, on a network that behaves so."""

    def told(desk: Desk) -> list[str]:
        world = Scene(desk=desk)
        world.switch(**switches)
        world.post("a", WORDS)
        world.script = steps((PUBLISH, NetworkFault(fault, UNLISTED_SECONDS)))
        world.apply()
        return ended(world, live((WORDS,)))

    return told


def asked_again_too_early(desk: Desk) -> list[str]:
    """A publish acts after the doubt, between a second publish that is refused and the one after it."""
    world = lenient(Scene(desk=desk))
    world.script = steps(
        (PUBLISH, NetworkFault("acts-late", 316.5)), (PUBLISH, NetworkFault("media-not-found"))
    )
    world.apply()
    return ended(world, live((WORDS,)))


def a_double_by_hand(desk: Desk) -> list[str]:
    """A person posts much the same while ours is in doubt; then ours is withdrawn."""
    world = Scene(desk=desk)
    world.post("a", WORDS)
    by_hand = f"#{WORDS}"

    def posted() -> None:
        world.network.post_by_hand("main", by_hand, world.clock.true())

    world.script = steps((PUBLISH, NetworkFault("answer-lost")), (LOOK, posted))
    world.apply()
    world.calm()
    finished(world)
    world.post("a", WORDS, withdraw="true")
    return ended(world, live((by_hand,), taken_down=(WORDS,)))


def said_before_by_hand(desk: Desk) -> list[str]:
    """A person has said much the same an hour ago; it is to be said again, and the publish is lost."""
    world = Scene(desk=desk)
    by_hand = f"#{WORDS}"
    world.network.post_by_hand("main", by_hand, world.clock.true())
    world.clock.sleep(3600)
    world.post("a", WORDS)
    world.script = steps((PUBLISH, NetworkFault("request-lost")))
    world.apply(allow_duplicate=("a@threads/main",))
    return ended(world, live((by_hand,), (WORDS,)))


def said_twice_at_once(desk: Desk) -> list[str]:
    """Two posts that match each other go out one after the other, and the second publish is lost."""
    world = Scene(desk=desk)
    world.post("a", WORDS)
    world.post("b", f"#{WORDS}")
    world.script = steps((PUBLISH, lambda: None), (PUBLISH, NetworkFault("request-lost")))
    world.apply()
    return ended(world, live((WORDS,), (f"#{WORDS}",)))


SETTLING = (
    Safeguard(
        "a match is no older than its container",
        2,
        ({f"{SEGMENT}._candidates": looks_at_all_posts},),
        said_before_by_hand,
        "lost",
    ),
    Safeguard(
        "a match is nobody's yet",
        2,
        ({f"{SEGMENT}._candidates": looks_at_bound_posts},),
        said_twice_at_once,
        "never done",
    ),
    Safeguard(
        "settle before a new container",
        2,
        ({f"{SEGMENT}._intent": forgets_its_life, f"{SEGMENT}._staged": has_staged_nothing},),
        unseen,
        "duplicate",
    ),
    Safeguard(
        "the doubt wait",
        2,
        ({f"{SEGMENT}._wait_out": waits_for_nothing},),
        acting_after(60.0, republish=Republish.NEW_POST),
        "duplicate",
    ),
    Safeguard(
        "look at the account before a new container",
        2,
        ({f"{SEGMENT}._candidates": looks_nowhere},),
        unanswered("answer-lost", published_readable_seconds=0.0),
        "duplicate",
    ),
    Safeguard(
        "publish the same container while it is FINISHED",
        2,
        ({f"{SEGMENT}._unpublished": makes_a_new_one},),
        acting_after(400.0),
        "duplicate",
    ),
    Safeguard(
        "two looks, listing_lag apart",
        2,
        ({f"{SEGMENT}._unpublished": looks_once},),
        acting_after(296.0, published_readable_seconds=0.0, listing_lag_seconds=10.0),
        "duplicate",
    ),
    Safeguard(
        "several matches are nobody's",
        2,
        ({f"{SEGMENT}._adopt": takes_the_first},),
        a_double_by_hand,
        "wrong deletion",
    ),
    Safeguard(
        "a 5xx is no no",
        2,
        ({f"{API}.publish_container": believes_errors},),
        unanswered("error-although-done+late-listing"),
        "duplicate",
    ),
    Safeguard(
        "look at a container before it is published again",
        2,
        ({f"{STAGER}.finished": takes_published_for_finished},),
        asked_again_too_early,
        "duplicate",
    ),
)
