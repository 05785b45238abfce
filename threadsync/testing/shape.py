"""What a story for the simulated world is, and what stories are made of."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import Struct
from PIL import Image

from threadsync.testing.casts import THREADS, Cast
from threadsync.testing.judge import Expected
from threadsync.testing.world import World


class Shape(Struct, frozen=True):
    """A story: *before* is applied in peace, then *change* while things go wrong."""

    name: str
    change: Callable[[World], None]
    expected: Expected
    before: Callable[[World], None] | None = None
    short: bool = False
    """Whether its runs are so short that pairs of troubles are tried too."""
    same_calls: bool = False
    """Whether its calls are those of another shape, with other parameters: the tests play it in one setting,
    ``make exhaustive`` in all."""
    cast: Cast = THREADS
    edit: Callable[[World], None] | None = None
    """What the author changes right after the run in which things go wrong, and applies at once."""


BY_HAND = "Written by a person, elsewhere"
"""A post of the account that is none of ours: it must stay as it is, whatever happens."""
EARLIER = "An earlier post, long applied"
"""A post of ours that nothing of a story touches."""


def expected(
    *chains: tuple[str, ...],
    brand: tuple[tuple[str, ...], ...] = (),
    again: tuple[str, ...] = (),
    taken_down: tuple[str, ...] = (),
    parents: dict[str, str] | None = None,
    carries: dict[str, str] | None = None,
) -> Expected:
    """Expect *chains* on the main account, beside what is there in every story."""
    return Expected(
        {"main": ((BY_HAND,), (EARLIER,), *chains), "brand": brand},
        frozenset(again),
        frozenset(taken_down),
        parents or {},
        carries or {},
    )


def chain(*texts: str) -> str:
    """Write the body of a post with these segments."""
    return "\n\n---\n\n".join(texts)


@cache
def picture(color: str) -> bytes:
    """Return a small JPEG."""
    out = io.BytesIO()
    Image.new("RGB", (640, 480), color).save(out, "JPEG")
    return out.getvalue()


@cache
def film() -> bytes:
    """Return a film of a fifth of a second, as Threads takes it; it needs the extra ``video``."""
    import av

    with TemporaryDirectory(prefix="film-") as folder:
        path = Path(folder) / "film.mp4"
        with av.open(path, "w", options={"use_editlist": "0", "movflags": "faststart"}) as out:
            stream = out.add_stream("libx264", rate=30)
            stream.width, stream.height, stream.pix_fmt = 90, 160, "yuv420p"
            for number in range(6):
                frame = av.VideoFrame.from_image(  # type: ignore[no-untyped-call]  # PyAV's own gap
                    Image.new("RGB", (90, 160), (number * 40, 80, 120))
                )
                out.mux(stream.encode(frame.reformat(format="yuv420p")))
            out.mux(stream.encode(None))
        return path.read_bytes()
