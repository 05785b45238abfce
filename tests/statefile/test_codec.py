"""The state file: exact, readable in git, and honest about every way it can be damaged."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from msgspec.structs import replace

from tests.model.strategies import notes, states
from tests.statefile.worlds import START, at, folded, published, skipped, started
from threadsync.errors import StateDamaged, StateTooNew, StateUnwritable, ThreadsyncError
from threadsync.model import holding as h
from threadsync.model import journal as j
from threadsync.model.facts import Quota, SeenPost
from threadsync.model.ids import Json, RemoteId, TargetName
from threadsync.model.ledger import fold
from threadsync.model.state import Lineage, State
from threadsync.statefile import codec
from threadsync.statefile.codec import SHAPES, WrittenBy, decode, encode, open_document
from threadsync.statefile.notes import JOB, NOTES, PUBLISHED, RENDERED, read_note, write_note
from threadsync.statefile.shapes import MisfitError, Shape, compact, parsed, to_bytes

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests/data/state/v1.json"
SCHEMA = json.loads((ROOT / "schema/state.schema.json").read_text("utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)


def example() -> State:
    return replace(
        folded(
            started(),
            *published(1),
            *published(2),
            skipped("late"),
            j.Begun(at("new"), j.Job("create"), START),
        ),
        lineage=Lineage("l-1"),
        serial=3,
        project="p-1",
    )


@given(states())
def test_a_state_reads_back_exactly(state: State) -> None:
    assert decode(encode(state)) == state


@given(notes)
def test_a_note_reads_back_exactly(note: j.Note) -> None:
    assert read_note(parsed(to_bytes(compact(write_note(note))))) == note


@given(states())
def test_what_is_written_fits_the_published_schema(state: State) -> None:
    assert list(VALIDATOR.iter_errors(json.loads(encode(state)))) == []


def test_the_schema_is_sound_and_its_examples_fit() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    found = list(examples(SCHEMA))
    assert len(found) > 10
    for schema, value in found:
        Draft202012Validator({**schema, "$defs": SCHEMA["$defs"]}).validate(value)


def examples(schema: Json) -> list[tuple[dict[str, Json], Json]]:
    found: list[tuple[dict[str, Json], Json]] = []
    if isinstance(schema, dict):
        if isinstance(schema.get("examples"), list) and "description" in schema:
            found += [(schema, each) for each in schema["examples"]]
        found += [each for inner in schema.values() for each in examples(inner)]
    if isinstance(schema, list):
        found += [each for inner in schema for each in examples(inner)]
    return found


@pytest.mark.parametrize(
    "shape", [*NOTES.values(), *SHAPES, RENDERED, PUBLISHED, JOB], ids=lambda shape: shape.make.__name__
)
def test_every_field_of_the_model_has_a_place_in_the_file(shape: Shape[object]) -> None:
    """A field added to the model without one would be lost at the first save."""
    assert isinstance(shape.make, type)
    in_model = set(shape.make.__struct_fields__)
    assert in_model == {each.of for each in shape.fields} | set(shape.outside)


def test_every_note_has_a_word() -> None:
    assert {shape.make for shape in NOTES.values()} == set(get_args(j.Note))


def test_one_entry_is_one_line_and_keys_are_sorted() -> None:
    text = encode(example()).decode()
    lines = text.splitlines()
    for entry in ('"key-1@threads/main": {', '"late@threads/main": {', '"new@threads/main": {'):
        assert sum(line.strip().startswith(entry) for line in lines) == 1
    document = json.loads(text)
    assert list(document) == sorted(document)
    assert list(document["bindings"]) == sorted(document["bindings"])
    assert text.endswith("}\n")


def test_a_change_touches_its_own_line_and_the_head_only() -> None:
    more = folded(*published(15)).bindings
    after = replace(example(), serial=4, bindings={**example().bindings, **more})
    changed = set(encode(example()).decode().splitlines()) ^ set(encode(after).decode().splitlines())
    names = {line.strip().split(":")[0] for line in changed}
    assert names == {'"checksum"', '"serial"', '"key-15@threads/main"'}


def test_defaults_leave_no_trace() -> None:
    assert encode(State(Lineage("l"))).decode().splitlines() == [
        "{",
        '  "bindings": {},',
        f'  "checksum": "{open_document(encode(State(Lineage("l")))).checksum}",',
        '  "lineage": "l",',
        '  "open": {},',
        '  "sequence": 0,',
        '  "serial": 0,',
        '  "targets": {},',
        '  "tombstones": {},',
        '  "version": 1',
        "}",
    ]


def test_a_time_of_another_zone_is_written_in_utc() -> None:
    berlin = datetime(2026, 7, 1, 14, 30, 0, 5, tzinfo=timezone(timedelta(hours=2)))
    state = State(Lineage("l"), written_at=berlin)
    assert b'"2026-07-01T12:30:00.000005Z"' in encode(state)
    assert decode(encode(state)).written_at == berlin.astimezone(UTC)


def test_text_stays_readable_and_what_utf8_cannot_hold_survives() -> None:
    state = replace(State(Lineage("l")), project="Fahrstühle 🛗 \u2028 \ud800")
    assert "Fahrstühle 🛗 \u2028".encode() in encode(state)
    assert decode(encode(state)) == state


def test_the_file_says_who_wrote_it() -> None:
    document = open_document(encode(example(), journal="j-1"))
    assert document.written_by == WrittenBy("run-1", "maria", "j-1")
    assert document.state == replace(example(), run=None)


def test_the_golden_file_of_version_1_still_opens() -> None:
    """It holds one of everything; it is never regenerated, a new version gets a new file."""
    data = GOLDEN.read_bytes()
    state = decode(data)
    again, golden = json.loads(encode(state)), json.loads(data)
    assert {**again, "checksum": "", "written_by": ""} == {**golden, "checksum": "", "written_by": ""}
    VALIDATOR.validate(json.loads(data))
    assert (state.lineage, state.serial, state.sequence, state.project) == ("golden", 3, 19, "p-golden")
    chain = state.bindings[at("lift-report")]
    assert [each.remote_id for each in chain.segments] == ["101", "202"]
    assert [each.remote_id for each in chain.superseded] == ["102"]
    assert chain.segments[0].permalink == "https://www.threads.net/@lift_report/post/A"
    assert state.tombstones[at("old-news")].left_up
    assert state.open[at("lift-report")].job.verb == "replace"
    assert state.open[at("new")].in_doubt
    assert {name: record.handle for name, record in state.targets.items()} == {"threads/main": "lift_report"}


GOOD = encode(example())
STRANGE = replace(example(), project='Fahrstühle 🛗 \ud800 "\\ {')


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda good: b"", "it is empty"),
        (lambda good: b" \n", "it is empty"),
        (lambda good: good[: len(good) // 2] + b"\0" * 50, "ends in the middle"),
        (lambda good: good.replace(b'  "lineage"', b'<<<<<<< HEAD\n  "lineage"'), "merge-conflict markers"),
        (lambda good: good.replace(b"text 1", b"text 7"), "checksum is wrong"),
        (lambda good: good.replace(b'"serial": 3', b'"serial": 4'), "checksum is wrong"),
        (lambda good: b"version https://git-lfs.github.com/spec/v1", "not JSON"),
        (lambda good: b"\xff" + good, "not JSON"),
        (lambda good: b'{"a": NaN}', "not JSON"),
        (lambda good: b"[" * 100_000, "not JSON"),
        (lambda good: b"[]", "not an object"),
        (lambda good: b"{}", "no version"),
        (lambda good: sealed({"version": True}), "no version"),
        (lambda good: sealed({"version": 0}), "version 0, which never was"),
    ],
)
def test_damage_is_named_and_never_read(damage: Callable[[bytes], bytes], problem: str) -> None:
    with pytest.raises(StateDamaged, match=problem) as caught:
        decode(damage(GOOD), "state/threadsync.json")
    assert caught.value.where == "state/threadsync.json"
    assert caught.value.remedy.startswith("Nothing was published.")


@given(cut=st.integers(1, len(encode(STRANGE)) - 2), zeros=st.integers(0, 3))
def test_a_file_that_was_cut_off_is_called_so(cut: int, zeros: int) -> None:
    with pytest.raises(StateDamaged, match="ends in the middle"):
        decode(encode(STRANGE)[:cut] + b"\0" * zeros)


def sealed(document: Mapping[str, Json]) -> bytes:
    """Write a document as somebody would who computes checksums, and breaks the shape."""
    return to_bytes(compact({**document, "checksum": codec._checksum(document)}))


def changed(**parts: Json) -> bytes:
    document = {name: value for name, value in json.loads(GOOD).items() if name != "checksum"}
    return sealed({name: value for name, value in {**document, **parts}.items() if value != "absent"})


WHEN = "2026-01-01T00:00:00Z"
STONE: Json = {"at": WHEN, "digest": "", "why": ""}
ERASED: Json = {"note": "erased", "address": "a@x", "at": WHEN}
BOUND = json.loads(GOOD)["bindings"]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (changed(bindings="absent"), "bindings: expected an object, found null"),
        (changed(lineage="absent"), "lineage: it is missing"),
        (changed(serial="three"), 'serial: expected a whole number, found "three"'),
        (changed(serial=True), "serial: expected a whole number, found true"),
        (changed(project=5), "project: expected a text, found 5"),
        (changed(written_at="yesterday"), "written_at: expected a time in UTC"),
        (changed(written_at="2026-01-01T00:00:00"), "written_at: expected a time in UTC"),
        (changed(bindings={"nowhere": {}}), "bindings.nowhere: 'nowhere' is not an address"),
        (changed(bindings={"a@x": {"segments": {}}}), "bindings.a@x.segments: expected a list, found {}"),
        (changed(bindings={"a@x": {"segments": [5]}}), "segments.0: expected an object, found 5"),
        (changed(bindings={"a@x": {"protect": 1}}), "protect: expected true or false, found 1"),
        (changed(tombstones={"key-1@threads/main": STONE}), "bound and forgotten at once"),
        (changed(bindings={"a@threads/main": BOUND["key-1@threads/main"], **BOUND}), "post-1 is bound to"),
        (changed(open={"a@x": {"begun": WHEN, "job": {"verb": "create"}, "notes": [ERASED]}}),
         "notes.0.note: expected one of staged, intent, settled, doubted"),
    ],
)  # fmt: skip
def test_a_wrong_shape_is_named_with_its_place(data: bytes, problem: str) -> None:
    with pytest.raises(StateDamaged) as caught:
        decode(data)
    assert problem in caught.value.problem


def test_conflict_markers_come_with_the_git_remedy() -> None:
    with pytest.raises(StateDamaged) as caught:
        decode(
            b'{\n<<<<<<< HEAD\n  "serial": 3\n=======\n  "serial": 4\n>>>>>>> main\n}\n',
            "state/threadsync.json",
        )
    assert "git checkout --ours -- state/threadsync.json" in caught.value.remedy
    assert "threadsync import" in caught.value.remedy


def test_a_wrong_checksum_says_where_the_good_copies_are() -> None:
    with pytest.raises(StateDamaged) as caught:
        decode(GOOD.replace(b"text 1", b"text 7"), "s.json")
    assert "merged by git or edited by hand" in caught.value.problem
    assert "threadsync state history" in caught.value.remedy
    assert "git checkout COMMIT -- s.json" in caught.value.remedy


@pytest.mark.parametrize(
    "data",
    [sealed({"version": 2}), changed(mood="new"), changed(bindings={"a@x": {"mood": "new"}})],
    ids=["version", "key", "key of an entry"],
)
def test_what_a_later_threadsync_wrote_is_refused_as_such(data: bytes) -> None:
    with pytest.raises(StateTooNew, match="A later threadsync wrote it"):
        decode(data)


def test_line_ends_and_blanks_are_no_damage() -> None:
    """``core.autocrlf`` and a pretty-printer change bytes, not content."""
    assert decode(GOOD.replace(b"\n", b"\r\n")) == decode(GOOD)
    assert decode(json.dumps(json.loads(GOOD), indent=4).encode()) == decode(GOOD)


def test_an_old_version_is_upgraded_step_by_step() -> None:
    def from_minus_1(raw: Mapping[str, Json]) -> Mapping[str, Json]:
        return {**raw, "version": 0, "lineage": f"{raw['lineage']}-0"}

    def from_0(raw: Mapping[str, Json]) -> Mapping[str, Json]:
        return {**raw, "version": 1, "lineage": f"{raw['lineage']}-1"}

    old = changed(version=-1, lineage="l")
    document = open_document(old, upgrades={-1: from_minus_1, 0: from_0})
    assert document.state == replace(decode(GOOD), lineage=Lineage("l-0-1"))


def test_a_file_over_the_limit_is_neither_read_nor_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec, "STATE_BYTES_MAX", len(GOOD))
    assert decode(encode(example())).serial == 3
    monkeypatch.setattr(codec, "STATE_BYTES_MAX", len(GOOD) - 1)
    for refused in (lambda: decode(GOOD), lambda: encode(example())):
        with pytest.raises(ThreadsyncError, match="over the limit") as caught:
            refused()
        assert isinstance(caught.value, StateDamaged | StateUnwritable)


def test_a_note_of_an_unknown_sort_is_not_guessed_at() -> None:
    with pytest.raises(MisfitError, match="does not know such a note"):
        read_note({"note": "celebrated"})
    with pytest.raises(MisfitError, match="does not know such a note"):
        read_note({})


def test_what_a_person_keeps_back_stands_in_the_file_and_nothing_of_it_while_there_is_none() -> None:
    """So a file that an earlier version knows all of stays one; and git shows which hold came or went."""
    before = example()
    kept_back = (
        h.Hold(at("key-1"), START, "maria", "legal"),
        h.Freeze(START, "maria"),
        h.Heartbeat(START, "run-1", "maria", {"applied": 2}),
        h.Lulls((h.Lull(START, START, "no apply ended"),), START),
    )
    state = fold(before, list(enumerate(kept_back, start=before.sequence + 1)))
    assert state.written_at == before.written_at, "own posts are read back from what we did before it"
    old, new = encode(before).decode().splitlines(), encode(state).decode().splitlines()
    came = [line.strip().split(":")[0] for line in new if line not in old]
    assert sorted(came) == [
        '"checksum"', '"freeze"', '"heartbeat"', '"holds"', '"key-1@threads/main"', '"lulls"', '"sequence"'
    ]  # fmt: skip
    gone = (h.Released(at("key-1"), START), h.Unfrozen(START), h.Lulls((), START))
    state = fold(state, list(enumerate(gone, start=state.sequence + 1)))
    last = encode(state).decode()
    assert not any(f'"{name}"' in last for name in ("holds", "freeze", "lulls"))


def test_observations_are_a_section_of_their_own_an_entry_a_line() -> None:
    """Git shows which look changed, and a digest of what is bound never does."""
    looks = (
        j.PostsSeen(at("key-1"), {RemoteId("post-1"): SeenPost(counts={"likes": 12})}, START),
        j.AccountSeen(TargetName("threads/main"), "maria", START, {"posts": Quota(1, 250)}),
    )
    before = example()
    state = fold(before, list(enumerate(looks, start=before.sequence + 1)))
    old, new = encode(before).decode().splitlines(), encode(state).decode().splitlines()
    assert '"observations"' not in "".join(old)
    start = new.index('  "observations": {')
    assert [line.partition(": ")[0] for line in new[start + 1 : start + 3]] == [
        '    "key-1@threads/main"',
        '    "threads/main"',
    ]
    changed = {line.split(":")[0] for line in new if line not in old and not line.startswith("    ")}
    assert changed <= {'  "checksum"', '  "observations"', '  "sequence"', "  }", "  },"}


@pytest.mark.parametrize(
    "section", [3, {"a@t": {"at": "2026-12-03T07:30:00Z"}}, {"t": {"at": "no"}}, {"a@t": {"seen": 1}}]
)
def test_observations_of_a_wrong_shape_are_damage_that_is_named(section: Json) -> None:
    document = json.loads(encode(example()))
    document["observations"] = section
    document["checksum"] = codec._checksum(document)
    with pytest.raises((StateDamaged, StateTooNew), match="observations"):
        decode(json.dumps(document).encode())


def test_a_state_as_it_was_written_is_known_by_its_bytes() -> None:
    data = encode(example())
    checksum = json.loads(data)["checksum"]
    assert codec.is_as_written(data, checksum)
    assert not codec.is_as_written(data.replace(b"@threads/main", b"@threads/mine"), checksum)
    assert not codec.is_as_written(data + b"1", checksum)


@given(states())
def test_bytes_of_any_state_are_known_as_they_were_written(state: State) -> None:
    """A name with signs of its own may not be known so: it is compared in the other way, and opens."""
    data = encode(state)
    assert decode(data) == decode(json.dumps(json.loads(data), indent=1).encode())


def test_an_entry_called_checksum_counts_like_every_other() -> None:
    """Of what stands in a state, the checksum at its top alone is not covered by it."""
    data = encode(example())
    forged = data.replace(b'"bindings": {\n', b'"bindings": {\n    "checksum": {},\n', 1)
    assert forged != data
    with pytest.raises(StateDamaged, match="checksum is wrong"):
        decode(forged)


def test_what_stands_beside_the_checksum_in_its_line_counts_too() -> None:
    data = encode(example())
    checksum = json.loads(data)["checksum"]
    line = f'"checksum": "{checksum}",'
    forged = data.replace(line.encode(), f'{line} "serial": 7,'.encode())
    assert forged != data
    assert not codec.is_as_written(forged, checksum)
