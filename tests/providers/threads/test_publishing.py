"""Publishing on Threads: each thing that can go wrong around the one visible request."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.providers.threads.talk import (
    ADDRESS,
    BOUNDS,
    LOST,
    REFUSED,
    START,
    Killed,
    Post,
    Talk,
    error,
    ok,
)
from threadsync.flows.bounds import Bounds
from threadsync.flows.effects import NoResponse, Request, Response
from threadsync.flows.retry import poll_seconds
from threadsync.model.fault import FaultClass
from threadsync.model.ids import Address, RemoteId
from threadsync.model.journal import Adopted, Doubted, Published, Staged
from threadsync.providers.base import Applied, Refused, Uncertain


def bound(talk: Talk) -> tuple[str, ...]:
    binding = talk.ledger.bindings.get(ADDRESS)
    return tuple(segment.remote_id for segment in binding.segments) if binding else ()


def publishes(talk: Talk) -> int:
    return talk.sent.count("POST /me/threads_publish")


def stranger(text: str, at: timedelta = timedelta(0)) -> Post:
    return Post("s1", text, START + at, "TEXT_POST", None, 0)


# The straight way.


def test_a_text_is_made_polled_published_and_its_permalink_read() -> None:
    talk = Talk()
    assert talk.run("hello") == Applied()
    assert talk.sent == ["POST /me/threads", "GET /c1", "POST /me/threads_publish", "GET /m1"]
    (segment,) = talk.ledger.bindings[ADDRESS].segments
    assert segment.permalink.endswith("/post/m1")
    assert segment.ids == {"container": "c1"}


def test_a_carousel_is_made_after_its_children_are_finished() -> None:
    talk = Talk()
    assert talk.run("look", media=("x", "y")) == Applied()
    assert talk.sent[:5] == ["POST /me/threads", "POST /me/threads", "GET /c1", "GET /c2", "POST /me/threads"]
    assert talk.containers["c3"] == {"media_type": "CAROUSEL", "text": "look", "children": "c1,c2"}
    assert talk.containers["c1"]["is_carousel_item"] == "true"


FIRST, AGAIN = Bounds().poll_first_seconds, poll_seconds(0, Bounds())


@pytest.mark.parametrize(
    ("media", "waits"), [((), []), (("x",), [FIRST]), (("x", "y"), [FIRST, FIRST, AGAIN])]
)
def test_media_are_not_looked_at_before_they_can_be_ready(media: tuple[str, ...], waits: list[float]) -> None:
    """A text is ready at once, and so is a carousel when its children are: these are given one wait more.

    (Here children are made one after the other; in a run they are made, and wait, side by side.)
    """
    talk = Talk()
    assert talk.run("look", media=media) == Applied()
    assert [seconds for seconds, _ in talk.waited] == waits


def test_a_picture_that_was_not_ready_is_looked_at_again_soon() -> None:
    """What is late for the first look is late by little: the next comes after a shorter wait."""
    talk = Talk(status={"c1": ["IN_PROGRESS", "IN_PROGRESS", "FINISHED"]})
    assert talk.run("look", media=("x",)) == Applied()
    assert [seconds for seconds, _ in talk.waited] == [FIRST, AGAIN, poll_seconds(1, Bounds())]
    assert AGAIN < poll_seconds(1, Bounds()) < FIRST


def test_children_that_were_made_before_are_not_given_another_wait() -> None:
    whole = Talk()
    whole.run("look", media=("x", "y"))
    tried = 0
    for effect in range(1, whole.effects):
        talk = Talk(die_at=effect)
        with pytest.raises(Killed):
            talk.run("look", media=("x", "y"))
        staged = talk.ledger.open[ADDRESS].notes if ADDRESS in talk.ledger.open else ()
        if [note.name for note in staged if isinstance(note, Staged)] == ["child-0", "child-1"]:
            tried, talk.die_at = tried + 1, None
            talk.waited.clear()
            assert talk.run("look", media=("x", "y")) == Applied()
            assert talk.waited == []
    assert tried > 3


def test_while_one_child_of_a_carousel_is_waited_for_no_other_is_looked_at() -> None:
    talk = Talk(status={"c1": ["IN_PROGRESS", "IN_PROGRESS", "FINISHED"], "c2": ["IN_PROGRESS", "FINISHED"]})
    assert talk.run("look", media=("x", "y")) == Applied()
    assert [each for each in talk.sent if each in {"GET /c1", "GET /c2"}] == ["GET /c1"] * 3 + ["GET /c2"] * 2
    # One clock for all of them: the pauses grow from child to child.
    bounds = Bounds()
    looked = [poll_seconds(polls, bounds) for polls in range(4)]
    assert [seconds for seconds, why in talk.waited if "process" in why][2:] == looked


def test_all_children_of_a_carousel_are_waited_for_as_long_as_one() -> None:
    talk = Talk(status={"c1": ["IN_PROGRESS"] * 18 + ["FINISHED"], "c2": ["IN_PROGRESS"]})
    result = talk.run("look", media=("x", "y"))
    assert isinstance(result, Refused)
    assert result.fault.row == "container-in-progress"
    bounds = Bounds()
    waits = [seconds for seconds, why in talk.waited if "process" in why]
    assert (
        sum(waits) < bounds.poll_total_seconds + bounds.poll_longest_seconds + 2 * bounds.poll_first_seconds
    )


def test_each_segment_of_a_chain_replies_to_the_one_before() -> None:
    talk = Talk()
    assert talk.run("one", "two", "three") == Applied()
    assert [post.parent for post in talk.posts.values()] == [None, "m1", "m2"]


def test_polling_waits_longer_each_time_and_stops_at_its_bound() -> None:
    talk = Talk(status={"c1": ["IN_PROGRESS"]})
    result = talk.run("hello")
    assert isinstance(result, Refused)
    waits = [seconds for seconds, _ in talk.waited]
    assert waits == sorted(waits)
    assert BOUNDS.poll_total_seconds <= sum(waits) <= BOUNDS.poll_total_seconds + BOUNDS.poll_longest_seconds
    assert publishes(talk) == 0


# The answer is lost.


@pytest.mark.parametrize("act", ["published_but_lost", "published_but_500"])
def test_a_post_that_went_live_without_an_answer_is_adopted(act: str) -> None:
    talk = Talk()
    talk.on_publish = [getattr(talk, act)]
    assert talk.run("hello") == Applied()
    assert (bound(talk), publishes(talk)) == (("m1",), 1)
    assert talk.ledger.bindings[ADDRESS].segments[0].bound_by == "container"


def test_an_error_with_another_code_and_status_500_is_doubt_too() -> None:
    talk = Talk()

    def acted(request: Request) -> Response:
        talk.publish(request)
        return error(10, None, 500)

    talk.on_publish = [acted]
    assert talk.run("hello") == Applied()
    assert publishes(talk) == 1


def test_a_fresh_post_missing_from_the_lists_is_waited_for() -> None:
    talk = Talk(listed_after_seconds=40.0)
    talk.on_publish = [talk.published_but_lost]
    assert talk.run("hello") == Applied()
    assert bound(talk) == ("m1",)


def test_a_published_container_without_a_post_is_uncertain_and_never_published_again() -> None:
    talk = Talk(listed_after_seconds=1e9)
    talk.on_publish = [talk.published_but_lost]
    assert isinstance(talk.run("hello"), Uncertain)
    assert isinstance(talk.ledger.open[ADDRESS].doubt, Doubted)
    assert isinstance(talk.run("hello"), Uncertain)
    talk.listed_after_seconds = 0
    assert talk.run("hello") == Applied()
    assert (bound(talk), publishes(talk)) == (("m1",), 1)


def test_a_request_that_was_lost_is_sent_again_with_the_same_container_after_the_doubt_has_passed() -> None:
    talk = Talk()
    talk.on_publish = [lambda _: LOST]
    assert talk.run("hello") == Applied()
    assert (bound(talk), publishes(talk), len(talk.containers)) == (("m1",), 2, 1)
    assert sum(s for s, _ in talk.waited) >= BOUNDS.publish_doubt_seconds + BOUNDS.listing_lag_seconds


def test_a_publish_that_takes_effect_late_is_still_found() -> None:
    talk = Talk()
    late: list[Request] = []

    def later(request: Request) -> NoResponse:
        late.append(request)
        return LOST

    def act_when_time_has_passed(request: Request) -> None:
        if late and talk.now >= START + timedelta(seconds=222):
            talk.publish(late.pop())

    talk.on_publish = [later]
    talk.override = act_when_time_has_passed
    assert talk.run("hello") == Applied()
    assert (bound(talk), publishes(talk)) == (("m1",), 1)


@pytest.mark.parametrize("status", ["ERROR", "EXPIRED", "GONE"])
def test_a_new_container_is_made_only_after_the_account_was_looked_at_twice(status: str) -> None:
    talk = Talk(status={"c1": ["FINISHED", status]})
    talk.on_publish = [lambda _: LOST]
    assert talk.run("hello") == Applied()
    first = talk.sent.index("POST /me/threads_publish")
    again = talk.sent.index("POST /me/threads", first)
    assert talk.sent[first:again].count("GET /me/threads") == 2
    assert bound(talk) == ("m1",)


def test_two_matching_posts_are_uncertain_and_both_are_named() -> None:
    talk = Talk()

    def twins(request: Request) -> NoResponse:
        talk.publish(request)
        talk.posts["s1"] = stranger("hello")
        return LOST

    talk.on_publish = [twins]
    result = talk.run("hello")
    assert isinstance(result, Uncertain)
    assert set(result.candidates) == {"m1", "s1"}


def test_a_match_that_another_publication_holds_is_not_adopted() -> None:
    talk = Talk()
    talk.posts["s1"] = stranger("hello", timedelta(seconds=1))
    theirs = Published(0, "d", RemoteId("s1"), "hello", START)  # type: ignore[arg-type]
    talk.note(Adopted(Address.parse("b@threads/main"), (theirs,), START))
    talk.on_publish = [lambda _: LOST]
    assert talk.run("hello") == Applied()
    assert bound(talk) == ("m2",)


def test_an_old_post_with_the_same_text_is_not_taken_for_ours() -> None:
    talk = Talk()
    talk.posts["s1"] = stranger("hello", timedelta(hours=-1))
    talk.on_publish = [lambda _: LOST]
    assert talk.run("hello") == Applied()
    assert (bound(talk), publishes(talk)) == (("m2",), 2)


def test_an_account_that_cannot_be_read_leaves_the_doubt() -> None:
    talk = Talk()
    talk.on_publish = [talk.published_but_lost]

    def blind(request: Request) -> Response | None:
        return error(10) if request.path.endswith("/me/threads") and request.method == "GET" else None

    talk.override = blind
    result = talk.run("hello")
    assert isinstance(result, Uncertain)
    assert "cannot be read" in result.why
    assert publishes(talk) == 1


# Definite answers.


def test_not_found_right_after_finished_is_tried_again_with_the_same_container() -> None:
    talk = Talk()
    talk.on_publish = [lambda _: error(24, 4279009), lambda _: error(24, 4279009)]
    assert talk.run("hello") == Applied()
    assert (publishes(talk), len(talk.containers)) == (3, 1)


def test_not_found_again_and_again_costs_a_bounded_number_of_containers() -> None:
    talk = Talk(on_publish=[lambda _: error(24, 4279009)] * 100)
    result = talk.run("hello")
    assert isinstance(result, Refused)
    assert len(talk.containers) == BOUNDS.rebuilds_max + 1
    assert publishes(talk) == BOUNDS.retry_attempts_max * (BOUNDS.rebuilds_max + 1)


def test_a_lie_about_not_found_is_noticed_before_the_container_is_published_again() -> None:
    talk = Talk()

    def acted(request: Request) -> Response:
        talk.publish(request)
        return error(24, 4279009)

    talk.on_publish = [acted]
    assert talk.run("hello") == Applied()
    assert (bound(talk), publishes(talk)) == (("m1",), 1)


def test_a_refusal_that_was_a_lie_is_noticed_by_the_next_run() -> None:
    talk = Talk()

    def acted(request: Request) -> Response:
        talk.publish(request)
        return error(368)

    talk.on_publish = [acted]
    assert isinstance(talk.run("hello"), Refused)
    assert talk.run("hello") == Applied()
    assert (bound(talk), publishes(talk)) == (("m1",), 1)


def test_a_request_that_was_never_sent_is_sent_again() -> None:
    talk = Talk()
    talk.on_publish = [lambda _: REFUSED]
    assert talk.run("hello") == Applied()
    assert (publishes(talk), len(talk.containers)) == (2, 1)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error(190, 463, 401), FaultClass.UNAUTHORIZED),
        (error(613, 4279002), FaultClass.THROTTLED),
        (error(368), FaultClass.BLOCKED),
        (error(9, 2207042), FaultClass.QUOTA),
    ],
)
def test_a_definite_no_is_reported_and_not_repeated(answer: Response, kind: FaultClass) -> None:
    talk = Talk(on_publish=[lambda _: answer])
    result = talk.run("hello")
    assert isinstance(result, Refused)
    assert (result.fault.kind, publishes(talk)) == (kind, 1)


def test_children_that_the_parent_does_not_see_are_made_again() -> None:
    talk = Talk()
    refusals = [BOUNDS.retry_attempts_max]

    def blind(request: Request) -> Response | None:
        carousel = request.method == "POST" and "children" in getattr(request.body, "fields", {})
        if carousel and refusals[0]:
            refusals[0] -= 1
            return error(100, 4279004)
        return None

    talk.override = blind
    assert talk.run("look", media=("x", "y")) == Applied()
    assert len(talk.containers) == 5


def test_a_container_error_with_a_cause_is_a_refusal_that_names_it() -> None:
    talk = Talk()

    def broken(request: Request) -> Response | None:
        if request.path.endswith("/c1"):
            return Response(200, b'{"id":"c1","status":"ERROR","error_message":"INVALID_ASPEC_RATIO"}')
        return None

    talk.override = broken
    result = talk.run("hello", media=("x",))
    assert isinstance(result, Refused)
    assert "INVALID_ASPEC_RATIO" in result.fault.problem


def test_an_answer_that_cannot_be_read_counts_as_lost() -> None:
    talk = Talk()

    def garbled(request: Request) -> Response:
        talk.publish(request)
        return Response(200, b"<html>")

    talk.on_publish = [garbled]
    assert talk.run("hello") == Applied()
    assert (bound(talk), publishes(talk)) == (("m1",), 1)


# Death at any moment.


@pytest.mark.parametrize("odd", [None, "published_but_lost", "lost", "not_found"])
@pytest.mark.parametrize("shape", ["text", "carousel", "chain"])
def test_death_at_every_effect_and_in_every_answer_leaves_each_post_there_once(
    shape: str, odd: str | None
) -> None:
    """Every prefix of the flow's own records is a start; none of them publishes twice, none loses a post."""
    texts = ("one", "two", "three") if shape == "chain" else ("one",)
    media = ("x", "y") if shape == "carousel" else ()

    def fresh() -> Talk:
        talk = Talk()
        acts = {
            "published_but_lost": talk.published_but_lost,
            "lost": lambda _: LOST,
            "not_found": lambda _: error(24, 4279009),
        }
        talk.on_publish = [acts[odd]] if odd is not None else []
        return talk

    whole = fresh()
    assert whole.run(*texts, media=media) == Applied()
    deaths = [n + half for n in range(1, whole.effects + 1) for half in (0, 0.5)]
    for die_at in deaths:
        talk = fresh()
        talk.die_at = die_at  # type: ignore[assignment]
        try:
            talk.run(*texts, media=media)
        except Killed:
            talk.die_at = None
            assert talk.run(*texts, media=media) == Applied()
        assert [post.text for post in talk.posts.values()] == list(texts), f"died at {die_at}"
        assert bound(talk) == tuple(talk.posts), f"died at {die_at}"
        parents = [None, *list(talk.posts)[:-1]]
        assert [post.parent for post in talk.posts.values()] == parents, f"died at {die_at}"


