"""What a segment carries besides its text and media: from the declaration to Threads' parameters.

``link``, ``poll``, ``quote``, ``tags`` and the options of ``threads:`` at the top of a post mean its first
segment, as ``media`` does. What is about readers means all of them: who can reply, the countries, and that
media are hidden. Replies wait for approval in a whole conversation, so its first post alone asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from msgspec import Struct

from threadsync.model.capabilities import Needs
from threadsync.model.ids import Address, Json
from threadsync.model.post import Publication, Segment
from threadsync.providers.threads import api_publishing as api
from threadsync.providers.threads import longtext
from threadsync.providers.threads.convert import text_of
from threadsync.providers.threads.longtext import LongText

REPLY_CONTROLS: Mapping[str, str] = MappingProxyType(
    {
        "everyone": "everyone",
        "followers": "followers_only",
        "following": "accounts_you_follow",
        "mentioned": "mentioned_only",
        "parent-author": "parent_post_author_only",
    }
)
"""Our words and theirs; Threads has none for ``nobody``."""
UNITS = ("utf16", "codepoints", "bytes")
"""What offsets count is not documented; Meta's own sample counts as JavaScript does (``entity_units``)."""

GEO_GATING = "limiting posts to countries"
"""What ``/me`` says that an account may do or not (is_eligible_for_geo_gating)."""

_OF_ALL_SEGMENTS = ("countries",)
_NEEDING = ("location", "instagram_story", "countries")
"""Options that need something of the account."""
_NOTHING_NEEDED = Needs()


class Carried(Struct, frozen=True):
    """What one segment carries."""

    topic: str = ""
    location: str = ""
    is_ghost: bool = False
    approves_replies: bool = False
    countries: tuple[str, ...] = ()
    hides_media: bool = False
    passages: tuple[str, ...] = ()
    """Passages of the text that are hidden, letter for letter."""
    long_text: LongText | None = None
    long_text_link: str = ""
    gif_id: str = ""
    instagram_story: str = ""
    link: str = ""
    poll: tuple[str, ...] = ()
    reply_control: str = ""

    @property
    def is_plain(self) -> bool:
        """Whether it is nothing, or nothing but a topic and who can reply."""
        return not (
            self.link
            or self.poll
            or self.gif_id
            or self.long_text is not None
            or self.long_text_link
            or self.hides_media
            or self.passages
            or self.location
            or self.countries
            or self.is_ghost
            or self.approves_replies
            or self.instagram_story
        )


def options_of(publication: Publication, index: int) -> Mapping[str, Json]:
    """Return the options that hold for one segment: its own, over those at the top of the post."""
    own = publication.segments[index].options
    top = _for_first(publication) if index == 0 else _for_further(publication, index)
    if not own:
        return top
    found = {**top, **own}
    if "spoiler" in top and "spoiler" in own:
        found["spoiler"] = {**_spoiler(top["spoiler"]), **_spoiler(own["spoiler"])}
    return found


def _for_first(publication: Publication) -> Mapping[str, Json]:
    """Return the options at the top; media are hidden where there are some, if there are any at all."""
    top = publication.options
    if "spoiler" not in top or publication.segments[0].media or not _spoiler(top["spoiler"]):
        return top
    if not any(each.media for each in publication.segments[1:]):
        return top
    return {**top, "spoiler": {**_spoiler(top["spoiler"]), "media": False}}


def _for_further(publication: Publication, index: int) -> dict[str, Json]:
    found = {key: publication.options[key] for key in _OF_ALL_SEGMENTS if key in publication.options}
    hides = _spoiler(publication.options.get("spoiler")).get("media")
    if hides and publication.segments[index].media:
        found["spoiler"] = {"media": hides}
    return found


def _spoiler(value: Json) -> Mapping[str, Json]:
    if value is None or value is True:
        return {"media": True} if value else {}
    return value if isinstance(value, Mapping) else {}


