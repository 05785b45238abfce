"""Chaos without a process: what the seed chooses, what the ledger counts, what is told of it."""

from __future__ import annotations

import json
import signal
from collections import Counter
from itertools import chain
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from tests.views.test_json import problems
from threadsync.cli import root
from threadsync.cli._exit import Exit
from threadsync.cli._trial import Seen
from threadsync.cli.chaos import FAULTS, KILLS, STATES
from threadsync.cli.chaos_choices import STRIKES_MAX, AfterRequests, AfterSeconds, AtRecord, Kill, choose
from threadsync.cli.chaos_ledger import Compared, Outcome, Round, compare, total
from threadsync.cli.chaos_run import NO_RECORD, JournalSeen, search
from threadsync.cli.chaos_show import settings
from threadsync.cli.chaos_state import StateKind
from threadsync.cli.chaos_story import Network, Wanted, chapters
from threadsync.cli.chaos_views import chaos_json, chaos_text, round_line
from threadsync.sandbox.settings import parse_fault

CHAIN = (Wanted("one"), Wanted("two", parent="one"), Wanted("three", parent="two"))
LIVE = (Seen("1", "a", "one"), Seen("2", "a", "two", parent="1"), Seen("3", "a", "three", parent="2"))


# What the seed chooses


def choices(seed: int, kill: Kill = Kill.RANDOM) -> list[object]:
    return [
        choose(kill, seed=seed, place=f"{number}/publish", run=run)
        for number in range(1, 20)
        for run in range(1, STRIKES_MAX + 1)
    ]


def test_a_seed_chooses_the_same_again_and_another_seed_something_else() -> None:
    assert choices(1) == choices(1)
    assert choices(1) != choices(2)
    assert choose(Kill.RANDOM, seed=1, place="1/edit", run=1) != choose(
        Kill.RANDOM, seed=1, place="1/publish", run=1
    )


def test_at_random_every_signal_and_both_kinds_of_moment_are_chosen() -> None:
    strikes = [
        strike
        for seed in range(5)
        for run in range(1, STRIKES_MAX + 1)
        for place in "abcdef"
        if (strike := choose(Kill.RANDOM, seed=seed, place=place, run=run)) is not None
    ]
    signals = Counter(strike.signal for strike in strikes)
    assert set(signals) == {signal.SIGKILL, signal.SIGTERM, signal.SIGINT}
    assert signals[signal.SIGKILL] > len(strikes) / 2
    assert {type(strike.moment) for strike in strikes} == {AfterRequests, AfterSeconds}


def test_after_so_many_strikes_at_random_a_run_is_left_alone() -> None:
    """Otherwise a round might never end."""
    assert choose(Kill.RANDOM, seed=1, place="1/edit", run=STRIKES_MAX + 1) is None


def test_the_journal_is_struck_one_record_later_each_time() -> None:
    for run in (1, 2, 99):
        strike = choose(Kill.JOURNAL, seed=1, place="1/edit", run=run)
        assert strike is not None
        assert (strike.moment, strike.signal) == (AtRecord(run), signal.SIGKILL)


def test_none_strikes_nothing() -> None:
    assert set(choices(1, Kill.NONE)) == {None}


def test_the_options_are_what_there_is() -> None:
    assert set(KILLS) == {str(kill) for kill in Kill}
    assert set(STATES) == {str(state) for state in StateKind}
    assert set(FAULTS) == {str(network) for network in Network}
    for fault in chain(*FAULTS.values()):
        parse_fault(fault)


def test_without_what_bluesky_needs_nothing_begins_and_the_pip_line_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("threadsync.cli.chaos_show.find_spec", lambda _: None)
    with pytest.raises(click.UsageError, match="pip install 'threadsync\\[bluesky]'"):
        settings(1, "none", "file", "bluesky", (), seed=None, keep=False)


def test_faults_are_read_like_those_of_the_sandbox_and_none_is_nothing() -> None:
    asked = settings(2, "journal", "branch", "threads", ("publish:answer-lost",), seed=7, keep=True)
    assert (asked.rounds, asked.kill, asked.state) == (2, Kill.JOURNAL, StateKind.BRANCH)
    assert (asked.seed, asked.keep) == (7, True)
    assert asked.faults == (parse_fault("publish:answer-lost"),)
    assert settings(1, "none", "file", "bluesky", ("none",), seed=None, keep=False).faults == ()


def test_a_fault_that_is_none_is_a_usage_error_and_nothing_begins() -> None:
    done = CliRunner().invoke(root, ["chaos", "--faults", "publish:eaten-by-dog"])
    assert done.exit_code == Exit.USAGE
    assert "no fault 'eaten-by-dog'; there are:" in done.stderr


