"""What a network can do, as its provider declares it; what is not claimed cannot be planned."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from threadsync.model.post import MediaFacts


class PictureLimits(Struct, frozen=True):
    """What a network takes as a picture as it is; ``fit: true`` brings others within these limits."""

    formats: tuple[str, ...]
    """Of JPEG and PNG those it takes."""
    bytes_max: int
    width_min: int
    """In pixels, like *width_max*."""
    width_max: int
    bare: bool = False
    """Whether a file must say nothing besides its pixels: the network passes it on as it gets it."""

    def of_copy(self, facts: MediaFacts, *, fit: bool) -> PictureLimits | None:
        """Return the limits of the copy that is sent in place of a file; None where the file itself is sent.

        With *fit* it may be smaller, or of another format; else it has all pixels, and loses metadata alone.
        """
        if fit and self.needs_fitting(facts):
            return self
        if not (self.bare and facts.has_metadata) or facts.animated:
            return None
        if facts.format not in self.formats or facts.size_bytes > self.bytes_max:
            return None
        return replace(self, formats=(facts.format,), width_min=facts.width, width_max=facts.width)

    def needs_fitting(self, facts: MediaFacts) -> bool:
        """Whether a file is a picture that breaks a limit, and one that fitting can mend.

        A picture whose pixels are not read (HEIC), or that moves, is never fitted: it would lose something.
        """
        if facts.kind != "image" or not facts.width or facts.animated:
            return False
        return not (
            facts.format in self.formats
            and facts.size_bytes <= self.bytes_max
            and self.width_min <= facts.width <= self.width_max
        )

    def fitted_size(self, width: int, height: int) -> tuple[int, int]:
        """Return width and height, in the same proportion, that are as close as can be to those given."""
        wide = min(max(width, self.width_min), self.width_max)
        return wide, max(1, round(height * wide / width))


class Look(Struct, frozen=True):
    """How a network shows what a post carries: for a likeness of it, and decides nothing.

    No network documents how it cuts pictures, so a likeness is all that can be made.
    """

    grid_max: int = 4
    """So many pictures are shown beside each other, cut to fit; more of them in a row to be swiped."""
    tallest: float = 1.25
    """Height over width of the tallest picture that is shown whole; one alone that is taller is cut."""


class Capabilities(Struct, frozen=True):
    """What may be planned on a network."""

    features: frozenset[str]
    """Keys of the post format that the network honours: ``text``, ``image``, ``carousel``, ``chain``,
    ``reply_to``, ``poll`` …"""
    names_account: bool = False
    """Whether what is published names the account by its id, so that it is read before anything is sent."""
    replaces_because: str = "the network cannot edit a post"
    """Why a post that has changed is published anew; said where that is planned."""
    finds_accounts: bool = False
    """Whether a mention must name an account that there is; each is looked up before anything goes out."""
    fetches_media: bool = False
    """Whether the network fetches media from a public address, so that a target needs a ``media_host``."""
    pictures: PictureLimits | None = None
    """What ``fit: true`` brings pictures to; None where the network honours no ``fit``."""
    thumbs: PictureLimits | None = None
    """What it takes as the picture of a link card that we make; None where we make no cards for it."""
    permalink_characters_max: int = 100
    """The longest permalink, in characters: what a link still to be made counts as."""
    counts: tuple[str, ...] = ()
    """What the network counts of a post (``views``, ``likes`` …), first what tells most; empty: it offers no
    numbers."""
    quota_of_publish: str = "posts"
    """Which of the account's allowances a post takes from, by its name; empty where there is none."""
    quota_takes: int = 1
    """How much one record of a post takes of that, or of what a reply takes from."""
    quota_of_reply: str = "replies"
    quota_of_delete: str = "deletes"
    look: Look = Look()
    """How readers see pictures, as far as can be said."""


class Needs(Struct, frozen=True):
    """What publishing something needs of the account and its credential, beyond the usual."""

    scopes: frozenset[str] = frozenset()
    features: frozenset[str] = frozenset()
    """What the network lets some accounts do only; see ``Account.lacks``."""
