"""No network is known by its name where posts are planned, published, remembered and shown.

What such code needs of a network, its provider tells. Names in comments and docstrings are examples, or the
sources of facts, and decide nothing.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import threadsync
from threadsync.providers.loading import BUILT_IN

PACKAGE = Path(threadsync.__file__).parent
GENERIC = (
    *("planning", "execution", "statefile", "views", "operations", "cli"),
    *("flows", "model", "media", "watch", "web"),
)
NETWORKS = "|".join([*BUILT_IN, "mattermost", "bsky", "atproto", "facebook", "instagram"])
NAME = re.compile(rf"(?<![a-z])({NETWORKS})(?!ync)", re.IGNORECASE)
"""A name of a network, whole or as a part of a word: ``threads_publish``, ``BLUESKY``."""

TOUR = "runs the sandbox's own networks, and the posts of a tour on them: it speaks for no project"
EXAMPLE = "an example in a help text"
ALLOWED = {
    **dict.fromkeys(
        (
            "cli/_trial.py",
            "cli/chaos.py",
            "cli/chaos_run.py",
            "cli/chaos_show.py",
            "cli/chaos_story.py",
            "cli/demo_tour.py",
        ),
        TOUR,
    ),
    "cli/sandbox.py": TOUR,
    "cli/_listed.py": "the first sentences of the commands that run the sandbox's networks",
    "cli/init.py": EXAMPLE,
    "execution/hosting_probe.py": "asks a web server for media under the name that fetchers are let in by",
}
THREADS_OF_A_PROCESS = {"daemon_threads", "run_coroutine_threadsafe", "call_soon_threadsafe"}
"""Words of Python's own library."""


def modules() -> Iterator[Path]:
    for package in GENERIC:
        yield from sorted((PACKAGE / package).rglob("*.py"))


def said(tree: ast.Module) -> Iterator[str]:
    """Yield every word that does something: names, attributes, imports, keywords, and texts."""
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant() as told):
                docs.add(id(told))  # the words below an attribute
            case ast.Constant(value=str(text)) if id(node) not in docs:
                yield text
            case (
                ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name) | ast.keyword(arg=str(name))
            ):
                yield name
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                yield from (each.name for each in names)
                yield from (each.asname or "" for each in names)
                if isinstance(node, ast.ImportFrom):
                    yield node.module or ""
            case _:
                pass


def networks_in(source: str) -> list[str]:
    words = [word for word in said(ast.parse(source)) if word not in THREADS_OF_A_PROCESS]
    return [word for word in words if NAME.search(word)]


@pytest.mark.parametrize("path", list(modules()), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_no_network_is_named(path: Path) -> None:
    name = path.relative_to(PACKAGE).as_posix()
    found = networks_in(path.read_text(encoding="utf-8"))
    if name in ALLOWED:
        assert found, f"{name} names none any more: take it off the list"
    else:
        assert not found, f"{name} knows a network: {found[0]!r}"


@pytest.mark.parametrize(
    "source",
    [
        "from threadsync.providers.threads import api",
        "import threadsync.sandbox.bluesky",
        "if provider == 'threads': ...",
        "x = f'{handle}@bsky.social'",
        "publish_on_threads()",
        "BLUESKY = 1",
        "client(network_of_threads=1)",
    ],
)
def test_the_search_finds_one(source: str) -> None:
    assert networks_in(source)


def test_words_alike_and_words_about_code_are_none() -> None:
    source = '"""Posts on Threads."""\nimport threadsync\nx = 1\n"""As Bluesky does."""\n'
    source += "# threads\nthreading = 2\n"
    assert networks_in(source) == []
