"""The state file: a ``State`` to bytes and back; one entry a line, so that git shows what changed.

The checksum covers the content, not the bytes: line ends or blanks that an editor or git changed are no
damage, a merge or a hand edit is.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from io import BytesIO
from shlex import quote
from typing import Final, TypeAlias, TypeVar

from msgspec import Struct

from threadsync.errors import StateDamaged, StateError, StateTooNew, StateUnwritable
from threadsync.model.holding import Freeze, Heartbeat, Lull
from threadsync.model.ids import Address, Json, RemoteId, TargetName
from threadsync.model.state import Lineage, State, Tombstone
from threadsync.statefile import entries
from threadsync.statefile.entries import (
    ACCOUNT_SEEN,
    BINDING,
    HELD,
    OPEN,
    POSTS_SEEN,
    TARGET,
    TOMBSTONE,
    TROUBLED,
)
from threadsync.statefile.notes import FREEZE, HEARTBEAT, LULLS
from threadsync.statefile.shapes import (
    ADDRESS,
    TEXT,
    TIME,
    WHOLE,
    Field,
    MisfitError,
    Shape,
    as_object,
    compact,
    parsed,
    to_bytes,
    write_time,
)

VERSION = 1
STATE_BYTES_MAX = 200 * 1024 * 1024
"""A file over this is not a state of ours: a large project's has a few dozen megabytes."""

Upgrade: TypeAlias = Callable[[Mapping[str, Json]], Mapping[str, Json]]
UPGRADES: Final[Mapping[int, Upgrade]] = {}
"""By version: turns a document of that version into one of the next."""

K = TypeVar("K")
T = TypeVar("T")


class WrittenBy(Struct, frozen=True):
    """Who wrote a state file: the run and person, and *journal*, the id of the journal folded into it."""

    run: str = ""
    by: str = ""
    journal: str = ""


_WRITTEN_BY = Shape(WrittenBy, Field("run", TEXT, ""), Field("by", TEXT, ""), Field("journal", TEXT, ""))
_OBSERVATIONS = "observations"
"""Came after version 1 was in use, as did what ``model.holding`` and ``model.trouble`` have. It is left out
while it is empty, and a threadsync that does not know it says that a later one wrote the file, as it does of
a later version: so it needs no version of its own."""
_HOLDS = "holds"
_TROUBLES = "troubles"
_TABLES = ("targets", "bindings", "tombstones", "open", _OBSERVATIONS, _HOLDS, _TROUBLES)
SHAPES: Final = (*entries.SHAPES, _WRITTEN_BY)
"""The tables of this module; a test compares them with the model."""


class Document(Struct, frozen=True):
    """A state as it stands in a file."""

    state: State
    checksum: str
    written_by: WrittenBy = WrittenBy()


class _Head(Struct, frozen=True):
    version: int
    lineage: str
    serial: int
    sequence: int
    project: str
    written_at: datetime | None
    written_by: WrittenBy
    checksum: str
    freeze: Freeze | None
    heartbeat: Heartbeat | None
    lulls: tuple[Lull, ...]


_HEAD = Shape(
    _Head,
    Field("version", WHOLE),
    Field("lineage", TEXT),
    Field("serial", WHOLE),
    Field("sequence", WHOLE),
    Field("project", TEXT, ""),
    Field("written_at", TIME, None),
    Field("written_by", _WRITTEN_BY.kind, WrittenBy()),
    Field("checksum", TEXT),
    Field("freeze", FREEZE.kind, None),
    Field("heartbeat", HEARTBEAT.kind, None),
    Field("lulls", LULLS, ()),
)


def encode(state: State, *, journal: str = "") -> bytes:
    """Write *state*; *journal* is the id of the journal that was folded into it.

    Raises:
        StateUnwritable: it would be larger than threadsync reads back.
    """
    document = _document(state, journal)
    document["checksum"] = _checksum(document)
    encoded = to_bytes(_rendered(document))
    if len(encoded) > STATE_BYTES_MAX:
        raise StateUnwritable(
            f"the state would take {len(encoded):,} bytes, over the limit of {STATE_BYTES_MAX:,}",
            remedy="Split the project: posts and targets of their own, with a state of their own.",
        )
    return encoded


def decode(data: bytes, where: str = "the state file") -> State:
    """Read a state; *where* is named in the errors.

    Raises:
        StateDamaged: the bytes are not what was written.
        StateTooNew: a later threadsync wrote them.
    """
    return open_document(data, where).state


