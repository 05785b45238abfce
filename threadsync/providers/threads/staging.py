"""Making what nobody sees: the container of a segment, and a carousel's children before it.

Making a container twice harms nobody: one that is not published is gone after 24 hours. Each id is
put on record, so that an interrupted run takes up what it had.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from threadsync.errors import Unanswered
from threadsync.flows.bounds import Bounds
from threadsync.flows.core import gather, host, now, record, wait
from threadsync.flows.effects import Flow
from threadsync.flows.retry import PASSING_OR_FRESH, poll_seconds, retried
from threadsync.model.fault import Fault, FaultClass
from threadsync.model.ids import MediaDigest, RemoteId
from threadsync.model.journal import Rendered, Staged
from threadsync.providers.base import Refused, Work
from threadsync.providers.threads import api, convert

CONTAINER = "container"
CHILD = "child-"


def container_name(parent: RemoteId | None) -> str:
    """Name the container of a segment: what it replies to is fixed in it, so another parent needs another."""
    return CONTAINER if parent is None else f"{CONTAINER} under {parent}"


@dataclass(frozen=True, slots=True)
class Container:
    """One container and the server's time when it was made; its post cannot be older."""

    id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AlreadyPublished:
    """A container of ours turns out to be live; its post must be found, not made again."""

    container: Container


def unanswered(error: Unanswered) -> Fault:
    """Return an answer that never came as a fault, for the report."""
    return Fault(
        FaultClass.TRANSIENT, error.problem, "Run apply again; it goes on where it stopped.", "no-answer"
    )


@dataclass(frozen=True, slots=True)
class Stager:
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
        kind = convert.kind_of(self.what)
        text, name = self.what.text or None, container_name(self.parent)
        if kind == "text":
            return (yield from self._stage(name, media_type="TEXT", text=text))
        urls = yield from self._urls()
        if isinstance(urls, Refused):
            return urls
        if kind == "image":
            return (
                yield from self._stage(
                    name,
                    media_type="IMAGE",
                    text=text,
                    image_url=urls[0],
                    alt_text=self.what.alts[0] or None,
                )
            )
        children = yield from gather(
            [
                self._child(number, url, alt, staged.get(f"{CHILD}{number}"))
                for number, (url, alt) in enumerate(zip(urls, self.what.alts, strict=True))
            ]
        )
        ids: list[str] = []
        for child in children:
            if isinstance(child, Refused):
                return child
            ids.append(child.id)
        return (yield from self._stage(name, media_type="CAROUSEL", text=text, children=ids))

    def _urls(self) -> Flow[list[str] | Refused]:
        urls: list[str] = []
        for digest in self.what.media:
            hosted = yield from host(MediaDigest(digest))
            if hosted.url is None:
                fault = Fault(
                    FaultClass.MEDIA,
                    f"a picture has no public address: {hosted.problem}",
                    "See media_hosts in the project file.",
                    "no-public-url",
                )
                return self.refused(fault)
            urls.append(hosted.url)
        return urls

    def _child(self, number: int, url: str, alt: str, known: Container | None) -> Flow[Container | Refused]:
        if known is not None and isinstance((yield from self.finished(known)), Container):
            return known
        made = yield from self._stage(
            f"{CHILD}{number}", media_type="IMAGE", image_url=url, alt_text=alt or None, is_carousel_item=True
        )
        if isinstance(made, Refused):
            return made
        finished = yield from self.finished(made)
        return finished if isinstance(finished, Refused) else made

    def _stage(
        self,
        name: str,
        *,
        media_type: str,
        text: str | None = None,
        image_url: str | None = None,
        alt_text: str | None = None,
        is_carousel_item: bool = False,
        children: Sequence[str] = (),
    ) -> Flow[Container | Refused]:
        """Make one container and put its id on record; making one twice harms nobody."""
        reply_to = None if is_carousel_item else self.parent

        def make() -> Flow[api.Created]:
            return api.create_container(
                media_type,
                text=text,
                image_url=image_url,
                alt_text=alt_text,
                is_carousel_item=is_carousel_item,
                children=children,
                reply_to_id=reply_to,
            )

        # NOT_READY: a parent published seconds ago, or children not yet seen by the node that is asked.
        made = yield from retried(make, self.bounds, why="Threads", on=PASSING_OR_FRESH)
        match made:
            case Fault():
                return self.refused(made)
            case Unanswered():
                return self.refused(unanswered(made))
        at = made.exchange.server_time or (yield from now())
        yield from record(Staged(self.work.address, self.what.index, self.what.digest, name, made.id, at))
        return Container(made.id, at)

    def finished(self, container: Container) -> Flow[Container | AlreadyPublished | Refused]:
        """Wait until *container* is FINISHED and return it, or say why it never will be."""
        polls, waited = 0, 0.0
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
                case api.ContainerStatus(status="ERROR", error_message=message) if message in {"", "UNKNOWN"}:
                    return self._rebuild("Threads could not process its media and does not say why (UNKNOWN)")
                case api.ContainerStatus(status="ERROR", error_message=message):
                    remedy = "Check the media file against Threads' specifications."
                    problem = f"Threads could not process the media: {message}"
                    return self.refused(Fault(FaultClass.MEDIA, problem, remedy, "container-error"))
            if waited >= self.bounds.poll_total_seconds:
                problem = f"Threads still processes the media after {waited:.0f} s"
                return self.refused(
                    Fault(FaultClass.TRANSIENT, problem, "Run apply again later.", "container-in-progress")
                )
            pause = poll_seconds(polls, self.bounds)
            yield from wait(pause, "Threads to process the media")
            polls, waited = polls + 1, waited + pause

    def _rebuild(self, problem: str) -> Refused:
        return self.refused(Fault(FaultClass.NOT_READY, problem, "Run apply again.", "container-unusable"))

    def refused(self, fault: Fault) -> Refused:
        """Return *fault* as what became of this segment."""
        if fault.kind is FaultClass.QUOTA:
            # Replies have an allowance of their own (docs/threads/overview#rate-limiting).
            fault = replace(fault, allowance="posts" if self.parent is None else "replies")
        return Refused(fault, self.what.index)
