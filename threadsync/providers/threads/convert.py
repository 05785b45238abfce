"""Posts to what Threads gets, and what Threads shows back to what we compare.

Sources: developers.facebook.com/docs/threads/posts (text, media, links), and
developers.facebook.com/docs/threads/reference/media-retrieval (what is read back).
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import assert_never
from urllib.parse import urlsplit

import regex

from threadsync.model.facts import ObservedPost
from threadsync.model.ids import Address, Json, RemoteId
from threadsync.model.journal import Rendered
from threadsync.model.post import Segment
from threadsync.model.text import Anchor, Hashtag, Mention, PermalinkOf, Plain, Spans, Styled, Url
from threadsync.providers.threads.api_media import POLL_OPTIONS, MediaObject

TEXT_MAX = 500
COUNTS = ("grapheme-emoji-bytes", "codepoints", "bytes")
"""How Threads counts is not settled by its documentation, so the rule is a setting (``text_count``)."""

MEDIA_TYPES = "media_types"
"""The option of a rendered segment that tells pictures from videos."""
PARAMETERS = "parameters"
"""The option of a rendered segment that holds what it carries besides, as it is sent to Threads."""

_GRAPHEME = regex.compile(r"\X")
_EMOJI = regex.compile(r"\p{Extended_Pictographic}|\p{Regional_Indicator}|⃣")
_LINK = regex.compile(r"(?:https?://|www\.)[^\s<>\"]+", regex.IGNORECASE)
_TOPIC = regex.compile(r"(?<![\w#/&=])#([^\s.&@!?,;:#]{1,50})(?=$|[\s.&@!?,;:])")
_CLOSING = ".,;:!?)]}'…»«”“’‘"
"""What ends a sentence or closes a quotation behind a link, in any of the usual ways."""
_KINDS = {
    "TEXT_POST": "text",
    "IMAGE": "image",
    "VIDEO": "video",
    "CAROUSEL_ALBUM": "carousel",
    "REPOST_FACADE": "repost",
}
POST_FIELDS = (
    "id,media_type,text,timestamp,permalink,username,shortcode,children{id},is_quote_post,quoted_post,"
    "reposted_post,link_attachment_url,gif_url,ghost_post_status,ghost_post_expiration_timestamp,"
    f"poll_attachment{{{','.join(POLL_OPTIONS)}}}"
)
"""What is asked of a post: as little as tells what it is, since one unknown field fails the whole call."""
REPLY_FIELDS = f"{POST_FIELDS},replied_to,root_post,hide_status"
"""The same of what may be a reply; needs threads_read_replies."""
HIDING = frozenset({"HIDDEN", "COVERED", "BLOCKED", "RESTRICTED"})
"""Values of ``hide_status`` under which readers do not see a reply as they see others."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def text_of(spans: Spans, permalink: Callable[[Address], str]) -> str:
    """Return the text Threads gets: no styles, and links as ``label (url)``."""
    parts: list[str] = []
    for span in spans:
        match span:
            case Plain(text=text) | Styled(text=text):
                parts.append(text)
            case Url(url=url):
                parts.append(url)
            case Anchor(label=label, url=url):
                parts.append(url if label == url else f"{label} ({url})")
            case Mention(handle=handle):
                parts.append(f"@{handle}")
            case Hashtag(tag=tag):
                parts.append(f"#{tag}")
            case PermalinkOf(key=key, target=target):
                parts.append(permalink(Address(key, target)))
            case _:
                assert_never(span)
    return "".join(parts)


def count(text: str, rule: str) -> int:
    """Return the length of *text* as *rule* counts it.

    ``grapheme-emoji-bytes``: what a reader sees as one character counts one, an emoji as many as it
    has UTF-8 bytes. Source: developers.facebook.com/docs/threads/posts ("Emojis are counted as the
    number of UTF-8 bytes"), read together with accepted posts in scripts of several bytes a letter.
    """
    match rule:
        case "codepoints":
            return len(text)
        case "bytes":
            return len(text.encode())
        case _:
            if text.isascii():
                return len(text) - text.count("\r\n")
            return sum(
                len(cluster.encode()) if _EMOJI.search(cluster) else 1 for cluster in _GRAPHEME.findall(text)
            )


