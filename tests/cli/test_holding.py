"""hold, release, withdraw, freeze and unfreeze at the command line: what they say, and how they end."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Run
from tests.operations.world import World
from threadsync.sandbox import threads


@pytest.fixture
def live(run: Run, world: World) -> World:
    world.post("hello", "Good morning.")
    assert run("apply", "--yes", "--first-run").exit_code == 0
    return world


def test_hold_and_release_say_what_they_did_and_plan_says_who_holds(run: Run, live: World) -> None:
    done = run("hold", "hello", "--why", "legal reads it first")
    assert done.exit_code == 0
    first, where = done.stdout.splitlines()
    assert first == (
        "hello@threads/main is held: apply does not touch it until threadsync release hello@threads/main."
    )
    assert where.startswith("It stands in state/threadsync.json: who applies from another copy")
    said = run("plan").stdout
    assert said.startswith("Held: hello@threads/main, by maria (legal reads it first), since 2026-11-21")
    live.post("hello", "Good evening.")
    plan = run("plan")
    assert "! blocked  hello@threads/main  (held)" in plan.stdout
    told = json.loads(run("plan", "--format", "json").stdout)
    assert [(hold["address"], hold["why"]) for hold in told["holds"]] == [
        ("hello@threads/main", "legal reads it first")
    ]
    assert "held by maria (legal reads it first)" in run("status").stdout
    assert "held by maria (legal reads it first)" in run("show", "hello@threads/main").stdout
    assert run("release", "hello").stdout.startswith("hello@threads/main is released.\n")
    assert run("release", "hello").exit_code == 2
    assert run("hold", "helo").exit_code == 2


def test_a_hold_in_the_status_as_json(run: Run, live: World) -> None:
    run("hold", "hello")
    (row,) = json.loads(run("status", "--format", "json").stdout)["publications"]
    assert (row["word"], row["held"]["by"]) == ("live", "maria")


def test_under_a_freeze_apply_ends_with_2_and_says_what_to_do(run: Run, live: World) -> None:
    live.post("more", "More.")
    assert run("plan").exit_code == 0  # what is kept of it must not be told again
    done = run("freeze", "--why", "wrong account")
    assert done.stdout.startswith("Frozen: every apply refuses until threadsync unfreeze;")
    said = run("plan").stdout
    assert said.startswith("Frozen: apply is frozen by maria (wrong account), since 2026-11-21 12:00 UTC.")
    assert "+ create  more@threads/main" in said
    refused = run("apply", "--yes")
    assert refused.exit_code == 2
    assert "+ create  more@threads/main" in refused.stdout
    assert "apply is frozen by maria (wrong account)" in refused.stderr
    assert "threadsync unfreeze" in refused.stderr
    assert json.loads(run("plan", "--format", "json").stdout)["freeze"]["why"] == "wrong account"
    assert json.loads(run("status", "--format", "json").stdout)["freeze"]["by"] == "maria"
    assert run("status").stdout.startswith("apply is frozen by maria (wrong account)")
    assert run("validate").exit_code == 0
    assert run("unfreeze").stdout.startswith("Apply acts again.\n")
    assert run("apply", "--yes").exit_code == 0
    assert live.live() == ["Good morning.", "More."]


def test_withdraw_takes_down_and_says_so(run: Run, live: World) -> None:
    refused = run("withdraw", "hello@threads/main")
    assert refused.exit_code == 2
    assert "withdraw asks before it acts" in refused.stderr
    assert "withdraw --yes" in refused.stderr
    assert live.live() == ["Good morning."]
    done = run("withdraw", "hello@threads/main", "--yes", "--why", "wrong picture")
    assert done.exit_code == 0
    assert "- delete  hello@threads/main  (withdrawn)" in done.stdout
    assert done.stdout.endswith("Done: 1 applied.\n")
    assert live.live() == []
    again = run("withdraw", "hello@threads/main", "--yes")
    assert again.exit_code == 0
    assert "No changes. 1 publication is taken down already." in again.stdout
    blocked = run("apply", "--yes")
    assert "(was-taken-down)" in blocked.stdout
    assert "withdrawn by maria, 2026-11-21: wrong picture" in " ".join(blocked.stdout.split())
    assert "taken down by maria: wrong picture" in run("show", "hello@threads/main").stdout


def test_withdraw_that_may_not_delete_ends_with_1_and_says_which_scope(run: Run, live: World) -> None:
    fewer = tuple(scope for scope in threads.SCOPES if scope != "threads_delete")
    profile = threads.add_profile(threads.Profile("main", scopes=fewer))
    threads.apply(live.network, profile, live.clock.now().timestamp())
    done = run("withdraw", "hello@threads/main", "--yes")
    assert done.exit_code == 1
    assert "! blocked  hello@threads/main  (missing-scope)" in done.stdout
    assert live.live() == ["Good morning."]


def test_withdraw_of_what_is_not_live_offers_a_hold(run: Run, live: World) -> None:
    live.post("more", "More.")
    done = run("withdraw", "more@threads/main", "--yes")
    assert done.exit_code == 2
    assert "threadsync hold more@threads/main" in done.stderr


def test_plan_and_status_say_when_apply_last_ran(run: Run, live: World) -> None:
    live.clock.sleep(720)
    assert run("plan").stdout.endswith("\nLast apply: 2026-11-21 12:00 UTC, by maria: 1 applied.\n")
    assert run("status").stdout.endswith("\n\nLast apply: 12 minutes ago, by maria: 1 applied.\n")
    live.post("more", "More.")
    assert "\nLast apply: 12 minutes ago, by maria: 1 applied.\n" in run("plan").stdout
    told = json.loads(run("status", "--format", "json").stdout)["heartbeat"]
    assert (told["by"], told["counts"]) == ("maria", {"applied": 1})
