"""The transport that the tests here send with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from threadsync.execution.clock import SystemClock
from threadsync.execution.transport import Transport


@pytest.fixture
def transport() -> Iterator[Transport]:
    with Transport(SystemClock()) as transport:
        yield transport
