"""What the commands say as JSON of a project on two networks: each document is what its schema says."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tests.live.projects import ENVIRON, ROOT
from threadsync.cli.demo_tour import copy_examples, point_at
from threadsync.sandbox.server import running
from threadsync.sandbox.settings import SandboxSettings

pytest.importorskip("libipld")
pytestmark = pytest.mark.live

BRAND = "bluesky/brand"
PLAN = json.loads((ROOT / "schema/plan.schema.json").read_text(encoding="utf-8"))
INSIGHTS = json.loads((ROOT / "schema/insights.schema.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The examples, before both networks; nothing is published yet."""
    folder = tmp_path_factory.mktemp("examples")
    copy_examples(folder)
    with running(SandboxSettings()) as sandbox:
        point_at(folder, sandbox)
        yield folder


def said(folder: Path, *arguments: str, status: int = 0) -> dict[str, object]:
    """Run a command, check what it says against its schema, and return that."""
    done = subprocess.run(
        [sys.executable, "-m", "threadsync", "--project", str(folder), *arguments, "--format", "json"],
        capture_output=True, text=True, timeout=120, check=False, env=ENVIRON,
    )  # fmt: skip
    assert done.returncode == status, done.stderr
    document = json.loads(done.stdout)
    kind = document["kind"]
    schema = {"plan": PLAN, "insights": INSIGHTS}.get(kind) or {
        "$ref": f"#/$defs/{kind}",
        "$defs": PLAN["$defs"],
    }
    assert [error.message for error in Draft202012Validator(schema).iter_errors(document)] == []
    assert BRAND in done.stdout
    return document


def test_every_document_of_bluesky_publications_is_what_its_schema_says(folder: Path) -> None:
    """In the order of a life: planned, applied, extended, changed, looked at."""
    planned = said(folder, "plan")
    changes = {each["address"]: each for each in planned["actions"]}  # type: ignore[attr-defined]
    assert changes["week-in-pictures@bluesky/brand"]["segments"][0]["attached"] == {
        "link 1, “All numbers”": "https://example.org/lift-report/2027-autumn"
    }
    assert changes["welcome@bluesky/brand"]["segments"][0]["unit"] == "graphemes"
    report = said(folder, "apply", "--yes", "--first-run")
    assert "welcome@bluesky/brand" in json.dumps(report)
    with (folder / "examples/posts/lifts/index.md").open("a", encoding="utf-8") as file:
        file.write("\n---\n\nOne more part.\n")
    pictures = folder / "examples/posts/week-in-pictures.md"
    pictures.write_text(pictures.read_text(encoding="utf-8").replace("six", "6"), encoding="utf-8")
    words = {each["address"]: each["action"] for each in said(folder, "plan", "--refresh")["actions"]}  # type: ignore[attr-defined]
    assert words["lift-report@bluesky/brand"] == "extend"
    assert words["week-in-pictures@bluesky/brand"] == "blocked"
    for command in (("status",), ("show", "lift-report@bluesky/brand"), ("refresh",), ("insights",)):
        said(folder, *command)
    said(folder, "state", "list")
    said(folder, "auth", "status")
    said(folder, "log")
    said(folder, "doctor")
