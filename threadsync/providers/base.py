"""The seam between threadsync and a network: what every provider offers.

A provider is made for one target (``ProviderContext``) and speaks in flows. Its publish and delete
flows put their own notes on record, so that they can be taken up again after the last one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeAlias

from msgspec import Struct, field

from threadsync.flows.bounds import Bounds
from threadsync.flows.effects import Flow, Response
from threadsync.model.capabilities import Capabilities, Needs
from threadsync.model.diagnostic import Diagnostic
from threadsync.model.facts import Account, Engagement, ObservedPost, Quota, ReadBack
from threadsync.model.fault import Fault
from threadsync.model.ids import Address, Json, RemoteId, Role, TargetName
from threadsync.model.journal import InFlight, Job, Published, Rendered
from threadsync.model.post import Publication, Segment
from threadsync.model.text import Mark
from threadsync.providers.accounts import Sessions, Spending
from threadsync.providers.authorizing import Authorizing, Renewed

API_VERSION = 1
"""The version of this protocol. A provider of another package says in ``api_version`` which one it was made
for, and one made for another is refused when it is loaded (docs/providers.md)."""


class ProviderContext(Struct, frozen=True):
    """What a provider is told about its target; later additions come as fields with defaults."""

    target: TargetName
    settings: Mapping[str, Json] = field(default_factory=dict)
    bounds: Bounds = Bounds()
    loopback: bool = False
    """Whether the target's address is on this machine: a sandbox, whose own word on its origin counts."""
    account: str | None = None
    """The handle or id that the project declares for it."""
    base_url: str | None = None
    """The target's own address, where the project declares one."""
    project: str = ""
    """The id of the project: two of them may write to one account."""


class RenderedSegment(Struct, frozen=True):
    """A segment as this network gets it, with its length in the network's own unit."""

    rendered: Rendered
    count: int
    count_max: int
    unit: str
    """What is counted: ``characters``, ``graphemes``, ``bytes``."""
    attached: Mapping[str, str] = field(default_factory=dict)
    """Further texts that readers can open, exactly as the network gets them, by what they are called."""
    records: int = 1
    """What the network makes of it: each takes ``Capabilities.quota_takes`` of the account's allowance."""
    marks: tuple[Mark, ...] = ()
    """Which of its words readers see as more than words, in order."""
    covers_media: str = ""
    """What readers see in place of its media until they ask for them; empty where they see them at once."""


class Work(Struct, frozen=True):
    """What a publish or delete flow needs to know: the job, its notes so far, and what is ours already."""

    address: Address
    job: Job
    notes: tuple[InFlight, ...]
    bound_ids: Callable[[], frozenset[RemoteId]]
    """Every remote post that some binding on this target holds, at the moment of asking."""
    live: tuple[Published, ...] = ()
    """The segments that are live already."""
    account_id: str = ""
    """The account that the target is bound to."""


class Applied(Struct, frozen=True):
    """All of it is done and on record; *why* and *remedy* tell what else is to be known, if anything."""

    why: str = ""
    remedy: str = ""


class Refused(Struct, frozen=True):
    """The network said no; what was done before is on record."""

    fault: Fault
    index: int = 0


class Uncertain(Struct, frozen=True):
    """Whether a visible request acted cannot be told; that too is on record."""

    why: str
    index: int = 0
    candidates: tuple[RemoteId, ...] = ()


Result: TypeAlias = Applied | Refused | Uncertain


class CredentialRole(Struct, frozen=True):
    """One of a provider's credentials; *renewable* says whether it can be made to live longer."""

    role: Role
    meaning: str
    renewable: bool = False
    of_app: bool = False
    """Whether it is a secret of the app that people authorize: a login alone needs it."""
    variable: str = ""
    """Of one of an app: the variable of the environment that has it, where the project names no place."""
    ending: str = ""
    """How a person ends the life of one that others may have seen."""
    name: str = "token"
    """What people call it, in a word or two."""


class ScopeUse(StrEnum):
    """Which projects make use of a right."""

    EVERY = "every"
    """All of them: something that every apply does needs it."""
    REMOVING = "removing"
    """Those that may take posts down."""
    SOME_POSTS = "some-posts"
    """Those that have a post for which ``Provider.scopes`` names it."""
    OTHER = "other"
    """None can be told to; whoever needs it asks for it."""


class Scope(Struct, frozen=True):
    """A right that a credential may carry; without a *required* one nothing can be published."""

    name: str
    meaning: str
    required: bool = False
    use: ScopeUse = ScopeUse.EVERY


class Limit(Struct, frozen=True):
    """A number that the network does not go over, *unit* with it: 500 characters a segment."""

    number: int
    unit: str


