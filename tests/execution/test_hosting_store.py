"""A bucket as a media host: what is stored under which name, and what each refusal means."""

from __future__ import annotations

import base64
import hashlib
import re
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from threadsync.errors import ProjectError
from threadsync.execution.bodies import Content
from threadsync.execution.hosting_probe import Prober
from threadsync.execution.hosting_signing import public_base, signer_of
from threadsync.execution.hosting_store import CACHE, UPLOADS_MAX, StoreHost
from threadsync.execution.transport import Fetched
from threadsync.flows.effects import NoResponse, Response
from threadsync.model.facts import MediaProblem
from threadsync.model.ids import MediaDigest, Role
from threadsync.model.secret import SecretText
from threadsync.model.target import MediaHost
from threadsync.testing.fakes import FakeClock

PICTURE = b"\xff\xd8\xff a picture"
DIGEST = MediaDigest(hashlib.sha256(PICTURE).hexdigest())
S3 = MediaHost("bucket", "s3", "https://media.example/m/", settings={"bucket": "b", "region": "r"})
AZURE = MediaHost("bucket", "azure", settings={"account": "a", "container": "c"})


@dataclass
class Bucket:
    """A store that behaves, but for what *odd* says; it also is what everybody sees of it."""

    odd: Callable[[str, int], Response | NoResponse | None] = lambda method, number: None
    names: str = "a secret of some length"
    host: MediaHost = S3
    public_status: int = 200
    clock: FakeClock = field(default_factory=FakeClock)
    held: dict[str, bytes] = field(default_factory=dict)
    sent: list[str] = field(default_factory=list)
    headers: Mapping[str, str] = field(default_factory=dict)
    """Of the last upload."""
    stopped: threading.Event = field(default_factory=threading.Event)

    def sign(self, method: str, name: str, *, seconds: float) -> SecretText:
        return SecretText(f"{name}?{method}")

    def send(
        self,
        method: str,
        url: SecretText,
        *,
        headers: Mapping[str, str],
        content: Content | None,
        timeout_seconds: float,
    ) -> Response | NoResponse:
        name = url.reveal().partition("?")[0]
        self.sent.append(method)
        odd = self.odd(method, self.sent.count(method))
        if odd is not None:
            return odd
        match method:
            case "GET" if name in self.held:
                return Response(206, b"x", {"content-range": f"bytes 0-0/{len(self.held[name])}"})
            case "GET":
                return error(404, "NoSuchKey")
            case "PUT":
                assert content is not None
                if name in self.held:
                    return error(412, "PreconditionFailed")
                self.headers = headers
                self.held[name] = b"".join(content)
                assert len(content) == len(self.held[name])
                return Response(200)
            case _:
                self.held.pop(name, None)
                return Response(204)

    def fetch(self, url: str, **how: object) -> Fetched:
        name = url.removeprefix(f"{public_base(self.host)}/")
        body = self.held.get(name, b"")
        kind = {"content-type": "image/png" if name.endswith(".png") else "image/jpeg"}
        return Fetched(self.public_status if body else 404, len(body), "", body, kind)

    def secret(self, role: Role) -> SecretText:
        return SecretText({"names": self.names}[role])

    @property
    def adapter(self) -> StoreHost:
        return StoreHost(
            self.host,
            sign=self.sign,
            secret=self.secret,
            send=self.send,
            prober=Prober(self.fetch, self.clock, at_home=False),
            stopped=self.stopped,
        )


def error(status: int, code: str = "", **headers: str) -> Response:
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code></Error>".encode() if code else b""
    return Response(status, body, headers)


def once(method: str, *answers: Response | NoResponse) -> Callable[[str, int], Response | NoResponse | None]:
    """Answer the first requests of *method* oddly."""

    def odd(asked: str, number: int) -> Response | NoResponse | None:
        return answers[number - 1] if asked == method and number <= len(answers) else None

    return odd


def always(method: str, answer: Response | NoResponse) -> Callable[[str, int], Response | NoResponse | None]:
    return lambda asked, number: answer if asked == method else None


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "Lift door.png"  # its name lies
    path.write_bytes(PICTURE)
    return path


def problem_of(found: object) -> str:
    assert isinstance(found, MediaProblem), found
    assert found.remedy
    return found.problem


# What is stored


def test_a_file_is_stored_once_under_a_name_of_its_content(picture: Path) -> None:
    bucket = Bucket()
    url = bucket.adapter.place(DIGEST, picture)
    (name,) = bucket.held
    assert url == f"https://media.example/m/{name}"
    assert re.fullmatch(r"[0-9a-f]{40}\.jpg", name)
    assert bucket.held[name] == PICTURE
    assert bucket.adapter.place(DIGEST, picture) == url
    assert bucket.sent.count("PUT") == 1


