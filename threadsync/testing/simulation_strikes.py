"""What strikes the runs of a simulated life, and who answers their questions, as chance will have it."""

from __future__ import annotations

from collections import Counter
from random import Random

from msgspec import Struct, field

from threadsync.model.ids import Address
from threadsync.operations.asking import AskApply, AskReplace, Question
from threadsync.testing.troubles import (
    ClockSet,
    Death,
    Moment,
    NetworkFault,
    Place,
    RemoteFails,
    Trouble,
    possible,
)
from threadsync.testing.world import World

ODDS = {Place.REQUEST: 0.04, Place.DISK: 0.02, Place.REMOTE: 0.1}
"""How likely a moment of a struck run is to be hit, while there are troubles left."""
ODDS_OF_WHAT_SHOWS = 0.4
"""The same for requests that publish or take down."""
SHOWS = ("threads_publish", "putRecord", "applyWrites", "deleteRecord")
"""How those requests end."""
LATE_SECONDS = (1.0, 5.0, 30.0, 100.0, 250.0)
"""How late what comes late may be; all shorter than a doubt waits."""
WRONG_SECONDS = (-90000.0, -4000.0, -200.0, 200.0, 4000.0, 90000.0)
"""How far a clock may be set, ahead or back."""


class Strikes(Struct):
    """A script of one run: a few troubles at moments that chance chooses."""

    chance: Random
    left: int
    counted: Counter[str]
    struck: list[Trouble] = field(default_factory=list)

    def __call__(self, moment: Moment) -> Trouble | None:
        """Say what goes wrong at *moment*."""
        if not self.left or not self.hits(moment):
            return None
        self.left -= 1
        trouble = self.chance.choice(possible(moment))
        match trouble:
            case NetworkFault(name=name):
                trouble = NetworkFault(name, self.chance.choice(LATE_SECONDS))
                self.counted[f"network {name}"] += 1
            case ClockSet():
                trouble = ClockSet(self.chance.choice(WRONG_SECONDS))
                self.counted["clock set"] += 1
            case Death(when=when, loss=loss, older=older):
                self.counted[f"killed {when}, losing {'the disk' if older else loss}"] += 1
            case RemoteFails(how=how):
                self.counted[f"remote {how}"] += 1
            case _:
                self.counted[type(trouble).__name__] += 1
        self.struck.append(trouble)
        return trouble

    def hits(self, moment: Moment) -> bool:
        """Say whether *moment* is one of them."""
        shows = " DELETE " in moment.what or moment.what.endswith(SHOWS)
        return self.chance.random() < (ODDS_OF_WHAT_SHOWS if shows else ODDS[moment.place])


class Somebody(Struct):
    """A person who answers as chance will have it."""

    chance: Random
    world: World
    agreed: set[Address] = field(default_factory=set)
    declined: bool = False

    def confirm(self, question: Question) -> bool:
        """See ``Person.confirm``."""
        said = self.chance.random() < (0.5 if isinstance(question, AskReplace) else 0.9)
        self.world.say("asked", type(question).__name__, said)
        match question:
            case AskReplace(blocked=blocked) if said:
                self.agreed.add(blocked.address)
            case AskApply():
                self.declined = not said
            case _:
                pass
        return said
