"""Every shape of post, every moment of its apply, every trouble there: one run each, and what became of it.

``python -m threadsync.testing.exhaustive`` runs them all, pairs of troubles for the short shapes too, and
prints how many there were, how each ended, and every one that broke the promise.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from enum import StrEnum
from itertools import islice, product
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from msgspec import Struct, field
from msgspec.structs import replace

from threadsync.errors import StateLocked, ThreadsyncError
from threadsync.model.ids import Address
from threadsync.model.journal import Intent
from threadsync.operations.importing import import_post
from threadsync.operations.surgery import state_resolve
from threadsync.planning.actions import Blocked, Reason
from threadsync.testing.desk import Desk
from threadsync.testing.judge import faults
from threadsync.testing.remote import RemoteFault
from threadsync.testing.shape import Shape
from threadsync.testing.shapes import SHAPES, begun
from threadsync.testing.troubles import Death, Moment, RemoteFails, Trouble, nothing, possible
from threadsync.testing.world import World

RESTARTS_MAX = 12
"""How many applies after the troubled one may be needed until nothing is left to do."""
PAUSE_SECONDS = 900.0
AT_ONCE_SECONDS = 5.0


class Case(Struct, frozen=True):
    """One run: *troubles* strike at the moments with these numbers."""

    shape: Shape
    troubles: tuple[tuple[int, Trouble], ...]

    def __str__(self) -> str:
        return f"{self.shape.name}: " + ", ".join(f"{trouble} at {at}" for at, trouble in self.troubles)


class Verdict(Struct, frozen=True):
    """What became of a case: *helped* names what a person had to do, *problems* what is wrong."""

    case: Case
    helped: tuple[str, ...]
    problems: tuple[str, ...]
    transcript: str = ""


class Setting(StrEnum):
    """Where a story plays."""

    FILE = "file"
    """The state is in a file, the network as its documentation says, the next run a while later."""
    BRANCH = "branch"
    """The state is in a place of its own, and every run on another machine."""
    BUCKET = "bucket"
    """As in ``BRANCH``, but a lock that is left lapses before the next run."""
    HARD = "hard"
    """The state is in a file, the network at the edge of what is assumed of it, the next run at once."""


class Stage(Struct, frozen=True):
    """The story of a shape, told up to the apply that goes wrong; every case goes on from *world*."""

    shape: Shape
    world: World
    setting: Setting = Setting.FILE

    @property
    def pause_seconds(self) -> float:
        """How long after one apply the next one is started."""
        return AT_ONCE_SECONDS if self.setting is Setting.HARD else PAUSE_SECONDS

    def moments(self, troubles: tuple[tuple[int, Trouble], ...] = ()) -> list[Moment]:
        """Return the moments of the apply, struck by *troubles* already."""
        world = self.world.fork()
        world.script = _script(troubles)
        world.apply()
        return world.moments


def stage(shape: Shape, desk: Desk, setting: Setting = Setting.FILE) -> Stage:
    """Tell the story of *shape* up to the apply that goes wrong."""
    is_shared = setting in {Setting.BRANCH, Setting.BUCKET}
    world = World(desk=desk, shared=is_shared, cast=shape.cast)
    world.remote.leased = setting is Setting.BUCKET
    begun(shape, world)
    if setting is Setting.HARD:
        world.network.strict()
    return Stage(shape, world, setting)


def singles(stage: Stage) -> Iterator[Case]:
    """Yield every moment of the story with every trouble that can strike there."""
    for moment in stage.moments():
        for trouble in _possible(stage, moment):
            yield Case(stage.shape, ((moment.number, trouble),))


def pairs(stage: Stage, stride: int = 1) -> Iterator[Case]:
    """Yield every case of ``singles`` with a second trouble at every *stride*-th later moment of the run."""
    for number, single in enumerate(singles(stage)):
        ((first, trouble),) = single.troubles
        for moment in stage.moments(single.troubles)[first + 1 + number % stride :: stride]:
            for second in _possible(stage, moment):
                yield Case(stage.shape, ((first, trouble), (moment.number, second)))


def _possible(stage: Stage, moment: Moment) -> list[Trouble]:
    # A state that went back needs the minutes until all that went out is listed, and does not know what was
    # changed since: see docs/guarantees.md.
    at_once = stage.setting is Setting.HARD or stage.shape.edit is not None
    return [each for each in possible(moment) if not (at_once and goes_back(each))]


def goes_back(trouble: Trouble) -> bool:
    """Whether the next run has an older state."""
    match trouble:
        case Death(older=older):
            return older
        case RemoteFails(how=how):
            return how == RemoteFault.ROLLED_BACK
        case _:
            return False


def tried(case: Case, stage: Stage) -> Verdict:
    """Run *case*: trouble first, then peace and a new apply until nothing is left to do; judge the end."""
    world = stage.world.fork()
    world.script = _script(case.troubles)
    world.apply()
    if case.shape.edit is not None:
        case.shape.edit(world)
        world.script = nothing
        world.clock.sleep(AT_ONCE_SECONDS)
        world.apply()
    world.calm()
    helped, problems = finished(world, stage.pause_seconds)
    found = faults(world.network.live(), world.network.deleted(), case.shape.expected)
    problems = (*problems, *found)
    return Verdict(case, helped, problems, world.transcript() if problems else "")


def finished(world: World, pause_seconds: float = PAUSE_SECONDS) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Apply until nothing is left, doing what messages ask of a person; return what was done and is wrong."""
    helped: list[str] = []
    left: list[str] = []
    for _ in range(RESTARTS_MAX):
        world.clock.sleep(pause_seconds)
        ran = world.apply()
        if isinstance(ran.error, StateLocked):
            helped.append("unlock")
            world.unlock()
            continue
        if ran.error is not None:
            return tuple(helped), (f"refused: {ran.error}",)
        assert ran.outcome is not None, "nobody dies in peace"
        plan = world.plan().plan
        blocked = [action for action in plan.actions if isinstance(action, Blocked)]
        try:
            done = [_helped(world, action) for action in ran.outcome.prepared.plan.actions]
        except ThreadsyncError as error:
            return tuple(helped), (f"no help: {error}",)
        helped += [each for each in done if each]
        state = world.state
        assert state is not None, "the story began with an apply"
        left = [f"{action.word} {action.address} ({action.reason})" for action in (*plan.effective, *blocked)]
        left += [f"open: {address}" for address in state.open]
        if not left and not any(done):
            return tuple(helped), ()
    return tuple(helped), (f"never done: {', '.join(left)}",)


