"""``refresh``, ``plan --refresh|--out`` and ``apply --plan|--fail-on`` as a person runs them."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.operations.world import World
from tests.views import pages
from tests.views.test_json import problems

A = "a@threads/main"
APPLY = ("apply", "--yes", "--first-run")


@pytest.fixture
def live(world: World, run: Run) -> World:
    world.post("a", "Hello")
    world.post("b", "More of it")
    assert run(*APPLY).exit_code == 0
    return world


# refresh


def test_refresh_says_that_all_is_well(live: World, run: Run) -> None:
    done = run("refresh")
    assert done.exit_code == 0
    assert "2 live posts looked at: no difference. 0 undeclared posts in 30 days." in done.stdout
    assert "posts: 2 of 250 used" in done.stdout


def test_refresh_tells_drift_and_ends_with_3_only_where_asked(live: World, run: Run) -> None:
    live.delete_by_hand("Hello")
    new = live.post_by_hand("By hand")
    done = run("refresh", "--detailed-exitcode")
    assert (
        done.exit_code,
        run("refresh").exit_code,
        run("refresh", "b", "--detailed-exitcode").exit_code,
    ) == (3, 0, 0)
    assert "deleted  a@threads/main  segment 1" in done.stdout
    assert f"threadsync import KEY@threads/main {new}" in done.stdout


def test_what_refresh_prints_for_programs_is_what_its_schema_says(live: World, run: Run) -> None:
    live.delete_by_hand("Hello")
    live.post_by_hand("By hand")
    document = json.loads(run("refresh", "--format", "json").stdout)
    assert problems(document, "refresh") == []
    assert [each["drift"] for each in document["drifted"]] == ["deleted"]


def test_refresh_that_could_not_read_an_account_ends_with_1(live: World, run: Run) -> None:
    live.tokens = dict.fromkeys(live.tokens, "nonsense")
    done = run("refresh")
    assert done.exit_code == 1
    assert "Not read: threads/main" in done.stdout


def test_status_and_show_tell_the_age_of_what_was_seen(live: World, run: Run) -> None:
    live.delete_by_hand("Hello")
    run("refresh")
    live.clock.sleep(timedelta(days=3).total_seconds())
    assert "deleted, 3 days ago" in run("status", "a").stdout
    assert "no reactions, 3 days ago" in run("status", "b").stdout
    assert "segment 1 when last seen: deleted, 3 days ago" in run("show", A).stdout
    for command, kind in ((("status",), "status"), (("show", A), "publication")):
        document = json.loads(run(*command, "--format", "json").stdout)
        assert problems(document, kind) == []


# plan


def test_plan_refresh_shows_the_account_and_the_drift(live: World, run: Run) -> None:
    live.delete_by_hand("Hello")
    live.post("c", "A new one")
    done = run("plan", "--refresh")
    assert "! blocked  a@threads/main  (gone)" in done.stdout
    assert "posts: 2 of 250 used, 1 in this plan" in done.stdout
    assert "credential: does not expire" in done.stdout
    document = json.loads(run("plan", "--refresh", "--format", "json").stdout)
    assert problems(document, "plan") == []


def test_plan_refresh_says_what_it_could_not_read_though_nothing_is_to_be_done(live: World, run: Run) -> None:
    live.tokens = dict.fromkeys(live.tokens, "nonsense")
    done = run("plan", "--refresh")
    assert "No changes." in done.stdout
    said = " ".join(done.stdout.split())
    assert "Warning: threads/main: the account was not read: Threads says: Invalid OAuth access token" in said
    assert "Authorize the account again" in said
    document = json.loads(run("plan", "--refresh", "--format", "json").stdout)
    assert [each["about"] for each in document["notices"]] == ["threads/main"]
    assert problems(document, "plan") == []


def test_plan_refresh_says_once_why_an_account_could_not_be_read(live: World, run: Run) -> None:
    live.post("c", "A new one")
    live.tokens = dict.fromkeys(live.tokens, "nonsense")
    done = run("plan", "--refresh")
    assert "! blocked  c@threads/main  (account-unreadable)" in done.stdout
    assert " ".join(done.stdout.split()).count("Invalid OAuth access token") == 1


def test_a_plan_as_markdown_is_a_comment_of_its_own(live: World, run: Run) -> None:
    live.post("c", "A | new # one")
    done = run("plan", "--format", "markdown")
    assert done.stdout.startswith("## threadsync plan\n")
    assert "| `+` | `create` | `c@threads/main` | `at once` | `new` |" in done.stdout
    assert "```text\nA | new # one\n```" in done.stdout


def test_apply_as_markdown_prints_plan_and_report(world: World, run: Run) -> None:
    world.post("a", "Hello")
    done = run(*APPLY, "--format", "markdown")
    assert done.exit_code == 0
    assert done.stdout.index("## threadsync plan") < done.stdout.index("## threadsync apply")
    assert "| `applied` | `create` | `a@threads/main` |" in done.stdout


# Saved plans.


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "plan.json"


def test_a_plan_is_saved_and_carried_out(live: World, run: Run, file: Path) -> None:
    live.post("c", "A new one")
    saved = run("plan", "--out", str(file), "--detailed-exitcode")
    assert saved.exit_code == 3
    assert problems(json.loads(file.read_text()), "saved_plan") == []
    live.post("d", "Newer still")
    done = run("apply", "--plan", str(file), "--yes")
    assert done.exit_code == 0
    assert "! blocked  d@threads/main  (not-in-plan)" in done.stdout
    assert live.live() == ["Hello", "More of it", "A new one"]


def test_a_saved_plan_is_no_answer_to_the_question_whether_to_act(live: World, run: Run, file: Path) -> None:
    live.post("c", "A new one")
    run("plan", "--out", str(file))
    done = run("apply", "--plan", str(file))
    assert (done.exit_code, live.live()) == (2, ["Hello", "More of it"])


def test_a_stale_plan_is_refused_with_2_still_shown_and_leaves_no_lock(
    live: World, run: Run, file: Path
) -> None:
    live.post("c", "A new one")
    run("plan", "--out", str(file))
    live.post("c", "Another one")
    done = run("apply", "--plan", str(file), "--yes")
    assert done.exit_code == 2
    assert "Another one" in done.stdout
    assert "the saved plan is stale" in done.stderr
    assert "c@threads/main: its file has changed since." in done.stderr
    assert not list((live.root / "state").glob("*.lock*"))


def test_the_consent_of_a_plan_is_asked_for_where_it_is_made(live: World, run: Run, file: Path) -> None:
    live.post("a", "Hallo")
    run("plan", "--out", str(file), f"--allow-replace={A}")
    assert run("apply", "--plan", str(file), "--yes").exit_code == 0
    assert live.live() == ["More of it", "Hallo"]


@pytest.mark.parametrize("text", ["", "{}", '{"kind": "saved-plan", "format_version": 9}'])
def test_a_file_that_is_no_plan_is_refused_with_2(live: World, run: Run, file: Path, text: str) -> None:
    file.write_text(text)
    done = run("apply", "--plan", str(file), "--yes")
    assert done.exit_code == 2
    assert "plan --out" in done.stderr or "make it anew" in done.stderr
    assert run("apply", "--plan", str(file / "none"), "--yes").exit_code == 2


def test_flags_that_a_saved_plan_says_itself_are_refused(live: World, run: Run, file: Path) -> None:
    run("plan", "--out", str(file))
    for flags in (("a",), ("--exclude", "a"), (f"--late={A}",)):
        assert run("apply", *flags, "--plan", str(file), "--yes").exit_code == 2


# apply --fail-on


@pytest.mark.parametrize(
    ("words", "status"),
    [("blocked", 1), ("ask", 1), ("overdue", 0), ("blocked,ask,overdue", 1), ("", 0)],
)
def test_fail_on_makes_what_is_left_a_failure(live: World, run: Run, words: str, status: int) -> None:
    live.post("a", "Hallo")
    done = run("apply", "--yes", *(["--fail-on", words] if words else []))
    assert done.exit_code == status
    assert ("Left: blocked: a@threads/main." in done.stderr) is ("blocked" in words)
    assert ("Left: waits for a yes: a@threads/main." in done.stderr) is ("ask" in words)


def test_what_should_be_live_by_now_is_overdue(live: World, run: Run) -> None:
    due = live.clock.now() + timedelta(hours=1)
    live.post("c", "In time", publish=f"{due:'%Y-%m-%d %H:%M'}")
    assert run("apply", "--yes", "--fail-on", "overdue").exit_code == 0
    live.clock.sleep(timedelta(hours=5).total_seconds())
    done = run("apply", "--yes", "--fail-on", "overdue")
    assert (done.exit_code, "Left: overdue: c@threads/main." in done.stderr) == (1, True)


def test_nothing_left_is_no_failure_and_a_word_that_is_none_is_refused(live: World, run: Run) -> None:
    assert run("apply", "--yes", "--fail-on", "blocked, ask ,overdue").exit_code == 0
    done = run("apply", "--yes", "--fail-on", "late")
    assert (done.exit_code, "'late' is none of blocked, ask, overdue" in done.stderr) == (2, True)


def test_the_report_says_when_what_was_stopped_before_a_limit_goes_on(world: World, run: Run) -> None:
    world.switch(posts_quota=1)
    world.post("a", "Hello")
    world.post("b", "More of it")
    done = run(*APPLY)
    assert done.exit_code == 0
    said = " ".join(done.stdout.split())
    assert "stopped threads/main before the limit of posts" in said
    assert "1 action not begun: b@threads/main" in said
    assert "goes on at 2026-11-22 12:00 UTC at the latest" in said
    document = json.loads(run(*APPLY, "--format", "json").stdout)
    assert problems(document, "report") == []


# The proof sheet


def test_plan_prints_a_page_that_shows_each_post_as_its_readers_will_see_it(live: World, run: Run) -> None:
    live.post("b", "More of *that*")
    live.post("c", "Soon", publish="2026-12-03 08:30")
    done = run("plan", "--format", "html", "--detailed-exitcode")
    assert done.exit_code == 0, "what is blocked or waits is no change that apply would make"
    assert pages.problems(done.stdout) == []
    seen = pages.read(done.stdout)
    assert [each.text for each in seen.all("del")] == ["it"]
    assert [each.text for each in seen.all("ins")] == ["that"]
    assert [each.text for each in seen.all("h2") if each.text in "abc"] == ["b", "c"]
    assert "of 250 used" in seen.all("main")[0].text
    live.post("d", "Hm", tragets="none")
    assert run("plan", "--format", "html").exit_code == 1
