"""A plan from what was kept of the last one, and from the files that have changed since.

They are read in full, with all that is connected with them, and planned as ever; what the others come to is
known. Wherever that is not certain, None says so, and the plan is made from everything.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from threadsync.content.loader import Content, load
from threadsync.content.walking import PostFile, post_file, prefix_of, walk
from threadsync.media.cache import CachedProbe
from threadsync.model.facts import Facts
from threadsync.model.ids import Address, PostKey
from threadsync.model.state import State
from threadsync.operations.basis import BASIS_FILE, Basis, decode, stamps
from threadsync.operations.caches import CACHE_DIRECTORY
from threadsync.operations.fitting import fitted
from threadsync.operations.plan import Prepared, prepare
from threadsync.operations.remembering import SETTLED_NS, lasts, newest_ns
from threadsync.operations.unchanged import KEEPS, head_of, look, surroundings
from threadsync.operations.workspace import Workspace
from threadsync.planning.inputs import Consents
from threadsync.planning.removal import vanished
from threadsync.statefile.excerpt import excerpt
from threadsync.statefile.shapes import MisfitError


class _Part(Struct, frozen=True):
    """What is read again: *files* of those that are kept, and what is *gone* of them."""

    files: tuple[PostFile, ...]
    gone: frozenset[str]
    newest_ns: int
    """When anything of the posts was changed last."""


def plan_partly(workspace: Workspace, now_ns: Callable[[], int] = time.time_ns) -> Prepared | None:
    """Return what ``plan`` would, made from what has changed; None where everything has to be read."""
    if not KEEPS or not isinstance(workspace.project.state, Path):
        return None
    root, began_ns = os.path.realpath(workspace.project.root), now_ns()
    try:
        basis = decode((workspace.project.root / BASIS_FILE).read_bytes())
        part = _part(workspace, root, basis, began_ns)
        prepared = _planned(workspace, basis, part) if part is not None else None
    except (OSError, ValueError, MisfitError):
        return None
    if part is None or prepared is None:
        return None
    # What says nothing and has settled is made from everything, so that it is kept, and told again at once.
    return None if lasts(prepared) and part.newest_ns < began_ns - SETTLED_NS else prepared


def _part(workspace: Workspace, root: str, basis: Basis, now_ns: int) -> _Part | None:
    """Return what has to be read; None where more than posts has changed, or as good as all."""
    paths = [os.fsencode(each) for each in basis.paths.split("\0")]
    others = look(root, head_of("", 0, paths[1:]))
    if others is None or list(others) != basis.others:
        return None
    found = look(root, head_of("", 0, paths[:1]))
    if found is None or now_ns < basis.made_ns or basis.surroundings != surroundings():
        return None
    before, after = stamps(root, basis.folders, basis.files), stamps(root, *found)
    changed = {file for file, stamp in before.items() if after.get(file, stamp) != stamp}
    gone = before.keys() - after.keys()
    if not (changed | gone) <= basis.keys.keys():
        return None  # a picture, or something else that posts are made from
    posts = os.path.realpath(workspace.project.posts)
    read: set[str] = {*basis.again, *changed} - gone
    if gone or len(after) != len(before) or found[0][::2] != basis.folders[::2]:
        walked = walk(root, posts)
        named = {each.file: each for each in walked.files}
        if walked.findings or not basis.keys.keys() - gone <= named.keys():
            return None
        read |= named.keys() - basis.keys.keys()
    chosen = basis.connected(read | gone) - gone
    if not chosen or 2 * len(chosen) > len(basis.keys):
        return None
    prefix = prefix_of(root, posts)
    found_files = [post_file(f"{root}/{file}", file, prefix) for file in sorted(chosen)]
    return _Part(tuple(found_files), frozenset(gone), newest_ns(*found))


def _planned(workspace: Workspace, basis: Basis, part: _Part) -> Prepared | None:
    project = workspace.project
    probe = CachedProbe(project.root / CACHE_DIRECTORY / "media.json")
    content = load(project, probe, chosen=part.files)
    probe.save(partly=True)
    read = {each.file for each in part.files} | part.gone
    if _taken(content, basis, read):
        return None
    prior = _prior(workspace, basis, content, read)
    now = workspace.clock.now()
    declared = fitted(workspace, replace(workspace, read=lambda *_: content).declared(prior, now), prior)
    if declared.has_errors or vanished(declared.desired, prior):
        return None
    prepared = prepare(
        workspace,
        declared,
        prior=prior,
        facts=Facts(),
        now=now,
        consents=Consents(),
        selects=lambda _: True,
        limits=project.safety,
    )
    unchanged = sum(number for file, number in basis.unchanged.items() if file not in read)
    return replace(prepared, plan=replace(prepared.plan, unchanged=unchanged))


def _taken(content: Content, basis: Basis, read: set[str]) -> bool:
    """Whether a key is declared that a file has which was not read."""
    return any(key in content.keys for file, key in basis.keys.items() if file not in read)


def _prior(workspace: Workspace, basis: Basis, content: Content, read: set[str]) -> State:
    keys = {*content.keys, *(PostKey(basis.keys[file]) for file in read if file in basis.keys)}
    addresses = [Address(key, target) for key in keys for target in workspace.project.targets]
    assert isinstance(workspace.project.state, Path), "what is on a branch is not remembered"
    return excerpt(workspace.project.state, basis.state, basis.places, addresses)
