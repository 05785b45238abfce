"""The committed state is what applying the committed examples gives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from tests.tools.make_state import APPLIED_AT, ROOT, make
from threadsync.content.schemas import load_schema
from threadsync.operations.plan import plan
from threadsync.operations.workspace import open_project
from threadsync.testing.fakes import FakeClock

STATE = ROOT / "state" / "threadsync.json"
MUST_DIFFER = ("lineage", "serial", "sequence", "checksum", "written_by")


def comparable(path: Path) -> dict[str, Any]:
    found = json.loads(path.read_text())
    for name in MUST_DIFFER:
        found.pop(name)
    for binding in found["bindings"].values():
        binding.pop("provenance")
    found["heartbeat"].pop("run")
    return dict(found)


def test_the_state_is_what_make_state_makes(tmp_path: Path) -> None:
    assert comparable(STATE) == comparable(make(tmp_path))


def test_the_state_is_what_its_schema_says() -> None:
    found = Draft202012Validator(dict(load_schema("state"))).iter_errors(json.loads(STATE.read_text()))
    assert [error.message for error in found] == []


def test_a_fresh_clone_has_nothing_to_do_but_wait() -> None:
    prepared = plan(open_project(ROOT, clock=FakeClock(APPLIED_AT), exact=True))
    assert {action.word for action in prepared.plan.actions} == {"no-op", "wait"}
