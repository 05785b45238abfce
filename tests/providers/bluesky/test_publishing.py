"""What is written together is written when its times have come."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from threadsync.flows.core import drive
from threadsync.flows.effects import (
    Effect,
    Now,
    Outcome,
    Record,
    Recorded,
    Request,
    Response,
    Time,
    Wait,
    Waited,
)
from threadsync.model.ids import Address, ContentDigest
from threadsync.model.journal import Job, Rendered
from threadsync.providers.base import Applied, ProviderContext, Work
from threadsync.providers.bluesky import tids
from threadsync.providers.bluesky.publishing import Publisher

SECOND = datetime(2026, 12, 3, 8, 30, tzinfo=UTC)
ADDRESS = Address.parse("lifts@bluesky/brand")


def waited(texts: Sequence[str], now: datetime) -> tuple[float, datetime]:
    """Publish a post, a segment each; return how long was waited, and the last post's own time."""
    seconds = 0.0

    def perform(effect: Effect) -> Outcome:
        nonlocal seconds
        match effect:
            case Now():
                return Time(now + timedelta(seconds=seconds))
            case Record():
                return Recorded()
            case Wait(seconds=more):
                seconds += more
                return Waited()
            case Request():
                return Response(200, b"{}")
            case _:
                raise AssertionError(effect)

    segments = tuple(Rendered(n, ContentDigest(text), text) for n, text in enumerate(texts))
    work = Work(ADDRESS, Job("create", segments), (), frozenset, (), "did:plc:x")
    assert (
        drive(Publisher(work, ProviderContext(ADDRESS.target, {}, project="p")).publish(), perform)
        == Applied()
    )
    return seconds, tids.chosen("p", ADDRESS, 0, len(texts) - 1, now)[1]


def test_a_chain_is_written_when_the_time_of_its_last_post_has_come() -> None:
    """Feeds take the earlier of a post's own time and of its arrival, which all posts of a write share."""
    seconds, last = waited(["One.", "Two.", "Three."], SECOND)
    assert last > SECOND
    assert SECOND + timedelta(seconds=seconds) == last


@pytest.mark.parametrize(
    ("texts", "after"), [(["One.", "Two."], 0.9), (["One."], 0.0)], ids=["later", "single"]
)
def test_what_has_a_place_already_is_written_at_once(texts: list[str], after: float) -> None:
    assert waited(texts, SECOND + timedelta(seconds=after))[0] == 0
