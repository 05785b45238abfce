"""The running networks: the pure state, its clock, its data on disk, and a record of what was asked.

Everything that touches the state of the Threads network goes through here, one at a time under one lock;
the Bluesky network beside it has its own (:mod:`threadsync.sandbox.xrpc`), and this one's clock.
"""

from __future__ import annotations

import secrets
import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any, TypeVar

from msgspec import Struct, to_builtins

from threadsync.sandbox import bluesky
from threadsync.sandbox.datafolder import DataFolder
from threadsync.sandbox.fetching import Fetcher, Shelf
from threadsync.sandbox.problems import DataUnusable
from threadsync.sandbox.settings import SandboxSettings
from threadsync.sandbox.threads import (
    App,
    Arm,
    Command,
    Disarm,
    Fault,
    Fetched,
    FetchFailed,
    MoveClock,
    Request,
    Reset,
    Response,
    SetSwitches,
    State,
    Tick,
    account_id,
    add_profile,
    apply,
    handle,
    ledger,
    new_state,
    set_app,
    signature_headers,
    state_from_json,
    state_to_json,
)
from threadsync.sandbox.threads.codec import fetched_from_json, request_from_json, switches_from_json
from threadsync.sandbox.threads.commands import command_from_json, command_to_json
from threadsync.sandbox.threads.values import Json, fetched_to_json
from threadsync.sandbox.xrpc import Bluesky

_T = TypeVar("_T")


class RecordedRequest(Struct, frozen=True):
    """One call, as the independent witness saw it; no token is in it."""

    at: float
    """The time on this network's clock, without skew."""
    method: str
    path: str
    params: Mapping[str, str]
    profile: str
    status: int
    """0 for a connection that was dropped before anything was done."""
    made: str
    """The id in the answer."""
    dropped: bool
    acted: bool


class Notification(Struct, frozen=True):
    """One webhook call as it would be POSTed to the app's callback."""

    at: float
    body: bytes
    headers: Mapping[str, str]


