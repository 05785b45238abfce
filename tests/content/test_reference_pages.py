"""The generated pages of the reference are what the schemas and the rules say today."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path

import pytest

from threadsync.content.rules import RULES
from threadsync.content.schemas import load_schema

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"


@pytest.fixture(scope="module")
def pages() -> Mapping[str, str]:
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: Mapping[str, str] = module.pages()
    return found


@pytest.mark.parametrize("name", ["post.md", "project.md", "rules-content.md"])
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
