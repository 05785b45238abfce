"""What a row of the tables of rules is, and the pages of the documentation that they stand on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from msgspec import Struct

from threadsync.model.diagnostic import Location, Severity
from threadsync.model.ids import Json

POSTS = "developers.facebook.com/docs/threads/posts"
PUBLISHING = "developers.facebook.com/docs/threads/reference/publishing"
OVERVIEW = "developers.facebook.com/docs/threads/overview"
ACCESSIBILITY = "developers.facebook.com/docs/threads/posts/accessibility"
REPOSTS = "developers.facebook.com/docs/threads/posts/reposts"
GEO_GATING = "developers.facebook.com/docs/threads/posts/geo-gating"
CREATE = "developers.facebook.com/docs/threads/create-posts"
POLLS = f"{CREATE}/polls"
ATTACHMENTS = f"{CREATE}/text-attachments"
SPOILERS = f"{CREATE}/spoilers"
GHOSTS = f"{CREATE}/ghost-posts"
LOCATIONS = f"{CREATE}/location-tagging"
REPLIES = "developers.facebook.com/docs/threads/retrieve-and-manage-replies/create-replies"
RETRIEVAL = "developers.facebook.com/docs/threads/reference/media-retrieval"

Found: TypeAlias = tuple[str, Location, str, str]
"""The rule that was broken, where, what is wrong, and what to do."""


class Rule(Struct, frozen=True):
    """One row: a stable id, how sure the fact is, where it is documented, and two samples.

    A sample is a list of segments; each may have ``text``, ``images`` (format, width, height,
    bytes, alt), ``videos`` (what differs from one that is fine) and further keys of the post format, and
    so may the sample itself.
    """

    id: str
    mark: str
    source: str
    meaning: str
    good: Mapping[str, Json]
    bad: Mapping[str, Json]
    severity: Severity = Severity.ERROR
