"""What is said of each step while it happens."""

from __future__ import annotations

import pytest

from tests.planning.builders import NOW, at, digest, published
from threadsync.model.ids import RemoteId
from threadsync.model.journal import (
    Begun,
    Deleted,
    Doubted,
    Ended,
    Forgotten,
    Intent,
    Job,
    Moved,
    Note,
    Receipt,
    Settled,
    Staged,
)
from threadsync.views.progress_text import note_text, waiting_text

ADDRESS = at("launch-day")


@pytest.mark.parametrize(
    ("note", "said"),
    [
        (Begun(ADDRESS, Job("create"), NOW), "create begins"),
        (Staged(ADDRESS, 0, digest("a"), "container", "17", NOW), ""),
        (Intent(ADDRESS, 1, digest("a"), "publish", "k", "f", NOW), "publishing segment 2"),
        (Intent(ADDRESS, 1, digest("a"), "delete", "k", "f", NOW), "taking segment 2 down"),
        (Receipt(ADDRESS, published("a")), "segment 1 is live: https://t/a"),
        (Deleted(ADDRESS, RemoteId("17"), NOW), "17 is taken down"),
        (Settled(ADDRESS, 0, reuse=True, at=NOW), "segment 1 had not gone out"),
        (Doubted(ADDRESS, 0, "two match", NOW), "in doubt: two match"),
        (Ended(ADDRESS, "applied", NOW), "done"),
        (Ended(ADDRESS, "refused", NOW, "too long"), "refused: too long"),
        (Moved(ADDRESS, at("other"), NOW), f"is now called {at('other')}"),
        (Forgotten(ADDRESS, "skipped", NOW), "skipped"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_note_in_words(note: Note, said: str) -> None:
    assert note_text(note) == said


def test_what_is_waited_for() -> None:
    assert waiting_text("Threads to process the media") == "waiting for Threads to process the media"
    assert waiting_text("settling: the post to be listed") == "settling: the post to be listed"
    assert waiting_text("") == "waiting"
