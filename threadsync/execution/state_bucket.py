"""A bucket as the place of a shared state: S3 and what speaks like it, and Azure's blobs.

``head.json`` is exchanged under a condition and says all that there is; the state itself, which is large
and changes once a run, is in an object of its own that the head names, as the newest earlier ones are.
So taking the lock, recording an intent and renewing the lock are one conditional write each, whatever
the size of the state, and a reader who follows a head never sees half of a revision. See ADR 19.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from msgspec import Struct

from threadsync.errors import StateDamaged, StateError, StateOutdated, StateUnreachable, StateUnwritable
from threadsync.execution.bucket import ABSENT, EXISTS, HIDDEN, Bucket, Refusal, code_of, refused, time_of
from threadsync.execution.clock import Clock
from threadsync.execution.hosting_signing import Method
from threadsync.flows.effects import NoResponse, Response
from threadsync.statefile.heads import FORMAT, Head, Kept, read_head, write_head
from threadsync.statefile.remote import Deadline, Revision

DURABLE: Final = "safe against process death and against loss of this machine, as long as the bucket keeps it"
LOOK_SECONDS = 20.0
"""How long a store may take to say what the head is."""
TRANSFER_SECONDS = 60.0
"""How long one read or write of a state may take."""
WHOLE_SECONDS = 120.0
"""How long all of it may take, whatever is tried again."""
ATTEMPTS_MAX = 3
"""How often one thing is asked before a person has to look."""
PAUSE_SECONDS = 1.0
"""How long to wait before it is tried again."""
EARLIER_MAX = 50
"""How many earlier states are kept."""

HEAD = "head.json"
STATES = "states"
CONDITIONS = "conditions"
"""The object that is never changed, and that conditions are tried on."""
_NEVER = '"00000000000000000000000000000000"'
"""The tag of no object."""
_UNKNOWN_STATUS = 501
"""What S3 answers to a header that it does not know
(https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html)."""
_NOTE = b"threadsync tries on this object whether the store keeps conditions (If-Match, If-None-Match).\n"
_NOT_NOW = "Nothing was published after that."


class Ask(Protocol):
    """Asks a bucket for one object; see ``bucket_asking``."""

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
        """Return the answer, or why none came in time.

        Raises:
            ProjectError: a credential, or the package that signs, is missing.
        """
        ...


class _Seen(Struct, frozen=True):
    """The head as it was seen; *head* is None where there was none."""

    head: Head | None = None
    tag: str = ""
    age_seconds: float | None = None

    @property
    def id(self) -> str:
        return "" if self.head is None else self.head.id


class BucketRemote:
    """The objects below *prefix* of *bucket*; *file* is kept in one of its own, as its earlier forms are."""

    durable: str = DURABLE

    def __init__(
        self, bucket: Bucket, prefix: str, file: str, *, ask: Ask, clock: Clock, new_id: Callable[[], str]
    ) -> None:
        self._bucket = bucket
        self._prefix = prefix
        self._file = file
        self._ask = ask
        self._clock = clock
        self._new_id = new_id
        self._last = _Seen()
        self._data: tuple[str, bytes] | None = None
        """The object read or written last, and what it holds."""

    @property
    def where(self) -> str:
        """See ``Remote.where``."""
        settings, scheme = self._bucket.settings, "az" if self._bucket.kind == "azure" else "s3"
        name = settings.get("container") or settings["bucket"]
        at = f" at {settings['endpoint']}" if "endpoint" in settings else ""
        return f"{scheme}://{name}{'/' if self._prefix else ''}{self._prefix}{at}"

    # Reading.

    def fetch(self, deadline: Deadline) -> Revision:
        """See ``Remote.fetch``."""
        deadline = deadline.within(WHOLE_SECONDS)
        for number in range(1, ATTEMPTS_MAX + 1):
            seen = self._look(deadline)
            if seen.head is None:
                return Revision()
            files = dict(seen.head.inline)
            for name, kept in seen.head.kept.items():
                found = self._read(kept, deadline)
                # A state is removed only once many have come after it: then the head is another one now.
                if found is None and number < ATTEMPTS_MAX:
                    break
                if found is None:
                    raise self._damaged(kept)
                files[name] = found
            else:
                return Revision(seen.id, files, seen.age_seconds)
        raise AssertionError("the last attempt raises or returns")

    def history(self, name: str, revisions_max: int, deadline: Deadline) -> tuple[Revision, ...]:
        """See ``Remote.history``; only of the file that is kept apart there is any."""
        deadline = deadline.within(WHOLE_SECONDS)
        head = self._look(deadline).head
        if head is None or name != self._file:
            return ()
        now = head.kept.get(name)
        every = (*(() if now is None else (now,)), *head.earlier)[:revisions_max]
        found = [(each.revision, self._read(each, deadline)) for each in every]
        revisions = (Revision(each, {} if data is None else {name: data}) for each, data in found)
        return tuple(each for each in revisions if each.files or (now and each.id == now.revision))

    def beside(self, name: str) -> BucketRemote:
        """See ``Remote.beside``: the objects below ``PREFIX/NAME``."""
        return BucketRemote(
            self._bucket, self._name(name), "", ask=self._ask, clock=self._clock, new_id=self._new_id
        )

    def restoring(self, revision: Revision, name: str) -> str:
        """See ``Remote.restoring``."""
        return f"threadsync state pull --copy {revision.id}"

    def _look(self, deadline: Deadline) -> _Seen:
        answer = self._answered("GET", HEAD, deadline, seconds=LOOK_SECONDS)
        if code_of(answer) in ABSENT:
            self._last = _Seen()
        else:
            written, now = time_of(answer, "last-modified"), time_of(answer, "date")
            # Both are the store's own time. A machine's own is nobody's measure here.
            age = None if written is None or now is None else max(0.0, (now - written).total_seconds())
            head = read_head(answer.body, f"{HEAD} in {self.where}")
            self._last = _Seen(head, answer.headers.get("etag", ""), age)
        return self._last

    def _read(self, kept: Kept, deadline: Deadline) -> bytes | None:
        """Return what an object holds; None where it is gone, or is not what was written."""
        if self._data is not None and self._data[0] == kept.object:
            return self._data[1]
        answer = self._answered("GET", kept.object, deadline, seconds=TRANSFER_SECONDS)
        if code_of(answer) in ABSENT or hashlib.sha256(answer.body).hexdigest() != kept.sha256:
            return None
        self._data = (kept.object, answer.body)
        return answer.body

    # Writing.

    def replace(
        self, seen: Revision, files: Mapping[str, bytes], message: str, deadline: Deadline
    ) -> Revision:
        """See ``Remote.replace``."""
        deadline = deadline.within(WHOLE_SECONDS)
        before = self._last if self._last.id == seen.id else self._look(deadline)
        if before.id != seen.id:
            raise self._outdated()
        revision = self._new_id()
        proven = "" if before.head is None else before.head.proven
        if proven != self._store:
            self.prove(deadline)
        kept = self._kept(before, files, revision, deadline)
        earlier = self._earlier(before, kept)
        head = Head(
            FORMAT,
            revision,
            message,
            self._store,
            {name: data for name, data in files.items() if name not in kept},
            kept,
            earlier[:EARLIER_MAX],
        )
        try:
            self._last = self._exchange(before, head, deadline)
        except StateOutdated:
            self._remove([each for each in kept.values() if each.revision == revision], deadline)
            raise
        self._remove(earlier[EARLIER_MAX:], deadline)
        return Revision(revision, dict(files), self._last.age_seconds)

    def prove(self, deadline: Deadline) -> None:
        """Make sure that the store keeps conditions, by writes that it has to refuse.

        Raises:
            StateError: it does not, or does not let us try.
        """
        # Nobody ever removes the object, so what is refused the first time was there before.
        for number, condition in enumerate((*({"If-None-Match": "*"},) * 2, {"If-Match": _NEVER})):
            answer = self._answered(
                "PUT",
                CONDITIONS,
                deadline,
                seconds=LOOK_SECONDS,
                headers=condition,
                body=_NOTE,
                also_status=_UNKNOWN_STATUS,
            )
            if answer.status == _UNKNOWN_STATUS:
                raise self._unkept("says that it knows no conditions of a write")
            if number and not _is_conflict(answer):
                raise self._unkept("writes although the condition of the write does not hold")

    def _kept(
        self, before: _Seen, files: Mapping[str, bytes], revision: str, deadline: Deadline
    ) -> dict[str, Kept]:
        """Return where the file is that is kept apart, put into an object of its own if it is another now."""
        data = files.get(self._file)
        if data is None:
            return {}
        known = None if before.head is None else before.head.kept.get(self._file)
        if known is not None and self._data is not None and self._data[0] == known.object:
            is_same = self._data[1] == data
        else:
            is_same = known is not None and known.sha256 == hashlib.sha256(data).hexdigest()
        if known is not None and is_same:
            return {self._file: known}
        made = Kept(revision, f"{STATES}/{revision}.json", hashlib.sha256(data).hexdigest())
        only = {"If-None-Match": "*"}  # its name is new: what is there already is this, of a lost answer
        self._answered("PUT", made.object, deadline, seconds=TRANSFER_SECONDS, headers=only, body=data)
        self._data = (made.object, data)
        return {self._file: made}

    def _earlier(self, before: _Seen, kept: Mapping[str, Kept]) -> tuple[Kept, ...]:
        if before.head is None:
            return ()
        was = before.head.kept.get(self._file)
        return (*(() if was is None or was in kept.values() else (was,)), *before.head.earlier)

    def _exchange(self, before: _Seen, head: Head, deadline: Deadline) -> _Seen:
        """Put *head* in the place of the one *before*; what an answer does not tell, the next look does."""
        body = write_head(head)
        is_unsure = False
        for number in range(1, ATTEMPTS_MAX + 1):
            condition = {"If-None-Match": "*"} if before.head is None else {"If-Match": before.tag}
            answer = self._once("PUT", HEAD, deadline, TRANSFER_SECONDS, headers=condition, body=body)
            refusal = refused(answer, self._bucket, "write", self._clock.now())
            tag = answer.headers.get("etag", "") if isinstance(answer, Response) else ""
            if refusal is None and tag:
                timed = isinstance(answer, Response) and time_of(answer, "date") is not None
                return _Seen(head, tag, 0.0 if timed else None)
            is_conflict = isinstance(answer, Response) and _is_conflict(answer)
            is_unsure |= isinstance(answer, NoResponse) or answer.status >= 500
            if refusal is not None and not refusal.passing and not is_conflict:
                raise self._failed(refusal, "write", is_unsure=is_unsure)
            refusal = refusal or Refusal(f"{self._bucket.called} does not show what it took", "Apply again.")
            now = self._look(deadline)
            if now.id == head.id:
                return now
            if now.id != before.id:
                raise self._outdated()
            if number == ATTEMPTS_MAX or deadline.left() <= PAUSE_SECONDS:
                raise self._failed(refusal, "write", is_unsure=is_unsure or not is_conflict)
            before = now  # the same, as it is tagged now
            self._clock.sleep(PAUSE_SECONDS)
        raise AssertionError("the last attempt raises or returns")

    def _remove(self, every: tuple[Kept, ...] | list[Kept], deadline: Deadline) -> None:
        """Remove what the head seen last does not name; where that is not allowed, it stays and does no harm.

        A head that others were quicker than may have been there nevertheless, its answer lost, and theirs may
        have been made from it: then theirs names what was put there for it.
        """
        head = self._last.head
        named = None if head is None else {each.object for each in (*head.kept.values(), *head.earlier)}
        for each in every:
            if named is not None and each.object not in named:
                self._once("DELETE", each.object, deadline, LOOK_SECONDS, headers={}, body=None)

    # Asking.

    def _answered(
        self,
        method: Method,
        name: str,
        deadline: Deadline,
        *,
        seconds: float,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        also_status: int = 0,
    ) -> Response:
        """Ask until the store does it, or says that it is not there or that the condition does not hold.

        *also_status* is returned as well, where it is an answer to what is asked.
        """
        verb = "read" if method == "GET" else "write"
        for number in range(1, ATTEMPTS_MAX + 1):
            answer = self._once(method, name, deadline, seconds, headers=headers or {}, body=body)
            if isinstance(answer, Response) and _is_conflict(answer):
                return answer
            refusal = refused(answer, self._bucket, verb, self._clock.now())
            if isinstance(answer, Response) and (refusal is None or answer.status == also_status):
                return answer
            assert refusal is not None, "no answer is a refusal"
            if not refusal.passing or number == ATTEMPTS_MAX or deadline.left() <= PAUSE_SECONDS:
                raise self._failed(refusal, verb, is_unsure=refusal.passing)
            self._clock.sleep(PAUSE_SECONDS)
        raise AssertionError("the last attempt raises or returns")

    def _once(
        self,
        method: Method,
        name: str,
        deadline: Deadline,
        seconds: float,
        *,
        headers: Mapping[str, str],
        body: bytes | None,
    ) -> Response | NoResponse:
        # What stands between must not answer for the store, and must not change what is tagged.
        every = {"Cache-Control": "no-store", "Accept-Encoding": "identity", **headers}
        if method == "PUT":
            every["Content-Type"] = "application/json"
            if self._bucket.kind == "azure":
                every["x-ms-blob-type"] = "BlockBlob"
        return self._ask(
            method, self._name(name), headers=every, body=body, seconds=seconds, deadline=deadline
        )

    def _name(self, name: str) -> str:
        return f"{self._prefix}{'/' if self._prefix else ''}{name}"

    @property
    def _store(self) -> str:
        """Which store it is: a bucket that was copied to another one is to be tried again."""
        return " ".join(f"{key}={value}" for key, value in sorted(self._bucket.settings.items()))

    # What went wrong.

    def _unkept(self, how: str) -> StateError:
        return StateError(
            f"{self._bucket.called} {how}: two runs could hold the lock at once",
            where=self.where,
            remedy=f"Nothing was written there but `{CONDITIONS}`. Use a store that keeps If-Match "
            "and If-None-Match for PUT (docs/state.md names some), or keep the state in a git branch.",
        )

    def _outdated(self) -> StateOutdated:
        return StateOutdated(
            "somebody else has changed it since this run read it",
            where=self.where,
            remedy="Nothing was written. Run the same command again; it reads what is there now.",
        )

    def _damaged(self, kept: Kept) -> StateDamaged:
        return StateDamaged(
            f"the object {kept.object}, which holds the state, is not there, or is not what was written",
            where=self.where,
            remedy="Nothing was published. Put it back, if the bucket keeps versions; else save an earlier "
            "one (`threadsync state history`, `threadsync state pull --copy ID > copy.json`), then remove "
            f"{HEAD}, and put the copy back with `threadsync state push copy.json`.",
        )

    def _failed(self, refusal: Refusal, verb: str, *, is_unsure: bool) -> StateError:
        remedy = f"{_NOT_NOW} {refusal.remedy}"
        if f"({HIDDEN})" in refusal.problem:
            remedy = f"{_NOT_NOW} Give them the rights that docs/state.md lists; without the one to list, a "
            remedy += "state that is not there yet looks like one that may not be read."
        if is_unsure:
            return StateUnreachable(refusal.problem, where=self.where, remedy=remedy)
        kind = StateUnwritable if verb == "write" else StateError
        return kind(refusal.problem, where=self.where, remedy=remedy)


def _is_conflict(answer: Response) -> bool:
    """Whether the store says that an object is not there, or not as the condition of a write has it."""
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html and
    # https://learn.microsoft.com/en-us/rest/api/storageservices/specifying-conditional-headers-for-blob-service-operations
    return answer.status == 412 or code_of(answer) in EXISTS | ABSENT
