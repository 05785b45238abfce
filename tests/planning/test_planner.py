"""What the planner asks of one publication: is it new, changed, removed or renamed?"""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.planning.builders import (
    BRAND,
    HOUR,
    NOW,
    actions,
    at,
    bound,
    buried,
    desired,
    only,
    published,
    reason_of,
    state,
    target,
    want,
)
from threadsync.model.ids import PostKey, RemoteId
from threadsync.model.post import OnChange, OnRemove, ReplaceConsent, Schedule
from threadsync.model.state import State
from threadsync.planning.actions import (
    Adopt,
    Blocked,
    Create,
    Delete,
    Extend,
    Forget,
    Move,
    NoOp,
    Reason,
    Replace,
    Update,
)
from threadsync.planning.inputs import Consents, Wanted

# New, same, changed.


def test_a_post_that_nothing_is_known_of_is_created() -> None:
    assert reason_of(only(actions(desired(want("a")), state())), Create) is Reason.NEW


def test_a_post_bound_with_the_same_digest_is_left_alone() -> None:
    assert reason_of(only(actions(desired(want("a")), state(bound("a")))), NoOp) is Reason.SAME


def test_segments_appended_to_a_live_chain_extend_it() -> None:
    action = only(actions(desired(want("a", "one", "two", "three")), state(bound("a", "one"))))
    assert isinstance(action, Extend)
    assert [view.index for view in action.segments] == [1, 2]


def test_a_change_at_segment_k_would_replace_k_and_all_after_it() -> None:
    action = only(
        actions(desired(want("a", "one", "TWO", "three")), state(bound("a", "one", "two", "three")))
    )
    assert isinstance(action, Blocked)
    assert (action.reason, action.would) == (Reason.NEEDS_CONSENT, "replace")
    assert [view.index for view in action.segments] == [1, 2]
    assert [old.text for old in action.old] == ["two", "three"]


def test_a_changed_post_is_not_replaced_without_consent_and_says_every_way_out() -> None:
    action = only(actions(desired(want("a", "new")), state(bound("a", "old"))))
    assert isinstance(action, Blocked)
    for way in ("--allow-replace=a@threads/main", "of: id-old", "on_change: keep", "state accept"):
        assert way in action.remedy


@pytest.mark.parametrize(
    ("control", "consents"),
    [
        ({"on_change": OnChange.REPLACE}, Consents()),
        ({"replace": ReplaceConsent(RemoteId("id-old"), "typo")}, Consents()),
        ({}, Consents(replace={at("a"): "flag"})),
    ],
)
def test_each_form_of_consent_allows_a_replace(control: dict[str, object], consents: Consents) -> None:
    action = only(actions(desired(want("a", "new", **control)), state(bound("a", "old")), consents=consents))
    assert isinstance(action, Replace)
    assert (action.keep, [old.text for old in action.old]) == (0, ["old"])


def test_consent_to_replace_one_post_does_not_count_for_its_successor() -> None:
    used = {"replace": ReplaceConsent(RemoteId("id-older"), "typo")}
    assert reason_of(only(actions(desired(want("a", "new", **used)), state(bound("a", "old")))), Blocked) is (
        Reason.NEEDS_CONSENT
    )


def test_on_change_keep_leaves_the_live_post() -> None:
    action = only(actions(desired(want("a", "new", on_change=OnChange.KEEP)), state(bound("a", "old"))))
    assert reason_of(action, NoOp) is Reason.KEPT


def test_protection_in_the_state_outlives_the_file_and_blocks_a_replace() -> None:
    files = desired(want("a", "new", on_change=OnChange.REPLACE))
    assert (
        reason_of(only(actions(files, state(bound("a", "old", protect=True)))), Blocked) is Reason.PROTECTED
    )


