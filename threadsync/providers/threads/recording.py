"""What the flow of one segment puts on record, and what it finds there of its earlier life."""

from __future__ import annotations

from datetime import timedelta

from msgspec import Struct
from msgspec.structs import replace

from threadsync.flows.bounds import Bounds
from threadsync.flows.core import now, record
from threadsync.flows.effects import Flow, Recorded
from threadsync.flows.retry import PASSING_OR_FRESH, retried
from threadsync.model.ids import RemoteId
from threadsync.model.journal import Confirmed, Doubted, Intent, Published, Receipt, Rendered, Settled
from threadsync.providers.base import Uncertain, Work
from threadsync.providers.threads import api_reading as api
from threadsync.providers.threads import convert
from threadsync.providers.threads.api_media import MediaObject

GHOST_LIFE = timedelta(hours=24)
"""When a ghost post is archived (developers.facebook.com/docs/threads/create-posts/ghost-posts)."""
STORY = "instagram_story"
"""The id of a receipt that says what became of the Instagram story: SUCCESS, FAILED, or empty if unknown."""


class SegmentRecord(Struct, frozen=True):
    """The record of one segment: *what*, for *work*, within *bounds*."""

    work: Work
    what: Rendered
    bounds: Bounds

    def last_intent(self) -> Intent | None:
        """Return the last intent to publish it."""
        mine = [
            note
            for note in self.work.notes
            if isinstance(note, Intent) and note.verb == "publish" and note.index == self.what.index
        ]
        return mine[-1] if mine else None

    def intend(self, key: str, covers: str) -> Flow[None]:
        """Note that the request which *covers* names goes out next."""
        at = yield from now()
        yield from self._note(
            Intent(self.work.address, self.what.index, self.what.digest, "publish", key, covers, at)
        )

    def settled(self, *, reuse: bool) -> Flow[None]:
        """Note that the last intent did not act."""
        at = yield from now()
        yield from self._note(Settled(self.work.address, self.what.index, reuse, at))

    def doubt(self, why: str, candidates: tuple[RemoteId, ...] = ()) -> Flow[Uncertain]:
        """Note that what became of the last intent cannot be told."""
        at = yield from now()
        yield from self._note(Doubted(self.work.address, self.what.index, why, at, candidates))
        return Uncertain(why, self.what.index, candidates)

    def receipt(self, published: Published) -> Flow[Published | Uncertain]:
        """Put the receipt on record at once; the permalink follows, since reading it may fail."""
        if "is_ghost_post" in convert.parameters_of(self.what):
            published = replace(published, expires_at=published.at + GHOST_LIFE)
        answer = yield from record(Receipt(self.work.address, published))
        if not isinstance(answer, Recorded):
            why = f"the one post that matches belongs to {answer.holder}"
            return (yield from self.doubt(why, (published.remote_id,)))
        if published.permalink:
            return published
        shown = yield from retried(
            lambda: api.media_object(published.remote_id, fields="id,permalink"),
            self.bounds,
            why="Threads",
            on=PASSING_OR_FRESH,
        )
        if not isinstance(shown, MediaObject) or not shown.permalink:
            return published
        yield from self._note(
            Confirmed(self.work.address, published.remote_id, shown.permalink, published.at)
        )
        return replace(published, permalink=shown.permalink)

    def _note(self, note: Intent | Settled | Doubted | Confirmed) -> Flow[None]:
        answer = yield from record(note)
        assert isinstance(answer, Recorded), "these notes claim no post, so none can be taken"
