"""What a session has taken in and its store does not hold yet: folded into the ledger, and as lines."""

from __future__ import annotations

from collections.abc import Sequence

from threadsync.model.ids import Address, RemoteId, TargetName
from threadsync.model.journal import Adopted, Intent, Note, Receipt
from threadsync.model.ledger import Ledger
from threadsync.model.state import State
from threadsync.statefile.journal import record_line


class Pending:
    """The notes of a session that goes on from *start*; an append costs the same whatever its size."""

    def __init__(self, start: State) -> None:
        self.ledger = Ledger(start)
        self.first_run = start.sequence == 0
        """Whether nothing was on record when the session began."""
        self.has_intent = False
        """Whether an intent is among the notes that wait."""
        self._sequence = start.sequence
        self._lines: list[bytes] = []

    def __bool__(self) -> bool:
        return bool(self._lines)

    @property
    def lines(self) -> bytes:
        """The lines that wait."""
        return b"".join(self._lines)

    def append(self, notes: Sequence[Note]) -> Address | None:
        """Take *notes* in, all or none; see ``Journal.append``."""
        holder = self._holder_of_a_claim(notes)
        if holder is not None:
            return holder
        lines = [record_line(self._sequence + 1 + n, note) for n, note in enumerate(notes)]
        for line, note in zip(lines, notes, strict=True):
            self.ledger.fold(note, sequence=self._sequence + 1)
            self._lines.append(line)
            self._sequence += 1
            self.has_intent = self.has_intent or isinstance(note, Intent)
        return None

    def clear(self) -> None:
        """Forget the lines: the store holds them now."""
        self._lines.clear()
        self.has_intent = False

    def _holder_of_a_claim(self, notes: Sequence[Note]) -> Address | None:
        claimed: dict[tuple[TargetName, RemoteId], Address] = {}
        for note in notes:
            match note:
                case Receipt(address=address, published=published):
                    ids: tuple[RemoteId, ...] = (published.remote_id,)
                case Adopted(address=address, segments=segments):
                    ids = tuple(segment.remote_id for segment in segments)
                case _:
                    continue
            for remote_id in ids:
                holder = self.ledger.holder_of(address.target, remote_id)
                holder = holder or claimed.setdefault((address.target, remote_id), address)
                if holder != address:
                    return holder
        return None
