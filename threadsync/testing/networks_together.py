"""Several networks of a simulated world as one: an account's handle says which of them it is on."""

from __future__ import annotations

from datetime import datetime
from random import Random

from threadsync.flows.effects import Request
from threadsync.testing.fakes import Answered
from threadsync.testing.networks import Means, Network, Seen


class Together:
    """Networks that share no handle."""

    def __init__(self, *networks: Network) -> None:
        self.networks = networks
        self.handles = tuple(handle for each in networks for handle in each.handles)
        self._by_handle = {handle: each for each in networks for handle in each.handles}

    def answer(  # noqa: PLR0917  (see ``Network``)
        self, account: str, request: Request, means: Means, now: datetime, fault: str, seconds: float
    ) -> Answered:
        """See ``Network.answer``."""
        return self._by_handle[account].answer(account, request, means, now, fault, seconds)

    def faults(self, account: str, request: Request) -> tuple[str, ...]:
        """See ``Network.faults``."""
        return self._by_handle[account].faults(account, request)

    def strict(self) -> None:
        """See ``Network.strict``."""
        for each in self.networks:
            each.strict()

    def usual(self) -> None:
        """See ``Network.usual``."""
        for each in self.networks:
            each.usual()

    def skewed(self, seconds: float) -> None:
        """See ``Network.skewed``."""
        for each in self.networks:
            each.skewed(seconds)

    def whims(self, chance: Random, *, small: bool) -> None:
        """See ``Network.whims``."""
        for each in self.networks:
            each.whims(chance, small=small)

    @property
    def has_more_to_do(self) -> bool:
        """See ``Network.has_more_to_do``."""
        return any(each.has_more_to_do for each in self.networks)

    def live(self) -> list[Seen]:
        """See ``Network.live``; the networks one after the other."""
        return [post for each in self.networks for post in each.live()]

    def deleted(self) -> list[Seen]:
        """See ``Network.deleted``."""
        return [post for each in self.networks for post in each.deleted()]

    def shown_at(self, remote_id: str) -> float:
        """See ``Network.shown_at``."""
        return self._holding(remote_id).shown_at(remote_id)

    def post_by_hand(self, account: str, text: str, now: datetime) -> str:
        """See ``Network.post_by_hand``."""
        return self._by_handle[account].post_by_hand(account, text, now)

    def delete_by_hand(self, remote_id: str, now: datetime) -> None:
        """See ``Network.delete_by_hand``."""
        self._holding(remote_id).delete_by_hand(remote_id, now)

    def expire_token(self, account: str, now: datetime) -> None:
        """See ``Network.expire_token``."""
        self._by_handle[account].expire_token(account, now)

    def renew_tokens(self, now: datetime) -> None:
        """See ``Network.renew_tokens``."""
        for each in self.networks:
            each.renew_tokens(now)

    def calm(self, now: datetime) -> None:
        """See ``Network.calm``."""
        for each in self.networks:
            each.calm(now)

    def _holding(self, remote_id: str) -> Network:
        return next(
            each for each in self.networks if any(post.remote_id == remote_id for post in each.live())
        )
