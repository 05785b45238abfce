"""What a network can do, as its provider declares it; what is not claimed cannot be planned."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What may be planned on a network."""

    features: frozenset[str]
    """Keys of the post format that the network honours: ``text``, ``image``, ``carousel``, ``chain``,
    ``reply_to``, ``poll`` …"""
    fetches_media: bool = False
    """Whether the network fetches media from a public address, so that a target needs a ``media_host``."""
    permalink_characters_max: int = 100
    """The longest permalink, in characters: what a link still to be made counts as."""
    quota_of_publish: str = "posts"
    quota_of_reply: str = "replies"
    quota_of_delete: str = "deletes"
