"""The REST of three forges, as far as comments of a pull request need it, written from their public pages.

It was written without a look at threadsync's own clients, so that a wrong reading of a page shows as a
disagreement. Each forge is a little application over the same pull requests and comments:

* GitHub: docs.github.com/rest/issues/comments, /rest/commits/commits, /rest/using-the-rest-api (paging by
  ``Link``, ``User-Agent`` demanded, rate limits), /rest/overview/permissions-required-for-github-apps.
* GitLab: docs.gitlab.com/api/notes, /api/commits, /api/rest (paging by ``x-next-page`` and ``Link``),
  /api/rest/authentication, /ci/jobs/ci_job_token (which may not write notes).
* Forgejo: codeberg.org/api/swagger (issueGetComments has no pages; commits/{sha}/pull is one), /api/v1.
"""

from __future__ import annotations

import re
import zlib
from typing import Any
from urllib.parse import quote, unquote

from tests.live.forge_api import REPOSITORY, Answer, Asked, Comment, ForgeApi, Kind, Right, Who

GITHUB_BODY_CHARACTERS_MAX = 65_536
"""What the API answers to more: "body is too long (maximum is 65536 characters)"."""
GITLAB_BODY_CHARACTERS_MAX = 1_000_000
"""docs.gitlab.com/api/notes: "Limited to 1,000,000 characters"."""
PER_PAGE_MAX = 100
FORGEJO_JOBS = "forgejo-actions"


def page_of(asked: Asked, found: list[Any], *, default: int) -> tuple[list[Any], int, int, bool]:
    """Return one page, its number, how many are in one, and whether there is another."""
    number = max(1, int(asked.query.get("page", "1")))
    size = min(int(asked.query.get("per_page", str(default))), PER_PAGE_MAX)
    begin = (number - 1) * size
    return found[begin : begin + size], number, size, begin + size < len(found)


def links(api: ForgeApi, asked: Asked, number: int, *, more: bool) -> dict[str, str]:
    """Return the header of paging that GitHub and GitLab have; there is none on the only page."""
    base = f"{api.base_url}{asked.path}"
    others = "&".join(f"{name}={quote(value)}" for name, value in asked.query.items() if name != "page")
    rels = {"next": number + 1} if more else {}
    rels |= {"prev": number - 1, "first": 1} if number > 1 else {}
    parts = [
        f'<{base}?{others}{"&" if others else ""}page={page}>; rel="{rel}"' for rel, page in rels.items()
    ]
    return {"Link": ", ".join(parts)} if parts else {}


def id_of(login: str) -> int:
    """Return the number of a user; jobs of Forgejo are -2 (forgejo: models/user/user_system.go)."""
    return -2 if login == FORGEJO_JOBS else zlib.crc32(login.encode())


# GitHub.


def github(api: ForgeApi, asked: Asked) -> Answer:
    """Answer as api.github.com does."""
    if "user-agent" not in asked.headers:
        return Answer(403, {"message": "Request forbidden by administrative rules."})
    scheme, _, token = asked.headers.get("authorization", "").partition(" ")
    who = api.whose(token) if scheme.lower() in {"bearer", "token"} else None
    if who is None:
        return Answer(401, {"message": "Bad credentials", "status": "401"})
    here = f"/repos/{REPOSITORY}"
    path = asked.path
    if asked.method == "GET" and path == "/user":
        if who[0].endswith("[bot]"):  # the token of an app, as that of a job is
            return Answer(403, {"message": "Resource not accessible by integration", "status": "403"})
        return Answer(200, _github_user(who[0]))
    if asked.method == "GET" and (found := re.fullmatch(rf"{here}/commits/([0-9a-f]{{40}})/pulls", path)):
        shown = [
            {
                "number": each.number,
                "state": "closed" if each.merged else "open",
                "merged_at": "2026-12-03T08:30:00Z" if each.merged else None,
            }
            for each in api.pulls.values()
            if found[1] in each.commits
        ]
        return Answer(200, shown)
    if found := re.fullmatch(rf"{here}/issues/(\d+)/comments", path):
        return _github_list(api, asked, int(found[1]), who)
    if found := re.fullmatch(rf"{here}/issues/comments/(\d+)", path):
        return _github_one(api, asked, int(found[1]), who)
    return Answer(404, {"message": "Not Found", "status": "404"})


def _github_refused(who: Who) -> Answer | None:
    if who[1] is Right.WRITE:
        return None
    return Answer(403, {"message": "Resource not accessible by integration", "status": "403"})


