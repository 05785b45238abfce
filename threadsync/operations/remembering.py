"""Keeping what the next plan need not do again: the text of a plan without changes, and a basis for others.

Kept is only what is certain. A text is kept where the plan holds nothing but publications that are as their
files say, which no passing of time changes, and nothing is said of ages; the state is a file, and nobody
writes it. No file or folder was changed since a while before the plan began: a later change shows in its
stamp, and one within the same tick of the file system's clock cannot have been (the rule git follows for its
index). A basis is kept besides, in which posts that were changed since then, or of which more is to be said,
stand as those to be read. In any doubt nothing is kept, and the next plan is made anew.
"""

from __future__ import annotations

import os
import sys
import time
import zoneinfo
from collections.abc import Callable, Iterator
from pathlib import Path

import threadsync
from threadsync.content.project import PROJECT_FILE, Project
from threadsync.media.cache import GRANULARITY_SECONDS, replace_file
from threadsync.operations.basis import BASIS_FILE, Basis, encode, told, unsettled
from threadsync.operations.caches import ignored
from threadsync.operations.plan import Prepared
from threadsync.operations.unchanged import (
    COLUMNS,
    FOLDER,
    KEEPS,
    KEPT_FILE,
    OTHER,
    OWN_FILE,
    SET_ASIDE,
    TREE,
    Rows,
    head_of,
    look,
    surroundings,
    whole,
)
from threadsync.planning.actions import NoOp
from threadsync.providers.loading import BUILT_IN
from threadsync.statefile.excerpt import places_in, stamp_of
from threadsync.statefile.files import Files

CLOCKS_APART_NS_MAX = 1_000_000_000
"""How far the file system's clock may be from ours; of one further off, times tell nothing."""
SETTLED_NS = GRANULARITY_SECONDS * 1_000_000_000 + CLOCKS_APART_NS_MAX
"""How long everything must have been as it is when a plan begins."""


def remember(
    project: Project,
    prepared: Prepared,
    text: str,
    *,
    began_ns: int,
    settled_ns: int = SETTLED_NS,
    now_ns: Callable[[], int] = time.time_ns,
) -> bool:
    """Keep *text*, which is what a plain ``plan`` prints of *prepared*; return whether it was kept.

    Kept besides is what a plan of a part can be based on, wherever something may have changed or wait.
    *began_ns* is when the first file was opened for it, at the latest, and *settled_ns* how long all must
    have been as it is by then. That a folder may not be written, or a disk is full, is no reason to stop.
    """
    if not KEEPS or not isinstance(project.state, Path) or prepared.prior is None:
        return False
    if any(target.provider not in BUILT_IN for target in project.targets.values()):
        return False  # what another package says of a post may change without a stamp that is looked at
    kept = project.root / KEPT_FILE
    files = Files(project.state, kept.parent)
    media = [project.root / path for path in prepared.media]
    own = [project.root / PROJECT_FILE, files.state, files.journal, files.lock]
    own += [path for path in media if not _is_walked(path, project.posts)]
    if files.lock.exists() or any(os.path.realpath(path) != str(path) for path in (project.posts, *own)):
        return False
    paths = [*_own(project, own), *_others(project, prepared)]
    head, limit_ns = head_of(text, began_ns, paths) if text.isascii() else b"", began_ns - settled_ns
    try:
        posts = look(str(project.root), head_of("", 0, paths[:1]))
        others = look(str(project.root), head_of("", 0, paths[1:]))
        if posts is None or others is None or not _clocks_agree(kept, began_ns, now_ns):
            return False
        found = posts[0] + others[0], posts[1] + others[1]
        basis = _basis(project, prepared, paths, posts, others, began_ns=began_ns, limit_ns=limit_ns)
        if basis is not None:
            replace_file(project.root / BASIS_FILE, encode(basis))
        if not (text.isascii() and lasts(prepared)) or newest_ns(*found) >= limit_ns:
            return False
        replace_file(kept, whole(head, found))
    except OSError:
        return False
    return True


