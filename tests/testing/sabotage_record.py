"""Safeguards of the record: the journal, and the order in which things are written (laws 1 and 8)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from tests.testing.sabotage import (
    DAY,
    LOOK,
    PUBLISH,
    UNLISTED_SECONDS,
    WORDS,
    Safeguard,
    Scene,
    Story,
    cases,
    ended,
    judged,
    live,
    steps,
)
from threadsync.errors import StateError, StateUnwritable
from threadsync.model.ids import Json
from threadsync.model.journal import Note
from threadsync.model.ledger import Ledger
from threadsync.model.state import State
from threadsync.statefile.codec import Document
from threadsync.statefile.disk import Disk
from threadsync.statefile.files import Files
from threadsync.statefile.folding import fold_journal
from threadsync.statefile.journal import Header, _damaged, _opened
from threadsync.statefile.session import FileSession
from threadsync.testing.casts import PROJECT
from threadsync.testing.desk import Desk
from threadsync.testing.disk import Loss, MemoryDisk, When
from threadsync.testing.troubles import Death, Moment, NetworkFault, Place, Trouble, WriteFails

SESSION = "threadsync.statefile.session.FileSession"
DISK = "threadsync.testing.disk"
FILES = "threadsync.statefile.files.Files"
JOURNAL = "threadsync.statefile.journal"
SHARED = "threadsync.statefile.shared_session.SharedSession"
LATE = NetworkFault("late-listing", UNLISTED_SECONDS)


_barrier, _close = FileSession.barrier, FileSession.close


def keeps_in_memory(_: object) -> None:
    """A barrier that lets the notes wait."""


def writes_at_the_end(self: FileSession) -> None:
    """A session that writes all notes when it is closed."""
    _barrier(self)
    _close(self)


def goes_on_after_a_failure(self: FileSession) -> None:
    """A barrier that takes no notice of a disk that refuses."""
    with suppress(StateUnwritable):
        _barrier(self)
    self._writing = False


def syncs_nothing(*_: object) -> None:
    """A disk that leaves things in its cache."""


def drafts_unsynced(self: MemoryDisk, path: Path, data: bytes) -> Path:
    """A disk whose drafts are in the cache when they are moved into place."""
    draft = path.with_name(f".{path.name}.{self.effects:08x}.tmp")
    file = self._file(b"")
    self._effect(lambda: self._link(draft, file))
    self.write(draft, file, data)
    return draft


def removes_too_early(
    self: Files, disk: Disk, document: Document | None, journal: bytes
) -> tuple[Document | None, int]:
    """Folding that removes the journal before the state is written."""
    folded = fold_journal(document, journal, str(self.state), str(self.journal))
    disk.remove(self.journal)
    disk.sync_dir(self.state.parent)
    if folded.encoded is not None:
        disk.replace(self.state, folded.encoded)
    return folded.document, folded.notes


def stumbles_over_torn_lines(data: bytes, where: str) -> Iterator[Json]:
    """A reader to whom a line that was cut off is damage."""
    for index, line in enumerate(data.split(b"\n")[: data.count(b"\n") + (not data.endswith(b"\n"))]):
        content = _opened(line)
        if content is None:
            raise _damaged(f"line {index + 1} is not what was written", where)
        yield content


def is_never_folded(_: Header, document: Document, where: str) -> bool:
    """A reader that does not ask whether the state was made from this journal."""
    return False


def folds_all(state: State, notes: Iterable[tuple[int, Note]]) -> State:
    """Folding that does not ask what is folded in already."""
    ledger = Ledger(state)
    for sequence, note in notes:
        ledger.fold(note, sequence=sequence)
    return ledger.state()


def on_disk(moment: Moment) -> bool:
    """Whether something is written just then."""
    return moment.place is Place.DISK


def dying(*deaths: Death) -> Callable[[Moment], list[Trouble]]:
    """Return the same deaths for every moment."""
    return lambda _: list(deaths)


def unseen(death: Death, *, shared: bool = False) -> Story:
    """Return the story of a post that shows in no list, whose process meets *death* before the receipt."""

    def told(desk: Desk) -> list[str]:
        world = Scene(desk=desk, shared=shared)
        world.post("earlier", "An earlier post")
        world.apply()
        world.post("a", WORDS)
        world.script = steps((PUBLISH, LATE), (LOOK, death))
        world.apply()
        return ended(world, live(("An earlier post",), (WORDS,)))

    return told


def cut_while_it_ends(desk: Desk) -> list[str]:
    """A post shows in no list, and at every write after it there is a power cut."""
    found: list[str] = []
    for skipped in range(30):
        world = Scene(desk=desk)
        world.post("a", WORDS)
        passed = [("disk", lambda: None)] * skipped
        world.script = steps((PUBLISH, LATE), *passed, ("disk", Death(When.AFTER, Loss.NOTHING)))
        if not world.apply().died:
            break
        found += ended(world, live((WORDS,)))
    return found


def disk_full(desk: Desk) -> list[str]:
    """The disk is full from the first note on; the post would show in no list."""
    world = Scene(desk=desk)
    world.post("a", WORDS)
    full = WriteFails(full=True)
    world.script = steps(("/me/replies", lambda: None), ("disk", full), (PUBLISH, LATE))
    world.apply()
    return ended(world, live((WORDS,)))


def refolded(desk: Desk) -> list[str]:
    """The process dies at each write of a move and of a deletion; a crash of the next one is told."""
    try:
        return [
            problem
            for shape in ("move", "delete")
            for problem in cases(shape, on_disk, dying(Death(When.AFTER)))(desk)
        ]
    except (AssertionError, KeyError) as error:
        return [f"crash: {error!r}"]


def after_100_days(desk: Desk, damage: Callable[[Scene], None], *, first_run: bool) -> list[str]:
    """A state is damaged, and its post is older than what is read back."""
    world = Scene(desk=desk)
    world.post("a", WORDS)
    world.apply()
    world.clock.sleep(100 * DAY)
    world.calm()
    damage(world)
    world.apply(first_run=first_run)
    return judged(world, live((WORDS,)))


def _state_file(world: Scene) -> Path:
    (found,) = [path for path in world.disk.files() if path.name == "threadsync.json"]
    return found


def emptied(desk: Desk) -> list[str]:
    """A state file is empty, and the run is told that it may be the first."""
    return after_100_days(desk, lambda world: world.disk.put(_state_file(world), b""), first_run=True)


def vanished(desk: Desk) -> list[str]:
    """A state file has vanished, and nobody says that this is the first run."""
    return after_100_days(desk, lambda world: world.disk._unlink(_state_file(world)), first_run=False)


_state_opened = Files.opened


def takes_damage_for_nothing(self: Files, encoded: bytes | None) -> Document | None:
    """A store to which a state that cannot be read is none."""
    try:
        return _state_opened(self, encoded)
    except StateError:
        return None


def agrees(*_: object) -> bool:
    """A run that takes every yes for a yes to anything."""
    return True


def takes_anybodys(document: Document | None, project: str, where: str) -> None:
    """A store that does not mind whose state it is."""


def anothers_state(desk: Desk) -> list[str]:
    """A project was started as a copy of another one, state and all, and has other files."""
    world = Scene(desk=desk)
    world.post("a", WORDS, on_remove="delete")
    world.apply()
    world.project = PROJECT.replace("id: world", "id: another")
    world.remove("a")
    world.post("b", "Quite another thing", draft="true")
    world.apply()
    return judged(world, live((WORDS,)))


RECORD = (
    Safeguard(
        "a barrier writes and syncs",
        1,
        ({f"{SESSION}.barrier": keeps_in_memory, f"{SESSION}.close": writes_at_the_end},),
        unseen(Death(When.BEFORE)),
        "duplicate",
    ),
    Safeguard(
        "the journal is synced",
        1,
        ({f"{DISK}._MemoryAppend.sync": syncs_nothing},),
        unseen(Death(When.BEFORE, Loss.CONTENTS)),
        "duplicate",
    ),
    Safeguard(
        "new names are synced",
        1,
        ({f"{DISK}.MemoryDisk.sync_dir": syncs_nothing},),
        unseen(Death(When.BEFORE, Loss.NAMES)),
        "duplicate",
    ),
    Safeguard(
        "a file is synced before it is moved into place",
        1,
        ({f"{DISK}.MemoryDisk._draft": drafts_unsynced},),
        cases("text", on_disk, dying(Death(When.AFTER, Loss.CONTENTS))),
        "refused",
    ),
    Safeguard(
        "the journal goes after the state is safe",
        1,
        ({f"{FILES}.fold_journal": removes_too_early},),
        cut_while_it_ends,
        "duplicate",
    ),
    Safeguard(
        "a torn last line was never written",
        1,
        ({f"{JOURNAL}._lines": stumbles_over_torn_lines},),
        cases("text", on_disk, dying(Death(When.TORN, Loss.HALVES), Death(When.TORN))),
        "refused",
    ),
    Safeguard(
        "a journal is folded once",
        1,
        ({f"{JOURNAL}._folded": is_never_folded}, {"threadsync.statefile.folding.fold": folds_all}),
        refolded,
        "crash",
    ),
    Safeguard(
        "nothing is sent after a write that failed",
        1,
        ({f"{SESSION}.barrier": goes_on_after_a_failure},),
        disk_full,
        "duplicate",
    ),
    Safeguard(
        "an unreadable state is not no state",
        8,
        ({f"{FILES}.opened": takes_damage_for_nothing},),
        emptied,
        "duplicate",
    ),
    Safeguard(
        "no state is a first run, and refused",
        8,
        ({"threadsync.operations.apply._Run._first_run": agrees},),
        vanished,
        "duplicate",
    ),
    Safeguard(
        "another project's state is refused",
        8,
        ({"threadsync.statefile.store.refuse_foreign": takes_anybodys},),
        anothers_state,
        "wrong deletion",
    ),
    Safeguard(
        "a shared state has the intent before the act",
        1,
        ({f"{SHARED}.barrier": keeps_in_memory},),
        unseen(Death(When.BEFORE), shared=True),
        "duplicate",
    ),
)
