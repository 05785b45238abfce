"""A whole plan carried out on a scripted Threads in virtual time."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf

import pytest
from msgspec.structs import replace

from tests.planning.builders import MAIN, NOW, at, bound, desired, published, state, want
from tests.providers.threads.talk import LOST, Talk, error
from threadsync.execution.executor import Executor, dependencies
from threadsync.execution.report import Became, Report
from threadsync.execution.scheduler import Scheduler
from threadsync.execution.seams import Unwatched
from threadsync.flows.bounds import Bounds
from threadsync.flows.effects import Hosted, NoResponse, Request, Response
from threadsync.model.facts import Facts
from threadsync.model.ids import Address, PublicUrl, TargetName
from threadsync.model.journal import Begun, Ended, Intent, Note, Receipt, Staged
from threadsync.model.ledger import Ledger
from threadsync.model.post import OnChange, PostRef
from threadsync.model.state import State
from threadsync.model.text import PermalinkOf, Plain
from threadsync.planning.inputs import Consents, Desired, Wanted
from threadsync.planning.planner import plan
from threadsync.providers.base import ProviderContext
from threadsync.providers.threads.provider import ThreadsProvider
from threadsync.testing.fakes import Answered, FakeClock, FakePerformer


@dataclass
class Bench:
    """An executor over a state, on one scripted account."""

    prior: State
    talk: Talk = field(default_factory=Talk)
    notes: list[Note] = field(default_factory=list)
    linger_seconds: float = 0.0
    renews_at_seconds: float = inf

    def __post_init__(self) -> None:
        self.clock = FakeClock(NOW)
        self.ledger = Ledger(self.prior)
        self.performer = FakePerformer(self.clock, self.answer)
        self.scheduler = Scheduler(
            performer=self.performer,
            clock=self.clock,
            journal=self,
            host=lambda _, media: Hosted(PublicUrl(f"http://127.0.0.1/{media}")),
            bounds_of=lambda _: Bounds(),
            watcher=Unwatched(),
        )

    def answer(self, _: TargetName, request: Request) -> Answered:
        self.talk.now = self.clock.now()
        # The guard of the scheduler is what is under test here; the script's own is told of every intent.
        self.talk.intents.append(request.fingerprint())
        return Answered(self.talk.answer(request), seconds=0.1)

    # The journal.

    def append(self, notes: tuple[Note, ...]) -> Address | None:
        for note in notes:
            self.notes.append(note)
            self.ledger.fold(note, sequence=len(self.notes))
        return None

    def barrier(self) -> None:
        """Every note counts as durable at once."""

    def idle(self) -> None:
        """Nothing is left pending."""

    def hurry(self, seconds: float) -> None:
        """Nothing takes time."""

    def check_lease(self) -> None:
        """Nobody else is here."""

    def apply(self, files: Desired, consents: Consents = Consents()) -> Report:  # noqa: B008
        made = plan(files, self.prior, Facts(), NOW, consents)
        providers = {MAIN: ThreadsProvider(ProviderContext(MAIN))}
        return Executor(self.scheduler, lambda: self.ledger, providers, lambda _: Bounds()).run(made, "run-1")


def became(report: Report) -> dict[str, Became]:
    return {str(each.address): each.became for each in report.actions}


def with_link(wanted: Wanted, to: str) -> Wanted:
    segment = wanted.publication.segments[0]
    linked = replace(segment, spans=(Plain("see "), PermalinkOf(at(to).key, MAIN)))
    publication = replace(wanted.publication, segments=(linked,))
    return replace(wanted, publication=publication)


def test_a_plan_is_carried_out_and_each_action_has_a_begin_and_an_end() -> None:
    bench = Bench(state())
    report = bench.apply(desired(want("a", "one", "two"), want("b", "three")))
    assert report.complete
    assert sorted(post.text for post in bench.talk.posts.values()) == ["one", "three", "two"]
    assert [n.address for n in bench.notes if isinstance(n, Begun)] == [at("a"), at("b")]
    assert {n.outcome for n in bench.notes if isinstance(n, Ended)} == {"applied"}
    assert not bench.ledger.open


def test_a_link_is_filled_in_from_the_receipt_it_waits_for() -> None:
    bench = Bench(state())
    files = desired(with_link(want("a", "see it", waits_for=("b",)), "b"), want("b", "target"))
    report = bench.apply(files)
    assert report.complete
    texts = [post.text for post in bench.talk.posts.values()]
    assert texts == ["target", "see https://www.threads.com/@u/post/m1"]


def test_a_reply_goes_under_the_post_it_names() -> None:
    bench = Bench(state(bound("b", "there")))
    reply = want("a", "me too", waits_for=("b",))
    reply = replace(reply, publication=replace(reply.publication, reply_to=PostRef(at("b").key)))
    assert bench.apply(desired(reply, want("b", "there"))).complete
    assert [post.parent for post in bench.talk.posts.values()] == ["id-there"]


def test_what_waits_for_a_refused_publication_is_not_tried_and_the_rest_is() -> None:
    bench = Bench(state())

    def no(request: Request) -> Response | NoResponse | None:
        fields = getattr(request.body, "fields", {})
        return error(506) if fields.get("text") == "bad" else None

    bench.talk.override = no
    files = desired(
        want("bad", "bad"),
        want("child", "child", waits_for=("bad",)),
        want("grandchild", "grandchild", waits_for=("child",)),
        want("fine", "fine"),
    )
    report = bench.apply(files)
    assert became(report) == {
        "bad@threads/main": Became.REFUSED,
        "fine@threads/main": Became.APPLIED,
        "child@threads/main": Became.NOT_TRIED,
        "grandchild@threads/main": Became.NOT_TRIED,
    }


def test_doubt_is_reported_and_stays_open() -> None:
    bench = Bench(state())
    bench.talk.listed_after_seconds = 1e9
    bench.talk.on_publish = [bench.talk.published_but_lost]
    report = bench.apply(desired(want("a", "text")))
    assert became(report) == {"a@threads/main": Became.UNCERTAIN}
    assert bench.ledger.open[at("a")].in_doubt


def test_two_publications_with_one_text_are_never_in_doubt_together() -> None:
    """Otherwise each could adopt the other's post, and one of them would be lost."""
    bench = Bench(state())
    bench.talk.on_publish = [lambda _: LOST]
    files = desired(want("a", "same"), want("b", "same"))
    assert bench.apply(files).complete
    assert len(bench.talk.posts) == 2
    holders = {
        bench.ledger.holder_of(MAIN, each.remote_id)
        for b in bench.ledger.bindings.values()
        for each in b.segments
    }
    assert holders == {at("a"), at("b")}


