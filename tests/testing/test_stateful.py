"""Whatever authors, people, runs and troubles do, in any order: nothing is published twice, nothing is lost.

The events, and the judge of the networks' ledgers, are those of the random simulation; here hypothesis
chooses them, and shrinks what breaks the promise to the few that do. ``make stateful EXAMPLES=2000`` tries
so many lives of each kind.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import TypeAlias, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.testing.stateful_life import CHANGE, Drawn, Struck, Witness, Writer
from threadsync.errors import ContentError, ProjectError, ThreadsyncError
from threadsync.model.state import State
from threadsync.operations.plan import plan
from threadsync.operations.status import show, status
from threadsync.operations.surgery import state_history, state_list, state_pull
from threadsync.operations.workspace import Workspace
from threadsync.planning import moves
from threadsync.sandbox.threads import Profile
from threadsync.testing.casts import ACCOUNTS
from threadsync.testing.desk import Desk
from threadsync.testing.networks import ThreadsNetwork
from threadsync.testing.simulation_end import judged, peace
from threadsync.testing.simulation_judge import Excuse, Judge
from threadsync.testing.simulation_strikes import WRONG_SECONDS
from threadsync.testing.world import World

T = TypeVar("T")
EVENTS_MAX = 16
MOMENTS_MAX = {CHANGE: 8, "request": 16, "disk": 48, "remote": 16}
"""How late in a run a drawn trouble may strike; a run with a few posts to publish has as many moments."""
Event: TypeAlias = Callable[[Witness], object]
Run: TypeAlias = frozenset[tuple[str, int]] | None
"""An apply that troubles strike at these moments, see ``Struck``; or none at all."""
STRUCK = st.frozensets(
    st.one_of([st.tuples(st.just(kind), st.integers(1, last)) for kind, last in MOMENTS_MAX.items()]),
    max_size=3,
)
SECRETS = tuple(Profile(handle).secret.encode() for handle in ACCOUNTS)


class Lives(RuleBasedStateMachine):
    """A project, its networks and the machines it is applied from: any rule may come at any time."""

    posts = Bundle("posts")
    """First keys of all posts there ever were."""

    def __init__(self, desk: Desk, *, shared: bool) -> None:
        super().__init__()
        self.first = World(desk=desk, shared=shared)
        self.judge = Judge()
        self.lives: list[Witness] = []
        """The clones of the project; the first one is on."""
        self.whole = False
        """Whether the last event is over, and nothing was wrong after it."""
        self.state: State | None = None
        """The state after the last event."""
        self.heard = 0
        """How much of the conversation was looked through for errors."""

    @property
    def life(self) -> Witness:
        return self.lives[0]

    @property
    def world(self) -> World:
        return self.life.world

    @property
    def writer(self) -> Writer:
        assert isinstance(self.life.author, Writer)
        return self.life.author

    def happens(self, event: Event, about: str = "") -> None:
        """Let *event* happen (to the post *about*), and judge what there is after it."""
        self.whole = False
        self.world.say("EVENT", event.__name__, about)
        writer = self.writer
        writer.about = about
        event(self.life)
        writer.about = ""
        self.judged()
        self.whole = True

    def writes(self, change: Callable[[Writer], str | None], run: Run, about: str = "") -> None:
        """Let the author change something, and perhaps apply it at once."""

        def writing(_: Witness) -> None:
            self.world.say("the author", change(self.writer) or "does nothing")

        self.happens(writing, about)
        self.runs(run)

    def runs(self, run: Run) -> None:
        """Apply, if that is meant, while drawn troubles strike."""

        def apply(life: Witness) -> None:
            life.strike(Struck(life.chance, len(run or ()), life.counted, at=run or frozenset()))

        if run is not None:
            self.happens(apply)

    def judged(self) -> None:
        authors = [life.author for life in self.lives]
        problems = [*self.life.problems, *self.judge.faults(self.life.network, authors)]
        if self.world.shared and Excuse.CLONES in self.judge.excused:
            problems.append("two clones with one state did to each other what only two states may")
        if problems:
            note(self.world.transcript())
        assert not problems, "; ".join(problems)

    # Files.

    @initialize(
        target=posts,
        chance=st.randoms(use_true_random=False),
        skew=st.sampled_from((0.0, *WRONG_SECONDS)),
        run=st.none() | STRUCK,
    )
    def begin(self, chance: Random, skew: float, run: Run) -> str:
        network, drawn = self.first.network, Drawn(chance)
        assert isinstance(network, ThreadsNetwork)
        network.switch(clock_skew_seconds=skew)
        Witness(self.first, Writer(self.first, drawn), self.judge, network, drawn, family=self.lives)
        return self.written(run)

    @rule(target=posts, run=st.none() | STRUCK)
    def write(self, run: Run) -> str:
        return self.written(run)

    def written(self, run: Run) -> str:
        """Begin a post, and return its key."""
        before = set(self.writer.files)
        self.writes(Writer.write, run)
        (key,) = set(self.writer.files) - before
        return key

    @rule(post=posts, run=st.none() | STRUCK)
    def edit(self, post: str, run: Run) -> None:
        self.writes(Writer.edit, run, post)

    @rule(post=posts, run=st.none() | STRUCK)
    def rewrite(self, post: str, run: Run) -> None:
        self.writes(Writer.rewrite, run, post)

    @rule(post=posts, run=st.none() | STRUCK)
    def control(self, post: str, run: Run) -> None:
        """Change draft, withdraw, on_remove, on_change, protect, republish or publish in its front matter."""
        self.writes(Writer.control, run, post)

    @rule(post=posts, run=st.none() | STRUCK)
    def remove(self, post: str, run: Run) -> None:
        self.writes(Writer.remove, run, post)

    @precondition(lambda self: self.writer.gone)
    @rule(run=st.none() | STRUCK)
    def restore(self, run: Run) -> None:
        self.writes(Writer.restore, run)

    @rule(post=posts, run=st.none() | STRUCK)
    def rename(self, post: str, run: Run) -> None:
        self.judge.renamed = True
        self.writes(Writer.rename, run, post)

    @rule(run=st.none() | STRUCK)
    def rename_target(self, run: Run) -> None:
        self.happens(Witness.rename_target)
        self.runs(run)

    @rule(post=posts, run=st.none() | STRUCK)
    def merge(self, post: str, run: Run) -> None:
        """Rename a post and a target in one merge."""

        def both(life: Witness) -> None:
            self.world.say("the author", self.writer.rename() or "does nothing")
            life.rename_target()

        self.happens(both, post)
        self.runs(run)

    @rule(post=posts, run=st.none() | STRUCK)
    def break_or_mend(self, post: str, run: Run) -> None:
        self.writes(Writer.spoil, run, post)

    @rule(run=STRUCK)
    def apply(self, run: Run) -> None:
        self.runs(run)

    # What goes on around them.

    @rule()
    def time(self) -> None:
        self.happens(Witness.time)

    @rule(what=st.sampled_from((Witness.clock, Witness.quirks, Witness.renew)))
    def surroundings(self, what: Event) -> None:
        self.happens(what)

    @rule(
        what=st.sampled_from(
            (Witness.hand_post, Witness.hand_reply, Witness.hand_delete, Witness.hand_edit, Witness.hand_hide)
        )
    )
    def people(self, what: Event) -> None:
        """People write, reply, delete, edit and hide on the network."""
        self.happens(what)

    @precondition(lambda self: self.state)
    @rule(
        what=st.sampled_from(
            (
                Witness.accept,
                Witness.erase,
                Witness.move,
                Witness.resolve,
                Witness.imports,
                Witness.imports_any,
            )
        )
    )
    def surgery(self, what: Event) -> None:
        self.happens(what)

    @precondition(lambda self: self.state)
    @rule(what=st.sampled_from((Witness.save, Witness.roll_back, Witness.push_copy, Witness.lose)))
    def other_state(self, what: Event) -> None:
        """Keep a copy of the state, bring an older one back, or have none any more."""
        self.happens(what)

    @precondition(lambda self: self.state)
    @rule(
        what=st.sampled_from((Witness.hold, Witness.release, Witness.freeze, Witness.thaw, Witness.take_down))
    )
    def stop(self, what: Event) -> None:
        """Hold and release, freeze and unfreeze, and take down by hand."""
        self.happens(what)

    @rule(what=st.sampled_from((Witness.save_plan, Witness.carry)))
    def saved_plan(self, what: Event) -> None:
        """Keep a plan in a file, or apply one that was kept."""
        self.happens(what)

    # Clones.

    @precondition(lambda self: len(self.lives) == 1)
    @rule(with_state=st.booleans())
    def clone(self, with_state: bool) -> None:
        def clone(life: Witness) -> None:
            life.clone(with_state=with_state)
            self.judge.cloned, self.judge.apart = True, not self.world.shared

        self.happens(clone)

    @precondition(lambda self: len(self.lives) > 1)
    @rule()
    def swap(self) -> None:
        def swap(_: Witness) -> None:
            self.lives.append(self.lives.pop(0))

        self.happens(swap)

    # What must be true after each of them.

    @invariant()
    def whoever_looks_sees_the_same_and_changes_nothing(self) -> None:
        with self.looking():
            self.state = self.world.state
            now = self.world.clock.now()
            first, again = (self.told(lambda workspace: plan(workspace, at=now)) for _ in range(2))
            assert first == again
            rows = self.told(status).rows
            if rows and not isinstance(rows, str):
                row = rows[len(self.world.log) % len(rows)]
                self.told(lambda workspace: show(workspace, str(row.address)))
            self.told(lambda workspace: show(workspace, "nobody@threads/nowhere"))
            self.told(state_list)
            self.told(state_history)
            self.told(state_pull)
        self.no_token_is_kept()
        for _, said in self.world.log[self.heard :]:
            for error in said:
                if isinstance(error, ThreadsyncError):
                    helps(error)
        self.heard = len(self.world.log)

    def no_token_is_kept(self) -> None:
        for kept in (self.world.disk.files(), self.world.remote.tip.files):
            for data in kept.values():
                assert not any(secret in data for secret in SECRETS)

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Look at everything without changing anything; looking takes no time here."""
        before, seconds = self.everything(), self.world.clock.seconds
        yield
        assert self.everything() == before
        self.world.clock.seconds = seconds

    def everything(self) -> tuple[object, ...]:
        world, network = self.world, self.life.network
        state = (world.disk.files(), world.remote.tip, dict(world.files), world.project)
        return (*state, network.live(), network.deleted(), self.life.threads.state.serial)

    def told(self, look: Callable[[Workspace], T]) -> T | str:
        """Return what somebody sees, or is told instead."""
        try:
            return look(self.world.workspace)
        except ThreadsyncError as error:
            helps(error)
            return str(error)

    # Peace.

    def teardown(self) -> None:
        if not self.whole:
            return
        self.world.say("PEACE")
        for life in self.lives:
            made = peace(life)
            self.judged()
            if made is not None and life is self.lives[-1]:
                life.problems.extend(judged(life, made))
        self.judged()


