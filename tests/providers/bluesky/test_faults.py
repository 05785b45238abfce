"""What a server refuses is told with what helps."""

from __future__ import annotations

import pytest

from threadsync.flows.effects import Response
from threadsync.model.fault import FaultClass
from threadsync.providers.bluesky.faults import refusal


@pytest.mark.parametrize("bytes_max", [1_000_000, 100_000_000])
def test_what_an_older_server_does_not_take_is_told_with_its_setting(bytes_max: int) -> None:
    """The words of @atproto/pds 0.4.217, of a picture and of a video."""
    assert "server: pds-0.4" in remedy(bytes_max)


@pytest.mark.parametrize("bytes_max", [2_000_000, 300_000_000, 10_000_000])
def test_what_a_server_of_today_does_not_take_either_is_not_blamed_on_its_age(bytes_max: int) -> None:
    assert "pds-0.4" not in remedy(bytes_max)
    assert "within the limits" in remedy(bytes_max)


def remedy(bytes_max: int) -> str:
    message = f"blob too big (maximum {bytes_max}, got 300000001) at $.record.embed.video"
    fault = refusal(Response(400, b'{"error":"InvalidRequest","message":"%s"}' % message.encode()))
    assert fault is not None
    assert fault.kind is FaultClass.MEDIA
    assert message in fault.problem
    return fault.remedy
