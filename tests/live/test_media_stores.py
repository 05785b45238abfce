"""Uploads to real S3 servers: what is stored, what everybody sees of it, and what goes wrong."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from PIL import Image

from tests.live.projects import ENVIRON, ROOT
from tests.live.stores import (
    ACCESS_KEY,
    BUCKET,
    NAMES,
    SECRET_KEY,
    Cutting,
    Store,
    Uploader,
    moto_store,
    rclone_store,
    uploader,
)
from threadsync.execution.hosting_store import CACHE
from threadsync.model.facts import MediaProblem
from threadsync.model.ids import MediaDigest, PublicUrl
from threadsync.sandbox.server import Sandbox

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with moto_store(tmp_path_factory.mktemp("moto")) as store:
        yield store


@pytest.fixture
def rclone(tmp_path: Path) -> Iterator[Store]:
    with rclone_store(tmp_path) as store:
        yield store


@pytest.fixture
def up() -> Iterator[Uploader]:
    with uploader() as found:
        yield found


def written(path: Path, content: bytes) -> tuple[MediaDigest, Path]:
    path.write_bytes(content)
    return MediaDigest(hashlib.sha256(content).hexdigest()), path


def a_picture(path: Path, colour: str = "red") -> tuple[MediaDigest, Path]:
    content = io.BytesIO()
    Image.new("RGB", (640, 480), colour).save(content, "JPEG")
    return written(path, content.getvalue())


def said(found: object) -> str:
    assert isinstance(found, MediaProblem), found
    assert SECRET_KEY not in f"{found.problem} {found.remedy}"
    return found.problem


def test_everybody_sees_what_was_stored(rclone: Store, up: Uploader, tmp_path: Path) -> None:
    digest, path = a_picture(tmp_path / "a.jpeg")
    adapter = up.adapter(rclone.host())
    assert adapter.check(digest, path) is None
    assert rclone.held() == []
    url = adapter.place(digest, path)
    assert isinstance(url, str), url
    answer = requests.get(url, timeout=10)
    assert (answer.content, answer.headers["Content-Type"]) == (path.read_bytes(), "image/jpeg")
    assert rclone.held() == [url.rpartition("/")[2]]
    assert digest[:10] not in url


def test_the_store_keeps_type_and_cache_and_a_second_run_uploads_nothing(
    moto: Store, up: Uploader, tmp_path: Path
) -> None:
    digest, path = a_picture(tmp_path / "b.jpeg", "blue")
    url = up.adapter(moto.host()).place(digest, path)
    assert isinstance(url, str), url
    headers = requests.get(url, timeout=10).headers
    assert (headers["Content-Type"], headers["Cache-Control"]) == ("image/jpeg", CACHE)
    assert up.adapter(moto.host()).place(digest, path) == url
    assert up.sent.count("PUT") == 1


def test_two_at_once_store_one_file(moto: Store, up: Uploader, tmp_path: Path) -> None:
    digest, path = a_picture(tmp_path / "c.jpeg", "green")
    adapters = [up.adapter(moto.host()) for _ in range(4)]
    together, placed = threading.Barrier(4), list[PublicUrl | MediaProblem]()

    def place(number: int) -> None:
        together.wait(10)
        placed.append(adapters[number].place(digest, path))

    workers = [threading.Thread(target=place, args=(number,)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert len(placed) == 4
    assert len(set(placed)) == 1
    assert isinstance(placed[0], str), placed


def test_a_bucket_that_is_not_public(moto: Store, up: Uploader, tmp_path: Path) -> None:
    digest, path = a_picture(tmp_path / "d.jpeg")
    host = moto.host(bucket="private", url=f"{moto.endpoint}/private")
    problem = said(up.adapter(host).place(digest, path))
    assert problem.endswith("answers 403: it is not public")


def test_wrong_keys_and_a_missing_bucket(rclone: Store, up: Uploader, tmp_path: Path) -> None:
    """Found out by asking, before anything is uploaded, and by the check that runs before the prompt."""
    digest, path = a_picture(tmp_path / "e.jpeg")
    cases = [
        (up.adapter(rclone.host(), access_key="other"), "does not know its access_key (InvalidAccessKeyId)"),
        (up.adapter(rclone.host(), secret_key="CANARY"), "its secret_key is wrong (SignatureDoesNotMatch)"),
        (up.adapter(rclone.host(bucket="nowhere")), "has no such bucket (NoSuchBucket)"),
    ]
    for adapter, problem in cases:
        assert problem in said(adapter.check(digest, path))
        assert problem in said(adapter.place(digest, path))
    assert set(up.sent) == {"GET"}
    assert rclone.held() == []


def test_a_machine_whose_clock_is_an_hour_behind(rclone: Store, up: Uploader, tmp_path: Path) -> None:
    """What it signs is valid no more: that is told as what it is, and nothing is uploaded.

    (What one signs that is ahead is refused by S3 and taken by rclone; see test_hosting_store.py.)
    """
    digest, path = a_picture(tmp_path / "g.jpeg")
    adapter = up.adapter(rclone.host(), away=-60)
    for found in (adapter.check(digest, path), adapter.place(digest, path)):
        assert said(found).endswith("whose clock is minutes away from its own")
    assert set(up.sent) == {"GET"}
    assert isinstance(up.adapter(rclone.host(), away=0.5).place(digest, path), str), (
        "half a minute is no harm"
    )


def test_nobody_answers(up: Uploader, tmp_path: Path) -> None:
    digest, path = a_picture(tmp_path / "f.jpeg")
    nobody = Store("http://127.0.0.1:9", "http://127.0.0.1:9")
    problem = said(up.adapter(nobody.host()).check(digest, path))
    assert problem == "the media host bucket cannot be reached: 127.0.0.1:9: it refused the connection"


def test_an_upload_cut_midway_is_begun_again_and_leaves_nothing(
    rclone: Store, up: Uploader, tmp_path: Path
) -> None:
    content = b"\x00\x00\x00\x18ftypisom" + bytes(range(256)) * 40_000
    digest, path = written(tmp_path / "film.mp4", content)
    with Cutting(rclone.endpoint, after_bytes=3_000_000, times=1) as cut:
        host = Store(cut.url, rclone.public).host()
        url = up.adapter(host).place(digest, path)
    assert isinstance(url, str), url
    assert up.sent == ["GET", "PUT", "GET", "PUT"]
    assert rclone.held() == [url.rpartition("/")[2]]
    assert requests.get(url, timeout=10).content == content


def test_an_upload_that_is_always_cut_is_given_up_and_leaves_nothing(
    moto: Store, up: Uploader, tmp_path: Path
) -> None:
    content = b"\x00\x00\x00\x18ftypisom" + bytes(8_000_000)
    digest, path = written(tmp_path / "film.mp4", content)
    with Cutting(moto.endpoint, after_bytes=3_000_000, times=99) as cut:
        problem = said(up.adapter(Store(cut.url, moto.public).host()).place(digest, path))
    assert "it closed the connection without a whole answer" in problem
    assert up.adapter(moto.host()).check(digest, path) is None
    uploads = requests.get(f"{moto.public}?uploads", timeout=10).text
    assert "<UploadId>" not in uploads
    files = requests.get(moto.public, timeout=10).text
    assert f"<Size>{len(content)}</Size>" not in files


def test_a_host_is_tried_out_and_left_as_it_was(rclone: Store, moto: Store, up: Uploader) -> None:
    assert up.adapter(rclone.host()).try_out() == "takes a picture and serves it to everybody"
    assert rclone.held() == []
    assert up.adapter(moto.host()).try_out() == "takes a picture and serves it to everybody"


MEASURED = """
import hashlib, resource, sys
from pathlib import Path
from tests.live.stores import Store, uploader
path, size = Path(sys.argv[1]), int(sys.argv[2])
with path.open("wb") as file:
    file.write(b"\\x00\\x00\\x00\\x18ftypisom")
    file.truncate(size)
