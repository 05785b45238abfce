"""A credential that sessions are asked for with (an app password): stored when it works, told what it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.operations.desk import Desk, desk_in
from threadsync.errors import ProjectError, ProviderError, UsageError
from threadsync.model.ids import MAIN
from threadsync.operations.auth import CredentialStanding, auth_status
from threadsync.operations.checkup import Verdict
from threadsync.operations.doctor import check_credential
from threadsync.operations.logging_in import auth_logout, auth_store
from threadsync.operations.renewing import auth_refresh

BRAND = "bluesky/brand"
HANDLE = "lift-report.test"
APP_PASSWORD, OWN_PASSWORD = f"sandbox-{HANDLE}", f"sandbox-main-{HANDLE}"
TARGET = """\
  {name}:
    account: {account}
    credential: file:{file}
    base_url: {url}
"""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with desk_in(tmp_path) as desk:
        targets = TARGET.format(name=BRAND, account=HANDLE, file="password", url=desk.sandbox.base_url)
        desk.change("targets:\n", f"targets:\n{targets}")
        yield desk


def stored(desk: Desk) -> str:
    path = desk.root / "password"
    return path.read_text().strip() if path.exists() else ""


def sessions(desk: Desk) -> set[str]:
    return {path.name.rpartition("-")[0] for path in (desk.root / ".threadsync/sessions").glob("*.json")}


def brand(desk: Desk) -> CredentialStanding:
    (row,) = auth_status(desk.workspace, [BRAND])
    return row


def test_it_is_stored_once_it_has_opened_the_account(desk: Desk) -> None:
    done = auth_store(desk.workspace, BRAND, MAIN, f"{APP_PASSWORD}\n")
    assert done.lines[0].startswith(f"It opens @{HANDLE} (id did:plc:")
    assert done.lines[1].startswith("Stored in file:password")
    assert stored(desk) == APP_PASSWORD
    assert (desk.root / "password").stat().st_mode & 0o077 == 0
    assert APP_PASSWORD not in "".join(done.lines)
    log = b"".join(path.read_bytes() for path in (desk.root / ".threadsync").iterdir() if path.is_file())
    assert APP_PASSWORD.encode() not in log


def test_a_wrong_one_is_not_stored_and_the_remedy_says_where_to_look(desk: Desk) -> None:
    with pytest.raises(ProviderError, match="nothing was stored") as refused:
        auth_store(desk.workspace, BRAND, MAIN, "wrong")
    assert "Check the handle and make a new app password" in refused.value.remedy
    assert stored(desk) == ""


def test_a_server_that_does_not_answer_is_said_and_nothing_is_stored(desk: Desk) -> None:
    desk.change(desk.sandbox.base_url, "http://127.0.0.1:9")
    with pytest.raises(ProviderError, match=r"no answer from the network: .*; nothing was stored") as failed:
        auth_store(desk.workspace, BRAND, MAIN, APP_PASSWORD)
    assert "Check the address and the connection" in failed.value.remedy
    assert stored(desk) == ""


def test_what_is_in_the_environment_is_not_tried_since_it_cannot_be_stored(desk: Desk) -> None:
    desk.change("file:password", "env:NO_SUCH_PASSWORD")
    with pytest.raises(ProjectError, match="env:NO_SUCH_PASSWORD"):
        auth_store(desk.workspace, BRAND, MAIN, APP_PASSWORD)
    assert desk.sandbox.calls() == 0


@pytest.mark.parametrize("value", ["", "two\nlines"])
def test_what_is_no_app_password_is_called_by_that_name(desk: Desk, value: str) -> None:
    with pytest.raises(UsageError, match="that is no app password"):
        auth_store(desk.workspace, BRAND, MAIN, value)


def test_an_app_password_is_told_from_the_accounts_own(desk: Desk) -> None:
    """The own one works, opens everything, cannot be taken away: it is warned about wherever it is seen."""
    auth_store(desk.workspace, BRAND, MAIN, APP_PASSWORD)
    row = brand(desk)
    assert row.examined is not None
    assert (row.examined.kind, row.examined.danger) == ("an app password", "")
    done = auth_store(desk.workspace, BRAND, MAIN, OWN_PASSWORD)
    assert done.lines[1].startswith("Warning: it is the account's own password")
    row = brand(desk)
    assert row.examined is not None
    assert row.examined.kind == "the account's own password"
    warned = [each for each in check_credential(desk.workspace, row) if each.verdict is Verdict.WARNING]
    assert [each.said for each in warned] == [row.examined.danger]
    assert warned[0].remedy.endswith(f"threadsync auth login {BRAND}")


@pytest.mark.parametrize("password", ["wrong", ""])
def test_one_that_opens_nothing_hides_no_other_credential(desk: Desk, password: str) -> None:
    if password:
        (desk.root / "password").write_text(password)
    rows = {row.target: row for row in auth_status(desk.workspace)}
    assert rows["bluesky/brand"].problem
    assert rows["bluesky/brand"].remedy
    assert rows["threads/main"].problem == ""


def test_a_server_that_is_down_hides_no_other_credential(desk: Desk) -> None:
    (desk.root / "password").write_text(APP_PASSWORD)
    here = f"file:password\n    base_url: {desk.sandbox.base_url}"
    nowhere = "file:password\n    base_url: http://127.0.0.1:9\n    bounds: {retry_attempts_max: 1}"
    desk.change(here, nowhere)
    rows = {row.target: row for row in auth_status(desk.workspace)}
    assert "no answer from the network" in rows["bluesky/brand"].problem
    assert rows["threads/main"].problem == ""


def test_a_logout_forgets_the_sessions_of_this_target_alone(desk: Desk) -> None:
    other = TARGET.format(
        name="bluesky/brand-2", account="harbour-desk.test", file="second", url=desk.sandbox.base_url
    )
    desk.change("targets:\n", f"targets:\n{other}")
    (desk.root / "second").write_text("sandbox-harbour-desk.test")
    auth_store(desk.workspace, BRAND, MAIN, APP_PASSWORD)
    auth_status(desk.workspace)
    assert sessions(desk) == {"bluesky-brand", "bluesky-brand-2"}
    done = auth_logout(desk.workspace, BRAND, MAIN)
    assert sessions(desk) == {"bluesky-brand-2"}
    assert stored(desk) == ""
    assert "App passwords, remove it" in done.lines[1]
    assert "expires" not in done.lines[1]


def test_it_is_not_renewed_but_changed(desk: Desk) -> None:
    with pytest.raises(UsageError, match="cannot be renewed") as refused:
        auth_refresh(desk.workspace, BRAND, MAIN)
    assert refused.value.remedy == f"To change it, store another one: threadsync auth login {BRAND}"
