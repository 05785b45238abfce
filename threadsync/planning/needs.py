"""What a post needs of the account and cannot have; what it names and cannot be found."""

from __future__ import annotations

from typing import TypeAlias

from threadsync.model.facts import Facts, TargetFacts
from threadsync.model.post import Publication
from threadsync.model.text import Mention
from threadsync.planning.actions import Blocked, Create, Delete, Extend, Reason, Replace, SegmentView
from threadsync.planning.inputs import Desired
from threadsync.planning.references import permalinks_of

Touching: TypeAlias = Create | Extend | Replace | Delete
"""Actions that the network hears of."""


def block(action: Touching, reason: Reason, problem: str, remedy: str) -> Blocked:
    """Return *action* held back, with what it would have done."""
    segments: tuple[SegmentView, ...] = () if isinstance(action, Delete) else action.segments
    old = action.old if isinstance(action, Replace | Delete) else ()
    return Blocked(action.address, reason, problem, remedy, action.word, segments, old)


def incapable(action: Touching, facts: TargetFacts, desired: Desired) -> Blocked | None:
    """Block what the account, or its credential, is known not to be let do; nothing was sent yet."""
    wanted = desired.publications.get(action.address)
    if wanted is None or isinstance(action, Delete) or not action.segments or facts.account is None:
        return None
    lacking = sorted(wanted.needs.features & facts.account.lacks)
    if lacking:
        return block(
            action,
            Reason.ACCOUNT_CANNOT,
            f"the network does not let @{facts.account.handle} do this: {', '.join(lacking)}.",
            "Take it out there (overrides), or ask the network to open it for the account.",
        )
    missing = sorted(wanted.needs.scopes - facts.scopes) if facts.scopes is not None else []
    if missing:
        return block(
            action,
            Reason.MISSING_SCOPE,
            f"it needs what the credential may not do: it lacks the scope {' and '.join(missing)}.",
            f"Log in again, which asks for that scope: threadsync auth login {action.address.target}. Or "
            "take out "
            "what needs it.",
        )
    return None


def mentioned(publication: Publication) -> tuple[str, ...]:
    """Return the names of the accounts that *publication* mentions, each once."""
    spans = (span for segment in publication.segments for span in segment.spans)
    return tuple(dict.fromkeys(span.handle for span in spans if isinstance(span, Mention)))


def nobody(action: Touching, facts: TargetFacts) -> Blocked | None:
    """Block what mentions an account that was looked for, and that nobody has."""
    if isinstance(action, Delete) or not action.segments:
        return None
    for name in mentioned(action.publication):
        if facts.accounts.get(name, name) is None:
            return block(
                action,
                Reason.UNKNOWN_ACCOUNT,
                f"the account @{name}, which the post mentions, is not found.",
                "Correct the name, or write a backslash before its @ to mention nobody.",
            )
    return None


def unfound(action: Touching, facts: TargetFacts, all_facts: Facts) -> Blocked | None:
    """Block what names a post by an address that could not be found on the account."""
    if isinstance(action, Delete) or all_facts.gathered_at is None or not action.segments:
        return None
    for permalink in permalinks_of(action.publication):
        why = (
            "no post of that address is found"
            if permalink in facts.located
            else "the account's posts could not be read to find it"
        )
        return block(
            action,
            Reason.UNKNOWN_POST,
            f"it names {permalink}, and {why}.",
            "Name the post by its id (id:…), or correct the address.",
        )
    return None
