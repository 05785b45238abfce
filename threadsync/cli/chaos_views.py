"""The ledger of a chaos run as text and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from threadsync.cli.chaos_ledger import Outcome, Round, total
from threadsync.cli.chaos_state import REMOTE, StateKind
from threadsync.views.json import FORMAT_VERSION, Mapped
from threadsync.views.page import Page, Style

_GOOD = ("wanted", "live")
_LABEL_CELLS, _NUMBER_CELLS = 14, 6
_INDENT_CELLS = _LABEL_CELLS + _NUMBER_CELLS + 2
PROBLEMS_MAX = 20
"""How many problems the text lists; the JSON lists all."""


def chaos_json(outcome: Outcome) -> Mapped:
    """Return the whole ledger."""
    return {
        "format_version": FORMAT_VERSION,
        "kind": "chaos",
        "held": outcome.held,
        "stopped": outcome.stopped,
        "seed": outcome.seed,
        "state": str(outcome.state),
        **_numbers(total(outcome.rounds)),
        "folder": outcome.folder or None,
        "rounds": [
            {"number": each.number, "over": each.over, **_numbers(each), "problems": [*each.problems]}
            for each in outcome.rounds
        ],
    }


def _numbers(each: Round) -> Mapped:
    return {
        **each.compared.counts(),
        "secrets_found": each.secrets_found,
        "kills": each.kills.total(),
        "kills_by_signal": dict(each.kills.most_common()),
        "killed_after": dict(each.killed_after.most_common()),
        "runs": each.runs,
        "requests": each.requests,
        "faults": each.faults.total(),
        "faults_by_kind": dict(each.faults.most_common()),
        "seconds": round(each.seconds, 1),
    }


def chaos_text(outcome: Outcome, *, width: int, color: bool) -> str:
    """Return the ledger as a table, what was wrong, and a verdict, *width* columns wide."""
    whole = total(outcome.rounds)
    page = Page(width, color=color)
    for name, number in whole.compared.counts().items():
        _row(page, name.replace("_", " "), number, bad=bool(number) and name not in _GOOD)
    _row(page, "secrets found", whole.secrets_found, bad=bool(whole.secrets_found))
    _row(page, "kills", whole.kills.total(), _listed(whole.kills))
    if whole.killed_after:
        page.add(f"SIGKILL after: {_listed(whole.killed_after)}", indent=_INDENT_CELLS)
    _row(page, "runs", whole.runs)
    _row(page, "requests", whole.requests)
    _row(page, "faults fired", whole.faults.total(), _listed(whole.faults))
    _row(page, "seconds", round(whole.seconds))
    page.blank()
    _add_problems(page, whole.failures)
    _add_verdict(page, outcome)
    return page.text()


def _row(page: Page, label: str, number: int, more: str = "", *, bad: bool = False) -> None:
    row = f"{label:<{_LABEL_CELLS}}{number:>{_NUMBER_CELLS}}  {more}".rstrip()
    page.add(row, hang=_INDENT_CELLS, style=Style.BAD if bad else None)


def _listed(counted: Counter[str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in counted.most_common())


def _add_problems(page: Page, problems: Sequence[str]) -> None:
    for problem in problems[:PROBLEMS_MAX]:
        page.add(problem, hang=2, style=Style.BAD)
    if len(problems) > PROBLEMS_MAX:
        page.add(f"and {len(problems) - PROBLEMS_MAX} more")
    page.blank()


def _add_verdict(page: Page, outcome: Outcome) -> None:
    if outcome.broken:
        page.add("BROKEN: not everything is as promised; see above.", style=Style.BAD)
        page.add(f"Choose the same again with --seed {outcome.seed}.")
    elif outcome.stopped:
        over = sum(each.over for each in outcome.rounds)
        page.add(f"Stopped: {over} of {outcome.planned} rounds were over, and nothing was wrong in them.")
    else:
        wanted = total(outcome.rounds).compared.wanted
        page.add(
            f"Held: every one of {wanted} posts is there once and in its place, nothing is left to do, "
            "and no token was written anywhere.",
            style=Style.GOOD,
        )
    if outcome.folder:
        place = "state" if outcome.state is StateKind.FILE else REMOTE
        page.add(f"Everything is kept in {outcome.folder}", hang=2)
        page.add(
            f"round-N/runs: what each run said; round-N/{place}: the state and its journal; sandbox: the "
            "network, shown by threadsync sandbox --data.",
            indent=2,
        )


def round_line(each: Round, planned: int) -> str:
    """Return how a round ended, or how far it is, on one line."""
    head = f"round {each.number} of {planned}: kills {each.kills.total()}, runs {each.runs}"
    if not each.over:
        return f"{head}, requests {each.requests}"
    seen = each.compared
    counts = f"wanted {seen.wanted}, live {seen.live}, duplicates {seen.duplicates}, lost {seen.lost}"
    verdict = "BROKEN" if each.problems else "held"
    return f"{head}, {counts}: {verdict}"
