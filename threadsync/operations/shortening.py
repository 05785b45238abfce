"""What a plan need not hold of posts: most are live as their files say, and are told by that alone.

It is found out where a file is read, so that processes which share the files out share that too.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from threadsync.content.loader import Said
from threadsync.content.project import Project
from threadsync.model.ids import Address, TargetName
from threadsync.model.live import Live
from threadsync.model.post import Publication
from threadsync.model.state import State
from threadsync.operations.hosted import unhosted
from threadsync.planning.planner import is_live
from threadsync.providers.base import Permalinks, Provider


class Shortening(Struct, frozen=True):
    """Makes short what a file says, where all of it is live and nothing speaks against it.

    What names other posts, in whatever way, stays in full.
    """

    project: Project
    providers: Mapping[TargetName, Provider]
    prior: State
    latest: datetime
    """How far ahead a time may be."""
    alike: Mapping[TargetName, TargetName]
    """By target, the one that gets just the same of a post."""
    links: Permalinks

    def __call__(self, said: list[Said]) -> list[Said]:
        """Return what files have *said*, short where it can be; step by step, as it was read."""
        found = [self._live(each) for each in said]
        return [
            replace(each, made=(), live=tuple(live)) if live and not self._has_faults(each) else each
            for each, live in zip(said, found, strict=True)
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
        address, control = publication.address, publication.control
        schedule = control.publish
        if control.draft or control.withdraw or (schedule is not None and schedule.at > self.latest):
            return None
        binding = self.prior.bindings.get(address) if address not in self.prior.open else None
        if binding is None or not binding.segments or not is_live(publication, binding):
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

    def _has_faults(self, said: Said) -> bool:
        """Whether anything is found with what the networks would get."""
        checked = {each.address.target: each for each in said.made}
        for target, publication in checked.items():
            provider = self.providers[target]
            if names_others(publication) or unhosted(publication, provider, self.project):
                return True
            # One reading of a file made both, so nothing but the address tells them apart.
            first = self.alike[target]
            twin = checked.get(first) if first != target else None
            is_checked = twin is not None and twin.segments is publication.segments
            if not is_checked and provider.check(publication, self.links):
                return True
        return False


def names_others(publication: Publication) -> bool:
    """Whether it replies to, quotes or reposts something: an account may not be able to."""
    quotes = (segment.quote for segment in publication.segments)
    return any(each is not None for each in (publication.reply_to, publication.repost, *quotes))
