"""Every trouble at every moment of every shape of post (the pairs of troubles: ``make exhaustive``)."""

from __future__ import annotations

import pytest

from threadsync.testing.exhaustive import Part, Setting
from threadsync.testing.shapes import SHAPES
from threadsync.testing.troubles import Death, RemoteFails, Signal, Trouble

STORIES = [
    (shape.name, setting)
    for shape in SHAPES
    for setting in (Setting.FILE, *(() if shape.same_calls else (Setting.BRANCH, Setting.HARD)))
]


@pytest.mark.parametrize(("shape", "setting"), STORIES)
def test_one_trouble_at_any_moment_neither_doubles_nor_loses_a_post(shape: str, setting: Setting) -> None:
    tally = Part("singles", shape, setting, stride=1).run()
    assert tally.runs > 20
    assert not tally.wrong, "\n".join([*tally.wrong[0].problems, str(tally.wrong[0].case)])
    for verdict in tally.asking:
        ((_, trouble),) = verdict.case.troubles
        assert set(verdict.helped) <= needs(trouble), verdict.case


def needs(trouble: Trouble) -> set[str]:
    """Return what a person may have to do, as docs/guarantees.md lists it."""
    match trouble:
        case Death(older=True) | RemoteFails(how="rolled-back"):
            return {"import", "unlock"}  # an older state: what went out since is blocked, not sent again
        case RemoteFails() | Signal():
            return {"unlock"}  # the lock could not be given back, and no other machine knows who lives
        case _:
            return set()


@pytest.mark.parametrize("shape", [shape.name for shape in SHAPES if shape.short])
def test_a_sample_of_the_pairs(shape: str) -> None:
    tally = Part("pairs", shape, Setting.HARD, stride=4, number=50, parts=101).run()
    assert not tally.wrong, "\n".join([*tally.wrong[0].problems, str(tally.wrong[0].case)])
