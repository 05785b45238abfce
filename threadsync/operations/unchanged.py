"""Whether all that a plan without changes was made from is as it was; then its text holds, and is told again.

What is kept is the text and the stamps of everything that it depends on: every file below the posts
folder, other media, the project file, the state with its journal and lock, this program and what it runs
on. ``remembering`` writes it, and only for a plan in which time alone changes nothing. A file counts as
unchanged while its size, inode and times are the same; none is opened. The kept file is compared byte for
byte with what it would be now, so one that is damaged, foreign or of another version is never taken.

This runs before anything else of the program is loaded: a bare Python has all that is imported here.
"""

from __future__ import annotations

import marshal
import os
import stat
import sys

import threadsync

KEEPS: bool = sys.platform != "win32"
"""Whether plans are kept here: Windows has no time that tells of every change."""
PROJECT_FILE = "threadsync.yaml"
KEPT_FILE = ".threadsync/plan"
TREE, FOLDER, OWN_FILE, OTHER = b"t", b"d", b"f", b"s"
"""What a path names: a tree of files, a folder that is no link, a file of the project, something else's."""
SET_ASIDE = (".", "_", "#")
"""What names start with that the walk for posts passes over; a folder of this name is not looked into."""
COLUMNS = 5
"""Name, size in bytes, inode, and times of change in nanoseconds: of the content, of anything."""
_END = b"\0\0"
_NO_FILE = (-1, -1, -1, -1)
_SHAPE_TEXT = frozenset({"TERM", "NO_COLOR", "COLUMNS"})

Rows = list[str | int]


def text_again(root: str, now_ns: int) -> str | None:
    """Return the text of the plan that was kept for the project at *root*, or None where it may not hold.

    Raises:
        OSError: something that it depends on is gone, or may not be looked at.
        ValueError: the kept file is none of ours.
    """
    with open(os.path.join(root, KEPT_FILE), "rb") as file:
        kept = file.read()
    head = kept[: kept.index(_END)]
    text, made_ns, *_ = head.split(b"\0")
    # The clock was set back: what was due when the plan was made may not be due yet.
    found = look(root, head, until_ns=int(made_ns)) if now_ns >= int(made_ns) else None
    return text.decode("ascii") if found is not None and whole(head, found) == kept else None


def head_of(text: str, made_ns: int, paths: list[bytes]) -> bytes:
    """Return the first part of a kept file: the text, when it was made, and what it depends on."""
    return b"\0".join((text.encode("ascii"), b"%d" % made_ns, *paths))


def whole(head: bytes, found: tuple[Rows, Rows]) -> bytes:
    """Return the kept file that *head* makes with what ``look`` found for it."""
    # The head is in it twice, so that no damage to it goes unseen. Version 2 of the format knows no
    # references: equal values are equal bytes.
    return head + _END + marshal.dumps((head, surroundings(), _shape(), *found), 2)


def look(root: str, head: bytes, *, until_ns: int = sys.maxsize) -> tuple[Rows, Rows] | None:
    """Look at all that *head* names: folders, each with a number, and stamps of files, ``COLUMNS`` each.

    The number says where the files of a folder of a tree end, counted from the tree's first; that of a
    folder by itself is its inode.

    None where a link or a device is in the way: its stamp does not tell what it leads to. None, too, as soon
    as a file of a tree was changed at *until_ns* or later.

    Raises:
        OSError: something cannot be looked at.
    """
    folders: Rows = []
    files: Rows = []
    for each in head.split(b"\0")[2:]:
        kind, name = each[:1], os.fsdecode(each[1:])
        path = os.path.join(root, name)
        if kind == TREE:
            if not _walk(path, folders, files, until_ns):
                return None
        elif kind == FOLDER:
            of_folder = os.lstat(path)
            if not stat.S_ISDIR(of_folder.st_mode):
                return None
            folders += (path, of_folder.st_ino)
        else:
            files += (name, *_stamp(path, follow=kind == OTHER))
    return folders, files


def _walk(top: str, folders: Rows, files: Rows, until_ns: int) -> bool:
    """Add all files below *top*; False where there is a link or a device, or what was changed later."""
    left, begin = [top], len(files)
    while left:
        folder = left.pop()
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_file(follow_symlinks=False):
                    found = entry.stat(follow_symlinks=False)
                    times = found.st_mtime_ns, found.st_ctime_ns
                    if times[1] >= until_ns:
                        return False
                    files += (entry.name, found.st_size, found.st_ino, *times)
                elif entry.name.startswith(SET_ASIDE):
                    continue
                elif entry.is_dir(follow_symlinks=False):
                    left.append(entry.path)
                else:
                    return False
        folders += (folder, len(files) - begin)
    return True


def _stamp(path: str, *, follow: bool) -> tuple[int, int, int, int]:
    try:
        found = os.stat(path, follow_symlinks=follow)
    except FileNotFoundError:
        return _NO_FILE
    return found.st_size, found.st_ino, found.st_mtime_ns, found.st_ctime_ns


def surroundings() -> list[object]:
    """Return what else decides what is planned: program, interpreter, and user."""
    says = [
        f"{name}={value}"
        for name, value in sorted(os.environ.items())
        if name.startswith(("PYTHON", "_THREADSYNC"))
    ]
    return [threadsync.__version__, __file__, sys.version, sys.executable, sys.path, says, _user()]


def _shape() -> list[object]:
    """Return what decides how it is printed."""
    says = [f"{name}={value}" for name, value in sorted(os.environ.items()) if name in _SHAPE_TEXT]
    return [says, *(os.get_terminal_size(sys.stdout.fileno()) if sys.stdout.isatty() else ())]


def _user() -> list[int]:
    if sys.platform == "win32":
        return []
    else:  # noqa: RET505  (mypy checks the one branch that is this platform's)
        return [os.geteuid(), os.getegid(), *os.getgroups()]


def project_root() -> str | None:
    """Return the folder at or above this one that has a project file.

    Raises:
        OSError: there is no such folder any more.
    """
    folder = os.getcwd()
    while not os.path.lexists(os.path.join(folder, PROJECT_FILE)):
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above
    return folder


def told_again(now_ns: int) -> bool:
    """Print the plan that was kept for the project here, if it holds; False where one has to be made."""
    if not KEEPS or sys.stdout is None:
        return False
    try:
        root = project_root()
        text = text_again(root, now_ns) if root is not None else None
        if text is not None:
            sys.stdout.write(text)
            sys.stdout.flush()
    except (OSError, ValueError):
        return False  # that standard output takes no more is said by the plan that is made now
    return text is not None
