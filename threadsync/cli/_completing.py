"""Keys, addresses and targets for shell completion, from a glance at the files.

A shell waits for this at every press of the tab key, so nothing is validated and nothing but the
beginning of each file is read. What cannot be read or understood is left out: a completion is a hint.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import click

PROJECT_FILE = "threadsync.yaml"
HEAD_BYTES = 4096
"""How much of a post is read; its keys stand at its beginning."""
FOLDERS_DEEP_MAX = 32

_TARGET = re.compile(r"""^[ \t]+["']?([a-z0-9_-]+/[A-Za-z0-9._-]+)["']?[ ]*:""", re.MULTILINE)
_POSTS = re.compile(r"""^posts:[ ]*["']?([^"'#\n]+?)["']?[ ]*(?:#.*)?$""", re.MULTILINE)
_KEY = re.compile(r"""^key:[ ]*["']?([A-Za-z0-9._/-]+)""", re.MULTILINE)
_TARGETS = re.compile(r"^targets:((?:[ ]*\[[^\]]*\])|(?:\s*\n[ ]*-[^\n]*)+)", re.MULTILINE)
_NAME = re.compile(r"[a-z0-9_-]+/[A-Za-z0-9._-]+")


class Glance(NamedTuple):
    """What a project seems to hold: its targets, the targets of each of its posts by key, their files."""

    targets: tuple[str, ...] = ()
    posts: tuple[tuple[str, tuple[str, ...]], ...] = ()
    files: tuple[str, ...] = ()

    def addresses(self) -> Iterator[str]:
        """Yield what seem to be the addresses of the publications."""
        for key, targets in self.posts:
            for target in targets or self.targets:
                yield f"{key}@{target}"


def glance(start: Path) -> Glance:
    """Look at the project at or above *start*; nothing where there is none, or none that can be read."""
    try:
        root = next(
            each for each in (start.absolute(), *start.absolute().parents) if (each / PROJECT_FILE).exists()
        )
        project = _text(root / PROJECT_FILE)
        named = _POSTS.search(project)
        folder = root / (named[1] if named is not None else "posts")
        paths = sorted(Path(path) for path in _files(str(folder), 0))
        posts = sorted((_post(folder, path) for path in paths), key=lambda post: post[0])
        files = tuple(path.relative_to(root).as_posix() for path in paths)
        return Glance(tuple(dict.fromkeys(_TARGET.findall(project))), tuple(posts), files)
    except (OSError, ValueError, StopIteration):
        return Glance()


def _text(path: Path, bytes_max: int = -1) -> str:
    with path.open("rb") as file:
        return file.read(bytes_max).decode(errors="replace").replace("\r", "")


def _files(folder: str, depth: int) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith((".", "_", "#")) or entry.is_symlink():
                continue
            if entry.is_dir():
                if depth < FOLDERS_DEEP_MAX:
                    yield from _files(entry.path, depth + 1)
            elif entry.name.endswith((".md", ".yaml", ".yml")):
                yield entry.path


def _post(folder: Path, path: Path) -> tuple[str, tuple[str, ...]]:
    head = _text(path, HEAD_BYTES)
    if path.suffix == ".md":
        head = head.partition("\n---")[0]  # what follows is text, where anything may look like a key
    key, targets = _KEY.search(head), _TARGETS.search(head)
    by_path = path.relative_to(folder).with_suffix("").as_posix().removesuffix("/index")
    return key[1] if key is not None else by_path, tuple(
        _NAME.findall(targets[1])
    ) if targets is not None else ()


def _glance(ctx: click.Context) -> Glance:
    # The object of the root context; its module imports this one.
    return glance(getattr(ctx.find_root().obj, "project", None) or Path())


def _beginning(words: Iterator[str] | tuple[str, ...], incomplete: str) -> list[str]:
    return [word for word in dict.fromkeys(words) if word.startswith(incomplete)]


def complete_targets(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Complete the name of a target."""
    return _beginning(_glance(ctx).targets, incomplete)


def complete_addresses(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Complete KEY@TARGET."""
    return _beginning(_glance(ctx).addresses(), incomplete)


def complete_selectors(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Complete a key or a target; behind an @, an address, and behind some letters the path of a post too."""
    found = _glance(ctx)
    if "@" in incomplete:
        return _beginning(found.addresses(), incomplete)
    files = found.files if incomplete else ()
    return _beginning((*(key for key, _ in found.posts), *found.targets, *files), incomplete)


def complete_words(*words: str) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """Return what completes a list of *words* with commas between."""

    def complete(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
        said = incomplete.split(",")[:-1]
        return _beginning(tuple(",".join([*said, word]) for word in words if word not in said), incomplete)

    return complete
