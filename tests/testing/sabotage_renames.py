"""Safeguards of what is new: renames, and files that come back (laws 4 and 5)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec.structs import replace

from tests.testing.sabotage import (
    DAY,
    OTHER,
    WORDS,
    Safeguard,
    Scene,
    applied,
    ended,
    finds_none,
    finds_nothing,
    judged,
    live,
    told,
)
from threadsync.model.ids import Address, ContentDigest
from threadsync.model.ledger import Ledger
from threadsync.model.state import Binding, Open, State, Tombstone
from threadsync.planning import moves
from threadsync.planning.actions import Create
from threadsync.planning.inputs import Wanted
from threadsync.planning.moves import Renamed
from threadsync.planning.planner import _Planner

PLANNER = "threadsync.planning.planner._Planner"
MOVES = "threadsync.planning.moves"
LEDGER = "threadsync.model.ledger.Ledger"


def is_always_new(
    wanted: Wanted,
    vanished: Mapping[Address, Binding],
    doubtful: Mapping[Address, Open],
    prior: State | None,
) -> Renamed:
    """A planner to which every new key is a new post."""
    return Renamed(None)


_find = moves.find


def forgets_tombstones(
    wanted: Wanted,
    vanished: Mapping[Address, Binding],
    doubtful: Mapping[Address, Open],
    prior: State | None,
) -> Renamed:
    """A planner that compares what is new with what is bound alone."""
    return _find(wanted, vanished, doubtful, None if prior is None else replace(prior, tombstones={}))


def leaves_nothing(self: Ledger, address: Address, why: str, at: datetime, digest: ContentDigest) -> None:
    """A ledger in which a forgotten binding leaves no tombstone."""
    self._unbind(address)
    self.open.pop(address, None)


def is_not_close(wanted: Wanted, old: Binding | Tombstone) -> bool:
    """A planner to which an edited text is another one."""
    return False


def never_recurs(wanted: Wanted, old: Binding) -> bool:
    """A planner to which an equal text is always the old post."""
    return False


_create = _Planner._create


def never_uses_up(
    self: _Planner, wanted: Wanted, unfinished: Open | None, *, republish: bool = False
) -> Create:
    """A planner that does not remember that a post was published once more."""
    return replace(_create(self, wanted, unfinished), republish=False)


def renamed(world: Scene) -> list[str]:
    """A file is renamed."""
    applied(world)
    world.remove("a")
    world.post("b", WORDS)
    return ended(world, live((WORDS,)))


def renamed_in_two_merges(world: Scene) -> list[str]:
    """A file is removed and forgotten, and comes back under another name."""
    world.post("z", OTHER)
    applied(world)
    world.remove("a")
    world.apply()
    world.post("b", WORDS)
    world.apply()
    return judged(world, live((WORDS,), (OTHER,)))


def renamed_and_touched_up(world: Scene) -> list[str]:
    """A file is renamed and a word of it is changed."""
    text = "We rode to all forty stations of the line"
    applied(world, text)
    world.remove("a")
    world.post("b", text.replace("forty", "40"))
    world.apply()
    return judged(world, live((text,)))


def renamed_and_rewritten(world: Scene) -> list[str]:
    """A file is renamed and rewritten, and says what it was."""
    applied(world)
    world.remove("a")
    world.post("b", OTHER, moved_from="a", on_change="replace")
    return ended(world, live((OTHER,), taken_down=(WORDS,)))


def renamed_to_two(world: Scene) -> list[str]:
    """A file becomes two that say the same; a crash of the apply is told."""
    applied(world)
    world.remove("a")
    world.post("b", WORDS)
    world.post("c", WORDS)
    try:
        for _ in range(2):
            world.apply()
    except KeyError as error:
        return [f"crash: {error!r}"]
    return judged(world, live((WORDS,)))


def said_again(world: Scene) -> list[str]:
    """What was said, and its file removed, is to be said again at a later time."""
    applied(world)
    world.remove("a")
    world.post("b", WORDS, publish="2026-11-22 12:00", republish="false")
    world.apply()
    world.post("b", WORDS, publish="2026-11-22 12:00", republish="true")
    return ended(world, replace(live((WORDS,), (WORDS,)), again=frozenset({WORDS})))


def away_for_100_days(world: Scene) -> list[str]:
    """A file is removed, and comes back when its post is older than what is read back."""
    world.post("z", OTHER)
    applied(world)
    world.remove("a")
    world.apply()
    world.clock.sleep(100 * DAY)
    world.post("a", WORDS)
    return ended(world, live((WORDS,), (OTHER,)))


def withdrawn_and_back(world: Scene) -> list[str]:
    """A post is withdrawn, and the line that said so is taken out."""
    applied(world)
    world.post("a", WORDS, withdraw="true")
    world.apply()
    world.post("a", WORDS)
    world.apply()
    return judged(world, live(taken_down=(WORDS,)))


def withdrawn_twice(world: Scene) -> list[str]:
    """A post is withdrawn, published once more, withdrawn again, and its line is left as it is."""
    applied(world)
    for front in ({"withdraw": "true"}, {"republish": "true"}) * 2:
        world.post("a", WORDS, **front)
        world.apply()
        world.clock.sleep(DAY)
    expected = replace(live(taken_down=(WORDS,)), again=frozenset({WORDS}))
    return judged(world, expected)


RENAMES = (
    Safeguard("a rename is a move", 4, ({f"{MOVES}.find": is_always_new},), told(renamed), "duplicate"),
    Safeguard(
        "a tombstone knows what it said",
        4,
        ({f"{MOVES}.find": forgets_tombstones},),
        told(renamed_in_two_merges),
        "duplicate",
    ),
    Safeguard(
        "a rename with an edit is asked about",
        4,
        ({f"{MOVES}._close": is_not_close},),
        told(renamed_and_touched_up),
        "stays up",
    ),
    Safeguard(
        "moved_from", 4, ({f"{MOVES}._declared": finds_nothing},), told(renamed_and_rewritten), "stays up"
    ),
    Safeguard(
        "one binding moves to one file",
        4,
        ({f"{MOVES}.contested": finds_none},),
        told(renamed_to_two),
        "crash",
    ),
    Safeguard(
        "a text that recurs is no rename", 4, ({f"{MOVES}._recurs": never_recurs},), told(said_again), "lost"
    ),
    Safeguard(
        "a forgotten post leaves a tombstone",
        5,
        ({f"{LEDGER}._forgotten": leaves_nothing},),
        told(away_for_100_days),
        "duplicate",
    ),
    Safeguard(
        "what was taken down stays down",
        5,
        ({f"{PLANNER}._buried": finds_nothing},),
        told(withdrawn_and_back),
        "stays up",
    ),
    Safeguard(
        "republish counts once",
        5,
        ({f"{PLANNER}._create": never_uses_up},),
        told(withdrawn_twice),
        "stays up",
    ),
)
