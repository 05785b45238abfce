"""What programs read: every document is what its published schema says, and carries its version."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from tests.planning.builders import NOW, at, bound, buried
from tests.views import samples
from threadsync.content.schemas import load_schema
from threadsync.model.ids import Json
from threadsync.planning.actions import Action, Reason
from threadsync.views import json as views_json
from threadsync.views.json_actions import action_json
from threadsync.views.json_refresh import refresh_json
from threadsync.views.moments import stamp

SCHEMA = load_schema("plan")


def documents() -> dict[str, Json]:
    return {
        "plan": views_json.plan_json(samples.full_plan()),
        "plan of a first run": views_json.plan_json(samples.first_plan()),
        "report": views_json.applied_json(samples.SampleApplied(samples.full_plan(), samples.report())),
        "report with pauses": views_json.applied_json(
            samples.SampleApplied(samples.full_plan(), samples.paused_report())
        ),
        "report of nothing": views_json.applied_json(
            samples.SampleApplied(samples.first_plan(), None, declined=True)
        ),
        "validation": views_json.validation_json(samples.SampleValidation(samples.FINDINGS)),
        "status": views_json.status_json(samples.standings()),
        "publication": views_json.show_json(samples.known()),
        "publication of nothing": views_json.show_json(samples.SampleKnown(at("nothing"))),
        "entries": views_json.entries_json((bound("chain", "one"), buried("gone"))),
        "history": views_json.history_json(samples.copies()),
        "refresh": refresh_json(samples.looked()),
    }


def problems(document: Json, kind: str) -> list[str]:
    resource: Resource[Mapping[str, Json]] = Resource.from_contents(SCHEMA)
    registry = Registry().with_resource("urn:threadsync:schema:plan", resource)
    schema = {"$ref": f"urn:threadsync:schema:plan#/$defs/{kind}"}
    return [error.message for error in Draft202012Validator(schema, registry=registry).iter_errors(document)]


@pytest.mark.parametrize("name", documents())
def test_a_document_is_what_its_schema_says(name: str) -> None:
    document = documents()[name]
    kind = name.split(" ", maxsplit=1)[0]
    assert isinstance(document, dict)
    assert (document["format_version"], document["kind"]) == (1, kind)
    assert problems(document, kind) == []


@pytest.mark.parametrize("name", documents())
def test_a_document_survives_being_written_and_read(name: str) -> None:
    document = documents()[name]
    text = views_json.as_text(document)
    assert json.loads(text) == document
    assert text.isascii()


def test_the_schema_is_a_schema_and_its_root_is_the_plan() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$ref"] == "#/$defs/plan"


def test_the_schema_refuses_what_no_command_prints() -> None:
    """Otherwise a document could lose a key, and nobody would notice."""
    plan = documents()["plan"]
    assert isinstance(plan, dict)
    assert problems({**plan, "surprise": 1}, "plan")
    for name in plan:
        assert problems({key: value for key, value in plan.items() if key != name}, "plan"), name


@pytest.mark.parametrize("action", samples.every_action(), ids=lambda action: action.word)
def test_an_action_without_one_of_its_keys_is_refused(action: Action) -> None:
    whole = action_json(action)
    for name in whole:
        lacking = {key: value for key, value in whole.items() if key != name}
        assert problems(lacking, "action"), name


def test_every_key_of_the_schema_is_described() -> None:
    undescribed = [path for path, schema in keys(SCHEMA["$defs"], "") if "description" not in schema]
    assert undescribed == []


def keys(node: Json, path: str) -> list[tuple[str, Mapping[str, Json]]]:
    """Return every schema under a ``properties``, references resolved."""
    found: list[tuple[str, Mapping[str, Json]]] = []
    if isinstance(node, Mapping):
        properties = node.get("properties")
        if "required" in node and isinstance(properties, Mapping):
            for name, schema in properties.items():
                assert isinstance(schema, Mapping)
                found.append((f"{path}.{name}", resolved(schema)))
        for name, inner in node.items():
            found += keys(inner, f"{path}.{name}")
    return found


def resolved(schema: Mapping[str, Json]) -> Mapping[str, Json]:
    reference = schema.get("$ref")
    definitions = SCHEMA["$defs"]
    assert isinstance(definitions, Mapping)
    if not isinstance(reference, str):
        return schema
    inner = definitions[reference.rpartition("/")[2]]
    assert isinstance(inner, Mapping)
    return {**inner, **schema}


def test_the_exact_text_and_its_count_are_in_the_plan() -> None:
    """Law 10, for programs."""
    action = action_json(samples.create())
    segments = action["segments"]
    assert isinstance(segments, list)
    assert segments[0]["text"] == samples.LONG
    assert segments[0]["count"] == len(samples.LONG)
    paths = [item["path"] for item in segments[0]["media"]]
    assert paths == ["posts/launch/map.png", "posts/door.jpg", "posts/ride.mp4"]


def test_a_program_sees_what_a_picture_was_and_what_is_sent_in_its_place() -> None:
    action = action_json(samples.create())
    segments = action["segments"]
    assert isinstance(segments, list)
    fitted, as_it_is, film = segments[0]["media"]
    assert (fitted["format"], fitted["width"], fitted["size_bytes"]) == ("PNG", 4032, 9_103_412)
    rendition = fitted["rendition"]
    assert (rendition["format"], rendition["width"], rendition["size_bytes"]) == ("JPEG", 1440, 612_345)
    assert as_it_is["rendition"] is None
    assert (film["kind"], film["duration_seconds"]) == ("video", 12.5)
    assert film["captions"] == [{"lang": "de", "path": "posts/ride.de.vtt", "sha256": "c0ffee00"}]
    assert as_it_is["captions"] == []


def test_a_pause_says_what_remains_and_when_it_could_go_on() -> None:
    report = views_json.applied_json(samples.SampleApplied(samples.full_plan(), samples.paused_report()))
    inner = report["report"]
    assert isinstance(inner, dict)
    told = {
        each["target"]: (each["remaining"], each["needs_person"], each["goes_on_at"])
        for each in inner["pauses"]
    }
    day, minutes = NOW + timedelta(days=1), NOW + timedelta(minutes=10)
    assert told == {
        "threads/a": (0, True, None),
        "threads/main": (3, False, stamp(day)),
        "threads/b": (0, False, None),
        "threads/c": (0, False, stamp(minutes)),
    }
    for pause in inner["pauses"]:
        for name in pause:
            assert problems({key: value for key, value in pause.items() if key != name}, "pause"), name


def test_times_are_in_utc() -> None:
    action = action_json(samples.every_action()[9])
    assert (action["until"], action["reason"]) == ("2026-12-03T07:30:00Z", Reason.NOT_DUE)
