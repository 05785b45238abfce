"""A simulated life as hypothesis chooses it: its chance, its author, and a witness of every run."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import accumulate
from random import Random
from typing import Protocol, Self, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from threadsync.errors import ContentError, PlanError, UsageError
from threadsync.model.ids import Address
from threadsync.operations.surgery import state_pull, state_push
from threadsync.planning.actions import Create, Delete, Extend, Plan, Replace
from threadsync.planning.inputs import UNKNOWN_LINK
from threadsync.testing.casts import ACCOUNTS
from threadsync.testing.judge import LINK, normal, text_of
from threadsync.testing.networks import Seen, ThreadsNetwork
from threadsync.testing.simulation_files import Author
from threadsync.testing.simulation_kinds import BY_HAND, File
from threadsync.testing.simulation_life import Life
from threadsync.testing.simulation_strikes import Strikes
from threadsync.testing.troubles import Moment, Place
from threadsync.testing.world import Ran, World

T_co = TypeVar("T_co", covariant=True)
CHANGE = "change"
"""A request that changes something, as the name of a kind of moment beside those of ``Place``."""
CHANCES = 1000
"""Of how many equal parts one draw of ``Drawn.random`` is."""


class _Row(Protocol[T_co]):
    def __len__(self) -> int: ...
    def __getitem__(self, place: int, /) -> T_co: ...


class Drawn(Random):
    """Chance as hypothesis will have it; it shrinks to first choices, and to nothing unlikely happening."""

    def __init__(self, drawn: Random) -> None:
        super().__init__()
        self._drawn = drawn

    def random(self) -> float:
        return 1 - self._drawn.randint(1, CHANCES) / CHANCES

    def randint(self, a: int, b: int) -> int:
        return self._drawn.randint(a, b)

    def randrange(self, start: int, stop: int | None = None, step: int = 1) -> int:
        return self._drawn.randrange(start, stop, step)

    def choice(self, seq: _Row[T_co]) -> T_co:
        return seq[self._drawn.randint(0, len(seq) - 1)]

    def choices(
        self,
        population: _Row[T_co],
        weights: Sequence[float | Fraction] | None = None,
        *,
        cum_weights: Sequence[float | Fraction] | None = None,
        k: int = 1,
    ) -> list[T_co]:
        until = cum_weights or list(accumulate(weights or [1] * len(population)))
        drawn = [self._drawn.randint(0, CHANCES - 1) / CHANCES * float(until[-1]) for _ in range(k)]
        return [population[bisect_right(until, each)] for each in drawn]


REPOST = "Repost of: "
"""What a ledger says of a repost, before the text of its original."""


def is_repost(post: Seen) -> bool:
    """Whether *post* has nothing of its own: no text to edit, and nothing to reply to."""
    return post.container.startswith("repost of ")


class Writer(Author, dict=True):
    """An author who is told which post to change; what it says follows from how many there were before."""

    about: str = ""
    """The first key of the post that is to be changed; any, if it is empty."""

    def clone(self, world: World) -> Writer:
        other = super().clone(world)
        other.former = self.former
        return Writer(**{each: getattr(other, each) for each in Author.__struct_fields__})

    def rename_target(self) -> tuple[str, str]:
        old, new = super().rename_target()
        self.former[new] = self.former[old]  # to a clone, which has another name for it
        return old, new

    def one(self, fits: Callable[[File], bool] = lambda _: True) -> File | None:
        if not self.about:
            return super().one(fits)
        return next((each for each in self.files.values() if self.about in each.names and fits(each)), None)

    def rewrite(self) -> str | None:
        """Edit a post, and agree in its file that what is live is replaced."""
        file = self.one()
        if file is not None:
            file.front["on_change"] = "replace"
        return self.edit()

    def text(self) -> str:
        drawn, self.chance = self.chance, Random(self.written)
        said = super().text()
        self.chance = drawn
        return said


class Struck(Strikes):
    """Troubles at just these moments: the third change asked of a network, the first step of writing, …"""

    at: frozenset[tuple[str, int]] = frozenset()
    seen: Counter[str] = field(default_factory=Counter)

    def hits(self, moment: Moment) -> bool:
        kind = CHANGE if moment.place is Place.REQUEST and " GET " not in moment.what else moment.place.value
        self.seen[kind] += 1
        return (kind, self.seen[kind]) in self.at


class Ledger(Struct):
    """What the networks held after the last run, whichever clone ran, and what may still come of it."""

    made: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    named: Counter[tuple[str, str]] = field(default_factory=Counter)
    """What was named by a plan, and not made yet: the network may act later than it was asked to."""
    old: set[str] = field(default_factory=set)


class Witness(Life, eq=False, dict=True):
    """A life in which no run does what its plan did not name; and what its networks' people do besides."""

    ledger: Ledger = field(default_factory=Ledger)
    older: list[bytes] = field(default_factory=list)
    """Copies of the state that a person kept."""
    family: list[Witness] = field(default_factory=list)
    """The lives of all clones of the project: what a person does on the network happens to each of them."""

    def __post_init__(self) -> None:
        self.family.append(self)

    @property
    def threads(self) -> ThreadsNetwork:
        """The network, of which people ask more than others have."""
        assert isinstance(self.network, ThreadsNetwork), "these lives are on Threads"
        return self.network

    def clone(self, *, with_state: bool) -> Self:
        world = self.world.clone(with_state=with_state)
        accepted = self.accepted if world.shared else set(self.accepted)
        return replace(self, world=world, author=self.author.clone(world), accepted=accepted, _saved=[])

    def carried(self, ran: Ran, agreed: set[Address], *, declined: bool = False) -> None:
        super().carried(ran, agreed, declined=declined)
        shown, ledger = self.world.shown, self.ledger
        refused = declined or isinstance(ran.error, ContentError | PlanError | UsageError)
        if shown is not None and not refused:
            ledger.named += self._named(shown.plan)
            ledger.old |= _old(shown.plan)
        live, deleted = self.network.live(), self.network.deleted()
        made = Counter(
            (post.account, text_of(post))
            for post in (*live, *deleted)
            if post.remote_id not in ledger.made | self.judge.by_hand
        )
        gone = {post.remote_id for post in deleted} - ledger.deleted - self.judge.deleted_by_hand
        self.problems += [f"no plan named it: {text!r} on {account}" for account, text in made - ledger.named]
        self.problems += [f"no plan named it as one to delete: {each}" for each in sorted(gone - ledger.old)]
        self._later(made, gone)

    def _later(self, made: Counter[tuple[str, str]], gone: set[str]) -> None:
        """Keep what a network may still do of what it was asked, and forget what it never will."""
        ledger, comes = self.ledger, bool(self.threads.state.deferred)
        ledger.named = ledger.named - made if comes else Counter()
        ledger.old = ledger.old - gone if comes else set()
        ledger.made = {post.remote_id for post in (*self.network.live(), *self.network.deleted())}
        ledger.deleted = {post.remote_id for post in self.network.deleted()}

    def _named(self, plan: Plan) -> Counter[tuple[str, str]]:
        named: Counter[tuple[str, str]] = Counter()
        for action in plan.effective:
            if isinstance(action, Create | Extend | Replace):
                account = self.world.account(action.address.target)
                says = [normal(each.text.replace(UNKNOWN_LINK, LINK)) for each in action.segments]
                if action.publication.repost is not None:  # the ledger knows it by the text of its original
                    places = self.author.ever[action.address.key]
                    says = [text for at, text in places if at == account and text.startswith(REPOST)]
                named.update((account, text) for text in says)
        return named

    # What people do besides.

    def hand_edit(self) -> None:
        """Let a person change the text of one of our posts on the network."""
        # A repost says what its original says now: one by hand, imported since, may have some.
        posts = [each for each in self.ours() if not is_repost(each) and not each.text.startswith(BY_HAND)]
        if posts:
            post = self.chance.choice(posts)
            said, text = text_of(post), f"Edited: {self.author.text()}"
            self.world.say("edited by hand:", said)
            self.threads.edit_by_hand(post.remote_id, text)
            self.judge.edited.add(post.remote_id)
            self.judge.said_before[text] = said
            for key, places in self.author.ever.items():
                if (post.account, said) in places:
                    places.add((post.account, text))
                    for life in self.family:
                        life.accepted.add(key)

    def hand_reply(self) -> None:
        """Let the owner of another account reply to one of our posts."""
        now = self.world.clock.true()
        server = now.timestamp() + self.threads.state.switches.clock_skew_seconds
        posts = [
            post
            for post in self.ours()
            if self.threads.state.posts[post.remote_id].repliable_from <= server
            and not is_repost(post)
            and "ghost: yes" not in post.carries
        ]
        if posts and not self.unusable:
            post = self.chance.choice(posts)
            other = next(each for each in ACCOUNTS if each != post.account)
            text = f"By hand: {self.author.text()}"
            self.judge.by_hand.add(self.threads.reply_by_hand(other, text, post.remote_id, now))
            self.world.say("a person replies to:", post.text)

    def replies(self) -> list[Seen]:
        """Return all live posts right under a post of ours that begins a chain, whoever wrote them."""
        first = {post.remote_id for post in self.ours() if not post.parent}
        return [post for post in self.network.live() if post.parent in first]

    def hand_hide(self) -> None:
        """Let a person hide what stands under a post of ours."""
        posts = self.replies()
        if posts and not self.unusable:
            post = self.chance.choice(posts)
            self.world.say("hidden by hand:", post.text)
            self.threads.hide_by_hand(post.remote_id, self.world.clock.true())

    def imports_any(self) -> None:
        """Bind any post of the account, whatever it says: the person's word is that it is this one."""
        places = [
            (f"{file.key}@{self.author.targets[account]}", file, account)
            for _, file in sorted(self.author.files.items())
            for account in file.accounts
        ]
        if not places:
            return
        address, file, account = self.chance.choice(places)
        posts = [post for post in self.network.live() if post.account == account]
        if posts:
            post: Seen = self.chance.choice(posts)
            if self.imported(address, post.remote_id):
                self.judge.by_hand.discard(post.remote_id)
                self.ledger.made.add(post.remote_id)
                self.accepted.add(file.key)
                place = (account, text_of(post))
                self.author.ever[file.key].add(place)
                self.judge.misnamed[place] += 1  # the post whose text it is has none now, and gets one

    def save(self) -> None:
        super().save()
        state = self.world.state
        if state is not None:
            self.older.append(state_pull(self.world.workspace))

    def push_copy(self) -> None:
        """Put a kept copy back, with ``state push``."""
        if not self.older:
            return
        encoded = self.chance.choice(self.older)
        if self.guarded(lambda: state_push(self.world.workspace, encoded, "copy.json", replace_lineage=True)):
            self._forgotten()


def _old(plan: Plan) -> set[str]:
    return {
        post.remote_id
        for action in plan.effective
        if isinstance(action, Replace | Delete)
        for post in action.old
    }
