"""``plan`` from the outside, as it is typed: P1 to P6.

*Warm* is the second plan of a project in which nothing has changed. *Cold* is a plan that knows nothing but
the facts of media: whatever else lies in ``.threadsync/`` is removed before it.
"""

from __future__ import annotations

import shutil
import sys
from functools import cache
from pathlib import Path

from benchmarks.corpus import POSTS, beginning
from benchmarks.measure import Pairs, Used, in_turns, installed, peaks, said, seconds, used
from benchmarks.rows import Measured, Row, Sample, Setting, Unmeasured
from threadsync.execution.clock import SystemClock
from threadsync.operations.remembering import SETTLED_NS

SMALL, LARGE, HUGE = 1_000, 10_000, 100_000
PAIRS_HUGE_MAX = 3
"""Of the 100,000 posts; each of these plans takes long."""
CHANGED = 10
SETTLED_SECONDS = SETTLED_NS / 1e9 + 0.1
"""No cache remembers a file that was written less long ago; see ``threadsync.operations.remembering``."""
MEDIA_FACTS = "media.json"
_FEWER = f"{PAIRS_HUGE_MAX} pairs at most"

WALK = """
import os, sys
found, folders = [], [sys.argv[1]]
while folders:
    with os.scandir(folders.pop()) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.path)
            elif entry.name.endswith((".md", ".jpg")):
                stat = entry.stat(follow_symlinks=False)
                found.append((entry.path, stat.st_size, stat.st_mtime_ns, stat.st_ino))
"""
"""The least that a plan of unchanged files must do: walk their tree and stat every file in it."""

HUGO_SITE = 'contentDir = "{posts}"\ndisableKinds = ["taxonomy", "term", "RSS", "sitemap"]\n'
_TRIED_COLD = (
    "in: posts read by several processes; they compare each with the state, and of one that is live as its "
    "file says only the addresses come back; each step done for 30 files before the next, so that its code "
    "stays in the processor's cache (300 µs of CPU time a post became 230); a state's bindings read when "
    "they are asked for. Together these took 3.55 s of CPU time on one core to 2.76 s. What is live as its "
    "file says is not held against the rules of its network: 2.54 s to 2.34 s in two processes. What is left "
    "of a post, of 160 µs in one process: what it says on each target 65, YAML 47, two bindings and "
    "comparing with them 30, its file 9, its body 8, its schema 2. Of 1.45 s from start to end 0.42 are one "
    "after the other: keeping what the next plan needs 0.16, loading the program 0.12, the state 0.06, the "
    "plan 0.06. Left out, for it buys too little: smaller steps (front matter, YAML and body each by "
    "itself), 8 µs; where keys stand in YAML only when it is asked for, 18 µs; the same held as bare "
    "numbers, 2 µs, or as the parser's own marks, 2 µs; a state's shapes read by the keys that are there, "
    "and its texts not interned, nothing; fewer calls in the reader of YAML, nothing; what carries nothing "
    "but a topic told at once, 2 µs; fewer imports, 1 µs; what a text means found only when it is asked for, "
    "2 µs, for texts here hold no signs. Structs for dataclasses: 3.3 s to 2.9 s of CPU time in one process; "
    "without the collector's head no less; the JSON of a state read by msgspec, 2 µs"
)
_TRIED_CURVE = (
    "CPU time of the parts for 1,000, 10,000 and 100,000 posts, in one process: reading the state 0.03, "
    "0.35, 4.0 s; the posts 0.17, 1.8, 17.5 s; what each network gets 0.05, 0.51, 5.3 s; planning 0.03, "
    "0.37, 4.4 s. No step is quadratic; state and plan take a fifth more a post, for they outgrow the caches"
)
_TRIED_PEAK = (
    "137 MB became 86: nothing is held of what is live but its addresses, the posts' ids and their media; a "
    "state's bindings are read when they are asked for; JSON is written a part at a time (all at once took "
    "10 MB for a moment). The program is 42 of it, the bytes of the state 13. Left out: Structs without the "
    "collector's head, 3 MB less"
)
NO_HUGO = "`hugo` is not installed: `apt-get install hugo`"


@cache
def corpus(setting: Setting, posts: int) -> Path:
    """Return a project of *posts* posts (shrunk as *setting* says), made once, with all of it live."""
    size = setting.size(posts)
    root = setting.folder / f"corpus-{size}"
    said((sys.executable, "-m", "benchmarks.corpus", str(size), str(root)), setting.folder)
    installed(root.parent)  # now, for a plan that is to be kept depends on the program's files too
    SystemClock().sleep(SETTLED_SECONDS)
    return warmed(root)  # from now on the facts of its media are known


def _plan(root: Path) -> tuple[str, ...]:
    return installed(root.parent), "plan"


def chill(root: Path) -> None:
    """Let the next plan of the project in *root* know nothing but the facts of its media, if it has any."""
    for path in list((root / ".threadsync").glob("*")):
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != MEDIA_FACTS:
            path.unlink()


def warmed(root: Path) -> Path:
    """Plan once, so that the next plan of the project in *root* is a warm one."""
    assert "No changes" in said(_plan(root), root), "all of the corpus is live"
    return root


def warm_plan(root: Path) -> Used:
    """Plan a project that was planned before."""
    return used(_plan(root), root)


def cold_plan(root: Path) -> Used:
    """Plan a project of which nothing but the facts of its media is known."""
    chill(root)
    return used(_plan(root), root)


def walk(root: Path) -> Used:
    """Walk and stat the posts in *root* with a bare Python."""
    return used((sys.executable, "-I", "-S", "-c", WALK, str(root / POSTS)), root)


