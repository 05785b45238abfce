"""A login in the browser: what is asked for, what comes back, where it goes; and what a person is told."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from msgspec.structs import replace

from tests.operations.desk import Desk, desk_in
from threadsync.errors import (
    ApiError,
    AuthorizationDenied,
    AuthorizationMismatch,
    ProjectError,
    ProviderError,
    ThreadsyncError,
    UsageError,
)
from threadsync.execution import credentials
from threadsync.execution.apilog import read_calls
from threadsync.model.ids import MAIN, Role
from threadsync.operations import logging_in
from threadsync.operations.auth import CredentialStanding, auth_status
from threadsync.operations.credentials import Stored
from threadsync.operations.logging_in import Login, auth_logout, auth_store, begin_login, finish_login
from threadsync.operations.renewing import auth_refresh
from threadsync.sandbox.threads import About, App, Fault, FaultKind, Profile

TARGET = "threads/main"
BACK = "https://example.org/back"
APP = {
    "THREADS_APP_ID": "990000000000001",
    "THREADS_API_SECRET": "sandbox-app-secret",
    "THREADS_REDIRECT_URI": BACK,
}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with desk_in(tmp_path) as desk:
        (desk.root / "token").unlink()
        yield desk


def begun(desk: Desk, *scopes: str, stores: bool = True, **environ: str) -> Login:
    return begin_login(desk.workspace, TARGET, scopes=scopes, stores=stores, environ={**APP, **environ})


def visited(login: Login) -> str:
    """Return where a browser ends that opens the window: the address, or the page it stays on."""
    answer = requests.get(login.authorization.url, allow_redirects=False, timeout=10)
    return answer.headers.get("Location") or answer.text


def logged_in(desk: Desk, *scopes: str, stores: bool = True) -> Stored:
    login = begun(desk, *scopes, stores=stores)
    return finish_login(desk.workspace, login, visited(login))


def status(desk: Desk) -> CredentialStanding:
    (row,) = auth_status(desk.workspace)
    return row


def refused(desk: Desk, login: Login, answer: str | None = None) -> ThreadsyncError:
    """Return why a login came to nothing; nothing is stored then."""
    with pytest.raises(ThreadsyncError) as raised:
        finish_login(desk.workspace, login, visited(login) if answer is None else answer)
    assert not (desk.root / "token").exists()
    assert raised.value.remedy
    return raised.value


def sent(desk: Desk) -> list[str]:
    return [f"{each.method} {each.path}" for each in desk.sandbox.requests()]


# What it does.


def test_a_yes_ends_with_a_token_of_60_days_that_this_user_alone_can_read(desk: Desk) -> None:
    done = logged_in(desk)
    path = desk.root / "token"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert done.lines[0].startswith("Logged in as @lift_report (id ")
    assert done.lines[-1] == (
        "Stored in file:token: the 'main' credential of threads/main. It lives until 2026-04-30."
    )
    row = status(desk)
    assert row.problem == ""
    assert row.account is not None
    assert row.account.handle == "lift_report"
    assert row.left(desk.clock.now()) is not None
    assert row.renewal is not None
    assert row.renewal.at == desk.clock.now()


def test_the_window_is_that_of_the_network_and_of_a_sandbox_its_own(desk: Desk) -> None:
    assert begun(desk).authorization.url.startswith(f"{desk.sandbox.base_url}/oauth/authorize?")
    desk.change(f"    base_url: {desk.sandbox.base_url}\n", "")
    assert begun(desk).authorization.url.startswith("https://threads.com/oauth/authorize?")


def test_each_login_has_a_state_of_its_own(desk: Desk) -> None:
    states = {parse_qs(urlsplit(begun(desk).authorization.url).query)["state"][0] for _ in range(3)}
    assert len(states) == 3
    assert all(len(state) >= 43 for state in states)


def test_the_code_goes_out_once(desk: Desk) -> None:
    logged_in(desk)
    assert sent(desk).count("POST /oauth/access_token") == 1


def test_a_lost_answer_to_the_code_is_said_to_be_one_and_the_code_is_not_sent_again(desk: Desk) -> None:
    desk.sandbox.arm(Fault("exchange-code", FaultKind.ANSWER_LOST))
    error = refused(desk, begun(desk))
    assert isinstance(error, ProviderError)
    assert "no answer from the network" in error.problem
    assert "not sent again" in error.remedy
    assert "threadsync auth login threads/main" in error.remedy
    assert sent(desk).count("POST /oauth/access_token") == 1


def test_a_lost_answer_to_the_second_step_is_asked_for_again(desk: Desk) -> None:
    """Making one more token of 60 days harms nobody."""
    desk.sandbox.arm(Fault("exchange-token", FaultKind.ANSWER_LOST))
    logged_in(desk)
    assert status(desk).problem == ""


def test_printed_it_is_stored_nowhere_and_needs_no_place(desk: Desk) -> None:
    desk.change("file:token", "env:NOWHERE")
    with pytest.raises(UsageError, match="cannot store it") as raised:
        begun(desk)
    assert "--print" in raised.value.remedy
    done = logged_in(desk, stores=False)
    assert done.secret is not None
    assert done.secret.reveal() not in "".join(done.lines)
    assert "stored nowhere" in done.lines[-1]
    assert not (desk.root / "token").exists()
    desk.change("    credential: env:NOWHERE\n", "")
    assert begun(desk, stores=False).scopes


def test_a_keyring_takes_it_too(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    held: dict[str, str] = {}

    class Ring:
        get, set = staticmethod(held.get), staticmethod(held.__setitem__)

    monkeypatch.setattr(credentials, "system_keyring", lambda _: Ring())
    desk.change("file:token", "keyring:lifts")
    assert logged_in(desk).lines[-1].startswith("Stored in keyring:lifts: ")
    assert held["lifts"].startswith("THL")
    assert status(desk).problem == ""


def test_no_secret_is_in_the_log_or_in_what_is_said(desk: Desk) -> None:
    login = begun(desk)
    answer = visited(login)
    done = finish_login(desk.workspace, login, answer)
    code = parse_qs(urlsplit(answer).query)["code"][0]
    token = (desk.root / "token").read_text().strip()
    log = b"".join(path.read_bytes() for path in (desk.root / ".threadsync").iterdir() if path.is_file())
    for secret in (code, token, APP["THREADS_API_SECRET"]):
        assert secret.encode() not in log
        assert secret not in repr(login)
        assert secret not in "".join(done.lines)
    calls = read_calls(desk.root / ".threadsync/log.sqlite3", limit=10)
    assert [call.operation for call in calls][:2] == ["POST /oauth/access_token", "GET /access_token"]
    assert {call.command for call in calls} == {"test"}


# Where the app is known from.


def test_the_project_says_the_app_and_comes_before_the_environment(desk: Desk) -> None:
    (desk.root / "secret").write_text("sandbox-app-secret\n")
    desk.change(
        "    credential: file:token\n",
        f'    app_id: "{APP["THREADS_APP_ID"]}"\n    redirect_uri: {BACK}\n'
        "    credentials: {main: file:token, app_secret: file:secret}\n",
    )
    other = {"THREADS_APP_ID": "1", "THREADS_API_SECRET": "x", "THREADS_REDIRECT_URI": "https://x.org"}
    login = begun(desk, **other)
    assert f"client_id={APP['THREADS_APP_ID']}&" in login.authorization.url
    assert login.authorization.redirect_uri == BACK
    assert finish_login(desk.workspace, login, visited(login)).lines


@pytest.mark.parametrize("name", APP)
def test_what_is_missing_of_the_app_is_named_with_both_places_for_it(desk: Desk, name: str) -> None:
    with pytest.raises(UsageError, match=name) as raised:
        begun(desk, **{name: ""})
    assert "threads/main in threadsync.yaml" in raised.value.remedy
    assert desk.sandbox.calls() == 0


def test_an_app_id_is_text_and_no_number(desk: Desk) -> None:
    desk.change("    credential: file:token\n", "    credential: file:token\n    app_id: 990000000000001\n")
    with pytest.raises(ProjectError) as raised:
        _ = desk.workspace
    (finding,) = raised.value.findings
    assert finding.remedy


def test_the_secret_of_the_app_is_stored_like_any_other_and_tried_at_a_login_alone(desk: Desk) -> None:
    desk.change("credential: file:token", "credentials: {main: file:token, app_secret: file:secret}")
    auth_store(desk.workspace, TARGET, Role("app_secret"), "sandbox-app-secret")
    login = begin_login(desk.workspace, TARGET, stores=True, environ={**APP, "THREADS_API_SECRET": ""})
    finish_login(desk.workspace, login, visited(login))
    rows = {row.role: row for row in auth_status(desk.workspace)}
    assert not rows[Role("app_secret")].asked
    assert rows[Role("app_secret")].problem == ""
    assert rows[MAIN].asked


# What it asks for.

BASE = ("threads_basic", "threads_content_publish", "threads_read_replies")


def post(desk: Desk, more: str = "", text: str = "Hello.") -> None:
    (desk.root / "posts/a.md").write_text(f"---\nkey: a\ntargets: [threads/main]\n{more}---\n{text}\n")


@pytest.mark.parametrize(
    ("more", "text", "scopes"),
    [
        ("", "One.", ()),
        ("draft: true\nthreads: {location: '17'}\n", "One.", ("threads_location_tagging",)),
        ("", "One.\n\n---\n\nTwo.", ("threads_manage_replies",)),
        ("on_remove: delete\n", "One.", ("threads_delete", "threads_manage_insights")),
        ("on_change: replace\n", "One.", ("threads_delete", "threads_manage_insights")),
        ("withdraw: true\n", "One.", ("threads_delete", "threads_manage_insights")),
    ],
)
def test_it_asks_for_what_the_posts_need_and_no_more(
    desk: Desk, more: str, text: str, scopes: tuple[str, ...]
) -> None:
    post(desk, more, text)
    assert begun(desk).scopes == (*BASE, *scopes)


def test_a_policy_of_the_project_counts_like_that_of_a_post(desk: Desk) -> None:
    desk.change("zone: UTC\n", "zone: UTC\npolicies: {on_remove: delete}\n")
    assert "threads_delete" in begun(desk).scopes


def test_more_is_asked_for_on_request_and_each_once(desk: Desk) -> None:
    login = begun(desk, "threads_keyword_search", "threads_basic")
    assert login.scopes == (*BASE, "threads_keyword_search")
    with pytest.raises(UsageError, match="no scope threads_delte") as raised:
        begun(desk, "threads_delte")
    assert "Did you mean threads_delete?" in raised.value.remedy


def test_a_login_satisfies_what_status_says_is_needed(desk: Desk) -> None:
    post(desk, "on_remove: delete\n", "One.\n\n---\n\nTwo.")
    logged_in(desk)
    assert status(desk).missing == ()


# What can go wrong: each of these gives the message that a person needs.


def test_a_wrong_app_id(desk: Desk) -> None:
    """The window shows it, and sends nobody back: what it shows can be pasted."""
    error = refused(desk, begun(desk, THREADS_APP_ID="1234567890"))
    assert isinstance(error, AuthorizationDenied)
    assert "no app with the id 1234567890" in error.problem
    assert "not those of the Meta app" in error.remedy


def test_a_wrong_app_secret(desk: Desk) -> None:
    error = refused(desk, begun(desk, THREADS_API_SECRET="of-the-meta-app"))
    assert isinstance(error, ApiError)
    assert "the secret is not that of the Threads app 990000000000001" in error.remedy


def test_an_uninvited_tester(desk: Desk) -> None:
    desk.sandbox.add_profile(Profile("lift_report", about=About(is_tester=False)))
    error = refused(desk, begun(desk))
    assert isinstance(error, AuthorizationDenied)
    assert "has not accepted the invitation" in error.problem
    assert "Website permissions" in error.remedy


def test_a_redirect_mismatch(desk: Desk) -> None:
    desk.sandbox.engine.set_app(App(redirect_uris=(f"{BACK}/",)))
    error = refused(desk, begun(desk))
    assert isinstance(error, AuthorizationDenied)
    assert f"no redirect URI {BACK} " in error.problem
    assert "slash" in error.remedy


def test_a_redirect_mismatch_at_the_exchange(desk: Desk) -> None:
    """The window took one, and the exchange names another."""
    login = begun(desk)
    answer = visited(login)
    login = replace(login, authorization=replace(login.authorization, redirect_uri="https://x.org/"))  # type: ignore[type-var]
    error = refused(desk, login, answer)
    assert isinstance(error, ApiError)
    assert "another redirect URI than https://x.org/" in error.remedy


def test_another_error_of_the_window(desk: Desk) -> None:
    error = refused(desk, begun(desk), '{"error_message": "An unknown error", "error_code": 1}')
    assert isinstance(error, AuthorizationDenied)
    assert "error 1" in error.problem


def test_a_person_who_says_no(desk: Desk) -> None:
    desk.sandbox.switch(authorize_denied=True)
    assert isinstance(refused(desk, begun(desk)), AuthorizationDenied)
    assert "POST /oauth/access_token" not in sent(desk)


def test_the_answer_to_another_login(desk: Desk) -> None:
    first, second = begun(desk), begun(desk)
    assert isinstance(refused(desk, first, visited(second)), AuthorizationMismatch)
    assert "POST /oauth/access_token" not in sent(desk)


def test_a_code_that_was_used_or_is_an_hour_old(desk: Desk) -> None:
    login = begun(desk)
    answer = visited(login)
    desk.clock.sleep(3600)
    assert "a code works once, and for one hour" in refused(desk, login, answer).remedy


def test_a_browser_that_is_logged_in_as_somebody_else(desk: Desk) -> None:
    desk.sandbox.switch(authorize_as="harbour_desk")
    error = refused(desk, begun(desk))
    assert isinstance(error, ProjectError)
    assert "logged in as @harbour_desk, and threads/main is lift_report" in error.problem


def test_an_expired_token(desk: Desk) -> None:
    logged_in(desk)
    desk.clock.sleep(61 * 86_400)
    row = status(desk)
    assert "Session has expired" in row.problem
    assert "threadsync auth login" in row.remedy
    with pytest.raises(ApiError) as raised:
        auth_refresh(desk.workspace, TARGET, MAIN)
    assert "cannot be refreshed" in raised.value.remedy
    assert "threadsync auth login" in raised.value.remedy


def test_a_revoked_token(desk: Desk) -> None:
    """The person removed the app in the settings of the account: subcode 458."""
    logged_in(desk)
    desk.sandbox.switch(token_subcode=458)
    desk.sandbox.arm(Fault("any", FaultKind.TOKEN_EXPIRED, times=None))
    assert "removed the app" in status(desk).remedy
    with pytest.raises(ApiError) as raised:
        auth_refresh(desk.workspace, TARGET, MAIN)
    assert "removed the app" in raised.value.remedy


def test_a_leaked_token(desk: Desk) -> None:
    """Taking it from its place does not end it, nor does renewing: what does is said."""
    logged_in(desk)
    line = auth_logout(desk.workspace, TARGET, MAIN).lines[1]
    assert "It goes on working until it expires." in line
    assert "remove the app" in line


def test_a_garbled_token(desk: Desk) -> None:
    desk.token("half-of-a-tok")
    row = status(desk)
    assert "Invalid OAuth access token" in row.problem
    assert "threadsync auth login" in row.remedy


def test_a_missing_scope(desk: Desk) -> None:
    logged_in(desk)
    post(desk, "on_remove: delete\nthreads: {location: '17'}\n")
    row = status(desk)
    assert row.problem == ""
    assert [scope.name for scope in row.missing] == [
        "threads_delete",
        "threads_location_tagging",
        "threads_manage_insights",
    ]
    assert all(scope.meaning for scope in row.missing)
    assert [scope.name for scope in row.needed][:3] == list(BASE)


def test_a_scope_that_was_not_granted_is_named_at_once(desk: Desk) -> None:
    """Whether the window lets a person take one out is not documented; what was granted is looked at."""
    login = begun(desk)
    narrower = login.authorization.url.replace("%2Cthreads_content_publish", "")
    answer = requests.get(narrower, allow_redirects=False, timeout=10).headers["Location"]
    done = finish_login(desk.workspace, login, answer)
    assert any("Not granted, although asked for: threads_content_publish." in line for line in done.lines)


def test_a_network_without_a_login_in_the_browser_says_how_a_token_is_stored(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = type(desk.workspace.providers[logging_in.target_of(desk.workspace, TARGET).name])
    monkeypatch.setattr(provider, "authorizing", None)
    with pytest.raises(UsageError, match="gives no credential in a browser") as raised:
        begun(desk)
    assert "--token" in raised.value.remedy


# The page about it.

PAGE = Path(__file__).parents[2] / "docs/credentials.md"


def shown_on_the_page() -> list[str]:
    """Return what the page quotes of messages, in parts: what is left out stands there as an ellipsis."""
    rows = [row for row in PAGE.read_text(encoding="utf-8").splitlines() if row.startswith("| *")]
    quoted = [part for row in rows for part in row.split("|")[1].split("*")[1::2]]
    return [part.strip() for each in quoted for part in each.split("…") if len(part.strip()) > 3]


def test_the_page_quotes_messages_as_they_are(desk: Desk) -> None:
    """Each message there is one that such a fault brings forth, or one of Meta's window."""
    said = [
        refused(desk, begun(desk, THREADS_APP_ID="1")),
        refused(desk, begun(desk), "https://x.org/?code=1&state=x"),
        *(refused(desk, begun(desk), f'{{"error_code": {code}}}') for code in (1349168, 1349245)),
    ]
    desk.sandbox.switch(authorize_denied=True)
    said.append(refused(desk, begun(desk)))
    desk.sandbox.switch(authorize_denied=False, authorize_as="harbour_desk")
    said.append(refused(desk, begun(desk)))
    desk.sandbox.switch(authorize_as="")
    login = begun(desk)
    answer = visited(login)
    desk.sandbox.arm(Fault("exchange-code", FaultKind.ANSWER_LOST))
    said += [refused(desk, login, answer), refused(desk, login, answer)]
    logged_in(desk)
    with pytest.raises(ApiError) as young:
        auth_refresh(desk.workspace, TARGET, MAIN)
    said.append(young.value)
    rows = []
    for subcode in (463, 458):
        desk.sandbox.switch(token_subcode=subcode)
        desk.sandbox.arm(Fault("profile", FaultKind.TOKEN_EXPIRED))
        rows.append(status(desk))
    texts = [
        *(error.message() for error in said),
        *(f"{row.problem} {row.remedy}" for row in rows),
        *("No app ID was provided", "No application data was given", "URL Blocked"),
        "missing: threads_delete, for",
    ]
    found = shown_on_the_page()
    assert len(found) > 12
    for each in found:
        assert any(each in text for text in texts), each
