"""Values that do not show, or do not compare, all that they hold."""

from __future__ import annotations

import ast
import pickle
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from msgspec.structs import replace
from rich.console import Console
from rich.pretty import pretty_repr

from threadsync.values import Besides, Discreet

ROOT = Path(__file__).parents[1]


class Door(Discreet, frozen=True):
    hidden = frozenset({"code"})

    street: str
    code: str = "CANARY"


class Safe(Discreet, frozen=True):
    code: str = "CANARY"


class Letter(Besides, frozen=True):
    hidden = frozenset({"weight"})

    text: str
    weight: int = 0


class Parcel(Letter, frozen=True):
    pass


def rich_text(value: object) -> str:
    screen = StringIO()
    Console(file=screen, width=200).print(value)
    return screen.getvalue()


@pytest.mark.parametrize("show", [repr, str, "{}".format, "{!r}".format, ascii, pretty_repr, rich_text])
@pytest.mark.parametrize(("value", "text"), [(Door("Elm"), "Door(street='Elm')"), (Safe(), "Safe()")])
def test_no_text_of_a_value_has_what_it_hides(show: object, value: object, text: str) -> None:
    """Law 12; rich has a way of its own, which would show all of it."""
    assert show(value).strip() == text  # type: ignore[operator]


def test_what_is_hidden_is_there_and_counts_where_nothing_else_is_said() -> None:
    assert Safe().code == "CANARY"
    assert Door("Elm") == Door("Elm", "CANARY")
    assert Door("Elm") != Door("Elm", "1234")


def test_what_is_beside_neither_compares_nor_hashes() -> None:
    assert Letter("Hi", 20) == Letter("Hi", 30)
    assert len({Letter("Hi", 20), Letter("Hi", 30), Letter("Ho", 20)}) == 2
    assert Letter("Hi") != Parcel("Hi")
    assert replace(Letter("Hi", 20), text="Ho").weight == 20
    assert pickle.loads(pickle.dumps(Letter("Hi", 20))).weight == 20


def trees() -> Iterator[tuple[Path, ast.Module]]:
    for path in (ROOT / "threadsync").rglob("*.py"):
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def test_every_name_that_replace_is_given_is_a_field() -> None:
    """No type checker looks: ``msgspec.structs.replace`` takes any name, and fails when it runs."""
    fields: set[str] = set()
    given: list[tuple[str, str]] = []
    for path, tree in trees():
        for node in ast.walk(tree):
            match node:
                case ast.AnnAssign(target=ast.Name(id=name)):
                    fields.add(name)
                case ast.Call(func=ast.Name(id="replace"), keywords=keywords):
                    where = f"{path.relative_to(ROOT)}:{node.lineno}"
                    given += [(where, each.arg) for each in keywords if each.arg is not None]
                case _:
                    pass
    assert len(given) > 100
    assert [(where, name) for where, name in given if name not in fields] == []
