"""Every trouble at every moment of shapes of posts, and a part of more shapes (``make exhaustive``: all)."""

from __future__ import annotations

from pathlib import Path

import pytest

from threadsync.testing.casts import THREADS
from threadsync.testing.desk import Desk
from threadsync.testing.disk import When
from threadsync.testing.exhaustive import Part, Setting, Stage, Tally, singles, stage, tried
from threadsync.testing.shape import Shape
from threadsync.testing.shapes import SHAPES
from threadsync.testing.troubles import Death, RemoteFails, Signal, Trouble

WHOLE = [shape for shape in SHAPES if shape.cast is THREADS and shape.edit is None]
SAMPLED = [shape for shape in SHAPES if shape not in WHOLE]
SEVENTH, FEW = 7, 67
"""Of a sample every so-many-th case at what nobody sees is played here; ``make exhaustive`` plays all."""
STORIES = [
    (shape.name, setting)
    for shape in WHOLE
    if not shape.same_calls
    for setting in (Setting.FILE, Setting.BRANCH)
]
SAMPLES = [
    *((shape, Setting.FILE if shape.same_calls else Setting.HARD, SEVENTH) for shape in WHOLE),
    *((shape, Setting.FILE, FEW) for shape in SAMPLED),
    *((shape, Setting.HARD, FEW) for shape in SAMPLED if shape.short),
]
PAIRED = [shape for shape in SHAPES if shape.short and (shape in WHOLE or shape.name == "bluesky-gates")]
SHOWN = ("/putRecord", "/applyWrites", "/deleteRecord", "/threads_publish")


@pytest.mark.parametrize(("shape", "setting"), STORIES)
def test_one_trouble_at_any_moment_neither_doubles_nor_loses_a_post(shape: str, setting: Setting) -> None:
    tally = Part("singles", shape, setting, stride=1).run()
    assert tally.runs > 20
    right(tally)


def test_the_lock_of_a_run_that_died_elsewhere_lapses_in_a_bucket_so_that_nobody_has_to_break_it() -> None:
    tally = Part("singles", "text", Setting.BUCKET, stride=1).run()
    right(tally)
    assert tally.runs > 200
    assert not [verdict for verdict in tally.asking if "unlock" in verdict.helped]


@pytest.mark.parametrize(
    ("shape", "setting", "every"), SAMPLES, ids=[f"{shape.name}-{setting}" for shape, setting, _ in SAMPLES]
)
def test_one_trouble_at_what_others_see_neither_doubles_nor_loses_a_post(
    shape: Shape, setting: Setting, every: int, tmp_path: Path
) -> None:
    right(shown(stage(shape, Desk(tmp_path), setting), every))


def shown(ready: Stage, every: int) -> Tally:
    """Play every case at a moment that others see, and every so-many-th of the rest."""
    visible = {moment.number for moment in ready.moments() if moment.what.replace(".", "/").endswith(SHOWN)}
    tally = Tally()
    for number, case in enumerate(singles(ready)):
        ((at, _),) = case.troubles
        if (at in visible and not ready.shape.same_calls) or number % every == 0:
            tally.add(tried(case, ready))
    return tally


def test_a_death_within_the_receipts_of_a_chain_that_was_written_at_once_asks_nobody(tmp_path: Path) -> None:
    """Some of them may be on record and the others not; what these are of is looked for."""
    (chain,) = [shape for shape in SHAPES if shape.name == "bluesky-chain"]
    ready, tally = stage(chain, Desk(tmp_path)), Tally()
    for case in singles(ready):
        ((_, trouble),) = case.troubles
        if isinstance(trouble, Death) and trouble.when is When.TORN:
            tally.add(tried(case, ready))
    right(tally)
    assert not tally.asking
    assert tally.runs > 10


def right(tally: Tally) -> None:
    """Nothing is wrong, and nobody was asked for more than docs/guarantees.md says."""
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


@pytest.mark.parametrize("shape", PAIRED, ids=lambda each: each.name)
def test_a_sample_of_the_pairs(shape: Shape) -> None:
    tally = Part("pairs", shape.name, Setting.HARD, stride=4, number=50, parts=101).run()
    assert not tally.wrong, "\n".join([*tally.wrong[0].problems, str(tally.wrong[0].case)])
