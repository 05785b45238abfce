"""Looking again and again: each look finds what a first one would, and only what changed is read and seen."""

from __future__ import annotations

import gc
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.operations.world import PROJECT, World, picture
from threadsync.content.loader import Said
from threadsync.errors import ThreadsyncError
from threadsync.media import cache
from threadsync.media.cache import GRANULARITY_SECONDS, Stamp
from threadsync.model.diagnostic import Diagnostic
from threadsync.model.post import Publication
from threadsync.operations import memory as module
from threadsync.operations.memory import Memory
from threadsync.operations.preview import Preview, preview
from threadsync.providers.base import Permalinks
from threadsync.providers.threads.provider import ThreadsProvider
from threadsync.statefile import files

TICK_NS = 20_000_000
"""Longer than a tick of the clock of a local file system."""
SETTLED = 2**62
"""A wall clock (in nanoseconds) far after every time stamp of the tests' files."""

stamps_tell = pytest.mark.skipif(not module.STAMPS_TELL, reason="every file is read where no time tells")


def a_tick_behind() -> int:
    """The wall clock, as if file systems were no coarser than they are here."""
    return time.time_ns() + GRANULARITY_SECONDS * 10**9 - TICK_NS


def look(world: World, memory: Memory) -> Preview:
    workspace = memory.within(world.workspace)
    return preview(workspace, memory.state(workspace))


def first_look(world: World) -> Preview:
    """What one sees who knows nothing."""
    workspace = world.workspace
    return preview(workspace, workspace.store.read().state)


