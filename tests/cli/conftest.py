"""The command line on a virtual world: real files, the sandbox's pure model, no socket, no clock."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import pytest
from click.testing import CliRunner, Result

from tests.operations.world import World
from threadsync.cli import root
from threadsync.cli._options import Asked


class Run(Protocol):
    def __call__(self, *arguments: str, stdin: str = "") -> Result: ...


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def run(world: World) -> Run:
    """Run a command in the world's project; standard output and standard error come apart."""
    return runner(world)


def runner(world: World) -> Run:
    """Return what runs commands in *world*."""

    def invoke(*arguments: str, stdin: str = "") -> Result:
        asked = Asked(open_project=lambda _: world.workspace)
        return CliRunner().invoke(root, arguments, input=stdin, obj=asked, catch_exceptions=False)

    return invoke