def test_a_branch_without_git_is_a_usage_error_and_nothing_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    done = CliRunner().invoke(root, ["chaos", "--state", "branch"])
    assert done.exit_code == Exit.USAGE
    assert "--state branch needs git, which is not installed." in done.stderr


# What the ledger counts


def test_all_there_once_and_in_order_is_as_wanted() -> None:
    assert compare(CHAIN, LIVE) == Compared(wanted=3, live=3)


def test_a_second_post_with_a_text_is_a_duplicate_even_if_it_was_taken_down() -> None:
    again = Seen("4", "a", "one")
    assert compare(CHAIN, [*LIVE, again]).duplicates == 1
    gone = compare(CHAIN, [*LIVE, Seen("4", "a", "one", live=False)])
    assert (gone.duplicates, gone.live, gone.lost) == (1, 3, 0)
    assert gone.problems == ("published 2 times: one (1, 4)",)


def test_a_wanted_post_that_is_not_live_is_lost() -> None:
    without = compare(CHAIN, LIVE[:2])
    assert (without.lost, without.wanted, without.live) == (1, 3, 2)
    assert without.problems == ("lost: three",)
    taken_down = Seen("3", "a", "three", parent="2", live=False)
    assert compare(CHAIN, [*LIVE[:2], taken_down]).lost == 1


@pytest.mark.parametrize("parent", ["", "1", "3", "elsewhere"])
def test_a_segment_under_another_post_than_the_one_before_is_out_of_order(parent: str) -> None:
    found = compare(CHAIN, [*LIVE[:2], Seen("3", "a", "three", parent=parent)])
    assert (found.out_of_order, found.lost, found.duplicates) == (1, 0, 0)
    assert found.problems == ("in the wrong place: three",)


def test_a_first_segment_that_answers_something_is_out_of_order() -> None:
    assert compare(CHAIN[:1], [Seen("1", "a", "one", parent="9")]).out_of_order == 1


def test_what_was_to_be_taken_down_and_is_up_is_unexpected_as_is_what_nobody_asked_for() -> None:
    wanted = (Wanted("one", live=False),)
    assert compare(wanted, [Seen("1", "a", "one", live=False)]) == Compared()
    assert compare(wanted, [Seen("1", "a", "one")]).unexpected == 1
    foreign = compare(CHAIN, [*LIVE, Seen("9", "a", "on")])
    assert (foreign.unexpected, foreign.problems) == (1, ("nobody wants this live: on (9)",))


def test_a_link_leads_to_the_live_post_it_names() -> None:
    wanted = (Wanted("one"), Wanted("see", links_to="one"))
    first = Seen("1", "a", "one", permalink="https://t/1")
    assert compare(wanted, [first, Seen("2", "a", "see https://t/1")]).problems == ()
    astray = compare(wanted, [first, Seen("2", "a", "see https://t/9")])
    assert (astray.lost, astray.unexpected) == (1, 1)


def test_the_story_edits_in_every_way_and_wants_each_text_once() -> None:
    published, edited = chapters(1)
    assert len({each.text for each in edited.wanted}) == len(edited.wanted) == 12
    down = {each.text for each in edited.wanted if not each.live}
    assert down <= {each.text for each in published.wanted}
    assert len(down) == 2
    assert chapters(1, Network.BLUESKY)[1].wanted == edited.wanted, "whatever the network"
    others = {each.text for each in chapters(2)[1].wanted}
    assert not others & {each.text for each in edited.wanted}


