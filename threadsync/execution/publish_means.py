"""What a client's ``publish`` works with: its connections, its journal on this machine, its media host."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from threadsync.config import project_said
from threadsync.content.project import Project
from threadsync.errors import ProjectError
from threadsync.execution.attachments import Attachments
from threadsync.execution.client_setup import Setup
from threadsync.execution.clock import Clock
from threadsync.execution.credentials import resolve, scrubbed
from threadsync.execution.hosting import Means as HostingMeans
from threadsync.execution.hosting import MediaHosts
from threadsync.execution.hosting_probe import Prober
from threadsync.execution.publish_run import Connected, Means
from threadsync.execution.seams import Performer
from threadsync.execution.transport import Transport
from threadsync.execution.wire import Endpoint
from threadsync.flows.effects import Hosted, NoResponse, Request, Response, Visibility
from threadsync.model.facts import MediaProblem
from threadsync.model.ids import Json, MediaDigest, Role, TargetName, network_of
from threadsync.model.secret import SecretText
from threadsync.model.state import Lineage
from threadsync.model.target import MediaHost, Target
from threadsync.model.urls import is_loopback
from threadsync.providers.base import Provider
from threadsync.providers.loading import load_provider
from threadsync.statefile.disk import LocalDisk
from threadsync.statefile.machine import LocalMachine
from threadsync.statefile.store import FileStore, Store

HOST: Final = "media_host"
"""The name of the one media host there is."""
PROJECT_ID: Final = "publish()"
"""Stands in a journal where a state names its project: no project's state is taken for a journal."""

Performing: TypeAlias = Callable[[Endpoint, "Answers"], AbstractContextManager[Performer]]


class Answers(Struct, frozen=True):
    """The answers to what others can see, in the order they came."""

    taken: list[Response]

    def take(self, request: Request, outcome: Response | NoResponse) -> Response | NoResponse:
        """Return *outcome*, and keep it if it is an answer to something that others can see."""
        if request.visibility is Visibility.VISIBLE and isinstance(outcome, Response):
            self.taken.append(outcome)
        return outcome


class Lines(Struct, frozen=True):
    """The lines of a publish out of this process, and its clocks."""

    performing: Performing
    """Opens what sends the requests to an endpoint."""
    transport: Transport
    """Fetches and places media."""
    clock: Clock
    lock_clock: Clock
    """The waits for a journal that another publish writes."""
    started: Callable[[Callable[[], None]], None] = lambda _: None
    """See ``publish_run.Means``."""
    check_stopped: Callable[[], None] = lambda: None
    """Raises once the publish is to stop, before it has begun a stretch of work."""


def means_of(setup: Setup, media_host: Mapping[str, Json] | None, lines: Lines) -> Means:
    """Return what the client of *setup* publishes with.

    Raises:
        ProjectError: *media_host* is none; everything wrong with it is told.
    """
    project = project_of(setup, media_host)
    (target,) = project.targets.values()
    loopback = is_loopback(setup.endpoint.base_url)
    prober = Prober(lines.transport.fetch, lines.clock, loopback)
    answers = Answers([])

    def provider(target: Target, record: Lineage) -> Provider:
        # What is on record elsewhere is another program's: nothing that a key tells may be the same.
        context = replace(setup.context, target=target.name, loopback=loopback, project=record)
        return load_provider(target.provider, context)

    @contextmanager
    def connect(attached: Attachments) -> Iterator[Connected]:
        fetches = provider(target, Lineage("")).capabilities.fetches_media
        endpoint = replace(setup.endpoint, media=attached.files.__getitem__)
        with (
            _hosts(project, attached, lines) as hosts,
            lines.performing(endpoint, answers) as performer,
        ):
            media = _Media(hosts, attached, target, fetches)
            yield Connected(performer, media.url_of, media.check, attached.card)

    def store(path: Path) -> Store:
        history, disk = path.with_name(f"{path.name}.history"), LocalDisk(lines.clock.sleep)
        return FileStore(path, disk, lines.lock_clock, LocalMachine(), history, _new_id, PROJECT_ID)

    return Means(
        project,
        provider,
        setup.bounds,
        lines.clock,
        lambda folder: Attachments(folder, lines.transport.fetch, prober, lines.check_stopped),
        connect,
        store,
        answers.taken,
        lines.started,
    )


def project_of(setup: Setup, media_host: Mapping[str, Json] | None) -> Project:
    """Return a project of one target, which is *setup*'s account, in the working folder.

    Raises:
        ProjectError: *media_host* is no entry of ``media_hosts``.
    """
    name = TargetName(f"{network_of(setup.target)}/client")
    target: dict[str, Json] = {"base_url": setup.endpoint.base_url}
    values: dict[str, Json] = {"version": 1, "id": "publish", "targets": {str(name): target}}
    if media_host is not None:
        target["media_host"] = HOST
        values["media_hosts"] = {HOST: dict(media_host)}
    found = project_said(values, Path(os.path.realpath(Path.cwd())))
    if isinstance(found, Project):
        return found
    lines = "\n".join(f"  {each.problem} {each.remedy}" for each in found)
    raise ProjectError(
        f"the media host cannot be used; nothing was sent.\n{lines}",
        found,
        remedy="Give media_host= an entry as it stands under media_hosts: in a project file.",
    )


class _Media(Struct, frozen=True):
    """Where the network gets what is attached."""

    hosts: MediaHosts
    attached: Attachments
    target: Target
    fetches: bool
    """Whether the network fetches media by itself."""

    def url_of(self, media: MediaDigest) -> Hosted:
        """Return where the network fetches *media* from, or why it cannot."""
        url = self.attached.urls.get(media)
        return Hosted(url) if url is not None else self.hosts.url_of(self.target.name, media)

    def check(self, media: MediaDigest) -> MediaProblem | None:
        """Return why the network would not get *media*; None where it would."""
        if not self.fetches or media in self.attached.urls:
            return None
        if self.target.media_host is None:
            return MediaProblem(
                "the network fetches it from a public address, and it has none",
                "Give publish a media_host, as under media_hosts: in a project file, or an address for it.",
            )
        return self.hosts.check(self.target.name, media)


def _hosts(project: Project, attached: Attachments, lines: Lines) -> MediaHosts:
    seen: list[SecretText] = []

    def secret(host: MediaHost, role: Role) -> SecretText:
        owner, form = TargetName(HOST), host.credentials[role]
        found = resolve(form, target=owner, role=role, project_root=project.root, environ=os.environ)
        seen.append(found)
        return found

    return MediaHosts(
        targets=project.targets,
        hosts=project.media_hosts,
        files=attached.files,
        project_root=project.root,
        means=HostingMeans(
            lines.transport.fetch,
            lines.transport.exchange,
            secret,
            lambda text: scrubbed(text, seen),
            lines.clock,
            allow_commands=True,  # the program itself names it
        ),
    )


def _new_id() -> str:
    return uuid.uuid4().hex
