"""What a plan needs of a publication that is live as its file says."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from threadsync.model.ids import RemoteId


class Live(NamedTuple):
    """A publication that is live as its file says, of which nothing has to be shown or done.

    A tuple, because most of a large project is held so.
    """

    file: str
    media: tuple[str, ...]
    """The media files that it names, by their paths in the project."""
    zone: str | None
    """The time zone of its schedule."""
    posts: tuple[RemoteId, ...]
    last_at: datetime
    """When the last of *posts* went live."""
