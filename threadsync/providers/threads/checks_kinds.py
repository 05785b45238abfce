"""What Threads would refuse or drop of what a post carries; the rules are those of ``rules_kinds``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from threadsync.model.diagnostic import Location
from threadsync.model.post import Publication, Segment
from threadsync.providers.rules import Found
from threadsync.providers.threads.carrying import (
    REPLY_CONTROLS,
    Carried,
    options_of,
)
from threadsync.providers.threads.checks_references import references
from threadsync.providers.threads.checks_spoilers import spoilers
from threadsync.providers.threads.convert import is_public
from threadsync.providers.threads.countries import COUNTRIES

POLL_OPTIONS_MAX = 4
POLL_OPTION_CHARACTERS_MAX = 25
TOPIC_CHARACTERS_MAX = 50
TOPIC_SIGNS_REFUSED = ".&"
LONG_TEXT_CHARACTERS_MAX = 10_000
_ID_OF_A_GIF = re.compile(r"[A-Za-z0-9]+")


def findings(
    publication: Publication, texts: Sequence[str], carries: Sequence[Carried], account: str | None
) -> Iterator[Found]:
    """Find everything wrong with what *publication* carries; *account* is the target's, if it is declared.

    *texts* and *carries* are what each segment says and carries.
    """
    yield from _whole(publication)
    yield from references(publication, account)
    if publication.repost is not None:
        yield from _repost(publication)
        return
    for index, (segment, text, carried) in enumerate(zip(publication.segments, texts, carries, strict=True)):
        named = f"segment {index + 1}" if len(carries) > 1 else "this post"
        at = _places(publication, index)
        for check in (_topic,) if carried.is_plain else _OF_A_SEGMENT:
            for rule, key, problem, remedy in check(segment, carried, text, named):
                yield rule, at(key), problem, remedy
        yield from _ghost(publication, index, carried, at("ghost"))
        if carried.approves_replies and (publication.reply_to is not None or index > 0):
            yield (
                "threads/approvals-on-reply",
                at("reply_approvals"),
                f"{named} is a reply; Threads does not say whether replies to it can wait for approval.",
                "Look at the post in the app after it is published, or leave it out.",
            )
    yield from _on_replies(publication, carries)


def _on_replies(publication: Publication, every: Sequence[Carried]) -> Iterator[Found]:
    """Tell once of what the documentation shows on posts, and leaves open on replies."""
    found: dict[str, Location] = {}
    first = 0 if publication.reply_to is not None else 1
    for segment, carried in list(zip(publication.segments, every, strict=True))[first:]:
        if carried.is_plain and not carried.topic:
            continue
        more = {
            "a topic": carried.topic,
            "a location": carried.location,
            "an Instagram story": carried.instagram_story,
            "a list of countries": carried.countries,
        }
        top = publication.key_locations.get("threads", segment.location)
        here = segment.location if segment.options else top
        found = {**dict.fromkeys((name for name, value in more.items() if value), here), **found}
    if found:
        who = "each segment behind the first" if first else "this post"
        yield (
            "threads/undocumented-on-reply",
            min(found.values()),
            f"{who} is a reply; Threads does not say whether a reply can have {', '.join(found)}.",
            "Look at the post in the app after it is published, or leave it out.",
        )


def _places(publication: Publication, index: int) -> Callable[[str], Location]:
    """Return where a key of a segment stands: at the top of the post for the first one, else the segment."""
    segment, top = publication.segments[index], publication.key_locations

    def at(key: str) -> Location:
        outer = key if key in {"poll", "link", "quote"} else "threads"
        if key == "topic" and not options_of(publication, index).get("topic"):
            outer = "tags"
        return top.get(outer, segment.location) if index == 0 else segment.location

    return at


def _whole(publication: Publication) -> Iterator[Found]:
    at, here = publication.key_locations, publication.location
    target = publication.address.target
    if publication.who_can_reply is not None and publication.who_can_reply not in REPLY_CONTROLS:
        yield (
            "threads/unsupported",
            at.get("who_can_reply", here),
            f"Threads has no way to let {publication.who_can_reply} reply.",
            f"Choose one of {', '.join(REPLY_CONTROLS)} there "
            f"(overrides: {{{target}: {{who_can_reply: mentioned}}}}), or drop {target} from targets.",
        )
    if publication.who_can_reply == "parent-author" and publication.reply_to is None:
        yield (
            "threads/parent-author",
            at.get("who_can_reply", here),
            "this post replies to nobody, so nobody could reply to it.",
            "Choose mentioned or following, or say with reply_to: what it replies to.",
        )
    if publication.langs:
        yield (
            "threads/languages-not-sent",
            at.get("langs", here),
            "Threads keeps no languages with a post.",
            "Nothing to do, if that is fine.",
        )
    unsent = publication.tags if _topic_of(publication) else publication.tags[1:]
    if unsent:
        yield (
            "threads/one-topic",
            at.get("tags", here),
            f"Threads takes one topic, so these tags are not sent: {', '.join(unsent)}.",
            "Nothing to do, if that is fine; topic: of threads: chooses the topic.",
        )
    alone = publication.number is not None and len(publication.segments) == 1
    if alone and at.get("number", here).file == here.file:
        yield (
            "threads/number-alone",
            at.get("number", here),
            "this post has one segment, so it gets no number.",
            "Take number: out, or part the post with a line that is only ---.",
        )


def _topic_of(publication: Publication) -> bool:
    return bool(options_of(publication, 0).get("topic"))


def _repost(publication: Publication) -> Iterator[Found]:
    first = publication.segments[0]
    more = {
        "text": first.source,
        "pictures or videos": first.media,
        "several segments": publication.segments[1:],
        "link": first.link,
        "poll": first.poll,
        "quote": first.quote,
        "reply_to": publication.reply_to,
        "who_can_reply": publication.who_can_reply not in {None, "everyone"},
        "tags": publication.tags,
        "threads": options_of(publication, 0),
    }
    found = [name for name, value in more.items() if value]
    if found:
        yield (
            "threads/repost-alone",
            publication.key_locations.get("repost", publication.location),
            f"a repost has nothing of its own, and this one has: {', '.join(found)}.",
            "Take that out, or write quote: in the place of repost:.",
        )


_Parts = Iterator[tuple[str, str, str, str]]
"""Rule, the key it is about, problem and remedy."""


def _poll(segment: Segment, carried: Carried, text: str, named: str) -> _Parts:
    if not carried.poll:
        return
    if len(carried.poll) > POLL_OPTIONS_MAX:
        yield (
            "threads/poll-options",
            "poll",
            f"the poll of {named} has {len(carried.poll)} options and Threads takes {POLL_OPTIONS_MAX}.",
            f"Take out {len(carried.poll) - POLL_OPTIONS_MAX}, or give Threads another poll (overrides).",
        )
    if not all(option.strip() for option in carried.poll):
        yield (
            "threads/poll-options",
            "poll",
            f"the poll of {named} has an option of blanks.",
            "Write a word there.",
        )
    for option in carried.poll:
        over = len(option) - POLL_OPTION_CHARACTERS_MAX
        if over > 0:
            yield (
                "threads/poll-options",
                "poll",
                f'the option "{option}" has {len(option)} characters and {POLL_OPTION_CHARACTERS_MAX} are '
                "allowed.",
                f"Shorten it by {over}.",
            )
    beside = [name for name, value in _attachments(carried).items() if value and name not in {"poll", "gif"}]
    if beside:
        yield (
            "threads/poll-alone",
            "poll",
            f"{named} has a poll and {' and '.join(beside)}, and Threads takes one of them.",
            "Put them into segments of their own.",
        )


def _attachments(carried: Carried) -> Mapping[str, object]:
    return {
        "poll": carried.poll,
        "gif": carried.gif_id,
        "link": carried.link,
        "long_text": carried.long_text,
    }


def _gif(segment: Segment, carried: Carried, text: str, named: str) -> _Parts:
    if carried.gif_id and not _ID_OF_A_GIF.fullmatch(carried.gif_id):
        yield (
            "threads/gif-id",
            "gif",
            f'"{carried.gif_id}" is no id of a GIF.',
            "Write the id alone: the letters and digits behind the last hyphen of its address on giphy.com.",
        )
    beside = [name for name, value in _attachments(carried).items() if value and name != "gif"]
    if carried.gif_id and beside:
        yield (
            "threads/gif-alone",
            "gif",
            f"{named} has a GIF and {' and '.join(beside)}; whether Threads shows both is not documented.",
            "Put them into segments of their own to be safe.",
        )


def _long_text(segment: Segment, carried: Carried, text: str, named: str) -> _Parts:
    if carried.long_text is None:
        return
    if not carried.long_text.text.strip():
        yield (
            "threads/long-text-empty",
            "long_text",
            f"the long text of {named} holds no words, and Threads would leave it out.",
            "Write something there, or take long_text: out.",
        )
    over = len(carried.long_text.text) - LONG_TEXT_CHARACTERS_MAX
    if over > 0:
        yield (
            "threads/long-text-too-long",
            "long_text",
            f"the long text of {named} has {len(carried.long_text.text):,} characters and "
            f"{LONG_TEXT_CHARACTERS_MAX:,} are allowed.",
            f"Shorten it by {over:,}, or give another segment the rest.",
        )
    if carried.link and carried.long_text_link:
        yield (
            "threads/two-links",
            "link",
            f"{named} has a link card and another one in its long text, and Threads takes one.",
            "Take one of them out.",
        )


def _cards(segment: Segment, carried: Carried, text: str, named: str) -> _Parts:
    for key, url in (("link", carried.link), ("long_text", carried.long_text_link)):
        if url and not is_public(url):
            yield (
                "threads/link-not-public",
                key,
                f"{url} is no address on the public internet, so Threads can make no card of it.",
                "Link to a page that everybody can open.",
            )


def _text_only(segment: Segment, carried: Carried, text: str, named: str) -> _Parts:
    for key, value in _attachments(carried).items():
        if value and segment.media:
            yield (
                "threads/text-only",
                key,
                f"{named} has {key} and pictures or videos, and Threads takes one of them.",
                "Put the pictures and videos into a segment of their own.",
            )


def _topic(segment: Segment, carried: Carried, text: str, named: str) -> _Parts:
    why = ""
    refused = [sign for sign in TOPIC_SIGNS_REFUSED if sign in carried.topic]
    if refused:
        why = f"has a {refused[0]}"
    elif len(carried.topic) > TOPIC_CHARACTERS_MAX:
        why = f"has {len(carried.topic)} characters"
    elif carried.topic.startswith("#"):
        why = "starts with a #, which Threads shows by itself"
    elif carried.topic and not carried.topic.strip():
        why = "holds blanks alone"
    if why:
        yield (
            "threads/topic",
            "topic",
            f'"{carried.topic}" cannot be the topic of {named}: it {why}.',
            f"Use at most {TOPIC_CHARACTERS_MAX} characters, no . and no &, and no # in front; topic: of "
            "threads: comes before tags:.",
        )


def _location(segment: Segment, carried: Carried, text: str, named: str) -> _Parts:
    if carried.location and not (carried.location.isascii() and carried.location.isdecimal()):
        yield (
            "threads/location",
            "location",
            f'"{carried.location}" is no id of a place: those are digits alone.',
            'Write the id that the location search of the API gives the place, like "110001".',
        )


def _countries(segment: Segment, carried: Carried, text: str, named: str) -> _Parts:
    unknown = [code for code in carried.countries if code not in COUNTRIES]
    if unknown:
        yield (
            "threads/countries",
            "countries",
            f"no country has the code {' or '.join(unknown)}.",
            "Use the assigned codes of ISO 3166-1, such as GB for the United Kingdom.",
        )


_OF_A_SEGMENT = (_poll, _gif, _cards, _long_text, _text_only, spoilers, _topic, _location, _countries)
"""The checks of what one segment carries, in the order of their findings."""


def _ghost(publication: Publication, index: int, carried: Carried, at: Location) -> Iterator[Found]:
    if not carried.is_ghost:
        return
    segment = publication.segments[index]
    more = {
        "pictures or videos": segment.media,
        **_attachments(carried),
        "quote": segment.quote,
        "reply_to": publication.reply_to,
        "several segments": publication.segments[1:],
        "topic": carried.topic,
        "location": carried.location,
        "countries": carried.countries,
        "reply_approvals": carried.approves_replies,
        "instagram_story": carried.instagram_story,
        "who_can_reply": publication.who_can_reply not in {None, "everyone"},
    }
    found = [name for name, value in more.items() if value]
    if found:
        yield (
            "threads/ghost-alone",
            at,
            f"a ghost post has text and nothing else, and this one has: {', '.join(found)}.",
            "Take that out, or take ghost: out.",
        )
