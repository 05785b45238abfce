"""The generated pages of the reference are what the schemas and the rules say today."""

from __future__ import annotations

import importlib.util
import inspect
import re
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import pytest

from tests.contract.cells import Does, Lacks
from tests.contract.table import DIFFERENCES, ROWS
from threadsync.content.rules import RULES
from threadsync.content.schemas import load_schema
from threadsync.providers.bluesky import api as bluesky
from threadsync.providers.bluesky.faults import ROWS as FAULTS
from threadsync.providers.bluesky.faults import UNKNOWN_REFUSAL
from threadsync.providers.threads import api

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def pages(generator: ModuleType) -> Mapping[str, str]:
    found: Mapping[str, str] = generator.pages()
    return found


def test_a_stale_page_is_named_and_written_anew(
    generator: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generator, "REFERENCE", tmp_path)
    assert generator.main([]) == 0
    assert generator.main(["--check"]) == 0
    (tmp_path / "post.md").write_text("old")
    (tmp_path / "project.md").unlink()
    assert generator.main(["--check"]) == 1
    said = capsys.readouterr().err
    assert "post.md" in said
    assert "project.md" in said
    assert "rules-content.md" not in said


@pytest.mark.parametrize(
    "name",
    [
        "post.md",
        "project.md",
        "rules-content.md",
        "rules-threads.md",
        "threads-api.md",
        "bluesky-api.md",
        "clients.md",
    ],
)
def test_the_committed_page_is_what_is_generated(name: str, pages: Mapping[str, str]) -> None:
    """If this fails: make docs."""
    assert (DOCS / "reference" / name).read_text(encoding="utf-8") == pages[name]


def test_every_key_and_every_rule_has_a_row(pages: Mapping[str, str]) -> None:
    for name in ("post", "project"):
        properties = load_schema(name)["properties"]
        assert isinstance(properties, dict)
        for key in properties:
            assert f"| `{key}`" in pages[f"{name}.md"]
    for rule in RULES:
        assert f"| `{rule}` |" in pages["rules-content.md"]


def test_every_cell_of_the_table_of_clients_is_on_its_page(pages: Mapping[str, str]) -> None:
    rows = {line.split(" | ")[0]: line for line in pages["clients.md"].splitlines() if line.startswith("| ")}
    for row in ROWS.values():
        line = rows[f"| {row.title}"]
        assert f"`{row.ours}`" in line
        for cell in row.peers.values():
            assert isinstance(cell, Lacks) or f"`{cell.calls}`" in line
            assert isinstance(cell, Does) or cell.why in line
    for difference in DIFFERENCES:
        assert difference.why in pages["clients.md"]


def test_every_endpoint_of_threads_has_a_row_with_its_call_scopes_and_page(pages: Mapping[str, str]) -> None:
    rows = [line for line in pages["threads-api.md"].splitlines() if line.startswith("| `")]
    cells = {line.split("`")[1]: [cell.strip() for cell in line.split("|")] for line in rows}
    functions = {name for name in api.__all__ if inspect.isgeneratorfunction(getattr(api, name))}
    assert functions | {"create_container", "challenge", "is_signed", "notification"} <= set(cells)
    for name in functions:
        _, _, call, scopes, _, _, source, _ = cells[name]
        assert call.startswith(("`GET /", "`POST /", "`DELETE /"))
        assert scopes
        assert "(https://developers.facebook.com/docs/threads/" in source


def test_every_method_of_bluesky_has_a_row_with_its_call_errors_and_page(pages: Mapping[str, str]) -> None:
    rows = [line for line in pages["bluesky-api.md"].splitlines() if line.startswith("| `")]
    cells = {line.split("`")[1]: [cell.strip() for cell in line.split("|")] for line in rows}
    functions = {name for name in bluesky.__all__ if inspect.isfunction(getattr(bluesky, name))}
    assert functions == set(cells)
    for name in functions - {"put_request", "delete_request", "writes_request", "permalink"}:
        _, _, call, _, errors, source, _ = cells[name]
        assert call.startswith(("`GET ", "`POST "))
        named = set(filter(None, re.sub(r" \([^)]*\)", "", errors).split(", ")))
        assert named <= {row.id for row in (*FAULTS, UNKNOWN_REFUSAL)}, name
        assert re.match(r"\[.+\]\(https://(docs\.bsky\.app|atproto\.com|web\.plc\.directory)/", source)
