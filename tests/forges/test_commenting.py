"""One comment, found again by its hidden line and its author; whatever is lost, refused or done meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.forges.desks import Issue, answer
from threadsync.errors import ApiError
from threadsync.flows.bounds import Bounds
from threadsync.forges.commenting import ROUNDS_MAX, Content, Put, put_comment
from threadsync.forges.github import GitHub
from threadsync.forges.marks import Mark, Row, mark_of
from threadsync.model.fault import FaultClass

FORGE = GitHub("lift/report")
NOW = datetime(2026, 12, 3, 7, 30, tzinfo=UTC)
MARK = Mark("project-1", at=NOW)
TIMES = st.sampled_from(["", NOW.isoformat()])
LATER = replace(MARK, at=NOW + timedelta(minutes=5))


def shows(text: str, mark: Mark = MARK) -> Content:
    return lambda _: (mark, text)


def put(issue: Issue, text: str = "The plan.\n", mark: Mark = MARK) -> Put:
    return issue.run(put_comment(FORGE, 3, mark, shows(text, mark), Bounds()))


def writes(issue: Issue) -> list[str]:
    return [line.partition(" ")[0] for line in issue.lines if not line.startswith("GET")]


def test_it_is_made_once_and_then_patched_in_place() -> None:
    issue = Issue()
    first = put(issue)
    assert (first.made, first.comment.url, issue.bodies()) == (
        True,
        first.comment.url,
        [MARK.line() + "The plan.\n"],
    )
    second = put(issue, "Another plan.\n", LATER)
    assert not second.made
    assert second.comment.id == first.comment.id
    assert issue.bodies() == [LATER.line() + "Another plan.\n"]
    assert writes(issue) == ["POST", "PATCH"]


def test_what_it_shows_already_is_not_written_again() -> None:
    """Nor where the forge has other line ends, or no last one."""
    issue = Issue()
    number = put(issue).comment.id
    issue.comments[number]["body"] = issue.bodies()[0].replace("\n", "\r\n").strip()
    put(issue)
    assert writes(issue) == ["POST"]


@pytest.mark.parametrize(
    ("login", "is_bot", "body"),
    [
        ("mallory", False, MARK.line() + "Forged."),
        ("github-actions[bot]", True, "No hidden line."),
        ("github-actions[bot]", True, "> quoted\n" + MARK.line()),
        ("github-actions[bot]", True, Mark("project-2").line() + "Another project's."),
        ("github-actions[bot]", True, Mark("project-1", "preview").line() + "Of another name."),
        ("github-actions[bot]", True, "<!-- threadsync {broken -->\n"),
        ("github-actions[bot]", True, '<!-- threadsync {"version":1} -->\n'),
    ],
)
def test_what_is_not_ours_is_never_touched(login: str, body: str, *, is_bot: bool) -> None:
    issue = Issue()
    other = issue.put(body, login, is_bot=is_bot)
    assert put(issue).made
    assert issue.comments[other]["body"] == body
    assert len(issue.comments) == 2


def test_with_a_token_of_its_own_only_its_authors_comments_are_its() -> None:
    """Where the forge tells whose the token is, another bot's comment is another's."""
    issue = Issue(viewer="mona", is_bot=False, tells_viewer=True)
    other = issue.put(MARK.line() + "Another bot's.", "dependabot[bot]", is_bot=True)
    assert put(issue).made
    assert not put(issue, "Again.\n", LATER).made
    assert issue.comments[other]["body"] == MARK.line() + "Another bot's."
    assert len(issue.comments) == 2


def test_whose_token_it_is_is_learnt_from_what_it_made() -> None:
    """Where neither the forge nor the author's kind tells: the older one stays all the same."""
    issue = Issue(viewer="ci", is_bot=False)
    first = put(issue)
    second = put(issue, "Again.\n", LATER)
    assert (second.comment.id, len(second.removed)) == (first.comment.id, 1)
    assert issue.bodies() == [LATER.line() + "Again.\n"]


def test_a_deleted_comment_is_made_anew() -> None:
    issue = Issue()
    del issue.comments[put(issue).comment.id]
    assert put(issue).made
    assert len(issue.comments) == 1


def test_one_that_is_deleted_right_before_it_is_patched_is_made_anew() -> None:
    issue = Issue()
    put(issue)
    issue.before["PATCH"] = issue.comments.clear
    assert put(issue, "Again.\n", LATER).made
    assert issue.bodies() == [LATER.line() + "Again.\n"]


def test_two_runs_at_once_end_with_one_comment() -> None:
    """The older one stays, and is brought up to date; the newer one goes."""
    issue = Issue()
    older: list[int] = []
    issue.before["POST"] = lambda: older.append(issue.put(MARK.line() + "By the other run."))
    done = put(issue, "The plan.\n", LATER)
    assert [done.comment.id] == older
    assert len(done.removed) == 1
    assert not done.made
    assert issue.bodies() == [LATER.line() + "The plan.\n"]


