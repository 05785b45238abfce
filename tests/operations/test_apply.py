"""Apply from end to end: real files, real state, the sandbox's own reading of Threads, virtual time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.operations.someone import Someone, no_op, words_of
from tests.operations.world import World, picture, words
from threadsync.errors import ContentError, UnsafePlan, UsageError
from threadsync.operations.asking import AskAccount, AskApply, AskFirstRun, AskReplace
from threadsync.operations.surgery import state_resolve
from threadsync.sandbox.threads import Fault, FaultKind

# The straight way.


def test_posts_go_out_and_a_second_apply_asks_no_network(world: World) -> None:
    world.write("posts/p.jpg", picture())
    world.write("posts/q.jpg", picture("blue"))
    world.post("a", "Hello")
    world.post("b", "One\n\n---\n\nTwo\n\n---\n\nThree")
    world.post("c", "Look\n\n![red](p.jpg)\n\n![blue](q.jpg)")
    world.post("d", "Both\n\n![red](p.jpg)", targets="threads/main, threads/brand")
    assert set(world.applied().values()) == {"applied"}
    assert sorted(world.live()) == ["Both", "Hello", "Look", "One", "Three", "Two"]
    assert world.live("brand") == ["Both"]
    before = len(world.sent)
    done = world.apply()
    assert done.report is None
    assert no_op(world)
    assert len(world.sent) == before


def test_a_plan_writes_nothing_and_reads_no_account(world: World) -> None:
    world.post("a", "Hello")
    before = {path: path.read_bytes() for path in world.root.rglob("*") if path.is_file()}
    world.plan()
    after = {p: p.read_bytes() for p in world.root.rglob("*") if p.is_file() and ".threadsync" not in p.parts}
    assert (after, world.sent) == (before, [])


def test_a_link_to_another_target_waits_for_its_permalink(world: World) -> None:
    world.post("a", "Hello")
    world.post("b", "See {{ links['a@threads/main'] }}", targets="threads/brand")
    world.applied()
    (permalink,) = [
        binding.segments[0].permalink
        for binding in world.state.bindings.values()
        if str(binding.address) == "a@threads/main"
    ]
    assert world.live("brand") == [f"See {permalink}"]
    assert no_op(world)


def test_a_scheduled_post_goes_out_when_it_is_due(world: World) -> None:
    world.post("a", "Later", publish="2026-11-22 09:00")
    assert words(world.plan()) == {"a@threads/main": "wait not-due"}
    assert world.applied() == {}
    world.clock.sleep(timedelta(hours=21, minutes=10).total_seconds())
    assert world.applied() == {"a@threads/main": "applied"}


def test_an_edited_chain_extends_and_replaces_only_what_changed(world: World) -> None:
    world.post("a", "One\n\n---\n\nTwo")
    world.applied()
    world.post("a", "One\n\n---\n\nTwo\n\n---\n\nThree")
    assert words(world.plan()) == {"a@threads/main": "extend appended"}
    world.applied()
    world.post("a", "One\n\n---\n\nZwei\n\n---\n\nThree", on_change="replace")
    world.applied()
    assert world.live() == ["One", "Zwei", "Three"]
    assert no_op(world)


def test_withdraw_takes_a_chain_down_and_it_stays_down(world: World) -> None:
    world.post("a", "One\n\n---\n\nTwo")
    world.applied()
    world.post("a", "One\n\n---\n\nTwo", withdraw="true")
    assert world.applied() == {"a@threads/main": "applied"}
    assert world.live() == []
    world.post("a", "One\n\n---\n\nTwo")
    assert words(world.plan()) == {"a@threads/main": "blocked was-taken-down"}
    world.post("a", "One\n\n---\n\nTwo", republish="true")
    world.applied()
    assert world.live() == ["One", "Two"]


def test_a_removed_file_is_forgotten_and_comes_back_bound(world: World) -> None:
    world.post("a", "Hello")
    world.applied()
    world.remove("a")
    world.post("z", "Something else entirely")
    assert world.applied()["a@threads/main"] == "applied"
    world.post("a", "Hello")
    assert words(world.plan("a")) == {"a@threads/main": "adopt returned"}
    world.applied()
    assert sorted(world.live()) == ["Hello", "Something else entirely"]
    assert no_op(world)


def test_on_remove_delete_takes_the_post_down_with_its_file(world: World) -> None:
    world.post("a", "Hello", on_remove="delete")
    world.post("b", "Stays")
    world.applied()
    world.remove("a")
    assert words(world.plan("a@threads/main")) == {"a@threads/main": "delete file-removed"}
    world.applied()
    assert world.live() == ["Stays"]


def test_a_renamed_file_without_a_key_is_a_move(world: World) -> None:
    world.write("posts/old.md", "---\ntargets: [threads/main]\n---\nHello there\n")
    world.applied()
    (world.root / "posts/old.md").rename(world.root / "posts/new.md")
    assert words(world.plan()) == {"new@threads/main": "move renamed"}
    world.applied()
    assert world.live() == ["Hello there"]
    assert no_op(world)


# Consent.


def test_without_a_terminal_and_without_yes_apply_refuses(world: World) -> None:
    world.post("a", "Hello")
    with pytest.raises(UsageError, match="--yes"):
        world.apply(yes=False)
    assert world.sent == []


def test_yes_alone_does_not_answer_for_a_first_run(world: World) -> None:
    world.post("a", "Hello")
    with pytest.raises(UsageError, match="--first-run"):
        world.apply(first_run=False)
    assert world.live() == []


def test_a_person_is_asked_about_the_first_run_and_the_plan(world: World) -> None:
    world.post("a", "Hello")
    someone = Someone()
    assert world.applied(person=someone, first_run=False) == {"a@threads/main": "applied"}
    assert someone.asked == [AskFirstRun, AskApply]


@pytest.mark.parametrize("no", [AskFirstRun, AskApply])
def test_a_no_leaves_everything_as_it_was(world: World, no: type) -> None:
    world.post("a", "Hello")
    yes = tuple(kind for kind in Someone().yes if kind is not no)
    done = world.apply(person=Someone(yes), first_run=False)
    assert (done.declined, done.report, world.live()) == (True, None, [])
    assert not (world.root / "state/threadsync.json").exists()


def test_a_replace_needs_a_yes_at_the_prompt_or_a_flag(world: World) -> None:
    world.post("a", "Hello")
    world.applied()
    world.post("a", "Hallo")
    assert world.applied() == {}
    assert world.live() == ["Hello"]
    someone = Someone()
    assert world.applied(person=someone) == {"a@threads/main": "applied"}
    assert someone.asked == [AskReplace, AskApply]
    world.post("a", "Salut")
    assert world.applied(allow_replace=("a@threads/main",)) == {"a@threads/main": "applied"}
    assert world.live() == ["Salut"]


def test_an_undeclared_account_is_confirmed_once_and_then_remembered(world: World) -> None:
    text = (world.root / "threadsync.yaml").read_text().replace("account: main, ", "")
    world.write("threadsync.yaml", text)
    world.post("a", "Hello")
    assert world.applied() == {}
    someone = Someone()
    assert world.applied(person=someone) == {"a@threads/main": "applied"}
    assert AskAccount in someone.asked
    world.post("b", "More")
    assert world.applied() == {"b@threads/main": "applied"}


def test_a_plan_over_the_safety_limit_is_refused_and_names_the_number(world: World) -> None:
    for number in range(11):
        world.post(f"p{number}", f"Text number {number} about something")
    with pytest.raises(UnsafePlan, match="--max-creates 11"):
        world.apply()
    assert world.live() == []
    assert len(world.applied(max_creates=11)) == 11


def test_an_error_in_any_file_stops_everything(world: World) -> None:
    world.post("a", "Hello")
    world.post("b", "x" * 501)
    with pytest.raises(ContentError) as raised:
        world.apply()
    assert [finding.rule for finding in raised.value.findings] == ["threads/text-too-long"]
    assert world.sent == []


# Lost answers and death.


@pytest.mark.parametrize(
    "fault",
    [
        Fault("publish", FaultKind.ANSWER_LOST),
        Fault("publish", FaultKind.REQUEST_LOST),
        Fault("publish", FaultKind.SERVER_ERROR),
        Fault("publish", FaultKind.ERROR_ALTHOUGH_DONE),
        Fault("publish", FaultKind.MEDIA_NOT_FOUND),
        Fault("publish", FaultKind.ACTS_LATE, seconds=200.0),
        Fault("create", FaultKind.ANSWER_LOST),
        Fault("status", FaultKind.SERVER_ERROR),
        Fault("any", FaultKind.THROTTLED),
        Fault("publish", FaultKind.CONTAINER_EXPIRED),
        Fault("publish", FaultKind.LATE_LISTING, seconds=60.0),
        Fault("publish", FaultKind.LATE_STATUS, seconds=60.0),
        Fault("publish", FaultKind.PARENT_NOT_VISIBLE, seconds=20.0),
        Fault("create", FaultKind.LONG_PROCESSING, seconds=100.0),
        Fault("create", FaultKind.CONTAINER_ERROR),
    ],
    ids=lambda fault: f"{fault.operation}-{fault.kind}",
)
def test_every_fault_of_the_network_ends_with_each_post_there_once(world: World, fault: Fault) -> None:
    world.post("a", "One\n\n---\n\nTwo")
    world.post("b", "Something else entirely")
    world.arm(fault)
    for _ in range(4):
        world.applied()
        world.clock.sleep(600)
    assert sorted(world.live()) == ["One", "Something else entirely", "Two"]
    assert no_op(world)


def test_death_at_every_request_leaves_each_post_there_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    request, alive = 0, True
    while alive:
        request += 1
        world = World(tmp_path_factory.mktemp("world"))
        world.write("posts/p.jpg", picture())
        world.write("posts/q.jpg", picture("blue"))
        world.post("a", "One\n\n---\n\nTwo")
        world.post("c", "Look\n\n![red](p.jpg)\n\n![blue](q.jpg)")
        alive = world.died(request)
        world.applied()
        assert sorted(world.live()) == ["Look", "One", "Two"], f"died at request {request}"
        assert no_op(world), f"died at request {request}"
    assert request > 15


def test_a_file_edited_after_a_crash_is_settled_before_it_is_planned(world: World) -> None:
    """The interrupted text is found on the account and bound; the edit then is a change, not a new post."""
    world.post("a", "Hello there, old text")
    world.arm(Fault("publish", FaultKind.ANSWER_LOST))
    assert world.died(8)  # right after the publish, while it is being settled
    world.post("a", "Hello there, new text")
    assert words_of(world) == {"a@threads/main": "blocked needs-consent"}
    assert world.live() == ["Hello there, old text"]


def test_a_doubt_that_stays_is_settled_by_hand(world: World) -> None:
    world.post("a", "Hello")
    world.arm(Fault("publish", FaultKind.ANSWER_LOST))
    world.switch(listing_lag_seconds=1e9)
    assert world.applied() == {"a@threads/main": "uncertain"}
    (post,) = world.posts()
    state_resolve(world.workspace, "a@threads/main", published=post.id, not_published=False)
    world.switch(listing_lag_seconds=0.0)
    assert no_op(world)
    assert world.live() == ["Hello"]
