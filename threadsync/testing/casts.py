"""Which networks a simulated world plays on: their accounts, and a project whose targets these are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct

from threadsync.testing.networks import Network, ThreadsNetwork
from threadsync.testing.networks_bluesky import BlueskyNetwork
from threadsync.testing.networks_together import Together

ACCOUNTS = ("main", "brand")
"""The handles of the accounts of Threads: the target ``threads/main`` is the account ``main``."""
BLUESKY_ACCOUNTS = ("main.test", "brand.test")
"""Those of Bluesky: the target ``bluesky/main`` is the account ``main.test``."""

_HEAD = """\
version: 1
id: world
posts: posts
state: state/threadsync.json
zone: UTC
targets:
"""
_TAIL = "safety: {creates_max: 100, replaces_max: 100, deletes_max: 100}\n"
_THREADS = """\
  threads/main: {account: main, credential: env:X, base_url: http://127.0.0.1:1, media_host: local}
  threads/brand: {account: brand, credential: env:X, base_url: http://127.0.0.1:1, media_host: local}
"""
_BLUESKY = """\
  bluesky/main: {account: main.test, credential: env:X, base_url: http://127.0.0.1:1}
  bluesky/brand: {account: brand.test, credential: env:X, base_url: http://127.0.0.1:1}
"""
_HOSTS = """\
media_hosts:
  local: {kind: loopback}
"""
PROJECT = f"{_HEAD}{_THREADS}{_HOSTS}{_TAIL}"
"""The project of two accounts of Threads."""


class Cast(Struct, frozen=True):
    """The networks of a world."""

    name: str
    project: str
    """The text of its project file."""
    make: Callable[[int, datetime], Network]
    """Makes the networks from a seed, and the time at which they begin."""
    homes: tuple[tuple[str, ...], ...]
    """The accounts that a post is written for: one, another, or several."""
    targets: dict[str, str]
    """Account to the name that the project file gives it; a post goes to the first if nothing is said."""

    @property
    def accounts(self) -> tuple[str, ...]:
        """The handles of its accounts."""
        return tuple(self.targets)

    @property
    def target(self) -> str:
        """Where a post goes if nothing is said."""
        return next(iter(self.targets.values()))


def _targets(network: str, accounts: tuple[str, ...]) -> dict[str, str]:
    return {each: f"{network}/{each.partition('.')[0]}" for each in accounts}


def _threads(seed: int, now: datetime) -> ThreadsNetwork:
    return ThreadsNetwork(ACCOUNTS, seed, now)


def _bluesky(seed: int, _: datetime) -> BlueskyNetwork:
    return BlueskyNetwork(BLUESKY_ACCOUNTS, seed)


def _both(seed: int, now: datetime) -> Together:
    return Together(_threads(seed, now), _bluesky(seed, now))


THREADS = Cast(
    "threads",
    PROJECT,
    _threads,
    (("main",), ("brand",), ACCOUNTS),
    _targets("threads", ACCOUNTS),
)
BLUESKY = Cast(
    "bluesky",
    f"{_HEAD}{_BLUESKY}{_TAIL}",
    _bluesky,
    (("main.test",), ("brand.test",), BLUESKY_ACCOUNTS),
    _targets("bluesky", BLUESKY_ACCOUNTS),
)
BOTH = Cast(
    "both",
    f"{_HEAD}{_THREADS}{_BLUESKY}{_HOSTS}{_TAIL}",
    _both,
    (("main",), ("main.test",), ("main", "main.test")),
    THREADS.targets | BLUESKY.targets,
)
