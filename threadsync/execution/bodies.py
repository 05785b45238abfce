"""Request bodies as bytes that can be streamed: a file is read as it is sent, never held whole.

A body is a value. Each time it is sent its files are opened anew, so nothing has to be rewound.
"""

from __future__ import annotations

import errno
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Protocol, TypeAlias, assert_never
from urllib.parse import urlencode

from msgspec import Struct

from threadsync.errors import ContentError
from threadsync.flows.effects import (
    Body,
    BytesBody,
    FieldValue,
    FilePart,
    FormBody,
    JsonBody,
    MultipartBody,
    Request,
    Secret,
)
from threadsync.model.ids import MediaDigest
from threadsync.values import Discreet

Reveal: TypeAlias = Callable[[FieldValue], str]
"""Puts the secret where a ``Secret`` stands."""

CHUNK_BYTES = 65536


class Content(Protocol):
    """Bytes that are read as they are sent, of a known length; each iteration begins at the start."""

    def __len__(self) -> int:
        """Return how many bytes they are."""
        ...

    def __iter__(self) -> Iterator[bytes]:
        """Read them.

        Raises:
            OSError: they cannot be read to their end.
        """
        ...


class _FileSlice(Struct, frozen=True):
    path: Path
    offset: int
    length: int

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            file.seek(self.offset)
            left = self.length
            while left:
                chunk = file.read(min(CHUNK_BYTES, left))
                if not chunk:
                    raise OSError(errno.EIO, f"{self.path.name} became shorter while it was sent")
                left -= len(chunk)
                yield chunk


class Stream(Discreet, frozen=True):
    """Bytes and slices of files, one after the other; each iteration reads them from the start."""

    pieces: tuple[bytes | _FileSlice, ...]

    def __len__(self) -> int:
        return sum(map(len, self.pieces))

    def __iter__(self) -> Iterator[bytes]:
        for piece in self.pieces:
            if isinstance(piece, bytes):
                yield piece
            else:
                yield from piece


class Encoded(Discreet, frozen=True):
    """A body as it goes out; it may hold secrets, and so shows nothing of itself."""

    content: bytes | Stream | None
    content_type: str = ""


def encode(request: Request, reveal: Reveal, path_of: Callable[[MediaDigest], Path]) -> Encoded:
    """Return the body of *request* with its secrets put in.

    Raises:
        ContentError: a media file cannot be read, or is shorter than what is to be sent of it.
    """
    body: Body = request.body
    match body:
        case None:
            return Encoded(None)
        case JsonBody(value=value):
            text = json.dumps(
                value, ensure_ascii=False, allow_nan=False, default=lambda each: _as_json(each, reveal)
            )
            return Encoded(text.encode(), "application/json")
        case FormBody(fields=fields):
            text = urlencode({name: reveal(value) for name, value in fields.items()})
            return Encoded(text.encode(), "application/x-www-form-urlencoded")
        case FilePart():
            part = _slice(body, path_of)
            # A stream without a length would go out in chunks, and an empty one has none.
            return Encoded(Stream((part,)) if part.length else b"", body.content_type)
        case BytesBody(content=content, content_type=content_type):
            return Encoded(content, content_type)
        case MultipartBody():
            return _multipart(body, request.fingerprint(), reveal, path_of)
        case _:
            assert_never(body)


def _as_json(value: object, reveal: Reveal) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Secret):
        return reveal(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def _slice(part: FilePart, path_of: Callable[[MediaDigest], Path]) -> _FileSlice:
    path = path_of(part.media)
    try:
        size = path.stat().st_size
        with path.open("rb"):
            pass  # a file that may not be read is found out here, before a byte is sent
    except OSError as error:
        raise ContentError(
            f"the media file {path} cannot be read: {error.strerror}",
            remedy="Put it back, or take it out of the post; then plan again.",
        ) from error
    length = size - part.offset if part.length is None else part.length
    if length < 0 or part.offset + length > size:
        raise ContentError(
            f"the media file {path} has {size} bytes, fewer than when the post was planned",
            remedy="Plan again.",
        )
    return _FileSlice(path, part.offset, length)


def _multipart(
    body: MultipartBody, fingerprint: str, reveal: Reveal, path_of: Callable[[MediaDigest], Path]
) -> Encoded:
    # The fingerprint covers every value and the digest of every file, so none of them can hold it.
    boundary = f"threadsync-{fingerprint}"
    pieces: list[bytes | _FileSlice] = []
    for name, value in body.fields.items():
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"\r\n\r\n'
        pieces.append(f"{head}{reveal(value)}\r\n".encode())
    for name, part in body.files.items():
        file_name = part.file_name or part.media
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}";'
            f' filename="{_quoted(file_name)}"\r\nContent-Type: {part.content_type}\r\n\r\n'
        )
        pieces += [head.encode(), _slice(part, path_of), b"\r\n"]
    pieces.append(f"--{boundary}--\r\n".encode())
    return Encoded(Stream(tuple(pieces)), f"multipart/form-data; boundary={boundary}")


def _quoted(name: str) -> str:
    """Escape a name as browsers do (https://html.spec.whatwg.org/#multipart-form-data)."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
