"""What is to be published with the renditions that its pictures need.

They need one with ``fit: true`` where they break a limit, and always where they say more than their pixels
to a network that passes them on as they are.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from threadsync.media.rendition import RenditionProblem, Renditions
from threadsync.model.capabilities import PictureLimits
from threadsync.model.diagnostic import Diagnostic, by_place
from threadsync.model.ids import Address
from threadsync.model.post import Media
from threadsync.model.state import State
from threadsync.operations.caches import CACHE_DIRECTORY, ignored
from threadsync.operations.rules import RULES
from threadsync.operations.workspace import Declared, Workspace
from threadsync.planning.inputs import Wanted
from threadsync.planning.planner import shared


def fitted(workspace: Workspace, declared: Declared, prior: State | None) -> Declared:
    """Return *declared* with a rendition for each picture that needs one, as far as it may be published.

    Renditions are made here, or found where an earlier run left them; what is live needs none any more.
    """
    renditions = Renditions(workspace.project.root)
    made: dict[Address, Wanted] = {}
    findings: list[Diagnostic] = []
    for address, wanted in declared.desired.publications.items():
        limits = declared.desired.capabilities[address.target].pictures
        if limits is not None and any(_needed(wanted, limits, prior)):
            ignored(workspace.project.root / CACHE_DIRECTORY)
            made[address] = _fitted(renditions, wanted, limits, prior, findings)
    if not made:
        return declared
    desired = replace(declared.desired, publications={**declared.desired.publications, **made})
    every = tuple(sorted((*declared.findings, *findings), key=by_place))
    return replace(declared, desired=desired, findings=every)


def tidy(workspace: Workspace, declared: Declared, prior: State) -> None:
    """Throw away the renditions that nothing waits for any more: all that needed them has its receipts."""
    paths = [
        wanted.publication.segments[index].media[number].rendition
        for address, wanted in declared.desired.publications.items()
        if (limits := declared.desired.capabilities[address.target].pictures) is not None
        for index, number, _ in _needed(wanted, limits, prior)
    ]
    Renditions(workspace.project.root).keep(frozenset(each.path for each in paths if each is not None))


def _needed(
    wanted: Wanted, limits: PictureLimits, prior: State | None
) -> Iterator[tuple[int, int, PictureLimits]]:
    """Yield segment and place of the pictures that need a rendition, if they are to be published.

    With each go the limits of its rendition.
    """
    publication = wanted.publication
    if publication.control.withdraw or not (publication.control.fit or limits.bare):
        return
    for index in range(_live(wanted, prior), len(publication.segments)):
        for number, item in enumerate(publication.segments[index].media):
            of_copy = limits.of_copy(item.facts, fit=publication.control.fit)
            if of_copy is not None:
                yield index, number, of_copy


def _live(wanted: Wanted, prior: State | None) -> int:
    """Return how many segments are live as they are declared, and stay so."""
    binding = prior.bindings.get(wanted.publication.address) if prior is not None else None
    # What names other posts is published anew, unchanged, where one of them is replaced.
    if binding is None or wanted.waits_for:
        return 0
    return shared(binding.digests, wanted.digests)


def _fitted(
    renditions: Renditions,
    wanted: Wanted,
    limits: PictureLimits,
    prior: State | None,
    findings: list[Diagnostic],
) -> Wanted:
    segments, views = list(wanted.publication.segments), list(wanted.segments)
    for index, number, of_copy in _needed(wanted, limits, prior):
        media = list(segments[index].media)
        item = media[number]
        try:
            media[number] = replace(item, rendition=renditions.of(item.path, item.facts, of_copy))
        except RenditionProblem as problem:
            findings.append(_unfitted(item, str(problem)))
        segments[index] = replace(segments[index], media=tuple(media))
        views[index] = replace(views[index], media=tuple(media))
    publication = replace(wanted.publication, segments=tuple(segments))
    return replace(wanted, publication=publication, segments=tuple(views))


def _unfitted(item: Media, problem: str) -> Diagnostic:
    rule = "media/not-fitted"
    return Diagnostic(item.location, rule, f"{item.path} {problem}.", RULES[rule][1])
