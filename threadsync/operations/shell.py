"""The shell of one run: connections, credentials and media hosts of the targets it touches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from threadsync.execution.logged import Errand
from threadsync.execution.scheduler import Scheduler
from threadsync.execution.seams import JournalSink, Watcher
from threadsync.flows.bounds import Bounds
from threadsync.model.facts import Facts, MediaProblem
from threadsync.model.ids import MediaDigest, TargetName
from threadsync.model.post import Card
from threadsync.operations.connections import Connections
from threadsync.operations.workspace import Declared, Workspace, context_of
from threadsync.planning.actions import Create, Extend, Plan, Replace
from threadsync.planning.references import links_of

STOP_SECONDS = 4.5
"""How long after a signal everything is over: requests in flight, and what they did put on record.

An intent is on record before its request goes out, so whatever does not fit in is settled by the next run.
"""


class _CheckingEnded(BaseException):
    """The run is to end while a media host is asked; like an interrupt, nothing on the way may catch it."""


class Shell(Struct):
    """Makes schedulers that share one pool of connections; ``stop`` reaches the one that runs."""

    workspace: Workspace
    connections: Connections
    journal: JournalSink
    watcher: Watcher
    _running: Scheduler | None = None
    _stopped: bool = False
    _checking: bool = False

    def scheduler(self) -> Scheduler:
        """Return a scheduler for the next stretch of work."""
        self._running = Scheduler(
            performer=self.connections.performer,
            clock=self.workspace.clock,
            journal=self.journal,
            host=self.connections.url_of,
            bounds_of=self.bounds_of,
            watcher=self.watcher,
        )
        if self._stopped:
            self._running.stop()
        return self._running

    def bounds_of(self, target: TargetName) -> Bounds:
        """Return the bounds that *target* runs under."""
        return context_of(self.workspace.project.targets[target], self.workspace.project.id).bounds

    def stop(self) -> None:
        """Start nothing more, and be done soon; safe to call from a signal handler."""
        self._stopped = True
        self.journal.hurry(STOP_SECONDS)
        if self._running is not None:
            self._running.stop()
        if self._checking:
            raise _CheckingEnded

    @property
    def stopped(self) -> bool:
        """Whether the run is to end."""
        return self._stopped

    def media_problems(self, plan: Plan) -> dict[tuple[TargetName, MediaDigest], MediaProblem]:
        """Compare what the media hosts serve with the files on disk, for all that *plan* would publish.

        A slow host is not waited for once the run is to end; what is returned then is incomplete.
        """
        wanted = {
            (action.address.target, digest)
            for action in plan.effective
            if isinstance(action, Create | Extend | Replace)
            and self.workspace.providers[action.address.target].capabilities.fetches_media
            for segment in action.segments
            for digest in segment.media_digests
        }
        problems: dict[tuple[TargetName, MediaDigest], MediaProblem | None] = {}
        try:
            self._checking = True
            for each in () if self._stopped else sorted(wanted):
                problems[each] = self.connections.check(*each)
        except _CheckingEnded:
            pass  # ``stopped`` says it
        finally:
            self._checking = False
        return {each: problem for each, problem in problems.items() if problem is not None}

    def cards(self, plan: Plan) -> dict[tuple[TargetName, str], Card]:
        """Read the link cards of all that *plan* would publish where the network has us make them.

        As with ``media_problems``, a slow page is not waited for once the run is to end.
        """
        found: dict[tuple[TargetName, str], Card] = {}
        try:
            self._checking = True
            for target in sorted({action.address.target for action in plan.effective}):
                provider = self.workspace.providers.get(target)
                limits = provider.capabilities.thumbs if provider is not None else None
                if limits is None or self._stopped:
                    continue
                for url in links_of(plan, target):
                    found[target, url] = self.connections.card(target, url, limits)
        except _CheckingEnded:
            pass  # ``stopped`` says it
        finally:
            self._checking = False
        return found


@contextmanager
def opened(
    workspace: Workspace,
    files: Mapping[MediaDigest, Path],
    journal: JournalSink,
    watcher: Watcher,
    run: str | None = None,
) -> Iterator[Shell]:
    """Open the connections of a run and close them after it; a run without a name is given one."""
    errand = Errand(workspace.command, run or new_run(workspace), workspace.tell, workspace.allow_commands)
    with workspace.connect(
        workspace.project, workspace.providers, files, workspace.clock, errand
    ) as connections:
        yield Shell(workspace, connections, journal, watcher)


def new_run(workspace: Workspace) -> str:
    """Return a name for a run, which no other has."""
    return workspace.surroundings.new_id()[:12]


def card_files(workspace: Workspace, facts: Facts) -> dict[MediaDigest, Path]:
    """Return where the picture of each link card is."""
    thumbs = (card.thumb for card in facts.cards.values())
    return {each.facts.digest: workspace.project.root / each.path for each in thumbs if each is not None}


def media_files(workspace: Workspace, declared: Declared) -> dict[MediaDigest, Path]:
    """Return where each declared media file is, and each rendition of one."""
    root = workspace.project.root
    every = (*declared.desired.publications.values(), *declared.drafts.values())
    media = [item for each in every for segment in each.publication.segments for item in segment.media]
    renditions = [item.rendition for item in media if item.rendition is not None]
    return {
        **{digest: root / path for item in media for digest, path in item.files.items()},
        **{each.facts.digest: root / each.path for each in renditions},
    }
