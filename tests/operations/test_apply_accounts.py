"""Apply on accounts, backlogs and states that are not as they should be."""

from __future__ import annotations

import os

import pytest
from msgspec.structs import replace

from tests.operations.someone import no_op, words_of
from tests.operations.world import World, picture, words
from threadsync.errors import ContentError, StateError, UsageError
from threadsync.model.facts import MediaProblem
from threadsync.model.ids import Address, TargetName
from threadsync.operations.importing import import_post
from threadsync.operations.surgery import state_accept, state_move, state_remove
from threadsync.operations.validate import validate
from threadsync.sandbox import threads
from threadsync.sandbox.threads import Fault, FaultKind


def test_a_post_that_looks_published_is_blocked_until_it_is_imported(world: World) -> None:
    world.clock.sleep(60)
    remote = world.post_by_hand("Hello")
    world.post("a", "Hello")
    assert words_of(world) == {"a@threads/main": "blocked looks-published"}
    import_post(world.workspace, "a@threads/main", remote)
    assert no_op(world)
    assert world.live() == ["Hello"]


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
    world.media_problem = MediaProblem("https://cdn.example/p.jpg answers 404", "Make it public.")
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
