"""The first picture of a film, for its poster; needs PyAV, and does without where it is not installed."""

from __future__ import annotations

import io

from msgspec import Struct

POSTER_SIDE_MAX = 1080
"""A poster is scaled down to this many pixels on its longer side."""


class Still(Struct, frozen=True):
    """One picture of a film, and how large the film is shown."""

    jpeg: bytes
    width: int
    height: int


def first_still(content: bytes) -> Still | None:
    """Return the first picture of a film; ``None`` if it has none that can be decoded, or without PyAV."""
    try:
        import av
    except ImportError:
        return None
    try:
        with av.open(io.BytesIO(content), "r") as film:
            frame = next(film.decode(video=0), None)
            if frame is None:
                return None
            picture = frame.to_image().rotate(frame.rotation, expand=True)  # type: ignore[no-untyped-call]
    except (av.FFmpegError, IndexError, ValueError):
        return None  # no film, or a broken one: a page then shows it without a poster
    width, height = picture.size
    picture.thumbnail((POSTER_SIDE_MAX, POSTER_SIDE_MAX))
    jpeg = io.BytesIO()
    picture.save(jpeg, "JPEG", quality=80)
    return Still(jpeg.getvalue(), width, height)
