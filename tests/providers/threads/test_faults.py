"""Every row of the error table, by its own sample; subcodes decide before codes, codes before statuses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TypeAlias

import pytest

from tests.providers.threads.documented import BODIES, page
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


# Every row of the errors that were seen, as the answers say it: code, subcode, status, text.

NOT_FOUND = {"error_user_title": "Media Not Found", "error_user_msg": "The media with id 1 cannot be found."}
CAROUSEL = {
    "error_user_title": "Invalid Carousel Children",
    "error_user_msg": "The children with IDs 1,2 are invalid, non-existent or expired.",
}
LINK = {
    "error_user_title": "Invalid Link Attachment",
    "error_user_msg": "The post you're trying to publish has an invalid link attachment.",
}
TIER = {"error_user_title": "App Does Not Have Sufficient Access Tier"}
MISSING = (
    "Unsupported get request. Object with ID '1' does not exist, cannot be loaded due to missing permissions"
)
Seen: TypeAlias = tuple[str, int, int | None, int, str, Mapping[str, object]]
SEEN: list[Seen] = [
    ("not-found-yet", 24, 4279009, 400, "The requested resource does not exist", NOT_FOUND),
    ("not-found-yet", 24, 4279009, 404, "The requested resource does not exist", {"is_transient": False}),
    ("not-found-yet", 100, 4279009, 400, "The requested resource does not exist", {}),
    ("carousel-children", 100, 4279004, 400, "Invalid parameter", CAROUSEL),
    ("invalid-parameter", 100, None, 500, "Param text must be at most 500 characters long.", {}),
    ("invalid-parameter", 100, None, 400, "Param text must be at most 500 characters long.", {}),
    ("object-gone", 100, 33, 400, MISSING, {"type": "THApiException"}),
    ("unknown-field", 100, None, 500, "Tried accessing nonexisting field (status)", {}),
    ("invalid-parameter", 100, None, 400, "Invalid parameter", {}),
    ("link-attachment", -1, 4279047, 400, "Fatal", LINK),
    ("link-attachment", 100, 4279047, 400, "Fatal", LINK),
    ("media-download", 1, 2207052, 400, "An unknown error occurred", {"error_user_title": "Media download"}),
    ("token", 190, None, 401, "Invalid OAuth access token", {}),
    ("token", 190, None, 400, "Failed to decode", {}),
    ("token-expired", 190, 463, 401, "Error validating access token: Session has expired on ..", {}),
    ("token-expired", 190, 467, 400, "Error validating access token", {}),
    ("token-app-removed", 190, 458, 401, "Error validating access token", {}),
    ("token-checkpoint", 190, 459, 401, "Error validating access token", {}),
    ("token-checkpoint", 190, 464, 401, "Error validating access token", {}),
    ("token-password-changed", 190, 460, 401, "Error validating access token", {}),
    ("access-tier", 10, 4279067, 400, "Application does not have permission for this action", TIER),
    ("permission", 10, None, 400, "Application does not have permission for this action", {}),
    ("permission", 10, None, 403, "Permission denied", {}),
    ("permission", 200, None, 403, "Permissions error", {}),
    ("permission", 299, None, 400, "Permissions error", {}),
    ("rate-limit", 613, 4279002, 400, "Calls to this api have exceeded the rate limit.", {}),
    *(
        ("app-rate-limit", code, None, 400, "Application request limit reached", {})
        for code in (4, 17, 32, 341)
    ),
    ("app-rate-limit", 613, None, 429, "Application request limit reached", {}),
    ("server-busy", 2, None, 500, "An unexpected error has occurred.", {"is_transient": True}),
    ("server-busy", 2, None, 400, "An unexpected error has occurred.", {"is_transient": True}),
    ("server-busy", 1, None, 500, "An unknown error occurred", {}),
    ("spam-block", 1, 2207051, 400, "We restrict certain activity to protect our community", {}),
    ("user-restricted", 1, 4279013, 400, "User restricted", {}),
    ("already-reposted", 1, 4279050, 400, "An error", {}),
    ("policy-block", 368, None, 400, "Blocked", {}),
    ("duplicate-post", 506, None, 400, "Duplicate", {}),
    ("link-limit", 100, None, 400, "THREADS_API__LINK_LIMIT_EXCEEDED", {}),
    ("link-limit", 100, None, 400, "An error", {"error_user_title": "THREADS_API__LINK_LIMIT_EXCEEDED"}),
    ("geo-gating-unavailable", 100, None, 400, "THREADS_API__FEATURE_NOT_AVAILABLE", {}),
    ("geo-gating-countries", 100, None, 400, "THREADS_API__GEO_GATING_INVALID_COUNTRY_CODES", {}),
]
NEXT = {
    FaultClass.NOT_READY: {"not-found-yet", "carousel-children"},
    FaultClass.INVALID: {
        "invalid-parameter",
        "unknown-field",
        "link-attachment",
        "duplicate-post",
        "link-limit",
    }
    | {"geo-gating-countries"},
    FaultClass.GONE: {"object-gone"},
    FaultClass.MEDIA: {"media-download"},
    FaultClass.UNAUTHORIZED: {"token", "token-expired", "token-app-removed", "token-checkpoint"}
    | {"token-password-changed"},
    FaultClass.FORBIDDEN: {"access-tier", "permission", "geo-gating-unavailable"},
    FaultClass.THROTTLED: {"rate-limit", "app-rate-limit"},
    FaultClass.TRANSIENT: {"server-busy"},
    FaultClass.BLOCKED: {"spam-block", "user-restricted", "policy-block"},
    FaultClass.ALREADY_DONE: {"already-reposted"},
}
"""What may be done next, by row: written down here once more, apart from the table."""


@pytest.mark.parametrize("seen", SEEN, ids=lambda seen: "-".join(map(str, seen[:4])))
def test_an_error_that_was_seen_is_its_row(seen: Seen) -> None:
    """Meta's envelope; developers.facebook.com/docs/graph-api/guides/error-handling."""
    row, code, subcode, status, message, more = seen
    inner: dict[str, object] = {"message": message, "type": "OAuthException", "code": code}
    if subcode is not None:
        inner["error_subcode"] = subcode
    fault = faults.classify(Response(status, json.dumps({"error": {**inner, **more}}).encode()))
    assert fault.row == row
    assert row in NEXT[fault.kind]
    assert (fault.status, fault.code, fault.subcode) == (status, code, subcode)


