"""The HTTP server of a sandbox: in the background of a test or program, or in the foreground.

    with running(SandboxSettings(data=folder)) as sandbox:
        requests.get(sandbox.base_url + "/v1.0/me", params={"access_token": sandbox.token("lift_report")})

It listens on 127.0.0.1 and nowhere else.
"""

from __future__ import annotations

import asyncio
import errno
import signal
import socket
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from types import FrameType

import uvicorn
from msgspec import Struct
from uvicorn.protocols.http.h11_impl import H11Protocol

from threadsync.sandbox import bluesky
from threadsync.sandbox.app import make_app
from threadsync.sandbox.engine import Engine, Notification, RecordedRequest
from threadsync.sandbox.problems import PortInUse
from threadsync.sandbox.settings import SandboxSettings
from threadsync.sandbox.threads import (
    App,
    Disarm,
    ExpireToken,
    Fault,
    FaultKind,
    PostAs,
    Profile,
    Reset,
    State,
    add_profile,
    token_digest,
)
from threadsync.sandbox.threads.values import Json

HOST = "127.0.0.1"
GRACE_SECONDS = 1
_BACKLOG = 128


class Sandbox(Struct, frozen=True):
    """A running sandbox: where it is, and how to change and question it without HTTP."""

    base_url: str
    port: int
    engine: Engine
    profiles: tuple[Profile, ...]
    accounts: tuple[bluesky.Profile, ...] = ()
    """Those of the Bluesky network."""

    @property
    def origin(self) -> str:
        """The stable name of its network, ``sandbox:NAME``."""
        return self.engine.origin

    def token(self, name: str) -> str:
        """Return the access token of a profile of the settings; on Bluesky, the app password of a handle."""
        accounts = {each.handle: each.secret for each in self.accounts}
        return accounts.get(name) or next(each.secret for each in self.profiles if each.name == name)

    def arm(self, *faults: Fault) -> None:
        """Put faults in force."""
        self.engine.arm(*faults)

    def disarm(self) -> None:
        """Take all faults out of force."""
        self.engine.command(Disarm())

    def switch(self, **changes: object) -> None:
        """Set some switches by name."""
        self.engine.change_switches(changes)

    @property
    def app(self) -> App:
        """The app that profiles authorize, with its secret."""
        return self.engine.app

    def post_as(self, name: str, **params: str) -> str:
        """Let a person publish a text by hand, with the parameters of a create call; return its id."""
        return self.engine.command(PostAs(name, params))

    def deliveries(self) -> tuple[Notification, ...]:
        """Return what the app's callback was sent, oldest first."""
        return self.engine.deliveries()

    def advance(self, seconds: float) -> None:
        """Move the network's clock."""
        self.engine.advance(seconds)

    def add_profile(self, profile: Profile) -> None:
        """Create a profile, or give one another token."""
        self.engine.command(add_profile(profile))

    def add_account(self, profile: bluesky.Profile) -> None:
        """Create an account of the Bluesky network, or give one other passwords."""
        self.engine.bluesky.add_profile(profile)

    def expire_token(self, token: str) -> None:
        """End the life of a token."""
        self.engine.command(ExpireToken(token_digest(token)))

    def switch_bluesky(self, **changes: object) -> None:
        """Set some switches of the Bluesky network by name."""
        self.engine.bluesky.change_switches(changes)

    def reset(self) -> None:
        """Forget posts, containers, quotas, faults and the record of calls."""
        self.engine.command(Reset())
        self.engine.forget_requests()

    def ledger(self) -> Json:
        """List what is live and what was taken down: the independent witness."""
        return self.engine.ledger()

    def requests(self) -> tuple[RecordedRequest, ...]:
        """Return the last calls, oldest first."""
        return self.engine.requests()

    def calls(self) -> int:
        """Return how many calls were answered since the start."""
        return self.engine.calls

    def faults_fired(self) -> Mapping[FaultKind, int]:
        """Return how often each kind of fault that is in force has happened."""
        return self.engine.look(_fired) + self.engine.bluesky.look(_fired)