def _github_too_long(body: str) -> Answer | None:
    if body.strip() and len(body) <= GITHUB_BODY_CHARACTERS_MAX:
        return None
    problem = f"body is too long (maximum is {GITHUB_BODY_CHARACTERS_MAX} characters)"
    return Answer(422, {"message": "Validation Failed", "errors": [{"field": "body", "message": problem}]})


def _github_user(login: str) -> dict[str, Any]:
    return {"login": login, "id": id_of(login), "type": "Bot" if login.endswith("[bot]") else "User"}


def _github_shown(api: ForgeApi, comment: Comment) -> dict[str, Any]:
    return {
        "id": comment.id,
        "url": f"{api.base_url}/repos/{REPOSITORY}/issues/comments/{comment.id}",
        "html_url": f"https://github.test/{REPOSITORY}/pull/{comment.number}#issuecomment-{comment.id}",
        "body": comment.body,
        "user": _github_user(comment.author),
        "performed_via_github_app": None,
    }


def _github_list(api: ForgeApi, asked: Asked, number: int, who: Who) -> Answer:
    if number not in api.pulls:
        return Answer(404, {"message": "Not Found", "status": "404"})
    if asked.method == "GET":
        found, page, _, more = page_of(asked, api.of(number), default=30)
        return Answer(200, [_github_shown(api, each) for each in found], links(api, asked, page, more=more))
    body = str(asked.body.get("body", ""))
    refused = _github_refused(who) or _github_too_long(body)
    return refused or Answer(201, _github_shown(api, api.say(number, body, who[0])))


def _github_one(api: ForgeApi, asked: Asked, id_: int, who: Who) -> Answer:
    comment = api.comments.get(id_)
    if comment is None:
        return Answer(404, {"message": "Not Found", "status": "404"})
    match asked.method:
        case "GET":
            return Answer(200, _github_shown(api, comment))
        case "PATCH":
            body = str(asked.body.get("body", ""))
            refused = _github_refused(who) or _github_too_long(body)
            if refused is None:
                comment.body = body
            return refused or Answer(200, _github_shown(api, comment))
        case "DELETE":
            refused = _github_refused(who)
            if refused is None:
                del api.comments[id_]
            return refused or Answer(204)
    return Answer(404, {"message": "Not Found", "status": "404"})


# GitLab.


def gitlab(api: ForgeApi, asked: Asked) -> Answer:
    """Answer as a GitLab does below ``/api/v4``."""
    scheme, _, bearer = asked.headers.get("authorization", "").partition(" ")
    token = asked.headers.get("private-token") or (bearer if scheme.lower() == "bearer" else "")
    job = asked.headers.get("job-token", "")
    who = api.whose(token) if token else None
    if who is None or who[1] is Right.JOB or job:
        return Answer(401, {"message": "401 Unauthorized"})
    if asked.method == "GET" and asked.path == "/api/v4/user":
        return Answer(200, {"id": id_of(who[0]), "username": who[0]})
    found = re.fullmatch(r"/api/v4/projects/([^/]+)/(.+)", asked.path)
    if found is None or unquote(found[1]) not in {REPOSITORY, "7"}:
        return Answer(404, {"message": "404 Project Not Found"})
    rest = found[2]
    if asked.method == "GET" and (of := re.fullmatch(r"repository/commits/([0-9a-f]+)/merge_requests", rest)):
        shown = [
            {"iid": each.number, "id": 90_000 + each.number, "state": "merged" if each.merged else "opened"}
            for each in api.pulls.values()
            if of[1] in each.commits
        ]
        return Answer(200, shown)
    if (of := re.fullmatch(r"merge_requests/(\d+)/notes(?:/(\d+))?", rest)) and int(of[1]) in api.pulls:
        return _gitlab_notes(api, asked, int(of[1]), of[2], who)
    return Answer(404, {"message": "404 Not found"})


def _gitlab_shown(comment: Comment) -> dict[str, Any]:
    return {
        "id": comment.id,
        "type": None,
        "body": comment.body,
        "system": comment.system,
        "author": {"id": id_of(comment.author), "username": comment.author},
        "noteable_type": "MergeRequest",
        "noteable_iid": comment.number,
    }


