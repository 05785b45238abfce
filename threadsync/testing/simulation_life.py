"""What happens in a simulated life: runs and what strikes them, time, people, and state surgery."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random

from msgspec import Struct, field

from threadsync.errors import ContentError, PlanError, StalePlan, ThreadsyncError, UsageError
from threadsync.model.ids import Address, RemoteId
from threadsync.model.journal import Intent
from threadsync.operations.holding import freeze, hold, release, unfreeze
from threadsync.operations.importing import import_post
from threadsync.operations.plan import bound, plan
from threadsync.operations.surgery import Done, state_accept, state_move, state_remove, state_resolve
from threadsync.planning.planfile import PlanOptions, SavedPlan, decode, encode
from threadsync.statefile.remote import Revision
from threadsync.testing.disk import MemoryDisk
from threadsync.testing.holding import withdrawn
from threadsync.testing.judge import normal, text_of
from threadsync.testing.networks import Network, Seen
from threadsync.testing.remote import RemoteFault
from threadsync.testing.simulation_files import Author
from threadsync.testing.simulation_holding import broken, guarded
from threadsync.testing.simulation_judge import Judge, asked_lately
from threadsync.testing.simulation_kinds import BY_HAND
from threadsync.testing.simulation_strikes import WRONG_SECONDS, Somebody, Strikes
from threadsync.testing.troubles import Death, RemoteFails, Script, TokenExpired, nothing
from threadsync.testing.world import Ran, World

TROUBLES_MAX = 3
PAUSES_SECONDS = (1.0, 30.0, 400.0, 3600.0, 20000.0, 180000.0)
SAVED_MAX = 3


class Life(Struct):
    """One project as its author, its runs and its networks go on; *judge* is told what was agreed to."""

    world: World
    author: Author
    judge: Judge
    network: Network
    chance: Random
    counted: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    accepted: set[str] = field(default_factory=set)
    """Keys of posts whose file a person declared to be what is live."""
    unusable: set[str] = field(default_factory=set)
    """Accounts whose token has expired, and all while a quota is small."""
    small: bool = False
    """Whether the networks' allowances are small."""
    plans: list[bytes] = field(default_factory=list)
    """Saved plans; each clone of the project can apply them."""
    _saved: list[tuple[MemoryDisk, Revision]] = field(default_factory=list)

    def clone(self, *, with_state: bool) -> Life:
        """Return the life of another clone of the project with the same accounts."""
        world = self.world.clone(with_state=with_state)
        author = self.author.clone(world)
        other = Life(world, author, self.judge, self.network, self.chance, self.counted, self.problems)
        other.accepted, other.unusable, other.plans = set(self.accepted), self.unusable, list(self.plans)
        return other

    # Runs.

    def apply(self) -> None:
        """Apply in peace, with random flags."""
        self._run(nothing)

    def struck(self) -> None:
        """Apply while things go wrong."""
        self.strike(self._strikes())

    def _strikes(self) -> Strikes:
        return Strikes(self.chance, self.chance.randint(1, TROUBLES_MAX), self.counted)

    def save_plan(self) -> None:
        """Keep a plan in a file, with what a person agrees to while they make it."""
        selectors, options = self._flags()
        asked = PlanOptions(selectors, **options)
        try:
            made = plan(self.world.workspace, options=asked)
            if not made.has_errors:
                kept = bound(self.world.workspace, made.plan, made.desired, made.prior, asked)
                self.plans = [*self.plans, encode(kept)][-SAVED_MAX:]
        except ThreadsyncError as error:
            self.world.say("error", error)

    def carry(self) -> None:
        """Apply one of the plans that were kept, in peace or not; it may be stale, or done already."""
        if not self.plans:
            return
        saved = decode(self.chance.choice(self.plans), "plan.json")
        self.counted["applies of a saved plan"] += 1
        if self.chance.random() < 0.5:
            self.strike(self._strikes(), saved)
        else:
            self._run(nothing, saved)

    def strike(self, strikes: Strikes, saved: SavedPlan | None = None) -> None:
        """Apply while *strikes* strike."""
        self._run(strikes, saved)
        self._lost(strikes)

    def _lost(self, strikes: Strikes | None) -> None:
        """Take note of what *strikes* made of what is remembered and known."""
        for trouble in strikes.struck if strikes is not None else ():
            if isinstance(trouble, Death) and trouble.older:
                self._forgotten()
            if isinstance(trouble, RemoteFails) and trouble.how == RemoteFault.ROLLED_BACK:
                self._forgotten()
            if isinstance(trouble, TokenExpired):
                self.unusable.update(self.world.cast.accounts)

    def _run(self, script: Script, saved: SavedPlan | None = None) -> None:
        if self.chance.random() < 0.3:
            self.save()
        person = Somebody(self.chance, self.world) if self.chance.random() < 0.25 else None
        selectors, options = self._flags() if saved is None else ((), {})
        self.world.script = script
        before = guarded(self.world, self.network)
        ran = self.world.apply(*selectors, person=person, saved=saved, **options)
        self.world.script = nothing
        self.problems += broken(before, self.world, self.network)
        self.counted["applies under a freeze"] += before.frozen
        self.counted["applies beside what is held"] += bool(before.held)
        agreed = {Address.parse(each) for name in options if name != "late" for each in options[name]}
        if saved is not None:
            self.counted["saved plans that are stale"] += isinstance(ran.error, StalePlan)
            if self.world.shown is not None and ran.error is None:
                self.problems += self.judge.beyond(saved, self.world.shown.plan)
            agreed = {*map(Address.parse, (*saved.options.allow_replace, *saved.options.allow_delete))}
        self.carried(
            ran, agreed | (person.agreed if person else set()), declined=bool(person and person.declined)
        )

    def carried(self, ran: Ran, agreed: set[Address], *, declined: bool = False) -> None:
        """Tell the judge of the plan that a run carried out, if it did; a person agreed to *agreed*."""
        self.counted["applies"] += 1
        self.counted["applies that were killed"] += ran.died
        shown = self.world.shown
        if shown is None or declined or isinstance(ran.error, ContentError | PlanError | UsageError):
            return
        self.problems += self.judge.carried_out(shown.plan, self.author, agreed)

    def _flags(self) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
        chance = self.chance
        every = self._addresses()
        state = self.world.state
        bound = sorted(map(str, state.bindings)) if state is not None else []
        options: dict[str, tuple[str, ...]] = {}
        for name, addresses in (("allow_replace", every), ("late", every), ("allow_delete", bound)):
            if addresses and chance.random() < 0.2:
                options[name] = (chance.choice(addresses),)
        selectors = (chance.choice(every),) if every and chance.random() < 0.15 else ()
        return selectors, options

    def _addresses(self) -> list[str]:
        return [
            f"{file.key}@{self.author.targets[account]}"
            for _, file in sorted(self.author.files.items())
            for account in file.accounts
        ]

    def plan(self) -> None:
        """Plan, which must change nothing."""
        before = self.world.disk.files()
        try:
            self.world.plan()
        except ThreadsyncError as error:
            self.world.say("error", error)
        if self.world.disk.files() != before:
            self.problems.append("plan wrote to the disk")

    # Time and the networks.

    def time(self) -> None:
        """Let time pass."""
        self.world.clock.sleep(self.chance.choice(PAUSES_SECONDS))

    def clock(self) -> None:
        """Set the clock of the machine wrong, or right."""
        self.world.clock.ahead_seconds = self.chance.choice((0.0, *WRONG_SECONDS))

    def quirks(self) -> None:
        """Let the network be slow to show or strict with quotas, or as usual again."""
        self.small = self.chance.random() < 0.5
        self.network.whims(self.chance, small=self.small)
        self.unusable.update(self.world.cast.accounts if self.small else ())

    def renew(self) -> None:
        """Renew the tokens of all accounts."""
        self.network.renew_tokens(self.world.clock.true())
        if not self.small:
            self.unusable.clear()

    def hand_post(self) -> None:
        """Let a person post on the network."""
        account = self.chance.choice(self.world.cast.accounts)
        if account not in self.unusable:
            text = f"{BY_HAND}{self.author.text()}"
            self.judge.by_hand.add(self.network.post_by_hand(account, text, self.world.clock.true()))

    def ours(self) -> list[Seen]:
        """Return all live posts that no person wrote on the network."""
        return [post for post in self.network.live() if post.remote_id not in self.judge.by_hand]

    def hand_delete(self) -> None:
        """Let a person delete one of our posts on the network."""
        posts = self.ours()
        if posts and not self.unusable:
            post = self.chance.choice(posts)
            self.world.say("deleted by hand:", post.text)
            self.network.delete_by_hand(post.remote_id, self.world.clock.true())
            self.judge.deleted_by_hand.add(post.remote_id)
            state = self.world.state
            bound = {each for held in state.bindings.values() for each in held.remote_ids} if state else set()
            # What has no container leaves nothing behind that could be asked.
            told_by_itself = post.container.startswith("repost of ") or post.container == post.remote_id
            if told_by_itself and (
                post.remote_id not in bound or asked_lately(state, post.remote_id, self.world.clock.now())
            ):
                self.judge.taken_back.add((post.account, text_of(post)))

    # Holds, freezes, and taking down.

    def hold(self) -> None:
        """Hold a publication, declared or live."""
        chosen = self._addresses()
        if chosen:
            self.guarded(lambda: hold(self.world.workspace, [self.chance.choice(chosen)]))

    def release(self) -> None:
        """Release what is held."""
        held = sorted(self.world.state.holds) if self.world.state is not None else []
        if held:
            self.guarded(lambda: release(self.world.workspace, [str(self.chance.choice(held))]))

    def freeze(self) -> None:
        """Freeze everything."""
        self.guarded(lambda: freeze(self.world.workspace))

    def thaw(self) -> None:
        """End a freeze."""
        self.guarded(lambda: unfreeze(self.world.workspace))

    def take_down(self) -> None:
        """Withdraw what is live, in peace or not."""
        bound = self.known("bindings")
        if not bound:
            return
        address = self.chance.choice(bound)
        strikes = self._strikes() if self.chance.random() < 0.5 else None
        self.world.script = strikes or nothing
        ran = withdrawn(self.world, str(address))
        self.world.script = nothing
        self.counted["withdrawals"] += 1
        self.carried(ran, {address})
        self._lost(strikes)

    # State surgery.

    def guarded(self, change: Callable[[], Done]) -> bool:
        """Do something by hand to the state; a refusal is an answer like any other."""
        try:
            done = change()
        except ThreadsyncError as error:
            self.world.say("refused:", error)
            return False
        self.world.say(*done.lines)
        return True

    def known(self, kind: str) -> list[Address]:
        """Return the addresses that the state holds of a kind: ``bindings``, ``tombstones`` or ``open``."""
        state = self.world.state
        return sorted(getattr(state, kind)) if state is not None else []

    def accept(self) -> None:
        """Declare a file to be what is live."""
        bound = self.known("bindings")
        if bound:
            address = self.chance.choice(bound)
            if self.guarded(lambda: state_accept(self.world.workspace, [str(address)])):
                self.accepted.add(address.key)

    def erase(self) -> None:
        """Erase what the state knows of an address."""
        known = [*self.known("bindings"), *self.known("tombstones"), *self.known("open")]
        if known:
            address = self.chance.choice(sorted(set(known)))
            if self.guarded(lambda: state_remove(self.world.workspace, [str(address)])):
                self._forgotten()

    def move(self) -> None:
        """Give a publication another name in the state alone."""
        bound = self.known("bindings")
        if bound:
            old = self.chance.choice(bound)
            new = f"{old.key}m"
            if self.guarded(lambda: state_move(self.world.workspace, str(old), f"{new}@{old.target}")):
                self.judge.renamed = True
                self.author.moves(old.key)
                self.judge.deletable |= {new} if old.key in self.judge.deletable else set()

    def rename_target(self) -> None:
        """Give a target another name, in the project file and in the state."""
        old, new = self.author.rename_target()
        self.world.say("renames the target", old, "to", new)
        self.judge.renamed = True
        self.guarded(lambda: state_move(self.world.workspace, old, new))

    def resolve(self) -> None:
        """Look at the account, and say what became of something in doubt."""
        doubtful = self.known("open")
        if doubtful and not self.network.has_more_to_do:
            self.resolved(self.chance.choice(doubtful))

    def resolved(self, address: Address) -> bool:
        """Say of *address* what the network's ledger says."""
        state = self.world.state
        assert state is not None, "something is open"
        unfinished = state.open[address]
        intents = [note for note in unfinished.notes if isinstance(note, Intent)]
        if not intents or intents[-1].verb != "publish":
            return False
        # The state may still call it by the name that its target had before.
        account = self.author.former.get(address.target) or self.world.account(address.target)
        made = [
            post.remote_id
            for post in self.network.live()
            if post.container == intents[-1].key and post.account == account
        ]
        published = made[0] if made else None
        holder = state.holder_of(address.target, RemoteId(made[0])) if made else None
        if holder is not None:  # under its new name it is bound already
            return self.guarded(lambda: state_remove(self.world.workspace, [str(address)]))
        done = self.guarded(
            lambda: state_resolve(
                self.world.workspace, str(address), published=published, not_published=not made
            )
        )
        if done and not made:
            said = {each.index: each.text for each in unfinished.job.segments}
            for index in {each.index for each in intents}:
                self.judge.again[account, normal(said[index])] += 1
        return done

    def imports(self) -> None:
        """Bind a post that says what a file says."""
        found = [
            (f"{file.key}@{self.author.targets[account]}", post.remote_id)
            for _, file in sorted(self.author.files.items())
            for account in file.accounts
            for post in self.ours()
            if post.account == account and text_of(post) == file.published[0]
        ]
        if found:
            self.imported(*self.chance.choice(found))

    def imported(self, address: str, remote_id: str) -> bool:
        """Bind *remote_id* to *address*; with the file's consent it may take the place of another."""
        done = self.guarded(lambda: import_post(self.world.workspace, address, remote_id))
        state, key = self.world.state, Address.parse(address)
        file = self.author.files.get(key.key)
        self.judge.imported |= file.names if done and file is not None else set()
        if not done or state is None or file is None:
            return done
        if file.front.get("on_change") == "replace":
            self.judge.replaced.update(each.remote_id for each in state.bindings[key].superseded)
        account = self.world.account(key.target)
        for text in file.published[len(state.bindings[key].segments) :]:
            self.judge.again[account, text] += 1  # it was said that these are published then
        return done

    # Losing what is remembered.

    def save(self) -> None:
        """Keep a copy of the state."""
        self._saved = [*self._saved, (self.world.disk.survivor(), self.world.remote.tip)][-SAVED_MAX:]

    def roll_back(self) -> None:
        """Put an older state back."""
        if self._saved:
            disk, revision = self.chance.choice(self._saved)
            self.world.disk = disk.survivor()
            self.world.remote.force(revision)
            self.world.unlock()
            self._forgotten()

    def lose(self) -> None:
        """Lose the state."""
        self.save()
        self.world.disk = MemoryDisk()
        self.world.remote.force(Revision())
        self._forgotten()

    def _forgotten(self) -> None:
        self.judge.forgotten_at.append(self.world.clock.true().timestamp())
