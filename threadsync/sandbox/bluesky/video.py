"""The service that prepares videos (docs.bsky.app/docs/tutorials/video), INVENTED as ``video-service``.

Really it is a host of its own, and transcodes. Here the bytes stay as they are, and after a while they are
a blob of the account, as if the service had uploaded it with the token it was given.
"""

from __future__ import annotations

from typing import Final

from threadsync.sandbox.bluesky import errors, identity
from threadsync.sandbox.bluesky.call import Call, Done
from threadsync.sandbox.bluesky.errors import XrpcError
from threadsync.sandbox.bluesky.limits import DAY
from threadsync.sandbox.bluesky.reading import reference
from threadsync.sandbox.bluesky.sessions import service_kind
from threadsync.sandbox.bluesky.state import Blob, Job
from threadsync.sandbox.bluesky.values import Json

UPLOAD: Final = "com.atproto.repo.uploadBlob"
LIMITS: Final = "app.bsky.video.getUploadLimits"
VIDEO_SERVICE: Final = "did:web:video.bsky.app"


def limits(call: Call) -> Done | XrpcError:
    """Say what may still be uploaded today."""
    did = _owner(call, VIDEO_SERVICE, LIMITS)
    if isinstance(did, XrpcError):
        return did
    switches = call.state.switches
    if not switches.email_confirmed:
        return Done(
            {"canUpload": False, "error": "unconfirmed_email", "message": "Please confirm your email"}
        )
    videos = switches.videos_per_day - call.state.used(f"videos {did}", now=call.now, window_seconds=DAY)
    room = switches.video_bytes_per_day - call.state.used(
        f"video bytes {did}", now=call.now, window_seconds=DAY
    )
    left: Json = {"remainingDailyVideos": max(videos, 0), "remainingDailyBytes": max(room, 0)}
    if videos < 1 or room < 1:
        return Done({"canUpload": False, "error": "DailyLimitExceeded", "message": "Daily limit"} | left)
    return Done({"canUpload": True} | left)


def upload(call: Call) -> Done | XrpcError:
    """Take a video; the same one again is answered with 409 and the job that it has."""
    did = _owner(call, identity.service_did(call.state), UPLOAD)
    if isinstance(did, XrpcError):
        return did
    if call.param("did") != did:
        return errors.auth_required("Authentication Required")
    sent, state = call.request.upload, call.state
    if sent is None or not sent.size:
        return XrpcError(400, "invalid_video", "no video came")
    if not state.switches.email_confirmed:
        failed: Json = {"jobId": "", "did": "", "state": "", "error": "unconfirmed_email"}
        return Done({"jobStatus": failed | {"message": "Please confirm your email"}})
    known = next((job for job in state.jobs.values() if (job.did, job.blob) == (did, sent.cid)), None)
    if known is not None:
        return Done(_shown(call, known) | {"error": "already_exists"})
    state.use(f"videos {did}", 1, call.now)
    state.use(f"video bytes {did}", sent.size, call.now)
    done_at = call.now + state.switches.video_seconds
    job = Job(state.lot("video")[:20], did, sent.cid, "video/mp4", sent.size, done_at)
    state.jobs[job.id] = job
    told = _shown(call, job)
    return Done(told if state.switches.video_answer == "bare" else {"jobStatus": told})


def status(call: Call) -> Done | XrpcError:
    """Say how far a video is; when it is done, its blob can be referred to."""
    job = call.state.jobs.get(call.param("jobId"))
    if job is None:
        return XrpcError(400, "InvalidRequest", "no such job")
    return Done({"jobStatus": _shown(call, job)})


def _shown(call: Call, job: Job) -> Json:
    told: Json = {"jobId": job.id, "did": job.did}
    if call.now < job.done_at:
        return told | {"state": "JOB_STATE_ENCODING", "progress": 50}
    blob = call.state.blobs.setdefault(job.did, {}).setdefault(
        job.blob, Blob(job.blob, job.mime_type, job.size, sent_at=call.now)
    )
    return told | {"state": "JOB_STATE_COMPLETED", "progress": 100, "blob": reference(blob)}


def _owner(call: Call, audience: str, method: str) -> str | XrpcError:
    """Return whose service token came along, if it was made for this."""
    token = call.request.token
    found = call.state.sessions.get(token) if token is not None else None
    if found is None or found.kind != service_kind(audience, method) or found.expires_at <= call.now:
        return errors.auth_required("jwt is not for this service and method, or is over")
    return found.did
