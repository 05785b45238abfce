"""A plan without changes is told again only while all that it was made from is as it was."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

import threadsync
from tests.operations.world import World, picture
from threadsync.content.project import PROJECT_FILE
from threadsync.content.walking import is_ignored
from threadsync.operations import unchanged
from threadsync.operations.caches import CACHE_DIRECTORY
from threadsync.operations.holding import freeze, hold
from threadsync.operations.plan import plan
from threadsync.operations.remembering import remember
from threadsync.operations.unchanged import KEPT_FILE, text_again
from threadsync.planning.actions import NoOp
from threadsync.views.plan_text import plan_text

TICK_NS = 20_000_000
"""Longer than a tick of the clock of a local file system."""
TRIES_MAX = 200

pytestmark = pytest.mark.skipif(os.name == "nt", reason="not tested on Windows: it keeps no plan")


def made(world: World, *, settled_ns: int = TICK_NS) -> tuple[str, bool]:
    """Plan the slow way; return the text, and whether it was kept."""
    began_ns = time.time_ns()
    workspace = world.workspace
    prepared = plan(workspace)
    text = plan_text(prepared, width=80, color=False)
    return text, remember(workspace.project, prepared, text, began_ns=began_ns, settled_ns=settled_ns)


def kept(world: World) -> str:
    """Plan again and again, until what was written last is older than a tick."""
    for _ in range(TRIES_MAX):
        text, is_kept = made(world)
        if is_kept:
            return text
    raise AssertionError("a plan without changes is kept")


def again(world: World, now_ns: int | None = None) -> str | None:
    """Return what a start would print without planning."""
    try:
        return text_again(str(world.root), time.time_ns() if now_ns is None else now_ns)
    except (OSError, ValueError):
        return None


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Some posts that are live: in a folder, with media in and outside of posts/, and a draft."""
    found = World(tmp_path)
    found.post("hello", "Good morning.")
    found.post("2026/later", "Good evening.", targets="threads/main, threads/brand")
    found.write("pictures/far.jpg", picture())
    found.write("posts/_set/near.jpg", picture("blue"))
    found.post("map", "A map\n\n![Far](/pictures/far.jpg)\n\n![Near](_set/near.jpg)")
    found.post("draft", "Not yet\n\n![A draft](/pictures/draft.jpg)", draft="true")
    found.write("pictures/draft.jpg", picture("green"))
    found.apply()
    return found


def test_what_was_kept_is_told_again_byte_for_byte(world: World) -> None:
    text = kept(world)
    assert text == (
        "No changes. 4 publications are as the files say.\n"
        "Last apply: 2026-11-21 12:00 UTC, by maria: 4 applied.\n"
    )
    assert again(world) == text


def test_the_names_are_those_of_the_rest_of_the_program() -> None:
    """The start loads nothing that could tell it."""
    assert (unchanged.PROJECT_FILE, Path(KEPT_FILE).parent.name) == (PROJECT_FILE, CACHE_DIRECTORY)
    assert all(is_ignored(f"{mark}folder") for mark in unchanged.SET_ASIDE), "what is not walked is no post"


# What makes it another plan.

