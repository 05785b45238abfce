"""The everyday commands at a command line: what they print where, and how they end."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.cli.conftest import Run
from tests.operations.desk import Desk, desk_in
from tests.operations.world import World
from threadsync.cli import _terminal, root
from threadsync.cli._options import Asked


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with desk_in(tmp_path) as desk:
        desk.sandbox.switch(refresh_age_min_seconds=0)
        yield desk


@pytest.fixture
def on(desk: Desk) -> Callable[..., Result]:
    """Run a command at the desk."""

    def run(*arguments: str, stdin: str = "") -> Result:
        asked = Asked(open_project=lambda _: desk.workspace)
        return CliRunner().invoke(root, arguments, input=stdin, obj=asked, catch_exceptions=False)

    return run


# status --fail-if-overdue


def test_status_fails_for_what_is_overdue_and_names_it(run: Run, world: World) -> None:
    """The world's clock says 12:00."""
    world.post("late", "Late.", publish="2026-11-21 11:20")
    world.post("fresh", "Fresh.", publish="2026-11-21 11:50")
    world.post("coming", "Coming.", publish="2026-11-21 12:30")
    world.post("idea", "Idea.", publish="2026-11-20 11:20", draft="true")
    done = run("status", "--fail-if-overdue", "30m")
    assert done.exit_code == 1
    assert done.stderr == ("1 publication overdue:\n    late@threads/main: due, due 2026-11-21 11:20 UTC\n")
    assert run("status", "--fail-if-overdue", "1h").exit_code == 0
    assert run("status", "fresh", "--fail-if-overdue", "30m").exit_code == 0
    assert run("status").exit_code == 0
    world.apply("late")
    assert run("status", "--fail-if-overdue", "30m").exit_code == 0


def test_a_post_after_its_window_is_overdue_though_it_is_blocked(run: Run, world: World) -> None:
    world.post("late", "Late.", publish="2026-11-21 09:00")
    world.apply()
    done = run("status", "--fail-if-overdue", "30m", "--format", "json")
    document = json.loads(done.stdout)
    assert (done.exit_code, document["kind"]) == (1, "status")
    assert [each["due"] for each in document["publications"]] == ["2026-11-21T09:00:00Z"]
    assert "late@threads/main: blocked" in done.stderr


def test_one_from_before_its_target_s_since_is_never_overdue(run: Run, world: World) -> None:
    world.post("old", "Old.", publish="2025-11-21 09:00")
    assert "before-since" in run("status").stdout
    assert run("status", "--fail-if-overdue", "30m").exit_code == 0


def test_a_span_that_is_none_is_refused(run: Run) -> None:
    done = run("status", "--fail-if-overdue", "soon")
    assert done.exit_code == 2
    assert "--fail-if-overdue 'soon' is no span." in done.stderr


# auth


def test_auth_status_ends_with_1_if_a_credential_cannot_be_used(
    on: Callable[..., Result], desk: Desk
) -> None:
    done = on("auth", "status")
    assert done.exit_code == 0
    assert "opens @lift_report" in done.stdout
    assert json.loads(on("auth", "status", "--format", "json").stdout)["credentials"][0]["endless"] is True
    (desk.root / "token").unlink()
    assert on("auth", "status", "--offline").exit_code == 1
    assert on("auth", "status", "threads/x").exit_code == 2


def test_no_command_prints_a_token_but_refresh_show(on: Callable[..., Result], desk: Desk) -> None:
    def token() -> str:
        return (desk.root / "token").read_text().strip()

    outputs = [on("auth", "login", "threads/main", "--token", stdin="sandbox-lift_report\n")]
    first = token()
    outputs += [on("auth", "refresh", "threads/main"), on("auth", "status"), on("doctor"), on("log")]
    second = token()
    assert second != first
    for done in outputs:
        assert first not in done.output
        assert second not in done.output
    shown = on("auth", "refresh", "threads/main", "--show")
    assert shown.stdout == token() + "\n"
    assert "Renewed, and stored in file:token" in shown.stderr
    assert on("auth", "logout", "threads/main").stdout.startswith("Removed from file:token")


def test_one_in_the_environment_is_not_renewed_without_show(on: Callable[..., Result], desk: Desk) -> None:
    desk.change("file:token", "env:DESK_TOKEN")
    done = on("auth", "refresh", "threads/main")
    assert done.exit_code == 2
    assert "--show" in done.stderr


def test_at_a_terminal_the_token_is_asked_for_without_being_shown(
    on: Callable[..., Result], desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda self: self.name == "<stdin>")
    done = on("auth", "login", "threads/main", "--token", stdin="sandbox-lift_report\n")
    assert done.exit_code == 0
    assert "Token of threads/main" in done.stderr
    assert "sandbox-lift_report" not in done.output


# doctor, log, providers


