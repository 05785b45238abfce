"""The files of a simulated project, and an author who goes on changing them.

Every text is written once only, so that a network's ledger tells without the state what was published
how often; a post keeps its texts when it is renamed or restored.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import timedelta
from random import Random

from msgspec import Struct, field

from threadsync.model.ids import Address
from threadsync.testing.casts import THREADS
from threadsync.testing.judge import normal
from threadsync.testing.networks import Seen, ThreadsNetwork
from threadsync.testing.shape import chain, film, picture
from threadsync.testing.simulation_kinds import (
    ALONE,
    BARE,
    BY_HAND,
    EVERYWHERE,
    FILM,
    NUMBERS,
    ODDS,
    PICTURES,
    PLACE,
    REFERENCES,
    File,
    Kind,
    Segment,
    carries,
    front_of,
)
from threadsync.testing.world import World

POSTS_MIN = 2
"""How many files there must be before one is removed."""
CONTROLS = ("withdraw", "draft", "on_remove", "on_change", "protect", "republish", "publish")
"""What the front matter says of a post's life."""
_SYLLABLES = ("ba", "ko", "lu", "mi", "ne", "po", "ra", "si", "tu", "ve", "wa", "zo")
_BROKEN = "---\nkey: {key}\ntargets: [threads/nowhere]\n---\nBroken\n"


