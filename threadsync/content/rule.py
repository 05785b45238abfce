"""What a rule of the content checks is: a row, with a sample that breaks it and one that keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from msgspec import Struct

from threadsync.model.diagnostic import Severity

Sample: TypeAlias = str | Mapping[str, str]
"""A post's text (it stands in ``posts/post.md``), or all files of a small project by their paths."""

GOOD = "---\ntargets: [threads/main]\n---\nHello.\n"
"""A post that nothing is wrong with."""

SAMPLE_PROJECT = """\
version: 1
id: sample
zone: Europe/Vienna
targets:
  threads/main: {}
  bluesky/brand: {}
"""
"""The project that a sample stands in, if it brings none of its own."""


class Rule(Struct, frozen=True):
    """One row; *bad* is None where no text can show the fault (a pipe, a link, a missing permission)."""

    id: str
    meaning: str
    remedy: str
    bad: Sample | None = None
    good: Sample = GOOD
    severity: Severity = Severity.ERROR


def post(keys: str, body: str = "Hello.") -> str:
    """Return a post for ``threads/main`` with further front matter *keys*."""
    return f"---\ntargets: [threads/main]\n{keys}\n---\n{body}\n"


def project(text: str) -> Mapping[str, str]:
    """Return a project whose file is *text*, with one post."""
    return {"threadsync.yaml": text, "posts/post.md": GOOD}


def target(keys: str) -> Mapping[str, str]:
    """Return a project whose one target has *keys*."""
    return project(f"version: 1\nid: sample\ntargets:\n  threads/main: {{{keys}}}\n")
