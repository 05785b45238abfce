"""Renditions: copies that a network takes of pictures that break one of its limits (``fit: true``).

A rendition has fewer (or more) pixels, upright and in sRGB, and nothing but pixels: no EXIF, no place, no
colour profile. The same picture and limits make the same bytes with the same Pillow; with another Pillow
they may differ, so what was made is kept by name until it is published.
"""

from __future__ import annotations

import hashlib
import io
import json
import warnings
from collections.abc import Iterator
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

RECIPE_VERSION = 2
"""Goes up with every change to what ``make`` makes of a picture: no older rendition is taken for it then."""

QUALITIES = (92, 88, 84, 80, 75, 70, 60, 50)
"""JPEG qualities, in the order they are tried while the limit is one of bytes: detail goes before size."""

SHRINKS = (1.0, 0.8, 0.64, 0.51, 0.41)
"""Parts of the size, in the order they are tried where no quality is small enough."""

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
    for shrink in SHRINKS:
        wide = max(limits.width_min, round(size[0] * shrink))
        sized = _resized(picture, limits.fitted_size(wide, max(1, round(size[1] * wide / size[0]))))
        for form, encoded in _encodings(sized, facts.format, limits.formats):
            if len(encoded) <= limits.bytes_max:
                return Made(encoded, form, *sized.size)
    raise RenditionProblem(f"cannot be brought under {limits.bytes_max:,} bytes")


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


def _encodings(picture: Image, source: str, formats: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    """Yield *picture* in the formats that may be sent, the best first; *source* is what it was."""
    lossless = source in _LOSSLESS or picture.mode == "RGBA"
    if "PNG" in formats and (lossless or "JPEG" not in formats):
        yield "PNG", _encoded(picture, "PNG", optimize=True)
    if "JPEG" not in formats:
        return
    opaque = _on_paper(picture)
    for quality in QUALITIES:
        # 4:4:4: red letters on a map would blur in 4:2:0. Not optimized: Pillow gives that a buffer which a
        # picture full of detail overruns ("broken data stream", github.com/python-pillow/Pillow/issues/5448).
        yield "JPEG", _encoded(opaque, "JPEG", quality=quality, subsampling=0)


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
