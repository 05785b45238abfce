"""What no capability claims cannot be planned, and is never dropped; the core says so as the last one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.operations.world import World
from threadsync.content.schemas import load_schema
from threadsync.model.capabilities import Capabilities
from threadsync.model.diagnostic import Diagnostic, Location, Severity
from threadsync.model.ids import Json, TargetName
from threadsync.planning.claims import DECORATIONS, UNCLAIMED, unclaimed
from threadsync.providers.threads import checks
from threadsync.testing.contract_posts import ASKING, HERE, post_of

TARGET = TargetName("toy/main")
PLAIN = Capabilities(frozenset({"text"}))


@pytest.mark.parametrize("feature", ASKING)
def test_what_is_not_claimed_is_found(feature: str) -> None:
    texts = ("One.", "Two.") if feature == "number" else ("One.",)
    found = unclaimed(ASKING[feature](post_of(TARGET, *texts)), PLAIN)
    named = {each.problem.removesuffix(".").rpartition(" ")[2]: each for each in found}
    assert feature in named
    assert named[feature].rule == UNCLAIMED
    assert named[feature].is_error is (feature not in DECORATIONS)
    assert "toy/main" in named[feature].remedy


def test_a_claim_of_everything_leaves_nothing_to_say() -> None:
    every = Capabilities(frozenset({"text", "chain", *ASKING}))
    for feature, asks in ASKING.items():
        assert unclaimed(asks(post_of(TARGET, "One.", "Two.")), every) == [], feature


def test_a_chain_is_a_capability_and_so_are_words() -> None:
    (found,) = unclaimed(post_of(TARGET, "One.", "Two."), PLAIN)
    assert "chain" in found.problem
    (found,) = unclaimed(post_of(TARGET, "One."), Capabilities(frozenset()))
    assert "text" in found.problem


def test_options_of_the_networks_own_are_capabilities_too() -> None:
    post = replace(post_of(TARGET, "One."), options={"topic": "transit", "ghost": True, "gif": None})
    found = unclaimed(post, PLAIN)
    assert [(each.problem.split()[-1], each.severity) for each in found] == [
        ("topic.", Severity.WARNING),
        ("ghost.", Severity.ERROR),
    ]


def test_what_a_provider_says_itself_is_not_said_twice_unless_it_is_only_a_warning() -> None:
    """Another fault in the same place says nothing of it."""
    at = Location("posts/a.md", 4)
    post = replace(
        ASKING["reply_to"](post_of(TARGET, "One.")), tags=("a",), key_locations={"reply_to": at, "tags": at}
    )
    warned = Diagnostic(at, "toy/no-replies", "No reply_to, no tags.", "None.", Severity.WARNING)
    assert [each.is_error for each in unclaimed(post, PLAIN, [warned])] == [True]
    assert unclaimed(post, PLAIN, [replace(warned, severity=Severity.ERROR)]) == []
    assert len(unclaimed(post, PLAIN)) == 2
    other = Diagnostic(at, "toy/too-long", "It is too long.", "Shorten it.")
    (said,) = unclaimed(post, PLAIN, [other])
    assert "reply_to" in said.problem


def test_decorations_are_those_of_the_post_format() -> None:
    known = checks.CAPABILITIES.features.union(ASKING)
    assert {name for name in decorations(load_schema("post")) if name in known} == DECORATIONS


def decorations(schema: Json) -> Iterator[str]:
    """Yield the name of every key that a schema calls a decoration."""
    for name, inner in schema.items() if isinstance(schema, Mapping) else ():
        if isinstance(inner, Mapping) and inner.get("x-class") == "decoration":
            yield name
        yield from decorations(inner)


def test_a_plan_refuses_what_no_capability_claims(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(tmp_path)
    world.post("a", "Hello", threads="{topic: transit, gif: abc}")
    assert world.plan()
    fewer = replace(checks.CAPABILITIES, features=checks.CAPABILITIES.features - {"gif"})
    monkeypatch.setattr(checks, "CAPABILITIES", fewer)
    found = world.workspace.declared(None, world.clock.now()).findings
    assert [(each.rule, each.location.line) for each in found if each.is_error] == [(UNCLAIMED, 4)]


def test_where_a_finding_stands_is_told() -> None:
    assert {each.location for each in unclaimed(post_of(TARGET, "One.", "Two."), PLAIN)} == {HERE}
