"""Small tools to write values as JSON and to read them back, each name in the file spelt out.

A ``Shape`` is the table of one type: the names in the file never follow a rename in the code, a value
that equals the format's own default is left out, and what does not fit is named with its place.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Generic, TypeVar

from msgspec import Struct

from threadsync.model.ids import Address, Json

T = TypeVar("T")

_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, allow_nan=False, separators=(",", ":"))


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_number)
_SHOWN_CHARACTERS_MAX = 60


class MisfitError(Exception):
    """A value in a file is not what its place asks for; *path* leads there from the outside in."""

    def __init__(self, problem: str, path: tuple[str, ...] = (), *, unknown: bool = False) -> None:
        self.problem = problem
        self.path = path
        self.unknown = unknown
        """Whether it is a name that this version does not know, rather than a wrong value."""
        super().__init__(f"{'.'.join(path)}: {problem}" if path else problem)

    def under(self, name: str) -> MisfitError:
        """Return the same with *name* in front of its path."""
        return MisfitError(self.problem, (name, *self.path), unknown=self.unknown)


def compact(value: Json) -> str:
    """Write *value* as JSON in one line: keys sorted, no blanks, letters as they are."""
    return _ENCODER.encode(value)


def to_bytes(text: str) -> bytes:
    """Encode JSON text; a lone surrogate becomes its JSON escape, which reads back as itself."""
    return text.encode("utf-8", "backslashreplace")


def parsed(text: bytes) -> Json:
    """Read JSON.

    Raises:
        ValueError: it is not JSON in UTF-8, or holds a number JSON has no word for.
    """
    try:
        value: Json = _DECODER.decode(text.decode("utf-8"))
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    return value


class Kind(Struct, Generic[T], frozen=True):
    """How one sort of value is written and read."""

    write: Callable[[T], Json]
    read: Callable[[Json], T]


def _shown(raw: Json) -> str:
    text = compact(raw)
    return text if len(text) <= _SHOWN_CHARACTERS_MAX else text[:_SHOWN_CHARACTERS_MAX] + "…"


def _same(value: Json) -> Json:
    return value


def _read_text(raw: Json) -> str:
    if isinstance(raw, str):
        return sys.intern(raw)  # on two targets a post says the same: that is kept once
    raise MisfitError(f"expected a text, found {_shown(raw)}")


def _read_whole(raw: Json) -> int:
    if isinstance(raw, int) and not isinstance(raw, bool):
        return raw
    raise MisfitError(f"expected a whole number, found {_shown(raw)}")


def _read_number(raw: Json) -> float:
    if isinstance(raw, int | float) and not isinstance(raw, bool):
        return float(raw)
    raise MisfitError(f"expected a number, found {_shown(raw)}")


def _read_flag(raw: Json) -> bool:
    if isinstance(raw, bool):
        return raw
    raise MisfitError(f"expected true or false, found {_shown(raw)}")


def write_time(value: datetime) -> str:
    """Write an aware time in UTC, to the microsecond, like ``2026-12-03T07:30:00Z``."""
    assert value.tzinfo is not None, "a time on record is aware"
    return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def _read_time(raw: Json) -> datetime:
    text = _read_text(raw)
    try:
        if text.endswith("Z"):
            return datetime.fromisoformat(text)
    except ValueError:
        pass  # said below, as for every other text that is not a time
    raise MisfitError(f"expected a time in UTC like 2026-12-03T07:30:00Z, found {_shown(raw)}")


def _read_address(raw: Json) -> Address:
    try:
        return Address.parse(_read_text(raw))
    except ValueError as error:
        raise MisfitError(str(error)) from error


def as_object(raw: Json) -> Mapping[str, Json]:
    """Return *raw* as a JSON object.

    Raises:
        MisfitError: it is not one.
    """
    if type(raw) is dict or isinstance(raw, Mapping):  # what was parsed is one, and its class is asked fast
        return raw
    raise MisfitError(f"expected an object, found {_shown(raw)}")


TEXT: Final[Kind[str]] = Kind(_same, _read_text)
WHOLE: Final[Kind[int]] = Kind(_same, _read_whole)
NUMBER: Final[Kind[float]] = Kind(_same, _read_number)
FLAG: Final[Kind[bool]] = Kind(_same, _read_flag)
TIME: Final[Kind[datetime]] = Kind(write_time, _read_time)
JSON: Final[Kind[Json]] = Kind(_same, _same)
ADDRESS: Final[Kind[Address]] = Kind(str, _read_address)


def listed(kind: Kind[T]) -> Kind[tuple[T, ...]]:
    """Return the kind of a tuple of *kind*."""

    def write(values: tuple[T, ...]) -> Json:
        return [kind.write(value) for value in values]

    def read(raw: Json) -> tuple[T, ...]:
        if not isinstance(raw, list):
            raise MisfitError(f"expected a list, found {_shown(raw)}")
        values: list[T] = []
        for index, each in enumerate(raw):
            try:
                values.append(kind.read(each))
            except MisfitError as error:
                raise error.under(str(index)) from error
        return tuple(values)

    return Kind(write, read)


def mapped(kind: Kind[T]) -> Kind[Mapping[str, T]]:
    """Return the kind of a mapping from text to *kind*."""

    def write(values: Mapping[str, T]) -> Json:
        return {name: kind.write(value) for name, value in values.items()}

    def read(raw: Json) -> Mapping[str, T]:
        values: dict[str, T] = {}
        for name, each in as_object(raw).items():
            try:
                values[name] = kind.read(each)
            except MisfitError as error:
                raise error.under(name) from error
        return values

    return Kind(write, read)


def _refuse_absence() -> None:
    raise MisfitError("it is missing")


class _Required:
    """Stands for the default of a field that has none."""


_REQUIRED = _Required()


class Field(Struct, frozen=True):
    """One field: its *name* in the file, its attribute in the model, its kind and the format's default."""

    name: str
    kind: Kind[Any]  # a table mixes kinds; each field's reader and writer agree with each other
    default: object = _REQUIRED
    attribute: str = ""

    @property
    def of(self) -> str:
        """The attribute's name."""
        return self.attribute or self.name


