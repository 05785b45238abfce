"""Errors of XRPC, classified by what may be done next.

An error has a name, and the name decides; where it has none, or one that is not known, the status does.
Bodies may be anything, since they may come from what stands before the server. Sources:
https://atproto.com/specs/xrpc and the lexicons of https://github.com/bluesky-social/atproto; rows marked
``observed`` are what its server, ``@atproto/pds``, was seen to say.
"""

from __future__ import annotations

import re

from msgspec import Struct

from threadsync.errors import Unanswered
from threadsync.flows.effects import Response
from threadsync.model.fault import Fault, FaultClass
from threadsync.providers.answers import time_in
from threadsync.providers.bluesky.servers import OLD, SERVERS

EXPIRED = "expired-session"
"""The row of a session that is over, so that a new one is made and the call repeated."""
FILM_FAILED = "film-failed"
"""The row of a film that the video service may make something of when it gets it once more."""


class FaultRow(Struct, frozen=True):
    """One kind of error: its *names*, what may be done, and what to tell a person."""

    id: str
    names: frozenset[str]
    statuses: frozenset[int]
    """Where no name decides."""
    kind: FaultClass
    remedy: str
    source: str


def _row(  # noqa: PLR0917  (a table reads best as a table)
    row: str, names: str, statuses: tuple[int, ...], kind: FaultClass, remedy: str, source: str
) -> FaultRow:
    return FaultRow(row, frozenset(names.split()), frozenset(statuses), kind, remedy, source)


XRPC = "https://atproto.com/specs/xrpc"
LEXICONS = "https://github.com/bluesky-social/atproto/tree/main/lexicons"
OBSERVED = "observed"

ROWS: tuple[FaultRow, ...] = (
    _row(
        EXPIRED,
        "ExpiredToken",
        (),
        FaultClass.UNAUTHORIZED,
        "Log in again: run the command once more; if it stays, the app password was taken away.",
        OBSERVED,
    ),
    _row(
        "wrong-token",
        "InvalidToken AuthMissing BadJwt BadJwtSignature JwtExpired",
        (),
        FaultClass.UNAUTHORIZED,
        "Store the app password again (threadsync auth login).",
        OBSERVED,
    ),
    _row(
        "wrong-password",
        "AuthenticationRequired",
        (401,),
        FaultClass.UNAUTHORIZED,
        "Check the handle and make a new app password: Settings, Privacy and security, App passwords.",
        LEXICONS,
    ),
    _row(
        "second-factor",
        "AuthFactorTokenRequired",
        (),
        FaultClass.UNAUTHORIZED,
        "The account asks for a code sent by email: use an app password, not the account's own.",
        LEXICONS,
    ),
    _row(
        "account-taken-down",
        "AccountTakedown AccountSuspended",
        (),
        FaultClass.BLOCKED,
        "The network took the account down; ask its moderators.",
        LEXICONS,
    ),
    _row(
        "account-deactivated",
        "AccountDeactivated AccountInactive",
        (),
        FaultClass.BLOCKED,
        "Activate the account again in the app.",
        OBSERVED,
    ),
    _row(
        "account-unknown",
        "AccountNotFound RepoNotFound",
        (),
        FaultClass.UNAUTHORIZED,
        "The server has no such account: check the handle, and whether the account has moved.",
        OBSERVED,
    ),
    _row(
        "missing-scope",
        "ScopeMissingError",
        (403,),
        FaultClass.FORBIDDEN,
        "Use a credential that may do this (a privileged app password for messages).",
        XRPC,
    ),
    _row(
        "record-gone",
        "RecordNotFound NotFound BlockNotFound",
        (404,),
        FaultClass.GONE,
        "It was deleted, or never was.",
        LEXICONS,
    ),
    _row(
        "handle-unknown",
        "HandleNotFound InvalidHandle",
        (),
        FaultClass.GONE,
        "Nobody has this handle: correct it.",
        LEXICONS,
    ),
    _row(
        "record-changed",
        "InvalidSwap",
        (),
        FaultClass.INVALID,
        "Something else stands there now: look at the account.",
        LEXICONS,
    ),
    _row(
        "blob-not-there",
        "BlobNotFound",
        (),
        FaultClass.NOT_READY,
        "The file has to be sent again: run apply once more. A video that was sent before, and taken down or"
        " never posted, the video service may know and the server have no more: encode it anew, or let the"
        " target send it to the server itself, with video: blob.",
        OBSERVED,
    ),
    _row(
        "blob-refused",
        "InvalidMimeType InvalidSize BlobTooLarge VideoTooLarge VideoTooLong BadAspectRatio"
        " UnsupportedContentType",
        (),
        FaultClass.MEDIA,
        "Use a file within the limits; with fit: true a picture is made to fit.",
        LEXICONS,
    ),
    _row(
        "too-large",
        "PayloadTooLarge PayloadTooLargeError",
        (413,),
        FaultClass.MEDIA,
        "Use a smaller file, or make several posts of a long chain: this server takes no more at once."
        " Of an older one say server: pds-0.4 under its target, and validate tells it.",
        OBSERVED,
    ),
    _row(
        "rate-limit",
        "RateLimitExceeded",
        (429,),
        FaultClass.THROTTLED,
        "Wait until the window has passed; the plan shows how many points are left.",
        "https://docs.bsky.app/docs/advanced-guides/rate-limits",
    ),
    _row(
        "daily-video-limit",
        "DailyLimitExceeded TooManyOpenUploads UploadForbidden unconfirmed_email",
        (),
        FaultClass.QUOTA,
        "The account may send no more videos today, or has to confirm its email address first.",
        LEXICONS,
    ),
    _row(
        "film-refused",
        "validation_failure encoding_failure",
        (),
        FaultClass.MEDIA,
        "Encode the film anew, as H.264 with AAC sound in an MP4 file.",
        LEXICONS,
    ),
    _row(
        "film-too-large",
        "pds_upload_unsupported_blob_size",
        (),
        FaultClass.MEDIA,
        "The account's server takes no file as large as the film became: shorten it.",
        LEXICONS,
    ),
    _row(
        FILM_FAILED,
        "generic_failure pds_upload_failure",
        (),
        FaultClass.TRANSIENT,
        "Run apply again later; if it stays, encode the film anew, as H.264 with AAC sound in an MP4 file.",
        LEXICONS,
    ),
    _row(
        "no-such-method",
        "XRPCNotSupported MethodNotImplemented",
        (501,),
        FaultClass.INVALID,
        "This server cannot do that; another one, or a newer version of it, may.",
        XRPC,
    ),
    _row(
        "server-busy",
        "InternalServerError UpstreamFailure NotEnoughResources UpstreamTimeout ServiceOverloaded",
        (500, 502, 503, 504),
        FaultClass.TRANSIENT,
        "Run apply again later.",
        XRPC,
    ),
)
TOO_BIG = re.compile(r"blob too big \(maximum (\d+)")
"""What a refusal without a name of its own says of a file: its server's lexicon takes less."""
BLOB_TOO_BIG = _row(
    "blob-too-big",
    "",
    (),
    FaultClass.MEDIA,
    "This server takes smaller pictures and videos than newer ones do: write server: pds-0.4 under the target"
    " in threadsync.yaml. With fit: true in the post, a copy of a picture that fits is sent.",
    OBSERVED,
)
UNKNOWN_REFUSAL = _row(
    "refused", "", (), FaultClass.INVALID, "Correct what the server names, then plan again.", XRPC
)
UNKNOWN_SERVER = _row("server-busy", "", (), FaultClass.TRANSIENT, "Run apply again later.", XRPC)


