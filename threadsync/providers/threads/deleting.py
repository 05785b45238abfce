"""Taking posts of Threads down; an answer that was lost is looked for, and asked for again."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from threadsync.errors import Unanswered
from threadsync.flows.bounds import Bounds
from threadsync.flows.core import attempt, now, record, wait
from threadsync.flows.effects import Flow, Recorded
from threadsync.flows.retry import PASSING_OR_FRESH, delay_seconds, retried, wait_left_seconds
from threadsync.model.fault import Fault, FaultClass
from threadsync.model.ids import RemoteId
from threadsync.model.journal import Deleted, Intent, Published
from threadsync.providers.base import Applied, Refused, Result, Uncertain, Work
from threadsync.providers.threads import api_publishing, convert
from threadsync.providers.threads import api_reading as api
from threadsync.providers.threads.api_media import MediaObject
from threadsync.providers.threads.staging import unanswered


def look(remote_id: RemoteId, bounds: Bounds) -> Flow[MediaObject | Fault | Unanswered]:
    """Read one post, as often as it takes to be sure of what Threads says of it."""
    return retried(
        lambda: api.media_object(remote_id, fields=convert.REPLY_FIELDS),
        bounds,
        why="reading a post",
        # Code 24 is said of a live post that one of their machines does not know yet.
        on=PASSING_OR_FRESH,
    )


class Deleter(Struct, frozen=True):
    """The flows that take posts of *work* down."""

    work: Work
    bounds: Bounds

    def delete(self, posts: tuple[Published, ...]) -> Flow[Result]:
        """Take *posts* down, in the order given."""
        for post in posts:
            result = yield from self._delete(post)
            if not isinstance(result, Applied):
                return result
        return Applied()

    def settle(self, intent: Intent) -> Flow[Result]:
        """Look whether the post is still there: gone is the receipt; if not, it may be asked for again.

        That it is there is believed once a lost delete cannot act any more.
        """
        remote_id = RemoteId(intent.key)
        seen = yield from look(remote_id, self.bounds)
        if isinstance(seen, MediaObject):
            at = yield from now()
            left = wait_left_seconds(intent.at, at, None, self.bounds)
            if left > 0:
                yield from wait(left, "settling: a delete without an answer may still take effect")
                seen = yield from look(remote_id, self.bounds)
        match seen:
            case MediaObject():
                return Applied()
            case Fault(kind=FaultClass.GONE):
                return (yield from self._deleted(remote_id))
            case Fault():
                return Refused(seen)
            case Unanswered():
                return Refused(unanswered(seen))

    def _delete(self, post: Published) -> Flow[Result]:
        """Delete one post. Deleting twice harms nobody, so after a lost answer: look, then ask again.

        One that may still act stays in doubt, whatever becomes of later requests: only a later look can tell.
        """
        may_act = False
        for number in range(1, self.bounds.retry_attempts_max + 1):
            at = yield from now()
            covers = api_publishing.delete_request(post.remote_id).fingerprint()
            yield from record(
                Intent(self.work.address, post.index, post.digest, "delete", post.remote_id, covers, at)
            )
            answer = yield from attempt(api_publishing.delete_media(post.remote_id))
            match answer:
                case api_publishing.Removed() | Fault(kind=FaultClass.GONE):
                    return (yield from self._deleted(post.remote_id))
                case Fault(kind=FaultClass.TRANSIENT | FaultClass.NOT_READY) | Unanswered():
                    # Code 24 is no proof: it is said of live posts too. Gone is only what is read as gone.
                    if (yield from self._is_gone(post.remote_id)):
                        return (yield from self._deleted(post.remote_id))
                    may_act = may_act or (
                        answer.sent if isinstance(answer, Unanswered) else answer.status >= 500
                    )
                    if number == self.bounds.retry_attempts_max:
                        fault = unanswered(answer) if isinstance(answer, Unanswered) else answer
                        return _given_up(fault, post, may_act=may_act)
                case Fault():
                    # An earlier request, of this run or an interrupted one, may have acted all the same.
                    asked_before = number > 1 or self._was_asked_for(post)
                    if asked_before and (yield from self._is_gone(post.remote_id)):
                        return (yield from self._deleted(post.remote_id))
                    used_up = "deletes" if answer.kind is FaultClass.QUOTA else ""
                    return _given_up(replace(answer, allowance=used_up), post, may_act=may_act)
            yield from wait(delay_seconds(number, self.bounds), "Threads to delete a post")
        raise AssertionError("a bound of at least one attempt ends the loop")

    def _is_gone(self, remote_id: RemoteId) -> Flow[bool]:
        """Whether Threads says of a post that it does not exist, and not only that it was not found now."""
        seen = yield from look(remote_id, self.bounds)
        return isinstance(seen, Fault) and seen.kind is FaultClass.GONE

    def _deleted(self, remote_id: RemoteId) -> Flow[Applied]:
        at = yield from now()
        answer = yield from record(Deleted(self.work.address, remote_id, at))
        assert isinstance(answer, Recorded), "a deletion claims no post"
        return Applied()

    def _was_asked_for(self, post: Published) -> bool:
        """Whether an earlier life of the work was about to delete *post*."""
        return any(
            isinstance(note, Intent) and note.verb == "delete" and note.key == post.remote_id
            for note in self.work.notes
        )


def _given_up(fault: Fault, post: Published, *, may_act: bool) -> Refused | Uncertain:
    if may_act:
        return Uncertain(f"it is still there, and may yet go: {fault.problem}", post.index)
    return Refused(fault, post.index)
