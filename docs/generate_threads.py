"""The page of the rules and errors of Threads, made from the provider's own tables."""

from __future__ import annotations

from threadsync.providers.threads.checks import RULES
from threadsync.providers.threads.faults import ROWS, UNKNOWN_REFUSAL, UNKNOWN_SERVER, FaultRow

INTRO = """\
# Rules and errors of Threads

What `validate` and `plan` find in a post for Threads before anything is sent, and how an error of the API is read.
**How sure**: *documented* facts are Meta's; *uncertain* ones are documented in a way that can be read differently;
*observed* ones were reported by several users, *reported* ones by one; *ours* are choices of this project.

## Findings

| rule | severity | how sure | meaning | source |
|---|---|---|---|---|"""

ERRORS = """
## Errors

The subcode decides before the code, the code before the HTTP status; texts are localised, so they decide nothing. A publish
that is answered with HTTP 500 and above may have gone live whatever the error says, so it is settled by looking at the account.

| row | recognised by | how sure | what may be done | what you do |
|---|---|---|---|---|"""


def page(notice: str) -> str:
    """Return the page; *notice* says where it comes from."""
    rules = [_row(f"`{r.id}`", r.severity.value, r.mark, r.meaning, r.source) for r in RULES]
    errors = [
        _row(f"`{row.id}`", _recognised(row), row.mark, row.kind.value, row.remedy)
        for row in (*ROWS, UNKNOWN_SERVER, UNKNOWN_REFUSAL)
    ]
    return "\n".join([notice, "", INTRO, *rules, ERRORS, *errors]) + "\n"


def _recognised(row: FaultRow) -> str:
    if row.symbol:
        return f"`{row.symbol}`"
    if row.subcodes:
        return "subcode " + ", ".join(map(str, row.subcodes))
    if row.codes:
        numbers = [str(code) for code in row.codes if not 200 <= code < 300]
        return "code " + ", ".join([*numbers, "200–299"] if 200 in row.codes else numbers)
    return "HTTP " + ", ".join(map(str, row.statuses)) if row.statuses else "anything else"


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
