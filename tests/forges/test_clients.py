"""What is asked of each forge, and what its answers are read as: the shapes of their documentation."""

from __future__ import annotations

import pytest

from tests.forges.desks import Script, answer
from threadsync.errors import ApiError, Unanswered
from threadsync.flows.effects import JsonBody, NoResponse, Visibility
from threadsync.forges.asking import PAGES_MAX
from threadsync.forges.base import Author, Comment, Forge
from threadsync.forges.forgejo import Forgejo
from threadsync.forges.github import HEADERS, GitHub
from threadsync.forges.gitlab import GitLab
from threadsync.model.fault import FaultClass
from threadsync.model.ids import MAIN

GITHUB = GitHub("lift/report")
GITLAB = GitLab("lift/desk/report")
FORGEJO = Forgejo("lift/report", "https://forge.example")
FORGES: tuple[Forge, ...] = (GITHUB, GITLAB, FORGEJO)
OF_GITHUB = {
    "id": 7,
    "body": "Hello",
    "user": {"id": 41898282, "login": "github-actions[bot]", "type": "Bot"},
    "html_url": "https://github.com/lift/report/pull/3#issuecomment-7",
}
OF_GITLAB = {"id": 7, "body": "Hello", "author": {"id": 5, "username": "project_9_bot"}, "system": False}
OF_FORGEJO = {
    "id": 7,
    "body": "Hello",
    "user": {"id": -2, "login": "forgejo-actions"},
    "html_url": "https://forge.example/lift/report/pulls/3#issuecomment-7",
}
ONE: dict[Forge, dict[str, object]] = {GITHUB: OF_GITHUB, GITLAB: OF_GITLAB, FORGEJO: OF_FORGEJO}
READ: dict[Forge, Comment] = {
    GITHUB: Comment(7, "Hello", Author("github-actions[bot]", True), str(OF_GITHUB["html_url"])),
    GITLAB: Comment(
        7,
        "Hello",
        Author("project_9_bot", True),
        "https://gitlab.com/lift/desk/report/-/merge_requests/3#note_7",
    ),
    FORGEJO: Comment(7, "Hello", Author("forgejo-actions", True), str(OF_FORGEJO["html_url"])),
}
LISTS: dict[Forge, str] = {
    GITHUB: "/repos/lift/report/issues/3/comments",
    GITLAB: "/projects/lift%2Fdesk%2Freport/merge_requests/3/notes",
    FORGEJO: "/repos/lift/report/issues/3/comments",
}
SINGLES: dict[Forge, str] = {
    GITHUB: "/repos/lift/report/issues/comments/7",
    GITLAB: "/projects/lift%2Fdesk%2Freport/merge_requests/3/notes/7",
    FORGEJO: "/repos/lift/report/issues/comments/7",
}
each_forge = pytest.mark.parametrize("forge", FORGES, ids=lambda forge: forge.rights.forge)


@each_forge
def test_all_pages_of_comments_are_read(forge: Forge) -> None:
    """``Link`` says whether there is another, whatever a page holds."""
    there = '<https://api.example/x?page=2>; rel="next", <https://api.example/x?page=9>; rel="last"'
    script = Script([answer(200, [ONE[forge]], link=there), answer(200, [ONE[forge]])])
    assert script.run(forge.comments(3)) == (READ[forge], READ[forge])
    assert script.lines == [f"GET {LISTS[forge]}"] * 2
    assert [each.params["page"] for each in script.asked] == ["1", "2"]
    assert {each.params["per_page"] for each in script.asked} == {"100"}


@each_forge
def test_a_list_without_an_end_is_left(forge: Forge) -> None:
    """Law 13."""
    more = answer(200, [], link='<https://api.example/x>; rel="next"')
    script = Script([more] * (PAGES_MAX + 1))
    with pytest.raises(ApiError):
        script.run(forge.comments(3))
    assert len(script.asked) == PAGES_MAX


@each_forge
def test_a_comment_is_made_changed_and_removed(forge: Forge) -> None:
    script = Script([answer(201, ONE[forge]), answer(200, ONE[forge]), answer(204), answer(404)])
    assert script.run(forge.create(3, "Hello")) == READ[forge]
    assert script.run(forge.update(3, 7, "Hello")) == READ[forge]
    script.run(forge.delete(3, 7))
    script.run(forge.delete(3, 7))  # gone is removed
    change = "PUT" if forge is GITLAB else "PATCH"
    assert script.lines == [
        f"POST {LISTS[forge]}",
        f"{change} {SINGLES[forge]}",
        *[f"DELETE {SINGLES[forge]}"] * 2,
    ]
    assert {each.visibility for each in script.asked} == {Visibility.VISIBLE}
    assert {each.auth for each in script.asked} == {MAIN}
    assert [each.body for each in script.asked[:2]] == [JsonBody({"body": "Hello"})] * 2


def test_github_is_told_which_version_is_spoken() -> None:
    script = Script([answer(200, []), answer(201, OF_GITHUB), answer(204), answer(200, [])])
    script.run(GITHUB.comments(3))
    script.run(GITHUB.create(3, "Hello"))
    script.run(GITHUB.delete(3, 7))
    script.run(GITHUB.pull_requests("abc"))
    assert [each.headers for each in script.asked] == [HEADERS] * 4


