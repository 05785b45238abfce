"""What people read: whole pages against golden files, and the laws that hold for any page."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.planning.builders import NOW, at, bound, buried
from tests.views import samples
from threadsync.content.escape import printable
from threadsync.execution.report import Became
from threadsync.model.diagnostic import Diagnostic
from threadsync.planning.actions import Action, Blocked, Create, NoOp, Notice, Reason
from threadsync.views.account_text import account_head
from threadsync.views.findings_text import add_findings, validation_text
from threadsync.views.moments import ahead, told
from threadsync.views.page import Page
from threadsync.views.plan_text import action_text, plan_text, summary
from threadsync.views.refresh_text import refresh_text
from threadsync.views.report_text import report_text
from threadsync.views.seen import Detail
from threadsync.views.standing_text import entries_text, history_text, show_text, status_text
from threadsync.views.width import cells

Golden = Callable[[str, str], None]
ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


def findings_page(*, width: int, color: bool) -> str:
    page = Page(width, color=color)
    add_findings(page, samples.FINDINGS)
    return page.text()


def pages(*, width: int = 80, color: bool = False) -> dict[str, str]:
    """Every page there is, by the name of its golden file."""
    zone = samples.ZONE
    plan = samples.full_plan()
    return {
        "plan": plan_text(plan, width=width, color=color),
        "plan-quiet": plan_text(plan, width=width, color=color, detail=Detail.QUIET),
        "plan-verbose": plan_text(plan, width=width, color=color, detail=Detail.VERBOSE),
        "plan-first-run": plan_text(samples.first_plan(), width=width, color=color),
        "report": report_text(samples.report(), width=width, color=color, zone=zone),
        "report-paused": report_text(samples.paused_report(), width=width, color=color, zone=zone),
        "findings": findings_page(width=width, color=color),
        "validation": validation_text(samples.SampleValidation(samples.FINDINGS), width=width, color=color),
        "status": status_text(samples.standings(), width=width, color=color, now=NOW, zone=zone),
        "refresh": refresh_text(samples.looked(), width=width, color=color),
        "refresh-quiet": refresh_text(samples.looked(), width=width, color=color, detail=Detail.QUIET),
        "refresh-verbose": refresh_text(samples.looked(), width=width, color=color, detail=Detail.VERBOSE),
        "show": show_text(samples.known(), width=width, color=color, now=NOW, zone=zone),
        "entries": entries_text((bound("chain", "one"), buried("gone")), width=width, color=color, zone=zone),
        "history": history_text(samples.copies(), width=width, color=color, zone=zone),
    }


@pytest.mark.parametrize("name", pages())
def test_a_page_reads_as_its_golden_file(name: str, golden: Golden) -> None:
    golden(f"views/{name}.txt", pages()[name])


@pytest.mark.parametrize("name", pages())
def test_a_coloured_page_is_its_golden_file(name: str, golden: Golden) -> None:
    golden(f"views/{name}.color.txt", pages(color=True)[name])


@pytest.mark.parametrize("name", pages())
def test_colour_says_nothing_that_the_words_do_not_say(name: str) -> None:
    assert ESCAPES.sub("", pages(color=True)[name]) == pages()[name]


@pytest.mark.parametrize("name", pages())
def test_a_page_fits_into_80_columns_where_its_words_do(name: str) -> None:
    for row in pages()[name].splitlines():
        is_command = row.startswith("    cp ")  # in one row, so that it can be copied
        assert cells(row) <= 80 or " " not in row.strip() or is_command, row


def test_every_action_is_named_by_sign_word_address_and_reason() -> None:
    page = pages()["plan-verbose"]
    for action in samples.every_action():
        assert f"{action.sign} {action.word}  {action.address}  ({action.reason})".lstrip() in page


def test_the_exact_text_of_each_segment_is_in_the_plan() -> None:
    """Law 10: put together again, the marked rows are the text, line by line."""
    page = action_text(samples.create(), width=80, color=False, now=NOW, zone=None)
    assert exact_texts(page)[0] == without_spaces(samples.LONG)


def exact_texts(page: str) -> list[list[str]]:
    """Return the marked texts of a page, each as its lines without their spaces."""
    texts: list[list[str]] = []
    inside = False
    for row in page.split("\n"):
        marked = row.strip(" ")
        if not marked.startswith(("│", "┊")):
            inside = False
            continue
        if not inside:
            texts.append([])
        inside = True
        if marked.startswith("│"):
            texts[-1].append("")
        texts[-1][-1] += marked[1:].replace(" ", "")
    return texts


def without_spaces(text: str) -> list[str]:
    return [printable(line).replace(" ", "") for line in text.split("\n")]


@given(text=st.text(max_size=300), width=st.integers(1, 130))
def test_no_text_acts_on_the_terminal_nor_loses_a_character(text: str, width: int) -> None:
    published = Create(at("any"), Reason.NEW, samples.publication("any"), (samples.view(0, text),))
    page = action_text(published, width=width, color=False, now=NOW, zone=None)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", page)
    if text:
        assert exact_texts(page)[0] == without_spaces(text)


@given(text=st.text(alphabet="ab \n駅👩‍🦽é", max_size=200), width=st.integers(40, 130))
def test_no_row_of_an_exact_text_is_wider_than_the_page(text: str, width: int) -> None:
    published = Create(at("any"), Reason.NEW, samples.publication("any"), (samples.view(0, text),))
    page = action_text(published, width=width, color=False, now=NOW, zone=None)
    marked = [row for row in page.split("\n") if row.strip(" ").startswith(("│", "┊"))]
    assert all(cells(row) <= width for row in marked)


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_problem_or_remedy_acts_on_the_terminal(problem: str, remedy: str) -> None:
    held = Blocked(at("any"), Reason.LATE, problem, remedy)
    page = action_text(held, width=80, color=False, now=NOW, zone=None)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", page)


def test_what_a_replace_and_a_delete_cost_is_said() -> None:
    """Law 6: the plan shows what is lost, how old that is, and what it does not know."""
    pages = [
        action_text(samples.every_action()[index], width=80, color=False, now=NOW, zone=None)
        for index in (4, 5, 11)
    ]
    assert "loses: 12 likes, 1 reply, 4,012 views\n" in pages[0]
    assert "loses: unknown, scope threads_manage_insights\n" in pages[0]
    assert "loses: no reactions, 3 days ago\n" in pages[1]
    assert "loses: unknown (replies and likes were not read)\n" in pages[2]


def sum_of(*actions: Action, findings: tuple[Diagnostic, ...] = ()) -> str:
    return summary(samples.SamplePlan(samples.plan_of(*actions), findings))


def test_a_plan_without_effect_says_so_first() -> None:
    assert sum_of() == "No changes. There is no publication to plan."
    same = NoOp(at("a"), Reason.SAME)
    assert sum_of(same) == "No changes. 1 publication is as the files say."
    assert sum_of(same, same) == "No changes. 2 publications are as the files say."
    waiting = samples.every_action()[9]
    assert sum_of(waiting, same) == "No changes. 1 to wait, 1 unchanged."


def test_of_files_with_errors_nobody_says_that_nothing_changes() -> None:
    wrong, _ = samples.FINDINGS
    same = NoOp(at("a"), Reason.SAME)
    assert sum_of(findings=(wrong,)) == "The files have errors. There is no publication to plan."
    assert sum_of(same, findings=(wrong,)) == "The files have errors. 1 publication is as the files say."


def test_the_sum_of_a_plan_counts_every_kind() -> None:
    assert sum_of(*samples.every_action()) == (
        "Plan: 1 to create, 1 to extend, 1 to update, 1 to move, 1 to replace, 1 to delete, 2 to forget, "
        "1 to adopt, 2 to wait, 2 blocked, 2 unchanged."
    )


def test_a_pause_is_told_once_and_not_with_each_action_that_it_held() -> None:
    page = pages()["report-paused"]
    said = page.replace("\n", " ")
    quota = samples.pauses()[1]
    assert page.count("code 9") == 2  # with the action that met it, and with the pause
    assert "paused      threads/main  for posts since second@threads/main" in page
    assert "3 actions not done there" in said
    assert f"can go on: {told(quota.at + timedelta(days=1), samples.ZONE)} at the latest" in said


def test_the_page_about_reports_explains_every_word_of_theirs() -> None:
    page = (Path(__file__).parents[2] / "docs/reference/reports.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE) == [each.value for each in Became]


def test_a_time_is_told_in_the_project_s_zone_and_in_utc() -> None:
    assert told(samples.DUE, "Europe/Vienna") == "2026-12-03 08:30 Europe/Vienna (07:30 UTC)"
    assert told(samples.DUE, "Pacific/Auckland") == "2026-12-03 20:30 Pacific/Auckland (07:30 UTC)"
    late = samples.DUE + timedelta(hours=14)
    assert told(late, "Pacific/Auckland") == "2026-12-04 10:30 Pacific/Auckland (2026-12-03 21:30 UTC)"
    for zone in (None, "UTC", "Europe/Nowhere", "../../etc/passwd"):
        assert told(samples.DUE, zone) == "2026-12-03 07:30 UTC"


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(days=11, hours=2), "in 11 days"),
        (timedelta(days=1), "in 1 day"),
        (timedelta(hours=3), "in 3 hours"),
        (timedelta(minutes=1), "in 1 minute"),
        (timedelta(seconds=20), "in less than a minute"),
        (timedelta(0), ""),
    ],
)
def test_how_far_off_a_time_is(span: timedelta, words: str) -> None:
    assert ahead(span) == words


def test_a_validation_without_findings_says_what_was_read() -> None:
    page = validation_text(samples.SampleValidation(), width=80, color=False)
    assert page == "All is well: 3 files, 4 publications, 1 draft.\n"
    assert validation_text(samples.SampleValidation(), width=80, color=False, detail=Detail.QUIET) == ""


def test_an_empty_list_is_said_to_be_empty() -> None:
    assert (
        status_text(samples.SampleStandings(), width=80, color=False, now=NOW, zone=None)
        == "No publications.\n"
    )
    assert entries_text((), width=80, color=False, zone=None) == "The state holds nothing.\n"
    assert history_text((), width=80, color=False, zone=None) == "There is no state yet, and no backup.\n"


def test_a_warning_of_what_was_seen_earlier_has_its_age() -> None:
    seen = Notice("a@threads/main", "it was deleted.", "Look again.", NOW - timedelta(hours=3))
    text = plan_text(samples.SamplePlan(samples.plan_of(notices=(seen,))), width=80, color=False)
    assert "Warning: a@threads/main: it was deleted. Seen 3 hours ago. Look again.\n" in text
    said = Notice("threads/main", "no answer", "Look again.")  # what a network says seldom ends in a stop
    text = plan_text(samples.SamplePlan(samples.plan_of(notices=(said,))), width=80, color=False)
    assert "Warning: threads/main: no answer. Look again.\n" in text


def test_an_account_that_was_read_before_the_last_apply_says_so() -> None:
    (account, *_) = samples.accounts()
    read = replace(account, seen_at=NOW)
    assert account_head(read, NOW).endswith(f"(@{account.handle})")
    before = replace(read, is_outrun=True)
    assert account_head(before, NOW).endswith(f"(@{account.handle}, before the last apply)")
    assert account_head(before, NOW + timedelta(hours=2)).endswith(", 2 hours ago, before the last apply)")