CHANGES: dict[str, Callable[[World], object]] = {
    "a post is edited": lambda world: world.post("hello", "Good evening!"),
    "a post is touched": lambda world: (world.root / "posts/hello.md").touch(),
    "a post is added": lambda world: world.post("new", "New"),
    "a post is removed": lambda world: world.remove("hello"),
    "a post is renamed": lambda world: os.rename(world.root / "posts/hello.md", world.root / "posts/hi.md"),
    "a folder gets a post's name": lambda world: (world.root / "posts/folder.md").mkdir(),
    "a link appears": lambda world: (world.root / "posts/link.md").symlink_to("hello.md"),
    "a pipe appears": lambda world: os.mkfifo(world.root / "posts/pipe.md"),
    "a post becomes a link": lambda world: _linked(world.root / "posts/hello.md", world.root / "hello.md"),
    "the posts become a link": lambda world: _linked(world.root / "posts", world.root / "elsewhere"),
    "media elsewhere are written": lambda world: world.write("pictures/far.jpg", picture("black")),
    "media set aside are written": lambda world: world.write("posts/_set/near.jpg", picture("black")),
    "a draft's media vanish": lambda world: (world.root / "pictures/draft.jpg").unlink(),
    "a folder of media leaves the project": lambda world: _linked(
        world.root / "pictures", world.root.parent / f"{world.root.name}-outside"
    ),
    "the project file is touched": lambda world: (world.root / PROJECT_FILE).touch(),
    "the state is touched": lambda world: (world.root / "state/threadsync.json").touch(),
    "the state is gone": lambda world: (world.root / "state/threadsync.json").unlink(),
    "the state becomes a link": lambda world: _linked(world.root / "state", world.root / "old"),
    "everything is frozen": lambda world: freeze(world.workspace),
    "a post is held": lambda world: hold(world.workspace, ["hello"]),
    "a journal appears": lambda world: world.write("state/threadsync.json.journal", ""),
    "the state is locked": lambda world: world.write("state/threadsync.json.lock", "{}"),
}


def _linked(path: Path, to: Path) -> None:
    path.rename(to)
    path.symlink_to(to)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_of_anything_it_was_made_from_is_seen(
    world: World, change: Callable[[World], object]
) -> None:
    kept(world)
    change(world)
    assert again(world) is None


