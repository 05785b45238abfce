"""GitHub: comments of pull requests, which are comments of their issues.

Source: docs.github.com/rest/issues/comments, …/rest/users/users, …/rest/commits/commits (version
2022-11-28 of the interface); a pull request is an issue there.
"""

from __future__ import annotations

from typing import ClassVar, Final
from urllib.parse import quote

from msgspec import Struct

from threadsync.flows.effects import Flow, Params, Request, Response
from threadsync.forges.asking import (
    ask,
    comment_of_issue,
    entries,
    listed,
    none_where_gone,
    none_where_nobody,
    read,
    write,
)
from threadsync.forges.base import Author, Comment, Rights
from threadsync.forges.faults import fault_of
from threadsync.model.fault import Fault
from threadsync.providers.answers import Fields

API_URL: Final = "https://api.github.com"
SERVER_URL: Final = "https://github.com"
HEADERS: Final = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
RIGHTS: Final = Rights(
    "GitHub",
    "Give the job the right to comment: permissions: pull-requests: write, in the workflow.",
    "Hand the job's token on, env: GITHUB_TOKEN: ${{ github.token }}; or make a new one if it is your own.",
)


class GitHub(Struct, frozen=True):
    """One *repository*, ``OWNER/NAME``; *server_url* is where people see it."""

    chars_max: ClassVar[int] = 65_536
    """GitHub says so when it refuses a longer one (422); it was seen to take 262,144 bytes, which is never
    less."""

    rights: ClassVar[Rights] = RIGHTS

    repository: str
    server_url: str = SERVER_URL

    def whoami(self) -> Flow[Author | None]:
        """See ``Forge.whoami``: the token of a job, like that of any app, is refused (403)."""
        return none_where_nobody(ask(_read("/user"), self.classify, lambda told: _author(told.json)))

    def comments(self, number: int) -> Flow[tuple[Comment, ...]]:
        """See ``Forge.comments``."""
        return listed(_read(f"{self._root}/issues/{number}/comments"), self.classify, _comment)

    def create(self, number: int, body: str) -> Flow[Comment]:
        """See ``Forge.create``."""
        return self._written("POST", f"/issues/{number}/comments", body)

    def update(self, number: int, comment_id: int, body: str) -> Flow[Comment]:
        """See ``Forge.update``."""
        return self._written("PATCH", f"/issues/comments/{comment_id}", body)

    def delete(self, number: int, comment_id: int) -> Flow[None]:
        """See ``Forge.delete``."""
        request = write("DELETE", f"{self._root}/issues/comments/{comment_id}", headers=HEADERS)
        yield from none_where_gone(ask(request, self.classify, lambda _: None))

    def pull_requests(self, commit: str) -> Flow[tuple[int, ...]]:
        """See ``Forge.pull_requests``; a commit that a squash or a rebase made is known too."""
        request = _read(f"{self._root}/commits/{quote(commit, safe='')}/pulls", {"per_page": "100"})
        found = yield from none_where_gone(ask(request, self.classify, entries))
        told = [(int(each.id("number")), each.maybe_text("merged_at")) for each in found or ()]
        merged = tuple(number for number, merged_at in told if merged_at)
        return merged or tuple(number for number, _ in told)

    def picture_url(self, commit: str, path: str) -> str:
        """See ``Forge.picture_url``: whoever may see the repository sees it, in a private one too."""
        return f"{self.server_url}/{quote(self.repository)}/blob/{quote(commit)}/{quote(path)}?raw=true"

    def classify(self, response: Response) -> Fault | None:
        """See ``Forge.classify``."""
        return fault_of(response, RIGHTS)

    @property
    def _root(self) -> str:
        return f"/repos/{quote(self.repository)}"

    def _written(self, method: str, path: str, body: str) -> Flow[Comment]:
        request = write(method, f"{self._root}{path}", body, HEADERS)
        return ask(request, self.classify, lambda answer: _comment(Fields(answer.json)))


def _read(path: str, params: Params | None = None) -> Request:
    return read(path, params, HEADERS)


def _author(told: object) -> Author:
    fields = Fields(told)
    return Author(fields.text("login"), fields.maybe_text("type") == "Bot")


def _comment(fields: Fields) -> Comment:
    return comment_of_issue(fields, _author)
