"""Bytes of a post file to text, in bounded time and memory, with a finding for whatever is wrong.

Windows line ends and a byte order mark are harmless and leave no trace, so that a digest is the same
on every machine. What could act on a reader's terminal is refused here, once, for all of the file.
"""

from __future__ import annotations

import os
import stat

from threadsync.content.escape import CONTROL, named
from threadsync.content.rules import finding
from threadsync.model.diagnostic import Diagnostic, Location

FILE_BYTES_MAX = 1_000_000
"""The largest post file that is read; a larger one is refused by its size alone."""

LFS_POINTER = b"version https://git-lfs.github.com/spec/"
"""What a Git LFS pointer starts with (github.com/git-lfs/git-lfs, docs/spec.md)."""

_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
"""A pipe would hold the open() up until somebody writes to it; Windows would turn line ends."""

_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_CONTROL_BYTES = bytes(code for code in range(32) if code not in (9, 10, 13)) + b"\x7f"


def read(path: str, file: str) -> str | Diagnostic:
    """Return the text of the file at *path*, line ends as ``\\n``; *file* names it in findings."""
    data = read_bytes(path, file)
    return data if isinstance(data, Diagnostic) else decode(data, file)


def decode(data: bytes, file: str) -> str | Diagnostic:
    """Return *data* as text, line ends as ``\\n``, or what is wrong with it."""
    if data.startswith(LFS_POINTER):
        return finding("file/lfs-pointer", Location(file), "this is a Git LFS pointer, not the post.")
    if data.startswith(_UTF16_MARKS):
        return finding("file/encoding", Location(file), "the file is UTF-16 (byte 1 is its mark), not UTF-8.")
    data = data.removeprefix(_UTF8_MARK)
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        return _not_utf8(data, error.start, file)
    plain = len(data.translate(None, _CONTROL_BYTES)) == len(data)
    match = None if plain and text.isascii() else CONTROL.search(text)
    if match is not None:
        return finding(
            "file/control-character",
            location(file, text, match.start()),
            f"the file holds the control character {named(match.group())}.",
        )
    if not text or text.isspace():
        return finding("file/empty", Location(file), "the file is empty.")
    return text


def location(file: str, text: str, offset: int, first_line: int = 1) -> Location:
    """Return the place of the character at *offset* of *text*, which starts in *first_line*."""
    line = text.count("\n", 0, offset)
    return Location(file, line + first_line, offset - (text.rfind("\n", 0, offset) + 1) + 1)


def _not_utf8(data: bytes, offset: int, file: str) -> Diagnostic:
    before = data[:offset].decode()
    at = location(file, before, len(before))
    problem = f"the file is not UTF-8: byte {offset + 1} is 0x{data[offset]:02x}."
    return finding("file/encoding", at, problem)


def read_bytes(path: str, file: str) -> bytes | Diagnostic:
    """Return what is in the file at *path*, or why that cannot be told; *file* names it in findings."""
    try:
        handle = os.open(path, _FLAGS)
    except FileNotFoundError:
        return finding(
            "file/unreadable", Location(file), "the file is not there (a link that leads nowhere?)."
        )
    except OSError as error:
        return finding("file/unreadable", Location(file), f"the file cannot be read: {error.strerror}.")
    try:
        facts = os.fstat(handle)
        if not stat.S_ISREG(facts.st_mode):
            return finding(
                "file/not-a-file",
                Location(file),
                "this is not a file: a folder, a pipe or a device has its name.",
            )
        if facts.st_size > FILE_BYTES_MAX:
            return _too_large(file, facts.st_size)
        # One byte more than there is, so that a file which grows meanwhile is noticed.
        data = os.read(handle, facts.st_size + 1)
        if len(data) != facts.st_size:
            data += _rest(handle, FILE_BYTES_MAX + 1 - len(data))
    except OSError as error:
        return finding("file/unreadable", Location(file), f"the file cannot be read: {error.strerror}.")
    finally:
        os.close(handle)
    return data if len(data) <= FILE_BYTES_MAX else _too_large(file, len(data))


def _rest(handle: int, limit: int) -> bytes:
    parts: list[bytes] = []
    while limit > 0 and (part := os.read(handle, limit)):
        parts.append(part)
        limit -= len(part)
    return b"".join(parts)


def _too_large(file: str, size_bytes: int) -> Diagnostic:
    problem = f"the file has {size_bytes:,} bytes; a post may have {FILE_BYTES_MAX:,}."
    return finding("file/too-large", Location(file), problem)
