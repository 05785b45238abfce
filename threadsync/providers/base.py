"""The seam between threadsync and a network: what every provider offers.

A provider is made for one target (``ProviderContext``) and speaks in flows. Its publish and delete
flows put their own notes on record, so that they can be taken up again after the last one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeAlias

from threadsync.flows.bounds import Bounds
from threadsync.flows.effects import Flow
from threadsync.model.capabilities import Capabilities
from threadsync.model.diagnostic import Diagnostic
from threadsync.model.facts import Account, ObservedPost, Quota, ReadBack
from threadsync.model.fault import Fault
from threadsync.model.ids import Address, Json, RemoteId, TargetName
from threadsync.model.journal import InFlight, Job, Published, Rendered
from threadsync.model.post import Publication, Segment

API_VERSION = 1
"""The version of this protocol; a provider made for another one is refused when it is loaded."""


@dataclass(frozen=True, slots=True)
class ProviderContext:
    """What a provider is told about its target; later additions come as fields with defaults."""

    target: TargetName
    settings: Mapping[str, Json] = field(default_factory=dict)
    bounds: Bounds = Bounds()
    loopback: bool = False
    """Whether the target's address is on this machine: a sandbox, whose own word on its origin counts."""


@dataclass(frozen=True, slots=True)
class RenderedSegment:
    """A segment as this network gets it, with its length in the network's own unit."""

    rendered: Rendered
    count: int
    count_max: int
    unit: str
    """What is counted: ``characters``, ``graphemes``, ``bytes``."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a publish or delete flow needs to know: the job, its notes so far, and what is ours already."""

    address: Address
    job: Job
    notes: tuple[InFlight, ...]
    bound_ids: Callable[[], frozenset[RemoteId]]
    """Every remote post that some binding on this target holds, at the moment of asking."""
    live: tuple[Published, ...] = ()
    """The segments that are live already."""


@dataclass(frozen=True, slots=True)
class Applied:
    """All of it is done and on record."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The network said no; what was done before is on record."""

    fault: Fault
    index: int = 0


@dataclass(frozen=True, slots=True)
class Uncertain:
    """Whether a visible request acted cannot be told; that too is on record."""

    why: str
    index: int = 0
    candidates: tuple[RemoteId, ...] = ()


Result: TypeAlias = Applied | Refused | Uncertain


class Permalinks(Protocol):
    """Gives the text for ``{{ links[…] }}``: a receipt's permalink, or a stand-in of the longest length."""

    def __call__(self, address: Address) -> str:
        """Return the permalink of *address*."""
        ...


class Provider(Protocol):
    """One network, spoken as flows, for one target."""

    @property
    def default_base_url(self) -> str:
        """The network's own address, for targets that declare no ``base_url``."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What may be planned here."""
        ...

    def check(self, publication: Publication, links: Permalinks) -> list[Diagnostic]:
        """Find everything the network would refuse or drop of *publication* (no account is read)."""
        ...

    def render(
        self, publication: Publication, segment: Segment, index: int, links: Permalinks
    ) -> RenderedSegment:
        """Return *segment* exactly as the network gets it."""
        ...

    def identify(self) -> Flow[Account]:
        """Read whose account the credential opens.

        Raises:
            ApiError, Unanswered: it could not be read.
        """
        ...

    def quotas(self) -> Flow[Mapping[str, Quota]]:
        """Read the account's allowances; those the credential may not read are unknown, not errors."""
        ...

    def read_back(self, since: datetime) -> Flow[ReadBack]:
        """List own posts and replies since *since*, within the bounds.

        Raises:
            ApiError, Unanswered: the lists could not be read.
        """
        ...

    def observe(self, remote_id: RemoteId) -> Flow[ObservedPost | None]:
        """Read one post; None where the network does not have it (any more).

        Raises:
            ApiError, Unanswered: it could not be read.
        """
        ...

    def locate(self, reference: str) -> Flow[ObservedPost | None]:
        """Find one of the account's own posts by its id or permalink."""
        ...

    def matches(self, rendered: Rendered, parent: RemoteId | None, post: ObservedPost) -> bool:
        """Whether *post* may be what publishing *rendered* made."""
        ...

    def publish(self, work: Work) -> Flow[Result]:
        """Publish the job's segments in order, settling first what its notes leave in doubt."""
        ...

    def settle(self, work: Work) -> Flow[Result]:
        """Find out what became of the segment in flight and put it on record; publishes nothing.

        ``Applied`` means that nothing is in doubt any more.
        """
        ...

    def delete(self, work: Work, posts: tuple[Published, ...]) -> Flow[Result]:
        """Take *posts* down, in the order given; one that is gone already counts as done."""
        ...
