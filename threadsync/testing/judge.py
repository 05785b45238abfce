"""What must be true of the networks after everything has gone wrong, told without asking the state.

The networks' own ledgers are the witness: what is live, what was taken down, what hangs under what.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from msgspec import Struct, field

from threadsync.testing.networks import Seen

LINK = "LINK"
"""Stands for any permalink in an expected text."""
_ADDRESS = re.compile(r"https://\S+")

Chains = tuple[tuple[str, ...], ...]


class Expected(Struct, frozen=True):
    """What is to be live in the end, and what may have happened on the way."""

    live: Mapping[str, Chains]
    """Account to the chains of texts on it, in any order; a single post is a chain of one."""
    again: frozenset[str] = frozenset()
    """Texts of ours that a replace publishes a second time."""
    taken_down: frozenset[str] = frozenset()
    """Texts that are to be taken down."""
    parents: Mapping[str, str] = field(default_factory=dict)
    """Text of a reply to the text that it replies to, where that is no part of its chain."""
    carries: Mapping[str, str] = field(default_factory=dict)
    """Text of a post to what it has besides text and pictures (``Seen.carries``); others have nothing."""


def normal(text: str) -> str:
    """Return *text* with every address in it as ``LINK``."""
    return _ADDRESS.sub(LINK, text)


def text_of(post: Seen) -> str:
    """Return the text of *post* with every address in it as ``LINK``."""
    return normal(post.text)


def faults(live: Iterable[Seen], deleted: Iterable[Seen], expected: Expected) -> list[str]:
    """Return everything wrong with the networks, a sentence each."""
    live, deleted = tuple(live), tuple(deleted)
    found: list[str] = []
    there = Counter((post.account, text_of(post)) for post in live)
    wanted = Counter(
        (account, text) for account, chains in expected.live.items() for chain in chains for text in chain
    )
    found += [
        f"duplicate: {text!r} is live {times} times on {account}"
        for (account, text), times in sorted(there.items())
        if times > max(1, wanted[account, text])
    ]
    found += [f"lost: {text!r} is not on {account}" for account, text in sorted(wanted - there)]
    found += [f"stays up: {text!r} on {account}" for account, text in sorted(there - wanted)]
    found += _published_too_often((*live, *deleted), expected)
    found += [
        f"wrong deletion: {text_of(post)!r} on {post.account}"
        for post in deleted
        if text_of(post) not in expected.taken_down
    ]
    found += _out_of_order(live, expected)
    found += [
        f"wrong kind: {text_of(post)!r} has {post.carries or 'nothing'}"
        for post in live
        if post.carries != expected.carries.get(text_of(post), "")
    ]
    return found


def _published_too_often(posts: Iterable[Seen], expected: Expected) -> list[str]:
    """Find what was published twice, also where one copy was taken down again."""
    times = Counter((post.account, text_of(post)) for post in posts)
    return [
        f"published {count} times: {text!r} on {account}"
        for (account, text), count in sorted(times.items())
        if count > (2 if text in expected.again else 1)
    ]


def _out_of_order(live: Iterable[Seen], expected: Expected) -> list[str]:
    by_text = {(post.account, text_of(post)): post for post in live}
    found: list[str] = []
    for account, chains in expected.live.items():
        for chain in chains:
            above = expected.parents.get(chain[0], "")
            for text in chain:
                post, parent = by_text.get((account, text)), by_text.get((account, above))
                if post is not None and post.parent != (parent.remote_id if parent is not None else ""):
                    found.append(f"out of order: {text!r} on {account} is not under {above!r}")
                above = text
    return found
