"""A state whose bindings are read one by one, when they are asked for.

A plan needs most of them but once, to see that they are as their files say; so they need not be held, and
processes that share the posts out share the reading too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO

from msgspec.structs import replace

from threadsync.model.ids import Address, RemoteId
from threadsync.model.state import Binding, State
from threadsync.statefile.codec import VERSION, Document, check_together, is_as_written, read_document
from threadsync.statefile.entries import BINDING
from threadsync.statefile.excerpt import HEAD, places_in
from threadsync.statefile.shapes import MisfitError, as_object, parsed

_TABLE = "bindings"


class Unread(Mapping[Address, Binding]):
    """The bindings in a state file; *places* says where the line of each begins."""

    def __init__(self, data: bytes, places: Mapping[Address, int]) -> None:
        self._data = data
        self._places = places

    def __getitem__(self, address: Address) -> Binding:
        """Read the binding of *address*.

        Raises:
            MisfitError: it has another shape.
        """
        try:
            return BINDING.read(parsed(_value(self._data, self._places[address])), address=address)
        except ValueError as error:
            raise MisfitError(f"it is not JSON ({error})", (_TABLE, str(address))) from error

    def __contains__(self, address: object) -> bool:
        return address in self._places

    def __iter__(self) -> Iterator[Address]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def unread(data: bytes) -> Document | None:
    """Return the state that *data* holds, with its bindings unread; None where it has to be read as a whole.

    It has where its bytes are not just what threadsync wrote, by their layout, version and checksum.
    """
    try:
        places = places_in(BytesIO(data))
        if places is None or _TABLE not in places:
            return None
        held = places.pop(_TABLE)
        parts = [b"{", _joined(data, places.pop(HEAD).values())]
        for table, entries in places.items():
            parts.append(b',"%b":{%b}' % (table.encode(), _joined(data, entries.values())))
        raw = as_object(parsed(b"".join((*parts, b',"%b":{}}' % _TABLE.encode()))))
        if raw.get("version") != VERSION or not is_as_written(data, raw.get("checksum")):
            return None
        document = read_document(raw)
        bindings = Unread(data, {Address.parse(text): at for text, at in held.items()})
    except (ValueError, MisfitError):
        return None
    return replace(document, state=replace(document.state, bindings=bindings))


def check_read(state: State, read: Mapping[Address, Iterable[RemoteId]]) -> None:
    """Read the bindings of *state* that were not *read* already, and see that all fit together.

    Raises:
        MisfitError: they don't, or one has another shape; *read* are the posts of those that have a good one.
    """
    bound = ((each, read.get(each) or state.bindings[each].remote_ids) for each in state.bindings)
    check_together(bound, state.tombstones)


def _joined(data: bytes, places: Iterable[int]) -> bytes:
    return b",".join(_line(data, at) for at in places)


def _line(data: bytes, at: int) -> bytes:
    return data[at : data.index(b"\n", at)].removesuffix(b",")


def _value(data: bytes, at: int) -> bytes:
    return _line(data, at).partition(b": ")[2]
