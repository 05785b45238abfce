"""Where these tests run: on one PDS for all of them, if there is one, and on what it said when recorded.

``@pytest.mark.pds`` says what is special about a test or a module; its words are the members of ``Wanted``.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from tests.live.bluesky.desk import Desk
from tests.pds import launcher
from tests.pds.launcher import Pds, Person, Release
from tests.pds.tape import Tape
from threadsync.execution.clock import SystemClock
from threadsync.execution.transport import Transport
from threadsync.providers.bluesky import api
from threadsync.sandbox.server import Sandbox, running

SERVER, CASSETTE, SANDBOX = "server", "cassette", "sandbox"
CASSETTES = Path(__file__).with_name("cassettes")
CLIENTS = ("requests", "aiohttp")
"""Both clients ask the same, so they share a recording: that of the first."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a test asks of the server."""

    worlds: tuple[str, ...] = (SERVER, CASSETTE)
    why: str = ""
    """Why it cannot be played from a recording."""
    rate_limits: bool = False
    real_clock: bool = False
    """Whether the time is in what it asks: then the recording has a time of its own."""


def wanted(test: pytest.Item) -> Wanted:
    """Return what *test* is marked with."""
    mark = test.get_closest_marker("pds")
    found = Wanted(**(mark.kwargs if mark is not None else {}))
    assert CASSETTE in found.worlds or found.why, f"{test.nodeid} does not say why it has no recording"
    return found


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "server" in metafunc.fixturenames:
        worlds = wanted(metafunc.definition).worlds
        if metafunc.config.getoption("--pds"):  # what is recorded and modelled is another release
            worlds = (SERVER,)
        metafunc.parametrize("server", worlds, indirect=True)


def recording_of(test: str) -> Path:
    """Return where the recording of *test* is in their folder; *test* is as pytest names it."""
    module, _, name = test.rpartition("/")[2].partition(".py::")
    words = (each for each in re.split(r"[\[\]-]", name) if each not in {"", CASSETTE, *CLIENTS})
    return Path(module.removeprefix("test_")) / f"{'-'.join(words).replace(' ', '-')}.yaml"


Starting = Callable[..., AbstractContextManager[Pds]]


@pytest.fixture(scope="session")
def starting(pytestconfig: pytest.Config) -> Starting:
    """Starts servers of the release that ``--pds`` names; one that was named has to be there."""
    named = pytestconfig.getoption("--pds")
    release = Release(named or Release.V0_4)
    if named and (problem := launcher.missing(launcher.FIXTURES[release])):
        pytest.exit(f"{launcher.NOT_TESTED}: {problem}", returncode=1)
    return partial(launcher.pds, release)


@pytest.fixture(scope="session")
def free_server(starting: Starting) -> Iterator[Pds]:
    with starting() as found:
        yield found


@pytest.fixture(scope="session")
def counting_server(starting: Starting) -> Iterator[Pds]:
    """Another one, which counts points."""
    with starting(rate_limits=True) as found:
        yield found


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """The model of the network, which needs no Node."""
    with running() as found:
        yield found


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[Pds | Sandbox]:
    """The server that the test talks to; its accounts are the test's own."""
    how = wanted(request.node)
    real = "counting_server" if how.rate_limits else "free_server"
    match request.param:
        case "server":
            if not request.config.getoption("--pds") and (problem := launcher.missing()):
                instead = f"{launcher.NOT_RECORDED}: {how.why}" if how.why else "its recording is played"
                pytest.skip(f"{launcher.NOT_TESTED}: {problem}; {instead}")
            yield request.getfixturevalue(real)
        case "sandbox":
            yield request.getfixturevalue("sandbox")
        case _:
            folder = request.config.getoption("--record-pds")
            found = request.getfixturevalue(real) if folder else None
            path = Path(folder or CASSETTES) / recording_of(request.node.nodeid)
            if not folder and not path.exists():
                pytest.skip("not recorded yet: make cassettes; or its mark pds says why it cannot be")
            tape = Tape(path, found, real_clock=how.real_clock)
            with tape.running() as pds:
                yield pds
            problems = "\n".join(tape.problems)
            assert not problems, f"not as recorded (make cassettes):\n{problems}"


@pytest.fixture
def person(server: Pds, request: pytest.FixtureRequest) -> Person:
    """An account that no other test has."""
    recorded = request.node.callspec.params["server"] == CASSETTE
    name = recording_of(request.node.nodeid).as_posix() if recorded else request.node.nodeid
    return server.person(f"t{zlib.crc32(name.encode())}")


@pytest.fixture
def desk(server: Pds, person: Person) -> Iterator[Desk]:
    """The account, logged in."""
    with Transport(SystemClock()) as transport:
        found = Desk(server, person, transport)
        found.use(found.run(api.create_session(person.handle)))
        yield found
