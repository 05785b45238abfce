"""All posts of a project to publications, with every finding at once.

    files -> text -> front matter and body -> keys checked -> merged for each target -> references checked

A file with an error yields nothing but findings; its key, where it can be told, is among
``broken_keys``, so that planning does not take its posts for removed (law 5).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from msgspec import Struct, field

from threadsync.content import explain, markdown, references, yaml12
from threadsync.content.foreign import foreign_networks
from threadsync.content.media import MediaFinder, Probe
from threadsync.content.project import Project
from threadsync.content.publications import publications_of
from threadsync.content.reading import read
from threadsync.content.rules import finding
from threadsync.content.segments import Declared
from threadsync.content.walking import PostFile, walk
from threadsync.model.diagnostic import Diagnostic, Location, Severity, by_place
from threadsync.model.ids import Address, PostKey
from threadsync.model.live import Live
from threadsync.model.post import Publication
from threadsync.model.references import depends_on

KEY_CHARACTERS_MAX = 128
_KEY = re.compile(r"[A-Za-z0-9._/-]+", re.ASCII)
_KEY_LINE = re.compile(r"^key:[ \t]+[\"']?([A-Za-z0-9._/-]+)[\"']?[ \t]*$", re.MULTILINE)


class Content(Struct, frozen=True):
    """What the files of a project say."""

    publications: Mapping[Address, Publication]
    """Those that are to be published; none from a file with errors."""
    drafts: Mapping[Address, Publication]
    keys: Mapping[PostKey, Location]
    """Every key that some file has, drafts and files with errors included."""
    findings: tuple[Diagnostic, ...]
    """In the order of files and lines."""
    broken_keys: frozenset[PostKey]
    """Keys of files with errors, as far as they can be told."""
    complete: bool
    """Whether all files were read without error; where not, nothing counts as removed."""
    files: int
    """How many files are posts by their name."""
    live: Mapping[Address, Live] = field(default_factory=dict)
    """Further publications that were found live as their files say, where no more was to be known."""


class Said(Struct, frozen=True):
    """What one file says, whatever the others say."""

    key: PostKey
    """The one it has; of a file whose keys cannot be trusted, the one it most likely has."""
    at: Location
    is_trusted: bool = False
    made: tuple[Publication, ...] = ()
    naming: tuple[Publication, ...] = ()
    """Those of *made* that name other posts."""
    findings: tuple[Diagnostic, ...] = ()
    has_errors: bool = True
    live: tuple[tuple[Address, Live], ...] = ()
    """In place of *made*, where all of it is live as the file says, and nobody needs to know more."""


Reader: TypeAlias = Callable[[Sequence[PostFile], Project, MediaFinder], list[Said]]


def said_by(files: Sequence[PostFile], project: Project, media: MediaFinder) -> list[Said]:
    """Read *files*, and return what each says.

    One step is done for all of them before the next: what it takes stays in the processor's cache.
    """
    texts = [read(file.path, file.file) for file in files]
    foreign = foreign_networks(project.targets)
    declared = [_declared(file, text, foreign) for file, text in zip(files, texts, strict=True)]
    return [_said(file, each, project, media) for file, each in zip(files, declared, strict=True)]


def said_in(text: str | Diagnostic, file: PostFile, project: Project, media: MediaFinder) -> Said:
    """Return what *file* says: its *text*, or why that cannot be read."""
    declared = _declared(file, text, foreign_networks(project.targets))
    return _said(file, declared, project, media)


def _said(file: PostFile, declared: Declared | Said, project: Project, media: MediaFinder) -> Said:
    if not isinstance(declared, Declared):
        return declared
    value = declared.values.get("key")
    at = declared.key_place(("key",)) if value is not None else Location(file.file)
    name = PostKey(value if isinstance(value, str) else file.key)
    made, faults = publications_of(declared, name, project, media)
    naming = tuple(each for each in made if depends_on(each))
    has_errors = any(fault.is_error for fault in faults)
    return Said(name, at, True, tuple(made), naming, tuple(faults), has_errors)


Each: TypeAlias = Callable[[Callable[[Sequence[PostFile]], list[Said]], Sequence[PostFile]], Iterable[Said]]
Shorten: TypeAlias = Callable[[list[Said]], list[Said]]


def in_full(said: list[Said]) -> list[Said]:
    """Leave what files say as it is."""
    return said


def at_once(work: Callable[[Sequence[PostFile]], list[Said]], files: Sequence[PostFile]) -> list[Said]:
    """Work through all files as one batch."""
    return work(files)


def load(
    project: Project,
    probe: Probe,
    *,
    reader: Reader = said_by,
    each: Each = at_once,
    chosen: Sequence[PostFile] | None = None,
    shorten: Shorten = in_full,
) -> Content:
    """Read all posts of *project*, or those *chosen*, with *reader*; *probe* says what a media file is.

    *each* has all files worked through, in as many batches as it likes. What a file says may be *shortened*
    to what is ``live`` of it, unless another post names that.
    """
    return _Loader(project, probe, reader, each, shorten).load(chosen)


class _Loader(Struct):
    project: Project
    probe: Probe
    reader: Reader
    each: Each
    shorten: Shorten
    live: dict[Address, Live] = field(default_factory=dict)
    publications: dict[Address, Publication] = field(default_factory=dict)
    drafts: dict[Address, Publication] = field(default_factory=dict)
    naming: list[Publication] = field(default_factory=list)
    keys: dict[PostKey, Location] = field(default_factory=dict)
    findings: list[Diagnostic] = field(default_factory=list)
    broken: set[PostKey] = field(default_factory=set)

    def load(self, chosen: Sequence[PostFile] | None) -> Content:
        root = os.path.realpath(self.project.root)
        posts = os.path.realpath(self.project.posts)
        files: Sequence[PostFile] = () if chosen is None else chosen
        if chosen is None and Path(posts).is_dir():
            found = walk(root, posts)
            files = found.files
            self.findings += found.findings
        media = MediaFinder(self.project.root, self.probe)

        def read(batch: Sequence[PostFile]) -> list[Said]:
            return self.reader(batch, self.project, media)

        for said in self.each(lambda batch: self.shorten(read(batch)), files):
            self._take(said)
        self._read_named(files, read)
        if not files:
            name = os.path.relpath(posts, root)
            why = "holds no posts" if Path(posts).is_dir() else "does not exist"
            self.findings.append(
                finding("file/no-posts", self.project.location, f"the posts folder {name} {why}.")
            )
        self._forget_broken()
        self._check_references()
        self._forget_broken()
        return Content(
            self.publications,
            self.drafts,
            self.keys,
            tuple(sorted(dict.fromkeys(self.findings), key=by_place)),
            frozenset(self.broken),
            bool(files) and not any(each.severity is Severity.ERROR for each in self.findings),
            len(files),
            self.live,
        )

    def _read_named(
        self, files: Sequence[PostFile], read: Callable[[Sequence[PostFile]], list[Said]]
    ) -> None:
        """Read in full what is ``live`` and named by other posts."""
        while self.live:
            named = {address.key for each in self.naming for address in depends_on(each)} - self.broken
            again = {address: live.file for address, live in self.live.items() if address.key in named}
            if not again:
                return
            for address in again:
                del self.live[address]
                self.keys.pop(address.key, None)  # the file claims it again, whatever is left of it
            paths = frozenset(again.values())
            chosen = [file for file in files if file.file in paths]
            # They may have been changed meanwhile: what they say now counts, and may name others too.
            for said in self.each(read, chosen):
                self._take(said)

    def _take(self, said: Said) -> None:
        if not said.is_trusted:
            self.findings += said.findings
            if _is_key(said.key):
                self.keys.setdefault(said.key, said.at)
                self.broken.add(said.key)
            return
        if not self._claim(said.key, said.at):
            return
        self.findings += said.findings
        if said.has_errors:
            self.broken.add(said.key)
            return
        for publication in said.made:
            where = self.drafts if publication.control.draft else self.publications
            where[publication.address] = publication
        self.live.update(said.live)
        self.naming += said.naming

    def _claim(self, key: PostKey, at: Location) -> bool:
        """Take *key* for a file; False where it is no key, or taken."""
        if not _is_key(key):
            problem = (
                f"the post's path makes the key {key!r}, which has characters or a length keys don't have."
            )
            self.findings.append(finding("post/key", at, problem))
            return False
        first = self.keys.setdefault(key, at)
        if first is at:
            return True
        self.broken.add(key)
        self.findings.append(finding("post/key-twice", at, f"{first} has the key {key} too."))
        self.findings.append(finding("post/key-twice", first, f"{at} has the key {key} too."))
        return False

    def _check_references(self) -> None:
        known = references.Known(
            self.publications,
            self.drafts,
            frozenset(self.keys),
            frozenset(self.broken),
            frozenset(self.project.targets),
        )
        naming = [each for each in self.naming if each.address.key not in self.broken]
        findings, broken = references.check(naming, known)
        self.findings += findings
        self.broken |= broken

    def _forget_broken(self) -> None:
        for where in (self.publications, self.drafts, self.live) if self.broken else ():
            for address in [each for each in where if each.key in self.broken]:
                del where[address]


def _is_key(key: str) -> bool:
    return len(key) <= KEY_CHARACTERS_MAX and _KEY.fullmatch(key) is not None


def _declared(file: PostFile, text: str | Diagnostic, foreign: frozenset[str]) -> Declared | Said:
    """Return what a file declares, or else everything wrong with it."""
    if isinstance(text, Diagnostic):
        return Said(PostKey(file.key), Location(file.file), findings=(text,))
    declared = _parsed(file, text, foreign)
    if isinstance(declared, Declared):
        return declared
    found = _KEY_LINE.search(text)
    key = PostKey(found[1] if found is not None else file.key)
    return Said(key, Location(file.file), findings=tuple(declared))


def _parsed(file: PostFile, text: str, foreign: frozenset[str]) -> Declared | list[Diagnostic]:
    parts: tuple[markdown.Part, ...] | None = None
    findings: list[Diagnostic] = []
    if file.is_markdown:
        split = markdown.split_front_matter(text, file.file)
        if isinstance(split, Diagnostic):
            return [split]
        matter, rest, first_line = split
        document = yaml12.parse(matter, file.file, first_line=2)
        body = markdown.split(rest, file.file, first_line)
        parts, findings = body.parts, list(body.findings)
    else:
        document = yaml12.parse(text, file.file)
    findings += document.findings
    value = {} if document.value is None else document.value
    if not document.findings:
        findings += explain.check(value, "post", document, file.file, foreign=foreign)
    if findings:
        return findings
    assert isinstance(value, Mapping), "the schema accepts mappings alone"
    return Declared(file.file, document, value, parts)
