"""The traps YAML sets for writers, and the corrected line that gets out of each.

Pure string work on the source line; a correction is a help, so where a line is too odd to correct the
message says what to do in words.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import yaml
from msgspec import Struct

from threadsync.content.escape import shown

CUT = re.compile(r"[ \t]+#(?=[^\s#])")
"""What follows a value that a ``#tag`` was taken off."""

_KEY = r"[ \t]*(?:-[ \t]+)*[\w./@-]+:[ \t]+"
_COLON = re.compile(rf"({_KEY})(?=[^\s\"'])(.*\S:(?:[ \t].*|))$")
_ITEM_COLON = re.compile(r"([ \t]*(?:-[ \t]+)+)(?=[^\s\"'])(.*:(?:[ \t].*|))$")
_BRACES = re.compile(rf"((?:{_KEY})|[ \t]*(?:-[ \t]+)*)(\{{\{{.*)$")
_WHOLE = re.compile(rf"({_KEY}|[ \t]*(?:-[ \t]+)+)(\S.*)$")
_TAG_WORD = re.compile(r"(?<![\w\"'])#[^\s,\]\}]+")
_COMMENT = re.compile(r"[ \t]*(#.*)$")
_OPENED = re.compile(rf"({_KEY})([\[{{](?=[^#]*#).*)$")
_LOOK_BACK_LINES = 20
_LINE_MAX = 400
"""How much of a corrected line is shown; a writer should be able to copy it."""
_RESERVED = "@`%"
_CLOSING = {"[": "]", "{": "}", '"': '"', "'": "'"}


class Trap(Struct, frozen=True):
    """What a syntax error means; *line* and *column* count from 0."""

    rule: str
    line: int
    column: int
    problem: str
    remedy: str | None = None


def _line(text: str) -> str:
    return shown(text, _LINE_MAX)


def quote(text: str) -> str:
    """Return *text* as a quoted YAML scalar."""
    text = text.rstrip()
    return "'" + text.replace("'", "''") + "'" if '"' in text or "\\" in text else f'"{text}"'


def quoted_value(line: str, column: int) -> str:
    """Return *line* with the value that starts at *column* in quotes; in a list, only that item."""
    head, rest = line[:column], line[column:]
    if head.count("[") + head.count("{") > head.count("]") + head.count("}"):
        value = re.match(r"[^,\]\}]*", rest)
        end = value.end() if value is not None else len(rest)
        return _line(head + quote(rest[:end]) + rest[end:])
    return _line(head + quote(rest))


def quoted_braces(line: str) -> str | None:
    """Return *line* with a value that starts with ``{{`` in quotes; None if there is none."""
    match = _BRACES.match(line)
    return _line(match[1] + quote(match[2])) if match else None


def quoted_comment(line: str, column: int) -> str | None:
    """Return *line* with the comment at *column* as a quoted value; None if there is no comment."""
    match = _COMMENT.match(line, column)
    if match is None:
        return None
    head = line[:column]
    return _line(f"{head}{'' if head.endswith((' ', chr(9))) else ' '}{quote(match[1])}")


def joined(line: str, start: int, end: int) -> str | None:
    """Return *line* with the value before *start* and what its comma cut off (to *end*) as one value."""
    colon = line.rfind(": ", 0, start)
    if colon < 0:
        return None
    return _line(line[: colon + 2] + quote(line[colon + 2 : end]) + line[end:])


def explain(error: yaml.MarkedYAMLError, line_of: Callable[[int], str]) -> Trap:
    """Say what *error* means to a writer; *line_of* returns a source line by its index from 0."""
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line, mark.column) if mark is not None else (0, 0)
    source = line_of(line)
    problem = str(error.problem or error.context or "this is not YAML")
    at = source[column : column + 1]
    if at == "\t" or "tab character" in problem:
        return Trap("yaml/tab", line, column, "a tab stands where YAML wants spaces.")
    if "mapping values are not allowed" in problem:
        return _colon(line, column, source)
    if "cannot start any token" in problem and at and at in _RESERVED:
        corrected = quoted_value(source, column)
        return Trap(
            "yaml/reserved",
            line,
            column,
            f"a value cannot start with {at} in YAML.",
            f"Put it in quotes: {corrected}",
        )
    return (
        _by_context(error, line_of)
        or _unclosed(line, line_of)
        or _left_open(error, line, line_of)
        or _indented(error, line, column, line_of)
        or _other(line, column, source, problem)
    )


