"""What Threads would refuse, drop or change, found before anything is sent.

``RULES`` is the table of every rule used; ``tests/providers/threads/test_checks.py`` runs its
samples, so a rule that finds nothing fails there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from threadsync.model.capabilities import Capabilities
from threadsync.model.diagnostic import Diagnostic, Location, Severity
from threadsync.model.ids import Json
from threadsync.model.post import Media, Publication, RemoteRef, Segment
from threadsync.model.text import Hashtag, Styled
from threadsync.providers.threads.convert import TEXT_MAX, count, links_in

ALT_CHARACTERS_MAX = 1000
LINKS_MAX = 5
CHILDREN_MAX = 20
IMAGE_BYTES_MAX = 8 * 1024 * 1024
IMAGE_WIDTH_MIN, IMAGE_WIDTH_MAX = 320, 1440
IMAGE_RATIO_MAX = 10.0
IMAGE_FORMATS = ("JPEG", "PNG")
NEAR_LIMIT = 490

CAPABILITIES = Capabilities(
    features=frozenset({"text", "image", "carousel", "chain", "reply_to"}),
    fetches_media=True,
    permalink_characters_max=100,
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: a stable id, how sure the fact is, where it is documented, and two samples.

    A sample is a list of segments; each may have ``text``, ``images`` (format, width, height,
    bytes, alt) and further keys of the post format.
    """

    id: str
    mark: str
    source: str
    meaning: str
    good: Mapping[str, Json]
    bad: Mapping[str, Json]
    severity: Severity = Severity.ERROR


_POSTS = "developers.facebook.com/docs/threads/posts"
_PUBLISHING = "developers.facebook.com/docs/threads/reference/publishing"
_OVERVIEW = "developers.facebook.com/docs/threads/overview"


def _text(text: str) -> dict[str, Json]:
    return {"segments": [{"text": text}]}


def _image(
    form: str = "JPEG", width: int = 1080, height: int = 1080, size: int = 9000, alt: str = "a"
) -> Json:
    return {"format": form, "width": width, "height": height, "bytes": size, "alt": alt}


def _images(*images: Json) -> dict[str, Json]:
    return {"segments": [{"text": "t", "images": list(images)}]}


RULES: tuple[Rule, ...] = (
    Rule(
        "threads/unsupported",
        "ours",
        _PUBLISHING,
        "This version cannot publish this kind of content on Threads.",
        _text("plain"),
        {"segments": [{"text": "t", "poll": {"options": ["a", "b"]}}]},
    ),
    Rule(
        "threads/empty",
        "documented",
        _PUBLISHING,
        "A segment needs text or a picture.",
        _text("x"),
        _text(""),
    ),
    Rule(
        "threads/text-too-long",
        "uncertain",
        _POSTS,
        "A segment may have 500 characters; how Threads counts them is the setting text_count.",
        _text("x" * 500),
        _text("x" * 501),
    ),
    Rule(
        "threads/text-near-limit",
        "uncertain",
        _POSTS,
        "Close to the limit, text with characters beyond ASCII may be counted longer than we count it.",
        _text("x" * 495),
        _text("é" * 495),
        Severity.WARNING,
    ),
    Rule(
        "threads/too-many-links",
        "documented",
        _POSTS,
        "A segment may hold 5 different links.",
        _text(" ".join(f"https://example.org/{n}" for n in range(5))),
        _text(" ".join(f"https://example.org/{n}" for n in range(6))),
    ),
    Rule(
        "threads/style-not-shown",
        "documented",
        _POSTS,
        "Threads shows no bold, italic or code in a post's text.",
        _text("plain"),
        _text("a **bold** word"),
        Severity.WARNING,
    ),
    Rule(
        "threads/hashtag-is-topic",
        "documented",
        _POSTS,
        "The first # of a segment becomes its topic and is shown without #.",
        _text("no tag"),
        _text("a #tag"),
        Severity.WARNING,
    ),
    Rule(
        "threads/too-many-pictures",
        "documented",
        _PUBLISHING,
        "A carousel holds 2 to 20 pictures.",
        _images(*[_image()] * 20),
        _images(*[_image()] * 21),
    ),
    Rule(
        "threads/alt-too-long",
        "documented",
        "developers.facebook.com/docs/threads/posts/accessibility",
        "An alternative text may have 1,000 characters.",
        _images(_image(alt="a" * 1000)),
        _images(_image(alt="a" * 1001)),
    ),
    Rule(
        "threads/alt-missing",
        "ours",
        "developers.facebook.com/docs/threads/posts/accessibility",
        "A picture without an alternative text says nothing to people who cannot see it.",
        _images(_image()),
        _images(_image(alt="")),
        Severity.WARNING,
    ),
    Rule(
        "threads/picture-format",
        "documented",
        _OVERVIEW,
        "Pictures are JPEG or PNG.",
        _images(_image("PNG")),
        _images(_image("WEBP")),
    ),
    Rule(
        "threads/picture-bytes",
        "documented",
        _OVERVIEW,
        "A picture may have 8 MB.",
        _images(_image(size=IMAGE_BYTES_MAX)),
        _images(_image(size=IMAGE_BYTES_MAX + 1)),
    ),
    Rule(
        "threads/picture-ratio",
        "documented",
        _OVERVIEW,
        "A picture may be at most ten times as long one way as the other.",
        _images(_image(width=1000, height=100)),
        _images(_image(width=1010, height=100)),
    ),
    Rule(
        "threads/picture-scaled",
        "documented",
        _OVERVIEW,
        "Threads scales pictures narrower than 320 or wider than 1440 pixels into that range.",
        _images(_image(width=1440, height=1000)),
        _images(_image(width=1441, height=1000)),
        Severity.WARNING,
    ),
)
_SEVERITY = {rule.id: rule.severity for rule in RULES}


