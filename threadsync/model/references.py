"""Which publications a publication needs to be live first."""

from __future__ import annotations

from threadsync.model.ids import Address
from threadsync.model.post import PostRef, Publication, Reference
from threadsync.model.text import PermalinkOf


def depends_on(publication: Publication) -> tuple[Address, ...]:
    """Return what *publication* links to, replies to, quotes or reposts in this project, each once.

    The order is that of the declaration: reply_to, repost, then segment by segment.
    """
    found: dict[Address, None] = {}
    target = publication.address.target

    def note(reference: Reference | None) -> None:
        if isinstance(reference, PostRef):
            found[reference.on(target)] = None

    note(publication.reply_to)
    note(publication.repost)
    for segment in publication.segments:
        note(segment.quote)
        for span in segment.spans:
            if isinstance(span, PermalinkOf):
                found[Address(span.key, span.target)] = None
    return tuple(found)
