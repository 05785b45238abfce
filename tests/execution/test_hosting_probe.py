"""What a network's fetcher would meet at an address: each fault is named, with what to do about it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.execution.servers import Server, answering
from threadsync.execution.clock import SystemClock
from threadsync.execution.hosting_file import MediaFile, media_file
from threadsync.execution.hosting_probe import LOOKS_MAX, Finding, Prober, doubtful
from threadsync.execution.transport import Fetched, Transport
from threadsync.flows.effects import NoResponse
from threadsync.model.ids import MediaDigest
from threadsync.model.urls import is_public
from threadsync.testing.fakes import FakeClock

PICTURE = b"\xff\xd8\xff a picture"
URL = "https://media.example/a.jpg"


@pytest.fixture
def file(tmp_path: Path) -> MediaFile:
    path = tmp_path / "a.jpg"
    path.write_bytes(PICTURE)
    found = media_file(MediaDigest(hashlib.sha256(PICTURE).hexdigest()), path)
    assert isinstance(found, MediaFile)
    return found


def fetched(status: int = 200, body: bytes = PICTURE, **headers: str) -> Fetched | NoResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    named.setdefault("content-type", "image/jpeg")
    named.setdefault("content-length", str(len(body)))
    return Fetched(status, len(body), hashlib.sha256(body).hexdigest(), body, named)


def prober(*answers: Fetched | NoResponse, at_home: bool = False) -> Prober:
    """Return a prober that is given *answers* in turn, the last one for ever."""
    left = list(answers)

    def fetch(url: str, **how: object) -> Fetched | NoResponse:
        return left.pop(0) if len(left) > 1 else left[0]

    return Prober(fetch, FakeClock(), at_home=at_home)


def test_what_a_fetcher_could_use_is_fine(file: MediaFile) -> None:
    assert prober(fetched()).look(URL, file) is None
    assert prober(fetched(content_type="image/jpg; charset=binary")).look(URL, file) is None


@pytest.mark.parametrize(
    ("answer", "said", "remedy", "passing"),
    [
        (
            fetched(302, location="https://login.example/?token=CANARY"),
            "redirects (302) to login.example",
            "itself",
            False,
        ),
        (fetched(403), "answers 403: it is not public", "everybody", False),
        (fetched(401), "answers 401: it is not public", "everybody", False),
        (fetched(404), "answers 404", "public", True),
        (fetched(503), "answers 503", "public", True),
        (fetched(410), "answers 410", "public", False),
        (fetched(content_type="text/html; charset=utf-8"), "serves a web page", "log-in", False),
        (fetched(body=b"\n <!DOCTYPE html><title>"), "serves a web page", "log-in", False),
        (
            fetched(content_type="application/octet-stream"),
            "as application/octet-stream, not as",
            "image/jpeg",
            False,
        ),
        (fetched(content_type=""), "as nothing in particular, not as image/jpeg", "image/jpeg", False),
        (
            fetched(content_length="7"),
            "serves other bytes than the file on disk (7 instead of",
            "Upload",
            False,
        ),
        (fetched(body=PICTURE[::-1]), "serves other bytes than the file on disk, from", "Upload", False),
        (fetched(body=b"", content_length=str(len(PICTURE))), "other bytes", "Upload", False),
        (
            NoResponse("media.example:443: no", sent=False),
            "cannot be fetched: media.example:443: no",
            "reach",
            True,
        ),
    ],
)
def test_a_fault_says_what_it_is_and_what_to_do(
    file: MediaFile, answer: Fetched | NoResponse, said: str, remedy: str, passing: bool
) -> None:
    found = prober(answer).look(URL, file)
    assert isinstance(found, Finding)
    assert found.problem.problem.startswith(f"{URL} ")
    assert said in found.problem.problem
    assert remedy in found.problem.remedy
    assert found.passing is passing
    assert "CANARY" not in found.problem.problem


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://media.example/a.jpg", "is not https"),
        ("https://media.example/0123abcd", "does not end like a media file"),
        ("https://media.example/v1.2/abcd?name=a.jpg", "https://media.example/v1.2/abcd does not end like"),
        ("http://127.0.0.1/a.jpg", "is not https"),
    ],
)
def test_what_no_network_would_fetch_is_not_asked_for(file: MediaFile, url: str, said: str) -> None:
    def fetch(url: str, **how: object) -> Fetched:
        pytest.fail(f"{url} was fetched")

    found = Prober(fetch, FakeClock(), at_home=False).look(url, file)
    assert found is not None
    assert said in found.problem.problem


def test_a_signed_address_is_shown_without_its_signature(file: MediaFile) -> None:
    found = prober(fetched(403)).look(f"{URL}?sig=CANARY", file)
    assert found is not None
    assert found.problem.problem.startswith(f"{URL} answers")


def test_a_fresh_upload_may_take_a_moment_to_appear(file: MediaFile) -> None:
    slow = prober(fetched(404), NoResponse("reset", sent=True), fetched())
    assert slow.settled(URL, file) is None
    assert slow.clock.monotonic() == 3.0


def test_what_never_appears_is_given_up_and_what_is_surely_wrong_at_once(file: MediaFile) -> None:
    never = prober(fetched(404))
    problem = never.settled(URL, file)
    assert problem is not None
    assert problem.problem == f"{URL} answers 404"
    assert never.clock.monotonic() == sum(2**number for number in range(LOOKS_MAX - 1))
    private = prober(fetched(403), fetched())
    assert private.settled(URL, file) is not None
    assert private.clock.monotonic() == 0.0


# Over a socket


@pytest.fixture
def transport() -> Iterator[Transport]:
    with Transport(SystemClock()) as transport:
        yield transport


def test_an_address_of_this_machine_is_no_public_one(file: MediaFile, transport: Transport) -> None:
    """Whatever its name is: it is the connection that is looked at, and not a word is said over it."""
    with Server(answering(PICTURE)) as server:
        served = transport.fetch(f"{server.url}/a.jpg", bytes_max=9, timeout_seconds=5, public_only=True)
    assert isinstance(served, NoResponse)
    assert served.reason.endswith("it is at 127.0.0.1, which the public internet does not reach")
    assert (served.sent, server.requests) == (False, [])


def test_a_connection_that_is_open_already_is_looked_at_too(transport: Transport) -> None:
    with Server(answering(PICTURE)) as server:
        open_to: Callable[[bool], Fetched | NoResponse] = lambda public: transport.fetch(  # noqa: E731
            f"{server.url}/a.jpg", bytes_max=99, timeout_seconds=5, public_only=public
        )
        assert isinstance(open_to(False), Fetched)
        assert isinstance(open_to(True), NoResponse)
    assert len(server.requests) == 1


def test_of_a_film_only_the_beginning_is_read(tmp_path: Path, transport: Transport) -> None:
    film = bytes(4) + b"ftypisom" + bytes(5_000_000)
    path = tmp_path / "film.mp4"
    path.write_bytes(film)
    file = media_file(MediaDigest(hashlib.sha256(film).hexdigest()), path)
    assert isinstance(file, MediaFile)
    read = list[int]()

    def fetch(url: str, **how: object) -> Fetched | NoResponse:
        served = transport.fetch(url, **how)  # type: ignore[arg-type]
        assert isinstance(served, Fetched)
        read.append(served.size)
        return served

    with Server(answering(film, "Content-Type: video/mp4")) as server:
        assert Prober(fetch, FakeClock(), at_home=True).look(f"{server.url}/f.mp4", file) is None
    assert read[0] < 100_000


def test_a_redirect_is_not_followed(transport: Transport, file: MediaFile) -> None:
    with Server(answering(b"", "Location: /b.jpg", status="302 Found")) as server:
        found = Prober(transport.fetch, FakeClock(), at_home=True).look(f"{server.url}/a.jpg", file)
    assert found is not None
    assert "redirects (302) to 127.0.0.1" in found.problem.problem
    assert len(server.requests) == 1


# What is known beforehand


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("https://pub-0123.r2.dev/a.jpg", "r2.dev is the development address of an R2 bucket"),
        ("https://github.com/o/r/releases/download/v1/a.jpg", "a release download"),
        ("https://files.catbox.moe/a.jpg", "catbox.moe"),
        ("https://picsum.photos/200.jpg", "sample pictures"),
        ("https://storage.googleapis.com/b/a.jpg", "buckets of many share"),
        ("https://a-b.trycloudflare.com/a.jpg", "a tunnel"),
        ("https://our-site.vercel.app/a.jpg", "previews"),
    ],
)
def test_domains_that_fetches_failed_from_are_known_by_name(url: str, what: str) -> None:
    found = doubtful(url)
    assert found is not None
    assert what in found.problem
    assert found.remedy


@pytest.mark.parametrize(
    "url",
    [
        "https://res.cloudinary.com/a.jpg",
        "https://github.com/o/r/raw/a.jpg",
        "https://myr2.dev.example/a.jpg",
        "https://notr2.dev/a.jpg",
    ],
)
def test_others_are_not(url: str) -> None:
    assert doubtful(url) is None


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("127.0.0.1", False),
        ("10.0.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:8.8.8.8", True),
        ("64:ff9b::a00:1", False),
        ("64:ff9b::808:808", True),
        ("2002:a00:1::1", False),
        ("2002:808:808::1", True),
    ],
)
def test_which_addresses_the_public_internet_reaches(address: str, public: bool) -> None:
    assert is_public(address) is public
