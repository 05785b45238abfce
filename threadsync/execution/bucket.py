"""A bucket as whoever sends to it sees it: what it is called, how it is asked, and what its refusals mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Protocol

from msgspec import Struct

from threadsync.content.escape import shown
from threadsync.execution.bodies import Content
from threadsync.flows.effects import NoResponse, Response
from threadsync.model.ids import Role
from threadsync.model.secret import SecretText

SKEW_SECONDS_MAX = 300.0
"""How far this machine's clock may be from the store's before it is held to be the reason of a refusal."""

_CODE = re.compile(rb"<Code>([A-Za-z]{1,60})</Code>")
_KEYS = "Check access_key and secret_key (account_key on Azure), and that they are of this bucket's account."
_REFUSALS = {
    "InvalidAccessKeyId": ("does not know its access_key", _KEYS),
    "SignatureDoesNotMatch": ("says that its secret_key is wrong", _KEYS),
    "AuthenticationFailed": ("says that its account_key is wrong", _KEYS),
    "ExpiredToken": (
        "says that its session_token has expired",
        "Fetch new temporary keys, then apply again.",
    ),
    "InvalidToken": (
        "says that its session_token is wrong",
        "Give all three of the temporary keys, or none.",
    ),
    "NoSuchBucket": ("has no such bucket", "Correct bucket: (or endpoint:), or make the bucket."),
    "ContainerNotFound": (
        "has no such container",
        "Correct the container's name (or account:), or make the container.",
    ),
    "PermanentRedirect": ("says that the bucket is in another region", "Correct region:."),
    "AuthorizationHeaderMalformed": ("says that the bucket is in another region", "Correct region:."),
    "AuthorizationQueryParametersError": ("says that the bucket is in another region", "Correct region:."),
    "BadDigest": ("got other bytes than were sent", "Apply again."),
    "Md5Mismatch": ("got other bytes than were sent", "Apply again."),
}
"""What stores say (https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html and
https://learn.microsoft.com/en-us/rest/api/storageservices/blob-service-error-codes), and the remedy."""
HIDDEN = "AccessDenied"
"""What S3 says of everything that its keys may not do, and of a missing object to whom may not list."""
_DENIED = frozenset({HIDDEN, "AuthorizationFailure", "AuthorizationPermissionMismatch"})
ABSENT = frozenset({"NoSuchKey", "BlobNotFound"})
"""What stores say of an object that is not there."""
_DAMAGED = frozenset({"BadDigest", "Md5Mismatch"})
EXISTS = frozenset({"PreconditionFailed", "BlobAlreadyExists", "ConditionNotMet"})
"""What they say of a write that was only to happen under a condition which does not hold."""
_PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504})


class Bucket(Protocol):
    """A bucket of S3 (and what speaks like it), or a container of Azure, as the project names it."""

    @property
    def kind(self) -> str:
        """The protocol: ``s3`` or ``azure``."""
        ...

    @property
    def settings(self) -> Mapping[str, str]:
        """Its ``bucket``, ``region`` and ``endpoint``; of Azure ``container``, ``account``, ``endpoint``."""
        ...

    @property
    def credentials(self) -> Mapping[Role, str]:
        """Role to where the secret is: ``access_key``, ``secret_key``, ``session_token``; ``account_key``."""
        ...

    @property
    def called(self) -> str:
        """What messages call it."""
        ...

    @property
    def at(self) -> str:
        """Where the project file names it."""
        ...


class Send(Protocol):
    """Sends one request to a signed address; ``Transport.exchange`` is one."""

    def __call__(
        self,
        method: str,
        url: SecretText,
        *,
        headers: Mapping[str, str],
        content: Content | None,
        timeout_seconds: float,
    ) -> Response | NoResponse:
        """Return the answer, or why none came."""
        ...


class Refusal(Struct, frozen=True):
    """Why a store did not do what it was asked, and what to do."""

    problem: str
    remedy: str
    passing: bool = False
    """Whether the same request may go better a little later."""
    unanswered: bool = False
    """Whether nobody knows what became of it."""


def code_of(answer: Response) -> str:
    """Return what the store calls the error."""
    found = _CODE.search(answer.body)
    return found[1].decode() if found else shown(answer.headers.get("x-ms-error-code", ""), 60)


def time_of(answer: Response, header: str) -> datetime | None:
    """Return the time that a *header* says; None where it says none."""
    try:
        at = parsedate_to_datetime(answer.headers.get(header, ""))
    except ValueError:
        return None
    return at if at.tzinfo is not None else None


def skewed(answer: Response, now: datetime) -> bool:
    """Whether the clocks are so far apart that what is signed here, where it is *now*, is not valid there."""
    if answer.status not in {400, 403}:
        return False
    if code_of(answer) == "RequestTimeTooSkewed":
        return True
    at = time_of(answer, "date")
    return at is not None and abs((at - now).total_seconds()) > SKEW_SECONDS_MAX


def refused(answer: Response | NoResponse, bucket: Bucket, verb: str, now: datetime) -> Refusal | None:
    """Return why *bucket* did not do what it was asked (*verb*: read, write, delete); None where it did."""
    if isinstance(answer, NoResponse):
        remedy = "Check endpoint: and the connection, then apply again."
        problem = f"{bucket.called} cannot be reached: {answer.reason}"
        return Refusal(problem, remedy, passing=True, unanswered=True)
    if answer.status < 300:
        return None
    if skewed(answer, now):
        problem = f"{bucket.called} refuses what this machine signs, whose clock is minutes away from its own"
        return Refusal(problem, "Set the clock of this machine, then apply again.")
    code = code_of(answer)
    if code in _REFUSALS:
        said, remedy = _REFUSALS[code]
        return Refusal(f"{bucket.called} {said} ({code})", remedy, passing=code in _DAMAGED)
    if code in _DENIED:
        problem = f"{bucket.called} does not let its keys {verb} files ({code})"
        return Refusal(problem, "Give them the right to read and write objects there.")
    problem = f"{bucket.called} answers {answer.status}{f' ({code})' if code else ''}"
    passing = answer.status in _PASSING
    remedy = "Apply again later." if passing else f"Check {bucket.at} in threadsync.yaml."
    return Refusal(problem, remedy, passing)
