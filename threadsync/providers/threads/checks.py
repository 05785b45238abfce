"""What Threads would refuse, drop or change, found before anything is sent.

``RULES`` is the table of every rule used; ``tests/providers/threads/test_checks.py`` runs its
samples, so a rule that finds nothing fails there.
"""

from __future__ import annotations

from collections.abc import Iterator

from threadsync.model.capabilities import Capabilities, Look, PictureLimits
from threadsync.model.diagnostic import Diagnostic, Location, Severity
from threadsync.model.ids import Json, TargetName
from threadsync.model.post import Media, Publication, Segment
from threadsync.model.text import Styled
from threadsync.providers.rules import Rule
from threadsync.providers.threads.carrying import Carried, carried_by
from threadsync.providers.threads.checks_kinds import findings
from threadsync.providers.threads.convert import TEXT_MAX, count, links_in, topic_in
from threadsync.providers.threads.pages import ACCESSIBILITY, OVERVIEW, POSTS, PUBLISHING
from threadsync.providers.threads.rules_kinds import KIND_RULES
from threadsync.providers.threads.videos import VIDEO_RULES, faults_of

ALT_CHARACTERS_MAX = 1000
LINKS_MAX = 5
CHILDREN_MAX = 20
IMAGE_BYTES_MAX = 8 * 1024 * 1024
IMAGE_WIDTH_MIN, IMAGE_WIDTH_MAX = 320, 1440
IMAGE_RATIO_MAX = 10.0
IMAGE_FORMATS = ("JPEG", "PNG")
NEAR_LIMIT = 490
LINKS_WITH_MEDIA = 3
"""More links than this beside media were refused once, as a user of the API reported."""
FIT = "With fit: true in the post, threadsync sends a copy that Threads takes as it is."
_CONVERT_MOVING = "Make a video of it (MP4); fit: true cannot (it moves, and a still would lose that)."
_CONVERT_UNREAD = "Convert it; fit: true cannot (its pixels are not read)."

PICTURES = PictureLimits(IMAGE_FORMATS, IMAGE_BYTES_MAX, IMAGE_WIDTH_MIN, IMAGE_WIDTH_MAX)
CAPABILITIES = Capabilities(
    features=frozenset(
        {
            *("text", "image", "video", "carousel", "chain", "number", "fit", "poll", "gif", "link", "quote"),
            *("reply_to", "repost", "who_can_reply", "tags", "topic", "location", "ghost", "reply_approvals"),
            *("countries", "spoiler", "long_text", "instagram_story"),
        }
    ),
    fetches_media=True,
    pictures=PICTURES,
    permalink_characters_max=100,
    counts=("views", "likes", "replies", "reposts", "quotes", "shares"),
    # Several are a row to be swiped. How much is cut is not documented; 9:16 is advised for videos
    # (developers.facebook.com/docs/threads/overview), so that is taken to be shown whole.
    look=Look(grid_max=1, tallest=16 / 9),
)


def _text(text: str) -> dict[str, Json]:
    return {"segments": [{"text": text}]}


def _links(count: int) -> str:
    return " ".join(f"https://example.org/{n}" for n in range(count))


def _image(
    form: str = "JPEG", width: int = 1080, height: int = 1080, size: int = 9000, alt: str = "a"
) -> Json:
    return {"format": form, "width": width, "height": height, "bytes": size, "alt": alt}


def _images(*images: Json) -> dict[str, Json]:
    return {"segments": [{"text": "t", "images": list(images)}]}


