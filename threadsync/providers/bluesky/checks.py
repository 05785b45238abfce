"""What Bluesky would refuse, drop or change, found before anything is sent.

``RULES`` is the table of every rule used; ``tests/providers/bluesky/test_checks.py`` runs its samples.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from threadsync.model.capabilities import Capabilities, Look
from threadsync.model.diagnostic import Diagnostic, Location, Severity
from threadsync.model.ids import Json
from threadsync.model.post import Publication, Segment
from threadsync.model.text import Styled
from threadsync.providers.bluesky.checks_pictures import IMAGE, PICTURE_RULES, of_media
from threadsync.providers.bluesky.checks_references import REFERENCE_RULES, mentions, references
from threadsync.providers.bluesky.checks_video import VIDEO_RULES
from threadsync.providers.bluesky.convert import records_of
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
    SERVER,
    SERVERS,
    THUMBS,
    Server,
)
from threadsync.providers.rules import Found, Rule

POST_LEXICON = "https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/feed/post.json"
GATES = "https://docs.bsky.app/docs/tutorials/thread-gates"
RICH_TEXT = "https://docs.bsky.app/docs/advanced-guides/post-richtext"

WRITES_MAX = 200
RECORD_BYTES = 540
"""What a post of a chain is in a write besides its text: keys, times, the two posts that it replies to."""
LANGS_MAX = 3
TAGS_MAX = 8
_LANGUAGE = re.compile(
    # https://www.rfc-editor.org/rfc/rfc5646#section-2.1
    "(?:[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4,8})(?:-[a-z]{4})?(?:-(?:[a-z]{2}|[0-9]{3}))?"
    "(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*(?:-[a-wyz0-9](?:-[a-z0-9]{2,8})+)*(?:-x(?:-[a-z0-9]{1,8})+)?",
    re.IGNORECASE,
)
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
    names_account=True,
    finds_accounts=True,
    # https://github.com/bluesky-social/social-app/issues/673
    replaces_because="readers' apps go on showing the first words of a post that is edited",
    pictures=SERVERS[CURRENT].pictures,
    thumbs=THUMBS,
    permalink_characters_max=80,
    counts=("likes", "replies", "reposts", "quotes"),
    quota_of_publish=POINTS,
    quota_takes=CREATE,
    quota_of_reply=POINTS,
    quota_of_delete="",  # it takes a point, which the ledger counts; no plan waits for that
    look=Look(grid_max=4, tallest=2.0),
)


def capabilities_of(server: Server) -> Capabilities:
    """Return what may be planned on a server of this generation."""
    return replace(CAPABILITIES, pictures=server.pictures)


def _text(text: str, **keys: Json) -> dict[str, Json]:
    return {"segments": [{"text": text}], **keys}


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
        "bluesky/language-form",
        "documented",
        POST_LEXICON,
        "Languages are BCP 47 tags: a language, then script, region and variants if need be.",
        _text("x", langs=["zh-Hant-TW", "es-419", "de-1996", "sl-rozaj", "en-x-lift"]),
        _text("x", langs=["en-1"]),
    ),
    Rule(
        "bluesky/link-beside-media",
        "documented",
        POST_LEXICON,
        "A segment shows pictures or a link card, not both: it has one embed.",
        _text("x", link="https://example.org/lifts"),
        {"segments": [{"text": "t", "link": "https://example.org/lifts", "images": [IMAGE]}]},
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
    Rule(
        "bluesky/too-much-at-once",
        "observed",
        "https://docs.bsky.app/docs/api/com-atproto-repo-apply-writes",
        "A chain is one write of at most 200 records: its segments, and who may reply to it and quote it. The"
        " write may have 1 MB, on servers of the generation `pds-0.4` 150 kB.",
        {"segments": [{"text": "x"}] * 100, "bluesky": {"quotes": "nobody"}},
        {"segments": [{"text": "x"}] * 101, "bluesky": {"quotes": "nobody"}},
    ),
    *PICTURE_RULES,
    *REFERENCE_RULES,
    *VIDEO_RULES,
)
_SEVERITY = {rule.id: rule.severity for rule in RULES}


def check(
    publication: Publication, texts: Sequence[RichText], server: Server, *, plain: bool = False
) -> list[Diagnostic]:
    """Find everything wrong with *publication*; *texts* are its segments as Bluesky gets them.

    *plain* says that films go to the server as they are, not to the video service.
    """
    found = [*_of_post(publication), *_of_write(publication, texts, server), *references(publication)]
    if publication.repost is None:
        for index, (segment, text) in enumerate(zip(publication.segments, texts, strict=True)):
            named = f"segment {index + 1}" if len(texts) > 1 else "this post"
            found += [*_of_text(segment, text, named), *mentions(segment, text, named)]
            found += of_media(segment, named, server, plain=plain, fit=publication.control.fit)
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
    for lang in publication.langs:
        if _LANGUAGE.fullmatch(lang) is None:
            yield (
                "bluesky/language-form",
                at("langs"),
                f"{lang!r} is no BCP 47 tag, and Bluesky takes no other.",
                "Write one like en, pt-BR or zh-Hant.",
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


def _of_write(publication: Publication, texts: Sequence[RichText], server: Server) -> Iterator[Found]:
    """Find out whether all of it can go out in one write, as it must."""
    records = sum(records_of(publication, index) for index in range(len(publication.segments)))
    size = records * RECORD_BYTES + sum(len(text.text.encode()) for text in texts)
    problem = ""
    if records > WRITES_MAX:
        problem = f"the chain is {records} records with its gates, and Bluesky writes {WRITES_MAX} at once."
    elif size > server.write_bytes_max:
        problem = (
            f"the chain is one write of about {size // 1000} kB, and the server ({SERVER}: {server.name}) "
            f"takes {server.write_bytes_max // 1000} kB at once."
        )
    if problem:
        yield (
            "bluesky/too-much-at-once",
            publication.location,
            problem,
            "Make several posts of it; the further ones reply to the first (reply_to).",
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
