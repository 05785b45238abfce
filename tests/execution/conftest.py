"""The transports that the tests here send with; each test of ``transport`` or ``opened`` runs on all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.execution.transports import OPEN, AnyTransport, Open


@pytest.fixture(params=OPEN)
def opened(request: pytest.FixtureRequest) -> Open:
    return OPEN[request.param]


@pytest.fixture
def transport(opened: Open) -> Iterator[AnyTransport]:
    with opened() as transport:
        yield transport
