"""The named bound of every wait, retry, poll and queue that a target's flows make (law 13)."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace


class Bounds(Struct, frozen=True):
    """Numbers a provider's flows obey; a target may override them under ``bounds:``."""

    request_seconds: float = 30.0
    """How long one request may take before it counts as unanswered."""
    poll_first_seconds: float = 1.5
    """How long media are given before they are looked at; after that, pauses begin at a third of it."""
    poll_growth: float = 1.5
    poll_longest_seconds: float = 20.0
    poll_total_seconds: float = 300.0
    """How long a container may stay in progress."""
    retry_attempts_max: int = 5
    retry_first_seconds: float = 2.0
    retry_growth: float = 2.0
    retry_longest_seconds: float = 30.0
    hosting_seconds: float = 3600.0
    """How long putting one media file at a public address may take."""
    rebuilds_max: int = 2
    """How many new containers one segment may cost."""
    publish_doubt_seconds: float = 300.0
    """How long after a doubtful publish its effect may still appear."""
    listing_lag_seconds: float = 15.0
    """How long a fresh post may be missing from the account's lists."""
    settle_looks_max: int = 6
    """How often the account is looked at before a doubt stays a doubt."""
    intent_send_seconds: float = 60.0
    """How old an intent may be when its request goes out; older ones are settled."""
    read_back_posts_max: int = 1000
    read_back_days_max: float = 90.0
    actions_at_first_max: int = 16
    """How many actions of one target begin at first, and how many of them others see at first; each
    container that the network makes lets two more begin, each that goes well lets two more be seen."""
    failures_in_a_row_max: int = 3
    """After how many failures in a row nothing more begins on a target until the next run."""

    def overridden(self, values: Mapping[str, float]) -> Bounds:
        """Return these bounds with *values* put in; names are checked by the project schema."""
        whole = {name for name, kind in type(self).__annotations__.items() if kind == "int"}
        typed = {name: int(value) if name in whole else value for name, value in values.items()}
        return replace(self, **typed)


SAFETY_BOUNDS = ("publish_doubt_seconds", "listing_lag_seconds")
"""Bounds that only a loopback target may set below their defaults."""
