"""Taking posts down: every record is named, and that it is not there any more is no error."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from threadsync.errors import Unanswered, UsageError
from threadsync.flows.bounds import Bounds
from threadsync.flows.core import attempt, now, record, wait
from threadsync.flows.effects import Flow
from threadsync.flows.retry import delay_seconds, retried
from threadsync.model.fault import Fault, FaultClass
from threadsync.model.journal import Deleted, Intent, Published
from threadsync.providers.base import Applied, Refused, Result, Uncertain, Work
from threadsync.providers.bluesky import api_records, api_repo
from threadsync.providers.bluesky.faults import unanswered
from threadsync.providers.bluesky.publishing import GATES, UNANSWERED, wait_out
from threadsync.providers.bluesky.records import POSTGATE, THREADGATE
from threadsync.providers.bluesky.uris import AtUri

IMPORTED = "import"
"""How a post that was imported is bound: nothing is on record of what stands beside it."""


def delete(work: Work, posts: tuple[Published, ...], bounds: Bounds) -> Flow[Result]:
    """Take *posts* down, each with the gates that are beside it."""
    for post in posts:
        uri = AtUri.parse(post.remote_id)
        if uri is None:
            raise UsageError(f"{post.remote_id} is not the address of a post")
        if UNANSWERED in post.ids:
            # Acting now, it would make anew what is taken down.
            yield from wait_out(datetime.fromisoformat(post.ids[UNANSWERED]), bounds)
        gates = yield from _gates(post, uri, bounds)
        if isinstance(gates, Refused):
            return gates
        for each in (*gates, uri):
            result = yield from _deleted(work, post, each, bounds)
            if not isinstance(result, Applied):
                return result
        at = yield from now()
        yield from record(Deleted(work.address, post.remote_id, at))
    return Applied()


def _gates(post: Published, uri: AtUri, bounds: Bounds) -> Flow[tuple[AtUri, ...] | Refused]:
    """Return the gates beside *post*: those of its receipt; of one that was imported, those that are there.

    A gate has the key of its post, and is nothing without it.

    Source: https://docs.bsky.app/docs/tutorials/thread-gates
    """
    if post.bound_by != IMPORTED or GATES in post.ids:
        return tuple(AtUri(uri.repo, each, uri.rkey) for each in post.ids.get(GATES, "").split(",") if each)
    there: list[AtUri] = []
    for each in (THREADGATE, POSTGATE):
        make = partial(api_repo.get_record, uri.repo, each, uri.rkey)
        found = yield from retried(make, bounds, why="reading the gates of a post")
        match found:
            case Fault(kind=FaultClass.GONE):
                pass
            case Fault():
                return Refused(found, post.index)
            case Unanswered():
                return Refused(unanswered(found), post.index)
            case _:
                there.append(AtUri(uri.repo, each, uri.rkey))
    return tuple(there)


def _deleted(work: Work, post: Published, uri: AtUri, bounds: Bounds) -> Flow[Result]:
    """Delete one record; that it is not there is no error, so it is asked for until it is answered.

    One that may still act stays in doubt, whatever becomes of the requests after it.
    """
    may_act = False
    request = api_records.delete_request(uri.repo, uri.collection, uri.rkey)
    for number in range(1, bounds.retry_attempts_max + 1):
        at = yield from now()
        yield from record(
            Intent(work.address, post.index, post.digest, "delete", post.remote_id, request.fingerprint(), at)
        )
        answer = yield from attempt(api_records.delete_record(uri.repo, uri.collection, uri.rkey))
        match answer:
            case api_records.Erased():
                return Applied()
            case Fault(kind=FaultClass.TRANSIENT) | Unanswered():
                may_act = may_act or not isinstance(answer, Unanswered) or answer.sent
                if number == bounds.retry_attempts_max:
                    return _given_up(answer, post, may_act=may_act)
            case Fault():
                return _given_up(answer, post, may_act=may_act)
        yield from wait(delay_seconds(number, bounds), "Bluesky to delete a post")
    raise AssertionError("a bound of at least one attempt ends the loop")


def _given_up(answer: Fault | Unanswered, post: Published, *, may_act: bool) -> Refused | Uncertain:
    fault = unanswered(answer) if isinstance(answer, Unanswered) else answer
    if may_act:
        return Uncertain(f"it may yet go: {fault.problem}", post.index)
    return Refused(fault, post.index)
