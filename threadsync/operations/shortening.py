"""What a plan need not hold of posts: most are live as their files say, and are told by that alone.

It is found out where a file is read, so that processes which share the files out share that too.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from threadsync.content.loader import Said
from threadsync.model.ids import Address
from threadsync.model.live import Live
from threadsync.model.post import Publication
from threadsync.model.state import Binding, State
from threadsync.planning.planner import is_live


class Shortening(Struct, frozen=True):
    """Makes short what a file says, where all of it is live.

    What names other posts, in whatever way, stays in full.
    """

    prior: State
    latest: datetime
    """How far ahead a time may be."""

    def __call__(self, said: list[Said]) -> list[Said]:
        """Return what files have *said*, short where it can be."""
        return [
            replace(each, made=(), live=tuple(live)) if (live := self._live(each)) else each for each in said
        ]

    def _live(self, said: Said) -> list[tuple[Address, Live]]:
        """Return what there is to know of a post that is live as its file says; nothing of another one."""
        live: list[tuple[Address, Live]] = []
        for publication in said.made if not (said.findings or said.naming) else ():
            found = self._found(publication)
            if found is None:
                return []
            live.append((publication.address, found))
        return live

    def _found(self, publication: Publication) -> Live | None:
        schedule = publication.control.publish
        if names_others(publication) or (schedule is not None and schedule.at > self.latest):
            return None
        binding = taken(publication, self.prior)
        if binding is None:
            return None
        return Live(
            publication.location.file,
            tuple(
                path
                for segment in publication.segments
                for item in segment.media
                for path in item.files.values()
            ),
            schedule.zone if schedule is not None else None,
            binding.remote_ids,
            max(post.at for post in binding.segments),
        )


def taken(publication: Publication, prior: State | None) -> Binding | None:
    """Return the binding of *publication* where its network has taken it just so, and it is to stay so."""
    address, control = publication.address, publication.control
    if prior is None or address in prior.open or control.draft or control.withdraw:
        return None
    binding = prior.bindings.get(address)
    if binding is None or not binding.segments or not is_live(publication, binding):
        return None
    return binding


def names_others(publication: Publication) -> bool:
    """Whether it replies to, quotes or reposts something: an account may not be able to."""
    quotes = (segment.quote for segment in publication.segments)
    return any(each is not None for each in (publication.reply_to, publication.repost, *quotes))
