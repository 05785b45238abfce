"""Projects on Bluesky: what apply, refresh and import make of a network whose posts are records with keys."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.operations.both import BRAND, READER, Both
from tests.operations.world import by_address, picture, words
from tests.sandbox.sky import POST, POSTGATE, REPOST, THREADGATE
from threadsync.cli._applying import status_of
from threadsync.cli._exit import Exit
from threadsync.errors import UsageError
from threadsync.execution.seams import Unwatched
from threadsync.operations.importing import import_post
from threadsync.operations.insights import insights
from threadsync.operations.plan import plan
from threadsync.operations.refresh import refresh
from threadsync.planning.actions import Blocked, Create
from threadsync.planning.allowances import drawn_on
from threadsync.providers.bluesky.tids import time_of
from threadsync.sandbox import bluesky
from threadsync.sandbox.bluesky.state import Record, did_of
from threadsync.sandbox.bluesky.values import Generation
from threadsync.sandbox.threads import FaultKind
from threadsync.views.markdown import plan_markdown
from threadsync.views.plan_text import plan_text
from threadsync.views.refresh_text import refresh_text


@pytest.fixture
def world(tmp_path: Path) -> Both:
    return Both(tmp_path)


def replies(records: list[Record]) -> list[tuple[object, ...]]:
    """Each post with the texts of its root and its parent, where it is a reply."""
    texts = {each.uri: each.value["text"] for each in records}
    found: list[tuple[object, ...]] = []
    for each in records:
        reply: Any = each.value.get("reply", {})
        found.append((each.value["text"], *(texts.get(reply[name]["uri"], "(gone)") for name in reply)))
    return found


# Insights.


def test_the_further_segments_of_a_chain_are_no_replies_of_readers(world: Both) -> None:
    world.post("a", "One\n\n---\n\nTwo\n\n---\n\nThree", targets="bluesky/brand")
    assert world.applied() == {"a@bluesky/brand": "applied"}
    assert replies_told(world) == 0
    second = world.sky.records(BRAND)[1]
    root: Any = second.value["reply"]
    world.sky.post("Theirs", READER, reply={"root": root["root"], "parent": ref(world, second.uri)})
    assert replies_told(world) == 1


def replies_told(world: Both) -> int | None:
    """Return how many replies ``insights`` and ``refresh`` tell of; both tell the same."""
    told = insights(world.workspace, watcher=Unwatched())
    (found,) = [each for target in told.targets for each in target.publications]
    looked = refresh(world.workspace, watcher=Unwatched())
    (seen,) = looked.seen.values()
    assert sum(each.counts["replies"] for each in seen.posts.values()) == found.counts["replies"]
    return found.counts["replies"]


# Replacing.


@pytest.mark.parametrize("publish", [{}, {"publish": "2026-11-21 12:00"}], ids=["at once", "planned"])
def test_what_is_replaced_within_its_own_second_or_planned_hour_is_live_in_its_new_words(
    world: Both, publish: dict[str, str]
) -> None:
    """A key follows from the planned second: the new post must not be taken for the old one there."""
    world.post("a", "Old", targets="bluesky/brand", **publish)
    assert world.applied() == {"a@bluesky/brand": "applied"}
    if publish:
        world.clock.sleep(600)
    world.post("a", "New", targets="bluesky/brand", on_change="replace", **publish)
    assert world.applied() == {"a@bluesky/brand": "applied"}
    (live,) = world.sky.records(BRAND)
    assert live.value["text"] == "New"
    (bound,) = world.state.bindings.values()
    assert bound.remote_ids == (live.uri,)
    assert world.applied() == {}


def test_a_post_that_is_replaced_is_no_reply_to_the_one_before_it(world: Both) -> None:
    world.post("a", "Old", targets="bluesky/brand")
    world.applied()
    world.clock.sleep(60)
    world.post("a", "New", targets="bluesky/brand", on_change="replace")
    world.applied()
    assert replies(world.sky.records(BRAND)) == [("New",)]


def test_a_chain_is_replaced_from_where_it_changed_under_the_segment_before_that(world: Both) -> None:
    world.post("a", "One\n\n---\n\nTwo\n\n---\n\nThree", targets="bluesky/brand")
    world.applied()
    world.clock.sleep(60)
    world.post("a", "One\n\n---\n\nTwo, anew\n\n---\n\nThree", targets="bluesky/brand", on_change="replace")
    assert world.applied() == {"a@bluesky/brand": "applied"}
    assert replies(world.sky.records(BRAND)) == [
        ("One",),
        ("Two, anew", "One", "One"),
        ("Three", "One", "Two, anew"),
    ]


# What a post names.


@pytest.mark.parametrize("form", ["at-uri", "at-uri with a handle", "page", "page with a handle", "id"])
def test_any_post_is_replied_to_and_quoted_however_it_is_named(world: Both, form: str) -> None:
    root = world.sky.post("Where it began", READER)
    uri = world.sky.post("Theirs", READER, reply={"root": ref(world, root), "parent": ref(world, root)})
    did, rkey = uri.split("/")[2], uri.rpartition("/")[2]
    named = {
        "at-uri": uri,
        "at-uri with a handle": uri.replace(did, READER),
        "page": f"https://bsky.app/profile/{did}/post/{rkey}",
        "page with a handle": f"https://bsky.app/profile/{READER}/post/{rkey}",
        "id": f"id:{uri}",
    }[form]
    world.post("a", "Ours", targets="bluesky/brand", reply_to=named, quote=named)
    assert world.applied() == {"a@bluesky/brand": "applied"}
    (live,) = world.sky.records(BRAND)
    said: Any = live.value
    assert said["reply"] == {"root": ref(world, root), "parent": ref(world, uri)}
    assert said["embed"]["record"] == ref(world, uri)
    (world.root / "state/threadsync.json").unlink()
    again = world.apply()
    assert again.report is None
    assert [each.reason for each in again.prepared.plan.actions] == ["looks-published"]


def ref(world: Both, uri: str) -> dict[str, str]:
    return {"uri": uri, "cid": world.sky.state.records[uri].cid}


@pytest.mark.parametrize(
    "named",
    ["https://bsky.app/profile/nobody.test/post/3lifts2222222", f"at://{READER}/{POST}/3lifts2222222"],
)
def test_a_post_that_is_not_there_is_told_and_nothing_goes_out(world: Both, named: str) -> None:
    world.post("a", "Ours", targets="bluesky/brand", reply_to=named)
    (held,) = world.apply().prepared.plan.actions
    assert isinstance(held, Blocked)
    assert (held.reason, "no post of that address is found" in held.problem) == ("unknown-post", True)
    assert world.sky.texts(BRAND) == []


def test_a_post_is_quoted_beside_its_pictures(world: Both) -> None:
    uri = world.sky.post("Theirs", READER)
    world.write("posts/map.jpg", picture())
    world.post("a", "Ours\n\n![The map](map.jpg)", targets="bluesky/brand", quote=uri)
    assert world.applied() == {"a@bluesky/brand": "applied"}
    (live,) = world.sky.records(BRAND)
    embed: Any = live.value["embed"]
    assert embed["$type"] == "app.bsky.embed.recordWithMedia"
    assert embed["record"]["record"] == ref(world, uri)
    assert embed["media"]["images"][0]["alt"] == "The map"


def test_a_repost_is_seen_at_the_page_of_what_it_shows(world: Both) -> None:
    uri = world.sky.post("Theirs", READER)
    page = f"https://bsky.app/profile/{uri.split('/')[2]}/post/{uri.rpartition('/')[2]}"
    world.write("posts/a.md", f"---\nkey: a\ntargets: [bluesky/brand]\nrepost: {uri}\n---\n")
    done = world.apply()
    assert done.report is not None
    assert [each.permalinks for each in done.report.actions] == [(page,)]
    (made,) = world.sky.records(BRAND, REPOST)
    assert made.value["subject"] == ref(world, uri)
    (world.root / "state/threadsync.json").unlink()
    (blocked,) = world.apply().prepared.plan.actions
    assert isinstance(blocked, Blocked)
    assert (blocked.reason, page in blocked.problem) == ("looks-published", True)


# Points.


def test_a_plan_counts_the_points_of_gates_too(world: Both) -> None:
    """Each record takes 3: two posts, who may reply to the first, and who may quote either."""
    world.post(
        "a", "One\n\n---\n\nTwo", targets="bluesky/brand", who_can_reply="nobody", bluesky="{quotes: nobody}"
    )
    (action,) = plan(world.workspace).plan.actions
    assert isinstance(action, Create)
    assert drawn_on(action, world.workspace.providers[action.address.target].capabilities) == {"points": 15}


# One write.


@pytest.mark.parametrize(("segments", "fits"), [(104, True), (110, False)])
def test_a_chain_goes_out_in_one_write_or_not_at_all(world: Both, segments: int, fits: bool) -> None:
    """An older server, of which the project does not say so: what validate finds otherwise, it refuses."""
    world.sky.state.switches = replace(world.sky.state.switches, generation=Generation.V0_4)
    world.post("a", "\n\n---\n\n".join(["界" * 300] * segments), targets="bluesky/brand")
    done = world.apply()
    assert done.report is not None
    (told,) = done.report.actions
    assert len(world.sky.texts(BRAND)) == (segments if fits else 0)
    if not fits:
        assert told.became == "refused"
        assert "server: pds-0.4" in str(told)


# Importing, and what drifted.


@pytest.mark.parametrize("form", ["at-uri", "id", "page", "page with a handle"])
def test_a_post_is_imported_by_its_at_uri_or_its_address(world: Both, form: str) -> None:
    uri = world.sky.post("By hand", BRAND)
    rkey, did = uri.rpartition("/")[2], uri.split("/")[2]
    named = {
        "at-uri": uri,
        "id": f"id:{uri}",
        "page": f"https://bsky.app/profile/{did}/post/{rkey}",
        "page with a handle": f"https://bsky.app/profile/{BRAND}/post/{rkey}",
    }[form]
    world.post("a", "By hand", targets="bluesky/brand")
    import_post(world.workspace, "a@bluesky/brand", named)
    (bound,) = world.state.bindings.values()
    assert bound.remote_ids == (uri,)
    assert words(world.plan()) == {"a@bluesky/brand": "no-op same"}


@pytest.mark.parametrize("failing", [False, True], ids=["", "while the account cannot be read"])
def test_an_imported_post_that_is_taken_down_takes_the_gates_of_its_own_along(
    world: Both, failing: bool
) -> None:
    uris = [world.sky.post(text, BRAND) for text in ("By hand", "Another")]
    for uri, collection in ((uris[0], THREADGATE), (uris[0], POSTGATE), (uris[1], THREADGATE)):
        gate = {"$type": collection, "post": uri, "allow": [], "createdAt": "2026-11-21T12:00:00.000Z"}
        body = {"collection": collection, "rkey": uri.rpartition("/")[2], "record": gate}
        world.sky.by_hand("putRecord", body, BRAND)
    world.post("a", "By hand", targets="bluesky/brand")
    import_post(world.workspace, "a@bluesky/brand", uris[0])
    world.post("a", "By hand", targets="bluesky/brand", withdraw="true")
    if failing:
        bluesky.arm(world.sky.state, bluesky.Fault("get-record", FaultKind.SERVER_ERROR, times=None))
        assert world.applied() != {"a@bluesky/brand": "applied"}
        assert world.sky.texts(BRAND) == ["By hand", "Another"]
        bluesky.disarm(world.sky.state)
    assert world.applied() == {"a@bluesky/brand": "applied"}
    assert world.sky.texts(BRAND) == ["Another"]
    assert world.sky.records(BRAND, POSTGATE) == []
    assert [each.value["post"] for each in world.sky.records(BRAND, THREADGATE)] == [uris[1]]


def test_a_chain_is_imported_by_its_first_segment(world: Both) -> None:
    first = world.sky.post("One", BRAND)
    second = world.sky.post("Two", BRAND, reply={"root": ref(world, first), "parent": ref(world, first)})
    world.post("a", "One\n\n---\n\nTwo", targets="bluesky/brand")
    import_post(world.workspace, "a@bluesky/brand", first)
    (bound,) = world.state.bindings.values()
    assert bound.remote_ids == (first, second)


def test_the_post_of_somebody_else_is_not_imported_though_it_is_found(world: Both) -> None:
    uri = world.sky.post("Theirs", READER)
    world.post("a", "Theirs", targets="bluesky/brand")
    with pytest.raises(UsageError, match="is no post of the account of bluesky/brand"):
        import_post(world.workspace, "a@bluesky/brand", uri)


def test_a_record_that_is_no_post_is_not_imported(world: Both) -> None:
    gated(world)
    world.applied()
    (gate,) = world.sky.records(BRAND, THREADGATE)
    world.post("b", "Another", targets="bluesky/brand")
    with pytest.raises(UsageError, match="is no post of the account"):
        import_post(world.workspace, "b@bluesky/brand", gate.uri)


def test_what_was_deleted_edited_or_hidden_elsewhere_is_found_by_refresh(world: Both) -> None:
    keys = ("deleted", "edited", "relinked", "withheld", "labelled", "young", "fine")
    for key in keys[:-2]:
        world.post(key, f"This is {key}", targets="bluesky/brand")
    world.post("fine", "This is fine", targets="bluesky/brand")
    world.applied()
    world.clock.sleep(4000)
    world.post("young", "This is young", targets="bluesky/brand")
    world.applied()
    there = {str(each.value["text"]).rpartition(" ")[2]: each.uri for each in world.sky.records(BRAND)}
    world.sky.delete(there["deleted"], BRAND)
    world.sky.edit(there["edited"], BRAND, text="Something else")
    world.sky.edit(there["relinked"], BRAND, langs=["de"])
    world.sky.withheld = {there["withheld"], there["young"]}
    world.sky.labelled = {
        there["labelled"]: [{"src": "did:plc:moderator", "val": "!hide"}],
        there["fine"]: [
            {"src": "did:plc:moderator", "val": "spam"},
            {"src": did_of(BRAND), "val": "!hide"},  # its author's own wish
        ],
    }
    found = refresh(world.workspace, watcher=Unwatched())
    assert {each.address.key: each.drift.value for each in found.drifted} == {
        "deleted": "deleted",
        "edited": "edited",
        "relinked": "edited",
        "withheld": "hidden",
        "labelled": "hidden",
    }
    told = refresh_text(found, width=100, color=False)
    assert "Something else" in told
    assert "its words are the same now; what hangs on it was changed" in told
    plans = words(by_address(plan(world.workspace, refresh=True)))
    assert plans["deleted@bluesky/brand"] == "blocked gone"
    assert plans["edited@bluesky/brand"] == "no-op same"


@pytest.mark.parametrize("agreed", [{}, {"on_change": "replace"}], ids=["asked for", "agreed to"])
def test_a_plan_says_why_a_changed_post_is_published_anew(world: Both, agreed: dict[str, str]) -> None:
    """A server takes edits, and readers' apps ignore them; so the plan says what is lost instead."""
    world.post("a", "Old", targets="bluesky/brand")
    world.applied()
    world.post("a", "New", targets="bluesky/brand", **agreed)
    prepared = plan(world.workspace)
    for told in (plan_text(prepared, width=200, color=False), plan_markdown(prepared)):
        assert "go on showing the first words of a post that is edited" in told.replace("\\", "")
        assert "Old" in told


