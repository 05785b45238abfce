"""The names that the network gives to content: known before anything is sent.

A record's is the sha-256 of its DAG-CBOR form, a blob's that of its bytes
(https://atproto.com/specs/data-model, https://ipld.io/specs/codecs/dag-cbor/spec/).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import libipld

from threadsync.model.ids import Json, MediaDigest

_SHA_256 = b"\x12\x20"
_RAW = b"\x01\x55" + _SHA_256
_DAG_CBOR = b"\x01\x71" + _SHA_256
LINK = "$link"
"""The one key of an object of JSON that stands for a link to content."""


def of_blob(digest: MediaDigest) -> str:
    """Return the CID of the bytes whose sha-256 is *digest*, in hexadecimal."""
    return libipld.encode_cid(_RAW + bytes.fromhex(digest))


def of_record(record: Mapping[str, Json]) -> str:
    """Return the CID of *record*, as JSON says it.

    Raises:
        ValueError: it has a number with a fraction, which the data model does not know, or a broken link.
    """
    encoded = libipld.encode_dag_cbor(_linked(record))
    return libipld.encode_cid(_DAG_CBOR + hashlib.sha256(encoded).digest())


def _linked(value: object) -> object:
    """Return *value* with its links as their bytes, which the encoder knows and tags."""
    match value:
        case float():
            raise ValueError(f"{value} is not a whole number")
        case Mapping() if set(value) == {LINK}:
            return libipld.decode_multibase(str(value[LINK]))[1]
        case Mapping():
            return {name: _linked(each) for name, each in value.items()}
        case list() | tuple():
            return [_linked(each) for each in value]
        case _:
            return value
