"""One post to two networks: one plan, one apply, and neither waits for the other to be well (law 14)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.operations.both import BRAND, OTHER, Both
from tests.operations.world import words
from threadsync.cli._applying import status_of
from threadsync.cli._exit import Exit
from threadsync.operations.plan import plan
from threadsync.sandbox import bluesky
from threadsync.sandbox.threads import Fault, FaultKind
from threadsync.views.plan_text import plan_text

SKY, THREADS = "launch@bluesky/brand", "launch@threads/main"
TO_BOTH = "threads/main, bluesky/brand"


@pytest.fixture
def world(tmp_path: Path) -> Both:
    return Both(tmp_path)


def launch(world: Both) -> None:
    shorter = "{bluesky: {text: 'Short, for Bluesky.', poll: null}}"
    poll = "{options: [Hafen, Markt]}"
    world.post("launch", "All of it, for Threads.", targets=TO_BOTH, poll=poll, overrides=shorter)


def exit_of(world: Both) -> tuple[dict[str, str], Exit]:
    """Apply, and return what became of each action and how the command would end."""
    done = world.apply()
    became = {str(each.address): each.became.value for each in done.report.actions} if done.report else {}
    return became, status_of(done, signalled=False)


def test_one_plan_says_what_each_target_gets_and_one_apply_does_it(world: Both) -> None:
    launch(world)
    told = plan_text(plan(world.workspace), width=100, color=False)
    of_sky, of_threads = told.index(f"+ create  {SKY}"), told.index(f"+ create  {THREADS}")
    assert of_sky < told.index("19 of 300 graphemes") < told.index("Short, for Bluesky.") < of_threads
    assert of_threads < told.index("23 of 500 characters") < told.index("All of it, for Threads.")
    assert exit_of(world) == ({SKY: "applied", THREADS: "applied"}, Exit.DONE)
    assert (world.sky.texts(BRAND), world.live()) == (["Short, for Bluesky."], ["All of it, for Threads."])
    assert words(world.plan()) == {SKY: "no-op same", THREADS: "no-op same"}


@pytest.mark.parametrize("down", ["threads", "bluesky"])
def test_a_network_that_is_down_leaves_the_other_done_and_the_next_run_does_the_rest(
    world: Both, down: str
) -> None:
    launch(world)
    dark, light = (THREADS, SKY) if down == "threads" else (SKY, THREADS)
    world.down = {down}
    done = world.apply()
    assert status_of(done, signalled=False) is Exit.PARTLY
    assert done.report is not None
    assert {str(each.address): each.became.value for each in done.report.actions} == {light: "applied"}
    held = {str(each.address): each.reason.value for each in done.prepared.plan.actions}
    assert held[dark] == "account-unreadable"
    world.down.clear()
    assert exit_of(world) == ({dark: "applied"}, Exit.DONE)
    assert (len(world.sky.texts(BRAND)), len(world.live())) == (1, 1)


@pytest.mark.parametrize("down", ["threads", "bluesky"])
def test_a_network_that_goes_down_while_it_publishes_leaves_the_other_done(world: Both, down: str) -> None:
    launch(world)
    dark, light = (THREADS, SKY) if down == "threads" else (SKY, THREADS)
    if down == "threads":
        world.arm(Fault("publish", FaultKind.SERVER_ERROR, times=None))
    else:
        bluesky.arm(world.sky.state, bluesky.Fault("publish", FaultKind.SERVER_ERROR, times=None))
    became, status = exit_of(world)
    assert (became[light], status) == ("applied", Exit.PARTLY)
    assert became[dark] in {"refused", "uncertain"}
    world.network.armed.clear()
    bluesky.disarm(world.sky.state)
    world.clock.sleep(3600)
    assert exit_of(world) == ({dark: "applied"}, Exit.DONE)
    assert (len(world.sky.texts(BRAND)), len(world.live())) == (1, 1)


def test_a_lost_answer_of_one_is_found_out_and_never_sends_the_other_again(world: Both) -> None:
    launch(world)
    world.arm(Fault("publish", FaultKind.ANSWER_LOST))
    bluesky.arm(world.sky.state, bluesky.Fault("publish", FaultKind.ANSWER_LOST))
    assert exit_of(world) == ({SKY: "applied", THREADS: "applied"}, Exit.DONE)
    assert (len(world.sky.texts(BRAND)), len(world.live())) == (1, 1)


def test_a_text_links_to_the_same_post_on_the_other_network_and_waits_for_it(world: Both) -> None:
    on_threads = {"threads": {"text": "Also at {{ links['bluesky/brand'] }}"}}
    world.post("launch", "On Bluesky.", targets=TO_BOTH, overrides=on_threads)
    world.post("more", "First here: {{ links['launch@threads/main'] }}.", targets="bluesky/brand")
    told = plan_text(plan(world.workspace), width=100, color=False)
    assert "Also at (link, known after apply)" in told
    assert set(world.applied().values()) == {"applied"}
    first, more = world.sky.records(BRAND)
    (there,) = world.posts()
    did, rkey = first.did, first.rkey
    assert world.live() == [f"Also at https://bsky.app/profile/{did}/post/{rkey}"]
    value: Any = more.value
    text, (facet,) = value["text"], value["facets"]
    start, end = facet["index"]["byteStart"], facet["index"]["byteEnd"]
    linked = text.encode()[start:end].decode()
    assert there.shortcode in linked
    assert facet["features"] == [{"$type": "app.bsky.richtext.facet#link", "uri": linked}]
    assert text == f"First here: {linked}."


def test_what_waits_for_a_network_that_is_down_is_not_tried_and_goes_out_later(world: Both) -> None:
    on_threads = {"threads": {"text": "Also at {{ links['bluesky/brand'] }}"}}
    world.post("launch", "On Bluesky.", targets=TO_BOTH, overrides=on_threads)
    world.down = {"bluesky"}
    world.apply()
    assert world.live() == []
    world.down.clear()
    assert exit_of(world) == ({SKY: "applied", THREADS: "applied"}, Exit.DONE)


def test_nothing_due_asks_neither_network_for_anything(world: Both) -> None:
    """Law 9: so nobody logs in either, since a session is opened when a request first needs one."""
    launch(world)
    world.applied()
    world.sent.clear()
    world.sky.calls.clear()
    assert exit_of(world) == ({}, Exit.DONE)
    world.post("later", "Later.", targets=TO_BOTH, publish="2026-11-25 09:00")
    assert exit_of(world) == ({}, Exit.DONE)
    assert (world.sent, world.sky.calls) == ([], [])


def test_accounts_of_one_network_are_apart(world: Both) -> None:
    """Each request goes out with the session of its own target."""
    world.post("a", "To both.", targets="bluesky/brand, bluesky/other")
    assert set(world.applied().values()) == {"applied"}
    assert world.sky.texts(BRAND) == world.sky.texts(OTHER) == ["To both."]
    assert {each.did for each in world.sky.records(OTHER)} != {each.did for each in world.sky.records(BRAND)}
