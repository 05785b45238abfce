"""What is told of a trouble: a text for people, and the same facts as JSON for the command that tells it."""

from __future__ import annotations

from msgspec import Struct

from threadsync.model.ids import Json
from threadsync.model.trouble import EVERYTHING, Trouble
from threadsync.views.moments import told

FORMAT_VERSION = 1


class Notice(Struct, frozen=True):
    """A trouble to be told of, or that it is over, with where it was met."""

    project: str
    trouble: Trouble
    zone: str | None = None
    run: str = ""
    """The CI job, by its address where that is known; empty outside CI."""
    remembered: bool = True
    """Whether it is on record, so that it is told once."""

    @property
    def event(self) -> str:
        """``failure`` or ``recovery``."""
        return "failure" if self.trouble.until is None else "recovery"


def notice_text(notice: Notice) -> str:
    """Return what a person reads: what is wrong, since when, what to do, and where it was met."""
    trouble = notice.trouble
    what = "apply" if trouble.target == EVERYTHING else str(trouble.target)
    since, problem = told(trouble.since, notice.zone), trouble.problem.removesuffix(".")
    if trouble.until is None:
        lines = [f"threadsync, project {notice.project}: {what} is in trouble since {since}: {problem}."]
        lines += [trouble.remedy] if trouble.remedy else []
        if not notice.remembered:
            lines.append("It is not on record, so the next apply that meets it tells it again.")
    else:
        until = told(trouble.until, notice.zone)
        lines = [f"threadsync, project {notice.project}: {what} works again since {until}."]
        lines.append(f"Since {since} it did not: {problem}.")
        if trouble.kind.stops_all:
            lines.append("What became late in that time waits for a yes: threadsync plan shows it.")
    return "\n".join([*lines, *([notice.run] if notice.run else [])])


def notice_json(notice: Notice) -> Json:
    """Return the facts, as docs/notify.md lists them."""
    trouble = notice.trouble
    return {
        "format_version": FORMAT_VERSION,
        "kind": "notice",
        "event": notice.event,
        "project": notice.project,
        "target": None if trouble.target == EVERYTHING else str(trouble.target),
        "trouble": trouble.kind.value,
        "since": trouble.since.isoformat(timespec="seconds"),
        "until": trouble.until.isoformat(timespec="seconds") if trouble.until is not None else None,
        "problem": trouble.problem,
        "remedy": trouble.remedy,
        "addresses": [str(address) for address in trouble.addresses],
        "run": notice.run,
        "remembered": notice.remembered,
        "text": notice_text(notice),
    }
