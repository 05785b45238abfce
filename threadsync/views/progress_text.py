"""What an apply is doing right now, in a few words a step."""

from __future__ import annotations

from typing import assert_never

from threadsync.model import holding as h
from threadsync.model import journal as j
from threadsync.model import trouble as t


def waiting_text(why: str) -> str:
    """Return what is said while a flow waits; *why* is what it waits for, or what it is at."""
    if not why:
        return "waiting"
    return why if ":" in why else f"waiting for {why}"


def note_text(note: j.Note) -> str:  # noqa: PLR0912  (one case a kind of note)
    """Return what a note that went on record means; empty for what nobody needs to follow."""
    match note:
        case j.Begun(job=job):
            return f"{job.verb} begins"
        case j.Intent(verb="publish"):
            return f"publishing segment {note.index + 1}"
        case j.Intent():
            return f"taking segment {note.index + 1} down"
        case j.Receipt(published=post):
            return f"segment {post.index + 1} is live{f': {post.permalink}' if post.permalink else ''}"
        case j.Deleted():
            return f"{note.remote_id} is taken down"
        case j.Settled():
            return f"segment {note.index + 1} had not gone out"
        case j.Doubted():
            return f"in doubt: {note.why}"
        case j.Ended(outcome="applied"):
            return "done"
        case j.Ended():
            return f"{note.outcome}{f': {note.why}' if note.why else ''}"
        case j.Moved():
            return f"is now called {note.new}"
        case j.Forgotten():
            return note.why
        case j.Adopted():
            return "bound"
        case (
            j.RunStarted()
            | j.TargetBound()
            | j.Staged()
            | j.Confirmed()
            | j.Accepted()
            | j.Kept()
            | j.Erased()
            | j.TargetMoved()
            | j.PostsSeen()
            | j.AccountSeen()
            | h.Hold()
            | h.Released()
            | h.Freeze()
            | h.Unfrozen()
            | h.Heartbeat()
            | h.Lulls()
            | t.Trouble()
            | t.Untroubled()
        ):
            return ""
        case _:
            assert_never(note)
