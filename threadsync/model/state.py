"""The state: which remote posts each publication is, and what is left of those that were forgotten.

``fold`` is the one function that changes a state; the journal is a list of its arguments. Folding
the same notes into the same state always gives the same state.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NewType, assert_never

from threadsync.model import journal as j
from threadsync.model.digest import DIGEST_VERSION, digest_of_segments
from threadsync.model.ids import Address, ContentDigest, RemoteId, TargetName

Lineage = NewType("Lineage", str)
"""Which state this is; made once, never changed."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a binding comes from; empty where unknown."""

    run: str = ""
    commit: str = ""
    plan: str = ""
    by: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Binding:
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


@dataclass(frozen=True, slots=True)
class Tombstone:
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

    @property
    def left_up(self) -> bool:
        """Whether the posts are still on the network as far as we know."""
        return self.why == "forgotten"


@dataclass(frozen=True, slots=True)
class Open:
    """An action that began and has not ended; *notes* are those of the segment in flight."""

    address: Address
    job: j.Job
    begun: datetime
    notes: tuple[j.InFlight, ...] = ()
    """``Staged``, ``Intent`` and ``Doubted`` since the last receipt; a ``Settled`` takes them away."""

    @property
    def in_doubt(self) -> bool:
        """Whether a visible request went out (or may have) and its answer is not on record."""
        return any(isinstance(note, j.Intent) for note in self.notes)

    @property
    def doubt(self) -> j.Doubted | None:
        """The last verdict, if it was that nothing can be told."""
        last = self.notes[-1] if self.notes else None
        return last if isinstance(last, j.Doubted) else None


@dataclass(frozen=True, slots=True)
class TargetRecord:
    """The account a target is (law 7)."""

    target: TargetName
    origin: str
    account_id: str
    handle: str
    since: datetime
    bound_at: datetime
    channel: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """All that is remembered between two runs."""

    lineage: Lineage
    serial: int = 0
    """How often the state file was written."""
    sequence: int = 0
    """The number of the last journal record folded in."""
    project: str = ""
    written_at: datetime | None = None
    """The time of the last note folded in."""
    targets: Mapping[TargetName, TargetRecord] = field(default_factory=dict)
    bindings: Mapping[Address, Binding] = field(default_factory=dict)
    tombstones: Mapping[Address, Tombstone] = field(default_factory=dict)
    open: Mapping[Address, Open] = field(default_factory=dict)
    run: j.RunStarted | None = None
    """The run whose notes are being folded; not written to the state file."""

    def holder_of(self, target: TargetName, remote_id: RemoteId) -> Address | None:
        """Return the address bound to a remote post, if any."""
        for address, binding in self.bindings.items():
            if address.target == target and remote_id in binding.remote_ids:
                return address
        return None


