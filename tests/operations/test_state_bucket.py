"""A project whose state is in a bucket: how it is opened, and what ``doctor`` finds wrong with it."""

from __future__ import annotations

import importlib.util
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.operations.desk import Desk, desk_in
from threadsync.errors import ProjectError, StateUnreachable
from threadsync.execution.state_bucket import BucketRemote
from threadsync.operations.checkup import Check, Verdict
from threadsync.operations.doctor import doctor
from threadsync.operations.plan import plan
from threadsync.statefile.shared import SharedStore

KEYS = "{access_key: env:STATE_A, secret_key: 'file:key'}"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with desk_in(tmp_path) as desk, socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
        nobody.close()
        at = f"endpoint: 'http://127.0.0.1:{port}'"
        text = (desk.root / "threadsync.yaml").read_text()
        desk.project(f"{text}state: {{bucket: s3://ours/social, region: r, {at}, credentials: {KEYS}}}\n")
        (desk.root / "key").write_text("CANARY-of-the-state")
        yield desk


def found(desk: Desk, name: str, *, offline: bool = False) -> list[Check]:
    checks = doctor(lambda: desk.workspace, encoding="utf-8", offline=offline)
    return [check for check in checks if check.name == name]


def test_the_project_names_a_bucket_and_everything_says_so(desk: Desk) -> None:
    opened = desk.workspace
    assert opened.project.state_name == "s3://ours/social"
    assert isinstance(opened.store, SharedStore)
    assert isinstance(opened.store.remote, BucketRemote)
    assert opened.store.where.startswith("s3://ours/social at http://127.0.0.1:")
    assert (opened.store.file, opened.store.project) == ("threadsync.json", opened.project.id)


def test_a_bucket_that_does_not_answer_is_told_without_any_secret(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("obstore")
    monkeypatch.setenv("STATE_A", "CANARY-id")
    with pytest.raises(StateUnreachable, match="the bucket of the state cannot be reached") as caught:
        plan(desk.workspace)
    (check,) = found(desk, "state")
    assert check.verdict is Verdict.PROBLEM
    for said in (str(caught.value), caught.value.remedy, check.said):
        assert "CANARY" not in said
        assert "Signature" not in said


def test_a_key_that_is_missing_is_named(desk: Desk) -> None:
    pytest.importorskip("obstore")
    with pytest.raises(ProjectError, match="the 'access_key' credential of state is env:STATE_A"):
        plan(desk.workspace)
    (check,) = found(desk, "state")
    assert (check.verdict, "the environment has no STATE_A" in check.said) == (Verdict.PROBLEM, True)


def test_the_package_that_a_bucket_needs_is_named(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name, *more: None if name == "obstore" else find(name, *more)
    )
    monkeypatch.setitem(sys.modules, "obstore", None)
    (check,) = found(desk, "extras", offline=True)
    assert "the bucket of the state is of kind s3" in check.said
    assert check.remedy == "Run: pip install 'threadsync[hosts]'"
    with pytest.raises(ProjectError, match="is not installed") as caught:
        plan(desk.workspace)
    assert caught.value.remedy == check.remedy


def test_doctor_finds_a_key_of_the_bucket_that_others_can_read(desk: Desk) -> None:
    (desk.root / "key").chmod(0o644)
    assert [check.verdict for check in found(desk, "credential state", offline=True)] == [Verdict.WARNING]


def test_offline_the_bucket_is_not_asked(desk: Desk) -> None:
    (check,) = found(desk, "state", offline=True)
    assert (check.verdict, check.said) == (Verdict.SKIPPED, "s3://ours/social is not on this machine")
    assert found(desk, "bucket", offline=True) == []
