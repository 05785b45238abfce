"""References between posts: as typed to values, and whether what they name is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from threadsync.content.escape import shown
from threadsync.content.explain import suggestion
from threadsync.content.rules import finding
from threadsync.model.diagnostic import Diagnostic, Location
from threadsync.model.ids import Address, PostKey, RemoteId, TargetName
from threadsync.model.post import PostRef, Publication, Reference, RemoteRef
from threadsync.model.references import depends_on
from threadsync.model.text import PermalinkOf

CIRCLE_SHOWN_MAX = 8
_LINKS = "{{ links[…] }}"


def reference_of(text: str) -> Reference:
    """Read a key, ``KEY@TARGET``, ``id:…`` or a permalink: an address of whatever scheme.

    Raises:
        ValueError: it is none of them.
    """
    if text.startswith("id:"):
        if not text[3:].strip():
            raise ValueError("id: names no post")
        return RemoteRef(remote_id=RemoteId(text[3:].strip()))
    if "://" in text:
        return RemoteRef(permalink=text)
    if "@" in text:
        address = Address.parse(text)
        return PostRef(address.key, address.target)
    return PostRef(PostKey(text))


class Known(Struct, frozen=True):
    """What references may name."""

    publications: Mapping[Address, Publication]
    drafts: Mapping[Address, Publication]
    keys: frozenset[PostKey]
    broken: frozenset[PostKey]
    """Posts with errors of their own: what they would publish cannot be told."""
    targets: frozenset[TargetName]


def check(naming: Iterable[Publication], known: Known) -> tuple[list[Diagnostic], set[PostKey]]:
    """Find references of *naming* that lead nowhere or in a circle; the keys are those of their posts.

    *naming* are all of those *known* that name other posts.
    """
    found: list[Diagnostic] = []
    broken: set[PostKey] = set()
    graph: dict[Address, tuple[Address, ...]] = {}
    for publication in naming:
        graph[publication.address] = depends_on(publication)
        for address, what, location in _references(publication):
            diagnostic = _missing(address, what, location, publication, known) or _reposting(
                address, what, location, known
            )
            if diagnostic is not None:
                found.append(diagnostic)
                broken.add(publication.address.key)
    for circle in _circles(graph):
        first = known.publications.get(circle[0]) or known.drafts[circle[0]]
        shown_ = [str(address) for address in circle[:CIRCLE_SHOWN_MAX]]
        path = " -> ".join([*shown_, *(["…"] if len(circle) > len(shown_) else []), str(circle[0])])
        found.append(finding("reference/circle", first.location, f"these wait for each other: {path}."))
        broken.update(address.key for address in circle)
    return found, broken


def _references(publication: Publication) -> Iterator[tuple[Address, str, Location]]:
    """Yield each address a publication refers to, how it does, and where."""
    target, at = publication.address.target, publication.key_locations

    def of(
        reference: Reference | None, name: str, location: Location
    ) -> Iterator[tuple[Address, str, Location]]:
        if isinstance(reference, PostRef):
            yield reference.on(target), f"{name}:", at.get(name, location)

    yield from of(publication.reply_to, "reply_to", publication.location)
    yield from of(publication.repost, "repost", publication.location)
    for segment in publication.segments:
        yield from of(segment.quote, "quote", segment.location)
        for span in segment.spans:
            if isinstance(span, PermalinkOf):
                yield Address(span.key, span.target), _LINKS, segment.location


def _missing(
    address: Address, what: str, location: Location, publication: Publication, known: Known
) -> Diagnostic | None:
    if address in known.publications or address.key in known.broken:
        return None
    if address.target not in known.targets:
        problem = f"{what} names the target {shown(address.target)}, which the project does not have."
        return finding(
            "reference/unknown-target", location, problem, suggestion(address.target, known.targets) or None
        )
    if address.key not in known.keys:
        problem = f"{what} names {shown(address.key)}, and no post has this key."
        return finding(
            "reference/unknown-key", location, problem, suggestion(address.key, known.keys) or None
        )
    if address in known.drafts:
        if publication.control.draft:
            return None
        return finding("reference/draft", location, f"{what} names {address}, which is a draft.")
    problem = f"{what} names {address}, and {address.key} does not go to {address.target}."
    return finding("reference/not-there", location, problem)


def _reposting(address: Address, what: str, location: Location, known: Known) -> Diagnostic | None:
    """Find a reply to, a quote or a repost of what is a repost itself; its address may be linked to."""
    named = known.publications.get(address) or known.drafts.get(address)
    if what == _LINKS or named is None or named.repost is None:
        return None
    return finding("reference/repost", location, f"{what} names {address}, which is a repost.")


def _circles(graph: Mapping[Address, tuple[Address, ...]]) -> Iterator[list[Address]]:
    """Yield circles of *graph*, at least one of each knot; every edge is walked once."""
    done: set[Address] = set()
    for start in sorted(graph):
        if start in done:
            continue
        path: list[Address] = [start]
        on_path = {start: 0}
        walks: list[Iterator[Address]] = [iter(graph[start])]
        while walks:
            following = _next_of(walks[-1], graph, done)
            if following is None:
                walks.pop()
                finished = path.pop()
                del on_path[finished]
                done.add(finished)
            elif following in on_path:
                yield path[on_path[following] :]
                walks[-1] = iter(())
            else:
                on_path[following] = len(path)
                path.append(following)
                walks.append(iter(graph[following]))


def _next_of(
    walk: Iterable[Address], graph: Mapping[Address, tuple[Address, ...]], done: set[Address]
) -> Address | None:
    return next((each for each in walk if each in graph and each not in done), None)