def test_a_refusal_does_not_hinder_a_publication_that_only_says_the_same() -> None:
    bench = Bench(state())
    bench.talk.on_publish = [lambda _: error(506)]
    report = bench.apply(desired(want("a", "same"), want("b", "same")))
    assert became(report) == {"a@threads/main": Became.REFUSED, "b@threads/main": Became.APPLIED}


def test_doubt_about_one_of_two_equal_texts_keeps_the_other_back() -> None:
    bench = Bench(state())
    bench.talk.listed_after_seconds = 1e9
    bench.talk.on_publish = [bench.talk.published_but_lost]
    report = bench.apply(desired(want("a", "same"), want("b", "same")))
    assert became(report) == {"a@threads/main": Became.UNCERTAIN, "b@threads/main": Became.NOT_TRIED}


def test_a_replace_publishes_the_new_post_before_it_deletes_the_old_one() -> None:
    bench = Bench(state(bound("a", "old", "older")))
    bench.talk.posts = {}
    files = desired(want("a", "new", on_change=OnChange.REPLACE))
    assert bench.apply(files).complete
    visible = [sent for sent in bench.talk.sent if "publish" in sent or "DELETE" in sent]
    assert visible == ["POST /me/threads_publish", "DELETE /id-older", "DELETE /id-old"]
    kept = bench.ledger.bindings[at("a")]
    assert ([s.text for s in kept.segments], kept.superseded) == (["new"], ())


def test_a_replace_that_cannot_delete_keeps_both_bound() -> None:
    bench = Bench(state(bound("a", "old")))
    bench.talk.override = lambda request: error(10) if request.method == "DELETE" else None
    report = bench.apply(desired(want("a", "new", on_change=OnChange.REPLACE)))
    assert became(report) == {"a@threads/main": Became.REFUSED}
    kept = bench.ledger.bindings[at("a")]
    assert ([s.text for s in kept.segments], [s.text for s in kept.superseded]) == (["new"], ["old"])