def _gitlab_notes(
    api: ForgeApi, asked: Asked, number: int, id_: str | None, who: tuple[str, Right]
) -> Answer:
    comment = api.comments.get(int(id_)) if id_ else None
    if id_ and comment is None:
        return Answer(404, {"message": "404 Note Not Found"})
    if asked.method == "GET" and comment is None:
        found = api.of(number)
        # "order_by … Default is created_at", "sort … Default is desc": the newest first.
        ordered = found if asked.query.get("sort") == "asc" else found[::-1]
        shown, page, size, more = page_of(asked, ordered, default=20)
        paging = {"x-page": str(page), "x-per-page": str(size), "x-next-page": str(page + 1) if more else ""}
        return Answer(200, [_gitlab_shown(e) for e in shown], paging | links(api, asked, page, more=more))
    if asked.method == "GET" and comment is not None:
        return Answer(200, _gitlab_shown(comment))
    # One may write new notes, and change and delete one's own alone.
    if who[1] is not Right.WRITE or (comment is not None and comment.author != who[0]):
        return Answer(403, {"message": "403 Forbidden"})
    body = str(asked.body.get("body", ""))
    if asked.method in {"POST", "PUT"} and not 0 < len(body) <= GITLAB_BODY_CHARACTERS_MAX:
        return Answer(400, {"message": {"note": ["is too long (maximum is 1000000 characters)"]}})
    match asked.method, comment:
        case "POST", None:
            return Answer(201, _gitlab_shown(api.say(number, body, who[0])))
        case "PUT", Comment():
            comment.body = body
            return Answer(200, _gitlab_shown(comment))
        case "DELETE", Comment():
            del api.comments[comment.id]
            return Answer(204)
    return Answer(405, {"error": "405 Not Allowed"})


# Forgejo.


def forgejo(api: ForgeApi, asked: Asked) -> Answer:
    """Answer as a Forgejo does below ``/api/v1``."""
    scheme, _, token = asked.headers.get("authorization", "").partition(" ")
    who = api.whose(token) if scheme.lower() in {"token", "bearer"} else None
    if who is None:
        return Answer(401, {"message": "invalid username, password or token"})
    here = f"/api/v1/repos/{REPOSITORY}"
    path, method = asked.path, asked.method
    if method == "GET" and path == "/api/v1/user":
        return Answer(200, {"id": id_of(who[0]), "login": who[0]})
    if method == "GET" and (found := re.fullmatch(rf"{here}/commits/([0-9a-f]+)/pull", path)):
        # "Get the merged pull request of the commit": one, and 404 where there is none.
        merged = [each for each in api.pulls.values() if each.merged and found[1] in each.commits]
        return Answer(200, {"number": merged[0].number, "merged": True}) if merged else Answer(404, {})
    if (found := re.fullmatch(rf"{here}/issues/(\d+)/comments", path)) and int(found[1]) in api.pulls:
        number = int(found[1])
        if method == "GET":
            return Answer(200, [_forgejo_shown(each) for each in api.of(number)])
        if method == "POST":
            return _forgejo_refused(who, asked) or Answer(
                201, _forgejo_shown(api.say(number, str(asked.body["body"]), who[0]))
            )
    if found := re.fullmatch(rf"{here}/issues/comments/(\d+)", path):
        return _forgejo_one(api, asked, api.comments.get(int(found[1])), who)
    return Answer(404, {"message": "The target couldn't be found."})


def _forgejo_refused(who: tuple[str, Right], asked: Asked) -> Answer | None:
    if who[1] is not Right.WRITE:
        return Answer(403, {"message": "token does not have at least one of required scope(s)"})
    if asked.method != "DELETE" and not asked.body.get("body"):
        return Answer(422, {"message": "[Body]: Required"})
    return None


def _forgejo_shown(comment: Comment) -> dict[str, Any]:
    return {
        "id": comment.id,
        "html_url": f"https://forge.test/{REPOSITORY}/pulls/{comment.number}#issuecomment-{comment.id}",
        "body": comment.body,
        "user": {"id": id_of(comment.author), "login": comment.author},
    }


def _forgejo_one(api: ForgeApi, asked: Asked, comment: Comment | None, who: Who) -> Answer:
    if comment is None:
        return Answer(404, {"message": "The target couldn't be found."})
    if asked.method == "GET":
        return Answer(200, _forgejo_shown(comment))
    refused = _forgejo_refused(who, asked)
    if refused is not None:
        return refused
    if asked.method == "PATCH":
        comment.body = str(asked.body["body"])
        return Answer(200, _forgejo_shown(comment))
    if asked.method == "DELETE":
        del api.comments[comment.id]
        return Answer(204)
    return Answer(405, {})


# As a whole.

GITHUB = Kind(
    github,
    Answer(
        403,
        {"message": "You have exceeded a secondary rate limit. Please wait a few minutes."},
        {"Retry-After": "1", "x-ratelimit-remaining": "0"},
    ),
)
GITLAB = Kind(gitlab, Answer(429, {"message": "429 Too Many Requests"}, {"Retry-After": "1"}))
FORGEJO = Kind(forgejo, Answer(429, {"message": "Too Many Requests"}, {"Retry-After": "1"}))
