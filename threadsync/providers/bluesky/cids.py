"""The names that the network gives to content: known before anything is sent.

A record's is the sha-256 of its DAG-CBOR form, a blob's that of its bytes
(https://atproto.com/specs/data-model, https://ipld.io/specs/codecs/dag-cbor/spec/).

libipld comes with ``pip install 'threadsync[bluesky]'`` and is loaded when a name is first needed: what
reads files, and plans, needs none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from types import ModuleType

from threadsync.errors import ProjectError
from threadsync.model.ids import Json, MediaDigest

_SHA_256 = b"\x12\x20"
_RAW = b"\x01\x55" + _SHA_256
_DAG_CBOR = b"\x01\x71" + _SHA_256
LINK = "$link"
"""The one key of an object of JSON that stands for a link to content."""


def of_blob(digest: MediaDigest) -> str:
    """Return the CID of the bytes whose sha-256 is *digest*, in hexadecimal.

    Raises:
        ProjectError: the package that writes it is not installed.
    """
    return _encoded(_RAW + bytes.fromhex(digest))


def of_record(record: Mapping[str, Json]) -> str:
    """Return the CID of *record*, as JSON says it.

    Raises:
        ValueError: it has a number with a fraction, which the data model does not know, or a broken link.
        ProjectError: the package that writes it is not installed.
    """
    encoded = _library().encode_dag_cbor(_linked(record))
    return _encoded(_DAG_CBOR + hashlib.sha256(encoded).digest())


def _linked(value: object) -> object:
    """Return *value* with its links as their bytes, which the encoder knows and tags."""
    match value:
        case float():
            raise ValueError(f"{value} is not a whole number")
        case Mapping() if set(value) == {LINK}:
            return _library().decode_multibase(str(value[LINK]))[1]
        case Mapping():
            return {name: _linked(each) for name, each in value.items()}
        case list() | tuple():
            return [_linked(each) for each in value]
        case _:
            return value


def _encoded(cid: bytes) -> str:
    return str(_library().encode_cid(cid))


def _library() -> ModuleType:
    try:
        import libipld
    except ModuleNotFoundError as error:
        raise ProjectError(
            "the package that names what goes to Bluesky is not installed.",
            remedy="Run: pip install 'threadsync[bluesky]'",
        ) from error
    return libipld