def refusal(response: Response) -> Fault | None:
    """Return the error that *response* carries; None where it carries none."""
    if response.status < 400:
        return None
    body = response.json
    said = body if isinstance(body, dict) else {}
    name, message = str(said.get("error") or ""), str(said.get("message") or "")
    too_big = TOO_BIG.search(message)
    row = _row_of(response.status, name) if too_big is None else _too_big(int(too_big[1]))
    text = ": ".join(filter(None, (name, message))) or f"HTTP {response.status}"
    return Fault(
        row.kind,
        f"the server says: {text} [HTTP {response.status}]",
        row.remedy,
        row.id,
        response.status,
        retry_after_seconds=_regained_seconds(response) if row.kind is FaultClass.THROTTLED else None,
    )


def unanswered(error: Unanswered) -> Fault:
    """Return a lost answer as an error of the network."""
    remedy = "Run apply again; it goes on where it stopped."
    return Fault(FaultClass.TRANSIENT, error.problem, remedy, "no-answer")


def film_failure(code: str | None, said: str) -> Fault:
    """Return why the video service made nothing of a film: its *code* for it, and what it *said*."""
    known = [row for row in ROWS if code in row.names]
    row = known[0] if known else _row_of(0, "generic_failure")
    text = ": ".join(filter(None, (code, said))) or "no reason"
    return Fault(row.kind, f"the video service could not process the film ({text})", row.remedy, row.id)


def _too_big(bytes_max: int) -> FaultRow:
    old = SERVERS[OLD]
    is_old = bytes_max in {old.picture_bytes_max, old.video_bytes_max}
    return BLOB_TOO_BIG if is_old else _row_of(400, "BlobTooLarge")


def _row_of(status: int, name: str) -> FaultRow:
    for row in ROWS:
        if name and name in row.names:
            return row
    for row in ROWS:
        if status in row.statuses:
            return row
    return UNKNOWN_SERVER if status >= 500 else UNKNOWN_REFUSAL


def _regained_seconds(response: Response) -> float | None:
    """Return after how long to ask again: ``Retry-After``, which newer servers send, or the window's end.

    ``RateLimit-Reset`` is a time in seconds since 1970 here, so the answer's own date is taken from it.
    """
    after = response.headers.get("retry-after", "")
    if after.isascii() and after.isdigit():
        return float(after)
    reset = response.headers.get("ratelimit-reset", "")
    answered = time_in(response.headers.get("date", ""))
    if not (reset.isascii() and reset.isdigit()) or answered is None:
        return None
    return max(0.0, int(reset) - answered.timestamp())
