"""The one object of a bucket that says what a shared state is now, and names the larger ones.

It is all that is ever overwritten: whoever replaces it under the condition that it is still the one they
read has exchanged everything at once. What it names has a name of its own that is never used again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Struct

from threadsync.errors import StateDamaged, StateTooNew

FORMAT: Final = 1
"""The one form of a head that there has been."""


class Kept(Struct, frozen=True, forbid_unknown_fields=True):
    """A file in an object of its own, as it came to be in the revision with the id *revision*."""

    revision: str
    object: str
    """The object's name below the prefix of the state."""
    sha256: str


class Head(Struct, frozen=True, forbid_unknown_fields=True):
    """What the files are in one revision."""

    format: int
    id: str
    """The revision's; no two heads have the same."""
    message: str
    proven: str
    """The store that was seen to keep conditions; another one has to be seen first."""
    inline: Mapping[str, bytes]
    """Files that are here themselves, by name; as JSON, in base64."""
    kept: Mapping[str, Kept]
    earlier: tuple[Kept, ...]
    """What was kept before, the newest first."""


class _Form(Struct):
    format: int


def write_head(head: Head) -> bytes:
    """Return *head* as JSON, a key a line."""
    return msgspec.json.format(msgspec.json.encode(head), indent=1) + b"\n"


def read_head(encoded: bytes, where: str) -> Head:
    """Return what *encoded*, the object *where*, says.

    Raises:
        StateTooNew: a later threadsync has written it.
        StateDamaged: it is no head.
    """
    try:
        form = msgspec.json.decode(encoded, type=_Form).format
        if form > FORMAT:
            raise StateTooNew(
                f"a later threadsync wrote it (format {form}; this one knows up to {FORMAT})",
                where=where,
                remedy="Use that version of threadsync here too.",
            )
        return msgspec.json.decode(encoded, type=Head)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise StateDamaged(
            f"it does not say where the state is ({error})",
            where=where,
            remedy="Nothing was published. Put the version of this object before back, if the bucket keeps "
            "versions; else remove it, and put a copy of the state back with `threadsync state push`.",
        ) from error
