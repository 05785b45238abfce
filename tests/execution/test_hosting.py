"""Media hosts: what a network would fetch is what is on disk, and nothing else is served."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.execution.servers import Server, answering, target_of
from threadsync.execution.clock import SystemClock
from threadsync.execution.hosting import LoopbackHost, MediaHosts, UrlPrefixHost
from threadsync.execution.transport import Fetched, Transport
from threadsync.flows.effects import Hosted, NoResponse
from threadsync.model.ids import MediaDigest, NetworkName, PublicUrl, TargetName
from threadsync.model.target import MediaHost, Target

PICTURE = b"\xff\xd8 a picture"
DIGEST = MediaDigest(hashlib.sha256(PICTURE).hexdigest())


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "site" / "Lift door.JPG"
    path.parent.mkdir()
    path.write_bytes(PICTURE)
    return path


@pytest.fixture
def transport() -> Iterator[Transport]:
    with Transport(SystemClock()) as transport:
        yield transport


def prefix_host(url: str, root: Path, transport: Transport) -> UrlPrefixHost:
    return UrlPrefixHost(url, root, transport.fetch)


def nothing(url: str, *, bytes_max: int, timeout_seconds: float) -> Fetched | NoResponse:
    raise AssertionError(f"{url} was fetched")


# Served from here


def test_a_file_is_served_under_its_digest(picture: Path) -> None:
    with LoopbackHost() as host:
        hosted = host.url_of(DIGEST, picture)
        assert hosted.url is not None
        assert hosted.url.endswith(f"/{DIGEST}.jpg")
        answer = requests.get(hosted.url, timeout=5)
        head = requests.head(hosted.url, timeout=5)
    assert answer.content == PICTURE
    assert answer.headers["Content-Type"] == head.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["Content-Length"] == head.headers["Content-Length"] == str(len(PICTURE))
    assert head.content == b""


def test_nothing_else_is_served(picture: Path) -> None:
    """Neither a neighbour of the file, nor a digest nobody asked for, nor a file that is gone."""
    (picture.parent / "secret.txt").write_text("CANARY")
    with LoopbackHost() as host:
        url = host.url_of(DIGEST, picture).url
        assert url is not None
        base = url.rpartition("/")[0]
        for path in (
            "",
            "/",
            "/secret.txt",
            f"/{'0' * 64}.jpg",
            f"/{DIGEST}.jpg/../secret.txt",
            f"/{DIGEST}",
        ):
            assert requests.get(f"{base}{path}", timeout=5).status_code == 404
        assert requests.post(url, timeout=5).status_code == 501
        picture.unlink()
        assert requests.get(url, timeout=5).status_code == 404


def test_a_host_that_nobody_asks_opens_no_port() -> None:
    with LoopbackHost() as host:
        assert vars(host)["_server"] is None


def test_after_closing_nothing_is_served(picture: Path) -> None:
    with LoopbackHost() as host:
        url = host.url_of(DIGEST, picture).url
    assert url is not None
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=5)


def test_a_file_of_ours_is_checked_against_its_digest(picture: Path) -> None:
    host = LoopbackHost()
    assert host.check(DIGEST, picture) == ""
    picture.write_bytes(b"other")
    assert "has other bytes" in host.check(DIGEST, picture)
    picture.unlink()
    assert "cannot be read: No such file" in host.check(DIGEST, picture)


@pytest.mark.parametrize(("error", "told"), [(BrokenPipeError(), False), (ZeroDivisionError(), True)])
def test_only_a_client_that_went_away_is_not_worth_a_word(
    error: Exception, told: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    with LoopbackHost() as host:
        host.url_of(DIGEST, Path("x.jpg"))
        server = vars(host)["_server"]
        try:
            raise error
        except (BrokenPipeError, ZeroDivisionError):
            server.handle_error(None, ("127.0.0.1", 1))
    assert ("ZeroDivisionError" in capsys.readouterr().err) is told


# Served by a web server


def test_the_address_is_the_prefix_and_the_path_below_the_root(picture: Path) -> None:
    host = UrlPrefixHost("https://example.org/media/", picture.parent.parent, nothing)
    assert host.url_of(DIGEST, picture) == Hosted(PublicUrl("https://example.org/media/site/Lift%20door.JPG"))


def test_a_file_that_is_not_below_the_root_has_no_address(picture: Path, tmp_path: Path) -> None:
    host = UrlPrefixHost("https://example.org", picture.parent, nothing)
    for path in (tmp_path / "other.jpg", picture.parent / ".." / "other.jpg"):
        hosted = host.url_of(DIGEST, path)
        assert hosted.url is None
        assert f"is not below {picture.parent}" in hosted.problem
        assert host.check(DIGEST, path) == hosted.problem


def test_what_is_served_is_compared_with_what_is_on_disk(picture: Path, transport: Transport) -> None:
    with Server(answering(PICTURE)) as server:
        assert prefix_host(server.url, picture.parent, transport).check(DIGEST, picture) == ""
    assert target_of(server.requests[0]) == "GET /Lift%20door.JPG"
    with Server(answering(PICTURE[:-1] + b"!")) as server:
        problem = prefix_host(server.url, picture.parent, transport).check(DIGEST, picture)
    assert problem.startswith("http://127.0.0.1:")
    assert "serves other bytes than the file on disk (12 instead of 12 bytes)" in problem
    with Server(answering(b"not found", status="404 Not Found")) as server:
        problem = prefix_host(server.url, picture.parent, transport).check(DIGEST, picture)
    assert problem == f"{server.url}/Lift%20door.JPG answers 404"
    problem = prefix_host(server.url, picture.parent, transport).check(DIGEST, picture)
    assert problem.endswith(f"cannot be fetched: 127.0.0.1:{server.port}: it refused the connection")


def test_a_large_file_is_given_the_time_that_its_size_takes(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    with film.open("wb") as file:
        file.truncate(300_000_000)
    asked: list[float] = []

    def fetch(url: str, *, bytes_max: int, timeout_seconds: float) -> Fetched | NoResponse:
        asked.append(timeout_seconds)
        return Fetched(200, bytes_max, DIGEST)

    assert UrlPrefixHost("https://example.org", tmp_path, fetch).check(DIGEST, film) == ""
    assert asked == [360.0]


def test_what_is_not_https_is_not_even_fetched(picture: Path) -> None:
    host = UrlPrefixHost("http://example.org", picture.parent, nothing)
    problem = host.check(DIGEST, picture)
    assert problem == "http://example.org/Lift%20door.JPG is not https: networks do not fetch from it"


def test_a_file_that_is_gone_is_not_even_fetched(tmp_path: Path) -> None:
    host = UrlPrefixHost("https://example.org", tmp_path, nothing)
    assert "cannot be read: No such file" in host.check(DIGEST, tmp_path / "gone.jpg")


# By target


def target(name: str, media_host: str | None) -> tuple[TargetName, Target]:
    return TargetName(name), Target(TargetName(name), NetworkName("threads"), media_host=media_host)


def hosts(picture: Path, *, files: dict[MediaDigest, Path] | None = None) -> MediaHosts:
    return MediaHosts(
        targets=dict(
            [
                target("threads/sandbox", "here"),
                target("threads/main", "site"),
                target("threads/none", None),
                target("threads/lost", "nowhere"),
            ]
        ),
        hosts={
            "here": MediaHost("here", "loopback"),
            "site": MediaHost("site", "url_prefix", "https://example.org", "site"),
        },
        files={DIGEST: picture} if files is None else files,
        project_root=picture.parent.parent,
        fetch=nothing,
    )


def test_each_target_has_the_host_it_names(picture: Path) -> None:
    with hosts(picture) as media:
        site = media.url_of(TargetName("threads/main"), DIGEST)
        here = media.url_of(TargetName("threads/sandbox"), DIGEST)
        again = media.url_of(TargetName("threads/sandbox"), DIGEST)
        assert here.url is not None
        assert requests.get(here.url, timeout=5).content == PICTURE
        assert media.check(TargetName("threads/sandbox"), DIGEST) == ""
    assert site == Hosted(PublicUrl("https://example.org/Lift%20door.JPG"))
    assert here == again
    with pytest.raises(requests.ConnectionError):
        requests.get(here.url, timeout=5)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("threads/none", "threads/none has no media_host"),
        ("threads/lost", "threads/lost has the media_host nowhere, and media_hosts has no such entry"),
    ],
)
def test_a_target_without_a_host_says_so(picture: Path, name: str, problem: str) -> None:
    with hosts(picture) as media:
        assert media.url_of(TargetName(name), DIGEST).url is None
        assert media.url_of(TargetName(name), DIGEST).problem.startswith(problem)
        assert media.check(TargetName(name), DIGEST).startswith(problem)


def test_a_file_nobody_has_says_so(picture: Path) -> None:
    with hosts(picture, files={}) as media:
        hosted = media.url_of(TargetName("threads/main"), DIGEST)
        assert hosted == Hosted(None, f"no file of the project has the sha256 {DIGEST} any more")
        assert media.check(TargetName("threads/main"), DIGEST) == hosted.problem
