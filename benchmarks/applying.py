"""Rows A1 to A6: what one ``apply`` takes, against a bare server and beside other clients.

The server (``graph_server``) tells how long it went on, from the first call that makes something to the last
answer, and how many calls there were; so that all clients are measured in the same way, and neither imports
nor reading files count. Each run of threadsync is the program itself, with a state on disk.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.graph_server import Counted
from benchmarks.journalling import JOURNAL_ROWS
from benchmarks.measure import ROOT, used
from benchmarks.projects import (
    CONNECTIONS,
    Post,
    bound_seconds,
    mix,
    ordered_bound_seconds,
    write_mix,
    write_project,
    write_videos,
)
from benchmarks.rows import Measured, Row, Sample, Setting, Unmeasured
from threadsync.execution.clock import SystemClock

MIX, VIDEOS = 200, 2_000
VENVS = ROOT / ".threadsync" / "venvs"
"""Where `make live` puts the environments of other people's clients."""
PEERS = Path(__file__).parent / "peers"


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a client against the server."""

    counted: Counted
    peak_mb: float
    """Of the whole process."""


@contextmanager
def _serving(*options: str) -> Iterator[str]:
    """Run a server of its own and give its address."""
    command = [sys.executable, "-m", "benchmarks.graph_server", *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None, "it was asked for"
        try:
            yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
        finally:
            server.kill()


def _ran(base_url: str, command: list[str], folder: Path, posts: int) -> Run:
    """Run a client to its end and return what the server counted; exactly *posts* posts are up after it."""
    took = used(command, folder)
    with urllib.request.urlopen(f"{base_url}/bench") as answer:  # noqa: S310  (our own server)
        counted = Counted(**json.load(answer))
    if counted.posts != posts:
        raise RuntimeError(f"{counted.posts} posts are up instead of {posts}: {' '.join(command)}")
    return Run(counted, took.peak_mb)


def _applied(written: Path, posts: int, *, waits_for: int = 0, bounds: str = "") -> Run:
    """Apply a copy of the project *written* for the first time, on a server of its own."""
    with TemporaryDirectory(prefix="apply-") as folder:
        root = Path(folder) / "project"
        shutil.copytree(written, root)
        with _serving("--files", str(root / "posts" / "m"), "--waits-for", str(waits_for)) as base_url:
            write_project(root, base_url, served=(root / "posts" / "m").is_dir(), bounds=bounds)
            program = [sys.executable, "-m", "threadsync", "-q", "apply", "--yes", "--first-run"]
            return _ran(base_url, program, root, posts)


# A1, A3: the mix.


def _mixed(setting: Setting) -> Path:
    """Return the project of the mix, which is written once."""
    root = setting.folder / "mix"
    if not root.exists():
        write_mix(root, mix(setting.size(MIX)))
    return root


@cache
def _mix_runs(setting: Setting) -> tuple[Run, ...]:
    root, posts = _mixed(setting), setting.size(MIX)
    return tuple(_applied(root, posts) for _ in range(setting.pairs))


def _wall(setting: Setting) -> Measured:
    runs, bound = _mix_runs(setting), bound_seconds(mix(setting.size(MIX)))
    most = max(run.counted.in_flight_max for run in runs)
    assert most <= CONNECTIONS, f"{most} calls were in flight at once"
    samples = tuple(Sample(run.counted.wall_seconds, bound) for run in runs)
    middle = sorted(run.counted.wall_seconds for run in runs)[len(runs) // 2]
    note = f"{middle:.2f} s; the bound is {bound:.2f} s; {runs[0].counted.preflight} calls of preflight"
    return Measured(samples, note)


def _calls(setting: Setting) -> Measured:
    runs, fewest = _mix_runs(setting), sum(post.calls for post in mix(setting.size(MIX)))
    samples = tuple(Sample(run.counted.calls, fewest) for run in runs)
    one = runs[0].counted
    note = (
        f"{one.calls} calls, at the fewest {fewest}: {one.creates} creates, {one.statuses} looks at "
        f"containers, {one.publishes} publishes, {one.reads} permalinks"
    )
    return Measured(samples, note)


# A2: in order.


def _ordered(setting: Setting) -> Measured:
    posts = mix(setting.size(MIX))
    root, bound = setting.folder / "ordered", ordered_bound_seconds(posts)
    if not root.exists():
        write_mix(root, posts, until=SystemClock().now())
    runs = [_applied(root, len(posts)) for _ in range(setting.pairs)]
    wanted = [post.text for post in posts]
    assert all(run.counted.shown == wanted for run in runs), "they came out in another order"
    samples = tuple(Sample(run.counted.wall_seconds, bound) for run in runs)
    return Measured(
        samples, f"the bound is {bound:.2f} s; each post has a time, a minute after the one before"
    )


# A4: other people's clients.

_Measure = Callable[[Setting], Measured | Unmeasured]


def _beside(package: str, script: str, *options: str, pairs_max: int) -> _Measure:
    """Return how A1 is measured beside the client of *package*."""

    def measure(setting: Setting) -> Measured | Unmeasured:
        python = VENVS / f"{package}-py{sys.version_info.major}.{sys.version_info.minor}" / "bin" / "python"
        if not python.exists():
            return Unmeasured(f"{package} is not here; `make live` makes an environment for it")
        posts = mix(setting.size(MIX))
        root, samples, theirs = _mixed(setting), [], []
        given = setting.folder / "posts.json"
        given.write_text(json.dumps([(post.text, _urls(post)) for post in posts]))
        for _ in range(min(setting.pairs, pairs_max)):
            ours = _applied(root, len(posts)).counted
            with _serving() as base_url:
                command = [str(python), str(PEERS / script), base_url, str(given), *options]
                theirs.append(_ran(base_url, command, setting.folder, len(posts)).counted)
            samples.append(Sample(ours.wall_seconds, theirs[-1].wall_seconds))
        one = theirs[0]
        note = f"theirs: {one.wall_seconds:.1f} s, {one.calls} calls, {one.connections} connections"
        if pairs_max == 1:
            note += "; measured once, because it takes so long"
        return Measured(tuple(samples), note)

    return measure


def _urls(post: Post) -> list[str]:
    return [f"http://127.0.0.1/m/{name}" for name in post.names]


# A6: many that wait.


@cache
def _waiting(setting: Setting) -> Run:
    size = setting.size(VIDEOS)
    root = setting.folder / "videos"
    if not root.exists():
        write_videos(root, size)
    return _applied(root, size, waits_for=size, bounds=f"actions_at_first_max: {size}")


def _workers(setting: Setting) -> Measured:
    note = "all are in progress until the last one was sent; a count, so measured once"
    return Measured((Sample(_waiting(setting).counted.in_flight_max, CONNECTIONS),), note)


def _memory(setting: Setting) -> Measured:
    return Measured((Sample(_waiting(setting).peak_mb),), "of the whole process; measured once")


TRIED_WALL = (
    "At a virtual clock, where calls alone take time, it is 1.13 × (1.33 × when 16 actions were under way at "
    "first and only one that went well let more in; 1.60 × when each picture was looked at as soon as it was "
    "made). What is left there are the second look and the calls after it, of all that was not ready at the "
    "first. With 1.2 ms of CPU for each call, in one process, it is 1.17 ×. The rest is this machine. Left "
    "out, because it buys too little: a shorter turn for each worker (2 %), urllib3 without requests (220 of "
    "450 µs a call, 6 % here), requests that are not prepared anew each time (81 of 388 µs a call), and "
    "looking every 0.4 s (2 % for 12 % more calls)."
)
TRIED_ORDER = (
    "In: the first look after 1.5 s and the next one 0.5 s later, 1.19 × to 1.145 ×. The second post holds "
    "back all others and is ready after 1.503 s, which suits that: over all media of the mix, what is ready "
    "is now seen 0.54 s later instead of 0.46 s, after 1.28 looks instead of 1.56. What is left lies between "
    "two publishes: 3.7 ms from one answer to the next request, and 0.7 ms that the server takes beyond its "
    "30. Of the 3.7, reading the answer takes 0.5, the flows and the API log 0.5, the record 0.8 (the "
    "receipt of the one and the intent of the next share a barrier, which has to be on the disk first; where "
    "a sync takes 4 ms it was 1.34 × before), asking for the permalink of the one before 0.7, making the "
    "request 0.6; the rest is the sockets'. Left out, for they buy too little: sending what others see "
    "before what else there is room for (0.24 ms, with the state in memory), that and not reading the file "
    "of a token again (0.65 ms, 1.115 ×; tried once more since, 1.16 × without and with it, 10 runs of each "
    "in turns on a busy machine), making rows of the API log later (they take 0.15 ms). That the other notes "
    "of a publication wait for the barrier too changes nothing."
)
TRIED_CALLS = (
    "The fewest possible looks at no text (120) and no carousel (20) and reads no permalink (200); "
    "Threads refuses texts that are published before they are ready, too. With those calls the fewest "
    "would be 960, 1.55 ×, and 16 looks at single pictures come too early (30 when the first came after 1 "
    "s). Own posts are listed a hundred at a time, but fresh ones are missing there for a while. Left "
    "out: publishing a text without a look, 120 calls fewer; where it is not ready, that costs a refused "
    "publish, another intent and 2 s."
)
MIXED = "`apply` of 200 posts (60 % text, 30 % picture, 10 % carousel of 4)"
ONE_BY_ONE = _beside("pythreads-0.2.1", "with_pythreads.py", "one-by-one", pairs_max=1)
GATHERED = _beside("pythreads-0.2.1", "with_pythreads.py", "gathered", pairs_max=5)
THREADS_CLIENT = _beside("threads-client-0.2.1", "with_threads_client.py", pairs_max=5)
ROWS = (
    Row("A1", f"{MIXED} against the critical path, 16 connections", 1.25, 1.12, _wall, tried=TRIED_WALL),
    Row("A2", f"{MIXED} in the order of their times", 1.10, 1.05, _ordered, tried=TRIED_ORDER),
    Row("A3", f"API calls of {MIXED} against the fewest possible", 1.6, 1.4, _calls, tried=TRIED_CALLS),
    Row("A4", "A1 beside `pythreads`, one post after the other, a look every 0.1 s", None, None, ONE_BY_ONE),
    Row("A4", "A1 beside `pythreads`, all posts gathered, a look every 0.1 s", None, None, GATHERED),
    Row("A4", "A1 beside `threads-client`, all posts gathered", None, None, THREADS_CLIENT),
    *JOURNAL_ROWS,
    Row("A6", "workers while 2,000 publications wait for video, of 16", 1.0, None, _workers),
    Row("A6", "peak memory of that `apply`", 150.0, None, _memory, "MB"),
)
