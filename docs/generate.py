"""Make the generated pages of the reference: ``make docs``; ``make docs-check`` compares them.

A test compares the committed pages with what this makes of the schemas and the tables of rules.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from threadsync.content.rules import TABLES
from threadsync.content.schemas import load_schema
from threadsync.model.ids import Json
from threadsync.operations.rules import RULES as PROJECT_RULES
from threadsync.operations.rules import WARNINGS

DOCS = Path(__file__).resolve().parent
REFERENCE = DOCS / "reference"
NOTICE = "<!-- Made by docs/generate.py from {source}. Do not edit. -->"
HEAD = ("| key | class | type | default | meaning | example |", "|---|---|---|---|---|---|")
TYPES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true/false",
    "array": "list",
    "object": "mapping",
}
CLASSES = """\
**Class** says what a key is for: *content* and *audience* are honoured by a target or are an error there,
*decoration* may be left out with a warning in the plan, *control* steers threadsync and is never published.
A change to content, audience or decoration is a change of the post; a change to a control key is not.
"""
POST = """\
# Keys of a post

The front matter of a Markdown post, or a YAML post. The guide is [Writing posts](../writing-posts.md); the
schema for editors is `schema/post.schema.json` (`threadsync schema post`).

Files in the posts folder are posts if they end in `.md`, `.yaml` or `.yml`. Those whose name starts with
`.`, `_` or `#`, or ends in `~`, `.swp`, `.tmp` or `.bak`, are passed over, and so are such folders.

`null` takes out what `defaults` or another layer says; in a post of its own it means: not set.
"""
PROJECT = """\
# Keys of the project file

`threadsync.yaml` stands at the top of a project. The schema for editors is `schema/project.schema.json`
(`threadsync schema project`).
"""
RULES = """\
# Rules of the content checks

What `threadsync validate` finds in files. Each finding has file, line, column, rule and remedy. A network's
own rules are listed with the network.

| rule | severity | meaning | what to do |
|---|---|---|---|"""

DECISIONS = """\
# Decisions

