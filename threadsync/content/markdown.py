"""A Markdown post: front matter, then a body whose parts are segments.

Line based, and literal: only fences, separators and pictures alone on a line are looked at here; what
stands inside a line is the business of ``inline``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise

from msgspec import Struct, field

from threadsync.content import inline, yaml12
from threadsync.content.escape import shown
from threadsync.content.rules import finding
from threadsync.model.diagnostic import Diagnostic, Location

_PICTURE = re.compile(
    r"!\[((?:[^\[\]\\]|\\.|\[[^\[\]\\]*+\])*+)\]\((?:<([^<>]*+)>|((?:[^()\\]|\\.|\([^()]*+\))*+))\)"
)
_TITLE = re.compile(r"\s[\"'][^\"']*[\"']$")
OPTIONS_FENCE = "yaml segment"
"""The info string of a block that holds a segment's own options."""


class Picture(Struct, frozen=True):
    """``![alt](src)`` alone on a line."""

    src: str
    alt: str
    location: Location
    captions: Mapping[str, str] = field(default_factory=dict)
    """The files of its captions by their languages, where it stands in ``media:``."""


class Part(Struct, frozen=True):
    """One segment as it stands in a text: its words, its pictures, its own options."""

    text: str
    location: Location
    pictures: tuple[Picture, ...] = ()
    options: yaml12.Document | None = None
    lines: tuple[int, ...] = ()
    """The line of the file that each line of *text* stands in; empty where that is not known."""

    def place(self, offset: int) -> Location:
        """Return the place of the character at *offset* of the text, as nearly as it is known."""
        if not self.lines:
            return self.location
        line = self.text.count("\n", 0, offset)
        column = offset - (self.text.rfind("\n", 0, offset) + 1) + 1
        return Location(self.location.file, self.lines[line], column)


class Body(Struct, frozen=True):
    """The segments of a text, and what is wrong with it."""

    parts: tuple[Part, ...]
    findings: tuple[Diagnostic, ...] = ()


def split_front_matter(text: str, file: str) -> tuple[str, str, int] | Diagnostic:
    """Return front matter, body and the line the body starts in; no front matter is an empty one."""
    if not text.startswith("---"):
        return "", text, 1
    first_end = text.find("\n")
    if first_end < 0 or text[:first_end].rstrip(" \t") != "---":
        return "", text, 1
    end = text.find("\n---", first_end)
    while end >= 0:
        line_end = text.find("\n", end + 1)
        line = text[end + 1 :] if line_end < 0 else text[end + 1 : line_end]
        if line.rstrip(" \t") == "---":
            matter = text[first_end + 1 : end + 1]
            body = "" if line_end < 0 else text[line_end + 1 :]
            return matter, body, matter.count("\n") + 3
        end = text.find("\n---", end + 1)
    return finding("post/front-matter", Location(file), "the front matter that starts here is never closed.")


def split(text: str, file: str, first_line: int, *, exact: bool = True, separators: bool = True) -> Body:
    """Part *text* into segments.

    Args:
        text: the body of a post, or a ``text:`` of its front matter.
        file: the file it stands in.
        first_line: the line of *file* it starts in.
        exact: whether its lines follow each other in the file (not so for folded YAML text).
        separators: whether ``---`` may part it; not inside an entry of ``segments:``.
    """
    return _Splitter(file, first_line, exact=exact, separators=separators).split(text)


class _Open(Struct):
    """The segment being read."""

    lines: list[str] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    options: yaml12.Document | None = None


