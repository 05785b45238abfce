"""What ``publish`` tells a program of a post that did not go out, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from threadsync.errors import PublishBlocked, PublishRefused, PublishUncertain, UsageError
from threadsync.model.journal import Published
from threadsync.model.ledger import Ledger
from threadsync.model.post import Publication
from threadsync.planning.actions import Action, Blocked, Reason
from threadsync.planning.planner import shared
from threadsync.providers.base import Refused, Uncertain

AGAIN: Final = "Call publish again with the same journal, key and content"
_LOOK: Final = (
    "look at the account: a post that is there needs nothing more. If it is surely not there, publish it"
    " under another key."
)
_REMEDIES: Final[Mapping[Reason, str]] = {
    Reason.LOOKS_PUBLISHED: (
        "If that is it, nothing is left to do. If it is to be published all the same, call publish with"
        " allow_duplicate=True."
    ),
    Reason.READ_BACK_BOUNDED: (
        "Look at the account; if the post is not there, call publish with allow_duplicate=True."
    ),
    Reason.ACCOUNT_MISMATCH: "Give each account of another network, or of another sandbox, its own journal.",
    Reason.UNCERTAIN: f"{AGAIN} later: it looks once more. If it stays so, {_LOOK}",
    Reason.GONE: "What is left of the post is to be published under another key.",
}
"""What a program does about what holds a post back, where that is not what a person with a project does."""


def other_content(made: Publication, ledger: Ledger) -> UsageError | None:
    """Return the error of a key that stands for another content already; None where it does not.

    More segments than are live go on the chain, as in a post file. What was begun and is surely not live
    binds nobody.
    """
    address = made.address
    digests = tuple(segment.digest for segment in made.segments)
    binding, unfinished = ledger.bindings.get(address), ledger.open.get(address)
    live = binding.digests if binding is not None else ()
    if shared(live, digests) < len(live):
        return UsageError(
            f"the journal has another post under the key {address.key}, and that is live",
            remedy="Give this one another key. Calling publish with the content of that one returns it.",
        )
    doubtful = unfinished.job.segments if unfinished is not None and unfinished.in_doubt else ()
    if doubtful and tuple(each.digest for each in doubtful) != digests[doubtful[0].index :]:
        said = "\n".join(each.text for each in doubtful)
        return UsageError(
            f"the journal has another post under the key {address.key}, and whether that was published is not"
            f" known yet: {said!r}",
            remedy="Call publish with the content of that one, which settles it; give this one another key.",
        )
    return None


def blocked(action: Action, *, kept: bool) -> PublishBlocked:
    """Return the error of a post that *action* holds back."""
    assert isinstance(action, Blocked), "one post without a time is live, or may go out, or is held back"
    remedy = _REMEDIES.get(action.reason, action.remedy)
    return PublishBlocked(
        action.problem,
        reason=str(action.reason),
        where=str(action.address),
        remedy=_said_here(remedy, kept=kept),
    )


def refused(result: Refused, made: Publication, live: Sequence[Published], *, kept: bool) -> PublishRefused:
    """Return the error of a post that the network refused, or of which a segment was refused."""
    remedy = _said_here(result.fault.remedy, kept=kept)
    fault = replace(result.fault, remedy=f"{remedy} {_rest(live)}" if live and not kept else remedy)
    return PublishRefused(fault, where=_where(made, result.index), segments=live)


def uncertain(
    result: Uncertain, made: Publication, live: Sequence[Published], *, kept: bool
) -> PublishUncertain:
    """Return the error of a post of which nobody can tell whether it is live."""
    remedy = f"{AGAIN}: it looks once more, and sends nothing that may be live. If it stays so, {_LOOK}"
    unkept = f"Nothing remembers it: look at the account before you publish it again. {_rest(live)}".strip()
    return PublishUncertain(
        f"whether it was published cannot be told: {result.why}",
        where=_where(made, result.index),
        remedy=remedy if kept else unkept,
        segments=live,
        candidates=result.candidates,
    )


def _rest(live: Sequence[Published]) -> str:
    """Say how a chain without a journal goes on: what is live would go out twice."""
    if not live:
        return ""
    are = "1 segment is" if len(live) == 1 else f"{len(live)} segments are"
    return f'{are} live: publish only the rest, with reply_to="id:{live[-1].remote_id}".'


def _where(made: Publication, index: int) -> str:
    of = f", segment {index + 1}" if len(made.segments) > 1 else ""
    return f"{made.address}{of}"


def _said_here(remedy: str, *, kept: bool) -> str:
    """Say for a program what providers say for the command line: the same is called again, not applied."""
    if not kept:
        remedy = remedy.replace("; it goes on where it stopped", "")
    again = AGAIN if kept else "Call publish again"
    return remedy.replace("Run apply again", again).replace("apply again", "call publish again")
