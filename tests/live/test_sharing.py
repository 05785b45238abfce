"""Files shared out among processes: what comes of it is what one process alone makes of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest

from benchmarks.corpus import beginning, write_posts, write_state
from tests.content.support import THREADS, write
from tests.live.projects import ENVIRON
from tests.live.waiting import PATIENCE_SECONDS
from tests.operations.world import World
from threadsync.config import load_project
from threadsync.content.loader import Content, load
from threadsync.content.rules import RULES
from threadsync.media.cache import CachedProbe
from threadsync.operations.sharing import ITEMS_EACH_MIN, in_shares, workers

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is shared out"),
]

ROOT = Path(__file__).parents[2]
WORDS = [f"word {number}" for number in range(7)]
TWO = """\
version: 1
id: two
targets: {threads/main: {}, threads/brand: {}}
defaults: {targets: [threads/main, threads/brand]}
"""
T = TypeVar("T")
R = TypeVar("R")
LATER = 2**63  # a moment after every write of this test, in nanoseconds


def each(work: Callable[[T], R]) -> Callable[[Sequence[T]], list[R]]:
    return lambda batch: [work(item) for item in batch]


def shared(work: Callable[[str], R], number: int, batch: int = 2) -> list[R]:
    learnt: list[int] = []
    found = list(
        in_shares(each(work), WORDS, number, learnt=os.getpid, learn=learnt.append, each_min=1, batch=batch)
    )
    assert os.getpid() not in learnt
    return found


def no_child_is_left() -> bool:
    """Of this process group: servers that other tests share are in groups of their own."""
    try:
        os.waitpid(0, os.WNOHANG)
    except ChildProcessError:
        return True
    return False


@pytest.mark.parametrize("number", [1, 2, 3, 7, 20])
def test_results_come_in_order_from_as_many_processes_as_there_is_work_for(number: int) -> None:
    found = shared(lambda word: (word, os.getpid()), number)
    assert [word for word, _ in found] == WORDS
    assert len({process for _, process in found}) == min(number, len(WORDS))
    assert no_child_is_left()


@pytest.mark.parametrize("batch", [1, 3, 10])
def test_a_process_gets_its_items_in_batches_and_they_make_no_difference(batch: int) -> None:
    sizes = shared(lambda word: word, 2, batch)
    assert sizes == WORDS


def test_few_items_are_not_worth_a_process() -> None:
    found = in_shares(each(lambda _: os.getpid()), WORDS, 4, learnt=int, learn=print, each_min=4)
    assert set(found) == {os.getpid()}


def test_what_a_dead_child_did_not_do_is_done_here() -> None:
    here = os.getpid()

    def work(word: str) -> str:
        if word == WORDS[-1] and os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        return word.upper()

    assert shared(work, 3) == [word.upper() for word in WORDS]
    assert no_child_is_left()


@pytest.mark.parametrize("raised", [ValueError, KeyboardInterrupt, SystemExit])
def test_what_a_child_raises_is_raised_here_behind_the_batches_before_it(raised: type[BaseException]) -> None:
    before: list[object] = []

    def work(word: str) -> str:
        if word == WORDS[-1]:
            raise raised(word)
        return word

    with pytest.raises(raised, match=WORDS[-1]):
        before.extend(in_shares(each(work), WORDS, 2, learnt=int, learn=print, each_min=1, batch=1))
    assert before == WORDS[:-1]
    assert no_child_is_left()


def test_children_end_with_who_does_not_want_their_results() -> None:
    found = in_shares(each(str.upper), WORDS, 3, learnt=int, learn=print, each_min=1)
    assert next(found) == "WORD 0"
    found.close()
    assert no_child_is_left()


def test_without_room_for_a_process_the_work_is_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> int:
        raise BlockingIOError("Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", refused)
    assert {process for _, process in shared(lambda word: (word, os.getpid()), 3)} == {os.getpid()}


def test_where_nobody_waits_for_children_the_work_is_done_here_too() -> None:
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        assert shared(str.upper, 2) == [word.upper() for word in WORDS]
    finally:
        signal.signal(signal.SIGCHLD, before)


def test_beside_another_thread_nothing_is_shared_out() -> None:
    done = threading.Event()
    beside = threading.Thread(target=done.wait)
    beside.start()
    try:
        assert workers() == 1
    finally:
        done.set()
        beside.join()


def posts_of_every_kind(root: Path) -> Path:
    """Write the samples of all rules as the posts of one project, and the example posts beside them."""
    samples = [sample for rule in RULES.values() for sample in (rule.bad, rule.good)]
    posts = [sample for sample in samples if isinstance(sample, str)]
    examples = ROOT / "examples" / "posts"
    files: dict[str, str | bytes] = {
        f"posts/examples/{path.relative_to(examples)}": path.read_bytes()
        for path in examples.rglob("*")
        if path.is_file()
    }
    files |= {f"posts/{number:03d}.md": text for number, text in enumerate(posts)}
    files |= {f"posts/twice-{name}.md": "---\nkey: twice\n---\nHello.\n" for name in "abc"}
    return write(root, files)


def read(root: Path, number: int) -> tuple[Content, CachedProbe]:
    probe = CachedProbe(root / ".threadsync" / "media.json", now_ns=lambda: LATER)
    each_ = partial(in_shares, number=number, learnt=probe.learnt, learn=probe.learn, each_min=1)
    return load(load_project(root, exact=True), probe, each=each_), probe


@pytest.mark.parametrize("number", [2, 3])
def test_posts_and_findings_are_the_same_for_any_number_of_processes(tmp_path: Path, number: int) -> None:
    root = posts_of_every_kind(tmp_path)
    alone, others = read(root, 1)[0], read(root, number)[0]
    assert alone == others
    assert list(alone.publications) == list(others.publications)
    rules = {each.rule for each in others.findings}
    assert {"yaml/syntax", "media/missing", "post/key-twice", "reference/circle"} <= rules
    assert others.publications, "and not all is wrong"


def test_what_children_found_out_about_media_is_kept(tmp_path: Path) -> None:
    root = posts_of_every_kind(tmp_path)
    kept = root / ".threadsync" / "media.json"
    _, probe = read(root, 1)
    assert probe.save()
    by_one = kept.read_bytes()
    assert b".jpg" in by_one
    kept.unlink()
    _, probe = read(root, 3)
    assert probe.save()
    assert kept.read_bytes() == by_one


def test_two_targets_of_a_post_share_its_segments_after_the_journey_too(tmp_path: Path) -> None:
    root = write(tmp_path, {"threadsync.yaml": TWO, "posts/a.md": "Hello.\n", "posts/b.md": "Hello!\n"})
    content, _ = read(root, 2)
    assert len(content.publications) == 4
    for publication in content.publications.values():
        twin = publication.address._replace(target=THREADS)
        assert content.publications[twin].segments is publication.segments


ON = """
import os, sys

