"""What the planner asks of one publication: what was begun, and what do the facts forbid?"""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.planning.builders import (
    BRAND,
    HOUR,
    MAIN,
    NOW,
    actions,
    at,
    bound,
    desired,
    facts,
    only,
    reason_of,
    record,
    state,
    target,
    want,
)
from threadsync.model.facts import Account, ObservedPost, Quota, ReadBack
from threadsync.model.fault import Fault, FaultClass
from threadsync.model.ids import PostKey, RemoteId
from threadsync.model.journal import Doubted, Intent, Job, Rendered, Staged
from threadsync.model.post import OnChange, PostRef
from threadsync.model.state import Open, State
from threadsync.planning.actions import Blocked, Create, Delete, Reason, Replace, Wait
from threadsync.planning.inputs import Consents

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
