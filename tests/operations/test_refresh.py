"""``refresh`` and ``plan --refresh``: what drifted is told, what was seen is kept, nothing else changes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.operations.world import START, World, words
from threadsync.execution.seams import Unwatched
from threadsync.flows.effects import Request
from threadsync.model.facts import Drift
from threadsync.model.ids import RemoteId, TargetName
from threadsync.operations.plan import Prepared, plan
from threadsync.operations.refresh import Refreshed, refresh
from threadsync.operations.status import show, status
from threadsync.planning.actions import Blocked, Reason
from threadsync.planning.planfile import PlanOptions
from threadsync.sandbox import threads
from threadsync.sandbox.threads import Fault, FaultKind
from threadsync.testing.fakes import Answered

MAIN, BRAND = TargetName("threads/main"), TargetName("threads/brand")
A = "a@threads/main"


def look(world: World, *selectors: str, days: float = 30) -> Refreshed:
    return refresh(world.workspace, selectors, days=days, watcher=Unwatched())


def looked(world: World, **agreed: tuple[str, ...]) -> Prepared:
    return plan(world.workspace, options=PlanOptions(**agreed), refresh=True)


def edit(world: World, text: str, now: str) -> None:
    (post,) = [each for each in world.posts() if each.content.text == text]
    world.network.change(replace(post, content=replace(post.content, text=now)))


def hide(world: World, text: str) -> None:
    (post,) = [each for each in world.posts() if each.content.text == text]
    world.network.change(replace(post, hide_status="HIDDEN"))


def answer(world: World, to: str, text: str) -> None:
    """Somebody replies."""
    made = world.call(
        "POST", "/me/threads", {"media_type": "TEXT", "text": text, "reply_to_id": to}, "sandbox-main"
    )
    world.call("POST", "/me/threads_publish", {"creation_id": str(made.body["id"])}, "sandbox-main")


def remembered(world: World) -> object:
    """The state without what is only looked at, and without how often it was written."""
    return replace(world.state, posts_seen={}, accounts_seen={}, serial=0, sequence=0)


@pytest.fixture
def live(world: World) -> World:
    """A chain, a post for two targets, and a post that is to stay as it is."""
    world.post("a", "One\n\n---\n\nTwo\n\n---\n\nThree")
    world.post("b", "Both", targets="threads/main, threads/brand")
    world.post("c", "As it was")
    world.applied()
    world.clock.sleep(timedelta(hours=5).total_seconds())
    return world


# What is told.


def test_where_nothing_drifted_nothing_is_told(live: World) -> None:
    found = look(live)
    assert (found.drifted, found.undeclared, found.unread, found.looked_at) == ((), (), (), 6)
    assert [(each.target, each.handle) for each in found.accounts] == [(BRAND, "brand"), (MAIN, "main")]


def test_what_was_deleted_edited_or_hidden_is_told_with_its_segment(live: World) -> None:
    edit(live, "As it was", "As somebody wants it")
    hide(live, "Two")
    live.delete_by_hand("Both")
    found = look(live)
    assert [(str(each.address), each.post.index, each.drift, each.text) for each in found.drifted] == [
        (A, 1, Drift.HIDDEN, ""),
        ("b@threads/main", 0, Drift.DELETED, ""),
        ("c@threads/main", 0, Drift.EDITED, "As somebody wants it"),
    ]
    assert look(live, "a").drifted == found.drifted[:1]
    assert look(live, "threads/brand").drifted == ()


def test_an_offline_plan_names_what_the_last_look_found_until_a_newer_one(live: World) -> None:
    edit(live, "As it was", "As somebody wants it")
    hide(live, "Two")
    live.delete_by_hand("Both")
    seen_at = look(live).at
    live.clock.sleep(7200)
    offline = plan(live.workspace).plan
    assert {action.word for action in offline.actions} == {"no-op"}
    assert [(each.about, each.seen_at) for each in offline.notices] == [
        (A, seen_at),
        ("b@threads/main", seen_at),
        ("c@threads/main", seen_at),
    ]
    hidden, deleted, edited = [each.problem for each in offline.notices]
    assert "was hidden" in hidden
    assert "was deleted" in deleted
    assert edited.endswith("was edited on the network."), "what it said is not kept"
    assert "threadsync state accept b@threads/main" in offline.notices[1].remedy
    assert [each.about for each in plan(live.workspace, ["c"]).plan.notices] == ["c@threads/main"]

    now = looked(live).plan
    assert [(each.about, each.seen_at) for each in now.notices] == [(A, None), ("c@threads/main", None)]
    edit(live, "As somebody wants it", "As it was")
    look(live)
    assert "c@threads/main" not in {each.about for each in plan(live.workspace).plan.notices}


def test_own_posts_that_nobody_declared_are_told_as_far_back_as_asked(live: World) -> None:
    live.post_by_hand("By hand, long ago")
    live.clock.sleep(timedelta(days=10).total_seconds())
    new = live.post_by_hand("By hand")
    told = [(each.target, each.post.remote_id, each.post.text) for each in look(live, days=2).undeclared]
    assert told == [(MAIN, new, "By hand")]
    assert [each.post.text for each in look(live).undeclared] == ["By hand", "By hand, long ago"]


def test_a_post_that_was_let_go_of_is_not_undeclared(live: World) -> None:
    live.remove("c")
    live.applied()
    assert "As it was" in live.live()
    assert look(live).undeclared == ()


def test_what_an_interrupted_publish_may_have_made_is_for_apply_to_find(live: World) -> None:
    live.post("d", "Did it go out?")
    answer = live.answer

    def die_at_publish(target: TargetName, request: Request) -> Answered:
        if request.path.endswith("threads_publish"):
            live.kill_at_request = len(live.sent) + 1
        return answer(target, request)

    live.answer = die_at_publish  # type: ignore[method-assign]
    assert live.died(99)
    assert "Did it go out?" in live.live()
    assert look(live).undeclared == ()
    assert any(each.in_doubt for each in live.state.open.values()), "a look settles nothing"


def test_an_account_that_cannot_be_read_is_named_and_the_others_are_read(live: World) -> None:
    """Law 14."""
    expired = threads.ExpireToken(threads.token_digest("sandbox-main"))
    threads.apply(live.network, expired, live.clock.now().timestamp())
    before = live.state.accounts_seen
    found = look(live)
    assert [each.target for each in found.unread] == [MAIN]
    assert found.drifted == ()
    ages = {each.target: found.at - each.seen_at for each in found.accounts}
    assert ages == {BRAND: timedelta(0), MAIN: found.at - before[MAIN].at}, "of the other what was last seen"
    assert live.state.accounts_seen[MAIN] == before[MAIN]


def test_another_account_s_posts_are_never_taken_for_deleted_ones(live: World) -> None:
    """Law 7: the credential was exchanged, and every post would look gone."""
    live.tokens = {**live.tokens, MAIN: "sandbox-brand"}
    found = look(live, "threads/main")
    assert (found.drifted, found.looked_at, dict(found.seen)) == ((), 0, {})
    assert "the state says @main" in found.unread[0].problem


def test_a_network_that_fails_to_list_is_asked_for_each_post(live: World) -> None:
    live.arm(Fault("threads", FaultKind.SERVER_ERROR, times=None))
    live.delete_by_hand("As it was")
    found = look(live)
    assert [str(each.address) for each in found.drifted] == ["c@threads/main"]
    assert {each.target for each in found.unread} == {MAIN, BRAND}


def test_without_a_state_it_reads_and_keeps_nothing(world: World) -> None:
    world.post_by_hand("By hand")
    found = look(world)
    assert ([each.post.text for each in found.undeclared], found.recorded) == (["By hand"], False)
    assert not (world.root / "state").exists() or list((world.root / "state").iterdir()) == []


# What is kept.


def test_what_was_seen_is_kept_and_nothing_else_changes(live: World) -> None:
    before, sent, posts = remembered(live), len(live.sent), live.live()
    (root,) = [each for each in live.posts() if each.content.text == "As it was"]
    answer(live, root.id, "An answer")
    found = look(live)
    assert remembered(live) == before
    assert all(each.startswith("GET ") for each in live.sent[sent:])
    seen = live.state.posts_seen
    assert dict(found.seen) == seen
    (post,) = [each for address, each in seen.items() if str(address) == "c@threads/main"]
    assert post.posts[RemoteId(root.id)].counts["replies"] == 1
    account = live.state.accounts_seen[MAIN]
    assert (account.handle, account.quotas["posts"].used, account.quotas["posts"].total) == ("main", 3, 250)
    assert account.life is not None
    assert (account.life.endless, account.life.renewed_at) == (True, START)
    assert [text for text in live.live() if text != "An answer"] == posts


def test_only_the_newest_look_is_kept(live: World) -> None:
    look(live)
    first = dict(live.state.posts_seen)
    live.clock.sleep(3600)
    look(live)
    assert live.state.posts_seen.keys() == first.keys()
    assert all(seen.at > first[address].at for address, seen in live.state.posts_seen.items())


def test_looking_moves_no_last_write_so_nothing_is_read_back_less_far(live: World) -> None:
    """Law 8: own posts are read back to the last *write* of the state."""
    before = live.state.written_at
    look(live)
    assert live.state.written_at == before


def test_a_permalink_that_could_not_be_read_is_learnt(world: World) -> None:
    world.post("a", "Hello")
    world.arm(Fault("read", FaultKind.SERVER_ERROR, times=None))
    world.applied()
    assert [
        segment.permalink for binding in world.state.bindings.values() for segment in binding.segments
    ] == [""]
    threads.apply(world.network, threads.Disarm(), world.clock.now().timestamp())
    look(world)
    assert all(segment.permalink for binding in world.state.bindings.values() for segment in binding.segments)


def test_apply_keeps_what_it_saw_of_the_account(world: World) -> None:
    world.post("a", "Hello")
    world.applied()
    account = world.state.accounts_seen[MAIN]
    assert (account.handle, account.quotas["posts"].used) == ("main", 0)
    assert BRAND not in world.state.accounts_seen


def test_what_was_seen_goes_when_its_publication_does_and_moves_with_it(live: World) -> None:
    look(live)
    live.remove("c")
    (live.root / "posts/a.md").rename(live.root / "posts/z.md")
    live.write("posts/z.md", (live.root / "posts/z.md").read_text().replace("key: a", "key: z"))
    live.applied()
    names = {str(address) for address in live.state.posts_seen}
    assert names == {"z@threads/main", "b@threads/main", "b@threads/brand"}


# Offline, what was seen is shown.


def test_status_and_show_tell_what_was_seen_and_when(live: World) -> None:
    live.delete_by_hand("As it was")
    look(live)
    live.clock.sleep(timedelta(days=3).total_seconds())
    rows = {str(row.address): row for row in status(live.workspace).rows}
    seen = rows["c@threads/main"].seen
    assert seen is not None
    assert [post.drift for post in seen.posts.values()] == [Drift.DELETED]
    assert show(live.workspace, "c@threads/main").seen == seen
    assert live.clock.now() - seen.at >= timedelta(days=3)


def test_an_offline_plan_shows_the_accounts_and_what_a_replace_loses_as_last_seen(live: World) -> None:
    (root,) = [each for each in live.posts() if each.content.text == "As it was"]
    answer(live, root.id, "An answer")
    look(live)
    live.post("c", "As it should be", on_change="replace")
    sent = len(live.sent)
    prepared = plan(live.workspace)
    (action,) = [a for a in prepared.plan.effective if str(a.address) == "c@threads/main"]
    assert action.loses[0].counts["replies"] == 1
    assert [each.target for each in prepared.accounts] == [MAIN]
    assert len(live.sent) == sent, "an offline plan asks no network"


# plan --refresh.


def test_plan_refresh_reads_as_apply_does_and_leaves_no_trace(live: World) -> None:
    """Law 9: no lock, no write; lookalikes, quotas and drift as apply would see them."""
    live.switch(posts_quota=4)
    live.post_by_hand("A lookalike")
    live.post("d", "A lookalike")
    live.post("e", "Over the limit")
    live.delete_by_hand("Both")
    edit(live, "As it was", "As somebody wants it")
    state = (live.root / "state/threadsync.json").read_bytes()
    sent = len(live.sent)
    prepared = looked(live)
    assert words({str(a.address): a for a in prepared.plan.actions if a.word != "no-op"}) == {
        "b@threads/main": "blocked gone",
        "d@threads/main": "blocked looks-published",
        "e@threads/main": "blocked quota",
    }
    assert [notice.about for notice in prepared.plan.notices] == ["c@threads/main"]
    assert "leaves it as it is" in prepared.plan.notices[0].remedy
    told = {each.what: each for each in prepared.accounts[-1].allowances}
    assert (told["posts"].quota.used, told["posts"].held_back) == (4, 1)
    assert told["posts"].goes_on_at is not None
    assert all(each.startswith("GET ") for each in live.sent[sent:])
    assert (live.root / "state/threadsync.json").read_bytes() == state
    assert [path.name for path in (live.root / "state").iterdir()] == ["threadsync.json"]


def test_plan_refresh_says_what_a_credential_may_not_read(live: World) -> None:
    live.post("c", "As it should be", on_change="replace")
    fewer = tuple(s for s in threads.SCOPES if s not in {"threads_delete", "threads_manage_insights"})
    profile = threads.add_profile(threads.Profile("main", scopes=fewer))
    threads.apply(live.network, profile, live.clock.now().timestamp())
    prepared = looked(live)
    (blocked,) = [a for a in prepared.plan.actions if isinstance(a, Blocked)]
    assert (blocked.reason, blocked.loses[0].scope) == (Reason.MISSING_SCOPE, "threads_manage_insights")
    (account,) = [each for each in prepared.accounts if each.target == MAIN]
    told = {each.what: each.quota.scope for each in account.allowances}
    assert told == {"posts": "", "replies": "", "deletes": "threads_delete"}


def test_plan_refresh_works_before_there_is_a_state(world: World) -> None:
    world.post("a", "Hello")
    prepared = looked(world)
    assert words({str(a.address): a for a in prepared.plan.actions}) == {A: "create new"}
    assert [each.target for each in prepared.accounts] == [MAIN]
    assert not (world.root / "state").exists() or list((world.root / "state").iterdir()) == []


def test_a_plan_after_the_limit_is_done_up_to_it_and_says_when_it_goes_on(world: World) -> None:
    """Tried, stopped before the limit, goes on at …: and then it does."""
    world.switch(posts_quota=2)
    for number in range(4):
        world.post(f"p{number}", f"Text {number}")
    applied = world.apply()
    assert applied.report is not None
    assert len(world.live()) == 2
    assert [str(each.address) for each in applied.report.held] == ["p2@threads/main", "p3@threads/main"]
    goes_on = applied.report.held[0].goes_on_at
    assert goes_on is not None
    world.clock.sleep((goes_on - world.clock.now()).total_seconds() + 1)
    world.applied()
    assert len(world.live()) == 4