def test_settling_publishes_nothing() -> None:
    talk = Talk(die_at=None)
    talk.on_publish = [lambda _: LOST]
    talk.die_at = 8
    with pytest.raises(Killed):
        talk.run("hello")
    talk.die_at = None
    assert talk.ledger.open[ADDRESS].in_doubt
    before = publishes(talk)
    assert talk.settle() == Applied()
    assert (publishes(talk), talk.ledger.open[ADDRESS].in_doubt) == (before, False)


def test_a_container_found_live_after_a_definite_no_is_in_doubt_until_its_post_is_found() -> None:
    talk = Talk(listed_after_seconds=1e9)

    def acted(request: Request) -> Response:
        talk.publish(request)
        return error(24, 4279009)

    talk.on_publish = [acted]
    assert isinstance(talk.run("hello"), Uncertain)
    assert talk.ledger.open[ADDRESS].in_doubt
    assert isinstance(talk.settle(), Uncertain)
    talk.listed_after_seconds = 0
    assert talk.run("hello") == Applied()
    assert (bound(talk), publishes(talk)) == (("m1",), 1)


# Deleting.


def test_a_chain_is_taken_down_last_to_first_and_each_deletion_is_on_record() -> None:
    talk = Talk()
    talk.run("one", "two")
    live = talk.ledger.bindings[ADDRESS].segments
    talk.sent.clear()
    job = talk.ledger.open[ADDRESS].job
    assert talk.drive(talk.provider.delete(talk.work(job), tuple(reversed(live)))) == Applied()
    assert talk.sent == ["DELETE /m2", "DELETE /m1"]
    assert talk.posts == {}
    assert ADDRESS in talk.ledger.tombstones


