"""Bodies: the bytes they promise, read in pieces, the same each time."""

from __future__ import annotations

from email import message_from_bytes
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from threadsync.errors import ContentError
from threadsync.execution.bodies import CHUNK_BYTES, Encoded, Stream, encode
from threadsync.flows.effects import Body, FieldValue, FilePart, JsonBody, MultipartBody, Request, Secret
from threadsync.model.ids import MAIN, MediaDigest

MEDIA = MediaDigest("0" * 64)


def encoded(body: Body, media: Path = Path("none")) -> Encoded:
    def reveal(value: FieldValue) -> str:
        return "CANARY" if isinstance(value, Secret) else value

    return encode(Request("POST", "/x", body=body), reveal, lambda _: media)


def content(body: Encoded) -> bytes:
    assert body.content is not None
    return body.content if isinstance(body.content, bytes) else b"".join(body.content)


@pytest.fixture
def media(tmp_path: Path) -> Path:
    path = tmp_path / "video.mp4"
    path.write_bytes(bytes(range(256)) * 1024)
    return path


@given(offset=st.integers(0, 262144), length=st.none() | st.integers(0, 262144))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_slice_is_exactly_the_bytes_asked_for_or_an_error(
    media: Path, offset: int, length: int | None
) -> None:
    whole = bytes(range(256)) * 1024
    part = FilePart(MEDIA, "video/mp4", offset=offset, length=length)
    if length is not None and offset + length > len(whole):
        with pytest.raises(ContentError):
            encoded(part, media)
        return
    body = encoded(part, media)
    wanted = whole[offset:] if length is None else whole[offset : offset + length]
    assert content(body) == content(body) == wanted
    assert body.content is not None
    assert len(body.content) == len(wanted)


def test_a_file_is_never_held_whole(media: Path) -> None:
    body = encoded(MultipartBody({}, {"file": FilePart(MEDIA, "video/mp4")}), media).content
    assert isinstance(body, Stream)
    assert max(len(chunk) for chunk in body) <= CHUNK_BYTES


def test_a_file_that_shrinks_while_it_is_sent_breaks_the_request_off(media: Path) -> None:
    """Fewer bytes than promised would leave the server waiting, or make it take half a picture."""
    body = encoded(FilePart(MEDIA, "video/mp4"), media)
    media.write_bytes(b"short")
    with pytest.raises(OSError, match="became shorter while it was sent"):
        content(body)


def test_an_empty_file_has_a_length_too(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    assert encoded(FilePart(MEDIA, "video/mp4"), empty).content == b""


def test_multipart_is_what_a_mail_parser_reads(media: Path) -> None:
    files = {"file": FilePart(MEDIA, "video/mp4", 'a "quoted"\r\nname.mp4', offset=0, length=9)}
    body = encoded(MultipartBody({'ty"pe': "photo", "ü": "ö", "token": Secret(MAIN)}, files), media)
    head = f"Content-Type: {body.content_type}\r\n\r\n".encode()
    _, *parts = message_from_bytes(head + content(body)).walk()
    names = [part.get_param("name", header="content-disposition") for part in parts]
    assert names[:1] + names[2:] == ["ty%22pe", "token", "file"]
    texts = [part.get_payload(decode=True) for part in parts]
    assert texts == [b"photo", "ö".encode(), b"CANARY", bytes(range(9))]
    assert parts[3].get_content_type() == "video/mp4"
    assert parts[3].get_filename() == "a %22quoted%22%0D%0Aname.mp4"
    assert "CANARY" not in repr(body) + repr(body.content)


def test_what_is_not_json_is_a_bug() -> None:
    with pytest.raises(TypeError, match="set is not JSON"):
        encoded(JsonBody({"a": {1}}))  # type: ignore[dict-item]
    with pytest.raises(ValueError, match="not JSON compliant"):
        encoded(JsonBody(float("nan")))


def test_json_has_its_secrets_put_in_where_they_stand() -> None:
    body = encoded(JsonBody({"identifier": "lifts", "password": Secret(MAIN)}))
    assert content(body) == b'{"identifier": "lifts", "password": "CANARY"}'
