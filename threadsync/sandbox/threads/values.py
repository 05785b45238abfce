"""What goes into and comes out of the Threads model: requests, responses, switches, fetched media.

Values only. This module does no I/O and knows no clock.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from enum import StrEnum
from hashlib import sha256
from typing import NewType, TypeAlias
from urllib.parse import parse_qsl, unquote

from msgspec import Struct, field

from threadsync.values import Discreet

TokenDigest = NewType("TokenDigest", str)
"""The SHA-256 of an access token: the model and its files never hold the token itself."""

Json: TypeAlias = dict[str, object]

SCOPES = (
    "threads_basic",
    "threads_content_publish",
    "threads_read_replies",
    "threads_manage_replies",
    "threads_manage_insights",
    "threads_manage_mentions",
    "threads_keyword_search",
    "threads_delete",
    "threads_location_tagging",
    "threads_profile_discovery",
    "threads_share_to_instagram",
)
"""Every permission (developers.facebook.com/docs/threads/overview)."""

DIGESTED_PARAMS = ("input_token", "client_secret", "code")
"""Parameters that hold a secret of which a :class:`Request` keeps the digest, as ``NAME_digest``."""
SECRET_PARAMS = ("access_token", *DIGESTED_PARAMS)
"""Parameters that hold a secret; a :class:`Request` keeps at most their digest."""

API_VERSION = "v1.0"


def token_digest(token: str) -> TokenDigest:
    """Turn an access token into the only form the sandbox keeps of it."""
    return TokenDigest(sha256(token.encode()).hexdigest())


class Request(Struct, frozen=True):
    """One call as the network sees it, without its secrets; :meth:`of` makes one from a raw call."""

    method: str
    path: str
    params: Mapping[str, str]
    token: TokenDigest | None

    @staticmethod
    def of(
        method: str, path: str, params: Mapping[str, str] | None = None, *, token: str | None = None
    ) -> Request:
        """Make a request; *token* (or an ``access_token`` parameter) is kept as its digest only.

        A query string in *path* joins the parameters; those given in *params* win over it.
        """
        bare, _, query = path.partition("?")
        merged = dict(parse_qsl(query, keep_blank_values=True)) | dict(params or {})
        secret = token or merged.get("access_token")
        kept = {name: value for name, value in merged.items() if name not in SECRET_PARAMS}
        kept |= {f"{name}_digest": token_digest(merged[name]) for name in DIGESTED_PARAMS if name in merged}
        return Request(method.upper(), unquote(bare), kept, token_digest(secret) if secret else None)

    def to_json(self) -> Json:
        """Write the request down; no token is in it."""
        return {"method": self.method, "path": self.path, "params": dict(self.params), "token": self.token}


class Response(Struct, frozen=True):
    """What the network answers, or that it hangs up.

    ``dropped`` means the connection closes without a whole answer (``cut``: after half of its body);
    ``acted`` then says whether the network did what was asked. ``delay_seconds`` is to pass before the
    answer (or the hanging up) is sent.
    """

    status: int
    body: Json
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_seconds: float = 0.0
    dropped: bool = False
    acted: bool = True
    cut: bool = False

    def encode(self) -> bytes:
        """Write the body as it goes over the wire: the same value is always the same bytes."""
        return json.dumps(self.body, ensure_ascii=False, separators=(",", ":")).encode()


class MediaKind(StrEnum):
    """What a fetched file turned out to be."""

    IMAGE = "image"
    VIDEO = "video"
    OTHER = "other"


class FetchedMedia(Struct, frozen=True):
    """A file that could be downloaded, and what was found in it."""

    kind: MediaKind
    format: str
    """``JPEG``, ``PNG``, ``WEBP``, ``GIF``, ``MP4``, ``MOV``, or another name; upper case."""
    bytes_size: int
    stored_name: str
    """The name under which the sandbox keeps its copy (``media/<name>``)."""
    width: int = 0
    height: int = 0
    poster_name: str = ""
    """The name of a still of a video; empty when none could be made."""


class FetchFailed(Struct, frozen=True):
    """A file that could not be downloaded."""

    reason: str


Fetched: TypeAlias = FetchedMedia | FetchFailed
Fetch: TypeAlias = Callable[[str], Fetched]


def fetched_to_json(fetched: Fetched) -> Json:
    """Write down what a download came to, so that the same call can be answered again from a file."""
    match fetched:
        case FetchFailed(reason):
            return {"failed": reason}
        case FetchedMedia():
            return {
                "kind": str(fetched.kind),
                "format": fetched.format,
                "bytes_size": fetched.bytes_size,
                "stored_name": fetched.stored_name,
                "width": fetched.width,
                "height": fetched.height,
                "poster_name": fetched.poster_name,
            }


def no_media(url: str) -> Fetched:
    """Answer every download with a failure: the seam for a world without media."""
    return FetchFailed(f"nothing is served at {url} here")


class About(Struct, frozen=True):
    """What a profile says of itself, and who reads it."""

    display_name: str = ""
    """Empty is the username in words."""
    biography: str | None = None
    """``None`` is a line of the sandbox; empty is none."""
    picture_url: str = ""
    is_verified: bool = False
    is_private: bool = False
    is_tester: bool = True
    """Whether the profile accepted the invitation to test the app."""
    follower_count: int = 0
    demographics: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Followers by ``country``, ``city``, ``age`` or ``gender``: ``{"country": {"CH": 70}}``."""


