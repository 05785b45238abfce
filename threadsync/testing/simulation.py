"""One little life of a project a seed: posts come and go, things go wrong, people interfere; then peace.

``make sim SEEDS=2000`` runs that many. At every step, and at the end, the networks' ledgers are compared
with what was declared and agreed to (``simulation_judge``, ``simulation_end``). A seed that fails prints
its whole conversation, and ``--seed`` replays it exactly.
"""

from __future__ import annotations

import sys
import traceback
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import process_time

import click
from msgspec import Struct, field

from threadsync.testing.casts import BLUESKY, BOTH, THREADS
from threadsync.testing.desk import Desk
from threadsync.testing.simulation_end import judged, peace
from threadsync.testing.simulation_files import Author
from threadsync.testing.simulation_judge import EXCUSES, Excuse, Judge
from threadsync.testing.simulation_life import Life
from threadsync.testing.simulation_strikes import WRONG_SECONDS
from threadsync.testing.world import World
from threadsync.values import Discreet

EVENTS_MIN, EVENTS_MAX = 6, 18
"""How many events a life has."""
HISTORY_ODDS = 0.4
"""How likely an account has a post that a person wrote before."""
ODDS = {
    "write": 1.5,
    "edit": 3.5,
    "control": 4,
    "remove": 1.5,
    "restore": 1.5,
    "rename": 1.5,
    "spoil": 0.7,
    "rename_target": 0.4,
    "merge": 0.3,
    "plan": 0.5,
    "save_plan": 1.5,
    "carry": 1.5,
    "apply": 4,
    "struck": 7,
    "time": 3,
    "clock": 0.6,
    "quirks": 0.7,
    "renew": 0.7,
    "hand_post": 1,
    "hand_delete": 0.6,
    "accept": 0.4,
    "erase": 0.3,
    "move": 0.4,
    "resolve": 0.5,
    "imports": 0.4,
    "roll_back": 0.4,
    "lose": 0.2,
    "clone": 0.2,
    "swap": 1,
    "hold": 0.7,
    "release": 0.5,
    "freeze": 0.3,
    "thaw": 0.5,
    "take_down": 0.6,
}
"""How likely each event is, beside the others."""
CASTS = (THREADS, THREADS, THREADS, BLUESKY, BOTH)
"""The lives are on one after the other."""


class Lived(Discreet, frozen=True):
    """What became of one seed: what is wrong, and how often what happened."""

    hidden = frozenset({"transcript"})

    seed: int
    problems: tuple[str, ...]
    counted: Counter[str]
    excused: Counter[str]
    transcript: str
    """The whole conversation, where something is wrong."""


class Simulation:
    """The life that follows from *seed*; the same seed gives the same transcript, byte for byte."""

    def __init__(self, seed: int, desk: Desk) -> None:
        self.seed = seed
        self.chance = Random(seed)  # noqa: S311  (it is to be guessed: a seed replays)
        shared = self.chance.random() < 0.25
        cast = CASTS[seed % len(CASTS)]
        self.world = World(seed, desk, shared=shared, cast=cast)
        self.world.remote.leased = seed // len(CASTS) % 2 == 1  # on every cast in turn
        self.world.network.skewed(self.chance.choice((0.0, 0.0, 0.0, 0.0, *WRONG_SECONDS)))
        author = Author(self.world, self.chance, targets=dict(cast.targets))
        self.judge = Judge()
        self.lives = [Life(self.world, author, self.judge, self.world.network, self.chance)]
        """The clones of the project, and what happens in each; the first one is on."""

    @property
    def life(self) -> Life:
        """The clone that events happen to now."""
        return self.lives[0]

    def run(self) -> Lived:
        """Live, make peace, and judge."""
        try:
            self._live()
        except Exception:  # noqa: BLE001  (whatever escapes is a bug, and is told with its conversation)
            self.life.problems.append(f"crashed: {traceback.format_exc()}")
        life = self.life
        life.counted[f"lives on {self.world.cast.name}"] += 1
        life.counted["lives with a shared state whose locks lapse"] += (
            self.world.shared and self.world.remote.leased
        )
        for file in (*life.author.files.values(), *life.author.gone.values()):
            life.counted[f"posts: {file.kind}"] += 1
        return Lived(
            self.seed,
            tuple(life.problems),
            life.counted,
            self.judge.excused,
            self.transcript() if life.problems else "",
        )

    def transcript(self) -> str:
        """Return the whole conversation so far, and what is wrong."""
        return self.world.transcript() + "".join(f"WRONG: {problem}\n" for problem in self.life.problems)

    def _live(self) -> None:
        if self.chance.random() < HISTORY_ODDS:
            self._step("hand_post")
        self._step("write")
        for _ in range(self.chance.randint(EVENTS_MIN, EVENTS_MAX)):
            self._step(self.chance.choices(tuple(ODDS), tuple(ODDS.values()))[0])
            if self.life.problems:
                return
        self.world.say("PEACE")
        for life in self.lives:
            plan = peace(life)
            self._judge()
            if plan is not None and life is self.lives[-1] and not life.problems:
                life.problems.extend(judged(life, plan))

    def _step(self, name: str) -> None:
        self.world.say("EVENT", name)
        life = self.life
        written: Callable[[], str | None] | None = {
            "write": life.author.write,
            "edit": life.author.edit,
            "control": life.author.control,
            "remove": life.author.remove,
            "restore": life.author.restore,
            "rename": life.author.rename,
            "spoil": life.author.spoil,
        }.get(name)
        if written is not None:
            said = written()
            self.world.say("the author", said or "does nothing")
            self.judge.renamed |= name == "rename"
            return  # no network has seen anything of it yet
        if name == "merge":
            self.world.say("the author", life.author.rename() or "does nothing")
            life.rename_target()
        elif name == "clone":
            self._clone()
        elif name == "swap":
            self.lives.append(self.lives.pop(0))
        else:
            getattr(life, name)()
        self._judge()

    def _clone(self) -> None:
        if len(self.lives) == 1:
            self.lives.append(self.life.clone(with_state=self.chance.random() < 0.5))
            self.judge.cloned, self.judge.apart = True, not self.world.shared

    def _judge(self) -> None:
        authors = [life.author for life in self.lives]
        self.life.problems.extend(self.judge.faults(self.life.network, authors))


