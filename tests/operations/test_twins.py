"""What two targets of one network share is made once, and what is each one's own is not."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest
from msgspec import field
from msgspec.structs import replace

from tests.operations.world import PROJECT, World
from threadsync.model.diagnostic import Diagnostic
from threadsync.model.ids import Address
from threadsync.model.post import Publication, Segment
from threadsync.operations.collecting import uncollected
from threadsync.operations.workspace import Declared
from threadsync.providers.base import Permalinks, RenderedSegment
from threadsync.providers.threads.provider import ThreadsProvider

MAIN, BRAND = Address.parse("a@threads/main"), Address.parse("a@threads/brand")
TO_BOTH = "threads/main, threads/brand"


class Counting(ThreadsProvider, frozen=True):
    """Threads, and what it was asked."""

    asked: list[str] = field(default_factory=list)

    def check(self, publication: Publication, links: Permalinks) -> list[Diagnostic]:
        self.asked.append("check")
        return ThreadsProvider.check(self, publication, links)

    def render(
        self, publication: Publication, segment: Segment, index: int, links: Permalinks
    ) -> RenderedSegment:
        self.asked.append("render")
        return ThreadsProvider.render(self, publication, segment, index, links)


def asked_and_found(world: World) -> tuple[list[str], Declared]:
    asked: list[str] = []
    providers = {
        name: Counting(provider.context, asked)
        for name, provider in world.workspace.providers.items()
        if isinstance(provider, ThreadsProvider)
    }
    workspace = replace(world.workspace, providers=providers)
    return asked, workspace.declared(None, world.clock.now())


def test_a_post_for_two_targets_is_checked_and_rendered_once(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.post("a", "Hello", targets=TO_BOTH, threads="{topic: transit}")
    asked, declared = asked_and_found(world)
    assert sorted(asked) == ["check", "render"]
    main, brand = declared.desired.publications[MAIN], declared.desired.publications[BRAND]
    assert (main.publication.address, brand.publication.address) == (MAIN, BRAND)
    assert (main.segments, main.digests, main.needs) == (brand.segments, brand.digests, brand.needs)


def test_one_that_an_override_tells_apart_is_made_for_each(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.post("a", "Hello", targets=TO_BOTH, overrides="{threads/main: {text: Short}}")
    asked, declared = asked_and_found(world)
    assert sorted(asked) == ["check", "check", "render", "render"]
    texts = {address: wanted.text for address, wanted in declared.desired.publications.items()}
    assert texts == {MAIN: "Short", BRAND: "Hello"}


def test_targets_with_settings_of_their_own_share_nothing(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.write("threadsync.yaml", PROJECT.replace("account: brand", "account: brand, text_count: bytes"))
    world.post("a", "Grüße", targets=TO_BOTH)
    _, declared = asked_and_found(world)
    counts = {address: wanted.segments[0].count for address, wanted in declared.desired.publications.items()}
    assert counts == {MAIN: 5, BRAND: 7}


def test_what_is_wrong_with_both_is_said_of_both(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.post("a", "Hello", targets=TO_BOTH, who_can_reply="nobody")
    _, declared = asked_and_found(world)
    remedies = sorted(found.remedy for found in declared.findings)
    assert len(remedies) == 2
    assert "drop threads/brand" in remedies[0]
    assert "drop threads/main" in remedies[1]


def test_a_reference_is_checked_against_each_account(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.post("a", "Hello", targets=TO_BOTH, reply_to="https://www.threads.com/@brand/post/ABC")
    _, declared = asked_and_found(world)
    (found,) = declared.findings
    assert found.rule == "threads/reference", "the second account has no such post, though the first has"


def test_circles_are_not_searched_for_inside_and_are_again_behind() -> None:
    inside: list[bool] = []

    @uncollected()
    def fail() -> None:
        inside.append(gc.isenabled())
        raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert (inside, gc.isenabled()) == ([False], True)
    gc.unfreeze()


def test_a_search_that_was_off_stays_off() -> None:
    gc.disable()
    try:
        with uncollected():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
        gc.unfreeze()


def test_what_was_made_inside_is_searched_later_unless_that_is_never_to_be() -> None:
    frozen = gc.get_freeze_count()
    with uncollected(for_good=False):
        assert not gc.isenabled()
    assert (gc.isenabled(), gc.get_freeze_count()) == (True, frozen)