# Mentions.


def test_a_mention_of_nobody_is_found_when_planning_with_a_look_and_fails_the_run(world: Both) -> None:
    """Nothing else would tell: the text would go out with a name that leads nowhere."""
    world.post("a", f"Thanks to @{READER} and @nobody.test", targets="bluesky/brand")
    world.post("b", f"Thanks to @{READER}", targets="bluesky/brand")
    assert words(world.plan()) == {"a@bluesky/brand": "create new", "b@bluesky/brand": "create new"}
    looked = by_address(plan(world.workspace, refresh=True))
    assert words(looked) == {"a@bluesky/brand": "blocked unknown-account", "b@bluesky/brand": "create new"}
    done = world.apply()
    assert status_of(done, signalled=False) is Exit.PARTLY
    assert world.sky.texts(BRAND) == [f"Thanks to @{READER}"]
    (live,) = world.sky.records(BRAND)
    facets: Any = live.value["facets"]
    assert [each["features"][0]["did"] for each in facets] == [did_of(READER)]


# Taking down.


def gated(world: Both, text: str = "One", **front: str) -> None:
    body = f"{text}\n\n---\n\nTwo"
    world.post(
        "a", body, targets="bluesky/brand", who_can_reply="nobody", bluesky="{quotes: nobody}", **front
    )


