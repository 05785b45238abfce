"""``insights``: the accounts are only read, the state is left alone, and what was told once is kept."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.operations import test_shared_apply
from tests.operations.world import World
from threadsync.errors import StateLocked, UsageError
from threadsync.execution.seams import Unwatched
from threadsync.execution.surveying import TOGETHER_MAX
from threadsync.flows.effects import Request
from threadsync.model.capabilities import Capabilities
from threadsync.model.ids import TargetName
from threadsync.model.insights import Insights, PublicationInsights, Untold, week_name
from threadsync.operations.insights import insights
from threadsync.operations.refresh import refresh
from threadsync.operations.surgery import state_move
from threadsync.operations.workspace import Workspace
from threadsync.providers.threads.checks import CAPABILITIES
from threadsync.sandbox import threads
from threadsync.sandbox.threads import Fault, FaultKind
from threadsync.statefile.lock import lock_bytes
from threadsync.testing.fakes import Answered
from threadsync.testing.machine import FakeMachine

MAIN, BRAND = TargetName("threads/main"), TargetName("threads/brand")
DAY_SECONDS = timedelta(days=1).total_seconds()
TABLE = "state/threadsync.insights.jsonl"


def look(world: World, *selectors: str, since: str | None = None, offline: bool = False) -> Insights:
    return insights(world.workspace, selectors, since=since, offline=offline, watcher=Unwatched())


def of(told: Insights, address: str) -> PublicationInsights:
    (found,) = [p for target in told.targets for p in target.publications if str(p.address) == address]
    return found


def views(told: Insights) -> dict[str, int | None]:
    return {str(p.address): p.counts.get("views") for target in told.targets for p in target.publications}


def files(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (root / "state").iterdir()}


def allow(world: World, *lost: str) -> None:
    """Let the credential of ``main`` have all scopes but those."""
    scopes = tuple(each for each in threads.SCOPES if each not in lost)
    profile = threads.add_profile(threads.Profile("main", scopes=scopes))
    threads.apply(world.network, profile, world.clock.now().timestamp())


@pytest.fixture
def live(world: World) -> World:
    """A chain, and a post for two targets, two days old; readers come by themselves."""
    world.switch(readers_per_post=1000)
    world.post("a", "One\n\n---\n\nTwo")
    world.post("b", "Both", targets="threads/main, threads/brand")
    world.applied()
    world.clock.sleep(2 * DAY_SECONDS)
    return world


# What is asked, and what is left alone.


def test_the_numbers_of_live_posts_are_told_and_nothing_is_written_but_the_table(live: World) -> None:
    """No permission but that to read, no lock of the state, and not a byte of the state changes."""
    before, sent = files(live.root), len(live.sent)
    told = look(live)
    assert all(number is not None and number > 0 for number in views(told).values())
    assert set(views(told)) == {"a@threads/main", "b@threads/main", "b@threads/brand"}
    assert of(told, "b@threads/main").counts.keys() == {*CAPABILITIES.counts}
    assert all(each.startswith("GET ") for each in live.sent[sent:])
    after = files(live.root)
    assert after.keys() - before.keys() == {"threadsync.insights.jsonl"}
    assert {name: after[name] for name in before} == before


def test_a_chain_counts_what_its_segments_do(live: World) -> None:
    told = of(look(live), "a@threads/main")
    kept = (live.root / TABLE).read_text().splitlines()
    assert len([line for line in kept if '"a@threads/main"' in line]) == len(told.subject.posts) == 2


def test_only_what_was_chosen_and_is_recent_is_asked_for(live: World) -> None:
    live.clock.sleep(60 * DAY_SECONDS)
    live.post("c", "Later")
    live.applied()
    sent = len(live.sent)
    assert set(views(look(live, since="30d"))) == {"c@threads/main"}
    assert set(views(look(live, "threads/brand"))) == {"b@threads/brand"}
    assert set(views(look(live, "posts/c.md"))) == {"c@threads/main"}
    assert len([each for each in live.sent[sent:] if each.endswith("/insights")]) == 3
    live.clock.sleep(60 * DAY_SECONDS)
    assert set(views(look(live))) == {"c@threads/main"}, "90 days unless said otherwise"
    assert len(views(look(live, since="2026-11-01"))) == 4


def test_a_selector_that_chooses_nothing_and_a_time_that_is_none_are_refused(live: World) -> None:
    with pytest.raises(UsageError, match="selects no publication"):
        look(live, "nothing")
    with pytest.raises(UsageError, match="neither a span nor a time"):
        look(live, since="soon")


def test_without_a_state_there_is_nothing_to_tell_and_nobody_is_asked(world: World) -> None:
    world.post("a", "Not yet")
    told = look(world, "a")
    assert (told.targets, world.sent, (world.root / "state").exists()) == ((), [], False)
    assert [(each.target, each.publications) for each in look(world).targets] == [(BRAND, ()), (MAIN, ())]


def test_an_apply_that_holds_the_state_is_no_hindrance(live: World) -> None:
    workspace = live.workspace
    holder = workspace.surroundings.holder("apply", live.clock.now())
    with workspace.store.open(holder, 0):
        told = look(live)
    assert not told.unkept
    assert (live.root / TABLE).exists()


def test_a_ghost_post_past_its_day_is_not_asked_for_and_keeps_its_numbers(world: World) -> None:
    world.switch(readers_per_post=1000)
    world.post("g", "Gone tomorrow", threads="{ghost: true}")
    world.applied()
    world.clock.sleep(DAY_SECONDS / 2)
    seen = views(look(world))["g@threads/main"]
    world.clock.sleep(2 * DAY_SECONDS)
    sent = len(world.sent)
    assert views(look(world)) == {"g@threads/main": seen}
    assert not [each for each in world.sent[sent:] if each.endswith("/insights")]


# What is not known.


def test_what_needs_a_scope_is_unknown_and_says_which(live: World) -> None:
    allow(live, "threads_manage_insights")
    told = look(live)
    found = of(told, "b@threads/main")
    assert (found.counts, found.looked_at, found.untold) == ({}, None, Untold.UNCOUNTED)
    assert found.subject.scope == "threads_manage_insights"
    assert of(told, "b@threads/brand").counts, "another account is told of all the same"
    assert "threads/main" not in (live.root / TABLE).read_text()


def test_what_is_unknown_today_keeps_its_last_numbers_with_their_age(live: World) -> None:
    first = of(look(live), "b@threads/main")
    allow(live, "threads_manage_insights")
    live.clock.sleep(DAY_SECONDS)
    found = of(look(live), "b@threads/main")
    assert (found.counts, found.looked_at) == (first.counts, first.looked_at)
    assert found.subject.scope == "threads_manage_insights"


def test_of_a_repost_nothing_is_known_and_that_is_said(world: World) -> None:
    theirs = world.post_by_hand("Theirs", "brand")
    world.post("r", "", repost=f"id:{theirs}")
    world.applied()
    told = of(look(world), "r@threads/main")
    assert (told.counts, told.subject.unknown) == ({}, "Threads counts nothing of it")


def test_a_number_that_fails_to_come_is_asked_for_once_more(live: World) -> None:
    live.arm(Fault("insights", FaultKind.SERVER_ERROR, times=2))
    assert None not in views(look(live)).values()
    live.arm(Fault("insights", FaultKind.SERVER_ERROR, times=None))
    sent = len(live.sent)
    told = look(live)
    assert of(told, "b@threads/main").subject.unknown
    assert len([each for each in live.sent[sent:] if each.endswith("/insights")]) == 8, "and then no more"


def test_an_account_that_cannot_be_read_is_named_and_the_others_are_told_of(live: World) -> None:
    """Law 14."""
    expired = threads.ExpireToken(threads.token_digest("sandbox-main"))
    threads.apply(live.network, expired, live.clock.now().timestamp())
    told = look(live)
    assert [bool(each.problem) for each in told.targets] == [False, True]
    assert all(each.remedy for each in told.targets if each.problem)
    assert {address for address, number in views(told).items() if number} == {"b@threads/brand"}


def test_another_account_s_numbers_are_never_read(live: World) -> None:
    """Law 7."""
    live.tokens = {**live.tokens, MAIN: "sandbox-brand"}
    sent = len(live.sent)
    told = look(live, "threads/main")
    assert "the state says @main" in told.targets[0].problem
    assert live.sent[sent:] == [each for each in live.sent[sent:] if each.startswith("GET /me")]
    assert not (live.root / TABLE).exists()


def test_a_network_that_offers_no_numbers_is_not_asked_and_is_said_to_offer_none(live: World) -> None:
    silent = {name: _Silent(live.workspace, name) for name in (MAIN, BRAND)}
    sent = len(live.sent)
    told = insights(replace(live.workspace, providers=silent), watcher=Unwatched())  # type: ignore[arg-type]
    assert [each.metrics for each in told.targets] == [(), ()]
    assert live.sent[sent:] == []


class _Silent:
    """Threads, as if it counted nothing."""

    def __init__(self, workspace: Workspace, name: TargetName) -> None:
        self._provider = workspace.providers[name]
        self.capabilities: Capabilities = replace(CAPABILITIES, counts=())

    def __getattr__(self, name: str) -> object:
        return getattr(self._provider, name)


# What is kept.


def test_what_was_kept_is_told_without_asking_anybody(live: World) -> None:
    seen = views(look(live))
    live.clock.sleep(30 * DAY_SECONDS)
    sent = len(live.sent)
    told = look(live, offline=True)
    assert (views(told), told.offline, live.sent[sent:]) == (seen, True, [])


def test_looks_of_several_weeks_make_a_history_and_a_week_has_one(live: World) -> None:
    look(live)
    live.clock.sleep(3600)
    again = views(look(live))["b@threads/main"]
    live.clock.sleep(7 * DAY_SECONDS)
    told = of(look(live), "b@threads/main")
    assert [week_name(point.week) for point in told.history] == ["2026-W48", "2026-W49"]
    assert told.history[0].counts["views"] == again
    assert told.history[0].counts["views"] < told.history[1].counts["views"]


def test_a_renamed_publication_keeps_its_history_and_a_forgotten_one_its_numbers(live: World) -> None:
    seen = views(look(live))
    state_move(live.workspace, "b@threads/main", "renamed@threads/main")
    state_move(live.workspace, "threads/brand", "threads/other")
    told = look(live, offline=True)
    assert views(told)["renamed@threads/main"] == seen["b@threads/main"]
    assert views(told)["b@threads/other"] == seen["b@threads/brand"]
    live.remove("a")
    live.applied("a")
    sent = len(live.sent)
    gone = of(look(live, "a"), "a@threads/main")
    assert (gone.counts["views"], gone.subject.bound) == (seen["a@threads/main"], False)
    assert live.sent[sent:] == []


def test_a_replaced_post_goes_on_counting_beside_the_one_in_its_place(live: World) -> None:
    look(live)
    live.post("b", "Both, corrected", targets="threads/main, threads/brand", on_change="replace")
    live.applied()
    live.clock.sleep(DAY_SECONDS)
    (main,) = look(live, "b@threads/main").targets
    assert [(str(each.address), each.subject.bound) for each in main.publications] == [
        ("b@threads/main", True),
        ("b@threads/main", False),
    ]
    assert all(each.counts for each in main.publications)
    (recent,) = look(live, "b@threads/main", since="36h").targets
    assert [each.subject.bound for each in recent.publications] == [True]


def test_each_of_several_replaced_posts_is_a_publication_of_its_own(live: World) -> None:
    """Their numbers added up would stand in the median, and in the week of the first one alone."""
    seen = [views(look(live))["b@threads/main"]]
    for text in ("Both, corrected", "Both, corrected again"):
        live.post("b", text, targets="threads/main, threads/brand", on_change="replace")
        live.applied()
        live.clock.sleep(2 * DAY_SECONDS)
        (main,) = look(live, "b@threads/main").targets
        seen.append(main.publications[0].counts["views"])
    assert [each.counts["views"] for each in main.publications] == seen[::-1]
    assert [each.subject.bound for each in main.publications] == [True, False, False]
    assert sum(week.published.publications for week in main.weeks) == 3


def test_a_chain_that_is_followed_no_more_stays_one_publication(live: World) -> None:
    seen = views(look(live))["a@threads/main"]
    live.remove("a")
    live.applied("a")
    (main,) = look(live, "a", offline=True).targets
    assert [each.counts["views"] for each in main.publications] == [seen]


def test_another_account_in_the_place_of_a_sandbox_does_not_inherit_its_numbers(live: World) -> None:
    look(live)
    table = live.root / TABLE
    table.write_text(table.read_text().replace("@sandbox:test", "@sandbox:first"))
    for name in "ab":
        live.remove(name)
    live.post("c", "Ours")
    live.applied()
    live.clock.sleep(2 * DAY_SECONDS)
    assert set(views(look(live))) == {"c@threads/main"}


def test_posts_that_are_gone_from_the_network_do_not_end_the_look(world: World) -> None:
    """As many as are asked for together, and those that are asked for first."""
    world.switch(readers_per_post=1000)
    for number in range(TOGETHER_MAX + 2):
        world.post(f"p{number:02}", f"Text {number}")
    world.applied(max_creates=TOGETHER_MAX + 2)
    world.clock.sleep(DAY_SECONDS)
    for post in sorted(world.posts(), key=lambda each: each.id)[:TOGETHER_MAX]:
        world.delete_by_hand(post.content.text)
    told = list(views(look(world)).values())
    assert (len(told), told.count(None)) == (TOGETHER_MAX + 2, TOGETHER_MAX)


def test_numbers_that_cannot_be_kept_are_told_all_the_same(live: World) -> None:
    other = lock_bytes(
        FakeMachine("laptop"), "n-1", live.workspace.surroundings.holder("x", live.clock.now())
    )
    (live.root / f"{TABLE}.lock").write_bytes(other)
    told = look(live)
    assert None not in views(told).values()
    assert "another process is changing the table" in told.unkept
    assert "remove that file" in told.remedy


def test_two_machines_that_look_at_once_both_keep_what_they_read(live: World) -> None:
    answer, others = live.answer, 0

    def meanwhile(target: TargetName, request: Request) -> Answered:
        nonlocal others
        if request.path.endswith("/insights") and target == MAIN and not others:
            others += 1
            look(live, "threads/brand")
        return answer(target, request)

    live.answer = meanwhile  # type: ignore[method-assign]
    look(live, "threads/main")
    assert None not in views(look(live, offline=True)).values()


def test_a_shared_state_shares_its_numbers_and_an_apply_under_way_is_not_disturbed(tmp_path: Path) -> None:
    world = test_shared_apply.World(tmp_path)
    world.switch(readers_per_post=1000)
    world.post("a", "Hello")
    world.apply()
    world.clock.sleep(DAY_SECONDS)
    tip = world.remote.tip
    workspace = world.workspace
    holder = workspace.surroundings.holder("apply", world.clock.now())
    with workspace.store.open(holder, 0) as session:
        seen = views(look(world))
        session.check_lease()
        session.idle()
    assert world.remote.tip.files == tip.files
    world.moved()
    assert views(look(world, offline=True)) == seen
    assert list((world.root / "state").glob("*.jsonl")) == []


def test_refresh_goes_on_as_before(live: World) -> None:
    look(live)
    assert refresh(live.workspace, watcher=Unwatched()).unread == ()
    with (
        pytest.raises(StateLocked),
        live.workspace.store.open(live.workspace.surroundings.holder("apply", live.clock.now()), 0),
    ):
        refresh(live.workspace, watcher=Unwatched())


# The trend.


def test_the_trend_is_the_account_s_own_whatever_was_chosen(live: World) -> None:
    for number in range(5):
        live.post(f"p{number}", f"Another {number}")
    live.applied()
    live.clock.sleep(2 * DAY_SECONDS)
    whole = look(live)
    main = {each.target: each for each in whole.targets}[MAIN]
    assert (main.compared, main.median is not None) == (7, True)
    trend = of(whole, "p0@threads/main").trend
    assert trend is not None
    live.clock.sleep(1)
    assert of(look(live, "p0"), "p0@threads/main").trend == trend
    brand = {each.target: each for each in whole.targets}[BRAND]
    assert (brand.median, brand.compared) == (None, 1), "accounts are never compared with each other"
