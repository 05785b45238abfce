"""Making what nobody sees: the container of a segment, and a carousel's children before it.

Making a container twice harms nobody: one that is not published is gone after 24 hours. Each id is
put on record, so that an interrupted run takes up what it had.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from threadsync.errors import Unanswered
from threadsync.flows.bounds import Bounds
from threadsync.flows.core import gather, host, now, record, wait
from threadsync.flows.effects import Flow
from threadsync.flows.retry import PASSING_OR_FRESH, poll_seconds, retried
from threadsync.model.fault import Fault, FaultClass
from threadsync.model.ids import MediaDigest, RemoteId
from threadsync.model.journal import Rendered, Staged
from threadsync.providers.base import Refused, Work
from threadsync.providers.threads import api_publishing as api
from threadsync.providers.threads import convert

CONTAINER = "container"
CHILD = "child-"


def container_name(what: Rendered, parent: RemoteId | None) -> str:
    """Name the container of a segment: what it replies to and quotes is fixed in it; others need another."""
    under = "" if parent is None else f" under {parent}"
    return f"{CONTAINER}{under}" if what.quotes is None else f"{CONTAINER}{under} quoting {what.quotes}"


class Container(Struct, frozen=True):
    """One container and the server's time when it was made; its post cannot be older."""

    id: str
    at: datetime


class AlreadyPublished(Struct, frozen=True):
    """A container of ours turns out to be live; its post must be found, not made again."""

    container: Container


class _Single(Struct, frozen=True):
    """One picture or video at a public address; *media_type* is ``IMAGE`` or ``VIDEO``."""

    media_type: str
    url: str
    alt: str | None


def unanswered(error: Unanswered) -> Fault:
    """Return an answer that never came as a fault, for the report."""
    return Fault(
        FaultClass.TRANSIENT, error.problem, "Run apply again; it goes on where it stopped.", "no-answer"
    )


class _Patience(Struct):
    """How often media were looked at, and how long was waited for them in between."""

    polls: int = 0
    waited_seconds: float = 0.0