def test_what_goes_with_it(picture: Path) -> None:
    """Its real type, for a year in caches, checked on arrival, and only if nobody else was faster."""
    bucket = Bucket()
    bucket.adapter.place(DIGEST, picture)
    md5 = base64.b64encode(hashlib.md5(PICTURE).digest()).decode()
    assert bucket.headers == {
        "Content-Type": "image/jpeg",
        "Cache-Control": CACHE,
        "Content-MD5": md5,
        "If-None-Match": "*",
    }
    azure = Bucket(host=AZURE)
    azure.adapter.place(DIGEST, picture)
    assert azure.headers["x-ms-blob-type"] == "BlockBlob"
    assert azure.headers["x-ms-blob-cache-control"] == CACHE


def test_a_name_cannot_be_told_without_the_secret(picture: Path) -> None:
    """Neither the digest, which a plan shows, nor another project's secret leads to it."""
    names = set[str]()
    for secret in ("a secret of some length", "another one of that length"):
        bucket = Bucket(names=secret)
        bucket.adapter.place(DIGEST, picture)
        names |= set(bucket.held)
    assert len(names) == 2
    assert not any(DIGEST[:8] in name or name[:8] in DIGEST for name in names)


def test_a_secret_that_could_be_guessed_is_refused(picture: Path) -> None:
    with pytest.raises(ProjectError, match="could be guessed") as caught:
        Bucket(names="short").adapter.place(DIGEST, picture)
    assert "token_hex" in caught.value.remedy


def test_a_prefix_is_a_folder(picture: Path) -> None:
    bucket = Bucket(host=replace(S3, settings={**S3.settings, "prefix": "/social/now/"}))
    bucket.adapter.place(DIGEST, picture)
    assert [name.rpartition("/")[0] for name in bucket.held] == ["social/now"]


def test_a_file_that_changed_since_the_plan_is_not_sent(picture: Path) -> None:
    bucket = Bucket()
    picture.write_bytes(PICTURE + b"!")
    for found in (bucket.adapter.check(DIGEST, picture), bucket.adapter.place(DIGEST, picture)):
        assert "has other bytes than when the post was read" in problem_of(found)
    picture.unlink()
    assert "cannot be read: No such file" in problem_of(bucket.adapter.place(DIGEST, picture))
    assert bucket.sent == []


def test_of_two_runs_the_slower_one_finds_the_file(picture: Path) -> None:
    """Both looked before either had stored it."""
    bucket = Bucket(odd=once("GET", error(404, "NoSuchKey"), error(404, "NoSuchKey")))
    first = bucket.adapter.place(DIGEST, picture)
    assert bucket.adapter.place(DIGEST, picture) == first
    assert bucket.sent.count("PUT") == 2
    assert len(bucket.held) == 1


@pytest.mark.parametrize("answer", [error(409, "BlobAlreadyExists"), error(412)])
def test_there_already_is_as_good_as_stored(picture: Path, answer: Response) -> None:
    bucket = Bucket()
    bucket.adapter.place(DIGEST, picture)
    bucket.odd = lambda method, number: error(404, "NoSuchKey") if method == "GET" else answer
    assert not isinstance(bucket.adapter.place(DIGEST, picture), MediaProblem)


def test_who_may_not_list_the_bucket_can_upload_all_the_same(picture: Path) -> None:
    bucket = Bucket(odd=always("GET", error(403, "AccessDenied")))
    assert bucket.adapter.check(DIGEST, picture) is None
    assert not isinstance(bucket.adapter.place(DIGEST, picture), MediaProblem)


def test_on_azure_what_may_not_be_read_may_not_be_written_either(picture: Path) -> None:
    """There a file that is missing is said to be missing; so a long upload would be for nothing."""
    bucket = Bucket(odd=always("GET", error(403, "AuthorizationFailure")), host=AZURE)
    for found in (bucket.adapter.check(DIGEST, picture), bucket.adapter.place(DIGEST, picture)):
        assert "does not let its keys read files (AuthorizationFailure)" in problem_of(found)
    assert set(bucket.sent) == {"GET"}


# Before and after


def test_a_check_uploads_nothing(picture: Path) -> None:
    """It runs before the person has agreed, and for posts whose time has not come."""
    bucket = Bucket()
    assert bucket.adapter.check(DIGEST, picture) is None
    assert (bucket.held, bucket.sent) == ({}, ["GET"])


def test_a_check_finds_what_is_there_already(picture: Path) -> None:
    bucket = Bucket()
    bucket.adapter.place(DIGEST, picture)
    adapter = bucket.adapter
    assert adapter.known(DIGEST, picture) is None
    assert adapter.check(DIGEST, picture) is None
    assert adapter.known(DIGEST, picture) is not None
    bucket.public_status = 403
    assert "it is not public" in problem_of(bucket.adapter.check(DIGEST, picture))


