"""plan and apply at the command line: what they print where, and how they end."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Run
from tests.operations.world import World
from threadsync.sandbox.threads import Fault, FaultKind


def test_plan_shows_the_text_and_changes_nothing(run: Run, world: World) -> None:
    world.post("hello", "Good morning.")
    done = run("plan")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "+ create  hello@threads/main  (new)\n" in done.stdout
    assert "│ Good morning.\n" in done.stdout
    assert world.sent == []
    assert not (world.root / "state").exists()


def test_pending_changes_have_a_status_of_their_own_only_on_request(run: Run, world: World) -> None:
    world.post("hello", "Good morning.")
    assert run("plan").exit_code == 0
    assert run("plan", "--detailed-exitcode").exit_code == 3
    world.apply()
    assert run("plan", "--detailed-exitcode").exit_code == 0


def test_a_wait_is_no_pending_change(run: Run, world: World) -> None:
    world.post("later", "Good evening.", publish="2026-12-03 08:30")
    assert run("plan", "--detailed-exitcode").exit_code == 0


def test_plan_at_another_time_reads_it_in_the_project_s_zone(run: Run, world: World) -> None:
    world.post("later", "Good evening.", publish="2026-12-03 08:30")
    assert run("plan", "--detailed-exitcode", "--at", "2026-12-03 08:29").exit_code == 0
    assert run("plan", "--detailed-exitcode", "--at", "2026-12-03 08:30").exit_code == 3
    refused = run("plan", "--at", "tomorrow")
    assert refused.exit_code == 2
    assert "--at 'tomorrow' is no time. Write it like 2026-12-03 08:30." in refused.stderr


def test_plan_with_errors_in_files_shows_them_and_fails(run: Run, world: World) -> None:
    world.write("posts/bad.md", "---\ntragets: [threads/main]\n---\nHello\n")
    done = run("plan")
    assert done.exit_code == 1
    assert 'posts/bad.md:2:1: error: "tragets" is not a key.' in done.stdout
    assert "apply does nothing until they are mended" in done.stdout


def test_plan_as_json_is_one_document(run: Run, world: World) -> None:
    world.post("hello", "Good morning.")
    document = json.loads(run("plan", "--format", "json").stdout)
    assert (document["format_version"], document["changes"]) == (1, True)
    assert document["actions"][0]["segments"][0]["text"] == "Good morning."


def test_selectors_and_excludes_choose(run: Run, world: World) -> None:
    for key in ("alpha", "beta", "bravo"):
        world.post(key, f"Post {key}")
    assert run("plan", "--quiet", "b*").stdout.count("create  ") == 2
    assert "Plan: 1 to create." in run("plan", "--quiet", "--exclude", "b*").stdout
    refused = run("plan", "alpa")
    assert refused.exit_code == 2
    assert "'alpa' selects no publication." in refused.stderr
    assert "Did you mean alpha" in refused.stderr


def test_apply_without_a_terminal_needs_yes(run: Run, world: World) -> None:
    world.post("hello", "Good morning.")
    done = run("apply", "--first-run")
    assert done.exit_code == 2
    assert "+ create  hello@threads/main" in done.stdout
    assert "there is no terminal to ask at" in done.stderr
    assert done.stderr.endswith("run apply --yes --first-run.\n"), "it can be typed as it stands"
    assert run("apply").stderr.endswith("run apply --yes --first-run.\n"), "both consents are named at once"
    assert world.live() == []


def test_yes_alone_does_not_allow_a_first_run(run: Run, world: World) -> None:
    """Law 8."""
    world.post("hello", "Good morning.")
    done = run("apply", "--yes")
    assert done.exit_code == 2
    assert "--first-run" in done.stderr
    assert "1 post would be published" in " ".join(done.stderr.split())
    assert world.live() == []


def test_apply_reports_permalinks_and_tells_how_it_goes(run: Run, world: World) -> None:
    world.post("hello", "Good morning.")
    done = run("apply", "--yes", "--first-run")
    assert done.exit_code == 0
    assert world.live() == ["Good morning."]
    shown, _, report = done.stdout.partition("\napplied     + create  hello@threads/main\n")
    assert "+ create  hello@threads/main  (new)" in shown
    assert report.startswith("    http://127.0.0.1:1/@main/post/")
    assert report.endswith("\nDone: 1 applied.\n")
    assert done.stderr.splitlines()[0] == "threads/main: reading the account"
    assert "hello@threads/main: publishing segment 1" in done.stderr.splitlines()
    assert done.stderr.splitlines()[-1] == "hello@threads/main: done"


def test_apply_again_does_nothing(run: Run, world: World) -> None:
    world.post("hello", "Good morning.")
    run("apply", "--yes", "--first-run")
    before = len(world.sent)
    done = run("apply", "--yes")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == (
        "No changes. 1 publication is as the files say.\n"
        "Last apply: 2026-11-21 12:00 UTC, by maria: 1 applied.\n"
    )
    assert len(world.sent) == before


def test_quiet_says_one_line_an_action(run: Run, world: World) -> None:
    world.post("hello", "Good morning.")
    done = run("apply", "--yes", "--first-run", "--quiet")
    assert done.stdout == "+ create  hello@threads/main  (new)\n\nPlan: 1 to create.\nDone: 1 applied.\n"
    assert done.stderr == ""


def test_apply_as_json_is_one_document_and_nothing_else(run: Run, world: World) -> None:
    world.post("hello", "Good morning.")
    document = json.loads(run("apply", "--yes", "--first-run", "--format", "json").stdout)
    assert document["plan"]["counts"] == {"create": 1}
    assert document["report"]["actions"][0]["became"] == "applied"
    nothing = json.loads(run("apply", "--yes", "--format", "json").stdout)
    assert nothing["report"] is None


def test_a_part_applied_ends_with_4_and_nothing_applied_with_1(run: Run, world: World) -> None:
    world.post("one", "Post one, see https://example.org/1")
    world.post("two", "Post two")
    world.arm(Fault("create", FaultKind.LINK_REFUSED, times=1))
    first = run("apply", "--yes", "--first-run")
    assert first.exit_code == 4
    assert "Not all was done: 1 applied, 1 refused." in first.stdout
    world.arm(Fault("create", FaultKind.RESTRICTED, times=None))
    assert run("apply", "--yes").exit_code == 1


def test_errors_in_files_stop_apply_with_1_and_are_listed(run: Run, world: World) -> None:
    world.write("posts/bad.md", "---\ntragets: [threads/main]\n---\nHello\n")
    done = run("apply", "--yes", "--first-run")
    assert done.exit_code == 1
    assert "posts/bad.md:2:1: error:" in done.stderr
    assert "Error: nothing was applied: the files have errors." in done.stderr
    assert done.stdout == ""


def test_a_plan_over_a_safety_limit_needs_its_number(run: Run, world: World) -> None:
    for number in range(12):
        world.post(f"post-{number}", f"This is post number {number} of the dozen")
    refused = run("apply", "--yes", "--first-run")
    assert refused.exit_code == 2
    assert "--max-creates 12" in refused.stderr
    assert world.live() == []
    assert run("apply", "--yes", "--first-run", "--max-creates", "12").exit_code == 0
    assert len(world.live()) == 12


def test_consents_are_given_by_address(run: Run, world: World) -> None:
    world.post("hello", "Good morning.")
    run("apply", "--yes", "--first-run")
    world.post("hello", "Good evening, everybody.")
    blocked = run("apply", "--yes")
    assert blocked.exit_code == 0
    assert "! blocked  hello@threads/main  (needs-consent)" in blocked.stdout
    assert run("apply", "--yes", "--allow-replace=hello@threads/main").exit_code == 0
    assert world.live() == ["Good evening, everybody."]
    world.remove("hello")
    world.post("other", "Something else entirely, about ferries.")
    assert run("apply", "--yes", "--allow-delete=hello@threads/main").exit_code == 0
    assert world.live() == ["Something else entirely, about ferries."]


@pytest.mark.parametrize("flag", ["--allow-replace", "--allow-delete", "--allow-duplicate", "--late"])
def test_a_mistyped_address_is_refused_with_a_suggestion(run: Run, world: World, flag: str) -> None:
    world.post("hello", "Good morning.")
    done = run("apply", "--yes", "--first-run", f"{flag}=helo@threads/main")
    assert done.exit_code == 2
    assert "Did you mean hello@threads/main?" in done.stderr


def test_a_late_post_and_a_duplicate_go_out_on_request(run: Run, world: World) -> None:
    world.post("late", "Good morning.", publish="2026-11-21 10:00")
    assert "(late)" in run("apply", "--yes", "--first-run").stdout
    assert run("apply", "--yes", "--first-run", "--late=late@threads/main").exit_code == 0
    world.post_by_hand("A post written by hand, on the phone.")
    world.post("double", "A post written by hand, on the phone.")
    assert "(looks-published)" in run("apply", "--yes").stdout
    assert run("apply", "--yes", "--allow-duplicate=double@threads/main").exit_code == 0
    assert world.live().count("A post written by hand, on the phone.") == 2


def test_a_locked_state_fails_and_says_who_holds_it(run: Run, world: World) -> None:
    world.post("hello", "Good morning.")
    run("apply", "--yes", "--first-run")
    world.post("more", "Good evening.")
    workspace = world.workspace
    holder = workspace.surroundings.holder("apply", world.clock.now())
    with workspace.store.open(holder, 0.0):
        done = run("apply", "--yes", "--lock-timeout", "0")
    assert done.exit_code == 1
    assert "Error:" in done.stderr
    assert "threadsync apply" in done.stderr