class Shape(Generic[T]):
    """The table of one type.

    *outside* names attributes that do not stand in the object itself but around it (an address that
    is the entry's key); they are handed to ``read``.
    """

    def __init__(self, make: Callable[..., T], *fields: Field, outside: tuple[str, ...] = ()) -> None:
        self.make = make
        self.fields = fields
        self.outside = outside
        self._names = frozenset(each.name for each in fields)
        self._writers = tuple((each.of, each.name, each.default, each.kind.write) for each in fields)
        self._readers = tuple((each.of, each.name, each.default, each.kind.read) for each in fields)

    def write(self, value: T) -> dict[str, Json]:
        """Return *value* as an object; what equals its default is left out."""
        written: dict[str, Json] = {}
        for attribute, name, default, write in self._writers:
            held = getattr(value, attribute)
            if held != default:
                written[name] = write(held)
        return written

    def read(self, raw: Json, **outside: object) -> T:
        """Return the value that *raw* holds.

        Raises:
            MisfitError: a name is missing or unknown, or a value does not fit.
        """
        found = as_object(raw)
        if not found.keys() <= self._names:
            strange = min(found.keys() - self._names)
            raise MisfitError("this version of threadsync does not know it", (strange,), unknown=True)
        name = ""
        try:
            for attribute, name, default, read in self._readers:
                if name in found:
                    outside[attribute] = read(found[name])
                elif default is _REQUIRED:
                    _refuse_absence()
                else:
                    outside[attribute] = default
        except MisfitError as error:
            raise error.under(name) from error
        return self.make(**outside)

    @property
    def kind(self) -> Kind[T]:
        """This shape as the kind of a field."""
        return Kind(self.write, self.read)
