"""What Bluesky asks of a film and its captions.

The video service makes of what it is sent what the network shows, so it takes several formats; a server that
gets a film itself takes MP4 alone (lexicon ``app.bsky.embed.video``). How long a film may be stands in no
lexicon: the official app asks before it sends (``social-app``, ``src/lib/constants.ts``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from threadsync.model.ids import Json
from threadsync.model.post import Media, MediaFacts, Segment
from threadsync.providers.bluesky.servers import Server
from threadsync.providers.rules import Found, Rule

EMBED_LEXICON = "https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/embed/video.json"
APP = "https://github.com/bluesky-social/social-app/blob/main/src/lib/constants.ts"

PLAIN: Final = "blob"
"""The target's setting ``video`` for films that go to the server as they are."""
FORMATS = ("MP4", "MOV", "WEBM")
PLAIN_FORMATS = ("MP4",)
SECONDS_MAX = 600.0
CAPTIONS_MAX = 20
CAPTIONS_BYTES_MAX = 20_000
_ENCODE = (
    "Encode it anew: ffmpeg -i IN -vf format=yuv420p -c:v libx264 -c:a aac -movflags +faststart OUT.mp4"
    " (FFmpeg)."
)


def _video(**changes: Json) -> dict[str, Json]:
    return {"segments": [{"text": "t", "videos": [changes]}]}


def _captions(count: int = 1, **changes: Json) -> dict[str, Json]:
    return _video(captions=[{"lang": f"x{number}", **changes} for number in range(count)])


_PICTURE: Json = {
    "format": "PNG",
    "width": 800,
    "height": 600,
    "bytes": 9000,
    "alt": "a",
    "captions": [{"lang": "en"}],
}

VIDEO_RULES: tuple[Rule, ...] = (
    Rule(
        "bluesky/video-format",
        "reported",
        APP,
        "Videos are MP4, MOV, WebM, or a GIF that moves; without the video service (video: blob) MP4.",
        _video(format="WEBM"),
        _video(format="AVI"),
    ),
    Rule(
        "bluesky/video-bytes",
        "documented",
        EMBED_LEXICON,
        "A video may have 300,000,000 bytes, or 100,000,000 on an older server (server: pds-0.4).",
        _video(bytes=300_000_000),
        _video(bytes=300_000_001),
    ),
    Rule(
        "bluesky/video-duration",
        "reported",
        APP,
        "A video is longer than 0 seconds and not longer than 10 minutes.",
        _video(duration_seconds=600.0),
        _video(duration_seconds=600.5),
    ),
    Rule(
        "bluesky/video-alone",
        "documented",
        EMBED_LEXICON,
        "A segment holds one video, and no pictures beside it.",
        _video(),
        {"segments": [{"text": "t", "videos": [{}, {}]}]},
    ),
    Rule(
        "bluesky/too-many-captions",
        "documented",
        EMBED_LEXICON,
        "A video may have captions in 20 languages.",
        _captions(20),
        _captions(21),
    ),
    Rule(
        "bluesky/captions-bytes",
        "documented",
        EMBED_LEXICON,
        "Captions may have 20,000 bytes a language.",
        _captions(bytes=CAPTIONS_BYTES_MAX),
        _captions(bytes=CAPTIONS_BYTES_MAX + 1),
    ),
    Rule(
        "bluesky/captions-format",
        "documented",
        EMBED_LEXICON,
        "Captions are WebVTT files.",
        _captions(format="VTT"),
        _captions(format=""),
    ),
    Rule(
        "bluesky/captions-without-video",
        "documented",
        EMBED_LEXICON,
        "Only videos have captions.",
        _captions(),
        {"segments": [{"text": "t", "images": [_PICTURE]}]},
    ),
)


def is_film(facts: MediaFacts, *, plain: bool) -> bool:
    """Whether a file is shown as a film; a GIF that moves is, where the video service makes one of it."""
    return facts.kind == "video" or (facts.format == "GIF" and facts.animated and not plain)


def of_films(segment: Segment, named: str, server: Server, *, plain: bool) -> Iterator[Found]:
    """Find everything wrong with the films of *segment*, and with its captions."""
    films = [item for item in segment.media if is_film(item.facts, plain=plain)]
    if films and len(segment.media) > 1:
        yield (
            "bluesky/video-alone",
            films[0].location,
            f"{named} has a video and {len(segment.media) - 1} more, and Bluesky shows one video by itself.",
            "Spread them over segments, with a line that is only --- between them.",
        )
    for item in segment.media:
        if item in films:
            yield from _of_film(item, server.video_bytes_max, plain=plain)
            yield from _of_captions(item)
        elif item.captions:
            yield (
                "bluesky/captions-without-video",
                item.location,
                f"{item.path} is no video and has captions.",
                "Take the captions out; what a picture shows stands in alt:.",
            )


def _of_film(item: Media, bytes_max: int, *, plain: bool) -> Iterator[Found]:
    facts = item.facts
    formats = PLAIN_FORMATS if plain else (*FORMATS, "GIF")
    if facts.format not in formats:
        problem = f"{item.path} is a {facts.format} file, and Bluesky takes {' and '.join(formats)}."
        yield "bluesky/video-format", item.location, problem, _ENCODE
    if facts.size_bytes > bytes_max:
        problem = f"{item.path} has {facts.size_bytes:,} bytes and Bluesky takes {bytes_max:,}."
        yield "bluesky/video-bytes", item.location, problem, "Encode it at a lower rate, or shorten it."
    if facts.video is not None and not 0 < facts.video.duration_seconds <= SECONDS_MAX:
        lasts = f"{facts.video.duration_seconds:.1f} s"
        problem = f"{item.path} lasts {lasts} and Bluesky takes up to {SECONDS_MAX:.0f} s."
        yield "bluesky/video-duration", item.location, problem, "Shorten it, or spread it over segments."


def _of_captions(item: Media) -> Iterator[Found]:
    if len(item.captions) > CAPTIONS_MAX:
        problem = (
            f"{item.path} has captions in {len(item.captions)} languages, and Bluesky takes {CAPTIONS_MAX}."
        )
        yield "bluesky/too-many-captions", item.location, problem, "Take some out."
    for each in item.captions:
        if each.facts.format != "VTT":
            problem = f"{each.path} is no WebVTT file: it does not begin with WEBVTT."
            remedy = "Convert it: ffmpeg -i IN.srt OUT.vtt (FFmpeg)."
            yield "bluesky/captions-format", item.location, problem, remedy
        elif each.facts.size_bytes > CAPTIONS_BYTES_MAX:
            problem = (
                f"{each.path} has {each.facts.size_bytes:,} bytes and Bluesky takes {CAPTIONS_BYTES_MAX:,}."
            )
            yield "bluesky/captions-bytes", item.location, problem, "Shorten its lines, or split the video."
