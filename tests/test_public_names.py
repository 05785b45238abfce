"""What docs/compatibility.md promises, as far as a promise can be tested: nobody changes it unawares."""

from __future__ import annotations

import inspect
import json
import re
import tomllib
from collections.abc import Callable, Iterator
from enum import Enum
from importlib import import_module
from pathlib import Path
from types import UnionType
from typing import get_args

import pytest

from threadsync.content.schemas import load_schema
from threadsync.errors import ThreadsyncError
from threadsync.statefile import codec
from threadsync.views import json as views

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "compatibility.md").read_text(encoding="utf-8")
CHOSEN = {
    "threadsync.model.fault": ("Fault", "FaultClass"),
    "threadsync.execution.apilog": ("Call", "read_calls"),
    "threadsync.execution.sessions": ("SessionStore",),
    "threadsync.flows.core": ("gather",),
    "threadsync.flows.effects": ("Flow",),
}
"""Of these modules some names alone are public."""


def public() -> list[str]:
    """Return the modules of the page's table."""
    return re.findall(r"^\| `(threadsync[\w.]*)` \|", PAGE, re.MULTILINE)


def names(module: str) -> list[str]:
    """Return the public names of *module*, in the order of the alphabet."""
    loaded = import_module(module)
    aliases = inspect.get_annotations(loaded)
    own = {
        name
        for name, value in vars(loaded).items()
        if not name.startswith("_") and (name in aliases or getattr(value, "__module__", module) == module)
    }
    modules = {name for name in own if inspect.ismodule(getattr(loaded, name))}
    found = CHOSEN.get(module) or getattr(loaded, "__all__", None) or own - modules
    return sorted(set(found) - {"TYPE_CHECKING", "annotations"})


def described() -> Iterator[str]:
    for module in public():
        yield f"# {module}"
        for name in names(module):
            yield from _described(name, getattr(import_module(module), name))
        yield ""


def _described(name: str, value: object) -> Iterator[str]:
    if inspect.isclass(value):
        # What is caught by which kind is a promise; what a value is made of is none.
        above = [each.__name__ for each in value.__mro__[1:] if issubclass(each, ThreadsyncError)]
        base = next((each for each in above if not each.startswith("_")), "")
        yield f"class {name}({base})" if base else f"class {name}"
        for line in (*_fields(value), *_told(value), *_methods(value)):
            yield f"    {line}"
    elif inspect.isfunction(value):
        yield f"{name}{_arguments(value)}"
    elif isinstance(value, UnionType):
        yield f"{name} = {' | '.join(each.__name__ for each in get_args(value))}"
    else:
        yield name if get_args(value) else f"{name}: {type(value).__name__}"


def _fields(owner: type) -> Iterator[str]:
    """Say the fields of a value, or the arguments that make something else; not how it is made of them."""
    if issubclass(owner, Enum):
        yield from (f"{each.name} = {each.value!r}" for each in owner)
        return
    said = {
        name: getattr(kind, "__forward_arg__", kind)
        for each in reversed(owner.__mro__)
        if each.__module__.startswith("threadsync")
        for name, kind in inspect.get_annotations(each).items()
        if not name.startswith("_") and not str(kind).startswith("ClassVar")
    }
    arguments = {} if issubclass(owner, dict) or not said else inspect.signature(owner).parameters
    optional = {name for name, each in arguments.items() if each.default is not each.empty}
    yield from (f"{name}: {kind}{' = …' if name in optional else ''}" for name, kind in said.items())
    if inspect.isfunction(vars(owner).get("__init__")) and not _is_made(owner):
        yield f"__init__{_arguments(vars(owner)['__init__'])}"


def _told(owner: type) -> Iterator[str]:
    """Say what an error can be asked."""
    made_by = next(each for each in owner.__mro__ if "__init__" in vars(each))
    if issubclass(owner, Exception) and (made_by is owner or made_by.__name__.startswith("_")):
        yield from re.findall(r"self\.([a-z]\w*) =", inspect.getsource(vars(made_by)["__init__"]))


def _is_made(owner: type) -> bool:
    """Whether what makes a value of its fields was written by a library."""
    return vars(owner)["__init__"].__code__.co_filename == "<string>"


def _methods(owner: type) -> Iterator[str]:
    for name, value in sorted(vars(owner).items()):
        if name.startswith("_"):
            continue
        if isinstance(value, property):
            assert value.fget is not None
            yield f"{name} -> {value.fget.__annotations__['return']}"
        elif isinstance(value, classmethod | staticmethod):
            yield f"{type(value).__name__} {name}{_arguments(value.__func__)}"
        elif inspect.isfunction(value):
            yield f"{'async ' if inspect.iscoroutinefunction(value) else ''}{name}{_arguments(value)}"


def _arguments(function: Callable[..., object]) -> str:
    """Say each argument with its type, whether it has a default, and what comes back."""
    signature = inspect.signature(function)
    said, is_named = [], False
    for each in signature.parameters.values():
        if each.name in {"self", "cls"}:
            continue
        if each.kind is each.KEYWORD_ONLY and not is_named:
            said.append("*")
            is_named = True
        sign = {each.VAR_POSITIONAL: "*", each.VAR_KEYWORD: "**"}.get(each.kind, "")
        default = "" if each.default is each.empty else " = …"
        said.append(f"{sign}{each.name}: {each.annotation}{default}")
    return f"({', '.join(said)}) -> {signature.return_annotation}"


def test_no_public_name_argument_or_field_changes_unawares(golden: Callable[[str, str], None]) -> None:
    """One that is meant to: ``pytest --update-golden`` this, read the difference, and write the changelog."""
    golden("api/names.txt", "\n".join(described()).rstrip() + "\n")


@pytest.mark.parametrize("page", ["library", "from-pythreads", "from-pysky"])
def test_no_example_for_library_users_imports_what_may_change_under_them(page: str) -> None:
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    used = re.findall(r"^ *from (threadsync[\w.]*) import (.+)$", text, re.MULTILINE)
    assert used
    for module, imported in used:
        for name in re.sub(r" as \w+", "", imported).split(", "):
            assert f"{module}.{name}" in public() or name in names(module), (module, name)


def test_the_versions_of_the_page_are_those_in_use() -> None:
    assert f"(`format_version: {views.FORMAT_VERSION}`)" in PAGE
    assert f"(`version: {codec.VERSION}`)" in PAGE
    assert load_schema("project")["properties"]["version"]["enum"] == [1]  # type: ignore[index,call-overload]
    assert "(`version: 1`), and what it means" in PAGE
    pinned = json.loads((ROOT / "tests/data/digests.json").read_text())
    assert f"(`digest_version: {max(map(int, pinned))}`)" in PAGE


def test_every_version_of_the_state_has_a_golden_file_and_a_way_to_the_next() -> None:
    versions = range(1, codec.VERSION + 1)
    files = {path.stem for path in (ROOT / "tests/data/state").glob("v*.json")}
    assert files == {f"v{version}" for version in versions}
    assert set(codec.UPGRADES) == {version for version in versions if version < codec.VERSION}
    for name in files:
        codec.decode((ROOT / f"tests/data/state/{name}.json").read_bytes())


def test_python_is_the_one_that_the_page_says() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert f"Python {project['requires-python'].removeprefix('>=')} and newer." in PAGE


def test_nothing_is_deprecated_so_far() -> None:
    """The page says so; with the first thing that is, it says what."""
    assert "So far nothing is deprecated." in PAGE
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "### Deprecated" not in changelog
