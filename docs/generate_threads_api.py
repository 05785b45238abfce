"""The page of the Threads API, made from the functions themselves and what their docstrings say."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from types import ModuleType

from threadsync.providers.threads import (
    api,
    api_discovery,
    api_insights,
    api_oauth,
    api_publishing,
    api_reading,
    api_replies,
    intents,
    webhooks,
)

INTRO = """\
# The Threads API

Every endpoint that Meta documents is one function of `threadsync.providers.threads.api`, with Meta's names for its
arguments and for what it returns. What Threads left out is `None`, what this version does not know stands in `more`,
and `exchange` tells status, headers and duration. `me` stands for the user's id: Threads answers for the account of the
token alone. A list is read page by page, with `after`. **Errors** are rows of [the table](rules-threads.md#errors);
those of the token, of scopes and of rate limits may come from each. Secrets go in by role and come out as handles
without text.
"""
PARTS = (
    ("Tokens", api_oauth),
    ("Publishing", api_publishing),
    ("The account and its posts", api_reading),
    ("Replies", api_replies),
    ("Insights", api_insights),
    ("Finding posts, profiles and places", api_discovery),
)
HEAD = ("| function | call | scopes | limits | errors | source |", "|---|---|---|---|---|---|")
OTHERS = """\
## Without a call

Addresses to open and to read, and what arrives at a webhook (`threadsync.providers.threads.webhooks`).

| function | what it does | source |
|---|---|---|"""


def page(notice: str) -> str:
    """Return the page; *notice* says where it comes from."""
    lines = [notice, "", INTRO]
    for title, module in PARTS:
        endpoints = [each for each in _functions(module) if _said(each, "Endpoint")]
        lines += [f"## {title}", "", *HEAD, *map(_row, endpoints), ""]
    builders = [
        each
        for module in (api_oauth, intents, webhooks)
        for each in _functions(module)
        if not _said(each, "Endpoint")
    ]
    return "\n".join([*lines, OTHERS, *map(_other, builders)]) + "\n"


def _functions(module: ModuleType) -> Iterator[Callable[..., object]]:
    """Yield the public functions of *module*, in its order."""
    for name, value in vars(module).items():
        public = name in api.__all__ or (module is webhooks and not name.startswith("_"))
        if public and inspect.isfunction(value) and value.__module__ == module.__name__:
            yield value


def _said(function: Callable[..., object], what: str) -> str:
    found = re.search(rf"^{what}: (.+)$", inspect.getdoc(function) or "", re.MULTILINE)
    return found[1] if found else ""


def _row(function: Callable[..., object]) -> str:
    limits = _said(function, "Limits").replace("*", "`")
    cells = (f"`{function.__name__}`", f"`{_said(function, 'Endpoint')}`", _said(function, "Scopes"), limits)
    return _cells(*cells, _said(function, "Errors"), _link(function))


def _other(function: Callable[..., object]) -> str:
    first = (inspect.getdoc(function) or "").partition("\n\n")[0].replace("\n", " ").replace("``", "`")
    return _cells(f"`{function.__name__}`", re.sub(r"\*(\w+)\*", r"`\1`", first), _link(function))


def _link(function: Callable[..., object]) -> str:
    address = _said(function, "Source")
    return f"[{address.rpartition('/')[2].partition('#')[0]}](https://{address})" if address else ""


def _cells(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
