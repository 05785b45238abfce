"""What may begin on a target, what may be shown to its readers, and in which order.

Few actions of a target begin at first, so that a circuit breaker (``breaker``) has something left to hold
back: each container that the network makes lets two more begin. Of those, few come to what others see at
first: each that goes well lets two more do so. So what is slow to stage (a video) is staged ahead.

What has a time (``publish:``) is shown in the order of the times, however long each takes to stage: an
action waits at its first intent until all that come before it are live, or over.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import TypeAlias

from msgspec import Struct, field

from threadsync.execution.breaker import CircuitBreaker, Pause
from threadsync.model.ids import Address
from threadsync.model.journal import Intent, Note, Receipt, Staged
from threadsync.planning.actions import Create, Delete, Effective, Extend, Replace

Sending: TypeAlias = Create | Extend | Replace | Delete
"""Actions that the network hears of; the others only change the state, so no pause is about them."""

_NO_TIME = datetime.min.replace(tzinfo=UTC)


def _nothing() -> None:
    pass


class Turn(Struct, eq=False):
    """One action on its lane; the gate (``seams.Gate``) of its flow."""

    action: Sending
    lane: Lane
    due: datetime | None = None
    """Its place in the order of times; None where it may come at any moment."""
    sends: bool = False
    """Whether it has come to what others see, or may have in an earlier run."""
    is_passed: bool = False
    """Whether what comes after it in the order need not wait for it any more."""
    is_over: bool = False
    give_up: Callable[[], None] = _nothing
    """Ends its flow before its time."""
    held_by: Pause | None = None
    """Why it was given up."""
    admit: Callable[[], None] = _nothing
    """Lets go on record what it is held at."""

    def noting(self, notes: tuple[Note, ...], admit: Callable[[], None]) -> None:
        """See ``Gate.noting``."""
        self.admit = admit
        if not self.sends and any(isinstance(note, Intent) for note in notes):
            self.lane.hold(self)
            return
        admit()
        for note in notes:
            if isinstance(note, Staged):
                self.lane.made += 1
                self.lane.fill()
            elif isinstance(note, Receipt) and note.published.index == self._last_index:
                self.lane.passed(self)

    @property
    def _last_index(self) -> int:
        last = self.action.segments[-1:] if isinstance(self.action, Create) else ()
        return last[0].index if last else -1


class Lane(Struct):
    """One target's part of a run: what is under way there, and what waits."""

    breaker: CircuitBreaker
    at_first_max: int
    begin: Callable[[Sending], None]
    """Called with each action for which there is room."""
    applied: int = 0
    made: int = 0
    """How many containers the network has made."""
    begun: dict[Address, Turn] = field(default_factory=dict)
    """What is under way."""
    waiting: deque[Turn] = field(default_factory=deque)
    """What waits for room to begin."""
    _sending: int = 0
    _ready: deque[Turn] = field(default_factory=deque)
    """What is held at its first intent until fewer are sending."""
    _times: deque[datetime] = field(default_factory=deque)
    """The times that have not passed yet, the first one first."""
    _left: Counter[datetime] = field(default_factory=Counter)
    """How many have not passed yet, by their times."""
    _behind: dict[datetime, list[Turn]] = field(default_factory=dict)
    """What is held at its first intent by the order, by its time."""
    _behind_count: int = 0

    def expect(self, turns: Iterable[Turn]) -> None:
        """Take in all that has a time, before any of it begins."""
        self._left.update(turn.due for turn in turns if turn.due is not None)
        self._times.extend(sorted(self._left))

    # Beginning.

    def fill(self) -> None:
        """Begin what waits, as far as there is room."""
        while self.waiting and len(self.begun) < self._begun_max:
            turn = self.waiting.popleft()
            self.begun[turn.action.address] = turn
            self._sending += turn.sends
            self.begin(turn.action)

    @property
    def _begun_max(self) -> int:
        """How many may be under way; where the order holds all of them, one more always may begin."""
        return max(self._most(self.applied + self.made), self._behind_count + 1)

    def _most(self, successes: int) -> int:
        """Few at first, and more with each success; the place of a failure is empty until one goes well."""
        return max(1, self.at_first_max + 2 * successes - self.breaker.failures)

    # Being shown to others.

    def hold(self, turn: Turn) -> None:
        """Let *turn* go on as soon as the order and the number of those that send allow it."""
        if turn.due is not None and self._times and self._times[0] < turn.due:
            self._behind.setdefault(turn.due, []).append(turn)
            self._behind_count += 1
            self.fill()
        else:
            self._ready.append(turn)
            self._send()

    def _send(self) -> None:
        while self._ready and (self._ready[0].is_over or self._sending < self._most(self.applied)):
            turn = self._ready.popleft()
            if not turn.is_over:
                turn.sends = True
                self._sending += 1
                turn.admit()

    def passed(self, turn: Turn) -> None:
        """Let go on what only waited for *turn*: it is live, or will not be in this run."""
        if turn.due is None or turn.is_passed:
            return
        turn.is_passed = True
        self._left[turn.due] -= 1
        while self._times and not self._left[self._times[0]]:
            self._times.popleft()
            held = self._behind.pop(self._times[0], []) if self._times else []
            self._behind_count -= len(held)
            self._ready.extend(held)
        self._send()

    def over(self, turn: Turn, *, applied: bool) -> None:
        """Give the places of *turn* to others."""
        turn.is_over = True
        del self.begun[turn.action.address]
        self._sending -= turn.sends
        self.applied += applied
        self._send()


def begins_before(turn: Turn) -> tuple[bool, bool, datetime, int, int, int]:
    """Return what actions are sorted by before they begin.

    First what may be live already, so that no pause can keep it from being settled; then what has a time,
    in that order; then what takes longest: videos, carousels, pictures, chains, texts.
    """
    segments = turn.action.segments if isinstance(turn.action, Create | Extend | Replace) else ()
    media = [each.sent.kind for segment in segments for each in segment.media]
    longest = (-media.count("video"), -len(media), -len(segments))
    return (not turn.sends, turn.due is None, turn.due or _NO_TIME, *longest)


def dues(actions: Iterable[Effective], waits: Mapping[Address, set[Address]]) -> dict[Address, datetime]:
    """Return the time at which each of *actions* comes in the order of times, if it has one.

    *actions* are in the order of a plan, in which each follows what it *waits* for. What waits for something
    with a later time has that time too: it cannot come before it, and nothing may wait in a circle.
    """
    latest: dict[Address, datetime] = {}
    found: dict[Address, datetime] = {}
    for action in actions:
        address = action.address
        times = [latest[needed] for needed in waits[address] if needed in latest]
        schedule = action.publication.control.publish if isinstance(action, Create) else None
        if schedule is not None:
            times.append(schedule.at)
        if times:
            latest[address] = max(times)
            if schedule is not None:
                found[address] = latest[address]
    return found