def _clocks_agree(kept: Path, began_ns: int, now_ns: Callable[[], int]) -> bool:
    """Whether the clock of the file system is ours, and was not set back since the plan began."""
    ignored(kept.parent)
    replace_file(kept, b"")  # whose time is told by the file system's own clock
    return abs(kept.stat().st_mtime_ns - now_ns()) <= CLOCKS_APART_NS_MAX and now_ns() >= began_ns


def _basis(
    project: Project,
    prepared: Prepared,
    paths: list[bytes],
    posts: tuple[Rows, Rows],
    others: tuple[Rows, Rows],
    *,
    began_ns: int,
    limit_ns: int,
) -> Basis | None:
    """Return what the next plan can be based on; None where that cannot be told from another."""
    assert prepared.prior is not None, "without a state nothing is remembered"
    assert isinstance(project.state, Path), "what is on a branch is not remembered"
    said = told(prepared, prepared.prior)
    if said is None or Files(project.state, project.root).journal.exists() or newest_ns(*others) >= limit_ns:
        return None
    with project.state.open("rb") as file:
        places, stamp = places_in(file), stamp_of(os.fstat(file.fileno()))
    # A state that an editor laid out otherwise is read as a whole, each time.
    if places is None or places.get("bindings", {}).keys() != set(map(str, prepared.prior.bindings)):
        return None
    return Basis(
        began_ns,
        os.fsdecode(b"\0".join(paths)),
        surroundings(),
        posts[0],
        unsettled(str(project.root), *posts, limit_ns),
        list(others),
        *said,
        stamp,
        places,
    )


def lasts(prepared: Prepared) -> bool:
    """Whether only a change of what was read could make this plan another one.

    With time a post becomes due, a window ends, a warning goes and ages grow: none of it is in here.
    """
    said = (prepared.findings, prepared.interrupted, prepared.accounts, prepared.plan.notices)
    return not any(said) and all(isinstance(action, NoOp) for action in prepared.plan.actions)


def _is_walked(path: Path, posts: Path) -> bool:
    """Whether the file at *path* is among those that a look at the tree *posts* finds."""
    if not path.is_relative_to(posts):
        return False
    return not any(folder.startswith(SET_ASIDE) for folder in path.relative_to(posts).parts[:-1])


def _own(project: Project, files: list[Path]) -> Iterator[bytes]:
    """Yield what a plan reads in the project; no folder on the way may become a link."""
    yield TREE + os.fsencode(project.posts.relative_to(project.root))
    yield from (OWN_FILE + os.fsencode(path.relative_to(project.root)) for path in files)
    folders = {above for path in files for above in path.relative_to(project.root).parents}
    folders |= {
        project.posts.relative_to(project.root),
        *project.posts.relative_to(project.root).parents,
    }
    yield from (FOLDER + os.fsencode(folder) for folder in sorted(folders))


def _others(project: Project, prepared: Prepared) -> Iterator[bytes]:
    """Yield what a plan depends on elsewhere: this program, what is installed beside it, and time zones."""
    package = Path(threadsync.__file__).parent
    schemas = package.parent / "schema"  # where a checkout has them; a wheel has them in the package
    yield TREE + os.fsencode(package)
    if schemas.is_dir():
        yield TREE + os.fsencode(schemas)
    schedules = [wanted.publication.control.publish for wanted in prepared.desired.publications.values()]
    zones = {project.zone, *(schedule.zone for schedule in schedules if schedule is not None)}
    zones |= {live.zone for live in prepared.desired.live.values()}
    for top in map(Path, zoneinfo.TZPATH):
        yield from (
            OTHER + os.fsencode(path) for path in (top, *(top / zone for zone in zones if zone is not None))
        )
    yield from (OTHER + os.fsencode(Path(entry).absolute()) for entry in dict.fromkeys(sys.path))


def newest_ns(folders: Rows, files: Rows) -> int:
    """Return when anything of what was looked at was changed last."""
    times = [each for column in (3, 4) for each in files[column::COLUMNS] if isinstance(each, int)]
    for folder in folders[::2]:
        found = os.stat(folder)  # noqa: PTH116  (a str of a walk)
        times += (found.st_mtime_ns, found.st_ctime_ns)
    return max(times)
