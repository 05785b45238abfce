"""What is wrong with a document that its schema refused, said about its keys and lines.

The schemas are written so that each error has one cause: unions are lists of types, and there is no
``anyOf`` to choose a branch of (``tests/test_schema.py`` keeps it so).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from threadsync.content import schemas
from threadsync.content.escape import shown
from threadsync.content.foreign import without
from threadsync.content.rules import finding
from threadsync.content.yaml12 import Document, Path
from threadsync.model.diagnostic import Diagnostic, Location
from threadsync.model.ids import Json

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

FINDINGS_MAX = 50
"""How many findings one document gets; one with more is not one that somebody wrote."""

_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
}


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return ``Did you mean X?`` for the known word nearest to *word*, or else nothing."""
    near = difflib.get_close_matches(word[:80], sorted(known), n=1, cutoff=0.6)
    return f"Did you mean {near[0]}?" if near else ""


def check(  # noqa: PLR0917  (a document, its schema, and where it stands)
    value: Json,
    schema: str,
    document: Document,
    file: str,
    prefix: Path = (),
    foreign: frozenset[str] = frozenset(),
) -> list[Diagnostic]:
    """Find everything wrong with *value*.

    Args:
        value: what is checked against the schema.
        schema: the schema's name.
        document: where the keys of *value* stand.
        file: the file they stand in.
        prefix: the path of *value* that *document* starts at; what lies outside it is not told.
        foreign: networks that the schema does not know, whose blocks of options may stand in a post.
    """
    if foreign:
        value = without(value, foreign)
    if schemas.accepts(schema)(value):
        return []
    errors = schemas.explainer(schema).iter_errors(value)
    found: dict[Diagnostic, None] = {}
    for error in errors:
        for diagnostic in _told(error, _Places(document, file, prefix, foreign)):
            found[diagnostic] = None
        if len(found) >= FINDINGS_MAX:
            break
    assert found, "both validators agree (tests/test_schema.py)"
    return list(found)


class _Places:
    def __init__(self, document: Document, file: str, prefix: Path, foreign: frozenset[str]) -> None:
        self.foreign = foreign
        self._document = document
        self._file = file
        self._skip = len(prefix)

    def value(self, path: Path) -> Location:
        return Location(self._file, *self._document.place(path[self._skip :]))

    def key(self, path: Path) -> Location:
        return Location(self._file, *self._document.key_place(path[self._skip :]))


def _dotted(path: Path) -> str:
    """Return *path* as a message names it: ``segments[2].text``; lists count from 1."""
    parts = [f"[{step + 1}]" if isinstance(step, int) else f".{shown(step)}" for step in path]
    return "".join(parts).removeprefix(".") or "the document"


def _told(error: ValidationError, places: _Places) -> Iterator[Diagnostic]:
    path: Path = tuple(error.absolute_path)
    name, here = _dotted(path), places.value(path)
    schema = error.schema if isinstance(error.schema, Mapping) else {}
    # jsonschema types neither: they are whatever the document and the schema hold there.
    instance: Any = error.instance
    wanted: Any = error.validator_value
    match error.validator:
        case _ if schema.get("x-secret"):
            # What stands here may be the secret itself: nothing of it is told.
            yield finding("schema/secret", here, f"{name} does not say where the credential is.")
        case "additionalProperties":
            yield from _unknown_keys(instance, schema, path, places)
        case "type":
            problem, remedy = _type(name, path, instance, wanted)
            if path and "object" in wanted:
                remedy = remedy if "string" in wanted and remedy else _mapping(path, schema) or remedy
            yield finding("schema/type", here, problem, remedy)
        case "enum":
            yield finding("schema/value", here, *_enum(name, instance, wanted))
        case "required":
            yield from (
                finding("schema/missing-key", places.key(path), f"{name} has no {key}.", f"Add {key}:.")
                for key in wanted
                if key not in instance
            )
        case "pattern":
            example = _example(schema)
            yield finding(
                "schema/form",
                here,
                f"{name} is {_quoted(instance)}, which has not the right form.",
                f"{schema.get('description', '')} For example: {example}".strip() if example else None,
            )
        case "uniqueItems":
            yield finding("schema/twice", here, f"{name} has the same entry twice.")
        case "minLength" | "minItems" | "minProperties":
            remedy = "Write something there, or take the key out." if wanted == 1 else None
            yield finding("schema/size", here, _too_little(name, instance, wanted), remedy)
        case "maxProperties":
            keys = ", ".join(map(shown, instance))
            problem = f"{name} has {len(instance)} keys ({keys}), of which {wanted} is allowed."
            yield finding("schema/size", here, problem, _parted(path, instance, schema))
        case "maxLength" | "maxItems":
            unit = "characters" if error.validator == "maxLength" else "entries"
            problem = f"{name} has {len(instance):,} {unit}, and {wanted:,} are allowed."
            yield finding("schema/size", here, problem)
        case _:
            yield finding("schema/value", here, f"{name} is {_quoted(instance)}: {shown(error.message)}.")


