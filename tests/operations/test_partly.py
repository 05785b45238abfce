"""A plan that reads only what has changed since the last one comes to what one that reads everything does."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import threadsync
from tests.operations.world import World, picture
from threadsync.cli import root
from threadsync.content.project import PROJECT_FILE
from threadsync.errors import ThreadsyncError
from threadsync.execution.seams import Unwatched
from threadsync.model.ids import Address, PostKey, TargetName
from threadsync.operations.basis import BASIS_FILE, UNSETTLED, decode, encode, unsettled
from threadsync.operations.partly import plan_partly
from threadsync.operations.plan import Prepared, plan
from threadsync.operations.refresh import refresh
from threadsync.operations.remembering import remember
from threadsync.statefile.excerpt import excerpt, stamp_of
from threadsync.views.plan_text import plan_text

TICK_NS = 20_000_000
"""Longer than a tick of the clock of a local file system."""
TRIES_MAX = 20
STATE_ENDS = ("", ".journal", ".lock")
KEYS = ("red", "blue", "green", "black")
"""The posts that are changed; as many others never are, so that it is always less than half."""
WORDS = "We rode to all forty stations, and twelve lifts were broken at"

pytestmark = pytest.mark.skipif(os.name == "nt", reason="not tested on Windows: it keeps no plan")


def text_of(prepared: Prepared) -> str:
    return plan_text(prepared, width=80, color=False)


def whole(world: World, *, keeps: bool = False) -> Prepared:
    """Plan from everything, and keep it if asked to, whatever was written more than a tick ago."""
    began_ns = time.time_ns()
    workspace = world.workspace
    prepared = plan(workspace)
    if keeps:
        text = text_of(prepared)
        remember(workspace.project, prepared, text, began_ns=began_ns, settled_ns=TICK_NS)
    return prepared


def based(world: World) -> bool:
    """Plan again and again, until what was written last is older than a tick; False where nothing is kept."""
    kept = world.root / BASIS_FILE
    kept.unlink(missing_ok=True)
    for _ in range(TRIES_MAX):
        whole(world, keeps=True)
        if kept.exists() and UNSETTLED not in decode(kept.read_bytes()).files:
            return True
    return False


def agrees(world: World) -> bool:
    """Whether a part was enough; what it comes to is what everything comes to."""
    part, full = plan_partly(world.workspace), whole(world)
    if part is None:
        return False
    chosen = {action.address for action in part.plan.actions}
    assert part.plan.actions == tuple(each for each in full.plan.actions if each.address in chosen)
    assert part.plan.unchanged == len(full.plan.actions) - len(chosen)
    assert text_of(part) == text_of(full)
    assert (part.plan.effective, part.plan.notices) == (full.plan.effective, full.plan.notices)
    assert (part.findings, part.excesses, part.accounts) == (full.findings, full.excesses, full.accounts)
    assert (part.has_errors, part.interrupted) == (full.has_errors, full.interrupted)
    return True


def live(root: Path) -> World:
    """Posts that are live, in folders, with media, references and a draft; as many again to be left alone."""
    world = World(root)
    world.write("posts/near.jpg", picture())
    for key in KEYS:
        world.post(key, f"{WORDS} {key}.")
    for number in range(6):
        world.post(f"2026/far-{number}", f"Far away, {number}")
    world.post("root", "What is replied to\n\n![Near](near.jpg)", targets="threads/main, threads/brand")
    world.post("leaf", "A reply", reply_to="root")
    world.post("idea", "Not yet", draft="true")
    world.apply(max_creates=20)
    return world


def project(root: Path) -> World:
    """The same, and a plan of it was kept."""
    world = live(root)
    assert based(world)
    return world


@pytest.fixture
def world(tmp_path: Path) -> World:
    return project(tmp_path)


Step = Callable[[World, str], object]
ALONE: dict[str, Step] = {
    "edit": lambda world, key: world.post(key, "Something else altogether."),
    "edit what counts for nobody": lambda world, key: world.post(key, f"{WORDS} {key}.", notes="for us"),
    "edit back": lambda world, key: world.post(key, f"{WORDS} {key}."),
    "append": lambda world, key: world.post(key, f"{WORDS} {key}.\n\n---\n\nAnd one more."),
    "replace": lambda world, key: world.post(key, "Anew.", on_change="replace"),
    "keep": lambda world, key: world.post(key, "Anew.", on_change="keep"),
    "protect": lambda world, key: world.post(key, f"{WORDS} {key}.", protect="true"),
    "withdraw": lambda world, key: world.post(key, f"{WORDS} {key}.", withdraw="true"),
    "a draft now": lambda world, key: world.post(key, f"{WORDS} {key}.", draft="true"),
    "a time": lambda world, key: world.post(key, f"{WORDS} {key}.", publish="2026-11-21 13:00"),
    "one more target": lambda world, key: world.post(
        key, f"{WORDS} {key}.", targets="threads/main, threads/brand"
    ),
    "more media": lambda world, key: world.post(key, "Look\n\n![Near](near.jpg)"),
    "a warning": lambda world, key: world.post(key, "Look", media="[near.jpg]"),
    "touch": lambda world, key: os.utime(world.root / f"posts/{key}.md"),
    "back-date": lambda world, key: os.utime(world.root / f"posts/{key}.md", ns=(10**18, 10**18)),
    "a new post": lambda world, key: world.post(f"new-{key}", f"New, {key}."),
    "a new post later": lambda world, key: world.post(f"new-{key}", "Later", publish="2026-11-22 13:00"),
    "a new post with a new picture": lambda world, key: (
        world.write("posts/more/new.jpg", picture(key)),
        world.post(f"more/{key}", "Look\n\n![New](new.jpg)"),
    ),
    "a new post like one that is live": lambda world, key: world.post(f"new-{key}", f"{WORDS} {key}."),
    "a new post that replies to another": lambda world, key: (
        world.post("new-one", "One"),
        world.post(f"new-{key}", "To it", reply_to="new-one"),
    ),
    "rename a file": lambda world, key: os.rename(
        world.root / f"posts/{key}.md", world.root / f"posts/2026/{key}.md"
    ),
    "nothing": lambda world, key: (world.root / "posts/red.md").touch(),
}
"""What a part is enough for, in a project where nothing else has changed."""


@pytest.mark.parametrize("step", ALONE.values(), ids=ALONE)
def test_a_part_is_enough_for_what_touches_no_other_post(world: World, step: Step) -> None:
    step(world, "blue")
    assert agrees(world)


def _say(world: World, key: str, other: str, how: str) -> object:
    return world.post(key, f"{WORDS} {key}.", **{how: other})


def _circle(world: World, key: str) -> None:
    _say(world, key, "red", "quote")
    _say(world, "red", key, "quote")


def _moved(world: World, key: str) -> None:
    world.remove(key)
    world.post(f"was-{key}", f"{WORDS} {key}.", moved_from=key)


def _renamed(world: World, key: str) -> None:
    world.remove(key)
    world.post(f"{key}-3", f"{WORDS} {key}!")


def _restored(world: World, _: str) -> None:
    """Put back what was set aside, with its times, as a backup does."""
    os.stat(world.root / "aside")
    shutil.rmtree(world.root / "posts")
    os.replace(world.root / "aside", world.root / "posts")


def _gone(world: World, key: str) -> None:
    world.delete_by_hand(f"{WORDS} {key}.")
    refresh(world.workspace, watcher=Unwatched())


def _with_key(world: World, file: str, key: str) -> object:
    return world.write(
        f"posts/{file}.md", f"---\nkey: {key}\ntargets: [threads/main]\n---\n{WORDS} {file}.\n"
    )


TOGETHER: dict[str, Step] = {
    "reply": lambda world, key: _say(world, key, "red", "reply_to"),
    "quote": lambda world, key: _say(world, key, "green", "quote"),
    "repost": lambda world, key: world.post(key, "", repost="green"),
    "link": lambda world, key: world.post(key, "See {{ links['2026/far-1@threads/main'] }}"),
    "a circle": _circle,
    "named by nobody any more": lambda world, key: world.remove("leaf"),
    "what is replied to": lambda world, key: world.post("root", "Other", on_change="replace"),
    "what is replied to becomes a repost": lambda world, key: world.post("root", "", repost=key),
    "what is replied to is a draft": lambda world, key: world.post("root", "Root", draft="true"),
    "a key": lambda world, key: _with_key(world, key, f"{key}-2"),
    "a key that is taken": lambda world, key: _with_key(world, "other", key),
    "a key that a quiet file has": lambda world, key: _with_key(world, key, "2026/far-3"),
    "moved from": _moved,
    "another target": lambda world, key: world.post(key, f"{WORDS} {key}.", targets="threads/brand"),
    "broken": lambda world, key: world.write(f"posts/{key}.md", "---\ntragets: x\n---\nHello\n"),
    "not text": lambda world, key: world.write(f"posts/{key}.md", b"\xff\xff"),
    "remove": lambda world, key: world.remove(key),
    "remove a new one": lambda world, key: world.remove(f"new-{key}"),
    "rename and edit": _renamed,
    "change a picture": lambda world, key: world.write("posts/near.jpg", picture(key)),
    "a folder named like a post": lambda world, key: (world.root / "posts/folder.md").mkdir(exist_ok=True),
    "the project file": lambda world, key: (world.root / PROJECT_FILE).touch(),
    "a set-aside file": lambda world, key: world.write("posts/_aside.md", "Later"),
    "set aside": lambda world, key: shutil.copytree(world.root / "posts", world.root / "aside"),
    "restore": _restored,
    "an hour": lambda world, key: world.clock.sleep(3_600.0),
    "a day": lambda world, key: world.clock.sleep(86_400.0),
    "a month": lambda world, key: world.clock.sleep(30 * 86_400.0),
    "apply": lambda world, key: world.apply(),
    "gone on the network": _gone,
}
"""What hangs together with others, or with the time."""
STEPS = ALONE | TOGETHER


@pytest.mark.parametrize("name", TOGETHER)
def test_what_hangs_together_is_planned_as_it_is_from_everything(world: World, name: str) -> None:
    """With posts that wait, before and after it was kept."""
    STEPS["a new post later"](world, "blue")
    if name == "restore":
        STEPS["set aside"](world, "blue")
    STEPS[name](world, "blue")
    agrees(world)
    based(world)
    STEPS["edit"](world, "black")
    agrees(world)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(STEPS)), st.sampled_from(KEYS), st.integers(0, 3)),
        min_size=2,
        max_size=8,
    )
)
def test_a_plan_of_a_part_is_always_the_plan_of_everything(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str, int]]
) -> None:
    """Whatever is changed, in any order, and whether plans are kept in between or not."""
    world = project(tmp_path_factory.mktemp("life"))
    for name, key, keeps in steps:
        try:
            STEPS[name](world, key)
        except (OSError, ValueError, ThreadsyncError):
            continue  # there is nothing to rename, to restore or to be gone, or apply refuses the plan
        agrees(world)
        for _ in range(3 * keeps):
            whole(world, keeps=True)
        agrees(world)


# What it is made from.


def opened_by(world: World, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[set[str], str]:
    """Return which posts a plan that is typed opens, and what it prints."""
    found: set[str] = set()

    def opening(path: str, flags: int, mode: int = 0o777, **how: int) -> int:
        if str(path).endswith(".md"):
            found.add(Path(path).relative_to(world.root / "posts").as_posix())
        return open_(path, flags, mode, **how)

    open_ = os.open
    with monkeypatch.context() as patched:
        patched.chdir(world.root)
        patched.setattr(os, "open", opening)
        done = CliRunner().invoke(root, ["plan", *arguments], catch_exceptions=False)
    return found, done.output


def test_only_what_changed_is_opened_and_what_is_connected_and_what_went_live_last(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = {path.relative_to(world.root / "posts").as_posix() for path in world.root.rglob("posts/**/*.md")}
    last = {"leaf.md", "root.md"}
    world.post("blue", "Something else altogether.")
    opened, printed = opened_by(world, monkeypatch)
    assert opened == {"blue.md"} | last
    assert "1 blocked, 12 unchanged" in printed
    for other in (
        "--no-cache",
        "--format=json",
        "--verbose",
        "--at=2026-12-03 08:30",
        "--out=plan.json",
        "red",
    ):
        assert opened_by(world, monkeypatch, other)[0] == every, other
    world.remove("leaf")
    assert opened_by(world, monkeypatch)[0] == {path for path in every if path != "leaf.md"}


def test_apply_reads_everything(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.post("blue", f"{WORDS} blue.", protect="true")
    opened: set[str] = set()

    def opening(path: str, flags: int, mode: int = 0o777, **how: int) -> int:
        opened.add(str(path))
        return open_(path, flags, mode, **how)

    open_ = os.open
    with monkeypatch.context() as patched:
        patched.setattr(os, "open", opening)
        world.apply()
    assert len([path for path in opened if path.endswith(".md")]) == 13


def test_what_waits_is_read_each_time_so_that_it_is_due_when_it_is(world: World) -> None:
    world.post("soon", "Soon", publish="2026-11-21 13:00")
    assert based(world)
    assert "until 2026-11-21 13:00" in text_of(whole(world))
    for words in ("1 to wait", "1 to wait", "1 to create", "1 blocked"):
        assert agrees(world)
        assert words in text_of(whole(world))
        world.clock.sleep(1_900.0 if words != "1 to create" else 4_000.0)


def test_a_warning_and_what_was_seen_on_the_network_are_told_each_time(world: World) -> None:
    world.post("shown", "Look", media="[near.jpg]", draft="true")
    world.clock.sleep(60.0)
    world.post("late", "What went live last is read in any case.")
    world.apply()
    STEPS["gone on the network"](world, "red")
    assert based(world)
    STEPS["edit"](world, "black")
    assert agrees(world)
    printed = text_of(whole(world))
    assert "no alternative text" in printed
    assert "Warning: red@threads/main: " in printed


def test_a_new_post_is_held_against_all_that_was_forgotten(world: World) -> None:
    world.remove("blue")
    world.apply()
    assert based(world)
    world.post("again", f"{WORDS} blue.")
    assert agrees(world)
    assert "same-as-published" in text_of(whole(world))


def test_a_file_that_was_written_just_now_is_read_again_whatever_its_stamp_says(world: World) -> None:
    world.post("soon", "Soon")
    workspace = world.workspace
    prepared = plan(workspace)
    now_ns = time.time_ns()
    # The folder and all that is no post was settled long ago, says the caller; the posts were not.
    remember(workspace.project, prepared, text_of(prepared), began_ns=now_ns, settled_ns=-(10**9))
    kept = decode((world.root / BASIS_FILE).read_bytes())
    written_ns = (world.root / "posts/soon.md").stat().st_ctime_ns
    files = unsettled(str(world.root), kept.folders, kept.files, written_ns)
    at = files.index("soon.md")
    assert files[at + 1] == UNSETTLED
    far = files.index("far-1.md")
    assert files[far + 1] == (world.root / "posts/2026/far-1.md").stat().st_size


def test_what_says_nothing_again_is_made_from_everything_once_it_has_settled_so_that_it_is_kept(
    world: World,
) -> None:
    (world.root / "posts/blue.md").touch()
    assert agrees(world)
    assert plan_partly(world.workspace, lambda: time.time_ns() + 10**10) is None
    world.post("blue", "Something else altogether.")
    assert plan_partly(world.workspace, lambda: time.time_ns() + 10**10) is not None


@pytest.mark.parametrize("name", [PROJECT_FILE, *(f"state/threadsync.json{end}" for end in STATE_ENDS)])
def test_what_posts_are_planned_with_is_looked_at_too(world: World, name: str) -> None:
    world.post("blue", "Something else altogether.")
    assert plan_partly(world.workspace) is not None
    (world.root / name).touch()
    assert plan_partly(world.workspace) is None


@pytest.mark.parametrize("part", [1, 2, 3, 1_000])
def test_what_is_written_in_parts_is_what_would_be_written_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch, part: int
) -> None:
    basis = decode((world.root / BASIS_FILE).read_bytes())
    monkeypatch.setattr("threadsync.operations.basis.PART", part)
    at_once = json.dumps({name: getattr(basis, name) for name in type(basis).__struct_fields__})
    assert encode(basis)[64:] == at_once.encode()


def test_what_is_damaged_foreign_or_of_another_time_is_planned_from_everything(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.post("blue", "Something else altogether.")
    place = world.root / BASIS_FILE
    kept = place.read_bytes()
    assert plan_partly(world.workspace) is not None
    for at in [*range(100), *range(100, len(kept), 301), len(kept) - 1]:
        place.write_bytes(kept[:at] + bytes([kept[at] ^ 1]) + kept[at + 1 :])
        assert plan_partly(world.workspace) is None, at
    one_more = encode(decode(kept)).replace(b'"made_ns"', b'"wade_ns"')[64:]
    renamed = hashlib.sha256(one_more).hexdigest().encode() + one_more
    for foreign in (b"", b"{}", kept[:-1], kept + b"\0", renamed, os.urandom(99)):
        place.write_bytes(foreign)
        assert plan_partly(world.workspace) is None
    place.write_bytes(kept)
    assert plan_partly(world.workspace, lambda: decode(kept).made_ns - 1) is None, "the clock was set back"
    with monkeypatch.context() as patched:
        patched.setattr(threadsync, "__version__", "0.0.0")
        assert plan_partly(world.workspace) is None
    shutil.rmtree(place.parent)
    assert plan_partly(world.workspace) is None
    assert based(world)


def test_a_state_that_an_editor_laid_out_otherwise_is_read_as_a_whole(world: World) -> None:
    state = world.root / "state/threadsync.json"
    document = json.loads(state.read_text())
    state.write_text(json.dumps(document, indent=1))
    assert not based(world)
    state.write_text(json.dumps(document))
    assert not based(world)
    assert whole(world).prior is not None


def test_a_state_that_was_changed_meanwhile_is_never_read_in_parts(world: World) -> None:
    state = world.root / "state/threadsync.json"
    basis = decode((world.root / BASIS_FILE).read_bytes())
    wanted = Address(PostKey("red"), TargetName("threads/main"))
    found = excerpt(state, basis.state, basis.places, [wanted])
    assert found.bindings == {wanted: world.state.bindings[wanted]}
    assert (found.targets, found.accounts_seen) == (world.state.targets, world.state.accounts_seen)
    state.touch()
    with pytest.raises(ValueError, match="has been changed"):
        excerpt(state, basis.state, basis.places, [wanted])
    state.write_bytes(b" " + state.read_bytes())
    with pytest.raises(ValueError, match="something else stands"):
        excerpt(state, stamp_of(state.stat()), basis.places, [wanted])
