"""Renditions: copies of pictures that break a network's limit (``fit: true``), or say more than they should.

A rendition has fewer (or more) pixels, upright and in sRGB, and nothing but pixels: no EXIF, no place, no
colour profile. The same picture and limits make the same bytes with the same Pillow; with another Pillow
they may differ, so what was made is kept by name until it is published.
"""

from __future__ import annotations

import hashlib
import io
import json
import warnings
from bisect import bisect_left
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import asdict

from threadsync.media.cache import replace_file
from threadsync.media.probe import DAMAGED, probe
from threadsync.model.capabilities import PictureLimits
from threadsync.model.ids import MediaDigest
from threadsync.model.post import MediaFacts, Rendition

if TYPE_CHECKING:
    from PIL.Image import Image

FOLDER = ".threadsync/renditions"
"""Where renditions are kept, from the project."""

RECIPE_VERSION = 3
"""Goes up with every change to what ``make`` makes of a picture: no older rendition is taken for it then."""

QUALITIES = range(50, 93)
"""JPEG qualities: the best is used that is small enough. Detail goes before size."""

PERCENTS = range(40, 101)
"""Parts of the size: where no quality is small enough, the largest is used that is, at ``SHRUNK_QUALITY``."""
SHRUNK_QUALITY = 80

_LOSSLESS = ("PNG", "GIF", "BMP", "TIFF")
"""What comes without loss is kept without loss, where that fits: a drawing shows the marks of JPEG."""

_SUFFIXES = {"JPEG": "jpg", "PNG": "png"}
CHANNEL_MAX = 255
"""The brightest value of a channel of eight bits."""

_PAPER = (255, 255, 255)
"""What shows through a transparent picture in JPEG, which knows no transparency."""


class RenditionProblem(Exception):
    """A picture cannot be fitted; the message says why, in a sentence that follows the file's name."""


class Made(Struct, frozen=True):
    """A rendition's bytes, and their format."""

    content: bytes
    format: str
    width: int
    height: int


class Renditions(Struct, frozen=True):
    """The renditions of the project in *root*, each made once and found again by name."""

    root: Path

    def of(self, path: str, facts: MediaFacts, limits: PictureLimits) -> Rendition:
        """Return the rendition of the picture *path* (relative to the project), made now if it must be.

        Where it cannot be stored it is made all the same, so that a plan can show it; to publish it,
        whoever serves it finds that it is not there.

        Raises:
            RenditionProblem: the picture cannot be fitted.
        """
        stem = f"{FOLDER}/{facts.digest}-{recipe_digest(limits)}"
        for form in limits.formats:
            name = f"{stem}.{_SUFFIXES[form]}"
            known = probe(self.root / name)
            if not isinstance(known, str) and known.kind == "image" and not limits.needs_fitting(known):
                return Rendition(name, known)
        try:
            content = (self.root / path).read_bytes()
        except OSError as error:
            raise RenditionProblem(f"cannot be read: {error.strerror}") from error
        if hashlib.sha256(content).hexdigest() != facts.digest:
            raise RenditionProblem("changed while it was read; try again")
        made = make(content, facts, limits)
        name = f"{stem}.{_SUFFIXES[made.format]}"
        with suppress(OSError):
            (self.root / FOLDER).mkdir(parents=True, exist_ok=True)
            replace_file(self.root / name, made.content)
        digest = MediaDigest(hashlib.sha256(made.content).hexdigest())
        return Rendition(
            name, MediaFacts(digest, len(made.content), "image", made.format, made.width, made.height)
        )

    def keep(self, needed: frozenset[str]) -> None:
        """Throw away all renditions but those *needed* (paths, as ``Rendition`` has them).

        One that cannot be removed is left: it takes room and harms nobody.
        """
        with suppress(OSError):
            for file in (self.root / FOLDER).iterdir():
                if f"{FOLDER}/{file.name}" not in needed:
                    file.unlink()


