"""A proof that cannot fail proves nothing: without each of its safeguards the world finds a problem.

One line a safeguard: the law that asks for it, its name, what stands in its place when it is taken away
(several are lines of defence, each of which holds alone), and how the problem begins that is found then.

 1  intent before the act: forgets_intents -> duplicate
 1  what is in doubt is never made anew from an edited file: forgets_intents -> stays up
 1  the driver asks for the intent: intends_nothing; lets_all_through -> duplicate
 1  an intent serves once: asks_twice; keeps_intents -> duplicate
 1  a child has a guard of its own: asks_in_children; shares_guards -> duplicate
 2  a match is no older than its container: looks_at_all_posts -> lost
 2  a match is nobody's yet: looks_at_bound_posts -> never done
 2  settle before a new container: forgets_its_life and has_staged_nothing -> duplicate
 2  the doubt wait: waits_for_nothing -> duplicate
 2  look at the account before a new container: looks_nowhere -> duplicate
 2  publish the same container while it is FINISHED: makes_a_new_one -> duplicate
 2  two looks, listing_lag apart: looks_once -> duplicate
 2  several matches are nobody's: takes_the_first -> wrong deletion
 2  a 5xx is no no: believes_errors -> duplicate
 2  look at a container before it is published again: takes_published_for_finished -> duplicate
 1  receipt on record: keeps_no_receipt -> duplicate
 3  a chain resumes where it stopped: starts_over -> published
 3  a parent is confirmed before its child: hangs_all_under_the_first -> out of order
 3  a reply waits for its parent: waits_for_nobody; names_nothing -> out of order
 3  a quote waits for what it quotes: waits_for_nobody; names_nothing -> wrong kind
 3  no text goes out without its link: fills_in_nothing -> lost
 2  what matches goes one after the other: waits_for_nobody -> duplicate
 2  one holder a post: waits_for_nobody; finds_no_holder and binds_what_is_bound -> lost
 2  only what is read as gone is gone: code_24_is_gone -> stays up
 1  a barrier writes and syncs: keeps_in_memory and writes_at_the_end -> duplicate
 1  the journal is synced: syncs_nothing -> duplicate
 1  new names are synced: syncs_nothing -> duplicate
 1  a file is synced before it is moved into place: drafts_unsynced -> refused
 1  the journal goes after the state is safe: removes_too_early -> duplicate
 1  a torn last line was never written: stumbles_over_torn_lines -> refused
 1  a journal is folded once: is_never_folded; folds_all -> crash
 1  nothing is sent after a write that failed: goes_on_after_a_failure -> duplicate
 8  an unreadable state is not no state: takes_damage_for_nothing -> duplicate
 8  no state is a first run, and refused: agrees -> duplicate
 8  another project's state is refused: takes_anybodys -> wrong deletion
 1  a shared state has the intent before the act: keeps_in_memory -> duplicate
16  a live lock is not broken by itself: declares_all_dead; minds_nobody -> duplicate
16  one run at a time: locks_nothing and minds_nobody -> duplicate
16  every barrier checks the lease: minds_nobody -> duplicate
16  lease and age of the intent are checked before sending: minds_nobody; sends_at_any_age -> duplicate
16  lease and age are checked where the lock has lapsed: minds_nobody; sends_at_any_age -> duplicate
16  only the lock that was seen is broken: removes_blindly; minds_nobody -> duplicate
16  a push that was overtaken is rejected: pushes_by_force -> duplicate
 4  a rename is a move: is_always_new -> duplicate
 4  a tombstone knows what it said: forgets_tombstones -> duplicate
 4  a rename with an edit is asked about: is_not_close -> stays up
 4  moved_from: finds_nothing -> stays up
 4  one binding moves to one file: finds_none -> crash
 4  a text that recurs is no rename: never_recurs -> lost
 5  a forgotten post leaves a tombstone: leaves_nothing -> duplicate
 5  what was taken down stays down: finds_nothing -> stays up
 5  republish counts once: never_uses_up -> stays up
 5  a broken file is not a removed one: counts_all_as_removed; applies_all_the_same -> wrong deletion
 5  an empty folder is an error: is_no_graver; counts_all_as_removed -> wrong deletion
 5  a draft is not removed: counts_all_as_removed -> wrong deletion
 5  what is not selected is not removed: chooses_all -> wrong deletion
 6  protection lives in the state: forgets_protection -> wrong deletion
 6  what is protected is not withdrawn: withdraws_what_is_protected -> wrong deletion
 6  what is protected is not replaced: replaces_what_is_protected -> wrong deletion
 6  only what is superseded is taken down: takes_down_all -> wrong deletion
 6  a replace needs consent: asks_nobody -> wrong deletion
 6  a consent is to what was shown: always_goes_on -> wrong deletion
 6  both are bound until the old one is down: supersedes_nothing -> stays up
 6  quotas are known before a replace begins: finds_nothing -> stays up
 6  what the network no longer has is not made again: finds_nothing -> stays up
 8  safety limits: finds_nothing -> wrong deletion
17  a delete needs proof that it is ours: finds_nothing -> wrong deletion
 7  a target stays the account it was: finds_nothing -> stays up
 7  a target is the account that is declared: finds_nothing -> stays up
 7  an undeclared account is confirmed: finds_nothing -> stays up
 4  a renamed target is known by its account: finds_nothing -> duplicate
 7  two targets are two accounts: finds_none; finds_nothing -> duplicate
 7  two new targets are two accounts: finds_nothing -> duplicate
 7  an id and a handle are one account: finds_nothing -> duplicate
 8  read back before publishing: finds_none -> duplicate
 8  read back to where a post can have gone out: since_the_last_write -> duplicate
 8  no publishing unread: takes_no_answer_for_none -> duplicate
 8  a bound that ends the reading is no answer: takes_some_for_all -> duplicate
 8  a first run has no backlog: is_never_backlog -> stays up
 8  a new target has no backlog: is_never_backlog -> stays up
15  late is asked about: finds_nothing -> stays up
15  nothing goes out before its time: finds_nothing -> stays up
15  a clock that is set back lengthens no wait: trusts_the_clock -> late
15  a clock that is set ahead shortens no doubt: trusts_the_clock -> duplicate
15  a run asks no clock about its own doubt: settles_by_the_clock and trusts_the_clock -> duplicate
 2  a put makes a record and changes none: swaps_nothing -> lost
 2  a record under our key is ours by its CID and time: takes_all_for_ours -> lost
 2  our own record is known again: takes_ours_for_others -> duplicate
 2  a taken key leads to the next generation: counts_no_generations -> never done
 2  a chain is one write: writes_the_first -> lost
 2  a chain is there when all of it is: writes_the_first and minds_the_first -> lost
 1  an intent before each put: intends_nothing and lets_all_through; fits_nothing; finds_none -> duplicate
 2  what is on record goes out as it is wanted now: minds_no_words -> stays up
 2  what is planned for one second has two keys: has_no_posts; looks_at_bound_posts -> lost
 2  what may still act is waited for: waits_for_nothing -> stays up
 3  a new post hangs where the job says: hangs_on_what_is_bound -> out of order
 6  what is held is not published: holds_nothing -> stays up
15  under a freeze nothing goes out: finds_nothing -> stays up
15  what a freeze made late is asked about: finds_nothing -> stays up
15  what an outage made late is asked about: finds_nothing -> stays up
15  an outage is remembered when it is over: forgets -> stays up
 5  what was withdrawn stays down: finds_nothing -> stays up
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.testing import (
    sabotage_accounts,
    sabotage_bluesky,
    sabotage_chains,
    sabotage_holding,
    sabotage_intents,
    sabotage_locks,
    sabotage_record,
    sabotage_removal,
    sabotage_renames,
    sabotage_settling,
    sabotage_times,
)
from tests.testing.sabotage import Safeguard, Taken
from threadsync.testing.desk import Desk

SAFEGUARDS = (
    *sabotage_intents.INTENTS,
    *sabotage_settling.SETTLING,
    *sabotage_chains.CHAINS,
    *sabotage_record.RECORD,
    *sabotage_locks.LOCKS,
    *sabotage_renames.RENAMES,
    *sabotage_removal.TAKING_DOWN,
    *sabotage_accounts.ACCOUNTS,
    *sabotage_accounts.READING_BACK,
    *sabotage_times.TIMES,
    *sabotage_bluesky.BLUESKY,
    *sabotage_holding.HOLDING,
)
every_safeguard = pytest.mark.parametrize("safeguard", SAFEGUARDS, ids=lambda each: each.name)


def told(safeguard: Safeguard, folder: Path, *taken: Taken) -> list[str]:
    """Tell the story of *safeguard* without what is *taken*; return everything wrong in the end.

    Our own code is replaced here and in no other test: that it is not as it should be is the point.
    """
    folder.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        for name, instead in (each for line in taken for each in line.items()):
            patch.setattr(name, instead)
        return list(safeguard.story(Desk(folder)))


def row(safeguard: Safeguard) -> str:
    """Return the line of *safeguard* in the table of this module."""
    lines = [[getattr(instead, "__name__", "") for instead in line.values()] for line in safeguard.taken]
    instead = "; ".join(" and ".join(dict.fromkeys(line)) for line in lines)
    return f"{safeguard.law:>2}  {safeguard.name}: {instead} -> {safeguard.finds}"


@every_safeguard
def test_with_it_nothing_is_found(safeguard: Safeguard, tmp_path: Path) -> None:
    assert told(safeguard, tmp_path / "whole") == []
    if len(safeguard.taken) > 1:
        for number, line in enumerate(safeguard.taken):
            assert told(safeguard, tmp_path / str(number), line) == [], "the other lines hold"


@every_safeguard
def test_without_it_the_world_finds_what_is_expected(safeguard: Safeguard, tmp_path: Path) -> None:
    problems = told(safeguard, tmp_path / "robbed", *safeguard.taken)
    assert [each for each in problems if each.startswith(safeguard.finds)], problems


def test_every_safeguard_is_in_the_table_above() -> None:
    assert __doc__ is not None
    assert [line for line in __doc__.splitlines() if " -> " in line] == list(map(row, SAFEGUARDS))
    assert len({each.name for each in SAFEGUARDS}) == len(SAFEGUARDS), "each has a name of its own"
