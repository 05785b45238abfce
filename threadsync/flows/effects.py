"""The vocabulary between a flow and its driver: effects out, outcomes back, all of them values."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Generator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias, TypeVar

from msgspec import Struct, field

from threadsync.model.ids import Json, MediaDigest, PublicUrl, Role
from threadsync.model.journal import Note
from threadsync.model.secret import SecretText

T = TypeVar("T")


class Visibility(StrEnum):
    """What others can see of a request."""

    READ = "read"
    STAGE = "stage"
    """Makes something nobody sees: a container, a blob."""
    VISIBLE = "visible"
    """Others see it at once: publish, delete, edit. Needs a recorded intent (law 1)."""


class Secret(Struct, frozen=True):
    """Stands for a credential's value inside a request; the transport alone puts it in."""

    role: Role


FieldValue: TypeAlias = str | Secret


SecretJson: TypeAlias = Json | Secret | Mapping[str, "SecretJson"]


class JsonBody(Struct, frozen=True):
    """A body sent as ``application/json``."""

    value: SecretJson


class FormBody(Struct, frozen=True):
    """A body sent as ``application/x-www-form-urlencoded``."""

    fields: Mapping[str, FieldValue]


class FilePart(Struct, frozen=True):
    """Bytes of a media file; the transport opens, streams and rewinds it. No *length* means to the end."""

    media: MediaDigest
    content_type: str
    file_name: str = ""
    offset: int = 0
    length: int | None = None


class BytesBody(Struct, frozen=True):
    """A body of bytes at hand, sent as *content_type*."""

    content: bytes
    content_type: str


class MultipartBody(Struct, frozen=True):
    """A body sent as ``multipart/form-data``."""

    fields: Mapping[str, FieldValue]
    files: Mapping[str, FilePart]


Body: TypeAlias = JsonBody | FormBody | FilePart | BytesBody | MultipartBody | None
Params: TypeAlias = Mapping[str, FieldValue | tuple[str, ...]]
"""What stands in an address's query; a name with several values is repeated."""


class Request(Struct, frozen=True):
    """One call; *path* starts with ``/`` and is relative to the base address of its *host*."""

    method: str
    path: str
    params: Params = field(default_factory=dict)
    body: Body = None
    auth: Role | SecretText | None = None
    """What opens the account: a credential by its role, or a secret that an answer held."""
    visibility: Visibility = Visibility.READ
    timeout_seconds: float | None = None
    answer_secrets: tuple[str, ...] = ()
    """Keys of the JSON answer under which secrets stand; the transport takes them out of its text."""
    host: str = ""
    """Which of the network's hosts it goes to, by the provider's name for it, or by the base address that a
    directory names; empty for the target's own."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """What the network wants to be said in headers besides."""

    def fingerprint(self) -> str:
        """Name exactly this call; an intent covers the one request with its fingerprint."""
        said = [self.method, self.path, sorted(map(repr, self.params.items())), _plain(self.body)]
        if self.host or self.headers:
            said += [self.host, sorted(self.headers.items())]
        return hashlib.sha256(json.dumps(said, sort_keys=True, default=repr).encode()).hexdigest()[:32]


def _plain(body: Body) -> object:
    match body:
        case FormBody(fields=fields):
            return ["form", sorted(map(repr, fields.items()))]
        case MultipartBody(fields=fields, files=files):
            return ["multipart", sorted(map(repr, fields.items())), sorted(map(repr, files.items()))]
        case JsonBody(value=value):
            return ["json", value]
        case _:
            return repr(body)


class Record(Struct, frozen=True):
    """Put notes on record; answered when they are durable in the store's sense."""

    notes: tuple[Note, ...]


class Wait(Struct, frozen=True):
    """Let time pass without holding a worker; *why* is shown as what the publication waits for."""

    seconds: float
    why: str = ""


class Now(Struct, frozen=True):
    """Ask for the time, aware and in UTC."""


class All(Struct, frozen=True):
    """Run flows side by side; answered with their results in order. One error cancels the rest."""

    flows: tuple[Flow[Any], ...]


class Host(Struct, frozen=True):
    """Ask for a public address of a media file."""

    media: MediaDigest


Effect: TypeAlias = Request | Record | Wait | Now | All | Host


class Response(Struct, frozen=True):
    """What the network answered; *body* is the raw bytes, *headers* have lower-case names."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    duration_seconds: float = 0.0
    secrets: Mapping[str, SecretText] = field(default_factory=dict)
    """What was taken out of the body, by the keys that the request declared."""
    host: str = ""
    """Who was asked: host and port; a read may have been redirected from there."""

    @property
    def json(self) -> object:
        """The body read as JSON, or None where it is not JSON, or nested too deep for any answer."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


class NoResponse(Struct, frozen=True):
    """No answer came; *sent* says whether the network may have acted."""

    reason: str
    sent: bool


class Recorded(Struct, frozen=True):
    """The notes are durable."""


class Taken(Struct, frozen=True):
    """The notes were not recorded: *holder* is bound to the remote post they claim."""

    holder: str


class Waited(Struct, frozen=True):
    """The time has passed."""


class Time(Struct, frozen=True):
    """The time now."""

    now: datetime


class Results(Struct, frozen=True):
    """What the flows of an ``All`` returned, in order."""

    values: tuple[object, ...]


class Hosted(Struct, frozen=True):
    """A public address of the media file, or *problem* where it has none, with its *remedy*."""

    url: PublicUrl | None
    problem: str = ""
    remedy: str = ""
    underway: str = ""
    """What is being done so that it will have one; ask again a little later."""


Outcome: TypeAlias = Response | NoResponse | Recorded | Taken | Waited | Time | Results | Hosted
Flow: TypeAlias = Generator[Effect, Outcome, T]