def test_doctor_ends_with_1_only_for_a_problem(on: Callable[..., Result], desk: Desk) -> None:
    (desk.root / "posts/idea.md").write_text(
        "---\nkey: idea\ntargets: [threads/main]\ndraft: true\n---\nHello.\n"
    )
    done = on("doctor", "--offline")
    assert done.exit_code == 0
    assert "warning  git: " in done.stdout
    assert done.stdout.endswith("1 warning in 9 checks.\n")
    (desk.root / "token").unlink()
    failed = on("doctor", "--offline", "--format", "json")
    assert (failed.exit_code, json.loads(failed.stdout)["ok"]) == (1, False)


def test_the_log_is_chosen_from_and_printed(on: Callable[..., Result], desk: Desk) -> None:
    assert on("log").stdout == "The API log has no such calls.\n"
    on("auth", "status")
    desk.clock.seconds += 3600
    desk.token("wrong")
    on("auth", "status")
    whole = json.loads(on("log", "--format", "json").stdout)["calls"]
    assert [call["command"] for call in whole] == ["auth status"] * 4
    text = on("log", "--since", "30m", "--errors").stdout
    assert text.count("GET /v1.0/me") == 1
    assert "token (unauthorized): Threads says:" in text
    run = whole[0]["run"]
    (once,) = json.loads(on("log", "--run", run, "--limit", "1", "--format", "json").stdout)["calls"]
    assert once["run"] == run
    assert on("log", "--target", "threads/main").exit_code == 0
    assert on("log").stderr == on("log", "--limit", str(len(whole))).stderr == "", "nothing is left out"
    newest = on("log", "--limit", "1")
    assert newest.stderr.startswith("There are older calls: these are the newest 1. --limit N shows more")
    assert on("log", "--limit", "1", "--quiet").stderr == ""
    for bad in (("--target", "threads/x"), ("--since", "soon")):
        assert on("log", *bad).exit_code == 2


def test_a_damaged_log_is_one_clear_message(on: Callable[..., Result], desk: Desk) -> None:
    (desk.root / ".threadsync").mkdir()
    (desk.root / ".threadsync/log.sqlite3").write_bytes(b"no data base" * 200)
    done = on("log")
    assert done.exit_code == 1
    assert "cannot be used: file is not a database" in done.stderr
    told = on("auth", "status")
    assert told.exit_code == 0
    assert told.stderr.count("cannot be written") == 1


def test_an_apply_and_its_log_name_the_same_run(on: Callable[..., Result], desk: Desk) -> None:
    (desk.root / "posts/a.md").write_text("---\nkey: a\ntargets: [threads/main]\n---\nHello.\n")
    done = on("apply", "--yes", "--first-run", "--format", "json")
    assert done.exit_code == 0, done.output
    run = json.loads(done.stdout)["report"]["run"]
    calls = json.loads(on("log", "--run", run, "--format", "json").stdout)["calls"]
    assert {call["command"] for call in calls} == {"apply"}
    (published,) = [call for call in calls if call["visibility"] == "visible"]
    assert published["operation"] == "POST /v1.0/me/threads_publish"
    assert published["ids"]


def test_the_providers_are_listed() -> None:
    done = CliRunner().invoke(root, ["providers", "--format", "json"], catch_exceptions=False)
    assert [each["name"] for each in json.loads(done.stdout)["providers"]] == ["bluesky", "threads"]
    told = CliRunner().invoke(root, ["providers"]).stdout
    assert told.startswith("bluesky  API app.bsky")
    assert "\n\nthreads  API v1.0" in told


# init and new


def invoke(*arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(root, arguments, input=stdin, catch_exceptions=False)


def said(done: Result) -> str:
    """What it said on standard error, in one row."""
    return " ".join(done.stderr.split())


def test_init_without_a_terminal_asks_nothing_and_the_project_validates(tmp_path: Path) -> None:
    done = invoke("init", str(tmp_path / "new"), "--account", "@maria", "--zone", "Europe/Vienna")
    assert done.exit_code == 0
    assert str(tmp_path / "new/threadsync.yaml") in done.stdout.splitlines()
    assert "Next: cd" in done.stderr
    assert all(len(line) <= 80 or "/" in line for line in done.stderr.splitlines())
    assert "account: maria\n" in (tmp_path / "new/threadsync.yaml").read_text()
    project = ("--project", str(tmp_path / "new"))
    assert invoke("validate", *project).stdout == "All is well: 1 file, 0 publications, 1 draft.\n"
    assert invoke("plan", *project).exit_code == 0
    drafted = invoke("new", "Lift report", *project)
    assert (drafted.exit_code, drafted.stdout) == (0, "posts/lift-report.md\n")
    assert invoke("validate", *project).exit_code == 0
    assert invoke("init", str(tmp_path / "new")).exit_code == 2
    assert invoke("--project", str(tmp_path / "here"), "init").exit_code == 0
    assert (tmp_path / "here/threadsync.yaml").is_file()


def test_init_at_a_terminal_asks_what_no_option_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_terminal, "is_attended", lambda: True)
    answers = "threads/brand\nmaria\nfile:token\n\n\n"
    done = invoke("init", str(tmp_path), "--zone", "Asia/Tokyo", stdin=answers)
    assert done.exit_code == 0
    text = (tmp_path / "threadsync.yaml").read_text()
    for part in ("threads/brand:", "account: maria\n", "credential: file:token", "zone: Asia/Tokyo"):
        assert part in text
    assert "Time zone" not in done.stderr
    assert "Where is its token" in done.stderr


