"""How the tests are shared out among workers (``pytest -n``): in which units, and which of them begin first.

A unit is what one worker runs in one go. Tests of real processes wait most of their time: so there are more
workers than processors, and these units begin first, that the others may fill the gaps.
"""

from __future__ import annotations

import os

from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

LIVE = "tests/live/"
SERVED = "tests/live/bluesky/"
"""These share a server, which takes seconds to start, by fixtures of the session."""
ALONE = frozenset({f"{SERVED}test_recordings.py", f"{SERVED}test_video.py"})
"""Of them, those that are as long as many others and worth a server of their own."""
BY_TEST = frozenset(
    {
        "tests/live/test_branch.py",
        "tests/live/test_chaos.py",
        "tests/live/test_ci_story.py",
        "tests/live/test_signals.py",
        "tests/testing/test_exhaustive.py",
    }
)
"""Files that are long, and whose tests share nothing."""


def unit(test: str) -> str:
    """Return what *test*, named as pytest does, is run in one go with."""
    file = test.partition("::")[0]
    if file in BY_TEST:
        return test
    if file.startswith(SERVED) and file not in ALONE:
        return SERVED
    return file


def rank(name: str) -> int:
    """Return when the unit *name* begins: the long chain of tests on one server first, then what waits."""
    if name == SERVED:
        return 0
    if name.partition("::")[0] in ALONE:
        return 1
    if name.startswith(LIVE):
        return 2
    return 3 if name.partition("::")[0] in BY_TEST else 4


class Units(LoadScopeScheduling):  # type: ignore[misc]
    """Gives the next unit to the worker that is about to be done with its own."""

    def _split_scope(self, nodeid: str) -> str:
        return unit(nodeid)


def workers() -> int:
    """Return how many workers there are unless somebody says so: two of them may wait at any time."""
    return (os.cpu_count() or 1) + 2
