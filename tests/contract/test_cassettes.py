"""The client's scenarios where no sandbox is: what it was answered once, played to it again.

If a recording is not today's: ``make cassettes``, then read what changed.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from vcr.errors import CannotOverwriteExistingCassetteException

from tests.contract import recording
from tests.contract.cells import PEERS
from tests.contract.recording import CASSETTES, ELSEWHERE, OUTCOMES, PLAYS, SESSIONS, outcomes, taped
from tests.contract.stage import PLACE, Json, staged
from tests.contract.table import DIFFERENCES, ROWS
from threadsync import Client
from threadsync.errors import Unanswered
from threadsync.flows.effects import Flow
from threadsync.providers.threads import api, webhooks
from threadsync.sandbox.threads import App
from threadsync.sandbox.threads.faults import Operation
from threadsync.testing.fakes import FakeClock

SILENT = {"credentials", "intents", "webhook"}
"""They ask nothing of the network."""


def conversation(path: Path) -> list[Any]:
    """Return what was said; how a version of vcrpy writes it down is its own affair."""
    found: list[Any] = yaml.safe_load(path.read_text(encoding="utf-8"))["interactions"]
    return found


def plain(value: object) -> Json:
    return json.loads(json.dumps(value))


@pytest.mark.parametrize("kind", SESSIONS)
@pytest.mark.parametrize("name", PLAYS)
def test_a_scenario_runs_from_its_recording_alone(name: str, kind: str) -> None:
    """Every request is one of the record, in both worlds, and nothing of the record is left over."""
    recorded = outcomes()[name]
    secrets = {"app_secret": App().secret, "short": "of no use"}
    path = CASSETTES / f"{name}.yaml"
    with (
        taped(path, ELSEWHERE, PLACE, anew=False) as cassette,
        staged(SESSIONS[kind], ELSEWHERE, "of-no-use", recorded["given"], secrets) as stage,
    ):
        told = PLAYS[name].steps(stage)
        assert cassette.all_played
    assert plain(told) == recorded["told"]
    assert path.exists() == (name not in SILENT)


@pytest.mark.live
@pytest.mark.parametrize("name", PLAYS)
def test_the_recording_is_what_the_sandbox_answers_today(name: str, tmp_path: Path) -> None:
    """If this fails: make cassettes."""
    entry = recording.record(name, tmp_path)
    assert entry == outcomes()[name]
    if name not in SILENT:
        assert conversation(tmp_path / f"{name}.yaml") == conversation(CASSETTES / f"{name}.yaml")


@pytest.mark.parametrize(
    ("name", "flow"),
    [
        ("profile", lambda: api.delete_media("me")),
        ("profile", lambda: api.media_object("you", fields=api.PROFILE_FIELDS)),
        ("profile", lambda: api.me(fields="id")),
        ("text", lambda: api.create_container("TEXT", text="12 lifts were repaired.")),
    ],
    ids=["method", "path", "query", "body"],
)
def test_a_recording_answers_nothing_but_what_was_asked(name: str, flow: Callable[[], Flow[Any]]) -> None:
    with (
        taped(CASSETTES / f"{name}.yaml", ELSEWHERE, PLACE, anew=False),
        staged(SESSIONS["requests"], ELSEWHERE, "of-no-use", {}, {}) as stage,
        pytest.raises(CannotOverwriteExistingCassetteException),
    ):
        stage.client.run(flow())


def test_no_recording_holds_a_secret() -> None:
    for path in CASSETTES.iterdir():
        whole = path.read_text(encoding="utf-8")
        for secret in (App().secret, App().token, "sandbox-lift_report", "Bearer"):
            assert secret not in whole, path.name
        if path != OUTCOMES:
            assert all(each["request"]["headers"] == {} for each in conversation(path))


def test_every_row_of_the_table_is_played_and_every_recording_belongs_to_one() -> None:
    assert set(PLAYS) == set(ROWS) == set(outcomes())
    assert {path.stem for path in CASSETTES.glob("*.yaml")} == set(PLAYS) - SILENT


def test_our_client_was_seen_to_use_every_endpoint_that_the_sandbox_knows() -> None:
    assert set(recording.sendable()) == set(map(str, Operation))


def test_the_table_names_what_there_is() -> None:
    named = {word.split("(")[0].strip() for row in ROWS.values() for word in row.ours.split(", ")}
    known = {*api.__all__, *vars(webhooks), "ApiError.fault", "Credentials"}
    # What stands in brackets behind a name are its parameters.
    assert {word for word in named if "=" not in word} <= known
    for row in ROWS.values():
        assert set(row.peers) == set(PEERS)
    assert {each.peer for each in DIFFERENCES} <= set(PEERS)


def test_vcrpy_sees_a_session_and_not_the_connections_of_the_client_itself() -> None:
    """As docs/library.md says: those are watched, to know whether a byte of a request left."""
    name = "profile"
    with (
        taped(CASSETTES / f"{name}.yaml", ELSEWHERE, PLACE, anew=False) as cassette,
        Client(token="of-no-use", base_url=ELSEWHERE, attempts_max=1, clock=FakeClock()) as client,
    ):
        with pytest.raises(Unanswered) as caught:
            client.run(api.me())
        assert cassette.play_count == 0
    assert not caught.value.sent
