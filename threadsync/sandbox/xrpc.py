"""The Bluesky network of a sandbox: its state and data behind one lock, and HTTP turned into its requests.

It answers under ``/xrpc/…``, and as the directory of DIDs under ``/plc/…``; the Threads network has all
other paths. Its clock is that of the sandbox.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar
from urllib.parse import parse_qs, unquote

from msgspec import to_builtins

from threadsync.sandbox.bluesky import (
    Fault,
    Profile,
    Request,
    Response,
    State,
    Switches,
    Upload,
    add_profile,
    arm,
    disarm,
    expire_sessions,
    handle,
    new_state,
    reset,
    run_due,
    switch,
)
from threadsync.sandbox.bluesky.cids import cid_of_bytes, is_cid
from threadsync.sandbox.bluesky.codec import (
    request_from_json,
    state_from_json,
    state_to_json,
    switches_from_json,
)
from threadsync.sandbox.bluesky.errors import XrpcError, invalid
from threadsync.sandbox.bluesky.state import did_of
from threadsync.sandbox.bluesky.values import Json
from threadsync.sandbox.datafolder import DataFolder

_T = TypeVar("_T")

UPLOADS = frozenset({"com.atproto.repo.uploadBlob", "app.bsky.video.uploadVideo"})
"""The methods whose body is bytes."""
_MAGIC: Mapping[bytes, str] = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
}


class MalformedInput(ValueError):
    """A body that is no JSON object."""


class Bluesky:
    """The network of one sandbox. Any worker may call any method."""

    def __init__(self, folder: Path | None, seed: int | None, now: Callable[[], float]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._folder = DataFolder(folder) if folder is not None else None
        self._blobs: dict[str, bytes] = {}
        self._blob_folder = folder / "blobs" if folder is not None else None
        if self._blob_folder is not None:
            self._blob_folder.mkdir(exist_ok=True)
        try:
            self._state = self._open(secrets.randbits(48) if seed is None else seed)
            if self._folder is not None:
                self._folder.fold(self._snapshot())
        except BaseException:
            if self._folder is not None:
                self._folder.close()
            raise

    def _open(self, seed: int) -> State:
        loaded = self._folder.load() if self._folder is not None else None
        if loaded is None:
            return new_state((), seed=seed)
        snapshot, changes = loaded
        state = state_from_json(snapshot["state"])
        for change in changes:
            handle(state, request_from_json(change["request"]), change["at"])
        return state

    def _snapshot(self) -> dict[str, object]:
        return {"state": state_to_json(self._state)}

    def call(self, request: Request) -> Response:
        """Answer one call."""
        with self._lock:
            now, before = self._now(), self._state.serial
            answer = handle(self._state, request, now)
            if self._state.serial != before and self._folder is not None:
                self._folder.append({"at": now, "request": to_builtins(request)}, self._snapshot)
            return answer

    def keep(self, cid: str, content: bytes) -> None:
        """Keep the bytes of a blob."""
        if self._blob_folder is None:
            self._blobs[cid] = content
        else:
            draft = self._blob_folder / f"{cid}.{threading.get_ident()}.draft"
            draft.write_bytes(content)
            draft.replace(self._blob_folder / cid)

    def blob(self, cid: str) -> bytes | None:
        """Return the bytes of a blob, if they are here."""
        if self._blob_folder is None:
            return self._blobs.get(cid)
        path = self._blob_folder / cid
        return path.read_bytes() if is_cid(cid) and path.is_file() else None

    def handle_of(self, request: Request) -> str:
        """Return the handle of who calls; empty for a call without a session."""
        with self._lock:
            found = self._state.sessions.get(request.token) if request.token is not None else None
            return self._state.accounts[found.did].handle if found is not None else ""

    def _change(self, change: Callable[[State], object]) -> None:
        """Change the network from outside; such a change is kept at once, as a new beginning of the data."""
        with self._lock:
            change(self._state)
            if self._folder is not None:
                self._folder.fold(self._snapshot())

    def settle(self, profiles: Sequence[Profile], switches: Switches | None) -> None:
        """Bring the network in line with the settings of a start; who is there already stays as they are."""
        fresh = [each for each in profiles if did_of(each.handle) not in self._state.accounts]
        for profile in fresh:
            self.add_profile(profile)
        if switches is not None:
            self._change(lambda state: switch(state, switches))

    def add_profile(self, profile: Profile) -> None:
        """Create an account, or give one other passwords."""
        self._change(lambda state: add_profile(state, profile))

    def change_switches(self, changes: Mapping[str, object]) -> None:
        """Set some switches and leave the others; a wrong name or value raises :class:`ValueError`."""
        self._change(
            lambda state: switch(state, switches_from_json({**to_builtins(state.switches), **changes}))
        )

    def expire_sessions(self, handle: str) -> None:
        """End the life of all access tokens of an account; an unknown one raises :class:`ValueError`."""
        self._change(lambda state: expire_sessions(state, handle, self._now()))

    def arm(self, *faults: Fault) -> None:
        """Put faults in force."""
        self._change(lambda state: arm(state, *faults))

    def disarm(self) -> None:
        """Take all faults out of force."""
        self._change(disarm)

    def reset(self) -> None:
        """Forget all but accounts, their sessions and the switches."""
        self._change(reset)

    def set_base_url(self, base_url: str) -> None:
        """Tell the network where it is; it is found by name, so that the address is one of DID documents."""
        with self._lock:
            self._state.base_url = base_url

    def look(self, see: Callable[[State, float], _T]) -> _T:
        """Let *see* read the state and the time; what has become due is carried out before."""
        with self._lock:
            now = self._now()
            run_due(self._state, now)
            return see(self._state, now)

    def fold(self) -> None:
        """Make what there is the new beginning of the data."""
        with self._lock:
            if self._folder is not None:
                self._folder.fold(self._snapshot())

    def release(self) -> None:
        """Let go of the data."""
        if self._folder is not None:
            self._folder.close()


def read_request(
    method: str, path: str, query: str, headers: Mapping[str, str], body: bytes
) -> tuple[Request, bytes | None]:
    """Make the model's request, and give back the bytes if the body is a blob. *headers* are in lower case.

    Raises:
        MalformedInput: the body should be JSON, and is not.
    """
    params = {name: tuple(values) for name, values in parse_qs(query, keep_blank_values=True).items()}
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    token = bearer.strip() if scheme.lower() == "bearer" else None
    where, declared = unquote(path), headers.get("content-type", "").partition(";")[0].strip()
    if where.removeprefix("/xrpc/") in UPLOADS and method == "POST":
        upload = Upload(cid_of_bytes(body), sniff(body), len(body), declared)
        return Request.of(method, where, params, token=token, upload=upload), body
    found = _read_json(body) if body else None
    return Request.of(method, where, params, input=found, token=token, body_bytes=len(body)), None


def _read_json(body: bytes) -> Json:
    try:
        found: object = json.loads(body)
        json.dumps(found, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except ValueError as error:
        raise MalformedInput("the body is no JSON") from error
    if not isinstance(found, dict):
        raise MalformedInput("a JSON body is an object")
    return found


def sniff(content: bytes) -> str:
    """Say what bytes are, whatever they are called; empty for what is not known."""
    if content[4:8] == b"ftyp":
        return "video/quicktime" if content[8:12] == b"qt  " else "video/mp4"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for magic, kind in _MAGIC.items() if content.startswith(magic)), "")


def refused(error: MalformedInput) -> Response:
    """Refuse a body that cannot be read."""
    return invalid(str(error)).response()


def needs_extra() -> Response:
    """Refuse a record on a machine without the library that computes its CID."""
    said = "The Bluesky network of the sandbox needs one more package: pip install 'threadsync[bluesky]'"
    return XrpcError(501, "MethodNotImplemented", said).response()
