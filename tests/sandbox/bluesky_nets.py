"""One way to ask two networks the same: the Bluesky model, and a real server that speaks HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import quote

import requests
from requests.structures import CaseInsensitiveDict

from tests.live.waiting import until
from threadsync.sandbox.bluesky import (
    Generation,
    Profile,
    Request,
    Switches,
    Upload,
    handle,
    new_state,
    switch,
)
from threadsync.sandbox.bluesky.cids import cid_of_bytes
from threadsync.sandbox.bluesky.values import Json
from threadsync.sandbox.xrpc import sniff

NOON = 1_790_000_000.0
HANDLE = "lift-report.test"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)

MP4 = b"\0\0\0\x18ftypisom\0\0\2\0isommp42\0\0\0\x10mdat12345678"
"""Enough of a film for a server that looks at what it is."""


@dataclass(frozen=True)
class Said:
    """One answer."""

    status: int
    body: Json
    headers: Mapping[str, str]

    @property
    def refusal(self) -> tuple[int, object]:
        """The status, and the name of the error."""
        return self.status, self.body.get("error")

    def __getitem__(self, name: str):
        return self.body[name]


class Net(Protocol):
    """A network, and an account on it; every answer is noted."""

    @property
    def generation(self) -> str:
        """Which server it is: ``0.4`` or ``0.5``."""
        ...

    did: str
    handle: str
    password: str
    said: list[tuple[str, Said]]

    def soon(self, look: Callable[[], bool], what: str) -> None:
        """Look until it is so, which is *what*: readers' apps are told of what was written elsewhere."""
        ...

    def ask(self, method: str, name: str, *, params, body, token, content, kind) -> Said:
        """Send one request to ``/xrpc/NAME``, or to the directory where it begins with ``did:``."""
        ...


def as_real(generation: str) -> Switches:
    """Return the switches that make the model like the real servers of the tests."""
    return Switches(generation=generation, has_appview=False, rate_limits=False, email_confirmed=False)


@dataclass
class Modelled:
    """The model, at one moment; it looks like the real server of the tests."""

    switches: Switches = field(default_factory=lambda: as_real(Generation.V0_4))
    now: float = NOON
    handle: str = HANDLE
    password: str = ""
    """Empty means that of the sandbox."""
    said: list[tuple[str, Said]] = field(default_factory=list)

    def __post_init__(self) -> None:
        profiles = [Profile(self.handle, self.password), Profile("harbour-desk.test")]
        self.state = new_state(profiles, seed=7, base_url="http://localhost:2583")
        switch(self.state, self.switches)
        self.did = next(iter(self.state.accounts))
        self.password = profiles[0].main_secret

    @property
    def generation(self) -> str:
        return self.state.switches.generation

    def soon(self, look: Callable[[], bool], what: str) -> None:
        """It is so at once."""
        assert look(), what

    def ask(self, method, name, *, params, body, token, content, kind):
        path = f"/plc/{name}" if name.startswith("did:") else f"/xrpc/{name}"
        upload = None
        if content is not None:
            upload = Upload(cid_of_bytes(content), sniff(content), len(content), kind)
        request = Request.of(
            method,
            path,
            {
                key: tuple(value) if isinstance(value, list) else (str(value),)
                for key, value in params.items()
            },
            input=body,
            token=token,
            upload=upload,
            body_bytes=len(json.dumps(body)) if body is not None else 0,
        )
        answer = handle(self.state, request, self.now)
        return Said(answer.status, json.loads(answer.encode()), CaseInsensitiveDict(answer.headers))


@dataclass
class Real:
    """A server somewhere, with its directory."""

    url: str
    plc_url: str
    did: str
    handle: str
    password: str
    generation: str = Generation.V0_4
    said: list[tuple[str, Said]] = field(default_factory=list)

    def soon(self, look: Callable[[], bool], what: str) -> None:
        """Look again and again."""
        until(look, what)

    def ask(self, method, name, *, params, body, token, content, kind):
        url = f"{self.plc_url}/{quote(name)}" if name.startswith("did:") else f"{self.url}/xrpc/{name}"
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if content is not None and kind:
            headers["Content-Type"] = kind
        with requests.request(
            method, url, params=params, json=body, data=content, headers=headers, timeout=30
        ) as answer:
            told = answer.json() if "json" in answer.headers.get("Content-Type", "") else {}
            return Said(answer.status_code, told, CaseInsensitiveDict(answer.headers))


@dataclass
class Person:
    """Somebody with a session, who asks a network."""

    net: Net
    token: str | None = None
    refresh: str | None = None

    def get(self, name: str, token: str | None = None, **params) -> Said:
        return self._ask("GET", name, params=params, token=token)

    def post(self, name: str, body: Json | None = None, *, token: str | None = None) -> Said:
        return self._ask("POST", name, body=body, token=token)

    def send(self, name: str, content: bytes, kind: str) -> Said:
        return self._ask("POST", name, content=content, kind=kind)

    def log_in(self) -> Person:
        told = self.post(
            "com.atproto.server.createSession", {"identifier": self.net.handle, "password": self.net.password}
        )
        assert told.status == 200, told
        self.token, self.refresh = str(told["accessJwt"]), str(told["refreshJwt"])
        return self

    def put(self, rkey: str, record: Json, **more) -> Said:
        body = {"repo": self.net.did, "collection": "app.bsky.feed.post", "rkey": rkey, "record": record}
        return self.post("com.atproto.repo.putRecord", body | more)

    def create(self, record: Json, collection: str = "app.bsky.feed.post", **more) -> Said:
        body = {"repo": self.net.did, "collection": collection, "record": record}
        return self.post("com.atproto.repo.createRecord", body | more)

    def apply(self, *writes: Json, **more) -> Said:
        return self.post(
            "com.atproto.repo.applyWrites", {"repo": self.net.did, "writes": list(writes)} | more
        )

    def read(self, rkey: str, collection: str = "app.bsky.feed.post", **more) -> Said:
        return self.get(
            "com.atproto.repo.getRecord", repo=self.net.did, collection=collection, rkey=rkey, **more
        )

    def _ask(self, method, name, *, params=None, body=None, token=None, content=None, kind="") -> Said:
        told = self.net.ask(
            method,
            name,
            params=params or {},
            body=body,
            token=(self.token if token is None else token) or None,
            content=content,
            kind=kind,
        )
        self.net.said.append((name, told))
        return told
