"""Boxes: the layout of a film, from headers alone, whatever the bytes are."""

from __future__ import annotations

import io
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from threadsync.media.boxes import BOXES_MAX, Boxes, BoxProblem, read_boxes


def box(name: bytes, content: bytes = b"") -> bytes:
    return (8 + len(content)).to_bytes(4, "big") + name + content


def wide_box(name: bytes, content: bytes = b"") -> bytes:
    """One whose size has 64 bits."""
    return (1).to_bytes(4, "big") + name + (16 + len(content)).to_bytes(8, "big") + content


def last_box(name: bytes, content: bytes = b"") -> bytes:
    """One that reaches to the end of the file."""
    return bytes(4) + name + content


def edits(count: int) -> bytes:
    return box(b"edts", box(b"elst", bytes(4) + count.to_bytes(4, "big") + bytes(12 * count)))


def moov(*tracks: bytes) -> bytes:
    return box(b"moov", box(b"mvhd", bytes(100)) + b"".join(box(b"trak", track) for track in tracks))


FTYP, MDAT = box(b"ftyp", b"isom\0\0\2\0"), box(b"mdat", bytes(50))


def layout(content: bytes) -> Boxes:
    return read_boxes(io.BytesIO(content), len(content))


def problem(content: bytes) -> str:
    with pytest.raises(BoxProblem) as caught:
        layout(content)
    return str(caught.value)


@pytest.mark.parametrize(
    ("content", "moov_first"),
    [
        (FTYP + moov() + MDAT, True),
        (FTYP + MDAT + moov(), False),
        (FTYP + box(b"free", bytes(9)) + moov() + box(b"wide") + MDAT, True),
        (FTYP + wide_box(b"mdat", bytes(50)) + moov(), False),
        (FTYP + moov() + last_box(b"mdat", bytes(50)), True),
        (FTYP + MDAT + last_box(b"moov", box(b"mvhd")), False),
        (FTYP + moov() + MDAT + bytes(4), True),
    ],
    ids=["first", "last", "other boxes", "64 bits", "to the end", "index to the end", "zeros after it"],
)
def test_whether_the_index_stands_before_the_film(content: bytes, moov_first: bool) -> None:
    assert layout(content) == Boxes(moov_first, has_edit_list=False)


@pytest.mark.parametrize(
    ("tracks", "found"),
    [
        ([box(b"tkhd", bytes(84)), box(b"tkhd", bytes(84))], False),
        ([edits(0)], False),
        ([edits(1)], True),
        ([box(b"tkhd", bytes(84)), box(b"tkhd", bytes(84)) + edits(3)], True),
        ([box(b"edts")], False),
    ],
    ids=["none", "an empty list", "one edit", "in the second track", "nothing in it"],
)
def test_an_edit_list_in_any_track_is_found(tracks: list[bytes], found: bool) -> None:
    assert layout(FTYP + moov(*tracks) + MDAT).has_edit_list is found


def test_a_name_inside_other_boxes_is_no_edit_list() -> None:
    assert not layout(FTYP + box(b"moov", box(b"udta", edits(1))) + MDAT).has_edit_list


def test_a_film_cut_off_anywhere_is_a_problem_unless_whole_boxes_are_missing() -> None:
    """Of a film that lost whole boxes at its end, what is left makes sense; its index tells more."""
    content = FTYP + moov(edits(1)) + MDAT
    whole = {len(content) - len(MDAT), *range(len(content) - len(MDAT), len(content) - len(MDAT) + 8)}
    for length in range(len(FTYP), len(content)):
        if length not in whole:
            said = problem(content[:length])
            assert "cut off" in said or "no index" in said, length


def test_a_size_that_cannot_be_is_damage_and_no_endless_loop() -> None:
    assert "says that it has 4 bytes" in problem(FTYP + (4).to_bytes(4, "big") + b"mdat")
    assert "says that it has 9 bytes" in problem(
        FTYP + (1).to_bytes(4, "big") + b"mdat" + (9).to_bytes(8, "big")
    )


def test_more_boxes_than_any_film_has_are_not_all_read() -> None:
    assert f"more than {BOXES_MAX} boxes" in problem(box(b"free") * (BOXES_MAX + 1) + moov())


def test_a_film_without_an_index_is_a_recording_that_did_not_end() -> None:
    assert problem(FTYP + MDAT) == (
        "the film has no index (moov); it was cut off, or its recording did not end well"
    )


def test_only_headers_are_read() -> None:
    class Counting(io.BytesIO):
        taken = 0

        def read(self, size: int | None = -1, /) -> bytes:
            found = super().read(size)
            self.taken += len(found)
            return found

    content = FTYP + moov(edits(1)) + box(b"mdat", bytes(1_000_000))
    file = Counting(content)
    read_boxes(file, len(content))
    assert file.taken < 300


@given(
    st.binary(max_size=200) | st.lists(st.sampled_from([FTYP, MDAT, moov(edits(1)), b"\0\0\0\1", bytes(3)]))
)
def test_any_bytes_are_a_layout_or_a_problem(content: bytes | list[bytes]) -> None:
    whole = content if isinstance(content, bytes) else b"".join(content)
    with suppress(BoxProblem):
        assert isinstance(layout(whole), Boxes)