def test_a_replace_that_died_before_its_deletion_is_finished_without_asking_again() -> None:
    prior = state(bound("a", "new", superseded=(published("old"),)))
    action = only(actions(desired(want("a", "new")), prior))
    assert isinstance(action, Replace)
    assert (action.reason, action.segments, [o.text for o in action.old]) == (
        Reason.FINISH_REPLACE,
        (),
        ["old"],
    )


def test_changed_control_keys_are_recorded_in_the_state() -> None:
    action = only(actions(desired(want("a", protect=True, on_remove=OnRemove.DELETE)), state(bound("a"))))
    assert action == Update(at("a"), Reason.CONTROLS, True, OnRemove.DELETE)


# Removal.


def test_a_removed_file_is_forgotten_and_its_post_stays_up() -> None:
    assert reason_of(only(actions(desired(), state(bound("a")))), Forget) is Reason.FILE_REMOVED


def test_a_target_taken_out_of_a_post_is_forgotten_there() -> None:
    prior = state(bound(f"a@{BRAND}"))
    files = desired(want("a"))
    assert reason_of(actions(files, prior)[f"a@{BRAND}"], Forget) is Reason.TARGET_REMOVED


def test_nothing_counts_as_removed_while_some_file_could_not_be_read() -> None:
    assert actions(desired(complete=False), state(bound("a"))) == {}


def test_a_file_with_errors_is_not_removed() -> None:
    assert actions(desired(broken=frozenset({PostKey("a")})), state(bound("a"))) == {}


def test_a_published_draft_stays_as_it_is() -> None:
    files = desired(drafts=frozenset({at("a")}))
    assert reason_of(only(actions(files, state(bound("a")))), NoOp) is Reason.DRAFT_PUBLISHED


def test_a_binding_whose_target_left_the_project_is_blocked() -> None:
    prior = state(bound("a@threads/gone"))
    assert reason_of(only(actions(desired(), prior)), Blocked) is Reason.TARGET_MISSING


def test_on_remove_delete_is_what_the_binding_remembers_not_the_file() -> None:
    assert isinstance(only(actions(desired(), state(bound("a", on_remove="delete")))), Delete)


def test_allow_delete_turns_one_forget_into_a_delete() -> None:
    prior = state(bound("a"), bound("b"))
    found = actions(desired(), prior, consents=Consents(delete=frozenset({at("a")})))
    assert isinstance(found["a@threads/main"], Delete)
    assert isinstance(found["b@threads/main"], Forget)


def test_a_protected_post_is_not_deleted_when_its_file_goes() -> None:
    prior = state(bound("a", on_remove="delete", protect=True))
    assert reason_of(only(actions(desired(), prior)), Blocked) is Reason.PROTECTED


def test_withdraw_takes_a_post_down_and_it_stays_down() -> None:
    files = desired(want("a", withdraw=True))
    assert reason_of(only(actions(files, state(bound("a")))), Delete) is Reason.WITHDRAWN
    after = state(buried("a", why="withdrawn"))
    assert reason_of(only(actions(files, after)), NoOp) is Reason.ALREADY_WITHDRAWN
    assert reason_of(only(actions(desired(want("a")), after)), Blocked) is Reason.WAS_TAKEN_DOWN


def test_republish_counts_once() -> None:
    files = desired(want("a", republish=True))
    again = only(actions(files, state(buried("a", why="withdrawn"))))
    assert isinstance(again, Create)
    assert again.republish
    used = only(actions(files, state(buried("a", why="withdrawn", republished=True))))
    assert reason_of(used, Blocked) is Reason.WAS_TAKEN_DOWN


def test_a_key_that_returns_to_a_post_left_up_is_bound_again() -> None:
    assert reason_of(only(actions(desired(want("a")), state(buried("a")))), Adopt) is Reason.RETURNED


# Renames.


def test_a_renamed_file_is_a_move() -> None:
    action = only(actions(desired(want("b", "text")), state(bound("a", "text"))))
    assert action == Move(at("b"), Reason.RENAMED, at("a"))


