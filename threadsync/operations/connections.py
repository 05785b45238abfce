"""What a run is connected to: the real networks, unless somebody brings others (a simulated world)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from threadsync.content.project import Project
from threadsync.errors import ProjectError
from threadsync.execution.clock import Clock
from threadsync.execution.credentials import SecretText, resolve
from threadsync.execution.seams import Performer
from threadsync.flows.bounds import Bounds
from threadsync.flows.effects import Hosted, NoResponse, Request, Response
from threadsync.model.ids import MediaDigest, Role, TargetName
from threadsync.model.target import Target
from threadsync.providers.base import Provider


@dataclass(frozen=True, slots=True)
class Connections:
    """Who performs requests, and where media are to be had."""

    performer: Performer
    url_of: Callable[[TargetName, MediaDigest], Hosted]
    check: Callable[[TargetName, MediaDigest], str]
    """Returns why a target's network would not get a file as it is on disk; empty where it would."""


Files: TypeAlias = Mapping[MediaDigest, Path]
Connect: TypeAlias = Callable[
    [Project, Mapping[TargetName, Provider], Files, Clock], AbstractContextManager[Connections]
]


@contextmanager
def connect(
    project: Project, providers: Mapping[TargetName, Provider], files: Files, clock: Clock
) -> Iterator[Connections]:
    """Connect to the networks that the project names."""
    from threadsync.execution.hosting import MediaHosts
    from threadsync.execution.performer import PooledPerformer
    from threadsync.execution.transport import Endpoint, Transport

    with ExitStack() as stack:
        transport = stack.enter_context(Transport(clock))
        hosts = stack.enter_context(
            MediaHosts(
                targets=project.targets,
                hosts=project.media_hosts,
                files=files,
                project_root=project.root,
                fetch=transport.fetch,
            )
        )
        endpoints = {
            name: Endpoint(
                target.base_url or providers[name].default_base_url,
                _credentials(target, project.root),
                files.__getitem__,
                Bounds().overridden(target.bounds).request_seconds,
            )
            for name, target in project.targets.items()
        }

        def perform(target: TargetName, request: Request) -> Response | NoResponse:
            return transport.perform(endpoints[target], request)

        performer = stack.enter_context(PooledPerformer(perform))
        yield Connections(performer, hosts.url_of, hosts.check)


def _credentials(target: Target, root: Path) -> Callable[[Role], SecretText]:
    def credential(role: Role) -> SecretText:
        form = target.credentials.get(role)
        if form is None:
            raise ProjectError(
                f"{target.name} has no credential for the role {role}.",
                remedy=f"Write credential: env:NAME (or file:PATH) under {target.name} in threadsync.yaml.",
            )
        return resolve(form, target=target.name, role=role, project_root=root, environ=os.environ)

    return credential
