"""A media file on its way to a public address: what it is, if it is still what it was, how it is sent."""

from __future__ import annotations

import base64
import errno
import hashlib
import mimetypes
from collections.abc import Iterator
from pathlib import Path
from threading import Event

from msgspec import Struct

from threadsync.media.probe import format_of
from threadsync.model.facts import MediaProblem
from threadsync.model.ids import MediaDigest

CHUNK_BYTES = 1 << 18

_TYPES = {
    "JPEG": (".jpg", "image/jpeg"),
    "PNG": (".png", "image/png"),
    "GIF": (".gif", "image/gif"),
    "WEBP": (".webp", "image/webp"),
    "MP4": (".mp4", "video/mp4"),
    "MOV": (".mov", "video/quicktime"),
}
"""The usual ending of a name and the registered media type, by format; a name on disk may lie."""


class MediaFile(Struct, frozen=True):
    """A media file on disk: its *digest* as it was when the post was read, and what it is now."""

    digest: MediaDigest
    path: Path
    size: int
    suffix: str
    """How a name for it ends, with the dot; empty where its format is not known."""
    content_type: str


def media_file(media: MediaDigest, path: Path) -> MediaFile | MediaProblem:
    """Return the file at *path*, whose bytes should be *media*; only its beginning is read."""
    try:
        size, form = path.stat().st_size, format_of(path)
    except OSError as error:
        return unreadable(path, error)
    guessed = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    suffix, content_type = _TYPES.get(form, (path.suffix.lower(), guessed))
    return MediaFile(media, path, size, suffix, content_type)


def md5_of(file: MediaFile) -> str | MediaProblem:
    """Make sure that *file* still is what it was, and return its MD5 as ``Content-MD5`` holds it.

    One pass makes both: a server that checks the MD5 then checks the digest, whatever befalls the file
    between this and the sending (https://www.rfc-editor.org/rfc/rfc1864).
    """
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    try:
        with file.path.open("rb") as opened:
            while chunk := opened.read(CHUNK_BYTES):
                sha256.update(chunk)
                md5.update(chunk)
    except OSError as error:
        return unreadable(file.path, error)
    if sha256.hexdigest() != file.digest:
        problem = f"{file.path} has other bytes than when the post was read"
        return MediaProblem(problem, "Plan again: what is published is what was planned.")
    return base64.b64encode(md5.digest()).decode()


def unreadable(path: Path, error: OSError) -> MediaProblem:
    """Return that the file at *path* cannot be read."""
    remedy = "Put the file back, or take it out of the post; then plan again."
    return MediaProblem(f"{path} cannot be read: {error.strerror}", remedy)


class Sending(Struct, frozen=True):
    """The bytes of *file* as they go out: a chunk at a time, and no more of them once *stopped* is set."""

    file: MediaFile
    stopped: Event

    def __len__(self) -> int:
        return self.file.size

    def __iter__(self) -> Iterator[bytes]:
        left = self.file.size
        with self.file.path.open("rb") as opened:
            while left:
                if self.stopped.is_set():
                    raise OSError(errno.ECANCELED, "the run was stopped")
                chunk = opened.read(min(CHUNK_BYTES, left))
                if not chunk:
                    raise OSError(errno.EIO, f"{self.file.path.name} became shorter while it was sent")
                left -= len(chunk)
                yield chunk