def links_in(text: str) -> tuple[str, ...]:
    """Return the different links of *text*; a host without a scheme counts as one (``www.…``)."""
    return tuple(dict.fromkeys(text[start:end] for start, end in link_places(text)))


def link_places(text: str) -> list[tuple[int, int]]:
    """Return where the links of *text* stand, in code points."""
    if "://" not in text and "www." not in text.lower():
        return []
    found = ((match.start(), match.group().rstrip(_CLOSING)) for match in _LINK.finditer(text))
    return [(start, start + len(link)) for start, link in found]


def topic_in(text: str) -> str:
    """Return the first ``#word`` that Threads makes a topic of, without the sign; empty where there is none.

    It ends at white space or one of ``. & @ ! ? , ; :``, and digits alone are none
    (developers.facebook.com/docs/threads/posts, topic tags). What may stand before it is not documented; what
    is a part of a word or of an address is taken for none.
    """
    place = topic_place(text)
    return text[place[0] + 1 : place[1]] if place is not None else ""


def topic_place(text: str) -> tuple[int, int] | None:
    """Return where that topic stands with its sign, in code points; None where there is none."""
    found = _TOPIC.finditer(text) if "#" in text else ()
    return next((match.span() for match in found if not match.group(1).isdecimal()), None)


def is_public(url: str) -> bool:
    """Whether *url* may be one that anybody can open: no broken host, none of this machine or network."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    try:
        return ip_address(host).is_global
    except ValueError:  # a name
        return "." in host.strip(".") and not host.endswith((".local", ".localhost", ".internal"))


def rendered(segment: Segment, index: int, text: str, parameters: Mapping[str, str]) -> Rendered:
    """Return *segment* as it is kept on record: enough to make it and to find it again."""
    media = tuple(item.sent.digest for item in segment.media)
    types: list[Json] = ["VIDEO" if item.sent.kind == "video" else "IMAGE" for item in segment.media]
    options: dict[str, Json] = {MEDIA_TYPES: types} if types else {}
    if parameters:
        options[PARAMETERS] = dict(parameters)
    return Rendered(index, segment.digest, text, media, tuple(item.alt for item in segment.media), options)


def media_types(what: Rendered) -> tuple[str, ...]:
    """Return ``IMAGE`` or ``VIDEO`` for each of its media; empty where that is not on record.

    What was put on record before there were videos does not say it, and neither does a receipt.
    """
    types = what.options.get(MEDIA_TYPES)
    return tuple(map(str, types)) if isinstance(types, list) else ()


def parameters_of(what: Rendered) -> dict[str, str]:
    """Return Threads' parameters for what *what* carries, what it quotes included."""
    kept = what.options.get(PARAMETERS)
    found = {name: str(value) for name, value in kept.items()} if isinstance(kept, dict) else {}
    return {**found, "quote_post_id": what.quotes} if what.quotes is not None else found


def kinds_of(what: Rendered) -> frozenset[str]:
    """Return what the post may be: ``text``, ``image``, ``video``, ``carousel`` or ``repost``.

    It is more than one where the record does not tell.
    """
    if what.reposts is not None:
        return frozenset({"repost"})
    match len(what.media), media_types(what):
        case 0, _:
            return frozenset({"text"})
        case 1, (media_type,):
            return frozenset({media_type.lower()})
        case 1, _:
            return frozenset({"image", "video"})
        case _:
            return frozenset({"carousel"})


def observed(media: MediaObject) -> ObservedPost:
    """Return a post as planning and matching see it."""
    return ObservedPost(
        RemoteId(media.id),
        _KINDS.get(media.media_type or "", "other"),
        media.text or "",
        media.timestamp or EPOCH,
        media.permalink or "",
        RemoteId(media.replied_to) if media.replied_to is not None else None,
        len(media.children or ()),
        media.hide_status in HIDING,
        _shown(media),
        media.ghost_post_expiration_timestamp,
    )


