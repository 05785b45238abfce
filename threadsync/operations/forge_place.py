"""Which pull request on which forge is meant: what a CI job knows of itself, and what was said instead.

Sources of the variables: docs.github.com/actions/reference/workflows-and-actions/variables,
docs.gitlab.com/ci/variables/predefined_variables, forgejo.org/docs/latest/user/actions/reference. Forgejo
has its own beside those of GitHub, and says FORGEJO_ACTIONS; Gitea says GITEA_ACTIONS.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, assert_never

from msgspec import Struct

from threadsync.errors import UsageError
from threadsync.forges import github, gitlab
from threadsync.forges.base import Forge, ForgeName
from threadsync.forges.forgejo import Forgejo
from threadsync.forges.github import GitHub
from threadsync.forges.gitlab import GitLab
from threadsync.model.secret import SecretText
from threadsync.model.urls import is_loopback, origin_of
from threadsync.operations.history import below
from threadsync.values import Discreet

EVENT_BYTES_MAX: Final = 32 * 1024 * 1024
API_PATHS: Final[Mapping[ForgeName, str]] = {
    ForgeName.GITHUB: "/api/v3",
    ForgeName.GITLAB: "/api/v4",
    ForgeName.FORGEJO: "/api/v1",
}
"""Where a forge of one's own has its API."""
TOKEN_NAMES: Final[Mapping[ForgeName, tuple[str, ...]]] = {
    ForgeName.GITHUB: ("GITHUB_TOKEN", "GH_TOKEN"),
    ForgeName.GITLAB: ("GITLAB_TOKEN",),
    ForgeName.FORGEJO: ("FORGEJO_TOKEN", "GITEA_TOKEN", "GITHUB_TOKEN"),
}
"""Variables of the environment that hold the token, the first that is there. ``GITHUB_TOKEN`` is Forgejo's in
a job of Forgejo alone: anywhere else it is GitHub's, and goes to nobody else."""
_PULL_REF = re.compile(r"refs/pull/(\d+)/(?:merge|head)")


class Given(Struct, frozen=True):
    """What was said on the command line; it wins over what the environment says."""

    forge: ForgeName | None = None
    repository: str = ""
    number: int | None = None
    api_url: str = ""
    token_name: str = ""


class Place(Discreet, frozen=True):
    """A repository on a forge, with the pull request that this job is about."""

    hidden = frozenset({"token"})

    forge: Forge
    api_url: str
    number: int | None
    """None where the job is about no pull request."""
    commit: str
    """The commit that the files are taken from; empty where it is not known."""
    source: Forge
    """The repository that has this commit: another one where the pull request comes from a fork."""
    is_push: bool
    """Whether the job runs because commits were pushed."""
    token: SecretText | None
    token_name: str
    """The variable that the token is, or would be, in."""
    summary: Path | None
    """The file whose Markdown the forge shows beside the job."""

    @property
    def is_fork(self) -> bool:
        """Whether the pull request comes from another repository."""
        return self.source != self.forge

    def picture_url(self, folder: str) -> Callable[[str], str]:
        """Return what says where a file of the project, *folder* of the repository, can be seen."""

        def seen(path: str) -> str:
            whole = posixpath.normpath(posixpath.join(folder, path))
            is_inside = not whole.startswith(("../", "/"))
            return self.source.picture_url(self.commit, whole) if self.commit and is_inside else ""

        return seen


def place_of(environ: Mapping[str, str], given: Given) -> Place:
    """Return the pull request that is meant.

    Raises:
        UsageError: forge, repository or the forge's address are not known, or the address is no safe one.
    """
    here = _here(environ)
    name = given.forge or here
    if name is None:
        raise UsageError(
            "no CI job of a known forge runs this, and no forge is named.",
            remedy="Name one: --forge github --repository OWNER/NAME --number N.",
        )
    # What a job of one forge knows of itself says nothing of another one.
    known = environ if here in {None, name} else {}
    match name:
        case ForgeName.GITHUB:
            found = _of_actions(known, given, ForgeName.GITHUB)
        case ForgeName.FORGEJO:
            found = _of_actions(known, given, ForgeName.FORGEJO)
        case ForgeName.GITLAB:
            found = _of_gitlab(known, given)
        case _:
            assert_never(name)
    _check_api(found.api_url, name)
    return found


def seen_here(environ: Mapping[str, str], root: Path) -> Callable[[str], str]:
    """Return what says where files of the project at *root* can be seen; outside a forge's job, nowhere."""
    try:
        place = place_of(environ, Given())
    except UsageError:
        return lambda _: ""
    return place.picture_url(below(root))


def _here(environ: Mapping[str, str]) -> ForgeName | None:
    """Return the forge whose job this is."""
    for variable, name in (
        ("FORGEJO_ACTIONS", ForgeName.FORGEJO),
        ("GITEA_ACTIONS", ForgeName.FORGEJO),
        ("GITLAB_CI", ForgeName.GITLAB),
        ("GITHUB_ACTIONS", ForgeName.GITHUB),
    ):
        if environ.get(variable):
            return name
    return None


