"""What was found by reading takes its place in a plan: posts named by their permalinks, and link cards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from threadsync.model.facts import Facts
from threadsync.model.ids import RemoteId, TargetName
from threadsync.model.post import Publication, Reference, RemoteRef
from threadsync.planning.actions import Action, Create, Extend, Plan, Replace


def permalinks_of(publication: Publication) -> tuple[str, ...]:
    """Return the permalinks that *publication* names posts by and whose ids are not known, each once."""
    found = (
        reference.permalink
        for reference in _references(publication)
        if isinstance(reference, RemoteRef) and reference.remote_id is None
    )
    return tuple(dict.fromkeys(permalink for permalink in found if permalink is not None))


def located(publication: Publication, found: Mapping[str, RemoteId | None]) -> Publication:
    """Return *publication* with the ids of the posts that were *found* by their permalinks."""

    def known(reference: Reference | None) -> Reference | None:
        if isinstance(reference, RemoteRef) and reference.remote_id is None:
            return replace(reference, remote_id=found.get(reference.permalink or ""))
        return reference

    if not permalinks_of(publication):
        return publication
    return replace(
        publication,
        reply_to=known(publication.reply_to),
        repost=known(publication.repost),
        segments=tuple(replace(each, quote=known(each.quote)) for each in publication.segments),
    )


def resolved(action: Action, facts: Facts) -> Action:
    """Return *action* with what was found of the posts it names, and with its link cards."""
    if not isinstance(action, Create | Extend | Replace):
        return action
    found = facts.of(action.address.target).located
    return replace(action, publication=_carded(located(action.publication, found), facts))


def _carded(publication: Publication, facts: Facts) -> Publication:
    if not facts.cards or all(each.link is None for each in publication.segments):
        return publication
    target = publication.address.target
    return replace(
        publication,
        segments=tuple(
            replace(each, card=facts.cards.get((target, each.link))) if each.link is not None else each
            for each in publication.segments
        ),
    )


def links_of(plan: Plan, target: TargetName) -> tuple[str, ...]:
    """Return the addresses that *plan* would show as cards on *target*, each once."""
    found = (
        action.publication.segments[view.index].link
        for action in plan.effective
        if isinstance(action, Create | Extend | Replace) and action.address.target == target
        for view in action.segments
    )
    return tuple(dict.fromkeys(link for link in found if link is not None))


def _references(publication: Publication) -> Iterator[Reference | None]:
    yield publication.reply_to
    yield publication.repost
    for segment in publication.segments:
        yield segment.quote
