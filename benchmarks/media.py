"""Pictures and films: M1 and M2.

Each side is a Python of its own that times its work alone, without its imports, and its memory above what it
had before.
"""

from __future__ import annotations

import random
import sys
from functools import cache
from pathlib import Path

from PIL import Image

from benchmarks.measure import ROOT, Pairs, Used, in_turns, peaks, seconds, used
from benchmarks.rows import Measured, Row, Sample, Setting

SIDES = (4000, 3000)
GRAIN = 8
"""Pixels from one grain of the picture to the next; makes a JPEG of as many bytes as a photograph has."""
FILM_BYTES = 1_000_000_000
FILM = ROOT / "examples/video/posts/lift.mp4"

_TIMED = """
import resource, sys, time
from pathlib import Path
path = Path(sys.argv[1])
{before}
idle = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
began = time.perf_counter()
{work}
took = time.perf_counter() - began
print(took, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - idle) * 1024 / 1_000_000)
"""

SHRINK = _TIMED.format(
    before="""
from PIL import ImageCms, ImageOps
from threadsync.media.probe import probe
from threadsync.media.rendition import make
from threadsync.providers.threads.checks import PICTURES
facts = probe(path)
""",
    work="make(path.read_bytes(), facts, PICTURES)",
)
PLAIN_SHRINK = _TIMED.format(
    before="""
import io
from PIL import Image
Image.preinit()
""",
    work="""
with Image.open(path) as picture:
    small = picture.resize((1440, 1080), Image.Resampling.LANCZOS)
small.save(io.BytesIO(), "JPEG", quality=92, subsampling=0)
""",
)
HASH = _TIMED.format(
    before="import av, hashlib\nfrom threadsync.media.probe import probe",
    work="assert probe(path).video is not None",
)
PLAIN_HASH = _TIMED.format(
    before="import hashlib",
    work='with path.open("rb") as file: hashlib.file_digest(file, "sha256").hexdigest()',
)


def _timed(program: str, path: Path) -> Used:
    output = path.with_suffix(".txt")
    used((sys.executable, "-c", program, str(path)), path.parent, output)
    took, above_idle_mb = output.read_text().split()
    return Used(float(took), float(above_idle_mb))


@cache
def _picture(setting: Setting) -> Path:
    """Write a picture of 12 megapixels that looks like nothing, and weighs what a photograph does."""
    grains = SIDES[0] // GRAIN, SIDES[1] // GRAIN
    chance = random.Random(GRAIN)  # noqa: S311  (the same picture every time)
    noise = chance.randbytes(grains[0] * grains[1] * 3)
    path = setting.folder / "photograph.jpg"
    Image.frombytes("RGB", grains, noise).resize(SIDES, Image.Resampling.BICUBIC).save(path, quality=90)
    return path


@cache
def _shrinking(setting: Setting) -> Pairs:
    path = _picture(setting)
    return in_turns(lambda: _timed(SHRINK, path), lambda: _timed(PLAIN_SHRINK, path), setting.pairs)


def shrinking(setting: Setting) -> Measured:
    """M1, its time."""
    return Measured(seconds(_shrinking(setting)), "imports apart; both sides encode what they made")


def shrinking_peak(setting: Setting) -> Measured:
    """M1, its memory."""
    return Measured(peaks(_shrinking(setting)), "above what each had before it began")


@cache
def _hashing(setting: Setting) -> Pairs:
    """Measure a film of 1 GB, most of it a box that players skip; the file is removed when it is done."""
    film = FILM.read_bytes()
    room = setting.size(FILM_BYTES) - len(film) if setting.shrink == 1 else len(film)
    path = setting.folder / "film.mp4"
    try:
        with path.open("wb") as file:
            file.write(film)
            file.write(room.to_bytes(4, "big") + b"free")
            file.truncate(len(film) + room)
        _timed(PLAIN_HASH, path)  # from now on it is in the system's cache, for both sides
        return in_turns(lambda: _timed(HASH, path), lambda: _timed(PLAIN_HASH, path), setting.pairs)
    finally:
        path.unlink(missing_ok=True)


def hashing(setting: Setting) -> Measured:
    """M2, its time."""
    return Measured(seconds(_hashing(setting)))


def hashing_peak(setting: Setting) -> Measured:
    """M2, its memory."""
    return Measured(tuple(Sample(ours.peak_mb) for ours, _ in _hashing(setting)), "above idle")


_TRIED_SHRINK = (
    "Of 94 ms, decoding at half the size takes 34, the resize 48 and the new JPEG 10. In: no copy of a "
    "picture that is RGB already, 0.50 × to 0.48 ×. Left out, because fine lettering suffers: bicubic in "
    "place of Lanczos, 12 ms less, but 33.0 dB instead of 36.7 for a picture of letters against one "
    "shrunk from all its pixels, and Hamming, 26 ms less, 30.1 dB. Resizing in YCbCr takes as long."
)
ROWS = (
    Row(
        "M1",
        "shrinking a JPEG of 12 megapixels : Pillow's plain load and resize",
        0.5,
        None,
        shrinking,
        tried=_TRIED_SHRINK,
    ),
    Row("M1", "memory for shrinking it : for Pillow's plain load and resize", 0.5, None, shrinking_peak),
    Row("M2", "probing and hashing a video of 1 GB : `sha256` alone", 1.1, None, hashing),
    Row("M2", "memory for probing and hashing it", 80.0, None, hashing_peak, "MB"),
)
