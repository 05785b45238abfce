"""Credentials at work: whose account they open, how long they live, and a renewal that loses nothing."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.operations.desk import Desk, desk_in
from threadsync.errors import ApiError, ProjectError, UsageError
from threadsync.execution.apilog import Renewal, read_calls
from threadsync.model.ids import MAIN, NetworkName, Role, TargetName
from threadsync.model.secret import SecretText
from threadsync.model.target import Target
from threadsync.operations import connections, renewing
from threadsync.operations.auth import CredentialStanding, auth_status
from threadsync.operations.logging_in import auth_logout, auth_store
from threadsync.operations.renewing import auth_refresh
from threadsync.sandbox.threads import Fault, FaultKind
from threadsync.statefile.disk import LocalDisk
from threadsync.statefile.lock import Holder, Lock
from threadsync.statefile.machine import LocalMachine

TARGET = "threads/main"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with desk_in(tmp_path) as desk:
        desk.sandbox.switch(refresh_age_min_seconds=0)
        yield desk


def status(desk: Desk, **asked: bool) -> CredentialStanding:
    (row,) = auth_status(desk.workspace, **asked)
    return row


def test_a_credential_is_tried_by_reading_whose_account_it_opens(desk: Desk) -> None:
    row = status(desk)
    assert row.account is not None
    assert (row.account.handle, row.problem, row.form) == ("lift_report", "", "file:token")
    assert row.examined is not None
    assert row.examined.scopes is not None
    assert "threads_content_publish" in row.examined.scopes
    assert row.examined.endless
    assert {request.method for request in desk.sandbox.requests()} == {"GET"}


def test_offline_nothing_is_asked(desk: Desk) -> None:
    row = status(desk, offline=True)
    assert (row.asked, row.account, row.problem) == (False, None, "")
    assert desk.sandbox.calls() == 0


def test_one_that_opens_another_account_is_a_problem(desk: Desk) -> None:
    desk.token("sandbox-harbour_desk")
    row = status(desk)
    assert row.problem == "it opens @harbour_desk, and the project says lift_report"
    assert row.remedy


def test_one_that_is_missing_wrong_or_undeclared_is_told_with_a_remedy(desk: Desk) -> None:
    desk.token("no-such-token")
    assert "Threads says:" in status(desk).problem
    (desk.root / "token").unlink()
    missing = status(desk)
    assert "the file cannot be read" in missing.problem
    assert missing.remedy
    desk.change("    credential: file:token\n", "")
    undeclared = status(desk)
    assert undeclared.problem == "no credential is declared for threads/main"
    assert "credential: env:NAME" in undeclared.remedy


def test_a_problem_with_one_target_stops_no_other(desk: Desk) -> None:
    more = f"  threads/other: {{credential: 'file:none', base_url: '{desk.sandbox.base_url}'}}\n"
    desk.project((desk.root / "threadsync.yaml").read_text() + more)
    main, other = auth_status(desk.workspace)
    assert main.problem == ""
    assert "file:none" in other.problem
    assert [row.target for row in auth_status(desk.workspace, ["threads/other"])] == ["threads/other"]
    with pytest.raises(UsageError, match="there is no target threads/x"):
        auth_status(desk.workspace, ["threads/x"])


# Storing and removing.


def test_login_stores_and_logout_removes(desk: Desk) -> None:
    (desk.root / "token").unlink()
    assert (
        auth_store(desk.workspace, TARGET, MAIN, " sandbox-lift_report\n")
        .lines[0]
        .startswith("Stored in file:token")
    )
    assert stat.S_IMODE((desk.root / "token").stat().st_mode) == 0o600
    assert status(desk).problem == ""
    assert auth_logout(desk.workspace, TARGET, MAIN).lines[0].startswith("Removed from file:token")
    assert not (desk.root / "token").exists()
    assert auth_logout(desk.workspace, TARGET, MAIN).lines == ("Nothing was stored in file:token.",)


@pytest.mark.parametrize("value", ["", "  \n", "two\nlines", "bell\a"])
def test_what_is_no_token_is_not_stored(desk: Desk, value: str) -> None:
    before = (desk.root / "token").read_text()
    with pytest.raises(UsageError, match="that is no token"):
        auth_store(desk.workspace, TARGET, MAIN, value)
    assert (desk.root / "token").read_text() == before


def test_the_environment_is_set_elsewhere(desk: Desk) -> None:
    desk.change("file:token", "env:NOWHERE")
    with pytest.raises(ProjectError, match="set where threadsync is started"):
        auth_store(desk.workspace, TARGET, MAIN, "x")
    with pytest.raises(UsageError, match="declares no credential for the role app_secret"):
        auth_store(desk.workspace, TARGET, Role("app_secret"), "x")


# Renewing.


def test_a_renewed_token_is_stored_and_opens_the_account(desk: Desk) -> None:
    before = (desk.root / "token").read_text()
    done = auth_refresh(desk.workspace, TARGET, MAIN)
    after = (desk.root / "token").read_text()
    assert done.lines[0].startswith("Renewed, and stored in file:token")
    assert after != before
    assert after.strip() not in "".join(done.lines)
    row = status(desk)
    ends = desk.clock.now() + timedelta(days=60)
    assert row.renewal == Renewal(desk.clock.now(), ends)
    assert row.expires_at == ends
    assert row.left(desk.clock.now()) == timedelta(days=60)
    assert [path.name for path in desk.root.glob("token*")] == ["token"]
    log = b"".join(path.read_bytes() for path in (desk.root / ".threadsync").iterdir() if path.is_file())
    assert after.strip().encode() not in log
    assert before.strip().encode() not in log


def test_a_new_login_forgets_when_the_last_one_was_renewed(desk: Desk) -> None:
    auth_refresh(desk.workspace, TARGET, MAIN)
    auth_store(desk.workspace, TARGET, MAIN, "sandbox-lift_report")
    assert status(desk).renewal is None


def test_a_refusal_leaves_the_old_one(desk: Desk) -> None:
    desk.sandbox.switch(refresh_age_min_seconds=86_400)
    before = (desk.root / "token").read_text()
    with pytest.raises(ApiError) as raised:
        auth_refresh(desk.workspace, TARGET, MAIN)
    assert "may be renewed from 2026-03-02 12:00 UTC on" in raised.value.remedy
    assert (desk.root / "token").read_text() == before
    assert status(desk).problem == ""


def test_one_that_cannot_be_stored_leaves_the_old_one_which_still_works(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new one is stored before it is used: where that fails, nobody uses it."""
    before = (desk.root / "token").read_text()

    def full(*_: object, **__: object) -> None:
        raise ProjectError("no room", remedy="Make some.")

    monkeypatch.setattr(renewing, "store", full)
    with pytest.raises(ProjectError, match="no room"):
        auth_refresh(desk.workspace, TARGET, MAIN)
    assert (desk.root / "token").read_text() == before
    assert status(desk).problem == ""
    assert status(desk).renewal is None


