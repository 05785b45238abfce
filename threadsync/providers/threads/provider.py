"""Threads as a provider: what it can do, and the flows that plan and apply need."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from threadsync.errors import ApiError, Unanswered
from threadsync.flows.core import attempt, gather, now, record, wait
from threadsync.flows.effects import Flow, Recorded, Response
from threadsync.flows.retry import PASSING_OR_FRESH, delay_seconds, retried
from threadsync.model.capabilities import Capabilities, Needs
from threadsync.model.diagnostic import Diagnostic
from threadsync.model.facts import Account, Engagement, ObservedPost, Quota, ReadBack
from threadsync.model.fault import Fault, FaultClass
from threadsync.model.ids import RemoteId, Role
from threadsync.model.journal import Deleted, Intent, Published, Rendered
from threadsync.model.post import Publication, Segment
from threadsync.providers.base import (
    About,
    Applied,
    Authorizing,
    Examined,
    Permalinks,
    ProviderContext,
    Refused,
    RenderedSegment,
    Renewed,
    Result,
    Uncertain,
    Work,
)
from threadsync.providers.threads import api_publishing, carrying, checks, convert
from threadsync.providers.threads import api_reading as api
from threadsync.providers.threads.about import ABOUT
from threadsync.providers.threads.api_media import MediaObject
from threadsync.providers.threads.chains import publish_all, publisher_of
from threadsync.providers.threads.faults import refusal
from threadsync.providers.threads.listing import Listing, own_posts
from threadsync.providers.threads.publishing import NotPublished
from threadsync.providers.threads.recording import wait_left_seconds
from threadsync.providers.threads.staging import unanswered

ORIGIN = "threads.net"
_PROFILE = "id,username,is_eligible_for_geo_gating"


class ThreadsProvider(Struct, frozen=True):
    """One Threads profile."""

    context: ProviderContext

    @property
    def default_base_url(self) -> str:
        """Meta's own address (developers.facebook.com/docs/threads/overview)."""
        return "https://graph.threads.net"

    @property
    def capabilities(self) -> Capabilities:
        """What may be planned on Threads."""
        return checks.CAPABILITIES

    @property
    def about(self) -> About:
        """What it speaks to, and what it needs and obeys there."""
        return ABOUT

    @property
    def sessions(self) -> None:
        """A token goes with each request."""
        return

    @property
    def hosts(self) -> Mapping[str, str]:
        """There is one host."""
        return {}

    def classify(self, response: Response) -> Fault | None:
        """Return the error that *response* carries; None where it carries none."""
        return refusal(response)

    def examine(self, role: Role) -> Flow[Examined]:
        """Ask Threads about the token, with the token itself."""
        from threadsync.providers.threads import tokens

        return tokens.examine(self.context.bounds)

    def renew(self, role: Role) -> Flow[Renewed]:
        """Get a new long-lived token for the one there is."""
        from threadsync.providers.threads import tokens

        return tokens.renew(self.context)

    @property
    def spending(self) -> None:
        """Threads tells what is left of each allowance when it is asked (``quotas``)."""
        return

    @property
    def authorizing(self) -> Authorizing | None:
        """The Authorization Window, in which a person lets an app use a profile."""
        from threadsync.providers.threads.authorizing import ThreadsAuthorizing

        return ThreadsAuthorizing(self.context)

    def scopes(self, publication: Publication) -> frozenset[str]:
        """Return the scopes that some posts alone make use of: for a reply, a location, a story."""
        return carrying.scopes_of(publication)

    @property
    def _count_rule(self) -> str:
        return str(self.context.settings.get("text_count", convert.COUNTS[0]))

    def check(self, publication: Publication, links: Permalinks) -> list[Diagnostic]:
        """Find everything Threads would refuse or drop."""
        texts = tuple(
            carrying.text_with_number(publication, index, links) for index in range(len(publication.segments))
        )
        return checks.check(publication, texts, self._count_rule, self.context.account)

    def render(
        self, publication: Publication, segment: Segment, index: int, links: Permalinks
    ) -> RenderedSegment:
        """Return *segment* exactly as Threads gets it."""
        text = carrying.text_with_number(publication, index, links)
        units = str(self.context.settings.get("entity_units", carrying.UNITS[0]))
        carried = carrying.carried_by(publication, index)
        parameters = carrying.parameters(segment, carried, text, units)
        return RenderedSegment(
            convert.rendered(segment, index, text, parameters),
            convert.count(text, self._count_rule),
            convert.TEXT_MAX,
            "characters",
            carrying.attached(carried),
        )

    def unanswerable(self, publication: Publication) -> str:
        """A ghost post takes no replies by the API (observed: 24/4279009)."""
        return "a ghost post" if carrying.carried_by(publication, 0).is_ghost else ""

    def needs(self, publication: Publication) -> Needs:
        """Return the scopes of a location and an Instagram story, and whether countries are named."""
        return carrying.needs_of(publication)

    def identify(self) -> Flow[Account]:
        """Read whose account the token opens."""
        asked_at = yield from now()
        profile = yield from retried(
            lambda: api.me(fields=_PROFILE), self.context.bounds, why="reading the account"
        )
        if isinstance(profile, Fault):
            raise ApiError(profile, where=str(self.context.target))
        if isinstance(profile, Unanswered):
            raise profile
        if profile.username is None:
            raise Unanswered("the answer names no user", sent=True, where=str(self.context.target))
        # Only a network on this machine may name its own origin; it stands for a host and port that change.
        sandbox = profile.exchange.sandbox_origin if self.context.loopback else ""
        server = profile.exchange.server_time
        ahead = (server - asked_at).total_seconds() if server is not None else None
        lacks = frozenset() if profile.is_eligible_for_geo_gating else frozenset({carrying.GEO_GATING})
        return Account(sandbox or ORIGIN, profile.id, profile.username, "", ahead, lacks)

    def quotas(self) -> Flow[Mapping[str, Quota]]:
        """Read posts, replies and deletes of the last 24 hours, each as far as the token's scopes go."""
        limits = yield from retried(api.publishing_limit, self.context.bounds, why="reading quotas")
        if isinstance(limits, api.Limits):
            return {
                "posts": _quota(limits.posts),
                "replies": _quota(limits.replies),
                "deletes": _quota(limits.deletes),
            }
        if not (isinstance(limits, Fault) and limits.kind is FaultClass.FORBIDDEN):
            return dict.fromkeys(("posts", "replies", "deletes"), Quota(None, None, _why(limits)))
        alone = yield from gather(
            [
                attempt(api.publishing_limit(posts=True, replies=False, deletes=False)),
                attempt(api.publishing_limit(posts=False, replies=True, deletes=False)),
                attempt(api.publishing_limit(posts=False, replies=False, deletes=True)),
            ]
        )
        posts, replies, deletes = alone
        return {
            "posts": _alone(posts, lambda limits: limits.posts, "threads_content_publish"),
            "replies": _alone(replies, lambda limits: limits.replies, "threads_manage_replies"),
            "deletes": _alone(deletes, lambda limits: limits.deletes, "threads_delete"),
        }

    def read_back(self, since: datetime, wanted: Sequence[Rendered] = ()) -> Flow[ReadBack]:
        """List own posts and replies since *since*; ghost posts too where *wanted* has one."""
        ghosts = any(Listing.of(what, None) is Listing.GHOSTS for what in wanted)
        return self._read_back(since, Listing if ghosts else (Listing.POSTS, Listing.REPLIES))

    def _read_back(self, since: datetime, listings: Iterable[Listing]) -> Flow[ReadBack]:
        bounds = self.context.bounds
        found: list[ObservedPost] = []
        complete = True
        for listing in listings:
            listed = yield from own_posts(since, bounds, listing)
            if isinstance(listed, Fault):
                raise ApiError(listed, where=str(self.context.target))
            if isinstance(listed, Unanswered):
                raise listed
            found += listed.posts
            complete = complete and listed.complete
        found.sort(key=lambda post: post.at, reverse=True)
        return ReadBack(since, tuple(found), complete)

    def observe(self, remote_id: RemoteId) -> Flow[ObservedPost | None]:
        """Read one post; None where Threads does not have it."""
        media = yield from self._look(remote_id)
        match media:
            case Fault(kind=FaultClass.GONE | FaultClass.NOT_READY):
                return None
            case Fault():
                raise ApiError(media, where=str(self.context.target))
            case Unanswered():
                raise media
        return convert.observed(media)

    def engagement(self, remote_id: RemoteId) -> Flow[Engagement]:
        """Read likes, replies, reposts, quotes, shares and views of one post.

        Of a repost the list is empty, and a number may be missing from it (docs/threads/insights): what is
        not there is not known.
        """
        from threadsync.providers.threads import api_insights

        found = yield from attempt(api_insights.media_insights(remote_id))
        if isinstance(found, api_insights.Insights):
            withheld = not found.counts
            return Engagement(
                found.counts, "Threads counts nothing of it" if withheld else "", withheld=withheld
            )
        kind = found.kind if isinstance(found, Fault) else None
        scope = "threads_manage_insights" if kind is FaultClass.FORBIDDEN else ""
        return Engagement({}, _why(found), scope, withheld=kind is FaultClass.GONE)

    def locate(self, reference: str) -> Flow[ObservedPost | None]:
        """Find one of the account's own posts by ``id:…``, a bare id or its permalink."""
        remote_id, shortcode = convert.reference_of(reference)
        if remote_id is not None:
            return (yield from self.observe(RemoteId(remote_id)))
        if shortcode is None:
            return None
        listed = yield from self._read_back(convert.EPOCH, Listing)
        for post in listed.posts:
            if convert.reference_of(post.permalink)[1] == shortcode:
                return post
        return None

    def matches(self, rendered: Rendered, parent: RemoteId | None, post: ObservedPost) -> bool:
        """Whether *post* may be what publishing *rendered* made."""
        return convert.matches(rendered, parent, post)

    def unchanged(self, published: Published, post: ObservedPost) -> bool:
        """Whether *post* still says what it said; of an archived ghost post nothing is known to stay."""
        past = post.kind == "repost" or post.carries.get("ghost") == "ARCHIVED"
        return past or convert.same_text(published.text, post.text)

    def publish(self, work: Work) -> Flow[Result]:
        """Publish the job's segments in order."""
        return publish_all(work, self.context.bounds)

    def settle(self, work: Work) -> Flow[Result]:
        """Find out what became of the publish or delete in flight."""
        intents = [note for note in work.notes if isinstance(note, Intent)]
        if not intents:
            return Applied()
        last = intents[-1]
        if last.verb == "delete":
            return (yield from self._settle_delete(work, last))
        what = next(each for each in work.job.segments if each.index == last.index)
        first = work.job.segments[0].index == last.index
        parent = work.job.parent if first else work.live[-1].remote_id
        verdict = yield from publisher_of(work, what, parent, self.context.bounds).settle()
        match verdict:
            case Uncertain():
                return verdict
            case Published() | NotPublished():
                return Applied()

    def delete(self, work: Work, posts: tuple[Published, ...]) -> Flow[Result]:
        """Take *posts* down, in the order given."""
        for post in posts:
            result = yield from self._delete(work, post)
            if not isinstance(result, Applied):
                return result
        return Applied()

    def _delete(self, work: Work, post: Published) -> Flow[Result]:
        """Delete one post. Deleting twice harms nobody, so after a lost answer: look, then ask again.

        One that may still act after all attempts stays in doubt: only a later look can tell.
        """
        may_act = False
        for number in range(1, self.context.bounds.retry_attempts_max + 1):
            at = yield from now()
            covers = api_publishing.delete_request(post.remote_id).fingerprint()
            yield from record(
                Intent(work.address, post.index, post.digest, "delete", post.remote_id, covers, at)
            )
            answer = yield from attempt(api_publishing.delete_media(post.remote_id))
            match answer:
                case api_publishing.Removed() | Fault(kind=FaultClass.GONE):
                    return (yield from self._deleted(work, post.remote_id))
                case Fault(kind=FaultClass.TRANSIENT | FaultClass.NOT_READY) | Unanswered():
                    # Code 24 is no proof: it is said of live posts too. Gone is only what is read as gone.
                    if (yield from self._is_gone(post.remote_id)):
                        return (yield from self._deleted(work, post.remote_id))
                    may_act = may_act or (
                        answer.sent if isinstance(answer, Unanswered) else answer.status >= 500
                    )
                    if number == self.context.bounds.retry_attempts_max:
                        fault = unanswered(answer) if isinstance(answer, Unanswered) else answer
                        if may_act:
                            return Uncertain(
                                f"it is still there, and may yet go: {fault.problem}", post.index
                            )
                        return Refused(fault, post.index)
                case Fault():
                    # An earlier request, of this run or an interrupted one, may have acted all the same.
                    asked_before = number > 1 or _was_asked_for(work, post)
                    if asked_before and (yield from self._is_gone(post.remote_id)):
                        return (yield from self._deleted(work, post.remote_id))
                    used_up = "deletes" if answer.kind is FaultClass.QUOTA else ""
                    return Refused(replace(answer, allowance=used_up), post.index)
            yield from wait(delay_seconds(number, self.context.bounds), "Threads to delete a post")
        raise AssertionError("a bound of at least one attempt ends the loop")

    def _settle_delete(self, work: Work, intent: Intent) -> Flow[Result]:
        """Look whether the post is still there: gone is the receipt; if not, it may be asked for again.

        That it is there is believed once a lost delete cannot act any more.
        """
        remote_id = RemoteId(intent.key)
        seen = yield from self._look(remote_id)
        if isinstance(seen, MediaObject):
            at = yield from now()
            left = wait_left_seconds(intent.at, at, None, self.context.bounds)
            if left > 0:
                yield from wait(left, "settling: a delete without an answer may still take effect")
                seen = yield from self._look(remote_id)
        match seen:
            case MediaObject():
                return Applied()
            case Fault(kind=FaultClass.GONE):
                return (yield from self._deleted(work, remote_id))
            case Fault():
                return Refused(seen)
            case Unanswered():
                return Refused(unanswered(seen))

    def _is_gone(self, remote_id: RemoteId) -> Flow[bool]:
        """Whether Threads says of a post that it does not exist, and not only that it was not found now."""
        seen = yield from self._look(remote_id)
        return isinstance(seen, Fault) and seen.kind is FaultClass.GONE

    def _look(self, remote_id: RemoteId) -> Flow[MediaObject | Fault | Unanswered]:
        return retried(
            lambda: api.media_object(remote_id, fields=convert.REPLY_FIELDS),
            self.context.bounds,
            why="reading a post",
            # Code 24 is said of a live post that one of their machines does not know yet.
            on=PASSING_OR_FRESH,
        )

    def _deleted(self, work: Work, remote_id: RemoteId) -> Flow[Applied]:
        at = yield from now()
        answer = yield from record(Deleted(work.address, remote_id, at))
        assert isinstance(answer, Recorded), "a deletion claims no post"
        return Applied()


def _was_asked_for(work: Work, post: Published) -> bool:
    """Whether an earlier life of *work* was about to delete *post*."""
    return any(
        isinstance(note, Intent) and note.verb == "delete" and note.key == post.remote_id
        for note in work.notes
    )


def _quota(allowance: api.Allowance | None) -> Quota:
    if allowance is None:
        return Quota(None, None, "Threads did not say")
    return Quota(allowance.used, allowance.total, window_seconds=float(allowance.duration_seconds))


def _alone(
    answer: api.Limits | Fault | Unanswered, pick: Callable[[api.Limits], api.Allowance | None], scope: str
) -> Quota:
    """Read one allowance that was asked for alone: only a refusal says that its scope is missing."""
    if isinstance(answer, api.Limits):
        return _quota(pick(answer))
    forbidden = isinstance(answer, Fault) and answer.kind is FaultClass.FORBIDDEN
    return Quota(None, None, _why(answer), scope if forbidden else "")


def _why(error: Fault | Unanswered) -> str:
    return error.problem