class Engine:
    """The network of one sandbox. Any worker may call any method."""

    def __init__(self, settings: SandboxSettings) -> None:
        self._clock = settings.clock
        self.app = settings.app
        """The app that profiles authorize, with its secret: the state holds digests."""
        self._lock = threading.Lock()
        self._held = ExitStack()
        self._folder = DataFolder(settings.data) if settings.data is not None else None
        if self._folder is not None:
            self._held.callback(self._folder.close)
        self._recorded: deque[RecordedRequest] = deque(maxlen=settings.requests_recorded_max)
        self.calls = 0
        """How many calls were answered since the start; it counts on where the record forgets."""
        self.disarmings = 0
        """How often all faults were taken out of force; an answer that one holds up is given then."""
        try:
            self.name, self._state = self._open(settings)
            self.shelf = Shelf(self._folder.media if self._folder else None)
            self.fetcher = Fetcher(self.shelf, settings.fetch_seconds_max, settings.fetch_bytes_max)
            self._settle(settings)
            if self._folder is not None:
                self._folder.fold(self._snapshot())
            self.bluesky = Bluesky(settings.data and settings.data / "bluesky", settings.seed, self.time)
            """The other network."""
            self._held.callback(self.bluesky.release)
            self._settle_bluesky(settings)
        except BaseException:
            self._release()
            raise

    @property
    def origin(self) -> str:
        """The stable name of this network: whoever holds bindings to it can tell it from others."""
        return f"sandbox:{self.name}"

    def _open(self, settings: SandboxSettings) -> tuple[str, State]:
        loaded = self._folder.load() if self._folder is not None else None
        if loaded is None:
            seed = secrets.randbits(48) if settings.seed is None else settings.seed
            lot = secrets.token_hex(4) if settings.seed is None else f"seed-{settings.seed}"
            return settings.name or lot, new_state((), seed=seed, now=settings.clock())
        snapshot, changes = loaded
        assert settings.data is not None, "only a folder is loaded"
        if settings.name not in {"", snapshot["name"]}:
            raise DataUnusable(settings.data, f"this is the data of {snapshot['name']!r}")
        state = state_from_json(snapshot["state"])
        if settings.seed not in {None, state.seed}:
            raise DataUnusable(settings.data, f"its ids are made from the seed {state.seed}")
        for change in changes:
            _carry_out(state, change)
        return snapshot["name"], state

    def _settle(self, settings: SandboxSettings) -> None:
        """Bring the state in line with the settings of this start."""
        now = self._now()
        commands: list[Command] = [
            add_profile(profile)
            for profile in settings.profiles
            if account_id(profile.name) not in self._state.accounts
        ]
        commands.append(set_app(self.app))
        if settings.switches is not None:
            commands.append(SetSwitches(settings.switches))
        if settings.faults:
            own = tuple(each for each in settings.faults if not isinstance(each, bluesky.Fault))
            commands += [Disarm(), Arm(own)]
        for command in commands:
            apply(self._state, command, now)

    def _settle_bluesky(self, settings: SandboxSettings) -> None:
        self.bluesky.settle(settings.bluesky_profiles, settings.bluesky_switches)
        if settings.faults:
            self.bluesky.disarm()
            self.bluesky.arm(*(each for each in settings.faults if isinstance(each, bluesky.Fault)))

    def time(self) -> float:
        """The time on this sandbox's clock, without skew."""
        with self._lock:
            return self._now()

    def _now(self) -> float:
        return self._clock() + self._state.clock_offset

    def _snapshot(self) -> Json:
        return {"name": self.name, "state": state_to_json(self._state)}

    def _write_down(self, change: Json) -> None:
        if self._folder is not None:
            self._folder.append(change, self._snapshot)

    def call(self, request: Request, fetched: Mapping[str, Fetched]) -> Response:
        """Answer one call; *fetched* holds what was downloaded for it."""
        with self._lock:
            now, before = self._now(), self._state.serial
            answer = handle(self._state, request, now, lambda url: _of(fetched, url))
            if self._state.serial != before:
                kept = {url: fetched_to_json(found) for url, found in fetched.items()}
                self._write_down({"at": now, "request": request.to_json(), "fetched": kept})
            self._record(request, answer, now)
            return answer

    def _record(self, request: Request, answer: Response, now: float) -> None:
        holder = self._state.tokens.get(request.token) if request.token else None
        made = answer.body.get("id") if request.method == "POST" else answer.body.get("deleted_id")
        self.calls += 1
        self._recorded.append(
            RecordedRequest(
                at=now,
                method=request.method,
                path=request.path,
                params=request.params,
                profile=self._state.accounts[holder.account].name if holder else "",
                status=answer.status,
                made=str(made or ""),
                dropped=answer.dropped,
                acted=answer.acted,
            )
        )

    def call_bluesky(self, request: bluesky.Request) -> bluesky.Response:
        """Answer one call to the Bluesky network."""
        answer = self.bluesky.call(request)
        row = RecordedRequest(
            at=self.time(),
            method=request.method,
            path=request.path,
            params={name: ",".join(values) for name, values in request.params.items()},
            profile=self.bluesky.handle_of(request),
            status=answer.status,
            made=str(answer.body.get("uri", "")) if request.method == "POST" else "",
            dropped=answer.dropped,
            acted=answer.acted,
        )
        with self._lock:
            self.calls += 1
            self._recorded.append(row)
        return answer

    def arm(self, *faults: Fault) -> None:
        """Put faults in force, each on its network."""
        self.command(Arm(tuple(each for each in faults if not isinstance(each, bluesky.Fault))))
        self.bluesky.arm(*(each for each in faults if isinstance(each, bluesky.Fault)))

    def command(self, command: Command) -> str:
        """Change the Threads network from outside; return the id of the post that this made, if it made one.

        What takes faults out of force, or forgets all, does so on the Bluesky network too.
        """
        if isinstance(command, Disarm):
            self.bluesky.disarm()
        if isinstance(command, Reset):
            self.bluesky.reset()
        with self._lock:
            made = self._apply(command)
            self.disarmings += isinstance(command, Disarm)
            return made

    def _apply(self, command: Command) -> str:
        now = self._now()
        made = apply(self._state, command, now)
        self._write_down({"at": now, "command": command_to_json(command)})
        return made

    def set_app(self, app: App) -> None:
        """Replace the app that profiles authorize; not kept, a new start takes that of its settings."""
        with self._lock:
            self._apply(set_app(app))
            self.app = app

    def deliveries(self) -> tuple[Notification, ...]:
        """What the app's callback was sent, oldest first, signed with the app's secret."""
        with self._lock:
            bodies = [(each.at, each.body()) for each in self._state.deliveries]
            return tuple(
                Notification(at, body, signature_headers(body, self.app.secret)) for at, body in bodies
            )

    def change_switches(self, changes: Mapping[str, Any]) -> None:
        """Set some switches and leave the others; a wrong name or value raises :class:`ValueError`."""
        with self._lock:
            self._apply(SetSwitches(switches_from_json({**to_builtins(self._state.switches), **changes})))

    def advance(self, seconds: float) -> None:
        """Move this network's clock, forward or back, and carry out what has become due."""
        with self._lock:
            self._apply(MoveClock(self._state.clock_offset + seconds))
            self._apply(Tick())

    def look(self, see: Callable[[State, float], _T]) -> _T:
        """Let *see* read the state and the time; what has become due is carried out before."""
        with self._lock:
            now = self._now()
            if any(call.due <= now for call in self._state.deferred):
                self._apply(Tick())
            return see(self._state, now)

    def server_time(self) -> float:
        """The time this network puts into its answers."""
        with self._lock:
            return self._now() + self._state.switches.clock_skew_seconds

    def set_base_url(self, base_url: str) -> None:
        """Tell the network under which address its pages are; not kept, as it may be another next time."""
        with self._lock:
            self._state.base_url = base_url
        self.bluesky.set_base_url(base_url)

    def ledger(self) -> Json:
        """What is live and what was taken down on the Threads network, and under ``bluesky`` on that one."""
        own = self.look(lambda state, now: ledger(state))
        return own | {"bluesky": self.bluesky.look(lambda state, now: bluesky.ledger(state))}

    def requests(self) -> tuple[RecordedRequest, ...]:
        """The last calls, oldest first."""
        with self._lock:
            return tuple(self._recorded)

    def forget_requests(self) -> None:
        """Begin the record of calls anew."""
        with self._lock:
            self._recorded.clear()

    def close(self) -> None:
        """Fold the journal and let go of the data."""
        self.bluesky.fold()
        with self._lock:
            if self._folder is not None:
                self._folder.fold(self._snapshot())
            self._release()

    def _release(self) -> None:
        self._held.close()


def _of(fetched: Mapping[str, Fetched], url: str) -> Fetched:
    return fetched.get(url) or FetchFailed(f"{url} was not fetched")


def _carry_out(state: State, change: Mapping[str, Any]) -> None:
    """Make one change of a journal again."""
    if "command" in change:
        apply(state, command_from_json(change["command"]), change["at"])
        return
    fetched = {url: fetched_from_json(found) for url, found in change["fetched"].items()}
    handle(state, request_from_json(change["request"]), change["at"], lambda url: _of(fetched, url))
