"""What all tests share: golden files, and the switch that writes them anew."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.internal.conjecture import providers
from xdist.remote import Producer  # type: ignore[import-untyped]

from tests.pds import launcher
from tests.postgres.launcher import Postgres
from tests.postgres.places import reached
from tests.tools.sharing_out import Units, rank, unit, workers

# The same examples every time: a test that fails on one machine fails on all of them. No deadline,
# because a test knows no real clock.
settings.register_profile("house", deadline=None, derandomize=True)
settings.load_profile("house")

CASES = Path(__file__).parent / "cases"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="Write golden files anew; then read them.")
    parser.addoption("--record-pds", metavar="FOLDER", help="Record the Bluesky server in FOLDER.")
    parser.addoption("--examples", type=int, help="Let hypothesis try so many new examples of each property.")
    pds = (
        "Run tests/live/bluesky on this release of the Bluesky PDS (0.4 by default); it has to be installed."
    )
    appview = "Run tests/live/appview, on a network that has to be installed."
    parser.addoption("--appview", action="store_true", help=appview)
    parser.addoption("--pds", choices=("0.4", "0.5"), help=pds)


def pytest_configure(config: pytest.Config) -> None:
    # A shell that starts the tests in the background has them, and all that they start, ignore an interrupt:
    # then nothing that waits for one would ever end.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    examples = config.getoption("--examples")
    if examples is not None:
        many = settings.get_profile("house")
        settings.register_profile("many", many, max_examples=examples, derandomize=False)
        settings.load_profile("many")
    else:
        # Hypothesis also draws constants that it reads in the modules that are loaded: which those are
        # depends on the tests that ran before, and on those that a worker was given. There is no setting
        # for it; mypy tells when the function has another name.
        providers._get_local_constants = providers.Constants


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: rank(unit(item.nodeid)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    return workers()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Units | None:
    if config.getoption("dist") != "load":
        return None
    config.option.loadscopereorder = False  # the tests are in their order already
    return Units(config, log)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly what was not tested, and what ran on recordings instead."""
    skipped = terminalreporter.stats.get("skipped", [])
    untested = [each for each in skipped if launcher.NOT_TESTED in str(each.longrepr)]
    if untested:
        unrecorded = sum(launcher.NOT_RECORDED in str(each.longrepr) for each in untested)
        terminalreporter.section(launcher.NOT_TESTED, red=True, bold=True)
        terminalreporter.line(f"{launcher.missing()}.", red=True)
        terminalreporter.line(
            f"{len(untested)} tests were skipped: {len(untested) - unrecorded} ran on recordings of it, "
            f"{unrecorded} not at all.",
            red=True,
        )


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with the golden file of that name, below ``tests/cases``."""

    def compare(name: str, text: str) -> None:
        path = CASES / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8")

    return compare


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One PostgreSQL for all tests that want it; each makes a database of its own."""
    yield from reached()
