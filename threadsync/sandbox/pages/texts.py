"""Texts as HTML: escaped, with links, mentions, topic, spoilers and styles marked."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from itertools import accumulate, pairwise

import regex
from markupsafe import Markup, escape
from msgspec import Struct

from threadsync.sandbox.threads.counting import links_at, topic_in
from threadsync.sandbox.threads.showing import shown_text
from threadsync.sandbox.threads.state import Post, State

_MENTION = regex.compile(r"(?<![\w@./])@([A-Za-z0-9_](?:[A-Za-z0-9._]*[A-Za-z0-9_])?)")

LINK = Markup('<a href="{}" rel="noreferrer nofollow">{}</a>')
PROFILE = Markup('<a href="{}">{}</a>')
WORD = Markup('<span class="word">{}</span>')
_STYLES = {
    "bold": Markup("<strong>{}</strong>"),
    "italic": Markup("<em>{}</em>"),
    "highlight": Markup("<mark>{}</mark>"),
    "underline": Markup("<u>{}</u>"),
    "strikethrough": Markup("<s>{}</s>"),
}
_SPOILER = Markup(
    '<span class="spoiler"><input type="checkbox" id="{id}" aria-label="Show the hidden words">'
    '<label for="{id}"><span class="secret">{inside}</span></label></span>'
)


class Mark(Struct, frozen=True):
    """A stretch of a text, in code points, and what is put around it: a template with one or two places."""

    start: int
    end: int
    around: Markup
    target: str = ""

    def wrap(self, inside: Markup) -> Markup:
        """Put this mark around *inside*."""
        return self.around.format(self.target, inside) if self.target else self.around.format(inside)


def post_text(state: State, post: Post, prefix: str) -> Markup:
    """Return a post's text; *prefix* makes the ids of its spoilers unlike all others on the page."""
    text = shown_text(state, post)
    topic = "" if post.content.topic_tag else topic_in(text)
    names = {account.name for account in state.accounts.values()}
    marks = apart([*_links(text), *_topic(text, topic), *_mentions(text, names)])
    spoilers = list(_spoilers(post, text))
    pieces = cut(text, marks, {at for spoiler in spoilers for at in spoiler})
    joined: list[Markup] = []
    for number, (start, end) in enumerate(spoilers, start=1):
        joined += [piece for at, piece in pieces if at < start]
        inside = Markup("").join(piece for at, piece in pieces if start <= at < end)
        joined.append(_SPOILER.format(id=f"{prefix}-{number}", inside=inside))
        pieces = [(at, piece) for at, piece in pieces if at >= end]
    return Markup("").join([*joined, *(piece for _, piece in pieces)])


def long_text(attachment: dict[str, object]) -> Markup:
    """Return a text attachment, with its styles."""
    text = str(attachment["plaintext"])
    marks, place = apart(list(_links(text))), _places(text)
    rows = attachment.get("text_with_styling_info", [])
    for row in rows if isinstance(rows, list) else []:
        start, end = place(row["offset"]), place(row["offset"] + row["length"])
        marks.extend(Mark(start, end, _STYLES[style]) for style in row["styling_info"] if start < end)
    return Markup("").join(piece for _, piece in cut(text, marks, set()))


def plain_line(text: str, length: int) -> str:
    """Return the beginning of a text in one line."""
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[: length - 1]}…"


def _links(text: str) -> Iterator[Mark]:
    for at, link in links_at(text):
        yield Mark(at, at + len(link), LINK, link if "://" in link else f"https://{link}")


def _topic(text: str, topic: str) -> Iterator[Mark]:
    if topic and (at := text.find(f"#{topic}")) >= 0:
        yield Mark(at, at + len(topic) + 1, WORD)


def _mentions(text: str, names: Collection[str]) -> Iterator[Mark]:
    for found in _MENTION.finditer(text):
        if (name := found.group(1)) in names:
            yield Mark(found.start(), found.end(), PROFILE, f"/@{name}")
        else:
            yield Mark(found.start(), found.end(), WORD)


def apart(marks: list[Mark]) -> list[Mark]:
    """Keep what begins first: no link, mention or topic lies inside another."""
    kept: list[Mark] = []
    for mark in sorted(marks, key=lambda each: each.start):
        if not kept or mark.start >= kept[-1].end:
            kept.append(mark)
    return kept


def _spoilers(post: Post, text: str) -> Iterator[tuple[int, int]]:
    """Yield the hidden stretches in order, without overlap."""
    rows = json.loads(post.content.text_entities) if post.content.text_entities else []
    written = post.content.text
    place, reached = _places(written), 0
    for row in sorted(rows, key=lambda each: int(each["offset"])):
        start, end = place(row["offset"]), place(row["offset"] + row["length"])
        if len(text) < len(written):  # the network took the # of the topic out
            mark = written.index(f"#{topic_in(written)}")
            start, end = start - (start > mark), end - (end > mark)
        if row["entity_type"] == "SPOILER" and end > max(start, reached):
            yield max(start, reached), end
            reached = end


def _places(text: str) -> Callable[[int], int]:
    """Return what turns an offset in UTF-16 units (INVENTED: ``text-offsets``) into one in code points."""
    ends = list(accumulate(2 if mark > "\uffff" else 1 for mark in text))
    return lambda units: min(bisect_left(ends, units) + 1, len(text)) if units else 0


def cut(text: str, marks: list[Mark], cuts: set[int]) -> list[tuple[int, Markup]]:
    """Cut the text where marks begin or end and at *cuts*; escape each piece and put its marks around it."""
    begin: defaultdict[int, list[Mark]] = defaultdict(list)
    for mark in marks:
        begin[mark.start].append(mark)
    ends = {at for mark in marks for at in (mark.start, mark.end)}
    pieces: list[tuple[int, Markup]] = []
    open_marks: list[Mark] = []
    for first, last in pairwise(sorted({0, len(text)} | cuts | ends)):
        open_marks = [mark for mark in open_marks if mark.end > first] + begin[first]
        piece = escape(text[first:last])
        for mark in open_marks:
            piece = mark.wrap(piece)
        pieces.append((first, piece))
    return pieces
