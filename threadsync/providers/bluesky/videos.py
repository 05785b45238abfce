"""Films on their way: to the video service, which makes of each what the network shows.

    limits ──► token ──► upload ──► job, on record ──► looked at until it has a file ──► file, on record

The service writes the file to the account's server itself, with the token it was given; so the token is for
that server and for no other method. What was sent once is not sent again by a later run: its job is on
record before anybody waits for it. Sending a film twice harms nobody: the service knows it, and names its
job.
Source: https://docs.bsky.app/docs/tutorials/video
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Final

from msgspec import Struct

from threadsync.errors import Unanswered
from threadsync.flows.bounds import Bounds
from threadsync.flows.core import now, record, wait
from threadsync.flows.effects import FilePart, Flow
from threadsync.flows.retry import delay_seconds, poll_seconds, retried
from threadsync.model.fault import Fault, FaultClass
from threadsync.model.ids import Json, MediaDigest
from threadsync.model.journal import Rendered, Staged
from threadsync.providers.base import ProviderContext, Refused, Work
from threadsync.providers.bluesky.api_sessions import describe_server, get_service_auth
from threadsync.providers.bluesky.api_video import (
    DONE,
    SERVICE,
    Job,
    UploadLimits,
    get_job_status,
    get_upload_limits,
    upload_video,
)
from threadsync.providers.bluesky.faults import FILM_FAILED, film_failure, unanswered
from threadsync.providers.bluesky.records import CAPTIONS_TYPE, captions_of, types_of, weights_of

FILM: Final = "film-"
"""What a note's name begins with that holds the job of a film, whose digest follows."""
TOKEN_LIFE = timedelta(minutes=30)
"""How long the service may take until it writes to the account's server."""
SENT_BYTES_PER_SECOND = 250_000
"""How fast a file is sent at least, 2 Mbit/s: one of 300 MB gets 20 minutes."""
_LOST: Final = "film-lost"


class File(Struct, frozen=True):
    """One file to be sent."""

    media: MediaDigest
    content_type: str
    size_bytes: int = 0
    """Of a film; 0 for a picture, which is small."""

    def seconds(self, bounds: Bounds) -> float:
        """Return how long sending it may take."""
        return bounds.request_seconds + self.size_bytes / SENT_BYTES_PER_SECOND


def files_of(what: Rendered) -> tuple[File, ...]:
    """Return all files of a segment, the captions of its film too."""
    weights = weights_of(what) or (0,) * len(what.media)
    media = zip(what.media, types_of(what), weights, strict=True)
    captions = (File(digest, CAPTIONS_TYPE) for _, digest in captions_of(what))
    return (*(File(*each) for each in media), *captions)


def staged(work: Work, name: str, remote: str) -> Flow[None]:
    """Put on record what was made of a file; it is found again whatever segment it belongs to."""
    at = yield from now()
    first = work.job.segments[0]
    yield from record(Staged(work.address, first.index, first.digest, name, remote, at))