@cache
def _warm(setting: Setting, posts: int) -> Pairs:
    root = warmed(corpus(setting, posts))
    pairs = min(setting.pairs, PAIRS_HUGE_MAX) if posts == HUGE else setting.pairs
    return in_turns(lambda: warm_plan(root), lambda: walk(root), pairs)


def warm_large(setting: Setting) -> Measured:
    """P1."""
    return Measured(seconds(_warm(setting, LARGE)))


def warm_huge(setting: Setting) -> Measured:
    """P2, its time."""
    return Measured(seconds(_warm(setting, HUGE)), _FEWER)


def warm_huge_peak(setting: Setting) -> Measured:
    """P2, its memory."""
    return Measured(tuple(Sample(ours.peak_mb) for ours, _ in _warm(setting, HUGE)), _FEWER)


def few_changed(setting: Setting) -> Measured:
    """P3. The files are put back after each pair, and the next one begins warm."""
    root = corpus(setting, LARGE)
    files = sorted((root / POSTS).rglob("*.md"))
    before = {path: path.read_text() for path in files[:: max(len(files) // CHANGED, 1)]}
    samples: list[Sample] = []
    for _ in range(setting.pairs):
        warm = warm_plan(warmed(root))
        for path, text in before.items():
            path.write_text(beginning(text, "Changed."))
        samples.append(Sample(warm_plan(root).seconds, warm.seconds))
        for path, text in before.items():
            path.write_text(text)
        SystemClock().sleep(SETTLED_SECONDS)
    return Measured(tuple(samples))


@cache
def _cold_and_hugo(setting: Setting) -> Pairs | None:
    """Measure a cold plan against hugo; None where there is none."""
    hugo = shutil.which("hugo")
    if hugo is None:
        return None
    root = corpus(setting, LARGE)
    site = setting.folder / "site"
    site.mkdir()
    (site / "config.toml").write_text(HUGO_SITE.format(posts=root / POSTS))
    command = (hugo, "list", "all", "-s", str(site))
    listed = said(command, site).count(".md,")
    assert listed == setting.size(LARGE), f"hugo lists {listed} posts"
    return in_turns(lambda: cold_plan(root), lambda: used(command, site), setting.pairs)


def cold(setting: Setting) -> Measured | Unmeasured:
    """P4."""
    pairs = _cold_and_hugo(setting)
    return Unmeasured(NO_HUGO) if pairs is None else Measured(seconds(pairs))


def cold_peak(setting: Setting) -> Measured | Unmeasured:
    """P6."""
    pairs = _cold_and_hugo(setting)
    return Unmeasured(NO_HUGO) if pairs is None else Measured(peaks(pairs))


def curve(setting: Setting) -> Measured:
    """P5: with everything bound in the state, two publications a post."""
    small, large, huge = (corpus(setting, posts) for posts in (SMALL, LARGE, HUGE))
    pairs = in_turns(lambda: cold_plan(huge), lambda: cold_plan(large), min(setting.pairs, PAIRS_HUGE_MAX))
    measured = Measured(seconds(pairs))
    low = Measured(tuple(Sample(cold_plan(small).seconds) for _ in range(setting.pairs)))
    middle = Measured(tuple(Sample(sample.other) for sample in measured.samples))
    high = Measured(tuple(Sample(sample.ours) for sample in measured.samples))
    each = ", ".join(
        f"{size:,}: {found.figure:.2f} s ({found.figure / size * 1e6:.0f} µs a post)"
        for size, found in zip(map(setting.size, (SMALL, LARGE, HUGE)), (low, middle, high), strict=True)
    )
    return Measured(measured.samples, f"{each}; 2 bindings a post; {_FEWER}")


TRIED_FEW = (
    "only what changed, waits or is connected with that is read; the CPU time went from 3.8 s to 0.45 s, and "
    "with Structs for dataclasses to 0.32 s; that the look at what may be told again ends at the first file "
    "changed since made it 0.26 s. What is left is loading the program, 0.1 s (our own modules take a third "
    "of it, Click, PyYAML, msgspec, regex and jsonschema-rs another; none of them a tenth of the plan), and "
    "one whole look at the tree, 0.04 s. Left out, because each buys less than 10 %: a denser form of what "
    "is kept than JSON (0.02 s), reading that JSON with msgspec (0.01 s), loading less of what only apply "
    "needs (0.02 s)."
)

ROWS = (
    Row("P1", "warm no-op `plan` of 10,000 posts : a bare walk and stat", 2.0, 1.5, warm_large),
    Row("P2", "warm no-op `plan` of 100,000 posts : a bare walk and stat", 1.5, 1.4, warm_huge),
    Row("P2", "peak memory of a warm `plan` of 100,000 posts", 100.0, None, warm_huge_peak, "MB"),
    Row(
        "P3",
        "`plan` after 10 of 10,000 files changed : warm no-op `plan`",
        3.0,
        2.0,
        few_changed,
        tried=TRIED_FEW,
    ),
    Row(
        "P4",
        "cold `plan` of 10,000 posts : `hugo list all` of the same files",
        1.0,
        0.65,
        cold,
        tried=_TRIED_COLD,
    ),
    Row("P5", "cold `plan` of 100,000 posts : of 10,000", 10.5, None, curve, tried=_TRIED_CURVE),
    Row(
        "P6",
        "peak memory of a cold `plan` of 10,000 posts : of `hugo`",
        0.4,
        0.25,
        cold_peak,
        tried=_TRIED_PEAK,
    ),
)
