"""What a plan leaves for the next one: which posts it found as their files say, and what tells a change.

``remembering`` writes it, ``partly`` uses it. A plan falls into the parts that are connected by references
(replies, quotes, links …): what is done in one depends on no other, as long as nothing vanishes, no key is
taken twice and no file has errors. So a part that is as it was, and in which nothing was to be done whatever
the time, need not be read again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from msgspec import Struct

from threadsync.model.ids import Address, TargetName
from threadsync.model.live import Live
from threadsync.model.state import State
from threadsync.operations.plan import Prepared
from threadsync.operations.unchanged import COLUMNS, Rows
from threadsync.planning.actions import NoOp, Reason
from threadsync.statefile.excerpt import Places, Stamp

BASIS_FILE = ".threadsync/basis"
UNSETTLED = -2
"""Stands for the size of a file that was written so shortly before that its stamp tells nothing."""
_HEX = 64
PART = 1_000
"""How many entries are written as JSON at once."""


class Basis(Struct, frozen=True):
    """What is kept."""

    made_ns: int
    paths: str
    """All that the plan depends on, as ``unchanged.look`` takes it."""
    surroundings: Sequence[object]
    folders: Rows
    """Those of the posts; with *files* as ``unchanged.look`` tells them."""
    files: Rows
    others: Sequence[Rows]
    """Folders and files besides."""
    keys: Mapping[str, str]
    """By file, of every post and draft."""
    unchanged: Mapping[str, int]
    """By file: how many publications stay as they are, where nothing else is to be said of it."""
    named: Mapping[str, Sequence[str]]
    """By file: the keys of the posts that it refers to; those that refer to none are left out."""
    again: Sequence[str]
    """Files that are read each time: more is to be said of them, or they went live last on their target."""
    state: Stamp
    places: Places

    def connected(self, files: Iterable[str]) -> set[str]:
        """Return *files* with all that refer to their posts, or that they refer to, and so on."""
        file_of = {key: file for file, key in self.keys.items()} if self.named else {}
        beside: dict[str, set[str]] = defaultdict(set)
        for file, keys in self.named.items():
            for other in (file_of[key] for key in keys):
                beside[file].add(other)
                beside[other].add(file)
        found, left = set(files), list(files)
        while left:
            new = beside[left.pop()] - found
            found |= new
            left += new
        return found


def encode(basis: Basis) -> bytearray:
    """Write *basis* with a checksum in front of it."""
    kept = bytearray(_HEX)
    for part in _json({name: getattr(basis, name) for name in Basis.__struct_fields__}):
        kept += part.encode()
    kept[:_HEX] = hashlib.sha256(memoryview(kept)[_HEX:]).hexdigest().encode()
    return kept


def _json(value: object) -> Iterator[str]:
    """Write *value*, a part at a time: making JSON takes six times the room of what comes of it."""
    match value:
        case dict() if len(value) > PART:
            items = iter(value.items())
            for at in range(0, len(value), PART):
                yield (", " if at else "{") + json.dumps(dict(islice(items, PART)))[1:-1]
            yield "}"
        case dict():
            for number, (name, each) in enumerate(value.items()):
                yield f"{', ' if number else '{'}{json.dumps(name)}: "
                yield from _json(each)
            yield "}" if value else "{}"
        case list() if len(value) > PART:
            for at in range(0, len(value), PART):
                yield (", " if at else "[") + json.dumps(value[at : at + PART])[1:-1]
            yield "]"
        case _:
            yield json.dumps(value)


def decode(kept: bytes) -> Basis:
    """Read a basis.

    Raises:
        ValueError: it is damaged, or another version's.
    """
    whole = kept[_HEX:]
    if hashlib.sha256(whole).hexdigest().encode() != kept[:_HEX]:
        raise ValueError("the basis is damaged")
    found = json.loads(whole)
    if found.keys() != set(Basis.__struct_fields__):
        raise ValueError("the basis is another version's")
    return Basis(**{**found, "state": tuple(found["state"])})


def stamps(root: str, folders: Rows, files: Rows) -> dict[str, Rows]:
    """Return the stamp of each file that was found in a tree below *root*, by its path from there."""
    return {
        f"{before}{files[at]}": files[at + 1 : at + COLUMNS]
        for before, places in _by_folder(root, folders)
        for at in places
    }


def unsettled(root: str, folders: Rows, files: Rows, limit_ns: int) -> Rows:
    """Return *files* without the stamps of those that may have been changed after *limit_ns*."""
    found = list(files)
    for before, places in _by_folder(root, folders):
        of_folder = os.stat(os.path.join(root, before))  # noqa: PTH116, PTH118  (a str of a walk)
        newest_ns = max(of_folder.st_mtime_ns, of_folder.st_ctime_ns)
        for at in places:
            times = (each for each in files[at + 3 : at + COLUMNS] if isinstance(each, int))
            if max(newest_ns, *times) >= limit_ns:
                found[at + 1] = UNSETTLED
    return found


def _by_folder(root: str, folders: Rows) -> Iterator[tuple[str, range]]:
    """Yield what the path of each file in a folder begins with, and where they stand."""
    begin = 0
    for folder, end in zip(folders[::2], folders[1::2], strict=True):
        assert isinstance(folder, str), "each folder has a number beside it"
        assert isinstance(end, int), "each folder has a number beside it"
        path = folder[len(root) :].replace(os.sep, "/").removeprefix("/").removesuffix("/.")
        yield f"{path}/" if path not in {"", "."} else "", range(begin, end, COLUMNS)
        begin = end


class Told(NamedTuple):
    """What a plan says of each file, as far as the next one may take it over."""

    keys: Mapping[str, str]
    unchanged: Mapping[str, int]
    named: Mapping[str, Sequence[str]]
    again: Sequence[str]


def told(prepared: Prepared, prior: State) -> Told | None:
    """Return what *prepared*, made from *prior*, says of each file; None where it speaks of them together.

    It does where one has errors, where something that is live is no longer wanted, and where it is not known
    yet what became of something.
    """
    posts, live = {**prepared.desired.publications, **prepared.drafts}, prepared.desired.live
    files = {address: wanted.publication.location.file for address, wanted in posts.items()}
    files |= {address: each.file for address, each in live.items()}
    if prior.open or prepared.has_errors or not prior.bindings.keys() <= files.keys():
        return None
    keys = {file: str(address.key) for address, file in files.items()}
    again = {finding.location.file for finding in prepared.findings}
    if not again <= keys.keys():
        return None
    again |= {files[address] for address in _loud(prepared) | set(_newest(prior, live).values())}
    unchanged = Counter(files[action.address] for action in prepared.plan.actions)
    named: dict[str, list[str]] = {}
    for address, wanted in posts.items():
        if wanted.waits_for:
            named.setdefault(files[address], []).extend(each.key for each in wanted.waits_for)
    return Told(keys, unchanged, named, sorted(again))


def _loud(prepared: Prepared) -> set[Address]:
    """Return the addresses of which a plan says more than that they are as their files say."""
    noticed = {notice.about for notice in prepared.plan.notices}
    return {
        action.address
        for action in prepared.plan.actions
        if not isinstance(action, NoOp) or action.reason is not Reason.SAME or str(action.address) in noticed
    }


def _newest(prior: State, live: Mapping[Address, Live]) -> dict[TargetName, Address]:
    """Return what went live last on each target; what is told of its account hangs on when that was."""
    times = [(each.last_at, address) for address, each in live.items()]
    rest = (prior.bindings[address] for address in prior.bindings if address not in live)
    times += [(post.at, binding.address) for binding in rest for post in binding.segments]
    return {address.target: address for _, address in sorted(times)}
