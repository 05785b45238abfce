"""A shared state that is open for writing: intents are pushed before they count, the rest when it suits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import Final

from msgspec import Struct

from threadsync.errors import StateError, StateOutdated, StateUnreachable, StateUnwritable
from threadsync.model.ids import Address
from threadsync.model.journal import Note
from threadsync.model.ledger import Ledger
from threadsync.model.state import State
from threadsync.statefile.codec import Document
from threadsync.statefile.folding import fold_journal, rewritten
from threadsync.statefile.journal import header_line, header_of
from threadsync.statefile.lock import Holder, LockInfo, parse_lock, taken_away
from threadsync.statefile.pending import Pending
from threadsync.statefile.remote import Deadline, Remote, Revision

LINGER_SECONDS: Final = 1.0
"""How long an intent waits for those of other publications: about as long as a push takes."""
LEASE_SECONDS: Final = 600.0
"""How long a lock outlives the last write of its holder, in a place that has a clock."""
RENEW_SECONDS: Final = 120.0
"""How long after its last write its holder writes again, so that it keeps the lock: several may fail."""


class Names(Struct, frozen=True):
    """What the files are called, and how messages name them."""

    state: str
    place: str

    @property
    def journal(self) -> str:
        """The journal's name."""
        return f"{self.state}.journal"

    @property
    def lock(self) -> str:
        """The lock's name."""
        return f"{self.state}.lock"

    @property
    def where_state(self) -> str:
        """The state in messages."""
        return f"{self.state} in {self.place}"

    @property
    def where_journal(self) -> str:
        """The journal in messages."""
        return f"{self.journal} in {self.place}"


def without(files: Mapping[str, bytes], *names: str) -> dict[str, bytes]:
    """Return *files* without those called *names*."""
    return {name: data for name, data in files.items() if name not in names}


def said(holder: Holder, what: str) -> str:
    """Return what a revision says of itself: which command of whom made it, and what it does."""
    return f"{holder.command}: {what}\n\nby {holder.user}\n"


class Opened(Struct, frozen=True):
    """What opening the state has found and written: the lock with this *nonce* is in *revision*."""

    nonce: str
    revision: Revision
    document: Document | None
    blank: State
    """The state that a first run begins with."""
    broken: LockInfo | None
    recovered: int


