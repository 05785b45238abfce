"""The Bluesky network of the sandbox, as its readers see it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice

from threadsync.sandbox.bluesky.lexicons import POST, REPOST, THREADGATE
from threadsync.sandbox.bluesky.limits import DAY, HOUR
from threadsync.sandbox.bluesky.state import Record, State
from threadsync.sandbox.pages.bluesky_posts import (
    author_view,
    post_path,
    post_view,
    repost_view,
    uri_in,
    written_at,
)
from threadsync.sandbox.pages.panel import DELETED_SHOWN, EXCERPT_LENGTH, changed, fault_views, offset
from threadsync.sandbox.pages.texts import plain_line
from threadsync.sandbox.pages.views import (
    DeletedView,
    PanelView,
    PostView,
    ProfilePanel,
    QuotaView,
    TabView,
    number_in,
)

_Place = tuple[int, str]
"""When a post was made, in milliseconds, and its CID: the place that a cursor of a feed names too."""


class BlueskyNetwork:
    """The network at one moment; its clock was moved by *clock_offset* seconds."""

    def __init__(self, state: State, now: float, clock_offset: float = 0.0) -> None:
        self._state = state
        self._clock_offset = clock_offset
        self.now = now
        self.name = "Bluesky"
        self.serial_name = "bluesky"

    @cached_property
    def _below(self) -> Mapping[str, Sequence[str]]:
        """The direct answers to every post."""
        found: defaultdict[str, list[Record]] = defaultdict(list)
        for each in self._state.records.values():
            if each.collection == POST and (parent := uri_in(each.value, "reply", "parent")):
                found[parent].append(each)
        return {uri: [each.uri for each in sorted(rows, key=_place)] for uri, rows in found.items()}

    @cached_property
    def _hidden(self) -> frozenset[str]:
        """The answers that those hid whom they answer."""
        gates = (each for each in self._state.records.values() if each.collection == THREADGATE)
        lists = (each.value.get("hiddenReplies") for each in gates)
        return frozenset(str(uri) for hidden in lists if isinstance(hidden, list) for uri in hidden)

    def account(self, user: str) -> str | None:
        """Find an account by its handle or DID."""
        found = self._state.account(user)
        return found.did if found is not None else None

    def post(self, user: str, code: str) -> str | None:
        """Find a post by whose it is and its key."""
        uri = f"at://{self.account(user)}/{POST}/{code}"
        return uri if self.is_there(uri) else None

    def tabs(self, chosen: str | None) -> tuple[TabView, ...]:
        """Make the tabs: everybody, then each account."""
        state = self._state
        counts = Counter(each.did for each in state.records.values() if each.collection == POST)
        accounts = (TabView(author_view(state, did), counts[did], did == chosen) for did in state.accounts)
        return (TabView(None, counts.total(), chosen == ""), *accounts)

    def panel(self, account: str) -> PanelView:
        """Make the panel for one account, or for all."""
        state = self._state
        owners = [account] if account else list(state.accounts)
        gone = [each for each in state.deletions if each.collection == POST and each.did in owners]
        return PanelView(
            profiles=tuple(self._profile(did) for did in owners),
            faults=fault_views(state.armed),
            switches=tuple(changed(state.switches)),
            clock=offset(self._clock_offset),
            deleted=tuple(
                DeletedView(
                    author_view(state, each.did),
                    plain_line(str(each.value.get("text", "")), EXCERPT_LENGTH),
                    None,
                )
                for each in islice(reversed(gone), DELETED_SHOWN)
            ),
            deleted_count=len(gone),
            serial=state.serial,
        )

    def _profile(self, did: str) -> ProfilePanel:
        state, switches = self._state, self._state.switches
        rows = (
            ("Points an hour", f"points {did}", HOUR, switches.points_per_hour),
            ("Points a day", f"day points {did}", DAY, switches.points_per_day),
            ("Blobs a day", f"blobs {did}", DAY, switches.blobs_per_day),
        )
        quotas = (
            QuotaView(name, state.used(what, now=self.now, window_seconds=seconds), total)
            for name, what, seconds, total in rows
        )
        films = sum(1 for job in state.jobs.values() if job.did == did and job.done_at > self.now)
        return ProfilePanel(
            author_view(state, did), tuple(quotas), f"Videos in processing: {films}" if films else ""
        )

    def roots(self, account: str, older: str) -> Iterator[str]:
        """Yield the posts and reposts that stand on their own, newest first."""
        before = _place_in(older)
        rows = (each for each in self._state.records.values() if each.collection in {POST, REPOST})
        found = [each for each in rows if not account or each.did == account]
        for each in sorted(found, key=_place, reverse=True):
            if (before is None or _place(each) < before) and not self.is_there(self.parent(each.uri)):
                yield each.uri

    def place(self, post: str) -> str:
        """Return the place of a post, as a cursor of a feed names it."""
        milliseconds, cid = _place(self._state.records[post])
        return f"{milliseconds}__{cid}"

    def is_place(self, text: str) -> bool:
        """Whether it is written as such a place."""
        return _place_in(text) is not None

    def is_there(self, post: str) -> bool:
        """Whether there is such a post."""
        return post in self._state.records

    def owner(self, post: str) -> str:
        """Return whose post it is."""
        return self._state.records[post].did

    def parent(self, post: str) -> str:
        """Return what a post answers, there or not; empty where it answers nothing."""
        return uri_in(self._state.records[post].value, "reply", "parent")

    def answers(self, post: str) -> Sequence[str]:
        """Return the direct answers to a post, oldest first."""
        return self._below.get(post, ())

    def is_held(self, post: str) -> bool:
        """Whether an answer was hidden by whom it answers."""
        return post in self._hidden

    def path(self, post: str) -> str:
        """Return the path of a post's page."""
        return post_path(self._state, self._state.records[post])

    def view(self, post: str) -> PostView:
        """Make the view of a post or repost."""
        record = self._state.records[post]
        make = repost_view if record.collection == REPOST else post_view
        return make(self._state, self.now, record)


def _place(post: Record) -> _Place:
    return int(written_at(post) * 1000), post.cid


def _place_in(text: str) -> _Place | None:
    """Read a place that a page gave out; anything else stands for none."""
    number, mark, cid = text.partition("__")
    milliseconds = number_in(number)
    return (milliseconds, cid) if mark and milliseconds is not None else None
