"""What Bluesky asks of pictures, and of what stands beside them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from threadsync.model.diagnostic import Severity
from threadsync.model.ids import Json
from threadsync.model.post import Media, Segment
from threadsync.providers.bluesky.checks_video import is_film, of_films
from threadsync.providers.bluesky.servers import CURRENT, PICTURE_FORMATS, SERVER, Server
from threadsync.providers.rules import Found, Rule

IMAGES: Final = "https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/embed/images.json"
GALLERY: Final = "https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/embed/gallery.json"
FIT = "With fit: true in the post, threadsync sends a copy that Bluesky takes."

IMAGE: dict[str, Json] = {"format": "JPEG", "width": 800, "height": 600, "bytes": 9000, "alt": "a"}


def _images(count: int = 1, size: int = 9000, alt: str = "a", form: str = "JPEG") -> dict[str, Json]:
    image: Json = {**IMAGE, "format": form, "bytes": size, "alt": alt}
    return {"segments": [{"text": "t", "images": [image] * count}]}


PICTURE_RULES: tuple[Rule, ...] = (
    Rule(
        "bluesky/too-many-pictures",
        "documented",
        GALLERY,
        "A segment may hold 10 pictures, or 4 on a server that knows no galleries (server: pds-0.4).",
        _images(10),
        _images(11),
    ),
    Rule(
        "bluesky/picture-bytes",
        "documented",
        IMAGES,
        "A picture may have 2,000,000 bytes, or 1,000,000 on an older server (server: pds-0.4).",
        _images(size=2_000_000),
        _images(size=2_000_001),
    ),
    Rule(
        "bluesky/picture-format",
        "ours",
        IMAGES,
        "Pictures are JPEG or PNG: others are accepted, and not every reader shows them.",
        _images(form="PNG"),
        _images(form="WEBP"),
    ),
    Rule(
        "bluesky/picture-moves",
        "ours",
        IMAGES,
        "A PNG that moves is shown as a still, and cannot be freed of its metadata.",
        _images(form="PNG"),
        {"segments": [{"text": "t", "images": [{**IMAGE, "format": "PNG", "animated": True}]}]},
    ),
    Rule(
        "bluesky/alt-missing",
        "ours",
        IMAGES,
        "A picture without an alternative text says nothing to people who cannot see it.",
        _images(),
        _images(alt=""),
        Severity.WARNING,
    ),
)


def of_media(segment: Segment, named: str, server: Server, *, plain: bool, fit: bool) -> Iterator[Found]:
    """Find everything wrong with the pictures and videos of *segment*, and with a link card beside them."""
    if segment.link is not None and segment.media:
        yield (
            "bluesky/link-beside-media",
            segment.location,
            f"{named} has pictures and link:, and Bluesky shows one of them.",
            "Put the address into the text, or the card into a segment of its own.",
        )
    if len(segment.media) > server.pictures_max:
        old = f"; {SERVER}: {server.name} knows no galleries" if server.name != CURRENT else ""
        yield (
            "bluesky/too-many-pictures",
            segment.media[server.pictures_max].location,
            f"{named} has {len(segment.media)} pictures, and Bluesky shows {server.pictures_max}{old}.",
            "Spread them over segments, with a line that is only --- between them.",
        )
    yield from of_films(segment, named, server, plain=plain)
    for item in segment.media:
        if not is_film(item.facts, plain=plain):
            yield from _of_picture(item, server, fit=fit)
        if not item.alt.strip():
            yield (
                "bluesky/alt-missing",
                item.location,
                f"{item.path} has no alternative text.",
                "Say in a sentence what it shows: ![what it shows](file).",
            )


def _of_picture(item: Media, server: Server, *, fit: bool) -> Iterator[Found]:
    facts, limits = item.facts, server.pictures
    # What fitting mends is no fault any more; what it cannot do (read HEIC, keep movement) still is.
    can_fit = limits.needs_fitting(facts)
    fitted = fit and can_fit
    if facts.format not in PICTURE_FORMATS and not fitted:
        yield (
            "bluesky/picture-format",
            item.location,
            f"{item.path} is {f'a {facts.format} file' if facts.format else 'no picture'}, not JPEG or PNG.",
            FIT if can_fit else "Convert it.",
        )
    elif facts.animated:
        yield (
            "bluesky/picture-moves",
            item.location,
            f"{item.path} moves, and Bluesky shows a still of it.",
            "Save the frame that says most as a picture of its own.",
        )
    if facts.size_bytes > limits.bytes_max and not fitted:
        yield (
            "bluesky/picture-bytes",
            item.location,
            f"{item.path} has {facts.size_bytes:,} bytes and Bluesky takes {limits.bytes_max:,}.",
            "Save it smaller: fewer pixels or a lower quality." + (f" {FIT}" if can_fit else ""),
        )
