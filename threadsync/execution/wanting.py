"""A publication as its target would get it: what a plan is made from, and a reader of it sees."""

from __future__ import annotations

from threadsync.model.post import Publication
from threadsync.model.references import depends_on
from threadsync.model.text import PermalinkOf
from threadsync.planning.actions import SegmentView
from threadsync.planning.inputs import Wanted
from threadsync.providers.base import Permalinks, Provider


def wanted_of(publication: Publication, provider: Provider, shown: Permalinks, longest: Permalinks) -> Wanted:
    """Return *publication* with links as *shown*, counted with the *longest* that they may become."""
    views: list[SegmentView] = []
    for index, segment in enumerate(publication.segments):
        as_shown = provider.render(publication, segment, index, shown)
        links = any(isinstance(span, PermalinkOf) for span in segment.spans)
        as_counted = provider.render(publication, segment, index, longest) if links else as_shown
        views.append(
            SegmentView(
                index,
                as_shown.rendered.text,
                as_counted.count,
                as_counted.count_max,
                as_counted.unit,
                segment.media,
                segment.digest,
                as_shown.attached,
                as_shown.records,
                as_shown.marks,
                as_shown.covers_media,
            )
        )
    return Wanted(publication, tuple(views), depends_on(publication), provider.needs(publication))