def test_init_asks_for_one_account_after_the_other_and_for_what_each_network_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bluesky is sent its pictures, so nothing is asked about them; its secret is called by its own name."""
    monkeypatch.setattr(_terminal, "is_attended", lambda: True)
    answers = "bluesky/brand\nlifts.bsky.social\n\n\n"
    done = invoke("init", str(tmp_path / "one"), "--zone", "UTC", "--media-url", "", stdin=answers)
    assert done.exit_code == 0
    text = (tmp_path / "one/threadsync.yaml").read_text()
    assert "account: lifts.bsky.social\n" in text
    assert "credential: env:BLUESKY_APP_PASSWORD\n" in text
    assert "auth login bluesky/brand stores it" in said(done)
    answers = "\nlift_report\n\nbluesky/brand\nlifts.bsky.social\n\n\nhttps://example.org/m\n"
    done = invoke("init", str(tmp_path / "two"), "--zone", "UTC", stdin=answers)
    assert done.exit_code == 0
    assert done.stderr.count("Another account") == 2
    text = (tmp_path / "two/threadsync.yaml").read_text()
    assert "credential: env:THREADS_TOKEN\n" in text
    assert text.count("media_host: site") == 1
    draft = (tmp_path / "two/posts/first-post.md").read_text()
    assert "targets: [threads/main, bluesky/brand]" in draft


def test_init_asks_for_no_public_address_where_no_network_needs_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_terminal, "is_attended", lambda: True)
    done = invoke("init", str(tmp_path), "--zone", "UTC", "--target", "bluesky/brand", stdin="\n\n")
    assert (done.exit_code, "Public address" in done.stderr) == (0, False)


def test_init_makes_a_project_for_both_networks_without_a_terminal(tmp_path: Path) -> None:
    names = ("--target", "threads/main", "--target", "bluesky/brand", "--account", "lift_report")
    done = invoke("init", str(tmp_path / "new"), *names, "--account", "lifts.bsky.social", "--zone", "UTC")
    assert done.exit_code == 0
    assert invoke("validate", "--project", str(tmp_path / "new")).stdout.startswith("All is well: 1 file")
    for wrong, why in (
        (("--target", "threads/main", "--account", "a", "--account", "b"), "more --account or --credential"),
        (("--target", "threads/main", "--target", "threads/main"), "two accounts have one name"),
    ):
        refused = invoke("init", str(tmp_path / "wrong"), *wrong)
        assert (refused.exit_code, why in said(refused)) == (2, True)
        assert not (tmp_path / "wrong").exists()


def test_init_asks_again_where_an_answer_makes_no_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_terminal, "is_attended", lambda: True)
    answers = ["main", "threads/main", "my name", "@maria", "the-token-itself", "env:X", ""]
    answers += ["Europe/Berln", "Europe/Berlin", "x y", ""]
    done = invoke("init", str(tmp_path), stdin="".join(f"{answer}\n" for answer in answers))
    assert done.exit_code == 0
    for complaint in (
        '"main" is not a name',
        '"my name" is no handle',
        "does not say where",
        "Did you mean Europe/Berlin?",
    ):
        assert done.stderr.count(complaint) == 1
    text = (tmp_path / "threadsync.yaml").read_text()
    assert "account: maria\n" in text
    assert "zone: Europe/Berlin\n" in text
    assert "give it a publish: time" in done.stderr, "init writes that one is required"


def test_init_left_at_a_question_writes_nothing_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_terminal, "is_attended", lambda: True)
    done = invoke("init", str(tmp_path / "new"), stdin="threads/main\n")
    assert (done.exit_code, (tmp_path / "new").exists()) == (1, False)
    assert done.stderr.endswith("\nStopped. Nothing is lost: run the command again.\n")


def test_init_ends_with_1_where_the_account_was_to_be_looked_up_and_was_not(
    tmp_path: Path, desk: Desk
) -> None:
    options = ("--credential", f"file:{desk.root / 'token'}", "--base-url", desk.sandbox.base_url, "--check")
    done = invoke("init", str(tmp_path / "a"), *options)
    assert (
        done.exit_code,
        "threads/main: the credential opens @lift_report; it is written down." in said(done),
    ) == (0, True)
    other = invoke("init", str(tmp_path / "b"), *options, "--account", "maria")
    assert (other.exit_code, "and you said maria" in other.stderr) == (1, True)
    desk.token("wrong")
    failed = invoke("init", str(tmp_path / "c"), *options)
    assert (failed.exit_code, "the account could not be looked up: Threads says" in said(failed)) == (
        1,
        True,
    )


def test_new_fails_where_the_draft_is_no_good(run: Run, world: World) -> None:
    world.write("posts/lift-report.txt", "")
    assert run("new", "Lift report", "--yaml").stdout == "posts/lift-report.yaml\n"
    assert run("new", " ").exit_code == 2
    assert sys.stdout is not None
