"""What a container or a post holds, as read from the parameters of ``POST /{user}/threads``.

A parameter that is unknown or misshapen is dropped without a word, as the network does; what is well
formed but not allowed is refused in :mod:`threadsync.sandbox.threads.checks`.
Parameters: developers.facebook.com/docs/threads/reference/publishing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from msgspec import Struct

POLL_OPTIONS = ("option_a", "option_b", "option_c", "option_d")


class Content(Struct, frozen=True):
    """Everything a person wrote or attached, and the media that was found behind the URL.

    Empty text, empty tuple and ``False`` mean *not given*. Compound parameters that are only stored
    and handed back (``text_entities``, ``text_attachment``) are kept as JSON text.
    """

    media_type: str
    """The name used for writing: TEXT, IMAGE, VIDEO, CAROUSEL; REPOST for a repost."""
    text: str = ""
    source_url: str = ""
    media_name: str = ""
    media_width: int = 0
    media_height: int = 0
    poster_name: str = ""
    """A still of a video."""
    alt_text: str = ""
    children: tuple[str, ...] = ()
    """Container ids of a carousel."""
    is_carousel_item: bool = False
    reply_to: str = ""
    quote: str = ""
    reply_control: str = "everyone"
    countries: tuple[str, ...] = ()
    link_attachment: str = ""
    poll: tuple[str, ...] = ()
    topic_tag: str = ""
    location: str = ""
    text_entities: str = ""
    text_attachment: str = ""
    gif_id: str = ""
    gif_provider: str = ""
    is_spoiler_media: bool = False
    is_ghost_post: bool = False
    needs_reply_approval: bool = False
    shares_to_instagram: bool = False
    is_instagram_dark: bool = False
    auto_publish: bool = False


def read_content(params: Mapping[str, str]) -> Content:
    """Read the parameters of a create call; what is not understood is left out."""
    media_type = params.get("media_type", "").upper()
    poll = _poll(params.get("poll_attachment", ""))
    gif = _object(params.get("gif_attachment", ""))
    return Content(
        media_type=media_type,
        text=params.get("text", ""),
        source_url=params.get({"IMAGE": "image_url", "VIDEO": "video_url"}.get(media_type, ""), ""),
        alt_text=params.get("alt_text", ""),
        children=_names(params.get("children", "")),
        is_carousel_item=_flag(params, "is_carousel_item"),
        reply_to=params.get("reply_to_id", ""),
        quote=params.get("quote_post_id", ""),
        reply_control=params.get("reply_control", "everyone") or "everyone",
        countries=_names(params.get("allowlisted_country_codes", "")),
        link_attachment=params.get("link_attachment", ""),
        poll=poll,
        topic_tag=params.get("topic_tag", ""),
        location=params.get("location_id", ""),
        text_entities=_entities(params.get("text_entities", "")),
        text_attachment=_attachment(params.get("text_attachment", "")),
        gif_id=_text(gif, "gif_id"),
        gif_provider=_text(gif, "provider"),
        is_spoiler_media=_flag(params, "is_spoiler_media"),
        is_ghost_post=_flag(params, "is_ghost_post"),
        needs_reply_approval=_flag(params, "enable_reply_approvals"),
        shares_to_instagram=_flag(params, "crossreshare_to_ig")
        or _flag(params, "crossreshare_to_ig_dark_mode"),
        is_instagram_dark=_flag(params, "crossreshare_to_ig_dark_mode"),
        auto_publish=_flag(params, "auto_publish_text"),
    )


def _flag(params: Mapping[str, str], name: str) -> bool:
    return params.get(name, "").lower() in {"true", "1"}


def _names(text: str) -> tuple[str, ...]:
    """Read a comma list; a JSON list, which some clients send, is read as well."""
    if text.startswith("["):
        found = _parse(text)
        return tuple(str(name) for name in found) if isinstance(found, list) else ()
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _parse(text: str) -> object:
    try:
        found: object = json.loads(text)
        json.dumps(found, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except ValueError:
        return None  # misshapen parameters are dropped silently, as the network does
    return found


def _object(text: str) -> Mapping[str, object]:
    found = _parse(text) if text else None
    return found if isinstance(found, dict) else {}


def _text(found: Mapping[str, object], name: str) -> str:
    value = found.get(name, "")
    return value if isinstance(value, str) else ""


def _poll(text: str) -> tuple[str, ...]:
    found = _object(text)
    options = tuple(str(found[name]) for name in POLL_OPTIONS if found.get(name))
    shaped = bool(found.get("option_a") and found.get("option_b"))
    return options if shaped else ()


def _ranges(found: object) -> Iterator[tuple[int, int, Mapping[str, object]]]:
    """Yield offset, length and row of well-formed ranges; numbers may be text, as in the vendor's sample."""
    for row in found if isinstance(found, list) else []:
        if not isinstance(row, dict):
            continue
        offset, length = str(row.get("offset", "")), str(row.get("length", ""))
        if all(number.isascii() and number.isdecimal() for number in (offset, length)):
            yield int(offset), int(length), row


def _entities(text: str) -> str:
    kept = [
        {"entity_type": str(row["entity_type"]), "offset": offset, "length": length}
        for offset, length, row in _ranges(_parse(text) if text else None)
        if "entity_type" in row
    ]
    return json.dumps(kept) if kept else ""


def _attachment(text: str) -> str:
    """Keep a long text with its link and its well-formed styles; without ``plaintext`` there is none."""
    found = _object(text)
    if not _text(found, "plaintext"):
        return ""
    kept = {name: found[name] for name in ("plaintext", "link_attachment_url") if _text(found, name)}
    styled = [
        {"offset": offset, "length": length, "styling_info": [str(style) for style in styles]}
        for offset, length, row in _ranges(found.get("text_with_styling_info"))
        if isinstance(styles := row.get("styling_info"), list)
    ]
    return json.dumps({**kept, "text_with_styling_info": styled} if styled else kept)
