"""What keeps apply from acting: holds, a freeze, and the times in which it could not (lulls).

Each of these goes on record as it is: the value is the note that makes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from msgspec import Struct, field

from threadsync.model.ids import Address, ContentDigest, TargetName

OUTAGE_AFTER: Final = timedelta(hours=24)
"""How long no apply may have ended until that counts as an outage, where the project does not say."""

STUMBLE_MAX: Final = timedelta(hours=1)
"""How long a target may not be usable without that being more than a late runner."""


class Hold(Struct, frozen=True):
    """Apply must not touch a publication until a person releases it."""

    address: Address
    at: datetime
    by: str = ""
    why: str = ""
    digest: ContentDigest = ContentDigest("")
    """Of what its file declared then, so that a new key does not shake the hold off; may be empty."""


class Released(Struct, frozen=True):
    """A hold is over; what it was is left as a lull of that publication."""

    address: Address
    at: datetime


class Freeze(Struct, frozen=True):
    """No apply may act until a person ends this, wherever the state is shared."""

    at: datetime
    by: str = ""
    why: str = ""


class Unfrozen(Struct, frozen=True):
    """A freeze is over; what it was is left as a lull of everything."""

    at: datetime


class Heartbeat(Struct, frozen=True):
    """The last apply of everything ended at the time *at*, and what became of its actions."""

    at: datetime
    run: str = ""
    by: str = ""
    """The CI job, or the person; a job by its address where that is known."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """How many actions became what: ``applied``, ``refused`` …; empty where nothing was to be done."""


class Lull(Struct, frozen=True):
    """A time in which no apply could work: what was to go out in it, and did not, waits for a yes."""

    since: datetime
    until: datetime
    why: str
    """A clause: ``applies were frozen by ana (wrong picture)``."""
    target: TargetName | None = None
    """The only target it is about; None: all of them."""
    address: Address | None = None
    """The only publication it is about; None: all of them."""

    def covers(self, address: Address, begins: datetime, ends: datetime) -> bool:
        """Whether what was to go out between *begins* and *ends* at *address*, and is late, is so for it.

        It is where the two overlap; and where this came after *ends*, but before a runner that was late
        besides. A target that merely stumbled then is no more than a late runner.
        """
        if self.address not in {None, address} or self.target not in {None, address.target}:
            return False
        is_stumble = self.target is not None and self.until - self.since <= STUMBLE_MAX
        return begins <= self.until and (self.since <= ends or not is_stumble)


class Lulls(Struct, frozen=True):
    """These are the lulls from now on; those that nothing can fall in any more are left out."""

    lulls: tuple[Lull, ...]
    at: datetime


Holding: TypeAlias = Hold | Released | Freeze | Unfrozen | Heartbeat | Lulls
"""Notes that say what apply may do, and nothing of what is on a network."""


def frozen(freeze: Freeze) -> str:
    """Return *freeze*, once it is over, as a clause."""
    return f"applies were frozen{whose(freeze)}"


def held(hold: Hold) -> str:
    """Return *hold*, once it is over, as a clause."""
    return f"it was held{whose(hold)}"


def whose(said: Hold | Freeze) -> str:
    """Return `` by ana (wrong picture)``, as far as it is known."""
    by = f" by {said.by}" if said.by else ""
    return f"{by} ({said.why})" if said.why else by