@pytest.mark.parametrize("name", ["TERM", "NO_COLOR", "COLUMNS", "PYTHONTZPATH"])
def test_what_shapes_the_text_is_part_of_it(world: World, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    kept(world)
    monkeypatch.setenv(name, "another")
    assert again(world) is None


def test_another_version_keeps_plans_of_its_own(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    kept(world)
    monkeypatch.setattr(threadsync, "__version__", "0.0.0")
    assert again(world) is None


def test_program_and_schemas_are_looked_at_too_since_a_checkout_changes_without_a_version(
    world: World,
) -> None:
    kept(world)
    found = (world.root / KEPT_FILE).read_bytes().partition(b"\0\0")[0].split(b"\0")
    package = Path(threadsync.__file__).parent
    assert b"t" + os.fsencode(package) in found
    assert b"t" + os.fsencode(package.parent / "schema") in found
    assert b"s" + os.fsencode(package.parent) in found, "where packages are installed"
    assert any(each.endswith(b"zoneinfo/UTC") for each in found)


def test_a_clock_that_was_set_back_is_seen_and_time_that_passes_changes_nothing(world: World) -> None:
    text = kept(world)
    made_ns = int((world.root / KEPT_FILE).read_bytes().split(b"\0")[1])
    assert again(world, made_ns - 1) is None
    for days in (1, 30, 600, 3000):
        assert again(world, made_ns + days * 86_400 * 10**9) == text
        assert plan_text(plan(world.workspace, at=_later(world, days)), width=80, color=False) == text


def _later(world: World, days: int) -> datetime:
    return world.clock.now() + timedelta(days=days)


def test_what_is_damaged_or_foreign_is_planned_anew(world: World) -> None:
    text = kept(world)
    place = world.root / KEPT_FILE
    whole = place.read_bytes()
    for at in [*range(200), *range(200, len(whole), 97), len(whole) - 1]:
        place.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert again(world) is None, at
    for foreign in (
        b"",
        b"\0\0",
        b"{}",
        whole[:-1],
        whole + b"\0",
        b"\xff" + whole,
        b"a\0b\0\0",
        os.urandom(99),
    ):
        place.write_bytes(foreign)
        assert again(world) is None
    place.unlink()
    place.mkdir()
    assert again(world) is None
    place.rmdir()
    shutil.rmtree(place.parent)
    assert again(world) is None
    assert kept(world) == text
    assert again(world) == text


# What is not kept.


def test_a_file_that_was_written_just_now_may_change_within_the_same_tick_so_nothing_is_kept(
    world: World,
) -> None:
    """Not for three seconds, by default: FAT's clock ticks every two."""
    began_ns = time.time_ns()
    workspace = world.workspace
    prepared = plan(workspace)
    for began, now, is_kept in (
        (began_ns, began_ns, False),
        (began_ns - 10**9, began_ns, False),
        (began_ns + 4 * 10**9, began_ns, False),
    ):
        done = remember(workspace.project, prepared, "text", began_ns=began, now_ns=lambda now=now: now)  # type: ignore[misc]
        assert done is is_kept
        assert again(world) is None


def test_a_clock_far_from_that_of_the_file_system_keeps_nothing(world: World) -> None:
    kept(world)
    workspace = world.workspace
    prepared = plan(workspace)
    ahead_ns = time.time_ns() + 3600 * 10**9
    assert not remember(workspace.project, prepared, "text", began_ns=ahead_ns, now_ns=lambda: ahead_ns)
    assert again(world) is None


def not_kept(world: World) -> bool:
    for _ in range(3):
        began_ns = time.time_ns()
        workspace = world.workspace
        prepared = plan(workspace)
        # All of it was as it is for long enough, says the caller: what else there is decides.
        if remember(workspace.project, prepared, "text", began_ns=began_ns, settled_ns=-(10**9)):
            return False
    return True


REASONS: dict[str, Callable[[World], object]] = {
    "something is to be done": lambda world: world.post("new", "New"),
    "something waits": lambda world: world.post("new", "New", publish="2027-12-03 08:30"),
    "something is blocked": lambda world: world.post("hello", "Other"),
    "a file has errors": lambda world: world.write("posts/bad.md", "---\ntragets: x\n---\nHello\n"),
    "a file has a warning": lambda world: world.post("new", "New", draft="true", media="[/pictures/far.jpg]"),
    "there is no state": lambda world: shutil.rmtree(world.root / "state"),
    "the state is locked": lambda world: world.write("state/threadsync.json.lock", "{}"),
    "a link is in the posts": lambda world: (world.root / "posts/notes.txt").symlink_to("hello.md"),
    "the state is a link": lambda world: _linked(world.root / "state", world.root / "old"),
}


@pytest.mark.parametrize("reason", REASONS.values(), ids=REASONS)
def test_only_what_is_certain_is_kept(world: World, reason: Callable[[World], object]) -> None:
    reason(world)
    assert not_kept(world)


def test_nothing_is_kept_of_a_plan_that_another_package_had_a_say_in(world: World) -> None:
    """Its code may change without a stamp that is looked at: it may be somewhere else altogether."""
    kept(world)
    workspace = world.workspace
    prepared = plan(workspace)
    targets = {name: replace(each, provider="toy") for name, each in workspace.project.targets.items()}
    foreign = replace(workspace.project, targets=targets)
    settled_ns = -(10**9)  # all counts as settled
    for project, is_kept in ((foreign, False), (workspace.project, True)):
        done = remember(project, prepared, "text", began_ns=time.time_ns(), settled_ns=settled_ns)
        assert done is is_kept


def test_a_folder_that_may_not_be_written_is_no_failure(world: World) -> None:
    shutil.rmtree(world.root / CACHE_DIRECTORY)
    world.write(CACHE_DIRECTORY, "a file in its place")
    assert not_kept(world)
    assert all(isinstance(action, NoOp) for action in world.plan().values())


# Any life.

STEPS: dict[str, Callable[[World, str], object]] = {
    "edit": lambda world, key: _write(world, key, "Good morning?"),
    "edit back": lambda world, key: _write(world, key, "Good morning."),
    "rename": lambda world, key: os.replace(world.root / f"posts/{key}.md", world.root / "posts/moved.md"),
    "rename back": lambda world, key: os.replace(
        world.root / "posts/moved.md", world.root / f"posts/{key}.md"
    ),
    "touch": lambda world, key: os.utime(world.root / f"posts/{key}.md"),
    "back-date": lambda world, key: os.utime(world.root / f"posts/{key}.md", ns=(10**18, 10**18)),
    "remove": lambda world, key: (world.root / f"posts/{key}.md").unlink(),
    "set aside": lambda world, key: shutil.copytree(world.root / "posts", world.root / "aside"),
    "restore": lambda world, key: _restored(world),
    "media": lambda world, key: world.write("pictures/far.jpg", picture(key)),
    "time": lambda world, key: world.clock.sleep(86_400.0),
    "apply": lambda world, key: world.apply(),
    "nothing": lambda world, key: None,
}


def _write(world: World, key: str, text: str) -> None:
    """Write in place, as long as before, with the times that it had: only its inode's own time tells."""
    path = world.root / f"posts/{key}.md"
    before = path.stat()
    path.write_text(f"---\nkey: {key}\ntargets: [threads/main]\n---\n{text}\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _restored(world: World) -> None:
    """Put back what was set aside, with its times, as a backup does."""
    os.stat(world.root / "aside")
    shutil.rmtree(world.root / "posts")
    os.replace(world.root / "aside", world.root / "posts")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(STEPS)), st.sampled_from(["red", "blue"]), st.booleans()),
        min_size=3,
        max_size=9,
    )
)
def test_a_plan_with_the_cache_is_always_the_plan_without_it(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str, bool]]
) -> None:
    """Edit, rename, touch, restore, back-date, apply, in any order, with plans in between or not."""
    world = World(tmp_path_factory.mktemp("life"))
    for key in ("red", "blue"):
        world.post(key, "Good morning.")
    world.write("pictures/far.jpg", picture())
    world.post("map", "A map\n\n![Far](/pictures/far.jpg)")
    world.apply()
    if steps[0][2]:
        kept(world)
    for name, key, plans in steps:
        try:
            STEPS[name](world, key)
        except OSError:
            continue  # there is nothing to rename, or it is set aside already
        told = again(world)
        for _ in range(5 if plans else 1):
            text, is_kept = made(world)
            assert told in {None, text}, name
            assert again(world) == (text if is_kept else None) or not is_kept
            told = again(world)