def _colon(line: int, column: int, source: str) -> Trap:
    match = _COLON.match(source) or _ITEM_COLON.match(source)
    if match is None:
        return Trap(
            "yaml/syntax",
            line,
            column,
            "a key stands where the value above goes on.",
            "Give it the same indentation as the other keys of its block.",
        )
    corrected = _line(match[1] + quote(match[2]))
    return Trap(
        "yaml/colon",
        line,
        column,
        'the value holds ": ", which YAML reads as a key.',
        f"Put it in quotes: {corrected}",
    )


def _by_context(error: yaml.MarkedYAMLError, line_of: Callable[[int], str]) -> Trap | None:
    """Explain an error by where the thing it happened in starts."""
    mark = error.context_mark
    if mark is None:
        return None
    source = line_of(mark.line)
    opening = source[mark.column : mark.column + 1]
    context = str(error.context)
    if opening in {"*", "&"} and ("alias" in context or "anchor" in context):
        return Trap(
            "yaml/anchor",
            mark.line,
            mark.column,
            f"{opening} at the start of a value makes an anchor or an alias.",
            f"Put the value in quotes: {quoted_value(source, mark.column)}",
        )
    if opening == "!" or "handle" in str(error.problem):
        return Trap(
            "yaml/tag",
            mark.line,
            mark.column,
            "! at the start of a value makes a tag.",
            f"Put the value in quotes: {quoted_value(source, mark.column)}",
        )
    return None


def _unclosed(line: int, line_of: Callable[[int], str]) -> Trap | None:
    """Explain an error after a list or mapping that a ``#tag`` keeps from being closed."""
    for number in range(line, max(-1, line - _LOOK_BACK_LINES), -1):
        source = line_of(number)
        match = _OPENED.match(source)
        if match is not None and _TAG_WORD.search(match[2]):
            corrected = match[1] + _TAG_WORD.sub(lambda word: quote(word.group()), match[2])
            return Trap(
                "yaml/comment",
                number,
                match.start(2),
                f"# starts a comment, so {match[2][0]} is never closed.",
                f"Put the words in quotes: {_line(corrected)}",
            )
    return None


def _left_open(error: yaml.MarkedYAMLError, line: int, line_of: Callable[[int], str]) -> Trap | None:
    """Explain an error in a later line than that of the bracket or quote which it happened in."""
    mark = error.context_mark
    if mark is None or mark.line >= line:
        return None
    opening = line_of(mark.line)[mark.column : mark.column + 1]
    if opening not in _CLOSING:
        return None
    return Trap(
        "yaml/syntax",
        mark.line,
        mark.column,
        f"{opening} is not closed where it should be.",
        f"Close it with {_CLOSING[opening]}; a text that begins with {opening} belongs in quotes.",
    )


def _indented(
    error: yaml.MarkedYAMLError, line: int, column: int, line_of: Callable[[int], str]
) -> Trap | None:
    """Explain an error at the first sign of a line that is in no block."""
    mark = error.context_mark
    if mark is None or "parsing a block" not in str(error.context) or line_of(line)[:column].strip():
        return None
    if mark.column == column and "collection" in str(error.context):
        return Trap(
            "yaml/syntax",
            line,
            column,
            "a line stands in a list and does not begin with a dash.",
            "Begin it with a dash and a blank, or indent it as what it belongs to.",
        )
    above = next((line_of(n) for n in range(line - 1, mark.line, -1) if line_of(n).strip()), "")
    deep = len(above) - len(above.lstrip())
    if not mark.column < column < deep:
        return None
    return Trap(
        "yaml/syntax",
        line,
        column,
        "this line is indented like no other line around it.",
        f"Begin it in column {deep + 1}, as the line above it, or in column {mark.column + 1}, "
        "as what that line is part of.",
    )


def _other(line: int, column: int, source: str, problem: str) -> Trap:
    braces = quoted_braces(source)
    if braces is not None:
        return Trap(
            "yaml/braces",
            line,
            column,
            "a value starts with {{, which YAML reads as braces.",
            f"Put it in quotes: {braces}",
        )
    whole = _WHOLE.match(source)
    if whole is not None and whole[2][0] in "[{\"'" and column > whole.start(2):
        return Trap(
            "yaml/syntax",
            line,
            column,
            f"YAML stops here: {shown(problem)}.",
            f"If all of it is text, put it in quotes: {_line(whole[1] + quote(whole[2]))}",
        )
    return Trap("yaml/syntax", line, column, f"this is not YAML: {shown(problem)}.")
