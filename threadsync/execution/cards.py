"""Reading a page for its link card: what it calls itself, what it says it is about, and its picture.

A page names these in its head (https://ogp.me). It is a stranger's: it is read without a credential, within
bounds, never from this machine or a network of its own, and what it says is no more than text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol
from urllib.parse import urljoin, urlsplit

from msgspec import Struct

from threadsync import __version__
from threadsync.content.escape import is_name, shown
from threadsync.execution.hosting_probe import named
from threadsync.flows.effects import NoResponse
from threadsync.media.cache import replace_file
from threadsync.media.probe import probe
from threadsync.media.rendition import FOLDER, RenditionProblem, Renditions
from threadsync.model.capabilities import PictureLimits
from threadsync.model.post import Card, Rendition
from threadsync.model.urls import is_loopback

if TYPE_CHECKING:
    from threadsync.execution.transport import Fetched, Sink

PAGE_BYTES_MAX = 1_000_000
"""How much is read of a page: what a card needs stands at its head."""
PICTURE_BYTES_MAX = 20_000_000
PAGE_SECONDS = 15.0
PICTURE_SECONDS = 30.0
REDIRECTS_MAX = 5
CHARACTERS_MAX = 1_000
"""How much is taken of a title or a description; readers' apps show a few lines."""
AGENT = f"Mozilla/5.0 (compatible; threadsync/{__version__}; link card)"
"""Sites keep programs out by name, and let those in that call themselves compatible."""

_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset=["']?([A-Za-z0-9_.:-]{1,40})""", re.IGNORECASE)
_SAID = {
    "title": ("og:title", "twitter:title", "title"),
    "description": ("og:description", "twitter:description", "description"),
    "picture": ("og:image", "og:image:url", "og:image:secure_url", "twitter:image"),
}
"""Where a page says it, the best first; ``title`` is also the element of that name."""


class FetchPage(Protocol):
    """Reads a public address into a file, following no redirect; ``Transport.fetch`` is one."""

    def __call__(
        self,
        url: str,
        *,
        bytes_max: int,
        timeout_seconds: float,
        agent: str,
        whole: bool,
        public_only: bool,
        into: Sink,
    ) -> Fetched | NoResponse:
        """Return what *url* serves, or why nothing came."""
        ...


class _Unread(Exception):
    """A page or a picture cannot be had; the message says why, after the name of its address."""


