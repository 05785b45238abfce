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


def retry_after(row: str, **headers: str) -> float | None:
    (found,) = [each for each in (*faults.ROWS, faults.UNKNOWN_SERVER) if each.id == row]
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    body = json.dumps(found.sample).encode()
    return faults.classify(Response(found.sample_status, body, names)).retry_after_seconds


def test_when_it_may_be_asked_again_is_what_a_header_says() -> None:
    usage = json.dumps(
        {"17": [{"type": "x", "estimated_time_to_regain_access": 30}, {"call_count": 1}], "18": []}
    )
    for row in ("rate-limit", "http-too-many", "publish-quota", "http-server-error"):
        assert retry_after(row, retry_after="120") == 120.0
        assert retry_after(row, x_business_use_case_usage=usage) == 1800.0


@pytest.mark.parametrize(
    ("until", "answered", "seconds"),
    [
        ("Sat, 21 Nov 2026 12:30:00 GMT", "Sat, 21 Nov 2026 12:00:00 GMT", 1800.0),
        ("Sat, 21 Nov 2026 11:30:00 GMT", "Sat, 21 Nov 2026 12:00:00 GMT", 0.0),
        ("Sat, 21 Nov 2026 12:30:00 GMT", "", 86_400.0),
        ("half past noon", "Sat, 21 Nov 2026 12:00:00 GMT", 86_400.0),
    ],
)
def test_a_date_says_when_too_by_the_clock_of_the_answer(until: str, answered: str, seconds: float) -> None:
    """This machine's clock may be wrong; without the answer's own nothing is made of a date."""
    assert retry_after("rate-limit", retry_after=until, date=answered) == seconds


@pytest.mark.parametrize("row", ["rate-limit", "app-rate-limit", "http-too-many", "publish-quota"])
def test_without_a_header_it_is_the_whole_documented_window(row: str) -> None:
    assert retry_after(row) == 86_400.0


@pytest.mark.parametrize("row", ["http-server-error", "server-busy"])
def test_a_server_that_stumbles_does_not_say_for_how_long(row: str) -> None:
    assert retry_after(row) is None


@pytest.mark.parametrize("row", ["token", "spam-block", "invalid-parameter", "permission"])
def test_what_does_not_pass_with_time_has_no_time(row: str) -> None:
    assert retry_after(row, retry_after="120") is None


@pytest.mark.parametrize(
    "usage",
    [
        *("", "no JSON", "[]", "{}", "7", '{"17": 3}', '{"17": [3]}', '{"17": [{}]}'),
        '{"17": [{"estimated_time_to_regain_access": 0}]}',
        '{"17": [{"estimated_time_to_regain_access": "soon"}]}',
    ],
)
def test_a_usage_header_that_names_no_time_is_passed_over(usage: str) -> None:
    assert retry_after("rate-limit", x_business_use_case_usage=usage, retry_after="soon") == 86_400.0