def test_a_post_that_is_gone_already_counts_as_deleted() -> None:
    talk = Talk()
    talk.run("one")
    live = talk.ledger.bindings[ADDRESS].segments
    talk.posts.clear()
    job = talk.ledger.open[ADDRESS].job
    assert talk.drive(talk.provider.delete(talk.work(job), live)) == Applied()


def test_code_24_is_no_proof_that_a_post_is_gone() -> None:
    talk = Talk()
    talk.run("one")
    live = talk.ledger.bindings[ADDRESS].segments
    talk.override = lambda request: error(24, 4279009) if "m1" in request.path else None
    job = talk.ledger.open[ADDRESS].job
    result = talk.drive(talk.provider.delete(talk.work(job), live))
    assert isinstance(result, Refused)
    assert bound(talk) == ("m1",)


def test_a_deletion_without_an_answer_is_looked_after_before_it_is_repeated() -> None:
    talk = Talk()
    talk.run("one")
    live = talk.ledger.bindings[ADDRESS].segments

    def lost(request: Request) -> NoResponse | None:
        if request.method == "DELETE":
            talk.posts.clear()
            return LOST
        return None

    talk.override = lost
    job = talk.ledger.open[ADDRESS].job
    assert talk.drive(talk.provider.delete(talk.work(job), live)) == Applied()
    assert talk.sent.count("DELETE /m1") == 1


def test_a_deletion_that_may_still_act_is_in_doubt_though_a_later_request_is_refused() -> None:
    talk = Talk()
    talk.run("one")
    live = talk.ledger.bindings[ADDRESS].segments
    answers: list[Response | NoResponse] = [LOST, error(100)]
    talk.override = lambda request: answers.pop(0) if request.method == "DELETE" else None
    result = talk.drive(talk.provider.delete(talk.work(talk.ledger.open[ADDRESS].job), live))
    assert isinstance(result, Uncertain)
    assert bound(talk) == ("m1",)


def test_a_delete_that_threads_says_had_no_success_is_looked_into() -> None:
    """The post is there, so nothing is put on record but the doubt: it may go yet."""
    talk = Talk()
    assert talk.run("hello") == Applied()
    live = talk.ledger.bindings[ADDRESS].segments
    talk.override = lambda request: ok({"success": False}, START) if request.method == "DELETE" else None
    result = talk.drive(talk.provider.delete(talk.work(talk.ledger.open[ADDRESS].job), live))
    assert isinstance(result, Uncertain)
    assert bound(talk) == ("m1",)
