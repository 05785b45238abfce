"""Bluesky as a provider: what it can do, and the flows that plan and apply need."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from msgspec import Struct

from threadsync.errors import ApiError, Unanswered, UsageError
from threadsync.flows.bounds import Bounds
from threadsync.flows.core import attempt, now, record
from threadsync.flows.effects import Flow, Response
from threadsync.flows.paging import Pages
from threadsync.flows.retry import retried
from threadsync.model.capabilities import Capabilities, Needs
from threadsync.model.diagnostic import Diagnostic
from threadsync.model.facts import Account, Engagement, ObservedPost, Quota, ReadBack
from threadsync.model.fault import Fault, FaultClass
from threadsync.model.ids import RemoteId, Role
from threadsync.model.journal import Deleted, Intent, Published, Rendered
from threadsync.model.post import Publication, Segment
from threadsync.providers.accounts import Sessions, Spending
from threadsync.providers.answers import Page
from threadsync.providers.authorizing import Renewed
from threadsync.providers.base import (
    About,
    Applied,
    Examined,
    Permalinks,
    ProviderContext,
    RenderedSegment,
    Result,
    Work,
)
from threadsync.providers.bluesky import (
    api_feeds,
    api_repo,
    api_sessions,
    checks,
    checks_video,
    convert,
)
from threadsync.providers.bluesky.about import ABOUT
from threadsync.providers.bluesky.calls import DIRECTORY, PUBLIC, VIDEO
from threadsync.providers.bluesky.deleting import delete
from threadsync.providers.bluesky.faults import refusal
from threadsync.providers.bluesky.opening import BlueskySessions
from threadsync.providers.bluesky.points import BlueskySpending
from threadsync.providers.bluesky.publishing import CID, Publisher, wait_out
from threadsync.providers.bluesky.records import REPOST
from threadsync.providers.bluesky.richtext import TEXT_GRAPHEMES_MAX, addresses, graphemes, marks
from threadsync.providers.bluesky.servers import server_of
from threadsync.providers.bluesky.uris import POST, AtUri

T = TypeVar("T")

NOBODY = frozenset({FaultClass.GONE, FaultClass.INVALID})
"""How servers answer for a handle that nobody has, and for an account that they cannot find (observed)."""
SHOWN_WITHIN = timedelta(hours=1)
"""After so long readers are shown a post, or it is kept from them."""
ORIGIN = "bsky.network"
"""Where accounts are known by their DIDs, whatever server they live on."""


class BlueskyProvider(Struct, frozen=True):
    """One account."""

    context: ProviderContext

    @property
    def default_base_url(self) -> str:
        """Where every account can log in (https://docs.bsky.app/docs/advanced-guides/entryway)."""
        return "https://bsky.social"

    @property
    def capabilities(self) -> Capabilities:
        """What may be planned on Bluesky."""
        return checks.capabilities_of(server_of(self.context.settings))

    @property
    def about(self) -> About:
        """What it speaks to, and what it needs and obeys there."""
        return ABOUT

    @property
    def sessions(self) -> Sessions:
        """How the account is opened; the project declares whose it is, and maybe where it lives."""
        return BlueskySessions(self.context.account or "", finds_home=self.context.base_url is None)

    @property
    def spending(self) -> Spending:
        """What writes take of the points of an hour and a day."""
        return BlueskySpending()

    @property
    def authorizing(self) -> None:
        """An app password is made in the app, and pasted."""
        return

    def scopes(self, publication: Publication) -> frozenset[str]:
        """An app password has no scopes."""
        return frozenset()

    @property
    def hosts(self) -> Mapping[str, str]:
        """Where what everybody may read is read, films are sent, and accounts are found.

        Sources: https://docs.bsky.app/docs/advanced-guides/api-directory, https://docs.bsky.app/docs/tutorials/video
        and https://web.plc.directory.
        """
        named = {
            PUBLIC: "https://public.api.bsky.app",
            VIDEO: "https://video.bsky.app",
            DIRECTORY: "https://plc.directory",
        }
        return {name: str(self.context.settings.get(f"{name}_url", url)) for name, url in named.items()}

    def classify(self, response: Response) -> Fault | None:
        """Return the error that *response* carries; None where it carries none."""
        return refusal(response)

    def examine(self, role: Role) -> Flow[Examined]:
        """Tell an app password from the account's own; either has no rights to tell of, and lives on."""
        codes = yield from attempt(api_sessions.get_account_invite_codes())
        match codes:
            case tuple():
                return Examined(
                    endless=True,
                    kind="the account's own password",
                    danger="it is the account's own password: it opens everything, and cannot be taken away",
                    remedy="Make an app password (Settings, Privacy and security, App passwords), and store "
                    f"that in its place: threadsync auth login {self.context.target}",
                )
            case Fault(row=api_sessions.NOT_FOR_APP_PASSWORDS):
                return Examined(endless=True, kind="an app password")
            case Fault() | Unanswered():
                return Examined(endless=True, unknown=codes.problem)

    def renew(self, role: Role) -> Flow[Renewed]:
        """An app password cannot be renewed."""
        raise UsageError(
            "an app password lives until it is taken away; there is nothing to renew",
            remedy="To change it, make a new one in the app and store it: threadsync auth login.",
        )

    def check(self, publication: Publication, links: Permalinks) -> list[Diagnostic]:
        """Find everything Bluesky would refuse or drop."""
        return checks.check(
            publication,
            [convert.said(publication, index, links) for index in range(len(publication.segments))],
            server_of(self.context.settings),
            plain=self.context.settings.get(VIDEO) == checks_video.PLAIN,
        )

    def render(
        self, publication: Publication, segment: Segment, index: int, links: Permalinks
    ) -> RenderedSegment:
        """Return *segment* exactly as Bluesky gets it."""
        what = convert.rendered(publication, segment, index, links)
        said = convert.said(publication, index, links)
        records = convert.records_of(publication, index)
        return RenderedSegment(
            what,
            graphemes(what.text),
            TEXT_GRAPHEMES_MAX,
            "graphemes",
            addresses(said),
            records,
            marks(said),
            covers_media=convert.cover(what),
        )

    def unanswerable(self, publication: Publication) -> str:
        """Everything can be replied to by whoever made it."""
        return ""

    def needs(self, publication: Publication) -> Needs:
        """An account is an account."""
        return Needs()

    def identify(self) -> Flow[Account]:
        """Read whose account the session opens."""
        asked_at = yield from now()
        who = yield from self._asked(partial(api_sessions.get_session), "reading the account")
        server = who.exchange.server_time
        ahead = (server - asked_at).total_seconds() if server is not None else None
        # Only a network on this machine may name its own origin; it stands for a host and port that change.
        sandbox = who.exchange.sandbox_origin if self.context.loopback else ""
        return Account(sandbox or ORIGIN, who.did, who.handle, "", ahead)

    def quotas(self) -> Flow[Mapping[str, Quota]]:
        """Nothing tells how many points are left but the answer to a write."""
        yield from ()
        return {}

    def read_back(self, since: datetime, wanted: Sequence[Rendered] = ()) -> Flow[ReadBack]:
        """List own posts since *since*; reposts too where *wanted* has one."""
        who = yield from self._asked(partial(api_sessions.get_session), "reading the account")
        collections = (POST, REPOST) if any(each.reposts is not None for each in wanted) else (POST,)
        found: list[ObservedPost] = []
        complete = True
        for collection in collections:
            listed, whole = yield from self._listed(who.did, collection, since)
            found += listed
            complete = complete and whole
        found.sort(key=lambda post: post.at, reverse=True)
        return ReadBack(since, tuple(found), complete)

    def _listed(self, did: str, collection: str, since: datetime) -> Flow[tuple[list[ObservedPost], bool]]:
        pages = Pages(lambda cursor: api_repo.list_records(did, collection, limit=100, cursor=cursor))
        found: list[ObservedPost] = []
        while pages.more:
            page: Page[api_repo.Record] = yield from self._asked(pages.read, "reading the account")
            for entry in page.data:
                post = convert.observed(entry)
                if post is not None and post.at < since:
                    return found, True
                if len(found) >= self.context.bounds.read_back_posts_max:
                    return found, False
                if post is not None:
                    found.append(post)
        return found, True

    def observe(self, remote_id: RemoteId) -> Flow[ObservedPost | None]:
        """Read one post; None where it is gone."""
        uri = AtUri.parse(remote_id)
        if uri is None:
            return None
        found = yield from retried(
            partial(api_repo.get_record, uri.repo, uri.collection, uri.rkey),
            self.context.bounds,
            why="reading a post",
        )
        match found:
            case Fault(kind=FaultClass.GONE):
                return None
            case Fault():
                raise ApiError(found, where=str(self.context.target))
            case Unanswered():
                raise found
        return convert.observed(found)

    def engagement(self, remote_id: RemoteId) -> Flow[Engagement]:
        """Read likes, replies, reposts and quotes of one post; anybody may."""
        uri = AtUri.parse(remote_id)
        if uri is None or uri.collection != POST:
            return Engagement({}, "Bluesky counts nothing of it")
        found = yield from attempt(api_feeds.get_posts([remote_id]))
        match found:
            case Fault():
                return Engagement({}, found.problem)
            case Unanswered():
                return Engagement({}, found.problem)
            case ():
                at = yield from now()
                late = at - convert.time_of(uri.rkey, {}) > SHOWN_WITHIN
                why = "Bluesky shows readers no such post"
                return Engagement({}, why if late else f"{why} yet", withheld=late, hidden=late)
        view = found[0]
        counts = {
            "likes": view.like_count,
            "replies": view.reply_count,
            "reposts": view.repost_count,
            "quotes": view.quote_count,
        }
        told = {name: count for name, count in counts.items() if count is not None}
        return Engagement(told, hidden=convert.is_hidden(view), answers=convert.parent_of(view.record))

    def locate(self, reference: str) -> Flow[ObservedPost | None]:
        """Find anybody's post by its at-uri, or the address of its page."""
        uri = AtUri.parse(reference.removeprefix("id:"))
        if uri is None or uri.collection not in {POST, REPOST}:
            return None
        did = uri.repo if uri.repo.startswith("did:") else (yield from self.find_account(uri.repo))
        if did is None:
            return None
        try:
            return (yield from self.observe(RemoteId(str(AtUri(did, uri.collection, uri.rkey)))))
        except ApiError as error:
            if error.fault.kind in NOBODY:
                return None
            raise

    def find_account(self, name: str) -> Flow[str | None]:
        """Return the DID of a handle."""
        try:
            return (yield from self._asked(partial(api_sessions.resolve_handle, name), "finding a name"))
        except ApiError as error:
            if error.fault.kind in NOBODY:
                return None
            raise

    def matches(self, rendered: Rendered, parent: RemoteId | None, post: ObservedPost) -> bool:
        """Whether *post* may be what publishing *rendered* made."""
        return convert.matches(rendered, parent, post)

    def unchanged(self, published: Published, post: ObservedPost) -> bool:
        """Whether *post* still says what it said."""
        known = {published.ids.get(CID, ""), post.carries.get(CID, "")} - {""}
        return post.kind == "repost" or (published.text == post.text and len(known) < 2)

    def publish(self, work: Work) -> Flow[Result]:
        """Publish the job's segments, all in one write."""
        return Publisher(work, self.context).publish()

    def settle(self, work: Work) -> Flow[Result]:
        """Find out what became of the write in flight; a delete is harmless to ask for once more.

        That a post is there is believed once a lost delete cannot act any more.
        """
        intents = [note for note in work.notes if isinstance(note, Intent)]
        if not intents:
            return Applied()
        if intents[-1].verb != "delete":
            return (yield from Publisher(work, self.context).settle())
        remote_id = RemoteId(intents[-1].key)
        seen = yield from self.observe(remote_id)
        if seen is not None:
            yield from wait_out(intents[-1].at, self.context.bounds)
            seen = yield from self.observe(remote_id)
        if seen is None:
            at = yield from now()
            yield from record(Deleted(work.address, remote_id, at))
        return Applied()

    def delete(self, work: Work, posts: tuple[Published, ...]) -> Flow[Result]:
        """Take *posts* down, each with the gates that are beside it."""
        return delete(work, posts, self.context.bounds)

    def _asked(self, make: Callable[[], Flow[T]], why: str) -> Flow[T]:
        """Run a reading flow until it succeeds.

        Raises:
            ApiError, Unanswered: it does not.
        """
        found = yield from retried(make, self._bounds, why=why)
        if isinstance(found, Fault):
            raise ApiError(found, where=str(self.context.target))
        if isinstance(found, Unanswered):
            raise found
        return found

    @property
    def _bounds(self) -> Bounds:
        return self.context.bounds
