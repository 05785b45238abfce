"""Apply from end to end: real files, real state, the sandbox's own reading of Threads, virtual time."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from tests.operations.world import World, picture, words
from threadsync.errors import ContentError, StateError, UnsafePlan, UsageError
from threadsync.model.ids import Address, TargetName
from threadsync.operations.asking import AskAccount, AskApply, AskFirstRun, AskLate, AskReplace, Question
from threadsync.operations.importing import import_post
from threadsync.operations.surgery import state_accept, state_move, state_remove, state_resolve
from threadsync.operations.validate import validate
from threadsync.sandbox import threads
from threadsync.sandbox.threads import Fault, FaultKind


@dataclass
class Someone:
    """A person who answers by a rule, and remembers what was asked."""

    yes: tuple[type[Question], ...] = (AskApply, AskFirstRun, AskAccount, AskLate, AskReplace)  # type: ignore[valid-type]
    asked: list[type] = field(default_factory=list)

    def confirm(self, question: Question) -> bool:
        self.asked.append(type(question))
        return isinstance(question, self.yes)


def no_op(world: World) -> bool:
    return not any(action.word not in {"no-op", "wait"} for action in world.plan().values())


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


# Accounts, backlogs, states.


def test_a_post_that_looks_published_is_blocked_until_it_is_imported(world: World) -> None:
    world.clock.sleep(60)
    remote = world.post_by_hand("Hello")
    world.post("a", "Hello")
    assert words_of(world) == {"a@threads/main": "blocked looks-published"}
    import_post(world.workspace, "a@threads/main", remote)
    assert no_op(world)
    assert world.live() == ["Hello"]


def words_of(world: World) -> dict[str, str]:
    done = world.apply()
    return {str(a.address): f"{a.word} {a.reason}" for a in done.prepared.plan.actions}


def test_an_imported_chain_is_bound_with_its_replies(world: World) -> None:
    world.post("a", "One\n\n---\n\nTwo")
    world.applied()
    first = world.posts()[0].id
    state_remove(world.workspace, ["a@threads/main"])
    import_post(world.workspace, "a@threads/main", first)
    assert len(world.state.bindings) == 1
    assert no_op(world)


def test_an_older_state_publishes_no_backlog(world: World) -> None:
    world.post("a", "Hello")
    world.applied()
    kept = (world.root / "state/threadsync.json").read_bytes()
    world.clock.sleep(3600)
    world.post("b", "More of it")
    world.applied()
    (world.root / "state/threadsync.json").write_bytes(kept)
    assert words_of(world)["b@threads/main"] == "blocked looks-published"
    assert world.live() == ["Hello", "More of it"]


def test_an_older_state_is_read_back_to_its_own_last_write_whatever_this_run_settles_first(
    world: World,
) -> None:
    world.post("a", "Hello")
    world.arm(Fault("publish", FaultKind.REQUEST_LOST, times=None))
    assert world.died(8)
    kept = {path: path.read_bytes() for path in (world.root / "state").iterdir()}
    threads.apply(world.network, threads.Disarm(), world.clock.now().timestamp())
    world.clock.sleep(3600)
    world.applied()
    world.post("b", "More of it")
    world.applied()
    for path, content in kept.items():
        path.write_bytes(content)
    world.clock.sleep(3600)
    world.post("a", "Hello, with an edit that makes apply settle it first")
    assert words_of(world)["b@threads/main"] == "blocked looks-published"
    assert world.live() == ["Hello", "More of it"]


def test_a_clock_that_was_ahead_at_the_last_write_hides_nothing(world: World) -> None:
    half_a_day = 12 * 3600.0
    world.switch(clock_skew_seconds=-half_a_day)
    world.post("a", "Hello")
    world.applied()
    kept = (world.root / "state/threadsync.json").read_bytes()
    world.clock.seconds -= half_a_day
    world.switch(clock_skew_seconds=0.0)
    world.clock.sleep(half_a_day / 2)
    world.post("b", "More of it")
    world.applied()
    (world.root / "state/threadsync.json").write_bytes(kept)
    assert words_of(world)["b@threads/main"] == "blocked looks-published"


def test_a_missing_state_is_a_first_run_and_still_publishes_nothing_twice(world: World) -> None:
    world.post("a", "Hello")
    world.applied()
    (world.root / "state/threadsync.json").unlink()
    world.clock.sleep(3600)
    assert words_of(world) == {"a@threads/main": "blocked looks-published"}
    assert world.live() == ["Hello"]


def test_a_damaged_state_is_refused_by_plan_and_apply(world: World) -> None:
    world.post("a", "Hello")
    world.applied()
    path = world.root / "state/threadsync.json"
    path.write_text(path.read_text().replace("Hello", "Hallo"))
    for verb in (world.plan, world.apply):
        with pytest.raises(StateError):
            verb()


def test_another_account_behind_the_credential_is_refused(world: World) -> None:
    world.post("a", "Hello")
    world.applied()
    world.post("b", "More of it")
    text = (world.root / "threadsync.yaml").read_text()
    world.write("threadsync.yaml", text.replace("account: main", "account: somebody"))
    assert words_of(world)["b@threads/main"] == "blocked account-mismatch"


def test_import_refuses_another_account_than_the_state_holds(world: World) -> None:
    world.post("a", "Hello")
    world.applied()
    world.post("b", "More of it")
    text = (world.root / "threadsync.yaml").read_text()
    world.write("threadsync.yaml", text.replace("account: main, ", ""))
    world.tokens = {**world.tokens, TargetName("threads/main"): "sandbox-brand"}
    remote = world.post_by_hand("More of it", "brand")
    with pytest.raises(UsageError, match="the state holds @main"):
        import_post(world.workspace, "b@threads/main", remote)


def test_a_renamed_target_is_mended_by_one_command(world: World) -> None:
    world.post("a", "Hello")
    world.applied()
    text = (world.root / "threadsync.yaml").read_text()
    lines = [line for line in text.splitlines() if "threads/brand" not in line]
    world.write("threadsync.yaml", "\n".join(lines).replace("threads/main:", "threads/news:"))
    world.post("a", "Hello", targets="threads/news")
    assert "blocked target-renamed" in words(world.plan()).values()
    state_move(world.workspace, "threads/main", "threads/news")
    assert words(world.plan()) == {"a@threads/news": "no-op same"}


def test_a_post_deleted_on_the_network_is_not_made_again(world: World) -> None:
    world.post("a", "One\n\n---\n\nTwo")
    world.applied()
    world.delete_by_hand("Two")
    world.post("a", "One\n\n---\n\nTwo\n\n---\n\nThree")
    assert words_of(world) == {"a@threads/main": "blocked gone"}
    state_accept_gone(world)
    assert words(world.plan()) == {"a@threads/main": "blocked was-taken-down"}


def state_accept_gone(world: World) -> None:
    done = state_accept(world.workspace, ["a@threads/main"])
    assert "taken down" in done.lines[0]


def test_accept_records_todays_file_as_what_is_live(world: World) -> None:
    world.post("a", "Hello")
    world.applied()
    world.post("a", "Hullo")
    state_accept(world.workspace, ["a@threads/main"])
    assert no_op(world)
    assert world.live() == ["Hello"]


def test_a_reached_quota_blocks_before_anything_is_sent(world: World) -> None:
    world.switch(posts_quota=1)
    world.post("a", "Hello")
    world.post("b", "More of it")
    assert sorted(words_of(world).values()) == ["blocked quota", "create new"]
    assert len(world.live()) == 1


def test_an_empty_posts_folder_is_an_error_while_posts_are_live(world: World) -> None:
    world.post("a", "Hello", on_remove="delete")
    world.applied()
    world.remove("a")
    with pytest.raises(ContentError) as raised:
        world.apply()
    assert [finding.rule for finding in raised.value.findings] == ["file/no-posts"]
    assert world.live() == ["Hello"]


def test_a_post_edited_on_the_network_is_shown_before_it_is_replaced(world: World) -> None:
    world.post("a", "Hello")
    world.applied()
    (post,) = world.posts()
    edited = replace(post, content=replace(post.content, text="Hello, edited in the app"))
    world.network.change(edited)
    world.post("a", "Hello again")
    done = world.apply(allow_replace=("a@threads/main",))
    (notice,) = done.prepared.plan.notices
    assert "edited in the app" in notice.problem


def test_a_wrong_clock_is_a_notice(world: World) -> None:
    world.switch(clock_skew_seconds=900.0)
    world.post("a", "Hello")
    (notice,) = world.apply().prepared.plan.notices
    assert "15 minutes behind" in notice.problem


def test_a_post_adopted_by_its_text_alone_is_not_taken_down_before_a_person_says_it_is_ours(
    world: World,
) -> None:
    """The container stops being readable, so nothing but the text says that the post is ours (law 17)."""
    world.switch(published_readable_seconds=0.0)
    world.post("a", "Hello")
    world.arm(Fault("publish", FaultKind.ANSWER_LOST))
    assert world.applied() == {"a@threads/main": "applied"}
    (segment,) = world.state.bindings[Address.parse("a@threads/main")].segments
    assert segment.bound_by == "text"
    world.post("a", "Hello", withdraw="true")
    assert words_of(world) == {"a@threads/main": "blocked not-proved-ours"}
    import_post(world.workspace, "a@threads/main", segment.remote_id)
    assert world.applied() == {"a@threads/main": "applied"}
    assert world.live() == []


def test_one_networks_failure_stops_no_other(world: World) -> None:
    world.post("a", "Hello", targets="threads/main, threads/brand")
    world.arm(Fault("any", FaultKind.TOKEN_EXPIRED, times=None, profile="brand"))
    done = world.apply()
    assert done.unreadable
    assert (world.live(), world.live("brand")) == (["Hello"], [])
    before = world.sent.count("POST /me/threads_publish")
    world.apply()
    assert world.sent.count("POST /me/threads_publish") == before


def test_a_picture_that_its_host_does_not_serve_blocks_its_post(world: World) -> None:
    world.write("posts/p.jpg", picture())
    world.post("a", "Look\n\n![red](p.jpg)")
    world.media_problem = "https://cdn.example/p.jpg answers 404"
    assert words_of(world) == {"a@threads/main": "blocked media-not-served"}
    assert world.live() == []


def test_a_picture_without_a_media_host_is_known_before_anything_is_asked(world: World) -> None:
    text = (world.root / "threadsync.yaml").read_text()
    world.write("threadsync.yaml", text.replace(", media_host: local", ""))
    world.write("posts/p.jpg", picture())
    world.post("a", "Look\n\n![red](p.jpg)")
    found = validate(world.workspace).findings
    assert [(each.rule, each.location.file, each.location.line) for each in found] == [
        ("media/no-host", "posts/a.md", 7)
    ]


def test_the_cache_keeps_itself_out_of_git(world: World) -> None:
    world.write("posts/p.jpg", picture())
    world.post("a", "Look\n\n![red](p.jpg)")
    os.utime(world.root / "posts/p.jpg", (1_000_000_000, 1_000_000_000))
    world.plan()
    cached = world.root / ".threadsync"
    assert not cached.exists() or (cached / ".gitignore").read_text() == "*\n"


def test_a_replace_is_not_begun_while_the_right_to_delete_cannot_be_read(world: World) -> None:
    world.post("a", "Hello")
    world.applied()
    world.post("a", "Hello again")
    world.arm(Fault("quota", FaultKind.SERVER_ERROR, times=None))
    done = world.apply(allow_replace=("a@threads/main",))
    assert [str(a.reason) for a in done.prepared.plan.actions] == ["quota"]
    assert world.live() == ["Hello"]


def test_a_token_without_the_scope_to_delete_begins_no_replace(world: World) -> None:
    world.post("a", "Hello")
    world.applied()
    world.post("a", "Hello again")
    fewer = tuple(scope for scope in threads.SCOPES if scope != "threads_delete")
    command = threads.add_profile(threads.Profile("main", scopes=fewer))
    threads.apply(world.network, command, world.clock.now().timestamp())
    done = world.apply(allow_replace=("a@threads/main",))
    assert [str(a.reason) for a in done.prepared.plan.actions] == ["missing-scope"]
    assert world.live() == ["Hello"]


def test_a_link_follows_a_replaced_post_once_and_the_same_command_again_changes_nothing(world: World) -> None:
    world.post("a", "Hello")
    world.post("b", "See {{ links['a@threads/main'] }}")
    world.applied()
    world.post("a", "Hello again")
    both = ("a@threads/main", "b@threads/main")
    assert world.applied(allow_replace=both) == dict.fromkeys(both, "applied")
    permalink = world.state.bindings[Address.parse(both[0])].segments[0].permalink
    assert world.live() == ["Hello again", f"See {permalink}"]
    before = [post.id for post in world.posts()]
    assert world.applied(allow_replace=both) == {}
    assert [post.id for post in world.posts()] == before


def test_a_flag_that_changes_nothing_is_named(world: World) -> None:
    world.post("a", "Hello")
    world.applied()
    world.post("b", "More of it")
    done = world.apply(late=("a@threads/main",), allow_delete=("a@threads/main",))
    said = [notice.problem for notice in done.prepared.plan.notices]
    assert said == ["--allow-delete changes nothing here.", "--late changes nothing here."]


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