@each_forge
def test_whose_token_it_is(forge: Forge) -> None:
    named = {"id": 9, "login": "mona", "username": "mona", "type": "User"}
    assert Script([answer(200, named)]).run(forge.whoami()) == Author("mona")


@pytest.mark.parametrize("forge", [GITHUB, FORGEJO], ids=str)
def test_the_token_of_a_job_is_nobodys(forge: Forge) -> None:
    """It may not read ``/user``; that is no error."""
    assert Script([answer(403, {"message": "Resource not accessible"})]).run(forge.whoami()) is None
    with pytest.raises(ApiError):
        Script([answer(401, {"message": "Bad credentials"})]).run(forge.whoami())


def test_the_pull_requests_of_a_commit() -> None:
    """The merged ones; where none is, those that are open. A commit of none has none."""
    many = [{"number": 3, "merged_at": "2026-12-01T00:00:00Z"}, {"number": 4, "merged_at": None}]
    assert Script([answer(200, many)]).run(GITHUB.pull_requests("abc")) == (3,)
    assert Script([answer(200, many[1:])]).run(GITHUB.pull_requests("abc")) == (4,)
    notes = [{"iid": 3, "state": "merged"}, {"iid": 4, "state": "opened"}, {"iid": 5, "state": "closed"}]
    assert Script([answer(200, notes)]).run(GITLAB.pull_requests("abc")) == (3,)
    assert Script([answer(200, notes[1:])]).run(GITLAB.pull_requests("abc")) == (4,)
    script = Script([answer(200, {"number": 3})])
    assert script.run(FORGEJO.pull_requests("abc")) == (3,)
    assert script.lines == ["GET /repos/lift/report/commits/abc/pull"]
    for forge in FORGES:
        assert Script([answer(404)]).run(forge.pull_requests("abc")) == ()


@each_forge
def test_a_lost_answer_says_whether_it_may_have_acted(forge: Forge) -> None:
    with pytest.raises(Unanswered) as caught:
        Script([NoResponse("the connection ended", sent=True)]).run(forge.create(3, "Hello"))
    assert caught.value.sent
    with pytest.raises(Unanswered):
        Script([answer(200, {"unexpected": True})]).run(forge.comments(3))


@each_forge
@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (301, {"message": "Moved Permanently"}, FaultClass.INVALID),
        (401, {"message": "Bad credentials"}, FaultClass.UNAUTHORIZED),
        (403, {"message": "Resource not accessible by integration"}, FaultClass.FORBIDDEN),
        (404, {"message": "Not Found"}, FaultClass.GONE),
        (410, {"message": "This issue was deleted"}, FaultClass.GONE),
        (422, {"message": "Validation Failed"}, FaultClass.INVALID),
        (423, {"message": "archived"}, FaultClass.FORBIDDEN),
        (418, ["no object"], FaultClass.INVALID),
        (502, None, FaultClass.TRANSIENT),
    ],
)
def test_an_error_says_what_to_do_next(forge: Forge, status: int, body: object, kind: FaultClass) -> None:
    fault = forge.classify(answer(status, body))
    assert fault is not None
    assert fault.kind is kind
    assert fault.problem
    assert fault.remedy
    if isinstance(body, dict):
        assert body["message"] in fault.problem
    assert forge.classify(answer(200, {})) is None


@pytest.mark.parametrize(
    ("status", "headers", "message", "seconds"),
    [
        (429, {"retry_after": "30"}, "", 30.0),
        (403, {"retry_after": "45"}, "You have exceeded a secondary rate limit", 45.0),
        (403, {}, "You have exceeded a secondary rate limit", 60.0),
        (403, {"x_ratelimit_remaining": "0", "x_ratelimit_reset": "1796283030"}, "API rate limit", 30.0),
        (429, {"ratelimit_remaining": "0", "ratelimit_reset": "1796283030"}, "", 30.0),
        (429, {}, "", 60.0),
    ],
)
def test_a_limit_says_when_it_ends(
    status: int, headers: dict[str, str], message: str, seconds: float
) -> None:
    """By the forge's own clock; at least a minute where it does not say."""
    fault = GITHUB.classify(answer(status, {"message": message}, **headers))
    assert fault is not None
    assert (fault.kind, fault.retry_after_seconds) == (FaultClass.THROTTLED, seconds)


def test_pictures_are_shown_at_their_commit() -> None:
    path = "posts/a b/#1?.png"
    assert GITHUB.picture_url("abc", path) == (
        "https://github.com/lift/report/blob/abc/posts/a%20b/%231%3F.png?raw=true"
    )
    assert GITLAB.picture_url("abc", path) == (
        "https://gitlab.com/lift/desk/report/-/raw/abc/posts/a%20b/%231%3F.png"
    )
    assert FORGEJO.picture_url("abc", path) == (
        "https://forge.example/lift/report/raw/commit/abc/posts/a%20b/%231%3F.png"
    )
