"""Asking at a terminal, stopping on a signal, telling how it goes, and what a terminal is."""

from __future__ import annotations

import io
import os
import signal
from collections.abc import Callable

import pytest
from click.testing import CliRunner

from tests.operations.world import World
from tests.planning.builders import ACCOUNT, NOW, at, published
from tests.views import samples
from threadsync.cli import _terminal
from threadsync.cli._applying import status_of
from threadsync.cli._exit import Exit
from threadsync.cli._person import AtTerminal, words
from threadsync.cli._progress import Lines, Silent, Table
from threadsync.cli._signals import WAKE_SECONDS, Signals
from threadsync.cli._terminal import Terminal
from threadsync.errors import UsageError
from threadsync.execution.report import ActionReport, Became, Report
from threadsync.execution.seams import Finished, Interrupted
from threadsync.flows.core import Done, Raised
from threadsync.flows.effects import Request, Visibility
from threadsync.model.ids import TargetName
from threadsync.model.journal import Ended, Receipt
from threadsync.operations.apply import AppliedPlan
from threadsync.operations.asking import AskAccount, AskApply, AskFirstRun, AskLate, AskReplace, Question
from threadsync.planning.actions import Blocked, Create, Reason

MAIN = TargetName("threads/main")
LATE = Blocked(at("late"), Reason.LATE, "its window ended.", "Give it a new time.")


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


# The person


def asked(question: Question, stdin: str) -> tuple[bool | type[BaseException], str]:
    person = AtTerminal(Terminal(80, color=False), Silent(), Signals(), now=NOW, zone=None)
    with CliRunner().isolation(input=stdin) as streams:
        try:
            answer: bool | type[BaseException] = person.confirm(question)
        except KeyboardInterrupt as error:
            answer = type(error)
        return answer, streams[1].getvalue().decode()


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("\n", False),
        ("n\n", False),
        ("y\n", True),
        ("yes\n", True),
        ("maybe\n\n", False),
        ("", KeyboardInterrupt),
    ],
)
def test_only_a_clear_yes_is_a_yes(typed: str, answer: bool | type[BaseException]) -> None:
    got, shown = asked(AskFirstRun((MAIN,), 3), typed)
    assert got == answer
    assert "[y/N]" in shown or not typed
    assert typed or shown.endswith("\n"), "what comes next does not stand on the line of the question"


def test_a_question_about_one_post_shows_it_first() -> None:
    """Law 6: the yes counts at a prompt that shows what is lost."""
    edited = samples.every_action()[11]
    assert isinstance(edited, Blocked)
    _, shown = asked(AskReplace(edited), "n\n")
    assert "│ The new text." in shown
    assert "loses: unknown (replies and likes were not read)" in " ".join(shown.split())
    assert "Replace edited@threads/main, and take the old post down" in shown
    assert "! blocked  late@threads/main  (late)" in asked(AskLate(LATE), "n\n")[1]


def test_questions_name_what_they_are_about(world: World) -> None:
    world.post("hello", "Good morning.")
    done = world.apply()
    assert words(AskApply(done.prepared)) == "Carry out this action?"
    assert words(AskFirstRun((MAIN,), 3)) == (
        "There is no state yet. Is this the first run, publishing 3 posts on threads/main?"
    )
    assert "@lift_report (178 at sandbox:test)" in words(AskAccount(MAIN, ACCOUNT))


# Signals


def test_the_first_signal_stops_the_run(capfd: pytest.CaptureFixture[str]) -> None:
    """Law 16."""
    stopped: list[str] = []
    before = signal.getsignal(signal.SIGTERM)
    with Signals() as signals:
        signals.started(lambda: stopped.append("stopped"))
        os.kill(os.getpid(), signal.SIGTERM)
        assert signals.came
    assert stopped == ["stopped"]
    assert "Stopping: " in capfd.readouterr().err
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_signal_at_a_question_ends_the_question() -> None:
    with Signals() as signals:
        signals.started(lambda: pytest.fail("nothing is under way"))
        with pytest.raises(KeyboardInterrupt), signals.asking():
            os.kill(os.getpid(), signal.SIGINT)
        assert signals.came, "the next one ends it at once"


def test_a_question_wakes_up_now_and_then() -> None:
    """A signal between the question and the wait for its answer would else be heard of after the answer."""
    before = signal.getsignal(signal.SIGALRM)
    with Signals().asking():
        assert signal.getitimer(signal.ITIMER_REAL)[1] == WAKE_SECONDS
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) is before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_before_anything_is_under_way_interrupts(number: signal.Signals) -> None:
    """Law 16: so that a lock which is just being taken is given back, whichever signal it was."""
    with Signals(), pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), number)


