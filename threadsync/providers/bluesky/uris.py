"""What a record is called: its at-uri, and the address at which people see a post.

Sources: https://atproto.com/specs/at-uri-scheme; that a post is shown at ``/profile/ACCOUNT/post/KEY`` of
bsky.app is not documented, but what its own share button gives.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from msgspec import Struct

POST = "app.bsky.feed.post"
WEB = "https://bsky.app"

_AT_URI = re.compile(r"at://([^/\s]+)/([A-Za-z0-9.-]+)/([A-Za-z0-9._:~-]{1,512})")
_PAGE = re.compile(r"/profile/([^/]+)/post/([A-Za-z0-9._:~-]{1,512})/?")


class AtUri(Struct, frozen=True):
    """A record of *repo* (a DID, or a handle that leads to one) in *collection* under *rkey*."""

    repo: str
    collection: str
    rkey: str

    def __str__(self) -> str:
        return f"at://{self.repo}/{self.collection}/{self.rkey}"

    @classmethod
    def parse(cls, text: str) -> AtUri | None:
        """Read an at-uri, or the address of a post's page; None where *text* is neither."""
        found = _AT_URI.fullmatch(text)
        if found is not None:
            return cls(found[1], found[2], found[3])
        try:
            parts = urlsplit(text)
        except ValueError:  # half an IPv6 host, as in https://[
            return None
        page = _PAGE.fullmatch(parts.path) if parts.scheme in {"http", "https"} else None
        return cls(page[1], POST, page[2]) if page is not None else None


def permalink(did: str, rkey: str) -> str:
    """Return where people see a post; by the DID, because a handle may change."""
    return f"{WEB}/profile/{did}/post/{rkey}"


def permalink_of(uri: AtUri, reposted: str | None = None) -> str:
    """Return where people see a record; a repost has no page of its own, but what is *reposted* has."""
    shown = (AtUri.parse(reposted) if reposted else None) or uri
    return permalink(shown.repo, shown.rkey)
