"""On a real server every post is there exactly once, whatever dies or goes lost at whatever moment."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.live.bluesky.account import ADDRESS, Account, Killed, segment
from tests.live.bluesky.desk import Desk
from tests.live.bluesky.firehose import commits
from threadsync.flows.effects import NoResponse, Request, Visibility
from threadsync.model.ids import Json, MediaDigest
from threadsync.model.journal import Rendered
from threadsync.providers.base import Applied, Refused, Uncertain
from threadsync.providers.bluesky import api
from threadsync.providers.bluesky.records import POSTGATE, THREADGATE
from threadsync.providers.bluesky.uris import POST, AtUri

pytestmark = pytest.mark.live

WITNESSED = pytest.mark.pds(worlds=("server",), why="its witness is the firehose, which is a stream")

PICTURE = Path(__file__).parents[3] / "examples/posts/pictures/gate.png"
DIGEST = MediaDigest(hashlib.sha256(PICTURE.read_bytes()).hexdigest())

TEXT = (segment("12 lifts were broken."),)
PICTURED = (segment("The gate.", media=(DIGEST,)),)
CHAIN = (
    segment("One.", 0, who_can_reply="followers", quotes="nobody"),
    segment("Two.", 1, media=(DIGEST,), quotes="nobody"),
    segment("Three.", 2, quotes="nobody"),
)
CARD: dict[str, Json] = {"uri": "https://example.org/lifts", "title": "12 lifts", "description": "Broken."}
CARDED = (segment("Read this.", card={**CARD, "thumb": DIGEST, "thumb_type": "image/png"}),)
SHAPES = {"text": TEXT, "picture": PICTURED, "chain": CHAIN, "card": CARDED}
LOST = NoResponse("connection reset", sent=True)
UNSENT = NoResponse("connection refused", sent=False)


@pytest.fixture
def account(desk: Desk) -> Account:
    desk.media = {DIGEST: PICTURE}
    return Account(desk)


def losing(number: int, what: NoResponse = LOST) -> Callable[[Request], NoResponse | None]:
    """Lose the answer to the visible request of this *number* (the first is 1)."""
    seen = 0

    def trouble(request: Request) -> NoResponse | None:
        nonlocal seen
        seen += request.visibility is Visibility.VISIBLE
        return what if request.visibility is Visibility.VISIBLE and seen == number else None

    return trouble


def is_once(account: Account, segments: tuple[Rendered, ...]) -> None:
    """Each segment is there once, in order, and bound to what is there."""
    assert account.texts() == [each.text for each in segments]
    bound = [each.remote_id for each in account.ledger.bindings[ADDRESS].segments]
    assert bound == [each.uri for each in account.there()]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_post_is_published_and_publishing_it_again_changes_nothing(account: Account, shape: str) -> None:
    assert account.publish(*SHAPES[shape]) == Applied()
    is_once(account, SHAPES[shape])


@WITNESSED
def test_a_chain_is_one_commit_with_its_gates(account: Account) -> None:
    account.publish(*CHAIN)
    posts = account.there()
    (gate,), quotes = account.there(THREADGATE), account.there(POSTGATE)
    assert gate.value["post"] == posts[0].uri
    assert [each.value["post"] for each in quotes] == [each.uri for each in posts]
    root = {"uri": posts[0].uri, "cid": posts[0].cid}
    assert [each.value.get("reply") for each in posts] == [
        None,
        {"root": root, "parent": root},
        {"root": root, "parent": {"uri": posts[1].uri, "cid": posts[1].cid}},
    ]
    written = [each for each in commits(account.desk) if each.ops]
    assert [len(each.ops) for each in written] == [7]


@pytest.mark.pds(
    worlds=("server",), why="hundreds of requests; threadsync.testing kills at every effect without Node"
)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("half", [0.0, 0.5], ids=["before", "after"])
def test_a_process_may_die_at_any_effect(desk: Desk, shape: str, half: float) -> None:
    """All deaths on one account: each publication has an address of its own, and so its own keys."""
    desk.media = {DIGEST: PICTURE}
    whole = Account(desk)
    whole.publish(*SHAPES[shape])
    count = whole.effects
    whole.delete()
    assert whole.there() == whole.there(THREADGATE) == whole.there(POSTGATE) == []
    for moment in range(1, count + 1):
        account = Account(desk, die_at=moment + half)
        with pytest.raises(Killed):
            account.publish(*SHAPES[shape])
        account.die_at = None
        if ADDRESS in account.ledger.open or ADDRESS not in account.ledger.bindings:
            assert account.publish(*SHAPES[shape]) == Applied(), moment
        is_once(account, SHAPES[shape])
        account.delete()


@WITNESSED
@pytest.mark.parametrize("shape", SHAPES)
def test_a_lost_answer_is_found_out_by_looking(account: Account, shape: str) -> None:
    account.trouble = losing(1)
    assert account.publish(*SHAPES[shape]) == Applied()
    is_once(account, SHAPES[shape])
    made = [path for each in commits(account.desk) for action, path in each.ops if action == "create"]
    assert len(made) == len({*made})


@pytest.mark.parametrize("shape", SHAPES)
def test_a_request_that_never_left_is_sent_again(account: Account, shape: str) -> None:
    account.trouble = losing(1, UNSENT)
    assert account.publish(*SHAPES[shape]) == Applied()
    is_once(account, SHAPES[shape])


@pytest.mark.parametrize("shape", SHAPES)
def test_while_nothing_is_answered_it_stays_in_doubt_and_the_next_run_finds_out(
    account: Account, shape: str
) -> None:
    gone = False

    def trouble(request: Request) -> NoResponse | None:
        nonlocal gone
        gone = gone or request.visibility is Visibility.VISIBLE
        return LOST if gone else None

    account.trouble = trouble
    assert isinstance(account.publish(*SHAPES[shape]), Uncertain)
    account.trouble = lambda _: None
    assert account.settle() == Applied()
    is_once(account, SHAPES[shape])


def test_a_key_that_holds_something_else_is_left_alone(account: Account) -> None:
    """Somebody else's record is neither taken for ours nor overwritten."""
    account.publish(*TEXT)
    (mine,) = account.there()
    uri = AtUri.parse(mine.uri)
    assert uri is not None
    theirs = {"$type": POST, "text": "Theirs.", "createdAt": "2020-01-01T00:00:00Z"}
    account.desk.run(api.put_record(uri.repo, uri.collection, uri.rkey, theirs))
    other = Account(account.desk)
    assert other.publish(*TEXT) == Applied()
    assert sorted(map(str, other.texts())) == ["12 lifts were broken.", "Theirs."]


def test_what_the_server_refuses_is_refused_and_nothing_is_there(account: Account) -> None:
    done = account.publish(segment("x" * 301))
    assert isinstance(done, Refused)
    assert "grapheme" in done.fault.problem
    assert account.texts() == []


def test_a_segment_more_goes_under_the_last_one(account: Account) -> None:
    account.publish(*TEXT)
    account.ledger.open.clear()
    more = segment("And 3 today.", 1)
    assert account.publish(*TEXT, more) == Applied()
    first, second = account.there()
    root = {"uri": first.uri, "cid": first.cid}
    assert second.value["reply"] == {"root": root, "parent": root}


@pytest.mark.parametrize(
    ("langs", "is_taken"),
    [(["zh-Hant-TW", "es-419", "de-1996"], True), (["sl-rozaj", "en-x-lift"], True), (["en-1"], False)],
)
def test_languages_are_taken_and_refused_as_validate_says(
    account: Account, langs: list[Json], is_taken: bool
) -> None:
    done = account.publish(segment("12 lifts", langs=langs))
    assert isinstance(done, Applied if is_taken else Refused), done
