"""Content ids: DAG-CBOR by libipld, SHA-256, base32 (atproto.com/specs/data-model).

libipld comes with ``pip install 'threadsync[bluesky]'`` and is loaded when first needed.
"""

from __future__ import annotations

from base64 import b32decode, b32encode
from hashlib import sha256

DAG_CBOR = 0x71
RAW = 0x55


def cid_of_value(value: object) -> str:
    """Return the CID of a record: floats are refused before, and absent members are absent."""
    import libipld

    return _written(DAG_CBOR, libipld.encode_dag_cbor(_with_links(value)))


def cid_of_bytes(content: bytes) -> str:
    """Return the CID of a blob."""
    return _written(RAW, content)


def _written(codec: int, content: bytes) -> str:
    raw = bytes((1, codec, 0x12, 0x20)) + sha256(content).digest()
    return "b" + b32encode(raw).decode().rstrip("=").lower()


def is_cid(text: str) -> bool:
    """Whether a text is a CID of this network: version 1, DAG-CBOR or raw, SHA-256."""
    return len(text) == 59 and text.startswith(("bafyrei", "bafkrei")) and set(text[1:]) <= _BASE32


_BASE32 = frozenset("abcdefghijklmnopqrstuvwxyz234567")


def _with_links(value: object) -> object:
    """Put bytes, which libipld writes as links, where ``{"$link": CID}`` stands."""
    match value:
        case dict() if value.keys() == {"$link"}:
            return _raw(str(value["$link"]))
        case dict():
            return {name: _with_links(each) for name, each in value.items()}
        case list():
            return [_with_links(each) for each in value]
    return value


def _raw(cid: str) -> bytes:
    text = cid[1:].upper()
    return b32decode(text + "=" * (-len(text) % 8))
