"""The segments of a proof sheet: texts with what readers see in them, pictures, cards, polls, lengths."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from threadsync.content.escape import printable
from threadsync.model.capabilities import Capabilities, Look
from threadsync.model.ids import MediaDigest
from threadsync.model.journal import Published
from threadsync.model.post import Card, Media, MediaFacts, Publication, Segment
from threadsync.model.text import Mark, MarkKind
from threadsync.planning.actions import SegmentView
from threadsync.views.differing import differing
from threadsync.views.media import file_text
from threadsync.views.plan_text import compact, reference_text
from threadsync.views.sheet import Gauge, LinkCard, Part, Pictures, Row, Seeable, Shot, Span

UNREAD = Seeable(why="not read")
TOO_LITTLE = 0.005
"""So small a part of a picture is not worth a word, nor is it seen."""


def parts_of(
    views: Sequence[SegmentView],
    publication: Publication | None,
    can: Capabilities,
    pictures: Pictures,
    live: Sequence[Published] = (),
) -> Iterator[Part]:
    """Yield the segments *views*; what stands in their place now is in *live*."""
    before = {post.index: post.text for post in live}
    total = max([len(publication.segments) if publication is not None else 0, *(v.index + 1 for v in views)])
    declared = publication.segments if publication is not None else ()
    for view in views:
        segment = declared[view.index] if view.index < len(declared) else None
        was = before.get(view.index)
        yield Part(
            f"Segment {view.index + 1} of {total}" if total > 1 else "",
            tuple(_spans(view.text, view.marks)),
            _length(view),
            tuple(_shot(item, number, len(view.media), can.look, pictures) for number, item in _told(view)),
            len(view.media) > max(can.look.grid_max, 1),
            printable(view.covers_media),
            _poll(segment),
            _card(segment, can, pictures),
            tuple(Row(printable(name), lines(text)) for name, text in view.attached.items()),
            tuple(_rows(segment)) if segment is not None else (),
            differing(lines(was), lines(view.text)) if was is not None and was != view.text else (),
        )


def lines(text: str) -> str:
    """Return *text* with everything written out that would act or reorder; its line breaks stay."""
    return "\n".join(map(printable, text.split("\n")))


def followed(url: str) -> str:
    """Return *url* where a reader of the page may follow it; empty where not."""
    return url if url.startswith(("https://", "http://")) and printable(url) == url else ""


def _spans(text: str, marks: Sequence[Mark]) -> Iterator[Span]:
    at = 0
    for mark in marks:
        if mark.start > at:
            yield Span(lines(text[at : mark.start]))
        url = followed(mark.url) if mark.kind is MarkKind.LINK else ""
        yield Span(lines(text[mark.start : mark.end]), mark.kind.value, url)
        at = mark.end
    if at < len(text):
        yield Span(lines(text[at:]))


def _length(view: SegmentView) -> Gauge:
    left = view.count_max - view.count
    rest = f"{left:,} left" if left >= 0 else f"{-left:,} too many"
    share = min(100.0, round(100 * view.count / view.count_max, 1)) if view.count_max else 0.0
    return Gauge(f"{view.count:,} of {view.count_max:,} {printable(view.unit)}, {rest}", share, left < 0)


def _told(view: SegmentView) -> Iterator[tuple[int, Media]]:
    return enumerate(view.media, start=1)


def _shot(item: Media, number: int, total: int, look: Look, pictures: Pictures) -> Shot:
    sent = item.sent
    shape, cut = _shape(sent, total, look)
    video = sent.video
    return Shot(
        number,
        "video" if sent.kind == "video" else "picture",
        _seeable(sent.digest, pictures),
        lines(item.alt),
        f"{printable(item.path)}: {file_text(item.facts)}",
        _seconds(video.duration_seconds) if video is not None else "",
        shape,
        cut,
        tuple(_media_rows(item)),
    )


def _seeable(digest: MediaDigest, pictures: Pictures) -> Seeable:
    found = pictures.get(digest, UNREAD)
    return Seeable(found.src, lines(found.why)) if found.why else found


def _media_rows(item: Media) -> Iterator[Row]:
    if item.rendition is not None:
        yield Row("sent instead", file_text(item.rendition.facts))
    for each in item.captions:
        yield Row(f"captions, {printable(each.lang)}", printable(each.path))


def _seconds(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"


def _shape(facts: MediaFacts, total: int, look: Look) -> tuple[str, str]:
    """Return the ratio in which a picture is shown at first, and what that cuts off it."""
    if not facts.width or not facts.height:
        return "4 / 3", ""
    tall = facts.height / facts.width
    if 1 < total <= look.grid_max:
        # Two stand beside each other upright, three and four are squares.
        kept = 1.0
    elif total == 1 and tall > look.tallest:
        kept = look.tallest
    else:
        return f"{facts.width} / {facts.height}", ""
    part = 1 - min(kept / tall, tall / kept)
    where = "top and bottom" if tall > kept else "left and right"
    said = f"about {math.ceil(100 * part)} % is cut at {where}" if part > TOO_LITTLE else ""
    return f"1 / {kept:g}", said


def _poll(segment: Segment | None) -> tuple[str, ...]:
    options = (segment.poll or {}).get("options") if segment is not None else None
    return tuple(printable(str(each)) for each in options) if isinstance(options, list) else ()


def _card(segment: Segment | None, can: Capabilities, pictures: Pictures) -> LinkCard | None:
    if segment is None or segment.link is None:
        return None
    made_here = can.thumbs is not None
    card = segment.card or Card(segment.link, "")
    note = "The network makes the card; what it shows is not known here."
    if made_here:
        note = "The page is read at apply; its title and picture are not known yet."
        if segment.card is not None:
            note = f"Less than its page offers: {printable(card.problem)}." if card.problem else ""
    thumb = card.thumb
    return LinkCard(
        printable(card.url),
        followed(card.url),
        printable(card.title),
        printable(card.description),
        _seeable(thumb.facts.digest, pictures) if thumb is not None else None,
        note,
    )


def _rows(segment: Segment) -> Iterator[Row]:
    quote = reference_text(segment.quote)
    if quote:
        yield Row("quotes", printable(quote))
    poll = {name: value for name, value in (segment.poll or {}).items() if name != "options"}
    for name, said in (("poll", compact(poll)), ("options", compact(segment.options))):
        if said:
            yield Row(name, printable(said))
