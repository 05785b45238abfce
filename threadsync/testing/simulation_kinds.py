"""What the posts of a simulated life are besides words and pictures, in files and as a ledger tells it."""

from __future__ import annotations

import re
from enum import StrEnum

from msgspec import Struct, field

from threadsync.testing.judge import LINK


class Kind(StrEnum):
    """What there is to a post; most have words and pictures alone."""

    PLAIN = "plain"
    POLL = "poll"
    QUOTE = "quote"
    REPOST = "repost"
    GHOST = "ghost"
    LINK = "link"
    TOPIC = "topic"
    SPOILER = "spoiler"
    NUMBERED = "numbered"


ODDS = {
    Kind.PLAIN: 60,
    Kind.POLL: 5,
    Kind.QUOTE: 6,
    Kind.REPOST: 5,
    Kind.GHOST: 5,
    Kind.LINK: 4,
    Kind.TOPIC: 4,
    Kind.SPOILER: 4,
    Kind.NUMBERED: 7,
}
"""How likely each is, beside the others."""
EVERYWHERE = (Kind.PLAIN, Kind.QUOTE, Kind.REPOST, Kind.LINK, Kind.NUMBERED)
"""What every network has; the others are those of Threads."""
ALONE = frozenset({Kind.GHOST, Kind.REPOST})
"""They have one segment, no pictures, and take no replies."""
BARE = frozenset({Kind.POLL, Kind.LINK, *ALONE})
"""Their first segment has no pictures."""
FILM = "film.mp4"
PICTURES = {"red.jpg": "red", "blue.jpg": "blue"}
NUMBERS = ("{i}/{n}", "{i}.")
BY_HAND = "By hand: "
"""How every post of a person's begins."""
REFERENCES = ("reply_to", "quote", "repost")
PLACE = re.compile(r"<([\w.]+)@([\w.]+)>")
"""A link to a post on an account, as the author keeps it; files name the target instead."""


def front_of(kind: Kind, text: str) -> dict[str, str]:
    """Return what front matter says of a post of *kind* whose first segment says *text*."""
    match kind:
        case Kind.POLL:
            return {"poll": "{options: [Yes, No]}"}
        case Kind.GHOST:
            return {"threads": "{ghost: true}"}
        case Kind.LINK:
            return {"link": "https://example.org/lifts"}
        case Kind.TOPIC:
            return {"threads": "{topic: transit}"}
        case Kind.SPOILER:
            return {"threads": f"{{spoiler: {{text: ['{hidden(text)}']}}}}"}
        case Kind.PLAIN | Kind.QUOTE | Kind.REPOST | Kind.NUMBERED:
            return {}


def hidden(text: str) -> str:
    """Return the passage of *text* that is hidden: its last word, which no other text has."""
    return text.rpartition(" ")[2]


def carries(kind: Kind, text: str, media: tuple[str, ...], *, first: bool) -> str:
    """Return what a ledger tells of a segment (``Seen.carries``), but for what it quotes."""
    shown = ", ".join("video" if name == FILM else "image" for name in media)
    said = [f"of: {shown}"] if FILM in media else []
    match kind:
        case Kind.POLL if first:
            said.append("poll: Yes / No")
        case Kind.GHOST:
            said.append("ghost: yes")
        case Kind.LINK if first:
            said.append("link: LINK")
        case Kind.TOPIC if first:
            said.append("topic: transit")
        case Kind.SPOILER if first:
            said.append(f"hidden: {hidden(text)}")
        case _:
            pass
    return "; ".join(said)


class Segment(Struct):
    """One segment: its text, and the pictures and films under it."""

    text: str
    pictures: tuple[str, ...] = ()


class File(Struct):
    """One post file."""

    key: str
    segments: list[Segment]
    accounts: tuple[str, ...]
    front: dict[str, str] = field(default_factory=dict)
    broken: bool = False
    names: set[str] = field(default_factory=set)
    """Every key it has had."""
    first: list[str] = field(default_factory=list)
    """Every text that its first segment has had."""
    kind: Kind = Kind.PLAIN
    about: str = ""
    """The text of the post by hand that it quotes or reposts."""

    @property
    def published(self) -> tuple[str, ...]:
        """The texts of its segments as the judge reads them on a network."""
        if self.kind is Kind.REPOST:
            return (f"Repost of: {self.about}",)
        texts = tuple(PLACE.sub(LINK, each.text) for each in self.segments)
        number = self.front.get("number", "").strip("'")
        if not number or len(texts) == 1:
            return texts
        counted = number.replace("{n}", str(len(texts)))
        return tuple(f"{text}\n\n{counted.replace('{i}', str(i))}" for i, text in enumerate(texts, 1))

    def named(self, how: str) -> str:
        """Return the key of the post that it names by *how*; empty where it names none of the project's."""
        reference = self.front.get(how, "")
        return "" if reference.startswith(("id:", "https:")) else reference

    def needs(self) -> set[str]:
        """Return the keys of the posts that it links to, replies to or quotes."""
        linked = {found[1] for each in self.segments for found in PLACE.finditer(each.text)}
        return linked | {self.named(how) for how in REFERENCES if self.named(how)}
