"""The state: which remote posts each publication is, and what is left of those that were forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NewType

from msgspec import Struct, field

from threadsync.model import journal as j
from threadsync.model.digest import DIGEST_VERSION, digest_of_segments
from threadsync.model.holding import Freeze, Heartbeat, Hold, Lull
from threadsync.model.ids import Address, ContentDigest, RemoteId, TargetName
from threadsync.model.trouble import Trouble

Lineage = NewType("Lineage", str)
"""Which state this is; made once, never changed."""


class Provenance(Struct, frozen=True):
    """Where a binding comes from; empty where unknown."""

    run: str = ""
    commit: str = ""
    plan: str = ""
    by: str = ""
    at: datetime | None = None


class Binding(Struct, frozen=True):
    """A publication is these remote posts; *superseded* ones were replaced and still wait for deletion."""

    address: Address
    segments: tuple[j.Published, ...]
    superseded: tuple[j.Published, ...] = ()
    digest_version: int = DIGEST_VERSION
    protect: bool = False
    on_remove: str = "forget"
    republished: bool = False
    """Whether ``republish: true`` has been used up."""
    provenance: Provenance = Provenance()
    taken_down: tuple[j.Published, ...] = ()
    """What a delete of the whole has already removed from the network, so that its tombstone knows it."""

    @property
    def digests(self) -> tuple[ContentDigest, ...]:
        """The digests of the live segments, in order."""
        return tuple(segment.digest for segment in self.segments)

    @property
    def digest(self) -> ContentDigest:
        """The digest of the whole."""
        return digest_of_segments(self.digests)

    @property
    def remote_ids(self) -> tuple[RemoteId, ...]:
        """All posts this binding holds, superseded ones too."""
        return tuple(segment.remote_id for segment in (*self.segments, *self.superseded))


class Tombstone(Struct, frozen=True):
    """What is left of a binding that was given up; only ``state rm`` erases it (law 5)."""

    address: Address
    digest: ContentDigest
    why: str
    """``forgotten`` (left up), ``removed``, ``withdrawn``, ``gone`` (taken down), ``skipped`` (never up)."""
    at: datetime
    segments: tuple[j.Published, ...] = ()
    digest_version: int = DIGEST_VERSION
    protect: bool = False
    on_remove: str = "forget"
    republished: bool = False
    superseded: tuple[j.Published, ...] = ()
    """Posts of an unfinished replace; bound again with the rest if the publication returns."""
    by: str = ""
    """Who had it taken down by a command, and *said* why."""
    said: str = ""

    @property
    def left_up(self) -> bool:
        """Whether the posts are still on the network as far as we know."""
        return self.why == "forgotten"


class Open(Struct, frozen=True):
    """An action that began and has not ended; *notes* are those of the segments in flight."""

    address: Address
    job: j.Job
    begun: datetime
    notes: tuple[j.InFlight, ...] = ()
    """``Staged``, ``Intent`` and ``Doubted`` of segments without a receipt; a ``Settled`` takes them away."""

    @property
    def in_doubt(self) -> bool:
        """Whether a visible request went out (or may have) and its answer is not on record."""
        return any(isinstance(note, j.Intent) for note in self.notes)

    @property
    def doubtful_index(self) -> int | None:
        """The index of the segment in doubt, if one is."""
        intents = [note.index for note in self.notes if isinstance(note, j.Intent)]
        return intents[-1] if intents else None

    @property
    def doubt(self) -> j.Doubted | None:
        """The last verdict, if it was that nothing can be told."""
        last = self.notes[-1] if self.notes else None
        return last if isinstance(last, j.Doubted) else None


class TargetRecord(Struct, frozen=True):
    """The account a target is (law 7)."""

    target: TargetName
    origin: str
    account_id: str
    handle: str
    since: datetime
    bound_at: datetime
    channel: str = ""


class State(Struct, frozen=True):
    """All that is remembered between two runs."""

    lineage: Lineage
    serial: int = 0
    """How often the state file was written."""
    sequence: int = 0
    """The number of the last journal record folded in."""
    project: str = ""
    written_at: datetime | None = None
    """The time of the last note folded in; looking at an account is not writing to it."""
    targets: Mapping[TargetName, TargetRecord] = field(default_factory=dict)
    bindings: Mapping[Address, Binding] = field(default_factory=dict)
    tombstones: Mapping[Address, Tombstone] = field(default_factory=dict)
    open: Mapping[Address, Open] = field(default_factory=dict)
    posts_seen: Mapping[Address, j.PostsSeen] = field(default_factory=dict)
    """How what is bound was when last looked at; with ``accounts_seen`` the file's ``observations``."""
    accounts_seen: Mapping[TargetName, j.AccountSeen] = field(default_factory=dict)
    holds: Mapping[Address, Hold] = field(default_factory=dict)
    freeze: Freeze | None = None
    heartbeat: Heartbeat | None = None
    """When an apply of everything ended last; now and then only, where nothing was to be done."""
    lulls: tuple[Lull, ...] = ()
    troubles: Mapping[TargetName, Trouble] = field(default_factory=dict)
    """What keeps posts from going out, by target; one that is over stays until everybody knows."""
    run: j.RunStarted | None = None
    """The run whose notes are being folded; not written to the state file."""

    def holder_of(self, target: TargetName, remote_id: RemoteId) -> Address | None:
        """Return the address bound to a remote post, if any."""
        for address, binding in self.bindings.items():
            if address.target == target and remote_id in binding.remote_ids:
                return address
        return None
