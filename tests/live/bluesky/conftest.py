"""One PDS for all of these tests; each makes accounts of its own."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial

import pytest

from tests.live.bluesky.desk import Desk
from tests.pds import launcher
from tests.pds.launcher import Pds, Person, Release
from threadsync.execution.clock import SystemClock
from threadsync.execution.transport import Transport
from threadsync.providers.bluesky import api

Starting = Callable[..., AbstractContextManager[Pds]]


@pytest.fixture(scope="session")
def starting(request: pytest.FixtureRequest) -> Starting:
    """Starts servers of the release that ``--pds`` names; one that was named has to be there."""
    named = request.config.getoption("--pds")
    release = Release(named or Release.V0_4)
    if problem := launcher.missing(launcher.FIXTURES[release]):
        problem = f"BLUESKY IS NOT TESTED AGAINST A REAL SERVER: {problem}"
        if named:
            pytest.exit(problem, returncode=1)
        pytest.skip(problem)
    return partial(launcher.pds, release)


@pytest.fixture(scope="session")
def server(starting: Starting) -> Iterator[Pds]:
    with starting() as found:
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
