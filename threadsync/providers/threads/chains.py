"""Publishing the segments of a job in order, each under the one before it."""

from __future__ import annotations

from msgspec.structs import replace

from threadsync.flows.bounds import Bounds
from threadsync.flows.effects import Flow
from threadsync.model.ids import RemoteId
from threadsync.model.journal import Published, Rendered
from threadsync.providers.base import Applied, Result, Work
from threadsync.providers.threads.publishing import SegmentPublisher
from threadsync.providers.threads.recording import STORY
from threadsync.providers.threads.reposting import RepostPublisher


def publisher_of(
    work: Work, what: Rendered, parent: RemoteId | None, bounds: Bounds
) -> SegmentPublisher | RepostPublisher:
    """Return the flows of one segment under *parent*."""
    if what.reposts is not None:
        return RepostPublisher(work, what, bounds)
    return SegmentPublisher(work, what, parent, bounds)


def publish_all(work: Work, bounds: Bounds) -> Flow[Result]:
    """Publish the segments of *work*; what was not shared as an Instagram story is told, and is up."""
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
