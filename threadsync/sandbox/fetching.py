"""Downloading and judging media, as the network's own fetchers would.

INVENTED (``local-media``): only loopback addresses are fetched, http included. The network itself
fetches from public https addresses only (developers.facebook.com/docs/threads/overview); a sandbox
must not reach out of this machine. Redirects are not followed.
"""

from __future__ import annotations

import http.client
import io
import time
import warnings
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path
from threading import get_ident
from urllib.parse import urlsplit

from msgspec import Struct
from PIL import Image, UnidentifiedImageError

from threadsync.sandbox.stills import first_still
from threadsync.sandbox.threads import Fetched, FetchedMedia, FetchFailed, MediaKind

PIXELS_MAX = 100_000_000
CONTENT_TYPES = {
    "jpg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "gif": "image/gif",
    "mp4": "video/mp4",
    "mov": "video/quicktime",
}
_SUFFIXES = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "GIF": "gif", "MP4": "mp4", "MOV": "mov"}
_CHUNK_BYTES = 64 * 1024


class Shelf:
    """The sandbox's own copies of fetched media, so that they outlive their hosts."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._kept: dict[str, bytes] = {}
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def put(self, content: bytes, suffix: str) -> str:
        """Keep *content*; the same bytes are kept once. Returns the name to ask for it by."""
        name = f"{sha256(content).hexdigest()[:40]}.{suffix}"
        if self._folder is None:
            self._kept[name] = content
        elif not (self._folder / name).exists():
            # Two calls may fetch the same bytes at the same moment.
            draft = self._folder / f"{name}.{get_ident()}.draft"
            draft.write_bytes(content)
            draft.rename(self._folder / name)
        return name

    def get(self, name: str) -> bytes | None:
        """Return the content kept under *name*."""
        if self._folder is None:
            return self._kept.get(name)
        path = self._folder / name
        is_ours = path.parent == self._folder and path.suffix.removeprefix(".") in CONTENT_TYPES
        return path.read_bytes() if is_ours and path.is_file() else None


class Fetcher(Struct, frozen=True):
    """Downloads one URL within bounds, and puts what it found on the shelf."""

    shelf: Shelf
    seconds_max: float
    bytes_max: int

    def fetch(self, url: str) -> Fetched:
        """Download and judge what is at *url*; called in a worker, so that the server goes on."""
        content = self._download(url)
        return content if isinstance(content, FetchFailed) else probe(content, self.shelf)

    def _download(self, url: str) -> bytes | FetchFailed:
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError as error:
            return FetchFailed(f"{url}: {error}")
        if parts.scheme not in {"http", "https"} or not is_loopback(host):
            return FetchFailed(f"{url}: a sandbox fetches from loopback addresses only")
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(host, port, timeout=self.seconds_max)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            connection.request("GET", target, headers={"User-Agent": "facebookexternalhit/1.1 (sandbox)"})
            return self._read(url, connection.getresponse())
        except (OSError, http.client.HTTPException, ValueError) as error:
            return FetchFailed(f"{url}: {error!r}")
        finally:
            connection.close()

    def _read(self, url: str, response: http.client.HTTPResponse) -> bytes | FetchFailed:
        if response.status != 200:
            return FetchFailed(f"{url}: HTTP {response.status}")
        content = bytearray()
        give_up_at = time.monotonic() + self.seconds_max
        while chunk := response.read1(_CHUNK_BYTES):
            content += chunk
            if len(content) > self.bytes_max:
                return FetchFailed(f"{url}: more than {self.bytes_max} bytes")
            if time.monotonic() > give_up_at:
                return FetchFailed(f"{url}: not done after {self.seconds_max} seconds")
        announced = response.getheader("Content-Length")
        if announced is not None and announced != str(len(content)):
            return FetchFailed(f"{url}: {len(content)} of {announced} bytes came")
        return bytes(content)


def is_loopback(host: str) -> bool:
    """Whether a host name means this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False  # a name of the wide world


def probe(content: bytes, shelf: Shelf) -> FetchedMedia:
    """Find out what *content* is by its bytes, never by its name; keep it if it can be shown."""
    if content[4:8] == b"ftyp":
        return _film(content, shelf)
    found = _measure(content)
    if found is None or found[0] not in _SUFFIXES:
        return FetchedMedia(MediaKind.OTHER, found[0] if found else "UNKNOWN", len(content), "")
    form, width, height = found
    return FetchedMedia(
        MediaKind.IMAGE, form, len(content), shelf.put(content, _SUFFIXES[form]), width, height
    )


def _film(content: bytes, shelf: Shelf) -> FetchedMedia:
    form = "MOV" if content[8:12] == b"qt  " else "MP4"
    name = shelf.put(content, _SUFFIXES[form])
    still = first_still(content)
    if still is None:
        return FetchedMedia(MediaKind.VIDEO, form, len(content), name)
    poster = shelf.put(still.jpeg, "jpg")
    return FetchedMedia(MediaKind.VIDEO, form, len(content), name, still.width, still.height, poster)


def _measure(content: bytes) -> tuple[str, int, int] | None:
    """Return format, width and height of a picture that can be read to its end."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the bound below is ours
            with Image.open(io.BytesIO(content)) as picture:
                width, height = picture.size
                if width * height > PIXELS_MAX:
                    return None
                picture.load()
                return picture.format or "UNKNOWN", width, height
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None  # not a picture, or a broken one: the model answers with the network's refusal