def test_a_rename_is_ambiguous_when_two_vanished_posts_say_the_same() -> None:
    prior = state(bound("a", "text"), bound("b", "text"))
    found = actions(desired(want("c", "text")), prior)
    assert reason_of(found["c@threads/main"], Blocked) is Reason.SAME_AS_PUBLISHED
    assert not any(isinstance(action, Forget | Delete) for action in found.values())


def test_a_text_that_recurs_later_is_not_taken_for_a_rename() -> None:
    schedule = Schedule(NOW - HOUR, "UTC", timedelta(hours=2))
    found = actions(desired(want("b", "text", publish=schedule)), state(bound("a", "text")))
    assert reason_of(found["b@threads/main"], Blocked) is Reason.SAME_AS_PUBLISHED


def test_a_rename_split_over_two_merges_is_blocked_by_the_tombstone() -> None:
    files = desired(want("b", "text"))
    assert reason_of(only(actions(files, state(buried("a", "text")))), Blocked) is Reason.SAME_AS_PUBLISHED


def test_moved_from_binds_what_the_tombstone_left_up() -> None:
    files = desired(want("b", "text", moved_from=PostKey("a")))
    action = only(actions(files, state(buried("a", "text"))))
    assert isinstance(action, Adopt)
    assert action.reason is Reason.MOVED_FROM


def test_a_moved_from_that_nobody_knows_publishes_nothing_beside_what_has_lost_its_file() -> None:
    """A slip in the key, or a second rename before the first was applied; all of it is rewritten as well."""
    files = desired(want("c", "quite another text", moved_from=PostKey("b")))
    found = actions(files, state(bound("a", "a text of its own")))
    blocked = found["c@threads/main"]
    assert reason_of(blocked, Blocked) is Reason.SIMILAR_TO_PUBLISHED
    assert isinstance(blocked, Blocked)
    assert "moved_from: a;" in blocked.remedy
    assert isinstance(found["a@threads/main"], Blocked), "not let go of until that is settled"


@pytest.mark.parametrize(
    ("files", "prior"),
    [
        (want("c", "new", moved_from=PostKey("b")), state(bound("x@threads/brand", "live"))),
        (want("c", "new", moved_from=PostKey("b")), state(bound("a", "a"), bound("b@threads/brand", "b"))),
        (want("c", "new", moved_from=PostKey("b")), state(bound("a", "a"), bound("c@threads/brand", "c"))),
        (want("c", "new", moved_from=PostKey("b"), republish=True), state(bound("a", "a"))),
    ],
    ids=["nothing vanished here", "known elsewhere", "moved elsewhere", "asked for anew"],
)
def test_a_moved_from_that_means_nothing_here_is_no_trouble(files: Wanted, prior: State) -> None:
    found = actions(desired(files), prior)
    assert isinstance(found["c@threads/main"], Create)


def test_a_rename_with_an_edit_is_blocked_and_the_old_post_is_not_touched() -> None:
    old = "the quick brown fox jumps over the lazy dog today"
    new = "the quick brown fox jumps over the lazy dog tonight"
    found = actions(desired(want("b", new)), state(bound("a", old, on_remove="delete")))
    assert reason_of(found["b@threads/main"], Blocked) is Reason.SIMILAR_TO_PUBLISHED
    assert isinstance(found["a@threads/main"], Blocked)


def test_republish_makes_a_new_post_of_a_text_seen_before() -> None:
    files = desired(want("b", "text", republish=True))
    assert isinstance(only(actions(files, state(buried("a", "text")))), Create)


def test_a_renamed_target_is_blocked_with_the_command_that_mends_it() -> None:
    files = desired(want(f"a@{BRAND}"), targets=(target(BRAND, "lift_report"),))
    found = actions(files, state(bound("a")))
    blocked = found[f"a@{BRAND}"]
    assert reason_of(blocked, Blocked) is Reason.TARGET_RENAMED
    assert isinstance(blocked, Blocked)
    assert "state mv threads/main threads/brand" in blocked.remedy
