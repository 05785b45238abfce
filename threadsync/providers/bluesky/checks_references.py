"""What a post names on Bluesky, and nobody could find: other posts, and accounts.

Sources: https://atproto.com/specs/at-uri-scheme and https://atproto.com/specs/handle.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from threadsync.model.diagnostic import Location
from threadsync.model.ids import Json, network_of
from threadsync.model.post import PostRef, Publication, Reference, RemoteRef, Segment
from threadsync.providers.bluesky.richtext import RichText
from threadsync.providers.bluesky.uris import POST, AtUri
from threadsync.providers.rules import Found, Rule

AT_URIS: Final = "https://atproto.com/specs/at-uri-scheme"
HANDLES: Final = "https://atproto.com/specs/handle"

_LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HANDLE: Final = re.compile(rf"(?:{_LABEL}\.)+[a-z](?:[a-z0-9-]{{0,61}}[a-z0-9])?", re.IGNORECASE)


def _text(text: str, **keys: Json) -> dict[str, Json]:
    return {"segments": [{"text": text}], **keys}


REFERENCE_RULES: tuple[Rule, ...] = (
    Rule(
        "bluesky/reference",
        "documented",
        AT_URIS,
        "Any post can be named: by a key, the address of its page, at://…, or id:at://DID/…, its id.",
        _text("x", quote="https://bsky.app/profile/lifts.bsky.social/post/3lifts2222222"),
        _text("x", quote="https://example.org/lifts"),
    ),
    Rule(
        "bluesky/mention-no-handle",
        "documented",
        HANDLES,
        "A mention names an account by its whole handle, which is a domain name.",
        _text("Thanks, @reader.bsky.social"),
        _text("Thanks, @reader"),
    ),
)


def references(publication: Publication) -> Iterator[Found]:
    """Find what *publication* refers to and cannot be a post on Bluesky."""
    at = publication.key_locations
    named: list[tuple[str, Reference | None, Location]] = [
        ("reply_to", publication.reply_to, at.get("reply_to", publication.location)),
        ("repost", publication.repost, at.get("repost", publication.location)),
    ]
    for index, segment in enumerate(publication.segments):
        named.append(
            ("quote", segment.quote, at.get("quote", segment.location) if index == 0 else segment.location)
        )
    for key, reference, location in named:
        problem, remedy = _unfindable(reference, publication)
        if problem:
            yield "bluesky/reference", location, f"{key}: {problem}", remedy


def _unfindable(reference: Reference | None, publication: Publication) -> tuple[str, str]:
    """Return why nobody could find a post, and what to do; nothing where it may be there."""
    match reference:
        case PostRef():
            target = reference.on(publication.address.target).target
            if network_of(target) != network_of(publication.address.target):
                return (
                    f"it names a post on {target}, which Bluesky knows nothing of.",
                    "Name a post on Bluesky, or link to that one: {{ links['KEY@TARGET'] }}.",
                )
        case RemoteRef(remote_id=str(remote_id)):
            uri = AtUri.parse(remote_id)
            if uri is None or not uri.repo.startswith("did:") or str(uri) != remote_id:
                return (
                    f"id:{remote_id} is no id of a post on Bluesky.",
                    f"Write id:at://DID/{POST}/KEY; or without id: the address of its page, whose names are "
                    "looked up.",
                )
        case RemoteRef(permalink=permalink):
            uri = AtUri.parse(permalink or "")
            if uri is None or uri.collection != POST:
                return (
                    f"{permalink} is no address of a post on Bluesky.",
                    f"Write the address of its page, or at://ACCOUNT/{POST}/KEY.",
                )
        case None:
            pass
    return "", ""


def mentions(segment: Segment, text: RichText, named: str) -> Iterator[Found]:
    """Find what a text mentions and cannot be an account."""
    for handle in text.handles:
        if _HANDLE.fullmatch(handle) is None:
            yield (
                "bluesky/mention-no-handle",
                segment.location,
                f"{named} mentions @{handle}, and a handle of Bluesky is a domain name.",
                "Write the whole handle, like @name.bsky.social; or a backslash before its @, if nobody is "
                "meant; or give Bluesky a text of its own in overrides.",
            )
