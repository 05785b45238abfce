"""Our blocks of docs/from-pysky.md on a real server: they leave there what they leave on the sandbox.

The video service is the stand-in of these tests, and what everybody may read is read from the sandbox, since
neither can be run by others.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.live.bluesky.video_service import video_service
from tests.pds.launcher import Pds
from tests.sandbox import pysky_page
from threadsync import Client
from threadsync.providers.bluesky import api
from threadsync.sandbox.bluesky import Profile
from threadsync.sandbox.server import running
from threadsync.sandbox.settings import SandboxSettings

pytestmark = [
    pytest.mark.live,
    pytest.mark.pds(
        worlds=("server",), why="the video service is a process of ours that asks the server too"
    ),
]


def test_our_blocks_leave_the_same_on_a_real_server(
    server: Pds, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """But those of messages, which no server has of its own."""
    person = server.person("pysky-page")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BSKY_AUTH_USERNAME", person.handle)
    monkeypatch.setenv("BSKY_AUTH_PASSWORD", person.password)
    pysky_page.files(tmp_path)
    public = SandboxSettings(bluesky_profiles=(Profile(person.handle, display_name="Lift Report"),))
    with (
        running(public) as sandbox,
        video_service(server.url) as films,
        pysky_page.report() as link,
    ):
        settings = {"public_url": sandbox.base_url, "video_url": films.url, "directory_url": server.plc_url}
        names = pysky_page.run(
            server.url, {**settings, "server": "pds-0.4"}, link, without={"get_convo_logs"}
        )
        with Client(network="bluesky", base_url=server.url) as reader:
            records = tuple(
                reader.items(lambda cursor: api.list_records(person.did, pysky_page.POST, cursor=cursor))
            )
    assert pysky_page.left(records) == pysky_page.LEFT
    assert names["new"] == []
    assert films.received == 2
