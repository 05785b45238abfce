"""The ledger of a chaos run: what was wanted, what the witness saw, and what it took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from msgspec import Struct, field

from threadsync.cli._trial import Seen
from threadsync.cli.chaos_state import StateKind
from threadsync.cli.chaos_story import Wanted


class Compared(Struct, frozen=True):
    """What the network holds, set against what was wanted of it."""

    wanted: int = 0
    """Posts that are to be live."""
    live: int = 0
    duplicates: int = 0
    """Posts published beyond the first with their text, even if they were taken down again."""
    lost: int = 0
    out_of_order: int = 0
    """Posts that hang under another post than they should."""
    unexpected: int = 0
    """Live posts that nobody wants live: not taken down, or never asked for."""
    problems: tuple[str, ...] = ()

    def plus(self, other: Compared) -> Compared:
        """Return the sum of the numbers; the problems are told round by round."""
        return Compared(
            self.wanted + other.wanted,
            self.live + other.live,
            self.duplicates + other.duplicates,
            self.lost + other.lost,
            self.out_of_order + other.out_of_order,
            self.unexpected + other.unexpected,
        )

    def counts(self) -> dict[str, int]:
        """Return the numbers by name, in the order they are told in."""
        return {
            "wanted": self.wanted,
            "live": self.live,
            "duplicates": self.duplicates,
            "lost": self.lost,
            "out_of_order": self.out_of_order,
            "unexpected": self.unexpected,
        }


def compare(wanted: Sequence[Wanted], posts: Sequence[Seen]) -> Compared:
    """Set *posts*, live and taken down, against what was *wanted*."""
    up = [post for post in posts if post.live]
    duplicates = lost = out_of_order = 0
    problems: list[str] = []
    known: set[str] = set()
    for each in wanted:
        texts = _texts(each, posts)
        copies = [post for post in posts if post.text in texts]
        live = [post for post in copies if post.live]
        known |= {post.remote_id for post in copies if each.live or not post.live}
        if len(copies) > 1:
            duplicates += len(copies) - 1
            ids = ", ".join(post.remote_id for post in copies)
            problems.append(f"published {len(copies)} times: {each.text} ({ids})")
        if each.live and not live:
            lost += 1
            problems.append(f"lost: {each.text}")
        if each.live and not all(_is_in_place(each, post, posts) for post in live):
            out_of_order += 1
            problems.append(f"in the wrong place: {each.text}")
    unexpected = [post for post in up if post.remote_id not in known]
    problems += [f"nobody wants this live: {post.text} ({post.remote_id})" for post in unexpected]
    is_wanted = sum(each.live for each in wanted)
    return Compared(is_wanted, len(up), duplicates, lost, out_of_order, len(unexpected), tuple(problems))


def _texts(each: Wanted, posts: Sequence[Seen]) -> set[str]:
    """Return what *each* may say on the network: with the address of what it links to, if it does."""
    if not each.links_to:
        return {each.text}
    return {f"{each.text} {post.permalink}" for post in posts if post.text == each.links_to}


def _is_in_place(each: Wanted, post: Seen, posts: Sequence[Seen]) -> bool:
    if not each.parent:
        return not post.parent
    return any(above.remote_id == post.parent and above.text == each.parent for above in posts)


class Round(Struct):
    """One round, growing while it runs."""

    number: int
    compared: Compared = Compared()
    """Empty until the round is over."""
    secrets_found: int = 0
    """Files, outputs of the program among them, that hold the account's token."""
    kills: Counter[str] = field(default_factory=Counter)
    """Runs that were struck down, by signal."""
    killed_after: Counter[str] = field(default_factory=Counter)
    """Those struck with SIGKILL, by the last record of their journal."""
    runs: int = 0
    requests: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    failures: list[str] = field(default_factory=list)
    """What went wrong with the program, beside what the network shows."""
    over: bool = False
    """False for one that a person ended."""

    @property
    def problems(self) -> list[str]:
        """Everything that should not be."""
        return [*self.compared.problems, *self.failures]


def total(rounds: Sequence[Round]) -> Round:
    """Return *rounds* as if they were one."""
    whole = Round(0)
    for each in rounds:
        whole.compared = whole.compared.plus(each.compared)
        whole.secrets_found += each.secrets_found
        whole.kills += each.kills
        whole.killed_after += each.killed_after
        whole.runs += each.runs
        whole.requests += each.requests
        whole.faults += each.faults
        whole.seconds += each.seconds
        whole.failures += [f"round {each.number}: {problem}" for problem in each.problems]
    return whole


class Outcome(Struct, frozen=True):
    """A whole chaos run."""

    seed: int
    state: StateKind
    planned: int
    """How many rounds were asked for."""
    rounds: tuple[Round, ...]
    folder: str = ""
    """Where everything is kept; empty where it was removed."""

    @property
    def stopped(self) -> bool:
        """Whether a person ended it before its time."""
        return sum(each.over for each in self.rounds) < self.planned

    @property
    def broken(self) -> bool:
        """Whether anything was not as promised."""
        return any(each.problems for each in self.rounds)

    @property
    def held(self) -> bool:
        """Whether every round that was asked for ended as promised."""
        return not self.stopped and not self.broken
