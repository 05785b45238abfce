"""``state pull`` and ``state push``: a copy goes out, and comes back."""

from __future__ import annotations

import json

from tests.cli.conftest import Run
from tests.operations.world import World


def test_a_copy_is_pulled_and_pushed_back(run: Run, world: World) -> None:
    world.post("one", "Hello")
    run("apply", "--yes", "--first-run")
    pulled = run("state", "pull").stdout
    assert list(json.loads(pulled)["bindings"]) == ["one@threads/main"]
    copy = world.write("copy.json", pulled)
    world.post("two", "World")
    run("apply", "--yes")
    done = run("state", "push", str(copy))
    assert done.exit_code == 0
    assert "1 publication." in done.stdout
    assert ".threadsync/history/" in done.stderr
    assert [str(address) for address in world.state.bindings] == ["one@threads/main"]
    shown = run("apply", "--yes")
    assert "looks-published" in shown.stdout
    assert sorted(world.live()) == ["Hello", "World"]


def test_what_the_history_names_comes_back_from_standard_input(run: Run, world: World) -> None:
    world.post("one", "Hello")
    run("apply", "--yes", "--first-run")
    pulled = run("state", "pull").stdout
    done = run("state", "push", "-", stdin=pulled)
    assert (done.exit_code, "what standard input holds" in done.stdout) == (0, True)


def test_another_lineage_needs_a_flag(run: Run, world: World) -> None:
    world.post("one", "Hello")
    run("apply", "--yes", "--first-run")
    copy = world.write("copy.json", run("state", "pull").stdout)
    (world.root / "state/threadsync.json").unlink()
    world.post("two", "World")
    run("apply", "two", "--yes", "--first-run")
    refused = run("state", "push", str(copy))
    assert refused.exit_code == 2
    assert "--replace-lineage" in refused.stderr
    assert run("state", "push", str(copy), "--replace-lineage").exit_code == 0


def test_an_earlier_copy_is_pulled_by_its_name_in_the_history(run: Run, world: World) -> None:
    world.post("one", "Hello")
    run("apply", "--yes", "--first-run")
    world.post("two", "World")
    run("apply", "--yes")
    listed = json.loads(run("state", "history", "--format", "json").stdout)["copies"]
    pulled = run("state", "pull", "--copy", listed[1]["file"])
    assert list(json.loads(pulled.stdout)["bindings"]) == ["one@threads/main"]
    refused = run("state", "pull", "--copy", "77-7.json")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "there is no copy '77-7.json'" in refused.stderr


def test_without_a_state_there_is_nothing_to_pull(run: Run) -> None:
    refused = run("state", "pull")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "there is no state yet" in refused.stderr


def test_what_is_no_state_is_not_pushed(run: Run, world: World) -> None:
    refused = run("state", "push", str(world.write("copy.json", "{}")))
    assert refused.exit_code == 1
    assert "this is not a state of threadsync" in refused.stderr
    assert not (world.root / "state/threadsync.json").exists()


def test_a_damaged_copy_says_nothing_against_the_state_in_use(run: Run, world: World) -> None:
    world.post("one", "Hello")
    run("apply", "--yes", "--first-run")
    before = run("state", "pull").stdout
    edited, merged = before.replace('"serial": ', '"serial": 1'), f"<<<<<<< ours\n{before}"
    for copy in ("", "{}", before[:-20], edited, merged):
        refused = run("state", "push", "-", stdin=copy)
        assert (refused.exit_code, refused.stdout) == (1, "")
        assert "the state in use is as it was" in " ".join(refused.stderr.split())
        assert "move the file away" not in refused.stderr
        assert "git checkout" not in refused.stderr
    assert run("state", "pull").stdout == before