def helps(error: ThreadsyncError) -> None:
    """Every error says what is wrong, and what to do next; one about files says that of each finding."""
    findings = error.findings if isinstance(error, ContentError | ProjectError) else ()
    assert error.problem, repr(error)
    assert error.remedy or (findings and all(each.remedy for each in findings)), error.message()


def live(desk: Desk, *, shared: bool, phases: Collection[Phase] = tuple(Phase)) -> None:
    """Live as many lives as there are to be examples."""

    class Here(Lives):
        def __init__(self) -> None:
            super().__init__(desk, shared=shared)

    run_state_machine_as_test(
        Here,
        settings=settings(
            stateful_step_count=EVENTS_MAX,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
            report_multiple_bugs=False,
            phases=phases,
        ),
    )


@pytest.mark.parametrize("shared", [False, True], ids=["file", "shared"])
def test_any_life_keeps_the_promise(tmp_path: Path, *, shared: bool) -> None:
    live(Desk(tmp_path), shared=shared)


def test_a_program_to_which_a_rename_is_a_new_post_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine that finds nothing proves nothing."""
    monkeypatch.setattr(moves, "find", lambda *_: moves.Renamed(None))
    with pytest.raises(AssertionError, match="duplicate"):
        live(Desk(tmp_path), shared=False, phases=[Phase.generate])
