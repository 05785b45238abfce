"""What Bluesky would refuse, drop or change, found before anything is sent.

``RULES`` is the table of every rule used; ``tests/providers/bluesky/test_checks.py`` runs its samples.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from threadsync.model.capabilities import Capabilities
from threadsync.model.diagnostic import Diagnostic, Location, Severity
from threadsync.model.ids import Json
from threadsync.model.post import Media, Publication, Segment
from threadsync.model.text import Styled
from threadsync.providers.bluesky.checks_video import VIDEO_RULES, is_film, of_films
from threadsync.providers.bluesky.points import CREATE, POINTS
from threadsync.providers.bluesky.records import REPLY_RULES
from threadsync.providers.bluesky.richtext import (
    TAG_BYTES_MAX,
    TAG_GRAPHEMES_MAX,
    TEXT_BYTES_MAX,
    TEXT_GRAPHEMES_MAX,
    RichText,
    Tagged,
    graphemes,
)
from threadsync.providers.bluesky.servers import (
    CURRENT,
    PICTURE_FORMATS,
    SERVER,
    SERVERS,
    THUMBS,
    Server,
)
from threadsync.providers.rules import Found, Rule

POST_LEXICON = "https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/feed/post.json"
IMAGES = "https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/embed/images.json"
GALLERY = "https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/embed/gallery.json"
GATES = "https://docs.bsky.app/docs/tutorials/thread-gates"
RICH_TEXT = "https://docs.bsky.app/docs/advanced-guides/post-richtext"

LANGS_MAX = 3
TAGS_MAX = 8
FIT = "With fit: true in the post, threadsync sends a copy that Bluesky takes."
LABELS_KNOWN = ("!no-unauthenticated", "porn", "sexual", "nudity", "graphic-media", "bot", "!hide", "!warn")
"""The lexicon and the official app know these; a server stores any other, and no reader acts on it."""

CAPABILITIES = Capabilities(
    features=frozenset(
        {
            *("text", "image", "video", "carousel", "chain", "number", "fit", "link", "quote", "reply_to"),
            "repost",
            *("who_can_reply", "tags", "langs", "labels", "quotes"),
        }
    ),
    pictures=SERVERS[CURRENT].pictures,
    thumbs=THUMBS,
    permalink_characters_max=80,
    counts=("likes", "replies", "reposts", "quotes"),
    quota_of_publish=POINTS,
    quota_takes=CREATE,
    quota_of_reply=POINTS,
    quota_of_delete="",  # it takes a point, which the ledger counts; no plan waits for that
)


def capabilities_of(server: Server) -> Capabilities:
    """Return what may be planned on a server of this generation."""
    return replace(CAPABILITIES, pictures=server.pictures)


def _text(text: str, **keys: Json) -> dict[str, Json]:
    return {"segments": [{"text": text}], **keys}


_IMAGE: dict[str, Json] = {"format": "JPEG", "width": 800, "height": 600, "bytes": 9000, "alt": "a"}


def _images(count: int = 1, size: int = 9000, alt: str = "a", form: str = "JPEG") -> dict[str, Json]:
    image: Json = {**_IMAGE, "format": form, "bytes": size, "alt": alt}
    return {"segments": [{"text": "t", "images": [image] * count}]}


RULES: tuple[Rule, ...] = (
    Rule(
        "bluesky/empty",
        "ours",
        POST_LEXICON,
        "A segment needs text, a picture or a quote; an empty post is accepted and says nothing.",
        _text("x"),
        _text(""),
    ),
    Rule(
        "bluesky/text-too-long",
        "documented",
        POST_LEXICON,
        "A segment may have 300 characters as readers see them (graphemes), and 3,000 bytes.",
        _text("é" * 300),
        _text("é" * 301),
    ),
    Rule(
        "bluesky/text-too-heavy",
        "documented",
        POST_LEXICON,
        "A segment may have 3,000 bytes; one emoji of a family has 25.",
        _text("👩‍👩‍👧‍👦" * 120),
        _text("👩‍👩‍👧‍👦" * 121),
    ),
    Rule(
        "bluesky/style-not-shown",
        "documented",
        RICH_TEXT,
        "Bluesky shows no bold, italic or code in a post's text.",
        _text("plain"),
        _text("a **bold** word"),
        Severity.WARNING,
    ),
    Rule(
        "bluesky/hashtag-too-long",
        "documented",
        RICH_TEXT,
        "A tag may have 64 characters as readers see them, and 640 bytes.",
        _text("#" + "x" * 64),
        _text("#" + "x" * 65),
    ),
    Rule(
        "bluesky/too-many-tags",
        "documented",
        POST_LEXICON,
        "A post may have 8 tags besides those of its text.",
        _text("x", tags=["t"] * 8),
        _text("x", tags=["t"] * 9),
    ),
    Rule(
        "bluesky/too-many-languages",
        "documented",
        POST_LEXICON,
        "A post may name 3 languages.",
        _text("x", langs=["de", "en", "fr"]),
        _text("x", langs=["de", "en", "fr", "it"]),
    ),
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
        {"segments": [{"text": "t", "images": [{**_IMAGE, "format": "PNG", "animated": True}]}]},
    ),
    Rule(
        "bluesky/link-beside-media",
        "documented",
        POST_LEXICON,
        "A segment shows pictures or a link card, not both: it has one embed.",
        _text("x", link="https://example.org/lifts"),
        {"segments": [{"text": "t", "link": "https://example.org/lifts", "images": [_IMAGE]}]},
    ),
    Rule(
        "bluesky/label-unknown",
        "documented",
        "https://github.com/bluesky-social/atproto/blob/main/lexicons/com/atproto/label/defs.json",
        f"A self-label that no reader knows does nothing; known are {', '.join(LABELS_KNOWN)}.",
        _text("x", bluesky={"labels": ["graphic-media"]}),
        _text("x", bluesky={"labels": ["graphic"]}),
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
    Rule(
        "bluesky/who-can-reply",
        "documented",
        GATES,
        "Replies can be limited to nobody, followers, people the account follows, or people it mentions.",
        _text("x", who_can_reply="mentioned"),
        _text("x", who_can_reply="parent-author"),
    ),
    Rule(
        "bluesky/gate-of-a-reply",
        "documented",
        GATES,
        "Who can reply is decided where a conversation begins; a gate under a reply is ignored.",
        _text("x", reply_to="b"),
        _text("x", reply_to="b", who_can_reply="nobody"),
    ),
    Rule(
        "bluesky/not-there",
        "documented",
        POST_LEXICON,
        "Bluesky has no polls.",
        _text("x"),
        {"segments": [{"text": "x"}], "poll": {"options": ["a", "b"]}},
    ),
    *VIDEO_RULES,
)
_SEVERITY = {rule.id: rule.severity for rule in RULES}


def check(
    publication: Publication, texts: Sequence[RichText], server: Server, *, plain: bool = False
) -> list[Diagnostic]:
    """Find everything wrong with *publication*; *texts* are its segments as Bluesky gets them.

    *plain* says that films go to the server as they are, not to the video service.
    """
    found = list(_of_post(publication))
    if publication.repost is None:
        for index, (segment, text) in enumerate(zip(publication.segments, texts, strict=True)):
            named = f"segment {index + 1}" if len(texts) > 1 else "this post"
            found += _of_text(segment, text, named)
            found += _of_media(segment, named, server, plain=plain, fit=publication.control.fit)
    return [
        Diagnostic(location, rule, problem, remedy, _SEVERITY[rule])
        for rule, location, problem, remedy in found
    ]


def _of_post(publication: Publication) -> Iterator[Found]:
    def at(key: str) -> Location:
        return publication.key_locations.get(key, publication.location)

    if len(publication.tags) > TAGS_MAX:
        yield (
            "bluesky/too-many-tags",
            at("tags"),
            f"the post has {len(publication.tags)} tags and Bluesky takes {TAGS_MAX}.",
            "Take some out, or give Bluesky tags of its own in overrides.",
        )
    if len(publication.langs) > LANGS_MAX:
        yield (
            "bluesky/too-many-languages",
            at("langs"),
            f"the post names {len(publication.langs)} languages and Bluesky takes {LANGS_MAX}.",
            "Name those that most of its words are in.",
        )
    who = publication.who_can_reply
    if who not in {None, "everyone"} and who not in REPLY_RULES:
        yield (
            "bluesky/who-can-reply",
            at("who_can_reply"),
            f"Bluesky cannot limit replies to {who!r}.",
            f"Write one of everyone, {', '.join(REPLY_RULES)}, or give Bluesky its own in overrides.",
        )
    if who not in {None, "everyone"} and publication.reply_to is not None:
        yield (
            "bluesky/gate-of-a-reply",
            at("who_can_reply"),
            "this is a reply, and who can reply is decided where its conversation begins.",
            "Take who_can_reply: out for Bluesky: overrides: {bluesky: {who_can_reply: null}}.",
        )
    for label in _labels(publication):
        if label not in LABELS_KNOWN:
            yield (
                "bluesky/label-unknown",
                at("bluesky"),
                f"no reader knows the label {label!r}.",
                f"Known are {', '.join(LABELS_KNOWN)}.",
            )
    if any(segment.poll for segment in publication.segments):
        yield (
            "bluesky/not-there",
            at("poll"),
            "Bluesky has no polls.",
            "Take the poll out for Bluesky: overrides: {bluesky: {poll: null}}.",
        )


def _labels(publication: Publication) -> list[str]:
    """Return every label of the post and of its segments, each once."""
    every = [publication.options, *(segment.options for segment in publication.segments)]
    labels = [each for options in every if isinstance(each := options.get("labels"), list)]
    return list(dict.fromkeys(str(each) for found in labels for each in found))


def _of_text(segment: Segment, text: RichText, named: str) -> Iterator[Found]:
    if not text.text.strip() and not segment.media and segment.quote is None and segment.link is None:
        yield (
            "bluesky/empty",
            segment.location,
            f"{named} has neither text nor a picture or video, a quote or a link card.",
            "Write something, or remove it.",
        )
    length, weight = graphemes(text.text), len(text.text.encode())
    if length > TEXT_GRAPHEMES_MAX:
        yield (
            "bluesky/text-too-long",
            segment.location,
            f"{named} has {length} characters for Bluesky and {TEXT_GRAPHEMES_MAX} are allowed.",
            f"Shorten it by {length - TEXT_GRAPHEMES_MAX}, split it with a line that is only ---, or give "
            "Bluesky a text of its own in overrides (text:, or segments: for a chain).",
        )
    elif weight > TEXT_BYTES_MAX:
        yield (
            "bluesky/text-too-heavy",
            segment.location,
            f"{named} has {weight:,} bytes for Bluesky and {TEXT_BYTES_MAX:,} are allowed.",
            "Use fewer emoji, or split it with a line that is only ---.",
        )
    if any(isinstance(span, Styled) for span in segment.spans):
        yield (
            "bluesky/style-not-shown",
            segment.location,
            f"Bluesky shows the bold, italic or code words of {named} as plain text.",
            "Nothing to do, if that is fine.",
        )
    for facet in text.facets:
        tag = facet.feature.tag if isinstance(facet.feature, Tagged) else ""
        if graphemes(tag) > TAG_GRAPHEMES_MAX or len(tag.encode()) > TAG_BYTES_MAX:
            yield (
                "bluesky/hashtag-too-long",
                segment.location,
                f"#{tag[:20]}… of {named} is longer than the {TAG_GRAPHEMES_MAX} characters of a tag.",
                "Shorten it, or write a backslash before its #.",
            )


def _of_media(segment: Segment, named: str, server: Server, *, plain: bool, fit: bool) -> Iterator[Found]:
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
