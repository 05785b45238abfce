"""What ``state:`` of a project file says where it is no path: a git branch, or a bucket."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from threadsync.content.guards import misfits
from threadsync.content.project import StateBranch, StateBucket
from threadsync.model.ids import Json, Role
from threadsync.model.target import PlaceKind

_PASSWORD = re.compile(r"^https?://[^/@]*@|//[^/@]*:[^/@]*@", re.IGNORECASE)
"""In an address: a secret stands before the host; a name alone only where it is one, as for ssh."""
_SEE = "See docs/state.md for what a place of the state needs."


_KINDS = {
    "branch": PlaceKind(("branch",), ("remote", "file")),
    "s3": PlaceKind(
        ("bucket", "region"), ("endpoint", "file"), ("access_key", "secret_key"), ("session_token",)
    ),
    "azure": PlaceKind(("bucket", "account"), ("endpoint", "file"), ("account_key",)),
}

Found: TypeAlias = tuple[str, str, str, str | None]
"""A rule, the key below ``state`` that breaks it (or none), the problem and the remedy."""


def holds_secret(address: str) -> bool:
    """Return whether the *address* of a repository holds a password or a token."""
    return _PASSWORD.search(address) is not None


def place_of(named: Mapping[str, Json]) -> tuple[StateBranch | StateBucket, list[Found]]:
    """Return the place that *named* says, and what is wrong with it; then the place means nothing."""
    words = {key: str(value) for key, value in named.items() if isinstance(value, str)}
    given = named.get("credentials")
    credentials = (
        {Role(each): str(form) for each, form in given.items()} if isinstance(given, Mapping) else {}
    )
    kind = "branch"
    if "bucket" in words:
        kind = "azure" if words["bucket"].startswith("az://") else "s3"
    found = [*_misfits(kind, words, set(credentials))]
    file = {"file": words["file"]} if "file" in words else {}
    if kind == "branch":
        remote = {"remote": words["remote"]} if "remote" in words else {}
        return StateBranch(words.get("branch", ""), **remote, **file), found
    name, _, prefix = words["bucket"].partition("://")[2].partition("/")
    settings = {"container" if kind == "azure" else "bucket": name}
    settings |= {key: word for key, word in words.items() if key in {"region", "account", "endpoint"}}
    return StateBucket(kind, settings, prefix, credentials, **file), found


def _misfits(kind: str, words: Mapping[str, str], roles: set[str]) -> Iterator[Found]:
    if "branch" in words and "bucket" in words:
        yield "project/state", "bucket", "state: names a branch and a bucket.", "Keep one of them."
        return
    if not {"branch", "bucket"} & set(words):
        yield "project/state", "", "state: names neither a branch nor a bucket.", None
        return
    said = "the bucket of the state" if kind != "branch" else "a state in a branch"
    problems = misfits(said, _KINDS[kind], set(words), roles)
    yield from (("project/state", "", problem, _SEE) for problem in problems)
    if holds_secret(words.get("remote", "")):
        remedy = "Take it out, and let git keep it (a credential helper, a deploy key)."
        yield "schema/secret", "remote", "the remote of state: holds a password or a token.", remedy
