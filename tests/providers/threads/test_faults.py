"""Every row of the error table, by its own sample; subcodes decide before codes, codes before statuses."""

from __future__ import annotations

import json

import pytest

from threadsync.flows.effects import Response
from threadsync.model.fault import FaultClass
from threadsync.providers.threads import faults


def response(row: faults.FaultRow) -> Response:
    return Response(row.sample_status, json.dumps(row.sample).encode())


@pytest.mark.parametrize(
    "row", [*faults.ROWS, faults.UNKNOWN_SERVER, faults.UNKNOWN_REFUSAL], ids=lambda r: r.id
)
def test_a_row_classifies_its_own_sample(row: faults.FaultRow) -> None:
    fault = faults.classify(response(row))
    assert (fault.row, fault.kind) == (row.id, row.kind)
    assert fault.remedy


def test_the_row_ids_are_unique() -> None:
    ids = [row.id for row in faults.ROWS]
    assert len(ids) == len(set(ids))


def error(status: int, code: int, subcode: int | None = None) -> FaultClass:
    body = {"error": {"message": "m", "code": code, "error_subcode": subcode}}
    return faults.classify(Response(status, json.dumps(body).encode())).kind


def test_the_subcode_decides_whatever_the_code() -> None:
    """4279009 was seen with code 100 as well as 24."""
    assert error(400, 100, 4279009) is FaultClass.NOT_READY
    assert error(404, 24, 4279009) is FaultClass.NOT_READY


def test_a_text_that_is_too_long_is_final_although_its_status_is_500() -> None:
    assert error(500, 100) is FaultClass.INVALID


def test_what_was_said_is_told_with_its_numbers() -> None:
    body = {
        "error": {
            "message": "No",
            "code": 24,
            "error_subcode": 4279009,
            "error_user_title": "Media Not Found",
        }
    }
    problem = faults.classify(Response(400, json.dumps(body).encode())).problem
    assert problem == "Threads says: No (Media Not Found) [code 24, subcode 4279009]"


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"error":"x"}', b'{"error":{"code":"1"}}'])
def test_a_body_of_any_shape_is_classified(body: bytes) -> None:
    assert faults.classify(Response(502, body)).kind is FaultClass.TRANSIENT
    assert faults.classify(Response(418, body)).kind is FaultClass.INVALID
