"""A stand-in for the video service, INVENTED: nobody outside can run the real one.

What it answers is what the lexicons ``app.bsky.video`` and two reports say (atproto issues 3026 and 3097).
That tokens are asked for, that a film that failed may be sent anew, and how long anything takes is invented.
Like the real one, it writes what it makes of a film to the account's server, with the token that it was
given; so that server, which is real, says whether the token was right.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

CALL_SECONDS = 30.0
POLL_SECONDS = 0.01
"""How often its server looks whether it is to stop."""
STATES = ("JOB_STATE_CREATED", "JOB_STATE_ENCODING", "JOB_STATE_SCANNING", "JOB_STATE_SOMETHING_NEW")
MP4 = b"\0\0\0\x18ftypisom\0\0\2\0isommp42"
"""What an MP4 file begins with; put before a film, it is what it makes of it."""

Answer = tuple[int, Mapping[str, Any]]


@dataclass
class Job:
    """A film that it works on."""

    id: str
    did: str
    content: bytes
    token: str
    looks: int = 0
    blob: Mapping[str, Any] | None = None


@dataclass
class VideoService:
    """What it knows, and how it answers."""

    pds_url: str
    url: str = ""
    wrapped: bool = False
    """Whether an upload is answered as the lexicon has it, or without ``jobStatus``, as was seen."""
    looks: int = 2
    """How often a job is looked at before it is done."""
    errs_when_done: bool = False
    """Whether a job that is done is told as an error that has the file, as was seen."""
    failures: list[str] = field(default_factory=list)
    """The codes with which the next jobs fail."""
    confirmed: bool = True
    limits: Mapping[str, Any] = field(default_factory=lambda: {"canUpload": True})
    jobs: dict[str, Job] = field(default_factory=dict)
    received: int = 0
    """How many films came, the same one each time too."""
    claims: list[Mapping[str, Any]] = field(default_factory=list)
    """What the tokens said that it was shown."""
    made: int = 0

    def get(self, method: str, params: Mapping[str, str], token: str) -> Answer:
        """Answer a query."""
        if method == "app.bsky.video.getUploadLimits":
            claims = self._claims(token)
            right = claims.get("lxm") == method and claims.get("aud") == "did:web:video.bsky.app"
            return (200, self.limits) if right else (401, {"error": "BadJwt", "message": "not for this"})
        job = self.jobs.get(params.get("jobId", ""))
        if job is None:
            return 400, {"error": "InvalidRequest", "message": "job not found"}
        job.looks += 1
        told = {"jobId": job.id, "did": job.did}
        if job.looks <= self.looks:
            state = STATES[min(job.looks, len(STATES)) - 1]
            return 200, {"jobStatus": {**told, "state": state, "progress": job.looks}}
        if self.failures:
            del self.jobs[job.id]
            code = self.failures.pop(0)
            error = {
                "error": f"video processing error for job: {job.id}",
                "message": "Failed to process video",
            }
            coded = {"failureCode": code} if code else {}
            return 200, {"jobStatus": {**told, "state": "JOB_STATE_FAILED", **error, **coded}}
        job.blob = job.blob or self._written(job)
        done = {**told, "state": "JOB_STATE_COMPLETED", "blob": job.blob}
        if self.errs_when_done:
            return 409, {**done, "error": "already_exists", "message": "Video already processed"}
        return 200, {"jobStatus": done}

    def post(self, params: Mapping[str, str], token: str, content: bytes) -> Answer:
        """Take a film."""
        self.received += 1
        self._claims(token)
        if not self.confirmed:
            empty = {"did": "", "error": "unconfirmed_email", "jobId": "", "state": ""}
            return 401, {"jobStatus": empty}
        for known in self.jobs.values():
            if known.content == content and known.did == params["did"]:
                told = {"did": known.did, "jobId": known.id, "state": "JOB_STATE_COMPLETED"}
                return 409, {**told, "error": "already_exists", "message": "Video already processed"}
        self.made += 1
        job = Job(f"job{self.made}", params["did"], content, token)
        self.jobs[job.id] = job
        said = {"jobId": job.id, "did": job.did, "state": STATES[0]}
        return 200, {"jobStatus": said} if self.wrapped else said

    def forget(self) -> None:
        """Know no film any more."""
        self.jobs.clear()
        self.received = 0

    def _written(self, job: Job) -> Mapping[str, Any]:
        answer = requests.post(
            f"{self.pds_url}/xrpc/com.atproto.repo.uploadBlob",
            data=MP4 + job.content,
            headers={"Authorization": f"Bearer {job.token}", "Content-Type": "video/mp4"},
            timeout=CALL_SECONDS,
        )
        assert answer.status_code == requests.codes.ok, answer.text
        blob: Mapping[str, Any] = answer.json()["blob"]
        return blob

    def _claims(self, token: str) -> Mapping[str, Any]:
        if token.count(".") != 2:
            return {}
        payload = token.split(".")[1]
        claims: Mapping[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        self.claims.append(claims)
        return claims


@contextmanager
def video_service(pds_url: str) -> Iterator[VideoService]:
    """Run one on 127.0.0.1."""
    service = VideoService(pds_url)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            address = urlsplit(self.path)
            self._answer(*service.get(address.path.removeprefix("/xrpc/"), self._params(), self._token()))

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            self._answer(*service.post(self._params(), self._token(), content))

        def _params(self) -> dict[str, str]:
            return {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}

        def _token(self) -> str:
            return (self.headers["Authorization"] or "").removeprefix("Bearer ")

        def _answer(self, status: int, body: Mapping[str, Any]) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the name it has there)
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    worker = threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,), daemon=True)
    worker.start()
    service.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        worker.join()
