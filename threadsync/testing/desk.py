"""An author's desk: the files of a project, written to one scratch folder and read once each.

Many simulated worlds share a desk: what the same files say is read from disk once, by the real loader,
and remembered.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, field

from threadsync.config import load_project
from threadsync.content.loader import Content, load
from threadsync.content.project import PROJECT_FILE, Project
from threadsync.media.probe import probe
from threadsync.model.ids import TargetName
from threadsync.model.post import MediaFacts
from threadsync.operations.workspace import context_of
from threadsync.providers.base import Provider
from threadsync.providers.loading import load_provider

REMEMBERED_MAX = 2000
"""How many sets of files are remembered before all are forgotten."""


class Desk(Struct):
    """The folder *root*, and what was read in it."""

    root: Path
    _written: dict[str, bytes] = field(default_factory=dict)
    _contents: dict[tuple[str, frozenset[tuple[str, bytes]]], Content] = field(default_factory=dict)
    _projects: dict[str, Project] = field(default_factory=dict)
    _providers: dict[str, Mapping[TargetName, Provider]] = field(default_factory=dict)
    _media: dict[bytes, MediaFacts | str] = field(default_factory=dict)

    def project(self, text: str) -> Project:
        """Return the project that the project file *text* describes, here.

        Raises:
            ProjectError: it has faults.
        """
        if text not in self._projects:
            (self.root / PROJECT_FILE).write_text(text, encoding="utf-8")
            self._projects[text] = load_project(self.root, exact=True)
        return self._projects[text]

    def providers(self, text: str) -> Mapping[TargetName, Provider]:
        """Return the providers of that project's targets: they are values, so that worlds share them.

        Raises:
            ProjectError: it has faults.
        """
        if text not in self._providers:
            self._providers[text] = {
                name: load_provider(target.provider, context_of(target, self.project(text).id))
                for name, target in self.project(text).targets.items()
            }
        return self._providers[text]

    def content(self, text: str, files: Mapping[str, bytes]) -> Content:
        """Return what *files* (paths in the project, and their bytes) say in the project of *text*."""
        key = (text, frozenset(files.items()))
        if key not in self._contents:
            if len(self._contents) >= REMEMBERED_MAX:
                self._contents.clear()
            self._write(files)
            self._contents[key] = load(self.project(text), self._probe)
        return self._contents[key]

    def _write(self, files: Mapping[str, bytes]) -> None:
        for name in self._written.keys() - files.keys():
            (self.root / name).unlink()
        for name, data in files.items():
            if self._written.get(name) != data:
                path = self.root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
        self._written = dict(files)

    def _probe(self, path: Path) -> MediaFacts | str:
        data = path.read_bytes()
        if data not in self._media:
            self._media[data] = probe(path)
        return self._media[data]
