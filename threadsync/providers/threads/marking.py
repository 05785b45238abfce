"""What readers of Threads see as more than words: links, mentions, the topic, and what is hidden.

Sources: developers.facebook.com/docs/threads/posts (links, mentions, topic tags) and
developers.facebook.com/docs/threads/create-posts/text-spoilers.
"""

from __future__ import annotations

from collections.abc import Iterator

from threadsync.model.text import Mark, MarkKind, Mention, Spans
from threadsync.providers.threads.carrying import Carried, hidden
from threadsync.providers.threads.convert import link_places, topic_place


def marks(text: str, spans: Spans, carried: Carried) -> tuple[Mark, ...]:
    """Return what of *text*, made of *spans*, is more than words; the first mark of a place counts."""
    found = [Mark(start, end, MarkKind.HIDDEN) for start, end in hidden(text, carried.passages)]
    for start, end in link_places(text):
        url = text[start:end]
        found.append(Mark(start, end, MarkKind.LINK, url if "://" in url else f"https://{url}"))
    found += _mentions(text, spans)
    # A post has one topic: where it is named beside the text, no word of the text becomes it.
    topic = None if carried.topic else topic_place(text)
    if topic is not None:
        found.append(Mark(*topic, MarkKind.TAG))
    apart: list[Mark] = []
    for mark in sorted(found, key=lambda mark: mark.start):
        if not apart or mark.start >= apart[-1].end:
            apart.append(mark)
    return tuple(apart)


def _mentions(text: str, spans: Spans) -> Iterator[Mark]:
    behind = 0
    for span in spans:
        if isinstance(span, Mention):
            start = text.find(f"@{span.handle}", behind)
            if start >= 0:
                behind = start + len(span.handle) + 1
                yield Mark(start, behind, MarkKind.MENTION)
