"""Media hosts: what a network would fetch is what is on disk, and nothing else is served."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.execution.servers import Server, answering, header, target_of
from tests.live.waiting import until
from threadsync.errors import ProjectError
from threadsync.execution import hosting
from threadsync.execution.clock import SystemClock
from threadsync.execution.hosting import PLACED_AT_ONCE_MAX, Means, MediaHosts
from threadsync.execution.hosting_probe import LOOKS_MAX, SEEN_SECONDS, Fetch, Prober
from threadsync.execution.hosting_web import LoopbackHost, UrlPrefixHost
from threadsync.execution.transport import HEAD_BYTES, Fetched, Transport
from threadsync.flows.effects import Hosted, NoResponse
from threadsync.model.facts import MediaProblem
from threadsync.model.ids import MediaDigest, NetworkName, PublicUrl, Role, TargetName
from threadsync.model.secret import SecretText
from threadsync.model.target import MediaHost, Target
from threadsync.testing.fakes import FakeClock

JPEG = "Content-Type: image/jpeg"
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


def said(problem: MediaProblem | None) -> str:
    """Return what a check says; it must also say what to do."""
    assert problem is not None
    assert problem.remedy
    return problem.problem


def nothing(url: str, **how: object) -> Fetched | NoResponse:
    raise AssertionError(f"{url} was fetched")


def prefix_host(url: str, root: Path, fetch: Fetch = nothing) -> UrlPrefixHost:
    return UrlPrefixHost(url, root, Prober(fetch, FakeClock(), at_home=True))


# Served from here


def test_a_file_is_served_under_its_digest(picture: Path) -> None:
    with LoopbackHost() as host:
        url = host.place(DIGEST, picture)
        assert url.endswith(f"/{DIGEST}.jpg")
        answer = requests.get(url, timeout=5)
        head = requests.head(url, timeout=5)
    assert answer.content == PICTURE
    assert answer.headers["Content-Type"] == head.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["Content-Length"] == head.headers["Content-Length"] == str(len(PICTURE))
    assert head.content == b""


def test_nothing_else_is_served(picture: Path) -> None:
    """Neither a neighbour of the file, nor a digest nobody asked for, nor a file that is gone."""
    (picture.parent / "secret.txt").write_text("CANARY")
    with LoopbackHost() as host:
        url = host.known(DIGEST, picture)
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
        url = host.known(DIGEST, picture)
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=5)


def test_a_file_of_ours_is_checked_against_its_digest(picture: Path) -> None:
    host = LoopbackHost()
    assert host.check(DIGEST, picture) is None
    picture.write_bytes(b"other")
    assert "has other bytes" in said(host.check(DIGEST, picture))
    picture.unlink()
    assert "cannot be read: No such file" in said(host.check(DIGEST, picture))


@pytest.mark.parametrize(("error", "told"), [(BrokenPipeError(), False), (ZeroDivisionError(), True)])
def test_only_a_client_that_went_away_is_not_worth_a_word(
    error: Exception, told: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    with LoopbackHost() as host:
        host.known(DIGEST, Path("x.jpg"))
        server = vars(host)["_server"]
        try:
            raise error
        except (BrokenPipeError, ZeroDivisionError):
            server.handle_error(None, ("127.0.0.1", 1))
    assert ("ZeroDivisionError" in capsys.readouterr().err) is told


# Served by a web server


def test_the_address_is_the_prefix_and_the_path_below_the_root(picture: Path) -> None:
    def served(url: str, **how: object) -> Fetched:
        assert url == "https://example.org/media/site/Lift%20door.JPG"
        return Fetched(200, len(PICTURE), DIGEST, PICTURE, {"content-type": "image/jpeg"})

    host = prefix_host("https://example.org/media/", picture.parent.parent, served)
    assert host.place(DIGEST, picture) == PublicUrl("https://example.org/media/site/Lift%20door.JPG")


def test_a_file_that_is_not_below_the_root_has_no_address(picture: Path, tmp_path: Path) -> None:
    host = prefix_host("https://example.org", picture.parent)
    for path in (tmp_path / "other.jpg", picture.parent / ".." / "other.jpg"):
        problem = host.check(DIGEST, path)
        assert f"is not below {picture.parent}" in said(problem)
        assert host.known(DIGEST, path) is None
    (tmp_path / "other.jpg").write_bytes(PICTURE)
    assert host.place(DIGEST, tmp_path / "other.jpg") == host.check(DIGEST, tmp_path / "other.jpg")


def test_what_is_served_is_compared_with_what_is_on_disk(picture: Path, transport: Transport) -> None:
    def check(url: str) -> MediaProblem | None:
        return prefix_host(url, picture.parent, transport.fetch).check(DIGEST, picture)

    with Server(answering(PICTURE, JPEG)) as server:
        assert check(server.url) is None
    assert target_of(server.requests[0]) == "GET /Lift%20door.JPG"
    assert (header(server.requests[0], "user-agent") or "").startswith("facebookexternalhit/1.1")
    with Server(answering(PICTURE[:-1] + b"!", JPEG)) as server:
        problem = said(check(server.url))
    assert problem.startswith("http://127.0.0.1:")
    assert "serves other bytes than the file on disk (12 instead of 12 bytes)" in problem
    with Server(answering(b"not found", status="404 Not Found")) as server:
        assert said(check(server.url)) == f"{server.url}/Lift%20door.JPG answers 404"
    problem = said(check(server.url))
    assert problem.endswith(f"cannot be fetched: 127.0.0.1:{server.port}: it refused the connection")


def test_an_address_that_was_just_seen_is_not_looked_at_again(picture: Path, transport: Transport) -> None:
    clock = FakeClock()
    with Server(answering(PICTURE, JPEG)) as server:
        host = UrlPrefixHost(server.url, picture.parent, Prober(transport.fetch, clock, at_home=True))
        assert host.check(DIGEST, picture) is None
        url = host.known(DIGEST, picture)
        assert url == f"{server.url}/Lift%20door.JPG"
        clock.sleep(SEEN_SECONDS + 1)
        assert host.known(DIGEST, picture) is None
        assert host.place(DIGEST, picture) == url
    assert len(server.requests) == 2


def test_a_large_file_is_given_the_time_that_its_size_takes(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    with film.open("wb") as file:
        file.truncate(300_000_000)
    asked: list[float] = []

    def fetch(url: str, *, bytes_max: int, timeout_seconds: float, **how: object) -> Fetched | NoResponse:
        asked.append(timeout_seconds)
        head = bytes(HEAD_BYTES)
        return Fetched(200, 300_000_000, DIGEST, head, {"content-type": "video/mp4"})

    assert prefix_host("https://example.org", tmp_path, fetch).check(DIGEST, film) is None
    assert asked == [360.0]


def test_what_is_not_https_is_not_even_fetched(picture: Path) -> None:
    problem = said(prefix_host("http://example.org", picture.parent).check(DIGEST, picture))
    assert problem == "http://example.org/Lift%20door.JPG is not https: networks do not fetch from it"


def test_a_file_that_is_gone_is_not_even_fetched(tmp_path: Path) -> None:
    host = prefix_host("https://example.org", tmp_path)
    assert "cannot be read: No such file" in said(host.check(DIGEST, tmp_path / "gone.jpg"))
    assert "cannot be read: No such file" in said(host.place(DIGEST, tmp_path / "gone.jpg"))  # type: ignore[arg-type]


# By target


def target(name: str, media_host: str | None, base_url: str | None = None) -> tuple[TargetName, Target]:
    found = Target(TargetName(name), NetworkName("threads"), media_host=media_host, base_url=base_url)
    return found.name, found


def no_secret(host: MediaHost, role: Role) -> SecretText:
    raise ProjectError(f"{host.name} has no {role}", remedy="Set it.")


def hosts(
    picture: Path, *, files: dict[MediaDigest, Path] | None = None, fetch: Fetch = nothing
) -> MediaHosts:
    def send(method: str, url: SecretText, **how: object) -> NoResponse:
        raise AssertionError("something was sent")

    return MediaHosts(
        targets=dict(
            [
                target("threads/sandbox", "here", "http://127.0.0.1:1"),
                target("threads/main", "site"),
                target("threads/none", None),
                target("threads/lost", "nowhere"),
                target("threads/bucket", "bucket"),
            ]
        ),
        hosts={
            "here": MediaHost("here", "loopback"),
            "site": MediaHost("site", "url_prefix", "https://example.org", "site"),
            "bucket": MediaHost("bucket", "s3", settings={"bucket": "b", "region": "r"}),
        },
        files={DIGEST: picture} if files is None else files,
        project_root=picture.parent.parent,
        means=Means(fetch, send, no_secret, str, FakeClock()),
    )


def placed(media: MediaHosts, name: str) -> Hosted:
    """Ask until it is done; the workers are real."""
    until(lambda: not media.url_of(TargetName(name), DIGEST).underway, "a file at its host")
    return media.url_of(TargetName(name), DIGEST)


def test_each_target_has_the_host_it_names(picture: Path) -> None:
    def served(url: str, **how: object) -> Fetched:
        return Fetched(200, len(PICTURE), DIGEST, PICTURE, {"content-type": "image/jpeg"})

    with hosts(picture, fetch=served) as media:
        site = placed(media, "threads/main")
        here = media.url_of(TargetName("threads/sandbox"), DIGEST)
        again = media.url_of(TargetName("threads/sandbox"), DIGEST)
        assert here.url is not None
        assert requests.get(here.url, timeout=5).content == PICTURE
        assert media.check(TargetName("threads/sandbox"), DIGEST) is None
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
        hosted = media.url_of(TargetName(name), DIGEST)
        assert hosted.url is None
        assert hosted.remedy
        assert hosted.problem.startswith(problem)
        assert said(media.check(TargetName(name), DIGEST)).startswith(problem)


def test_a_file_nobody_has_says_so(picture: Path) -> None:
    with hosts(picture, files={}) as media:
        hosted = media.url_of(TargetName("threads/main"), DIGEST)
        assert (hosted.url, hosted.problem) == (
            None,
            f"no file of the project has the sha256 {DIGEST} any more",
        )
        assert said(media.check(TargetName("threads/main"), DIGEST)) == hosted.problem


def test_a_credential_that_is_missing_is_a_problem_of_the_files_alone(picture: Path) -> None:
    """Posts without media go out all the same (law 14)."""
    with hosts(picture) as media:
        assert media.check(TargetName("threads/bucket"), DIGEST) == MediaProblem(
            "bucket has no names", "Set it."
        )
        assert placed(media, "threads/bucket") == Hosted(None, "bucket has no names", "Set it.")


def test_a_slow_host_is_asked_beside_the_run_and_once_for_each_file(picture: Path) -> None:
    """The scheduler is one thread: nothing may hold it up."""
    slow, asked = threading.Event(), list[str]()

    def served(url: str, **how: object) -> Fetched:
        asked.append(url)
        assert slow.wait(5)
        return Fetched(200, len(PICTURE), DIGEST, PICTURE, {"content-type": "image/jpeg"})

    with hosts(picture, fetch=served) as media:
        for _ in range(3):
            hosted = media.url_of(TargetName("threads/main"), DIGEST)
            assert hosted == Hosted(None, underway="Lift door.JPG to be at a public address (site)")
        slow.set()
        assert placed(media, "threads/main").url is not None
    assert len(asked) == 1


def test_a_bug_of_an_adapter_reaches_the_run(picture: Path) -> None:
    with hosts(picture) as media, pytest.raises(AssertionError, match="was fetched"):
        placed(media, "threads/main")


def test_a_few_files_are_placed_side_by_side_and_none_once_the_run_is_over(
    picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosting, "CLOSE_SECONDS", 0.0)  # these hang on purpose
    files = dict.fromkeys((MediaDigest(f"{number:064}") for number in range(9)), picture)
    over, asked = threading.Event(), list[str]()

    def served(url: str, **how: object) -> NoResponse:
        asked.append(url)
        assert over.wait(5)
        return NoResponse("nothing came", sent=True)

    with hosts(picture, files=files, fetch=served) as media:
        for digest in files:
            assert media.url_of(TargetName("threads/main"), digest).underway
        until(lambda: len(asked) == PLACED_AT_ONCE_MAX, "as many as are placed at once")
    workers = [each for each in threading.enumerate() if each.name.startswith("threadsync-media-")]
    over.set()
    for worker in workers:
        worker.join(5)
    looks = PLACED_AT_ONCE_MAX * LOOKS_MAX
    assert len(asked) == looks, "what was begun is looked at to its end, and nothing else is begun"
