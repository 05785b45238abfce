"""``auth login`` and ``auth refresh`` at a command line: the browser, what is pasted, and what is printed."""

from __future__ import annotations

import os
import sys
import webbrowser
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner, Result

from tests.execution.test_redirect import free_port
from tests.operations.desk import Desk, desk_in
from threadsync.cli import root
from threadsync.cli._options import Asked


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("THREADS_APP_ID", "990000000000001")
    monkeypatch.setenv("THREADS_API_SECRET", "sandbox-app-secret")
    monkeypatch.setenv("THREADS_REDIRECT_URI", f"http://localhost:{free_port()}/back")
    with desk_in(tmp_path) as desk:
        (desk.root / "token").unlink()
        yield desk


@pytest.fixture
def on(desk: Desk) -> Callable[..., Result]:
    """Run a command at the desk."""

    def run(*arguments: str, stdin: str = "") -> Result:
        asked = Asked(open_project=lambda _: desk.workspace)
        return CliRunner().invoke(root, arguments, input=stdin, obj=asked, catch_exceptions=False)

    return run


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A browser whose person says yes to all; what it was opened at."""
    opened: list[str] = []

    def visit(url: str) -> bool:
        opened.append(url)
        return requests.get(url, timeout=10).ok

    monkeypatch.setattr(webbrowser, "open", visit)
    return opened


def stored(desk: Desk) -> str:
    path = desk.root / "token"
    return path.read_text().strip() if path.exists() else ""


def at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda self: self.name == "<stdin>")


def answer_to(monkeypatch: pytest.MonkeyPatch, change: Callable[[str], str] = str) -> None:
    """Let the person paste what their own browser, opened by hand, ends on."""

    def paste(question: str, **_: object) -> str:
        (url,) = [each for each in shown if each.startswith("http")]
        found = requests.get(change(url), allow_redirects=False, timeout=10)
        return found.headers.get("Location") or found.text

    shown: list[str] = []
    monkeypatch.setattr("threadsync.cli._logging_in.note", shown.append)
    monkeypatch.setattr("threadsync.cli._logging_in.click.prompt", paste)
    at_a_terminal(monkeypatch)


def test_a_login_opens_the_browser_meets_it_and_stores_the_token(
    on: Callable[..., Result], desk: Desk, browser: list[str]
) -> None:
    done = on("auth", "login", "threads/main")
    assert done.exit_code == 0
    assert done.stdout.startswith("Logged in as @lift_report (id ")
    assert stored(desk).startswith("THL")
    assert stored(desk) not in done.output
    assert browser == [each for each in done.stderr.splitlines() if each.startswith("http")]
    assert "opens @lift_report" in on("auth", "status").stdout


def test_printed_the_token_alone_is_on_standard_output(
    on: Callable[..., Result], desk: Desk, browser: list[str]
) -> None:
    done = on("auth", "login", "threads/main", "--print")
    assert done.exit_code == 0
    (token,) = done.stdout.splitlines()
    assert token.startswith("THL")
    assert token not in done.stderr
    assert "stored nowhere" in done.stderr
    assert stored(desk) == ""


def test_what_a_browser_says_does_not_come_among_the_printed_token(
    on: Callable[..., Result],
    browser: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Chrome says "Opening in existing browser session." where it was started: into the secret of the CI."""
    opens = webbrowser.open
    monkeypatch.setattr(webbrowser, "open", lambda url: os.write(1, b"Opening.\n") and opens(url))
    assert on("auth", "login", "threads/main", "--print").exit_code == 0
    assert capfd.readouterr() == ("", "Opening.\n")
    os.write(1, b"after\n")
    assert capfd.readouterr().out == "after\n"


def test_more_rights_are_asked_for(on: Callable[..., Result], desk: Desk, browser: list[str]) -> None:
    scopes = ("--scope", "threads_delete", "--scope", "threads_manage_insights")
    on("auth", "login", "threads/main", *scopes)
    assert "threads_delete%2Cthreads_manage_insights&" in browser[0]
    assert "scopes: threads_basic, threads_content_publish, threads_delete" in on("auth", "status").stdout