class Studio(Struct, frozen=True):
    """The flows that have films made; *jobs* are those on record, by the films' digests."""

    work: Work
    context: ProviderContext
    jobs: Mapping[MediaDigest, str]

    @property
    def _bounds(self) -> Bounds:
        return self.context.bounds

    def admits(self, films: Sequence[File]) -> Flow[Refused | None]:
        """Ask whether the account may send today what of *films* is not sent yet; None where it may."""
        new = [film for film in films if film.media not in self.jobs]
        if not new:
            return None
        limits = yield from retried(self._limits, self._bounds, why="the video service")
        if isinstance(limits, Fault | Unanswered):
            return self._refused(limits)
        problem = _over(limits, new)
        if not problem:
            return None
        remedy = "Run apply again tomorrow; a new account has to confirm its email address first."
        return self._refused(Fault(FaultClass.QUOTA, problem, remedy, "daily-video-limit"))

    def made(self, film: File) -> Flow[Mapping[str, Json] | Refused]:
        """Return the file that became of *film*, going on with its job if there is one."""
        job_id, bounds = self.jobs.get(film.media, ""), self._bounds
        for number in range(1, bounds.rebuilds_max + 2):
            if not job_id:
                job = yield from retried(partial(self._uploaded, film), bounds, why="sending a film")
                if isinstance(job, Fault | Unanswered):
                    return self._refused(job)
                if job.blob is not None:
                    return job.blob
                job_id = job.job_id
                yield from staged(self.work, f"{FILM}{film.media}", job_id)
                if job.state != DONE:
                    # A film is never ready at once: a look now would be for nothing.
                    first_seconds = min(bounds.poll_first_seconds, bounds.poll_longest_seconds)
                    yield from wait(first_seconds, "the video service")
            found = yield from self._awaited(job_id)
            if not isinstance(found, Fault):
                return found
            if found.row not in {_LOST, FILM_FAILED} or number > bounds.rebuilds_max:
                return self._refused(found)
            job_id = ""
            yield from wait(delay_seconds(number, bounds), "the video service")
        raise AssertionError("a bound of at least no film sent again ends the loop")

    def _limits(self) -> Flow[UploadLimits]:
        auth = yield from get_service_auth(SERVICE, lxm="app.bsky.video.getUploadLimits")
        return (yield from get_upload_limits(auth.token))

    def _uploaded(self, film: File) -> Flow[Job]:
        """Send *film*, with a token for the account's own server, which says itself who it is."""
        server = yield from describe_server()
        at = server.exchange.server_time or (yield from now())
        auth = yield from get_service_auth(server.did, lxm="com.atproto.repo.uploadBlob", exp=at + TOKEN_LIFE)
        return (
            yield from upload_video(
                FilePart(film.media, film.content_type),
                auth.token,
                did=self.work.account_id,
                name=f"{film.media}.{film.content_type.partition('/')[2]}",
                timeout_seconds=film.seconds(self._bounds),
            )
        )

    def _awaited(self, job_id: str) -> Flow[Mapping[str, Json] | Fault]:
        """Look at a job, again and again, until it has a file; the error is that there will be none."""
        bounds, polls, waited_seconds = self._bounds, 0, 0.0
        while True:
            job = yield from retried(partial(get_job_status, job_id), bounds, why="the video service")
            match job:
                case Unanswered():
                    return unanswered(job)
                case Fault(kind=FaultClass.GONE | FaultClass.INVALID):
                    return Fault(FaultClass.TRANSIENT, job.problem, "Run apply again later.", _LOST)
                case Fault():
                    return job
                case Job(blob=blob) if blob is not None:
                    return blob
                case Job() if job.failed:
                    said = ": ".join(filter(None, (job.error, job.message)))
                    return film_failure(job.failure_code, said)
            if waited_seconds >= bounds.poll_total_seconds:
                problem = f"the video service still works on a film after {waited_seconds:.0f} s"
                remedy = "Run apply again later; poll_total_seconds under bounds says how long is waited."
                return Fault(FaultClass.TRANSIENT, problem, remedy, "film-in-progress")
            pause = poll_seconds(polls, bounds)
            yield from wait(pause, "the video service")
            polls, waited_seconds = polls + 1, waited_seconds + pause

    def _refused(self, why: Fault | Unanswered) -> Refused:
        fault = unanswered(why) if isinstance(why, Unanswered) else why
        return Refused(fault, self.work.job.segments[0].index)


def _over(limits: UploadLimits, films: Sequence[File]) -> str:
    """Say which of the account's limits *films* would break; empty where none."""
    size_bytes = sum(film.size_bytes for film in films)
    videos, left_bytes = limits.remaining_daily_videos, limits.remaining_daily_bytes
    if not limits.can_upload:
        why = limits.message or limits.error or "it does not say why"
        return f"the video service takes no film of this account today: {why}"
    if videos is not None and videos < len(films):
        return f"the post has {len(films)} films to send, and the account may send {videos} more today"
    if left_bytes is not None and left_bytes < size_bytes:
        return f"the films have {size_bytes:,} bytes, and the account may send {left_bytes:,} more today"
    return ""