def collections(world: Both) -> list[int]:
    return [len(world.sky.records(BRAND, each)) for each in (POST, THREADGATE, POSTGATE)]


@pytest.mark.parametrize("how", ["withdrawn", "removed"])
def test_what_is_taken_down_takes_its_chain_and_its_gates_along(world: Both, how: str) -> None:
    gated(world)
    world.applied()
    assert collections(world) == [2, 1, 2]
    if how == "withdrawn":
        gated(world, withdraw="true")
        assert world.applied() == {"a@bluesky/brand": "applied"}
    else:
        world.remove("a")
        world.post("b", "Another", targets="threads/main")
        world.applied(allow_delete=("a@bluesky/brand",))
    assert collections(world) == [0, 0, 0]


def test_what_is_replaced_takes_its_gates_along(world: Both) -> None:
    gated(world)
    world.applied()
    gated(world, "One, anew", on_change="replace")
    assert world.applied() == {"a@bluesky/brand": "applied"}
    assert (world.sky.texts(BRAND), collections(world)) == (["One, anew", "Two"], [2, 1, 2])
    assert {each.rkey for each in world.sky.records(BRAND, POSTGATE)} == {
        each.rkey for each in world.sky.records(BRAND)
    }


def test_a_lost_answer_to_a_deletion_is_asked_for_again_and_all_of_it_goes(world: Both) -> None:
    gated(world)
    world.applied()
    gated(world, withdraw="true")
    bluesky.arm(world.sky.state, bluesky.Fault("delete-record", FaultKind.ANSWER_LOST, times=2))
    assert world.applied() == {"a@bluesky/brand": "applied"}
    assert collections(world) == [0, 0, 0]