class _Splitter:
    def __init__(self, file: str, first_line: int, *, exact: bool, separators: bool) -> None:
        self._file = file
        self._first = first_line
        self._exact = exact
        self._separators = separators
        self._findings: list[Diagnostic] = []
        self._parts: list[Part] = []
        self._now = _Open()

    def split(self, text: str) -> Body:
        lines = [line.rstrip(" \t") for line in text.split("\n")]
        if "```" in text or "~~~" in text or "---" in text or "![" in text:
            self._walk(lines)
        else:
            self._now.lines = lines
            self._now.numbers = list(range(self._first, self._first + len(lines)))
        self._close()
        return Body(tuple(self._parts), tuple(self._findings))

    def _find(self, rule: str, location: Location, problem: str, remedy: str | None = None) -> None:
        self._findings.append(finding(rule, location, problem, remedy))

    def _at(self, index: int, column: int = 1) -> Location:
        return (
            Location(self._file, self._first + index, column)
            if self._exact
            else Location(self._file, self._first)
        )

    def _walk(self, lines: list[str]) -> None:
        index = 0
        while index < len(lines):
            line = lines[index]
            opening = inline.fence(line)
            if opening is not None:
                index = self._fenced(lines, index, *opening)
            elif line == "---":
                self._separator(lines, index)
            elif line.lstrip().startswith("![") and self._picture(line, index):
                pass
            else:
                self._keep(line, index)
            index += 1

    def _keep(self, line: str, index: int) -> None:
        self._now.lines.append(line)
        self._now.numbers.append(self._first + index)

    def _fenced(self, lines: list[str], start: int, opened: str, info: str) -> int:
        """Take in the fenced block that starts at *start* and return the index of its last line."""
        end = next((i for i in range(start + 1, len(lines)) if inline.closes(lines[i], opened)), None)
        if end is None:
            self._find("text/fence", self._at(start), f"the code block that {opened} opens is never closed.")
            end = len(lines) - 1
        if " ".join(info.split()) == OPTIONS_FENCE:
            self._options(lines[start + 1 : end], start)
        else:
            for index in range(start, end + 1):
                self._keep(lines[index], index)
        return end

    def _options(self, lines: list[str], start: int) -> None:
        if self._now.options is not None:
            self._find("text/options", self._at(start), "this segment has two blocks of options.")
            return
        first = self._at(start).line + (1 if self._exact else 0)
        options = yaml12.parse("\n".join(lines), self._file, first_line=first)
        self._findings += options.findings
        self._now.options = options

    def _separator(self, lines: list[str], index: int) -> None:
        before = index == 0 or not lines[index - 1]
        after = index == len(lines) - 1 or not lines[index + 1]
        if not self._separators:
            self._find(
                "text/separator",
                self._at(index),
                "--- cannot part an entry of segments.",
                r"Make two entries of it, or write \--- if it is meant as text.",
            )
        elif before and after:
            self._close()
        else:
            self._find("text/separator", self._at(index), "--- stands right at text; does it part segments?")

    def _picture(self, line: str, index: int) -> bool:
        """Take in a picture alone on its line; False if *line* is something else."""
        bare = line.strip()
        match = _PICTURE.fullmatch(bare)
        if match is None:
            return False
        location = self._at(index, line.index("!") + 1)
        src = (match[2] if match[2] is not None else match[3]).strip()
        if _TITLE.search(src):
            self._find(
                "text/picture",
                location,
                f"the picture {shown(bare)} has a title, which no network shows.",
                "Write what it says into the brackets: ![what the picture shows](file).",
            )
        else:
            self._now.pictures.append(Picture(inline.unescape(src), inline.unescape(match[1]), location))
        return True

    def _close(self) -> None:
        """End the segment being read; empty lines at its ends don't count."""
        now, self._now = self._now, _Open()
        lines, start, end = now.lines, 0, len(now.lines)
        while start < end and not lines[start]:
            start += 1
        while end > start and not lines[end - 1]:
            end -= 1
        lines, numbers = _without_gaps(lines[start:end], now.numbers[start:end])
        first = numbers[0] if numbers else now.pictures[0].location.line if now.pictures else None
        fallback = now.numbers[0] if now.numbers else self._first
        location = Location(self._file, (first or fallback) if self._exact else self._first)
        self._parts.append(
            Part(
                "\n".join(lines),
                location,
                tuple(now.pictures),
                now.options,
                tuple(numbers) if self._exact else (),
            )
        )


def _without_gaps(lines: list[str], numbers: list[int]) -> tuple[list[str], list[int]]:
    """Leave one empty line where a picture or a block between two empty lines was taken out."""
    if not any(later - earlier > 1 for earlier, later in pairwise(numbers)):
        return lines, numbers
    kept: list[int] = []
    for index, number in enumerate(numbers):
        taken_out = index > 0 and number - numbers[index - 1] > 1
        if taken_out and not lines[index] and not lines[index - 1]:
            continue
        kept.append(index)
    return [lines[i] for i in kept], [numbers[i] for i in kept]