def recipe_digest(limits: PictureLimits) -> str:
    """Return a short name of what is done to a picture to bring it within *limits*."""
    said = json.dumps({"version": RECIPE_VERSION, **asdict(limits)}, sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def make(content: bytes, facts: MediaFacts, limits: PictureLimits) -> Made:
    """Return a copy of the picture *content*, of which *facts* are known, within *limits*.

    Raises:
        RenditionProblem: its pixels cannot be read, or nothing acceptable has few enough bytes.
    """
    size = limits.fitted_size(facts.width, facts.height)
    picture = _upright(content, facts, size)
    return _of_full_size(_resized(picture, size), facts.format, limits) or _shrunk(picture, size, limits)


def _of_full_size(picture: Image, source: str, limits: PictureLimits) -> Made | None:
    """Return *picture* with all its pixels, as good as it can be; *source* is the format it came in."""
    if "PNG" in limits.formats and (
        source in _LOSSLESS or picture.mode == "RGBA" or "JPEG" not in limits.formats
    ):
        lossless = _encoded(picture, "PNG", optimize=True)
        if len(lossless) <= limits.bytes_max:
            return Made(lossless, "PNG", *picture.size)
    if "JPEG" not in limits.formats:
        return None
    opaque = _on_paper(picture)
    return _largest(QUALITIES, lambda quality: _jpeg(opaque, quality), limits.bytes_max)


def _shrunk(picture: Image, size: tuple[int, int], limits: PictureLimits) -> Made:
    """Return *picture* as large as it can be.

    Raises:
        RenditionProblem: it cannot be small enough, or has to keep its size.
    """
    lossy = "JPEG" in limits.formats
    opaque = _on_paper(picture) if lossy else picture

    def of(percent: int) -> Made:
        wide = max(limits.width_min, round(size[0] * percent / 100))
        smaller = _resized(opaque, limits.fitted_size(wide, max(1, round(size[1] * wide / size[0]))))
        if lossy:
            return _jpeg(smaller, SHRUNK_QUALITY)
        return Made(_encoded(smaller, "PNG", optimize=True), "PNG", *smaller.size)

    may_shrink = size[0] > limits.width_min
    made = _largest(PERCENTS, of, limits.bytes_max) if may_shrink else None
    if made is None:
        raise RenditionProblem(f"cannot be brought under {limits.bytes_max:,} bytes")
    return made


def _largest(steps: range, of: Callable[[int], Made], bytes_max: int) -> Made | None:
    """Return what *of* makes of the largest of *steps* that is small enough; None where none is.

    The last one is tried first, since most pictures are small enough.
    """
    made: dict[int, Made] = {}

    def too_large(step: int) -> bool:
        made[step] = of(step)
        return len(made[step].content) > bytes_max

    if not too_large(steps[-1]):
        return made[steps[-1]]
    first_too_large = bisect_left(steps, True, key=too_large)
    return made[steps[first_too_large - 1]] if first_too_large else None


def _upright(content: bytes, facts: MediaFacts, size: tuple[int, int]) -> Image:
    """Decode a picture: turned as its EXIF says, in sRGB, with transparency or without, and no more."""
    from PIL import Image, ImageOps

    with warnings.catch_warnings():
        # The probe has seen the header; what else Pillow warns of does not touch the pixels.
        warnings.simplefilter("ignore")
        try:
            with Image.open(io.BytesIO(content), formats=(facts.format,)) as opened:
                # A large JPEG is decoded at a half, a quarter or an eighth, which is many times faster.
                # Both sides are asked for either way round, because it may lie on its side in the file.
                least = max(size)
                opened.draft("RGB", (least, least))
                ImageOps.exif_transpose(opened, in_place=True)
                return _plain(opened)
        except DAMAGED as error:
            raise RenditionProblem("is damaged; its pixels cannot be read") from error


def _plain(picture: Image) -> Image:
    """Return *picture* as RGB or RGBA in sRGB, eight bits a channel, without any metadata."""
    from PIL import ImageCms

    if picture.mode in {"I", "F"}:
        raise RenditionProblem(f"has pixels of a kind ({picture.mode}) that no network shows")
    if max(_numbers(picture.info.get("transparency")), default=0) > CHANNEL_MAX:
        raise RenditionProblem(
            "makes one colour of 16 bits transparent, which its copy of 8 bits would lose; "
            "save it with an alpha channel"
        )
    if picture.mode.startswith("I;16"):
        # By way of "I": of the modes of 16 bits, not all know how to scale.
        picture = picture.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    mode = "RGBA" if picture.has_transparency_data else "RGB"
    profile = picture.info.get("icc_profile")
    if profile:
        if picture.mode not in {"RGB", "CMYK", "L"}:
            picture = picture.convert(mode)
        with suppress(ImageCms.PyCMSError, OSError):  # viewers take a broken profile for none
            own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            srgb = ImageCms.createProfile("sRGB")
            output = mode if picture.mode == "RGBA" else "RGB"
            converted = ImageCms.profileToProfile(picture, own, srgb, outputMode=output)
            picture = picture if converted is None else converted
    picture.load()
    plain = picture if picture.mode == mode else picture.convert(mode)  # a copy of millions of pixels
    # Pillow writes some of it (a comment, a profile) into a new file without being asked.
    plain.info = {}
    return plain


def _numbers(value: object) -> tuple[int, ...]:
    """Return what names a transparent colour in a PNG: a number, three of them, or none."""
    every = value if isinstance(value, tuple) else (value,)
    return tuple(each for each in every if isinstance(each, int))


def _resized(picture: Image, size: tuple[int, int]) -> Image:
    from PIL import Image

    return picture if picture.size == size else picture.resize(size, Image.Resampling.LANCZOS)


def _on_paper(picture: Image) -> Image:
    from PIL import Image

    if picture.mode == "RGB":
        return picture
    paper = Image.new("RGB", picture.size, _PAPER)
    paper.paste(picture, mask=picture.getchannel("A"))
    return paper


def _encoded(picture: Image, form: str, **options: bool | int) -> bytes:
    out = io.BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()


def _jpeg(picture: Image, quality: int) -> Made:
    # 4:4:4: red letters on a map would blur in 4:2:0. Not optimized: Pillow gives that a buffer which a
    # picture full of detail overruns ("broken data stream", github.com/python-pillow/Pillow/issues/5448).
    return Made(_encoded(picture, "JPEG", quality=quality, subsampling=0), "JPEG", *picture.size)
