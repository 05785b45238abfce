"""What the network holds: accounts, sessions, repositories of records, blobs, and what was used up."""

from __future__ import annotations

from hashlib import blake2b

from msgspec import Struct, field

from threadsync.sandbox.bluesky.tids import tid
from threadsync.sandbox.bluesky.values import Json, Request, SecretDigest, Switches
from threadsync.sandbox.threads.faults import ArmedFault

WINDOW_SECONDS_MAX = 86_400.0
"""The longest window over which anything is counted."""


class Account(Struct, frozen=True):
    """One account; its DID follows from its handle, so that it is the same in every sandbox."""

    did: str
    handle: str
    password: SecretDigest
    app_password: SecretDigest
    email: str
    display_name: str = ""


class Session(Struct, frozen=True):
    """One token that was given out."""

    did: str
    kind: str
    """``access`` or ``refresh``."""
    scope: str
    expires_at: float
    line: str
    """What the refreshes of one login have in common: ending the session ends them all."""
    next_id: str = ""
    """The id of the token that a used refresh token was exchanged for."""


class Record(Struct, frozen=True):
    """One record as it is now."""

    did: str
    collection: str
    rkey: str
    cid: str
    value: Json
    indexed_at: float

    @property
    def uri(self) -> str:
        """The address of the record."""
        return f"at://{self.did}/{self.collection}/{self.rkey}"


class Blob(Struct, frozen=True):
    """Bytes of an account; they are temporary until a record refers to them."""

    cid: str
    mime_type: str
    size: int
    is_permanent: bool = False
    sent_at: float = 0.0
    """When it came last."""


class Job(Struct, frozen=True):
    """A video that is processed."""

    id: str
    did: str
    blob: str
    mime_type: str
    size: int
    done_at: float


class Deferred(Struct, frozen=True):
    """A call that the network carries out later."""

    due: float
    request: Request


class Commit(Struct, frozen=True):
    """The head of a repository."""

    cid: str
    rev: str


class State(Struct):
    """All of it; it changes in place, and only in this package."""

    seed: int
    base_url: str = "http://localhost"
    switches: Switches = field(default_factory=Switches)
    accounts: dict[str, Account] = field(default_factory=dict)
    """By DID."""
    sessions: dict[SecretDigest, Session] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)
    """The lines of sessions that were ended."""
    records: dict[str, Record] = field(default_factory=dict)
    """By address."""
    heads: dict[str, Commit] = field(default_factory=dict)
    blobs: dict[str, dict[str, Blob]] = field(default_factory=dict)
    """By DID and CID."""
    jobs: dict[str, Job] = field(default_factory=dict)
    usage: dict[str, list[tuple[float, int]]] = field(default_factory=dict)
    armed: list[ArmedFault] = field(default_factory=list)
    deferred: list[Deferred] = field(default_factory=list)
    deletions: list[Record] = field(default_factory=list)
    """What was taken down, with what it said: the ledger shows it."""
    number: int = 0
    serial: int = 0
    last_microseconds: int = 0

    def lot(self, purpose: str) -> str:
        """Return an id that nobody can guess and everybody can make again: 32 hexadecimal digits."""
        self.number += 1
        mark = blake2b(f"{self.seed}/{self.number}/{purpose}".encode(), digest_size=16)
        return mark.hexdigest()

    def next_tid(self, now: float) -> str:
        """Return a TID later than all before."""
        self.last_microseconds = max(int(now * 1_000_000), self.last_microseconds + 1)
        return tid(self.last_microseconds, self.seed)

    def account(self, name: str) -> Account | None:
        """Find an account by DID, handle or address of email."""
        if name in self.accounts:
            return self.accounts[name]
        wanted = name.lower()
        return next((each for each in self.accounts.values() if wanted in {each.handle, each.email}), None)

    def of(self, did: str, collection: str) -> list[Record]:
        """Return the records of a collection, the newest key first."""
        prefix = f"at://{did}/{collection}/"
        found = [each for uri, each in self.records.items() if uri.startswith(prefix)]
        return sorted(found, key=lambda each: each.rkey, reverse=True)

    def used(self, what: str, *, now: float, window_seconds: float) -> int:
        """Count what was used up in the window that ends *now*."""
        return sum(count for at, count in self.usage.get(what, ()) if at > now - window_seconds)

    def use(self, what: str, count: int, now: float) -> None:
        """Use something up; what no window reaches any more is forgotten."""
        kept = [row for row in self.usage.get(what, ()) if row[0] > now - WINDOW_SECONDS_MAX]
        self.usage[what] = [*kept, (now, count)]


def did_of(handle: str) -> str:
    """Return the DID of an account: the same handle has the same one in every sandbox."""
    letters = "abcdefghijklmnopqrstuvwxyz234567"
    mark = int.from_bytes(blake2b(f"did {handle}".encode(), digest_size=15).digest())
    return "did:plc:" + "".join(letters[(mark >> shift) & 31] for shift in range(0, 120, 5))
