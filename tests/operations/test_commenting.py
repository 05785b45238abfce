"""What a comment says once posts go out, over many runs, and what it remembers in the room that it has."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.forges.desks import Issue, answer
from tests.planning.builders import NOW, at
from tests.views import samples
from threadsync.errors import ApiError
from threadsync.execution.report import ActionReport, Became, Report
from threadsync.forges.github import GitHub
from threadsync.forges.marks import Mark, Row, mark_of
from threadsync.operations.commenting import Told, Writer, rows_of
from threadsync.planning.actions import Delete, Extend
from threadsync.views.markdown_rows import rows_markdown

MARK = Mark("project", kind="report", at=NOW)


def shown(rows: Sequence[Row], forgotten: int, chars_max: int) -> str:
    return rows_markdown(rows, zone=None, chars_max=chars_max, forgotten=forgotten)


def tell(issue: Issue, rows: tuple[Row, ...], minutes: int = 0, chars_max: int = 65_536) -> str:
    """Tell *rows* on pull request 3, and return the comment."""
    writer = Writer(GitHub("lift/posts"), issue.run, chars_max)
    writer.tell(3, replace(MARK, at=NOW + timedelta(minutes=minutes)), rows, shown)
    (body,) = issue.bodies()
    assert len(body) <= chars_max
    return body


def live(key: str) -> Row:
    return Row(f"{key}@threads/main", "live", NOW.isoformat(), (f"https://t/{key}",))


def test_a_row_for_each_publication_and_none_for_what_stays() -> None:
    actions = samples.every_action()
    create, extend = samples.create(), actions[1]
    assert isinstance(extend, Extend)
    report = Report(
        (
            ActionReport(create, Became.APPLIED, permalinks=("https://t/1", "https://t/2")),
            ActionReport(extend, Became.REFUSED, "The network said no.", "Shorten it."),
        )
    )
    rows = {row.address: row for row in rows_of(Told(samples.plan_of(*actions), report))}
    assert rows[str(create.address)] == Row(
        str(create.address), "live", NOW.isoformat(), ("https://t/1", "https://t/2")
    )
    assert rows[str(extend.address)].word == "refused"
    assert rows[str(extend.address)].why == "The network said no. Shorten it"
    assert rows[str(at("tomorrow"))] == Row(str(at("tomorrow")), "waits", samples.DUE.isoformat())
    assert rows[str(at("edited"))].word == "blocked"
    assert str(at("same")) not in rows


def test_what_leaves_no_address_is_told_by_its_action() -> None:
    """A post that was taken down is not live."""
    delete = samples.every_action()[5]
    assert isinstance(delete, Delete)
    report = Report((ActionReport(delete, Became.APPLIED),))
    (row,) = rows_of(Told(samples.plan_of(delete), report))
    assert row.word == "delete"


def test_runs_add_to_what_earlier_ones_told() -> None:
    issue = Issue()
    tell(issue, (live("a"), Row("b@threads/main", "waits", samples.DUE.isoformat())))
    body = tell(issue, (live("b"),), minutes=1)
    assert "**2 live**" in body
    assert "<https://t/a>" in body
    assert "<https://t/b>" in body


def test_a_plan_that_comes_late_forgets_no_link() -> None:
    """Its job had to wait, and the pull request was merged and applied meanwhile."""
    issue = Issue(3)
    tell(issue, (live("a"),))
    late = Mark("project", at=NOW + timedelta(minutes=1))
    Writer(GitHub("lift/posts"), issue.run, 65_536).show(3, late, lambda _: "The plan.")
    assert "The plan." in issue.bodies()[0]
    assert "https://t/a" in tell(issue, (live("b"),), minutes=2)


def test_telling_it_twice_is_telling_it_once() -> None:
    issue = Issue()
    first = tell(issue, (live("a"),))
    assert tell(issue, (live("a"),)) == first
    assert [line.partition(" ")[0] for line in issue.lines].count("PATCH") == 0


def test_a_reason_is_told_by_the_run_that_knows_it() -> None:
    """It is not remembered: it may be as long as a post."""
    issue = Issue()
    refused = Row("a@threads/main", "refused", why="The network said no: " + "x" * 500)
    assert "The network said no" in tell(issue, (refused,))
    body = tell(issue, (live("b"),), minutes=1)
    assert "`a@threads/main` | `refused`" in body
    assert "The network said no" not in body


def test_what_there_is_no_room_to_remember_is_counted() -> None:
    issue = Issue()
    many = tuple(live(f"post-{number:04}") for number in range(300))
    body = tell(issue, many, chars_max=20_000)
    mark = mark_of(body)
    assert mark is not None
    assert len(mark.line()) <= 20_000 // 3
    assert len(mark.rows) + mark.forgotten == 300
    assert "publications: `post-" in body, "those of this run that do not fit are named"
    assert tell(issue, many, chars_max=20_000) == body, "telling it again changes nothing"
    later = tell(issue, (live("other"),), minutes=1, chars_max=20_000)
    told = mark_of(later)
    assert told is not None
    assert f"At least {300 - len(mark.rows) - 1:,} more were told of by earlier runs" in later
    assert len(told.rows) + told.forgotten == 300


def test_a_comment_of_the_plan_becomes_that_of_the_report() -> None:
    issue = Issue()
    writer = Writer(GitHub("lift/posts"), issue.run, 65_536)
    writer.show(3, replace(MARK, kind="plan"), lambda _: "The plan.\n")
    body = tell(issue, (live("a"),), minutes=1)
    assert "The plan." not in body
    assert "**1 live**" in body


@pytest.mark.parametrize("bad", ["yesterday", "2026-13-01"])
def test_a_hidden_line_that_somebody_spoilt_is_none(bad: str) -> None:
    """Who may write there can edit any comment; a new one is made then."""
    body = MARK.line() + "x"
    assert mark_of(body) == MARK
    assert mark_of(body.replace(NOW.isoformat(), bad)) is None
    assert mark_of(replace(MARK, rows=(Row("a@b", "live", bad),)).line()) is None
    assert mark_of(body.replace('"forgotten":0', '"forgotten":-7')) == MARK


def test_a_refusal_is_told_to_whoever_asked() -> None:
    issue = Issue(refusals={"POST": [answer(403, {"message": "no"})]})
    with pytest.raises(ApiError):
        tell(issue, (live("a"),))
