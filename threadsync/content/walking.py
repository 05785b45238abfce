"""Which files are posts: a walk that follows no link out of the project and none to a folder."""

from __future__ import annotations

import os
from pathlib import Path

from msgspec import Struct

from threadsync.content.escape import is_name, printable
from threadsync.content.project import PROJECT_FILE
from threadsync.content.rules import finding
from threadsync.model.diagnostic import Diagnostic, Location, by_place

SUFFIXES = {".md": True, ".yaml": False, ".yml": False}
"""Suffixes of posts; whether the file is Markdown."""
FOLDERS_DEEP_MAX = 32


class PostFile(Struct, frozen=True):
    """A file that is a post by its name."""

    path: str
    """Where it is, for opening it."""
    file: str
    """Where it is in the project, for messages."""
    key: str
    """The key it has if it declares none."""
    is_markdown: bool


class Walk(Struct, frozen=True):
    """What a walk found, each in the order of paths."""

    files: tuple[PostFile, ...]
    findings: tuple[Diagnostic, ...]


def is_ignored(name: str) -> bool:
    """Whether a file or folder is none of ours: hidden, set aside with ``_``, or an editor's."""
    return name.startswith((".", "_", "#")) or name.endswith(("~", ".swp", ".tmp", ".bak"))


def prefix_of(root: str, posts: str) -> str:
    """Return what the path in the project of every post begins with."""
    return "" if posts == root else Path(posts).relative_to(root).as_posix() + "/"


def post_file(path: str, file: str, prefix: str) -> PostFile:
    """Return the post at *path*, which is *file* in the project, where all of them begin with *prefix*."""
    stem, _, suffix = file.rpartition(".")
    key = stem[len(prefix) :].removesuffix("/index")
    return PostFile(path, file, key, SUFFIXES[f".{suffix.lower()}"])


def walk(root: str, posts: str) -> Walk:
    """Find the posts below the folder *posts* of the project at *root*; both are real paths."""
    walker = _Walker(root, posts)
    walker.walk()
    return Walk(
        tuple(sorted(walker.files, key=lambda each: each.file)),
        tuple(sorted(walker.findings, key=by_place)),
    )


class _Walker:
    def __init__(self, root: str, posts: str) -> None:
        self._root = root
        self._prefix = prefix_of(root, posts)
        # Path, path in the project (ending in /, or empty), depth.
        self._folders = [(posts, self._prefix, 0)]
        self.files: list[PostFile] = []
        self.findings: list[Diagnostic] = []

    def walk(self) -> None:
        while self._folders:
            path, folder, depth = self._folders.pop()
            try:
                with os.scandir(path) as listing:
                    entries = list(listing)
            except OSError as error:
                problem = f"the folder cannot be read: {error.strerror}."
                self._refuse("file/unreadable", folder.rstrip("/") or ".", problem)
                continue
            for entry in entries:
                if not is_ignored(entry.name) and folder + entry.name != PROJECT_FILE:
                    self._sort(entry, folder + entry.name, depth)

    def _refuse(self, rule: str, file: str, problem: str) -> None:
        self.findings.append(finding(rule, Location(printable(file)), problem))

    def _sort(self, entry: os.DirEntry[str], file: str, depth: int) -> None:
        """Put one entry, *file* by its path in the project, where it belongs."""
        stem, dot, suffix = entry.name.rpartition(".")
        is_markdown = SUFFIXES.get(dot + suffix.lower()) if stem else None
        if entry.is_dir(follow_symlinks=False):
            if is_markdown is not None:
                self._refuse("file/not-a-file", file, "this folder has a post's name.")
            elif depth >= FOLDERS_DEEP_MAX:
                problem = f"folders are nested over {FOLDERS_DEEP_MAX} deep."
                self._refuse("file/unreadable", file, problem)
            else:
                self._folders.append((entry.path, file + "/", depth + 1))
        elif entry.is_symlink() and self._is_bad_link(entry.path, file, is_post=is_markdown is not None):
            pass
        elif is_markdown is not None and not is_name(file):
            self._refuse("file/name", file, "the file's name holds characters that cannot be shown.")
        elif is_markdown is not None:
            self.files.append(post_file(entry.path, file, self._prefix))

    def _is_bad_link(self, path: str, file: str, *, is_post: bool) -> bool:
        real = os.path.realpath(path)
        if Path(real).is_dir():
            self._refuse("file/linked-folder", file, "this is a link to a folder.")
            return True
        problem = astray(self._root, real) if is_post else ""
        if problem:
            self._refuse("file/outside-project", file, problem)
        return bool(problem)


def astray(root: str, real: str) -> str:
    """Return what is wrong with a link to the real path *real*; empty where a post may be there.

    What is hidden is nobody's post: the checkout of a CI keeps a token in .git/config, and whoever reads a
    plan reads what is in its posts.
    """
    if not Path(real).is_relative_to(root):
        return "this is a link that leaves the project."
    if any(part.startswith(".") for part in Path(real).relative_to(root).parts):
        return "this is a link to what is hidden."
    return ""
