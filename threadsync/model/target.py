"""The project as configured: targets, media hosts, policies and safety limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from threadsync.model.diagnostic import Location
from threadsync.model.ids import Json, NetworkName, Role, TargetName, network_of


@dataclass(frozen=True, slots=True)
class Target:
    """One configured account or channel on a network."""

    name: TargetName
    provider: NetworkName
    account: str | None = None
    """The handle or id it must be (law 7)."""
    credentials: Mapping[Role, str] = field(default_factory=dict)
    """Role to ``env:NAME``, ``file:PATH`` or ``keyring:NAME``; never a secret itself."""
    base_url: str | None = None
    since: datetime | None = None
    media_host: str | None = None
    """The name of an entry in ``media_hosts``."""
    bounds: Mapping[str, float] = field(default_factory=dict)
    settings: Mapping[str, Json] = field(default_factory=dict)
    """What the network's provider needs besides."""
    location: Location = Location("threadsync.yaml")

    @property
    def network(self) -> NetworkName:
        """The network its name starts with."""
        return network_of(self.name)


@dataclass(frozen=True, slots=True)
class MediaHost:
    """How media reach a public address; *kind* is ``loopback`` or ``url_prefix``."""

    name: str
    kind: str
    url: str = ""
    """For ``url_prefix``: what the path of a file below *root* is put behind."""
    root: str = ""
    """For ``url_prefix``: the project folder that *url* serves."""
    location: Location = Location("threadsync.yaml")

    @property
    def takes_files(self) -> bool:
        """Whether any file can be put there; a ``url_prefix`` serves what its web server has already."""
        return self.kind != "url_prefix"


@dataclass(frozen=True, slots=True)
class Safety:
    """Limits per run and target; over one of them the plan is refused (law 8)."""

    creates_max: int = 10
    replaces_max: int = 3
    deletes_max: int = 3


@dataclass(frozen=True, slots=True)
class Policies:
    """Answers for all posts that do not say otherwise."""

    on_remove: str = "forget"
    on_change: str = "block"
    if_late: str = "ask"
