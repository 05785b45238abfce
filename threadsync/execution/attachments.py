"""Pictures and videos that a program attaches to a post: paths, bytes and addresses, each looked at once."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, Final

from msgspec.structs import replace

from threadsync.content.escape import is_name, shown
from threadsync.content.media import Found, MediaFinder
from threadsync.content.rules import finding
from threadsync.execution.cards import Cards, FetchPage
from threadsync.execution.hosting_file import media_file
from threadsync.execution.hosting_probe import (
    AGENT,
    FETCH_BYTES_PER_SECOND,
    FETCH_SECONDS,
    Prober,
    named,
)
from threadsync.execution.publish_said import Attachment, MediaLike
from threadsync.flows.effects import NoResponse
from threadsync.media.probe import probe
from threadsync.media.rendition import RenditionProblem, Renditions
from threadsync.model.capabilities import PictureLimits
from threadsync.model.diagnostic import Diagnostic, Location
from threadsync.model.facts import MediaProblem
from threadsync.model.ids import Json, MediaDigest, PublicUrl
from threadsync.model.post import Card, Media, MediaFacts, Publication
from threadsync.model.urls import is_loopback

ADDRESS_BYTES_MAX: Final = 1_100_000_000
"""How much is read of an address: a little more than the largest video that any network here takes."""


class _Stoppable:
    """A file that takes nothing more once *check_stopped* raises."""

    def __init__(self, file: BinaryIO, check_stopped: Callable[[], None]) -> None:
        self._file = file
        self._check_stopped = check_stopped

    def write(self, data: bytes, /) -> None:
        """See ``Sink.write``."""
        self._check_stopped()
        self._file.write(data)


class Attachments:
    """What is attached to one post. *folder* takes what is no file yet, for as long as the post is made.

    A program's texts may come from strangers, so a picture that a text names is none of the post's: only
    what was added is found. *check_stopped* raises once nothing more is to be looked at.
    """

    def __init__(
        self, folder: Path, fetch: FetchPage, prober: Prober, check_stopped: Callable[[], None] = lambda: None
    ) -> None:
        self._folder = folder
        self._fetch = fetch
        self._prober = prober
        self._check_stopped = check_stopped
        self._unguessed = uuid.uuid4().hex  # so that no text can name what was added
        self._found: dict[str, tuple[str, Found]] = {}
        self.files: dict[MediaDigest, Path] = {}
        """Where each file is."""
        self.urls: dict[MediaDigest, PublicUrl] = {}
        """Where the network fetches those from that were given by their address."""

    def add(self, media: Sequence[MediaLike]) -> list[Json]:
        """Look at *media*, and return the ``media:`` of a post that names them."""
        return [self._add(each if isinstance(each, Attachment) else Attachment(each)) for each in media]

    def find(self, src: str, folder: str, location: Location) -> tuple[str, MediaFacts] | Diagnostic:
        """See ``Finder.find``."""
        if src not in self._found:
            problem = f"the text names the picture {shown(src)}, and what a post has is given with it."
            return finding("media/missing", location, problem, r"Give it in media, or write \![ in the text.")
        name, known = self._found[src]
        if isinstance(known, MediaFacts):
            return name, known
        rule, problem, remedy = known
        if rule == "media/missing":
            remedy = remedy or "Correct the path: it is relative to the working folder."
        return finding(rule, location, f"{name} {problem}", remedy)

    def fitted(
        self, publication: Publication, limits: PictureLimits | None
    ) -> tuple[Publication, list[Diagnostic]]:
        """Return *publication* with a rendition of each picture that needs one under *limits*."""
        if limits is None:
            return publication, []
        findings: list[Diagnostic] = []
        fit = publication.control.fit
        segments = tuple(
            replace(
                each,
                media=tuple(
                    self._fitted(item, limits.of_copy(item.facts, fit=fit), findings) for item in each.media
                ),
            )
            for each in publication.segments
        )
        return replace(publication, segments=segments), findings

    def card(self, url: str, limits: PictureLimits) -> Card:
        """Return the link card of the page at *url*, its picture within *limits*; see ``Cards.read``."""
        card = Cards(self._fetch, self._folder).read(url, limits, at_home=self._prober.at_home)
        if card.thumb is not None:
            self.files[card.thumb.facts.digest] = self._folder / card.thumb.path
        return card

    def _fitted(self, item: Media, limits: PictureLimits | None, findings: list[Diagnostic]) -> Media:
        if limits is None:
            return item
        try:
            made = Renditions(self._folder).of(str(self.files[item.digest]), item.facts, limits)
        except RenditionProblem as problem:
            remedy = "Save the picture within the network's limits."
            said = f"{item.path} {problem}."
            findings.append(Diagnostic(item.location, "media/not-fitted", said, remedy))
            return item
        self.files[made.facts.digest] = self._folder / made.path
        return replace(item, rendition=made)

    def _add(self, given: Attachment) -> dict[str, Json]:
        named: dict[str, Json] = {"src": self._taken(given.file), "alt": given.alt}
        if given.captions:
            named["captions"] = {lang: self._taken(file) for lang, file in given.captions.items()}
        return named

    def _taken(self, file: str | Path | bytes) -> str:
        """Look at *file*, and return what the post calls it."""
        self._check_stopped()
        src = f"{self._unguessed}-{len(self._found) + 1}"
        match file:
            case bytes() as data:
                self._found[src] = src, self._bytes(data)
            case str() as url if url.startswith(("https://", "http://")):
                self._found[src] = named(url), self._address(PublicUrl(url))
            case path:
                self._found[src] = shown(str(path)), self._file(Path(path))
        return src

    def _file(self, path: Path) -> Found:
        if not is_name(str(path)):
            return "media/name", "has a name with characters that cannot be shown.", None
        real = Path(os.path.realpath(path))
        found = MediaFinder(real.parent, probe).at(real.name)
        if isinstance(found, MediaFacts):
            self.files[found.digest] = path.absolute()
        return found

    def _bytes(self, data: bytes) -> Found:
        path = self._folder / f"{len(self._found)}"
        path.write_bytes(data)
        return self._named(path, self._file(path))

    def _address(self, url: PublicUrl) -> Found:
        path = self._folder / f"{len(self._found)}"
        with path.open("wb") as file:
            served = self._fetch(
                url,
                bytes_max=ADDRESS_BYTES_MAX,
                timeout_seconds=FETCH_SECONDS + ADDRESS_BYTES_MAX / FETCH_BYTES_PER_SECOND,
                agent=AGENT,
                whole=True,
                public_only=not (self._prober.at_home and is_loopback(url)),
                into=_Stoppable(file, self._check_stopped),
            )
        if isinstance(served, NoResponse):
            remedy = "Check the address; it must be reachable from everywhere."
            return "media/unusable", f"cannot be fetched: {served.reason}.", remedy
        found = self._named(path, self._file(path))
        digest = found.digest if isinstance(found, MediaFacts) else MediaDigest(served.sha256)
        whole = media_file(digest, self.files.get(digest, path))
        seen = None if isinstance(whole, MediaProblem) else self._prober.look(url, whole)
        if seen is not None:
            return "media/unusable", f"cannot be used: {seen.problem.problem}.", seen.problem.remedy
        if isinstance(found, MediaFacts):
            self.urls[found.digest] = url
        return found

    def _named(self, path: Path, found: Found) -> Found:
        """Give a file of ours the ending of its format: networks go by the end of an address."""
        if isinstance(found, MediaFacts):
            file = media_file(found.digest, path)
            if not isinstance(file, MediaProblem):
                self.files[found.digest] = path.rename(path.with_suffix(file.suffix))
        return found
