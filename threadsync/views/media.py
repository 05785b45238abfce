"""Media files in a plan: what each is, and what a network gets in its place."""

from __future__ import annotations

from threadsync.model.ids import Json
from threadsync.model.post import Card, Media, MediaFacts


def file_text(facts: MediaFacts) -> str:
    """Say in a few words what a file is; its size is rounded up, so that none is 0."""
    size = f"{facts.format} {facts.width} × {facts.height}"
    length = f", {facts.video.duration_seconds:.1f} s" if facts.video is not None else ""
    tenths = -(-facts.size_bytes // 100_000)
    return f"{size}{length}, {tenths / 10:.1f} MB"


def card_texts(card: Card | None) -> dict[str, str]:
    """Return what the card of a link says, by name; nothing where its page was not read."""
    if card is None:
        return {}
    return {
        "card title": card.title,
        "card description": card.description,
        "card picture": file_text(card.thumb.facts) if card.thumb is not None else "none",
    }


def media_json(item: Media) -> Json:
    """Return one media file of a segment; ``rendition`` is null where the file itself is sent."""
    rendition = item.rendition
    return {
        "path": item.path,
        "alt": item.alt,
        **_file_json(item.facts),
        "rendition": _file_json(rendition.facts) if rendition is not None else None,
        "captions": [
            {"lang": each.lang, "path": each.path, "sha256": each.facts.digest} for each in item.captions
        ],
    }


def card_json(card: Card | None) -> Json:
    """Return the card of a link; null where there is none, or its page was not read."""
    if card is None:
        return None
    return {
        "url": card.url,
        "title": card.title,
        "description": card.description,
        "picture": _file_json(card.thumb.facts) if card.thumb is not None else None,
        "problem": card.problem,
    }


def _file_json(facts: MediaFacts) -> dict[str, Json]:
    return {
        "sha256": facts.digest,
        "kind": facts.kind,
        "format": facts.format,
        "size_bytes": facts.size_bytes,
        "width": facts.width,
        "height": facts.height,
        "duration_seconds": facts.video.duration_seconds if facts.video is not None else None,
    }
