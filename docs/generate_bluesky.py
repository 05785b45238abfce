"""The page of the rules, limits and errors of Bluesky, made from the provider's own tables."""

from __future__ import annotations

from threadsync.providers.bluesky.about import ABOUT
from threadsync.providers.bluesky.checks import RULES
from threadsync.providers.bluesky.faults import BLOB_TOO_BIG, ROWS, UNKNOWN_REFUSAL, UNKNOWN_SERVER, FaultRow

INTRO = """\
# Rules and errors of Bluesky

What `validate` and `plan` find in a post for Bluesky before anything is sent, and how an error of a server is read.
**How sure**: *documented* facts stand in the lexicons or the documentation; *observed* ones were seen on a real server, *reported*
ones by somebody else; *ours* are choices of this project.

## Limits

| at most | of |
|---|---|"""

RULES_HEAD = """
An older server, named by `server: pds-0.4` in the target, takes less: the rules say where.

## Findings

| rule | severity | how sure | meaning | source |
|---|---|---|---|---|"""

ERRORS = """
## Errors

The name of an error decides, and where a server gives none that is known, the HTTP status. A write that is answered with HTTP 500
and above may have been carried out whatever the error says, so the record is read.

| row | recognised by | what may be done | what you do | source |
|---|---|---|---|---|"""


def page(notice: str) -> str:
    """Return the page; *notice* says where it comes from."""
    limits = [_row(f"{limit.number:,}", limit.unit) for limit in ABOUT.limits]
    limits += [_row(amount.partition(":")[0], what) for what, amount in ABOUT.quotas.items()]
    rules = [_row(f"`{r.id}`", r.severity.value, r.mark, r.meaning, r.source) for r in RULES]
    errors = [
        _row(f"`{row.id}`", _recognised(row), row.kind.value, row.remedy, row.source)
        for row in (*ROWS, BLOB_TOO_BIG, UNKNOWN_SERVER, UNKNOWN_REFUSAL)
    ]
    return "\n".join([notice, "", INTRO, *limits, RULES_HEAD, *rules, ERRORS, *errors]) + "\n"


def _recognised(row: FaultRow) -> str:
    if row.names:
        return ", ".join(f"`{name}`" for name in sorted(row.names))
    if row.statuses:
        return "HTTP " + ", ".join(map(str, sorted(row.statuses)))
    others = {
        BLOB_TOO_BIG.id: "a message that a picture is too big",
        UNKNOWN_SERVER.id: "any other of HTTP 500 and above",
    }
    return others.get(row.id, "anything else")


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
