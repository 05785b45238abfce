"""Asking a bucket while somebody may get in a hurry: a request can be left behind in a thread of its own.

A signal bounds what is left of a run while a request is under way, whose own time limit was set before it.
What is left behind may still arrive: its answer is then one that nobody has got.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Mapping
from queue import SimpleQueue
from typing import Final, TypeAlias

from threadsync.execution.bodies import Stream
from threadsync.execution.bucket import Send
from threadsync.execution.hosting_signing import Method, Signer
from threadsync.flows.effects import NoResponse, Response
from threadsync.statefile.remote import Deadline

SLICE_SECONDS = 0.1
"""How often a request under way looks whether somebody is in a hurry by now."""
VALID_SECONDS: Final = 60.0
"""How much longer than its request a signed address is valid: clocks differ."""

_Work: TypeAlias = Callable[[], Response | NoResponse]


class Asking:
    """Sends one request after the other, each signed for itself."""

    def __init__(self, sign: Signer, send: Send) -> None:
        self._sign = sign
        self._send = send
        self._hand: _Hand | None = None

    def __call__(
        self,
        method: Method,
        name: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None,
        seconds: float,
        deadline: Deadline,
    ) -> Response | NoResponse:
        """Return the answer, or why none came in *seconds*, or before *deadline*.

        Raises:
            ProjectError: a credential, or the package that signs, is missing.
        """
        seconds = min(seconds, deadline.left())
        if seconds <= 0:
            return NoResponse("there was no time left to ask", sent=False)
        url = self._sign(method, name, seconds=seconds + VALID_SECONDS)
        content = None if body is None else Stream((body,))
        job = _Job(lambda: self._send(method, url, headers=headers, content=content, timeout_seconds=seconds))
        hand, self._hand = self._hand or _Hand(), None
        hand.jobs.put(job)
        while not job.is_done.wait(SLICE_SECONDS):
            if deadline.left() <= 0:
                return NoResponse("there was no time left for an answer", sent=True)
        self._hand = hand  # kept with its connection; one that was left behind, by a signal too, is not
        return job.answer()


class _Job:
    def __init__(self, work: _Work) -> None:
        self.is_done = threading.Event()
        self._work = work
        self._answer: Response | NoResponse | None = None
        self._error: BaseException | None = None

    def do(self) -> None:
        try:
            self._answer = self._work()
        except BaseException as error:  # noqa: BLE001  (raised in the thread that asks)
            self._error = error
        self.is_done.set()

    def answer(self) -> Response | NoResponse:
        if self._error is not None:
            raise self._error
        assert self._answer is not None, "it is done"
        return self._answer


class _Hand:
    """A thread that does one job at a time, and ends with what it has begun once nobody has this any more.

    It is a daemon, so that what hangs keeps no program from ending.
    """

    def __init__(self) -> None:
        self.jobs: SimpleQueue[_Job | None] = SimpleQueue()
        weakref.finalize(self, self.jobs.put, None)
        threading.Thread(target=_work, args=(self.jobs,), name="threadsync-state", daemon=True).start()


def _work(jobs: SimpleQueue[_Job | None]) -> None:
    while (job := jobs.get()) is not None:
        job.do()
        del job  # and with it the answer, which may be large
