"""The project as its file describes it; ``config`` reads it, this package reads its posts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, field

from threadsync.model.diagnostic import Location
from threadsync.model.ids import Json, Role, TargetName
from threadsync.model.target import MediaHost, Notifier, Policies, Safety, Target

PROJECT_FILE = "threadsync.yaml"


class StateBranch(Struct, frozen=True):
    """The state lives in the file *file* of a git branch of its own; *remote* is a name or an address."""

    branch: str
    remote: str = "origin"
    file: str = "threadsync.json"

    def __str__(self) -> str:
        return f"branch {self.branch} of {self.remote}"


class StateBucket(Struct, frozen=True):
    """The state lives in the objects below *prefix* of a bucket, which is of the *kind* s3 or azure."""

    kind: str
    settings: Mapping[str, str]
    """``bucket``, ``region`` and perhaps ``endpoint``; of Azure ``container``, ``account``, ``endpoint``."""
    prefix: str = ""
    credentials: Mapping[Role, str] = field(default_factory=dict)
    """Role to ``env:NAME``, ``file:PATH`` or ``keyring:NAME``; never a secret itself."""
    file: str = "threadsync.json"

    @property
    def called(self) -> str:
        """What messages call it."""
        return "the bucket of the state"

    @property
    def at(self) -> str:
        """Where the project file names it."""
        return "state"

    def __str__(self) -> str:
        is_azure = self.kind == "azure"
        name = self.settings["container" if is_azure else "bucket"]
        return f"{'az' if is_azure else 's3'}://{name}{'/' if self.prefix else ''}{self.prefix}"


class Project(Struct, frozen=True):
    """A project, checked; its paths are absolute and lie inside *root*."""

    root: Path
    id: str
    posts: Path
    """The folder of the posts; it may be missing."""
    state: Path | StateBranch | StateBucket
    zone: str | None = None
    targets: Mapping[TargetName, Target] = field(default_factory=dict)
    media_hosts: Mapping[str, MediaHost] = field(default_factory=dict)
    defaults: Mapping[str, Json] = field(default_factory=dict)
    """Keys for all posts that do not say otherwise; without ``publish``."""
    defaults_locations: Mapping[str, Location] = field(default_factory=dict)
    policies: Policies = Policies()
    safety: Safety = Safety()
    publish_required: bool = False
    """Whether a post without ``publish:`` is an error."""
    location: Location = Location(PROJECT_FILE)
    database: str | None = None
    """Where the address is of the PostgreSQL database of log and ledger (``env:NAME``); None for a file."""
    notify: tuple[Notifier, ...] = ()
    """Who is told of troubles, in the order of the file."""

    @property
    def credentials(self) -> tuple[str, ...]:
        """Where all its credentials are, each as ``env:NAME``, ``file:PATH`` or ``keyring:NAME``."""
        forms = [form for target in self.targets.values() for form in target.credentials.values()]
        forms += [form for host in self.media_hosts.values() for form in host.credentials.values()]
        forms += self.state.credentials.values() if isinstance(self.state, StateBucket) else ()
        return (*forms, self.database) if self.database is not None else tuple(forms)

    @property
    def state_name(self) -> str:
        """Where the state is, as a person would say it: a path in the project, a branch, or a bucket."""
        if isinstance(self.state, Path):
            return self.state.relative_to(self.root).as_posix()
        return str(self.state)