Why it is built as it is: one page for each decision, with what was considered, and what follows from it.
"""


def pages() -> Mapping[str, str]:
    """Return the generated pages, by their paths from ``docs/reference``."""
    made = {
        "post.md": _schema_page("post", POST),
        "project.md": _schema_page("project", PROJECT),
        "rules-content.md": _rules_page(),
        "rules-threads.md": _beside("generate_threads").page(
            NOTICE.format(source="threadsync/providers/threads")
        ),
        "rules-bluesky.md": _beside("generate_bluesky").page(
            NOTICE.format(source="threadsync/providers/bluesky")
        ),
        "threads-api.md": _beside("generate_api").threads(
            NOTICE.format(source="threadsync/providers/threads/api.py")
        ),
        "bluesky-api.md": _beside("generate_api").bluesky(
            NOTICE.format(source="threadsync/providers/bluesky/api.py")
        ),
        "clients.md": _beside("generate_clients").page(NOTICE.format(source="tests/contract/table.py")),
        **_beside("generate_cli").pages(),
    }
    explaining = {name: text for name, text in made.items() if name.startswith("rules-")}
    reasons = (DOCS / "reference" / "reasons.md").read_text(encoding="utf-8")
    notice = NOTICE.format(source="threadsync/errors.py and the pages beside it")
    errors = _beside("generate_errors").pages(notice, {**explaining, "reasons.md": reasons})
    return {**made, **errors, "../adr/README.md": _decisions()}


def _beside(name: str) -> ModuleType:
    """Load another module of this folder, wherever this one is run from."""
    spec = spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None, "a path ending in .py has a loader"
    assert spec.loader is not None, "a path ending in .py has a loader"
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _schema_page(name: str, intro: str) -> str:
    schema = load_schema(name)
    lines = [NOTICE.format(source=f"schema/{name}.schema.json"), "", intro, CLASSES, *HEAD]
    lines += _rows(schema, schema, "", set(_names(schema.get("required"))))
    return "\n".join(lines) + "\n"


def _rows(
    node: Mapping[str, Json], root: Mapping[str, Json], prefix: str, required: set[str]
) -> Iterator[str]:
    """Yield a row for each key of *node*, and of what lies in it."""
    for name, child in (*_mapping(node.get("properties")).items(), *_named(node)):
        schema = _resolved(_mapping(child), root)
        path = f"{prefix}{name}"
        mark = " (required)" if name in required else ""
        cells = [
            f"`{path}`{mark}",
            str(schema.get("x-class", "")),
            _type(schema),
            _code(schema.get("default")),
            str(schema.get("description", "")),
            _code(next(iter(_list(schema.get("examples"))), None)),
        ]
        if "title" in schema:
            yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
        if path == "overrides.NAME" or (prefix and "$ref" in _mapping(child)):
            # Its keys are those of the whole post, and have their rows there.
            continue
        items = _mapping(schema.get("items"))
        inside = items if items.get("properties") else schema
        step = "[]." if inside is items else "."
        yield from _rows(inside, root, path + step, set(_names(inside.get("required"))))


def _named(node: Mapping[str, Json]) -> list[tuple[str, Json]]:
    """Return what stands under names that the author chooses."""
    return [("NAME", child) for child in _mapping(node.get("patternProperties")).values()]


def _resolved(schema: Mapping[str, Json], root: Mapping[str, Json]) -> Mapping[str, Json]:
    reference = schema.get("$ref")
    if not isinstance(reference, str):
        return schema
    found: Json = root
    for step in reference.removeprefix("#/").split("/"):
        found = _mapping(found)[step]
    return _mapping(found)


def _type(schema: Mapping[str, Json]) -> str:
    values = [str(value) for value in _list(schema.get("enum")) if value is not None]
    if values:
        return ", ".join(f"`{value}`" for value in values)
    types = schema.get("type")
    words = [TYPES[word] for word in ([types] if isinstance(types, str) else _names(types)) if word != "null"]
    return " or ".join(words)


def _code(value: Json) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "`true`" if value else "`false`"
        case str():
            return f"`{value}`" if value else '`""`'
        case _:
            return f"`{_flow(value)}`"


def _flow(value: Json) -> str:
    """Return *value* as YAML in one line."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case Mapping():
            return "{" + ", ".join(f"{key}: {_flow(inner)}" for key, inner in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(_flow, value)) + "]"
        case str() if any(sign in value for sign in ",:{}[]#'") or value.isdigit():
            return f'"{value}"'
        case _:
            return str(value)


def _rules_page() -> str:
    lines = [NOTICE.format(source="threadsync/content/rules.py"), "", RULES]
    for table in TABLES:
        for rule in table:
            cells = (f"`{rule.id}`", rule.severity.value, rule.meaning, rule.remedy)
            # A remedy may show how a picture is written, which is none of this page.
            shown = (cell.replace("|", "\\|").replace("](", "\\](") for cell in cells)
            lines.append("| " + " | ".join(shown) + " |")
    for rule, (said, remedy) in PROJECT_RULES.items():
        lines.append(f"| `{rule}` | {'warning' if rule in WARNINGS else 'error'} | {said} | {remedy} |")
    return "\n".join(lines) + "\n"


def _decisions() -> str:
    """Return the list of the decisions, by the headings of their pages."""
    every = sorted((DOCS / "adr").glob("0*.md"))
    titles = [path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ") for path in every]
    rows = [f"* [{title}]({path.name})" for title, path in zip(titles, every, strict=True)]
    return "\n".join([NOTICE.format(source="the pages beside it"), "", DECISIONS, *rows]) + "\n"


def _mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _names(value: Json) -> list[str]:
    return [str(each) for each in _list(value)]


def stale() -> list[str]:
    """Return the pages whose file is not what is generated, by their names in ``docs/reference``."""
    found = []
    for name, text in pages().items():
        path = REFERENCE / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            found.append(name)
    return found


def main(arguments: list[str]) -> int:
    """Write the pages; with ``--check``, only say which ones are stale, and return 1 if one is."""
    if arguments == ["--check"]:
        for name in stale():
            sys.stderr.write(f"docs/reference/{name} is not what docs/generate.py makes: run `make docs`.\n")
        return 1 if stale() else 0
    for name, text in pages().items():
        (REFERENCE / name).parent.mkdir(parents=True, exist_ok=True)
        (REFERENCE / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
