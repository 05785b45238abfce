"""A state that is not what it was: every command refuses, nothing is sent, and the remedy leads back."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Run, runner
from tests.cli.mending import (
    READERS,
    STATE,
    Lived,
    Person,
    a_folder,
    a_pipe,
    refused,
    sealed,
    shell,
    whole,
    words,
)
from tests.rights import modes_in_force
from threadsync.model.ids import Json
from threadsync.statefile import codec, files


@pytest.fixture
def world(tmp_path: Path) -> Lived:
    found = Lived(tmp_path)
    found.live_on()
    return found


Damage = Callable[[bytes], bytes]


def cut(share: float) -> Damage:
    return lambda good: good[: int(len(good) * share)]


STATE_DAMAGES: dict[str, tuple[Damage, str]] = {
    "empty": (lambda _: b"", "it is empty"),
    "only blanks": (lambda _: b"\n \n", "it is empty"),
    "cut off at its start": (cut(0.01), "it ends in the middle: it was cut off"),
    "cut off in the middle": (cut(0.5), "it ends in the middle"),
    "cut off near its end": (cut(0.95), "it ends in the middle"),
    "cut off, then zeros": (lambda good: good[:900] + bytes(100), "it ends in the middle"),
    "zeros": (lambda good: bytes(len(good)), "it"),
    "a byte flipped in a text": (lambda good: good.replace(b"First", b"Firsu"), "its checksum is wrong"),
    "a byte flipped in the shape": (lambda good: good.replace(b"{", b"[", 1), "it is not JSON"),
    "the checksum edited": (lambda good: good.replace(b"sha256:", b"sha256:0"), "its checksum is wrong"),
    "the serial edited": (lambda good: good.replace(b'"serial": 3', b'"serial": 9'), "its checksum is wrong"),
    "JSON of another shape": (lambda _: b'{"name": "left-pad"}', "it has no version"),
    "a list": (lambda _: b"[]", "not an object"),
    "a wrong shape well sealed": (lambda _: sealed({"version": 1}), "its shape is wrong at lineage"),
    "an editor's byte-order mark": (lambda good: b"\xef\xbb\xbf" + good, "it is not JSON"),
    "not UTF-8": (lambda good: good.decode().encode("utf-16"), "it is not JSON"),
    "a pointer of git's large files": (lambda _: b"version https://git-lfs.github.com/spec/v1\n", "not JSON"),
}


@pytest.mark.parametrize("name", STATE_DAMAGES)
def test_a_damaged_state_is_refused_and_a_copy_leads_back(world: Lived, run: Run, name: str) -> None:
    damage, problem = STATE_DAMAGES[name]
    path = world.root / STATE
    path.write_bytes(damage(path.read_bytes()))
    refused(world, run, problem)
    person = Person(world, run)
    person.mends()
    assert person.did[0] == "newest copy"
    whole(world, run)


def test_changed_line_ends_are_no_damage(world: Lived, run: Run) -> None:
    path = world.root / STATE
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    Person(world, run).mends()
    whole(world, run)


@pytest.mark.parametrize("newer", [{"version": 2}, {"mood": "calm"}], ids=["version", "key"])
def test_a_newer_state_is_refused_until_the_newer_threadsync_is_here(
    world: Lived, run: Run, newer: dict[str, Json]
) -> None:
    path = world.root / STATE
    good = path.read_bytes()
    path.write_bytes(sealed({**json.loads(good), **newer}))
    refused(world, run, "A later threadsync wrote it: install that version here too")
    path.write_bytes(good)  # the newer one reads its own
    Person(world, run).mends()
    whole(world, run)


def test_a_state_of_another_project_is_refused(world: Lived, run: Run) -> None:
    path = world.root / STATE
    good = path.read_bytes()
    path.write_bytes(sealed({**json.loads(good), "project": "other"}))
    refused(world, run, "it belongs to project other, and this is test")
    path.unlink()
    person = Person(world, run)
    person.first_run = True
    person.mends()
    whole(world, run)


def test_a_state_of_another_lineage_publishes_no_backlog(world: Lived, run: Run) -> None:
    """It is a good state, and nothing here can tell; the accounts can."""
    path = world.root / STATE
    content = json.loads(path.read_bytes())
    path.write_bytes(sealed({**content, "lineage": "other", "bindings": {}, "targets": {}}))
    person = Person(world, run)
    person.mends()
    assert sorted(person.did[0].split()[1::2]) == [
        f"{key}@threads/main" for key in ("alpha", "beta", "chain")
    ]
    whole(world, run)


def test_a_missing_state_is_no_first_run(world: Lived, run: Run) -> None:
    (world.root / STATE).unlink()
    done = run("apply", "--yes")
    assert done.exit_code == 2
    assert "bring it back first" in words(done.stderr)
    Person(world, run).mends()
    whole(world, run)


def test_without_any_copy_the_first_run_starts_over_and_publishes_nothing_twice(
    world: Lived, run: Run
) -> None:
    for copy in (world.root / ".threadsync/history").iterdir():
        copy.unlink()
    (world.root / STATE).write_bytes(b"{")
    person = Person(world, run)
    person.mends()
    assert person.did[0] == "first run"
    whole(world, run)


def test_a_state_that_is_far_too_large_is_not_read(
    world: Lived, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (codec, files):
        monkeypatch.setattr(module, "STATE_BYTES_MAX", 100_000)
    (world.root / STATE).write_bytes(b"x" * 100_001)
    refused(world, run, "it has 100,001 bytes, over the limit of 100,000")
    Person(world, run).mends()
    whole(world, run)


# What stands in the place of the file.


def a_link_to_nowhere(path: Path) -> None:
    path.symlink_to("unmounted/threadsync.json")


def a_link_to_itself(path: Path) -> None:
    path.symlink_to(path.name)


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (a_folder, "it cannot be read: this is a folder, not a file"),
        (a_pipe, "it cannot be read: this is a pipe, a socket or a device, not a file"),
        (a_link_to_nowhere, "it is a link to unmounted/threadsync.json, where nothing is"),
        (a_link_to_itself, "it is a link to threadsync.json, where nothing is"),
    ],
)
def test_what_is_no_file_is_refused_at_once(
    world: Lived, run: Run, make: Callable[[Path], None], problem: str
) -> None:
    path = world.root / STATE
    path.unlink()
    make(path)
    refused(world, run, problem)
    Person(world, run).mends()
    whole(world, run)


def test_a_state_that_may_not_be_read_is_refused(world: Lived, run: Run) -> None:
    path = world.root / STATE
    mode = stat.S_IMODE(path.stat().st_mode)
    path.chmod(0)
    with modes_in_force():
        done = run("apply", "--yes")
    path.chmod(mode)
    assert (done.exit_code, "Permission denied" in done.stderr) == (1, True)
    assert "the right to read it" in words(done.stderr)
    Person(world, run).mends()
    whole(world, run)


# What git makes of two states.


@pytest.fixture
def branches(tmp_path: Path) -> Lived:
    """Two branches that have published on their own since they parted; *main* is checked out."""
    world = Lived(tmp_path)
    world.write(".gitignore", ".threadsync/\n*.lock\n")
    for key in ("delta", "echo", "foxtrot", "golf", "hotel", "india", "juliet"):
        world.post(key, f"Common {key}.")
    world.apply()
    commit = "git add -A && git commit -qm x"
    shell(world.root, f"git init -qb main && {commit} && git checkout -qb side")
    for key, branch in (("alpha", "side"), ("zulu", "main")):
        shell(world.root, f"git checkout -q {branch}")
        world.clock.sleep(7200)
        world.post(key, f"Published on {branch}.")
        world.apply()
        shell(world.root, commit)
    world.post("due", "This one is due.")
    return world


def merged_texts(world: Lived) -> list[str]:
    return sorted({path.read_text().split("---\n")[2].strip() for path in (world.root / "posts").iterdir()})


@pytest.mark.parametrize(
    ("merge", "problem", "first"),
    [
        ("git merge -q side", "merge-conflict markers (<<<<<<<)", "ours"),
        ("git merge -q -X ours side", "its checksum is wrong: it was merged by git", "newest copy"),
        ("git merge -q -X theirs side", "its checksum is wrong: it was merged by git", "newest copy"),
    ],
)
def test_two_states_that_git_merged_are_refused_and_neither_side_is_published_again(
    branches: Lived, merge: str, problem: str, first: str
) -> None:
    world, run = branches, runner(branches)
    shell(world.root, merge, ok=False)
    if "-X" in merge:
        bound = json.loads((world.root / STATE).read_bytes())["bindings"]
        assert {"alpha@threads/main", "zulu@threads/main"} & set(bound), "it parses"
    done = run("apply", "--yes")
    assert (done.exit_code, problem in words(done.stderr)) == (1, True), done.output
    for command in READERS:
        assert problem in words(run(*command).stderr)
    person = Person(world, run)
    person.mends()
    assert person.did[0] == first
    assert sorted(world.live()) == merged_texts(world)
    assert run("plan", "--detailed-exitcode").exit_code == 0


def test_one_side_of_a_committed_conflict_comes_back_by_its_commit(branches: Lived) -> None:
    world, run = branches, runner(branches)
    shell(world.root, "git merge -q side; git add -A && git commit -qm merged", ok=False)
    said = words(run("plan").stderr)
    assert "git checkout HEAD^1 -- " in said
    shell(world.root, f"git checkout -q HEAD^1 -- {STATE}")
    Person(world, run).mends()
    assert sorted(world.live()) == merged_texts(world)


# History.


def test_history_tells_of_every_copy_even_where_the_state_cannot_be_read(world: Lived, run: Run) -> None:
    path = world.root / STATE
    path.unlink()
    path.mkdir()
    copies = Person(world, run).history()
    assert [(each["current"], bool(each["problem"]), bool(each["restore"])) for each in copies] == [
        (True, True, False),
        (False, False, True),
        (False, False, True),
    ]


def test_a_command_of_history_works_in_a_folder_with_a_blank_in_its_name(tmp_path: Path) -> None:
    world = Lived(tmp_path / "our posts")
    world.live_on()
    run = runner(world)
    (world.root / STATE).write_bytes(b"")
    person = Person(world, run)
    person.mends()
    assert person.did[0] == "newest copy"
    whole(world, run)