def test_who_is_not_to_hear_a_hangup_does_not() -> None:
    """nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Signals() as signals:
            os.kill(os.getpid(), signal.SIGHUP)
            assert not signals.came
    finally:
        signal.signal(signal.SIGHUP, before)


# The status


def report(*became: Became) -> Report:
    action = samples.every_action()[0]
    assert isinstance(action, Create)
    return Report(tuple(ActionReport(action, each) for each in became))


@pytest.mark.parametrize(
    ("became", "status"),
    [
        ((Became.APPLIED, Became.APPLIED), Exit.DONE),
        ((Became.APPLIED, Became.REFUSED), Exit.PARTLY),
        ((Became.UNCERTAIN,), Exit.PARTLY),
        ((Became.REFUSED, Became.NOT_TRIED), Exit.FAILED),
        ((Became.INTERRUPTED, Became.NOT_TRIED), Exit.PARTLY),
    ],
)
def test_the_status_says_what_became_of_the_whole(
    world: World, became: tuple[Became, ...], status: Exit
) -> None:
    prepared = world.apply().prepared
    assert status_of(AppliedPlan(prepared, report(*became)), signalled=False) is status


def test_a_signalled_run_is_never_simply_done(world: World) -> None:
    prepared = world.apply().prepared
    assert status_of(AppliedPlan(prepared, report(Became.APPLIED)), signalled=True) is Exit.PARTLY
    assert status_of(AppliedPlan(prepared, None), signalled=True) is Exit.FAILED
    assert status_of(AppliedPlan(prepared, None), signalled=False) is Exit.DONE
    assert status_of(AppliedPlan(prepared, None, declined=True), signalled=False) is Exit.FAILED


# Progress


def story(progress: Lines | Table) -> None:
    hello, read = str(at("hello")), Request("GET", "/me")
    publish = Request("POST", "/me/threads_publish", visibility=Visibility.VISIBLE)
    progress.requesting("threads/main", read)
    progress.requesting("threads/main", read)
    progress.finished(Finished("threads/main", Done(None)))
    progress.waiting(hello, "Threads to process the media", 1.0)
    progress.waiting(hello, "Threads to process the media", 1.4)
    progress.requesting(hello, read)
    progress.requesting(hello, publish)
    progress.recorded(
        hello, (Receipt(at("hello"), published("a\x1b[2J")), Ended(at("hello"), "applied", NOW))
    )
    progress.finished(Finished(hello, Done(None)))
    progress.finished(Finished(str(at("other")), Raised(UsageError("it broke", remedy="Mend it."))))
    progress.finished(Finished(str(at("third")), Interrupted()))


def test_progress_in_lines_says_only_what_is_new() -> None:
    lines: list[str] = []
    story(Lines(lines.append))
    assert lines == [
        "threads/main: reading the account",
        "hello@threads/main: waiting for Threads to process the media",
        "hello@threads/main: segment 1 is live: https://t/a\\x1b[2J",
        "hello@threads/main: done",
        "other@threads/main: failed: it broke",
        "third@threads/main: interrupted; the next apply goes on",
    ]


def test_progress_at_a_terminal_draws_what_is_under_way_and_clears_it() -> None:
    stream = Screen()
    table = Table(stream, color=False)
    story(table)
    table.pause()
    drawn = stream.getvalue()
    assert "waiting for Threads to process the media" in drawn
    assert "3 finished" in drawn
    assert "\x1b[2J" not in drawn
    for number in range(30):
        table.waiting(f"post-{number}@threads/main", "its turn", 1.0)
    table.pause()
    assert "10 more under way" in stream.getvalue()


# The terminal


@pytest.mark.parametrize(
    ("environ", "color"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
)
def test_colour_is_for_terminals_that_want_it(environ: dict[str, str], color: bool) -> None:
    assert _terminal.terminal(Screen(), environ, columns=lambda: 97) == Terminal(97, color)


def test_a_file_gets_80_columns_and_no_colour() -> None:
    assert _terminal.terminal(io.StringIO(), {}, columns=lambda: 97) == Terminal(80, color=False)


def test_a_very_wide_terminal_is_not_filled() -> None:
    columns: Callable[[], int] = lambda: 400  # noqa: E731
    assert _terminal.terminal(Screen(), {}, columns=columns).width == _terminal.WIDTH_CELLS_MAX
