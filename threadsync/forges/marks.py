"""The hidden line at the top of a comment by which it is known again: whose it is, and what it shows."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from msgspec import Struct, field

from threadsync.model.ids import Json

VERSION: Final = 1
_LINE = re.compile(r"<!-- threadsync (\{[^<>]*\}) -->(?:\r?\n|\Z)")
_ESCAPED = {each: f"\\u{ord(each):04x}" for each in "<>&@#"}
"""What would end the hidden line, or name a person or an issue; JSON has another way to write it."""


class Row(Struct, frozen=True):
    """What became of one publication, as a comment remembers it from one run to the next."""

    address: str
    word: str
    """What became of it: applied, refused …; or ``waits``."""
    at: str = ""
    """When, as RFC 3339: when the run was, or until when it waits; empty where nobody knows."""
    links: tuple[str, ...] = ()
    why: str = ""


class Mark(Struct, frozen=True):
    """What a comment of ours says of itself, unseen by its readers."""

    project: str
    """The id of the project: two of them may live in one repository."""
    name: str = ""
    """Told apart by ``--name``: several comments of one project."""
    kind: str = "plan"
    """``plan``, ``report``, or ``moved`` for one that points to another."""
    at: datetime = field(default_factory=lambda: datetime.fromtimestamp(0, UTC))
    """Of when what it shows is; an older one never replaces a newer one."""
    rows: tuple[Row, ...] = ()
    """What became of each publication, told by this run or one before it."""
    forgotten: int = 0
    """Of how many more, at least, there was no room to remember it."""

    def is_of(self, other: Mark) -> bool:
        """Whether both are the same comment's."""
        return (self.project, self.name) == (other.project, other.name)

    def line(self) -> str:
        """Return the hidden line; no text in it ends it, nor calls anybody."""
        rows: list[Json] = [
            {"address": row.address, "word": row.word, "at": row.at, "links": list(row.links), "why": row.why}
            for row in self.rows
        ]
        said: dict[str, Json] = {
            "version": VERSION,
            "project": self.project,
            "name": self.name,
            "kind": self.kind,
            "at": self.at.astimezone(UTC).isoformat(),
            "rows": rows,
            "forgotten": self.forgotten,
        }
        text = json.dumps(said, separators=(",", ":")).replace("--", "-\\u002d")
        for character, escaped in _ESCAPED.items():
            text = text.replace(character, escaped)
        return f"<!-- threadsync {text} -->\n"


def mark_of(body: str) -> Mark | None:
    """Return what *body* says of itself at its very top; None where that is nothing of ours."""
    found = _LINE.match(body)
    if found is None:
        return None
    try:
        said = json.loads(found.group(1))
        if said["version"] != VERSION:
            return None
        rows = tuple(_row(each) for each in said["rows"])
        at = datetime.fromisoformat(str(said["at"])).astimezone(UTC)
        forgotten = max(0, int(said["forgotten"]))
        return Mark(str(said["project"]), str(said["name"]), str(said["kind"]), at, rows, forgotten)
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError):
        return None


def _row(said: Mapping[str, object]) -> Row:
    links = said["links"]
    if not isinstance(links, list):
        raise TypeError("links are a list")
    address, word, at, why = (str(said[name]) for name in ("address", "word", "at", "why"))
    when = datetime.fromisoformat(at).isoformat() if at else ""
    return Row(address, word, when, tuple(map(str, links)), why)