@dataclass
class Counts:
    """What was done since the last look."""

    read: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    checked: list[str] = field(default_factory=list)
    probed: list[str] = field(default_factory=list)
    states: list[str] = field(default_factory=list)

    def since(self) -> dict[str, list[str]]:
        """Return what is not empty, and begin anew."""
        found = {name: sorted(each) for name, each in vars(self).items() if each}
        for each in vars(self).values():
            each.clear()
        return found


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> Counts:
    counts = Counts()
    read_bytes, said_in, probe, open_document = (
        module.read_bytes,
        module.said_in,
        cache.probe,
        files.open_document,
    )

    def reading(path: str, file: str) -> bytes | Diagnostic:
        counts.read.append(file)
        return read_bytes(path, file)

    def saying(text: str | Diagnostic, file: object, *more: object) -> Said:
        counts.said.append(file.file)  # type: ignore[attr-defined]
        return said_in(text, file, *more)  # type: ignore[arg-type]

    def probing(path: Path) -> object:
        counts.probed.append(path.name)
        return probe(path)

    def opening(data: bytes, where: str) -> object:
        counts.states.append(Path(where).name)
        return open_document(data, where)

    def checking(self: ThreadsProvider, publication: Publication, links: Permalinks) -> list[Diagnostic]:
        counts.checked.append(str(publication.address))
        return check(self, publication, links)

    check = ThreadsProvider.check
    monkeypatch.setattr(module, "read_bytes", reading)
    monkeypatch.setattr(module, "said_in", saying)
    monkeypatch.setattr(cache, "probe", probing)
    monkeypatch.setattr(files, "open_document", opening)
    monkeypatch.setattr(ThreadsProvider, "check", checking)
    return counts


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Some posts that are live, one that links to another, a picture, and a draft."""
    found = World(tmp_path)
    found.post("hello", "Good morning.")
    found.post("later", "Good evening.", targets="threads/main, threads/brand")
    found.post("more", "See {{ links['hello@threads/main'] }}")
    found.write("pictures/map.jpg", picture())
    found.post("map", "A map\n\n![Map](/pictures/map.jpg)")
    found.post("draft", "Not yet", draft="true")
    found.apply()
    return found


# What it costs, in counts.


@stamps_tell
def test_of_files_that_are_as_they_were_none_is_opened(world: World, counts: Counts) -> None:
    memory = Memory(lambda: SETTLED)
    look(world, memory)
    every = [f"posts/{key}.md" for key in ("draft", "hello", "later", "map", "more")]
    found = counts.since()
    assert (found["read"], found["said"], found["states"]) == (every, every, ["threadsync.json"])
    look(world, memory)
    assert counts.since() == {"probed": ["map.jpg"]}, "its times are too new to be relied on"


@stamps_tell
def test_of_one_that_was_saved_it_alone_is_read_and_seen(world: World, counts: Counts) -> None:
    memory = Memory(lambda: SETTLED)
    look(world, memory)
    world.post("later", "Good evening again.", targets="threads/main, threads/brand")
    counts.since()
    found = look(world, memory)
    assert counts.since() == {
        "read": ["posts/later.md"],
        "said": ["posts/later.md"],
        "checked": ["later@threads/brand"],
        "probed": ["map.jpg"],
    }
    assert found == first_look(world)


def test_a_file_that_was_just_written_is_read_again_and_said_anew_only_if_it_says_something_else(
    world: World, counts: Counts
) -> None:
    memory = Memory(lambda: 0)
    look(world, memory)
    (world.root / "posts/hello.md").touch()
    counts.since()
    look(world, memory)
    found = counts.since()
    assert len(found["read"]) == 5
    assert "said" not in found
    assert "checked" not in found


def test_a_write_that_leaves_the_same_stamp_within_the_clocks_tick_is_seen(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_ns = time.time_ns()
    monkeypatch.setattr(module, "stamp_of", lambda _: Stamp(1, 1, now_ns, now_ns))
    memory = Memory(lambda: now_ns)
    look(world, memory)
    world.post("hello", "Good morning!")
    assert look(world, memory) == first_look(world)


def test_a_write_of_the_same_length_that_puts_the_time_back_is_seen(world: World) -> None:
    memory = Memory(lambda: SETTLED)
    path = world.root / "posts/hello.md"
    look(world, memory)
    before = path.stat()
    path.write_text(path.read_text().replace("Good morning.", "Good morning!"))
    while path.stat().st_ctime_ns == before.st_ctime_ns:
        os.utime(path)  # until the file system's clock has ticked
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert look(world, memory) == first_look(world)


def test_where_no_time_tells_of_every_change_each_file_is_read_and_none_said_anew(
    world: World, counts: Counts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STAMPS_TELL", False)  # Windows
    memory = Memory(lambda: SETTLED)
    look(world, memory)
    counts.since()
    look(world, memory)
    found = counts.since()
    assert (len(found["read"]), "said" in found) == (5, False)


def test_a_post_is_said_anew_when_what_it_shows_changes_appears_or_goes(world: World, counts: Counts) -> None:
    memory = Memory(lambda: SETTLED)
    look(world, memory)
    for change in (
        lambda: world.write("pictures/map.jpg", picture("blue")),
        (world.root / "pictures/map.jpg").unlink,
        lambda: world.write("pictures/maps.jpg", picture()),  # "Did you mean"
        lambda: world.write("pictures/map.jpg", picture()),
    ):
        change()
        counts.since()
        found = look(world, memory)
        assert counts.since()["said"] == ["posts/map.md"]
        assert found == first_look(world)


def test_another_project_file_makes_everything_anew(world: World, counts: Counts) -> None:
    memory = Memory(lambda: SETTLED)
    look(world, memory)
    counts.since()
    world.write("threadsync.yaml", PROJECT + "defaults: {tags: [transit]}\n")
    found = look(world, memory)
    assert len(counts.since()["said"]) == 5
    assert found == first_look(world)


def test_a_state_is_read_from_its_bytes_once(world: World, counts: Counts) -> None:
    memory = Memory(lambda: SETTLED)
    before = look(world, memory)
    counts.since()
    state = world.root / "state/threadsync.json"
    os.utime(state, ns=(10**18, 10**18))
    assert look(world, memory).prepared.prior is before.prepared.prior
    assert "states" not in counts.since()
    older = state.read_bytes()
    world.post("new", "New")
    world.apply()
    assert look(world, memory) == first_look(world)
    state.write_bytes(older)
    assert look(world, memory) == first_look(world)


def test_a_link_is_seen_anew_when_its_post_gets_an_address(tmp_path: Path, counts: Counts) -> None:
    world, memory = World(tmp_path), Memory(lambda: SETTLED)
    world.post("hello", "Good morning.")
    world.post("more", "See {{ links['hello@threads/main'] }}")
    look(world, memory)
    world.apply("hello")
    counts.since()
    found = look(world, memory)
    assert counts.since()["checked"] == ["more@threads/main"]
    assert found == first_look(world)


def test_what_stays_as_it_is_is_the_very_same_action(world: World) -> None:
    memory = Memory()
    before = {action.address: action for action in look(world, memory).prepared.plan.actions}
    world.post("hello", "Good morning!")
    after = {action.address: action for action in look(world, memory).prepared.plan.actions}
    assert [address.key for address in after if after[address] is not before[address]] == ["hello"]


def test_what_is_remembered_is_of_the_last_look_alone(world: World) -> None:
    """So that it grows with the project, and not with time."""
    memory = Memory()
    sizes = set()
    for number in range(6):
        world.post(f"many/{number}", f"Words {number}\n\n![Map](/pictures/{number}.jpg)")
        world.write(f"pictures/{number}.jpg", picture())
        look(world, memory)
        (world.root / f"pictures/{number}.jpg").unlink()
        world.remove(f"many/{number}")
        look(world, memory)
        gc.collect()
        sizes.add(sum(isinstance(each, Said | Publication | Stamp) for each in gc.get_objects()))
    assert len(sizes) == 1


# Any life.

KEYS = ("red", "blue")


def _write(world: World, key: str, text: str, front: str = "") -> None:
    """Write in place with the times that it had: only its inode's own time tells."""
    path = world.root / f"posts/{key}.md"
    before = path.stat()
    path.write_text(f"---\nkey: {key}\ntargets: [threads/main, threads/brand]\n{front}---\n{text}\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _replaced(world: World, name: str, to: str) -> None:
    os.replace(world.root / name, world.root / to)


def _swapped(world: World) -> None:
    _replaced(world, "posts/red.md", "posts/_aside.md")
    _replaced(world, "posts/blue.md", "posts/red.md")
    _replaced(world, "posts/_aside.md", "posts/blue.md")


def _checked_out(world: World) -> None:
    """Change to the other branch, which has what was there before, with the times that it had."""
    branch = world.root / "branch"
    if not branch.exists():
        shutil.copytree(world.root / "posts", branch)
    _replaced(world, "posts", "other")
    _replaced(world, "branch", "posts")
    _replaced(world, "other", "branch")


def _state(world: World, change: Callable[[Path], object]) -> None:
    state = world.root / "state/threadsync.json"
    kept = world.root / "kept.json"
    if not kept.exists():
        shutil.copy(state, kept)
    change(state)


STEPS: dict[str, Callable[[World, str], object]] = {
    "edit": lambda world, key: _write(world, key, "Good morning?"),
    "edit back": lambda world, key: _write(world, key, "Good morning."),
    "break": lambda world, key: _write(world, key, "Good morning.", "publish: 2x\n"),
    "half-written": lambda world, key: world.write(f"posts/{key}.md", "---\ntargets: [thr"),
    "empty": lambda world, key: world.write(f"posts/{key}.md", ""),
    "far ahead": lambda world, key: _write(world, key, "Good morning.", "publish: 2028-05-28 12:00\n"),
    "draft": lambda world, key: _write(world, key, "Good morning.", "draft: true\n"),
    "link": lambda world, key: _write(world, key, "See {{ links['map@threads/main'] }}"),
    "reply": lambda world, key: _write(world, key, "Good morning?", "reply_to: blue\n"),
    "fit": lambda world, key: _write(world, key, "![Map](/pictures/far.jpg)", "fit: true\n"),
    "same key": lambda world, key: _write(world, "blue", "Good morning?", "notes: x\nkey: red\n"),
    "rename": lambda world, key: _replaced(world, f"posts/{key}.md", "posts/moved.md"),
    "rename back": lambda world, key: _replaced(world, "posts/moved.md", f"posts/{key}.md"),
    "swap": lambda world, key: _swapped(world),
    "touch": lambda world, key: os.utime(world.root / f"posts/{key}.md"),
    "back-date": lambda world, key: os.utime(world.root / f"posts/{key}.md", ns=(10**18, 10**18)),
    "remove": lambda world, key: (world.root / f"posts/{key}.md").unlink(),
    "folder": lambda world, key: (world.root / f"posts/{key}.md").mkdir(),
    "symlink": lambda world, key: (world.root / "posts/link.md").symlink_to(f"{key}.md"),
    "check out": lambda world, key: _checked_out(world),
    "media": lambda world, key: world.write("pictures/far.jpg", picture(key)),
    "no media": lambda world, key: (world.root / "pictures/far.jpg").unlink(),
    "project": lambda world, key: world.write("threadsync.yaml", f"{PROJECT}defaults: {{tags: [{key}]}}\n"),
    "project back": lambda world, key: world.write("threadsync.yaml", PROJECT),
    "no cache": lambda world, key: shutil.rmtree(world.root / ".threadsync"),
    "older state": lambda world, key: _state(
        world, lambda state: shutil.copy(world.root / "kept.json", state)
    ),
    "no state": lambda world, key: _state(world, lambda state: state.unlink()),
    "time": lambda world, key: world.clock.sleep(86_400.0),
    "apply": lambda world, key: world.apply(),
    "nothing": lambda world, key: None,
}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(STEPS)), st.sampled_from(KEYS), st.booleans()),
        min_size=4,
        max_size=12,
    )
)
def test_a_look_with_memory_is_always_the_look_without_it(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str, bool]]
) -> None:
    """Edit, rename, restore, back-date, check out, apply, in any order, with looks in between or not."""
    world, memory = World(tmp_path_factory.mktemp("life")), Memory(a_tick_behind)
    for key in KEYS:
        world.post(key, "Good morning.", targets="threads/main, threads/brand")
    world.write("pictures/far.jpg", picture())
    world.post("map", "A map\n\n![Far](/pictures/far.jpg)")
    world.apply()
    look(world, memory)
    for name, key, looks in steps:
        try:
            STEPS[name](world, key)
        except (OSError, ThreadsyncError):
            continue  # there is nothing to rename, or nothing is applied while a file has errors
        if looks:
            assert look(world, memory) == first_look(world), name
    assert look(world, memory) == first_look(world)
    assert look(world, memory) == first_look(world)
