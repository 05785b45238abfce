"""Slips at the command line: one message that says where, what and what to do, in rows that fit."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Run
from tests.operations.world import World
from threadsync.errors import UsageError
from threadsync.views.findings_text import error_text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("apply", "--max-creates", "x"),
            "'--max-creates': 'x' is not a valid whole number.",
        ),
        (("apply", "--max-creates", "-1"), "Invalid value for '--max-creates': -1 is not in the range x>=0."),
        (("apply", "--lock-timeout", "soon"), "'soon' is not a valid number."),
        (("apply", "--lock-timeout", "inf"), "inf is not in the range 0<=x<=86400."),
        (("refresh", "--days", "nan"), "Invalid value for '--days': 'nan' is not a valid number."),
        (("refresh", "--days", "inf"), "Invalid value for '--days': inf is not in the range 0<x<=36500."),
        (
            ("refresh", "--days", "1e300"),
            "'--days': 1e+300 is not in the range 0<x<=36500.",
        ),
        (("log", "--limit", "9" * 30), "is not in the range 1<=x<=1000000."),
        (("plan", "--at", "tomorrow"), "--at 'tomorrow' is no time. Write it like 2026-12-03 08:30."),
        (
            ("plan", "--at", "2026-02-30"),
            "--at '2026-02-30' does not exist in the calendar.",
        ),
        (("plan", "--at", "9999-12-31"), "is not in the years 1970 to 2999. Correct the date."),
        (("plan", "--at", "1969-12-31"), "is not in the years 1970 to 2999. Correct the date."),
        (("plan", "--fromat", "json"), "Did you mean one of: '--at', '--format', '--out'?"),
    ],
)
def test_a_slip_in_an_option_is_one_message_that_fits(
    run: Run, world: World, arguments: tuple[str, ...], said: str
) -> None:
    world.post("a", "Hello.", publish="2026-11-22 10:00")
    done = run(*arguments)
    assert done.exit_code == 2
    assert said in " ".join(done.stderr.split())
    assert all(len(line) <= 80 for line in done.stderr.splitlines())
    assert done.stdout == ""


def test_the_last_years_that_can_be_planned_for_are(run: Run, world: World) -> None:
    world.post("a", "Hello.", publish="2026-11-22 10:00")
    for at in ("1970-01-02", "2999-12-31"):
        assert run("plan", "--at", at).exit_code in {0, 1}, "1: the post would be more than 18 months ahead"


def test_a_group_without_a_command_prints_its_help(run: Run) -> None:
    done = run("auth")
    assert (done.exit_code, done.stderr.startswith("Usage: ")) == (2, True)
    assert "Error" not in done.output


@pytest.mark.parametrize(("problem", "row"), [("it is gone", "it is gone."), ("it is gone.", "it is gone.")])
def test_what_is_wrong_and_what_to_do_are_two_sentences(problem: str, row: str) -> None:
    error = UsageError(problem, remedy="Look again.")
    assert error_text(error, width=80, color=False) == f"Error: {row}\nLook again.\n"
