"""The project as configured: targets, media hosts, policies, safety limits, and who is told of troubles."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TypeAlias

from msgspec import Struct, field

from threadsync.model.diagnostic import Location
from threadsync.model.holding import OUTAGE_AFTER
from threadsync.model.ids import Json, NetworkName, Role, TargetName, network_of


class Target(Struct, frozen=True):
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


class PlaceKind(Struct, frozen=True):
    """What a media host or a state of one kind may say: its keys, and the roles of its credentials."""

    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    roles_optional: tuple[str, ...] = ()


MEDIA_HOST_KINDS: Mapping[str, PlaceKind] = {
    "loopback": PlaceKind(),
    "url_prefix": PlaceKind(("url",), ("root",)),
    "s3": PlaceKind(
        ("bucket", "region"),
        ("endpoint", "prefix", "url"),
        ("access_key", "secret_key", "names"),
        ("session_token",),
    ),
    "azure": PlaceKind(("account", "container"), ("endpoint", "prefix", "url"), ("account_key", "names")),
    "command": PlaceKind(("command",)),
}


class MediaHost(Struct, frozen=True):
    """How media reach a public address; *kind* is one of ``MEDIA_HOST_KINDS``."""

    name: str
    kind: str
    url: str = ""
    """What the path of a file below *root*, or the name of a file in the bucket, is put behind."""
    root: str = ""
    """For ``url_prefix``: the project folder that *url* serves."""
    location: Location = Location("threadsync.yaml")
    settings: Mapping[str, str] = field(default_factory=dict)
    """What its kind needs besides, as ``MEDIA_HOST_KINDS`` lists it."""
    credentials: Mapping[Role, str] = field(default_factory=dict)
    """Role to ``env:NAME``, ``file:PATH`` or ``keyring:NAME``; never a secret itself."""

    @property
    def called(self) -> str:
        """What messages call it."""
        return f"the media host {self.name}"

    @property
    def at(self) -> str:
        """Where the project file names it."""
        return f"media_hosts.{self.name}"

    @property
    def has_address(self) -> bool:
        """Whether it is known beforehand where its files will be."""
        return self.kind in {"url_prefix", "s3", "azure"}

    @property
    def takes_files(self) -> bool:
        """Whether any file can be put there; a ``url_prefix`` serves what its web server has already."""
        return self.kind != "url_prefix"


class ApplyFrom(Struct, frozen=True):
    """Where apply may be run from: a checkout whose commit is in the branch *branch* of *remote*."""

    branch: str
    remote: str = "origin"
    """A remote's name, or an address."""
    clean: bool = False
    """Whether what apply reads must be as it is in that commit, too."""

    def __str__(self) -> str:
        return f"{self.branch} of {self.remote}"


class Safety(Struct, frozen=True):
    """What keeps a run from doing harm; over one of the limits the plan is refused (law 8)."""

    creates_max: int = 10
    replaces_max: int = 3
    deletes_max: int = 3
    apply_from: ApplyFrom | None = None
    """Where apply may be run from; None: anywhere."""
    outage_after: timedelta = OUTAGE_AFTER
    """How long no apply may have ended until what became late in that time waits for a yes."""


class CommandTold(Struct, frozen=True):
    """A command that is told of troubles, as a POSIX shell would part its words."""

    command: str


class TargetTold(Struct, frozen=True):
    """A target that troubles are told on, each in a post of its own."""

    target: TargetName


Notifier: TypeAlias = CommandTold | TargetTold
"""Who is told of troubles (``notify:``)."""


class Policies(Struct, frozen=True):
    """Answers for all posts that do not say otherwise."""

    on_remove: str = "forget"
    on_change: str = "block"
    if_late: str = "ask"
