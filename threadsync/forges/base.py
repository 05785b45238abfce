"""The seam between a comment and the forge that shows it: what every forge offers, as flows."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar, Protocol

from msgspec import Struct

from threadsync.flows.effects import Flow, Response
from threadsync.model.fault import Fault


class Rights(Struct, frozen=True):
    """What a forge calls the right to comment, and where it is given."""

    forge: str
    comment: str
    """What to do so that the token may comment."""
    token: str
    """What to do for a token that is accepted."""


class ForgeName(StrEnum):
    """The forges that are known."""

    GITHUB = "github"
    GITLAB = "gitlab"
    FORGEJO = "forgejo"
    """Gitea too: the parts of their interfaces that are used here are the same."""


class Author(Struct, frozen=True):
    """Who wrote a comment; *is_bot* where the forge says that no person did."""

    login: str
    is_bot: bool = False


class Comment(Struct, frozen=True):
    """One comment of a pull request; a later one has a greater id."""

    id: int
    body: str
    author: Author | None
    """None where the account is gone."""
    url: str
    """Where people read it."""


class Forge(Protocol):
    """One repository on a forge, spoken as flows.

    Each raises ``ApiError`` where the forge refuses, and ``Unanswered`` where no answer came.
    """

    chars_max: ClassVar[int]
    """How many characters a comment may have."""
    rights: ClassVar[Rights]
    """What it calls the right to comment, and how a token gets it."""

    def whoami(self) -> Flow[Author | None]:
        """Read whose token it is; None where the forge does not tell, as of a token made for one job."""
        ...

    def comments(self, number: int) -> Flow[tuple[Comment, ...]]:
        """Read all comments of a pull request, page by page."""
        ...

    def create(self, number: int, body: str) -> Flow[Comment]:
        """Add a comment to a pull request."""
        ...

    def update(self, number: int, comment_id: int, body: str) -> Flow[Comment]:
        """Give a comment another body."""
        ...

    def delete(self, number: int, comment_id: int) -> Flow[None]:
        """Remove a comment; one that is gone already counts as removed."""
        ...

    def pull_requests(self, commit: str) -> Flow[tuple[int, ...]]:
        """Read which pull requests brought *commit*: the merged ones, or else those that are open."""
        ...

    def picture_url(self, commit: str, path: str) -> str:
        """Return where the file *path* of the repository can be seen as it is at *commit*."""
        ...

    def classify(self, response: Response) -> Fault | None:
        """Return the error that *response* carries; None where it carries none."""
        ...