def test_a_token_anywhere_below_the_folder_is_found(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs/001.txt").write_bytes(b"\xff a line with the-secret in it")
    (tmp_path / "state.json").write_text("{}")
    current = Round(1)
    search(tmp_path, "the-secret", current)
    assert (current.secrets_found, current.problems) == (1, ["the token is in runs/001.txt"])


# The journal on the disk


def journal(name: str, *notes: str, torn: str = "") -> bytes:
    records = [json.dumps({"n": number, "note": {"note": note}}) for number, note in enumerate(notes)]
    return "".join(f"{line}\n" for line in (f'{{"journal":"{name}"}}', *records)).encode() + torn.encode()


def test_only_whole_records_of_a_new_journal_count() -> None:
    before = JournalSeen.read(journal("a", "begun", "intent"))
    assert (before.records, before.last) == (2, "intent")
    grown = JournalSeen.read(journal("a", "begun", "intent", "receipt"))
    assert (grown.records_since(before), grown.last_since(before)) == (0, NO_RECORD)
    fresh = JournalSeen.read(journal("b", "run-started", torn='{"n":2,'))
    assert (fresh.records_since(before), fresh.last_since(before)) == (1, "run-started")


@pytest.mark.parametrize("content", [b"", b'{"jour', journal("a")])
def test_a_journal_without_a_record_has_none(content: bytes) -> None:
    found = JournalSeen.read(content)
    assert (found.records, found.last) == (0, NO_RECORD)


# What is told


def a_round(number: int = 1, compared: Compared | None = None, *failures: str, over: bool = True) -> Round:
    return Round(
        number,
        compared or Compared(10, 10),
        kills=Counter(SIGKILL=3, SIGINT=1),
        killed_after=Counter(intent=2, begun=1),
        runs=6,
        requests=120,
        faults=Counter({"answer-lost": 2}),
        seconds=7.25,
        failures=list(failures),
        over=over,
    )


HELD = Outcome(7, StateKind.FILE, 2, (a_round(1), a_round(2)))
BROKEN = Outcome(
    7,
    StateKind.BRANCH,
    2,
    (a_round(1, Compared(10, 11, duplicates=1, problems=("published 2 times: x (1, 2)",))), a_round(2)),
    "/tmp/threadsync-chaos-x",
)
STOPPED = Outcome(7, StateKind.FILE, 2, (a_round(1), a_round(2, Compared(), over=False)))


def test_only_all_rounds_over_and_as_promised_hold() -> None:
    assert (HELD.held, HELD.broken, HELD.stopped) == (True, False, False)
    assert (BROKEN.held, BROKEN.broken, BROKEN.stopped) == (False, True, False)
    assert (STOPPED.held, STOPPED.broken, STOPPED.stopped) == (False, False, True)
    assert not Outcome(7, StateKind.FILE, 1, (a_round(1, None, "apply hung (run 3)"),)).held


@pytest.mark.parametrize("outcome", [HELD, BROKEN, STOPPED, Outcome(7, StateKind.FILE, 1, ())])
def test_the_json_is_what_its_schema_says(outcome: Outcome) -> None:
    document = chaos_json(outcome)
    assert problems(document, "chaos") == []
    assert json.loads(json.dumps(document)) == document


def test_the_json_adds_the_rounds_up() -> None:
    document = chaos_json(BROKEN)
    names = ("wanted", "live", "duplicates", "lost", "kills", "runs", "requests", "seconds")
    assert [document[name] for name in names] == [20, 21, 1, 0, 8, 12, 240, 14.5]
    assert (document["kills_by_signal"], document["faults"]) == ({"SIGKILL": 6, "SIGINT": 2}, 4)
    assert document["folder"] == "/tmp/threadsync-chaos-x"
    assert chaos_json(HELD)["folder"] is None
    assert total(()).compared == Compared()


def test_the_text_has_a_row_for_every_number_and_ends_with_a_verdict() -> None:
    rows = chaos_text(HELD, width=80, color=False).splitlines()
    table = {row[:14].rstrip(): int(row[14:20]) for row in rows if row[14:20].strip().isdecimal()}
    counts = {"wanted": 20, "live": 20, "duplicates": 0, "lost": 0, "out of order": 0, "unexpected": 0}
    effort = {"kills": 8, "runs": 12, "requests": 240, "faults fired": 4, "seconds": 14}
    assert table == {**counts, "secrets found": 0, **effort}
    assert "SIGKILL after: intent 4, begun 2" in "\n".join(rows)
    assert "Held: every one of 20 posts is there once and in its place" in "\n".join(rows)
    assert max(map(len, rows)) <= 80


def test_a_broken_promise_says_what_where_and_with_which_seed() -> None:
    text = chaos_text(BROKEN, width=80, color=True)
    for words in ("round 1: published 2 times: x (1, 2)", "BROKEN", "--seed 7", "/tmp/threadsync-chaos-x"):
        assert words in text
    assert "\x1b[31mduplicates         1\x1b[0m" in text


def test_a_chaos_that_was_stopped_says_how_far_it_came() -> None:
    text = chaos_text(STOPPED, width=80, color=False)
    assert "Stopped: 1 of 2 rounds were over, and nothing was wrong in them." in text


def test_many_problems_are_counted_and_not_all_listed() -> None:
    many = Outcome(
        7, StateKind.FILE, 1, (a_round(1, None, *(f"problem {number}" for number in range(30))),), "/x"
    )
    text = chaos_text(many, width=80, color=False)
    assert "round 1: problem 19\nand 10 more\n" in text


def test_a_round_is_one_line() -> None:
    assert round_line(HELD.rounds[0], 2) == (
        "round 1 of 2: kills 4, runs 6, wanted 10, live 10, duplicates 0, lost 0: held"
    )
    assert round_line(BROKEN.rounds[0], 2).endswith("live 11, duplicates 1, lost 0: BROKEN")
    assert round_line(STOPPED.rounds[1], 2) == "round 2 of 2: kills 4, runs 6, requests 120"
