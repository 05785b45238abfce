"""Counting a text's characters and links (developers.facebook.com/docs/threads/posts)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

import regex

from threadsync.sandbox.threads.values import TextCount

_GRAPHEME = regex.compile(r"\X")
_EMOJI = regex.compile(r"[\p{Extended_Pictographic}\p{Regional_Indicator}\u20e3]")
_LINK = regex.compile(r"(?:https?://|\bwww\.)[^\s<>\"]+", regex.IGNORECASE)
_CLOSING = ".,;:!?)]}'…»”’"
_MENTION = regex.compile(r"(?<![\w@.])@([\w.]+)")
_TOPIC = regex.compile(r"(?:^|(?<=\s))#([^\s.&@!?,;:#]{1,50})(?=$|[\s.&@!?,;:])")


def text_length(text: str, count: TextCount) -> int:
    """Count *text* as the network might; the documentation leaves the unit open."""
    match count:
        case TextCount.CODEPOINTS:
            return len(text)
        case TextCount.BYTES:
            return len(text.encode())
        case TextCount.GRAPHEMES:
            if text.isascii():
                return len(text) - text.count("\r\n")
            return sum(
                len(cluster.encode()) if _EMOJI.search(cluster) else 1 for cluster in _GRAPHEME.findall(text)
            )
        case _:
            assert_never(count)


def links_at(text: str) -> Iterator[tuple[int, str]]:
    """Yield where each link of *text* begins, and the link; a bare ``www.`` host is one."""
    if "://" not in text and "www." not in text.lower():
        return
    for found in _LINK.finditer(text):
        yield found.start(), found.group().rstrip(_CLOSING)


def links_in(text: str) -> tuple[str, ...]:
    """Return the distinct links of *text* in order."""
    return tuple(dict.fromkeys(link for _, link in links_at(text)))


def mentions_in(text: str) -> frozenset[str]:
    """Return the profiles that a text names as ``@name``, in lower case."""
    if "@" not in text:
        return frozenset()
    return frozenset(name.rstrip(".").lower() for name in _MENTION.findall(text))


def topic_in(text: str) -> str:
    """Return the first ``#word`` that makes a topic, without its ``#``; digits alone do not."""
    if "#" not in text:
        return ""
    for word in _TOPIC.findall(text):
        if not word.isdecimal():
            return str(word)
    return ""
