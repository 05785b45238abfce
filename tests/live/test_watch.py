"""``watch`` as an author has it open: real files, a real watcher, and all that editors and git do to them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.live.waiting import PATIENCE_SECONDS, until
from tests.operations.world import PROJECT

pytestmark = pytest.mark.live


def environ(home: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(Path(__file__).parents[2])}


class Watch:
    """A running ``watch``, and what it has said."""

    def __init__(self, root: Path) -> None:
        self.root = root
        command = [sys.executable, "-u", "-m", "threadsync", "--project", str(root), "watch"]
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

    def until(self, *words: str) -> None:
        """Wait until all of *words* were said since the last wait."""

        def are_said() -> bool:
            assert self.process.poll() is None, self.said
            return all(word in self.said for word in words)

        until(are_said, f"the words {words}", lambda: self.said)
        self.said = ""

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(number)
        status = self.process.wait(PATIENCE_SECONDS)
        self._reader.join()
        assert self.process.stdout is not None
        self.process.stdout.close()
        return status


def post(text: str, front: str = "") -> str:
    return f"---\ntargets: [threads/main]\n{front}---\n{text}\n"


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[[], Watch]]:
    root = tmp_path / "project"
    (root / "posts").mkdir(parents=True)
    (root / "threadsync.yaml").write_text(PROJECT)
    (root / "posts/a.md").write_text(post("Hello"))
    begun: list[Watch] = []

    def start() -> Watch:
        begun.append(Watch(root))
        begun[-1].until("Plan: 1 to create.")
        return begun[-1]

    yield start
    for watch in begun:
        if watch.process.poll() is None:
            watch.process.kill()
            watch.end(signal.SIGKILL)


def test_it_tells_what_a_save_changed_for_posts_and_drafts_and_ends_cleanly(
    begin: Callable[[], Watch],
) -> None:
    watch = begin()
    watch.write("posts/a.md", post("Hello there"))
    watch.until("+ create  a@threads/main", "11 of 500 characters", "Hello there")
    watch.write("posts/b.md", post("Words to come", "draft: true\n"))
    watch.until("draft  b@threads/main", "13 of 500 characters")
    watch.write("posts/b.md", post("Words to come", "publish: nonsense\n"))
    watch.until("posts/b.md:3:10: error")
    watch.write("posts/b.md", post("Words", "draft: true\n"))
    watch.until("Nothing is wrong with the files any more.")
    assert watch.end() == 0
    assert "Traceback" not in watch.said


def test_it_outlives_whatever_editors_and_git_do(begin: Callable[[], Watch]) -> None:
    watch = begin()
    posts = watch.root / "posts"
    watch.write("posts/.a.md.swp", "swap")  # vim
    watch.write("posts/a.md~", "backup")
    watch.write("posts/new", post("Saved by a rename"))
    (posts / "new").replace(posts / "a.md")
    watch.until("Saved by a rename")
    (posts / "a.md").write_text("---\ntargets: [thr")  # half-written
    watch.until("posts/a.md", "error")
    watch.write("posts/a.md", post("Whole again"))
    watch.until("Whole again")
    watch.write("threadsync.yaml", "version: [")
    watch.until("threadsync.yaml:", "[yaml/syntax]")
    watch.write("threadsync.yaml", PROJECT)
    watch.until("Nothing is wrong")
    (posts / "a.md").rename(posts / "z.md")
    watch.until("z@threads/main", "gone  a@threads/main")
    posts.rename(watch.root / "away")
    watch.until("the posts folder posts does not exist")
    (watch.root / "away").rename(posts)
    watch.until("z@threads/main")
    for number in range(1000):  # a branch switch
        watch.write(f"posts/many/{number}.md", post(f"Post {number}"))
    watch.until("Plan: 1001 to create.")
    watch.write("posts/z.md", post("Still watching"))
    watch.until("Still watching")
    assert watch.end(signal.SIGTERM) == 0
    assert "Traceback" not in watch.said


def test_a_project_folder_that_is_moved_away_and_comes_back_is_watched_again(
    begin: Callable[[], Watch],
) -> None:
    watch = begin()
    away = watch.root.with_name("away")
    watch.root.rename(away)
    watch.until("does not exist")
    away.rename(watch.root)
    watch.until("Nothing is wrong")
    watch.write("posts/a.md", post("Back again"))
    watch.until("Back again")
    assert watch.end() == 0


def test_a_signal_that_whoever_started_it_has_ignored_does_not_end_it(begin: Callable[[], Watch]) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    try:
        watch = begin()
    finally:
        signal.signal(signal.SIGHUP, before)
    watch.process.send_signal(signal.SIGHUP)
    watch.write("posts/a.md", post("The terminal is gone"))
    watch.until("The terminal is gone")
    assert watch.end(signal.SIGTERM) == 0


def test_without_a_project_it_says_so_and_does_not_wait(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "threadsync", "--project", str(tmp_path), "watch"]
    done = subprocess.run(
        command, env=environ(tmp_path), capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
    )
    assert done.returncode == 1
    assert "threadsync.yaml" in done.stderr
