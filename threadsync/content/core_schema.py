"""The seam to PyYAML's parser, and the words of YAML 1.2's core schema (yaml.org/spec/1.2.2, 10.3.2)."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Protocol, TypeAlias, cast

import yaml
from yaml.events import Event

from threadsync.model.ids import Json

NUMBER_CHARACTERS_MAX = 32

WORDS: Mapping[str, Json] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("null", "Null", "NULL", "~"), None),
}
NUMBER_STARTS = frozenset("0123456789+-.")
"""What a number starts with; what starts otherwise is not looked at further."""

_INT = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_OCTAL = re.compile(r"0o[0-7]+")
_HEX = re.compile(r"0x[0-9a-fA-F]+")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")


class NotANumber(ValueError):
    """A plain value is a number, and not one that a post can hold."""


def number(text: str) -> Json:
    """Return the number that *text* is, or else the text itself.

    Raises:
        NotANumber: it is infinite, no number (``.nan``), or too long.
    """
    if len(text) > NUMBER_CHARACTERS_MAX:
        if _FLOAT.fullmatch(text):
            raise NotANumber
        return text
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        value = float(text)
        if math.isinf(value):
            raise NotANumber
        return value
    if _NOT_FINITE.fullmatch(text):
        raise NotANumber
    if _OCTAL.fullmatch(text):
        return int(text[2:], 8)
    return int(text, 16) if _HEX.fullmatch(text) else text


class Mark(Protocol):
    """A place in a YAML text; both count from 0."""

    @property
    def line(self) -> int: ...  # noqa: D102
    @property
    def column(self) -> int: ...  # noqa: D102


class Parser(Protocol):
    """What gives the events of a YAML text, one after the other."""

    def get_event(self) -> Event:
        """Return the next event.

        Raises:
            yaml.YAMLError: the text is not YAML.
        """
        ...


MakeParser: TypeAlias = Callable[[str], Parser]


class _PureParser(yaml.reader.Reader, yaml.scanner.Scanner, yaml.parser.Parser):
    def __init__(self, text: str) -> None:
        yaml.reader.Reader.__init__(self, text)
        yaml.scanner.Scanner.__init__(self)
        yaml.parser.Parser.__init__(self)


def pure_parser(text: str) -> Parser:
    """Return PyYAML's parser in pure Python: the same events, ten times slower."""
    return cast("Parser", _PureParser(text))


def fastest_parser() -> MakeParser:
    """Return libyaml's parser where PyYAML was built with it, else the pure one."""
    try:
        from yaml._yaml import CParser
    except ImportError:
        return pure_parser
    return cast("MakeParser", CParser)


def start_of(event: Event) -> Mark:
    """Return where *event* starts."""
    mark: Mark | None = event.start_mark
    assert mark is not None, "a parsed event has its marks"
    return mark


def end_of(event: Event) -> Mark:
    """Return where *event* ends."""
    mark: Mark | None = event.end_mark
    assert mark is not None, "a parsed event has its marks"
    return mark
