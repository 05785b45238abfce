"""What a picture's file says besides its pixels is found, and nothing else is taken for it."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from tests.media.test_rendition import encoded, flag
from threadsync.media.probe import probe
from threadsync.media.rendition import Renditions
from threadsync.model.capabilities import PictureLimits
from threadsync.model.ids import MediaDigest
from threadsync.model.post import MediaFacts

BARE = PictureLimits(("JPEG", "PNG"), 2_000_000, 1, 1000, bare=True)
GPS, ORIENTATION = 0x8825, 0x0112
PLACE = b"48.2082"


def exif(orientation: int = 1) -> Image.Exif:
    made = Image.Exif()
    made[ORIENTATION] = orientation
    made.get_ifd(GPS)[29] = PLACE.decode()
    return made


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def facts(tmp_path: Path, content: bytes) -> MediaFacts:
    (tmp_path / "picture").write_bytes(content)
    found = probe(tmp_path / "picture")
    assert isinstance(found, MediaFacts), found
    return found


SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
TEXT = PngInfo()
TEXT.add_text("Author", "somebody")
PNG = encoded(flag(40, 30), "PNG")


@pytest.mark.parametrize(
    "content",
    [
        encoded(flag(40, 30), "JPEG"),
        encoded(flag(40, 30), "JPEG", icc_profile=SRGB, progressive=True, dpi=(72, 72)),
        encoded(flag(40, 30).convert("CMYK"), "JPEG"),
        PNG,
        encoded(flag(40, 30), "PNG", icc_profile=SRGB, dpi=(72, 72)),
        encoded(flag(40, 30).convert("P"), "PNG", transparency=0),
    ],
    ids=["jpeg", "jpeg with a profile", "cmyk", "png", "png with a profile", "transparent png"],
)
def test_colours_and_sizes_are_no_metadata(tmp_path: Path, content: bytes) -> None:
    assert not facts(tmp_path, content).has_metadata


@pytest.mark.parametrize(
    "content",
    [
        encoded(flag(40, 30), "JPEG", exif=exif()),
        encoded(flag(40, 30), "JPEG", comment=b"me"),
        encoded(flag(40, 30), "JPEG", xmp=b"<x:xmpmeta/>"),
        encoded(flag(40, 30), "JPEG") + b"a film of three seconds",
        encoded(flag(40, 30), "PNG", exif=exif()),
        encoded(flag(40, 30), "PNG", pnginfo=TEXT),
        PNG[:-12] + chunk(b"tIME", b"\x07\xea\x0b\x15\x16\x16\x00") + PNG[-12:],
        PNG + b"more",
    ],
    ids=["exif", "comment", "xmp", "film behind", "png exif", "png text", "png time", "png and more"],
)
def test_what_else_a_file_says_is_found(tmp_path: Path, content: bytes) -> None:
    assert facts(tmp_path, content).has_metadata


def test_a_network_that_passes_files_on_gets_a_bare_copy_of_the_same_size_upright(tmp_path: Path) -> None:
    """Without ``fit``: all pixels, the same format, and even a width over the limit stay."""
    for form in ("JPEG", "PNG"):
        content = encoded(flag(1200, 800), form, exif=exif(6))
        known = facts(tmp_path, content)
        limits = BARE.of_copy(known, fit=False)
        assert limits is not None
        made = Renditions(tmp_path).of("picture", known, limits)
        assert (made.facts.format, made.facts.width, made.facts.height) == (form, 800, 1200)
        assert not made.facts.has_metadata
        assert PLACE in content
        assert PLACE not in (tmp_path / made.path).read_bytes()
        assert probe(tmp_path / made.path) == made.facts


def test_a_copy_is_made_only_where_there_is_a_reason(tmp_path: Path) -> None:
    plain = facts(tmp_path, encoded(flag(1200, 800), "JPEG"))
    told = facts(tmp_path, encoded(flag(120, 80), "JPEG", exif=exif()))
    fetching = PictureLimits(BARE.formats, BARE.bytes_max, 1, 1000)
    assert BARE.of_copy(plain, fit=False) is None
    assert BARE.of_copy(plain, fit=True) == BARE
    assert fetching.of_copy(told, fit=False) is None
    heavy = MediaFacts(MediaDigest(""), 2_000_001, "image", "JPEG", 9, 9, has_metadata=True)
    assert BARE.of_copy(heavy, fit=False) is None, "an error says so; it is not shrunk behind one's back"
    assert BARE.of_copy(heavy, fit=True) == BARE