def test_a_deletion_that_may_still_act_is_in_doubt_though_a_later_request_is_refused(world: Both) -> None:
    """Called refused, it would be done without anybody knowing: bound to a post that is not there."""
    chain = "One\n\n---\n\nTwo"
    world.post("a", chain, targets="bluesky/brand")
    world.applied()
    world.post("a", chain, targets="bluesky/brand", withdraw="true")
    late = bluesky.Fault("delete-record", FaultKind.ACTS_LATE, seconds=200.0)
    for fault in (late, bluesky.Fault("delete-record", FaultKind.THROTTLED, times=None)):
        bluesky.arm(world.sky.state, fault)
    assert world.applied() == {"a@bluesky/brand": "uncertain"}
    bluesky.disarm(world.sky.state)
    world.post("a", chain, targets="bluesky/brand")
    assert world.applied() == {"a@bluesky/brand": "applied"}
    assert (world.sky.texts(BRAND), dict(world.state.bindings)) == ([], {})
    assert words(world.plan()) == {"a@bluesky/brand": "blocked was-taken-down"}


# Times.


def test_a_planned_post_is_of_its_planned_second_and_a_late_one_of_its_own(world: Both) -> None:
    """The key, and ``createdAt``, by which readers' apps order posts."""
    world.post("on-time", "On time", targets="bluesky/brand", publish="2026-11-21 11:40")
    late = "{at: 2026-11-21 08:00, if_late: publish}"
    world.post("late", "Late", targets="bluesky/brand", publish=late)
    assert set(world.applied().values()) == {"applied"}
    made: dict[object, Any] = {each.value["text"]: each for each in world.sky.records(BRAND)}
    assert str(made["On time"].value["createdAt"]).startswith("2026-11-21T11:40:00.")
    assert str(made["Late"].value["createdAt"]) > "2026-11-21T12:00"
    for each in made.values():
        at = datetime.fromisoformat(each.value["createdAt"])
        assert time_of(each.rkey) == at