def test_a_replace_from_segment_k_keeps_what_is_before_it() -> None:
    bench = Bench(state(bound("a", "one", "two", "three")))
    bench.talk.posts = {}
    report = bench.apply(desired(want("a", "one", "TWO", "THREE", on_change=OnChange.REPLACE)))
    assert report.complete
    assert [(post.text, post.parent) for post in bench.talk.posts.values()] == [
        ("TWO", "id-one"),
        ("THREE", "m1"),
    ]
    assert [s.text for s in bench.ledger.bindings[at("a")].segments] == ["one", "TWO", "THREE"]


def test_a_chain_that_only_got_shorter_loses_its_last_segments() -> None:
    bench = Bench(state(bound("a", "one", "two", "three")))
    assert bench.apply(desired(want("a", "one", on_change=OnChange.REPLACE))).complete
    assert [sent for sent in bench.talk.sent if "DELETE" in sent] == ["DELETE /id-three", "DELETE /id-two"]
    assert [s.text for s in bench.ledger.bindings[at("a")].segments] == ["one"]


def test_a_removed_file_is_forgotten_without_a_single_request() -> None:
    bench = Bench(state(bound("a", "one")))
    assert bench.apply(desired()).complete
    assert bench.talk.sent == []
    assert bench.ledger.tombstones[at("a")].left_up


def test_a_deletion_half_done_keeps_its_consent_for_the_next_run() -> None:
    bench = Bench(state(bound("a", "one", "two")))
    bench.talk.override = lambda request: error(613) if request.path.endswith("id-one") else None
    consents = Consents(delete=frozenset({at("a")}))
    report = bench.apply(desired(), consents)
    assert became(report) == {"a@threads/main": Became.REFUSED}
    again = plan(desired(), bench.ledger.state(), Facts(), NOW)
    assert [action.word for action in again.effective] == ["delete"]


def test_a_stop_leaves_the_rest_untried_and_records_what_was_done() -> None:
    bench = Bench(state())
    files = desired(want("a", "first"), want("b", "second", waits_for=("a",)))
    bench.performer.at(0.35, bench.scheduler.stop)
    report = bench.apply(files)
    assert report.stopped
    assert became(report)["b@threads/main"] is Became.NOT_TRIED
    assert len([n for n in bench.notes if isinstance(n, Receipt)]) == len(bench.talk.posts)


def test_independent_actions_wait_for_nothing_and_equal_texts_for_each_other() -> None:
    files = desired(want("a", "x"), want("b", "y"), want("c", "x"))
    made = plan(files, state(), Facts(), NOW)
    assert dependencies(made.effective) == {at("a"): set(), at("b"): set(), at("c"): {at("a")}}


@pytest.mark.parametrize("shape", [("new",), ("new", "newer")])
def test_finishing_a_replace_only_deletes(shape: tuple[str, ...]) -> None:
    prior = state(bound("a", *shape, superseded=(published("old"),)))
    bench = Bench(prior)
    assert bench.apply(desired(want("a", *shape))).complete
    assert [sent for sent in bench.talk.sent if "publish" in sent or "DELETE" in sent] == ["DELETE /id-old"]


def count_until(notes: list[Note], what: type[Note], first: type[Note]) -> int:
    """How many notes of one sort came before the first of another."""
    until = next(number for number, note in enumerate(notes) if isinstance(note, first))
    return sum(isinstance(note, what) for note in notes[:until])


def test_of_a_target_a_few_actions_begin_at_first_and_more_with_each_container_it_makes() -> None:
    """Otherwise nothing is left to hold back when the target turns out to be down."""
    bench = Bench(state())
    bench.talk.status = {f"c{number}": ["IN_PROGRESS", "FINISHED"] for number in range(1, 91)}
    files = desired(*(want(f"p{number:03}", f"post {number}") for number in range(90)))
    assert bench.apply(files).complete
    assert count_until(bench.notes, Begun, Staged) == Bounds().actions_at_first_max
    assert count_until(bench.notes, Begun, Intent) == 90, "all is staged while the first is in progress"


