"""What a post asks of its network that no capability claims: it cannot be planned, and is never dropped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from threadsync.model.capabilities import Capabilities
from threadsync.model.diagnostic import Diagnostic, Location, Severity
from threadsync.model.post import Publication, Segment

UNCLAIMED = "capability/unclaimed"
DECORATIONS = frozenset({"tags", "langs", "topic", "location"})
"""What a post can do without: it goes out all the same, and the plan says what it lacks (law 10)."""


def unclaimed(
    publication: Publication, capabilities: Capabilities, found: Sequence[Diagnostic] = ()
) -> list[Diagnostic]:
    """Find every key of *publication* that its network does not honour; what *found* tells there is left out.

    A provider says it better, and says what else is to be done; what it forgot to say is said here.
    """
    target = publication.address.target
    used = dict[str, Location]()
    for feature, location in _used(publication):
        used[feature] = used.get(feature, location)
    return [
        Diagnostic(
            location,
            UNCLAIMED,
            f"the network of {target} honours no {feature}.",
            f"Take it out of the post, or out of what goes there: overrides: {{{target}: …}}.",
            Severity.WARNING if feature in DECORATIONS else Severity.ERROR,
        )
        for feature, location in used.items()
        if feature not in capabilities.features
        and not any(_tells(each, feature) for each in found if each.location == location)
    ]


def _tells(finding: Diagnostic, feature: str) -> bool:
    """Whether *finding* says of *feature*, where it stands, that it is not honoured."""
    if feature in DECORATIONS:
        return True
    return finding.is_error and feature in f"{finding.rule} {finding.problem} {finding.remedy}"


def _used(publication: Publication) -> Iterator[tuple[str, Location]]:
    at, whole = publication.key_locations, publication.location
    asked = {
        "reply_to": publication.reply_to is not None,
        "repost": publication.repost is not None,
        "who_can_reply": publication.who_can_reply not in {None, "everyone"},
        "tags": bool(publication.tags),
        "langs": bool(publication.langs),
        "number": bool(publication.numbering(0)),
    }
    yield from ((feature, at.get(feature, whole)) for feature, is_asked in asked.items() if is_asked)
    if len(publication.segments) > 1:
        yield "chain", publication.segments[1].location
    block = at.get(publication.address.target.partition("/")[0], whole)
    yield from ((name, block) for name, value in publication.options.items() if value is not None)
    for index, segment in enumerate(publication.segments):
        yield from _in_segment(segment, publication if index == 0 else None)


def _in_segment(segment: Segment, first_of: Publication | None) -> Iterator[tuple[str, Location]]:
    """Yield what *segment* asks for; the keys of the post may be those of the segment it is *first_of*."""
    at = first_of.key_locations if first_of is not None else {}
    asked = {"link": segment.link, "poll": segment.poll, "quote": segment.quote}
    for feature, value in asked.items():
        if value is not None:
            yield feature, at.get(feature, segment.location)
    yield from ((name, segment.location) for name, value in segment.options.items() if value is not None)
    if segment.source.strip():
        yield "text", segment.location
    if len(segment.media) > 1:
        yield "carousel", segment.media[1].location
    for item in segment.media:
        yield "video" if item.facts.kind == "video" else "image", item.location