cores = int(sys.argv.pop(1))
os.sched_getaffinity = lambda _: set(range(cores))
forks = []
fork = os.fork
os.fork = lambda: [forks.append(1), fork()][1]

from threadsync.__main__ import main

try:
    main()
finally:
    print(len(forks), file=sys.stderr)
"""
"""A process of its own, which no thread of another test keeps from forking."""


def said_with(cores: int, project: Path, *command: str, status: int = 0) -> str:
    """Return what *command* prints where there are so many cores; each of them has to be used."""
    done = subprocess.run(
        [sys.executable, "-c", ON, str(cores), *command],
        cwd=project,
        env=ENVIRON,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == status, done.stderr
    assert done.stderr.split()[-1] == str(cores - 1), done.stderr
    return done.stdout


@pytest.mark.parametrize("how", ["--format=text", "--format=json"])
def test_what_is_live_is_told_the_same_by_any_number_of_processes(tmp_path: Path, how: str) -> None:
    """Of posts with pictures and chains on two targets; some have changed, moved, gone, or name others."""
    write_posts(tmp_path, 2 * ITEMS_EACH_MIN + 100)  # some are removed, and two shares are left
    write_state(tmp_path)
    files = sorted((tmp_path / "posts").rglob("*.md"))
    for number, path in enumerate(files[::100]):
        text = path.read_text()
        match number % 4:
            case 0:
                path.write_text(beginning(text, "Changed."))
            case 1:
                path.write_text(text.replace("key: ", "key: moved-"))
            case 2:
                path.write_text(text.replace("protect: false", "reply_to: post-000500"))
            case _:
                path.unlink()
    said = [
        said_with(cores, tmp_path, "plan", "--no-cache", "--at=2026-11-21 12:00", how) for cores in (1, 2)
    ]
    assert said[0] == said[1]
    assert all(word in said[0] for word in ("renamed", "needs-consent", "file-removed"))


@pytest.mark.parametrize("command", [("plan", "--no-cache"), ("validate",)])
def test_many_posts_are_shared_out_among_the_cores_and_what_is_said_stays_the_same(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    world = World(tmp_path)
    for number in range(3 * ITEMS_EACH_MIN):
        world.post(
            f"post-{number:04d}", f"Post {number}", tags="transit" if number % 100 == 0 else "[transit]"
        )
    said = [said_with(cores, tmp_path, *command, status=1) for cores in (1, 2, 3)]
    assert said[0] == said[1] == said[2]
    assert said[0].count(": error: ") == 15
