"""An account at work: runs the client's functions with a session, as a program would."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from tests.pds.launcher import Pds, Person
from threadsync.execution.clock import SystemClock
from threadsync.execution.drivers import run
from threadsync.execution.transport import Transport
from threadsync.execution.wire import Endpoint
from threadsync.flows.effects import Flow, NoResponse, Request, Response
from threadsync.model.ids import MAIN, MediaDigest, Role
from threadsync.model.secret import SecretText
from threadsync.providers.bluesky import api
from threadsync.providers.bluesky.calls import DIRECTORY, PUBLIC, RENEWAL, SESSION, VIDEO

T = TypeVar("T")


@dataclass
class Desk:
    """Whose account it is, and what opens it now."""

    server: Pds
    person: Person
    transport: Transport
    secrets: dict[Role, SecretText] = field(default_factory=dict)
    media: Mapping[MediaDigest, Path] = field(default_factory=dict)
    video_url: str = ""
    """Where the video service is, if there is one."""

    def __post_init__(self) -> None:
        self.secrets[MAIN] = SecretText(self.person.password)

    def run(self, flow: Flow[T]) -> T:
        """Run *flow* to its end."""
        return run(flow, self.perform, SystemClock())

    def perform(self, request: Request) -> Response | NoResponse:
        """Send *request* once."""
        public = self.server.appview_url or self.server.url
        hosts = {DIRECTORY: self.server.plc_url, PUBLIC: public, VIDEO: self.video_url}
        endpoint = Endpoint(self.server.url, self.secrets.__getitem__, self.media.__getitem__, hosts=hosts)
        return self.transport.perform(endpoint, request)

    def use(self, session: api.Session) -> api.Session:
        """Take *session* for what is run next."""
        self.secrets |= {SESSION: session.access, RENEWAL: session.refresh}
        return session