class Stager(Struct, frozen=True):
    """The staging flows of one segment: *what* under *parent*, for *work*, within *bounds*."""

    work: Work
    what: Rendered
    parent: RemoteId | None
    bounds: Bounds

    def ready(
        self, container: Container | None, staged: dict[str, Container]
    ) -> Flow[Container | AlreadyPublished | Refused]:
        """Return a container that is FINISHED, making what is missing."""
        if container is not None:
            finished = yield from self.finished(container)
            if not isinstance(finished, Refused) or finished.fault.kind is not FaultClass.NOT_READY:
                return finished
            staged = {}
        made = yield from self._make(staged)
        return made if isinstance(made, Refused) else (yield from self.finished(made))

    def _make(self, staged: dict[str, Container]) -> Flow[Container | Refused]:
        """Make the container; a carousel's children first, side by side."""
        text, name = self.what.text or None, container_name(self.what, self.parent)
        if not self.what.media:
            return (yield from self._stage(name, "TEXT", text=text))
        urls = yield from self.urls()
        if isinstance(urls, Refused):
            return urls
        types = convert.media_types(self.what) or ("IMAGE",) * len(urls)
        media = [
            _Single(media_type, url, alt or None)
            for media_type, url, alt in zip(types, urls, self.what.alts, strict=True)
        ]
        if len(media) == 1:
            return (yield from self._stage(name, media[0].media_type, text=text, single=media[0]))
        children = yield from gather(
            [
                self._child(number, single, staged.get(f"{CHILD}{number}"))
                for number, single in enumerate(media)
            ]
        )
        # Looked at in turn, on one clock: while the first is waited for, no other is asked about.
        ids, patience = list[str](), _Patience()
        if any(child not in staged.values() for child in children):
            # When a single one would be looked at first, the slowest of several is hardly ever ready.
            yield from self._pause(patience)
        for child in children:
            if isinstance(child, Refused):
                return child
            finished = yield from self.finished(child, patience)
            if isinstance(finished, Refused):
                return finished
            ids.append(child.id)
        return (yield from self._stage(name, "CAROUSEL", text=text, children=ids))

    def urls(self) -> Flow[list[str] | Refused]:
        """Return where the media are; several files are brought there side by side."""
        urls: list[str] = []
        wanted = [host(MediaDigest(digest), self.bounds) for digest in self.what.media]
        for hosted in (yield from gather(wanted)) if len(wanted) > 1 else [(yield from wanted[0])]:
            if hosted.url is None:
                fault = Fault(
                    FaultClass.MEDIA,
                    f"a media file has no public address: {hosted.problem}",
                    hosted.remedy or "See media_hosts in the project file.",
                    "no-public-url",
                )
                return self.refused(fault)
            urls.append(hosted.url)
        return urls

    def _child(self, number: int, single: _Single, known: Container | None) -> Flow[Container | Refused]:
        if known is not None and isinstance((yield from self.finished(known)), Container):
            return known
        return (
            yield from self._stage(
                f"{CHILD}{number}", single.media_type, single=single, is_carousel_item=True
            )
        )

    def _stage(
        self,
        name: str,
        media_type: str,
        *,
        text: str | None = None,
        single: _Single | None = None,
        is_carousel_item: bool = False,
        children: Sequence[str] = (),
    ) -> Flow[Container | Refused]:
        """Make one container and put its id on record; making one twice harms nobody."""
        said = {
            "media_type": media_type,
            "text": text,
            "image_url": single.url if single is not None and media_type == "IMAGE" else None,
            "video_url": single.url if single is not None and media_type == "VIDEO" else None,
            "alt_text": single.alt if single is not None else None,
            "is_carousel_item": "true" if is_carousel_item else None,
            "children": ",".join(children) or None,
            "reply_to_id": None if is_carousel_item else self.parent,
        }
        parameters = {name: value for name, value in said.items() if value is not None}
        if not is_carousel_item:
            parameters |= convert.parameters_of(self.what)
        # NOT_READY: a parent published seconds ago, or children not yet seen by the node that is asked.
        made = yield from retried(
            lambda: api.container_of(parameters), self.bounds, why="Threads", on=PASSING_OR_FRESH
        )
        match made:
            case Fault():
                return self.refused(made)
            case Unanswered():
                return self.refused(unanswered(made))
        at = made.exchange.server_time or (yield from now())
        yield from record(Staged(self.work.address, self.what.index, self.what.digest, name, made.id, at))
        if single is not None:
            # Media are never ready at once: a look now would be for nothing.
            first_seconds = min(self.bounds.poll_first_seconds, self.bounds.poll_longest_seconds)
            yield from wait(first_seconds, "Threads to process the media")
        return Container(made.id, at)

    def finished(
        self, container: Container, patience: _Patience | None = None
    ) -> Flow[Container | AlreadyPublished | Refused]:
        """Wait until *container* is FINISHED and return it, or say why it never will be.

        *patience* is what was spent on its siblings; all of them together are waited for as long as one.
        """
        spent = patience or _Patience()
        while True:
            status = yield from retried(
                lambda: api.container_status(container.id), self.bounds, why="Threads", on=PASSING_OR_FRESH
            )
            match status:
                case Unanswered():
                    return self.refused(unanswered(status))
                case Fault(kind=FaultClass.GONE | FaultClass.NOT_READY):
                    return self.refused(replace(status, kind=FaultClass.NOT_READY))
                case Fault():
                    return self.refused(status)
                case api.ContainerStatus(status="FINISHED"):
                    return container
                case api.ContainerStatus(status="PUBLISHED"):
                    return AlreadyPublished(container)
                case api.ContainerStatus(status="EXPIRED"):
                    return self._rebuild("its container expired")
                case api.ContainerStatus(status="ERROR", error_message=message) if message in {
                    None,
                    "UNKNOWN",
                }:
                    return self._rebuild("Threads could not process its media and does not say why (UNKNOWN)")
                case api.ContainerStatus(status="ERROR", error_message=message):
                    remedy = "Check the media file against Threads' specifications."
                    problem = f"Threads could not process the media: {message}"
                    return self.refused(Fault(FaultClass.MEDIA, problem, remedy, "container-error"))
            if spent.waited_seconds >= self.bounds.poll_total_seconds:
                problem = f"Threads still processes the media after {spent.waited_seconds:.0f} s"
                return self.refused(
                    Fault(FaultClass.TRANSIENT, problem, "Run apply again later.", "container-in-progress")
                )
            yield from self._pause(spent)

    def _pause(self, spent: _Patience) -> Flow[None]:
        pause = poll_seconds(spent.polls, self.bounds)
        yield from wait(pause, "Threads to process the media")
        spent.polls, spent.waited_seconds = spent.polls + 1, spent.waited_seconds + pause

    def _rebuild(self, problem: str) -> Refused:
        return self.refused(Fault(FaultClass.NOT_READY, problem, "Run apply again.", "container-unusable"))

    def refused(self, fault: Fault) -> Refused:
        """Return *fault* as what became of this segment."""
        if fault.kind is FaultClass.QUOTA:
            # Replies have an allowance of their own (docs/threads/overview#rate-limiting).
            fault = replace(fault, allowance="posts" if self.parent is None else "replies")
        return Refused(fault, self.what.index)