def _of_actions(environ: Mapping[str, str], given: Given, name: ForgeName) -> Place:
    """Return what a job of GitHub knows; one of Forgejo has the same variables, under its own name too."""

    def known(variable: str) -> str:
        own = environ.get(f"FORGEJO_{variable}", "") if name is ForgeName.FORGEJO else ""
        return own or environ.get(f"GITHUB_{variable}", "")

    event = _event(known("EVENT_PATH"))
    pull, head = _within(event, "pull_request"), _within(event, "pull_request", "head")
    repository = _named(given, known("REPOSITORY"))
    server = known("SERVER_URL").rstrip("/")
    api = given.api_url or known("API_URL")
    if name is ForgeName.FORGEJO:
        api = api or (f"{server}/api/v1" if server else "")
        server = server or api.removesuffix("/").removesuffix("/api/v1")
        make: Callable[[str], Forge] = lambda path: Forgejo(path, server)  # noqa: E731  (one of two)
    else:
        api, server = api or github.API_URL, server or github.SERVER_URL
        make = lambda path: GitHub(path, server)  # noqa: E731
    of_ref = _PULL_REF.fullmatch(known("REF"))
    number = given.number or _number(pull.get("number")) or (int(of_ref.group(1)) if of_ref else None)
    source = str(_within(head, "repo").get("full_name") or repository)
    token, token_name = _token(environ, given, name)
    summary = known("STEP_SUMMARY") if name is ForgeName.GITHUB else ""
    return Place(
        make(repository),
        api,
        number,
        str(head.get("sha") or known("SHA")),
        make(source if pull else repository),
        known("EVENT_NAME") == "push",
        token,
        token_name,
        Path(summary) if summary else None,
    )


def _of_gitlab(environ: Mapping[str, str], given: Given) -> Place:
    """Return what a job of GitLab knows; that of a fork's merge request runs in the fork."""
    known = environ.get
    repository = _named(given, known("CI_MERGE_REQUEST_PROJECT_PATH", "") or known("CI_PROJECT_PATH", ""))
    server = (known("CI_SERVER_URL", "") or gitlab.SERVER_URL).rstrip("/")
    api = given.api_url or known("CI_API_V4_URL", "") or gitlab.API_URL
    token, token_name = _token(environ, given, ForgeName.GITLAB)
    return Place(
        GitLab(repository, server),
        api,
        given.number or _number(known("CI_MERGE_REQUEST_IID")),
        known("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", "") or known("CI_COMMIT_SHA", ""),
        GitLab(known("CI_MERGE_REQUEST_SOURCE_PROJECT_PATH", "") or repository, server),
        known("CI_PIPELINE_SOURCE") == "push",
        token,
        token_name,
        None,
    )


def _named(given: Given, known: str) -> str:
    repository = given.repository or known
    if not re.fullmatch(r"[\w.-]+(?:/[\w.-]+)+", repository):
        raise UsageError(
            f"{repository!r} is no repository." if repository else "which repository is not known.",
            remedy="Name it: --repository OWNER/NAME.",
        )
    return repository


def _token(environ: Mapping[str, str], given: Given, name: ForgeName) -> tuple[SecretText | None, str]:
    names = (given.token_name,) if given.token_name else TOKEN_NAMES[name]
    if name is ForgeName.FORGEJO and not given.token_name and _here(environ) is None:
        names = tuple(each for each in names if each not in TOKEN_NAMES[ForgeName.GITHUB])
    found = next((each for each in names if environ.get(each)), None)
    return (SecretText(environ[found].strip()), found) if found is not None else (None, names[0])


def _check_api(url: str, name: ForgeName) -> None:
    try:
        scheme, host, _ = origin_of(url)
    except ValueError:
        scheme = host = ""
    if not host or (scheme != "https" and not is_loopback(url)):
        raise UsageError(
            f"the forge's address ({url or 'not known'}) is not one of https, and a token goes out to it.",
            remedy=f"Name it: --api https://HOST{API_PATHS[name]} (http only for this machine).",
        )


def _event(path: str) -> Mapping[str, Any]:
    """Return what the job was started by, as the forge wrote it down; nothing where it did not."""
    if not path:
        return {}
    try:
        with Path(path).open("rb") as file:
            found = json.loads(file.read(EVENT_BYTES_MAX))
    except (OSError, ValueError, RecursionError):
        return {}  # then the other variables, or options, have to say it
    return found if isinstance(found, dict) else {}


def _within(value: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    for name in names:
        inner = value.get(name)
        value = inner if isinstance(inner, dict) else {}
    return value


def _number(value: object) -> int | None:
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return int(text) if text.isdecimal() and int(text) > 0 else None
