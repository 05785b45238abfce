"""A renewal that is handed to a command: on its standard input alone, and never lost."""

from __future__ import annotations

import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.operations.desk import Desk, desk_in
from threadsync.errors import ProjectError, UsageError
from threadsync.execution.apilog import Renewal, read_renewals
from threadsync.model.ids import MAIN, TargetName
from threadsync.operations.credentials import Stored
from threadsync.operations.renewing import auth_refresh

TARGET = "threads/main"
TAKES = """
import os, sys
token = sys.stdin.read()
assert not any(token in each for each in (*sys.argv, *os.environ.values())), "only on standard input"
open(sys.argv[1], "w").write(token)
"""
FAILS = """
import sys
print("no right to set", sys.stdin.read(), file=sys.stderr)
sys.exit(7)
"""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    with desk_in(tmp_path) as desk:
        desk.sandbox.switch(refresh_age_min_seconds=0)
        desk.change("file:token", "env:DESK_TOKEN")
        (desk.root / "token").unlink()
        monkeypatch.setenv("DESK_TOKEN", "sandbox-lift_report")
        yield desk


def command(desk: Desk, program: str = TAKES) -> str:
    script = desk.root / "put.py"
    script.write_text(program)
    return f"'{sys.executable}' '{script}' '{desk.root / 'taken'}'"


def taken(desk: Desk) -> str:
    return (desk.root / "taken").read_text()


def kept(desk: Desk) -> list[Path]:
    return [path for path in (desk.root / ".threadsync").iterdir() if path.name.startswith("renewed-")]


def refresh(desk: Desk, program: str = TAKES, **asked: bool) -> Stored:
    return auth_refresh(desk.workspace, TARGET, MAIN, write_back=command(desk, program), **asked)


def failed(desk: Desk, program: str = FAILS) -> ProjectError:
    with pytest.raises(ProjectError, match="was renewed, and not written back") as raised:
        refresh(desk, program)
    return raised.value


def renewal(desk: Desk) -> Renewal | None:
    return read_renewals(desk.root / ".threadsync/log.sqlite3").get((TargetName(TARGET), MAIN))


def refreshes(desk: Desk) -> int:
    return sum(each.path.endswith("refresh_access_token") for each in desk.sandbox.requests())


def test_the_command_gets_the_new_token_alone_on_its_standard_input(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = refresh(desk)
    assert done.lines[0].startswith("Renewed, and written back: the 'main' credential of threads/main.")
    assert taken(desk).startswith("THL")
    assert "\n" not in taken(desk)
    assert taken(desk) not in "".join(done.lines)
    assert kept(desk) == []
    found = renewal(desk)
    assert found is not None
    assert found.at == desk.clock.now()
    monkeypatch.setenv("DESK_TOKEN", taken(desk))
    refresh(desk)
    assert refreshes(desk) == 2


def test_what_a_command_does_not_take_is_kept_for_this_user_alone_and_shown_nowhere(desk: Desk) -> None:
    error = failed(desk)
    assert "ended with the status 7; it says: no right to set [secret]" in error.problem
    (path,) = kept(desk)
    assert str(path) in error.remedy
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    token = path.read_text().strip()
    assert token.startswith("THL")
    assert token not in error.message()
    assert renewal(desk) is None, "the secret that others use is still the old one"
    assert (desk.root / ".threadsync/.gitignore").read_text() == "*\n"


def test_the_next_time_the_command_is_given_the_very_same_token(desk: Desk) -> None:
    failed(desk)
    token = kept(desk)[0].read_text().strip()
    done = refresh(desk)
    assert taken(desk) == token
    assert refreshes(desk) == 1
    assert done.lines[0].startswith("Written back what was renewed on ")
    assert kept(desk) == []
    assert renewal(desk) is not None


def test_it_is_kept_until_the_command_takes_it(desk: Desk) -> None:
    failed(desk)
    failed(desk)
    assert len(kept(desk)) == 1
    assert refreshes(desk) == 1


def test_one_that_is_kept_is_not_put_over_a_newer_one(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody has logged in anew since, and set the secret by hand."""
    failed(desk)
    old = kept(desk)[0].read_text().strip()
    monkeypatch.setenv("DESK_TOKEN", old)
    refresh(desk)
    assert taken(desk) != old
    assert refreshes(desk) == 2
    assert kept(desk) == []


def test_what_is_kept_for_another_target_stays_although_its_name_begins_alike(
    desk: Desk,
) -> None:
    failed(desk)
    (path,) = kept(desk)
    others = path.with_name(path.name.replace("threads-main-main-", "threads-main-main-main-"))
    assert others != path
    others.write_text("another target's\n")
    refresh(desk)
    assert kept(desk) == [others]


def test_what_is_stored_here_is_written_back_too(desk: Desk) -> None:
    desk.change("env:DESK_TOKEN", "file:token")
    desk.token("sandbox-lift_report")
    done = refresh(desk)
    stored = (desk.root / "token").read_text().strip()
    assert stored == taken(desk)
    assert done.lines[0].startswith("Renewed, and stored in file:token and written back: ")


def test_what_is_stored_here_and_was_not_written_back_is_offered_again(desk: Desk) -> None:
    desk.change("env:DESK_TOKEN", "file:token")
    desk.token("sandbox-lift_report")
    failed(desk)
    stored = (desk.root / "token").read_text().strip()
    assert stored != "sandbox-lift_report"
    assert renewal(desk) is not None, "what is stored here was renewed"
    refresh(desk)
    assert taken(desk) == stored
    assert refreshes(desk) == 1
    assert kept(desk) == []


def test_it_may_be_shown_as_well(desk: Desk) -> None:
    done = refresh(desk, show=True)
    assert done.secret is not None
    assert done.secret.reveal() == taken(desk)


@pytest.mark.parametrize(("words", "said"), [("'open", "cannot be read"), ("  ", "is empty")])
def test_a_command_that_cannot_be_read_is_refused_before_anything_is_renewed(
    desk: Desk, words: str, said: str
) -> None:
    with pytest.raises(UsageError, match=said) as raised:
        auth_refresh(desk.workspace, TARGET, MAIN, write_back=words)
    assert raised.value.remedy
    assert desk.sandbox.calls() == 0


def test_a_command_that_is_not_there_loses_nothing(desk: Desk) -> None:
    with pytest.raises(ProjectError, match="no-such-program cannot be run"):
        auth_refresh(desk.workspace, TARGET, MAIN, write_back="no-such-program --set")
    assert len(kept(desk)) == 1


def test_no_shell_reads_the_command(desk: Desk) -> None:
    refresh(desk, "import sys; open(sys.argv[1], 'w').write(sys.stdin.read())\n")
    with pytest.raises(ProjectError):
        auth_refresh(desk.workspace, TARGET, MAIN, write_back=f"false > {desk.root / 'made'}")
    assert not (desk.root / "made").exists()
