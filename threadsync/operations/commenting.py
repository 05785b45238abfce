"""``comment``: a plan, or what became of it, on the pull request that it belongs to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final, Protocol, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from threadsync.content.loader import in_full
from threadsync.errors import ProjectError, UsageError
from threadsync.execution.clock import Clock
from threadsync.execution.drivers import run
from threadsync.execution.report import Became, Report
from threadsync.flows.bounds import Bounds
from threadsync.flows.effects import Flow
from threadsync.flows.retry import persistent
from threadsync.forges.base import Forge
from threadsync.forges.commenting import Put, put_comment
from threadsync.forges.marks import Mark, Row
from threadsync.model.ids import Address, MediaDigest, Role
from threadsync.model.secret import SecretText
from threadsync.operations import history
from threadsync.operations.forge_place import TOKEN_NAMES, Place
from threadsync.operations.workspace import Workspace
from threadsync.planning.actions import Action, Blocked, Plan, Wait

T = TypeVar("T")

ROWS_PART: Final = 3
"""Which part of a comment what it remembers may take: one in so many."""
WORDS: Final[Mapping[Became, str]] = {Became.APPLIED: "live", Became.NOT_TRIED: "not tried"}
"""What a row says of an action where that is another word."""
Show = Callable[[Sequence[Row], int, int], str]
"""Returns rows as Markdown, given how many more are forgotten, and how many characters it may have."""


class Ask(Protocol):
    """Runs a flow against a forge."""

    def __call__(self, flow: Flow[T], /) -> T:
        """Return what *flow* returns, or raise what it raises."""
        ...


class Told(Struct, frozen=True):
    """A plan, and what became of it; None where nothing was begun."""

    plan: Plan
    report: Report | None


@contextmanager
def asking(place: Place, clock: Clock) -> Iterator[Ask]:
    """Connect to the forge of *place*.

    Raises:
        ProjectError: there is no token.
    """
    from threadsync.execution.transport import Transport
    from threadsync.execution.wire import Endpoint

    token = place.token
    if token is None:
        raise no_token(place)
    endpoint = Endpoint(place.api_url, partial(_the_token, token), _no_media)
    with Transport(clock) as transport:

        def ask(flow: Flow[T]) -> T:
            patient = persistent(flow, Bounds(), place.forge.classify)
            return run(patient, partial(transport.perform, endpoint), clock)

        yield ask


def _the_token(token: SecretText, _: Role) -> SecretText:
    return token


def _no_media(media: MediaDigest) -> Path:
    raise AssertionError(f"a comment sends no media file, as {media[:12]}")


def no_token(place: Place) -> ProjectError:
    """Return that nobody can comment, because there is no token."""
    rights, name = place.forge.rights, place.token_name
    is_usual = any(name in names for names in TOKEN_NAMES.values())
    return ProjectError(
        f"the environment has no {name}, so this job cannot comment on {rights.forge}.",
        remedy=rights.token if is_usual else f"Put a token into {name}, or correct --token-from.",
    )


def wanted_number(place: Place) -> int:
    """Return the pull request that this job is about.

    Raises:
        UsageError: it is about none.
    """
    if place.number is None:
        raise UsageError(
            "which pull request is meant is not known: this job is about none.",
            remedy="Name it: --number N. After an apply, --report FILE finds those that brought the posts.",
        )
    return place.number


class Writer(Struct, frozen=True):
    """Writes comments on a forge, each of at most *chars_max* characters."""

    forge: Forge
    ask: Ask
    chars_max: int

    def show(self, number: int, mark: Mark, show: Callable[[int], str]) -> Put:
        """Have the comment of *mark* on a pull request show what *show* returns for so many characters.

        What an apply told there is remembered: a plan may come after it, when its job had to wait.

        Raises:
            ApiError, Unanswered: the forge refuses, or does not answer.
        """

        def content(before: Mark | None) -> tuple[Mark, str]:
            rows, forgotten = (before.rows, before.forgotten) if before is not None else ((), 0)
            filled = _remembering(mark, rows, len(rows) + forgotten, self.chars_max)
            return filled, show(self.chars_max - len(filled.line()))

        return self.ask(put_comment(self.forge, number, mark, content, Bounds()))

    def tell(self, number: int, mark: Mark, rows: Sequence[Row], show: Show) -> Put:
        """Have the comment of *mark* on a pull request say what became of its posts, over all runs so far.

        Raises:
            ApiError, Unanswered: the forge refuses, or does not answer.
        """

        def content(before: Mark | None) -> tuple[Mark, str]:
            earlier = before if before is not None else mark
            now = {row.address for row in rows}
            known = (*(row for row in earlier.rows if row.address not in now), *rows)
            told_in_all = max(len(known), len(earlier.rows) + earlier.forgotten)
            filled = _remembering(mark, known, told_in_all, self.chars_max)
            room = self.chars_max - len(filled.line())
            return filled, show(known, told_in_all - len(known), room)

        return self.ask(put_comment(self.forge, number, mark, content, Bounds()))


def _remembering(mark: Mark, rows: Sequence[Row], told_in_all: int, chars_max: int) -> Mark:
    """Return *mark* with as many of *rows* as it has room for, the latest first; reasons are not kept."""
    kept = tuple(replace(row, why="") for row in rows)
    while kept and len(replace(mark, rows=kept).line()) > chars_max // ROWS_PART:
        kept = kept[max(1, len(kept) // 8) :]
    return replace(mark, rows=kept, forgotten=told_in_all - len(kept))


class Belonging(Struct, frozen=True):
    """What became of the publications of each pull request; *unknown* are commits that none brought."""

    rows: Mapping[int, tuple[Row, ...]]
    unknown: tuple[str, ...] = ()


def belonging(workspace: Workspace, place: Place, told: Told, ask: Ask) -> Belonging:
    """Return what *told* says of each pull request: the one that is meant, or those that brought the posts.

    A post belongs to the pull request of the commit that changed its file last; what has no file any more,
    to that of the commit whose push started this job.

    Raises:
        ProjectError: the clone is too shallow to tell.
        ApiError, Unanswered: the forge refuses, or does not answer.
    """
    every = {Address.parse(row.address): row for row in rows_of(told)}
    if place.number is not None:
        return Belonging({place.number: tuple(every.values())} if every else {})
    rows: dict[int, dict[Address, Row]] = {}
    unknown: list[str] = []
    for commit, addresses in _by_commit(workspace, place, told, tuple(every)).items():
        numbers = ask(place.forge.pull_requests(commit)) if addresses else ()
        if addresses and not numbers:
            unknown.append(commit)
        for number in numbers:
            rows.setdefault(number, {}).update({address: every[address] for address in addresses})
    return Belonging({number: tuple(found.values()) for number, found in rows.items()}, tuple(unknown))


def _by_commit(
    workspace: Workspace, place: Place, told: Told, every: Sequence[Address]
) -> Mapping[str, Sequence[Address]]:
    """Return the addresses of *told* by the commits that brought them.

    What was done is asked of git one by one; what waits, or is blocked, belongs where the commits that are
    known by then changed its file: there may be thousands of it.
    """
    root = workspace.project.root
    head = workspace.surroundings.commit(root) if place.is_push else ""
    is_shallow = history.is_shallow(root)
    if is_shallow and not head:
        raise ProjectError(
            "this clone has no history, so it cannot tell which pull request brought a post.",
            remedy="Fetch all of it (fetch-depth: 0, on GitLab GIT_DEPTH: 0), or name one with --number N.",
        )
    content = workspace.read(workspace.project, in_full)
    files = {address: each.location.file for address, each in content.publications.items()}
    done = {each.address for each in told.report.actions} if told.report is not None else set()
    found: dict[str, list[Address]] = {head: []} if head else {}
    for address in sorted(done):
        file = files.get(address, "")
        commit = head if is_shallow or not file else history.brought_by(root, file)
        if commit:
            found.setdefault(commit, []).append(address)
    for commit, addresses in found.items():
        changed = history.changed_in(root, commit)
        addresses += [each for each in every if each not in done and files.get(each, "") in changed]
    return found


def rows_of(told: Told) -> Iterator[Row]:
    """Yield what became of each publication of a plan, and what waits or is blocked."""
    at = told.plan.at.isoformat()
    reported = told.report.actions if told.report is not None else ()
    for each in reported:
        is_done = each.became is Became.APPLIED
        word = each.action.word if is_done and not each.permalinks else WORDS.get(each.became, each.became)
        why = "" if is_done else f"{each.why.rstrip('.')}. {each.remedy}".strip(" .")
        yield Row(str(each.address), str(word), at, each.permalinks, why)
    done = {each.address for each in reported}
    for action in told.plan.actions:
        if action.address not in done:
            yield from _left(action)


def _left(action: Action) -> Iterable[Row]:
    match action:
        case Wait(until=until):
            yield Row(str(action.address), "waits", until.isoformat() if until is not None else "")
        case Blocked():
            yield Row(str(action.address), "blocked", why=f"{action.problem} {action.remedy}".strip())
        case _:
            pass