def check(publication: Publication, texts: tuple[str, ...], count_rule: str) -> list[Diagnostic]:
    """Find everything wrong with *publication*; *texts* are its segments as Threads gets them."""
    found = list(_unsupported(publication))
    for number, (segment, text) in enumerate(zip(publication.segments, texts, strict=True), start=1):
        named = f"segment {number}" if len(publication.segments) > 1 else "this post"
        found += _text_findings(segment, text, named, count_rule)
        found += _media_findings(segment, named)
    return found


def _finding(rule: str, location: Location, problem: str, remedy: str) -> Diagnostic:
    return Diagnostic(location, rule, problem, remedy, _SEVERITY[rule])


def _unsupported(publication: Publication) -> Iterator[Diagnostic]:
    target = publication.address.target

    def finding(key: str, location: Location) -> Diagnostic:
        return _finding(
            "threads/unsupported",
            location,
            f"{key} cannot be published on {target} by this version of threadsync.",
            f"Leave it out there (overrides: {{{target}: {{{key}: null}}}}) or drop {target} from targets.",
        )

    at = publication.key_locations
    whole: dict[str, object] = {
        "repost": publication.repost,
        "who_can_reply": publication.who_can_reply,
        "tags": publication.tags,
        "langs": publication.langs,
        "number": publication.number,
        "fit": publication.control.fit,
        "threads": dict(publication.options),
    }
    for key, value in whole.items():
        if value and key not in CAPABILITIES.features:
            yield finding(key, at.get(key, publication.location))
    if isinstance(publication.reply_to, RemoteRef):
        yield finding("reply_to", at.get("reply_to", publication.location))
    for segment in publication.segments:
        parts = {"poll": segment.poll, "quote": segment.quote, "link": segment.link}
        for key, part in parts.items():
            if part and key not in CAPABILITIES.features:
                yield finding(key, at.get(key, segment.location))
        if segment.options:
            yield finding("threads", segment.location)
        for item in segment.media:
            if item.facts.kind == "video":
                yield finding("media", item.location)


