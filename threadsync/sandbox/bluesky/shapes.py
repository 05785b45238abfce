"""What values of a record may be, as small checks; each says what is wrong and where, or nothing.

atproto.com/specs/lexicon names the types, atproto.com/specs/record-key and its neighbours the formats.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeAlias

import regex

from threadsync.sandbox.bluesky.cids import is_cid
from threadsync.sandbox.bluesky.tids import is_tid

Check: TypeAlias = Callable[[object, str], str | None]
"""Given a value and its path: what is wrong with it, ending in ``at PATH``, or None."""

_DATETIME = re.compile(r"(\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-6]\d:[0-6]\d)(\.\d{1,20})?(Z|[+-][0-2]\d:[0-5]\d)")
_LANGUAGE = re.compile(  # the grammar of RFC 5646, section 2.1, without its list of old tags
    r"([a-zA-Z]{2,3}(-[a-zA-Z]{3}){0,3}|[a-zA-Z]{4,8})"
    r"(-[a-zA-Z]{4})?(-([a-zA-Z]{2}|[0-9]{3}))?(-([a-zA-Z0-9]{5,8}|[0-9][a-zA-Z0-9]{3}))*"
    r"(-[0-9a-wyzA-WYZ](-[a-zA-Z0-9]{2,8})+)*(-x(-[a-zA-Z0-9]{1,8})+)?"
    r"|x(-[a-zA-Z0-9]{1,8})+"
)
_URI = re.compile(r"\w+:(?://)?[^\s/][^\s]*")
_DID = re.compile(r"did:[a-z]+:[a-zA-Z0-9._:%-]*[a-zA-Z0-9._-]")
_HANDLE = re.compile(
    r"([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)+[a-zA-Z]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
)
_NSID = re.compile(r"[a-zA-Z][a-zA-Z0-9-]{0,62}(\.[a-zA-Z0-9-]{1,63})+(\.[a-zA-Z][a-zA-Z0-9]{0,62})")
_RKEY = re.compile(r"[A-Za-z0-9._:~-]{1,512}")


def is_datetime(text: str) -> bool:
    """Whether a text is a time with a zone; ``-00:00`` is none (atproto.com/specs/lexicon, datetime)."""
    found = _DATETIME.fullmatch(text)
    if found is None or found[3] == "-00:00":
        return False
    try:
        datetime.fromisoformat(found[1] + found[3].replace("Z", "+00:00"))
    except ValueError:
        return False
    return True


def is_did(text: str) -> bool:
    """Whether a text has the form of a DID."""
    return _DID.fullmatch(text) is not None


def is_handle(text: str) -> bool:
    """Whether a text has the form of a handle."""
    return len(text) <= 253 and _HANDLE.fullmatch(text) is not None


def is_nsid(text: str) -> bool:
    """Whether a text names a collection or method."""
    return _NSID.fullmatch(text) is not None


def is_rkey(text: str) -> bool:
    """Whether a text can be the key of a record (atproto.com/specs/record-key)."""
    return text not in {".", ".."} and _RKEY.fullmatch(text) is not None


def is_at_uri(text: str) -> bool:
    """Whether a text is the address of a repository, a collection or a record."""
    if not text.startswith("at://"):
        return False
    name, *rest = text.removeprefix("at://").split("/")
    if not (is_did(name) or is_handle(name)) or len(rest) > 2:
        return False
    return all(check(part) for check, part in zip((is_nsid, is_rkey), rest, strict=False))


_FORMATS: Mapping[str, tuple[str, Callable[[str], bool]]] = {
    "datetime": ("an valid atproto datetime", is_datetime),
    "language": ("a well-formed BCP 47 language tag", lambda text: _LANGUAGE.fullmatch(text) is not None),
    "uri": ("a uri", lambda text: _URI.fullmatch(text) is not None),
    "did": ("a valid did", is_did),
    "at-uri": ("a valid at-uri", is_at_uri),
    "cid": ("a cid string", is_cid),
    "tid": ("a valid TID", is_tid),
}


def string(*, bytes_max: int = 0, graphemes_max: int = 0, form: str = "") -> Check:
    """Expect a text; limits of 0 are none."""

    def check(value: object, path: str) -> str | None:
        if not isinstance(value, str):
            return f"Expected string value type (got {_kind(value)}) at {path}"
        size = len(value.encode())
        if bytes_max and size > bytes_max:
            return f"string too big (maximum {bytes_max}, got {size}) at {path}"
        if graphemes_max and size > graphemes_max:
            count = len(regex.findall(r"\X", value))
            if count > graphemes_max:
                return f"grapheme too big (maximum {graphemes_max}, got {count}) at {path}"
        if form and not _FORMATS[form][1](value):
            return f"must be {_FORMATS[form][0]} at {path}"
        return None

    return check


def integer(*, least: int = 0) -> Check:
    """Expect a whole number."""

    def check(value: object, path: str) -> str | None:
        if not isinstance(value, int) or isinstance(value, bool):
            return f"Expected integer value type (got {_kind(value)}) at {path}"
        return f"integer too small (minimum {least}, got {value}) at {path}" if value < least else None

    return check


def boolean(value: object, path: str) -> str | None:
    """Expect yes or no."""
    return None if isinstance(value, bool) else f"Expected boolean value type (got {_kind(value)}) at {path}"


def array(each: Check, *, most: int = 0) -> Check:
    """Expect a list; a limit of 0 is none."""

    def check(value: object, path: str) -> str | None:
        if not isinstance(value, list):
            return f"Expected array value type (got {_kind(value)}) at {path}"
        if most and len(value) > most:
            return f"array too big (maximum {most}, got {len(value)}) at {path}"
        return next(
            (wrong for n, one in enumerate(value) if (wrong := each(one, f"{path}[{n}]")) is not None), None
        )

    return check


def obj(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    """Expect an object; members that are not known are nobody's business."""

    def check(value: object, path: str) -> str | None:
        if not isinstance(value, dict):
            return f"Expected object value type (got {_kind(value)}) at {path}"
        for name, each in required.items():
            if name not in value:
                return f'Missing required key "{name}" at {path}'
            if (wrong := each(value[name], f"{path}.{name}")) is not None:
                return wrong
        for name, each in (optional or {}).items():
            if name in value and (wrong := each(value[name], f"{path}.{name}")) is not None:
                return wrong
        return None

    return check


