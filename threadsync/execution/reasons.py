"""Why a request has no answer, in our own words: a library's words may hold the whole address.

Each transport brings a table of what its library raises; the words are the same for all of them.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from typing import Final, TypeAlias

Table: TypeAlias = tuple[tuple[tuple[type[BaseException], ...], str], ...]
"""Kinds of errors and what they are called; the first row that fits anything in the chain decides."""

NO_TLS: Final = "no TLS connection could be made or kept"
REFUSED: Final = "it refused the connection"
BROKE_OFF: Final = "its answer broke off"
DAMAGED: Final = "its answer is damaged: it cannot be decompressed"
CLOSED: Final = "it closed the connection without a whole answer"
LATE: Final = "nothing came within {limit:g} s"
NOT_HTTP: Final = "what it answered is not HTTP"


def explained(error: BaseException, table: Table, *, limit_seconds: float) -> str:
    """Say why *error* left a request without an answer."""
    chain = tuple(causes(error))
    for each in chain:
        # An error of aiohttp is one too, and has no such text: the one inside it has.
        if isinstance(each, ssl.SSLCertVerificationError) and hasattr(each, "verify_message"):
            return f"its certificate is not trusted: {each.verify_message}"
        if isinstance(each, socket.gaierror):
            return f"its name leads nowhere: {each.strerror}"
    for kinds, text in table:
        if any(isinstance(each, kinds) for each in chain):
            return text.format(limit=limit_seconds)
    for each in chain:
        if isinstance(each, OSError) and each.strerror:
            return each.strerror
    return f"the request cannot be sent as it is ({type(error).__name__}); check the address"


def causes(error: BaseException) -> Iterator[BaseException]:
    """Return *error* and every error that it came from, or that it holds."""
    return _causes(error, set())


def _causes(error: BaseException, seen: set[int]) -> Iterator[BaseException]:
    if id(error) in seen:
        return
    seen.add(id(error))
    yield error
    inside = (error.__cause__, error.__context__, getattr(error, "reason", None), *error.args)
    for each in inside:
        if isinstance(each, BaseException):
            yield from _causes(each, seen)
