"""Media at an address that a network can fetch: one seam, and an adapter for each kind of media host.

A network takes what the address serves, whenever it asks. So before anything is published, what is
served is compared with the file on disk; and nothing is brought to a public place before its post is
due, since files are placed only when a flow asks where they are.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Protocol, TypeAlias

from msgspec import Struct, field

from threadsync.errors import ThreadsyncError
from threadsync.execution.bucket import Send
from threadsync.execution.clock import Clock
from threadsync.execution.hosting_command import CommandHost
from threadsync.execution.hosting_probe import Fetch, Prober
from threadsync.execution.hosting_signing import signer_of
from threadsync.execution.hosting_store import StoreHost
from threadsync.execution.hosting_web import LoopbackHost, UrlPrefixHost
from threadsync.flows.effects import Hosted
from threadsync.model.facts import MediaProblem
from threadsync.model.ids import MediaDigest, PublicUrl, Role, TargetName
from threadsync.model.secret import SecretText
from threadsync.model.target import MediaHost, Target
from threadsync.model.urls import is_loopback

PLACED_AT_ONCE_MAX = 4
"""How many files are brought to their hosts side by side."""


CLOSE_SECONDS = 0.5
"""How long closing waits for each of them; one that hangs is left behind."""


class MediaHostAdapter(Protocol):
    """One way for media files to reach a public address."""

    def known(self, media: MediaDigest, path: Path) -> PublicUrl | None:
        """Return the address of *path*, whose bytes are *media*, if it can be told without asking anybody."""
        ...

    def place(self, media: MediaDigest, path: Path) -> PublicUrl | MediaProblem:
        """Bring *path* to a public address and make sure that it can be fetched there; this may take long.

        Raises:
            ProjectError: a credential, or a package, is missing.
        """
        ...

    def check(self, media: MediaDigest, path: Path) -> MediaProblem | None:
        """Return why *path* could not be fetched as it is on disk, as far as is known before it is placed.

        Raises:
            ProjectError: a credential, or a package, is missing.
        """
        ...

    def close(self) -> None:
        """Stop serving, and sending."""
        ...


class Means(Struct, frozen=True):
    """What media hosts work with: the network, the project's secrets, the time, and what they may do."""

    fetch: Fetch
    send: Send
    secret: Callable[[MediaHost, Role], SecretText]
    scrub: Callable[[str], str]
    """Takes every secret that was read out of a text."""
    clock: Clock
    allow_commands: bool = False
    """Whether commands that the project file names may be run."""


