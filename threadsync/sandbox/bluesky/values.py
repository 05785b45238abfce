"""What goes into and comes out of the Bluesky model: requests, responses, switches, accounts.

Values only. This module does no I/O and knows no clock.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from hashlib import sha256
from typing import NewType, TypeAlias

from msgspec import Struct, field

from threadsync.values import Discreet

SecretDigest = NewType("SecretDigest", str)
"""The SHA-256 of a token or password: the model and its files never hold either."""

Json: TypeAlias = dict[str, object]

SECRET_INPUTS = ("password", "authFactorToken")
"""Members of an input of which a :class:`Request` keeps the digest, as ``NAME_digest``."""


def digest_of(secret: str) -> SecretDigest:
    """Turn a token or password into the only form the sandbox keeps of it."""
    return SecretDigest(sha256(secret.encode()).hexdigest())


class Upload(Struct, frozen=True):
    """A body of bytes, as the shell saw it; the shell keeps the bytes."""

    cid: str
    mime_type: str
    """What the bytes are, whatever was declared; empty where they are nothing that is known."""
    size: int
    declared: str
    """The Content-Type of the request; empty where there was none."""


class Request(Struct, frozen=True):
    """One call as the network sees it, without its secrets; :meth:`of` makes one from a raw call."""

    method: str
    path: str
    params: Mapping[str, tuple[str, ...]]
    """A parameter that is a list is repeated (atproto.com/specs/xrpc)."""
    input: Json | None
    """The JSON body."""
    token: SecretDigest | None
    upload: Upload | None = None
    body_bytes: int = 0

    @staticmethod
    def of(
        method: str,
        path: str,
        params: Mapping[str, tuple[str, ...]] | None = None,
        *,
        input: Json | None = None,  # noqa: A002  (its name in the lexicons)
        token: str | None = None,
        upload: Upload | None = None,
        body_bytes: int = 0,
    ) -> Request:
        """Make a request; secrets are kept as their digests only."""
        kept = input
        if input is not None and not input.keys().isdisjoint(SECRET_INPUTS):
            kept = {name: value for name, value in input.items() if name not in SECRET_INPUTS}
            kept |= {f"{name}_digest": digest_of(str(input[name])) for name in SECRET_INPUTS if name in input}
        digest = digest_of(token) if token else None
        return Request(method.upper(), path, params or {}, kept, digest, upload, body_bytes)

    @property
    def nsid(self) -> str:
        """The name of the method of ``/xrpc/NAME``; empty for another path."""
        _, mark, name = self.path.partition("/xrpc/")
        return name if mark and self.path.startswith("/xrpc/") else ""

    def param(self, name: str) -> str:
        """Return a parameter, empty when it is not there."""
        found = self.params.get(name, ())
        return found[0] if found else ""


class Response(Struct, frozen=True):
    """What the network answers, or that it hangs up; the members are those of the Threads sandbox.

    ``blob`` is the CID of the bytes that are the body instead of JSON.
    """

    status: int
    body: Json
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_seconds: float = 0.0
    dropped: bool = False
    acted: bool = True
    cut: bool = False
    blob: str = ""

    def encode(self) -> bytes:
        """Write the body as it goes over the wire: the same value is always the same bytes."""
        return json.dumps(self.body, ensure_ascii=False, separators=(",", ":")).encode()


class Generation(StrEnum):
    """Which server it is: they differ in limits and refusals."""

    V0_4 = "0.4"
    """``@atproto/pds`` 0.4.217, the last that runs on Node 20: pictures to 1,000,000 bytes."""
    V0_5 = "0.5"
    """``@atproto/pds`` 0.5.35: pictures to 2,000,000 bytes, and galleries."""


class Profile(Discreet, frozen=True):
    """An account to create; a main password and an app password open it."""

    hidden = frozenset({"password", "app_password"})

    handle: str
    password: str = ""
    """Empty means ``sandbox-main-HANDLE``."""
    app_password: str = ""
    """Empty means ``sandbox-HANDLE``."""
    display_name: str = ""

    @property
    def main_secret(self) -> str:
        """The password of the account itself."""
        return self.password or f"sandbox-main-{self.handle}"

    @property
    def secret(self) -> str:
        """The app password in force."""
        return self.app_password or f"sandbox-{self.handle}"


class Switches(Struct, frozen=True):
    """How this network behaves, where documentation gives a number or leaves a question open.

    Numbers carry the documented value as default. What is a guess of ours is listed in
    :data:`threadsync.sandbox.bluesky.invented.INVENTED`.
    """

    generation: str = str(Generation.V0_5)
    has_appview: bool = True
    """Whether it answers what only readers' apps need (posts with counts, profiles, feeds)."""
    access_life_seconds: float = 7_200.0
    refresh_life_seconds: float = 90 * 86_400.0
    refresh_grace_seconds: float = 7_200.0
    """How long a refresh token that was used once still gives the next one."""
    rate_limits: bool = True
    points_per_hour: int = 5_000
    points_per_day: int = 35_000
    blobs_per_day: int = 1_000
    logins_per_five_minutes: int = 30
    logins_per_day: int = 300
    blob_bytes_max: int = 52_428_800
    """The server's own limit; bsky.network documents this one."""
    email_confirmed: bool = True
    """An account whose address is not confirmed may upload no video."""
    server_error_status: int = 500
    """500, 502, 503 or 504."""
    throttled_after_seconds: int = 60
    """What ``Retry-After`` says of a fault ``throttled``."""
    video_seconds: float = 0.5
    """How long a video is processed."""
    video_answer: str = "wrapped"
    """How uploadVideo answers: ``wrapped`` in jobStatus, or ``bare``; both were seen."""
    videos_per_day: int = 25
    video_bytes_per_day: int = 10_000_000_000
    clock_skew_seconds: float = 0.0
    reading_lag_seconds: float = 0.0
    """How long reads do not show a new record; a server reads what it has written at once."""
    swap_checked: bool = True
    """Whether ``swapRecord`` is obeyed."""
    batch_writes_max: int = 200
    """After how many writes of one applyWrites the server stumbles, and keeps those; really it keeps none."""
    records_rewritten: str = ""
    """What a server changes of a record before it stores it: ``words`` adds a member, ``dates`` sets the time
    too; really nothing."""
    temporary_blob_seconds: float = 21_600.0
    """How long a blob is kept that no record refers to."""
