"""The rules for what a post carries: polls, GIFs, links, ghosts, spoilers, audiences, references."""

from __future__ import annotations

from threadsync.model.diagnostic import Severity
from threadsync.model.ids import Json
from threadsync.providers.rules import Rule
from threadsync.providers.threads.pages import (
    ATTACHMENTS,
    CREATE,
    GEO_GATING,
    GHOSTS,
    LOCATIONS,
    POLLS,
    POSTS,
    PUBLISHING,
    REPLIES,
    REPOSTS,
    RETRIEVAL,
    SPOILERS,
)


def _post(text: str = "t", /, **keys: Json) -> dict[str, Json]:
    """Return a sample of one segment; *keys* stand at the top of the post, as an author writes them."""
    return {"segments": [{"text": text}], **keys}


def _picture(**keys: Json) -> dict[str, Json]:
    image: Json = {"format": "JPEG", "width": 1080, "height": 1080, "bytes": 9000, "alt": "a"}
    return {"segments": [{"text": "t", "images": [image]}], **keys}


def _two(**keys: Json) -> dict[str, Json]:
    return {"segments": [{"text": "one"}, {"text": "two"}], **keys}


_POLL: Json = {"options": ["Yes", "No"]}
_LINK = "https://example.org/a"

KIND_RULES: tuple[Rule, ...] = (
    Rule(
        "threads/unsupported",
        "documented",
        PUBLISHING,
        "Threads has nothing of this kind: replies from nobody, posts of another network.",
        _post(who_can_reply="followers"),
        _post(who_can_reply="nobody"),
    ),
    Rule(
        "threads/languages-not-sent",
        "documented",
        PUBLISHING,
        "Threads keeps no languages with a post.",
        _post(),
        _post(langs=["de"]),
        Severity.WARNING,
    ),
    Rule(
        "threads/one-topic",
        "documented",
        POSTS,
        "A post has one topic: topic: of threads:, else the first of tags:.",
        _post(tags=["transit"]),
        _post(tags=["transit", "lifts"]),
        Severity.WARNING,
    ),
    Rule(
        "threads/topic",
        "documented",
        POSTS,
        "A topic has 1 to 50 characters, none of them . or &, and no # in front.",
        _post(tags=["public transport".replace(" ", "-")]),
        _post(tags=["r&d"]),
    ),
    Rule(
        "threads/location",
        "documented",
        LOCATIONS,
        "A place is named by the id that the location search gives it: digits alone.",
        _post(threads={"location": "110001"}),
        _post(threads={"location": "Hafen"}),
    ),
    Rule(
        "threads/number-alone",
        "ours",
        POSTS,
        "number: is for chains; a single post gets none.",
        _two(number="{i}/{n}"),
        _post(number="{i}/{n}"),
        Severity.WARNING,
    ),
    Rule(
        "threads/poll-options",
        "documented",
        POLLS,
        "A poll has 2 to 4 options of 1 to 25 characters.",
        _post(poll={"options": ["a" * 25, "b", "c", "d"]}),
        _post(poll={"options": ["a" * 26, "b"]}),
    ),
    Rule(
        "threads/poll-alone",
        "documented",
        POLLS,
        "A poll goes with neither a link card nor a long text.",
        _post(poll=_POLL),
        _post(poll=_POLL, link=_LINK),
    ),
    Rule(
        "threads/text-only",
        "documented",
        PUBLISHING,
        "A poll, GIF, link card or long text goes with neither pictures nor videos.",
        _picture(),
        _picture(poll=_POLL),
    ),
    Rule(
        "threads/gif-alone",
        "uncertain",
        PUBLISHING,
        "Whether a GIF is shown beside a poll, a link card or a long text is not documented.",
        _post(threads={"gif": "abc"}),
        _post(threads={"gif": "abc"}, link=_LINK),
        Severity.WARNING,
    ),
    Rule(
        "threads/gif-id",
        "documented",
        CREATE,
        "A GIF is named by the id that GIPHY gives it, letters and digits, not by its address.",
        _post(threads={"gif": "l0HlBO7eyXzSZkJri"}),
        _post(threads={"gif": "https://giphy.com/gifs/ramp-l0HlBO7eyXzSZkJri"}),
    ),
    Rule(
        "threads/long-text-empty",
        "documented",
        ATTACHMENTS,
        "A long text holds words; without them Threads would leave it out, its link too.",
        _post(threads={"long_text": {"text": "a", "link": _LINK}}),
        _post(threads={"long_text": {"text": " ", "link": _LINK}}),
    ),
    Rule(
        "threads/long-text-too-long",
        "documented",
        ATTACHMENTS,
        "A long text may have 10,000 characters, the signs of its styles not counted.",
        _post(threads={"long_text": "**" + "a" * 10_000 + "**"}),
        _post(threads={"long_text": "a" * 10_001}),
    ),
    Rule(
        "threads/link-not-public",
        "documented",
        PUBLISHING,
        "A link card leads to a public address.",
        _post(link="https://example.org/a"),
        _post(link="http://localhost:8000/a"),
    ),
    Rule(
        "threads/two-links",
        "documented",
        ATTACHMENTS,
        "A link card stands in the post or in its long text, not in both.",
        _post(threads={"long_text": {"text": "a", "link": _LINK}}),
        _post(threads={"long_text": {"text": "a", "link": _LINK}}, link=_LINK),
    ),
    Rule(
        "threads/ghost-alone",
        "documented",
        GHOSTS,
        "A ghost post has text, and passages hidden in it, and nothing else; it is no reply and no chain.",
        _post(threads={"ghost": True, "spoiler": {"text": ["t"]}}),
        _two(threads={"ghost": True}),
    ),
    Rule(
        "threads/spoiler-media",
        "documented",
        SPOILERS,
        "Only pictures and videos that are there can be hidden.",
        _picture(threads={"spoiler": True}),
        _post(threads={"spoiler": True}),
    ),
    Rule(
        "threads/spoiler-text",
        "documented",
        SPOILERS,
        "A hidden passage stands in the text letter for letter, and no two overlap.",
        _post("It was the gardener.", threads={"spoiler": {"text": ["the gardener"]}}),
        _post("It was the gardener.", threads={"spoiler": {"text": ["the Gardener"]}}),
    ),
    Rule(
        "threads/too-many-spoilers",
        "documented",
        SPOILERS,
        "10 passages of a text may be hidden; one that stands there twice counts twice.",
        _post("x " * 10, threads={"spoiler": {"text": ["x"]}}),
        _post("x " * 11, threads={"spoiler": {"text": ["x"]}}),
    ),
    Rule(
        "threads/countries",
        "documented",
        GEO_GATING,
        "Countries are named by the assigned codes of ISO 3166-1: GB, not UK.",
        _post(threads={"countries": ["GB"]}),
        _post(threads={"countries": ["UK"]}),
    ),
    Rule(
        "threads/repost-alone",
        "documented",
        REPOSTS,
        "A repost has nothing of its own; what says something to it is a quote.",
        {"segments": [{"text": ""}], "repost": "other"},
        _post(repost="other"),
    ),
    Rule(
        "threads/parent-author",
        "ours",
        REPLIES,
        "Replies from the author of what is replied to alone: that is for replies.",
        _post(who_can_reply="parent-author", reply_to="other"),
        _post(who_can_reply="parent-author"),
    ),
    Rule(
        "threads/approvals-on-reply",
        "uncertain",
        CREATE,
        "Whether replies to a reply can be made to wait for approval is not documented.",
        _post(threads={"reply_approvals": True}),
        _post(threads={"reply_approvals": True}, reply_to="other"),
        Severity.WARNING,
    ),
    Rule(
        "threads/undocumented-on-reply",
        "uncertain",
        CREATE,
        "Whether a reply, and so each further segment of a chain, can have a topic, a location, an Instagram "
        "story, or be for some countries only, is not documented.",
        _two(threads={"topic": "transit"}),
        _two(threads={"countries": ["AT"]}),
        Severity.WARNING,
    ),
    Rule(
        "threads/reference",
        "documented",
        RETRIEVAL,
        "By its address a post of this account can be found; one of somebody else is named by its id.",
        _post(quote="https://www.threads.com/@me/post/C0de"),
        _post(quote="https://www.threads.com/@somebody/post/C0de"),
    ),
)