class Cards(Struct, frozen=True):
    """Reads cards for a project in *root*, which keeps their pictures until they are published."""

    fetch: FetchPage
    root: Path

    def read(self, url: str, limits: PictureLimits, *, at_home: bool) -> Card:
        """Return the card of the page at *url*, its picture within *limits*.

        *at_home* says that the network is on this machine, and so may the page be. Where the page cannot be
        read, or its picture, the card does without, and says why.
        """
        body = BytesIO()
        try:
            where, served = self._fetched(url, body, PAGE_BYTES_MAX, PAGE_SECONDS, at_home, whole=False)
        except _Unread as problem:
            return Card(url, url, problem=str(problem))
        kind = served.headers.get("content-type", "").lower()
        if "html" not in kind:
            what = shown(kind) or "of no kind that it names"
            return Card(url, url, problem=f"{named(where)} is no web page ({what})")
        said = _Head.of(_decoded(body.getvalue()[:PAGE_BYTES_MAX], kind))
        title = _first(said, "title")
        card = Card(url, title or url, _first(said, "description"))
        picture = _first(said, "picture")
        if not picture:
            return card
        try:
            thumb = self._thumb(_joined(where, picture), limits, at_home)
        except (_Unread, RenditionProblem) as problem:
            return Card(url, card.title, card.description, problem=f"its picture is left out: {problem}")
        return Card(url, card.title, card.description, thumb)

    def _fetched(
        self, url: str, into: BinaryIO, bytes_max: int, seconds: float, at_home: bool, *, whole: bool
    ) -> tuple[str, Fetched]:
        """Return what *url* serves in the end, and where that is; every step is looked at anew.

        Raises:
            _Unread: nothing, or nothing that is meant for everybody.
        """
        for _ in range(REDIRECTS_MAX + 1):
            if not _is_web(url):
                raise _Unread(f"{named(url)} is no address of the web")
            into.seek(0)
            into.truncate()
            served = self.fetch(
                url,
                bytes_max=bytes_max,
                timeout_seconds=seconds,
                agent=AGENT,
                whole=whole,
                public_only=not (at_home and is_loopback(url)),
                into=into,
            )
            if isinstance(served, NoResponse):
                raise _Unread(f"{named(url)} cannot be fetched: {served.reason}")
            onward = served.headers.get("location", "") if served.status in {301, 302, 303, 307, 308} else ""
            if not onward:
                if served.status != 200:
                    raise _Unread(f"{named(url)} answers {served.status}")
                return url, served
            url = _joined(url, onward)
        raise _Unread(f"{named(url)} is redirected more than {REDIRECTS_MAX} times")

    def _thumb(self, url: str, limits: PictureLimits, at_home: bool) -> Rendition:
        """Fetch a picture and return the copy of it that is within *limits*.

        Raises:
            _Unread: it cannot be had, or is no picture that can be brought within them.
            RenditionProblem: no copy of it can.
        """
        body = BytesIO()
        _, served = self._fetched(url, body, PICTURE_BYTES_MAX, PICTURE_SECONDS, at_home, whole=True)
        name = f"{FOLDER}/card-{served.sha256}"
        try:
            (self.root / FOLDER).mkdir(parents=True, exist_ok=True)
            replace_file(self.root / name, body.getvalue())
        except OSError as error:
            raise _Unread(f"{named(url)} cannot be kept: {error.strerror}") from error
        facts = probe(self.root / name)
        if isinstance(facts, str):
            raise _Unread(f"{named(url)}: {facts}")
        of_copy = limits.of_copy(facts, fit=True)
        if of_copy is not None:
            return Renditions(self.root).of(name, facts, of_copy)
        if facts.kind != "image" or facts.format not in limits.formats or facts.animated:
            raise _Unread(
                f"{named(url)} is no picture that can be sent ({facts.format or 'of no known kind'})"
            )
        return Rendition(name, facts)


class _Head(HTMLParser):
    """Takes what a page says of itself, the first of each."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: dict[str, str] = {}
        self._title: list[str] | None = None

    @classmethod
    def of(cls, text: str) -> Mapping[str, str]:
        """Return what the page *text* says, by the names of ``_SAID``."""
        head = cls()
        # The parser gives up on a declaration that it does not know (<![x[); what came before it counts.
        with suppress(AssertionError):
            head.feed(text)
        return head.said

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take a ``meta``, and the beginning of the title; a picture in the page may have one too."""
        if tag == "meta":
            named_by = {name: value or "" for name, value in attrs}
            name = (named_by.get("property") or named_by.get("name") or "").strip().lower()
            content = _plain(named_by.get("content", ""))
            if name and content:
                self.said.setdefault(name, content)
        elif tag == "title" and "title" not in self.said and self._title is None:
            self._title = []

    def handle_data(self, data: str) -> None:
        """Take the words of the title."""
        if self._title is not None:
            self._title.append(data)

    def handle_endtag(self, tag: str) -> None:
        """Take the title as a whole."""
        if tag == "title" and self._title is not None:
            words = _plain("".join(self._title))
            self._title = None
            if words:
                self.said.setdefault("title", words)


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"https", "http"} and bool(parts.hostname)


def _joined(url: str, onward: str) -> str:
    """Return where *onward* leads from *url*; what leads nowhere stays as it is, and is no address."""
    try:
        return urljoin(url, onward)
    except ValueError:
        return onward


def _first(said: Mapping[str, str], what: str) -> str:
    return next((said[name] for name in _SAID[what] if name in said), "")


def _plain(text: str) -> str:
    """Return a stranger's words in one line, with nothing that acts on a terminal or turns letters around."""
    return "".join(filter(is_name, " ".join(text.split())))[:CHARACTERS_MAX]


def _decoded(page: bytes, kind: str) -> str:
    """Return a page's text, by the encoding that its server names, or it itself; else UTF-8."""
    declared = kind.partition("charset=")[2].strip(" \"'").partition(";")[0]
    inside = _CHARSET.search(page[:4096])
    name = declared or (inside.group(1).decode("ascii") if inside is not None else "utf-8")
    try:
        return page.decode(name, "replace")
    except (LookupError, ValueError):
        return page.decode("utf-8", "replace")
