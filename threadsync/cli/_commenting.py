"""Making a comment, and saying what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from msgspec import Struct

from threadsync.cli._terminal import note, say
from threadsync.content.escape import printable
from threadsync.errors import ApiError, OutputError, Unanswered, UsageError
from threadsync.forges.commenting import Put
from threadsync.forges.marks import Mark, Row
from threadsync.model.fault import FaultClass
from threadsync.operations import history
from threadsync.operations.commenting import (
    Told,
    Writer,
    asking,
    belonging,
    wanted_number,
)
from threadsync.operations.forge_place import Place
from threadsync.operations.plan import plan as prepare
from threadsync.operations.workspace import Workspace
from threadsync.planning.planfile import PLAN_BYTES_MAX, PlanOptions
from threadsync.views.documents import read_plan, read_report
from threadsync.views.markdown import plan_markdown
from threadsync.views.markdown_rows import rows_markdown
from threadsync.views.seen import PreparedPlan

SUMMARY_CHARS_MAX = 250_000
"""How much is shown beside a job; GitHub takes 1 MiB a step, and no character takes more than four bytes
(docs.github.com/actions/reference/workflow-commands-for-github-actions, job summaries)."""


class Wanted(Struct, frozen=True):
    """What is to be commented on, and how."""

    workspace: Workspace
    place: Place
    name: str
    max_chars: int | None
    require: bool

    @property
    def chars_max(self) -> int:
        """How many characters the comment may have."""
        most = self.place.forge.chars_max
        return most if self.max_chars is None else min(most, self.max_chars)

    def mark(self, kind: str, at: datetime) -> Mark:
        """Return what the comment says of itself, of a document that says it is of *at*.

        None is of a time to come: the comment would show it until then, whatever runs after it.
        """
        workspace = self.workspace
        return Mark(workspace.project.id, self.name, kind, min(at, workspace.clock.now()))


def plan_comment(
    wanted: Wanted, selectors: tuple[str, ...], exclude: tuple[str, ...], file: Path | None
) -> None:
    """Show a plan on the pull request that is meant: the one in *file*, or one that is made now.

    Raises:
        ThreadsyncError: it cannot be made, or shown.
    """
    workspace, place = wanted.workspace, wanted.place
    number = wanted_number(place)
    prepared: PreparedPlan
    if file is not None:
        prepared = read_plan(_content(file), str(file))
    else:
        prepared = prepare(workspace, options=PlanOptions(selectors, exclude), briefly=True)
    seen = place.picture_url(history.below(workspace.project.root))
    mark = wanted.mark("plan", prepared.plan.at)

    def show(chars_max: int) -> str:
        return plan_markdown(prepared, seen=seen, chars_max=chars_max, name=wanted.name)

    is_excused = place.is_fork and not wanted.require
    if is_excused and place.token is None:
        _beside(place, partial(show, SUMMARY_CHARS_MAX), f"the environment has no {place.token_name}")
        return
    try:
        with asking(place, workspace.clock) as ask:
            _tell(number, Writer(place.forge, ask, wanted.chars_max).show(number, mark, show))
    except ApiError as error:
        refused = error.fault.kind in {FaultClass.FORBIDDEN, FaultClass.UNAUTHORIZED, FaultClass.GONE}
        if not is_excused or not refused:
            raise
        _beside(place, partial(show, SUMMARY_CHARS_MAX), error.problem)


def report_comment(wanted: Wanted, file: Path) -> None:
    """Tell what became of an apply on the pull requests that brought its posts, or on the one that is meant.

    Raises:
        ThreadsyncError: it cannot be read, or told.
    """
    workspace, place = wanted.workspace, wanted.place
    read = read_report(_content(file), str(file))
    told, zone = Told(read.prepared.plan, read.report), read.prepared.zone
    mark = wanted.mark("report", read.prepared.plan.at)

    def show(rows: Sequence[Row], forgotten: int, chars_max: int) -> str:
        return rows_markdown(rows, zone=zone, chars_max=chars_max, name=wanted.name, forgotten=forgotten)

    with asking(place, workspace.clock) as ask:
        found = belonging(workspace, place, told, ask)
        refused: dict[int, ApiError | Unanswered] = {}
        for number, rows in sorted(found.rows.items()):
            try:
                _tell(number, Writer(place.forge, ask, wanted.chars_max).tell(number, mark, rows, show))
            except (ApiError, Unanswered) as error:
                refused[number] = error  # one that is locked keeps no other from its links
    for commit in found.unknown:
        note(f"No pull request brought commit {commit[:12]}: what became of its posts is told nowhere.")
    if not found.rows and not found.unknown:
        note("No pull request brought anything that was done or waits.")
    for number, why in refused.items():
        note(f"Pull request {number} was not told: {printable(why.problem)}")
    if refused:
        raise next(iter(refused.values()))


def _content(file: Path) -> bytes:
    """Read a document that another command printed.

    Raises:
        UsageError: it is not there, or too large to be one.
    """
    try:
        with file.open("rb") as opened:
            content = opened.read(PLAN_BYTES_MAX + 1)
    except OSError as error:
        raise UsageError(
            f"it cannot be read: {error.strerror}.",
            where=str(file),
            remedy="Name a file that --format json was printed into.",
        ) from error
    if len(content) > PLAN_BYTES_MAX:
        raise UsageError(
            "it is too large to be a document of threadsync.",
            where=str(file),
            remedy="Name a file that --format json was printed into.",
        )
    return content


def _tell(number: int, put: Put) -> None:
    say(f"{printable(put.comment.url)}\n")
    if put.outdated:
        note(f"The comment on pull request {number} shows something newer, and was left as it is.")
    for removed in put.removed:
        note(f"Two runs had commented at once: comment {removed} was removed, the older one stays.")


def _beside(place: Place, show: partial[str], why: str) -> None:
    """Show it beside the job, or print it, where a fork's pull request may not be commented on.

    Raises:
        OutputError: the file of the job's summary cannot be written.
    """
    said = "A pull request of a fork may not be commented on with this job's token"
    markdown = show()
    if place.summary is None:
        note(f"{said} ({printable(why)}), so here is what the comment would say.")
        say(markdown)
        return
    try:
        with place.summary.open("a", encoding="utf-8") as file:
            file.write(markdown)
    except OSError as error:
        raise OutputError(
            f"the job's summary cannot be written: {error.strerror}.",
            where=str(place.summary),
            remedy="Unset GITHUB_STEP_SUMMARY to have it printed.",
        ) from error
    note(f"{said} ({printable(why)}), so the summary of the job says it.")