def _fired(state: State | bluesky.State, _: float) -> Counter[FaultKind]:
    fired: Counter[FaultKind] = Counter()
    for armed in state.armed:
        fired[armed.fault.kind] += armed.fired
    return fired


class _Protocol(H11Protocol):
    """Gives the application the means to hang up: uvicorn turns every failure of an app into a 500."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Put ``hang_up`` into the state of every request of this connection."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, "hang_up": transport.abort}


class _Server(uvicorn.Server):
    """A server that stops when told, at once; signals are taken only in the foreground."""

    def __init__(self, engine: Engine, *, takes_signals: bool, started: Callable[[], None]) -> None:
        self._stopping = asyncio.Event()
        super().__init__(
            uvicorn.Config(
                make_app(engine, self._stopping),
                host=HOST,
                http=_Protocol,
                ws="none",
                lifespan="off",
                loop="asyncio",
                log_config=None,
                access_log=False,
                server_header=False,
                date_header=False,
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
        )
        self._takes_signals = takes_signals
        self._when_started = started
        self._loop: asyncio.AbstractEventLoop | None = None

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        """Take the signals that end a server in the foreground; uvicorn would raise them again afterwards."""
        return self._stopped_by_signals() if self._takes_signals else nullcontext()

    @contextmanager
    def _stopped_by_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()

        def stop(_: int, __: FrameType | None) -> None:
            loop.call_soon_threadsafe(self._stopping.set)

        # Not loop.add_signal_handler: on Windows no loop has it.
        before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    async def main_loop(self) -> None:
        """Wait until told to stop."""
        self._loop = asyncio.get_running_loop()
        self._when_started()
        await self._stopping.wait()

    def stop(self) -> None:
        """Let the server end; any worker may call this once it has started."""
        assert self._loop is not None, "only a started server is stopped"
        self._loop.call_soon_threadsafe(self._stopping.set)


@contextmanager
def running(settings: SandboxSettings | None = None) -> Iterator[Sandbox]:
    """Run a sandbox in a background worker for the length of a ``with`` block."""
    chosen = settings or SandboxSettings()
    with _listening(chosen) as (listener, sandbox):
        ready = threading.Event()
        server = _Server(sandbox.engine, takes_signals=False, started=ready.set)
        worker = threading.Thread(
            target=_run, args=(server, listener, ready), name="threadsync-sandbox", daemon=True
        )
        worker.start()
        ready.wait()
        if not worker.is_alive():
            raise RuntimeError("the sandbox's server did not start")
        try:
            yield sandbox
        finally:
            server.stop()
            worker.join()


def _run(server: _Server, listener: socket.socket, ready: threading.Event) -> None:
    try:
        server.run([listener])
    finally:
        ready.set()  # a server that fails to start must not keep its starter waiting


def serve(settings: SandboxSettings, started: Callable[[Sandbox], None] = lambda sandbox: None) -> None:
    """Run a sandbox until SIGINT or SIGTERM; *started* is called once it listens."""
    with _listening(settings) as (listener, sandbox):
        server = _Server(sandbox.engine, takes_signals=True, started=lambda: started(sandbox))
        server.run([listener])


@contextmanager
def _listening(settings: SandboxSettings) -> Iterator[tuple[socket.socket, Sandbox]]:
    """Take the port, then open the data; let go of both in the end."""
    with _listener(settings.port) as listener:
        port = int(listener.getsockname()[1])
        base_url = f"http://{HOST}:{port}"
        with closing(Engine(settings)) as engine:
            engine.set_base_url(settings.public_url or base_url)
            yield listener, Sandbox(base_url, port, engine, settings.profiles, settings.bluesky_profiles)


def _listener(port: int) -> socket.socket:
    # The protocol is named, or asyncio leaves TCP_NODELAY out, and the body of an answer waits 40 ms for the
    # ACK of its head (https://github.com/python/cpython/blob/3.11/Lib/asyncio/base_events.py, _set_nodelay).
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # A port that was ours a moment ago may be taken again; one that is listened on still may not.
        # Windows says the first by itself, and with SO_REUSEADDR it would allow the second.
        if sys.platform == "win32":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortInUse(port) from error
        raise
    return listener
