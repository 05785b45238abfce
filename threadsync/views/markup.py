"""Words as GitHub-flavoured Markdown in which nothing acts that is not meant to.

What comes from files or networks can start nothing here: texts stand in fences longer than any run of
backticks in them, names in code spans, and what would become a link or call a person does as well. Sources:
github.github.com/gfm; docs.gitlab.com/user/markdown and forgejo.org/docs/latest/user/markdown show the same,
``<details>`` and ``<img>`` included.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Final

from threadsync.content.escape import printable

FENCE_MIN: Final = 3
THUMB_PIXELS: Final = 160
"""How high pictures are shown."""
_SPECIAL = re.compile(r"([\\`*{}\[\]<>#|~!$&]|(?<!\w)_|_(?!\w))")
_BEFORE: Final = "([\"'"
_AFTER: Final = ".,;:!?)]\"'"
"""What may stand around a word, and is not part of it."""
_ACTIVE = re.compile(r"[@#]|://|www\.|mailto:|xmpp:", re.IGNORECASE)
"""What becomes a link, a reference or a mention by itself (github.github.com/gfm, autolinks)."""
_BEGINNING = re.compile(r"\A(\d{1,9}(?=[.)](?: |\Z))|(?=[-+=]+(?: |\Z)))")
"""What begins a list, a heading or a line across the page where it stands first."""
_ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]+(?::\d+)?(?:/[A-Za-z0-9._~/%@:?=&+-]*)?")
"""Addresses that can be shown as links: nothing in them ends one, or means anything else."""


def prose(text: str) -> str:
    """Return *text* as words that mean nothing else; what would act by itself stands in code spans."""
    words = [word for word in printable(text.replace("\n", " ")).split(" ") if word]
    return _BEGINNING.sub(r"\1\\", " ".join(map(_word, words)))


def _word(word: str) -> str:
    if not _ACTIVE.search(word):
        return _escaped(word)
    # No pattern finds these in one look: it would begin again at each character.
    opened = word.lstrip(_BEFORE)
    core = opened.rstrip(_AFTER)
    before, after = word[: len(word) - len(opened)], opened[len(core) :]
    return f"{_escaped(before)}{code(core)}{_escaped(after)}"


def _escaped(word: str) -> str:
    return _SPECIAL.sub(r"\\\1", word)


def code(text: str, *, in_table: bool = False) -> str:
    """Return *text* as a code span, exactly as it is."""
    shown = printable(text)
    if not shown.strip():
        return ""
    ticks = "`" * (_longest_run(shown) + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{ticks}{pad}{shown.replace('|', chr(92) + '|') if in_table else shown}{pad}{ticks}"


def fenced(text: str, language: str = "text") -> str:
    """Return *text* as a fenced block, in which no line begins with what a forge could take for a command.

    GitLab obeys lines like ``/close`` (docs.gitlab.com/user/project/quick_actions), and its older versions
    find the end of a fence by a pattern. A space before the fence is taken from each line that is shown.
    """
    fence = "`" * max(FENCE_MIN, _longest_run(text) + 1)
    lines = [f"{fence}{language}", *(printable(line) for line in text.split("\n")), fence]
    before = " " if any(line.startswith("/") for line in lines) else ""
    return "\n".join(f"{before}{line}" for line in lines)


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall(r"`+", text)), default=0)


def link(address: str) -> str:
    """Return *address* as a link; one of another kind than networks have stands as a code span."""
    return f"<{address}>" if _ADDRESS.fullmatch(address) else code(address)


def inert(text: str) -> str:
    """Return *text* as code within HTML, as the head of what is folded is written."""
    shown = html.escape(printable(text.replace("\n", " "))).replace("`", "&#96;")
    return f"<code>{shown}</code>"


def picture(address: str, alt: str) -> str:
    """Return the picture at *address*, an address that we made; *alt* is anybody's."""
    said = html.escape(printable(alt.replace("\n", " "))).replace("`", "&#96;")
    return f'<img src="{html.escape(address)}" alt="{said}" height="{THUMB_PIXELS}">'


def table_head(*names: str) -> str:
    """Return the first two lines of a table."""
    return "| " + " | ".join(names) + " |\n|" + "---|" * len(names)


def table_row(*cells: str) -> str:
    """Return a line of a table; each cell is a text as it is."""
    return "| " + " | ".join(code(cell, in_table=True) for cell in cells) + " |"


def folded(head: str, lines: Iterable[str], *, is_open: bool) -> str:
    """Return *lines* under a *head* (of ``inert`` words and our own) that opens and closes them."""
    opened = " open" if is_open else ""
    return joined([f"<details{opened}>", f"<summary>{head}</summary>", "", *lines, "", "</details>"])


def joined(lines: Iterable[str]) -> str:
    """Put lines together, with one empty line where there are several; what is in a fence is one line."""
    kept = [line for before, line in pairwise(["", *lines]) if line or before]
    while kept and not kept[-1]:
        kept.pop()
    return "\n".join(kept)
