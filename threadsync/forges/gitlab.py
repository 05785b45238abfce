"""GitLab: the notes of merge requests.

Source: docs.gitlab.com/api/notes, …/api/users, …/api/commits. The token of a job (CI_JOB_TOKEN) may not write
notes (docs.gitlab.com/ci/jobs/ci_job_token), so it takes a token of the project.
"""

from __future__ import annotations

import re
from typing import ClassVar, Final
from urllib.parse import quote

from msgspec import Struct

from threadsync.flows.effects import Flow, Request, Response
from threadsync.forges.asking import ask, entries, listed, none_where_gone, read, write
from threadsync.forges.base import Author, Comment, Rights
from threadsync.forges.faults import fault_of
from threadsync.model.fault import Fault
from threadsync.providers.answers import Fields

API_URL: Final = "https://gitlab.com/api/v4"
SERVER_URL: Final = "https://gitlab.com"
RIGHTS: Final = Rights(
    "GitLab",
    "The token needs the scope api and a role that may comment; a job's own token never may.",
    "Make a project access token with the scope api, and keep it as the CI/CD variable GITLAB_TOKEN.",
)
_BOT = re.compile(r"(?:project|group)_\d+_bot(?:_?\w+)?")
"""Users made for a token: docs.gitlab.com/user/project/settings/project_access_tokens."""


class GitLab(Struct, frozen=True):
    """One project, by the path of its *repository* (``GROUP/NAME``); *server_url* is where people see it."""

    chars_max: ClassVar[int] = 1_000_000
    """docs.gitlab.com/administration/instance_limits: size of comments."""

    rights: ClassVar[Rights] = RIGHTS

    repository: str
    server_url: str = SERVER_URL

    def whoami(self) -> Flow[Author | None]:
        """See ``Forge.whoami``: of a project's token it is the user made for it."""
        request = read("/user")
        return none_where_gone(ask(request, self.classify, lambda told: _author(told.json)))

    def comments(self, number: int) -> Flow[tuple[Comment, ...]]:
        """See ``Forge.comments``."""
        request = read(self._notes(number), {"sort": "asc", "order_by": "created_at"})
        return listed(request, self.classify, lambda note: self._note(note, number))

    def create(self, number: int, body: str) -> Flow[Comment]:
        """See ``Forge.create``."""
        return self._written(write("POST", self._notes(number), body), number)

    def update(self, number: int, comment_id: int, body: str) -> Flow[Comment]:
        """See ``Forge.update``."""
        return self._written(write("PUT", f"{self._notes(number)}/{comment_id}", body), number)

    def delete(self, number: int, comment_id: int) -> Flow[None]:
        """See ``Forge.delete``."""
        request = write("DELETE", f"{self._notes(number)}/{comment_id}")
        yield from none_where_gone(ask(request, self.classify, lambda _: None))

    def pull_requests(self, commit: str) -> Flow[tuple[int, ...]]:
        """See ``Forge.pull_requests``."""
        path = f"{self._root}/repository/commits/{quote(commit, safe='')}/merge_requests"
        found = yield from none_where_gone(ask(read(path, {"per_page": "100"}), self.classify, entries))
        told = [(int(each.id("iid")), each.maybe_text("state")) for each in found or ()]
        merged = tuple(number for number, state in told if state == "merged")
        return merged or tuple(number for number, state in told if state == "opened")

    def picture_url(self, commit: str, path: str) -> str:
        """See ``Forge.picture_url``."""
        return f"{self.server_url}/{quote(self.repository)}/-/raw/{quote(commit)}/{quote(path)}"

    def classify(self, response: Response) -> Fault | None:
        """See ``Forge.classify``."""
        return fault_of(response, RIGHTS)

    @property
    def _root(self) -> str:
        return f"/projects/{quote(self.repository, safe='')}"

    def _notes(self, number: int) -> str:
        return f"{self._root}/merge_requests/{number}/notes"

    def _written(self, request: Request, number: int) -> Flow[Comment]:
        return ask(request, self.classify, lambda answer: self._note(Fields(answer.json), number))

    def _note(self, fields: Fields, number: int) -> Comment:
        """Read a note; GitLab names its address nowhere, and shows it at this one."""
        author, note = fields.whole("author"), int(fields.id())
        url = f"{self.server_url}/{quote(self.repository)}/-/merge_requests/{number}#note_{note}"
        body = fields.maybe_text("body") or ""
        return Comment(note, body, _author(author) if author is not None else None, url)


def _author(told: object) -> Author:
    login = Fields(told).text("username")
    return Author(login, _BOT.fullmatch(login) is not None)
