"""A journal that is not what it was: every command refuses, and nothing that it names is published again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Run, runner
from tests.cli.mending import JOURNAL, STATE, Lived, Person, a_folder, a_pipe, refused, shell
from threadsync.model.ids import Json
from threadsync.statefile import journal


@pytest.fixture
def world(tmp_path: Path) -> Lived:
    found = Lived(tmp_path)
    found.live_on()
    return found


@pytest.fixture
def killed(world: Lived) -> Lived:
    """An apply was killed when it had published one post and was about to publish another."""
    world.post("more", "One more.")
    assert world.died(request=9)
    assert (world.root / JOURNAL).exists()
    return world


def more(world: Lived) -> list[str]:
    return sorted([*world.texts, "One more."])


def resealed(line: bytes, **changes: Json) -> bytes:
    content = json.loads(line)
    del content["sum"]
    return journal._sealed({**content, **changes})


def lines_of(world: Lived) -> list[bytes]:
    return (world.root / JOURNAL).read_bytes().splitlines(keepends=True)


JOURNAL_DAMAGES: dict[str, tuple[Callable[[list[bytes]], list[bytes]], str]] = {
    "a line in the middle": (
        lambda lines: [*lines[:2], lines[2].replace(b"a", b"b"), *lines[3:]],
        "line 3 is not what was written",
    ),
    "a line missing": (lambda lines: [*lines[:2], *lines[3:]], "is missing"),
    "the first line": (lambda lines: [b"{}\n", *lines[1:]], "line 1 is not what was written"),
    "conflict markers": (
        lambda lines: [lines[0], b"<<<<<<< HEAD\n", *lines[1:3], b"=======\n", *lines[3:], b">>>>>>> side\n"],
        "line 2 is not what was written",
    ),
    "another lineage": (
        lambda lines: [resealed(lines[0], lineage="other"), *lines[1:]],
        "it belongs to another state",
    ),
    "another copy of the state": (
        lambda lines: [resealed(lines[0], state="sha256:0"), *lines[1:]],
        "the state beside it is another copy with the same serial",
    ),
    "an older serial": (
        lambda lines: [resealed(lines[0], serial=1), *lines[1:]],
        "the state beside it is newer (serial 3) and was made without it",
    ),
    "a newer serial": (
        lambda lines: [resealed(lines[0], serial=7), *lines[1:]],
        "the state beside it is an older copy (serial 3)",
    ),
}


@pytest.mark.parametrize("name", JOURNAL_DAMAGES)
def test_a_damaged_or_foreign_journal_is_refused_and_nothing_it_names_is_published_again(
    killed: Lived, run: Run, name: str
) -> None:
    damage, problem = JOURNAL_DAMAGES[name]
    (killed.root / JOURNAL).write_bytes(b"".join(damage(lines_of(killed))))
    refused(killed, run, problem, where=JOURNAL)
    person = Person(killed, run)
    person.mends()
    assert "journal away" in person.did
    assert sorted(killed.live()) == more(killed)
    assert run("plan", "--detailed-exitcode").exit_code == 0


@pytest.mark.parametrize("newer", ["header", "note"])
def test_a_newer_journal_waits_for_the_newer_threadsync(killed: Lived, run: Run, newer: str) -> None:
    path = killed.root / JOURNAL
    good, lines = path.read_bytes(), lines_of(killed)
    if newer == "header":
        lines[0] = resealed(lines[0], version=2)
    else:
        lines[2] = resealed(lines[2], note={"note": "celebrated"})
    path.write_bytes(b"".join(lines))
    refused(killed, run, "A later threadsync wrote it", where=JOURNAL)
    path.write_bytes(good)
    Person(killed, run).mends()
    assert sorted(killed.live()) == more(killed)


def test_a_journal_whose_line_ends_were_changed_is_no_damage(killed: Lived, run: Run) -> None:
    (killed.root / JOURNAL).write_bytes(b"".join(lines_of(killed)).replace(b"\n", b"\r\n"))
    person = Person(killed, run)
    person.mends()
    assert person.did == []
    assert sorted(killed.live()) == more(killed)


def test_wherever_a_journal_was_cut_off_nothing_is_published_twice(tmp_path: Path) -> None:
    """A torn last line was never acknowledged; of what is cut off before it, the account tells."""
    number, position = 0, 0
    while True:
        world = Lived(tmp_path / str(number))
        world.live_on()
        world.post("more", "One more.")
        world.died(request=9)
        lines = lines_of(world)
        if number >= 2 * len(lines):
            return
        position = sum(map(len, lines[: number // 2])) + 5 * (number % 2)
        (world.root / JOURNAL).write_bytes(b"".join(lines)[:position])
        run = runner(world)
        assert run("plan").exit_code == 0, "it is recovered without a word"
        Person(world, run).mends()
        assert sorted(world.live()) == more(world), position
        assert run("plan", "--detailed-exitcode").exit_code == 0
        number += 1


def test_a_journal_without_its_state_is_refused_and_leads_back(killed: Lived, run: Run) -> None:
    (killed.root / STATE).unlink()
    refused(killed, run, "it goes on from a state that is missing", where=JOURNAL)
    person = Person(killed, run)
    person.mends()
    assert person.did[0] == "journal away", "the state it goes on from was never backed up"
    assert sorted(killed.live()) == more(killed)


def test_a_journal_beside_an_older_state_goes_on_when_its_own_is_back(killed: Lived, run: Run) -> None:
    path = killed.root / STATE
    own = path.read_bytes()
    shell(killed.root, str(Person(killed, run).history()[1]["restore"]))
    assert path.read_bytes() != own
    refused(killed, run, "the state beside it is an older copy (serial 2)", where=JOURNAL)
    path.write_bytes(own)
    person = Person(killed, run)
    person.mends()
    assert person.did == []
    assert sorted(killed.live()) == more(killed)


def test_a_journal_that_comes_back_after_later_runs_goes_on_from_its_own_state(
    killed: Lived, run: Run
) -> None:
    kept = (killed.root / JOURNAL).read_bytes()
    person = Person(killed, run)
    person.journal_away()
    person.mends()
    (killed.root / JOURNAL).write_bytes(kept)
    refused(killed, run, "and was made without it", where=JOURNAL)
    person.did.clear()
    person.mends()
    assert person.did[0] == "wanted copy"
    assert sorted(killed.live()) == more(killed)
    assert run("plan", "--detailed-exitcode").exit_code == 0


@pytest.mark.parametrize("make", [a_folder, a_pipe])
def test_a_journal_that_is_no_file_is_refused(killed: Lived, run: Run, make: Callable[[Path], None]) -> None:
    path = killed.root / JOURNAL
    path.rename(killed.root / "kept")
    make(path)
    refused(killed, run, "it cannot be read: this is a", where=JOURNAL)
