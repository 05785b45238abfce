"""The pages of the networks' APIs, made from the functions themselves and what their docstrings say."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from types import ModuleType

from threadsync.providers.bluesky import api as bluesky_api
from threadsync.providers.bluesky import (
    api_call,
    api_feeds,
    api_records,
    api_repo,
    api_sessions,
    api_video,
    uris,
)
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

THREADS = """\
# The Threads API

Every endpoint that Meta documents is one function of `threadsync.providers.threads.api`, with Meta's names for its
arguments and for what it returns. What Threads left out is `None`, what this version does not know stands in `more`,
and `exchange` tells status, headers and duration. `me` stands for the user's id: Threads answers for the account of the
token alone. A list is read page by page, with `after`. **Errors** are rows of [the table](rules-threads.md#errors);
those of the token, of scopes and of rate limits may come from each. Secrets go in by role and come out as handles
without text.
"""
THREADS_PARTS = (
    ("Tokens", api_oauth),
    ("Publishing", api_publishing),
    ("The account and its posts", api_reading),
    ("Replies", api_replies),
    ("Insights", api_insights),
    ("Finding posts, profiles and places", api_discovery),
)
BLUESKY = """\
# The Bluesky API

Methods of Bluesky, one function of `threadsync.providers.bluesky.api` each, with the lexicons' names in Python's manner; `call` reaches
every other one by its name. What the server left out is `None`, what this version does not know stands in `more`, and `exchange` tells
status, headers and duration. A list is read page by page, with `cursor`. **Errors** are names of `error.fault.row`; those of the
session and of rate limits may come from each. How they are run is in [As a library](../library.md#bluesky).
"""
BLUESKY_PARTS = (
    ("Any method", api_call),
    ("The account", api_sessions),
    ("Reading records, sending files", api_repo),
    ("Writing records", api_records),
    ("What people see, and messages", api_feeds),
    ("Videos", api_video),
)
OTHERS = """\
## Without a call

{}

| function | what it does | source |
|---|---|---|"""
WEBHOOKS = (
    "Addresses to open and to read, and what arrives at a webhook (`threadsync.providers.threads.webhooks`)."
)
REQUESTS = "What a function sends, to be named before it is sent; and the address of a page."


def threads(notice: str) -> str:
    """Return the page of Threads; *notice* says where it comes from."""
    parts = _parts(THREADS_PARTS, "Scopes", "Limits", "Errors")
    others = _others(api_oauth, intents, webhooks)
    return "\n".join([notice, "", THREADS, *parts, OTHERS.format(WEBHOOKS), *others]) + "\n"


def bluesky(notice: str) -> str:
    """Return the page of Bluesky; *notice* says where it comes from."""
    parts = _parts(BLUESKY_PARTS, "Limits", "Errors")
    others = _others(api_records, uris)
    return "\n".join([notice, "", BLUESKY, *parts, OTHERS.format(REQUESTS), *others]) + "\n"


def _parts(parts: Sequence[tuple[str, ModuleType]], *columns: str) -> Iterator[str]:
    """Yield a table for each part: what the docstrings say under the names of *columns*."""
    head = _cells("function", "call", *map(str.lower, columns), "source")
    for title, module in parts:
        endpoints = [each for each in _functions(module) if _said(each, "Endpoint")]
        rows = (_row(each, columns) for each in endpoints)
        yield from (f"## {title}", "", head, "|" + "---|" * (len(columns) + 3), *rows, "")


def _others(*modules: ModuleType) -> list[str]:
    functions = (each for module in modules for each in _functions(module))
    return [_other(each) for each in functions if not _said(each, "Endpoint")]


def _functions(module: ModuleType) -> Iterator[Callable[..., object]]:
    """Yield the public functions of *module*, in its order."""
    for name, value in vars(module).items():
        public = name in (*api.__all__, *bluesky_api.__all__) or (
            module is webhooks and not name.startswith("_")
        )
        if public and inspect.isfunction(value) and value.__module__ == module.__name__:
            yield value


def _said(function: Callable[..., object], what: str) -> str:
    found = re.search(rf"^{what}: (.+)$", inspect.getdoc(function) or "", re.MULTILINE)
    return found[1] if found else ""


def _row(function: Callable[..., object], columns: Sequence[str]) -> str:
    said = (re.sub(r"\*|``", "`", _said(function, each)) for each in columns)
    return _cells(f"`{function.__name__}`", f"`{_said(function, 'Endpoint')}`", *said, _links(function))


def _other(function: Callable[..., object]) -> str:
    first = (inspect.getdoc(function) or "").partition("\n\n")[0].replace("\n", " ").replace("``", "`")
    return _cells(f"`{function.__name__}`", re.sub(r"\*(\w+)\*", r"`\1`", first), _links(function))


def _links(function: Callable[..., object]) -> str:
    found = (each.removeprefix("https://") for each in re.findall(r"[^,\s]+", _said(function, "Source")))
    return ", ".join(f"[{each.rpartition('/')[2].partition('#')[0]}](https://{each})" for each in found)


def _cells(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
