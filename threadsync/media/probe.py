"""What a media file is: by its content, never by its name, and without decoding a picture's pixels.

Signatures are those of the formats' own specifications (ISO/IEC 10918-1 for JPEG, the W3C's PNG,
Google's WebP container, the W3C's WebVTT, ISO/IEC 14496-12 for the ``ftyp`` box of MP4, QuickTime, HEIC
and AVIF, RFC 8794 for EBML); Pillow reads the headers of pictures, ``video`` what is in a film.
"""

from __future__ import annotations

import hashlib
import os
import stat
import struct
import warnings
import zlib
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from threadsync.media.metadata import has_metadata
from threadsync.media.video import Film, VideoProblem, read_film
from threadsync.model.ids import MediaDigest
from threadsync.model.post import MediaFacts

if TYPE_CHECKING:
    from PIL import Image

PROBE_VERSION = 4
"""Goes up with every change to what ``probe`` finds, so that no cache answers for another version."""

PICTURE_BYTES_MAX = 100_000_000
"""The largest picture whose header is read; some formats are read into memory for it."""

_HEAD_BYTES = 64
_BLOCK_BYTES = 1 << 18
_LFS_POINTER = b"version https://git-lfs.github.com/spec/"
_SIGNATURES = (
    (b"\xff\xd8\xff", "image", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "image", "PNG"),
    (b"GIF87a", "image", "GIF"),
    (b"GIF89a", "image", "GIF"),
    (b"BM", "image", "BMP"),
    (b"II*\x00", "image", "TIFF"),
    (b"MM\x00*", "image", "TIFF"),
    (b"WEBVTT", "captions", "VTT"),
    (b"\xef\xbb\xbfWEBVTT", "captions", "VTT"),
)
_BRANDS = {
    b"qt  ": ("video", "MOV"),
    b"heic": ("image", "HEIC"),
    b"heix": ("image", "HEIC"),
    b"heim": ("image", "HEIC"),
    b"heis": ("image", "HEIC"),
    b"mif1": ("image", "HEIC"),
    b"msf1": ("image", "HEIC"),
    b"avif": ("image", "AVIF"),
    b"avis": ("image", "AVIF"),
    b"M4A ": ("unknown", "M4A"),
    b"M4B ": ("unknown", "M4A"),
}
"""Major brands of the ``ftyp`` box; any other one is taken for MP4."""

_QUICKTIME_FIRST_BOXES = (b"moov", b"mdat", b"wide")
"""What a QuickTime film older than the ``ftyp`` box starts with."""

_HEADERS_READ = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF")
"""Formats whose size in pixels Pillow reads in every build."""

_MOVING = ("PNG", "GIF", "WEBP")
"""Formats that can hold a picture that moves; several in one JPEG or TIFF are something else."""

_ORIENTATION = 0x0112
"""The EXIF tag that says how a viewer turns the picture; 5 to 8 swap its sides."""

DAMAGED = (
    OSError,
    EOFError,
    SyntaxError,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    ArithmeticError,
    RuntimeError,
    struct.error,
    zlib.error,
)
"""What Pillow raises for headers that make no sense."""


class _Problem(Exception):
    """Ends a probe with the sentence that says why."""


def probe(path: Path) -> MediaFacts | str:
    """Say what the file at *path* is, or in one sentence why it cannot be used.

    The sentence starts with a small letter and names no path: it follows one. Width and height are
    in pixels as a viewer shows the file (EXIF orientation and a film's rotation applied); they are 0 for
    HEIC and AVIF, whose headers are not read. What ends too early is a problem. Where nothing that reads
    videos is installed, a video has the size 0 and no ``video``.
    """
    try:
        # A pipe or a device would hold the open() up for ever.
        if not stat.S_ISREG(path.stat().st_mode):
            return "this is not a regular file"
        with path.open("rb") as file:
            before = os.fstat(file.fileno())
            facts = _facts(file, before.st_size)
            after = os.fstat(file.fileno())
    except FileNotFoundError:
        return "there is no such file"
    except PermissionError:
        return "the file may not be read (permission denied)"
    except (OSError, ValueError) as error:
        return f"the file cannot be read ({error.strerror if isinstance(error, OSError) else error})"
    except _Problem as problem:
        return str(problem)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        return "the file changed while it was read; try again"
    return facts