RULES: tuple[Rule, ...] = (
    Rule(
        "threads/empty",
        "documented",
        PUBLISHING,
        "A segment needs text, a picture, a video or a link card; a poll or a GIF needs text too.",
        _text("x"),
        _text(""),
    ),
    Rule(
        "threads/text-too-long",
        "uncertain",
        POSTS,
        "A segment may have 500 characters; how Threads counts them is the setting text_count.",
        _text("x" * 500),
        _text("x" * 501),
    ),
    Rule(
        "threads/text-near-limit",
        "uncertain",
        POSTS,
        "Close to the limit, text with characters beyond ASCII may be counted longer than we count it.",
        _text("x" * 495),
        _text("é" * 495),
        Severity.WARNING,
    ),
    Rule(
        "threads/too-many-links",
        "documented",
        POSTS,
        "A segment may hold 5 different links.",
        _text(_links(5)),
        _text(_links(6)),
    ),
    Rule(
        "threads/links-with-media",
        "reported",
        "github.com/gitroomhq/postiz-app/issues/1203",
        "Posts with pictures or videos and more than 3 different links were refused.",
        {"segments": [{"text": _links(3), "images": [_image()]}]},
        {"segments": [{"text": _links(4), "images": [_image()]}]},
        Severity.WARNING,
    ),
    Rule(
        "threads/style-not-shown",
        "documented",
        POSTS,
        "Threads shows no bold, italic or code in a post's text.",
        _text("plain"),
        _text("a **bold** word"),
        Severity.WARNING,
    ),
    Rule(
        "threads/hashtag-is-topic",
        "documented",
        POSTS,
        "Without topic: or tags:, the first #word of a segment becomes its topic and is shown without #, "
        "also where a backslash stands before it.",
        _text("no tag"),
        _text("a #tag"),
        Severity.WARNING,
    ),
    Rule(
        "threads/too-many-pictures",
        "documented",
        PUBLISHING,
        "A carousel holds 2 to 20 pictures and videos.",
        _images(*[_image()] * 20),
        _images(*[_image()] * 21),
    ),
    Rule(
        "threads/alt-too-long",
        "documented",
        ACCESSIBILITY,
        "An alternative text may have 1,000 characters.",
        _images(_image(alt="a" * 1000)),
        _images(_image(alt="a" * 1001)),
    ),
    Rule(
        "threads/alt-missing",
        "ours",
        ACCESSIBILITY,
        "A picture or video without an alternative text says nothing to people who cannot see it.",
        _images(_image()),
        _images(_image(alt="")),
        Severity.WARNING,
    ),
    Rule(
        "threads/picture-format",
        "documented",
        OVERVIEW,
        "Pictures are JPEG or PNG.",
        _images(_image("PNG")),
        _images(_image("WEBP")),
    ),
    Rule(
        "threads/picture-bytes",
        "documented",
        OVERVIEW,
        "A picture may have 8 MB.",
        _images(_image(size=IMAGE_BYTES_MAX)),
        _images(_image(size=IMAGE_BYTES_MAX + 1)),
    ),
    Rule(
        "threads/picture-ratio",
        "documented",
        OVERVIEW,
        "A picture may be at most ten times as long one way as the other.",
        _images(_image(width=1000, height=100)),
        _images(_image(width=1010, height=100)),
    ),
    Rule(
        "threads/picture-scaled",
        "documented",
        OVERVIEW,
        "Threads scales pictures narrower than 320 or wider than 1440 pixels into that range.",
        _images(_image(width=1440, height=1000)),
        _images(_image(width=1441, height=1000)),
        Severity.WARNING,
    ),
    *VIDEO_RULES,
    *KIND_RULES,
)
_SEVERITY = {rule.id: rule.severity for rule in RULES}


def check(
    publication: Publication, texts: tuple[str, ...], count_rule: str, account: str | None = None
) -> list[Diagnostic]:
    """Find everything wrong with *publication*; *texts* are its segments as Threads gets them.

    *account* is the handle or id that the target declares, if it does.
    """
    carries = [carried_by(publication, index) for index in range(len(publication.segments))]
    found = [_finding(*each) for each in findings(publication, texts, carries, account)]
    for index, (segment, text) in enumerate(zip(publication.segments, texts, strict=True)):
        named = f"segment {index + 1}" if len(publication.segments) > 1 else "this post"
        if publication.repost is None:
            found += _text_findings(segment, carries[index], text, named, count_rule)
            found += _media_findings(segment, publication.address.target, named, fit=publication.control.fit)
    return found


def _finding(rule: str, location: Location, problem: str, remedy: str) -> Diagnostic:
    return Diagnostic(location, rule, problem, remedy, _SEVERITY[rule])


