"""What Threads would refuse of what a segment hides; the rules are those of ``rules_kinds``."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from itertools import pairwise

from threadsync.model.post import Segment
from threadsync.providers.threads.carrying import Carried, hidden

SPOILERS_MAX = 10


def spoilers(
    segment: Segment, carried: Carried, text: str, named: str
) -> Iterator[tuple[str, str, str, str]]:
    """Yield rule, the key it is about, problem and remedy of what is to be hidden."""
    if carried.hides_media and not segment.media:
        yield (
            "threads/spoiler-media",
            "spoiler",
            f"{named} has no picture and no video to hide.",
            "To hide words, name them: spoiler: {text: [the words]}.",
        )
    for passage in carried.passages:
        if not passage.strip():
            yield (
                "threads/spoiler-text",
                "spoiler",
                f"a passage to be hidden in {named} holds blanks alone.",
                "Name the words that are to be hidden.",
            )
        elif passage not in text:
            yield (
                "threads/spoiler-text",
                "spoiler",
                f'"{passage}" is to be hidden and does not stand in {named}.',
                _how_to_copy(passage, text),
            )
    places = hidden(text, carried.passages)
    if any(later[0] < earlier[1] for earlier, later in pairwise(places)):
        yield (
            "threads/spoiler-text",
            "spoiler",
            f"two of the passages to be hidden in {named} overlap.",
            "Name one passage that covers both.",
        )
    if len(places) > SPOILERS_MAX:
        yield (
            "threads/too-many-spoilers",
            "spoiler",
            f"{len(places)} passages of {named} would be hidden and Threads takes {SPOILERS_MAX}.",
            "Hide fewer, longer passages.",
        )


def _how_to_copy(passage: str, text: str) -> str:
    if unicodedata.normalize("NFC", passage) in unicodedata.normalize("NFC", text):
        return "It looks the same and is made of other characters (Unicode): copy it out of the text."
    return "Copy the passage from the text that the plan shows, letter for letter."
