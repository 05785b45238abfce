"""What a program says to ``publish``, and what it gets: values alone, since every client names them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from threadsync.errors import UsageError
from threadsync.flows.effects import Response
from threadsync.model.diagnostic import Diagnostic
from threadsync.model.ids import Json
from threadsync.model.journal import Published

Options: TypeAlias = Mapping[str, Json]

NO_OPTIONS: Final[Options] = MappingProxyType({})
LOCK_SECONDS: Final = 60.0
"""How long a publish waits for another one that writes the same journal."""


class Attachment(Struct, frozen=True):
    """A picture or a video, and what it shows, for people who cannot see it.

    *file* is the path of a file, its bytes, or the ``https:`` address that the network is to fetch it from;
    so are *captions*, the WebVTT files of a video by the BCP 47 tags of their languages.
    """

    file: str | Path | bytes
    alt: str = ""
    captions: Mapping[str, str | Path | bytes] = field(default_factory=dict)


MediaLike: TypeAlias = str | Path | bytes | Attachment


class PostSegment(Struct, frozen=True):
    """One part of a chain; the keys are those of an entry of ``segments:``, *poll* being its options."""

    text: str = ""
    media: Sequence[MediaLike] = ()
    link: str | None = None
    poll: Sequence[str] = ()
    quote: str | None = None
    options: Options = field(default_factory=dict)


class Said(Struct, frozen=True):
    """What a program says of a post; ``Client.publish`` tells what each means."""

    segments: tuple[PostSegment, ...]
    reply_to: str | None = None
    repost: str | None = None
    who_can_reply: str | None = None
    tags: Sequence[str] = ()
    langs: Sequence[str] = ()
    number: str | None = None
    options: Options = field(default_factory=dict)
    key: str | None = None
    fit: bool = False


def said(
    text: str | Sequence[str | PostSegment],
    first: PostSegment,
    whole: Said,
) -> Said:
    """Return *whole* with the segments of *text*; what *first* has besides a text is the first one's too."""
    texts = [text] if isinstance(text, str) else list(text)
    parts = [PostSegment(each) if isinstance(each, str) else each for each in texts] or [PostSegment()]
    if any(isinstance(each.media, MediaLike) for each in (first, *parts)):
        raise UsageError("media is one file, and a post takes a list of them", remedy="Write media=[…].")
    top = parts[0]
    twice = [
        name
        for name, one, other in (
            ("link", first.link, top.link),
            ("poll", first.poll, top.poll),
            ("quote", first.quote, top.quote),
        )
        if one and other
    ]
    if twice:
        raise UsageError(
            f"the first segment has a {twice[0]}, and so has the post, which means its first segment",
            remedy="Give one of them.",
        )
    parts[0] = replace(
        top,
        media=(*first.media, *top.media),
        link=top.link or first.link,
        poll=top.poll or first.poll,
        quote=top.quote or first.quote,
    )
    return replace(whole, segments=tuple(parts))


class PublishedPost(Struct, frozen=True):
    """A post that is live, with its *segments* as the network has them, first to last.

    Of each segment ``remote_id`` is the network's id, ``permalink`` its address (empty where that could not
    be read), ``at`` the network's time, and ``bound_by`` says how it is known to be ours.
    """

    key: str
    """The name under which a journal keeps it."""
    segments: tuple[Published, ...]
    answers: tuple[Response, ...] = ()
    """What the network answered to the requests of this call that others can see, with status, headers and
    duration; empty where the post was live before."""
    warnings: tuple[Diagnostic, ...] = ()
    """What the network leaves out or may not like, and takes all the same."""
    note: str = ""
    """What else is to be known of it."""

    @property
    def id(self) -> str:
        """The network's id of the first segment."""
        return self.segments[0].remote_id

    @property
    def permalink(self) -> str:
        """The address of the first segment."""
        return self.segments[0].permalink

    @property
    def ids(self) -> tuple[str, ...]:
        """The network's ids of all segments."""
        return tuple(segment.remote_id for segment in self.segments)

    @property
    def permalinks(self) -> tuple[str, ...]:
        """The addresses of all segments."""
        return tuple(segment.permalink for segment in self.segments)


class Keeping(Struct, frozen=True):
    """Where a post is kept, and what was agreed to; ``Client.publish`` tells what each means."""

    journal: str | Path | None = None
    allow_duplicate: bool = False
    lock_timeout_seconds: float = LOCK_SECONDS
