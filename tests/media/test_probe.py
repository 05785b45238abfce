"""probe: what a file is, by its content, without decoding it."""

from __future__ import annotations

import hashlib
import io
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from threadsync.media.probe import PICTURE_BYTES_MAX, probe
from threadsync.model.ids import MediaDigest
from threadsync.model.post import MediaFacts


def encoded(name: str, size: tuple[int, int] = (48, 20), **options: object) -> bytes:
    """A picture with some detail, so that its scan is longer than a header."""
    picture = Image.frombytes("L", size, bytes((i * 37) % 251 for i in range(size[0] * size[1])))
    out = io.BytesIO()
    picture.convert("RGB").save(out, name, **options)
    return out.getvalue()


def exif(orientation: int) -> bytes:
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags.tobytes()


def written(tmp_path: Path, content: bytes, name: str = "file") -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


def facts(path: Path) -> MediaFacts:
    found = probe(path)
    assert isinstance(found, MediaFacts), found
    return found


def problem(path: Path) -> str:
    found = probe(path)
    assert isinstance(found, str), found
    assert "\n" not in found
    return found


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"])
def test_a_picture_is_known_by_its_content_whatever_its_name(tmp_path: Path, name: str) -> None:
    content = encoded(name)
    assert facts(written(tmp_path, content, "holiday.txt")) == MediaFacts(
        digest=MediaDigest(hashlib.sha256(content).hexdigest()),
        size_bytes=len(content),
        kind="image",
        format=name,
        width=48,
        height=20,
    )