def open_document(
    data: bytes, where: str = "the state file", *, upgrades: Mapping[int, Upgrade] = UPGRADES
) -> Document:
    """Read a state with what the file says of itself; raises as ``decode`` does."""
    raw = _object_in(data, where)
    version = raw.get("version")
    if not isinstance(version, int) or isinstance(version, bool):
        raise _damaged("it has no version: this is not a state of threadsync", where)
    if version > VERSION:
        raise _too_new(f"its format is version {version}, and this threadsync reads up to {VERSION}", where)
    if not is_as_written(data, raw.get("checksum")) and raw.get("checksum") != _checksum(raw):
        raise _damaged(
            "its checksum is wrong: it was merged by git or edited by hand since threadsync wrote it", where
        )
    while isinstance(version, int) and version < VERSION:
        if version not in upgrades:
            raise _damaged(f"it says version {version}, which never was", where)
        raw = upgrades[version](raw)
        version = raw.get("version")
    try:
        return read_document(raw)
    except MisfitError as error:
        if error.unknown:
            raise _too_new(str(error), where) from error
        raise _damaged(f"its shape is wrong at {error}", where) from error


def too_large(size_bytes: int, where: str) -> StateDamaged:
    """Say that a file of this size is no state of ours."""
    return _damaged(
        f"it has {size_bytes:,} bytes, over the limit of {STATE_BYTES_MAX:,}: this is not a state", where
    )


def _document(state: State, journal: str) -> dict[str, Json]:
    run = state.run
    written_by = WrittenBy(run.run if run else "", run.by if run else "", journal)
    document: dict[str, Json] = {
        "version": VERSION,
        "lineage": state.lineage,
        "serial": state.serial,
        "sequence": state.sequence,
        "targets": {str(name): TARGET.write(record) for name, record in state.targets.items()},
        "bindings": {str(address): BINDING.write(held) for address, held in state.bindings.items()},
        "tombstones": {str(address): TOMBSTONE.write(held) for address, held in state.tombstones.items()},
        "open": {str(address): OPEN.write(held) for address, held in state.open.items()},
    }
    if state.posts_seen or state.accounts_seen:
        document[_OBSERVATIONS] = {
            **{str(name): ACCOUNT_SEEN.write(seen) for name, seen in state.accounts_seen.items()},
            **{str(address): POSTS_SEEN.write(seen) for address, seen in state.posts_seen.items()},
        }
    if state.holds:
        document[_HOLDS] = {str(address): HELD.write(hold) for address, hold in state.holds.items()}
    if state.troubles:
        document[_TROUBLES] = {str(name): TROUBLED.write(each) for name, each in state.troubles.items()}
    if state.freeze is not None:
        document["freeze"] = FREEZE.write(state.freeze)
    if state.heartbeat is not None:
        document["heartbeat"] = HEARTBEAT.write(state.heartbeat)
    if state.lulls:
        document["lulls"] = LULLS.write(state.lulls)
    if state.project:
        document["project"] = state.project
    if state.written_at is not None:
        document["written_at"] = write_time(state.written_at)
    if written_by != WrittenBy():
        document["written_by"] = _WRITTEN_BY.write(written_by)
    return document


def _checksum(document: Mapping[str, Json]) -> str:
    content = compact({name: value for name, value in document.items() if name != "checksum"})
    return "sha256:" + hashlib.sha256(to_bytes(content)).hexdigest()


_ENTRY = re.compile(rb'(?:  ){1,2}("[^"\\]*"): (.*)\n')


def is_as_written(data: bytes, checksum: Json) -> bool:
    """Whether *data*, which is JSON, is laid out as ``_rendered`` does it, and has this checksum.

    The blanks and line ends that it put between words are left out, and no others: what is hashed then is
    what ``compact`` would make of it, without making it. False says nothing: an editor may have laid it out.
    """
    sha, itself = hashlib.sha256(), f'  "checksum": {compact(checksum)},\n'.encode()
    for line in BytesIO(data):
        entry = _ENTRY.fullmatch(line)
        if entry is None:
            sha.update(line.strip())
        elif line != itself:
            sha.update(b"%b:%b" % entry.groups())
    return checksum == f"sha256:{sha.hexdigest()}"


