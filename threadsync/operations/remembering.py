"""Keeping the text of a plan without changes, with the stamps of all that it was made from.

Kept is only what is certain. The plan holds nothing but publications that are as their files say, which
no passing of time changes, and nothing is said of ages; the state is a file, and nobody writes it. No
file or folder was changed since a while before the plan began: a later change shows in its stamp, and one
within the same tick of the file system's clock cannot have been (the rule git follows for its index). In
any doubt nothing is kept, and the next plan is made anew.
"""

from __future__ import annotations

import os
import sys
import time
import zoneinfo
from collections.abc import Callable, Iterator
from pathlib import Path

import threadsync
from threadsync.content.project import PROJECT_FILE, Project, StateBranch
from threadsync.media.cache import GRANULARITY_SECONDS, replace_file
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
    whole,
)
from threadsync.planning.actions import NoOp
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

    *began_ns* is when the first file was opened for it, at the latest, and *settled_ns* how long all must
    have been as it is by then. That a folder may not be written, or a disk is full, is no reason to stop.
    """
    if not KEEPS or isinstance(project.state, StateBranch) or not _lasts(prepared, text):
        return False
    kept = project.root / KEPT_FILE
    files = Files(project.state, kept.parent)
    media = [project.root / path for path in prepared.media]
    own = [project.root / PROJECT_FILE, files.state, files.journal, files.lock]
    own += [path for path in media if not _is_walked(path, project.posts)]
    if files.lock.exists() or any(os.path.realpath(path) != str(path) for path in (project.posts, *own)):
        return False
    head = head_of(text, began_ns, [*_own(project, own), *_others(project, prepared)])
    try:
        found = look(str(project.root), head)
        if found is None or _newest_ns(*found) >= began_ns - settled_ns:
            return False
        ignored(kept.parent)
        replace_file(kept, b"")  # whose time is told by the file system's own clock
        apart_ns = abs(kept.stat().st_mtime_ns - now_ns())
        if apart_ns > CLOCKS_APART_NS_MAX or now_ns() < began_ns:
            return False
        replace_file(kept, whole(head, found))
    except OSError:
        return False
    return True


def _lasts(prepared: Prepared, text: str) -> bool:
    """Whether only a change of what was read could make this plan another one.

    With time a post becomes due, a window ends, a warning goes and ages grow: none of it is in here.
    """
    said = (prepared.findings, prepared.interrupted, prepared.accounts, prepared.plan.notices)
    return (
        prepared.prior is not None
        and not any(said)
        and all(isinstance(action, NoOp) for action in prepared.plan.actions)
        and text.isascii()
    )


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
    zones = {project.zone, *(schedule.zone for schedule in schedules if schedule is not None)} - {None}
    for top in map(Path, zoneinfo.TZPATH):
        yield from (OTHER + os.fsencode(path) for path in (top, *(top / str(zone) for zone in zones)))
    yield from (OTHER + os.fsencode(Path(entry).absolute()) for entry in dict.fromkeys(sys.path))


def _newest_ns(folders: Rows, files: Rows) -> int:
    """Return when anything of what was looked at was changed last."""
    times = [each for column in (3, 4) for each in files[column::COLUMNS] if isinstance(each, int)]
    for folder in folders[::2]:
        found = os.stat(folder)  # noqa: PTH116  (a str of a walk)
        times += (found.st_mtime_ns, found.st_ctime_ns)
    return max(times)
