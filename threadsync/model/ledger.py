"""How notes change a state; the journal is a list of them.

``fold`` is the one function that changes a state. Folding the same notes into the same state always
gives the same state.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import assert_never

from msgspec.structs import replace

from threadsync.model import holding as h
from threadsync.model import journal as j
from threadsync.model import trouble as t
from threadsync.model.digest import digest_of_segments
from threadsync.model.ids import Address, ContentDigest, RemoteId, TargetName
from threadsync.model.state import Binding, Open, Provenance, State, TargetRecord, Tombstone


class Ledger:
    """A state that notes are folded into, in place and in constant time each."""

    def __init__(self, state: State) -> None:
        self._state = state
        self.targets = dict(state.targets)
        self.bindings = dict(state.bindings)
        self.tombstones = dict(state.tombstones)
        self.open = dict(state.open)
        self.posts_seen = dict(state.posts_seen)
        self.accounts_seen = dict(state.accounts_seen)
        self.holds = dict(state.holds)
        self.freeze = state.freeze
        self.heartbeat = state.heartbeat
        self.lulls = state.lulls
        self.troubles = dict(state.troubles)
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
            posts_seen=dict(self.posts_seen),
            accounts_seen=dict(self.accounts_seen),
            holds=dict(self.holds),
            freeze=self.freeze,
            heartbeat=self.heartbeat,
            lulls=self.lulls,
            troubles=dict(self.troubles),
            run=self.run,
            sequence=self.sequence,
            written_at=self.written_at,
        )

    def fold(self, note: j.Note, *, sequence: int) -> None:
        """Let *note* change the state; *sequence* is its number in the journal."""
        self.sequence = sequence
        # Own posts are read back to the last write: what says nothing of them must not move that forward.
        if not isinstance(note, j.Beside) and (self.written_at is None or note.at > self.written_at):
            self.written_at = note.at
        self._fold(note)

    def _fold(self, note: j.Note) -> None:  # noqa: PLR0912  (one case a kind of note)
        match note:
            case j.RunStarted():
                self.run = note
            case j.TargetBound():
                who = (note.origin, note.account_id, note.handle)
                self.targets[note.target] = TargetRecord(note.target, *who, note.since, note.at, note.channel)
            case j.Begun():
                old = self.open.get(note.address)
                notes = old.notes if old is not None else ()
                self.open[note.address] = Open(note.address, note.job, note.at, notes)
            case j.Staged() | j.Intent() | j.Settled() | j.Doubted():
                self._in_flight(note)
            case j.Receipt():
                self._receipt(note)
            case j.Confirmed():
                self._confirmed(note)
            case j.Deleted():
                self._deleted(note)
            case j.Ended():
                self.open.pop(note.address, None)
            case j.Forgotten():
                self._forgotten(note.address, note.why, note.at, note.digest)
            case j.Moved():
                self._moved(note.old, note.new)
            case j.Adopted():
                self._adopted(note)
            case j.Accepted():
                self._accepted(note)
            case j.Kept():
                binding = self.bindings[note.address]
                self.bindings[note.address] = replace(binding, protect=note.protect, on_remove=note.on_remove)
            case j.Erased():
                self._unbind(note.address)
                self.tombstones.pop(note.address, None)
                self.open.pop(note.address, None)
                self.posts_seen.pop(note.address, None)
            case j.TargetMoved():
                self._target_moved(note.old, note.new)
            case j.PostsSeen():
                self.posts_seen[note.address] = note
            case j.AccountSeen():
                self.accounts_seen[note.target] = note
            case h.Hold() | h.Released() | h.Freeze() | h.Unfrozen() | h.Heartbeat() | h.Lulls():
                self._holding(note)
            case t.Trouble() | t.Untroubled():
                self._troubling(note)
            case _:
                assert_never(note)

    def _holding(self, note: h.Holding) -> None:
        match note:
            case h.Hold():
                self.holds[note.address] = note
            case h.Released():
                hold = self.holds.pop(note.address)
                self.lulls += (h.Lull(hold.at, note.at, h.held(hold), address=note.address),)
            case h.Freeze():
                self.freeze = note
            case h.Unfrozen():
                assert self.freeze is not None, "what is frozen thaws"
                self.lulls += (h.Lull(self.freeze.at, note.at, h.frozen(self.freeze)),)
                self.freeze = None
            case h.Heartbeat():
                self.heartbeat = note
            case h.Lulls():
                self.lulls = note.lulls
            case _:
                assert_never(note)

    def _troubling(self, note: t.Troubling) -> None:
        """Keep a trouble, or let go of it; a time in which nothing could go out is left as a lull."""
        before = self.troubles.pop(note.target, None)
        goes_on = isinstance(note, t.Trouble) and note.kind.stops_all and note.until is None
        if before is not None and before.until is None and before.kind.stops_all and not goes_on:
            self.lulls += (h.Lull(before.since, note.at, before.why, note.target),)
        if isinstance(note, t.Trouble):
            self.troubles[note.target] = note

    def _provenance(self, at: datetime) -> Provenance:
        if self.run is None:
            return Provenance(at=at)
        return Provenance(self.run.run, self.run.commit, self.run.plan, self.run.by, at)

    def _bind(self, binding: Binding) -> None:
        target = binding.address.target
        assert all(self.holder_of(target, each) in {None, binding.address} for each in binding.remote_ids), (
            "a post has one holder"
        )
        self._unbind(binding.address)
        self.bindings[binding.address] = binding
        for remote_id in binding.remote_ids:
            self._holders[target, remote_id] = binding.address

    def _unbind(self, address: Address) -> Binding | None:
        binding = self.bindings.pop(address, None)
        if binding is not None:
            for remote_id in binding.remote_ids:
                self._holders.pop((address.target, remote_id), None)
        return binding

    def _in_flight(self, note: j.InFlight) -> None:
        action = self.open[note.address]
        notes: tuple[j.InFlight, ...] = (*action.notes, note)
        if isinstance(note, j.Settled):
            staged = (n for n in action.notes if isinstance(n, j.Staged))
            notes = tuple(staged) if note.reuse else ()
        self.open[note.address] = replace(action, notes=notes)

    def _receipt(self, note: j.Receipt) -> None:
        action = self.open.get(note.address)
        binding = self.bindings.get(note.address)
        if binding is None:
            republished = action is not None and action.job.republished
            binding = Binding(note.address, (), republished=republished)
            self.tombstones.pop(note.address, None)
        index = note.published.index
        assert index <= len(binding.segments), "a segment follows the one before it"
        replaced = binding.segments[index:]
        again = bool(replaced) and replaced[0].remote_id == note.published.remote_id
        binding = replace(
            binding,
            # The same post told again (edited in place, settled twice) supersedes nothing.
            segments=(*binding.segments[:index], note.published, *(replaced[1:] if again else ())),
            superseded=binding.superseded if again else (*binding.superseded, *replaced),
            taken_down=(),
            provenance=self._provenance(note.published.at),
        )
        if action is not None:
            job = action.job
            binding = replace(
                binding, digest_version=job.digest_version, protect=job.protect, on_remove=job.on_remove
            )
            # What was sent together with it has receipts of its own, which a death may have cut off.
            left = tuple(each for each in action.notes if each.index > index)
            self.open[note.address] = replace(action, notes=left)
        self._bind(binding)

    def _adopted(self, note: j.Adopted) -> None:
        before = self.bindings.get(note.address) or self.tombstones.get(note.address)
        ids = {segment.remote_id for segment in note.segments}
        held = (*before.superseded, *before.segments) if isinstance(before, Binding) else ()
        held = before.superseded if isinstance(before, Tombstone) else held
        self._bind(
            Binding(
                note.address,
                note.segments,
                tuple(segment for segment in held if segment.remote_id not in ids),
                digest_version=note.digest_version,
                protect=note.protect,
                on_remove=note.on_remove,
                republished=before is not None and before.republished,
                provenance=self._provenance(note.at),
            )
        )
        self.tombstones.pop(note.address, None)
        if not isinstance(before, Binding):
            # Of what was bound before, a further segment may be in doubt: that is not settled by this.
            self.open.pop(note.address, None)

    def _confirmed(self, note: j.Confirmed) -> None:
        binding = self.bindings[note.address]
        segments = tuple(
            replace(segment, permalink=note.permalink) if segment.remote_id == note.remote_id else segment
            for segment in binding.segments
        )
        self.bindings[note.address] = replace(binding, segments=segments)

    def _deleted(self, note: j.Deleted) -> None:
        binding = self.bindings[note.address]
        action = self.open.get(note.address)
        if note.remote_id in {segment.remote_id for segment in binding.superseded}:
            rest = tuple(s for s in binding.superseded if s.remote_id != note.remote_id)
            self._bind(replace(binding, superseded=rest))
        elif action is not None and binding.segments and binding.segments[0].remote_id == note.remote_id:
            self._forgotten(note.address, action.job.forget_as or "removed", note.at, binding.digest)
            stone = self.tombstones[note.address]
            self.tombstones[note.address] = replace(stone, by=action.job.by, said=action.job.said)
            return
        else:
            rest = tuple(s for s in binding.segments if s.remote_id != note.remote_id)
            down = tuple(s for s in binding.segments if s.remote_id == note.remote_id)
            whole = action is not None and action.job.verb in {"delete", "withdraw"}
            taken_down = (*down, *binding.taken_down) if whole else ()
            self._bind(replace(binding, segments=rest, taken_down=taken_down))
        if action is not None:
            self.open[note.address] = replace(action, notes=())

    def _forgotten(self, address: Address, why: str, at: datetime, digest: ContentDigest) -> None:
        binding = self._unbind(address)
        self.open.pop(address, None)
        self.posts_seen.pop(address, None)
        if binding is None:
            stone = self.tombstones.get(address, Tombstone(address, digest, why, at))
            self.tombstones[address] = replace(stone, why=why, at=at)
            return
        left_up = why == "forgotten"
        segments = binding.segments if left_up else (*binding.segments, *binding.taken_down)
        self.tombstones[address] = Tombstone(
            address,
            digest_of_segments([segment.digest for segment in segments]),
            why,
            at,
            segments,
            binding.digest_version,
            binding.protect,
            binding.on_remove,
            binding.republished,
            binding.superseded,
        )

    def _moved(self, old: Address, new: Address) -> None:
        assert new not in self.bindings, "a move never covers another binding"
        assert old not in self.tombstones or new not in self.tombstones, "nor a tombstone another tombstone"
        assert old not in self.open or new not in self.open, "nor an action another action"
        binding = self._unbind(old)
        if binding is not None:
            self._bind(replace(binding, address=new))
            self.tombstones.pop(new, None)
        tombstone = self.tombstones.pop(old, None)
        if tombstone is not None and binding is None:
            self.tombstones[new] = replace(tombstone, address=new)
        seen = self.posts_seen.pop(old, None)
        if seen is not None:
            self.posts_seen[new] = replace(seen, address=new)
        action = self.open.pop(old, None)
        if action is not None:
            notes = tuple(replace(note, address=new) for note in action.notes)
            self.open[new] = replace(action, address=new, notes=notes)
        hold = self.holds.pop(old, None)
        if hold is not None:
            self.holds.setdefault(new, replace(hold, address=new))
        self.lulls = tuple(replace(e, address=new) if e.address == old else e for e in self.lulls)

    def _accepted(self, note: j.Accepted) -> None:
        binding = self.bindings[note.address]
        pairs = zip(binding.segments, note.digests, strict=True)
        segments = tuple(replace(segment, digest=digest) for segment, digest in pairs)
        self._bind(replace(binding, segments=segments, digest_version=note.digest_version))

    def _target_moved(self, old: TargetName, new: TargetName) -> None:
        of_lulls = {lull.address for lull in self.lulls if lull.address is not None}
        for address in sorted({*self.bindings, *self.tombstones, *self.open, *self.holds, *of_lulls}):
            if address.target == old:
                self._moved(address, Address(address.key, new))
        record = self.targets.pop(old, None)
        if record is not None:
            assert new not in self.targets, "a target keeps its account"
            self.targets[new] = replace(record, target=new)
        seen = self.accounts_seen.pop(old, None)
        if seen is not None:
            self.accounts_seen[new] = replace(seen, target=new)
        self.lulls = tuple(replace(each, target=new) if each.target == old else each for each in self.lulls)
        trouble = self.troubles.pop(old, None)
        if trouble is not None:
            addresses = tuple(Address(each.key, new) for each in trouble.addresses)
            known = tuple(_at_target(each, old, new) for each in trouble.known)
            self.troubles[new] = replace(trouble, target=new, addresses=addresses, known=known)
        for name, each in self.troubles.items():
            told = tuple(sorted(new if one == old else one for one in each.told))
            self.troubles[name] = replace(each, told=told)


def _at_target(word: str, old: TargetName, new: TargetName) -> str:
    return f"{word.removesuffix(old)}{new}" if word.endswith(f"@{old}") else word


def fold(state: State, notes: Iterable[tuple[int, j.Note]]) -> State:
    """Fold numbered *notes* into *state*; those already folded in are passed over."""
    ledger = Ledger(state)
    for sequence, note in notes:
        if sequence > state.sequence:
            ledger.fold(note, sequence=sequence)
    return ledger.state()
