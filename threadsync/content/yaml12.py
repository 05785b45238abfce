"""YAML 1.2 (core schema) on PyYAML's parser: plain values, and where each of them stands.

PyYAML resolves words by the rules of YAML 1.1 (``Yes`` is true, ``010`` is eight, ``12:30`` is
750); only its parser is used here, and the words are ours. Source: yaml.org/spec/1.2.2, chapter 10.3.

What a post never needs and an attacker does is refused: tags, anchors (bombs), merge keys, keys that
are not text, depth, and size. So is what YAML allows and a writer never means: an empty value, a
``#tag`` that becomes a comment, a comma that ends a value. Nothing raises: every fault is a finding.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TypeAlias

import yaml
from msgspec import Struct, field
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from threadsync.content import traps
from threadsync.content.core_schema import (
    NUMBER_STARTS,
    WORDS,
    MakeParser,
    NotANumber,
    end_of,
    fastest_parser,
    number,
    start_of,
)
from threadsync.content.escape import CONTROL, named, shown
from threadsync.content.rules import finding
from threadsync.model.diagnostic import Diagnostic, Location
from threadsync.model.ids import Json

DEPTH_MAX = 40
VALUES_MAX = 20_000
"""How many values one document may have; a post has some dozens."""
FINDINGS_MAX = 50
"""How many findings one document gets; one with more is not one that somebody wrote."""

Path: TypeAlias = tuple[str | int, ...]
Place: TypeAlias = tuple[int, int]
"""Line and column, from 1."""


class Document(Struct, frozen=True):
    """What a YAML text says; *value* is None (with findings) where it cannot be told."""

    value: Json
    keys: Mapping[Path, Place] = field(default_factory=dict)
    """Where each key of each mapping stands, by its path."""
    values: Mapping[Path, Place] = field(default_factory=dict)
    """Where each value stands; the whole document is ``()``."""
    findings: tuple[Diagnostic, ...] = ()

    def place(self, path: Path) -> Place:
        """Return the place of the value at *path*, or of the nearest thing around it."""
        while path not in self.values and path:
            path = path[:-1]
        return self.values.get(path, (1, 1))

    def key_place(self, path: Path) -> Place:
        """Return the place of the key at *path*; of the value, in a list."""
        return self.keys.get(path) or self.place(path)


PARSER = fastest_parser()


class _Stop(Exception):
    """Ends the reading of a document: what follows makes no sense any more."""


class _Reader:
    """One document, from events to values; the order of events is libyaml's own grammar."""

    def __init__(self, text: str, file: str, first_line: int, parser: MakeParser) -> None:
        self._text = text
        self._file = file
        self._offset = first_line
        self._next = parser(text).get_event
        self._lines: list[str] | None = None
        self._has_comments = " #" in text or "\t#" in text
        self._count = 0
        self.keys: dict[Path, Place] = {}
        self.values: dict[Path, Place] = {}
        self.findings: list[Diagnostic] = []

    def document(self) -> Json:
        """Read the only document.

        Raises:
            yaml.YAMLError: it is not YAML.
            _Stop: a finding says why the rest was not read.
        """
        self._next()
        start = self._next()
        if isinstance(start, StreamEndEvent):
            return None
        if isinstance(start, DocumentStartEvent) and start.tags:
            self._find("yaml/tag", start, "%TAG declares tags, and a post has none.")
        value = self._value(self._next(), (), 1)
        end = self._next()
        assert isinstance(end, DocumentEndEvent), "one value fills a document"
        after = self._next()
        if not isinstance(after, StreamEndEvent):
            self._find("yaml/documents", after, "a second YAML document starts here.")
        return value

    def line(self, number: int) -> str:
        """Return a source line by its index from 0; empty past the end."""
        if self._lines is None:
            self._lines = self._text.split("\n")
        return self._lines[number] if number < len(self._lines) else ""

    def at(self, line: int, column: int) -> Location:
        """Turn a mark's line and column (from 0) into a place in the file."""
        return Location(self._file, line + self._offset, column + 1)

    def _find(self, rule: str, event: Event, problem: str, remedy: str | None = None) -> None:
        mark = start_of(event)
        self.findings.append(finding(rule, self.at(mark.line, mark.column), problem, remedy))
        if len(self.findings) >= FINDINGS_MAX:
            raise _Stop

    def _stop(self, rule: str, event: Event, problem: str, remedy: str | None = None) -> _Stop:
        self._find(rule, event, problem, remedy)
        return _Stop()

    def _value(self, event: Event, path: Path, depth: int) -> Json:
        mark = start_of(event)
        self.values[path] = (mark.line + self._offset, mark.column + 1)
        self._count += 1
        if self._count > VALUES_MAX:
            raise self._stop("yaml/too-large", event, f"there are more than {VALUES_MAX:,} values here.")
        # The parsers make events of exactly these classes, and this is the hottest place of a load.
        if type(event) is ScalarEvent:
            return self._scalar(event)
        if type(event) is AliasEvent:
            self._anchor(event, "*")
            return None
        if depth > DEPTH_MAX:
            raise self._stop("yaml/too-deep", event, f"lists and mappings are nested over {DEPTH_MAX} deep.")
        assert isinstance(event, MappingStartEvent | SequenceStartEvent), "nothing else starts a value"
        self._decoration(event)
        if type(event) is MappingStartEvent:
            return self._mapping(event, path, depth)
        return self._sequence(path, depth)

    def _decoration(self, event: ScalarEvent | MappingStartEvent | SequenceStartEvent) -> None:
        """Refuse the anchor and the tag of a value."""
        if event.anchor is not None:
            self._anchor(event, "&")
        if event.tag is not None:
            self._tag(event, event.tag)

    def _sequence(self, path: Path, depth: int) -> Json:
        found: list[Json] = []
        while type(event := self._next()) is not SequenceEndEvent:
            found.append(self._value(event, (*path, len(found)), depth + 1))
        return found

    def _mapping(self, start: MappingStartEvent, path: Path, depth: int) -> Json:
        found: dict[str, Json] = {}
        next_, keys, offset = self._next, self.keys, self._offset
        while type(key := next_()) is not MappingEndEvent:
            name = self._key(key)
            here = (*path, name)
            if name in found:
                first = keys[here][0]
                self._find(
                    "yaml/duplicate-key", key, f"{shown(name)} stands here twice; first in line {first}."
                )
            mark = start_of(key)
            keys[here] = (mark.line + offset, mark.column + 1)
            event = next_()
            if start.flow_style and self._is_missing(key, event):
                self._comma(key)
                self.values[here] = keys[here]
                found[name] = None
            else:
                found[name] = self._value(event, here, depth + 1)
        return found

    def _key(self, event: Event) -> str:
        if not isinstance(event, ScalarEvent):
            corrected = traps.quoted_braces(self.line(start_of(event).line))
            if corrected is not None:
                raise self._stop(
                    "yaml/braces",
                    event,
                    "a value starts with {{, which YAML reads as braces.",
                    f"Put it in quotes: {corrected}",
                )
            raise self._stop("yaml/key", event, "a list, a mapping or an alias stands where a key should.")
        name: str = sys.intern(event.value)  # ten thousand posts have the same few keys
        self._decoration(event)
        if not event.style:
            if name == "<<":
                self._find("yaml/merge", event, "<< merges mappings, which YAML 1.2 does not have.")
            elif name == "" or name in WORDS or (name[0] in NUMBER_STARTS and self._as_number(name) != name):
                self._find(
                    "yaml/key",
                    event,
                    f"the key {shown(name) or '(empty)'} is not text.",
                    f'Keys are words; put it in quotes if it is meant: "{shown(name)}":',
                )
        elif CONTROL.search(name):
            self._control(event, name)
        return name

    def _scalar(self, event: ScalarEvent) -> Json:
        value: str = event.value
        self._decoration(event)
        if event.style:
            # Only an escape can bring in what was not in the file.
            if event.style == '"' and CONTROL.search(value):
                self._control(event, value)
            return value
        if not value:
            self._empty(event)
            return None
        if value in WORDS:
            return WORDS[value]
        if value[0] in NUMBER_STARTS:
            return self._numeric(event, value)
        self._cut(event)
        return value

    def _as_number(self, text: str) -> Json:
        try:
            return number(text)
        except NotANumber:
            return None

    def _numeric(self, event: ScalarEvent, text: str) -> Json:
        try:
            value = number(text)
        except NotANumber:
            self._find(
                "yaml/number",
                event,
                f"{shown(text)} is no number that a post can hold.",
                f'Put it in quotes if it is text: "{shown(text)}"',
            )
            return None
        if isinstance(value, str):
            self._cut(event)
        return value

    def _anchor(self, event: Event, sign: str) -> None:
        corrected = traps.quoted_value(self.line(start_of(event).line), start_of(event).column)
        self._find(
            "yaml/anchor",
            event,
            f"{sign} at the start of a value makes an anchor or an alias.",
            f"Write the value out; if it is text, put it in quotes: {corrected}",
        )
        if sign == "&":
            return
        raise _Stop

    def _tag(self, event: Event, tag: str) -> None:
        corrected = traps.quoted_value(self.line(start_of(event).line), start_of(event).column)
        self._find(
            "yaml/tag",
            event,
            f"{shown(tag)} is a tag, and a post has none.",
            f"Take it out; if it is text, put it in quotes: {corrected}",
        )

    def _control(self, event: Event, text: str) -> None:
        match = CONTROL.search(text)
        assert match is not None, "asked for only where one was found"
        self._find(
            "yaml/control-character", event, f"this holds the control character {named(match.group())}."
        )

    def _is_missing(self, key: Event, event: Event) -> bool:
        """Whether *key* stands in braces with nothing after it, not even a colon."""
        if not isinstance(event, ScalarEvent) or event.value or event.style:
            return False
        return not self.line(end_of(key).line)[end_of(key).column :].lstrip().startswith(":")

    def _comma(self, key: Event) -> None:
        corrected = traps.joined(self.line(start_of(key).line), start_of(key).column, end_of(key).column)
        self._find(
            "yaml/comma",
            key,
            "a comma ends a value inside braces, so this became a key without a value.",
            f"Put the value in quotes: {corrected}" if corrected else None,
        )

    def _empty(self, event: ScalarEvent) -> None:
        line = self.line(start_of(event).line)
        corrected = traps.quoted_comment(line, start_of(event).column)
        if corrected is not None:
            self._find(
                "yaml/comment",
                event,
                "# starts a comment, so there is no value here.",
                f"Put the text in quotes: {corrected}",
            )
        else:
            self._find("yaml/empty-value", event, "there is no value here.")

    def _cut(self, event: ScalarEvent) -> None:
        """Find ``text #tag``: a comment that was meant as text. A comment proper has a space: ``# so``."""
        if not self._has_comments:
            return
        end = end_of(event)
        line = self.line(end.line)
        if traps.CUT.match(line, end.column):
            column = start_of(event).column if start_of(event).line == end.line else 0
            corrected = traps.quoted_value(line, column)
            self._find(
                "yaml/comment",
                event,
                "# cuts this value short: what follows it is a comment.",
                f'Put the whole text in quotes: {corrected.strip()}; or write "# " for a comment.',
            )


def parse(text: str, file: str, *, first_line: int = 1, parser: MakeParser | None = None) -> Document:
    """Read one YAML document; *first_line* is the line of *file* that *text* starts in."""
    try:
        reader = _Reader(text, file, first_line, parser or PARSER)
    except yaml.reader.ReaderError as error:
        # The pure parser looks at all characters at once; the C parser does so as it comes to them.
        return Document(None, findings=(_unreadable(error, file, first_line),))
    value: Json = None
    try:
        value = reader.document()
    except _Stop:
        value = None
    except yaml.reader.ReaderError as error:
        reader.findings.append(_unreadable(error, file, first_line))
    except yaml.MarkedYAMLError as error:
        trap = traps.explain(error, reader.line)
        at = reader.at(trap.line, trap.column)
        reader.findings.append(finding(trap.rule, at, trap.problem, trap.remedy))
    return Document(value, reader.keys, reader.values, tuple(reader.findings))


def _unreadable(error: yaml.reader.ReaderError, file: str, first_line: int) -> Diagnostic:
    return finding(
        "yaml/control-character", Location(file, first_line), f"YAML cannot hold this: {error.reason}."
    )
