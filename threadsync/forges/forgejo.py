"""Forgejo, and Gitea: comments of pull requests, which are comments of their issues.

Source: the interface description that every server shows at ``/api/swagger``
(codeberg.org/api/swagger), operations issueGetComments, issueCreateComment, issueEditComment,
issueDeleteComment, userGetCurrent and repoGetCommitPullRequest.
"""

from __future__ import annotations

from typing import ClassVar, Final
from urllib.parse import quote

from msgspec import Struct

from threadsync.flows.effects import Flow, Request, Response
from threadsync.forges.asking import (
    ask,
    comment_of_issue,
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

RIGHTS: Final = Rights(
    "Forgejo",
    "Let the token comment: the job's own may, unless the pull request comes from a fork; one of yours "
    "needs the scope write:issue.",
    "Hand the job's token on, env: FORGEJO_TOKEN: ${{ github.token }}; or make a new one if it is your own.",
)
OF_JOBS: Final = frozenset({"forgejo-actions", "gitea-actions"})
"""The names that comments made with a job's token have."""


class Forgejo(Struct, frozen=True):
    """One *repository*, ``OWNER/NAME``; *server_url* is where people see it."""

    chars_max: ClassVar[int] = 65_536
    """Ours: Forgejo documents no limit, and nobody reads on after that."""

    rights: ClassVar[Rights] = RIGHTS

    repository: str
    server_url: str

    def whoami(self) -> Flow[Author | None]:
        """See ``Forge.whoami``: it takes the scope read:user, which a job's token lacks."""
        return none_where_nobody(ask(read("/user"), self.classify, lambda told: _author(told.json)))

    def comments(self, number: int) -> Flow[tuple[Comment, ...]]:
        """See ``Forge.comments``; Forgejo gives all of them as one page."""
        return listed(read(f"{self._root}/issues/{number}/comments"), self.classify, _comment)

    def create(self, number: int, body: str) -> Flow[Comment]:
        """See ``Forge.create``."""
        return self._written(write("POST", f"{self._root}/issues/{number}/comments", body))

    def update(self, number: int, comment_id: int, body: str) -> Flow[Comment]:
        """See ``Forge.update``."""
        return self._written(write("PATCH", f"{self._root}/issues/comments/{comment_id}", body))

    def delete(self, number: int, comment_id: int) -> Flow[None]:
        """See ``Forge.delete``."""
        request = write("DELETE", f"{self._root}/issues/comments/{comment_id}")
        yield from none_where_gone(ask(request, self.classify, lambda _: None))

    def pull_requests(self, commit: str) -> Flow[tuple[int, ...]]:
        """See ``Forge.pull_requests``: Forgejo knows the commit that a merge made, not those within it."""
        request = read(f"{self._root}/commits/{quote(commit, safe='')}/pull")
        number = yield from none_where_gone(
            ask(request, self.classify, lambda told: int(Fields(told.json).id("number")))
        )
        return () if number is None else (number,)

    def picture_url(self, commit: str, path: str) -> str:
        """See ``Forge.picture_url``."""
        return f"{self.server_url}/{quote(self.repository)}/raw/commit/{quote(commit)}/{quote(path)}"

    def classify(self, response: Response) -> Fault | None:
        """See ``Forge.classify``."""
        return fault_of(response, RIGHTS)

    @property
    def _root(self) -> str:
        return f"/repos/{quote(self.repository)}"

    def _written(self, request: Request) -> Flow[Comment]:
        return ask(request, self.classify, lambda answer: _comment(Fields(answer.json)))


def _author(told: object) -> Author:
    login = Fields(told).text("login")
    return Author(login, login in OF_JOBS)


def _comment(fields: Fields) -> Comment:
    return comment_of_issue(fields, _author)
