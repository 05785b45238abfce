"""The segments of a post before they are merged: from a body, a ``text:`` or the entries of ``segments:``."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from threadsync.content import explain, markdown, yaml12
from threadsync.content.markdown import Part, Picture
from threadsync.content.rules import finding
from threadsync.model.diagnostic import Diagnostic, Location
from threadsync.model.ids import Json


class Declared(Struct, frozen=True):
    """A post file as read: its keys, and the segments of its Markdown body."""

    file: str
    document: yaml12.Document
    values: Mapping[str, Json]
    parts: tuple[Part, ...] | None = None
    """None where the post has no body: a YAML post."""

    def place(self, path: yaml12.Path) -> Location:
        """Return where the value at *path* stands."""
        return Location(self.file, *self.document.place(path))

    def key_place(self, path: yaml12.Path) -> Location:
        """Return where the key at *path* stands."""
        return Location(self.file, *self.document.key_place(path))


class Piece(Struct, frozen=True):
    """One segment as declared, for any target."""

    part: Part
    media: tuple[Picture, ...] = ()
    """What ``media:`` names, then the pictures of the text."""
    keys: Mapping[str, Json] = field(default_factory=dict)
    """Its own link, poll, quote and network blocks."""


def media_of(value: Json, at: Mapping[int, Location]) -> tuple[Picture, ...]:
    """Return the files a ``media:`` names; *at* says where each entry stands."""
    found: list[Picture] = []
    for index, item in enumerate(value if isinstance(value, list) else []):
        if isinstance(item, str):
            found.append(Picture(item, "", at[index]))
        elif isinstance(item, dict):
            named = item.get("captions")
            captions = {lang: str(file) for lang, file in named.items()} if isinstance(named, dict) else {}
            found.append(Picture(str(item["src"]), str(item.get("alt", "")), at[index], captions))
    return tuple(found)


def places_of(value: Json, declared: Declared, path: yaml12.Path) -> dict[int, Location]:
    """Return where each entry of the list *value* at *path* stands."""
    return {
        index: declared.place((*path, index)) for index in range(len(value) if isinstance(value, list) else 0)
    }


def from_parts(
    parts: tuple[Part, ...], file: str, foreign: frozenset[str]
) -> tuple[tuple[Piece, ...], list[Diagnostic]]:
    """Return the pieces of a text, with each one's own options; *foreign* is as in ``explain.check``."""
    findings: list[Diagnostic] = []
    pieces: list[Piece] = []
    for part in parts:
        if part.options is None:
            pieces.append(Piece(part, part.pictures))
            continue
        document = part.options
        keys, faults = _options(document, file, part.location, foreign)
        findings += faults
        at = {
            path[1]: Location(file, *place)
            for path, place in document.values.items()
            if len(path) == 2 and path[0] == "media" and isinstance(path[1], int)
        }
        media = media_of(keys.get("media"), at)
        pieces.append(Piece(part, (*media, *part.pictures), _own(keys)))
    return tuple(pieces), findings


def _options(
    document: yaml12.Document, file: str, location: Location, foreign: frozenset[str]
) -> tuple[Mapping[str, Json], list[Diagnostic]]:
    if document.findings:
        # They are told with the rest of the body's.
        return {}, []
    value = document.value if document.value is not None else {}
    if not isinstance(value, dict) or "text" in value or not value:
        problem = "a block of options holds keys like media: and link:, and no text:."
        return {}, [finding("text/options", Location(file, *document.place(())), problem)]
    faults = explain.check({"segments": [value]}, "post", document, file, ("segments", 0), foreign)
    return ({}, faults) if faults else (value, [])


def _own(keys: Mapping[str, Json]) -> dict[str, Json]:
    return {key: value for key, value in keys.items() if value is not None and key not in {"text", "media"}}


def from_text(
    text: str, location: Location, foreign: frozenset[str], *, separators: bool = True
) -> tuple[tuple[Piece, ...], list[Diagnostic]]:
    """Return the pieces of a ``text:``, whose lines are all said to stand at *location*."""
    body = markdown.split(text, location.file, location.line, exact=False, separators=separators)
    pieces, findings = from_parts(body.parts, location.file, foreign)
    return pieces, [*body.findings, *findings]


def from_entries(
    entries: Json, declared: Declared, path: yaml12.Path, foreign: frozenset[str]
) -> tuple[tuple[Piece, ...], list[Diagnostic]]:
    """Return the pieces of a ``segments:`` that stands at *path*."""
    pieces: list[Piece] = []
    findings: list[Diagnostic] = []
    for index, entry in enumerate(entries if isinstance(entries, list) else []):
        here = (*path, index)
        keys: Mapping[str, Json] = entry if isinstance(entry, dict) else {"text": entry}
        text = keys.get("text")
        text_path = (*here, "text") if isinstance(entry, dict) and "text" in entry else here
        found, faults = from_text(
            text if isinstance(text, str) else "", declared.place(text_path), foreign, separators=False
        )
        findings += faults
        (piece,) = found
        named = media_of(keys.get("media"), places_of(keys.get("media"), declared, (*here, "media")))
        pieces.append(Piece(piece.part, (*named, *piece.media), {**piece.keys, **_own(keys)}))
    return tuple(pieces), findings