def test_of_a_target_a_few_are_shown_to_others_at_first_and_more_with_each_that_goes_well() -> None:
    """Whatever is staged: a network that loses every publish leaves no more than these in doubt."""
    bench = Bench(state())
    files = desired(*(want(f"p{number:03}", f"post {number}") for number in range(90)))
    assert bench.apply(files).complete
    assert count_until(bench.notes, Intent, Ended) == Bounds().actions_at_first_max
    under_way, most = set[Address](), 0
    for note in bench.notes:
        if isinstance(note, Intent):
            under_way.add(note.address)
        elif isinstance(note, Ended):
            under_way.discard(note.address)
        most = max(most, len(under_way))
    assert most > Bounds().actions_at_first_max


def test_what_takes_longest_begins_first_and_the_report_keeps_the_plans_order() -> None:
    bench = Bench(state())
    files = desired(want("a", "a text"), want("b", "a chain", "of two"), want("c", "three", "in", "all"))
    report = bench.apply(files)
    begun = [note.address for note in bench.notes if isinstance(note, Begun)]
    assert begun == [at("c"), at("b"), at("a")]
    assert [each.address for each in report.actions] == [at("a"), at("b"), at("c")]


def test_a_pause_ends_what_nobody_can_see_yet_and_its_container_serves_the_next_run() -> None:
    bench = Bench(state())
    bench.talk.on_publish = [lambda _: error(190, status=401)] * 30
    files = desired(*(want(f"p{number:02}", f"post {number}") for number in range(30)))
    report = bench.apply(files)
    kinds = [each.became for each in report.actions]
    assert (kinds.count(Became.REFUSED), kinds.count(Became.NOT_TRIED)) == (16, 14)
    assert {each.why for each in report.actions if each.became is Became.NOT_TRIED} == {report.pauses[0].why}
    again = Bench(bench.ledger.state(), bench.talk)
    again.talk.on_publish = []
    assert again.apply(files).complete
    assert len(again.talk.containers) == 30 + 16
    assert len(again.talk.posts) == 30


def test_the_place_of_one_that_failed_stays_empty_until_one_goes_well() -> None:
    """A target that answers nothing is not asked by ever new actions before it is paused."""
    bench = Bench(state())
    bench.talk.override = lambda _: error(613)
    report = bench.apply(desired(*(want(f"p{number:02}", f"post {number}") for number in range(30))))
    assert len([note for note in bench.notes if isinstance(note, Begun)]) == Bounds().actions_at_first_max
    assert [pause.failures for pause in report.pauses] == [3]


def test_a_success_ends_a_row_and_gives_its_places_back() -> None:
    """Those of the second row begin only after one has gone well."""
    bench = Bench(state())
    bad = {"post 0", "post 1", "post 20", "post 21"}

    def stumble(request: Request) -> Response | None:
        fields = getattr(request.body, "fields", {})
        return error(613) if fields.get("text") in bad else None

    bench.talk.override = stumble
    first = [want(f"p{number:02}", f"post {number}") for number in range(20)]
    then = [want(f"p{number}", f"post {number}", waits_for=("p02",)) for number in range(20, 30)]
    report = bench.apply(desired(*first, *then))
    assert [each.became for each in report.actions].count(Became.APPLIED) == 26
    assert report.pauses == ()


def test_thousands_that_a_pause_holds_back_one_after_the_other_are_all_reported() -> None:
    """Each says the same as the one before it, so each may begin only when that one is over."""
    bench = Bench(state())
    bench.talk.override = lambda _: error(190, status=401)
    report = bench.apply(desired(*(want(f"p{number:04}", "same") for number in range(3000))))
    assert [each.became for each in report.actions] == [Became.REFUSED, *[Became.NOT_TRIED] * 2999]


def test_a_report_in_which_a_part_was_done_has_not_failed() -> None:
    bench = Bench(state())
    bench.talk.on_publish = [bench.talk.publish, lambda _: error(506)]
    report = bench.apply(desired(want("a", "one", "two")))
    assert (report.actions[0].became, report.actions[0].partly, report.failed) == (
        Became.REFUSED,
        True,
        False,
    )