def test_where_it_may_not_be_deleted_it_points_to_the_other() -> None:
    issue = Issue()
    for _ in range(2):
        issue.put(MARK.line() + "Two at once.")
    issue.refusals["DELETE"] = [answer(403, {"message": "no"})] * 2
    done = put(issue, "The plan.\n", LATER)
    kept, emptied = issue.bodies()
    assert kept == LATER.line() + "The plan.\n"
    assert done.comment.url in emptied
    assert "Two at once" not in emptied
    assert put(issue, "Once more.\n", LATER).comment.id == done.comment.id
    assert issue.bodies()[1] == emptied


def test_an_older_run_leaves_what_a_newer_one_showed() -> None:
    issue = Issue()
    put(issue, "The newer plan.\n", LATER)
    late = put(issue, "The older plan.\n")
    assert late.outdated
    assert issue.bodies() == [LATER.line() + "The newer plan.\n"]


def test_what_somebody_wrote_into_it_is_written_over_and_without_its_line_it_is_left_alone() -> None:
    issue = Issue()
    number = put(issue).comment.id
    issue.comments[number]["body"] = f"{issue.bodies()[0]}I disagree.\r\n"
    put(issue)
    assert issue.bodies() == [MARK.line() + "The plan.\n"]
    issue.comments[number]["body"] = "Mine now."
    assert put(issue).made
    assert issue.bodies() == ["Mine now.", MARK.line() + "The plan.\n"]


def test_a_comment_of_a_wrong_clock_or_an_edited_one_is_not_the_newest_for_ever() -> None:
    issue = Issue()
    put(issue, "Edited by hand.\n", replace(MARK, at=NOW + timedelta(days=365)))
    assert not put(issue, "The plan of today.\n").outdated
    assert issue.bodies() == [MARK.line() + "The plan of today.\n"]


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_a_lost_answer_makes_no_second_comment(method: str) -> None:
    issue = Issue()
    if method != "POST":
        issue.put(MARK.line() + "Before.")
    if method == "DELETE":
        issue.put(MARK.line() + "A second one.")
    issue.lost[method] = 1
    put(issue, "The plan.\n", LATER)
    assert issue.bodies() == [LATER.line() + "The plan.\n"]


def test_it_does_not_try_for_ever() -> None:
    """Law 13."""
    issue = Issue(refusals={"PATCH": [answer(502)] * 99})
    issue.put(MARK.line() + "Before.")
    with pytest.raises(ApiError):
        put(issue, "The plan.\n", LATER)
    assert writes(issue) == ["PATCH"] * ROUNDS_MAX
    assert len(issue.waited) == ROUNDS_MAX - 1


def test_a_stumble_after_it_was_made_makes_no_second_one() -> None:
    issue = Issue(refusals={"POST": [answer(502)]})
    issue.before["POST"] = lambda: issue.comments.update({7: made})
    made = Issue().comments.setdefault(7, {})
    made |= {"id": 7, "body": MARK.line() + "The plan.\n", "html_url": "https://forge.example/c/7"}
    made |= {"user": {"id": 1, "login": "github-actions[bot]", "type": "Bot"}}
    put(issue)
    assert writes(issue) == ["POST"]
    assert issue.bodies() == [MARK.line() + "The plan.\n"]


def test_what_was_just_made_need_not_be_in_the_list_yet() -> None:
    issue = Issue(is_behind=True)
    assert put(issue).made
    assert writes(issue) == ["POST"]


def test_the_forges_limit_is_waited_for() -> None:
    issue = Issue()
    issue.refusals["POST"] = [answer(403, {"message": "secondary rate limit"}, retry_after="7")]
    put(issue)
    assert issue.waited == [7.0]
    assert len(issue.comments) == 1


@pytest.mark.parametrize("seconds", ["121", "86400"])
def test_a_limit_of_hours_is_not(seconds: str) -> None:
    issue = Issue()
    issue.refusals["POST"] = [answer(429, {}, retry_after=seconds)]
    with pytest.raises(ApiError) as caught:
        put(issue)
    assert caught.value.fault.kind is FaultClass.THROTTLED
    assert issue.waited == []


def test_a_token_that_may_only_read_is_told_so() -> None:
    issue = Issue()
    issue.refusals["POST"] = [answer(403, {"message": "Resource not accessible by integration"})]
    with pytest.raises(ApiError) as caught:
        put(issue)
    assert caught.value.fault.kind is FaultClass.FORBIDDEN
    assert "pull-requests: write" in caught.value.fault.remedy


@given(
    st.text(),
    st.text(),
    st.lists(st.builds(Row, st.text(), st.text(), TIMES, st.tuples(st.text()), st.text())),
)
def test_a_hidden_line_holds_any_text_and_nothing_ends_it(name: str, kind: str, rows: list[Row]) -> None:
    mark = Mark("p", name, kind, NOW, tuple(rows))
    line = mark.line()
    assert mark_of(line + "The plan.") == mark
    inner = line.removeprefix("<!-- ").removesuffix(" -->\n")
    assert not any(each in inner for each in ("--", "<", ">", "@", "#", "\n"))
