"""The comment on a pull request once its posts go out: where each can be seen, over all runs so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from threadsync.forges.marks import Row
from threadsync.views.markdown import ELSEWHERE_REPORT
from threadsync.views.markup import code, link, prose, table_head
from threadsync.views.moments import told
from threadsync.views.room import NOTE, Block, page

LIVE: Final = "live"
"""The word of a row whose posts can be seen."""


def rows_markdown(
    rows: Sequence[Row], *, zone: str | None, chars_max: int, name: str = "", forgotten: int = 0
) -> str:
    """Return what became of the publications of one pull request; *forgotten*, or more, are not here.

    It has at most *chars_max* characters: what does not fit is counted and named.
    """
    counts = Counter(row.word for row in rows)
    said = ", ".join(f"{number} {word}" for word, number in sorted(counts.items()))
    blocks = [
        Block(f"## threadsync apply{f' {code(name)}' if name else ''}\n"),
        Block(f"**{prose(said)}**\n"),
        NOTE,
        Block(table_head("publication", "became", "when", "where")),
        *(
            Block(_line(row, zone), 1 if row.word == LIVE else 2, "publications", row.address)
            for row in sorted(rows, key=lambda row: row.address)
        ),
        Block(""),
        *_reasons(rows),
    ]
    if forgotten:
        earlier = (
            f"At least {forgotten:,} more were told of by earlier runs: `threadsync status` has them all."
        )
        blocks += [Block(""), Block(earlier)]
    return page(blocks, chars_max, ELSEWHERE_REPORT)


def _line(row: Row, zone: str | None) -> str:
    when = told(datetime.fromisoformat(row.at), zone) if row.at else ""
    where = " ".join(map(_in_cell, row.links))
    cells = (*(code(each, in_table=True) for each in (row.address, row.word, when)), where)
    return f"| {' | '.join(cells)} |"


def _in_cell(address: str) -> str:
    shown = link(address)
    return shown if shown.startswith("<") else code(address, in_table=True)


def _reasons(rows: Iterable[Row]) -> list[Block]:
    return [
        Block(f"- {code(row.address)}: {prose(row.why)}", 3, "reasons", row.address)
        for row in rows
        if row.why
    ]
