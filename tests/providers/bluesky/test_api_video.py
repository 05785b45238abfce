"""A job of the video service is read in every shape that it was seen in, and an error is never one."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from threadsync.errors import ApiError, Unanswered
from threadsync.flows.core import drive
from threadsync.flows.effects import FilePart, Flow, NoResponse, Request, Response
from threadsync.model.fault import FaultClass
from threadsync.model.ids import Json, MediaDigest
from threadsync.model.secret import SecretText
from threadsync.providers.bluesky import api

BLOB: Json = {"$type": "blob", "ref": {"$link": "b"}, "mimeType": "video/mp4", "size": 9}


def upload() -> Flow[api.Job]:
    part = FilePart(MediaDigest("f"), "video/mp4")
    return api.upload_video(part, SecretText("token"), did="did:plc:a", name="f.mp4", timeout_seconds=90.0)


CALLS = {"upload": upload, "look": lambda: api.get_job_status("j1")}


def answered(call: Callable[[], Flow[api.Job]], status: int, body: Json) -> api.Job:
    return drive(call(), lambda _: Response(status, json.dumps(body).encode()))


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, {"jobStatus": {"jobId": "j1", "did": "d", "state": "JOB_STATE_CREATED"}}),
        (200, {"jobId": "j1", "did": "d", "state": "JOB_STATE_CREATED"}),
        (409, {"jobId": "j1", "did": "d", "state": "JOB_STATE_COMPLETED", "error": "already_exists"}),
    ],
)
def test_a_job_is_read_as_documented_bare_and_in_an_error(
    call: Callable[[], Flow[api.Job]], status: int, body: Json
) -> None:
    job = answered(call, status, body)
    assert (job.job_id, job.blob, job.failed) == ("j1", None, False)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_file_is_taken_wherever_there_is_one(call: Callable[[], Flow[api.Job]]) -> None:
    job = answered(call, 400, {"jobStatus": {"state": "", "error": "already_exists", "blob": BLOB}})
    assert job.blob == BLOB


def test_a_failed_job_says_why() -> None:
    told: Json = {
        "jobId": "j1",
        "state": "JOB_STATE_FAILED",
        "failureCode": "encoding_failure",
        "message": "no",
    }
    job = answered(CALLS["look"], 200, {"jobStatus": told})
    assert (job.failed, job.failure_code, job.message) == (True, "encoding_failure", "no")


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("status", [200, 400, 401])
def test_an_error_inside_an_empty_job_is_an_error(call: Callable[[], Flow[api.Job]], status: int) -> None:
    with pytest.raises(ApiError, match="unconfirmed_email") as raised:
        answered(
            call, status, {"jobStatus": {"did": "", "error": "unconfirmed_email", "jobId": "", "state": ""}}
        )
    assert raised.value.fault.kind is FaultClass.QUOTA


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("body", [{}, {"jobStatus": {}}, "no object", {"jobStatus": {"jobId": 3}}])
def test_an_answer_without_a_job_is_none(call: Callable[[], Flow[api.Job]], body: Json) -> None:
    with pytest.raises(Unanswered, match="names no job"):
        answered(call, 200, body)
    with pytest.raises(ApiError):
        answered(call, 400, body)


def test_an_upload_has_the_time_that_it_needs() -> None:
    asked: list[Request] = []

    def perform(request: object) -> NoResponse:
        assert isinstance(request, Request)
        asked.append(request)
        return NoResponse("reset", sent=True)

    with pytest.raises(Unanswered):
        drive(upload(), perform)
    with pytest.raises(Unanswered):
        drive(api.upload_blob(FilePart(MediaDigest("f"), "video/mp4"), timeout_seconds=70.0), perform)
    assert [each.timeout_seconds for each in asked] == [90.0, 70.0]