def test_what_nobody_can_fetch_is_no_address(picture: Path) -> None:
    bucket = Bucket(public_status=403)
    problem = problem_of(bucket.adapter.place(DIGEST, picture))
    assert re.fullmatch(r"https://media.example/m/[0-9a-f]{40}.jpg answers 403: it is not public", problem)


# Refusals


@pytest.mark.parametrize(
    ("answer", "said", "remedy"),
    [
        (
            error(403, "InvalidAccessKeyId"),
            "does not know its access_key (InvalidAccessKeyId)",
            "Check access_key",
        ),
        (error(403, "SignatureDoesNotMatch"), "says that its secret_key is wrong", "Check access_key"),
        (
            Response(403, b"", {"x-ms-error-code": "AuthenticationFailed"}),
            "account_key is wrong",
            "account_key",
        ),
        (error(400, "ExpiredToken"), "its session_token has expired", "temporary keys"),
        (error(404, "NoSuchBucket"), "has no such bucket (NoSuchBucket)", "Correct bucket:"),
        (error(404, "ContainerNotFound"), "has no such container", "Correct the container's name"),
        (error(301, "PermanentRedirect"), "in another region", "Correct region:"),
        (error(403, "RequestTimeTooSkewed"), "whose clock is minutes away", "Set the clock"),
        (error(418, "Teapot"), "answers 418 (Teapot)", "media_hosts.bucket"),
        (error(404), "answers 404", "media_hosts.bucket"),
    ],
)
def test_a_refusal_says_what_to_do_before_anything_is_sent(
    picture: Path, answer: Response, said: str, remedy: str
) -> None:
    bucket = Bucket(odd=always("GET", answer))
    for found in (bucket.adapter.check(DIGEST, picture), bucket.adapter.place(DIGEST, picture)):
        assert problem_of(found).startswith("the media host bucket ")
        assert said in problem_of(found)
        assert isinstance(found, MediaProblem)
        assert remedy in found.remedy
    assert set(bucket.sent) == {"GET"}
    assert bucket.clock.monotonic() == 0, "what does not pass is not tried again"


@pytest.mark.parametrize("minutes", [-20, 20])
def test_a_clock_that_is_wrong_is_told_by_the_stores_own(picture: Path, minutes: int) -> None:
    """Stores call a signature that is not valid yet, or no longer, by many names."""
    clock = FakeClock()
    date = format_datetime(clock.now() + timedelta(minutes=minutes), usegmt=True)
    bucket = Bucket(odd=always("GET", error(403, "AccessDenied", date=date)), clock=clock)
    assert "whose clock is minutes away" in problem_of(bucket.adapter.place(DIGEST, picture))
    near = format_datetime(clock.now() + timedelta(minutes=4), usegmt=True)
    bucket.odd = always("GET", error(403, "AccessDenied", date=near))
    assert not isinstance(bucket.adapter.place(DIGEST, picture), MediaProblem)
    bucket.odd = always("GET", error(403, "AccessDenied", date="soon"))
    assert not isinstance(bucket.adapter.place(DIGEST, picture), MediaProblem)


def test_keys_that_may_not_write(picture: Path) -> None:
    bucket = Bucket(odd=always("PUT", error(403, "AccessDenied")))
    assert "does not let its keys write files (AccessDenied)" in problem_of(
        bucket.adapter.place(DIGEST, picture)
    )


# Again


@pytest.mark.parametrize(
    "stumble",
    [
        NoResponse("store:443: it closed the connection", sent=True),
        error(503, "SlowDown"),
        error(409, "ConditionalRequestConflict"),
        error(400, "BadDigest"),
        error(500),
    ],
)
def test_an_upload_that_breaks_off_is_begun_again(picture: Path, stumble: Response | NoResponse) -> None:
    bucket = Bucket(odd=once("PUT", stumble, stumble))
    assert not isinstance(bucket.adapter.place(DIGEST, picture), MediaProblem)
    assert bucket.sent.count("PUT") == 3
    assert bucket.clock.monotonic() == 6.0


def test_one_whose_answer_was_lost_is_found_and_not_sent_again(picture: Path) -> None:
    bucket = Bucket()

    def odd(method: str, number: int) -> NoResponse | None:
        if method == "PUT":
            (name,) = {name_of(bucket, picture)}
            bucket.held[name] = PICTURE
            return NoResponse("lost", sent=True)
        return None

    bucket.odd = odd
    assert not isinstance(bucket.adapter.place(DIGEST, picture), MediaProblem)
    assert bucket.sent.count("PUT") == 1


def name_of(bucket: Bucket, picture: Path) -> str:
    other = Bucket(names=bucket.names)
    other.adapter.place(DIGEST, picture)
    return next(iter(other.held))