class Ledger:
    """A state that notes are folded into, in place and in constant time each."""

    def __init__(self, state: State) -> None:
        self._state = state
        self.targets = dict(state.targets)
        self.bindings = dict(state.bindings)
        self.tombstones = dict(state.tombstones)
        self.open = dict(state.open)
        self.run = state.run
        self.sequence = state.sequence
        self.written_at = state.written_at
        self._holders: dict[tuple[TargetName, RemoteId], Address] = {
            (address.target, remote_id): address
            for address, binding in self.bindings.items()
            for remote_id in binding.remote_ids
        }

    def holder_of(self, target: TargetName, remote_id: RemoteId) -> Address | None:
        """Return the address bound to a remote post, if any."""
        return self._holders.get((target, remote_id))

    def bound_ids(self, target: TargetName) -> frozenset[RemoteId]:
        """Return every remote post bound on *target*."""
        return frozenset(remote_id for at, remote_id in self._holders if at == target)

    def state(self) -> State:
        """Return the state as it is now."""
        return replace(
            self._state,
            targets=dict(self.targets),
            bindings=dict(self.bindings),
            tombstones=dict(self.tombstones),
            open=dict(self.open),
            run=self.run,
            sequence=self.sequence,
            written_at=self.written_at,
        )

    def fold(self, note: j.Note, *, sequence: int) -> None:
        """Let *note* change the state; *sequence* is its number in the journal."""
        self.sequence = sequence
        if self.written_at is None or note.at > self.written_at:
            self.written_at = note.at
        self._fold(note)

    def _fold(self, note: j.Note) -> None:  # noqa: PLR0912  (one case a kind of note)
        match note:
            case j.RunStarted():
                self.run = note
            case j.TargetBound():
                self.targets[note.target] = TargetRecord(
                    note.target,
                    note.origin,
                    note.account_id,
                    note.handle,
                    note.since,
                    note.at,
                    note.channel,
                )
            case j.Begun():
                old = self.open.get(note.address)
                self.open[note.address] = Open(
                    note.address, note.job, note.at, old.notes if old is not None else ()
                )
            case j.Staged() | j.Intent() | j.Settled() | j.Doubted():
                self._in_flight(note)
            case j.Receipt():
                self._receipt(note)
            case j.Confirmed():
                self._confirmed(note)
            case j.Deleted():
                self._deleted(note)
            case j.Ended():
                self._ended(note)
            case j.Forgotten():
                self._forgotten(note.address, note.why, note.at, note.digest)
            case j.Moved():
                self._moved(note.old, note.new)
            case j.Adopted():
                self._bind(
                    Binding(
                        note.address,
                        note.segments,
                        digest_version=note.digest_version,
                        protect=note.protect,
                        on_remove=note.on_remove,
                        provenance=self._provenance(note.at),
                    )
                )
                self.tombstones.pop(note.address, None)
                self.open.pop(note.address, None)
            case j.Accepted():
                self._accepted(note)
            case j.Kept():
                binding = self.bindings[note.address]
                self.bindings[note.address] = replace(binding, protect=note.protect, on_remove=note.on_remove)
            case j.Erased():
                self._unbind(note.address)
                self.tombstones.pop(note.address, None)
                self.open.pop(note.address, None)
            case j.TargetMoved():
                self._target_moved(note.old, note.new)
            case _:
                assert_never(note)

    def _provenance(self, at: datetime) -> Provenance:
        if self.run is None:
            return Provenance(at=at)
        return Provenance(self.run.run, self.run.commit, self.run.plan, self.run.by, at)

    def _bind(self, binding: Binding) -> None:
        self._unbind(binding.address)
        self.bindings[binding.address] = binding
        for remote_id in binding.remote_ids:
            self._holders[binding.address.target, remote_id] = binding.address

    def _unbind(self, address: Address) -> Binding | None:
        binding = self.bindings.pop(address, None)
        if binding is not None:
            for remote_id in binding.remote_ids:
                self._holders.pop((address.target, remote_id), None)
        return binding

    def _in_flight(self, note: j.InFlight) -> None:
        action = self.open[note.address]
        match note:
            case j.Settled(reuse=reuse):
                kept = tuple(
                    n for n in action.notes if reuse and isinstance(n, j.Staged) and n.index == note.index
                )
                self.open[note.address] = replace(action, notes=kept)
            case _:
                self.open[note.address] = replace(action, notes=(*action.notes, note))

    def _receipt(self, note: j.Receipt) -> None:
        action = self.open.get(note.address)
        binding = self.bindings.get(note.address)
        job = action.job if action is not None else j.Job("create")
        if binding is None:
            binding = Binding(note.address, (), republished=job.republished)
            self.tombstones.pop(note.address, None)
        index = note.published.index
        self._bind(
            replace(
                binding,
                segments=(*binding.segments[:index], note.published),
                superseded=(*binding.superseded, *binding.segments[index:]),
                digest_version=job.digest_version,
                protect=job.protect,
                on_remove=job.on_remove,
                provenance=self._provenance(note.published.at),
            )
        )
        if action is not None:
            self.open[note.address] = replace(action, notes=())

    def _confirmed(self, note: j.Confirmed) -> None:
        binding = self.bindings[note.address]
        self.bindings[note.address] = replace(
            binding,
            segments=tuple(
                replace(segment, permalink=note.permalink) if segment.remote_id == note.remote_id else segment
                for segment in binding.segments
            ),
        )

    def _deleted(self, note: j.Deleted) -> None:
        binding = self.bindings[note.address]
        action = self.open.get(note.address)
        if note.remote_id in {segment.remote_id for segment in binding.superseded}:
            rest = tuple(s for s in binding.superseded if s.remote_id != note.remote_id)
            self._bind(replace(binding, superseded=rest))
        elif action is not None and binding.segments and binding.segments[0].remote_id == note.remote_id:
            self._forgotten(note.address, action.job.forget_as or "removed", note.at, binding.digest)
            return
        else:
            rest = tuple(s for s in binding.segments if s.remote_id != note.remote_id)
            self._bind(replace(binding, segments=rest))
        if action is not None:
            self.open[note.address] = replace(action, notes=())

    def _ended(self, note: j.Ended) -> None:
        self.open.pop(note.address, None)

    def _forgotten(self, address: Address, why: str, at: datetime, digest: ContentDigest) -> None:
        binding = self._unbind(address)
        self.open.pop(address, None)
        if binding is None:
            self.tombstones[address] = Tombstone(address, digest, why, at)
            return
        self.tombstones[address] = Tombstone(
            address,
            binding.digest,
            why,
            at,
            binding.segments,
            binding.digest_version,
            binding.protect,
            binding.on_remove,
            binding.republished,
        )

    def _moved(self, old: Address, new: Address) -> None:
        binding = self._unbind(old)
        if binding is not None:
            self._bind(replace(binding, address=new))
            self.tombstones.pop(new, None)
        tombstone = self.tombstones.pop(old, None)
        if tombstone is not None and binding is None:
            self.tombstones[new] = replace(tombstone, address=new)
        action = self.open.pop(old, None)
        if action is not None:
            notes = tuple(replace(note, address=new) for note in action.notes)
            self.open[new] = replace(action, address=new, notes=notes)

    def _accepted(self, note: j.Accepted) -> None:
        binding = self.bindings[note.address]
        segments = tuple(
            replace(segment, digest=digest)
            for segment, digest in zip(binding.segments, note.digests, strict=True)
        )
        self._bind(replace(binding, segments=segments, digest_version=note.digest_version))

    def _target_moved(self, old: TargetName, new: TargetName) -> None:
        addresses: list[Address] = [
            a for a in {*self.bindings, *self.tombstones, *self.open} if a.target == old
        ]
        for address in sorted(addresses):
            self._moved(address, Address(address.key, new))
        record = self.targets.pop(old, None)
        if record is not None:
            self.targets[new] = replace(record, target=new)


def fold(state: State, notes: Iterable[tuple[int, j.Note]]) -> State:
    """Fold numbered *notes* into *state*; those already folded in are passed over."""
    ledger = Ledger(state)
    for sequence, note in notes:
        if sequence > state.sequence:
            ledger.fold(note, sequence=sequence)
    return ledger.state()
