"""What the pages show, as values; every network of the sandbox makes its own of them."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from markupsafe import Markup
from msgspec import Struct

from threadsync.sandbox.pages.times import Moment

TINTS = 6
"""How many colours of avatars the style sheet has."""
NUMBER_DIGITS_MAX = 18
QUOTED_LENGTH = 280
"""How much of a quoted text is shown."""


def number_in(text: str) -> int | None:
    """Read a number that a page gave out; anything else stands for none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= NUMBER_DIGITS_MAX else None


class AuthorView(Struct, frozen=True):
    """Who posted."""

    name: str
    initials: str
    tint: int
    """Which colour the avatar has, 0 to ``TINTS - 1``."""
    path: str
    """The profile's page."""

    @staticmethod
    def of(name: str, words: Sequence[str], number: int, path: str) -> AuthorView:
        """Take the initials from *words*; accounts take the colours in the order in which they were made."""
        initials = "".join(word[0] for word in words[:2]).upper() or "?"
        return AuthorView(name, initials, number % TINTS, path)


class CaptionView(Struct, frozen=True):
    """The words of a film in one language."""

    language: str
    url: str


class MediaView(Struct, frozen=True):
    """A picture or film of a post."""

    url: str
    is_video: bool
    alt_text: str
    width: int
    height: int
    """0 when it is not known."""
    poster: str = ""
    captions: tuple[CaptionView, ...] = ()

    @property
    def shape(self) -> str:
        """How the style sheet fits it in: ``wide``, ``tall`` or ``narrow``."""
        if not self.width or self.height <= 0.85 * self.width:
            return "wide"
        return "tall" if self.height <= 1.6 * self.width else "narrow"


class OptionView(Struct, frozen=True):
    """One option of a poll."""

    text: str
    percent: int


class PollView(Struct, frozen=True):
    """A poll."""

    options: tuple[OptionView, ...]
    votes: int
    is_over: bool
    ends: Moment


class CardView(Struct, frozen=True):
    """A link's card, with what the post itself says of it; nothing is fetched for it."""

    url: str
    host: str
    title: str = ""
    description: str = ""
    picture: str = ""
    """Where its own picture is; empty where it has none."""

    @staticmethod
    def of(url: str, *, title: str = "", description: str = "", picture: str = "") -> CardView | None:
        """Make the card of a link; one that no browser can open is no link."""
        try:
            parts = urlsplit(url)
            host = (parts.hostname or "") if parts.scheme in {"http", "https"} else ""
        except ValueError:
            return None
        return CardView(url, host.removeprefix("www."), title, description, picture) if host else None


class LongTextView(Struct, frozen=True):
    """A text attachment."""

    text: Markup
    beginning: str
    characters: int
    card: CardView | None


class QuoteView(Struct, frozen=True):
    """A post inside another one; ``author`` is ``None`` when it is gone."""

    author: AuthorView | None
    path: str = ""
    text: str = ""
    about: str = ""
    """What it has besides its text."""


class GhostView(Struct, frozen=True):
    """A post that leaves after a day."""

    is_archived: bool
    ends: Moment


class PostView(Struct, frozen=True):
    """A post as a page shows it; of a repost the original, and who reposted it."""

    ident: str
    """Its id, or that of the repost."""
    path: str
    author: AuthorView
    time: Moment
    text: Markup
    topic: str = ""
    media: tuple[MediaView, ...] = ()
    veil: str = ""
    """As what its media is covered until it is asked for; empty where it is not."""
    poll: PollView | None = None
    card: CardView | None = None
    long_text: LongTextView | None = None
    gif: str = ""
    quote: QuoteView | None = None
    ghost: GhostView | None = None
    notes: tuple[str, ...] = ()
    """What a reader should know besides: audience, place, sharing."""
    reposted_by: AuthorView | None = None
    is_gone: bool = False
    """Whether it is the repost of a post that is gone."""


class TabView(Struct, frozen=True):
    """A profile among the tabs; ``author`` is ``None`` for everybody."""

    author: AuthorView | None
    posts: int
    is_chosen: bool


class QuotaView(Struct, frozen=True):
    """How much of a quota is used."""

    name: str
    used: int
    total: int


class ProfilePanel(Struct, frozen=True):
    """What one profile used, and what it has in preparation."""

    author: AuthorView
    quotas: tuple[QuotaView, ...]
    making: str = ""
    """What it has in preparation; empty where that is nothing."""


class FaultView(Struct, frozen=True):
    """A fault in force."""

    text: str
    fired: str
    is_spent: bool


class DeletedView(Struct, frozen=True):
    """A post that was taken down."""

    author: AuthorView
    text: str
    time: Moment | None
    """When; None where the network does not keep it."""


class PanelView(Struct, frozen=True):
    """All that stands beside the posts."""

    profiles: tuple[ProfilePanel, ...]
    faults: tuple[FaultView, ...]
    switches: tuple[str, ...]
    """Those that do not have their default."""
    clock: str
    deleted: tuple[DeletedView, ...]
    deleted_count: int
    serial: int