def union(kinds: Mapping[str, Check]) -> Check:
    """Expect one of several objects; it is open, so that a ``$type`` nobody knows is taken unseen."""

    def check(value: object, path: str) -> str | None:
        if not isinstance(value, dict) or not isinstance(value.get("$type"), str):
            return f'Expected an object which includes the "$type" property (got {_kind(value)}) at {path}'
        known = kinds.get(str(value["$type"]))
        return known(value, path) if known is not None else None

    return check


def blob(accept: str, *, bytes_max: int) -> Check:
    """Expect a reference to a blob; its type and size are what the reference says."""

    def check(value: object, path: str) -> str | None:
        match value:
            case {"$type": "blob", "ref": {"$link": str(cid)}, "mimeType": str(kind), "size": int(size)}:
                if not is_cid(cid):
                    return f"Expected blob value type (got {_kind(value)}) at {path}"
            case _:
                return f"Expected blob value type (got {_kind(value)}) at {path}"
        wanted, is_group = accept.removesuffix("*"), accept.endswith("*")
        if not (kind.startswith(wanted) if is_group else kind == wanted):
            return f'Expected "{accept}" (got "{kind}") at {path}.mimeType'
        return f"blob too big (maximum {bytes_max}, got {size}) at {path}" if size > bytes_max else None

    return check


def _kind(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "float"
        case str():
            return "string"
        case list():
            return "array"
    return "object"
