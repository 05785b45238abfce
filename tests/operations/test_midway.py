"""Things fail midway: the other targets finish, nothing is lost or sent twice, what remains is reported."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from tests.operations.world import START, World, picture
from threadsync.cli._applying import status_of
from threadsync.cli._exit import Exit
from threadsync.execution.report import ActionReport, Became, Report
from threadsync.flows.bounds import Bounds
from threadsync.flows.effects import NoResponse, Request
from threadsync.model.fault import FaultClass
from threadsync.model.ids import TargetName
from threadsync.operations.apply import AppliedPlan
from threadsync.planning.actions import Reason
from threadsync.sandbox import threads
from threadsync.sandbox.threads import Fault, FaultKind
from threadsync.testing.fakes import Answered

MAIN, BRAND = TargetName("threads/main"), TargetName("threads/brand")
BOTH = "threads/main, threads/brand"
AT_FIRST = Bounds().actions_at_first_max


@dataclass
class Midway(World):
    """A world in which *disturb* is told of each request of a target, by its number, before it arrives."""

    disturb: Callable[[TargetName, int, Request], Answered | None] = lambda *_: None
    asked: Counter[TargetName] = field(default_factory=Counter)

    def answer(self, target: TargetName, request: Request) -> Answered:
        self.asked[target] += 1
        disturbed = self.disturb(target, self.asked[target], request)
        return disturbed if disturbed is not None else super().answer(target, request)

    def command(self, command: threads.Command) -> None:
        threads.apply(self.network, command, self.clock.now().timestamp())

    def expire_token(self) -> None:
        self.command(threads.ExpireToken(threads.token_digest("sandbox-main")))

    def renew_token(self) -> None:
        self.command(threads.add_profile(threads.Profile("main")))


@pytest.fixture
def world(tmp_path: Path) -> Midway:
    return Midway(tmp_path)


def all_of(applied: AppliedPlan) -> Report:
    assert applied.report is not None
    return applied.report


def became(report: Report, target: TargetName) -> Counter[Became]:
    return Counter(each.became for each in report.actions if each.address.target == target)


def of(report: Report, address: str) -> ActionReport:
    (found,) = [each for each in report.actions if str(each.address) == address]
    return found


def finish(world: Midway) -> None:
    """Apply until there is nothing left to do."""
    world.disturb = lambda *_: None
    for _ in range(3):
        if all(action.word == "no-op" for action in world.plan().values()):
            return
        world.applied(max_creates=100)
    assert all(action.word == "no-op" for action in world.plan().values())


# The token expires.


def mixed(world: Midway) -> list[str]:
    """Write a post, a chain and a picture for both targets; return what each account shows in the end."""
    world.write("posts/p.jpg", picture())
    world.post("a", "Hello", targets=BOTH, backfill="true")
    world.post("b", "One\n\n---\n\nTwo", targets=BOTH, backfill="true")
    world.post("c", "Look\n\n![red](p.jpg)", targets=BOTH, backfill="true")
    return ["Hello", "Look", "One", "Two"]


def requests_of_a_mixed_run(folder: Path) -> int:
    world = Midway(folder)
    mixed(world)
    world.applied()
    return world.asked[MAIN]


def test_a_token_that_expires_at_any_request_costs_the_other_target_nothing(tmp_path: Path) -> None:
    """Law 14; and after it is renewed the next run finishes, with every post there once."""
    (tmp_path / "whole").mkdir()
    requests = requests_of_a_mixed_run(tmp_path / "whole")
    assert requests > 20
    for number in range(1, requests + 1):
        folder = tmp_path / str(number)
        folder.mkdir()
        world = Midway(folder)
        wanted = mixed(world)

        def expire(
            target: TargetName, request: int, _: Request, world: Midway = world, n: int = number
        ) -> None:
            if (target, request) == (MAIN, n):
                world.expire_token()

        world.disturb = expire
        applied = world.apply()
        assert sorted(world.live("brand")) == wanted, number
        report = applied.report
        if report is not None and became(report, MAIN)[Became.REFUSED]:
            (pause,) = report.pauses
            assert (pause.target, pause.fault.kind) == (MAIN, FaultClass.UNAUTHORIZED)
            assert (pause.needs_person, pause.goes_on_at) == (True, None)
        before = world.asked[BRAND]
        world.renew_token()
        finish(world)
        assert sorted(world.live("main")) == wanted, number
        assert sorted(world.live("brand")) == wanted, number
        assert world.asked[BRAND] == before, "what was done there is not even looked at again"


def test_what_nobody_could_see_when_the_token_expired_is_not_tried(world: Midway) -> None:
    for number in range(20):
        world.post(f"p{number:02}", f"Post {number}", targets=BOTH, backfill="true")

    def expire(target: TargetName, _: int, request: Request) -> None:
        if target == MAIN and request.path.endswith("threads_publish"):
            world.expire_token()

    world.disturb = expire
    applied = world.apply(max_creates=100)
    report = all_of(applied)
    assert became(report, BRAND) == {Became.APPLIED: 20}
    assert became(report, MAIN) == {Became.REFUSED: AT_FIRST, Became.NOT_TRIED: 20 - AT_FIRST}
    (pause,) = report.pauses
    assert report.remaining(MAIN) == 20
    assert "Authorize the account again" in pause.fault.remedy
    held = of(report, "p19@threads/main")
    assert (held.why, held.remedy) == (pause.why, pause.fault.remedy)
    assert held.why.startswith(f"threads/main is paused since {pause.since}: Threads says: Error validating")
    assert status_of(applied, signalled=False) is Exit.PARTLY
    world.renew_token()
    finish(world)
    assert sorted(world.live("main")) == sorted(world.live("brand"))
    assert len(world.live("main")) == 20


def test_a_token_that_expires_before_a_lost_publish_is_settled_leaves_it_in_doubt(world: Midway) -> None:
    world.post("a", "Hello")
    world.arm(Fault("publish", FaultKind.ANSWER_LOST))

    def expire(_: TargetName, __: int, request: Request) -> None:
        if any(sent.endswith("threads_publish") for sent in world.sent):
            world.expire_token()

    world.disturb = expire
    applied = world.apply()
    assert became(all_of(applied), MAIN) == {Became.UNCERTAIN: 1}
    assert status_of(applied, signalled=False) is Exit.PARTLY
    world.renew_token()
    finish(world)
    assert world.live() == ["Hello"]


# An allowance is used up.


def test_an_allowance_that_somebody_else_uses_up_holds_only_what_needs_it(world: Midway) -> None:
    """Posts, replies and deletes are counted apart: only new posts wait for their window."""
    world.post("y", "A chain")
    world.post("z", "To go")
    world.applied()
    world.clock.sleep(timedelta(days=2).total_seconds())
    world.switch(posts_quota=30)
    world.post("y", "A chain\n\n---\n\nthat goes on")
    world.post("z", "To go", withdraw="true")
    for number in range(25):
        world.post(f"p{number:02}", f"Post {number}")
    others: list[str] = []

    def use_up(_: TargetName, __: int, request: Request) -> None:
        if request.path.endswith("threads_publish") and not others:
            others.extend(world.post_by_hand(f"Somebody else {n}") for n in range(26))

    world.disturb = use_up
    applied = world.apply(max_creates=100)
    report = all_of(applied)
    assert [of(report, f"{key}@threads/main").became for key in "yz"] == [Became.APPLIED, Became.APPLIED]
    counts = became(report, MAIN)
    assert (counts[Became.APPLIED], counts[Became.NOT_TRIED] > 0) == (4 + 2, True)
    (pause,) = report.pauses
    assert (pause.allowance, report.remaining(MAIN)) == ("posts", 21)
    assert pause.goes_on_at == pause.at + timedelta(days=1)
    assert not pause.needs_person
    assert status_of(applied, signalled=False) is Exit.PARTLY
    world.disturb = lambda *_: None
    world.clock.sleep((pause.goes_on_at - world.clock.now()).total_seconds())
    assert set(world.applied(max_creates=100).values()) == {"applied"}
    ours = [text for text in world.live() if not text.startswith("Somebody")]
    assert sorted(ours) == sorted([*(f"Post {n}" for n in range(25)), "A chain", "that goes on"])


def test_used_up_deletes_hold_deletes_alone(world: Midway) -> None:
    for number in range(12):
        world.post(f"old{number:02}", f"Old {number}")
    world.applied(max_creates=100)
    for number in range(12):
        world.post(f"old{number:02}", f"Old {number}", withdraw="true")
        world.post(f"new{number:02}", f"New {number}")

    def use_up(_: TargetName, __: int, request: Request) -> None:
        if request.method == "DELETE":
            world.switch(deletes_quota=3)

    world.disturb = use_up
    report = all_of(world.apply(max_creates=100, max_deletes=100))
    assert {of(report, f"new{number:02}@threads/main").became for number in range(12)} == {Became.APPLIED}
    assert became(report, MAIN)[Became.APPLIED] == 12 + 3
    assert [pause.allowance for pause in report.pauses] == ["deletes"]
    assert report.remaining(MAIN) == 9
    world.clock.sleep(timedelta(days=1).total_seconds())
    world.disturb = lambda *_: None
    for _ in range(3):
        world.applied(max_deletes=100)
        world.clock.sleep(timedelta(days=1).total_seconds())
    assert sorted(world.live()) == sorted(f"New {number}" for number in range(12))


def test_a_chain_that_ends_midway_counts_as_partly_applied(world: Midway) -> None:
    world.post("a", "One\n\n---\n\nTwo\n\n---\n\nThree")
    world.post("b", "Alone")
    published: list[str] = []

    def use_up(_: TargetName, __: int, request: Request) -> None:
        published.extend([request.path] if request.path.endswith("threads_publish") else [])
        if len(published) == 3:
            world.switch(replies_quota=1)

    world.disturb = use_up
    applied = world.apply()
    report = all_of(applied)
    chain = of(report, "a@threads/main")
    assert (chain.became, chain.partly) == (Became.REFUSED, True)
    assert chain.why.startswith("segment 3: ")
    assert [pause.allowance for pause in report.pauses] == ["replies"]
    world.switch(replies_quota=1000)
    finish(world)
    assert sorted(world.live()) == ["Alone", "One", "Three", "Two"]


def test_a_chain_alone_that_ends_midway_is_not_a_run_in_which_nothing_was_done(world: Midway) -> None:
    world.post("a", "One\n\n---\n\nTwo")

    def use_up(_: TargetName, __: int, request: Request) -> None:
        if request.path.endswith("threads_publish"):
            world.switch(replies_quota=0)

    world.disturb = use_up
    assert status_of(world.apply(), signalled=False) is Exit.PARTLY


# One target is down.


def down(world: Midway, *, sent: bool, acts: bool, seconds: float) -> None:
    """Let the main account answer nothing from its first publish on."""
    gone: list[bool] = []

    def answer(target: TargetName, _: int, request: Request) -> Answered | None:
        if target != MAIN:
            return None
        gone.extend([True] if request.path.endswith("threads_publish") else [])
        if not gone:
            return None
        if acts:
            World.answer(world, target, request)
        return Answered(NoResponse("it went away", sent=sent), seconds)

    world.disturb = answer


@pytest.mark.parametrize(
    ("sent", "acts", "seconds", "bounded_seconds"),
    [
        (False, False, 0.0, 40.0),
        (True, False, 0.0, 40.0),
        (True, True, 0.0, 40.0),
        (True, False, 30.0, 360.0),
        (True, True, 30.0, 360.0),
    ],
    ids=["refuses", "loses-requests", "loses-answers", "hangs", "acts-and-hangs"],
)
def test_a_target_that_goes_down_costs_a_bounded_time_and_the_other_finishes(
    world: Midway, sent: bool, acts: bool, seconds: float, bounded_seconds: float
) -> None:
    for number in range(50):
        world.post(f"p{number:02}", f"Post {number}", targets=BOTH, backfill="true")
    down(world, sent=sent, acts=acts, seconds=seconds)
    applied = world.apply(max_creates=100)
    assert (world.clock.now() - START).total_seconds() < bounded_seconds
    report = all_of(applied)
    assert became(report, BRAND) == {Became.APPLIED: 50}
    # What is staged ahead may fail too, until there were enough failures in a row.
    failures = Bounds().failures_in_a_row_max
    assert 50 - AT_FIRST - failures <= became(report, MAIN)[Became.NOT_TRIED] <= 50 - AT_FIRST
    (pause,) = report.pauses
    assert (pause.target, pause.failures) == (MAIN, failures)
    assert (report.remaining(MAIN), pause.goes_on_at, pause.needs_person) == (50, None, False)
    assert "it went away" in of(report, "p49@threads/main").why
    assert status_of(applied, signalled=False) is Exit.PARTLY
    finish(world)
    for name in ("main", "brand"):
        assert sorted(world.live(name)) == sorted(f"Post {number}" for number in range(50))


def test_a_target_that_is_down_from_the_start_is_not_begun_and_the_other_finishes(world: Midway) -> None:
    for number in range(50):
        world.post(f"p{number:02}", f"Post {number}", targets=BOTH, backfill="true")
    hangs = Answered(NoResponse("it went away", sent=True), 30.0)
    world.disturb = lambda target, *_: hangs if target == MAIN else None
    applied = world.apply(max_creates=100)
    assert (world.clock.now() - START).total_seconds() < 240.0
    assert became(all_of(applied), BRAND) == {Became.APPLIED: 50}
    held = [action for action in applied.prepared.plan.actions if action.address.target == MAIN]
    assert {action.reason for action in held} == {Reason.ACCOUNT_UNREADABLE}
    assert status_of(applied, signalled=False) is Exit.PARTLY
    finish(world)
    assert len(world.live("main")) == len(world.live("brand")) == 50


def test_what_links_to_a_paused_target_is_not_tried_and_names_what_it_needs(world: Midway) -> None:
    for number in range(12):
        world.post(f"p{number:02}", f"Post {number}")
    world.post("q", "See {{ links['p11@threads/main'] }}", targets="threads/brand")
    world.post("r", "Free", targets="threads/brand")
    down(world, sent=False, acts=False, seconds=0.0)
    report = all_of(world.apply(max_creates=100))
    linking = of(report, "q@threads/brand")
    assert linking.became is Became.NOT_TRIED
    assert linking.why == "it needs p11@threads/main, which was not published"
    assert of(report, "r@threads/brand").became is Became.APPLIED
    finish(world)
    assert len(world.live("brand")) == 2


def test_how_many_failures_pause_a_target_and_how_many_run_at_once_may_be_declared(world: Midway) -> None:
    project = (world.root / "threadsync.yaml").read_text()
    bounds = "bounds: {failures_in_a_row_max: 1, actions_at_first_max: 2}, media_host: local}"
    world.write("threadsync.yaml", project.replace("media_host: local}", bounds, 1))
    for number in range(6):
        world.post(f"p{number}", f"Post {number}")
    down(world, sent=False, acts=False, seconds=0.0)
    report = all_of(world.apply())
    # Two publish, and one of those that are staged ahead fails first.
    assert became(report, MAIN) == {Became.REFUSED: 3, Became.NOT_TRIED: 3}
    assert [pause.failures for pause in report.pauses] == [1]


def test_a_paused_target_still_gets_what_only_the_state_sees(world: Midway) -> None:
    world.post("old", "Was here")
    world.applied()
    world.remove("old")
    for number in range(20):
        world.post(f"p{number:02}", f"Post {number}")
    world.arm(Fault("create", FaultKind.RESTRICTED, times=None))
    applied = world.apply(max_creates=100)
    report = all_of(applied)
    assert of(report, "old@threads/main").became is Became.APPLIED
    assert [(pause.fault.kind, pause.needs_person) for pause in report.pauses] == [(FaultClass.BLOCKED, True)]
    assert became(report, MAIN)[Became.NOT_TRIED] == 20 - 1, "the rest was not shown to anybody yet"


def test_refusals_of_single_posts_pause_nothing(world: Midway) -> None:
    for number in range(12):
        world.post(f"p{number:02}", f"See https://example.org/{number}")
    world.post("q", "Without")
    world.arm(Fault("create", FaultKind.LINK_REFUSED, times=None))
    applied = world.apply(max_creates=100)
    report = all_of(applied)
    assert became(report, MAIN) == {Became.REFUSED: 12, Became.APPLIED: 1}
    assert report.pauses == ()


def test_a_run_in_which_nothing_went_out_has_failed(world: Midway) -> None:
    for number in range(12):
        world.post(f"p{number:02}", f"Post {number}")
    world.arm(Fault("create", FaultKind.THROTTLED, times=None))
    applied = world.apply(max_creates=100)
    assert status_of(applied, signalled=False) is Exit.FAILED
    (pause,) = all_of(applied).pauses
    assert (pause.failures, pause.fault.kind) == (3, FaultClass.THROTTLED)
    assert pause.goes_on_at == pause.at + timedelta(days=1)


def test_what_is_in_doubt_goes_first_so_that_a_pause_cannot_keep_it_from_being_settled(
    tmp_path: Path,
) -> None:
    """In the plan's order it comes after all that links to nothing."""

    def linking(folder: Path) -> Midway:
        folder.mkdir()
        world = Midway(folder)
        world.post("y", "There")
        world.applied()
        world.post("z", "In doubt: {{ links['y@threads/main'] }}")
        return world

    rehearsal, world = linking(tmp_path / "rehearsal"), linking(tmp_path / "real")
    before = len(rehearsal.sent)
    rehearsal.applied()
    requests = rehearsal.sent[before:]
    assert world.died(1 + requests.index("POST /me/threads_publish"))
    for number in range(12):
        world.post(f"p{number:02}", f"Post {number}")
    world.arm(Fault("create", FaultKind.RESTRICTED, times=None))
    report = all_of(world.apply(max_creates=100))
    assert of(report, "z@threads/main").became is Became.APPLIED
    assert [text.partition(":")[0] for text in world.live()] == ["There", "In doubt"]
