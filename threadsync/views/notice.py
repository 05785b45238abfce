"""What is told of a trouble: a text for people, the same as a short post, and as JSON for a command."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from threadsync.model.ids import Json
from threadsync.model.trouble import EVERYTHING, Trouble, TroubleKind
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


def notice_post(notice: Notice, fits: Callable[[str], bool]) -> str:
    """Return it as a post that *fits*: a first line, then what of the rest has room, whole or counted.

    A name with an ``@`` before it would call whoever has that name, so there is none.
    """
    trouble = notice.trouble
    what = "apply" if trouble.target == EVERYTHING else str(trouble.target)
    if trouble.until is None:
        event, at = "is in trouble since", trouble.since
    else:
        event, at = "works again since", trouble.until
    text = f"threadsync, project {notice.project}: {what} {event} {told(at, notice.zone)}."
    if trouble.kind is TroubleKind.POSTS and trouble.until is None:
        text = _with_posts(text, [str(address.key) for address in trouble.addresses], fits)
    elif trouble.until is None:
        text = _with(text, f"{trouble.problem.removesuffix('.')}.".replace("@", "(at)"), fits)
    return _with(text, notice.run, fits)


def _with(text: str, more: str, fits: Callable[[str], bool]) -> str:
    longer = f"{text}\n{more}"
    return longer if more and fits(longer) else text


def _with_posts(text: str, keys: list[str], fits: Callable[[str], bool]) -> str:
    """Name as many publications as there is room for, and count the rest."""
    for shown in range(len(keys), -1, -1):
        rest = len(keys) - shown
        named = [*keys[:shown], *([f"{rest} {'more' if shown else 'posts'}"] if rest else [])]
        if fits(f"{text}\nNot known to be live: {', '.join(named)}."):
            return f"{text}\nNot known to be live: {', '.join(named)}."
    return text


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
