"""Working through a long list with several processes, where there are cores for them.

Each child is this process, forked: it has all that the work needs, works through its part of the list and
hands back what it made in a file without a name. One that fails hands back nothing, and its part is worked
through here. So the results are the same for any number of processes, and so is their order; what raises
does so here.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from itertools import pairwise
from operator import attrgetter
from typing import IO, Generic, TypeAlias, TypeVar

from msgspec import Struct

T = TypeVar("T")
R = TypeVar("R")
L = TypeVar("L")

WORKERS_MAX = 4
"""With more of them, unpacking what they made takes longer here than making it."""
ITEMS_EACH_MIN = 500
"""How many files are worth a process of their own."""
BATCH = 30
"""How many items are worked on together: enough that each step's code stays in the processor's cache, and so
few that what was made of them does too. Their results are packed together: what two share is written once."""


def workers() -> int:
    """Return how many processes may work at once, this one included.

    One where forking is not safe: beside other threads, whose locks no child could open, and on systems
    whose own libraries have such threads (bugs.python.org/issue33725).
    """
    if sys.platform == "linux":
        alone = threading.active_count() == 1
        return min(len(os.sched_getaffinity(0)), WORKERS_MAX) if alone else 1
    else:  # noqa: RET505  (mypy checks the one branch that is this platform's)
        return 1


def in_shares(
    work: Callable[[Sequence[T]], list[R]],
    items: Sequence[T],
    number: int,
    *,
    learnt: Callable[[], L],
    learn: Callable[[L], None],
    each_min: int = ITEMS_EACH_MIN,
    batch: int = BATCH,
) -> Generator[R, None, None]:
    """Yield what *work* makes of each of *items*, in their order, with up to *number* processes.

    It is given a *batch* of them at a time, and a result is due for each. What a child has *learnt* by its
    work besides is handed to *learn* here. None gets fewer than *each_min*.
    """
    number = max(1, min(number, len(items) // each_min))
    bounds = [len(items) * part // number for part in range(number + 1)]
    own, *others = [items[start:end] for start, end in pairwise(bounds)]
    children = [_Child(work, _batches(part, batch), learnt) for part in others]
    try:
        for each in _batches(own, batch):
            yield from work(each)
        for child in children:
            for results in child.results(learn) if child.has_done() else map(work, child.batches):
                yield from results
    finally:
        for child in children:
            child.end()


def _batches(items: Sequence[T], size: int) -> list[Sequence[T]]:
    return [items[start : start + size] for start in range(0, len(items), size)]


class _Child(Generic[T, R, L]):
    """One forked process; where none can be had, one that has failed."""

    def __init__(
        self,
        work: Callable[[Sequence[T]], list[R]],
        batches: Sequence[Sequence[T]],
        learnt: Callable[[], L],
    ) -> None:
        self.batches = batches
        self._file: IO[bytes] | None = None
        self._pid: int | None = None
        if sys.platform != "win32":
            try:
                self._file = tempfile.TemporaryFile()  # noqa: SIM115  (end() closes it)
                self._pid = os.fork()
            except OSError:  # nowhere to write, or no room for a process
                return
            if self._pid == 0:
                status = 1
                try:
                    _work_through(work, batches, learnt, self._file)
                    status = 0
                finally:
                    os._exit(status)  # what was raised the parent meets too, and nothing else goes on here

    def has_done(self) -> bool:
        """Wait for its end; whether it worked through all of its part."""
        if self._pid is None:
            return False
        pid, self._pid = self._pid, None
        try:
            _, status = os.waitpid(pid, 0)
        except ChildProcessError:  # who started us has it that nobody waits for children (SIGCHLD ignored)
            return False
        return status == 0

    def results(self, learn: Callable[[L], None]) -> Iterator[list[R]]:
        """Yield what it made of each batch."""
        assert self._file is not None, "it has done its work"
        self._file.seek(0)
        for _ in self.batches:
            yield pickle.load(self._file)  # noqa: S301  (ours, and nobody else's)
        learn(pickle.load(self._file))  # noqa: S301

    def end(self) -> None:
        """End it, if it is still at work, and let go of its file."""
        if self._pid is not None and sys.platform != "win32":
            os.kill(self._pid, signal.SIGKILL)
            self.has_done()
        if self._file is not None:
            self._file.close()


def _work_through(
    work: Callable[[Sequence[T]], list[R]],
    batches: Sequence[Sequence[T]],
    learnt: Callable[[], L],
    file: IO[bytes],
) -> None:
    """Write what *work* makes of each of *batches* to *file*, and then what was *learnt*."""
    makers = _Makers()

    def pack(value: object) -> None:
        pickler = pickle.Pickler(file, pickle.HIGHEST_PROTOCOL)
        pickler.dispatch_table = makers
        pickler.dump(value)

    for batch in batches:
        pack(work(batch))
    pack(learnt())
    file.flush()


_Made: TypeAlias = Callable[[object], tuple[Callable[..., object], tuple[object, ...]]]


class _Makers(dict[type, _Made]):
    """How our values are packed: as what makes them. Their own way takes twice as long, there and back."""

    def __missing__(self, kind: type) -> _Made:
        of_tuple = getattr(kind, "_fields", ())
        names = kind.__struct_fields__ if issubclass(kind, Struct) else of_tuple
        if not names:
            raise KeyError(kind)  # it is packed in its own way
        values = attrgetter(*names)  # of one name it is the value itself
        self[kind] = lambda value: (kind, values(value) if len(names) > 1 else (values(value),))
        return self[kind]