def _unknown_keys(
    instance: Mapping[str, Json], schema: Mapping[str, Json], path: Path, places: _Places
) -> Iterator[Diagnostic]:
    known = schema.get("properties", {})
    by_pattern = schema.get("patternProperties", {})
    assert isinstance(known, Mapping), "a schema's properties are a mapping"
    assert isinstance(by_pattern, Mapping), "a schema's patternProperties are a mapping"
    whole = f" of {_dotted(path)}" if path else ""
    for key in instance:
        if key in known or any(_matches(pattern, key) for pattern in by_pattern):
            continue
        here = places.key((*path, key))
        if key in places.foreign:
            problem = f"{shown(key)} must be a mapping, and is {_quoted(instance[key])}."
            yield finding("schema/type", here, problem, f"Write {shown(key)}: {{OPTION: …}}.")
            continue
        if by_pattern:
            remedy = "Names look like threads/main." if "/" in next(iter(by_pattern)) else None
            yield finding("schema/name", here, f"{_quoted(key)} is not a name{whole}.", remedy)
            continue
        belongs = "" if path else _belongs(key)
        remedy = belongs or suggestion(key, known) or f"Known keys{whole}: {', '.join(known)}."
        yield finding("schema/unknown-key", here, f"{_quoted(key)} is not a key{whole}.", remedy)


def _matches(pattern: str, key: str) -> bool:
    return re.search(pattern, key) is not None


def _belongs(key: str) -> str:
    """Say in which network's block *key* belongs, if it does in one."""
    networks = schemas.load_schema("post")["$defs"]
    assert isinstance(networks, Mapping), "the definitions are the networks' blocks"
    for network, block in networks.items():
        if (
            isinstance(block, Mapping)
            and isinstance(known := block.get("properties"), Mapping)
            and key in known
        ):
            return f"It belongs into {network}: write {network}: {{{key}: …}}."
    return ""


def _quoted(value: Json) -> str:
    match value:
        case str():
            return f'"{shown(value)}"'
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case Mapping():
            return "a mapping"
        case _:
            return "a list"


def _type(name: str, path: Path, instance: Json, wanted: str | Sequence[str]) -> tuple[str, str | None]:
    types = [wanted] if isinstance(wanted, str) else [each for each in wanted if each != "null"]
    problem = f"{name} must be {' or '.join(_TYPES[each] for each in types)}, and is {_quoted(instance)}."
    label = _label(path)
    if "string" in types and isinstance(instance, bool | int | float):
        return problem, f'Put it in quotes: {label}"{_quoted(instance)}"'
    if "string" in types and isinstance(instance, Mapping) and len(instance) == 1:
        ((key, inner),) = instance.items()
        if isinstance(inner, str):
            return (
                problem,
                f'": " made a mapping of it; put it in quotes: {label}"{shown(key)}: {shown(inner)}"',
            )
    if "array" in types and isinstance(instance, str | int | float):
        return problem, f"Write a list: {label}[{shown(str(instance))}]"
    if "boolean" in types and isinstance(instance, str) and instance.lower() in {"yes", "on", "no", "off"}:
        word = "true" if instance.lower() in {"yes", "on"} else "false"
        return problem, f"Write {label}{word}"
    return problem, None


def _label(path: Path) -> str:
    """Return what stands before the value at *path* in a corrected line."""
    return f"{path[-1]}: " if path and isinstance(path[-1], str) else "- " if path else ""


def _mapping(path: Path, schema: Mapping[str, Json]) -> str:
    """Show the mapping that is wanted at *path*, if *schema* knows its keys; a needed one stands first."""
    known = schema.get("properties")
    if not isinstance(known, Mapping) or not known:
        return ""
    needed = schema.get("required")
    first = str(needed[0]) if isinstance(needed, list) and needed else next(iter(known))
    others = [key for key in known if key != first]
    besides = f" Other keys: {', '.join(others)}." if others else ""
    return f"Write {_label(path)}{{{first}: …}}.{besides}"


def _parted(path: Path, instance: Mapping[str, Json], schema: Mapping[str, Json]) -> str:
    """Say what to do with keys that may not stand together: in a list, each may stand in an entry."""
    kinds = schema.get("type")
    if not isinstance(kinds, list) or "array" not in kinds:
        return "Keep one, and make each other one an entry of its own."
    entries = ", ".join(f"{{{shown(key)}: …}}" for key in instance)
    return f"Keep one, or write a list: {_label(path)}[{entries}]"


def _enum(name: str, instance: Json, allowed: Sequence[Json]) -> tuple[str, str]:
    words = [str(each) for each in allowed if each is not None]
    near = suggestion(str(instance), words) if isinstance(instance, str) else ""
    are = "is" if len(words) == 1 else "are"
    only = f"{name} is {_quoted(instance)}, and only {', '.join(words)} {are} known."
    return only, near or f"Write {' or '.join(words)}."


def _too_little(name: str, instance: Json, least: int) -> str:
    if least == 1:
        return f"{name} is empty."
    size = len(instance) if isinstance(instance, Sequence | Mapping) else 0
    return f"{name} has too few entries: {size} of at least {least}."


def _example(schema: Mapping[str, Json]) -> str:
    examples = schema.get("examples")
    return str(examples[0]) if isinstance(examples, list) and examples else ""
