"""Every kind of post through the whole program: planned, applied, found again, or held back in time."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.operations.world import World, words
from threadsync.execution.report import Became
from threadsync.model.facts import Drift
from threadsync.model.ids import Address
from threadsync.operations.drift import drift_of
from threadsync.operations.importing import import_post
from threadsync.operations.plan import plan
from threadsync.planning.actions import Blocked
from threadsync.sandbox import threads
from threadsync.sandbox.threads.showing import permalink
from threadsync.views.json import plan_json
from threadsync.views.markdown import plan_markdown
from threadsync.views.plan_text import plan_text


def account(world: World, **changes: object) -> None:
    """Change what the network lets the account do."""
    found = world.network.accounts[threads.account_id("main")]
    world.network.accounts[found.id] = replace(found, **changes)  # type: ignore[arg-type]


def blocked(world: World, address: str) -> Blocked:
    done = world.apply()
    (action,) = [each for each in done.prepared.plan.actions if str(each.address) == address]
    assert isinstance(action, Blocked)
    return action


def creates(world: World) -> int:
    return sum(each.startswith("POST ") for each in world.sent)


def test_a_post_for_some_countries_is_held_back_where_the_account_may_not_limit_it(world: World) -> None:
    account(world, is_eligible_for_geo_gating=False)
    world.post("a", "hello", threads="{countries: [AT]}")
    assert blocked(world, "a@threads/main").reason == "account-cannot"
    assert creates(world) == 0
    account(world, is_eligible_for_geo_gating=True)
    assert world.applied() == {"a@threads/main": "applied"}
    assert world.posts()[0].content.countries == ("AT",)


@pytest.mark.parametrize(
    ("option", "scope"),
    [("location: '1'", "threads_location_tagging"), ("instagram_story: dark", "threads_share_to_instagram")],
)
def test_a_scope_that_the_token_lacks_is_named_before_the_first_segment_goes_out(
    world: World, option: str, scope: str
) -> None:
    scopes = tuple(each for each in threads.SCOPES if each != scope)
    threads.apply(world.network, threads.add_profile(threads.Profile("main", scopes=scopes)), 0.0)
    world.post("a", f"one\n\n---\n\n```yaml segment\nthreads: {{{option}}}\n```\ntwo")
    action = blocked(world, "a@threads/main")
    assert action.reason == "missing-scope"
    assert scope in action.problem
    assert creates(world) == 0


def test_a_story_that_instagram_did_not_take_is_told_and_the_post_is_applied(world: World) -> None:
    account(world, has_instagram=False)
    world.post("a", "hello", threads="{instagram_story: light}")
    report = world.apply().report
    assert report is not None
    (action,) = report.actions
    assert action.became is Became.APPLIED
    assert "Instagram story" in action.why
    assert report.complete
    assert world.live() == ["hello"]


def test_a_post_is_quoted_replied_to_and_reposted_by_its_address(world: World) -> None:
    world.post_by_hand("by hand")
    (original,) = world.posts()
    at = permalink(world.network, original)
    world.post("q", "look", quote=at)
    world.post("r", "yes", reply_to=at)
    world.post("p", "", repost=at)
    assert set(world.applied().values()) == {"applied"}
    (quote,) = [post for post in world.posts() if post.content.quote]
    (reply,) = [post for post in world.posts() if post.parent]
    (repost,) = [post for post in world.posts() if post.reposted]
    assert (quote.content.quote, reply.parent, repost.reposted) == (original.id,) * 3
    assert set(words(world.plan()).values()) == {"no-op same"}


def test_a_repost_is_not_made_anew_beside_itself_and_the_refusal_says_what_helps(world: World) -> None:
    """An account reposts a post once."""
    world.post_by_hand("by hand")
    at = permalink(world.network, world.posts()[0])
    world.post("p", "", repost=at)
    world.applied()
    world.remove("p")
    world.post("q", "", repost=at, republish="true")
    report = world.apply().report
    assert report is not None
    refused = next(each for each in report.actions if str(each.address) == "q@threads/main")
    assert (refused.became, "take republish: true out" in refused.remedy) == (Became.REFUSED, True)
    world.post("q", "", repost=at)
    assert blocked(world, "q@threads/main").reason == "same-as-published"
    world.post("q", "", repost=at, moved_from="p")
    world.applied()
    assert set(words(world.plan()).values()) == {"no-op same"}
    assert len([post for post in world.posts() if post.reposted]) == 1


def test_an_address_that_the_account_does_not_have_is_held_back(world: World) -> None:
    world.post("q", "look", quote="https://www.threads.com/@main/post/nowhere")
    assert blocked(world, "q@threads/main").reason == "unknown-post"
    assert creates(world) == 0


def test_what_quotes_a_replaced_post_is_listed_and_follows_with_consent(world: World) -> None:
    world.post("a", "first words")
    world.post("q", "look", quote="a")
    world.applied()
    world.post("a", "second words", on_change="replace")
    assert words(world.plan())["q@threads/main"] == "blocked link-changed"
    assert set(world.applied(allow_replace=("q@threads/main",)).values()) == {"applied"}
    one, other = world.posts()
    assert (one.content.text, other.content.text) == ("second words", "look")
    assert other.content.quote == one.id


def test_a_ghost_post_past_its_day_is_no_drift_even_when_it_is_gone(world: World) -> None:
    world.post("a", "boo", threads="{ghost: true}")
    assert world.applied() == {"a@threads/main": "applied"}
    world.clock.sleep(timedelta(hours=25).total_seconds())
    world.delete_by_hand("boo")
    assert set(words(world.plan()).values()) == {"no-op same"}
    (live,) = world.state.bindings[Address.parse("a@threads/main")].segments
    provider = world.workspace.providers[Address.parse("a@threads/main").target]
    assert drift_of(provider, live, None, world.clock.now()) is Drift.NONE
    assert drift_of(provider, live, None, live.at) is Drift.DELETED


@pytest.mark.parametrize(
    ("text", "front"),
    [
        ("", {"repost": "o"}),
        ("boo", {"threads": "{ghost: true}"}),
        ("which?", {"poll": "{options: [a, b]}"}),
        ("look", {"quote": "o"}),
        ("", {"link": "https://example.org/a"}),
    ],
)
def test_a_post_that_a_lost_state_knew_is_found_on_the_account(
    world: World, text: str, front: dict[str, str]
) -> None:
    world.post("o", "the original")
    world.applied()
    shutil.copytree(world.root / "state", world.root / "older")
    world.post("a", text, **front)
    assert world.applied() == {"a@threads/main": "applied"}
    shutil.rmtree(world.root / "state")
    shutil.copytree(world.root / "older", world.root / "state")
    number = len(world.posts())
    action = blocked(world, "a@threads/main")
    assert action.reason == "looks-published"
    made = world.posts()[-1].id
    assert f"threadsync import a@threads/main {made}." in action.remedy
    import_post(world.workspace, "a@threads/main", made)
    assert set(words(world.plan()).values()) == {"no-op same"}
    assert len(world.posts()) == number


def test_a_post_of_another_kind_with_the_same_text_is_not_in_the_way(world: World) -> None:
    world.post_by_hand("which?")
    world.post("a", "which?", poll="{options: [a, b]}")
    assert world.applied() == {"a@threads/main": "applied"}


def test_segments_of_a_network_of_its_own_replace_the_text(world: World) -> None:
    """``overrides: {segments: …}`` for a network with other limits, with a number of its own."""
    world.post("a", "x" * 900, overrides="{threads: {segments: [One, Two], number: '{i} of {n}'}}")
    assert world.applied() == {"a@threads/main": "applied"}
    assert world.live() == ["One\n\n1 of 2", "Two\n\n2 of 2"]


def test_a_reply_is_never_a_post_of_its_own_because_its_parent_is_unknown(world: World) -> None:
    world.post("o", "the original")
    world.applied()
    world.delete_by_hand("the original")
    world.post("a", "a reply", reply_to="o")
    assert blocked(world, "a@threads/main").reason == "gone"
    assert world.live() == []


def test_the_plan_shows_a_long_text_as_readers_will_open_it(world: World) -> None:
    world.post("a", "hello", threads=f"{{long_text: 'All **of** it. {'More. ' * 20}'}}")
    prepared = plan(world.workspace)
    for text in (
        plan_text(prepared, width=200, color=False),
        plan_markdown(prepared),
        json.dumps(plan_json(prepared)),
    ):
        assert f"All of it. {'More. ' * 20}".strip() in text
