"""A link card is what its page says of itself; a page that cannot be read costs no more than its words."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.execution.servers import Peer, Server, header, target_of
from tests.media.test_metadata import PLACE, exif
from tests.media.test_rendition import encoded, flag
from threadsync.execution.attachments import Attachments
from threadsync.execution.cards import CHARACTERS_MAX, PAGE_BYTES_MAX, REDIRECTS_MAX, Cards, _Head
from threadsync.execution.clock import SystemClock
from threadsync.execution.hosting_probe import Prober
from threadsync.execution.transport import Fetched, Transport
from threadsync.flows.effects import NoResponse
from threadsync.model.capabilities import PictureLimits
from threadsync.model.post import Card

LIMITS = PictureLimits(("JPEG", "PNG"), 1_000_000, 1, 600, bare=True)
HTML = "Content-Type: text/html; charset=utf-8"
PARSER_SECONDS_MAX = 20.0
"""Of a page that takes about one."""
PAGE = """<!doctype html><html><head><title>The title &amp; more</title>
<meta property="og:title" content="Lifts">
<meta name="description" content="worse"><meta property="og:description" content=" 12
 broken ">
</head><body><svg><title>No</title></svg>"""


class Site:
    """Pages by their paths; what is not there is 404."""

    def __init__(self) -> None:
        self.pages: dict[str, tuple[bytes, tuple[str, ...], str]] = {}
        self.server = Server(self._serve)

    def put(self, path: str, body: str | bytes, *headers: str, status: str = "200 OK") -> str:
        content = body.encode() if isinstance(body, str) else body
        self.pages[path] = content, headers or (HTML,), status
        return self.server.url + path

    def _serve(self, peer: Peer) -> None:
        while request := peer.request():
            path = target_of(request).partition(" ")[2]
            body, headers, status = self.pages.get(path, (b"", (HTML,), "404 Not Found"))
            peer.answer(body, *headers, status=status)


@pytest.fixture
def site() -> Iterator[Site]:
    found = Site()
    with found.server:
        yield found


@pytest.fixture
def cards(tmp_path: Path) -> Iterator[Cards]:
    with Transport(SystemClock()) as transport:
        yield Cards(transport.fetch, tmp_path)


def read(cards: Cards, url: str) -> Card:
    return cards.read(url, LIMITS, at_home=True)


def test_a_page_says_what_its_card_says(site: Site, cards: Cards) -> None:
    url = site.put("/lifts", PAGE)
    assert read(cards, url) == Card(url, "Lifts", "12 broken")
    (asked,) = site.server.requests
    assert header(asked, "authorization") is None
    assert "threadsync" in str(header(asked, "user-agent"))


@pytest.mark.parametrize(
    ("page", "headers", "title"),
    [
        ("<title> A\n title </title>", (HTML,), "A title"),
        ("<meta name='twitter:title' content='T'><title>t</title>", (HTML,), "T"),
        ("<title>So far</title><![unheard[of]]><title>no</title>", (HTML,), "So far"),
        ("<title>Grüße</title>".encode("latin-1"), ("Content-Type: text/html; charset=latin-1",), "Grüße"),
        ("<meta charset=windows-1252><title>€</title>".encode("cp1252"), ("Content-Type: text/html",), "€"),
        ("<title>Grüße</title>", ("Content-Type: text/html; charset=nonsense",), "Grüße"),
        ("<title>a\u202eb\x1b[2J</title>", (HTML,), "ab[2J"),
        (f"<title>{'x' * 5000}</title>", (HTML,), "x" * CHARACTERS_MAX),
        (
            "<title>In time</title>" + " " * PAGE_BYTES_MAX + "<meta property='og:title' content='late'>",
            (HTML,),
            "",
        ),
    ],
    ids=["title", "twitter", "declaration", "latin", "inside", "unknown", "controls", "long", "large"],
)
def test_titles_of_all_kinds_are_understood(
    site: Site, cards: Cards, page: str | bytes, headers: tuple[str, ...], title: str
) -> None:
    assert read(cards, site.put("/a", page, *headers)).title == (title or "In time")


def test_its_picture_is_brought_within_the_limits_and_says_nothing_more(
    site: Site, cards: Cards, tmp_path: Path
) -> None:
    site.put("/pictures/map.jpg", encoded(flag(900, 600), "JPEG", exif=exif()), "Content-Type: image/jpeg")
    url = site.put("/a/b", '<title>t</title><meta property="og:image" content="../pictures/map.jpg">')
    card = read(cards, url)
    assert card.problem == ""
    assert card.thumb is not None
    assert (card.thumb.facts.width, card.thumb.facts.height) == (600, 400)
    assert PLACE not in (tmp_path / card.thumb.path).read_bytes()
    assert read(cards, url) == card


def test_a_picture_that_fits_is_sent_as_it_is(site: Site, cards: Cards, tmp_path: Path) -> None:
    content = encoded(flag(90, 60), "PNG")
    site.put("/map.png", content, "Content-Type: image/png")
    card = read(cards, site.put("/a", '<title>t</title><meta property="og:image" content="/map.png">'))
    assert card.thumb is not None
    assert (tmp_path / card.thumb.path).read_bytes() == content


@pytest.mark.parametrize(
    ("picture", "kind", "says"),
    [
        (b"", "text/html", "answers 404"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml", "no picture that can be sent"),
        (encoded(flag(), "JPEG")[:500], "image/jpeg", "damaged or cut off"),
    ],
    ids=["missing", "svg", "cut off"],
)
def test_without_its_picture_the_card_says_why(
    site: Site, cards: Cards, picture: bytes, kind: str, says: str
) -> None:
    if picture:
        site.put("/p", picture, f"Content-Type: {kind}")
    card = read(cards, site.put("/a", '<title>t</title><meta property="og:image" content="/p">'))
    assert (card.title, card.thumb) == ("t", None)
    assert says in card.problem


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/gone", "answers 404"),
        ("/pdf", "is no web page (application/pdf)"),
        ("/round", "redirected more than"),
    ],
)
def test_a_page_that_cannot_be_read_leaves_the_address_alone(
    site: Site, cards: Cards, path: str, says: str
) -> None:
    site.put("/pdf", b"%PDF", "Content-Type: application/pdf")
    site.put("/round", "", "Location: /round", status="302 Found")
    url = site.server.url + path
    card = read(cards, url)
    assert (card.url, card.title, card.description, card.thumb) == (url, url, "", None)
    assert says in card.problem
    assert len(site.server.requests) <= REDIRECTS_MAX + 1


def test_a_redirect_is_followed_and_the_card_leads_to_the_address_that_was_written(
    site: Site, cards: Cards
) -> None:
    url = site.put("/short", "", "Location: /lifts", status="301 Moved Permanently")
    site.put("/lifts", PAGE)
    assert read(cards, url) == Card(url, "Lifts", "12 broken")


@pytest.mark.parametrize(
    "onward", ["file:///etc/passwd", "ftp://example.org/a", "http://[nowhere", "https://"]
)
def test_a_redirect_off_the_web_is_not_followed(site: Site, cards: Cards, onward: str) -> None:
    card = read(cards, site.put("/a", "", f"Location: {onward}", status="302 Found"))
    assert "no address of the web" in card.problem


def test_this_machine_is_not_asked_for_a_network_that_is_elsewhere(site: Site, cards: Cards) -> None:
    """Neither by its own name, nor by one that leads there, nor by way of a redirect."""
    url = site.put("/lifts", PAGE)
    for named in (url, url.replace("127.0.0.1", "localhost")):
        card = cards.read(named, LIMITS, at_home=False)
        assert card.title == named
        assert "cannot be fetched" in card.problem
    assert site.server.requests == []


@pytest.mark.parametrize(
    "host",
    ["2130706433", "0x7f000001", "017700000001", "127.1", "[::ffff:127.0.0.1]", "0.0.0.0", "rebound.example"],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_private_server_hears_not_a_word_however_it_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str, host: str
) -> None:
    """The connection itself is asked where it leads, before TLS begins: what a name says is not believed."""
    look_up = socket.getaddrinfo

    def looked_up(name: str, *how: Any) -> Any:
        # A name whose second answer is another than the first: it leads here by now.
        return look_up("127.0.0.1" if name == "rebound.example" else name, *how)

    monkeypatch.setattr(socket, "getaddrinfo", looked_up)
    heard: list[bytes] = []

    def listen(peer: Peer) -> None:
        heard.append(peer.sock.recv(99))

    with Server(listen) as private, Transport(SystemClock()) as transport:
        port = private.url.rpartition(":")[2]
        url = f"{scheme}://{host}:{port}/"
        card = Cards(transport.fetch, tmp_path).read(url, LIMITS, at_home=False)
    assert (card.title, card.thumb) == (url, None)
    assert "cannot be fetched" in card.problem
    assert not any(heard)


def test_a_network_at_home_reaches_this_machine_and_no_further_into_its_own_network(tmp_path: Path) -> None:
    asked: list[tuple[str, bool]] = []

    def fetch(url: str, *, public_only: bool, **_: object) -> Fetched | NoResponse:
        asked.append((url, public_only))
        if len(asked) > 1:
            return NoResponse("it is at 10.0.0.1, which the public internet does not reach", sent=False)
        return Fetched(302, 0, "", headers={"location": "http://10.0.0.1/"})

    Cards(fetch, tmp_path).read("http://127.0.0.1:9/", LIMITS, at_home=True)
    assert asked == [("http://127.0.0.1:9/", False), ("http://10.0.0.1/", True)]


def test_an_address_that_leads_nowhere_is_told_and_nothing_is_asked(site: Site, cards: Cards) -> None:
    assert "no address of the web" in read(cards, "http://[nowhere/").problem
    card = read(cards, site.put("/a", '<title>t</title><meta property="og:image" content="http://[nowhere">'))
    assert (card.title, card.thumb) == ("t", None)
    assert "no address of the web" in card.problem


@pytest.mark.parametrize(
    "part", ["<", "<a ", "<!--", "<![CDATA[", "</", "<a b='", "&", "<meta ", "<title>", "<!x"]
)
def test_a_page_made_to_be_slow_is_read_in_time(part: str) -> None:
    """As much as is read of any page; the parser's time grows with it, and not with its square: then it would
    be minutes of the processor, whose own time is counted here, however busy the machine is."""
    before = time.process_time()
    said = _Head.of(f"<title>Lifts</title>{part * (PAGE_BYTES_MAX // len(part))}")
    assert said == {"title": "Lifts"}
    assert time.process_time() - before < PARSER_SECONDS_MAX


def test_a_program_that_publishes_finds_the_picture_of_a_card_among_what_is_sent(
    site: Site, tmp_path: Path
) -> None:
    content = encoded(flag(90, 60), "PNG")
    site.put("/map.png", content, "Content-Type: image/png")
    url = site.put("/a", '<title>t</title><meta property="og:image" content="/map.png">')
    clock = SystemClock()
    with Transport(clock) as transport:
        attached = Attachments(tmp_path, transport.fetch, Prober(transport.fetch, clock, at_home=True))
        card = attached.card(url, LIMITS)
    assert card.thumb is not None
    assert attached.files[card.thumb.facts.digest].read_bytes() == content
