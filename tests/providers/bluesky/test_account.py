"""Whose account a session opens, and what sort of password opened it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from threadsync.flows.core import drive
from threadsync.flows.effects import Effect, Now, Outcome, Request, Response, Time
from threadsync.model.ids import TargetName
from threadsync.providers.base import ProviderContext
from threadsync.providers.bluesky.provider import ORIGIN, BlueskyProvider

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def answered(effect: Effect) -> Outcome:
    if isinstance(effect, Now):
        return Time(NOW)
    assert isinstance(effect, Request)
    assert effect.path.endswith("getSession")
    headers = {"x-sandbox-origin": "sandbox:harbour"}
    return Response(200, b'{"did": "did:plc:a", "handle": "lifts.test"}', headers)


@pytest.mark.parametrize(("loopback", "origin"), [(True, "sandbox:harbour"), (False, ORIGIN)])
def test_only_a_sandbox_on_this_machine_may_name_the_network(loopback: bool, origin: str) -> None:
    """What was published on one sandbox is not taken for what is on another, or on the real network."""
    provider = BlueskyProvider(ProviderContext(TargetName("bluesky/brand"), loopback=loopback))
    assert drive(provider.identify(), answered).origin == origin
