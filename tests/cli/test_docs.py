"""The reference pages of the command line and of the reasons are what the program says."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import click
import pytest

from threadsync.cli import root
from threadsync.cli._exit import Exit
from threadsync.planning.actions import Action, Reason

DOCS = Path(__file__).parents[2] / "docs"


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_cli", DOCS / "generate_cli.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_of_the_command_line_is_up_to_date() -> None:
    for name, text in generator().pages().items():
        assert (DOCS / "reference" / name).read_text() == text, "run make docs"


def test_the_page_of_the_command_line_has_every_command_sign_and_status() -> None:
    page = (DOCS / "reference" / "cli.md").read_text()
    for name, command in root.commands.items():
        assert f"### threadsync {name}\n" in page
        for inner in getattr(command, "commands", ()):
            assert f"### threadsync {name} {inner}\n" in page
    for kind in Action.__args__:
        assert f"| {kind.word} |" in page
        assert f"`{kind.sign}`" in page or not kind.sign.strip()
    for status in Exit:
        assert f"\n| {int(status)} | " in page


def test_every_option_is_explained() -> None:
    def commands(group: click.Command) -> list[click.Command]:
        inner = getattr(group, "commands", {}).values()
        return [group, *(found for each in inner for found in commands(each))]

    unexplained = [
        f"{command.name} {option.opts}"
        for command in commands(root)
        for option in command.params
        if isinstance(option, click.Option) and not option.help
    ]
    assert unexplained == []


REASONS = (DOCS / "reference" / "reasons.md").read_text()


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_row_with_a_meaning_and_what_to_do(reason: Reason) -> None:
    (row,) = re.findall(rf"^\| `{reason}` \|(.*)\|$", REASONS, re.MULTILINE)
    cells = [cell.strip() for cell in row.split("|")]
    assert len(cells) in {2, 3}
    assert all(cells)


def test_no_row_names_a_reason_that_does_not_exist() -> None:
    assert set(re.findall(r"^\| `([a-z-]+)` \|", REASONS, re.MULTILINE)) == {each.value for each in Reason}
