"""What a row of the table says of each client; who the others are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Does:
    """It has the capability, by these *calls*."""

    calls: str


@dataclass(frozen=True, slots=True)
class Fails:
    """It has *calls* for it, which do not come to the result; *why*."""

    calls: str
    why: str


@dataclass(frozen=True, slots=True)
class Lacks:
    """It does not have it. Its source never says the row's ``sign``, or says it for the reason *why*."""

    why: str = ""


Cell: TypeAlias = Does | Fails | Lacks
NOTHING = Lacks()


@dataclass(frozen=True, slots=True)
class Peer:
    """A client that others wrote."""

    name: str
    version: str
    module: str
    """The folder of its source."""
    undeclared: tuple[str, ...] = ()
    """What it imports without naming it among what it needs."""
    python_min: tuple[int, int] = (3, 11)
    python_below: tuple[int, int] = (4, 0)
    """Where it cannot be installed any more."""

    @property
    def package(self) -> str:
        """Return what an installer is asked for."""
        return f"{self.name}=={self.version}"


PYTHREADS = "pythreads"
THREADS_CLIENT = "threads-client"
THREADSPIPEPY = "threadspipepy"
META_THREADS_SDK = "meta-threads-sdk"

PEERS: Mapping[str, Peer] = MappingProxyType(
    {
        peer.name: peer
        for peer in (
            # It pins aiohttp 3.9, which has no wheels for Python 3.13.
            Peer(PYTHREADS, "0.2.1", "pythreads", python_below=(3, 13)),
            Peer(THREADS_CLIENT, "0.2.1", "threads_client"),
            Peer(THREADSPIPEPY, "0.4.5", "threadspipepy", undeclared=("requests",)),
            Peer(META_THREADS_SDK, "0.2.1", "threads", python_min=(3, 12)),
        )
    }
)


@dataclass(frozen=True, slots=True)
class Row:
    """One capability, which is one scenario."""

    name: str
    title: str
    ours: str
    """What of ``threadsync.providers.threads.api``, of ``.webhooks`` or of ``threadsync`` it takes."""
    sign: str
    """A regular expression: a client with the capability says it somewhere in its source."""
    peers: Mapping[str, Cell] = field(default_factory=dict)

    def cell(self, peer: str) -> Cell:
        """Return what is said of *peer*."""
        return self.peers.get(peer, NOTHING)


def row(
    name: str,
    title: str,
    ours: str,
    sign: str,
    *,
    p: Cell = NOTHING,
    c: Cell = NOTHING,
    t: Cell = NOTHING,
    m: Cell = NOTHING,
) -> Row:
    """Return a row: of pythreads (*p*), threads-client (*c*), threadspipepy (*t*), meta-threads-sdk (*m*)."""
    cells = {PYTHREADS: p, THREADS_CLIENT: c, THREADSPIPEPY: t, META_THREADS_SDK: m}
    return Row(name, title, ours, sign, cells)
