"""A media host that is a command, and the real program: run only where it may be, and ended with it."""

from __future__ import annotations

import io
import signal
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from PIL import Image

from tests.live.projects import ended, left_running, ran, started
from tests.live.waiting import until
from threadsync.sandbox.server import Sandbox

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(sys.platform == "win32", reason="the scripts are a POSIX shell's"),
]

PROJECT = """\
version: 1
id: live
posts: posts
targets:
  threads/main:
    account: main
    credential: env:THREADSYNC_TEST_TOKEN
    base_url: {sandbox}
    media_host: own
    bounds: {{publish_doubt_seconds: 0.5, listing_lag_seconds: 0.2, poll_first_seconds: 0.05}}
media_hosts:
  own: {{kind: command, command: './upload.sh {{file}}'}}
"""
COPIES = '#!/bin/sh\necho "it says $THREADSYNC_TEST_TOKEN" >&2\ncp "$1" {web}/a.jpg\necho {url}/a.jpg\n'


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class names it)
        pass


@pytest.fixture
def web(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder that is on the web, and where."""
    folder = tmp_path / "web"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.05,))
        serving.start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        serving.join()


@pytest.fixture
def folder(tmp_path: Path, sandbox: Sandbox) -> Path:
    folder = tmp_path / "project"
    (folder / "posts").mkdir(parents=True)
    content = io.BytesIO()
    Image.new("RGB", (640, 480), "red").save(content, "JPEG")
    (folder / "posts/red.jpg").write_bytes(content.getvalue())
    (folder / "posts/one.md").write_text(
        "---\nkey: one\ntargets: [threads/main]\n---\nOne\n\n![Red](red.jpg)\n"
    )
    (folder / "threadsync.yaml").write_text(PROJECT.format(sandbox=sandbox.base_url))
    return folder


def script(folder: Path, text: str) -> None:
    (folder / "upload.sh").write_text(text)
    (folder / "upload.sh").chmod(0o755)


def test_it_is_run_only_when_it_is_allowed(folder: Path, web: tuple[Path, str]) -> None:
    script(folder, COPIES.format(web=web[0], url=web[1]))
    _, said = ran(folder, "apply", "--yes", "--first-run")
    assert "those of the project file are not run" in said
    assert "add --allow-commands" in said
    _, said = ran(folder, "plan", "--refresh")
    assert "1 to create" in said, "a plan runs nothing, so it does not ask whether it may"
    assert list(web[0].iterdir()) == []
    status, said = ran(folder, "apply", "--yes", "--first-run", "--allow-commands")
    assert (status, "1 applied" in said) == (0, True), said


def test_what_goes_wrong_is_told_without_the_token(folder: Path, web: tuple[Path, str]) -> None:
    failing = COPIES.format(web=web[0], url=web[1]).replace("cp ", "exit 3; cp ")
    script(folder, failing)
    status, said = ran(folder, "apply", "--yes", "--first-run", "--allow-commands")
    assert status == 1, said
    assert "the command of the media host own ended with the status 3; it says: it says [secret]" in said
    assert "sandbox-main" not in said


def test_a_signal_ends_it_and_the_next_run_publishes_once(
    folder: Path, web: tuple[Path, str], sandbox: Sandbox
) -> None:
    script(folder, f"#!/bin/sh\ntouch {folder}/begun\nsleep 600\n")
    process = started(folder, "apply", "--yes", "--first-run", "--allow-commands")
    until((folder / "begun").exists, "the command to run")
    process.send_signal(signal.SIGTERM)
    status, said = ended(process)
    assert status != 0, said
    until(lambda: not left_running(folder), "the end of the command", lambda: str(left_running(folder)))
    script(folder, COPIES.format(web=web[0], url=web[1]))
    status, said = ran(folder, "apply", "--yes", "--first-run", "--allow-commands")
    assert (status, "1 applied" in said) == (0, True), said