def test_one_in_the_environment_is_renewed_only_for_who_asked_to_see_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.change("file:token", "env:DESK_TOKEN")
    monkeypatch.setenv("DESK_TOKEN", "sandbox-lift_report")
    with pytest.raises(UsageError, match="cannot store a new one"):
        auth_refresh(desk.workspace, TARGET, MAIN)
    assert desk.sandbox.calls() == 0
    done = auth_refresh(desk.workspace, TARGET, MAIN, show=True)
    assert done.secret is not None
    assert done.lines[0].startswith("Renewed, and stored nowhere")
    monkeypatch.setenv("DESK_TOKEN", done.secret.reveal())
    assert status(desk).problem == ""


def test_who_comes_second_uses_what_the_first_one_stored(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Renewal runs once at a time: another process waits for it, looks again, and renews nothing."""
    workspace = desk.workspace
    path = desk.root / "token.lock"
    other = Lock(path, LocalDisk(), desk.clock, LocalMachine(), lambda: "other")
    held = other.acquire(Holder("somebody", "auth refresh", desk.clock.now()), 0)

    class Waiting(type(desk.clock)):  # type: ignore[misc]  # the fake clock's class
        def sleep(self, seconds: float) -> None:
            desk.token("sandbox-harbour_desk")  # the other one has stored its new token
            held.release()

    done = auth_refresh(replace(workspace, clock=Waiting()), TARGET, MAIN)
    assert done.lines[0].startswith("Another process has just renewed")
    assert desk.sandbox.calls() == 0


def test_a_renewal_that_takes_for_ever_elsewhere_is_told(desk: Desk) -> None:
    lock = Lock(desk.root / "token.lock", LocalDisk(), desk.clock, LocalMachine(), lambda: "other")
    lock.acquire(Holder("somebody", "auth refresh", desk.clock.now()), 0)
    with pytest.raises(ProjectError, match="another process has been renewing") as raised:
        auth_refresh(desk.workspace, TARGET, MAIN)
    assert "token.lock" in raised.value.remedy


def test_a_role_that_cannot_be_renewed_is_refused(desk: Desk) -> None:
    desk.change("credential: file:token", "credentials: {main: 'file:token', app_secret: 'file:token'}")
    with pytest.raises(UsageError, match="cannot be renewed"):
        auth_refresh(desk.workspace, TARGET, Role("app_secret"))


# What the log has of it.


def test_every_request_is_in_the_log_with_its_command_and_run(desk: Desk) -> None:
    desk.command = "auth status"
    status(desk)
    calls = read_calls(desk.root / ".threadsync/log.sqlite3", limit=10)
    assert {call.operation for call in calls} == {"GET /v1.0/me", "GET /v1.0/debug_token"}
    assert {call.command for call in calls} == {"auth status"}
    assert len({call.run for call in calls}) == 1
    assert {call.target for call in calls} == {TARGET}
    assert (desk.root / ".threadsync/.gitignore").read_text() == "*\n"


def test_a_refusal_is_in_the_log_with_the_row_that_decided(desk: Desk) -> None:
    desk.sandbox.arm(Fault("profile", FaultKind.TOKEN_EXPIRED))
    assert status(desk).problem
    calls = read_calls(desk.root / ".threadsync/log.sqlite3", limit=10, errors=True)
    assert [call.fault_row for call in calls] == ["token-expired"]


def test_a_log_that_cannot_be_written_does_not_stop_a_run(desk: Desk) -> None:
    (desk.root / ".threadsync").write_text("a file where the folder should be")
    assert status(desk).problem == ""
    (told,) = desk.told
    assert "The API log cannot be written" in told
    assert "log.sqlite3" in told


def test_a_keyring_is_asked_once_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may ask the person each time; a file is read anew, because another process may have renewed it."""
    asked: list[str] = []

    def resolve(form: str, **_: object) -> SecretText:
        asked.append(form)
        return SecretText("CANARY")

    monkeypatch.setattr(connections, "resolve", resolve)
    secrets = connections.Secrets(tmp_path)
    ring = Target(TargetName("threads/a"), NetworkName("threads"), credentials={MAIN: "keyring:a"})
    file = Target(TargetName("threads/b"), NetworkName("threads"), credentials={MAIN: "file:b"})
    for _ in range(2):
        assert secrets.credential(ring, MAIN) == secrets.credential(file, MAIN) == SecretText("CANARY")
    assert asked == ["keyring:a", "file:b", "file:b"]
    assert secrets.scrub("a CANARY") == "a [secret]"
