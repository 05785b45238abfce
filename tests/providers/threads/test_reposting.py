"""Reposts, ghost posts and Instagram stories: published once, found again where Threads lists them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.providers.threads.talk import ADDRESS, LOST, REFUSED, START, Killed, Post, Talk, error
from threadsync.model.fault import FaultClass
from threadsync.model.ids import ContentDigest, RemoteId
from threadsync.model.journal import Adopted, Published, Rendered
from threadsync.providers.base import Applied, Refused, Uncertain
from threadsync.providers.threads import api

DIGEST = ContentDigest("d")
REPOST = Rendered(0, DIGEST, "", reposts=RemoteId("77"))
GHOST = Rendered(0, DIGEST, "boo", options={"parameters": api.carried(is_ghost_post=True)})
STORY = Rendered(0, DIGEST, "hello", options={"parameters": api.carried(crossreshare_to_ig_dark_mode=True)})


def live(talk: Talk) -> list[str]:
    return [post.reposted for post in talk.posts.values()]


def bound(talk: Talk) -> Published:
    (segment,) = talk.ledger.bindings[ADDRESS].segments
    return segment


def asked(talk: Talk) -> int:
    return talk.sent.count("POST /77/repost")


def test_a_repost_is_one_visible_call_without_a_container() -> None:
    talk = Talk()
    assert talk.publish_one(REPOST) == Applied()
    assert (live(talk), talk.containers, asked(talk)) == (["77"], {}, 1)
    assert bound(talk).remote_id == "m1"
    assert bound(talk).bound_by == "receipt"
    assert bound(talk).permalink


def test_a_repost_whose_answer_is_lost_is_found_by_what_it_reposts() -> None:
    talk = Talk()
    talk.on_publish = [talk.reposted_but_lost]
    assert talk.publish_one(REPOST) == Applied()
    assert (live(talk), asked(talk)) == (["77"], 1)
    assert bound(talk).bound_by == "text", "a person may have reposted it too: no proof that it is ours"


def test_a_repost_that_did_not_act_is_asked_for_again_after_the_doubt() -> None:
    talk = Talk(on_publish=[lambda _: LOST])
    assert talk.publish_one(REPOST) == Applied()
    assert (live(talk), asked(talk)) == (["77"], 2)
    assert any(seconds == 300 for seconds, _ in talk.waited)


def test_a_repost_that_was_never_sent_is_asked_for_again_at_once() -> None:
    talk = Talk(on_publish=[lambda _: REFUSED])
    assert talk.publish_one(REPOST) == Applied()
    assert max(seconds for seconds, _ in talk.waited) < 60


def test_what_the_account_reposts_already_is_bound() -> None:
    talk = Talk()
    talk.posts["s1"] = Post("s1", "", START - timedelta(days=200), "REPOST_FACADE", None, 0, "77")
    assert talk.publish_one(REPOST) == Applied()
    assert (live(talk), bound(talk).remote_id) == (["77"], "s1")


def test_what_another_publication_reposts_already_is_refused() -> None:
    talk = Talk()
    talk.posts["s1"] = Post("s1", "", START, "REPOST_FACADE", None, 0, "77")
    theirs = Published(0, DIGEST, RemoteId("s1"), "", START)
    talk.note(Adopted(ADDRESS.parse("b@threads/main"), (theirs,), START))
    result = talk.publish_one(REPOST)
    assert isinstance(result, Refused)
    assert "as another publication" in result.fault.problem
    assert not talk.ledger.open[ADDRESS].in_doubt


def test_a_repost_that_no_list_shows_stays_in_doubt() -> None:
    talk = Talk(on_publish=[lambda _: error(1, 4279050)] * 2)
    assert isinstance(talk.publish_one(REPOST), Uncertain)
    assert talk.ledger.open[ADDRESS].in_doubt


def test_an_account_that_cannot_be_read_leaves_the_doubt() -> None:
    talk = Talk()
    talk.on_publish = [talk.reposted_but_lost]
    talk.override = lambda request: error(10) if request.path.endswith("/me/threads") else None
    result = talk.publish_one(REPOST)
    assert isinstance(result, Uncertain)
    assert "cannot be read" in result.why
    assert asked(talk) == 1


@pytest.mark.parametrize(
    ("answer", "kind", "calls"),
    [
        (error(10), FaultClass.FORBIDDEN, 1),
        (error(613, 4279002), FaultClass.THROTTLED, 1),
        (error(24, 4279009), FaultClass.NOT_READY, 5),
    ],
)
def test_a_definite_no_is_reported(answer: object, kind: FaultClass, calls: int) -> None:
    talk = Talk(on_publish=[lambda _: answer] * 9)  # type: ignore[list-item, return-value]
    result = talk.publish_one(REPOST)
    assert isinstance(result, Refused)
    assert (result.fault.kind, asked(talk)) == (kind, calls)
    assert not talk.ledger.open[ADDRESS].in_doubt


@pytest.mark.parametrize("odd", ["", "lost", "acted", "already"])
def test_death_at_every_effect_leaves_one_repost(odd: str) -> None:
    def fresh() -> Talk:
        talk = Talk()
        acts = {"lost": lambda _: LOST, "acted": talk.reposted_but_lost}
        talk.on_publish = [acts[odd]] if odd in acts else []
        if odd == "already":
            talk.posts["s1"] = Post("s1", "", START, "REPOST_FACADE", None, 0, "77")
        return talk

    whole = fresh()
    assert whole.publish_one(REPOST) == Applied()
    for die_at in [n + half for n in range(1, whole.effects + 1) for half in (0, 0.5)]:
        talk = fresh()
        talk.die_at = die_at  # type: ignore[assignment]
        try:
            talk.publish_one(REPOST)
        except Killed:
            talk.die_at = None
            if ADDRESS not in talk.ledger.bindings:
                assert talk.publish_one(REPOST) == Applied()
        assert live(talk) == ["77"], f"died at {die_at}"
        assert bound(talk).remote_id in talk.posts, f"died at {die_at}"


def test_settling_a_repost_publishes_nothing() -> None:
    talk = Talk(on_publish=[lambda _: LOST], die_at=3)
    with pytest.raises(Killed):
        talk.publish_one(REPOST)
    talk.die_at = None
    assert talk.ledger.open[ADDRESS].in_doubt
    assert talk.settle() == Applied()
    assert (live(talk), talk.ledger.open[ADDRESS].in_doubt) == ([], False)


def test_a_ghost_post_is_looked_for_among_ghost_posts_and_its_end_is_on_record() -> None:
    talk = Talk()
    talk.on_publish = [talk.published_but_lost]
    assert talk.publish_one(GHOST) == Applied()
    assert len(talk.posts) == 1
    assert "GET /me/ghost_posts" in talk.sent
    assert "GET /me/threads" not in talk.sent
    assert bound(talk).expires_at == bound(talk).at + timedelta(hours=24)


def test_ghost_posts_are_read_back_only_for_a_ghost_post() -> None:
    """An account that may not list them can still publish everything else."""
    talk = Talk()
    listed = talk.drive(talk.provider.read_back(START))  # type: ignore[arg-type]
    assert "GET /me/ghost_posts" not in talk.sent
    talk.publish_one(GHOST)
    listed = talk.drive(talk.provider.read_back(START, (GHOST,)))  # type: ignore[arg-type]
    assert "GET /me/ghost_posts" in talk.sent
    assert [post.carries for post in listed.posts] == [{"ghost": "ACTIVE"}]  # type: ignore[union-attr]


@pytest.mark.parametrize(("said", "is_told"), [("SUCCESS", False), ("FAILED", True), ("", True)])
def test_a_story_that_was_not_shared_is_told_and_the_post_is_up(said: str, is_told: bool) -> None:
    talk = Talk(more={"crossreshare_to_ig_status": said} if said else {})
    result = talk.publish_one(STORY)
    assert isinstance(result, Applied)
    assert bool(result.why) is is_told
    assert ("the post is up" in result.why) is is_told
    assert len(talk.posts) == 1
    (container,) = talk.containers.values()
    assert container["crossreshare_to_ig_dark_mode"] == "true"


def test_a_quote_of_another_post_needs_another_container() -> None:
    """What is quoted is fixed in the container: one that was made for the old post would quote that."""
    talk = Talk(die_at=6)
    quote = Rendered(0, DIGEST, "look", quotes=RemoteId("1"))
    with pytest.raises(Killed):
        talk.publish_one(quote)
    assert len(talk.containers) == 1
    talk.die_at = None
    again = Rendered(0, DIGEST, "look", quotes=RemoteId("2"))
    assert talk.publish_one(again) == Applied()
    assert [each["quote_post_id"] for each in talk.containers.values()] == ["1", "2"]
