"""``publish`` under every trouble at every moment: nothing twice, nothing lost (laws 1 to 3)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from tests.execution.publishing import JOURNAL, Called, PublishingWorld, until_published
from threadsync.errors import PublishBlocked, PublishRefused, PublishUncertain
from threadsync.execution.guard import UnguardedRequest
from threadsync.execution.publish_said import Keeping, PostSegment, Said
from threadsync.execution.publishing import publish
from threadsync.flows.bounds import Bounds
from threadsync.flows.core import send
from threadsync.flows.effects import Flow, Request, Visibility
from threadsync.model.state import Lineage
from threadsync.model.target import Target
from threadsync.providers.base import Applied, Provider, ProviderContext, Result, Work
from threadsync.providers.threads.provider import ThreadsProvider
from threadsync.testing.disk import When
from threadsync.testing.judge import Chains, Expected, faults
from threadsync.testing.networks import TOGETHER
from threadsync.testing.shape import picture
from threadsync.testing.troubles import Death, Moment, NetworkFault, Signal, Trouble, possible


def said(*segments: str | PostSegment, key: str = "a", reply_to: str | None = None) -> Said:
    parts = tuple(each if isinstance(each, PostSegment) else PostSegment(each) for each in segments)
    return Said(parts, reply_to, key=key)


PARENT = said("What is replied to", key="parent")
SHAPES: dict[str, tuple[Said, Chains]] = {
    "text": (said("Only words"), (("Only words",),)),
    "picture": (said(PostSegment("One", (picture("red"),))), (("One",),)),
    "carousel": (said(PostSegment("Two", (picture("red"), picture("blue")))), (("Two",),)),
    "chain": (said("First", "Second", "Third"), (("First", "Second", "Third"),)),
    "reply": (said("A reply", reply_to="parent"), (("What is replied to",), ("A reply",))),
}
STRIDE = {"text": 3, "reply": 9}
"""Every so-many-th case is tried: the flows are those of apply, which ``make exhaustive`` tries all of."""
STRIDE_OTHERS = 17


def striking(world: PublishingWorld, moment: Moment, trouble: Trouble) -> PublishingWorld:
    """Return a world like *world* in which *trouble* strikes at *moment*."""
    other = world.fork()
    other.script = lambda each: trouble if each.number == moment.number else None
    return other


def cases(what: Said, world: PublishingWorld) -> Iterator[tuple[Moment, Trouble]]:
    """Yield every moment of publishing *what*, with every trouble that a journal is good against."""
    whole = world.fork()
    assert whole.publish(what).post is not None
    for moment in whole.moments:
        for trouble in possible(moment):
            if not (isinstance(trouble, Death) and trouble.older):
                yield moment, trouble


@pytest.mark.parametrize("shape", SHAPES)
def test_with_a_journal_calling_again_after_any_trouble_publishes_once_and_loses_nothing(shape: str) -> None:
    what, chains = SHAPES[shape]
    with PublishingWorld() as world:
        if shape == "reply":
            assert world.publish(PARENT).post is not None
        parents = {"A reply": "What is replied to"} if shape == "reply" else {}
        tried = list(cases(what, world))[:: STRIDE.get(shape, STRIDE_OTHERS)]
        assert len(tried) > 30
        for moment, trouble in tried:
            struck = striking(world, moment, trouble)
            struck.publish(what)
            struck.calm()
            post = until_published(struck, what)
            assert not isinstance(post, str), (moment, trouble, post)
            network = struck.network
            wrong = faults(network.live(), network.deleted(), Expected({"main": chains}, parents=parents))
            assert not wrong, (moment, trouble, wrong)
            mine = tuple(each.remote_id for each in network.live() if each.text in chains[-1])
            assert post.ids == mine


@pytest.mark.parametrize("shape", ["text", "chain"])
def test_a_process_that_dies_at_any_request_and_any_write_is_gone_on_from(shape: str) -> None:
    """Every death of the process, one by one; what it had done is found again by the next call."""
    what, chains = SHAPES[shape]
    with PublishingWorld() as world:
        deaths = [(m, t) for m, t in cases(what, world) if t in {Death(When.BEFORE), Death(When.AFTER)}]
        for moment, trouble in deaths if shape == "text" else deaths[::4]:
            struck = striking(world, moment, trouble)
            assert struck.publish(what) == Called(None, None, stopped=False)
            struck.calm()
            assert not isinstance(until_published(struck, what), str), (moment, trouble)
            network = struck.network
            assert not faults(network.live(), network.deleted(), Expected({"main": chains}))


@pytest.mark.parametrize("shape", ["text", "chain"])
def test_without_a_journal_no_lost_answer_publishes_anything_twice(shape: str) -> None:
    what, ((*wanted,),) = SHAPES[shape]
    with PublishingWorld() as world:
        whole = world.fork()
        whole.publish(what, None)
        assert world.disk.files() == whole.disk.files(), "nothing is kept"
        for moment in whole.moments:
            for trouble in possible(moment):
                if isinstance(trouble, Death):
                    continue
                struck = striking(world, moment, trouble)
                called = struck.publish(what, None)
                struck.calm()
                live = [each.text for each in struck.network.live()]
                assert live == wanted[: len(live)], (moment, trouble)
                match called.error:
                    case None:
                        assert called.stopped or (called.post is not None and live == wanted)
                    case PublishRefused(segments=segments):
                        assert [each.text for each in segments] == live
                    case PublishUncertain(segments=segments):
                        assert len(live) - len(segments) in {0, 1}
                    case other:
                        raise AssertionError((moment, trouble, other))


def test_a_journal_that_was_lost_with_its_disk_holds_back_what_looks_published() -> None:
    what, _ = SHAPES["text"]
    with PublishingWorld() as world:
        whole = world.fork()
        whole.publish(what)
        sent = [m for m in whole.moments if m.what.endswith("/threads_publish")]
        struck = striking(world, sent[0], Death(When.AFTER, older=True))
        struck.publish(what)
        struck.clock.sleep(3600)
        called = struck.publish(what)
        assert isinstance(called.error, PublishBlocked)
        assert called.error.reason == "looks-published"
        assert len(struck.network.live()) == 1


def test_an_older_copy_of_a_journal_is_settled_before_the_rest_of_a_chain_is_looked_for() -> None:
    what, _ = SHAPES["chain"]
    with PublishingWorld() as world:
        whole = world.fork()
        whole.publish(what)
        first = next(m for m in whole.moments if m.what.endswith("/threads_publish"))
        struck = striking(world, first, Death(When.AFTER))
        struck.publish(what)
        struck.calm()
        copy = struck.disk.survivor()
        assert not isinstance(until_published(struck, what), str)
        struck.disk = copy
        called = struck.publish(what)
        assert isinstance(called.error, PublishBlocked)
        assert called.error.reason == "looks-published"
        state = struck.journal_state()
        assert [len(each.segments) for each in state.bindings.values()] == [1]
        assert len(struck.network.live()) == 3


def test_what_was_published_before_a_death_leaves_nothing_open() -> None:
    what, _ = SHAPES["text"]
    with PublishingWorld() as world:
        left = 0
        for moment, trouble in cases(what, world):
            if trouble == Death(When.AFTER):
                struck = striking(world, moment, trouble)
                struck.publish(what)
                struck.calm()
                before = struck.journal_state()
                left += any(address in before.bindings for address in before.open)
                assert not isinstance(until_published(struck, what), str)
                assert not struck.journal_state().open
        assert left > 0


def test_more_posts_than_are_read_back_hold_a_first_one_back_until_it_is_agreed_to() -> None:
    """Law 8: one of those that were not read may be this one, as long as no journal says better."""
    bounds = Bounds(read_back_posts_max=2)

    def provider(target: Target, _: Lineage) -> Provider:
        return ThreadsProvider(ProviderContext(target.name, {}, bounds, True, target.account))

    with PublishingWorld() as world:
        for number in range(5):
            world.network.post_by_hand("main", f"By hand {number}", world.clock.true())
        world.clock.sleep(3600)
        means = replace(world.means(), bounds=bounds, provider=provider)
        with pytest.raises(PublishBlocked, match="allow_duplicate=True") as blocked:
            publish(said("One"), Keeping(JOURNAL), means)
        assert blocked.value.reason == "read-back-bounded"
        publish(said("One"), Keeping(JOURNAL, allow_duplicate=True), means)
        world.clock.sleep(3600)
        publish(said("Two", key="b"), Keeping(JOURNAL), means)
        assert [each.text for each in world.network.live()][-2:] == ["One", "Two"]


def test_another_key_may_go_out_while_one_is_in_doubt_and_the_doubt_is_kept() -> None:
    lost = TOGETHER.join(("answer-lost", "late-listing"))
    with PublishingWorld() as world:
        whole = world.fork()
        whole.publish(said("One", key="one"))
        (sent,) = [m for m in whole.moments if m.what.endswith("/threads_publish")]
        assert lost in sent.faults
        world.script = lambda each: NetworkFault(lost, 20_000.0) if each.number == sent.number else None
        assert isinstance(world.publish(said("One", key="one")).error, PublishUncertain)
        world.script = lambda _: None
        assert world.publish(said("Two", key="two")).post is not None
        world.calm()
        post = until_published(world, said("One", key="one"))
        assert not isinstance(post, str)
        assert [each.text for each in world.network.live()] == ["One", "Two"]


def test_a_stopped_publish_sends_nothing_more_and_the_next_call_goes_on() -> None:
    what, chains = SHAPES["chain"]
    with PublishingWorld() as world:
        whole = world.fork()
        whole.publish(what)
        first = next(m for m in whole.moments if m.what.endswith("/threads_publish"))
        struck = striking(world, first, Signal())
        assert struck.publish(what).stopped
        assert len(struck.network.live()) == 1
        struck.calm()
        assert not isinstance(until_published(struck, what), str)
        assert not faults(struck.network.live(), [], Expected({"main": chains}))


def test_a_publish_that_is_stopped_while_it_reads_takes_what_it_did_not_read_for_nothing() -> None:
    """It is stopped, and not refused: an account that was not read speaks for nothing and against nothing."""
    what, _ = SHAPES["text"]
    with PublishingWorld() as world:
        whole = world.fork()
        whole.publish(what)
        for moment in whole.moments:
            struck = striking(world, moment, Signal())
            called = struck.publish(what)
            assert called.error is None
            assert called.stopped or called.post is not None


class Hasty(ThreadsProvider, frozen=True):
    """A provider that puts no intent on record before it sends what others can see."""

    def publish(self, work: Work) -> Flow[Result]:
        yield from send(Request("POST", "/v1.0/me/threads_publish", visibility=Visibility.VISIBLE))
        return Applied()


@pytest.mark.parametrize("journal", [JOURNAL, None])
def test_a_provider_without_its_intent_is_stopped_by_the_guard_of_law_1(journal: object) -> None:
    with PublishingWorld() as world:

        def hasty(target: Target, _: Lineage) -> Provider:
            return Hasty(ProviderContext(target.name, loopback=True, account=target.account))

        means = replace(world.means(), provider=hasty)
        keeping = Keeping(JOURNAL if journal else None)
        with pytest.raises(UnguardedRequest):
            publish(said("Only words"), keeping, means)
        assert world.network.live() == []
        assert not [m for m in world.moments if m.what.endswith("/threads_publish")]
