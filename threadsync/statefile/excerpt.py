"""A part of a large state file: some entries of its tables, and all that is no entry of a publication.

Where each entry stands is told once, of a file that was read whole and found good, and holds while the file
is the same. What is read later is compared with that, so a file that was changed or replaced is noticed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import BinaryIO, TypeAlias

from threadsync.model.ids import Address
from threadsync.model.state import State
from threadsync.statefile.codec import read_document
from threadsync.statefile.shapes import as_object, compact, parsed, to_bytes

Stamp: TypeAlias = tuple[int, int, int, int]
"""What tells a file from another, or from itself before a change: size, inode, times in nanoseconds."""
Places: TypeAlias = Mapping[str, Mapping[str, int]]
"""By table: where the line of each entry begins, in bytes. The table without a name is the head."""

HEAD = ""
OF_PUBLICATIONS = ("bindings", "observations")
"""The tables of which only some entries are read; in the second, those of publications."""
_BEGIN = re.compile(rb'  "([^"\\]+)": \{\n')
_FIELD = re.compile(rb'  "([^"\\\x00-\x1f]+)": ')
_ENTRY = re.compile(rb'    "([^"\\\x00-\x1f]+)": ')
_END = (b"  },\n", b"  }\n")
_AROUND = (b"{\n", b"}\n")


def places_in(lines: Iterable[bytes]) -> dict[str, dict[str, int]] | None:
    """Tell where the entries in a state file stand; None where it is not laid out as threadsync does it.

    *lines* are all of the file's, each with its end.
    """
    found: dict[str, dict[str, int]] = {HEAD: {}}
    table, offset = HEAD, 0
    for line in lines:
        entry = (_ENTRY if table else _FIELD).match(line)
        begins = _BEGIN.fullmatch(line) if not table else None
        if begins is not None:
            table = begins[1].decode()
            found[table] = {}
        elif table and line in _END:
            table = HEAD
        elif entry is not None:
            found[table][entry[1].decode()] = offset
        elif table or line not in _AROUND:
            return None
        offset += len(line)
    return found


def stamp_of(found: os.stat_result) -> Stamp:
    """Return the stamp of a file."""
    return found.st_size, found.st_ino, found.st_mtime_ns, found.st_ctime_ns


def excerpt(path: Path, stamp: Stamp, places: Places, addresses: Iterable[Address]) -> State:
    """Read what the state file at *path* holds of *addresses*, and all that belongs to no publication.

    Raises:
        OSError: it cannot be read.
        ValueError: it is another file than that of *stamp* and *places*.
        MisfitError: its shape is wrong.
    """
    wanted = {str(address) for address in addresses}
    with path.open("rb") as file:
        parts = [b"{"]
        for table, entries in sorted(places.items()):
            chosen = {
                key: at
                for key, at in entries.items()
                if table not in OF_PUBLICATIONS or key in wanted or "@" not in key
            }
            lines = [_line(file, at, key) for key, at in chosen.items()]
            inside = b",".join(lines)
            parts += [inside] if table == HEAD else [b',"%b":{%b}' % (table.encode(), inside)]
        if stamp_of(os.fstat(file.fileno())) != stamp:
            raise ValueError("the state file has been changed")
    return read_document(as_object(parsed(b"".join((*parts, b"}"))))).state


def _line(file: BinaryIO, at: int, key: str) -> bytes:
    file.seek(at)
    line = file.readline().strip()
    if not line.startswith(to_bytes(f"{compact(key)}: ")):
        raise ValueError(f"something else stands where {key} stood")
    return line.removesuffix(b",")
