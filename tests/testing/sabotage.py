"""What every story of a safeguard is told with: the safeguard itself, worlds, scripts and judgements."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from msgspec import Struct, field

from threadsync.errors import StateError
from threadsync.model.ids import TargetName
from threadsync.model.journal import Note
from threadsync.sandbox.threads.values import Republish
from threadsync.testing.casts import PROJECT
from threadsync.testing.desk import Desk
from threadsync.testing.exhaustive import Case, finished, stage, tried
from threadsync.testing.judge import Chains, Expected, faults
from threadsync.testing.machine import FakeMachine
from threadsync.testing.networks import ThreadsNetwork
from threadsync.testing.shapes import SHAPES
from threadsync.testing.troubles import Moment, Script, Trouble, nothing
from threadsync.testing.world import World

Taken: TypeAlias = Mapping[str, object]
"""The dotted name of something in threadsync to what is put in its place."""
Story: TypeAlias = Callable[[Desk], Iterable[str]]
"""Tells a story and returns everything wrong in the end, in the words of the judge."""

PUBLISH = "POST /v1.0/me/threads_publish"
LOOK = " GET /v1.0/1"
"""Reading a container or a post: the ids of both begin so."""
WORDS = "Only words"
OTHER = "Quite another thing"
DAY = 86_400.0
SECOND_PID = 1000
UNLISTED_SECONDS = 2 * 3600.0
"""A fresh post that is listed so late shows in no listing of a story, and all the same in its end."""


class Safeguard(Struct, frozen=True):
    """Something without which the promise does not hold, and the story that shows it."""

    name: str
    law: int
    taken: tuple[Taken, ...]
    """Lines of defence: each alone keeps the promise, and only without all of them it is broken."""
    story: Story
    finds: str
    """How the problem begins that is found without it."""


class Scene(World):
    """A world in which a target may hold the token of another account, and processes may meet."""

    tokens: dict[str, str] = field(default_factory=dict)
    """Target to the handle of the account that its credential opens, where it is another one."""
    heard: Callable[[Note], None] = lambda _: None
    """Is told of all notes that a run has put on record, before it goes on."""

    def switch(self, **changes: object) -> None:
        """Change how the network behaves, where its documentation leaves that open."""
        assert isinstance(self.network, ThreadsNetwork), "it is the only network there is"
        self.network.switch(**changes)

    def account(self, target: TargetName) -> str:
        """See ``World.account``; the credential decides, and not what is declared."""
        return self.tokens.get(target) or super().account(target)

    def recorded(self, name: str, notes: tuple[Note, ...]) -> None:
        """See ``Watcher.recorded``."""
        super().recorded(name, notes)
        for note in notes:
            self.heard(note)

    def beside(self) -> Scene:
        """Return another process of the same machine in the same folder; or of another one (``shared``)."""
        other = Scene(self.seed + 1, self.desk, self.project, self.start, self.shared, self.log)
        other.clock, other.network, other.files = self.clock, self.network, self.files
        other.disk, other.remote = self.disk, self.remote
        other.machine = FakeMachine("runner-2") if self.shared else self.machine.neighbour(SECOND_PID)
        return other


def live(*chains: tuple[str, ...], brand: Chains = (), taken_down: tuple[str, ...] = ()) -> Expected:
    """Return what is to be live in the end, on ``main`` if not said otherwise."""
    return Expected({"main": chains, "brand": brand}, taken_down=frozenset(taken_down))


def judged(world: World, expected: Expected) -> list[str]:
    """Return what is wrong with the networks now."""
    return faults(world.network.live(), world.network.deleted(), expected)


def ended(world: World, expected: Expected) -> list[str]:
    """Return what is wrong after everything has calmed down and nothing is left to apply."""
    world.calm()
    _, problems = finished(world)
    return [*problems, *judged(world, expected)]


def cases(name: str, at: Callable[[Moment], bool], troubles: Callable[[Moment], Iterable[Trouble]]) -> Story:
    """Return the story of a shape, once for each of *troubles* at each moment that *at* chooses."""

    def told(desk: Desk) -> list[str]:
        (shape,) = [each for each in SHAPES if each.name == name]
        begun = stage(shape, desk)
        found: list[str] = []
        for moment in filter(at, begun.moments()):
            for trouble in troubles(moment):
                try:
                    found += tried(Case(shape, ((moment.number, trouble),)), begun).problems
                except StateError as error:
                    found.append(f"refused: {error}")
        return found

    return told


def steps(*said: tuple[str, Trouble | Callable[[], None]]) -> Script:
    """Strike at the first moment that the first words are said of, then at the next with the second, …

    A step may also be an event that happens just then.
    """
    left = list(said)

    def script(moment: Moment) -> Trouble | None:
        if not left or left[0][0] not in moment.what:
            return None
        _, step = left.pop(0)
        if callable(step):
            step()
            return None
        return step

    return script


def struck(world: Scene, *said: tuple[str, Trouble | Callable[[], None]]) -> None:
    """Apply once and strike so, and never again."""
    world.script = steps(*said)
    world.apply()
    world.script = nothing


def on(words: str, trouble: Trouble) -> Script:
    """Strike at every moment that *words* are said of."""
    return lambda moment: trouble if words in moment.what else None


def told(tell: Callable[[Scene], Iterable[str]], project: str = PROJECT) -> Story:
    """Return the story that *tell* tells of a world with this *project*."""
    return lambda desk: tell(Scene(desk=desk, project=project))


def lenient(world: Scene) -> Scene:
    """Give *world* the post ``a``, and a network that makes a new post of a container published again."""
    world.switch(republish=Republish.NEW_POST)
    world.post("a", WORDS)
    return world


def finds_nothing(*_: object, **__: object) -> None:
    """A check that never finds anything."""


def finds_none(*_: object, **__: object) -> dict[object, object]:
    """A search that comes back empty."""
    return {}


def applied(world: Scene, text: str = WORDS, **front: str) -> None:
    """Publish the post ``a``, a day before what follows."""
    world.post("a", text, **front)
    world.apply()
    world.clock.sleep(DAY)
