"""What a post needs of the account, and the posts it names by address, are known before anything is sent."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.planning.builders import ACCOUNT, NOW, actions, bound, desired, facts, only, published, state, want
from threadsync.model.capabilities import Needs
from threadsync.model.ids import RemoteId
from threadsync.model.post import Publication, RemoteRef
from threadsync.planning.actions import Blocked, Create, NoOp, Reason
from threadsync.planning.inputs import Wanted

ADDRESS = "https://www.threads.com/@lift_report/post/C0de"
GEO = "limiting posts to countries"


def naming(**keys: object) -> Wanted:
    wanted = want("a")
    return replace(wanted, publication=replace(wanted.publication, **keys))  # type: ignore[arg-type]


def quoting(wanted: Wanted, quote: RemoteRef) -> Wanted:
    (segment,) = wanted.publication.segments
    return replace(wanted, publication=replace(wanted.publication, segments=(replace(segment, quote=quote),)))


def test_what_the_network_does_not_let_the_account_do_is_blocked() -> None:
    wanted = replace(want("a"), needs=Needs(features=frozenset({GEO})))
    known = facts(account=replace(ACCOUNT, lacks=frozenset({GEO})))
    action = only(actions(desired(wanted), state(), known))
    assert isinstance(action, Blocked)
    assert action.reason is Reason.ACCOUNT_CANNOT
    assert GEO in action.problem
    assert isinstance(only(actions(desired(wanted), state(), facts())), Create)
    assert isinstance(only(actions(desired(want("a")), state(), known)), Create)


@pytest.mark.parametrize(
    ("held", "reason"),
    [
        (frozenset({"basic"}), Reason.MISSING_SCOPE),
        (frozenset({"basic", "places"}), Reason.NEW),
        (None, Reason.NEW),
    ],
)
def test_a_scope_that_the_credential_is_known_to_lack_blocks_what_needs_it(
    held: frozenset[str] | None, reason: Reason
) -> None:
    wanted = replace(want("a"), needs=Needs(frozenset({"places"})))
    action = only(actions(desired(wanted), state(), facts(scopes=held)))
    assert action.reason is reason


@pytest.mark.parametrize("key", ["reply_to", "repost", "quote"])
def test_a_post_named_by_its_address_is_named_by_its_id_in_the_plan(key: str) -> None:
    ref = RemoteRef(permalink=ADDRESS)
    wanted = quoting(want("a"), ref) if key == "quote" else naming(**{key: ref})
    assert isinstance(only(actions(desired(wanted), state())), Create), "nothing was read yet"
    action = only(actions(desired(wanted), state(), facts(located={ADDRESS: RemoteId("77")})))
    assert isinstance(action, Create)
    found = reference(action.publication, key)
    assert found == RemoteRef(RemoteId("77"), ADDRESS)


def reference(publication: Publication, key: str) -> object:
    return publication.segments[0].quote if key == "quote" else getattr(publication, key)


@pytest.mark.parametrize(
    ("located", "why"), [({ADDRESS: None}, "no post of that address is found"), ({}, "could not be read")]
)
def test_a_post_that_is_not_found_by_its_address_blocks_what_names_it(
    located: dict[str, RemoteId | None], why: str
) -> None:
    wanted = naming(reply_to=RemoteRef(permalink=ADDRESS))
    action = only(actions(desired(wanted), state(), facts(located=located)))
    assert isinstance(action, Blocked)
    assert action.reason is Reason.UNKNOWN_POST
    assert why in action.problem
    assert "id:" in action.remedy


def test_a_post_that_the_network_takes_down_by_itself_is_not_gone_when_its_time_is_over() -> None:
    """A ghost post past its 24 hours is as it was to be (law 6)."""
    for expires_at, kind in ((NOW - timedelta(hours=1), NoOp), (NOW + timedelta(hours=1), Blocked)):
        ghost = replace(published("a"), expires_at=expires_at)
        live = replace(bound("a"), segments=(ghost,))
        known = facts(observed={ghost.remote_id: None})
        assert isinstance(only(actions(desired(want("a")), state(live), known)), kind)


def test_a_chain_that_counts_its_segments_says_why_an_appended_one_replaces_all() -> None:
    """The earlier texts say 1/2; with a third segment none of the digests is the one that is live."""
    wanted = want("a", "1/3", "2/3", "3/3")
    wanted = replace(wanted, publication=replace(wanted.publication, number="{i}/{n}"))
    action = only(actions(desired(wanted), state(bound("a", "1/2", "2/2"))))
    assert isinstance(action, Blocked)
    assert action.reason is Reason.NEEDS_CONSENT
    assert "number: counts the segments" in action.problem
    plain = only(actions(desired(want("a", "x", "y", "z")), state(bound("a", "1/2", "2/2"))))
    assert isinstance(plain, Blocked)
    assert "number:" not in plain.problem
