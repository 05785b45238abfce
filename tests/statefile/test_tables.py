"""Tables beside a state: nothing that another writer kept is lost, and the state is never in the way."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.model import strategies as values
from tests.statefile.worlds import HISTORY, MARIA, START, STATE, numbered_ids
from threadsync.errors import StateDamaged, StateForeign, StateLocked, StateOutdated, StateTooNew
from threadsync.model.ids import Address, RemoteId
from threadsync.model.insights import Look, merged
from threadsync.statefile.lock import lock_bytes
from threadsync.statefile.looks import decode_looks, encode_looks
from threadsync.statefile.shared import SharedStore
from threadsync.statefile.store import FileStore
from threadsync.statefile.tables import CHANGES_MAX, SharedTable
from threadsync.testing.disk import MemoryDisk
from threadsync.testing.fakes import FakeClock
from threadsync.testing.machine import FakeMachine
from threadsync.testing.remote import MemoryRemote, RemoteFault

TABLE = Path("/project/state/threadsync.insights.jsonl")
WEEKS = 14
"""So many weeks 90 days can touch."""
LOCK = Path("/project/state/threadsync.insights.jsonl.lock")
ME = "17841400000000000@threads.net"
A = Look(Address.parse("a@threads/main"), ME, 0, RemoteId("1"), START, START, {"views": 7, "likes": 0})
B = Look(Address.parse("b@threads/main"), ME, 1, RemoteId("2"), START, START, {"views": 9})


def file_store(disk: MemoryDisk, machine: FakeMachine | None = None) -> FileStore:
    return FileStore(STATE, disk, FakeClock(START), machine or FakeMachine(), HISTORY, numbered_ids(), "p-1")


def shared_store(remote: MemoryRemote) -> SharedStore:
    return SharedStore(remote, "threadsync.json", FakeClock(START), FakeMachine(), numbered_ids(), "p-1")


# The file.


def test_a_table_is_a_file_beside_the_state_and_leaves_no_lock() -> None:
    disk = MemoryDisk()
    table = file_store(disk).table("insights")
    assert (table.read(), table.where) == (None, str(TABLE))
    table.change(lambda here: (here or b"") + b"one\n", MARIA)
    table.change(lambda here: (here or b"") + b"two\n", MARIA)
    assert disk.files() == {TABLE: b"one\ntwo\n"}


def test_what_does_not_change_is_not_written() -> None:
    disk = MemoryDisk()
    table = file_store(disk).table("insights")
    table.change(lambda _: b"one\n", MARIA)
    before = disk.identity(TABLE)
    table.change(lambda _: b"one\n", MARIA)
    assert disk.identity(TABLE) == before


def test_an_apply_that_holds_the_state_is_not_waited_for() -> None:
    disk = MemoryDisk()
    with file_store(disk).open(MARIA, 0):
        file_store(disk, FakeMachine(pid=200)).table("insights").change(lambda _: b"one\n", MARIA)
    assert disk.read(TABLE) == b"one\n"


def test_another_writer_is_waited_for_and_then_named_with_a_remedy() -> None:
    disk = MemoryDisk()
    disk.put(LOCK, lock_bytes(FakeMachine("laptop"), "n-1", MARIA))
    with pytest.raises(StateLocked) as error:
        file_store(disk).table("insights").change(lambda _: b"one\n", MARIA)
    assert error.value.where == str(LOCK)
    assert "remove that file" in error.value.remedy
    assert disk.read(TABLE) is None


def test_the_lock_of_a_dead_process_and_what_it_left_are_swept_away() -> None:
    disk, machine = MemoryDisk(), FakeMachine()
    disk.put(LOCK, lock_bytes(machine, "n-1", MARIA))
    disk.put(TABLE.with_name(f".{TABLE.name}.0123abcd.tmp"), b"half")
    machine.die()
    file_store(disk, machine.neighbour(300)).table("insights").change(lambda _: b"one\n", MARIA)
    assert disk.files() == {TABLE: b"one\n"}


# The shared place.


def test_a_shared_state_has_its_table_in_a_place_of_its_own() -> None:
    remote = MemoryRemote()
    table = shared_store(remote).table("insights")
    table.change(lambda _: b"one\n", MARIA)
    assert remote.messages == [], "nothing is written where the state is"
    beside = remote.beside("insights")
    assert dict(beside.tip.files) == {"threadsync.insights.jsonl": b"one\n"}
    assert beside.messages == ["threadsync apply: keeps what it read\n\nby maria\n"]
    assert shared_store(remote).table("insights").read() == b"one\n"
    assert table.where == "threadsync.insights.jsonl in branch state of memory-insights"


def test_who_is_overtaken_begins_anew_from_what_is_there() -> None:
    remote = MemoryRemote()
    table = SharedTable(remote, "t.jsonl", FakeClock(START))

    def other(kind: str) -> RemoteFault | None:
        if kind == "replace":
            remote.interfere = lambda _: None
            remote.write({"t.jsonl": b"theirs\n"})
        return None

    remote.interfere = other
    table.change(lambda here: (here or b"") + b"ours\n", MARIA)
    assert table.read() == b"theirs\nours\n"


def test_who_is_always_overtaken_gives_up_in_the_end() -> None:
    remote = MemoryRemote(interfere=lambda kind: RemoteFault.OVERTAKEN if kind == "replace" else None)
    tries: list[bytes | None] = []

    def make(here: bytes | None) -> bytes:
        tries.append(here)
        return b"ours\n"

    with pytest.raises(StateOutdated):
        SharedTable(remote, "t.jsonl", FakeClock(START)).change(make, MARIA)
    assert len(tries) == CHANGES_MAX


def test_a_branch_that_is_somebody_s_work_is_neither_read_nor_written() -> None:
    remote = MemoryRemote()
    remote.write({"README.md": b"mine"})
    table = SharedTable(remote, "t.jsonl", FakeClock(START))
    with pytest.raises(StateForeign):
        table.read()
    with pytest.raises(StateForeign):
        table.change(lambda _: b"", MARIA)
    assert dict(remote.tip.files) == {"README.md": b"mine"}


# The lines.


def test_a_look_is_a_line_that_git_shows_as_it_is() -> None:
    assert encode_looks([A]).decode().splitlines() == [
        '{"table":"insights","version":1}',
        '{"account":"17841400000000000@threads.net","address":"a@threads/main","at":"2026-03-01T12:00:00Z","counts":{"likes":0,"views":7},"post":"1",'
        '"published":"2026-03-01T12:00:00Z"}',
    ]


LOOKS = st.builds(
    Look,
    st.builds(Address, values.keys, values.targets),
    values.texts,
    values.whole,
    values.remote_ids,
    values.times,
    values.times,
    st.dictionaries(values.texts, values.whole, max_size=3),
)


@given(st.lists(LOOKS, max_size=4))
def test_what_was_written_is_read_back(looks: list[Look]) -> None:
    assert decode_looks(encode_looks(looks), "t") == tuple(looks)


def test_no_table_holds_no_looks() -> None:
    assert decode_looks(None, "t") == ()


def test_two_machines_tables_can_be_put_together_by_git_or_by_hand() -> None:
    ours, theirs = encode_looks([A]), encode_looks([B])
    head = ours.splitlines()[0]
    conflict = b"\n".join(
        [
            *(
                head,
                b"<<<<<<< HEAD",
                ours.splitlines()[1],
                b"||||||| base",
                b"=======",
                theirs.splitlines()[1],
            ),
            b">>>>>>> other",
        ]
    )
    assert decode_looks(conflict, "t") == (A, B)
    assert merged(decode_looks(ours + theirs + ours, "t"), UTC) == (A, B)
    assert decode_looks(ours.replace(b"\n", b"\r\n"), "t") == (A,)


@pytest.mark.parametrize(
    ("line", "kind", "said"),
    [
        (b"hello", StateDamaged, "t:3"),
        (b'{"account":"1","address":"a@threads/main"}', StateDamaged, "it is missing"),
        (b'{"table":"insights","version":2}', StateTooNew, "a later version"),
        (encode_looks([A]).splitlines()[1].replace(b'"post"', b'"mood":1,"post"'), StateTooNew, "later"),
    ],
)
def test_a_line_that_is_no_look_is_named(line: bytes, kind: type[Exception], said: str) -> None:
    with pytest.raises(kind) as error:
        decode_looks(encode_looks([A]) + line + b"\n", "t")
    assert said in str(error.value)
    assert "t:3" in str(error.value)


def test_a_quarter_of_looks_stays_small() -> None:
    """Of a thousand publications, each looked at in every week that the command asks for by itself."""
    counts = dict.fromkeys(("views", "likes", "replies", "reposts", "quotes", "shares"), 1000)
    look = Look(
        Address.parse("a-key-of-usual-length@threads/main"), ME, 0, RemoteId("1" * 17), START, START, counts
    )
    line = len(encode_looks([look])) - len(encode_looks([]))
    assert 1_000 * WEEKS * line < 4_000_000
