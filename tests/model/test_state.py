"""The laws of folding notes into a state."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.model.strategies import POOL, START, histories, post
from threadsync.model import journal as j
from threadsync.model.digest import digest_of_segments
from threadsync.model.facts import Drift, SeenPost
from threadsync.model.ids import Address, ContentDigest, PostKey, RemoteId, TargetName
from threadsync.model.ledger import Ledger, fold
from threadsync.model.state import Binding, Lineage, Provenance, State, Tombstone

BLANK = State(Lineage("l"))
HERE, THERE = POOL[0], POOL[2]
X, Y = TargetName("threads/x"), TargetName("threads/y")
LATER = START + timedelta(hours=1)


def folded(*notes: j.Note, state: State = BLANK) -> State:
    return fold(state, list(enumerate(notes, start=state.sequence + 1)))


def chain(*names: str) -> tuple[j.Published, ...]:
    return tuple(
        j.Published(n, ContentDigest(f"d-{name}"), RemoteId(name), f"text {name}", START)
        for n, name in enumerate(names)
    )


def live(*names: str, address: Address = HERE) -> State:
    """A state in which *address* is the chain of *names*."""
    begun = j.Begun(address, j.Job("create"), START)
    receipts = [j.Receipt(address, each) for each in chain(*names)]
    return folded(begun, *receipts, j.Ended(address, "applied", START))


def names(posts: tuple[j.Published, ...]) -> list[str]:
    return [each.remote_id for each in posts]


@given(histories(), st.data())
def test_folding_a_prefix_and_going_on_is_folding_all(notes: list[j.Note], data: st.DataObject) -> None:
    """A crash between two records, a fold, and a later run end where one run would have ended."""
    numbered = list(enumerate(notes, start=1))
    cut = data.draw(st.integers(0, len(numbered)))
    assert fold(fold(BLANK, numbered[:cut]), numbered[cut:]) == fold(BLANK, numbered)


@given(histories(), st.data())
def test_records_that_are_folded_already_are_passed_over(notes: list[j.Note], data: st.DataObject) -> None:
    numbered = list(enumerate(notes, start=1))
    cut = data.draw(st.integers(0, len(numbered)))
    assert fold(fold(BLANK, numbered[:cut]), numbered) == fold(BLANK, numbered)
    assert fold(fold(BLANK, numbered), numbered) == fold(BLANK, numbered)


@given(histories())
def test_the_index_of_holders_is_what_the_bindings_say(notes: list[j.Note]) -> None:
    ledger = Ledger(BLANK)
    for sequence, note in enumerate(notes, start=1):
        ledger.fold(note, sequence=sequence)
        state = ledger.state()
        for target in (X, Y):
            held = {
                remote_id: address
                for address, binding in state.bindings.items()
                for remote_id in binding.remote_ids
                if address.target == target
            }
            assert ledger.bound_ids(target) == held.keys()
            assert all(ledger.holder_of(target, each) == holder for each, holder in held.items())
            assert all(state.holder_of(target, each) == holder for each, holder in held.items())


@given(histories())
def test_a_post_of_ours_leaves_the_state_only_by_a_note_that_says_so(notes: list[j.Note]) -> None:
    """Nothing that was published drops out of sight: only Deleted, ``state rm`` and a return may do that."""
    ledger = Ledger(BLANK)
    for sequence, note in enumerate(notes, start=1):
        before = known(ledger)
        ledger.fold(note, sequence=sequence)
        if not isinstance(note, j.Deleted | j.Erased | j.Adopted | j.Receipt):
            assert known(ledger) == before
        if isinstance(note, j.Receipt) and note.address not in ledger.tombstones:
            assert {each.remote_id for each in ledger.bindings[note.address].segments} <= known(ledger)


def known(ledger: Ledger) -> set[RemoteId]:
    holders: list[Binding | Tombstone] = [*ledger.bindings.values(), *ledger.tombstones.values()]
    return {each.remote_id for held in holders for each in (*held.segments, *held.superseded)}


@given(histories())
def test_no_address_is_bound_and_forgotten_at_once(notes: list[j.Note]) -> None:
    state = folded(*notes)
    assert not state.bindings.keys() & state.tombstones.keys()
    assert all(address == held.address for address, held in state.bindings.items())
    assert all(address == held.address for address, held in state.tombstones.items())
    assert all(address == held.address for address, held in state.open.items())
    assert all(note.address == address for address, held in state.open.items() for note in held.notes)


@given(histories())
def test_a_replace_never_loses_an_old_segment(notes: list[j.Note]) -> None:
    ledger = Ledger(BLANK)
    for sequence, note in enumerate(notes, start=1):
        held = ledger.bindings.get(note.address) if isinstance(note, j.Receipt) else None
        ledger.fold(note, sequence=sequence)
        if held is not None:
            assert set(held.remote_ids) <= set(ledger.bindings[held.address].remote_ids)


def test_a_replaced_segment_waits_for_its_deletion_behind_the_new_one() -> None:
    state = folded(
        j.Begun(HERE, j.Job("replace", keep=1), LATER),
        j.Receipt(HERE, replace(chain("a", "B")[1], at=LATER)),
        state=live("a", "b", "c"),
    )
    assert names(state.bindings[HERE].segments) == ["a", "B"]
    assert names(state.bindings[HERE].superseded) == ["b", "c"]
    assert state.holder_of(X, RemoteId("c")) == HERE
    state = folded(j.Deleted(HERE, RemoteId("c"), LATER), j.Deleted(HERE, RemoteId("b"), LATER), state=state)
    assert state.bindings[HERE].superseded == ()
    assert names(state.bindings[HERE].segments) == ["a", "B"]


def test_a_receipt_told_twice_supersedes_nothing() -> None:
    """Settling may find a post that is on record; what follows it in the chain stays live."""
    first = replace(chain("a")[0], permalink="https://p/a", digest=ContentDigest("edited"))
    state = folded(j.Begun(HERE, j.Job("update"), LATER), j.Receipt(HERE, first), state=live("a", "b"))
    assert names(state.bindings[HERE].segments) == ["a", "b"]
    assert state.bindings[HERE].segments[0] == first
    assert state.bindings[HERE].superseded == ()


def test_a_receipt_without_an_action_keeps_the_controls() -> None:
    kept = j.Kept(HERE, True, "delete", LATER)
    state = folded(kept, j.Receipt(HERE, post(1, 9, LATER)), state=live("a"))
    assert (state.bindings[HERE].protect, state.bindings[HERE].on_remove) == (True, "delete")


def test_deletes_from_last_to_first_end_in_a_tombstone_of_the_whole() -> None:
    """Its digest is that of all segments: a key that returns with the same text is recognised."""
    state = folded(j.Begun(HERE, j.Job("delete", forget_as="withdrawn"), LATER), state=live("a", "b", "c"))
    for name, left in (("c", ["a", "b"]), ("b", ["a"])):
        state = folded(j.Deleted(HERE, RemoteId(name), LATER), state=state)
        assert names(state.bindings[HERE].segments) == left
        assert state.holder_of(X, RemoteId(name)) is None
    state = folded(j.Deleted(HERE, RemoteId("a"), LATER), state=state)
    stone = state.tombstones[HERE]
    assert HERE not in state.bindings
    assert HERE not in state.open
    assert (stone.why, stone.at, stone.left_up) == ("withdrawn", LATER, False)
    assert names(stone.segments) == ["a", "b", "c"]
    assert stone.digest == digest_of_segments([each.digest for each in chain("a", "b", "c")])


def test_a_delete_that_was_refused_half_way_still_knows_the_whole() -> None:
    begun = j.Begun(HERE, j.Job("delete", forget_as="removed"), LATER)
    half = (begun, j.Deleted(HERE, RemoteId("b"), LATER), j.Ended(HERE, "refused", LATER))
    state = folded(*half, begun, j.Deleted(HERE, RemoteId("a"), LATER), state=live("a", "b"))
    assert names(state.tombstones[HERE].segments) == ["a", "b"]


def test_a_delete_that_was_given_up_and_mended_leaves_nothing_behind() -> None:
    state = folded(
        j.Begun(HERE, j.Job("delete"), LATER),
        j.Deleted(HERE, RemoteId("b"), LATER),
        j.Ended(HERE, "refused", LATER),
        j.Begun(HERE, j.Job("extend"), LATER),
        j.Receipt(HERE, post(1, 9, LATER)),
        j.Forgotten(HERE, "gone", LATER),
        state=live("a", "b"),
    )
    assert names(state.tombstones[HERE].segments) == ["a", "r9"]


def test_what_was_taken_down_is_not_remembered_as_left_up() -> None:
    begun = j.Begun(HERE, j.Job("delete"), LATER)
    state = folded(
        begun,
        j.Deleted(HERE, RemoteId("b"), LATER),
        j.Forgotten(HERE, "forgotten", LATER),
        state=live("a", "b"),
    )
    assert names(state.tombstones[HERE].segments) == ["a"]
    assert state.tombstones[HERE].left_up


def test_a_chain_that_was_shortened_is_only_what_is_left() -> None:
    begun = j.Begun(HERE, j.Job("replace", keep=1), LATER)
    shorter = folded(begun, j.Deleted(HERE, RemoteId("b"), LATER), state=live("a", "b"))
    assert names(shorter.bindings[HERE].segments) == ["a"]
    gone = folded(j.Forgotten(HERE, "gone", LATER), state=shorter)
    assert names(gone.tombstones[HERE].segments) == ["a"]


def test_a_forgotten_replace_comes_back_with_its_old_segments() -> None:
    state = folded(
        j.Begun(HERE, j.Job("replace", keep=0), LATER),
        j.Receipt(HERE, post(0, 9, LATER)),
        j.Forgotten(HERE, "forgotten", LATER),
        state=live("a"),
    )
    assert names(state.tombstones[HERE].superseded) == ["a"]
    state = folded(j.Adopted(HERE, state.tombstones[HERE].segments, LATER), state=state)
    assert names(state.bindings[HERE].superseded) == ["a"]
    assert HERE not in state.tombstones


def test_that_republish_was_used_up_survives_forgetting_and_returning() -> None:
    state = folded(
        j.Begun(HERE, j.Job("create", republished=True), START),
        j.Receipt(HERE, post(0, 1, START)),
        j.Ended(HERE, "applied", START),
        j.Forgotten(HERE, "forgotten", LATER),
    )
    state = folded(j.Adopted(HERE, state.tombstones[HERE].segments, LATER), state=state)
    assert state.bindings[HERE].republished


def test_a_move_keeps_what_is_under_way() -> None:
    intent = j.Intent(HERE, 0, ContentDigest("d"), "publish", "container-1", "f", START)
    state = folded(j.Begun(HERE, j.Job("create"), START), intent, j.Moved(HERE, THERE, LATER))
    assert HERE not in state.open
    assert state.open[THERE].notes == (replace(intent, address=THERE),)
    assert state.open[THERE].in_doubt


@pytest.mark.parametrize(
    ("at_old", "at_new"),
    [
        (live("a"), live("b", address=THERE)),
        (folded(j.Forgotten(HERE, "skipped", START)), folded(j.Forgotten(THERE, "skipped", START))),
        (folded(j.Begun(HERE, j.Job("create"), START)), folded(j.Begun(THERE, j.Job("create"), START))),
    ],
    ids=["a binding", "a tombstone", "an action"],
)
def test_a_move_covers_nothing(at_old: State, at_new: State) -> None:
    both = replace(
        at_old,
        bindings={**at_old.bindings, **at_new.bindings},
        tombstones={**at_old.tombstones, **at_new.tombstones},
        open={**at_old.open, **at_new.open},
    )
    with pytest.raises(AssertionError):
        folded(j.Moved(HERE, THERE, LATER), state=both)


def test_two_addresses_never_hold_one_post() -> None:
    with pytest.raises(AssertionError):
        folded(j.Receipt(THERE, chain("a")[0]), state=live("a"))


def test_a_target_that_moves_takes_everything_with_it() -> None:
    bound = j.TargetBound(X, "sandbox:s", "17", "lift", START, START)
    mine, other = Address(PostKey("c"), X), live("z", address=Address(PostKey("a"), Y))
    state = folded(
        bound, j.Forgotten(mine, "skipped", START), j.Begun(THERE, j.Job("create"), START), state=live("a")
    )
    state = replace(state, bindings={**state.bindings, **other.bindings})
    brand = TargetName("threads/brand")
    moved = folded(j.TargetMoved(X, brand, LATER), state=state)
    assert set(moved.bindings) == {Address(HERE.key, brand), Address(PostKey("a"), Y)}
    assert set(moved.tombstones) == {Address(mine.key, brand)}
    assert set(moved.open) == {Address(THERE.key, brand)}
    assert set(moved.targets) == {brand}
    assert moved.holder_of(brand, RemoteId("a")) == Address(HERE.key, brand)
    assert moved.holder_of(X, RemoteId("a")) is None


def test_settled_keeps_what_was_staged_only_if_it_serves() -> None:
    staged = j.Staged(HERE, 0, ContentDigest("d"), "container", "c1", START)
    intent = j.Intent(HERE, 0, ContentDigest("d"), "publish", "c1", "f", START)
    state = folded(j.Begun(HERE, j.Job("create"), START), staged, intent)
    assert folded(j.Settled(HERE, 0, True, LATER), state=state).open[HERE].notes == (staged,)
    assert folded(j.Settled(HERE, 0, False, LATER), state=state).open[HERE].notes == ()


def test_a_doubt_is_the_last_word_until_something_else_is_said() -> None:
    doubted = j.Doubted(HERE, 0, "two posts match", START, (RemoteId("1"), RemoteId("2")))
    state = folded(j.Begun(HERE, j.Job("create"), START), doubted)
    assert state.open[HERE].doubt == doubted
    resumed = folded(j.Begun(HERE, j.Job("create"), LATER), state=state)
    assert resumed.open[HERE].notes == (doubted,), "beginning again forgets nothing"
    assert folded(j.Receipt(HERE, post(0, 1, LATER)), state=state).open[HERE].doubt is None


def test_a_binding_says_by_which_run_it_was_made() -> None:
    run = j.RunStarted("run-1", START, "plan-1", "c0ffee", "maria")
    state = folded(run, j.Begun(HERE, j.Job("create"), START), j.Receipt(HERE, post(0, 1, LATER)))
    assert state.bindings[HERE].provenance == Provenance("run-1", "c0ffee", "plan-1", "maria", LATER)
    assert state.written_at == LATER


def test_accepting_takes_the_digests_of_today() -> None:
    state = folded(j.Accepted(HERE, (ContentDigest("new"),), LATER, 2), state=live("a"))
    assert state.bindings[HERE].digests == (ContentDigest("new"),)
    assert state.bindings[HERE].digest_version == 2
    with pytest.raises(ValueError, match="zip"):
        folded(j.Accepted(HERE, (), LATER), state=live("a"))


def test_the_link_that_was_learnt_later_is_kept() -> None:
    state = folded(j.Confirmed(HERE, RemoteId("b"), "https://p/b", LATER), state=live("a", "b"))
    assert [each.permalink for each in state.bindings[HERE].segments] == ["", "https://p/b"]


def test_state_rm_erases_all_of_an_address() -> None:
    state = folded(j.Begun(HERE, j.Job("extend"), LATER), j.Erased(HERE, LATER), state=live("a"))
    assert (state.bindings, state.tombstones, state.open) == ({}, {}, {})


# What is only looked at.


def seen(state: State, at: datetime = LATER) -> State:
    posts = {RemoteId("a"): SeenPost(Drift.EDITED, {"likes": 3})}
    return folded(j.PostsSeen(HERE, posts, at), j.AccountSeen(X, "maria", at), state=state)


@given(histories())
def test_a_look_changes_nothing_that_a_plan_is_made_from(notes: list[j.Note]) -> None:
    looks = [note for note in notes if isinstance(note, j.Seen)]
    others = [note for note in notes if not isinstance(note, j.Seen)]
    with_looks, without = folded(*notes), folded(*others)
    blind = replace(with_looks, posts_seen={}, accounts_seen={}, sequence=without.sequence)
    assert blind == without
    assert len(with_looks.posts_seen) + len(with_looks.accounts_seen) <= len(looks), "only the newest is kept"


@given(histories())
def test_nothing_is_kept_of_what_is_not_bound(notes: list[j.Note]) -> None:
    state = folded(*notes)
    assert state.posts_seen.keys() <= state.bindings.keys()
    assert all(address == look.address for address, look in state.posts_seen.items())


def test_looking_is_no_writing() -> None:
    """Own posts are read back to the last write, however often somebody looks after it."""
    state = live("a")
    assert seen(state).written_at == state.written_at != LATER


def test_what_was_seen_moves_with_a_renamed_publication_and_target() -> None:
    there = Address(PostKey("c"), X)
    state = folded(j.Moved(HERE, there, LATER), state=seen(live("a")))
    assert list(state.posts_seen) == [there]
    renamed = TargetName("threads/z")
    state = folded(j.TargetMoved(X, renamed, LATER), state=state)
    assert (list(state.posts_seen), list(state.accounts_seen)) == (
        [Address(PostKey("c"), renamed)],
        [renamed],
    )
    assert state.accounts_seen[renamed].target == renamed


@pytest.mark.parametrize("end", [j.Forgotten(HERE, "forgotten", LATER), j.Erased(HERE, LATER)])
def test_what_was_seen_of_a_publication_goes_with_it(end: j.Note) -> None:
    assert folded(end, state=seen(live("a"))).posts_seen == {}
