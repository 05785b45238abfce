"""What a post replies to, quotes or reposts, and Threads could not find; the rules are in ``rules_kinds``."""

from __future__ import annotations

from collections.abc import Iterator

from threadsync.model.diagnostic import Location
from threadsync.model.ids import network_of
from threadsync.model.post import PostRef, Publication, Reference, RemoteRef
from threadsync.providers.rules import Found
from threadsync.providers.threads.convert import handle_of, reference_of


def references(publication: Publication, account: str | None) -> Iterator[Found]:
    """Find everything wrong with what *publication* refers to; *account* is the target's, if declared."""
    at = publication.key_locations
    named: list[tuple[str, Reference | None, Location]] = [
        ("reply_to", publication.reply_to, at.get("reply_to", publication.location)),
        ("repost", publication.repost, at.get("repost", publication.location)),
    ]
    for index, segment in enumerate(publication.segments):
        if segment.quote is None:
            continue
        place = at.get("quote", segment.location) if index == 0 else segment.location
        named.append(("quote", segment.quote, place))
    for key, reference, location in named:
        match reference:
            case None:
                pass
            case PostRef():
                target = reference.on(publication.address.target).target
                if network_of(target) != network_of(publication.address.target):
                    problem = f"{key}: names a post on {target}, which Threads knows nothing of."
                    remedy = "Name a post on Threads, or link to that one: {{ links['KEY@TARGET'] }}."
                    yield "threads/unsupported", location, problem, remedy
            case RemoteRef(remote_id=str(remote_id)):
                if not (remote_id.isascii() and remote_id.isdecimal()):
                    problem = f"{key}: id:{remote_id} is no id of a post on Threads; those are digits alone."
                    remedy = "A post of this account can be named by its address, which holds a short code."
                    yield "threads/reference", location, problem, remedy
            case RemoteRef(permalink=permalink):
                problem = _unfindable(permalink or "", account)
                remedy = "Name it by the id that Threads' API gives it (id:…)."
                if problem:
                    yield "threads/reference", location, f"{key}: {problem}", remedy


def _unfindable(permalink: str, account: str | None) -> str:
    """Return why the post behind *permalink* cannot be found; empty where it may be one of the account."""
    if reference_of(permalink)[1] is None:
        return f"{permalink} is no address of a post on Threads."
    handle = handle_of(permalink)
    declared = (account or "").removeprefix("@").casefold()
    foreign = declared and not declared.isdecimal() and handle and handle.casefold() != declared
    return (
        f"{permalink} is a post of @{handle}, and the API finds only own posts by address." if foreign else ""
    )
