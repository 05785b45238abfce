"""Threads as a provider: what it can do, and the flows that plan and apply need."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from threadsync.errors import ApiError, Unanswered
from threadsync.flows.core import attempt, gather, now
from threadsync.flows.effects import Flow, Response
from threadsync.flows.retry import retried
from threadsync.model.capabilities import Capabilities, Needs
from threadsync.model.diagnostic import Diagnostic
from threadsync.model.facts import Account, Engagement, ObservedPost, Quota, ReadBack
from threadsync.model.fault import Fault, FaultClass
from threadsync.model.ids import RemoteId, Role
from threadsync.model.journal import Intent, Published, Rendered
from threadsync.model.post import Publication, Segment
from threadsync.providers.authorizing import Authorizing, Renewed
from threadsync.providers.base import (
    About,
    Applied,
    Examined,
    Permalinks,
    ProviderContext,
    RenderedSegment,
    Result,
    Uncertain,
    Work,
)
from threadsync.providers.threads import api_reading as api
from threadsync.providers.threads import carrying, checks, convert, marking
from threadsync.providers.threads.about import ABOUT
from threadsync.providers.threads.chains import publish_all, publisher_of
from threadsync.providers.threads.deleting import Deleter, look
from threadsync.providers.threads.faults import refusal
from threadsync.providers.threads.listing import Listing, own_posts
from threadsync.providers.threads.publishing import NotPublished

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
            marks=marking.marks(text, segment.spans, carried),
            covers_media="a spoiler" if carried.hides_media and segment.media else "",
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
        media = yield from look(remote_id, self.context.bounds)
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

    def find_account(self, name: str) -> Flow[str | None]:
        """Nobody is looked up: Threads takes a name that nobody has as plain text."""
        yield from ()
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
            return (yield from Deleter(work, self.context.bounds).settle(last))
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
        return Deleter(work, self.context.bounds).delete(posts)


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
