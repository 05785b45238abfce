"""The published schemas, and the validators made from them.

``jsonschema-rs`` accepts what is fine, in microseconds. ``jsonschema``, the authority, is imported only
for a document that was refused, and says why (``explain``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from threadsync.model.ids import Json

if TYPE_CHECKING:
    from collections.abc import Callable

    from jsonschema import Draft202012Validator

NAMES = ("post", "project", "state", "plan", "insights")

_PACKAGE = Path(__file__).resolve().parent.parent
_FOLDERS = (_PACKAGE / "schema", _PACKAGE.parent / "schema")
"""Where an installed package has its schemas, and where a checkout has them."""


def schema_text(name: str) -> str:
    """Return a published schema as it is in its file.

    Raises:
        LookupError: there is no schema of this name.
    """
    for folder in _FOLDERS:
        path = folder / f"{name}.schema.json"
        if path.is_file():
            return path.read_text(encoding="utf-8")
    raise LookupError(f"no schema is named {name!r}")


@cache
def load_schema(name: str) -> Mapping[str, Json]:
    """Return the schema *name*: post, project, state, plan or insights.

    Raises:
        LookupError: there is no schema of this name.
    """
    schema = json.loads(schema_text(name))
    assert isinstance(schema, dict), "a schema is a mapping"
    return schema


@cache
def accepts(name: str) -> Callable[[Json], bool]:
    """Return the fast check of documents against the schema *name*."""
    import jsonschema_rs

    return jsonschema_rs.Draft202012Validator(dict(load_schema(name))).is_valid


@cache
def explainer(name: str) -> Draft202012Validator:
    """Return the validator whose errors say what is wrong with a document."""
    from jsonschema import Draft202012Validator

    schema = _for_python(load_schema(name))
    assert isinstance(schema, dict), "a schema is a mapping"
    return Draft202012Validator(schema)


def _for_python(schema: Json) -> Json:
    r"""Return *schema* with its patterns as Python reads them.

    JSON Schema's ``$`` (ECMA 262) matches at the end alone, Python's also before a last line end.
    """
    match schema:
        case Mapping():
            found = {key: _for_python(value) for key, value in schema.items()}
            if isinstance(pattern := found.get("pattern"), str):
                found["pattern"] = _ending(pattern)
            if isinstance(by_pattern := found.get("patternProperties"), Mapping):
                found["patternProperties"] = {_ending(key): value for key, value in by_pattern.items()}
            return found
        case list():
            return [_for_python(value) for value in schema]
        case _:
            return schema


def _ending(pattern: str) -> str:
    return pattern[:-1] + r"\Z" if pattern.endswith("$") else pattern
