"""The everyday commands as text and JSON: complete, within 80 columns, and without a secret."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import pytest
from jsonschema import Draft202012Validator
from msgspec.structs import replace
from referencing import Registry, Resource

from tests.planning.builders import NOW, at
from threadsync.content.schemas import load_schema
from threadsync.execution.apilog import Call, Renewal
from threadsync.model.facts import Account
from threadsync.model.ids import Json
from threadsync.operations.providers import providers
from threadsync.providers.base import Examined, Scope
from threadsync.views import desk_text, json_desk
from threadsync.views.json import as_text
from threadsync.views.log_text import log_text
from threadsync.views.standing_text import overdue_text
from threadsync.views.width import cells


def problems(document: Json, kind: str) -> list[str]:
    resource: Resource[Mapping[str, Json]] = Resource.from_contents(load_schema("plan"))
    registry = Registry().with_resource("urn:threadsync:schema:plan", resource)
    schema = {"$ref": f"urn:threadsync:schema:plan#/$defs/{kind}"}
    return [error.message for error in Draft202012Validator(schema, registry=registry).iter_errors(document)]


@dataclass(frozen=True)
class SampleCheck:
    name: str
    verdict: str
    said: str
    remedy: str = ""


@dataclass(frozen=True)
class SampleCredential:
    target: str = "threads/main"
    role: str = "main"
    form: str = "file:token"
    problem: str = ""
    remedy: str = ""
    account: Account | None = None
    examined: Examined | None = None
    renewal: Renewal | None = None
    needed: tuple[Scope, ...] = ()
    missing: tuple[Scope, ...] = ()

    @property
    def expires_at(self):  # type: ignore[no-untyped-def]
        return self.examined.expires_at if self.examined is not None else None


CHECKS = (
    SampleCheck("python", "ok", "Python 3.12.1"),
    SampleCheck("git", "warning", "git does not ignore .threadsync/, which holds caches " * 2, "Add a line."),
    SampleCheck("state", "problem", "it cannot be read", "Look at it."),
    SampleCheck("scopes", "skipped", "unknown"),
)
KNOWN = SampleCredential(
    account=Account("threads.net", "17", "maria"),
    examined=Examined(frozenset({"b", "a"}), NOW - timedelta(days=20), NOW + timedelta(days=40, hours=1)),
    renewal=Renewal(NOW - timedelta(days=20), NOW + timedelta(days=40)),
    needed=(Scope("a", "reading"), Scope("c", "taking down")),
    missing=(Scope("c", "taking down"),),
)
CREDENTIALS = (
    KNOWN,
    SampleCredential(form="", problem="no credential is declared", remedy="Write one."),
    SampleCredential(role="app_secret", form="env:X", examined=Examined(unknown="the network is silent")),
    SampleCredential(examined=Examined(frozenset(), endless=True)),
    SampleCredential(examined=Examined(frozenset(), expires_at=NOW - timedelta(days=1))),
    SampleCredential(),
)
CALLS = (
    Call(NOW, "r1", "apply", "threads/main", "GET /v1.0/{id}", {"{id}": "17", "fields": "id"}, "read", 1, 200,
         ids=("17",), duration_ms=12, allowances={"x-app-usage": "3"}),
    Call(NOW, "r1", "apply", "threads/main", "POST /v1.0/me/threads", {"text": "x" * 100}, "stage", 2, 400,
         fault_class="invalid", fault_row="duplicate-post", fault_text="Threads says: no"),
    Call(NOW, "r2", "", "threads/main", "GET /v1.0/me", {}, "read", 1, reason="it refused the connection"),
)  # fmt: skip


def documents() -> dict[str, Json]:
    return {
        "doctor": json_desk.doctor_json(CHECKS),
        "credentials": json_desk.auth_json(CREDENTIALS),
        "log": json_desk.log_json(CALLS),
        "providers": json_desk.providers_json(providers()),
    }


@pytest.mark.parametrize("kind", documents())
def test_a_document_is_what_its_schema_says_and_loses_no_key_unnoticed(kind: str) -> None:
    document = documents()[kind]
    assert isinstance(document, dict)
    assert (document["format_version"], document["kind"]) == (1, kind)
    assert problems(document, kind) == []
    assert json.loads(as_text(document)) == document
    (rows,) = [value for value in document.values() if isinstance(value, list)]
    name = next(key for key, value in document.items() if value is rows)
    assert rows
    for key in rows[0]:
        lacking = [{inner: value for inner, value in rows[0].items() if inner != key}, *rows[1:]]
        assert problems({**document, name: lacking}, kind), key


def texts() -> dict[str, str]:
    return {
        "doctor": desk_text.doctor_text(CHECKS, width=80, color=False, quiet=False),
        "auth": desk_text.auth_text(CREDENTIALS, width=80, color=False, now=NOW, zone="Europe/Vienna"),
        "providers": desk_text.providers_text(providers(), width=80, color=False),
        "log": log_text(CALLS, width=80, color=False, zone="UTC"),
    }


@pytest.mark.parametrize("name", texts())
def test_a_text_keeps_to_its_width(name: str) -> None:
    for row in texts()[name].splitlines():
        assert cells(row) <= 80 or " " not in row.strip()


def test_a_doctor_counts_what_it_found() -> None:
    text = texts()["doctor"]
    assert text.startswith("ok       python: Python 3.12.1\nwarning  git: ")
    assert text.endswith(
        "         Look at it.\nskipped  scopes: unknown\n\n1 problem and 1 warning in 4 checks.\n"
    )
    quiet = desk_text.doctor_text(CHECKS, width=80, color=False, quiet=True)
    assert "python" not in quiet
    assert "state: it cannot be read" in quiet
    well = desk_text.doctor_text(CHECKS[:1], width=80, color=False, quiet=True)
    assert well == "All is well: 1 check.\n"


def test_a_credential_is_told_with_its_life_and_what_is_unknown() -> None:
    text = texts()["auth"]
    assert "opens @maria (id 17)" in text
    assert "40 days left" in text
    assert "problem: no credential is declared\n    Write one." in text
    assert "threads/main (app_secret): env:X" in text
    assert "lives until: unknown\n    scopes: unknown" in text
    assert "the network is silent" in text
    assert "does not expire" in text
    assert ", expired\n" in text
    assert "it is there; the network was not asked" in text


def test_a_log_is_told_by_runs() -> None:
    text = texts()["log"]
    assert text.count("apply, run r1") == 1
    assert "a program, run r2" in text
    assert "threads/main  GET /v1.0/{id}  200  12 ms\n    {id}=17  fields=id\n    ids: 17\n" in text
    assert "time 2 of the same call in this run" in text
    assert "duplicate-post (invalid): Threads says: no" in text
    assert "no answer  0 ms\n    it refused the connection\n" in text
    assert log_text((), width=80, color=False, zone=None) == "The API log has no such calls.\n"


def test_a_provider_is_told_with_all_that_it_needs() -> None:
    text = texts()["providers"]
    (told,) = [each for each in text.split("\n\n") if each.startswith("threads ")]
    assert told.startswith("threads  API v1.0  https://graph.threads.net\n")
    for part in (
        "at most 500 characters a segment",
        "posts: 250 in 24 hours",
        "credential main:",
        "(required)",
    ):
        assert part in told


def test_the_overdue_are_named() -> None:
    @dataclass(frozen=True)
    class Row:
        address: object
        word: str = "due"
        when: None = None
        permalink: str = ""
        detail: str = ""
        due: object = NOW

    text = overdue_text([Row(at("lifts"))], width=80, color=False, zone="UTC")  # type: ignore[list-item]
    assert text.startswith("1 publication overdue:\n    lifts@threads/main: due, due 20")


def test_what_a_network_says_cannot_act_on_the_terminal() -> None:
    bad = replace(CALLS[1], fault_text="\x1b[31mred")
    assert "\x1b" not in log_text([bad], width=80, color=False, zone=None)
    assert "\x1b" not in desk_text.doctor_text(
        [SampleCheck("x", "ok", "\x1b")], width=80, color=False, quiet=False
    )
