"""The poster of a film, with PyAV and without."""

from __future__ import annotations

import io
import sys

import pytest
from PIL import Image

from threadsync.sandbox.fetching import Shelf, probe
from threadsync.sandbox.stills import POSTER_SIDE_MAX, first_still


def film(width: int, height: int) -> bytes:
    """Make a film of one red picture."""
    av = pytest.importorskip("av", reason="not tested without the extra 'video': posters of films")
    content = io.BytesIO()
    with av.open(content, "w", format="mp4") as made:
        stream = made.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        frame = av.VideoFrame.from_image(Image.new("RGB", (width, height), "red"))
        made.mux(stream.encode(frame))
        made.mux(stream.encode(None))
    return content.getvalue()


def test_the_poster_is_the_first_picture():
    still = first_still(film(320, 400))
    assert still is not None
    assert (still.width, still.height) == (320, 400)
    with Image.open(io.BytesIO(still.jpeg)) as poster:
        red, green, _ = poster.convert("RGB").getpixel((100, 100))
    assert red > 200
    assert green < 50


def test_a_poster_is_scaled_down_and_the_film_keeps_its_size():
    still = first_still(film(1920, 1088))
    assert still is not None
    assert (still.width, still.height) == (1920, 1088)
    with Image.open(io.BytesIO(still.jpeg)) as poster:
        assert poster.width == POSTER_SIDE_MAX


def test_a_fetched_film_has_its_poster_on_the_shelf():
    shelf = Shelf(None)
    found = probe(film(320, 400), shelf)
    assert (found.width, found.height) == (320, 400)
    assert (shelf.get(found.poster_name) or b"").startswith(b"\xff\xd8")


@pytest.mark.parametrize("content", [b"", b"\x00\x00\x00\x18ftypmp42" + bytes(500)], ids=["empty", "zeros"])
def test_what_is_no_film_has_no_poster(content):
    assert first_still(content) is None


def test_without_pyav_a_film_is_shown_without_poster(monkeypatch):
    """It is an extra: whoever posts no films need not install it."""
    monkeypatch.setitem(sys.modules, "av", None)
    found = probe(b"\x00\x00\x00\x18ftypmp42" + bytes(500), Shelf(None))
    assert (found.format, found.poster_name, found.width) == ("MP4", "", 0)