def test_every_row_of_a_code_or_a_name_was_seen() -> None:
    """The quota's and the code's are tested on their own: no answer of Threads with them was seen."""
    told = {row.id for row in faults.ROWS if not row.statuses}
    assert told == {row for row, *_ in SEEN} | {"publish-quota", "object-not-found", "authorization-code"}


def test_a_text_in_another_language_decides_nothing() -> None:
    more = {"error_user_title": "Không tìm thấy", "error_user_msg": "THREADS"}
    inner = {"message": "x", "code": 24, "error_subcode": 4279009, "is_transient": False, **more}
    assert faults.classify(Response(400, json.dumps({"error": inner}).encode())).row == "not-found-yet"


@pytest.mark.parametrize("name", [path.stem for path in sorted(BODIES.glob("refused_*.json"))])
def test_a_refusal_that_meta_documents_is_its_row_and_is_told(name: str) -> None:
    shown = page(name)
    body = shown["body"]
    fault = faults.classify(Response(shown["status"], json.dumps(body).encode()))
    assert fault.row == shown["row"]
    assert body.get("error_message", body.get("error", {}).get("message")) in fault.problem


def test_a_code_that_is_not_taken_has_an_envelope_of_its_own() -> None:
    fault = faults.classify(Response(400, json.dumps(page("refused_code")["body"]).encode()))
    assert (fault.row, fault.kind) == ("authorization-code", FaultClass.INVALID)
    assert "redirect" in fault.remedy
