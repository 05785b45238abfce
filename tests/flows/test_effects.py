"""Requests as values: a fingerprint names exactly one call."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from threadsync.flows.effects import (
    Body,
    FilePart,
    FormBody,
    JsonBody,
    MultipartBody,
    Request,
    Response,
    Secret,
    Visibility,
)
from threadsync.model.ids import MAIN, Json, MediaDigest, Role

FILE = FilePart(MediaDigest("a" * 64), "image/jpeg")
fields = st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=4)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)

DIFFERENT: list[Request] = [
    Request("POST", "/publish"),
    Request("DELETE", "/publish"),
    Request("POST", "/publish/2"),
    Request("POST", "/publish", {"id": "1"}),
    Request("POST", "/publish", {"id": "2"}),
    Request("POST", "/publish", {"id": Secret(MAIN)}),
    Request("POST", "/publish", {"id": Secret(Role("other"))}),
    *(
        Request("POST", "/publish", body=body)
        for body in (
            FormBody({}),
            FormBody({"id": "1"}),
            JsonBody({}),
            JsonBody({"id": "1"}),
            JsonBody({"id": 1}),
            JsonBody(None),
            MultipartBody({"id": "1"}, {}),
            MultipartBody({"id": "1"}, {"file": FILE}),
            MultipartBody({"id": "1"}, {"file": replace(FILE, media=MediaDigest("b" * 64))}),
            FILE,
            replace(FILE, offset=1),
            replace(FILE, length=1),
        )
    ),
]


def test_requests_that_differ_have_fingerprints_that_differ() -> None:
    assert len({request.fingerprint() for request in DIFFERENT}) == len(DIFFERENT)


@pytest.mark.parametrize("request_", DIFFERENT)
def test_how_a_request_is_sent_does_not_change_what_it_is(request_: Request) -> None:
    """An intent covers it, whatever timeout the shell gives it."""
    sent = replace(request_, auth=MAIN, visibility=Visibility.VISIBLE, timeout_seconds=9.0)
    assert sent.fingerprint() == request_.fingerprint()


@given(fields)
def test_the_order_of_params_and_fields_does_not_count(values: dict[str, str]) -> None:
    turned = dict(reversed(values.items()))
    bodies: list[tuple[Body, Body]] = [
        (FormBody(values), FormBody(turned)),
        (MultipartBody(values, {}), MultipartBody(turned, {})),
        (JsonBody(values), JsonBody(turned)),
    ]
    for one, other in bodies:
        first, second = Request("POST", "/x", values, one), Request("POST", "/x", turned, other)
        assert first.fingerprint() == second.fingerprint()


@given(json_values, json_values)
def test_json_bodies_have_one_fingerprint_only_if_they_are_equal(one: Json, other: Json) -> None:
    first, second = (Request("POST", "/x", body=JsonBody(value)) for value in (one, other))
    if first.fingerprint() == second.fingerprint():
        assert one == other


def test_a_body_that_is_not_json_reads_as_nothing() -> None:
    assert Response(200, b"<html>").json is None
    assert Response(200, b"\xff").json is None
    assert Response(200, b"[" * 200_000).json is None
    assert Response(200, b'{"id": 1}').json == {"id": 1}
