"""What a start costs before anything is done: S1."""

from __future__ import annotations

import sys
from functools import cache

from benchmarks.measure import in_turns, installed, script, seconds, used
from benchmarks.rows import Measured, Row, Setting
from threadsync.cli import root

STARTS = 5
"""A start is short and its time noisy: so many times the pairs are measured."""


@cache
def bare_click(setting: Setting) -> str:
    """Write a program of Click alone, its commands named and described as ours, and return its path."""
    lines = [f"#!{sys.executable}", "import click", "@click.group()", "def root():", '    "Click alone."']
    for number, (name, command) in enumerate(root.commands.items()):
        lines += [f"@root.command({name!r}, help={command.help!r})", f"def command_{number}(): pass"]
    return script(setting.folder / "bare-click", "\n".join([*lines, "root()", ""]))


def _compared(setting: Setting, ours: tuple[str, ...], other: tuple[str, ...]) -> Measured:
    folder = setting.folder
    pairs = in_turns(lambda: used(ours, folder), lambda: used(other, folder), setting.pairs * STARTS)
    return Measured(seconds(pairs))


def version(setting: Setting) -> Measured:
    """S1: ``--version``."""
    return _compared(setting, (installed(setting.folder), "--version"), (sys.executable, "-c", "pass"))


def help_(setting: Setting) -> Measured:
    """S1: ``--help``."""
    return _compared(setting, (installed(setting.folder), "--help"), (bare_click(setting), "--help"))


ROWS = (
    Row("S1", "`threadsync --version` : `python -c pass`", 1.3, None, version),
    Row("S1", "`threadsync --help` : a bare Click program with as many commands", 1.15, None, help_),
)