class Author(Struct):
    """Who writes the files of *world*; what is written follows from *chance* alone."""

    world: World
    chance: Random
    files: dict[str, File] = field(default_factory=dict)
    gone: dict[str, File] = field(default_factory=dict)
    """Files that were removed, by their keys."""
    targets: dict[str, str] = field(default_factory=lambda: dict(THREADS.targets))
    """Account to the name that the project file gives it."""
    written: int = 0
    """How many texts and keys there have been."""
    ever: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    """Key to every account and text that a file of this key has declared, in any clone."""
    agreed: dict[str, set[str]] = field(default_factory=dict)
    """Front matter such as ``on_remove: delete`` to the keys that ever had it."""
    changed: set[str] = field(default_factory=set)
    """Keys of files whose segments were changed after they were first written."""

    rewritten: set[tuple[str, str]] = field(default_factory=set)
    """Accounts and texts of files that were changed and renamed without telling so."""
    moved: set[str] = field(default_factory=set)
    """Keys whose publication got another name in the state alone."""
    former: dict[str, str] = field(default_factory=dict)
    """The names that targets had before, and their accounts."""
    carried: dict[str, set[str]] = field(default_factory=dict)
    """Text to what a ledger may tell of a post that says it, besides."""
    reposted: set[str] = field(default_factory=set)
    """The posts by hand that some file reposts, in any clone: an account reposts a post once."""

    def clone(self, world: World) -> Author:
        """Return somebody with the same files in *world*, who goes on alone."""
        state = (self.files, self.gone, self.targets, self.agreed, self.changed)
        other = Author(world, self.chance, *copy.deepcopy(state[:3]), self.written + 1000)
        other.former, other.carried, other.reposted = dict(self.former), self.carried, self.reposted
        other.ever, (other.agreed, other.changed) = self.ever, copy.deepcopy(state[3:])
        return other

    def moves(self, key: str) -> None:
        """Take note that the state calls what the file *key* made by another name."""
        self.moved.add(key)
        if key in self.files:
            self.save(self.files[key])

    # What is in a file.

    def text(self) -> str:
        """Return words that nobody has written yet."""
        self.written += 1
        words = ["".join(self.chance.choices(_SYLLABLES, k=3)) for _ in range(self.chance.randint(2, 5))]
        return f"{' '.join(words)} {self.written}"

    def _segment(self, *, bare: bool = False) -> Segment:
        number = self.chance.choices((0, 1, 2), (85, 10, 5))[0]
        media = tuple(PICTURES)[:number]
        if number and self.chance.random() < 0.3:
            media = (*media[1:], FILM) if self.world.cast is THREADS else (FILM,)
        return Segment(self.text(), () if bare else media)

    def moment(self, minutes_from: int, minutes_to: int) -> str:
        """Return a time near now, as front matter has it."""
        at = self.world.clock.true() + timedelta(minutes=self.chance.randint(minutes_from, minutes_to))
        return at.strftime("%Y-%m-%d %H:%M")

    def save(self, file: File) -> None:
        """Write *file* to the project."""
        for name in {each for segment in file.segments for each in segment.pictures}:
            self.world.write(f"posts/{name}", film() if name == FILM else picture(PICTURES[name]))
        file.names.add(file.key)
        if file.published[0] not in file.first:
            file.first.append(file.published[0])
        self._tell(file)
        for name, value in file.front.items():
            self.agreed.setdefault(f"{name}: {value}", set()).add(file.key)
        declared = {(account, text) for account in file.accounts for text in file.published}
        self.ever.setdefault(file.key, set()).update(declared)
        renamed = file.key in self.moved or (len(file.names) > 1 and "moved_from" not in file.front)
        if renamed and not file.names.isdisjoint(self.changed):
            self.rewritten |= declared
        if file.broken:
            self.world.write(f"posts/{file.key}.md", _BROKEN.format(key=file.key))
            return
        bodies = [
            "\n\n".join([self._linked(each.text), *(f"![a picture]({name})" for name in each.pictures)])
            for each in file.segments
        ]
        targets = ", ".join(self.targets[each] for each in file.accounts)
        front = file.front | front_of(file.kind, file.segments[0].text)
        self.world.post(file.key, chain(*bodies), targets=targets, **front)

    def _tell(self, file: File) -> None:
        """Take note of what a ledger may tell of *file*, and of what quotes it."""
        for each in (file, *(each for each in self.files.values() if each.named("quote") == file.key)):
            quoted = self.files.get(each.named("quote"))
            words = quoted.first if quoted is not None else [each.about] if each.kind is Kind.QUOTE else []
            for index, (text, segment) in enumerate(zip(each.published, each.segments, strict=True)):
                said = carries(each.kind, segment.text, segment.pictures, first=index == 0)
                told = self.carried.setdefault(text, set())
                quotes = [f"quotes: {normal(shown)}" for shown in words if index == 0]
                told.update("; ".join(filter(None, (said, quote))) for quote in quotes or [""])

    def _linked(self, text: str) -> str:
        return PLACE.sub(lambda found: f"{{{{ links['{found[1]}@{self.targets[found[2]]}'] }}}}", text)

    def one(self, fits: Callable[[File], bool] = lambda _: True) -> File | None:
        """Choose a file that *fits*, if there is one."""
        found = [file for _, file in sorted(self.files.items()) if fits(file)]
        return self.chance.choice(found) if found else None

    def needed(self, key: str) -> bool:
        """Whether another file links to *key* or replies to it."""
        return any(key in file.needs() for file in self.files.values())

    # What an author does.

    def write(self) -> str:
        """Begin a post of any shape and kind."""
        self.written += 1
        chance = self.chance
        kinds = tuple(ODDS) if self.world.cast is THREADS else EVERYWHERE
        kind = chance.choices(kinds, tuple(ODDS[each] for each in kinds))[0]
        number = 1 if kind in ALONE else chance.choices((1, 2, 3, 4), (5, 3, 1, 1))[0]
        segments = [self._segment(bare=not place and kind in BARE) for place in range(number)]
        accounts = chance.choices(self.world.cast.homes, (5, 2, 3))[0]
        file = File(f"k{self.written}", segments, accounts, kind=kind)
        other = self.one(lambda file: not file.front.get("draft") and file.kind not in ALONE)
        below = other is not None and set(accounts) <= set(other.accounts)
        if kind is Kind.NUMBERED:
            file.front["number"] = f"'{chance.choice(NUMBERS)}'"
        if kind in {Kind.QUOTE, Kind.REPOST}:
            self._refer(file, other.key if other is not None and below else "")
        if file.kind in ALONE:
            pass
        elif other is not None and below and chance.random() < 0.25:
            file.front["reply_to"] = other.key
        elif chance.random() < 0.05:
            self._answer(file)
        elif other is not None and file.kind is Kind.PLAIN and chance.random() < 0.25:
            place = f"<{other.key}@{chance.choice(other.accounts)}>"
            segments[-1] = Segment(f"See {place} {self.text()}")
        if chance.random() < 0.15:
            file.front["publish"] = self.moment(-90, 300)
        self.files[file.key] = file
        self.save(file)
        return f"writes {file.key} for {', '.join(accounts)}: {file.front}"

    def _by_hand(self, file: File) -> tuple[Seen, str] | None:
        """Choose a post by hand that *file* may name, and how it names it."""
        network = self.world.network
        found = [post for post in network.live() if post.text.startswith(BY_HAND)]
        if not isinstance(network, ThreadsNetwork):
            found = [post for post in found if file.accounts == (post.account,)]
        if not found:
            return None
        post = self.chance.choice(found)
        own = file.accounts == (post.account,) and self.chance.random() < 0.6
        if own and isinstance(network, ThreadsNetwork):
            return post, network.permalink_of(post.text)
        return post, f"id:{post.remote_id}"

    def _refer(self, file: File, key: str) -> None:
        """Let *file* quote *key* or a post by hand, or repost one; where it cannot, it is a plain post."""
        found = self._by_hand(file) if file.kind is Kind.REPOST or self.chance.random() < 0.4 else None
        if file.kind is Kind.REPOST and found is not None and found[0].text not in self.reposted:
            file.front["repost"], file.about = found[1], found[0].text
            file.segments = [Segment("")]
            self.reposted.add(file.about)
        elif file.kind is Kind.QUOTE and found is not None:
            file.front["quote"], file.about = found[1], found[0].text
        elif file.kind is Kind.QUOTE and key:
            file.front["quote"] = key
        else:
            file.kind = Kind.PLAIN

    def _answer(self, file: File) -> None:
        """Let *file* reply to a post by hand."""
        found = self._by_hand(file)
        if found is not None:
            file.front["reply_to"] = found[1]

    def edit(self) -> str | None:
        """Append, change or take out a segment."""
        file = self.one(lambda each: each.kind is not Kind.REPOST)
        if file is None:
            return None
        self.changed.add(file.key)
        how = self.chance.choices(("append", "change", "shorten"), (4, 4, 2))[0]
        place = self.chance.randrange(len(file.segments))
        if how == "append" and file.kind not in ALONE:
            file.segments.append(self._segment())
        elif how == "change" or len(file.segments) == 1:
            file.segments[place] = self._segment(bare=not place and file.kind in BARE)
        else:
            file.segments.pop(-1 if file.kind in BARE else place)
        self.save(file)
        return f"edits {file.key}: {how} at {place}, now {[each.text for each in file.segments]}"

    def control(self) -> str | None:
        """Change what the front matter says of a post's life."""
        file = self.one()
        if file is None:
            return None
        name = self.chance.choice(CONTROLS)
        values = {
            "on_remove": "delete",
            "on_change": self.chance.choice(("replace", "replace", "keep", "block")),
            "publish": self.moment(-90, 300),
        }
        held = [each for each in CONTROLS if each in file.front]
        if held and self.chance.random() < 0.5:
            name = self.chance.choice(held)
            del file.front[name]
        elif name != "draft" or not self.needed(file.key):
            file.front[name] = values.get(name, "true")
        self.save(file)
        return f"changes {name} of {file.key}: {file.front}"

    def remove(self) -> str | None:
        """Remove a file that nothing else names."""
        file = self.one(lambda each: not self.needed(each.key))
        if file is None or len(self.files) < POSTS_MIN:
            return None
        self.gone[file.key] = self.files.pop(file.key)
        self.world.remove(file.key)
        return f"removes {file.key}"

    def restore(self) -> str | None:
        """Bring a file back that was removed."""
        there = {key for key, file in self.files.items() if "draft" not in file.front}
        back = [key for key, file in sorted(self.gone.items()) if file.needs() <= there]
        if not back:
            return None
        key = self.chance.choice(back)
        if key in self.files:
            return None
        self.files[key] = self.gone.pop(key)
        self.save(self.files[key])
        return f"restores {key}"

    def rename(self) -> str | None:
        """Give a file another key, telling so or not, and perhaps edit it in the same merge."""
        file = self.one(lambda each: not each.broken)
        if file is None:
            return None
        old, chance = file.key, self.chance
        new = f"{old}r"
        if new in self.files or new in self.gone:
            return None
        del self.files[old]
        self.world.remove(old)
        file.key = new
        self.files[new] = file
        file.front.pop("moved_from", None)
        if chance.random() < 0.4:
            file.front["moved_from"] = old
        if old in self.changed:
            self.changed.add(new)
        if chance.random() < 0.2 and file.kind not in ALONE:
            file.segments.append(self._segment())
            self.changed.add(new)
        self.save(file)
        self._renamed(old, new)
        return f"renames {old} to {new}: {file.front}"

    def _renamed(self, old: str, new: str) -> None:
        """Let every file that names *old* name *new*."""
        for file in (*self.files.values(), *self.gone.values()):
            if old not in file.needs():
                continue
            for how in REFERENCES:
                if file.named(how) == old:
                    file.front[how] = new
            for each in file.segments:
                each.text = each.text.replace(f"<{old}@", f"<{new}@")
            self.changed.add(file.key)  # a reference is part of what is declared
            if file.key in self.files:
                self.save(file)

    def rename_target(self) -> tuple[str, str]:
        """Give an account another name in the project file and in all posts; return the old and new one."""
        cast = self.world.cast
        account = self.chance.choice(cast.accounts)
        old = self.targets[account]
        new = f"{old}n" if not old.endswith("nn") else cast.targets[account]
        self.targets[account], self.former[old] = new, account
        self.world.project = cast.project
        for each, target in self.targets.items():
            self.world.project = self.world.project.replace(f"{cast.targets[each]}:", f"{target}:")
        for file in self.files.values():
            if any(f"@{account}>" in each.text for each in file.segments):
                self.changed.add(file.key)  # a reference is part of what is declared
            self.save(file)
        return old, new

    def spoil(self) -> str | None:
        """Break a file, or mend a broken one."""
        file = self.one(lambda each: each.broken) or self.one()
        if file is None:
            return None
        file.broken = not file.broken
        self.save(file)
        return f"{'breaks' if file.broken else 'mends'} {file.key}"

    @property
    def drafts(self) -> set[Address]:
        """The addresses of posts that are drafts now."""
        return {
            Address.parse(f"{file.key}@{self.targets[account]}")
            for file in self.files.values()
            if "draft" in file.front
            for account in file.accounts
        }

    def mend(self) -> None:
        """Mend every file."""
        for file in self.files.values():
            if file.broken:
                file.broken = False
                self.save(file)
