"""Notes on their way to the journal: all that wait go under one barrier (group commit).

A journal that failed once is not written to again: a note after a lost one, or after another run
has taken over, could contradict what is on record.
"""

from __future__ import annotations

from math import inf

from msgspec import Struct

from threadsync.execution.seams import JournalSink
from threadsync.execution.tasks import Place, Task
from threadsync.model.ids import Address
from threadsync.model.journal import Intent, Note

IDLE_SECONDS = 5.0
"""A wait shorter than this is no time to put on record what can still wait for the next barrier."""


class QueuedRecord(Struct, frozen=True):
    """Notes that wait for the next barrier."""

    task: Task
    notes: tuple[Note, ...]
    at_seconds: float
    """Since when."""

    @property
    def has_intent(self) -> bool:
        """Whether an intent is among them."""
        return any(isinstance(note, Intent) for note in self.notes)

    def writable(self, *, stopping: bool) -> tuple[Note, ...]:
        """Return the notes to write now; the flow goes on after them only if these are all.

        What happened is always recorded, also for a flow that was cancelled meanwhile. An intent is
        not, where its request will not go out any more: the next run would have to settle it.
        """
        if self.task.place is Place.CLOSED or stopping:
            return tuple(note for note in self.notes if not isinstance(note, Intent))
        return self.notes


class Written(Struct, frozen=True):
    """What became of notes at a barrier: they are durable, or *holder* has what they claim."""

    task: Task
    notes: tuple[Note, ...]
    holder: Address | None
    whole: bool
    """Whether these were all the notes of their effect."""


class Recording:
    """The notes that wait for the next barrier of *journal*."""

    def __init__(self, journal: JournalSink) -> None:
        self._journal = journal
        self._queued: list[QueuedRecord] = []
        self._failed = False

    def __bool__(self) -> bool:
        return bool(self._queued)

    def add(self, task: Task, notes: tuple[Note, ...], *, at_seconds: float) -> None:
        """Let *task* wait until *notes* are on record."""
        task.place = Place.RECORDING
        self._queued.append(QueuedRecord(task, notes, at_seconds))

    def lingers_until(self) -> float:
        """Return until when the waiting intents may wait for others; infinite where none waits."""
        since = min((each.at_seconds for each in self._queued if each.has_intent), default=inf)
        return since + self._journal.linger_seconds

    def wakes_at(self) -> float:
        """Return when something is to be written at the latest; infinite where nothing is."""
        return min(self.lingers_until(), inf if self._failed else self._journal.renews_at_seconds)

    def rest(self, now_seconds: float, spare_seconds: float) -> None:
        """Make durable what barriers have left pending, and keep the state ours, if there is time or need.

        Nothing else is to be done for *spare_seconds*.

        Raises:
            StateError: the journal cannot be written.
        """
        has_need = now_seconds >= self._journal.renews_at_seconds
        if self._failed or not (has_need or spare_seconds >= IDLE_SECONDS):
            return
        try:
            self._journal.idle()
        except Exception:
            self._failed = True
            raise

    def check_lease(self) -> None:
        """Make sure that this run still holds the state.

        Raises:
            StateError: it does not.
        """
        try:
            self._journal.check_lease()
        except Exception:
            self._failed = True
            raise

    def take(self, now_seconds: float, *, at_once: bool) -> list[QueuedRecord]:
        """Return what is to be written now, in order.

        Intents wait on for those of others, unless the first one has waited long enough or all is to be
        written *at_once*. What holds none never waits: its flow may come to its intent after it.
        """
        intents = at_once or now_seconds >= self.lingers_until()
        taken = [each for each in self._queued if intents or not each.has_intent]
        self._queued = [each for each in self._queued if not intents and each.has_intent]
        return taken

    def write(self, queued: list[QueuedRecord], *, stopping: bool) -> list[Written]:
        """Append what of *queued* is still to be written, under one barrier.

        Raises:
            StateError: the journal cannot be written; none of *queued* counts as recorded.
        """
        written: list[Written] = []
        if self._failed:
            return written
        try:
            for record in queued:
                notes = record.writable(stopping=stopping)
                if notes:
                    holder = self._journal.append(notes)
                    written.append(Written(record.task, notes, holder, whole=notes == record.notes))
            if written:
                self._journal.barrier()
        except Exception:
            self._failed = True
            raise
        return written