def test_from_another_address_the_one_that_the_browser_ends_on_is_pasted(
    on: Callable[..., Result], desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Meta wants https, which is met by nobody here."""
    monkeypatch.setenv("THREADS_REDIRECT_URI", "https://example.org/back")
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda url: opened.append(url) or True)
    answer_to(monkeypatch)
    done = on("auth", "login", "threads/main")
    assert done.exit_code == 0, done.output
    assert len(opened) == 1
    assert stored(desk).startswith("THL")


def test_without_a_browser_it_opens_none_and_takes_what_is_pasted(
    on: Callable[..., Result], desk: Desk, browser: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_to(monkeypatch)
    assert on("auth", "login", "threads/main", "--no-browser").exit_code == 0
    assert browser == []
    assert stored(desk).startswith("THL")


def test_where_no_browser_can_be_opened_the_answer_is_pasted(
    on: Callable[..., Result], desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webbrowser, "open", lambda _: False)
    answer_to(monkeypatch)
    assert on("auth", "login", "threads/main").exit_code == 0
    assert stored(desk).startswith("THL")


def test_an_error_that_the_window_shows_can_be_pasted(
    on: Callable[..., Result], desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_to(monkeypatch, lambda url: url.replace("990000000000001", "12345"))
    done = on("auth", "login", "threads/main", "--no-browser")
    assert done.exit_code == 1
    assert "Threads knows no app with the id" in done.stderr
    assert stored(desk) == ""


def test_an_error_of_several_rows_is_read_to_its_end(
    on: Callable[..., Result], desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = iter(["{", '  "error_message": "…",', '  "error_code": 1349245', "}"])
    monkeypatch.setattr("threadsync.cli._logging_in.click.prompt", lambda *_, **__: next(rows))
    at_a_terminal(monkeypatch)
    done = on("auth", "login", "threads/main", "--no-browser")
    assert "has not accepted the invitation" in done.stderr


def test_piped_in_the_answer_is_read_from_standard_input(on: Callable[..., Result], desk: Desk) -> None:
    done = on("auth", "login", "threads/main", "--no-browser", stdin="https://x.org/?code=1&state=no\n")
    assert done.exit_code == 1
    assert "another authorization" in done.stderr


def test_a_token_that_there_is_already_is_stored_and_no_app_is_needed(
    on: Callable[..., Result], desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("THREADS_APP_ID")
    assert on("auth", "login", "threads/main", "--token", stdin="sandbox-lift_report\n").exit_code == 0
    assert stored(desk) == "sandbox-lift_report"
    done = on("auth", "login", "threads/main")
    assert done.exit_code == 2
    assert "--token" in done.stderr


@pytest.mark.parametrize("option", [("--print",), ("--no-browser",), ("--scope", "threads_delete")])
def test_a_token_that_there_is_already_goes_with_nothing_of_the_browser(
    on: Callable[..., Result], desk: Desk, option: tuple[str, ...]
) -> None:
    done = on("auth", "login", "threads/main", "--token", *option, stdin="sandbox-lift_report\n")
    assert done.exit_code == 2
    assert "in a browser" in done.stderr
    assert stored(desk) == ""


def test_a_network_without_a_browser_asks_for_the_token_at_once(
    on: Callable[..., Result], desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """App passwords, personal access tokens: nothing of the command line knows which network it is."""
    (provider,) = desk.workspace.providers.values()
    monkeypatch.setattr(type(provider), "authorizing", None)
    assert on("auth", "login", "threads/main", stdin="sandbox-lift_report\n").exit_code == 0
    assert stored(desk) == "sandbox-lift_report"


def test_status_names_what_is_missing_and_what_for(
    on: Callable[..., Result], desk: Desk, browser: list[str]
) -> None:
    on("auth", "login", "threads/main")
    (desk.root / "posts/a.md").write_text(
        "---\nkey: a\ntargets: [threads/main]\non_remove: delete\n---\nHello.\n"
    )
    said = on("auth", "status").stdout
    assert "this project needs: threads_basic, threads_content_publish" in said
    assert "missing: threads_delete, for replacing and deleting posts" in said
    assert "threadsync auth login threads/main" in said


def test_a_renewal_is_written_back(
    on: Callable[..., Result], desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.sandbox.switch(refresh_age_min_seconds=0)
    desk.change("file:token", "env:DESK_TOKEN")
    monkeypatch.setenv("DESK_TOKEN", "sandbox-lift_report")
    script = desk.root / "put.py"
    script.write_text("import sys; open(sys.argv[1], 'w').write(sys.stdin.read())")
    taken = desk.root / "taken"
    done = on("auth", "refresh", "threads/main", "--write-back", f"'{sys.executable}' '{script}' '{taken}'")
    assert done.exit_code == 0
    assert "written back" in done.stdout
    assert taken.read_text().startswith("THL")
    done = on("auth", "refresh", "threads/main", "--write-back", "false")
    assert done.exit_code == 1
    assert "The new one is not lost" in done.stderr