class MediaHosts:
    """The media hosts of a project, each opened when it is first needed.

    *files* says where each media file is; paths of the project are relative to *project_root*.
    """

    def __init__(
        self,
        *,
        targets: Mapping[TargetName, Target],
        hosts: Mapping[str, MediaHost],
        files: Mapping[MediaDigest, Path],
        project_root: Path,
        means: Means,
    ) -> None:
        self._targets = targets
        self._hosts = hosts
        self._files = files
        self._root = project_root
        self._means = means
        self._stopped = threading.Event()
        self._placing = _Placing()
        self._open: dict[tuple[str, bool], MediaHostAdapter] = {}

    def __enter__(self) -> MediaHosts:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._placing.close()
        for adapter in self._open.values():
            adapter.close()

    def url_of(self, target: TargetName, media: MediaDigest) -> Hosted:
        """Return the address that *target*'s network fetches *media* from, or why there is none.

        Never blocks: what takes long is begun, and asked for again.
        """
        adapter, path = self._adapter(target), self._files.get(media)
        if isinstance(adapter, MediaProblem):
            return _hosted(adapter)
        if path is None:
            return _hosted(_unknown(media))
        known = adapter.known(media, path)
        if known is not None:
            return Hosted(known)
        host, at_home = self._targets[target].media_host, self._is_at_home(target)
        why = f"{path.name} to be at a public address ({host})"
        return self._placing.ask((host or "", at_home, media), partial(adapter.place, media, path), why)

    def check(self, target: TargetName, media: MediaDigest) -> MediaProblem | None:
        """Return why *target*'s network would not get *media* as it is on disk; None where it would.

        Nothing is placed: where files are sent only when they are due, it is only known what hinders that.
        """
        adapter, path = self._adapter(target), self._files.get(media)
        if isinstance(adapter, MediaProblem):
            return adapter
        if path is None:
            return _unknown(media)
        try:
            return adapter.check(media, path)
        except ThreadsyncError as error:
            return _raised(error)

    def try_out(self, name: str) -> MediaProblem | str | None:
        """Put a little picture at the media host *name*, fetch it and take it away; None where none is sent.

        Returns why that does not work, or what remains to be said where it does.
        """
        on = [target for target, each in self._targets.items() if each.media_host == name]
        at_home = bool(on) and all(map(self._is_at_home, on))
        adapter = self._adapter_of(name, at_home=at_home)
        try:
            return adapter.try_out() if isinstance(adapter, StoreHost) else None
        except ThreadsyncError as error:
            return _raised(error)

    def _is_at_home(self, target: TargetName) -> bool:
        base_url = self._targets[target].base_url
        return base_url is not None and is_loopback(base_url)

    def _adapter(self, target: TargetName) -> MediaHostAdapter | MediaProblem:
        name = self._targets[target].media_host
        if name is None:
            return MediaProblem(
                f"{target} has no media_host: its network fetches media itself, from a public address",
                "Write media_host: under it in threadsync.yaml, and declare it under media_hosts:.",
            )
        if name not in self._hosts:
            problem = f"{target} has the media_host {name}, and media_hosts has no such entry"
            return MediaProblem(problem, "Declare it under media_hosts: in threadsync.yaml.")
        return self._adapter_of(name, at_home=self._is_at_home(target))

    def _adapter_of(self, name: str, *, at_home: bool) -> MediaHostAdapter:
        if (name, at_home) not in self._open:
            self._open[name, at_home] = self._made(self._hosts[name], at_home=at_home)
        return self._open[name, at_home]

    def _made(self, host: MediaHost, *, at_home: bool) -> MediaHostAdapter:
        means = self._means
        prober = Prober(means.fetch, means.clock, at_home)
        match host.kind:
            case "loopback":
                return LoopbackHost()
            case "url_prefix":
                return UrlPrefixHost(host.url, self._root / host.root, prober)
            case "command":
                return CommandHost(
                    host, self._root, prober, means.scrub, self._stopped, allowed=means.allow_commands
                )
            case _:
                secret = partial(means.secret, host)
                return StoreHost(
                    host,
                    sign=signer_of(host, secret),
                    secret=secret,
                    send=means.send,
                    prober=prober,
                    stopped=self._stopped,
                )


_Work: TypeAlias = Callable[[], PublicUrl | MediaProblem]
_Key: TypeAlias = tuple[str, bool, MediaDigest]


class _Job(Struct):
    work: _Work
    result: PublicUrl | MediaProblem | None = None
    bug: Exception | None = None


class _Placing(Struct):
    """Threads of their own that bring files to their hosts, each file once in a run.

    They are daemons: what hangs in a system call keeps no program from ending. An upload that is cut off
    so leaves nothing behind, since a store shows only whole files.
    """

    _jobs: dict[_Key, _Job] = field(default_factory=dict)
    _queue: SimpleQueue[_Job | None] = field(default_factory=SimpleQueue)
    _workers: list[threading.Thread] = field(default_factory=list)
    _closed: bool = False

    def ask(self, key: _Key, work: _Work, why: str) -> Hosted:
        """Return what became of *work*, which is begun when it is first asked for."""
        job = self._jobs.get(key)
        if job is None:
            job = self._jobs[key] = _Job(work)
            self._queue.put(job)
            if len(self._workers) < PLACED_AT_ONCE_MAX:
                name = f"threadsync-media-{len(self._workers) + 1}"
                worker = threading.Thread(target=self._work, name=name, daemon=True)
                self._workers.append(worker)
                worker.start()
        if job.bug is not None:
            raise job.bug
        return Hosted(None, underway=why) if job.result is None else _hosted(job.result)

    def close(self) -> None:
        """Begin nothing more, and give the workers a moment to break off what they do."""
        self._closed = True
        for _ in self._workers:
            self._queue.put(None)
        for worker in self._workers:
            worker.join(CLOSE_SECONDS)

    def _work(self) -> None:
        while (job := self._queue.get()) is not None:
            if self._closed:
                return
            try:
                job.result = job.work()
            except ThreadsyncError as error:
                job.result = _raised(error)
            except Exception as error:  # noqa: BLE001  (raised in the thread that asks)
                job.bug = error


def _hosted(result: PublicUrl | MediaProblem) -> Hosted:
    if isinstance(result, MediaProblem):
        return Hosted(None, result.problem, result.remedy)
    return Hosted(result)


def _raised(error: ThreadsyncError) -> MediaProblem:
    return MediaProblem(error.problem.removesuffix("."), error.remedy)


def _unknown(media: MediaDigest) -> MediaProblem:
    return MediaProblem(f"no file of the project has the sha256 {media} any more", "Plan again.")