# All of them.


class Tally(Struct):
    """What became of many seeds."""

    seeds: int = 0
    seconds: float = 0.0
    """Processor time."""
    counted: Counter[str] = field(default_factory=Counter)
    excused: Counter[str] = field(default_factory=Counter)
    wrong: list[Lived] = field(default_factory=list)

    def add(self, lived: Lived) -> None:
        """Count one seed."""
        self.seeds += 1
        self.counted += lived.counted
        self.excused += lived.excused
        if lived.problems:
            self.wrong.append(lived)

    def join(self, other: Tally) -> None:
        """Count those of *other* too."""
        self.seeds += other.seeds
        self.seconds += other.seconds
        self.counted += other.counted
        self.excused += other.excused
        self.wrong += other.wrong


def lived(seeds: range) -> Tally:
    """Live every one of *seeds*."""
    tally = Tally()
    began = process_time()
    with TemporaryDirectory(prefix="desk-") as folder:
        desk = Desk(Path(folder))
        for seed in seeds:
            tally.add(Simulation(seed, desk).run())
    tally.seconds = process_time() - began
    return tally


def tell(tally: Tally, show: int) -> None:
    """Print what happened how often, and *show* of the conversations that went wrong."""
    for each in tally.wrong[:show]:
        click.echo(f"seed {each.seed}\n{each.transcript}")
    for each in tally.wrong:
        click.echo(f"wrong: --seed {each.seed}: {'; '.join(p.splitlines()[-1] for p in each.problems)}")
    for what, count in sorted(tally.counted.items()):
        click.echo(f"{count:8} {what}")
    for what, count in sorted(tally.excused.items()):
        click.echo(f"{count:8} excused as {what}: {EXCUSES[Excuse(what)]}")
    milliseconds = 1000 * tally.seconds / max(1, tally.seeds)
    click.echo(f"{tally.seeds} seeds, {milliseconds:.1f} ms each, {len(tally.wrong)} wrong")


@click.command()
@click.option("--seeds", default=2000, show_default=True, help="How many seeds.")
@click.option("--first", default=0, show_default=True, help="The first of them.")
@click.option("--workers", default=2, show_default=True, help="How many processes share them.")
@click.option("--show", default=1, show_default=True, help="How many conversations that went wrong to print.")
@click.option("--seed", type=int, help="Replay just this one, and print its conversation.")
def main(seeds: int, first: int, workers: int, show: int, seed: int | None) -> None:
    """Live through many little lives of a project, and judge each."""
    whole = Tally()
    if seed is not None:
        with TemporaryDirectory(prefix="desk-") as folder:
            one = Simulation(seed, Desk(Path(folder)))
            problems = one.run().problems
            click.echo(one.transcript(), nl=False)
        sys.exit(1 if problems else 0)
    with ProcessPoolExecutor(workers) as pool:
        jobs = [pool.submit(lived, range(first + n, first + seeds, workers)) for n in range(workers)]
        for job in jobs:
            whole.join(job.result())
    tell(whole, show)
    sys.exit(1 if whole.wrong else 0)


if __name__ == "__main__":
    main()
