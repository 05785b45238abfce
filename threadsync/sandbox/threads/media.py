"""What the network makes of a fetched file (developers.facebook.com/docs/threads/overview).

An image that cannot be had or read is refused when its container is created; a bad video, and an
image of a shape the network does not take, lets the container end as ERROR.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from threadsync.sandbox.threads import errors
from threadsync.sandbox.threads.content import Content
from threadsync.sandbox.threads.errors import ApiError
from threadsync.sandbox.threads.values import Fetch, FetchedMedia, FetchFailed, MediaKind, Switches

IMAGE_BYTES_MAX = 8 * 1024 * 1024
VIDEO_BYTES_MAX = 1024 * 1024 * 1024
IMAGE_WIDTH_MIN, IMAGE_WIDTH_MAX = 320, 1440
ASPECT_RATIO_MAX = 10.0
IMAGE_FORMATS = frozenset({"JPEG", "PNG"})


class Taken(Struct, frozen=True):
    """Content whose media was fetched, and the ``error_message`` its container will end with."""

    content: Content
    error: str = ""


def take_media(content: Content, fetch: Fetch, switches: Switches) -> Taken | ApiError:
    """Fetch what *content* points at and judge it by the published specifications."""
    if content.media_type == "IMAGE":
        return _take_image(content, fetch, switches)
    if content.media_type == "VIDEO":
        return _take_video(content, fetch)
    return Taken(content)


def _take_image(content: Content, fetch: Fetch, switches: Switches) -> Taken | ApiError:
    found = fetch(content.source_url)
    if isinstance(found, FetchFailed) or found.kind is not MediaKind.IMAGE:
        return errors.media_download_failed()
    formats = IMAGE_FORMATS | {"WEBP"} if switches.webp_accepted else IMAGE_FORMATS
    if found.format not in formats or found.bytes_size > IMAGE_BYTES_MAX:
        return errors.media_download_failed()
    wide, narrow = max(found.width, found.height), min(found.width, found.height)
    error = "" if wide <= ASPECT_RATIO_MAX * narrow else "INVALID_ASPEC_RATIO"  # sic, in the documentation
    width = min(max(found.width, IMAGE_WIDTH_MIN), IMAGE_WIDTH_MAX)
    height = round(found.height * width / found.width)
    return Taken(_with_media(content, found, width, height), error)


def _take_video(content: Content, fetch: Fetch) -> Taken:
    found = fetch(content.source_url)
    if isinstance(found, FetchFailed):
        return Taken(content, "FAILED_DOWNLOADING_VIDEO")
    if found.kind is not MediaKind.VIDEO or found.bytes_size > VIDEO_BYTES_MAX:
        return Taken(content, "FAILED_PROCESSING_VIDEO")
    return Taken(_with_media(content, found, found.width, found.height))


def _with_media(content: Content, found: FetchedMedia, width: int, height: int) -> Content:
    return replace(
        content,
        media_name=found.stored_name,
        media_width=width,
        media_height=height,
        poster_name=found.poster_name,
    )
