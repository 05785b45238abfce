"""What the files declare: a post merged with defaults and overrides for one target.

A ``Publication`` holds every key of the post format, also those a network cannot honour: the
provider says which, and nothing is dropped on the way (law 10).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct, field

from threadsync.model.diagnostic import Location
from threadsync.model.ids import Address, ContentDigest, Json, MediaDigest, PostKey, RemoteId, TargetName
from threadsync.model.text import Spans


class AudioFacts(Struct, frozen=True):
    """The first audio track of a video; *codec* is FFmpeg's name (``aac``)."""

    codec: str
    sample_rate_hz: int
    channels: int
    bits_per_second: int
    """On average; 0 where the file does not tell."""


class VideoFacts(Struct, frozen=True):
    """What of a video decides whether a network takes it; *codec* is FFmpeg's name (``h264``, ``hevc``)."""

    duration_seconds: float
    codec: str
    frames_per_second: float
    """On average; 0 where the file does not tell."""
    bits_per_second: int
    """Of the pictures, on average."""
    chroma: str
    """How colour is sampled: ``4:2:0``, ``4:2:2``, ``4:4:4`` …"""
    interlaced: bool
    full_range: bool
    """Whether brightness uses all values (``yuvj420p``, ``pc``), and not those of television."""
    moov_first: bool
    """Whether the index stands before the pictures, so that a reader need not fetch the file's end first."""
    has_edit_list: bool
    audio: AudioFacts | None = None


class MediaFacts(Struct, frozen=True):
    """What probing a media file found; *kind* is ``image``, ``video``, ``captions`` or ``unknown``."""

    digest: MediaDigest
    size_bytes: int
    kind: str
    format: str
    """The container's usual name in capitals: JPEG, PNG, WEBP, GIF, MP4, VTT …"""
    width: int
    """In pixels as a viewer shows it, like *height*; 0 where it is not read."""
    height: int
    animated: bool = False
    """Whether it is a picture that moves (GIF, WebP, PNG)."""
    video: VideoFacts | None = None
    """What is in a video; None where nothing that reads videos is installed."""
    has_metadata: bool = False
    """Whether a JPEG or PNG says more than its pixels: where it was taken, which way it is turned …"""


class Rendition(Struct, frozen=True):
    """What is sent in place of a picture that breaks a limit (``fit: true``), or says more than it should.

    *path* is as in ``Media``.
    """

    path: str
    facts: MediaFacts


class Caption(Struct, frozen=True):
    """What is said in a video, as a file of texts with their times; *path* as in ``Media``."""

    lang: str
    """As a BCP 47 tag."""
    path: str
    facts: MediaFacts


class Media(Struct, frozen=True):
    """One media file of a segment; *path* is relative to the project, with forward slashes."""

    path: str
    facts: MediaFacts
    alt: str
    location: Location
    rendition: Rendition | None = None
    captions: tuple[Caption, ...] = ()
    """One a language, in the order of the languages' tags."""

    @property
    def digest(self) -> MediaDigest:
        """The sha256 of the declared file's bytes; the content digest covers it, never a rendition's."""
        return self.facts.digest

    @property
    def sent(self) -> MediaFacts:
        """What the network gets: the rendition, or else the file itself."""
        return self.facts if self.rendition is None else self.rendition.facts

    @property
    def files(self) -> Mapping[MediaDigest, str]:
        """Every file of the project that belongs to it, by its digest: its own, and its captions."""
        return {self.digest: self.path, **{each.facts.digest: each.path for each in self.captions}}


class Card(Struct, frozen=True):
    """The card under a segment with ``link:``, as the page at *url* describes itself."""

    url: str
    title: str
    description: str = ""
    thumb: Rendition | None = None
    """Its picture."""
    problem: str = ""
    """Why it lacks something; empty where the page said all there is."""


class PostRef(Struct, frozen=True):
    """Another post of this project: by key (on the same target) or by address."""

    key: PostKey
    target: TargetName | None = None

    def on(self, target: TargetName) -> Address:
        """Return the address meant, seen from a publication on *target*."""
        return Address(self.key, self.target or target)


class RemoteRef(Struct, frozen=True):
    """A post known by the network's id (``id:…``) or by its permalink."""

    remote_id: RemoteId | None = None
    permalink: str | None = None


Reference: TypeAlias = PostRef | RemoteRef


class Segment(Struct, frozen=True):
    """One part of a post; a post with several becomes a reply chain.

    *source* is the text as written (line-end white space stripped); *spans* is what it means.
    """

    source: str
    spans: Spans
    media: tuple[Media, ...] = ()
    link: str | None = None
    poll: Mapping[str, Json] | None = None
    quote: Reference | None = None
    options: Mapping[str, Json] = field(default_factory=dict)
    """The network's own options of this segment."""
    digest: ContentDigest = ContentDigest("")
    """Covers this segment's content; the first one's covers the whole post's keys too."""
    location: Location = Location("")
    card: Card | None = None
    """Of ``link``, where its page was read; it is no part of the content."""


class IfLate(StrEnum):
    """What becomes of a post whose window has passed."""

    ASK = "ask"
    PUBLISH = "publish"
    SKIP = "skip"


class Schedule(Struct, frozen=True):
    """When a post goes out: at *at* (an aware time), or up to *window* later."""

    at: datetime
    zone: str
    window: timedelta = timedelta(hours=1)
    if_late: IfLate = IfLate.ASK


class OnChange(StrEnum):
    """What a change to a published post means where the network cannot edit it."""

    BLOCK = "block"
    KEEP = "keep"
    REPLACE = "replace"


class OnRemove(StrEnum):
    """What removing a file means for its live post."""

    FORGET = "forget"
    DELETE = "delete"


class ReplaceConsent(Struct, frozen=True):
    """``replace: {of: …, why: …}``: consent to replace one live post, valid once."""

    of: RemoteId
    why: str


class Control(Struct, frozen=True):
    """The keys that steer threadsync and are never part of what readers see."""

    publish: Schedule | None = None
    draft: bool = False
    withdraw: bool = False
    protect: bool = False
    on_change: OnChange = OnChange.BLOCK
    on_remove: OnRemove = OnRemove.FORGET
    replace: ReplaceConsent | None = None
    republish: bool = False
    moved_from: PostKey | None = None
    backfill: bool = False
    fit: bool = False


class Publication(Struct, frozen=True):
    """One post on one target, as declared; *digest* covers content, audience and decoration."""

    address: Address
    segments: tuple[Segment, ...]
    control: Control
    location: Location
    digest: ContentDigest
    reply_to: Reference | None = None
    repost: Reference | None = None
    who_can_reply: str | None = None
    tags: tuple[str, ...] = ()
    langs: tuple[str, ...] = ()
    number: str | None = None
    options: Mapping[str, Json] = field(default_factory=dict)
    """The block of the network's own name."""
    key_locations: Mapping[str, Location] = field(default_factory=dict)
    """Where each declared key stands, for diagnostics; ``overrides`` point at the override."""

    def numbering(self, index: int) -> str:
        """Return what ``number:`` writes behind the text of a segment of a chain; elsewhere nothing."""
        return numbering(self.number, index, len(self.segments))


def numbering(number: str | None, index: int, total: int) -> str:
    """Return *number* for the segment *index* (from 0) of *total*; a single post is not numbered."""
    if number is None or total < 2:
        return ""
    return number.replace("{i}", str(index + 1)).replace("{n}", str(total))