class Profile(Discreet, frozen=True):
    """A profile to create, and the token that opens it."""

    hidden = frozenset({"token"})

    name: str
    token: str = ""
    """Empty means ``sandbox-NAME``."""
    scopes: tuple[str, ...] = SCOPES
    token_expires_at: float | None = None
    """Unix seconds; ``None`` is a token that does not expire."""
    is_eligible_for_geo_gating: bool = False
    has_instagram: bool = False
    about: About = field(default_factory=About)

    @property
    def secret(self) -> str:
        """The token in force."""
        return self.token or f"sandbox-{self.name}"


class App(Discreet, frozen=True):
    """The app that profiles authorize: what its developer has from the dashboard, all of it known."""

    hidden = frozenset({"secret"})

    id: str = "990000000000001"
    secret: str = "sandbox-app-secret"  # noqa: S105  (known to everybody)
    name: str = "sandbox"
    redirect_uris: tuple[str, ...] = ()
    """Where people may be sent back to, letter for letter; empty allows every address."""

    @property
    def token(self) -> str:
        """The app token that needs no call (docs/threads/get-started/app-access-tokens)."""
        return f"TH|{self.id}|{self.secret}"


class TextCount(StrEnum):
    """How the 500 of a text are counted; the documentation leaves it open."""

    CODEPOINTS = "codepoints"
    GRAPHEMES = "graphemes"
    """A grapheme is one, an emoji its number of UTF-8 bytes (the best reading of docs/threads/posts)."""
    BYTES = "bytes"


class Republish(StrEnum):
    """What publishing a published container does; undocumented, so a switch."""

    REFUSED = "refused"
    SAME_ID = "same-id"
    NEW_POST = "new-post"


class Switches(Struct, frozen=True):
    """How this network behaves, where documentation gives a number or leaves a question open.

    Numbers carry the documented value as default. What is a guess of ours is listed in
    :data:`threadsync.sandbox.threads.invented.INVENTED`.
    """

    text_delay_seconds: float = 0.0
    image_delay_seconds: float = 0.3
    video_delay_seconds: float = 0.5
    carousel_delay_seconds: float = 0.3
    container_life_seconds: float = 86_400.0
    published_readable_seconds: float | None = None
    """How long a published container can be read after publishing; ``None`` is for ever."""
    posts_quota: int = 250
    replies_quota: int = 1000
    deletes_quota: int = 100
    locations_quota: int = 500
    searches_quota: int = 2200
    """Keyword searches that find something."""
    discoveries_quota: int = 1000
    """Looks at the profiles of others and at their posts."""
    oembeds_quota: int = 1000
    """Embeds asked for without a token, an hour."""
    search_quota_shown: bool = False
    """Whether ``threads_publishing_limit`` has ``search_quota_usage``: one client asks for it."""
    quota_window_seconds: float = 86_400.0
    replies_count_as_posts: bool = False
    text_limit: int = 500
    text_count: TextCount = TextCount.GRAPHEMES
    links_limit: int = 5
    links_with_media_limit: int = 5
    """How many links go with pictures or videos: one user saw more than 3 refused, nobody else did."""
    republish: Republish = Republish.REFUSED
    listing_lag_seconds: float = 0.0
    """A fresh post shows in lists only so much later."""
    unlisting_lag_seconds: float = 0.0
    """A deleted post still shows in lists for so long."""
    parent_lag_seconds: float = 0.0
    """A fresh post can be replied to only so much later."""
    status_lag_seconds: float = 0.0
    """A published container goes on saying FINISHED for so long."""
    webp_accepted: bool = False
    advanced_access: bool = False
    """Whether posts of other profiles can be read, and webhooks are sent."""
    standard_access_refuses: bool = False
    """Without Advanced Access, whether mentions and searches are refused instead of narrowed."""
    authorize_as: str = ""
    """Who is logged in when the authorization window opens; empty is the first profile."""
    authorize_denied: bool = False
    """Whether that person says no."""
    code_life_seconds: float = 3600.0
    short_token_life_seconds: float = 3600.0
    last_page_has_cursors: bool = True
    inline_topic_mark_kept: bool = True
    """Whether the ``#`` of a topic taken from the text is still in the text when read."""
    texts_typeset: bool = False
    """Whether straight quotes are read back as typographic ones: a rewriting that nothing announces."""
    localised_errors: bool = False
    """Whether ``error_user_title`` and ``error_user_msg`` come in French instead of English."""
    throttled_status: int = 400
    """The HTTP status of a throttled call: 400 was observed, 429 is the Graph-wide rule."""
    throttled_code: int = 613
    """613 was observed; 4, 17, 32 and 341 are the Graph-wide codes, which have no subcode."""
    server_error_code: int = 2
    """Of a call at which the network stumbles: 2, or 1."""
    token_subcode: int = 463
    """Of the fault ``token-expired``: 463; 458, 459, 460, 464 or 467 as Graph-wide; 0 is none."""
    restricted_subcode: int = 2207051
    """The spam block, or 4279013: a profile that may not post; 0 is a policy block, code 368."""
    refresh_age_min_seconds: float = 86_400.0
    token_life_seconds: float = 5_184_000.0
    readers_per_post: int = 0
    """How many readers a post comes to have by itself, roughly and over days; 0 is nobody."""
    clock_skew_seconds: float = 0.0
    """How far the network's clock is ahead of ours."""