def _shown(media: MediaObject) -> dict[str, str]:
    """Return what hangs on a post; what Threads names without saying which is there, and empty."""
    found = {
        "quotes": media.quoted_post or "" if media.is_quote_post or media.quoted_post else None,
        "reposts": media.reposted_post,
        "poll": "\n".join(media.poll_attachment.options) or None
        if media.poll_attachment is not None
        else None,
        "gif": media.gif_url,
        "link": media.link_attachment_url,
        "ghost": media.ghost_post_status,
    }
    return {name: value for name, value in found.items() if value is not None}


def same_text(sent: str, shown: str) -> bool:
    """Whether *shown* is what Threads makes of *sent*.

    White space at line ends does not survive, and a tag that became the topic may lose its ``#``
    (developers.facebook.com/docs/threads/posts, topic tags).
    """
    return _plain(sent) == _plain(shown)


def _plain(text: str) -> str:
    lines = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("#", "").split("\n")
    return "\n".join(line.rstrip() for line in lines).strip()


def matches(what: Rendered, parent: RemoteId | None, post: ObservedPost) -> bool:
    """Whether *post* may be what publishing *what* under *parent* made.

    Compared are kind, parent, text, children, and what hangs on it as far as Threads shows that.
    """
    if post.kind == "repost":
        return what.reposts is not None and post.carries.get("reposts") == what.reposts
    return (
        post.kind in kinds_of(what)
        and post.parent == parent
        and same_text(what.text, post.text)
        and (post.kind != "carousel" or post.children == len(what.media))
        and _carries_the_same(what, post.carries)
    )


def _carries_the_same(what: Rendered, shown: Mapping[str, str]) -> bool:
    sent = parameters_of(what)
    poll = "\n".join(map(str, json.loads(sent.get("poll_attachment", "{}")).values()))
    quotes = {None} if what.quotes is None else {what.quotes, ""}  # a quoted post that is gone has no id
    return (
        shown.get("quotes") in quotes
        and shown.get("poll", "") == poll
        and ("ghost" in shown) == ("is_ghost_post" in sent)
        # Whether lists show every GIF is not documented, so one that is not shown speaks against nothing.
        and ("gif" not in shown or "gif_attachment" in sent)
        and _same_card(sent.get("link_attachment"), shown.get("link"), what.text)
    )


def _same_card(sent: str | None, shown: str | None, text: str) -> bool:
    """Whether the card *shown* may be the link *sent*; else Threads makes a card of the first link."""
    if sent is None:
        return shown is None or bool(links_in(text)) or _bare(shown).partition("/")[0] in text.casefold()
    return shown is None or _bare(sent) == _bare(shown)


def _bare(url: str) -> str:
    return url.partition("://")[2].removeprefix("www.").rstrip("/").casefold()


def handle_of(permalink: str) -> str:
    """Return whose post *permalink* is of, without the ``@``; empty where it does not say."""
    match _path_of(permalink):
        case [*_, str(handle), _, _] if handle.startswith("@"):
            return handle.removeprefix("@")
        case _:
            return ""


def reference_of(text: str) -> tuple[str | None, str | None]:
    """Read ``id:…``, a bare id or a permalink; return (id, shortcode), one of them None.

    Permalinks: ``https://www.threads.com/@user/post/CODE`` (also threads.net, and ``/t/CODE``). Only a path
    of these forms is one: other networks have posts under ``/post/`` too.
    """
    bare = text.removeprefix("id:")
    if bare.isascii() and bare.isdecimal():
        return bare, None
    match _path_of(text):
        case [*_, str(handle), "post", str(code)] if handle.startswith("@"):
            return None, code
        case [*_, "t", str(code)]:
            return None, code
        case _:
            return None, None


def _path_of(address: str) -> list[str]:
    """Return the parts of an address's path; none where it is no address at all."""
    try:
        return [part for part in urlsplit(address).path.split("/") if part]
    except ValueError:  # half an IPv6 host, as in https://[
        return []
