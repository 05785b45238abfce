"""Names and ids, each its own type, so that no two of them can be swapped by mistake."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, NewType, TypeAlias

PostKey = NewType("PostKey", str)
"""The stable name of a post: its ``key:``, or else its path under the posts folder."""

TargetName = NewType("TargetName", str)
"""A configured account or channel, named like ``threads/main``; the part before ``/`` is its network."""

NetworkName = NewType("NetworkName", str)
RemoteId = NewType("RemoteId", str)
"""What a network calls one published post."""

ContentDigest = NewType("ContentDigest", str)
MediaDigest = NewType("MediaDigest", str)
"""sha256 of a media file's bytes, in hexadecimal."""

PublicUrl = NewType("PublicUrl", str)
Role = NewType("Role", str)
"""The name a provider gives to one of its credentials; ``main`` is the one every provider has."""

MAIN = Role("main")

Json: TypeAlias = bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"] | None


class Address(NamedTuple):
    """One post on one target: the unit of plan, state and report.

    A tuple, because everything is kept and sorted by it: a generated hash runs in Python each time.
    """

    key: PostKey
    target: TargetName

    def __str__(self) -> str:
        return f"{self.key}@{self.target}"

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read ``key@target``.

        Raises:
            ValueError: there is no ``@``, or nothing on one of its sides.
        """
        key, at, target = text.rpartition("@")
        if not at or not key or not target:
            raise ValueError(f"{text!r} is not an address: write KEY@TARGET")
        return cls(PostKey(sys.intern(key)), TargetName(sys.intern(target)))


NOTICE: Final = "notice:"
"""What the key of a message of ``notify:`` begins with; no file can have such a key."""


def is_notice(address: Address) -> bool:
    """Whether *address* is that of a message of ``notify:``, which no file declares."""
    return address.key.startswith(NOTICE)


def network_of(target: TargetName) -> NetworkName:
    """Return the network a target's name starts with."""
    return NetworkName(target.partition("/")[0])
