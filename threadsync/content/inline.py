"""Text to spans: the few constructs that have a meaning, everything else literally as typed.

One pass finds the constructs from left to right, a second pairs the signs of bold and italic. Each
looks at every character a bounded number of times, so that no text makes it slow: no pattern here can
run past the next thing of its own kind, and none backtracks (possessive quantifiers).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeAlias

from msgspec import Struct

from threadsync.content.escape import shown
from threadsync.model.ids import Address, PostKey, TargetName
from threadsync.model.text import Anchor, Hashtag, Mention, PermalinkOf, Plain, Span, Spans, Styled, Url

PROBLEMS_MAX = 50
"""How many problems of one text are told; a text with more is not one that somebody wrote."""


class Problem(Struct, frozen=True):
    """Something in a text that must be written in another way; *offset* counts characters."""

    offset: int
    rule: str
    problem: str
    remedy: str


_START = re.compile(r"\\|`+|\*+|_+|!?\[|@|#|\{\{|https?://|www\.", re.IGNORECASE)
_SIGNS = ("\\", "`", "*", "_", "[", "@", "#", "{{", "://")
"""A text without any of these, and without ``www.``, has no start of anything."""
_ESCAPED = re.compile(r"\\(\{\{|[\\`*_\[\]()@#!]|(?<=^.)-(?=--))", re.MULTILINE)
_LABEL = r"\[((?:[^\[\]\\\n]|\\.)++)\]"
_ANCHOR = re.compile(_LABEL + r"\(((?:[^()\s\\]|\\.|\([^()\s]*+\))++)\)")
_ANCHOR_TEMPLATE = re.compile(_LABEL + r"\(\s*+\{\{")
_PICTURE = re.compile(r"!\[(?:[^\[\]\\\n]|\\.)*+\]\([^()\n]*+\)")
_UNESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_URL = re.compile(r"(?:https?://|www\.)(?:(?!\{\{)[^\s<>\"`\\])++", re.IGNORECASE)
_HOST = re.compile(r"https?://[^\s/?#.:@]|www\.[^\s./?#:@]+\.\w", re.IGNORECASE)
_LINKABLE = re.compile(r"https?://\S|www\.\S|mailto:\S", re.IGNORECASE)
_HANDLE = re.compile(r"@([A-Za-z0-9_][A-Za-z0-9_.-]*+)")
# Letters, marks, digits, emoji and _: all but white space, ASCII signs and the common Unicode ones.
_TAG = re.compile(
    r"#([^\s!-/:-@\[-^`{-~\u00a1-\u00a9\u00ab-\u00b4\u00b6-\u00b9\u00bb-\u00bf"
    r"\u2000-\u200c\u200e-\u206f\u3000-\u3004\u3008-\u3020\uff01-\uff0f\uff1a-\uff20]++)"
)
_PERMALINK = re.compile(r"\{\{\s*+links\[\s*+(?:'([^'\n]*+)'|\"([^\"\n]*+)\")\s*+\]\s*+\}\}")
_TRAILING = ".,;:!?'*_~…。，、！？；：’”»」』"
_PAIRS: Mapping[str, str] = {")": "(", "]": "["}
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})([^\n]*)$")


class _Sign(Struct):
    """A run of ``*`` or ``_`` that may open or close a style."""

    text: str
    opens: bool
    closes: bool


_Item: TypeAlias = str | Span | _Sign


def fence(line: str) -> tuple[str, str] | None:
    """Return the fence that *line* opens (its backticks or tildes) and its info string, or None."""
    match = _FENCE.match(line) if "```" in line or "~~~" in line else None
    if match is None or (match[1][0] == "`" and "`" in match[2]):
        return None
    return match[1], match[2].strip()


def closes(line: str, opened: str) -> bool:
    """Whether *line* ends the fence *opened*."""
    bare = line.strip()
    return len(bare) >= len(opened) and not bare.strip(opened[0]) and len(line) - len(line.lstrip()) < 4


def unescape(text: str) -> str:
    """Take the backslashes off escaped punctuation."""
    return _UNESCAPE.sub(r"\1", text) if "\\" in text else text


def names_a_link(text: str) -> bool:
    """Whether *text* holds the expression for the address of a post."""
    return "{{" in text and _PERMALINK.search(text) is not None


def spans_of(text: str, key: PostKey) -> tuple[Spans, list[Problem]]:
    """Return what *text* of the post *key* means, and what in it must be written in another way."""
    problems: list[Problem] = []
    if not any(sign in text for sign in _SIGNS) and "~~~" not in text and "www." not in text.lower():
        return ((Plain(text),) if text else ()), problems
    if "```" not in text and "~~~" not in text:
        return _paired(_Scanner(text, 0, key, problems).items()), problems
    items: list[_Item] = []
    for offset, chunk, is_code in _chunks(text):
        if is_code:
            items.append(Styled("code", chunk))
        else:
            items += _Scanner(chunk, offset, key, problems).items()
    return _paired(items), problems


def _chunks(text: str) -> list[tuple[int, str, bool]]:
    """Part *text* into stretches of prose and the insides of fenced code, each with its offset."""
    found: list[tuple[int, str, bool]] = []
    lines = text.splitlines(keepends=True) if "\n" in text else [text]
    opened, start, offset = "", 0, 0
    for line in lines:
        bare = line.rstrip("\n")
        if opened and closes(bare, opened):
            found.append((start, text[start : max(start, offset - 1)], True))
            # The line end stays, so that what follows the block does not join its last line.
            opened, start = "", offset + len(bare)
        elif not opened and (opening := fence(bare)) is not None:
            found.append((start, text[start:offset], False))
            opened, start = opening[0], offset + len(line)
        offset += len(line)
    found.append((start, text[start:], bool(opened)))
    return found


class _Scanner:
    """The first pass over one stretch of prose."""

    def __init__(self, text: str, offset: int, key: PostKey, problems: list[Problem]) -> None:
        self._text = text
        self._offset = offset
        self._key = key
        self._problems = problems
        self._items: list[_Item] = []
        self._ticks: dict[int, list[int]] | None = None

    def items(self) -> list[_Item]:
        """Return the stretch as literal pieces, spans and style signs, in order."""
        text, items, done = self._text, self._items, 0
        match = _START.search(text)
        while match is not None:
            start = match.start()
            end = self._construct(match.group(), start, len(items))
            if end > start:
                # _construct appended what it found; the literal text before it goes in front.
                if start > done:
                    items.insert(len(items) - 1, text[done:start])
                done = end
            match = _START.search(text, max(end, match.end()))
        if done < len(text):
            items.append(text[done:])
        return items

    def _construct(self, token: str, start: int, size: int) -> int:
        """Append the construct at *start* and return its end; *start* itself if there is none."""
        match token[0]:
            case "\\":
                end = self._escape(start)
            case "`":
                end = self._code(start, len(token))
            case "*" | "_":
                end = self._sign(token, start)
            case "[":
                end = self._anchor(start)
            case "!":
                end = self._picture(start)
            case "@":
                end = self._mention(start)
            case "#":
                end = self._hashtag(start)
            case "{":
                end = self._permalink(start)
            case _:
                end = self._url(start)
        assert len(self._items) == size + (end > start), "one construct is one item"
        return end

    def _problem(self, start: int, rule: str, problem: str, remedy: str) -> None:
        if len(self._problems) < PROBLEMS_MAX:
            self._problems.append(Problem(self._offset + start, rule, problem, remedy))

    def _before(self, start: int) -> str:
        return self._text[start - 1] if start else " "

    def _escape(self, start: int) -> int:
        match = _ESCAPED.match(self._text, start)
        if match is None:
            return start
        self._items.append(match[1])
        return match.end()

    def _code(self, start: int, length: int) -> int:
        if self._ticks is None:
            self._ticks = {}
            for run in re.finditer("`+", self._text):
                self._ticks.setdefault(len(run.group()), []).append(run.start())
            for runs in self._ticks.values():
                runs.reverse()
        runs = self._ticks.get(length, [])
        while runs and runs[-1] <= start:
            runs.pop()
        # A code span ends in its own line: a lone backtick must not swallow the rest of the post.
        if not runs or "\n" in (inner := self._text[start + length : runs[-1]]) or not inner.strip():
            return start
        if inner[0] == inner[-1] == " ":
            inner = inner[1:-1]
        self._items.append(Styled("code", inner))
        return runs[-1] + length

    def _sign(self, token: str, start: int) -> int:
        end = start + len(token)
        before, after = self._before(start), self._text[end : end + 1] or " "
        opens = not (before.isalnum() or before == "_") and not after.isspace()
        closing = not (after.isalnum() or after == "_") and not before.isspace()
        if len(token) > (3 if token[0] == "*" else 1) or not (opens or closing):
            return start
        self._items.append(_Sign(token, opens, closing))
        return end

    def _anchor(self, start: int) -> int:
        match = _ANCHOR.match(self._text, start)
        if match is not None and _LINKABLE.match(match[2]):
            self._items.append(Anchor(unescape(match[1]), unescape(match[2])))
            return match.end()
        if _ANCHOR_TEMPLATE.match(self._text, start):
            self._problem(
                start,
                "text/template",
                "a link's address cannot be a {{ … }} expression.",
                "Write the words, and the expression beside them.",
            )
        return start

    def _picture(self, start: int) -> int:
        match = _PICTURE.match(self._text, start)
        if match is not None:
            self._problem(
                start,
                "text/picture",
                f"the picture {shown(match.group())} stands inside text.",
                r"Give it a line of its own, or write \![ if it is meant as text.",
            )
            self._items.append(match.group())
            return match.end()
        return start

    def _mention(self, start: int) -> int:
        before = self._before(start)
        match = _HANDLE.match(self._text, start)
        if match is None or before.isalnum() or before in "_.-+@/":
            return start
        handle = match[1].rstrip(".-")
        end = start + 1 + len(handle)
        after = self._text[end : end + 1]
        if after == "@" or after.isalnum():
            return start
        self._items.append(Mention(handle))
        return end

    def _hashtag(self, start: int) -> int:
        before = self._before(start)
        match = _TAG.match(self._text, start)
        if match is None or match[1].isdigit() or before.isalnum() or before in "_&#/":
            return start
        self._items.append(Hashtag(match[1]))
        return match.end()

    def _url(self, start: int) -> int:
        match = _URL.match(self._text, start)
        if match is None or self._before(start).isalnum() or self._before(start) in "@.-_/":
            return start
        url = _trimmed(match.group())
        if _HOST.match(url) is None:
            return start
        self._items.append(Url(url))
        return start + len(url)

    def _permalink(self, start: int) -> int:
        match = _PERMALINK.match(self._text, start)
        if match is None:
            self._problem(
                start,
                "text/template",
                "{{ starts an expression, and the only one is {{ links['TARGET'] }}.",
                r"Write \{{ if it is meant as text.",
            )
            self._items.append("{{")
            return start + 2
        name = match[1] if match[1] is not None else match[2]
        try:
            address = Address.parse(name) if "@" in name else Address(self._key, TargetName(name))
        except ValueError:
            self._problem(
                start,
                "text/template",
                f"links[…] names {shown(name)!r}, which is neither a target nor KEY@TARGET.",
                "Write {{ links['TARGET'] }} for this post, {{ links['KEY@TARGET'] }} for another.",
            )
            self._items.append(match.group())
            return match.end()
        self._items.append(PermalinkOf(address.key, address.target))
        return match.end()


def _trimmed(url: str) -> str:
    """Take off the punctuation that ends the sentence around *url*, and closing brackets never opened."""
    surplus = {end: url.count(end) - url.count(opening) for end, opening in _PAIRS.items()}
    end = len(url)
    while end:
        last = url[end - 1]
        if last in _PAIRS and surplus[last] > 0:
            surplus[last] -= 1
        elif last not in _TRAILING:
            break
        end -= 1
    return url[:end]


_STYLES = {"*": "emphasis", "_": "emphasis", "**": "strong"}


def _paired(items: list[_Item]) -> Spans:
    """Pair the style signs, line by line, and join literal pieces; a sign without a partner is literal."""
    styles = _styled_stretches(items) if any(type(item) is _Sign for item in items) else {}
    found: list[Span] = []
    literal: list[str] = []
    open_: list[str] = []
    for index, item in enumerate(items):
        if type(item) is str:
            literal.append(item)
            continue
        marks = styles.get(index)
        if marks is None and type(item) is _Sign:
            literal.append(item.text)
            continue
        if literal:
            found.append(_piece(literal, open_))
            literal = []
        if marks is None:
            assert not isinstance(item, str | _Sign), "both are literal"
            found.append(item)
        for mark in marks or ():
            if mark:
                open_.append(mark)
            else:
                open_.pop()
    if literal:
        found.append(_piece(literal, open_))
    return tuple(found)


def _piece(literal: list[str], styles: list[str]) -> Span:
    text = "".join(literal)
    return Styled(styles[-1], text) if styles else Plain(text)


def _styled_stretches(items: list[_Item]) -> dict[int, tuple[str, ...]]:
    """Return, by index of the sign, the styles that start there, or one ``""`` for each that ends."""
    found: dict[int, tuple[str, ...]] = {}
    open_: list[tuple[str, int]] = []
    # Without the counts, signs of one kind would look through all open ones of another, again and again.
    counts: dict[str, int] = {}
    for index, item in enumerate(items):
        if isinstance(item, _Sign):
            if item.closes and counts.get(item.text):
                start = _opener(item.text, open_, counts)
                found[start] = ("strong", "emphasis") if item.text == "***" else (_STYLES[item.text],)
                found[index] = ("",) * len(found[start])
            elif item.opens:
                open_.append((item.text, index))
                counts[item.text] = counts.get(item.text, 0) + 1
        elif open_ and isinstance(item, str) and "\n" in item:
            open_.clear()
            counts.clear()
    return found


def _opener(text: str, open_: list[tuple[str, int]], counts: dict[str, int]) -> int:
    """Take the nearest open sign *text* off the stack, with those above it, which stay literal."""
    while True:
        found, start = open_.pop()
        counts[found] -= 1
        if found == text:
            return start
