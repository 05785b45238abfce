"""The proof sheet as values: a plan with every publication as its readers would see it, in words.

No value here is HTML: whoever shows it marks up what is in it, and escapes it. Texts are printable.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NewType, TypeAlias

from msgspec import Struct

from threadsync.model.ids import MediaDigest
from threadsync.views.differing import Stretch

Line = NewType("Line", str)
"""A line of a file of the project, without its end."""


class Seeable(Struct, frozen=True):
    """What can be shown of a media file: *src* is where a page finds it; without one, *why* not."""

    src: str = ""
    why: str = ""


Pictures: TypeAlias = Mapping[MediaDigest, Seeable]
"""By the digest of what the network gets."""
Sources: TypeAlias = Mapping[tuple[str, int], Line]
"""Lines of files with findings, by file and number."""


class Row(Struct, frozen=True):
    """One fact: what it is, and what it says."""

    name: str
    value: str


class Span(Struct, frozen=True):
    """Words of a text; *mark* is empty, or says what they are: ``link``, ``mention``, ``tag``, ``hidden``."""

    text: str
    mark: str = ""
    href: str = ""
    """Where a link leads; empty where nobody should follow it."""


class Shot(Struct, frozen=True):
    """One picture or video of a segment, as its readers see it at first."""

    number: int
    kind: str
    """``picture`` or ``video``."""
    seeable: Seeable
    alt: str
    about: str
    """What the file is, in a few words."""
    length: str
    """Of a video; empty where it is no video, or not known."""
    shape: str
    """Width and height of what is shown, as CSS writes a ratio: ``4 / 3``."""
    cut: str
    """What of it is cut off, in words; empty where all is shown."""
    notes: tuple[Row, ...] = ()


class LinkCard(Struct, frozen=True):
    """The card under a text, as far as it is known."""

    url: str
    href: str
    title: str
    description: str
    picture: Seeable | None
    note: str


class Gauge(Struct, frozen=True):
    """How full something is; *share* in percent of it, at most 100, *more* what would come to it."""

    words: str
    share: float
    is_over: bool = False
    more: float = 0.0


class Part(Struct, frozen=True):
    """One segment, as readers see it."""

    place: str
    spans: tuple[Span, ...]
    length: Gauge
    shots: tuple[Shot, ...]
    is_row: bool
    """Whether the pictures stand in a row to be swiped, and not beside each other."""
    covered: str
    """What covers its media; empty where nothing does."""
    poll: tuple[str, ...]
    card: LinkCard | None
    attached: tuple[Row, ...]
    rows: tuple[Row, ...]
    was: tuple[Stretch, ...] = ()
    """What changes against the live segment, word by word; empty where there is none, or nothing changes."""


class LivePost(Struct, frozen=True):
    """One post that is on the network now."""

    where: str
    href: str
    published: str
    text: str = ""
    loses: str = ""
    """What goes with it, and how old that knowledge is."""
    loses_nothing: bool = False
    """Nobody has answered or liked it."""


class Finding(Struct, frozen=True):
    """What is wrong at one place of a file; *marker* stands under *source* and points at the column."""

    place: str
    severity: str
    rule: str
    problem: str
    remedy: str
    source: str = ""
    marker: str = ""


class Entry(Struct, frozen=True):
    """One publication: what is to become of it, and how readers will see it."""

    id: str
    address: str
    target: str
    account: str
    place: int
    """Which of the sheet's targets it is on."""
    word: str
    tone: str
    """``good``, ``change``, ``bad``, ``move`` or ``quiet``: repeats what *word* says."""
    sign: str = ""
    reason: str = ""
    when: str = ""
    problem: str = ""
    remedy: str = ""
    rows: tuple[Row, ...] = ()
    parts: tuple[Part, ...] = ()
    live_head: str = ""
    live: tuple[LivePost, ...] = ()
    notices: tuple[str, ...] = ()
    lang: str = ""


class Post(Struct, frozen=True):
    """One file with all that becomes of it; *id* is the same as long as its key is."""

    id: str
    key: str
    file: str
    findings: tuple[Finding, ...]
    entries: tuple[Entry, ...]
    note: str = ""
    """What else is to be known of it."""


class AccountSheet(Struct, frozen=True):
    """One account: its allowances, its credential, and when both were read."""

    head: str
    gauges: tuple[Gauge, ...]
    lines: tuple[str, ...]


class Sheet(Struct, frozen=True):
    """A plan as a page."""

    title: str
    summary: str
    at: str
    zone: str
    targets: tuple[str, ...]
    notes: tuple[Row, ...]
    """What a reader should know of the plan as a whole."""
    findings: tuple[Finding, ...]
    """Those that belong to no post of the sheet."""
    accounts: tuple[AccountSheet, ...]
    posts: tuple[Post, ...]
    unchanged: int
    """How many publications are as the files say, and are not shown."""

    @property
    def listed(self) -> tuple[tuple[str, ...], ...]:
        """What the list of all posts says."""
        return tuple(
            (post.id, entry.id, entry.sign, entry.word, entry.reason, entry.when, str(len(post.findings)))
            for post in self.posts
            for entry in post.entries
        )


class Trouble(Struct, frozen=True):
    """Why a project cannot be looked at just now."""

    problem: str
    remedy: str
    findings: tuple[Finding, ...] = ()


class Preview(Struct, frozen=True):
    """What a sheet that is kept up to date has besides: which look it is of, and whose script may run."""

    version: str
    nonce: str
    problem: Trouble | None = None