def _text_findings(
    segment: Segment, carried: Carried, text: str, named: str, count_rule: str
) -> Iterator[Diagnostic]:
    if not text.strip() and not segment.media and not carried.link:
        yield _finding(
            "threads/empty",
            segment.location,
            f"{named} has neither text nor a picture or video.",
            "Write something (a poll, a GIF, a quote and a long text need words too), or remove it.",
        )
    length = count(text, count_rule)
    if length > TEXT_MAX:
        over = length - TEXT_MAX
        yield _finding(
            "threads/text-too-long",
            segment.location,
            f"{named} has {length} characters for Threads and {TEXT_MAX} are allowed.",
            f"Shorten it by {over}, split it with a line that is only ---, or give Threads a text of its "
            "own in overrides (text:, or segments: for a chain).",
        )
    elif length > NEAR_LIMIT and not text.isascii():
        yield _finding(
            "threads/text-near-limit",
            segment.location,
            f"{named} has {length} of {TEXT_MAX} characters, some beyond ASCII; Threads may count more.",
            "Shorten it a little to be safe.",
        )
    cards = filter(None, (carried.link, carried.long_text_link))
    links = tuple(dict.fromkeys((*links_in(text), *cards)))
    if len(links) > LINKS_MAX:
        yield _finding(
            "threads/too-many-links",
            segment.location,
            f"{named} has {len(links)} different links and Threads allows {LINKS_MAX}.",
            "Take some out, or split it into segments.",
        )
    elif segment.media and len(links) > LINKS_WITH_MEDIA:
        yield _finding(
            "threads/links-with-media",
            segment.location,
            f"{named} has pictures or videos and {len(links)} different links; a user saw Threads refuse "
            f"more than {LINKS_WITH_MEDIA}.",
            "Nothing to do, if it goes out; else put some links into a segment of their own.",
        )
    if any(isinstance(span, Styled) for span in segment.spans):
        yield _finding(
            "threads/style-not-shown",
            segment.location,
            f"Threads shows the bold, italic or code words of {named} as plain text.",
            "Nothing to do, if that is fine.",
        )
    topic = topic_in(text)
    if topic and not carried.topic:
        yield _finding(
            "threads/hashtag-is-topic",
            segment.location,
            f"Threads makes #{topic} the topic of {named} and shows it without #.",
            "Nothing to do, if that is fine; topic: of threads: names another topic, and the # stays.",
        )


def _media_findings(segment: Segment, target: TargetName, named: str, *, fit: bool) -> Iterator[Diagnostic]:
    if len(segment.media) > CHILDREN_MAX:
        yield _finding(
            "threads/too-many-pictures",
            segment.media[CHILDREN_MAX].location,
            f"{named} has {len(segment.media)} pictures and videos, and a carousel holds {CHILDREN_MAX}.",
            f"Spread them over segments, with a line that is only --- between them; take out "
            f"{len(segment.media) - CHILDREN_MAX}; or give Threads segments of its own: "
            f"overrides: {{{target}: {{segments: […]}}}}.",
        )
    for item in segment.media:
        if item.captions:
            yield _finding(
                "threads/captions",
                item.location,
                f"{item.path} has captions, which Threads does not take.",
                f"Burn them into the film, or give Threads media of its own: overrides: {{{target}: "
                "{media: […]}}.",
            )
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
                "Say in a sentence what it shows: ![what it shows](file).",
            )
        if item.facts.kind == "video":
            for rule, problem, remedy in faults_of(item):
                yield _finding(rule, item.location, problem, remedy)
        else:
            yield from _picture_findings(item, fit=fit)


def _picture_findings(item: Media, *, fit: bool) -> Iterator[Diagnostic]:
    facts = item.facts
    # What fitting mends is no fault any more; what it cannot do (crop, read HEIC, keep movement) still is.
    can_fit = PICTURES.needs_fitting(facts)
    fitted = fit and can_fit
    if facts.format not in IMAGE_FORMATS and not fitted:
        kind = f"a {facts.format} file" if facts.format else "no picture"
        yield _finding(
            "threads/picture-format",
            item.location,
            f"{item.path} is {kind}, and Threads takes JPEG and PNG.",
            FIT if can_fit else _CONVERT_MOVING if facts.animated else _CONVERT_UNREAD,
        )
    if not facts.format:
        return
    if facts.size_bytes > IMAGE_BYTES_MAX and not fitted:
        yield _finding(
            "threads/picture-bytes",
            item.location,
            f"{item.path} has {facts.size_bytes:,} bytes and Threads takes {IMAGE_BYTES_MAX:,}.",
            "Save it smaller: fewer pixels or a lower quality." + (f" {FIT}" if can_fit else ""),
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
    takes = facts.format in IMAGE_FORMATS  # of what it refuses anyway, the width is no news
    if takes and not IMAGE_WIDTH_MIN <= facts.width <= IMAGE_WIDTH_MAX and not fitted:
        yield _finding(
            "threads/picture-scaled",
            item.location,
            f"{item.path} is {facts.width} pixels wide; Threads scales it to between "
            f"{IMAGE_WIDTH_MIN} and {IMAGE_WIDTH_MAX}.",
            "Nothing to do, if that is fine." + (f" {FIT}" if can_fit else ""),
        )
