"""A state whose bindings are read when they are asked for holds what one holds that is read as a whole."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from msgspec.structs import replace

from tests.model.strategies import states
from tests.statefile.worlds import World, at, folded, published, started
from threadsync.model.ids import Json
from threadsync.model.state import Lineage, State
from threadsync.statefile import codec
from threadsync.statefile.codec import encode, open_document
from threadsync.statefile.shapes import MisfitError, Shape
from threadsync.statefile.unread import Unread, check_read, unread


def example() -> State:
    state = folded(started(), *published(1), *published(2), *published(3))
    return replace(state, lineage=Lineage("l-1"), serial=3)


def written(document: Json) -> bytes:
    """Write what no state can be, laid out and with the checksum that threadsync would give it."""
    assert isinstance(document, dict)
    document["checksum"] = codec._checksum(document)
    return codec._rendered(document).encode()


@given(states())
def test_it_is_the_same_state(state: State) -> None:
    document = unread(encode(state))
    if document is None:
        return  # no binding, or a name with signs of its own: it is read as a whole
    assert replace(document.state, bindings=dict(document.state.bindings)) == state
    assert isinstance(document.state.bindings, Unread)
    assert len(document.state.bindings) == len(state.bindings)
    assert [*document.state.bindings] == [*open_document(encode(state)).state.bindings]
    check_read(document.state, {})
    assert replace(document, state=state) == open_document(encode(state))


def test_a_binding_is_read_when_it_is_asked_for_and_no_other_one(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    read = Shape.read

    def counted(self: Shape[object], raw: Json, **outside: object) -> object:
        asked.append(outside.get("address"))
        return read(self, raw, **outside)

    state, data = example(), encode(example())
    monkeypatch.setattr(Shape, "read", counted)
    document = unread(data)
    assert document is not None
    first, second, third = state.bindings
    assert first in document.state.bindings
    assert at("another") not in document.state.bindings
    assert document.state.bindings.get(at("another")) is None
    assert not {first, second, third} & set(asked)
    assert document.state.bindings[second] == state.bindings[second]
    assert {first, second, third} & set(asked) == {second}
    asked.clear()
    check_read(document.state, {each: state.bindings[each].remote_ids for each in (first, second)})
    assert {first, second, third} & set(asked) == {third}


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.replace(b"@threads/main", b"@threads/mine", 1),
        lambda data: json.dumps(json.loads(data), indent=1).encode(),
        lambda data: data.replace(b'"version": 1', b'"version": 2'),
        lambda data: data[:-20],
        lambda data: b"<<<<<<< HEAD\n" + data,
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda _: b"",
        lambda _: b"[]",
        lambda _: b"\xff",
    ],
)
def test_what_is_not_just_as_it_was_written_is_read_as_a_whole(change) -> None:  # type: ignore[no-untyped-def]
    assert unread(encode(example())) is not None
    assert unread(change(encode(example()))) is None


def test_an_entry_of_a_wrong_shape_is_found_when_it_is_read() -> None:
    document = json.loads(encode(example()))
    name = next(iter(document["bindings"]))
    document["bindings"][name]["liked"] = True
    found = unread(written(document))
    assert found is not None
    with pytest.raises(MisfitError, match="liked"):
        check_read(found.state, {})


def test_one_post_that_two_hold_is_found_whoever_has_read_them() -> None:
    document = json.loads(encode(example()))
    first, second, _ = document["bindings"]
    document["bindings"][second] = document["bindings"][first]
    found = unread(written(document))
    assert found is not None
    read = {address: held.remote_ids for address, held in found.state.bindings.items()}
    for known in ({}, read, {address: read[address] for address in [*read][:1]}):
        with pytest.raises(MisfitError, match="is bound to"):
            check_read(found.state, known)


def test_what_else_there_is_to_say_of_a_state_is_said_when_it_is_read_as_a_whole() -> None:
    """No state, one with a journal beside it, and another project's."""
    world = World()
    assert world.store.unread() is None
    world.record(*published(1))
    found = world.store.unread()
    assert found is not None
    assert replace(found, bindings=dict(found.bindings)) == world.state()
    assert replace(world.store, project="p-2").unread() is None
    with world.session() as session:
        assert session.append(published(2)) is None
        session.barrier()
        assert world.store.unread() is None, "a journal lies beside it"