class About(Struct, frozen=True):
    """What a provider speaks to, and what it needs and obeys there."""

    api: str
    """The version of the network's API."""
    source: str
    """The documentation it was written from."""
    roles: tuple[CredentialRole, ...]
    scopes: tuple[Scope, ...] = ()
    limits: tuple[Limit, ...] = ()
    quotas: Mapping[str, str] = field(default_factory=dict)
    """The account's allowances, by what they count: ``posts`` to ``250 in 24 hours``."""
    packages: Mapping[str, str] = field(default_factory=dict)
    """What must be installed besides, to publish: the module's name to the extra that has it."""


class Examined(Struct, frozen=True):
    """What the network tells of a credential; None, or *unknown*, where it does not."""

    scopes: frozenset[str] | None = None
    issued_at: datetime | None = None
    expires_at: datetime | None = None
    endless: bool = False
    """Whether the network says that it does not expire."""
    unknown: str = ""
    """Why nothing could be told."""
    kind: str = ""
    """What sort of credential it is, where a network knows several: ``an app password``."""
    danger: str = ""
    """Why it should be another one, although it works; empty where nothing speaks against it."""
    remedy: str = ""
    """What to do about that."""


class Permalinks(Protocol):
    """Gives the text for ``{{ links[…] }}``: a receipt's permalink, or a stand-in of the longest length."""

    def __call__(self, address: Address) -> str:
        """Return the permalink of *address*."""
        ...


class Provider(Protocol):
    """One network, spoken as flows, for one target; ``threadsync.testing.contract`` tests it."""

    @property
    def default_base_url(self) -> str:
        """The network's own address, for targets that declare no ``base_url``."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What may be planned here."""
        ...

    @property
    def about(self) -> About:
        """What it speaks to, and what it needs and obeys there."""
        ...

    @property
    def sessions(self) -> Sessions | None:
        """How the account is opened; None where the credential itself goes with each request."""
        ...

    @property
    def spending(self) -> Spending | None:
        """What requests take of the account's allowances, where only their answers tell it."""
        ...

    @property
    def hosts(self) -> Mapping[str, str]:
        """The base addresses of the network's further hosts, by the names that requests have for them."""
        ...

    def classify(self, response: Response) -> Fault | None:
        """Return the error that *response* carries; None where it carries none."""
        ...

    def examine(self, role: Role) -> Flow[Examined]:
        """Ask what the network tells of a credential: its rights, and how long it lives."""
        ...

    @property
    def authorizing(self) -> Authorizing | None:
        """How it gives a first credential in a browser; None where it does not, and one is pasted."""
        ...

    def scopes(self, publication: Publication) -> frozenset[str]:
        """Return the rights of use ``SOME_POSTS`` that publishing *publication* makes use of."""
        ...

    def renew(self, role: Role) -> Flow[Renewed]:
        """Get a new credential for one that still works; the new one is not used here.

        Raises:
            ApiError, Unanswered: there is none.
            UsageError: a credential of this role cannot be renewed.
        """
        ...

    def check(self, publication: Publication, links: Permalinks) -> list[Diagnostic]:
        """Find everything the network would refuse or drop of *publication* (no account is read).

        Of a post that names no other, targets of one network with the same settings find as much.
        """
        ...

    def render(
        self, publication: Publication, segment: Segment, index: int, links: Permalinks
    ) -> RenderedSegment:
        """Return *segment* exactly as the network gets it.

        Targets of one network with the same settings get the same: nothing else of the target counts.
        """
        ...

    def unanswerable(self, publication: Publication) -> str:
        """Say as what *publication* cannot be replied to ("a ghost post"); empty where it can."""
        ...

    def needs(self, publication: Publication) -> Needs:
        """Return what publishing *publication* needs of the account beyond the usual."""
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

    def read_back(self, since: datetime, wanted: Sequence[Rendered] = ()) -> Flow[ReadBack]:
        """List own posts and replies since *since*, within the bounds.

        Posts of a kind that the network lists apart are looked for where *wanted* has some of that kind.

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

    def engagement(self, remote_id: RemoteId) -> Flow[Engagement]:
        """Read what readers made of one post, as far as ``capabilities.counts`` says that there are numbers.

        What the credential may not read, and what the network does not tell, is unknown: absent, not 0, and
        no error. It is asked once: who needs it more than a plan does asks again.
        """
        ...

    def locate(self, reference: str) -> Flow[ObservedPost | None]:
        """Find a post by its id or permalink: an own one, or anybody's where the network tells of all."""
        ...

    def find_account(self, name: str) -> Flow[str | None]:
        """Return the id of the account that a mention of *name* means; None where nobody has that name.

        It is asked only where ``capabilities.finds_accounts`` says so.
        """
        ...

    def matches(self, rendered: Rendered, parent: RemoteId | None, post: ObservedPost) -> bool:
        """Whether *post* may be what publishing *rendered* made."""
        ...

    def unchanged(self, published: Published, post: ObservedPost) -> bool:
        """Whether *post*, which is *published*, still says what it said."""
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
