"""One network for all of these tests; each has people of its own there."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.appview.town import Town
from tests.pds import launcher
from tests.pds.launcher import Pds
from threadsync.execution.clock import SystemClock
from threadsync.execution.transport import Transport


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Leave these tests out unless ``make appview`` asks for them: few machines have what they need."""
    return None if config.getoption("--appview") else True


@pytest.fixture(scope="session")
def network() -> Iterator[Pds]:
    if problem := launcher.missing(launcher.APPVIEW) or launcher.missing_beside_appview():
        pytest.exit(problem, returncode=1)
    with launcher.network() as found:
        yield found


@pytest.fixture
def town(network: Pds, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Town]:
    """People that no other test has."""
    with Transport(SystemClock()) as transport:
        yield Town(network, transport, f"{zlib.crc32(request.node.nodeid.encode()):08x}", tmp_path)
