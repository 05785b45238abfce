"""The published schemas: complete, explained, and read alike by both validators."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from threadsync.content import explain, schemas, yaml12
from threadsync.content.foreign import NETWORK_BLOCKS
from threadsync.content.rules import RULES
from threadsync.flows.bounds import Bounds
from threadsync.model.ids import Json
from threadsync.model.post import IfLate, OnChange, OnRemove
from threadsync.model.target import Policies, Safety

NAMES = ("post", "project")
CONTROL = {
    *("key", "targets", "publish", "draft", "withdraw", "protect", "on_change", "on_remove", "replace"),
    *("republish", "moved_from", "backfill", "notes", "fit"),
}
"""The control keys of the design; every other key changes the post."""


def nodes(schema: Json, path: str = "") -> Iterator[tuple[str, Mapping[str, Json]]]:
    """Yield every subschema that describes a key, with its path."""
    if not isinstance(schema, dict):
        return
    for word in ("properties", "patternProperties", "$defs"):
        for name, child in schema.get(word, {}).items():
            yield f"{path}/{name}", child
            yield from nodes(child, f"{path}/{name}")
    yield from nodes(schema.get("items"), f"{path}[]")


def every(name: str) -> list[tuple[str, Mapping[str, Json]]]:
    return [(path, node) for path, node in nodes(schemas.load_schema(name)) if "$ref" not in node]


@pytest.mark.parametrize("name", NAMES)
def test_every_key_is_explained_with_an_example_and_a_class(name: str) -> None:
    for path, node in every(name):
        if "/^" in path and not node.get("title"):
            # What stands under a name of the author's own (a role, an override) is explained above it.
            continue
        assert str(node["description"]).endswith("."), path
        assert node["x-class"] in {"content", "audience", "decoration", "control"}, path
        if "^" not in path.rpartition("/^")[2] and not path.endswith("$"):
            assert node["examples"], path


@pytest.mark.parametrize("name", NAMES)
def test_every_example_and_default_is_valid(name: str) -> None:
    whole = schemas.explainer(name)
    for path, node in every(name):
        validator = whole.evolve(schema=dict(node))
        examples = node.get("examples", [])
        assert isinstance(examples, list)
        for value in [*examples, *([node["default"]] if "default" in node else [])]:
            assert validator.is_valid(value), (path, value)


def words_of(schema: Json) -> Iterator[str]:
    if isinstance(schema, dict):
        yield from schema
    for inner in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from words_of(inner)


@pytest.mark.parametrize("name", NAMES)
def test_every_mapping_is_closed_and_no_error_has_two_causes(name: str) -> None:
    assert not {"anyOf", "oneOf", "allOf", "not", "if"} & set(words_of(dict(schemas.load_schema(name))))
    for path, node in [("", schemas.load_schema(name)), *every(name)]:
        if "properties" in node or "patternProperties" in node:
            assert node["additionalProperties"] is False, path


def test_the_control_keys_are_those_of_the_design() -> None:
    properties = schemas.load_schema("post")["properties"]
    assert isinstance(properties, dict)
    classes = {key: node.get("x-class") for key, node in properties.items() if "$ref" not in node}
    assert {key for key, kind in classes.items() if kind == "control"} == CONTROL


def test_the_schemas_know_what_the_values_know() -> None:
    post, project = schemas.load_schema("post"), schemas.load_schema("project")

    def words(schema: Json, *path: str) -> set[str]:
        for step in path:
            assert isinstance(schema, dict)
            schema = schema[step]
        assert isinstance(schema, dict)
        return {str(word) for word in schema["enum"] if word is not None}

    assert words(post, "properties", "on_change") == set(OnChange)
    assert words(post, "properties", "on_remove") == set(OnRemove)
    assert words(post, "properties", "publish", "properties", "if_late") == set(IfLate)
    assert set(post["$defs"]) == NETWORK_BLOCKS  # type: ignore[arg-type]  # a mapping of definitions
    assert post["$defs"] == project["$defs"]
    parts = project["properties"]
    assert isinstance(parts, dict)
    assert set(parts["policies"]["properties"]) == set(Policies.__struct_fields__)
    assert set(parts["safety"]["properties"]) == set(Safety.__struct_fields__)
    (target,) = parts["targets"]["patternProperties"].values()
    bounds = target["properties"]["bounds"]["properties"]
    assert {key: node["default"] for key, node in bounds.items()} == {
        each: getattr(Bounds(), each) for each in Bounds.__struct_fields__
    }
    assert {key for key, node in bounds.items() if node["type"] == "integer"} == {
        each for each, kind in Bounds.__annotations__.items() if kind == "int"
    }


def test_the_defaults_of_a_project_are_keys_of_a_post() -> None:
    post, project = schemas.load_schema("post"), schemas.load_schema("project")
    assert isinstance(project["properties"], dict)
    assert isinstance(post["properties"], dict)
    defaults = dict(project["properties"]["defaults"]["properties"])
    assert defaults.pop("publish")["enum"] == ["required"]
    for key, node in defaults.items():
        assert node == post["properties"][key], key


def test_an_installed_package_has_its_schemas_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "post.schema.json").write_text('{"title": "inside"}')
    monkeypatch.setattr(schemas, "_FOLDERS", (tmp_path, *schemas._FOLDERS))
    assert schemas.schema_text("post") == '{"title": "inside"}'
    assert "Project" in schemas.schema_text("project")
    with pytest.raises(LookupError):
        schemas.schema_text("../post")


POST: Json = {
    "key": "lift-report",
    "targets": ["threads/main", "bluesky/brand"],
    "publish": {"at": "2026-12-03 08:30", "zone": "Europe/Vienna", "window": "2h", "if_late": "skip"},
    "segments": [
        "One",
        {"text": "Two", "media": ["a.png", {"src": "b.png", "alt": "B"}], "link": "https://a.org"},
    ],
    "media": ["c.png"],
    "poll": {"options": ["Yes", "No"]},
    "who_can_reply": "followers",
    "tags": ["transit"],
    "langs": ["en", "pt-BR"],
    "number": "{i}/{n}",
    "threads": {"topic": "transit", "countries": ["AT"], "spoiler": {"media": True, "text": ["x"]}},
    "bluesky": {"labels": ["bot"], "quotes": "nobody"},
    "mattermost": {"priority": "urgent"},
    "reply_to": "launch",
    "quote": "id:1",
    "repost": None,
    "draft": False,
    "replace": {"of": "1", "why": "w"},
    "moved_from": "old",
    "overrides": {
        "bluesky": {"text": "Short", "poll": None},
        "threads/main": {"publish": "2026-12-03 08:30Z"},
    },
}
PROJECT: Json = {
    "version": 1,
    "id": "demo",
    "zone": "Europe/Vienna",
    "targets": {
        "threads/main": {
            "account": "a",
            "credential": "env:X",
            "bounds": {"rebuilds_max": 3, "poll_growth": 1.5},
        },
        "mattermost/x": {
            "provider": "mm",
            "credentials": {"main": "file:x"},
            "channel": "c",
            "since": "2026-01-01",
        },
    },
    "media_hosts": {
        "site": {"kind": "url_prefix", "url": "https://a.org", "root": "posts"},
        "bucket": {
            "kind": "s3",
            "bucket": "b",
            "region": "auto",
            "endpoint": "https://s3.org",
            "prefix": "p",
            "credentials": {"access_key": "env:A", "secret_key": "keyring:S", "names": "file:n"},
        },
        "blobs": {"kind": "azure", "account": "a", "container": "c"},
        "own": {"kind": "command", "command": "./up {file}"},
    },
    "defaults": {"publish": "required", "langs": ["en"]},
    "policies": {"on_remove": "delete"},
    "safety": {"creates_max": 0},
}

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(
        ["", "a", "threads/main", "2026-12-03 08:30", "1h\n", "env:X", "a\n", "post", "ü", "é\u0301"]
    ),
    st.text(st.characters(codec="utf-8"), max_size=6),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def places(value: Json, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from places(inner, (*path, index))


@st.composite
def mutated(draw: st.DrawFn, whole: Json) -> Json:
    """Return *whole* with one to three things in it changed, added or taken out."""
    value = copy.deepcopy(whole)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(places(value))))
        if not path:
            continue
        parent: Json = value
        for step in path[:-1]:
            parent = parent[step]  # type: ignore[index]  # places() walked it
        assert isinstance(parent, dict | list)
        match draw(st.sampled_from(["change", "take out", "add", "twice"])):
            case "change":
                parent[path[-1]] = draw(VALUES)  # type: ignore[index]
            case "take out":
                del parent[path[-1]]  # type: ignore[arg-type]
            case "add" if isinstance(parent, dict):
                parent[draw(st.sampled_from(["topic", "x", "main\n", "at", "text", "threads/main\n"]))] = (
                    draw(VALUES)
                )
            case _ if isinstance(parent, list):
                parent.append(draw(VALUES) if draw(st.booleans()) else parent[0] if parent else None)
    return value


def agree(name: str, value: Json) -> None:
    fast = schemas.accepts(name)(value)
    slow = schemas.explainer(name).is_valid(value)
    assert fast == slow, value
    found = explain.check(value, name, yaml12.Document(value), "x.yaml")
    assert bool(found) != fast
    for each in found:
        assert each.rule in RULES
        assert each.problem
        assert each.remedy


@pytest.mark.parametrize(("name", "value"), [("post", POST), ("project", PROJECT)])
def test_the_whole_format_is_accepted_by_both(name: str, value: Json) -> None:
    assert schemas.accepts(name)(value)
    agree(name, value)


@settings(max_examples=400, deadline=None)
@given(mutated(POST))
def test_both_validators_agree_on_posts(value: Json) -> None:
    agree("post", value)


@settings(max_examples=250, deadline=None)
@given(mutated(PROJECT))
def test_both_validators_agree_on_projects(value: Json) -> None:
    agree("project", value)


@pytest.mark.parametrize("value", [None, [], "x", 1, True, {}, {"key": 1.0}, {"key": "a\n"}])
def test_both_validators_agree_on_what_is_no_post(value: Json) -> None:
    agree("post", value)
