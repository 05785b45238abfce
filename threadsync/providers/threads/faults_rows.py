"""The table of what Threads' errors mean: what each row matches, and what may be done next.

Sources: developers.facebook.com/docs/threads/troubleshooting and
developers.facebook.com/docs/graph-api/guides/error-handling; rows marked ``observed`` or ``reported`` were
reported by users of the API and are not in the documentation.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from threadsync.model.fault import FaultClass
from threadsync.model.ids import Json

_K = FaultClass


class FaultRow(Struct, frozen=True):
    """One row of the table: what it matches, what it means, and an error body that it must match."""

    id: str
    mark: str
    """``documented``, ``observed`` (by several users) or ``reported`` (by one)."""
    kind: FaultClass
    remedy: str
    sample: Mapping[str, Json]
    sample_status: int = 400
    codes: tuple[int, ...] = ()
    subcodes: tuple[int, ...] = ()
    statuses: tuple[int, ...] = ()
    symbol: str = ""
    """A symbolic name that stands in the message."""
    window_seconds: float | None = None
    """How long the window is that the call was counted in: when it has passed, nothing of it is left."""


def _sample(
    code: int, subcode: int | None = None, message: str = "An error", **more: Json
) -> Mapping[str, Json]:
    error: dict[str, Json] = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "A1"}
    if subcode is not None:
        error["error_subcode"] = subcode
    return {"error": {**error, **more}}


_REAUTHORIZE = (
    "Authorize the account again (threadsync auth login) and store the new token; an expired one cannot be "
    "refreshed."
)
_LATER = "Run apply again later; it goes on where it stopped."
_EDIT = "Change the post, then plan again."

_WINDOW_SECONDS = 86_400.0
"""Calls and the account's allowances are counted over rolling 24 hours
(developers.facebook.com/docs/threads/overview#rate-limiting, .../threads/troubleshooting)."""

ROWS: tuple[FaultRow, ...] = (
    # Subcodes, which decide first.
    FaultRow(
        "not-found-yet",
        "observed",
        _K.NOT_READY,
        _LATER,
        _sample(24, 4279009, is_transient=False),
        subcodes=(4279009,),
    ),
    FaultRow(
        "carousel-children", "observed", _K.NOT_READY, _LATER, _sample(100, 4279004), subcodes=(4279004,)
    ),
    FaultRow(
        "link-attachment",
        "observed",
        _K.INVALID,
        "Use the address that the link finally leads to, or leave the link out.",
        _sample(-1, 4279047, "Fatal"),
        subcodes=(4279047,),
    ),
    FaultRow(
        "media-download",
        "observed",
        _K.MEDIA,
        "Make sure that the file can be fetched by anyone at its public address, then apply again.",
        _sample(1, 2207052, "An unknown error occurred"),
        subcodes=(2207052,),
    ),
    FaultRow(
        "access-tier",
        "observed",
        _K.FORBIDDEN,
        "The Meta app needs Advanced Access for this; ask for it in the app's dashboard.",
        _sample(10, 4279067),
        subcodes=(4279067,),
    ),
    FaultRow(
        "rate-limit",
        "reported",
        _K.THROTTLED,
        _LATER,
        _sample(613, 4279002),
        subcodes=(4279002,),
        window_seconds=_WINDOW_SECONDS,
    ),
    FaultRow(
        "spam-block",
        "observed",
        _K.BLOCKED,
        "Threads restricts this account for now; look at it in the app and wait before you apply again.",
        _sample(1, 2207051),
        subcodes=(2207051,),
    ),
    FaultRow(
        "user-restricted",
        "reported",
        _K.BLOCKED,
        "Threads does not let this account post; look at it in the app.",
        _sample(1, 4279013),
        subcodes=(4279013,),
    ),
    FaultRow(
        "already-reposted",
        "reported",
        _K.ALREADY_DONE,
        "Nothing is left to do.",
        _sample(1, 4279050),
        subcodes=(4279050,),
    ),
    FaultRow(
        "publish-quota",
        "reported",
        _K.QUOTA,
        "The account's 24-hour allowance is used up; apply again when it has moved on.",
        _sample(9, 2207042),
        subcodes=(2207042,),
        window_seconds=_WINDOW_SECONDS,
    ),
    FaultRow(
        "object-gone",
        "observed",
        _K.GONE,
        "Look at the account: the post may be deleted.",
        _sample(100, 33),
        subcodes=(33,),
    ),
    FaultRow(
        "token-app-removed",
        "documented",
        _K.UNAUTHORIZED,
        "The person removed the app from the account: they must authorize it again (threadsync auth login).",
        _sample(190, 458),
        sample_status=401,
        subcodes=(458,),
    ),
    FaultRow(
        "token-checkpoint",
        "documented",
        _K.UNAUTHORIZED,
        "Log in to the account on threads.com and answer what it asks; then authorize it again if need be "
        "(threadsync auth login).",
        _sample(190, 459),
        sample_status=401,
        subcodes=(459, 464),
    ),
    FaultRow(
        "token-password-changed",
        "documented",
        _K.UNAUTHORIZED,
        "The account's password was changed: authorize the account again (threadsync auth login) and store "
        "the "
        "new token.",
        _sample(190, 460),
        sample_status=401,
        subcodes=(460,),
    ),
    FaultRow(
        "token-expired",
        "documented",
        _K.UNAUTHORIZED,
        _REAUTHORIZE,
        _sample(190, 463, "Error validating access token: Session has expired"),
        sample_status=401,
        subcodes=(463, 467),
    ),
    # Names that stand in the message.
    FaultRow(
        "unknown-field",
        "reported",
        _K.INVALID,
        "Ask only for fields that Meta's page lists for this very call.",
        _sample(100, None, "Tried accessing nonexisting field (status)", type="THApiException"),
        sample_status=500,
        symbol="Tried accessing nonexisting field",
    ),
    FaultRow(
        "link-limit",
        "documented",
        _K.INVALID,
        "A post may hold at most 5 different links.",
        _sample(100, None, "THREADS_API__LINK_LIMIT_EXCEEDED"),
        symbol="THREADS_API__LINK_LIMIT_EXCEEDED",
    ),
    FaultRow(
        "geo-gating-unavailable",
        "documented",
        _K.FORBIDDEN,
        "This account may not limit posts to countries.",
        _sample(100, None, "THREADS_API__FEATURE_NOT_AVAILABLE"),
        symbol="THREADS_API__FEATURE_NOT_AVAILABLE",
    ),
    FaultRow(
        "geo-gating-countries",
        "documented",
        _K.INVALID,
        "Use two-letter country codes.",
        _sample(100, None, "THREADS_API__GEO_GATING_INVALID_COUNTRY_CODES"),
        symbol="THREADS_API__GEO_GATING_INVALID_COUNTRY_CODES",
    ),
    # Codes.
    FaultRow(
        "token",
        "documented",
        _K.UNAUTHORIZED,
        _REAUTHORIZE,
        _sample(190),
        sample_status=401,
        codes=(190,),
    ),
    FaultRow(
        "authorization-code",
        "documented",
        _K.INVALID,
        "Start the authorization again and exchange its code within the hour, once, with the same redirect "
        "URI, and with the id and secret of the Threads app, which are not those of the Meta app.",
        {
            "error_type": "OAuthException",
            "code": 400,
            "error_message": "Matching code was not found or was already used",
        },
        codes=(400,),
    ),
    FaultRow(
        "permission",
        "documented",
        _K.FORBIDDEN,
        "Authorize the account again with the scope that is missing (threadsync auth login asks for what the "
        "project needs; threadsync auth status names what is missing).",
        _sample(10),
        codes=(10, *range(200, 300)),
    ),
    FaultRow(
        "app-rate-limit",
        "documented",
        _K.THROTTLED,
        _LATER,
        _sample(4),
        codes=(4, 17, 32, 341, 613),
        window_seconds=_WINDOW_SECONDS,
    ),
    FaultRow(
        "policy-block",
        "documented",
        _K.BLOCKED,
        "Threads blocked this for policy reasons; look at the account in the app.",
        _sample(368),
        codes=(368,),
    ),
    FaultRow("duplicate-post", "documented", _K.INVALID, _EDIT, _sample(506), codes=(506,)),
    FaultRow(
        "invalid-parameter",
        "documented",
        _K.INVALID,
        _EDIT,
        _sample(100, None, "Param text must be at most 500 characters long.", type="THApiException"),
        sample_status=500,
        codes=(100,),
    ),
    FaultRow("object-not-found", "observed", _K.NOT_READY, _LATER, _sample(24), codes=(24,)),
    FaultRow(
        "server-busy",
        "documented",
        _K.TRANSIENT,
        _LATER,
        _sample(2, is_transient=True),
        sample_status=500,
        codes=(1, 2),
    ),
    # Statuses, where the body says nothing that is known.
    FaultRow(
        "http-unauthorized",
        "documented",
        _K.UNAUTHORIZED,
        _REAUTHORIZE,
        {},
        sample_status=401,
        statuses=(401,),
    ),
    FaultRow(
        "http-forbidden",
        "documented",
        _K.FORBIDDEN,
        "Authorize the account again with the scope that is missing (threadsync auth login asks for what the "
        "project needs; threadsync auth status names what is missing).",
        {},
        sample_status=403,
        statuses=(403,),
    ),
    FaultRow(
        "http-not-found",
        "observed",
        _K.GONE,
        "Check the base address.",
        {},
        sample_status=404,
        statuses=(404,),
    ),
    FaultRow(
        "http-too-many",
        "observed",
        _K.THROTTLED,
        _LATER,
        {},
        sample_status=429,
        statuses=(429,),
        window_seconds=_WINDOW_SECONDS,
    ),
)

UNKNOWN_SERVER = FaultRow("http-server-error", "documented", _K.TRANSIENT, _LATER, {}, sample_status=503)
UNKNOWN_REFUSAL = FaultRow(
    "unknown-refusal", "documented", _K.INVALID, "Look the error up in Meta's documentation.", {}
)