def carried_by(publication: Publication, index: int) -> Carried:
    """Return what the segment *index* of *publication* carries."""
    segment, options = publication.segments[index], options_of(publication, index)
    spoiler, attachment = _spoiler(options.get("spoiler")), options.get("long_text")
    long_text, link = "", ""
    if isinstance(attachment, str):
        long_text = attachment
    elif attachment is not None and isinstance(attachment, Mapping):
        long_text, link = _text(attachment.get("text")), _text(attachment.get("link"))
    tag = publication.tags[0] if index == 0 and publication.tags else ""
    return Carried(
        topic=_text(options.get("topic")) or tag,
        location=_text(options.get("location")),
        is_ghost=options.get("ghost") is True,
        approves_replies=options.get("reply_approvals") is True,
        countries=_texts(options.get("countries")),
        hides_media=spoiler.get("media") is True,
        passages=_texts(spoiler.get("text")),
        long_text=longtext.read(long_text.strip()) if long_text else None,
        long_text_link=link,
        gif_id=_text(options.get("gif")),
        instagram_story=_text(options.get("instagram_story")),
        link=segment.link or "",
        poll=_texts((segment.poll or {}).get("options")),
        reply_control=REPLY_CONTROLS.get(publication.who_can_reply or "", ""),
    )


def needs_of(publication: Publication) -> Needs:
    """Return the scopes and features of the account that *publication* needs."""
    options = (publication.options, *(each.options for each in publication.segments))
    if not any(name in each for each in options for name in _NEEDING):
        return _NOTHING_NEEDED
    every = [carried_by(publication, index) for index in range(len(publication.segments))]
    scopes = {
        *("threads_location_tagging" for each in every if each.location),
        *("threads_share_to_instagram" for each in every if each.instagram_story),
    }
    return Needs(frozenset(scopes), frozenset({GEO_GATING} if any(e.countries for e in every) else ()))


def scopes_of(publication: Publication) -> frozenset[str]:
    """Return the scopes that *publication* makes use of: what it needs, and what reads quotas of replies."""
    replies = len(publication.segments) > 1 or publication.reply_to is not None
    return needs_of(publication).scopes | ({"threads_manage_replies"} if replies else frozenset())


def parameters(segment: Segment, carried: Carried, text: str, units: str) -> dict[str, str]:
    """Return Threads' parameters for what *segment* carries; *text* is what it says.

    What it quotes is not among them: that may be known only when the other post is live.
    """
    attachment = carried.long_text
    return api.carried(
        reply_control=carried.reply_control,
        allowlisted_country_codes=carried.countries,
        link_attachment=carried.link,
        poll_attachment=carried.poll,
        topic_tag=carried.topic,
        location_id=carried.location,
        text_entities=[_styled(text, start, end, units) for start, end in hidden(text, carried.passages)],
        is_spoiler_media=carried.hides_media and bool(segment.media),
        text_attachment=attachment.text if attachment is not None else "",
        text_attachment_link=carried.long_text_link,
        text_attachment_styles=[
            _styled(attachment.text, each.start, each.end, units, each.styles)
            for each in attachment.stretches
        ]
        if attachment is not None
        else (),
        gif_id=carried.gif_id,
        is_ghost_post=carried.is_ghost,
        enable_reply_approvals=carried.approves_replies,
        crossreshare_to_ig=carried.instagram_story == "light",
        crossreshare_to_ig_dark_mode=carried.instagram_story == "dark",
    )


def attached(carried: Carried) -> dict[str, str]:
    """Return the long text of a segment as Threads gets it, without the signs of its styles."""
    return {"long text": carried.long_text.text} if carried.long_text is not None else {}


def text_with_number(publication: Publication, index: int, links: Callable[[Address], str]) -> str:
    """Return the text of a segment as Threads gets it, its number in a chain behind it."""
    said = text_of(publication.segments[index].spans, links)
    number = publication.numbering(index)
    return f"{said}\n\n{number}" if said and number else said or number


def hidden(text: str, passages: tuple[str, ...]) -> list[tuple[int, int]]:
    """Return where *passages* stand in *text*, each time they do, in order."""
    return sorted(place for passage in passages for place in places_of(text, passage))


def places_of(text: str, passage: str) -> Iterator[tuple[int, int]]:
    """Yield where *passage* stands in *text*, in code points."""
    start = text.find(passage)
    while start >= 0:
        yield start, start + len(passage)
        start = text.find(passage, start + len(passage))


def _styled(text: str, start: int, end: int, units: str, styles: tuple[str, ...] = ()) -> api.Styled:
    return api.Styled(_measured(text[:start], units), _measured(text[start:end], units), styles)


def _measured(text: str, units: str) -> int:
    match units:
        case "codepoints":
            return len(text)
        case "bytes":
            return len(text.encode())
        case _:
            return len(text.encode("utf-16-le")) // 2


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: Json) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()
