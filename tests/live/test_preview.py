"""``watch --preview`` as an author has it open: a real server, real files, and a browser beside them."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.live.test_watch import environ, post
from tests.live.waiting import PATIENCE_SECONDS, until
from tests.node import chromium
from tests.operations.world import PROJECT, picture
from threadsync.views.sheet_entries import id_of

pytestmark = pytest.mark.live


class Preview:
    """A running ``watch --preview``, and what it has said."""

    def __init__(self, root: Path, *options: str) -> None:
        command = (sys.executable, "-u", "-m", "threadsync", "--project", str(root), "watch", *options)
        self.process = subprocess.Popen(
            command, env=environ(root), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.said = ""
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said += line

    @property
    def address(self) -> str:
        def is_told() -> bool:
            assert self.process.poll() is None, self.said
            return "Preview: " in self.said

        until(is_told, "the address", lambda: self.said)
        return str(re.findall(r"Preview: (\S+)", self.said)[0])

    def until(self, words: str) -> str:
        """Wait until the page has *words*; return it."""
        address, page = self.address, ""

        def has_words() -> bool:
            nonlocal page
            page = requests.get(address, timeout=PATIENCE_SECONDS).text
            return words in page

        until(has_words, words, lambda: page)
        return page

    def end(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        status = self.process.wait(PATIENCE_SECONDS)
        self._reader.join()
        assert self.process.stdout is not None
        self.process.stdout.close()
        return status


@pytest.fixture
def root(tmp_path: Path) -> Path:
    found = tmp_path / "project"
    (found / "posts").mkdir(parents=True)
    (found / "threadsync.yaml").write_text(PROJECT)
    (found / "posts/field.jpg").write_bytes(picture())
    for number in range(30):
        text = f"Post {number}\n\n![A red field](field.jpg)"
        (found / f"posts/p{number:02}.md").write_text(post(text, f"key: p{number:02}\n"))
    return found


@pytest.fixture
def preview(root: Path) -> Iterator[Preview]:
    found = Preview(root, "--preview", "--port", "0")
    yield found
    found.end()


def test_a_save_is_told_to_an_open_page_and_the_end_closes_it(root: Path, preview: Preview) -> None:
    page = preview.until("Post 29")
    (version,) = re.findall(r'data-version="([^"]+)"', page)
    (src,) = set(re.findall(r'src="(/media/\w+)"', page))
    assert requests.get(f"{preview.address}{src[1:]}", timeout=PATIENCE_SECONDS).content
    refused = requests.get(preview.address, headers={"Host": "evil.example"}, timeout=PATIENCE_SECONDS)
    assert refused.status_code == 400
    with requests.get(
        f"{preview.address}events?version={version}", stream=True, timeout=PATIENCE_SECONDS
    ) as events:
        lines = events.iter_lines(chunk_size=1, decode_unicode=True)
        assert next(lines) == ": listening"
        (root / "posts/p07.md").write_text(post("Other words", "key: p07\n"))
        told = next(line for line in lines if line.startswith("data:"))
        assert "Other words" in json.loads(told.removeprefix("data: "))["blocks"][id_of("p07")]
        assert preview.end() == 0
        assert [line for line in lines if line] == [], "the end of the server ends the stream"


def test_a_broken_project_file_is_shown_in_the_page(root: Path, preview: Preview) -> None:
    preview.until("Post 29")
    (root / "threadsync.yaml").write_text(PROJECT.replace("posts: posts", "postz: posts"))
    page = preview.until("postz")
    assert "Post 29" in page
    (root / "threadsync.yaml").write_text(PROJECT)
    preview.until("</html>")


def test_a_port_that_is_taken_is_named_with_a_way_out(root: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        found = Preview(root, "--preview", "--port", str(port))
        until(lambda: found.process.poll() is not None, "the end", lambda: found.said)
        assert found.end() == 1
    assert f"the preview cannot listen on port {port}: it is in use." in found.said
    assert "choose another port with --port" in found.said


@pytest.mark.skipif(bool(chromium.missing()), reason=chromium.missing() or "all is there")
def test_a_reader_stays_where_they_are_while_posts_above_and_below_change(
    root: Path, preview: Preview
) -> None:
    preview.until("Post 29")
    looked_at, steps = id_of("p15"), []
    for number, name in enumerate(("p03", "p15", "p20", "new"), 1):
        text = post(f"Saved {number}\n" + "\nOne more line.\n" * number * 5, f"key: {name}\n")
        step = {"file": str(root / f"posts/{name}.md"), "text": text, "watch": id_of(name)}
        steps.append({**step, "words": f"Saved {number}", "stay": looked_at})
    found = chromium.run("preview.mjs", preview.address, json.dumps(steps))
    assert found["complaints"] == []
    for step in found["steps"]:
        assert step["scrolled"] > 1000
        assert abs(step["moved"]) <= 2, found


@pytest.mark.skipif(bool(chromium.missing()), reason=chromium.missing() or "all is there")
def test_the_preview_is_accessible_and_asks_its_own_server_alone(root: Path, preview: Preview) -> None:
    preview.until("Post 29")
    for seen in chromium.run("check.mjs", preview.address):
        assert seen["violations"] == []
        assert seen["complaints"] == []
        assert all(each.startswith(preview.address) for each in seen["asked"])
        assert seen["sticks_out"] == 0
