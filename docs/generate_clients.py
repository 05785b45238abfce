"""The page that lays our client beside those of others, made from the table that the tests drive."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:  # the table is among the tests, which no package holds
    sys.path.insert(0, str(ROOT))

from tests.contract.cells import PEERS, Cell, Does, Fails, Lacks, Row  # noqa: E402
from tests.contract.table import ALIKE, BEYOND, DIFFERENCES, ROWS, SECTIONS  # noqa: E402

INTRO = """\
# Clients of Threads, side by side

What a Python program can do on Threads with the endpoint functions of `threadsync.providers.threads`, and with four clients that others
wrote, in the versions named. Each row is a scenario of `tests/contract`: every client named in it is driven through it against a sandbox
of its own, in an environment of its own. Nothing of it is changed: the host it talks to is mapped to the sandbox, and its waits are cut
by their parameters. A test asserts that

* ours is told the same, and leaves the same on the network: each post with all that it carries;
* nobody's client sends a parameter, or asks for a field or a metric, that ours was not seen to send to that endpoint or to ask it for, but
  for [what is listed below](#what-others-send);
* one that **fails** does not come to the result;
* one without the capability (`–`) has no word of it in its source, or the reason that is given.

`make live` runs all of it. What `threadsync apply` does besides is no part of this page.
"""
SENT = """\
## What others send

Beyond what ours does:

| client | to | parameter | why ours does not |
|---|---|---|---|"""
SAME = """\
What the sandbox's record does not tell apart:

| | |
|---|---|"""
APART = """\
## What is no row

| client | what it does | ours |
|---|---|---|"""


def page(notice: str) -> str:
    """Return the page; *notice* says where it comes from."""
    head = _cells("", "threadsync", *(f"{peer.name} {peer.version}" for peer in PEERS.values()))
    line = "|" + "---|" * (len(PEERS) + 2)
    lines = [notice, "", INTRO, head, line, _counted(), ""]
    for title, rows in SECTIONS.items():
        lines += [f"## {title}", "", head, line, *map(_row, rows), ""]
    sent = [_cells(each.peer, each.operation, f"`{each.parameter}`", each.why) for each in DIFFERENCES]
    lines += [SENT, *sent, "", SAME, *(_cells(*each) for each in ALIKE), ""]
    return "\n".join([*lines, APART, *(_cells(*each) for each in BEYOND)]) + "\n"


def _counted() -> str:
    does = (sum(isinstance(row.cell(peer), Does) for row in ROWS.values()) for peer in PEERS)
    return _cells("rows of this page", str(len(ROWS)), *map(str, does))


def _row(row: Row) -> str:
    return _cells(row.title, f"`{row.ours}`", *(_said(row.cell(peer)) for peer in PEERS))


def _said(cell: Cell) -> str:
    match cell:
        case Does(calls):
            return f"`{calls}`"
        case Fails(calls, why):
            return f"**fails**: `{calls}`: {why}"
        case Lacks(why):
            return f"– ({why})" if why else "–"


def _cells(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