def _text_findings(segment: Segment, text: str, named: str, count_rule: str) -> Iterator[Diagnostic]:
    if not text.strip() and not segment.media:
        yield _finding(
            "threads/empty",
            segment.location,
            f"{named} has neither text nor a picture.",
            "Write something, or remove it.",
        )
    length = count(text, count_rule)
    if length > TEXT_MAX:
        over = length - TEXT_MAX
        yield _finding(
            "threads/text-too-long",
            segment.location,
            f"{named} has {length} characters for Threads and {TEXT_MAX} are allowed.",
            f"Shorten it by {over}, split it with a line that is only ---, or give Threads a text of its "
            "own in overrides.",
        )
    elif length > NEAR_LIMIT and not text.isascii():
        yield _finding(
            "threads/text-near-limit",
            segment.location,
            f"{named} has {length} of {TEXT_MAX} characters, some beyond ASCII; Threads may count more.",
            "Shorten it a little to be safe.",
        )
    links = links_in(text)
    if len(links) > LINKS_MAX:
        yield _finding(
            "threads/too-many-links",
            segment.location,
            f"{named} has {len(links)} different links and Threads allows {LINKS_MAX}.",
            "Take some out, or split it into segments.",
        )
    if any(isinstance(span, Styled) for span in segment.spans):
        yield _finding(
            "threads/style-not-shown",
            segment.location,
            f"Threads shows the bold, italic or code words of {named} as plain text.",
            "Nothing to do, if that is fine.",
        )
    tags = [span.tag for span in segment.spans if isinstance(span, Hashtag)]
    if tags:
        yield _finding(
            "threads/hashtag-is-topic",
            segment.location,
            f"Threads makes #{tags[0]} the topic of {named} and shows it without #.",
            "Nothing to do, if that is fine; write \\# for a plain sign.",
        )


def _media_findings(segment: Segment, named: str) -> Iterator[Diagnostic]:
    if len(segment.media) > CHILDREN_MAX:
        yield _finding(
            "threads/too-many-pictures",
            segment.media[CHILDREN_MAX].location,
            f"{named} has {len(segment.media)} pictures and a carousel holds {CHILDREN_MAX}.",
            "Spread them over segments, or take some out.",
        )
    for item in segment.media:
        if len(item.alt) > ALT_CHARACTERS_MAX:
            yield _finding(
                "threads/alt-too-long",
                item.location,
                f"the alternative text of {item.path} has {len(item.alt)} characters and "
                f"{ALT_CHARACTERS_MAX} are allowed.",
                "Shorten it.",
            )
        if not item.alt.strip():
            yield _finding(
                "threads/alt-missing",
                item.location,
                f"{item.path} has no alternative text.",
                "Say in a sentence what the picture shows: ![what it shows](file).",
            )
        if item.facts.kind != "video":
            yield from _picture_findings(item)


def _picture_findings(item: Media) -> Iterator[Diagnostic]:
    facts = item.facts
    if facts.format not in IMAGE_FORMATS:
        yield _finding(
            "threads/picture-format",
            item.location,
            f"{item.path} is {f'a {facts.format} file' if facts.format else 'no picture'}, and Threads takes "
            "JPEG and PNG.",
            "Convert it.",
        )
    if not facts.format:
        return
    if facts.size_bytes > IMAGE_BYTES_MAX:
        yield _finding(
            "threads/picture-bytes",
            item.location,
            f"{item.path} has {facts.size_bytes:,} bytes and Threads takes {IMAGE_BYTES_MAX:,}.",
            "Save it smaller: fewer pixels or a lower quality.",
        )
    if not facts.width:  # of this format the size in pixels is not read
        return
    longer, shorter = max(facts.width, facts.height), max(1, min(facts.width, facts.height))
    if longer / shorter > IMAGE_RATIO_MAX:
        yield _finding(
            "threads/picture-ratio",
            item.location,
            f"{item.path} is {facts.width} × {facts.height} pixels; Threads takes at most 10 to 1.",
            "Crop it.",
        )
    if not IMAGE_WIDTH_MIN <= facts.width <= IMAGE_WIDTH_MAX:
        yield _finding(
            "threads/picture-scaled",
            item.location,
            f"{item.path} is {facts.width} pixels wide; Threads scales it to between "
            f"{IMAGE_WIDTH_MIN} and {IMAGE_WIDTH_MAX}.",
            "Nothing to do, if that is fine.",
        )