def format_of(path: Path) -> str:
    """Return the format of the file at *path* by its first bytes; empty where it is none that is known.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return _kind_of(file.read(_HEAD_BYTES))[1]


def _facts(file: BufferedReader, size_bytes: int) -> MediaFacts:
    head = file.read(_HEAD_BYTES)
    if not head:
        raise _Problem("the file is empty")
    if head.startswith(_LFS_POINTER):
        raise _Problem("this is a Git LFS pointer, not the file itself; fetch it with `git lfs pull`")
    kind, name = _kind_of(head)
    facts = MediaFacts(MediaDigest(""), size_bytes, kind, name, 0, 0)
    if name in _HEADERS_READ:
        if size_bytes > PICTURE_BYTES_MAX:
            limit = f"{PICTURE_BYTES_MAX // 1_000_000} MB"
            raise _Problem(f"the picture is larger than {limit}, the most that is read")
        width, height, animated = _picture(file, name)
        if not _is_complete(file, name):
            raise _Problem(f"the {name} file ends too early; it was cut off on its way here")
        more = has_metadata(file, name)
        facts = replace(facts, width=width, height=height, animated=animated, has_metadata=more)
    elif kind == "video":
        film = _film(file, name, size_bytes)
        if film is not None:
            facts = replace(facts, width=film.width, height=film.height, video=film.facts)
    file.seek(0)
    return replace(facts, digest=MediaDigest(hashlib.file_digest(file, "sha256").hexdigest()))


def _film(file: BufferedReader, name: str, size_bytes: int) -> Film | None:
    try:
        return read_film(file, name, size_bytes)
    except VideoProblem as problem:
        raise _Problem(str(problem)) from problem


def _kind_of(head: bytes) -> tuple[str, str]:
    """Return kind and format of a file that starts with *head*."""
    for signature, kind, name in _SIGNATURES:
        if head.startswith(signature):
            return kind, name
    match head[:4], head[4:8], head[8:12]:
        case b"RIFF", _, b"WEBP":
            return "image", "WEBP"
        case b"RIFF", _, b"AVI ":
            return "video", "AVI"
        case _, b"ftyp", brand:
            return _BRANDS.get(brand, ("video", "MP4"))
        case _, box, _ if box in _QUICKTIME_FIRST_BOXES:
            return "video", "MOV"
        case b"\x1a\x45\xdf\xa3", _, _:
            return "video", "WEBM" if b"webm" in head else "MKV"
    return "unknown", ""


def _picture(file: BufferedReader, name: str) -> tuple[int, int, bool]:
    """Read width and height, as shown, of the picture in *file*, and whether it moves."""
    from PIL import Image  # Pillow takes longer to import than most plans take to make

    file.seek(0)
    with warnings.catch_warnings():
        # Pillow's other warnings are about parts of the file that no fact here comes from.
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(file, formats=(name,)) as picture:
                turned = _orientation(picture) in {5, 6, 7, 8}
                width, height = _stored_size(picture)
                animated = name in _MOVING and bool(getattr(picture, "is_animated", False))
                if name == "PNG":
                    # Checks the checksum of every chunk; needs no pixel for it.
                    picture.verify()
        except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
            most = f"{(Image.MAX_IMAGE_PIXELS or 0) // 1_000_000} million"
            raise _Problem(
                f"the picture claims more than {most} pixels, which cannot be decoded safely; scale it down"
            ) from error
        except DAMAGED as error:
            raise _Problem(f"the {name} file is damaged or cut off; its header cannot be read") from error
    return (height, width, animated) if turned else (width, height, animated)


def _stored_size(picture: Image.Image) -> tuple[int, int]:
    """Return width and height as they lie in the file; Pillow has turned those of a TIFF already."""
    from PIL.TiffImagePlugin import IMAGELENGTH, IMAGEWIDTH, TiffImageFile

    if isinstance(picture, TiffImageFile):
        return int(picture.tag_v2[IMAGEWIDTH]), int(picture.tag_v2[IMAGELENGTH])
    return picture.size


def _orientation(picture: Image.Image) -> int:
    """Return the EXIF orientation of *picture*, 1 where it has none that can be read."""
    from PIL import Image

    try:
        # Not picture.getexif(): that of a PNG would decode the whole picture first.
        found = Image.Image.getexif(picture).get(_ORIENTATION, 1)
    except DAMAGED:
        # Viewers show a picture with broken metadata as it lies in the file.
        return 1
    return found if isinstance(found, int) else 1


def _is_complete(file: BufferedReader, name: str) -> bool:
    """Whether the last part of a JPEG or PNG is there; of a WebP, Pillow has seen to that."""
    match name:
        case "JPEG":
            return _jpeg_ends(file)
        case "PNG":
            # Pillow's verification stopped before the four bytes of the last chunk's checksum.
            return len(file.read(4)) == 4
        case _:
            return True


def _jpeg_ends(file: BufferedReader) -> bool:
    """Whether an end-of-image marker follows the start of the picture's own scan.

    A marker inside the metadata (a thumbnail's) does not count, and what follows the picture (a
    phone's short film) does not matter. In a scan, FF D9 is always the marker.
    """
    file.seek(2)
    while len(header := file.read(4)) == 4 and header[0] == 0xFF:
        if header[1] == 0xDA:
            return any(b"\xff\xd9" in window for window in _windows(file))
        file.seek(int.from_bytes(header[2:], "big") - 2, os.SEEK_CUR)
    return False


def _windows(file: BufferedReader) -> Iterator[bytes]:
    """Yield the rest of *file* in blocks; each starts with the last byte of the one before."""
    last = b""
    while block := file.read(_BLOCK_BYTES):
        yield last + block
        last = block[-1:]
