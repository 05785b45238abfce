"""A secret is handed to a command on its standard input alone, and what that says is shown without it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from threadsync.errors import ProjectError, UsageError
from threadsync.execution import handing
from threadsync.execution.handing import hand_over, words_of
from threadsync.model.secret import SecretText

TOKEN = SecretText("CANARY-token")
BEFORE = SecretText("CANARY-of-before")


def python(program: str, *arguments: Path) -> str:
    return " ".join(f"'{word}'" for word in (sys.executable, "-c", program, *arguments))


def test_it_gets_the_secret_and_nothing_else(tmp_path: Path) -> None:
    copies = "import sys; open(sys.argv[1], 'wb').write(sys.stdin.buffer.read())".replace("'", '"')
    hand_over(python(copies, tmp_path / "got"), TOKEN, before=BEFORE)
    assert (tmp_path / "got").read_bytes() == b"CANARY-token"


def test_one_that_does_not_look_at_it_and_ends_well_is_believed(tmp_path: Path) -> None:
    """A pipe holds less than this secret, so what is not read breaks it; that the command ran counts."""
    opens = 'import sys; open(sys.argv[1], "w")'
    hand_over(python(opens, tmp_path / "ran"), SecretText("x" * 1_000_000), before=BEFORE)
    assert (tmp_path / "ran").exists()


def test_what_a_command_says_that_fails_is_shown_without_the_secret() -> None:
    says = "import sys; print(sys.stdin.read(), 1); print(2, file=sys.stderr); sys.exit(3)"
    with pytest.raises(ProjectError) as raised:
        hand_over(python(says), TOKEN, before=BEFORE)
    assert "ended with the status 3" in raised.value.problem
    assert "[secret] 1" in raised.value.problem
    assert "CANARY" not in raised.value.message()


def test_nor_is_the_one_before_shown_which_its_environment_may_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_TOKEN", BEFORE.reveal())
    says = 'import os, sys; print(os.environ["DESK_TOKEN"], 1); sys.exit(3)'
    with pytest.raises(ProjectError) as raised:
        hand_over(python(says), TOKEN, before=BEFORE)
    assert "[secret] 1" in raised.value.problem


def test_one_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handing, "COMMAND_SECONDS", 0.05)
    with pytest.raises(ProjectError, match="and was ended"):
        hand_over(python("import threading; threading.Event().wait()"), TOKEN, before=BEFORE)


@pytest.mark.parametrize("command", ["", " ", "gh 'secret"])
def test_a_command_that_is_none_says_so(command: str) -> None:
    with pytest.raises(UsageError) as raised:
        words_of(command)
    assert raised.value.remedy
