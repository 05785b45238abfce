"""What must be true of the networks at every moment of a simulated life, and which excuses there are.

The networks' own ledgers are the witness, beside what was declared in files, agreed to by a person or
shown in a plan. An excuse is a known limit of the promise: each is narrow, counted, and named in
docs/guarantees.md.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from msgspec import Struct, field

from threadsync.model.ids import Address
from threadsync.model.state import State
from threadsync.planning.actions import Blocked, Delete, NoOp, Plan, Reason, Replace
from threadsync.planning.planfile import SavedPlan
from threadsync.testing.judge import normal, text_of
from threadsync.testing.networks import Network, Seen
from threadsync.testing.simulation_files import Author

NEAR_SECONDS = 330.0
"""How close two publications are of which the second could not see the first: a doubt, and a listing lag."""


class Excuse(StrEnum):
    """A known limit of the promise, by its short name."""

    FORGOTTEN = "forgotten"
    TOO_FRESH = "too-fresh"
    CLONES = "clones"
    REWRITTEN = "rewritten"
    TAKEN_BACK = "taken-back"
    UNDONE = "undone"


EXCUSES = {
    Excuse.FORGOTTEN: (
        "The state was lost, erased with `state rm` or put back to an older one, and what it no longer "
        "knows was taken down or changed since: what is not on the account any more cannot be found there."
    ),
    Excuse.TOO_FRESH: (
        "The state was lost or put back while a publication was under way or not listed yet, and the next "
        "apply looked within the minutes in which the account does not show it."
    ),
    Excuse.CLONES: (
        "Two clones apply to one account, neither knows the state of the other, and both published within "
        "the minutes in which the account does not show it yet, or one with what the other leaves out."
    ),
    Excuse.REWRITTEN: (
        "A file was renamed without `moved_from` and rewritten so far that it counts as a new post; what "
        "the two have in common is published again."
    ),
    Excuse.TAKEN_BACK: (
        "A repost, or a post on Bluesky, was taken back by hand before its answer was on record, or while a "
        "request for it that had no answer might still act: nothing on the account tells that it was ever "
        "made, so it is made again."
    ),
    Excuse.UNDONE: (
        "A withdrawal broke off in the middle of a chain, and was taken back in the file: what went is "
        "appended again, as the plan shows."
    ),
}
"""Each limit in a sentence."""

_Place = tuple[str, str]
"""An account, and a text on it."""


class Judge(Struct):
    """Keeps what was agreed to, and compares the ledgers with it."""

    by_hand: set[str] = field(default_factory=set)
    """Posts that a person wrote on the network."""
    deleted_by_hand: set[str] = field(default_factory=set)
    taken_back: set[_Place] = field(default_factory=set)
    """Reposts, and posts of Bluesky, that a person deleted before all requests for them were over."""
    imported: set[str] = field(default_factory=set)
    """Keys of posts that a person bound by hand, whatever else of them is live."""
    edited: set[str] = field(default_factory=set)
    """Posts of ours whose text a person changed on the network."""
    said_before: dict[str, str] = field(default_factory=dict)
    """What such a text says now to what it said: a post that quotes it was declared with that."""
    replaced: set[str] = field(default_factory=set)
    """Posts that a replace was to take down, in a plan that was shown and carried out."""
    taken: set[str] = field(default_factory=set)
    """Posts that a delete was to take down, in a plan that was shown and carried out."""
    beside: Counter[_Place] = field(default_factory=Counter)
    """How many further live copies somebody asked for (``republish``)."""
    misnamed: Counter[_Place] = field(default_factory=Counter)
    """How many live copies a person imported as a post of another text."""
    again: Counter[_Place] = field(default_factory=Counter)
    """How many further publications somebody allowed, once no copy is live."""
    forgotten_at: list[float] = field(default_factory=list)
    """When a state was lost, erased in part, or put back."""
    cloned: bool = False
    """Whether two clones of the project apply to the accounts."""
    apart: bool = False
    """Whether each of them has a state of its own."""
    deletable: set[str] = field(default_factory=set)
    """Keys of posts that ever said ``on_remove: delete``."""
    protected: set[str] = field(default_factory=set)
    """Keys of posts that ever said ``protect: true``."""
    renamed: bool = False
    """Whether a post or a target ever got another name."""
    rewritten: set[_Place] = field(default_factory=set)
    """What was in a file that was rewritten, and renamed (or its record) without ``moved_from``."""
    excused: Counter[str] = field(default_factory=Counter)
    _looked: set[str] = field(default_factory=set)
    """Posts whose kind was compared with what was declared."""
    _told: set[tuple[Excuse, _Place]] = field(default_factory=set)

    def excuse(self, excuse: Excuse, place: _Place) -> None:
        """Count an excuse, once for each place."""
        if (excuse, place) not in self._told:
            self._told.add((excuse, place))
            self.excused[excuse.value] += 1

    # What was shown and agreed to.

    def carried_out(self, plan: Plan, author: Author, agreed: set[Address]) -> list[str]:
        """Take note of what *plan* takes down; return what nobody agreed to.

        *agreed* are addresses that a flag or an answer named in this run.
        """
        found: list[str] = []
        for action in plan.effective:
            if not isinstance(action, Replace | Delete):
                continue
            old: set[str] = {post.remote_id for post in action.old}
            if not self._consented(action, old, author, agreed):
                found.append(f"nobody agreed: {action.word} {action.address} ({action.reason})")
            (self.replaced if isinstance(action, Replace) else self.taken).update(old)
        return found

    def _consented(
        self, action: Replace | Delete, old: set[str], author: Author, agreed: set[Address]
    ) -> bool:
        file = author.files.get(action.address.key)
        if action.address in agreed or (
            action.reason in {Reason.RESUME, Reason.FINISH_REPLACE} and old <= self.replaced | self.taken
        ):
            return True
        if isinstance(action, Replace) or action.reason is Reason.WITHDRAWN:
            asked = ("on_change", "replace") if isinstance(action, Replace) else ("withdraw", "true")
            return file is not None and file.front.get(asked[0]) == asked[1]
        return action.address.key in self.deletable

    def beyond(self, saved: SavedPlan, plan: Plan) -> list[str]:
        """Return what *plan* does that *saved* did not show (law 9); what was begun may go on."""
        shown = {each.address: each.action for each in saved.actions}
        found: list[str] = []
        for action in plan.effective:
            before = shown.get(action.address, "")
            same = before == action.word or not isinstance(action, Replace | Delete)
            if before in {"", NoOp.word, Blocked.word} or not same:
                found.append(f"not in the saved plan: {action.word} {action.address} ({before or 'nothing'})")
        return found

    # What the ledgers say.

    def faults(self, network: Network, authors: Iterable[Author]) -> list[str]:
        """Return everything that is wrong at this moment, a sentence each."""
        live, deleted = network.live(), network.deleted()
        self._republished(authors)
        found = [
            f"wrong deletion: {text_of(post)!r} on {post.account}, which no plan named"
            for post in deleted
            if post.remote_id not in self.deleted_by_hand | self.replaced | self.taken
        ]
        found += [
            f"a post by hand is gone: {each}"
            for each in sorted(self.by_hand - {post.remote_id for post in live})
        ]
        found += self._of_another_kind(live, authors)
        return found + self._duplicates(live, network) + self._too_often(live, deleted)

    def _of_another_kind(self, live: list[Seen], authors: Iterable[Author]) -> list[str]:
        """Find what is live with something that no file of its text declared; each post is looked at once."""
        found: list[str] = []
        for post in live:
            if post.remote_id in self._looked | self.by_hand:
                continue
            self._looked.add(post.remote_id)
            text, said = text_of(post), normal(post.carries)
            for now, before in reversed(self.said_before.items()):
                said = said.replace(now, before)
            declared = {each for author in authors for each in author.carried.get(text, ())}
            if declared and said not in declared:
                found.append(f"wrong kind: {text!r} on {post.account} has {said or 'nothing'}")
        return found

    def _republished(self, authors: Iterable[Author]) -> None:
        """Allow what a file with ``republish: true`` has ever declared once more."""
        asked: Counter[_Place] = Counter()
        for author in authors:
            self.protected |= author.agreed.get("protect: true", set())
            self.rewritten |= author.rewritten
            self.deletable |= author.agreed.get("on_remove: delete", set())
            keys = author.agreed.get("republish: true", ())
            asked.update({place for key in keys for place in author.ever[key]})
        for place, times in asked.items():  # each clone may ask once
            self.beside[place] = max(self.beside[place], times)

    def _duplicates(self, live: list[Seen], network: Network) -> list[str]:
        copies: dict[_Place, list[Seen]] = defaultdict(list)
        for post in live:
            if post.remote_id not in self.replaced | self.taken:
                copies[post.account, text_of(post)].append(post)
        found: list[str] = []
        for place, posts in copies.items():
            if len(posts) <= 1 + self.beside[place] + self.misnamed[place]:
                continue
            excuse = self._why_twice(place, posts, network)
            if excuse is None:
                found.append(f"duplicate: {place[1]!r} is live {len(posts)} times on {place[0]}")
            else:
                self.excuse(excuse, place)
        return found

    def _why_twice(self, place: _Place, posts: list[Seen], network: Network) -> Excuse | None:
        if place in self.rewritten:
            return Excuse.REWRITTEN
        if (self.forgotten_at or self.cloned) and len({post.text for post in posts}) == len(posts):
            # What it links to was published anew, at another address.
            return Excuse.FORGOTTEN if self.forgotten_at else Excuse.CLONES
        if self.apart and len({post.carries for post in posts}) == len(posts):
            return Excuse.CLONES  # one shows or quotes what the other does not: they are not the same
        first, second = (network.shown_at(post.remote_id) for post in posts[-2:])
        if second - first > NEAR_SECONDS:
            return None
        if self.apart:
            return Excuse.CLONES
        near = any(abs(second - at) <= NEAR_SECONDS for at in self.forgotten_at)
        return Excuse.TOO_FRESH if near else None

    def _too_often(self, live: list[Seen], deleted: list[Seen]) -> list[str]:
        """Find what came back after it was taken down, though nobody asked for it."""
        times = Counter((post.account, text_of(post)) for post in (*live, *deleted))
        there = Counter((post.account, text_of(post)) for post in live)
        replaced = Counter(
            (post.account, text_of(post)) for post in (*live, *deleted) if post.remote_id in self.replaced
        )
        found: list[str] = []
        for place, count in times.items():
            if count <= 1 + replaced[place] + sum(
                each[place] for each in (self.beside, self.misnamed, self.again)
            ):
                continue
            if any(excuse in self._excuses_of(place) for excuse in (Excuse.TOO_FRESH, Excuse.REWRITTEN)):
                continue
            if there[place] <= 1 and place in self.rewritten:  # and the first copy was taken down by hand
                self.excuse(Excuse.REWRITTEN, place)
                continue
            if there[place] <= 1 and (self.forgotten_at or self.cloned):
                self.excuse(Excuse.FORGOTTEN if self.forgotten_at else Excuse.CLONES, place)
            elif there[place] <= 1 and place in self.taken_back:
                self.excuse(Excuse.TAKEN_BACK, place)
            elif there[place] <= 1 and self._broken_off(place, live, deleted):
                self.excuse(Excuse.UNDONE, place)
            elif there[place] <= 1:
                found.append(f"came back: {place[1]!r} was published {count} times on {place[0]}")
        return found

    def _excuses_of(self, place: _Place) -> set[Excuse]:
        return {excuse for excuse, told in self._told if told == place}

    def _broken_off(self, place: _Place, live: list[Seen], deleted: list[Seen]) -> bool:
        """Whether what went was taken down as agreed, and what it stood under was not."""
        above = {post.remote_id for post in live}
        gone = [post for post in deleted if (post.account, text_of(post)) == place]
        return all(post.remote_id in self.taken and post.parent in above for post in gone)


def asked_lately(state: State | None, remote_id: str, now: datetime) -> bool:
    """Whether a request for a post that is on record had no answer, and may still act."""
    segments = [each for held in state.bindings.values() for each in held.segments] if state else []
    asked = [each.ids.get("unanswered") for each in segments if each.remote_id == remote_id]
    return any((now - datetime.fromisoformat(at)).total_seconds() <= NEAR_SECONDS for at in asked if at)
