"""Values that do not show, or do not compare, all that they hold."""

from __future__ import annotations

import pickle
from io import StringIO

import pytest
from msgspec.structs import replace
from rich.console import Console
from rich.pretty import pretty_repr

from threadsync.values import Besides, Discreet


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