# What it costs, in counts.


def test_an_unchanged_file_is_statted_once_and_never_opened(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = kept(world)
    statted: list[str] = []
    opened: list[str] = []

    class Entry:
        def __init__(self, entry: os.DirEntry[str]) -> None:
            self.entry, self.name, self.path = entry, entry.name, entry.path
            self.is_file, self.is_dir = entry.is_file, entry.is_dir

        def stat(self, *, follow_symlinks: bool) -> os.stat_result:
            statted.append(self.path)
            return self.entry.stat(follow_symlinks=follow_symlinks)

    class Listing:
        def __init__(self, path: str) -> None:
            self.entries = scandir(path)

        def __enter__(self) -> list[Entry]:
            with self.entries as entries:
                return [Entry(each) for each in entries]

        def __exit__(self, *_: object) -> None: ...

    def counted(path: str, **how: bool) -> os.stat_result:
        statted.append(path)
        return stat(path, **how)

    def reading(path: str, mode: str) -> object:
        opened.append(path)
        return open(path, mode)

    scandir, stat = os.scandir, os.stat
    with monkeypatch.context() as patched:
        patched.setattr(os, "scandir", Listing)
        patched.setattr(os, "stat", counted)
        patched.setattr(unchanged, "open", reading, raising=False)
        assert again(world) == text
    assert opened == [str(world.root / KEPT_FILE)]
    assert len(statted) == len(set(statted)), "each once"
    ours = {
        Path(each).relative_to(world.root).as_posix()
        for each in statted
        if Path(each).is_relative_to(world.root)
    }
    assert ours == {
        *(f"posts/{each}.md" for each in ("hello", "2026/later", "map", "draft")),
        *("pictures/far.jpg", "posts/_set/near.jpg", "pictures/draft.jpg", "threadsync.yaml"),
        *(f"state/threadsync.json{each}" for each in ("", ".journal", ".lock")),
    }


def test_the_first_file_that_was_changed_ends_the_look(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is told again then, and whoever plans looks at everything once more."""
    kept(world)
    for number in range(5):
        world.write(f"posts/far/{number}/x.txt", "")
    assert kept(world)
    (world.root / "posts/hello.md").touch()
    listed: list[str] = []
    scandir = os.scandir

    def counted(path: str) -> object:
        listed.append(path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", counted)
    assert again(world) is None
    assert listed == [str(world.root / "posts")]
