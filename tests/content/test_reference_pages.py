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
from threadsync import errors
from threadsync.content.rules import RULES
from threadsync.content.schemas import load_schema
from threadsync.model.fault import FaultClass
from threadsync.operations.rules import RULES as PROJECT_RULES
from threadsync.planning.actions import Reason
from threadsync.providers.bluesky import api as bluesky
from threadsync.providers.bluesky import checks as bluesky_checks
from threadsync.providers.bluesky import faults as bluesky_faults
from threadsync.providers.bluesky.about import ABOUT as BLUESKY
from threadsync.providers.bluesky.faults import ROWS as FAULTS
from threadsync.providers.bluesky.faults import UNKNOWN_REFUSAL
from threadsync.providers.threads import api
from threadsync.providers.threads import checks as threads_checks

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
    there = tmp_path / "reference"
    monkeypatch.setattr(generator, "REFERENCE", there)
    assert generator.main([]) == 0
    assert generator.main(["--check"]) == 0
    (there / "post.md").write_text("old")
    (there / "project.md").unlink()
    assert generator.main(["--check"]) == 1
    said = capsys.readouterr().err
    assert "post.md" in said
    assert "project.md" in said
    assert "rules-content.md" not in said


def test_the_committed_pages_are_what_is_generated(generator: ModuleType) -> None:
    assert generator.stale() == [], "make docs"


def test_every_class_of_error_has_a_row_with_its_status_and_what_to_do(pages: Mapping[str, str]) -> None:
    """All that the module offers, and no name that it has no more."""
    cells = [line.split(" | ") for line in pages["errors.md"].partition("\n## ")[0].splitlines()]
    rows = {row[0].split("`")[1]: row for row in cells if row[0].startswith("| `")}
    classes = {name: each for name, each in vars(errors).items() if inspect.isclass(each) and name[0] != "_"}
    assert set(rows) == {name for name, each in classes.items() if issubclass(each, errors.ThreadsyncError)}
    for name, (_, status, *texts) in rows.items():
        is_usage = issubclass(classes[name], errors.UsageError | errors.PlanError)
        assert status == ("2" if is_usage else "1")
        assert all(text.strip(" |") for text in texts), name


def test_every_kind_of_fault_has_a_row(pages: Mapping[str, str]) -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| ([^|]+) \| [^|]+ \|$", pages["errors.md"], re.MULTILINE)
    assert [name for name, _ in rows] == list(FaultClass)


def test_every_name_of_a_rule_a_reason_and_an_answer_is_in_the_index(pages: Mapping[str, str]) -> None:
    index = re.findall(r"^\| `([^`]+)` \| [^|]+ \| \[[^|]+\]\((.+)\) \|$", pages["rules.md"], re.MULTILINE)
    assert index == sorted(index)
    assert {reason.value for reason in Reason} <= {name for name, page in index if page == "reasons.md"}
    for names, page in (
        (RULES, "rules-content.md"),
        (PROJECT_RULES, "rules-content.md"),
        ([rule.id for rule in threads_checks.RULES], "rules-threads.md"),
        ([rule.id for rule in bluesky_checks.RULES], "rules-bluesky.md"),
        ([row.id for row in FAULTS], "rules-bluesky.md"),
    ):
        assert {(name, page) for name in map(str, names)} <= set(index)


def test_every_key_and_every_rule_has_a_row(pages: Mapping[str, str]) -> None:
    for name in ("post", "project"):
        properties = load_schema(name)["properties"]
        assert isinstance(properties, dict)
        for key in properties:
            assert f"| `{key}`" in pages[f"{name}.md"]
    for rule in RULES:
        assert f"| `{rule}` |" in pages["rules-content.md"]


def test_every_rule_limit_and_error_of_bluesky_has_a_row(pages: Mapping[str, str]) -> None:
    page = pages["rules-bluesky.md"]
    for row in (*bluesky_checks.RULES, *bluesky_faults.ROWS):
        assert f"| `{row.id}` |" in page
    for limit in BLUESKY.limits:
        assert f"| {limit.number:,} | {limit.unit} |" in page


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
