"""What servers of each generation take: the lexicons they hold decide, and self-hosted ones may be old.

Sources: https://github.com/bluesky-social/atproto/tree/main/lexicons/app/bsky/embed (images, gallery, video,
external); ``@atproto/pds`` 0.4.217 and 0.5.35 were seen to hold to just these.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from threadsync.model.capabilities import PictureLimits
from threadsync.model.ids import Json

PICTURE_FORMATS = ("JPEG", "PNG")
WIDEST = 4_000
"""In pixels: the official app sends no wider pictures."""
THUMB_BYTES_MAX = 1_000_000
THUMB_WIDEST = 2_000
"""In pixels: a card is shown no wider than a post, on no screen."""
SERVER = "server"
"""The setting of a target that names the generation."""
CURRENT, OLD = "current", "pds-0.4"


class Server(Struct, frozen=True):
    """One generation of servers, by its name in ``server:``."""

    name: str
    picture_bytes_max: int
    pictures_max: int
    """More than 4 are a gallery, which older servers do not know: they store it, and never look at it."""
    video_bytes_max: int
    """Of a film that the server gets itself."""
    write_bytes_max: int
    """Of one write, as JSON."""

    @property
    def pictures(self) -> PictureLimits:
        """What it takes as a picture. It hands files on as they are, so they must say nothing besides."""
        return PictureLimits(PICTURE_FORMATS, self.picture_bytes_max, 1, WIDEST, bare=True)


THUMBS = PictureLimits(PICTURE_FORMATS, THUMB_BYTES_MAX, 1, THUMB_WIDEST, bare=True)
"""What every server takes as the picture of a link card."""

SERVERS: Mapping[str, Server] = {
    each.name: each
    for each in (
        Server(CURRENT, 2_000_000, 10, 300_000_000, 1_000_000),
        Server(OLD, 1_000_000, 4, 100_000_000, 150 * 1024),
    )
}


def server_of(settings: Mapping[str, Json]) -> Server:
    """Return the generation that the settings of a target name; the current one where they name none."""
    return SERVERS[str(settings.get(SERVER, CURRENT))]