def test_it_is_given_up_after_a_bound(picture: Path) -> None:
    bucket = Bucket(odd=always("PUT", NoResponse("store:443: nothing came", sent=True)))
    problem = problem_of(bucket.adapter.place(DIGEST, picture))
    assert problem == "the media host bucket cannot be reached: store:443: nothing came"
    assert bucket.sent.count("PUT") == UPLOADS_MAX


def test_a_run_that_is_stopped_sends_no_more(picture: Path) -> None:
    bucket = Bucket()

    def odd(method: str, number: int) -> NoResponse | None:
        if method == "PUT":
            bucket.stopped.set()
            return NoResponse("cut", sent=True)
        return None

    bucket.odd = odd
    assert isinstance(bucket.adapter.place(DIGEST, picture), MediaProblem)
    assert bucket.sent.count("PUT") == 1


# Trying out


def test_a_host_is_tried_with_a_picture_that_is_gone_afterwards() -> None:
    bucket = Bucket()
    assert bucket.adapter.try_out() == "takes a picture and serves it to everybody"
    assert bucket.held == {}
    assert bucket.sent == ["GET", "PUT", "DELETE"]
    bucket.public_status = 403
    assert "it is not public" in problem_of(bucket.adapter.try_out())
    assert bucket.held == {}


def test_keys_that_may_not_delete_leave_one_picture_at_most() -> None:
    bucket = Bucket(odd=always("DELETE", error(403, "AccessDenied")))
    for _ in range(2):
        said = bucket.adapter.try_out()
        assert isinstance(said, str)
        assert said.endswith("stays, it may not be deleted")
        assert len(bucket.held) == 1


# Addresses


@pytest.mark.parametrize(
    ("host", "base"),
    [
        (replace(S3, url=""), "https://b.s3.r.amazonaws.com"),
        (replace(S3, url="", settings={"bucket": "b.c", "region": "r"}), "https://s3.r.amazonaws.com/b.c"),
        (
            replace(S3, url="", settings={"bucket": "b", "region": "r", "endpoint": "https://s3.example/"}),
            "https://s3.example/b",
        ),
        (S3, "https://media.example/m"),
        (AZURE, "https://a.blob.core.windows.net/c"),
        (
            replace(AZURE, settings={**AZURE.settings, "endpoint": "http://127.0.0.1/a"}),
            "http://127.0.0.1/a/c",
        ),
    ],
)
def test_where_files_of_a_bucket_are(host: MediaHost, base: str) -> None:
    assert public_base(host) == base


def test_without_the_package_the_pip_line_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore", None)
    sign = signer_of(S3, lambda role: SecretText("x"))
    with pytest.raises(ProjectError, match="of kind s3, and the package") as caught:
        sign("GET", "a.jpg", seconds=60)
    assert caught.value.remedy == "Run: pip install 'threadsync[hosts]'"


KEYS = {
    "access_key": "AKID",
    "secret_key": "CANARY-secret",
    "account_key": "Q0FOQVJZ",
    "session_token": "CANARY-token",
}


def signed(host: MediaHost) -> str:
    url = signer_of(host, lambda role: SecretText(KEYS[role]))("PUT", "a b.jpg", seconds=60)
    assert repr(url) == "[secret]"
    return url.reveal()


def test_only_what_the_project_says_is_signed_with(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not the keys, the token or the address of another account that the environment happens to hold."""
    plain = re.sub(r"X-Amz-(Date|Signature)=[^&]+", "", signed(S3))
    monkeypatch.setenv("AWS_SESSION_TOKEN", "OTHER")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "OTHER")
    monkeypatch.setenv("AWS_ENDPOINT", "https://other.example")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "https://other.example")
    monkeypatch.setenv("AWS_SKIP_SIGNATURE", "true")
    monkeypatch.setenv("AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "true")
    assert re.sub(r"X-Amz-(Date|Signature)=[^&]+", "", signed(S3)) == plain
    assert plain.startswith("https://s3.r.amazonaws.com/b/a%20b.jpg?")
    assert "CANARY" not in plain


def test_temporary_keys_carry_their_token() -> None:
    temporary = replace(S3, credentials={Role("session_token"): "env:T"})
    assert "X-Amz-Security-Token=CANARY-token" in signed(temporary)


def test_azure_signs_with_the_accounts_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "other")
    monkeypatch.setenv("AZURE_STORAGE_ENDPOINT", "https://other.example")
    url = signed(AZURE)
    assert url.startswith("https://a.blob.core.windows.net/c/a%20b.jpg?")
    assert "sp=w" in url


def test_a_key_that_can_be_none_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    sign = signer_of(AZURE, lambda role: SecretText("not base64: CANARY!"))
    with pytest.raises(ProjectError) as caught:
        sign("GET", "a.jpg", seconds=60)
    assert "CANARY" not in caught.value.message()
    assert caught.value.__cause__ is None
