"""An opened project: its settings, its posts, its providers and its state, ready for any verb."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from threadsync.config import load_project
from threadsync.content.loader import Content, Shorten, in_full, load
from threadsync.content.project import Project, StateBranch, StateBucket
from threadsync.execution.clock import Clock, SystemClock
from threadsync.execution.wanting import wanted_of
from threadsync.flows.bounds import Bounds
from threadsync.media.cache import CachedProbe
from threadsync.model.diagnostic import Diagnostic, Severity, by_place
from threadsync.model.ids import Address, TargetName
from threadsync.model.post import PostRef, Publication
from threadsync.model.references import depends_on
from threadsync.model.state import State
from threadsync.model.target import Target
from threadsync.model.urls import is_loopback
from threadsync.operations.caches import CACHE_DIRECTORY, ignored
from threadsync.operations.connections import Connect, Secrets, connect
from threadsync.operations.hosted import unhosted
from threadsync.operations.provenance import Surroundings
from threadsync.operations.rules import RULES
from threadsync.operations.sharing import in_shares, workers
from threadsync.operations.shortening import Shortening, names_others, taken
from threadsync.planning.claims import unclaimed
from threadsync.planning.inputs import LATEST, UNKNOWN_LINK, Desired, Wanted
from threadsync.planning.planner import Standing
from threadsync.providers.base import Permalinks, Provider, ProviderContext
from threadsync.providers.loading import PROVIDERS, load_provider
from threadsync.statefile.codec import STATE_BYTES_MAX
from threadsync.statefile.disk import LocalDisk
from threadsync.statefile.machine import LocalMachine
from threadsync.statefile.remote import Remote
from threadsync.statefile.store import FileStore, Store

if TYPE_CHECKING:
    from threadsync.execution.state_bucket import BucketRemote


class Declared(Struct, frozen=True):
    """What the files say, as each network would get it, with everything found wrong."""

    desired: Desired
    drafts: Mapping[Address, Wanted]
    findings: tuple[Diagnostic, ...]
    files: int

    @property
    def has_errors(self) -> bool:
        """Whether any finding is an error: then nothing may be applied."""
        return any(finding.is_error for finding in self.findings)

    def paths(self) -> dict[Address, str]:
        """Return the file of every publication and draft."""
        every = {**self.desired.publications, **self.drafts}
        files = {address: wanted.publication.location.file for address, wanted in every.items()}
        return files | {address: live.file for address, live in self.desired.live.items()}

    def media(self) -> frozenset[str]:
        """Return every media file that a publication or draft names, by its path in the project."""
        every = (*self.desired.publications.values(), *self.drafts.values())
        return frozenset(
            path
            for wanted in every
            for segment in wanted.publication.segments
            for item in segment.media
            for path in item.files.values()
        ).union(*(live.media for live in self.desired.live.values()))


class Seen(Struct, frozen=True):
    """A publication as its target would get it, and what speaks against it whatever the time is."""

    wanted: Wanted
    links: tuple[str, ...]
    """The permalinks of what it waits for; empty where they are not known."""
    is_taken: bool
    """Whether its network has it just so, so that nothing of it is checked."""
    findings: tuple[Diagnostic, ...] = ()


class LastLook(Struct):
    """What was found at the last look at a project: what is the very same value now is not asked again."""

    seen: dict[Address, Seen] = field(default_factory=dict)
    prior: State | None = None
    """The state that it was *seen* under."""
    standing: Standing = field(default_factory=Standing)


def read_posts(
    project: Project, shorten: Shorten = in_full, *, cached: bool = True, shared: bool = False
) -> Content:
    """Read all posts of *project*; unless *cached*, read every media file too, and keep nothing of it.

    What a file says may be *shortened*. Where it is to be *shared*, many posts are read by as many processes
    as may work at once.
    """
    probe = CachedProbe(project.root / CACHE_DIRECTORY / "media.json" if cached else None)
    number = workers() if shared else 1
    each = partial(in_shares, number=number, learnt=probe.learnt, learn=probe.learn)
    content = load(project, probe, each=each, shorten=shorten)
    if probe.save():
        ignored(project.root / CACHE_DIRECTORY)
    return content


class Workspace(Struct, frozen=True):
    """One project, opened. Reading it writes nothing but throw-away caches."""

    project: Project
    providers: Mapping[TargetName, Provider]
    store: Store
    clock: Clock
    connect: Connect = connect
    surroundings: Surroundings = field(default_factory=Surroundings)
    read: Callable[[Project, Shorten], Content] = read_posts
    """Reads all posts; what a file says may be shortened."""
    last: LastLook | None = None
    """Is taken from and brought up to date, for who looks at one project again and again."""
    command: str = ""
    """The command that opened it, for the API log."""
    tell: Callable[[str], None] = lambda _: None
    """Is told what is worth knowing and stops nothing."""
    allow_commands: bool = False
    """Whether commands that the project file names may be run."""

    def declared(self, prior: State | None, now: datetime, *, briefly: bool = False) -> Declared:
        """Read all posts and see them as their networks will; *briefly* leaves out what is ``live``."""
        latest = now + LATEST
        content = self.read(self.project, Shortening(prior, latest) if briefly and prior else in_full)
        findings = [_graver(each, prior) for each in content.findings]
        wanted: dict[Address, Wanted] = {}
        every = {**content.publications, **content.drafts}
        before, seen = self.last.seen if self.last is not None else {}, dict[Address, Seen]()
        is_same_state = self.last is not None and self.last.prior is prior
        alike, permalink, longest = self._alike(), _known_or("", prior), _longest(self.providers, prior)
        for address in sorted(every):
            publication, known = every[address], before.get(address)
            if (
                known is None
                or known.wanted.publication is not publication
                or (known.links and known.links != tuple(map(permalink, known.wanted.waits_for)))
                or not (is_same_state or known.is_taken == _is_taken(publication, prior))
            ):
                twin = seen.get(Address(address.key, alike[address.target]))
                known = self._seen(publication, twin, prior, longest)
            seen[address] = known
            wanted[address] = known.wanted
            findings += known.findings
            schedule = publication.control.publish
            if schedule is not None and schedule.at > latest:
                findings.append(_too_far(publication, schedule.at))
        if self.last is not None:
            self.last.seen, self.last.prior = seen, prior
        findings += self._unanswerable(wanted)
        desired = Desired(
            {address: wanted[address] for address in content.publications},
            self.project.targets,
            {name: provider.capabilities for name, provider in self.providers.items()},
            frozenset(content.drafts),
            frozenset(content.keys),
            content.broken_keys,
            content.complete,
            content.live,
            self.project.safety.outage_after,
        )
        drafts = {address: wanted[address] for address in content.drafts}
        each = dict.fromkeys(findings)  # two targets of one network find the same
        return Declared(desired, drafts, tuple(sorted(each, key=by_place)), content.files)

    def undeclared(self) -> Declared:
        """Return what no file was read for: nothing counts as removed, and nothing as declared."""
        capabilities = {name: provider.capabilities for name, provider in self.providers.items()}
        return Declared(Desired({}, self.project.targets, capabilities, complete=False), {}, (), 0)

    def _seen(
        self, publication: Publication, twin: Seen | None, prior: State | None, longest: Permalinks
    ) -> Seen:
        """See *publication* as its network will; *twin* is the same post on a target that gets just this."""
        provider = self.providers[publication.address.target]
        needed, is_taken = depends_on(publication), _is_taken(publication, prior)
        links = tuple(map(_known_or("", prior), needed))
        # One reading of a file made both, so nothing but the address tells them apart.
        same = twin if twin is not None and twin.wanted.publication.segments is publication.segments else None
        wanted = (
            Wanted(publication, same.wanted.segments, needed, same.wanted.needs)
            if same is not None
            else self._wanted(publication, provider, prior)
        )
        if is_taken:
            return Seen(wanted, links, is_taken)
        found = unhosted(publication, provider, self.project)
        if same is None or same.is_taken or same.findings or names_others(publication):
            found += provider.check(publication, longest)
            found += unclaimed(publication, provider.capabilities, found)
        return Seen(wanted, links, is_taken, tuple(found))

    def _alike(self) -> dict[TargetName, TargetName]:
        """Return for each target the first one by name that gets just what it gets of the same post."""
        found: dict[TargetName, TargetName] = {}
        for name, target in sorted(self.project.targets.items()):
            same = (
                other
                for other in found.values()
                if (known := self.project.targets[other]).provider == target.provider
                and known.settings == target.settings
            )
            found[name] = next(same, name)
        return found

    def _unanswerable(self, wanted: Mapping[Address, Wanted]) -> list[Diagnostic]:
        """Find replies to declared posts that take none."""
        found: list[Diagnostic] = []
        replies = [each for each in wanted.items() if each[1].publication.reply_to is not None]
        for address, reply in replies:
            named = reply.publication.reply_to
            above = wanted.get(named.on(address.target)) if isinstance(named, PostRef) else None
            provider = self.providers[address.target]
            kind = provider.unanswerable(above.publication) if above is not None else ""
            if above is not None and kind:
                at = reply.publication.key_locations.get("reply_to", reply.publication.location)
                problem = (
                    f"reply_to: names {above.publication.address}, which is {kind} and takes no replies."
                )
                remedy = RULES["reference/no-replies"][1]
                found.append(Diagnostic(at, "reference/no-replies", problem, remedy))
        return found

    def _wanted(self, publication: Publication, provider: Provider, prior: State | None) -> Wanted:
        shown, longest = _known_or(UNKNOWN_LINK, prior), _longest(self.providers, prior)
        return wanted_of(publication, provider, shown, longest)


def open_project(
    directory: Path | None = None, *, clock: Clock | None = None, exact: bool = False
) -> Workspace:
    """Open the project in *directory* (or the nearest one above it, unless *exact*).

    Raises:
        ProjectError: there is none, or its file has faults.
    """
    project = load_project(directory or Path.cwd(), exact=exact, providers=PROVIDERS)
    providers = {
        name: load_provider(target.provider, context_of(target, project.id))
        for name, target in project.targets.items()
    }
    clock = clock or SystemClock()
    surroundings = Surroundings()
    store = _store(project, clock, surroundings.new_id)
    return Workspace(project, providers, store, clock, surroundings=surroundings)


def _store(project: Project, clock: Clock, new_id: Callable[[], str]) -> Store:
    at = project.state
    if isinstance(at, Path):
        history = project.root / CACHE_DIRECTORY / "history"
        return FileStore(at, LocalDisk(clock.sleep), clock, LocalMachine(), history, new_id, project.id)
    from threadsync.statefile.shared import SharedStore

    remote = (
        _branch(project, at, clock) if isinstance(at, StateBranch) else bucket_of(project, at, clock, new_id)
    )
    return SharedStore(remote, at.file, clock, LocalMachine(), new_id, project.id)


def _branch(project: Project, at: StateBranch, clock: Clock) -> Remote:
    from threadsync.statefile.git import GitRemote

    return GitRemote(project.root, at.remote, at.branch, clock)


def bucket_of(project: Project, at: StateBucket, clock: Clock, new_id: Callable[[], str]) -> BucketRemote:
    """Return the bucket *at* that the state of *project* lives in; *new_id* gives a fresh text each time."""
    from threadsync.execution.bucket_asking import Asking
    from threadsync.execution.hosting_signing import signer_of
    from threadsync.execution.state_bucket import BucketRemote
    from threadsync.execution.transport import Transport

    sign = signer_of(at, partial(Secrets(project.root).of_state, at))
    send = partial(Transport(clock).exchange, bytes_max=STATE_BYTES_MAX)
    return BucketRemote(at, at.prefix, at.file, ask=Asking(sign, send), clock=clock, new_id=new_id)


def context_of(target: Target, project: str) -> ProviderContext:
    """Return what a provider is told about *target* of the project whose id is *project*."""
    loopback = target.base_url is not None and is_loopback(target.base_url)
    bounds = Bounds().overridden(target.bounds)
    return ProviderContext(
        target.name, target.settings, bounds, loopback, target.account, target.base_url, project
    )


def _is_taken(publication: Publication, prior: State | None) -> bool:
    """Whether the network has *publication* just so; what names others may be published anew as it is."""
    if depends_on(publication) or names_others(publication):
        return False
    return taken(publication, prior) is not None


def _known_or(unknown: str, prior: State | None) -> Permalinks:
    def permalink(address: Address) -> str:
        binding = prior.bindings.get(address) if prior is not None else None
        known = binding.segments[0].permalink if binding is not None and binding.segments else ""
        return known or unknown

    return permalink


def _longest(providers: Mapping[TargetName, Provider], prior: State | None) -> Permalinks:
    """Return what a link still to be made counts as: the longest permalink of its network."""

    def permalink(address: Address) -> str:
        provider = providers.get(address.target)
        length = provider.capabilities.permalink_characters_max if provider is not None else 0
        return _known_or("https://".ljust(length, "x"), prior)(address)

    return permalink


def _graver(finding: Diagnostic, prior: State | None) -> Diagnostic:
    """Make a missing or empty posts folder an error where posts are live: it is no removal (law 5)."""
    if finding.rule != "file/no-posts" or prior is None or not prior.bindings:
        return finding
    bound = "1 publication" if len(prior.bindings) == 1 else f"{len(prior.bindings)} publications"
    return replace(
        finding,
        severity=Severity.ERROR,
        problem=f"{finding.problem} The state binds {bound}.",
        remedy="Bring the folder back, or correct posts: in threadsync.yaml. Nothing counts as removed.",
    )


def _too_far(publication: Publication, at: datetime) -> Diagnostic:
    return Diagnostic(
        publication.key_locations.get("publish", publication.location),
        "schedule/too-far-ahead",
        f"{at:%Y-%m-%d} is more than 18 months ahead.",
        "Check the year; a post that far ahead is a slip more often than a plan.",
    )
