"""Stands between a client and the PDS, and records what is said; or has no PDS, and plays what was recorded.

It is a server of its own, so whatever talks to it needs to know nothing: our clients with connections that
they watch, and whole processes. A recording is a cassette of vcrpy, matched on method, path, query and body.
It holds no token, password or key, and nothing that differs each time (``names``); so what is recorded twice
is the same file, unless the PDS or what it is asked has changed: read the difference.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from email.utils import formatdate
from http import HTTPStatus
from pathlib import Path
from threading import Lock
from typing import Any

import requests
from vcr import matchers
from vcr.cassette import Cassette
from vcr.persisters.filesystem import FilesystemPersister
from vcr.record_mode import RecordMode
from vcr.request import Request
from vcr.serializers import yamlserializer

from tests.execution.servers import Peer, Script, Server, body_of, header
from tests.pds.launcher import CALL_SECONDS, Pds, Release
from tests.pds.names import PDS_URL, PLC_URL, Names
from threadsync.execution.clock import SystemClock

MATCHED_ON = (matchers.method, matchers.path, matchers.query, matchers.body)
HELD = frozenset({"connection", "content-length", "accept-encoding", "host"})
"""Headers of a connection, not of what is asked."""
LEFT = "ratelimit-remaining"
KEPT = frozenset({"content-type", "ratelimit-limit", "ratelimit-policy", LEFT, "retry-after"})
OF_THE_ADDRESS = frozenset({"3000;w=300", "100;w=300"})
"""Limits that all tests share: what is left is kept as if nobody had asked before."""
RESET = "ratelimit-reset"
"""A time within the window of the policy; kept as the half of that."""


NOWHERE = Pds(
    Release.V0_4,
    url=PDS_URL,
    plc_url=PLC_URL,
    jwt_secret="of no use",
    admin_password="of no use",
    service_did="did:web:localhost",
)
"""What a recording looks like."""


class Tape:
    """One recording, as it is made or played."""

    def __init__(self, path: Path, real: Pds | None, *, real_clock: bool) -> None:
        mode = RecordMode.NONE if real is None else RecordMode.ALL
        self.path = path
        self.problems: list[str] = []
        """What was asked and is not in the recording."""
        self._real = real
        self._real_clock = real_clock
        self._lock = Lock()
        if real is not None:
            path.unlink(missing_ok=True)
        self._cassette: Any = Cassette.load(path=str(path), record_mode=mode, match_on=MATCHED_ON)

    @contextmanager
    def running(self) -> Iterator[Pds]:
        """Run it; it looks like a PDS. What it recorded is written at the end."""
        real = self._real or NOWHERE
        with Server(self._serving(real.url)) as pds, Server(self._serving(real.plc_url)) as plc:
            # By the name by which the PDS calls itself.
            url, plc_url = (f"http://localhost:{each.port}" for each in (pds, plc))
            self._names = Names(url, plc_url, real_clock=self._real_clock)
            self._found = {real.url: url, real.plc_url: plc_url}
            yield replace(real, url=url, plc_url=plc_url)
        if self._real is not None and len(self._cassette):
            said = list(self._cassette.data)
            if self._real_clock:  # what goes out side by side comes in any order
                said.sort(key=lambda each: (each[0].uri, each[0].method, each[0].body or b""))
            columns = {"requests": [each for each, _ in said], "responses": [each for _, each in said]}
            FilesystemPersister.save_cassette(self.path, columns, yamlserializer)
        elif self._real is None and not self._cassette.all_played:
            self.problems.append(f"{self._cassette.play_count} of {len(self._cassette)} requests came")

    def _serving(self, url: str) -> Script:
        def script(peer: Peer) -> None:
            while asked := peer.request():
                with self._lock:
                    status, headers, body = self._answer(url, asked)
                lines = [f"{name}: {value}" for name, value in headers.items()]
                peer.answer(body, *lines, status=f"{status} {HTTPStatus(status).phrase}")

        return script

    def _answer(self, url: str, asked: bytes) -> tuple[int, Mapping[str, str], bytes]:
        method, target, _ = asked.partition(b"\r\n")[0].decode().split(" ")
        kind = header(asked, "content-type") or ""
        token = (header(asked, "authorization") or "").removeprefix("Bearer ")
        headers = {"content-type": kind} if kind else {}
        body = self._names.asked(body_of(asked), kind)
        there = PDS_URL if target.startswith("/xrpc/") else PLC_URL
        request = Request(method, there + self._names.target(target), body, headers)
        if self._real is None:
            return self._played(request, body_of(asked))
        answer = requests.request(
            method, url + target, headers=_headers(asked), data=body_of(asked) or None, timeout=CALL_SECONDS
        )
        content = answer.content
        for real, ours in self._found.items():
            content = content.replace(real.encode(), ours.encode())
        if token:
            request.headers["authorization"] = self._names.keep(token)
        self._cassette.append(request, self._kept(target, body_of(asked), answer, content))
        told = {name: value for name, value in answer.headers.items() if name.lower() not in _NOT_PASSED}
        return answer.status_code, told, content

    def _kept(self, path: str, asked: bytes, answer: requests.Response, content: bytes) -> dict[str, Any]:
        headers = {name.lower(): value for name, value in answer.headers.items()}
        body: str | bytes = content
        if "json" in headers.get("content-type", ""):
            body = self._names.told(path.partition("?")[0], asked.decode(errors="replace"), content)
        kept = {name: [value] for name, value in headers.items() if name in KEPT}
        if RESET in headers:
            policy = headers["ratelimit-policy"]
            if policy in OF_THE_ADDRESS:
                kept[LEFT] = [headers["ratelimit-limit"]]
            window_seconds = int(policy.rpartition("w=")[2])
            kept[RESET] = [str(window_seconds // 2)]
        status = {"code": answer.status_code, "message": answer.reason}
        return {"status": status, "headers": kept, "body": {"string": body}}

    def _played(self, request: Request, asked: bytes) -> tuple[int, Mapping[str, str], bytes]:
        if not self._cassette.can_play_response_for(request):
            self.problems.append(f"{request.method} {request.uri}\n{self._nearest(request)}")
            told = {"error": "NotRecorded", "message": f"{self.path.name} has no such request"}
            return HTTPStatus.NOT_IMPLEMENTED, {"content-type": "application/json"}, json.dumps(told).encode()
        said = self._cassette.play_response(request)
        headers = {name: values[0] for name, values in said["headers"].items()}
        if RESET in headers:
            headers[RESET] = str(_now() + int(headers[RESET]))
        body = said["body"]["string"]
        if "json" in headers.get("content-type", ""):
            body = self._names.revive(asked.decode(errors="replace"), body.decode()).encode()
        return said["status"]["code"], {**headers, "date": formatdate(_now(), usegmt=True)}, body

    def _nearest(self, request: Request) -> str:
        near = self._cassette.find_requests_with_most_matches(request)
        return "\n".join(f"  not {each.uri}: {failed}" for each, _, failed in near[:1])


_NOT_PASSED = frozenset(
    {"connection", "content-encoding", "content-length", "keep-alive", "transfer-encoding"}
)


def _headers(asked: bytes) -> dict[str, str]:
    """Return the headers to pass on."""
    lines = asked.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    found = dict(line.split(": ", 1) for line in lines)
    passed = {name: value for name, value in found.items() if name.lower() not in HELD}
    return {"Accept-Encoding": "identity", **passed}


def _now() -> int:
    return int(SystemClock().now().timestamp())
