"""The table of insights: looks at live posts to bytes and back.

JSON, one look a line, sorted, and nothing else: so git shows what came, and merges two machines' tables line
by line. Lines that both have, and the marks that git leaves where it could not merge, do no harm: of each
post and week the last look counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from threadsync.errors import StateDamaged, StateTooNew
from threadsync.model.ids import Json
from threadsync.model.insights import Look
from threadsync.statefile.shapes import (
    ADDRESS,
    TEXT,
    TIME,
    WHOLE,
    Field,
    MisfitError,
    Shape,
    as_object,
    compact,
    mapped,
    parsed,
    to_bytes,
)

NAME: Final = "insights"
VERSION: Final = 1

_LOOK: Final = Shape(
    Look,
    Field("address", ADDRESS),
    Field("account", TEXT),
    Field("segment", WHOLE, 0, attribute="index"),
    Field("post", TEXT, attribute="remote_id"),
    Field("published", TIME, attribute="published_at"),
    Field("at", TIME),
    Field("counts", mapped(WHOLE)),
)
_HEAD: Final[Json] = {"table": NAME, "version": VERSION}
_MARKS: Final = (b"<<<<<<<", b"|||||||", b"=======", b">>>>>>>")
"""What git puts around lines that it could not merge."""


def encode_looks(looks: Iterable[Look]) -> bytes:
    """Write *looks* in their order, a line each, after a line that names the table and its version."""
    lines = [compact(_HEAD), *(compact(_LOOK.write(look)) for look in looks)]
    return to_bytes("".join(f"{line}\n" for line in lines))


def decode_looks(data: bytes | None, where: str) -> tuple[Look, ...]:
    """Read the looks that *data* holds; none where there is no table yet.

    Raises:
        StateTooNew: a later threadsync wrote it.
        StateDamaged: a line is no look.
    """
    found: list[Look] = []
    for number, line in enumerate((data or b"").splitlines(), start=1):
        if not line.strip() or line.startswith(_MARKS):
            continue
        try:
            raw = as_object(parsed(line))
            if "table" not in raw:
                found.append(_LOOK.read(raw))
            elif raw != _HEAD:
                raise _too_new(where, number)
        except (ValueError, MisfitError) as error:
            if isinstance(error, MisfitError) and error.unknown:
                raise _too_new(where, number) from error
            raise StateDamaged(
                f"it is no look at a post: {error}",
                where=f"{where}:{number}",
                remedy="Take the line out, or put an older copy of the file in its place. Only "
                "`threadsync insights` reads it: nothing that is published depends on it.",
            ) from error
    return tuple(found)


def _too_new(where: str, number: int) -> StateTooNew:
    return StateTooNew(
        "a later version of threadsync wrote it",
        where=f"{where}:{number}",
        remedy="Use that version here too. Nothing was changed.",
    )
