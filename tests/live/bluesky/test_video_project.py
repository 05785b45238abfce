"""A project with a film and its captions, from its files to a real server, by the command line."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.live.bluesky.desk import Desk
from tests.live.bluesky.video_service import MP4, video_service
from tests.live.projects import ENVIRON, ROOT
from tests.live.waiting import PATIENCE_SECONDS
from threadsync.providers.bluesky import api
from threadsync.providers.bluesky.uris import POST
from threadsync.sandbox.server import running

pytestmark = pytest.mark.live
FROM_A_SERVICE = pytest.mark.pds(
    worlds=("server",), why="the video service is a process of ours that asks the server too"
)

FILM = ROOT / "examples/video/posts/lift.mp4"
PROJECT = """version: 1
id: lifts
targets:
  bluesky/brand:
    account: {handle}
    base_url: {pds}
    video_url: {service}
    credential: env:APP_PASSWORD
"""
RIDE = """---
key: ride
targets: [bluesky/brand]
media: [{src: lift.mp4, alt: A lift goes up, captions: {de: de.vtt}}]
---
Going up.
"""


def written(root: Path, *, handle: str, pds: str, service: str) -> Path:
    (root / "posts").mkdir(parents=True)
    (root / "threadsync.yaml").write_text(PROJECT.format(handle=handle, pds=pds, service=service))
    (root / "posts/ride.md").write_text(RIDE)
    (root / "posts/de.vtt").write_text("WEBVTT\n\n00:00.000 --> 00:01.000\nNach oben.\n", encoding="utf-8")
    shutil.copy(FILM, root / "posts/lift.mp4")
    return root


def threadsync(root: Path, password: str, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "threadsync", *words],
        cwd=root,
        env=ENVIRON | {"APP_PASSWORD": password},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@FROM_A_SERVICE
def test_a_film_with_captions_goes_out_once(desk: Desk, tmp_path: Path) -> None:
    with video_service(desk.server.url) as service:
        service.looks = 0
        root = written(tmp_path, handle=desk.person.handle, pds=desk.server.url, service=service.url)
        password = desk.person.password
        assert "captions, de: posts/de.vtt" in threadsync(root, password, "plan")
        threadsync(root, password, "apply", "--yes", "--first-run")
        threadsync(root, password, "apply", "--yes")
        (post,) = desk.run(api.list_records(desk.person.did, POST)).data
        assert service.received == 1
        assert [job.content for job in service.jobs.values()] == [FILM.read_bytes()]
    embed = post.value["embed"]
    assert isinstance(embed, dict)
    assert embed["video"]["size"] == len(MP4) + FILM.stat().st_size
    assert embed["aspectRatio"] == {"width": 720, "height": 1280}
    assert embed["captions"][0]["lang"] == "de"
    assert embed["alt"] == "A lift goes up"
    assert post.value["text"] == "Going up."


def test_a_film_goes_out_on_the_sandbox_which_is_its_own_video_service(tmp_path: Path) -> None:
    handle = "lift-report.test"
    with running() as sandbox:
        url = sandbox.base_url
        root = written(tmp_path, handle=handle, pds=url, service=url)
        for _ in range(2):
            threadsync(root, f"sandbox-{handle}", "apply", "--yes", "--first-run")
        uploads = [row for row in sandbox.requests() if row.path.endswith("uploadVideo")]
        (record,) = sandbox.engine.bluesky.look(lambda state, now: tuple(state.records.values()))
    assert len(uploads) == 1
    embed = record.value["embed"]
    assert isinstance(embed, dict)
    assert (embed["$type"], embed["video"]["size"]) == ("app.bsky.embed.video", FILM.stat().st_size)