def _helped(world: World, action: object) -> str:
    """Do what the message of a blocked *action* asks of a person, who looks at the network first."""
    match action:
        case Blocked(reason=Reason.UNCERTAIN, address=address):
            return _resolved(world, address)
        case Blocked(reason=Reason.LOOKS_PUBLISHED | Reason.NOT_PROVED_OURS):
            return _imported(world, action)
    return ""


def _resolved(world: World, address: Address) -> str:
    state = world.state
    assert state is not None, "something is in doubt"
    intents = [note for note in state.open[address].notes if isinstance(note, Intent)]
    made = [post.remote_id for post in world.network.live() if post.container == intents[-1].key]
    published = made[0] if made else None
    state_resolve(world.workspace, str(address), published=published, not_published=not made)
    return "resolve"


def _imported(world: World, action: Blocked) -> str:
    """Do just what the remedy says first."""
    named = re.search(r"threadsync import (\S+) (\S+?)\.(?: |$)", action.remedy)
    assert named is not None, action.remedy
    import_post(world.workspace, named[1], named[2])
    return "import"


def _script(troubles: Iterable[tuple[int, Trouble]]) -> Callable[[Moment], Trouble | None]:
    at = dict(troubles)
    return lambda moment: at.get(moment.number)


# All of them.


def cases(kind: str, stage: Stage, stride: int) -> Iterator[Case]:
    """Yield the cases of a *kind*: ``singles`` or ``pairs``."""
    return singles(stage) if kind == "singles" else pairs(stage, stride)


class Part(Struct, frozen=True):
    """Every *parts*-th case of a kind of a shape, from the one with *number* on."""

    kind: str
    shape: str
    setting: Setting
    stride: int
    number: int = 0
    parts: int = 1

    def run(self) -> Tally:
        """Run these cases."""
        (shape,) = [each for each in SHAPES if each.name == self.shape]
        tally = Tally()
        with TemporaryDirectory(prefix="desk-") as folder:
            told = stage(shape, Desk(Path(folder)), self.setting)
            for case in islice(cases(self.kind, told, self.stride), self.number, None, self.parts):
                tally.add(tried(case, told))
        return tally


class Tally(Struct):
    """What became of many cases."""

    runs: int = 0
    helped: Counter[str] = field(default_factory=Counter)
    """How many needed a person to do what."""
    asking: list[Verdict] = field(default_factory=list)
    """Those that did."""
    wrong: list[Verdict] = field(default_factory=list)

    def add(self, verdict: Verdict) -> None:
        """Count one case."""
        self.runs += 1
        self.helped[" and ".join(sorted(set(verdict.helped))) or "nobody"] += 1
        if verdict.helped:
            self.asking.append(verdict)
        if verdict.problems:
            self.wrong.append(verdict)

    def join(self, other: Tally) -> None:
        """Count those of *other* too."""
        self.runs += other.runs
        self.helped += other.helped
        self.asking += other.asking
        self.wrong += other.wrong


@click.command()
@click.option("--shape", "names", multiple=True, help="Only this shape; may be repeated.")
@click.option("--kind", "kinds", multiple=True, default=("singles", "pairs"), help="singles or pairs.")
@click.option("--workers", default=2, show_default=True)
@click.option("--stride", default=24, show_default=True, help="Of the second of a pair: every so-many-th.")
@click.option("--show", default=1, show_default=True, help="How many conversations that went wrong to print.")
def main(names: tuple[str, ...], kinds: tuple[str, ...], workers: int, stride: int, show: int) -> None:
    """Try every trouble at every moment of every shape of post, in every setting."""
    whole = Tally()
    with ProcessPoolExecutor(workers) as pool:
        for kind, shape, setting in product(kinds, SHAPES, Setting):
            if (names and shape.name not in names) or (kind == "pairs" and not shape.short):
                continue
            part = Part(kind, shape.name, setting, stride)
            jobs = [pool.submit(replace(part, number=n, parts=workers).run) for n in range(workers)]
            here = Tally()
            for job in jobs:
                here.join(job.result())
            whole.join(here)
            click.echo(f"{kind:8} {shape.name:18} {setting:7} {here.runs:7} runs  {len(here.wrong):5} wrong")
    tell(whole, show)
    sys.exit(1 if whole.wrong else 0)


def tell(whole: Tally, show: int) -> None:
    """Print what went wrong, *show* of it in full, and how many runs there were."""
    for verdict in whole.wrong[:show]:
        click.echo(verdict.transcript)
    for problem, count in Counter(p for v in whole.wrong for p in v.problems).most_common(20):
        click.echo(f"{count:6}  {problem}")
    for verdict in whole.wrong[:20]:
        click.echo(f"wrong: {verdict.case}: {'; '.join(verdict.problems)}")
    for who, count in sorted(whole.helped.items()):
        click.echo(f"{count:8} runs ended with the help of {who}")
    click.echo(f"{whole.runs} runs, {len(whole.wrong)} wrong")


if __name__ == "__main__":
    main()
