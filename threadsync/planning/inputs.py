"""What a plan is made from, besides the state and the facts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from msgspec import Struct, field

from threadsync.model.capabilities import Capabilities, Needs
from threadsync.model.holding import OUTAGE_AFTER
from threadsync.model.ids import Address, ContentDigest, PostKey, TargetName
from threadsync.model.live import Live
from threadsync.model.post import Publication
from threadsync.model.target import Target
from threadsync.planning.actions import SegmentView

BACKLOG = timedelta(hours=24)
"""How far before its first apply a target reaches back, where it declares no ``since``."""
UNKNOWN_LINK = "(link, known after apply)"
"""Stands in a text for a link that is still to be made."""
LATEST = timedelta(days=549)
"""How far ahead a time may be: 18 months."""


class Wanted(Struct, frozen=True):
    """A publication as its target would get it; *waits_for* must be live first."""

    publication: Publication
    segments: tuple[SegmentView, ...]
    waits_for: tuple[Address, ...] = ()
    needs: Needs = Needs()
    """What publishing it needs of the account."""

    @property
    def digests(self) -> tuple[ContentDigest, ...]:
        """The digests of the declared segments, in order."""
        return tuple(segment.digest for segment in self.publication.segments)

    @property
    def text(self) -> str:
        """All of the text, for comparing with what was published before."""
        return "\n".join(segment.text for segment in self.segments)


class Desired(Struct, frozen=True):
    """What the files say."""

    publications: Mapping[Address, Wanted]
    targets: Mapping[TargetName, Target]
    capabilities: Mapping[TargetName, Capabilities]
    drafts: frozenset[Address] = frozenset()
    keys: frozenset[PostKey] = frozenset()
    """Every key some file declares, drafts and broken files included."""
    broken: frozenset[PostKey] = frozenset()
    """Keys whose file has errors."""
    complete: bool = True
    """Whether all files were read without error; where not, nothing counts as removed."""
    live: Mapping[Address, Live] = field(default_factory=dict)
    """Further publications, of which it is known that they are live as their files say."""
    outage_after: timedelta = OUTAGE_AFTER
    """How long no apply may have ended until that counts as an outage."""


class Withdrawal(Struct, frozen=True):
    """Who asks that something is taken down, and why."""

    by: str
    why: str = ""


class Consents(Struct, frozen=True):
    """What the person has agreed to: by flags, or at a prompt that showed it."""

    replace: Mapping[Address, str] = field(default_factory=dict)
    """Address to where the consent came from: ``flag`` or ``prompt``."""
    delete: frozenset[Address] = frozenset()
    duplicate: frozenset[Address] = frozenset()
    late: frozenset[Address] = frozenset()
    accounts: frozenset[TargetName] = frozenset()
    first_run: bool = False
    withdraw: Mapping[Address, Withdrawal] = field(default_factory=dict)
    """What a command asks to be taken down."""
