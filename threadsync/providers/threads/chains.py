"""Publishing the segments of a job in order, each under the one before it."""

from __future__ import annotations

from msgspec.structs import replace

from threadsync.flows.bounds import Bounds
from threadsync.flows.core import gather
from threadsync.flows.effects import Flow
from threadsync.model.ids import RemoteId
from threadsync.model.journal import Intent, Published, Rendered
from threadsync.providers.base import Applied, Refused, Result, Work
from threadsync.providers.threads.publishing import SegmentPublisher
from threadsync.providers.threads.recording import STORY
from threadsync.providers.threads.reposting import RepostPublisher
from threadsync.providers.threads.staging import Stager


def publisher_of(
    work: Work, what: Rendered, parent: RemoteId | None, bounds: Bounds
) -> SegmentPublisher | RepostPublisher:
    """Return the flows of one segment under *parent*."""
    if what.reposts is not None:
        return RepostPublisher(work, what, bounds)
    return SegmentPublisher(work, what, parent, bounds)


def publish_all(work: Work, bounds: Bounds) -> Flow[Result]:
    """Publish the segments of *work*; what was not shared as an Instagram story is told, and is up."""
    hindered = yield from _hindered(work, bounds)
    if hindered is not None:
        return hindered
    parent = work.job.parent
    live = work.live
    unshared: list[int] = []
    for what in work.job.segments:
        result = yield from publisher_of(replace(work, live=live), what, parent, bounds).publish()
        if not isinstance(result, Published):
            return result
        if result.ids.get(STORY, "SUCCESS") != "SUCCESS":
            unshared.append(what.index + 1)
        parent, live = result.remote_id, (*live, result)
    if not unshared:
        return Applied()
    which = "the post is" if len(live) == 1 else f"segment {', '.join(map(str, unshared))} is"
    return Applied(
        f"{which} up, and Threads did not confirm that it was shared as an Instagram story.",
        "Look at Instagram; if it is not there, share it from the Threads app (an account without a linked "
        "Instagram account has no stories).",
    )


def _hindered(work: Work, bounds: Bounds) -> Flow[Refused | None]:
    """Bring the media of further segments to their addresses; return why one of them has none.

    It is found out before the first segment is seen, so that a chain is not left half published over a
    file. One that was begun is gone on with: what became of it is settled first.
    """
    if any(isinstance(note, Intent) for note in work.notes):
        return None
    further = [Stager(work, what, None, bounds).urls() for what in work.job.segments[1:] if what.media]
    found = (yield from gather(further)) if further else ()
    return next((each for each in found if isinstance(each, Refused)), None)