@pytest.mark.parametrize(
    ("head", "kind", "name"),
    [
        (b"\0\0\0\x20ftypisom\0\0\2\0", "video", "MP4"),
        (b"\0\0\0\x20ftypmp42\0\0\0\0", "video", "MP4"),
        (b"\0\0\0\x14ftypqt  \0\0\0\0", "video", "MOV"),
        (b"\0\0\0\x08wide\0\0\0\x08mdat", "video", "MOV"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "image", "HEIC"),
        (b"\0\0\0\x18ftypavif\0\0\0\0", "image", "AVIF"),
        (b"\0\0\0\x18ftypM4A \0\0\0\0", "unknown", "M4A"),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm", "video", "WEBM"),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x82\x88matroska", "video", "MKV"),
        (b"RIFF\0\0\0\0AVI LIST", "video", "AVI"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "unknown", ""),
        (b"just text\n", "unknown", ""),
        (b"WEBVTT\n\n", "captions", "VTT"),
        (b"\xef\xbb\xbfWEBVTT\n\n", "captions", "VTT"),
    ],
)
def test_what_is_not_measured_has_a_kind_and_no_size(
    tmp_path: Path, head: bytes, kind: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Videos are measured where PyAV is there; what they are is known without."""
    monkeypatch.setitem(sys.modules, "av", None)
    found = facts(written(tmp_path, head + bytes(100)))
    assert (found.kind, found.format, found.width, found.height) == (kind, name, 0, 0)


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_width_and_height_are_those_a_viewer_shows(tmp_path: Path, name: str, orientation: int) -> None:
    found = facts(written(tmp_path, encoded(name, exif=exif(orientation))))
    assert (found.width, found.height) == ((20, 48) if orientation >= 5 else (48, 20))


def test_broken_exif_leaves_the_picture_as_it_lies_in_the_file(tmp_path: Path) -> None:
    for broken in (b"Exif\0\0not a directory", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0"):
        found = facts(written(tmp_path, encoded("JPEG", exif=broken)))
        assert (found.width, found.height) == (48, 20)


@pytest.mark.parametrize("name", ["JPEG", "PNG"])
def test_no_pixel_is_decoded(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, encoded(name, exif=exif(6)))

    def load(_: object) -> None:
        raise AssertionError("a pixel was decoded")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", load)
    assert facts(path).width == 20


def claimed_png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [12_000, 60_000])
def test_a_picture_that_would_blow_up_when_decoded_is_a_problem(tmp_path: Path, side: int) -> None:
    said = problem(written(tmp_path, claimed_png(side, side)))
    assert "claims more than 89 million pixels, which cannot be decoded safely; scale it down" in said


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP"])
def test_a_picture_cut_off_anywhere_is_never_taken_for_whole(tmp_path: Path, name: str) -> None:
    content = encoded(name)
    path = tmp_path / "cut"
    for length in range(12, len(content)):
        path.write_bytes(content[:length])
        assert isinstance(probe(path), str), length


def test_a_jpeg_longer_than_a_block_is_searched_across_its_edges(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = encoded("JPEG")
    for block in (1, 2, 3, 7, 64):
        monkeypatch.setattr("threadsync.media.probe._BLOCK_BYTES", block)
        assert facts(written(tmp_path, content)).format == "JPEG"
        assert "ends too early" in problem(written(tmp_path, content[:-1]))


def test_a_thumbnail_is_not_the_end_of_its_picture_and_a_trailer_does_not_matter(tmp_path: Path) -> None:
    content = encoded("JPEG", exif=exif(1) + b"\xff\xd8 thumbnail \xff\xd9")
    assert "ends too early" in problem(written(tmp_path, content[:-2]))
    assert facts(written(tmp_path, content + b"ftyp of the phone's short film")).width == 48


def test_a_flipped_bit_in_a_png_is_a_problem(tmp_path: Path) -> None:
    content = bytearray(encoded("PNG"))
    content[-20] ^= 1
    assert "PNG file is damaged" in problem(written(tmp_path, bytes(content)))


@given(st.sampled_from(["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"]), st.data())
def test_no_damage_escapes_as_an_exception(
    tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject
) -> None:
    content = bytearray(encoded(name, (9, 5)))
    edits = st.lists(st.tuples(st.integers(0, min(len(content), 400) - 1), st.integers(0, 255)), max_size=8)
    for place, value in data.draw(edits):
        content[place] = value
    cut = data.draw(st.integers(0, len(content)))
    path = tmp_path_factory.getbasetemp() / f"damaged-{name}"
    path.write_bytes(bytes(content[:cut]))
    found = probe(path)
    assert isinstance(found, str) or found.digest == hashlib.sha256(content[:cut]).hexdigest()


def test_a_git_lfs_pointer_names_the_command_that_fetches_the_file(tmp_path: Path) -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
    assert "`git lfs pull`" in problem(written(tmp_path, pointer, "map.png"))


def test_what_cannot_be_read_is_a_problem_in_words(tmp_path: Path) -> None:
    assert problem(tmp_path / "missing.png") == "there is no such file"
    assert problem(tmp_path) == "this is not a regular file"
    assert problem(written(tmp_path, b"")) == "the file is empty"
    assert "cannot be read" in problem(tmp_path / ("n" * 300))
    assert "cannot be read" in problem(Path("a\0b"))


def test_a_named_pipe_does_not_hold_the_probe_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert problem(tmp_path / "pipe") == "this is not a regular file"


def test_a_forbidden_file_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, encoded("PNG"))

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)  # root may read everything: chmod would prove nothing
    assert "permission denied" in problem(path)


def test_a_file_that_grows_while_it_is_read_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, encoded("PNG"))
    honest = hashlib.file_digest

    def slow(file: io.BufferedReader, name: str) -> object:
        path.write_bytes(encoded("JPEG"))
        return honest(file, name)

    monkeypatch.setattr(hashlib, "file_digest", slow)
    assert "changed while it was read" in problem(path)


def test_a_picture_too_large_to_be_one_is_not_read(tmp_path: Path) -> None:
    path = written(tmp_path, encoded("WEBP"))
    os.truncate(path, PICTURE_BYTES_MAX + 1)
    assert "larger than 100 MB" in problem(path)


def test_pillow_is_imported_only_when_a_picture_is_probed() -> None:
    code = "import sys, threadsync.media.cache; sys.exit('PIL' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
