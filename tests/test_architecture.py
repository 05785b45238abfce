"""Rules of the house that no linter knows."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import threadsync

PACKAGE = Path(threadsync.__file__).parent
FLOW_PACKAGES = ("flows", "providers", "execution")


def modules(*packages: str) -> Iterator[Path]:
    for package in packages:
        yield from sorted((PACKAGE / package).rglob("*.py"))


def returns_flow(function: ast.FunctionDef) -> bool:
    return function.returns is not None and ast.unparse(function.returns).startswith("Flow[")


def flows_in(tree: ast.AST) -> set[str]:
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and returns_flow(node)}


def names_of_flows() -> set[str]:
    return {name for path in modules(*FLOW_PACKAGES) for name in flows_in(ast.parse(path.read_text()))}


def forgotten(tree: ast.AST, flows: set[str]) -> list[int]:
    """Return the lines of statements that make a flow and let it fall."""
    own, found = flows_in(tree), []
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Call(func=ast.Name(id=name))) if name in flows:
                found.append(node.lineno)
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=owner, attr=name))):
                # Others have methods called ``send`` too: a method is a flow where its owner makes flows.
                of_self = ast.unparse(owner) == "self" and name in own
                makes = ast.unparse(owner).split(".")[-1]
                of_flows = makes.startswith("api") or makes in {"provider", "carrier"}
                if of_self or (of_flows and name in flows):
                    found.append(node.lineno)
            case _:
                pass
    return found


def test_no_flow_is_made_and_forgotten() -> None:
    """``record(note)`` without ``yield from`` would record nothing, and nothing would say so."""
    flows = names_of_flows()
    assert {"send", "record", "wait", "publish", "create_container"} <= flows
    for path in modules(*FLOW_PACKAGES):
        assert forgotten(ast.parse(path.read_text()), flows) == [], path


def test_the_search_for_forgotten_flows_finds_one() -> None:
    body = "    record(note)\n    yield from record(note)\n    self.f()\n    api.me()\n    other.me()\n"
    assert forgotten(ast.parse(f"def f(self) -> Flow[None]:\n{body}"), {"record", "me"}) == [2, 4, 5]


def test_only_advance_moves_a_flow() -> None:
    callers = [
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"send", "throw"}
        and "flow" in ast.unparse(node.func.value)
    ]
    assert set(callers) == {"flows/core.py"}


def loaded_by(command: str) -> set[str]:
    code = f"import sys; sys.argv = ['threadsync', {command!r}]\n"
    code += "from threadsync.__main__ import main\n"
    code += "try:\n    main()\nexcept SystemExit:\n    pass\nsys.stderr.write(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in done.stderr.split()}


HEAVY = {"requests", "yaml", "jsonschema", "jsonschema_rs", "watchdog", "rich", "PIL", "regex", "starlette"}


def test_help_loads_nothing_heavier_than_click() -> None:
    assert loaded_by("--help") & (HEAVY | {"msgspec"}) == set()


def test_version_loads_nothing() -> None:
    loaded = loaded_by("--version")
    assert loaded & (HEAVY | {"click", "json", "msgspec", "importlib.metadata"}) == set()


def test_the_provider_loads_no_endpoints_but_those_it_uses() -> None:
    """Each plan would wait for the whole API of the network otherwise."""
    code = "import sys, threadsync.providers.threads.provider\nsys.stderr.write(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.removeprefix("threadsync.providers.threads.") for name in done.stderr.split()}
    assert loaded & {"api", "api_discovery", "api_insights", "api_oauth", "api_replies", "webhooks"} == set()


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.name)
def test_every_module_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text()))