def _rendered(document: Mapping[str, Json]) -> str:
    parts: list[str] = []
    for name in sorted(document):
        value = document[name]
        if name in _TABLES and isinstance(value, Mapping) and value:
            entries = ",\n".join(f"    {compact(key)}: {compact(value[key])}" for key in sorted(value))
            parts.append(f"  {compact(name)}: {{\n{entries}\n  }}")
        else:
            parts.append(f"  {compact(name)}: {compact(value)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _object_in(data: bytes, where: str) -> Mapping[str, Json]:
    if len(data) > STATE_BYTES_MAX:
        raise too_large(len(data), where)
    if not data.strip():
        raise _damaged("it is empty", where)
    try:
        return as_object(parsed(data))
    except MisfitError as error:
        raise _damaged("it is JSON but not an object: this is not a state of threadsync", where) from error
    except ValueError as error:
        if re.search(rb"^(<{7} |>{7} )", data, re.MULTILINE):
            raise _conflicting(where) from error
        if _is_cut_off(data):
            raise _damaged("it ends in the middle: it was cut off", where) from error
        raise _damaged(f"it is not JSON ({error})", where) from error


def _is_cut_off(data: bytes) -> bool:
    """Whether *data* is JSON as far as it goes; a power cut may have filled up the rest with zeros."""
    whole = data.rstrip(b"\0 \r\n\t")
    try:
        parsed(whole)
    except UnicodeDecodeError as error:
        return error.end == len(whole)
    except json.JSONDecodeError as error:
        return error.msg.startswith("Unterminated") or error.pos >= len(error.doc) - len("\\u1234")
    except ValueError:
        return False
    return False


def read_document(raw: Mapping[str, Json]) -> Document:
    """Read what stands in a state file of this version, or a part of it.

    Raises:
        MisfitError: it has another shape.
    """
    head = _HEAD.read({n: held for n, held in raw.items() if n not in _TABLES})
    state = State(
        Lineage(head.lineage),
        head.serial,
        head.sequence,
        head.project,
        head.written_at,
        targets=_table(raw, "targets", TargetName, TARGET, "target"),
        bindings=_table(raw, "bindings", ADDRESS.read, BINDING, "address"),
        tombstones=_table(raw, "tombstones", ADDRESS.read, TOMBSTONE, "address"),
        open=_table(raw, "open", ADDRESS.read, OPEN, "address"),
        posts_seen=_table(_observed(raw, posts=True), _OBSERVATIONS, ADDRESS.read, POSTS_SEEN, "address"),
        accounts_seen=_table(_observed(raw, posts=False), _OBSERVATIONS, TargetName, ACCOUNT_SEEN, "target"),
        holds=_table({_HOLDS: raw.get(_HOLDS, {})}, _HOLDS, ADDRESS.read, HELD, "address"),
        freeze=head.freeze,
        heartbeat=head.heartbeat,
        lulls=head.lulls,
        troubles=_table({_TROUBLES: raw.get(_TROUBLES, {})}, _TROUBLES, TargetName, TROUBLED, "target"),
    )
    check_together(((a, held.remote_ids) for a, held in state.bindings.items()), state.tombstones)
    return Document(state, head.checksum, head.written_by)


def _observed(raw: Mapping[str, Json], *, posts: bool) -> Mapping[str, Json]:
    """Return the observations of publications alone, or of targets: a target's name has no ``@``."""
    try:
        found = as_object(raw.get(_OBSERVATIONS, {}))
    except MisfitError as error:
        raise error.under(_OBSERVATIONS) from error
    return {_OBSERVATIONS: {name: held for name, held in found.items() if ("@" in name) is posts}}


def _table(
    raw: Mapping[str, Json], name: str, key: Callable[[str], K], shape: Shape[T], outside: str
) -> dict[K, T]:
    entries: dict[K, T] = {}
    try:
        table = as_object(raw.get(name))
        assert isinstance(table, dict), "what is parsed from JSON"
        for text in tuple(table):
            try:
                known = key(text)
                # Let go of as it is read, so that a large state is never held twice.
                entries[known] = shape.read(table.pop(text), **{outside: known})
            except MisfitError as error:
                raise error.under(text) from error
    except MisfitError as error:
        raise error.under(name) from error
    return entries


def check_together(
    bound: Iterable[tuple[Address, Iterable[RemoteId]]], tombstones: Mapping[Address, Tombstone]
) -> None:
    """Refuse what no fold can have made: two holders of one post, a binding beside its own tombstone.

    Raises:
        MisfitError: there is one of them; *bound* are all posts that are held.
    """
    both: set[Address] = set()
    holders: dict[tuple[str, str], Address] = {}
    for address, remote_ids in bound:
        if address in tombstones:
            both.add(address)
        for remote_id in remote_ids:
            other = holders.setdefault((address.target, remote_id), address)
            if other != address:
                raise MisfitError(f"{remote_id} is bound to {other} too", ("bindings", str(address)))
    if both:
        raise MisfitError("it is bound and forgotten at once", ("bindings", str(min(both))))


def _conflicting(where: str) -> StateDamaged:
    return StateDamaged(
        "it holds merge-conflict markers (<<<<<<<): git could not merge two states",
        where=where,
        remedy="Nothing was published. Two states cannot be merged: keep one side whole, with "
        f"`git checkout --ours -- {quote(where)}` or `--theirs` (once the merge is committed: "
        f"`git checkout HEAD^1 -- {quote(where)}` or HEAD^2). What only the other side had published is then "
        "blocked by the next apply (looks-published): bind it with `threadsync import`.",
    )


def _damaged(problem: str, where: str) -> StateDamaged:
    return StateDamaged(
        problem,
        where=where,
        remedy="Nothing was published. Put a good copy in its place: `threadsync state history` lists those "
        "that threadsync kept here, and how to copy one; one of a commit comes back with "
        f"`git checkout COMMIT -- {quote(where)}`. The newest is best, an older one is safe too: what was "
        "published since is blocked by the next apply (looks-published); bind it with `threadsync import`. "
        "Where there is no copy at all, move the file away, and apply with --first-run.",
    )


def _too_new(problem: str, where: str) -> StateError:
    return StateTooNew(
        problem,
        where=where,
        remedy="Nothing was published. A later threadsync wrote it: install that version here too "
        "(`threadsync --version` there).",
    )
