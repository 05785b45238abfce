"""Small copies of pictures, and the first pictures of videos, for pages that show what would be published."""

from __future__ import annotations

import hashlib
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from threadsync.media.rendition import RenditionProblem, make
from threadsync.media.video import VideoProblem, first_picture
from threadsync.model.capabilities import PictureLimits
from threadsync.model.post import MediaFacts

LIMITS = PictureLimits(("PNG", "JPEG"), bytes_max=48_000, width_min=1, width_max=520)
"""A page shows a picture about so wide; a screen with finer pixels shows it a little softer."""
SOURCE_BYTES_MAX = 100_000_000
"""The largest picture that is read for a small copy of it."""
SOURCE_PIXELS_MAX = 100_000_000
"""The most pixels that are decoded for one."""

CHANGED = "changed since the plan was made"


class Thumbnail(Struct, frozen=True):
    """A small copy: its bytes, and their type as HTTP and data URIs name it."""

    content: bytes
    media_type: str


def thumbnail(path: Path, facts: MediaFacts) -> Thumbnail | str:
    """Return a small copy of the picture or video at *path*, of which *facts* are known.

    Where there can be none, returns why, in a few words that follow its name.
    """
    if facts.kind == "image" and facts.size_bytes > SOURCE_BYTES_MAX:
        return f"over {SOURCE_BYTES_MAX / 1e6:.0f} MB, too large to be shown here"
    if facts.width * facts.height > SOURCE_PIXELS_MAX:
        return f"over {SOURCE_PIXELS_MAX / 1e6:.0f} million pixels, too many to be shown here"
    try:
        if facts.kind == "video":
            return _of_film(path, facts)
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != facts.digest:
            return CHANGED
        return _small(content, facts)
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    except (RenditionProblem, VideoProblem) as problem:
        return str(problem)


def _of_film(path: Path, facts: MediaFacts) -> Thumbnail | str:
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != facts.digest:
            return CHANGED
        file.seek(0)
        frame = first_picture(file, facts.format)
    if frame is None:
        return "its first picture is shown where threadsync[video] is installed"
    return _small(frame, replace(facts, format="PNG", kind="image"))


def _small(content: bytes, facts: MediaFacts) -> Thumbnail | str:
    if not facts.width:
        return f"the pixels of {facts.format} are not read here"
    made = make(content, facts, LIMITS)
    return Thumbnail(made.content, "image/png" if made.format == "PNG" else "image/jpeg")