class SharedSession:
    """A session of ``SharedStore``.

    What happened waits for the next push; an intent is pushed before its barrier returns. A push that is
    rejected, or of which nobody knows whether it arrived, ends the session: nothing is recorded after it.
    """

    linger_seconds = LINGER_SECONDS

    def __init__(
        self, remote: Remote, names: Names, deadline: Deadline, holder: Holder, opened: Opened
    ) -> None:
        self.broken = opened.broken
        self.recovered = opened.recovered
        self._remote = remote
        self._names = names
        self._deadline = deadline
        self._holder = holder
        self._nonce = opened.nonce
        self._revision = opened.revision
        self._document = opened.document
        self._encoded = opened.revision.files.get(names.state)
        self._start = opened.blank if opened.document is None else opened.document.state
        self._pending = Pending(self._start)
        self._recorded = b""
        self._lost: StateError | None = None
        self._unsure = False
        self._renews_at_seconds = self._renewal()

    @property
    def renews_at_seconds(self) -> float:
        """See ``Journal.renews_at_seconds``."""
        return self._renews_at_seconds

    @property
    def ledger(self) -> Ledger:
        """See ``Journal.ledger``."""
        return self._pending.ledger

    @property
    def first_run(self) -> bool:
        """See ``Session.first_run``."""
        return self._pending.first_run

    def check_lease(self) -> None:
        """See ``Journal.check_lease``; asks nobody, but for a lease that was not renewed in time.

        The fence is the push of the request's own intent: it fails if the lock was broken before it. For
        what is broken after it, a request may go out for ``intent_send_seconds`` after that push and no
        longer, and whoever broke the lock settles the intent, which waits longer (law 16).
        """
        self._refuse_if_lost()
        if self._deadline.clock.monotonic() >= self._renews_at_seconds:
            self.idle()

    def append(self, notes: Sequence[Note]) -> Address | None:
        """See ``Journal.append``."""
        self._refuse_after_a_failure()
        return self._pending.append(notes)

    def barrier(self) -> None:
        """See ``Journal.barrier``."""
        self._refuse_after_a_failure()
        if self._pending.has_intent:
            self._push("records what it is about to do")

    def idle(self) -> None:
        """See ``Journal.idle``."""
        self._refuse_after_a_failure()
        if self._pending:
            self._push("records what it has done")
        elif self._deadline.clock.monotonic() >= self._renews_at_seconds:
            self._exchange(self._revision.files, "is still at work")

    def hurry(self, seconds: float) -> None:
        """See ``Journal.hurry``."""
        self._deadline.hurry(seconds)

    def close(self) -> None:
        """Fold all that was appended into the state and give the lock back, in one push.

        After a push that failed it looks once more what is there: only while the lock is still ours does
        it write.

        Raises:
            StateError: it could not be pushed; what was done before it is settled by the next run.
        """
        if self._lost is not None:
            return
        try:
            if self._unsure:
                self._look_again()
            self._replace(self._last_files(), "is done")
        except StateUnreachable as error:
            raise StateUnreachable(
                f"the last push of this run was not done ({error.problem})",
                where=error.where,
                remedy="Whatever this run had sent was pushed as an intent before, so nothing is lost and "
                "nothing goes out twice: the next apply finds out what became of it. If it finds the state "
                "locked by this run, break the lock with `threadsync state force-unlock`.",
            ) from error

    def _look_again(self) -> None:
        revision = self._remote.fetch(self._deadline)
        found = parse_lock(revision.files.get(self._names.lock))
        if found is None or found.nonce != self._nonce:
            self._lost = taken_away(found, self._remote.where)
            raise self._lost
        self._revision = revision

    def _last_files(self) -> dict[str, bytes]:
        names = self._names
        files = without(self._revision.files, names.journal, names.lock)
        if not self._pending and not self._recorded:
            return files
        document, _ = self._begun()
        folded = fold_journal(document, self._journal(), names.where_state, names.where_journal)
        assert folded.encoded is not None, "there are notes to fold"
        return {**files, names.state: folded.encoded}

    def _push(self, what: str) -> None:
        names = self._names
        _, encoded = self._begun()
        journal = self._journal()
        self._exchange({**self._revision.files, names.state: encoded, names.journal: journal}, what)
        self._recorded = journal
        self._pending.clear()

    def _exchange(self, files: Mapping[str, bytes], what: str) -> None:
        self._unsure = True
        self._replace(files, what)
        self._unsure = False

    def _replace(self, files: Mapping[str, bytes], what: str) -> None:
        renewal = self._renewal()  # counted from before the write
        try:
            message = said(self._holder, what)
            self._revision = self._remote.replace(self._revision, files, message, self._deadline)
        except StateOutdated as error:
            self._lost = self._why_lost(error)
            raise self._lost from error
        self._renews_at_seconds = renewal

    def _renewal(self) -> float:
        """Return when a lease that begins now is to be renewed; never, where the lock is none."""
        leased = self._revision.age_seconds is not None
        return self._deadline.clock.monotonic() + RENEW_SECONDS if leased else inf

    def _why_lost(self, error: StateOutdated) -> StateError:
        try:
            found = parse_lock(self._remote.fetch(self._deadline).files.get(self._names.lock))
        except StateError:
            return error
        if found is None or found.nonce != self._nonce:
            return taken_away(found, self._remote.where)
        return StateOutdated(
            "somebody else has changed it although this run holds the lock (was an older copy pushed?)",
            where=self._remote.where,
            remedy="Nothing more was sent or recorded. Make sure that nothing but threadsync writes there, "
            "then run this command again: it settles what was under way.",
        )

    def _begun(self) -> tuple[Document, bytes]:
        """Return the state that the journal goes on from, made if this is the first run."""
        if self._document is None or self._encoded is None:
            self._document, self._encoded = rewritten(self._start, self._names.where_state, journal="")
        return self._document, self._encoded

    def _journal(self) -> bytes:
        """Return the journal with what is pending."""
        document, _ = self._begun()
        return (self._recorded or header_line(header_of(document, self._nonce))) + self._pending.lines

    def _refuse_if_lost(self) -> None:
        if self._lost is not None:
            raise self._lost

    def _refuse_after_a_failure(self) -> None:
        self._refuse_if_lost()
        if self._unsure:
            raise StateUnwritable(
                "an earlier push of this run failed, so nothing more is recorded",
                where=self._remote.where,
                remedy="Run the same command again: it settles what was under way.",
            )
