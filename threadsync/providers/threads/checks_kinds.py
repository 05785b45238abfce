"""What Threads would refuse or drop of what a post carries; the rules are those of ``rules_kinds``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise

from threadsync.model.diagnostic import Location
from threadsync.model.ids import network_of
from threadsync.model.post import PostRef, Publication, Reference, Segment
from threadsync.providers.threads.carrying import (
    REPLY_CONTROLS,
    Carried,
    carried_by,
    hidden,
    options_of,
)
from threadsync.providers.threads.convert import handle_of, reference_of
from threadsync.providers.threads.countries import COUNTRIES
from threadsync.providers.threads.rule import Found

POLL_OPTIONS_MAX = 4
POLL_OPTION_CHARACTERS_MAX = 25
TOPIC_CHARACTERS_MAX = 50
TOPIC_SIGNS_REFUSED = ".&"
LONG_TEXT_CHARACTERS_MAX = 10_000
SPOILERS_MAX = 10


def findings(publication: Publication, texts: tuple[str, ...], account: str | None) -> Iterator[Found]:
    """Find everything wrong with what *publication* carries; *account* is the target's, if it is declared."""
    yield from _whole(publication)
    yield from _references(publication, account)
    if publication.repost is not None:
        yield from _repost(publication)
        return
    several = len(publication.segments) > 1
    for index, (segment, text) in enumerate(zip(publication.segments, texts, strict=True)):
        named = f"segment {index + 1}" if several else "this post"
        carried = carried_by(publication, index)
        at = _places(publication, index)
        for check in (_poll, _gif, _long_text, _text_only, _spoilers, _topic, _countries):
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


def _places(publication: Publication, index: int) -> Callable[[str], Location]:
    """Return where a key of a segment stands: at the top of the post for the first one, else the segment."""
    segment, top = publication.segments[index], publication.key_locations

    def at(key: str) -> Location:
        outer = key if key in {"poll", "link", "quote", "tags"} else "threads"
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


def _references(publication: Publication, account: str | None) -> Iterator[Found]:
    at = publication.key_locations
    named: list[tuple[str, Reference | None, Location]] = [
        ("reply_to", publication.reply_to, at.get("reply_to", publication.location)),
        ("repost", publication.repost, at.get("repost", publication.location)),
    ]
    for index, segment in enumerate(publication.segments):
        place = at.get("quote", segment.location) if index == 0 else segment.location
        named.append(("quote", segment.quote, place))
    for key, reference, location in named:
        match reference:
            case None:
                pass
            case PostRef():
                target = reference.on(publication.address.target).target
                if network_of(target) != network_of(publication.address.target):
                    problem = f"{key}: names a post on {target}, which Threads knows nothing of."
                    remedy = "Name a post on Threads, or link to that one: {{ links['KEY@TARGET'] }}."
                    yield "threads/unsupported", location, problem, remedy
            case _ if reference.permalink is not None and reference.remote_id is None:
                problem = _unfindable(reference.permalink, account)
                remedy = "Name it by the id that Threads' API gives it (id:…)."
                if problem:
                    yield "threads/reference", location, f"{key}: {problem}", remedy


def _unfindable(permalink: str, account: str | None) -> str:
    """Return why the post behind *permalink* cannot be found; empty where it may be one of the account."""
    if reference_of(permalink)[1] is None:
        return f"{permalink} is no address of a post on Threads."
    handle = handle_of(permalink)
    declared = (account or "").removeprefix("@").casefold()
    foreign = declared and not declared.isdecimal() and handle and handle.casefold() != declared
    return (
        f"{permalink} is a post of @{handle}, and the API finds only own posts by address." if foreign else ""
    )


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


def _text_only(segment: Segment, carried: Carried, text: str, named: str) -> _Parts:
    for key, value in _attachments(carried).items():
        if value and segment.media:
            yield (
                "threads/text-only",
                key,
                f"{named} has {key} and pictures or videos, and Threads takes one of them.",
                "Put the pictures and videos into a segment of their own.",
            )


def _spoilers(segment: Segment, carried: Carried, text: str, named: str) -> _Parts:
    if carried.hides_media and not segment.media:
        yield (
            "threads/spoiler-media",
            "spoiler",
            f"{named} has no picture and no video to hide.",
            "To hide words, name them: spoiler: {text: [the words]}.",
        )
    for passage in carried.passages:
        if passage not in text:
            yield (
                "threads/spoiler-text",
                "spoiler",
                f'"{passage}" is to be hidden and does not stand in {named}.',
                "Copy the passage from the text, letter for letter.",
            )
    places = hidden(text, carried.passages)
    if any(later[0] < earlier[1] for earlier, later in pairwise(places)):
        yield (
            "threads/spoiler-text",
            "spoiler",
            f"two of the passages to be hidden in {named} overlap.",
            "Name one passage that covers both.",
        )
    if len(places) > SPOILERS_MAX:
        yield (
            "threads/too-many-spoilers",
            "spoiler",
            f"{len(places)} passages of {named} would be hidden and Threads takes {SPOILERS_MAX}.",
            "Hide fewer, longer passages.",
        )


def _topic(segment: Segment, carried: Carried, text: str, named: str) -> _Parts:
    refused = [sign for sign in TOPIC_SIGNS_REFUSED if sign in carried.topic]
    if refused or len(carried.topic) > TOPIC_CHARACTERS_MAX:
        yield (
            "threads/topic",
            "tags",
            f'"{carried.topic}" cannot be the topic of {named}: it has '
            + (f"a {refused[0]}." if refused else f"{len(carried.topic)} characters."),
            f"Use at most {TOPIC_CHARACTERS_MAX} characters, no . and no &; topic: of threads: comes first.",
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
