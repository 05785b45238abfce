"""The transports and clients that the tests here use; each test of one of them runs on both."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.execution.clients import CLIENTS, OpenClient
from tests.execution.transports import OPEN, AnyTransport, Open


@pytest.fixture(params=OPEN)
def opened(request: pytest.FixtureRequest) -> Open:
    return OPEN[request.param]


@pytest.fixture
def transport(opened: Open) -> Iterator[AnyTransport]:
    with opened() as transport:
        yield transport


@pytest.fixture(params=CLIENTS)
def open_client(request: pytest.FixtureRequest) -> OpenClient:
    return CLIENTS[request.param]
