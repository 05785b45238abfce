"""Every question the planner asks of one publication, and the laws it keeps."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.planning.builders import (
    BRAND,
    MAIN,
    NOW,
    actions,
    at,
    bound,
    buried,
    desired,
    facts,
    only,
    published,
    record,
    state,
    target,
    want,
)
from threadsync.model.facts import Account, Facts, ObservedPost, Quota, ReadBack
from threadsync.model.fault import Fault, FaultClass
from threadsync.model.ids import PostKey, RemoteId
from threadsync.model.journal import Doubted, Intent, Job, Rendered, Staged
from threadsync.model.post import IfLate, OnChange, OnRemove, PostRef, ReplaceConsent, Schedule
from threadsync.model.state import Open, State
from threadsync.planning.actions import (
    Action,
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
    Wait,
)
from threadsync.planning.inputs import Consents
from threadsync.planning.planner import plan

HOUR = timedelta(hours=1)


def reason_of(action: Action, kind: type[Action]) -> Reason:
    assert isinstance(action, kind), action
    return action.reason


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


# Time.


def schedule(start: timedelta, if_late: IfLate = IfLate.ASK) -> Schedule:
    return Schedule(NOW + start, "Europe/Berlin", HOUR, if_late)


def test_a_post_waits_until_its_time_and_is_due_within_its_window() -> None:
    early = only(actions(desired(want("a", publish=schedule(HOUR))), state()))
    assert early == Wait(at("a"), Reason.NOT_DUE, NOW + HOUR, early.segments)  # type: ignore[union-attr]
    assert (
        reason_of(only(actions(desired(want("a", publish=schedule(-HOUR))), state())), Create) is Reason.DUE
    )


@pytest.mark.parametrize(
    ("if_late", "kind"), [(IfLate.ASK, Blocked), (IfLate.PUBLISH, Create), (IfLate.SKIP, Forget)]
)
def test_a_late_post_is_asked_about_published_or_skipped(if_late: IfLate, kind: type[Action]) -> None:
    late = schedule(timedelta(hours=-3), if_late)
    assert isinstance(only(actions(desired(want("a", publish=late)), state())), kind)


def test_late_is_allowed_by_its_flag_and_skipped_is_for_good() -> None:
    files = desired(want("a", publish=schedule(timedelta(hours=-3))))
    assert isinstance(only(actions(files, state(), consents=Consents(late=frozenset({at("a")})))), Create)
    skipped = state(replace(buried("a", why="skipped"), segments=()))
    assert reason_of(only(actions(files, skipped)), NoOp) is Reason.SKIPPED_LATE


def test_a_time_before_the_targets_since_is_backlog_until_backfill() -> None:
    old = schedule(timedelta(days=-200), IfLate.PUBLISH)
    assert reason_of(only(actions(desired(want("a", publish=old)), state())), Blocked) is Reason.BEFORE_SINCE
    assert isinstance(only(actions(desired(want("a", publish=old, backfill=True)), state())), Create)


def test_a_first_run_reaches_back_one_day() -> None:
    yesterday = schedule(timedelta(hours=-30), IfLate.PUBLISH)
    assert (
        reason_of(only(actions(desired(want("a", publish=yesterday)), None)), Blocked) is Reason.BEFORE_SINCE
    )


def test_an_old_post_does_not_go_out_on_a_target_it_is_added_to() -> None:
    prior = state(bound("a"))
    found = actions(desired(want("a"), want(f"a@{BRAND}", "other")), prior)
    assert reason_of(found[f"a@{BRAND}"], Blocked) is Reason.BEFORE_SINCE


def test_a_post_that_went_out_elsewhere_an_hour_ago_still_goes_out_here() -> None:
    fresh = replace(bound("a"), segments=(published("a", when=NOW - HOUR),))
    found = actions(desired(want("a"), want(f"a@{BRAND}", "other")), state(fresh))
    assert isinstance(found[f"a@{BRAND}"], Create)


# Order and dependencies.


def test_what_another_publication_links_to_comes_first() -> None:
    files = desired(want("a", waits_for=("b",)), want("b"))
    assert [str(a.address) for a in plan(files, state(), Facts(), NOW).actions] == [
        "b@threads/main",
        "a@threads/main",
    ]


def test_a_publication_waits_with_what_it_links_to() -> None:
    files = desired(want("a", waits_for=("b",)), want("b", publish=schedule(HOUR)))
    assert isinstance(actions(files, state())["a@threads/main"], Wait)


def test_a_publication_is_blocked_with_what_it_links_to() -> None:
    late = schedule(timedelta(hours=-3))
    files = desired(want("a", waits_for=("b",)), want("b", publish=late))
    assert reason_of(actions(files, state())["a@threads/main"], Blocked) is Reason.DEPENDS_ON_BLOCKED


def test_what_links_to_a_replaced_post_is_listed() -> None:
    files = desired(want("a", waits_for=("b",)), want("b", "new", on_change=OnChange.REPLACE))
    found = actions(files, state(bound("a"), bound("b", "old")))
    assert reason_of(found["a@threads/main"], Blocked) is Reason.LINK_CHANGED


def test_what_links_to_a_replaced_post_follows_it_with_consent() -> None:
    files = desired(want("a", waits_for=("b",)), want("b", "new", on_change=OnChange.REPLACE))
    found = actions(files, state(bound("a"), bound("b", "old")), consents=Consents(replace={at("a"): "flag"}))
    action = found["a@threads/main"]
    assert isinstance(action, Replace)
    assert (action.reason, action.keep) == (Reason.LINK_CHANGED, 0)


def test_a_flag_left_from_an_earlier_run_replaces_nothing_again() -> None:
    """Running the same command again changes nothing, also for a post that names another one."""
    files = desired(want("a", waits_for=("b",)), want("b"))
    found = actions(files, state(bound("a"), bound("b")), consents=Consents(replace={at("a"): "flag"}))
    assert reason_of(found["a@threads/main"], NoOp) is Reason.SAME


def test_a_post_follows_no_replace_that_is_held_back() -> None:
    files = desired(want("a", waits_for=("b",)), want("b", "new", on_change=OnChange.REPLACE))
    prior = state(bound("a"), bound("b", "old"))
    known = facts(observed={RemoteId("id-old"): None})
    found = actions(files, prior, known, Consents(replace={at("a"): "flag"}))
    assert reason_of(found["b@threads/main"], Blocked) is Reason.GONE
    assert isinstance(found["a@threads/main"], NoOp | Blocked)


def test_what_follows_is_followed_in_turn() -> None:
    files = desired(
        want("a", waits_for=("b",)),
        want("b", waits_for=("c",)),
        want("c", "new", on_change=OnChange.REPLACE),
    )
    agreed = Consents(replace={at("a"): "flag", at("b"): "flag"})
    found = actions(files, state(bound("a"), bound("b"), bound("c", "old")), consents=agreed)
    assert {action.word for action in found.values()} == {"replace"}


# Interrupted.


def interrupted(*notes: Staged | Intent | Doubted, text: str = "a") -> State:
    job = Job("create", (Rendered(0, want("a", text).digests[0], text),))
    return state(open={at("a"): Open(at("a"), job, NOW - HOUR, notes)})


STAGED = Staged(at("a"), 0, want("a").digests[0], "container", "c1", NOW - HOUR)
INTENT = Intent(at("a"), 0, want("a").digests[0], "publish", "c1", "f", NOW - HOUR)
DOUBT = Doubted(at("a"), 0, "nothing matches", NOW - HOUR)


def test_an_interrupted_publication_goes_on() -> None:
    for notes in ((), (STAGED,), (STAGED, INTENT), (STAGED, INTENT, DOUBT)):
        assert reason_of(only(actions(desired(want("a")), interrupted(*notes))), Create) is Reason.RESUME


def test_an_interrupted_publication_that_changed_is_settled_before_anything_else() -> None:
    action = only(actions(desired(want("a", "new text")), interrupted(STAGED, INTENT)))
    assert reason_of(action, Wait) is Reason.UNSETTLED


def test_doubt_about_a_publication_that_changed_stays_a_matter_for_a_person() -> None:
    action = only(actions(desired(want("a", "new text")), interrupted(STAGED, INTENT, DOUBT), facts()))
    assert reason_of(action, Blocked) is Reason.UNCERTAIN


def test_an_interrupted_publication_whose_file_is_gone_is_settled_too() -> None:
    assert reason_of(only(actions(desired(), interrupted(STAGED, INTENT))), Wait) is Reason.UNSETTLED


def test_an_interrupted_delete_goes_on_even_without_its_consent_being_repeated() -> None:
    job = Job("delete", forget_as="removed")
    prior = state(bound("a", "one", "two"), open={at("a"): Open(at("a"), job, NOW)})
    assert reason_of(only(actions(desired(), prior)), Delete) is Reason.RESUME


# What the facts forbid.

WRONG = Account("sandbox:test", "999", "somebody")
FAULT = Fault(FaultClass.UNAUTHORIZED, "expired", "renew it", "token")
POST = ObservedPost(RemoteId("x"), "text", "a", NOW - HOUR, "https://t/x")


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        ({"account": WRONG}, Reason.ACCOUNT_MISMATCH),
        ({"account": Account("sandbox:other", "178", "lift_report")}, Reason.ACCOUNT_MISMATCH),
        ({"account": None, "fault": FAULT}, Reason.ACCOUNT_UNREADABLE),
        ({"read_back": None, "read_back_fault": FAULT}, Reason.READ_BACK_FAILED),
        ({"read_back": ReadBack(NOW, (), complete=False)}, Reason.READ_BACK_BOUNDED),
        ({"lookalikes": {at("a"): (POST,)}}, Reason.LOOKS_PUBLISHED),
        ({"quotas": {"posts": Quota(250, 250)}}, Reason.QUOTA),
    ],
)
def test_a_create_is_blocked_by_what_was_read(known: dict[str, object], reason: Reason) -> None:
    assert reason_of(only(actions(desired(want("a")), state(), facts(**known))), Blocked) is reason


def test_allow_duplicate_lets_a_lookalike_be() -> None:
    known = facts(lookalikes={at("a"): (POST,)})
    consents = Consents(duplicate=frozenset({at("a")}))
    assert isinstance(only(actions(desired(want("a")), state(), known, consents)), Create)


def test_what_looks_like_the_rest_of_a_publication_in_doubt_leaves_it_uncertain() -> None:
    """Its own doubtful post is no such lookalike: whoever gathers the facts leaves that to the provider."""
    known = facts(lookalikes={at("a"): (POST,)})
    action = only(actions(desired(want("a")), interrupted(STAGED, INTENT), known))
    assert reason_of(action, Blocked) is Reason.UNCERTAIN
    assert isinstance(only(actions(desired(want("a")), interrupted(STAGED, INTENT), facts())), Create)


def test_an_account_that_nobody_declared_needs_a_yes() -> None:
    files = desired(want("a"), targets=(target(account=None),))
    fresh = replace(state(), targets={})
    assert reason_of(only(actions(files, fresh, facts())), Blocked) is Reason.ACCOUNT_UNCONFIRMED
    assert isinstance(only(actions(files, fresh, facts(), Consents(accounts=frozenset({MAIN})))), Create)


def test_an_account_is_known_by_its_handle_with_or_without_at_and_by_its_id() -> None:
    for declared in ("lift_report", "@Lift_Report", "178"):
        files = desired(want("a"), targets=(target(account=declared),))
        assert isinstance(only(actions(files, state(), facts())), Create)


def test_a_replace_needs_the_right_to_delete_before_anything_is_sent() -> None:
    files = desired(want("a", "new", on_change=OnChange.REPLACE))
    missing = {"posts": Quota(0, 250), "deletes": Quota(None, None, scope="threads_delete")}
    known = facts(quotas=missing)
    assert reason_of(only(actions(files, state(bound("a", "old")), known)), Blocked) is Reason.MISSING_SCOPE


@pytest.mark.parametrize("quotas", [{}, {"deletes": Quota(None, None, "no answer")}])
def test_nothing_is_replaced_while_it_is_unknown_whether_the_old_post_could_be_deleted(
    quotas: dict[str, Quota],
) -> None:
    """Law 6: what would undo a replace is read before anything is sent, whatever kept it from being read."""
    files = desired(want("a", "new", on_change=OnChange.REPLACE))
    prior = state(bound("a", "old"))
    assert reason_of(only(actions(files, prior, facts(quotas=quotas))), Blocked) is Reason.QUOTA
    assert isinstance(only(actions(files, prior)), Replace), "an offline plan has read nothing yet"


def test_nothing_is_made_again_or_built_upon_when_the_network_no_longer_has_the_post() -> None:
    known = facts(observed={RemoteId("id-one"): None})
    grown = desired(want("a", "one", "two"))
    assert reason_of(only(actions(grown, state(bound("a", "one")), known)), Blocked) is Reason.GONE


def test_quotas_are_shared_by_the_posts_of_a_plan() -> None:
    known = facts(quotas={"posts": Quota(249, 250)})
    found = actions(desired(want("a", "first text"), want("b", "second text")), state(), known)
    assert [type(action) for action in found.values()] == [Create, Blocked]


def test_replies_count_against_their_own_quota() -> None:
    reply = want("b", "hello", waits_for=("a",))
    reply = replace(reply, publication=replace(reply.publication, reply_to=PostRef(PostKey("a"))))
    known = facts(quotas={"posts": Quota(250, 250), "replies": Quota(0, 1000)})
    found = actions(desired(want("a"), reply), state(bound("a")), known)
    assert isinstance(found["b@threads/main"], Create)


def test_a_second_name_for_an_account_is_found_by_its_id() -> None:
    prior = replace(state(bound("a")), targets={MAIN: record()})
    files = desired(want("a"), want(f"c@{BRAND}"))
    known = replace(facts(), targets={BRAND: facts().of(MAIN)})
    assert reason_of(actions(files, prior, known)[f"c@{BRAND}"], Blocked) is Reason.TARGET_RENAMED
