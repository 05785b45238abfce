"""The times in which no apply could work, as far as they still matter.

What should have gone out in one of them, and did not, waits for a yes, whatever its ``if_late`` says: it
was written for a day that went otherwise, and a backlog is never sent in one go (docs/holding.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from threadsync.model.holding import Lull, frozen, held
from threadsync.model.ids import Address
from threadsync.model.post import Publication
from threadsync.model.state import State

KEPT: Final = timedelta(days=90)
"""How long a lull is kept at least: a post that was written for it may be merged later."""


def lulls_of(prior: State | None, now: datetime, outage_after: timedelta) -> tuple[Lull, ...]:
    """Return the lulls on record, and those that last until *now*: a freeze, holds, troubles, an outage.

    Where an apply of everything ended longer ago than *outage_after*, none has worked since.
    """
    if prior is None:
        return ()
    found = list(prior.lulls)
    if prior.freeze is not None:
        found.append(Lull(prior.freeze.at, now, frozen(prior.freeze)))
    found += [Lull(hold.at, now, held(hold), address=hold.address) for hold in prior.holds.values()]
    lasting = (each for each in prior.troubles.values() if each.until is None and each.kind.stops_all)
    found += [Lull(trouble.since, now, trouble.why, trouble.target) for trouble in lasting]
    return (*found, *outage(prior, now, outage_after))


def outage(prior: State, now: datetime, outage_after: timedelta) -> tuple[Lull, ...]:
    """Return the outage that lasts until *now*, where there is one."""
    last = prior.heartbeat
    if last is None or now - last.at <= outage_after:
        return ()
    return (Lull(last.at, now, "no apply ended"),)


def lull_over(publication: Publication, lulls: Iterable[Lull]) -> Lull | None:
    """Return the first of *lulls* that took something from the window of *publication*."""
    schedule = publication.control.publish
    if schedule is None:
        return None
    begins, ends = schedule.at, schedule.at + schedule.window
    return next((lull for lull in lulls if lull.covers(publication.address, begins, ends)), None)


def still_needed(
    lulls: Sequence[Lull], publications: Iterable[Publication], prior: State, now: datetime
) -> tuple[Lull, ...]:
    """Return those of *lulls* that are young, or that something declared and not published falls into.

    One that is let go of while a post waits because of it would let that post go out.
    """
    old = [lull for lull in lulls if now - lull.until > KEPT]
    waiting = [each for each in publications if not _is_done(each.address, prior)] if old else []
    return tuple(
        lull for lull in lulls if lull not in old or any(lull_over(each, [lull]) for each in waiting)
    )


def _is_done(address: Address, prior: State) -> bool:
    return address in prior.bindings or address in prior.tombstones
