"""Posts for the contract of providers: one for each key of the post format that a network may honour."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from threadsync.model.diagnostic import Location
from threadsync.model.digest import digest_of
from threadsync.model.ids import Address, MediaDigest, PostKey, TargetName
from threadsync.model.post import Control, Media, MediaFacts, PostRef, Publication, Segment
from threadsync.model.text import Plain

HERE = Location("posts/contract.md")
LINK = "https://example.org/lifts"


def no_links(address: Address) -> str:
    """Stand in for permalinks in posts that have none."""
    raise AssertionError(f"no post of the contract names {address}")


def post_of(target: TargetName, *texts: str, key: str = "contract") -> Publication:
    """Return a post of *texts*, each a segment."""
    segments = tuple(
        Segment(text, (Plain(text),) if text else (), digest=digest_of({"text": text}), location=HERE)
        for text in texts
    )
    return Publication(Address(PostKey(key), target), segments, Control(), HERE, digest_of({"texts": texts}))


def _first(post: Publication, segment: Segment) -> Publication:
    return replace(post, segments=(segment, *post.segments[1:]))


def _with_images(post: Publication, number: int) -> Publication:
    media = tuple(
        Media(
            f"posts/{each}.jpg",
            MediaFacts(MediaDigest(f"{each:064x}"), 9000, "image", "JPEG", 800, 600),
            f"Picture {each}",
            HERE,
        )
        for each in range(number)
    )
    return _first(post, replace(post.segments[0], media=media))


ASKING: Mapping[str, Callable[[Publication], Publication]] = {
    "image": lambda post: _with_images(post, 1),
    "carousel": lambda post: _with_images(post, 2),
    "number": lambda post: replace(post, number="{i}/{n}"),
    "link": lambda post: _first(post, replace(post.segments[0], link=LINK)),
    "poll": lambda post: _first(post, replace(post.segments[0], poll={"options": ["one", "two"]})),
    "who_can_reply": lambda post: replace(post, who_can_reply="mentioned"),
    "tags": lambda post: replace(post, tags=("transit",)),
    "langs": lambda post: replace(post, langs=("de",)),
    "quote": lambda post: _first(post, replace(post.segments[0], quote=PostRef(PostKey("other")))),
    "reply_to": lambda post: replace(post, reply_to=PostRef(PostKey("other"))),
    "repost": lambda post: replace(
        post, segments=(replace(post.segments[0], source="", spans=()),), repost=PostRef(PostKey("other"))
    ),
}
"""Makes a post of two segments ask for one thing more."""
BY_THE_CORE = frozenset({"quote", "reply_to", "repost"})
"""What threadsync itself puts into what a provider publishes, once it knows the post that is meant."""
