"""References by permalink: what was found on the account takes their place in a plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from threadsync.model.facts import Facts
from threadsync.model.ids import RemoteId
from threadsync.model.post import Publication, Reference, RemoteRef
from threadsync.planning.actions import Action, Create, Extend, Replace


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
    """Return *action* with what was found of the posts it names."""
    if not isinstance(action, Create | Extend | Replace):
        return action
    found = facts.of(action.address.target).located
    return replace(action, publication=located(action.publication, found))


def _references(publication: Publication) -> Iterator[Reference | None]:
    yield publication.reply_to
    yield publication.repost
    for segment in publication.segments:
        yield segment.quote
