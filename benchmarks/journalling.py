"""Row A5: what one record of the journal costs, whatever the size of the state, against a bare append.

Ours is a note made durable: encoded, folded into the state in memory, appended under the checks of the lock,
and synced. The other side appends as many bytes to a file and syncs it in the same way.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from statistics import median

from benchmarks.rows import Measured, Row, Sample, Setting
from threadsync.execution.clock import SystemClock
from threadsync.model.ids import Address, ContentDigest, PostKey, RemoteId, TargetName
from threadsync.model.journal import (
    Begun,
    Confirmed,
    Ended,
    Intent,
    Job,
    Note,
    Published,
    Receipt,
    Rendered,
    Staged,
)
from threadsync.model.state import Binding, Lineage, State
from threadsync.statefile.codec import encode
from threadsync.statefile.disk import LocalDisk
from threadsync.statefile.journal import record_line
from threadsync.statefile.lock import Holder
from threadsync.statefile.machine import LocalMachine
from threadsync.statefile.store import FileStore, Session

PUBLICATIONS = 40
"""How many publications' notes are one sample."""
SIZES = (100, 10_000, 100_000)
TARGET = TargetName("threads/main")
AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
TRIED = (
    "What a record costs besides its sync is 32 µs of CPU, where nothing runs in between; right after a "
    "sync, which leaves nothing of it in the caches, it is about 100. In: fewer layers around a write, "
    "187 to 126 µs with the sync (201 to 170 in another round). Of what is left, encoding the note takes "
    "40 µs (warm 15), each of the two looks at the lock 8, folding the note 7. Left out: writing over "
    "zeros that are on the disk already. A group that a power cut tears could then keep its end without "
    "its beginning, and that is a damaged journal."
)


def notes_of(number: int) -> tuple[Note, ...]:
    """Return what an apply puts on record of one publication."""
    address, digest = Address(PostKey(f"post-{number:06d}"), TARGET), ContentDigest(f"sha256:{number:064x}")
    what = Rendered(0, digest, f"{number}: 40 stations, 12 broken lifts, and the map of them all. " * 3)
    container, post = f"{17_000_000_000_000_000 + number}", RemoteId(f"{18_000_000_000_000_000 + number}")
    published = Published(0, digest, post, what.text, AT, ids={"container": container})
    return (
        Begun(address, Job("create", (what,)), AT),
        Staged(address, 0, digest, "container", container, AT),
        Intent(address, 0, digest, "publish", container, f"POST /publish {container}", AT),
        Receipt(address, published),
        Confirmed(address, post, f"https://www.threads.com/@main/post/D{number:09d}", AT),
        Ended(address, "applied", AT),
    )


def _state(bindings: int) -> State:
    bound = {}
    for number in range(bindings):
        receipt = notes_of(number)[3]
        assert isinstance(receipt, Receipt), "the fourth note is the receipt"
        bound[receipt.address] = Binding(receipt.address, (receipt.published,))
    return State(Lineage("bench"), 2, 6 * bindings, "bench", AT - timedelta(days=1), bindings=bound)


@contextmanager
def _opened(folder: Path, bindings: int) -> Iterator[Session]:
    """Open a state of so many bindings for writing."""
    path = folder / f"state-{bindings}" / "threadsync.json"
    path.parent.mkdir()
    path.write_bytes(encode(_state(bindings)))
    clock, ids = SystemClock(), count()
    store = FileStore(
        path,
        LocalDisk(clock.sleep),
        clock,
        LocalMachine(),
        path.parent / "history",
        lambda: f"bench-{next(ids)}",
        "bench",
    )
    with store.open(Holder("bench", "bench", AT), lock_timeout_seconds=0.0) as session:
        yield session


@contextmanager
def _bare(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _recorded(session: Session, note: Note) -> float:
    began = time.perf_counter()
    session.append((note,))
    session.barrier()
    return time.perf_counter() - began


def _appended(descriptor: int, line: bytes) -> float:
    began = time.perf_counter()
    os.write(descriptor, line)
    os.fdatasync(descriptor)
    return time.perf_counter() - began


@cache
def _samples(setting: Setting, bindings: int) -> tuple[Sample, ...]:
    """Return the medians of what a record costs, ours and bare, one right after the other (µs)."""
    found: list[Sample] = []
    size = setting.size(bindings)
    with _opened(setting.folder, size) as session, _bare(setting.folder / f"bare-{bindings}") as descriptor:
        numbers = count(size)
        for _ in range(setting.pairs):
            ours: list[float] = []
            bare: list[float] = []
            for _ in range(PUBLICATIONS):
                for note in notes_of(next(numbers)):
                    ours.append(_recorded(session, note))
                    bare.append(_appended(descriptor, record_line(size, note)))
            found.append(Sample(median(ours) * 1e6, median(bare) * 1e6))
    return tuple(found)


def _record(bindings: int) -> Row:
    def measure(setting: Setting) -> Measured:
        samples = _samples(setting, bindings)
        middle = samples[len(samples) // 2]
        return Measured(samples, f"{middle.ours:.0f} µs, bare {middle.other:.0f} µs")

    what = f"a journal record with {bindings:,} bindings against a bare append and sync"
    return Row("A5", what, 1.5, 1.2, measure, tried=TRIED)


def _flat(setting: Setting) -> Measured:
    few, many = _samples(setting, SIZES[0]), _samples(setting, SIZES[-1])
    pairs = zip(many, few, strict=True)
    # Each against its own bare append: the disk is not equally fast all the time.
    return Measured(tuple(Sample(large.ratio, small.ratio) for large, small in pairs))


JOURNAL_ROWS = (
    *map(_record, SIZES),
    Row("A5", f"the same: {SIZES[-1]:,} bindings against {SIZES[0]:,}", 1.2, 1.05, _flat),
)
