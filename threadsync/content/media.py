"""Where a post's media lie: inside the project, and nowhere else."""

from __future__ import annotations

import difflib
import os
import posixpath
import re
import stat
from pathlib import Path
from typing import Protocol, TypeAlias

from threadsync.content.escape import is_name, shown
from threadsync.content.rules import finding
from threadsync.model.diagnostic import Diagnostic, Location
from threadsync.model.post import MediaFacts

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:|//")


class Probe(Protocol):
    """Says what a media file is."""

    def __call__(self, path: Path, /) -> MediaFacts | str:
        """Return the facts of the file at *path*, or in one sentence why it cannot be used."""
        ...


Found: TypeAlias = MediaFacts | tuple[str, str, str | None]
"""The facts of a file; or rule, problem and remedy where it cannot be used."""


class Finder(Protocol):
    """Finds media files by what posts call them."""

    def find(self, src: str, folder: str, location: Location) -> tuple[str, MediaFacts] | Diagnostic:
        """Return what messages call the file *src* of a post in *folder*, and its facts, or what is wrong."""
        ...


class MediaFinder:
    """Finds media files by what posts call them; each file is probed once."""

    def __init__(self, root: Path, probe: Probe) -> None:
        self._root = os.path.realpath(root)
        self._probe = probe
        self._folders: dict[str, str] = {}
        self._found: dict[str, Found] = {}
        self.asked: dict[str, Found] = {}
        """What ``find`` looked up, by path in the project; whoever wants to know empties it before."""

    def find(self, src: str, folder: str, location: Location) -> tuple[str, MediaFacts] | Diagnostic:
        """Return path (relative to the project) and facts of a file, or what is wrong with it.

        Args:
            src: the path as written: relative to *folder*, or from the project with ``/`` first.
            folder: the folder of the post file, relative to the project.
            location: where *src* stands.
        """
        if _SCHEME.match(src):
            return finding(
                "media/address", location, f"{shown(src)} is an address; media are files of the project."
            )
        path = posixpath.normpath(src.lstrip("/") if src.startswith("/") else posixpath.join(folder, src))
        if path == ".." or path.startswith("../"):
            return finding("media/outside-project", location, f"{shown(src)} leaves the project.")
        if not is_name(path):
            return finding(
                "media/name", location, f"the name {shown(src)} holds characters that cannot be shown."
            )
        known = self.asked[path] = self.at(path)
        if isinstance(known, MediaFacts):
            return path, known
        rule, problem, remedy = known
        return finding(rule, location, f"{shown(path)} {problem}", remedy)

    def at(self, path: str) -> Found:
        """Return what is at *path*, relative to the project and normalized."""
        known = self._found.get(path)
        if known is None:
            known = self._found[path] = self._look(path)
        return known

    def _look(self, path: str) -> Found:
        whole = f"{self._root}/{path}"
        try:
            mode = Path(whole).stat().st_mode
        except OSError as error:
            if os.path.islink(whole):  # noqa: PTH114  (False for a name that is too long, where pathlib raises)
                return (
                    "media/missing",
                    "is a link that leads nowhere.",
                    "Put the file there that it leads to.",
                )
            if isinstance(error, FileNotFoundError | NotADirectoryError):
                return "media/missing", "does not exist.", self._similar(whole)
            return "media/unusable", f"cannot be read: {error.strerror}.", None
        real = self._real(whole)
        if not Path(real).is_relative_to(self._root):
            return "media/outside-project", "is a link that leaves the project.", None
        if not stat.S_ISREG(mode):
            kind = "a folder" if stat.S_ISDIR(mode) else "a pipe or a device"
            return "media/not-a-file", f"is {kind}, not a file.", None
        facts = self._probe(Path(whole))
        if isinstance(facts, str):
            return "media/unusable", f"cannot be used: {facts}.", None
        if facts.kind == "video" and facts.video is None:
            return "media/video-extra", "is a video, and nothing that reads videos is installed.", None
        return facts

    def _real(self, whole: str) -> str:
        """Return where *whole* really is; the links of a folder are followed once for all that is in it."""
        if os.path.islink(whole):  # noqa: PTH114  (a path here is text)
            return os.path.realpath(whole)
        folder, name = posixpath.split(whole)
        real = self._folders.get(folder)
        if real is None:
            real = self._folders[folder] = os.path.realpath(folder)
        return posixpath.join(real, name)

    def _similar(self, whole: str) -> str | None:
        folder, name = posixpath.split(whole)
        try:
            names = [each.name for each in Path(folder).iterdir()]
        except OSError:
            return None
        alike = [each for each in names if each.lower() == name.lower()]
        alike = alike or difflib.get_close_matches(name[:255], names, n=1, cutoff=0.6)
        return f"Did you mean {shown(alike[0])}?" if alike else None
