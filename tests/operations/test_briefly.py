"""A plan that holds nothing of what is live as its file says comes to what one that holds everything does."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.operations.test_partly import KEYS, STEPS, WORDS, live
from tests.operations.world import PROJECT, World, picture
from threadsync.content.loader import Content, Said, Shorten, load, said_by
from threadsync.content.media import MediaFinder
from threadsync.content.project import Project
from threadsync.content.walking import PostFile
from threadsync.errors import StateDamaged, StateTooNew, ThreadsyncError
from threadsync.media.cache import CachedProbe
from threadsync.model.ids import Address
from threadsync.operations import remembering
from threadsync.operations.basis import told
from threadsync.operations.memory import Memory
from threadsync.operations.plan import Prepared, plan
from threadsync.operations.remembering import lasts
from threadsync.operations.validate import validate
from threadsync.operations.workspace import Workspace
from threadsync.planning.actions import NoOp, Reason
from threadsync.planning.planfile import PlanOptions
from threadsync.statefile import codec
from threadsync.statefile.shapes import Shape
from threadsync.statefile.unread import Unread
from threadsync.views.json import plan_json
from threadsync.views.markdown import plan_markdown
from threadsync.views.plan_text import plan_text
from threadsync.views.seen import Detail

MAIN = "threads/main"


def agree(workspace: Workspace, options: PlanOptions | None = None) -> Prepared:
    """Plan briefly and in full, and return what both come to."""
    brief, full = plan(workspace, options=options, briefly=True), plan(workspace, options=options)
    assert brief.plan == full.plan
    assert [*brief.plan.actions] == [*full.plan.actions]
    assert (brief.findings, brief.excesses) == (full.findings, full.excesses)
    assert (brief.interrupted, brief.accounts, brief.has_errors) == (
        full.interrupted,
        full.accounts,
        full.has_errors,
    )
    assert (brief.media, brief.drafts, lasts(brief)) == (full.media, full.drafts, lasts(full))
    for detail in Detail:
        assert plan_text(brief, width=80, color=False, detail=detail) == plan_text(
            full, width=80, color=False, detail=detail
        )
    assert plan_json(brief) == plan_json(full)
    assert plan_markdown(brief) == plan_markdown(full)
    desired = brief.desired
    assert {*desired.publications, *desired.live} == {*full.desired.publications}
    assert not desired.publications.keys() & desired.live.keys()
    assert replace(desired, publications={}, live={}) == replace(full.desired, publications={})
    project = workspace.project
    assert {*remembering._others(project, brief)} == {*remembering._others(project, full)}
    if full.prior is not None:
        assert brief.prior is not None
        assert replace(brief.prior, bindings=dict(brief.prior.bindings)) == full.prior
        assert told(brief, brief.prior) == told(full, full.prior)
    return brief


@pytest.mark.parametrize("name", STEPS)
def test_whatever_has_changed_the_plan_is_the_same(tmp_path: Path, name: str) -> None:
    world = live(tmp_path)
    if name == "restore":
        STEPS["set aside"](world, "blue")
    if name != "remove a new one":
        STEPS[name](world, "blue")
    agree(world.workspace)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.sampled_from(KEYS)), min_size=2, max_size=8),
    selected=st.booleans(),
)
def test_it_stays_the_same_whatever_comes_together(
    tmp_path_factory: pytest.TempPathFactory, *, steps: list[tuple[str, str]], selected: bool
) -> None:
    world = live(tmp_path_factory.mktemp("life"))
    for name, key in steps:
        try:
            STEPS[name](world, key)
        except (OSError, ValueError, ThreadsyncError):
            continue  # there is nothing to rename, to restore or to be gone, or apply refuses the plan
    agree(world.workspace, PlanOptions(("red", "2026/*"), ("leaf",)) if selected else None)


def test_nothing_is_held_of_what_is_live_as_its_file_says(tmp_path: Path) -> None:
    """But of what names others, or is named by them, and of what is no longer as it was."""
    world = live(tmp_path)
    world.post("blue", "Something else altogether.")
    desired = agree(world.workspace).desired
    assert {address.key for address in desired.publications} == {"blue", "leaf", "root"}
    red = desired.live[Address.parse(f"red@{MAIN}")]
    assert (red.file, red.media, red.zone, len(red.posts)) == ("posts/red.md", (), None, 1)


def test_a_time_zone_is_known_of_what_is_live(tmp_path: Path) -> None:
    """A kept plan depends on what its zones say."""
    world = World(tmp_path)
    world.post("late", "Late", publish="{at: 2026-11-21 20:50, zone: Asia/Tokyo}")
    world.apply()
    (late,) = agree(world.workspace).desired.live.values()
    assert late.zone == "Asia/Tokyo"


def test_what_names_a_post_by_its_address_is_held(tmp_path: Path) -> None:
    """Whether an account has that post is asked for each target."""
    world = World(tmp_path)
    world.post("first", "The first one")
    world.apply()
    post = world.state.bindings[Address.parse(f"first@{MAIN}")].segments[0]
    for number, name in enumerate((post.permalink, f"id:{post.remote_id}")):
        world.post(f"second-{number}", f"The next one, {number}", reply_to=name)
    world.apply()
    desired = agree(world.workspace).desired
    assert {address.key for address in desired.publications} == {"second-0", "second-1"}


def test_bindings_are_read_for_the_posts_that_are_read_and_not_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = live(tmp_path)
    read: list[object] = []
    reading = Shape.read

    def counted(self: Shape[object], raw: object, **outside: object) -> object:
        read.extend(outside.values())
        return reading(self, raw, **outside)  # type: ignore[arg-type]

    monkeypatch.setattr(Shape, "read", counted)
    prepared = plan(world.workspace, briefly=True)
    assert prepared.prior is not None
    assert isinstance(prepared.prior.bindings, Unread)
    own = Address.parse(f"red@{MAIN}")
    assert read.count(own) == 1


def planned_while_root_changes(world: World, key: str, **front: object) -> tuple[Prepared, list[list[str]]]:
    """Plan briefly; while *root*, which another post names, is read again, it becomes another one."""
    read_keys: list[list[str]] = []

    def reading(files: Sequence[PostFile], project: Project, media: MediaFinder) -> list[Said]:
        read_keys.append([file.key for file in files])
        if read_keys[-1] == ["root"]:
            lines = "".join(f"{name}: {value}\n" for name, value in {"key": key, **front}.items())
            world.write("posts/root.md", f"---\ntargets: [threads/main]\n{lines}---\nChanged.\n")
        return said_by(files, project, media)

    def read(project: Project, shorten: Shorten) -> Content:
        return load(project, CachedProbe(None), reader=reading, shorten=shorten)

    return plan(replace(world.workspace, read=read), briefly=True), read_keys[1:]


def test_a_post_that_another_names_is_read_in_full_even_if_it_changes_meanwhile(tmp_path: Path) -> None:
    """It names another one by then, which is read in full too."""
    prepared, read = planned_while_root_changes(live(tmp_path), "root", reply_to="red")
    assert read == [["root"], ["red"]]
    assert {address.key for address in prepared.desired.publications} == {"leaf", "root", "red"}
    assert not prepared.has_errors


def test_a_key_that_a_post_takes_meanwhile_is_found_taken(tmp_path: Path) -> None:
    prepared, _ = planned_while_root_changes(live(tmp_path), "red")
    rules = {finding.rule for finding in prepared.findings}
    assert rules == {"post/key-twice", "reference/unknown-key"}
    assert not prepared.desired.complete


@pytest.mark.parametrize("step", ["remove", "edit", "nothing"])
@pytest.mark.parametrize(
    ("entry", "error"), [({"liked": True}, StateTooNew), ({"segments": 3}, StateDamaged)]
)
def test_a_binding_that_cannot_be_read_stops_the_plan_whoever_would_have_read_it(
    tmp_path: Path, step: str, entry: dict[str, object], error: type[Exception]
) -> None:
    world = World(tmp_path)
    for key in ("blue", "red"):
        world.post(key, f"{WORDS} {key}.")
    world.apply()
    path = world.root / "state/threadsync.json"
    document = json.loads(path.read_bytes())
    document["bindings"][f"blue@{MAIN}"] |= entry
    document["checksum"] = codec._checksum(document)
    path.write_text(codec._rendered(document))
    STEPS[step](world, "blue")
    said = []
    for briefly in (True, False):
        with pytest.raises(error) as found:
            plan(world.workspace, briefly=briefly)
        said.append(str(found.value))
    assert said[0] == said[1]


def test_what_is_unchanged_may_be_agreed_to_and_stays_as_it_is(tmp_path: Path) -> None:
    world = live(tmp_path)
    found = agree(world.workspace, PlanOptions(allow_replace=(f"red@{MAIN}",)))
    actions = {str(action.address): action for action in found.plan.actions}
    assert actions[f"red@{MAIN}"] == NoOp(Address.parse(f"red@{MAIN}"), Reason.SAME)


@pytest.mark.parametrize("request_number", range(8, 12))
def test_what_was_interrupted_is_never_taken_for_live(tmp_path: Path, request_number: int) -> None:
    """An appended segment is lost on its way, and then taken out of the file again."""
    world = World(tmp_path)
    for key in ("blue", "red"):
        world.post(key, f"{WORDS} {key}.")
    world.apply()
    STEPS["append"](world, "blue")
    assert world.died(request_number)
    assert world.state.open
    agree(world.workspace)
    STEPS["edit back"](world, "blue")
    brief = agree(world.workspace)
    assert brief.prior is not None
    assert not brief.desired.live.keys() & brief.prior.open.keys()
    assert {address.key for address in brief.desired.live} <= {"blue", "red"} - {
        address.key for address in brief.prior.open
    }


def test_a_time_that_is_too_far_ahead_is_found_in_what_is_live(tmp_path: Path) -> None:
    """A time is no content, so the post is still live as its file says."""
    world = live(tmp_path)
    world.post("red", f"{WORDS} red.", publish="2046-11-21 13:00")
    (finding,) = agree(world.workspace).findings
    assert finding.rule == "schedule/too-far-ahead"


STRICTER = {
    "media/no-host": (", media_host: local", ""),
    "threads/text-too-long": ("account: main", "account: main, text_count: bytes"),
}
"""What the project file may come to say, by the rule that is broken then."""


def with_stricter(world: World, rule: str) -> None:
    world.write("threadsync.yaml", PROJECT.replace(*STRICTER[rule]))


def shown_and_long(root: Path) -> World:
    world = World(root)
    world.write("posts/near.jpg", picture())
    world.post("shown", "Look\n\n![Near](near.jpg)")
    world.post("long", "ü" * 300, targets="threads/main, threads/brand")
    world.apply()
    return world


@pytest.mark.parametrize("rule", STRICTER)
def test_what_is_live_as_its_file_says_is_not_held_against_the_rules_of_its_network(
    tmp_path: Path, rule: str
) -> None:
    """It was taken. In either way of planning; ``validate``, which knows no state, tells of it."""
    world = shown_and_long(tmp_path)
    with_stricter(world, rule)
    prepared = agree(world.workspace)
    assert (prepared.findings, len(prepared.desired.live)) == ((), 3)
    assert {finding.rule for finding in validate(world.workspace).findings} == {rule}
    world.post("new", "Hello")
    assert world.applied() == {f"new@{MAIN}": "applied"}


@pytest.mark.parametrize(
    "front",
    [{"notes": "for us", "protect": "true"}, {"draft": "true"}, {"tags": "[transit]"}],
    ids=["another setting", "a draft", "another content"],
)
def test_what_is_no_longer_as_it_was_taken_is_held_against_them(
    tmp_path: Path, front: dict[str, str]
) -> None:
    world = shown_and_long(tmp_path)
    with_stricter(world, "threads/text-too-long")
    world.post("long", "ü" * 300, targets="threads/main, threads/brand", **front)
    assert {finding.rule for finding in agree(world.workspace).findings} == {"threads/text-too-long"}


def test_of_a_post_for_two_targets_the_one_that_is_not_live_is_checked(tmp_path: Path) -> None:
    """Although they get just the same."""
    world = World(tmp_path)
    world.post("long", "ü" * 300, targets="threads/brand")
    world.apply()
    stricter = PROJECT.replace("account: brand", "account: brand, text_count: bytes")
    world.write("threadsync.yaml", stricter.replace("account: main", "account: main, text_count: bytes"))
    world.post("long", "ü" * 300, targets="threads/main, threads/brand")
    found = agree(world.workspace)
    assert [finding.rule for finding in found.findings] == ["threads/text-too-long"]
    assert not found.desired.live


def test_what_names_others_is_checked_while_it_is_live(tmp_path: Path) -> None:
    """It may be published anew just as it is, where what it names is replaced."""
    world = World(tmp_path)
    world.post("above", "Above")
    world.post("below", "ü" * 300, reply_to="above")
    world.apply()
    with_stricter(world, "threads/text-too-long")
    assert {finding.rule for finding in agree(world.workspace).findings} == {"threads/text-too-long"}


def test_who_looks_again_and_again_is_told_what_counts_under_the_state_of_now(tmp_path: Path) -> None:
    """Of the very same file: nothing once it is live, and all of it where that is no longer known."""
    world, memory = shown_and_long(tmp_path), Memory()
    with_stricter(world, "threads/text-too-long")
    state = world.state
    for prior, rules in ((state, set()), (None, {"threads/text-too-long"}), (world.state, set())):
        declared = memory.within(world.workspace).declared(prior, world.clock.now())
        assert {finding.rule for finding in declared.findings} == rules


def test_before_the_first_apply_everything_is_held(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.post("a", "Hello")
    brief = plan(world.workspace, briefly=True)
    assert brief.plan == plan(world.workspace).plan
    assert not brief.desired.live
