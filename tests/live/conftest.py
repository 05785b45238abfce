"""The network that the live tests talk to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from threadsync.sandbox.server import Sandbox, running
from threadsync.sandbox.settings import SandboxSettings
from threadsync.sandbox.threads import Profile


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with running(SandboxSettings(profiles=(Profile("main"),))) as found:
        yield found