with path.open("rb") as file:
    digest = hashlib.file_digest(file, "sha256").hexdigest()
with uploader() as up:
    adapter = up.adapter(Store(sys.argv[3], sys.argv[4]).host())
    adapter.try_out()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    url = adapter.place(digest, path)
    assert isinstance(url, str), url
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
BIG = 96 * 1024 * 1024


def test_a_large_video_is_sent_in_constant_memory(rclone: Store, tmp_path: Path) -> None:
    """Of a file of many megabytes a few are held at a time."""
    words = [sys.executable, "-c", MEASURED, str(tmp_path / "film.mp4"), str(BIG), rclone.endpoint]
    done = subprocess.run(
        [*words, rclone.public],
        capture_output=True,
        text=True,
        timeout=120,
        env=ENVIRON,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 16 * 1024, f"{done.stdout.strip()} KiB more"


PROJECT = """\
version: 1
id: live
posts: posts
targets:
  threads/main:
    account: main
    credential: env:THREADSYNC_TEST_TOKEN
    base_url: {sandbox}
    media_host: bucket
    bounds: {{publish_doubt_seconds: 0.5, listing_lag_seconds: 0.2, poll_first_seconds: 0.05}}
media_hosts:
  bucket:
    kind: s3
    bucket: {bucket}
    region: us-east-1
    endpoint: {endpoint}
    url: {public}
    prefix: posts
    credentials: {{access_key: env:KEY, secret_key: env:SECRET, names: env:NAMES}}
"""
POST = "---\nkey: {key}\ntargets: [threads/main]\n{more}---\n{key}\n\n![A picture]({picture}.jpg)\n"


def threadsync(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environ = {**ENVIRON, "KEY": ACCESS_KEY, "SECRET": SECRET_KEY, "NAMES": NAMES}
    return subprocess.run(
        [sys.executable, "-m", "threadsync", "--project", str(folder), *words],
        capture_output=True,
        text=True,
        timeout=120,
        env=environ,
        check=False,
    )


def test_apply_uploads_what_is_due_once_and_writes_no_secret(
    rclone: Store, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Two posts with one picture need one upload; a picture whose time has not come stays where it is."""
    folder = tmp_path / "project"
    (folder / "posts").mkdir(parents=True)
    a_picture(folder / "posts/red.jpg")
    a_picture(folder / "posts/embargoed.jpg", "black")
    project = PROJECT.format(
        sandbox=sandbox.base_url, bucket=BUCKET, endpoint=rclone.endpoint, public=rclone.public
    )
    (folder / "threadsync.yaml").write_text(project)
    for key, picture, more in (
        ("one", "red", ""),
        ("two", "red", ""),
        ("later", "embargoed", "publish: {at: 2027-06-01 09:00, zone: UTC}\n"),
    ):
        (folder / f"posts/{key}.md").write_text(POST.format(key=key, picture=picture, more=more))
    done = threadsync(folder, "doctor")
    assert "takes a picture and serves it to everybody" in done.stdout, done.stdout + done.stderr
    shown = threadsync(folder, "plan")
    assert list((rclone.folder or Path()).glob(f"{BUCKET}/posts/*")) == []
    applied = threadsync(folder, "apply", "--yes", "--first-run")
    assert applied.returncode == 0, applied.stdout + applied.stderr
    assert len(list((rclone.folder or Path()).glob(f"{BUCKET}/posts/*"))) == 1
    assert "No changes" in threadsync(folder, "apply", "--yes").stdout
    logged = threadsync(folder, "log")
    texts = [each.stdout + each.stderr for each in (done, shown, applied, logged)]
    every = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    assert not any(b"CANARY" in content for content in (*every, *(text.encode() for text in texts)))
    assert not any(b"X-Amz-Signature" in content for content in every)
