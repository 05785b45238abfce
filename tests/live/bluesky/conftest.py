"""One PDS for all of these tests; each makes accounts of its own."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import pytest

from tests.live.bluesky.desk import Desk
from tests.pds import launcher
from tests.pds.launcher import Pds, Person
from threadsync.execution.clock import SystemClock
from threadsync.execution.transport import Transport
from threadsync.providers.bluesky import api


@pytest.fixture(scope="session")
def server() -> Iterator[Pds]:
    if problem := launcher.missing():
        pytest.skip(f"BLUESKY IS NOT TESTED AGAINST A REAL SERVER: {problem}")
    with launcher.pds() as found:
        yield found


@pytest.fixture
def person(server: Pds, request: pytest.FixtureRequest) -> Person:
    """An account that no other test has."""
    return server.person(f"t{zlib.crc32(request.node.nodeid.encode())}")


@pytest.fixture
def desk(server: Pds, person: Person) -> Iterator[Desk]:
    """The account, logged in."""
    with Transport(SystemClock()) as transport:
        found = Desk(server, person, transport)
        found.use(found.run(api.create_session(person.handle)))
        yield found
