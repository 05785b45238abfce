"""The endpoints of the video service: it makes of a film what the network shows, and gives it to the server.

It is opened by tokens that the account's server makes for one method (``get_service_auth``); for an upload
that is ``com.atproto.repo.uploadBlob`` of the account's server, since the service writes there in the
account's name.
Sources: https://docs.bsky.app/docs/tutorials/video and the lexicons ``app.bsky.video``. What it was seen to
answer differs from them (https://github.com/bluesky-social/atproto/issues/3026, .../3097), so three shapes
of a job are read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from msgspec import field
from msgspec.structs import replace

from threadsync.errors import ApiError, Unanswered
from threadsync.flows.core import send
from threadsync.flows.effects import BytesBody, FilePart, Flow, NoResponse, Request, Response, Visibility
from threadsync.model.ids import Json
from threadsync.model.secret import SecretText
from threadsync.providers.answers import Answer, Exchange, Fields, exchange_of
from threadsync.providers.bluesky.calls import VIDEO, asked, call, json_of
from threadsync.providers.bluesky.faults import refusal

SERVICE = "did:web:video.bsky.app"
"""Whom a token for reading the limits is for."""
DONE = "JOB_STATE_COMPLETED"
_FAILED = "JOB_STATE_FAILED"


class UploadLimits(Answer, frozen=True, kw_only=True):
    """What the account may still send today."""

    can_upload: bool
    remaining_daily_videos: int | None = None
    remaining_daily_bytes: int | None = None
    message: str | None = None
    error: str | None = None
    more: Mapping[str, object] = field(default_factory=dict)
    exchange: Exchange


class Job(Answer, frozen=True, kw_only=True):
    """A film on its way; *blob* is what a post refers to, as soon as there is one."""

    job_id: str
    state: str
    """``JOB_STATE_COMPLETED``, ``JOB_STATE_FAILED``; every other one means that it is under way."""
    progress: int | None = None
    """In percent."""
    blob: Mapping[str, Json] | None = None
    error: str | None = None
    message: str | None = None
    failure_code: str | None = None
    """Why it failed, in a word: ``validation_failure``, ``pds_upload_failure`` …; older services say none."""
    more: Mapping[str, object] = field(default_factory=dict)
    exchange: Exchange

    @property
    def failed(self) -> bool:
        """Whether nothing will become of it."""
        return self.blob is None and self.state == _FAILED


def get_upload_limits(token: SecretText) -> Flow[UploadLimits]:
    """Read what the account may still send; *token* is for ``SERVICE`` and this method.

    Endpoint: GET app.bsky.video.getUploadLimits
    Source: https://docs.bsky.app/docs/api/app-bsky-video-get-upload-limits
    """
    request = Request("GET", "/xrpc/app.bsky.video.getUploadLimits", auth=token, host=VIDEO)
    return call(request, _limits)


def upload_video(
    content: FilePart | BytesBody,
    token: SecretText,
    *,
    did: str,
    name: str,
    timeout_seconds: float | None = None,
) -> Flow[Job]:
    """Send a film; *token* lets the service write the result to the account's server.

    What was sent before is no error: its job is returned. *timeout_seconds* is for the whole of it.

    Endpoint: POST app.bsky.video.uploadVideo
    Errors: daily-video-limit, blob-refused, wrong-token
    Source: https://docs.bsky.app/docs/api/app-bsky-video-upload-video
    """
    request = Request(
        "POST",
        "/xrpc/app.bsky.video.uploadVideo",
        asked({"did": did, "name": name}),
        content,
        token,
        Visibility.STAGE,
        timeout_seconds,
        host=VIDEO,
    )
    return _job(request)


def get_job_status(job_id: str) -> Flow[Job]:
    """Look how far a film is; of one that was made before, the answer is an error that has its file.

    Endpoint: GET app.bsky.video.getJobStatus
    Source: https://docs.bsky.app/docs/api/app-bsky-video-get-job-status
    """
    return _job(Request("GET", "/xrpc/app.bsky.video.getJobStatus", asked({"jobId": job_id}), host=VIDEO))


def _limits(body: Fields, how: Exchange) -> UploadLimits:
    return UploadLimits(
        can_upload=body.flag("canUpload") or False,
        remaining_daily_videos=body.number("remainingDailyVideos"),
        remaining_daily_bytes=body.number("remainingDailyBytes"),
        message=body.maybe_text("message"),
        error=body.maybe_text("error"),
        more=body.rest,
        exchange=how,
    )


def _job(request: Request) -> Flow[Job]:
    """Send *request* and read the job in its answer, whatever its status is."""
    outcome = yield from send(request)
    where = f"{request.method} {request.path}"
    if isinstance(outcome, NoResponse):
        raise Unanswered(outcome.reason, sent=outcome.sent, where=where)
    how = exchange_of(outcome)
    try:
        job = _maybe_job(outcome.json, how)
    except TypeError as error:
        reason = f"the answer (HTTP {outcome.status}) cannot be read: {error}"
        raise Unanswered(reason, sent=True, where=where) from error
    if job is not None:
        return job
    fault = refusal(_unwrapped(outcome))
    if fault is not None:
        raise ApiError(fault, where=where)
    raise Unanswered(f"the answer (HTTP {outcome.status}) names no job", sent=True, where=where)


def _unwrapped(answer: Response) -> Response:
    """Return *answer* with the error of a job that is none on its outside, as every other error stands.

    So it is said that an address is not confirmed, with whatever status.
    """
    body = answer.json
    inner = body.get("jobStatus") if isinstance(body, dict) else None
    if not isinstance(inner, dict) or not inner.get("error"):
        return answer
    return replace(answer, status=max(answer.status, 400), body=json.dumps(inner).encode())


def _maybe_job(body: object, how: Exchange) -> Job | None:
    """Read a job as the lexicon has it, without its wrapper, or as an error that names it.

    One without an id and without a file is none: so the service says that it will not take the film.
    """
    if not isinstance(body, dict):
        return None
    inner = body.get("jobStatus")
    told = Fields(inner if isinstance(inner, dict) else body)
    job_id, blob = told.maybe_text("jobId"), told.whole("blob")
    if not job_id and not isinstance(blob, dict):
        return None
    return Job(
        job_id=job_id or "",
        state=told.maybe_text("state") or "",
        progress=told.number("progress"),
        blob=json_of(blob) if isinstance(blob, dict) else None,
        error=told.maybe_text("error"),
        message=told.maybe_text("message"),
        failure_code=told.maybe_text("failureCode"),
        more=told.rest,
        exchange=how,
    )
