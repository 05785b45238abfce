"""``publish`` of both clients on Bluesky, against the sandbox: what it makes, and what a journal knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from tests.execution.clients import CLIENTS, AnyClient
from tests.execution.servers import Peer, Server, header, target_of
from tests.media.films import film
from tests.media.test_rendition import encoded, flag
from threadsync import Attachment, PostSegment
from threadsync.errors import ContentError, PublishBlocked, PublishRefused
from threadsync.execution.hosting_web import LoopbackHost
from threadsync.model.ids import MediaDigest
from threadsync.sandbox.bluesky import Fault
from threadsync.sandbox.bluesky.state import Record, did_of
from threadsync.sandbox.server import Sandbox, running
from threadsync.sandbox.settings import SandboxSettings
from threadsync.sandbox.threads import FaultKind
from threadsync.testing.fakes import FakeClock
from threadsync.testing.shape import picture

HANDLE, OTHER = "lift-report.test", "harbour-desk.test"
POST, REPOST, THREADGATE, POSTGATE = (
    f"app.bsky.feed.{each}" for each in ("post", "repost", "threadgate", "postgate")
)
PAGE = b"""<title>x</title><meta property="og:title" content="12 lifts">
<meta property="og:image" content="/map.png">"""
LOST = Fault("publish", FaultKind.ANSWER_LOST)

Opened = Callable[..., AbstractContextManager[AnyClient]]


@pytest.fixture(scope="module")
def started() -> Iterator[Sandbox]:
    with running(SandboxSettings(seed=7)) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(started: Sandbox) -> Sandbox:
    started.reset()
    return started


@pytest.fixture
def opened(sandbox: Sandbox) -> Opened:
    """Opens a client of an account; the same clock goes on where none is given."""
    clock = FakeClock()

    def open_(
        kind: str = "requests", handle: str = HANDLE, **settings: Any
    ) -> AbstractContextManager[AnyClient]:
        wanted = {"identifier": handle, "token": f"sandbox-{handle}", "base_url": sandbox.base_url}
        hosts = {"settings": {"video_url": sandbox.base_url, "public_url": sandbox.base_url}}
        return CLIENTS[kind](clock, **{"network": "bluesky", **wanted, **hosts, **settings})

    return open_


@pytest.fixture
def client(opened: Opened) -> Iterator[AnyClient]:
    with opened() as client:
        yield client


@pytest.fixture(params=sorted(CLIENTS))
def each_client(opened: Opened, request: pytest.FixtureRequest) -> Iterator[AnyClient]:
    with opened(request.param) as client:
        yield client


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "posts.json"


def records(sandbox: Sandbox, collection: str = POST, handle: str = HANDLE) -> list[Record]:
    """What an account has, oldest first."""
    return sandbox.engine.bluesky.look(lambda state, _: list(reversed(state.of(did_of(handle), collection))))


def texts(sandbox: Sandbox) -> list[Any]:
    return [each.value["text"] for each in records(sandbox)]


def asked(sandbox: Sandbox, *names: str) -> int:
    """How often one of these methods was called."""
    return sum(each.path.rpartition(".")[2] in names for each in sandbox.requests())


WRITES = ("putRecord", "applyWrites", "createRecord", "deleteRecord")


# What is published.


def test_a_text_is_published_without_a_journal_for_one_look_at_the_account(
    each_client: AnyClient, sandbox: Sandbox
) -> None:
    """A record is written into the repository of an account, so that is read; nothing else is."""
    post = each_client.publish("12 lifts: https://example.org/lifts", langs=["en"])
    (there,) = records(sandbox)
    assert (post.id, post.permalink) == (there.uri, f"https://bsky.app/profile/{there.did}/post/{there.rkey}")
    assert (there.value["langs"], len(there.value["facets"])) == (["en"], 1)  # type: ignore[arg-type]
    (answer,) = post.answers
    assert answer.json["uri"] == post.id  # type: ignore[index]
    calls = [each.path.rpartition(".")[2] for each in sandbox.requests()]
    assert calls == ["createSession", "getSession", "putRecord"]


def test_the_same_text_twice_in_one_second_is_two_posts(client: AnyClient, sandbox: Sandbox) -> None:
    """A key follows from what a post is; without a journal nobody says that two calls mean one."""
    assert client.publish("Again").id != client.publish("Again").id
    assert texts(sandbox) == ["Again", "Again"]


def test_two_journals_take_nothing_of_each_other_for_their_own(
    client: AnyClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Two programs publish under one key in one second: neither's post is taken for the other's (law 17)."""
    one = client.publish("One", key="daily", journal=tmp_path / "one.json")
    other = client.publish("Other", key="daily", journal=tmp_path / "other.json")
    assert one.id != other.id
    assert sorted(texts(sandbox)) == ["One", "Other"]


def test_a_chain_goes_out_in_one_write_with_pictures_gates_and_labels(
    each_client: AnyClient, sandbox: Sandbox, journal: Path, tmp_path: Path
) -> None:
    path = tmp_path / "red.jpg"
    path.write_bytes(picture("red"))
    second = PostSegment(
        "Two", [Attachment(picture("green"), "Green")], options={"labels": ["graphic-media"]}
    )
    post = each_client.publish(
        ["One", second],
        [Attachment(path, "Red")],
        who_can_reply="followers",
        options={"quotes": "nobody"},
        tags=["lifts"],
        journal=journal,
    )
    first, last = records(sandbox)
    assert post.ids == (first.uri, last.uri)
    one, two = dict[str, Any](first.value), dict[str, Any](last.value)
    assert two["reply"]["parent"] == {"uri": first.uri, "cid": first.cid}
    (image,) = one["embed"]["images"]
    assert (image["alt"], image["aspectRatio"]) == ("Red", {"width": 640, "height": 480})
    assert two["labels"]["values"] == [{"val": "graphic-media"}]
    assert (one["tags"], [each.rkey for each in records(sandbox, THREADGATE)]) == (["lifts"], [first.rkey])
    assert [each.rkey for each in records(sandbox, POSTGATE)] == [first.rkey, last.rkey]
    assert (asked(sandbox, *WRITES), asked(sandbox, "uploadBlob")) == (1, 2)


def test_a_picture_by_its_address_is_fetched_and_sent(
    client: AnyClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    served = tmp_path / "blue.jpg"
    served.write_bytes(picture("blue"))
    with LoopbackHost() as host:
        address = host.known(MediaDigest("0" * 64), served)
        client.publish("Blue", [Attachment(address, "Blue")])
    (there,) = records(sandbox)
    embed: Any = there.value["embed"]
    assert embed["images"][0]["alt"] == "Blue"


def test_a_link_is_a_card_of_what_its_page_says_beside_what_is_quoted(
    each_client: AnyClient, sandbox: Sandbox
) -> None:
    quoted = each_client.publish("Quoted")

    def serve(peer: Peer) -> None:
        while request := peer.request():
            if "/map.png" in target_of(request):
                peer.answer(encoded(flag(30, 20), "PNG"), "Content-Type: image/png")
            else:
                peer.answer(PAGE, "Content-Type: text/html")

    with Server(serve) as page:
        each_client.publish("Read this", link=f"{page.url}/lifts", quote=quoted.id)
        assert [header(each, "authorization") for each in page.requests] == [None, None]
    (there,) = [each for each in records(sandbox) if each.value["text"] == "Read this"]
    embed: Any = there.value["embed"]
    assert embed["record"]["record"]["uri"] == quoted.id
    external = embed["media"]["external"]
    assert (external["uri"], external["title"]) == (f"{page.url}/lifts", "12 lifts")
    assert external["thumb"]["mimeType"] == "image/png"


def test_a_video_goes_through_the_service(each_client: AnyClient, sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.switch_bluesky(video_seconds=0.0)  # its clock is not the client's, which is over in no time
    each_client.publish("A lift", [Attachment(film(tmp_path / "lift.mp4"), "A lift that moves.")])
    (there,) = records(sandbox)
    embed: Any = there.value["embed"]
    assert (embed["$type"], embed["alt"]) == ("app.bsky.embed.video", "A lift that moves.")
    assert (asked(sandbox, "getUploadLimits"), asked(sandbox, "uploadVideo")) == (1, 1)


def test_posts_are_named_by_their_at_uri_the_address_of_their_page_and_a_key(
    each_client: AnyClient, opened: Opened, sandbox: Sandbox, journal: Path
) -> None:
    with opened(handle=OTHER) as other:
        theirs = other.publish("Theirs")
    mine = each_client.publish("Mine", key="mine", journal=journal)
    by_handle = theirs.permalink.replace(did_of(OTHER), OTHER)
    each_client.publish("To theirs", reply_to=theirs.id)
    each_client.publish("To theirs, by name", reply_to=by_handle)
    each_client.publish("Quotes both", quote=theirs.permalink, reply_to="mine", journal=journal)
    each_client.publish(repost=f"id:{theirs.id}")
    said: list[Any] = [each.value for each in records(sandbox)]
    parents = {each["text"]: each.get("reply", {}).get("parent", {}).get("uri") for each in said}
    assert parents == {
        "Mine": None,
        "To theirs": theirs.id,
        "To theirs, by name": theirs.id,
        "Quotes both": mine.id,
    }
    (quoting,) = [each for each in said if "embed" in each]
    assert quoting["embed"]["record"]["uri"] == theirs.id
    (repost,) = records(sandbox, REPOST)
    subject: Any = repost.value["subject"]
    assert subject["uri"] == theirs.id


def test_findings_are_those_of_a_file(client: AnyClient, sandbox: Sandbox) -> None:
    with pytest.raises(ContentError) as refused:
        client.publish("x" * 301, who_can_reply="parent-author", poll=["a", "b"])
    rules = {each.rule for each in refused.value.findings}
    assert rules == {"bluesky/text-too-long", "bluesky/who-can-reply", "bluesky/not-there"}
    assert sandbox.requests() == ()


def test_a_mention_of_nobody_is_refused_and_nothing_is_there(client: AnyClient, sandbox: Sandbox) -> None:
    with pytest.raises(PublishRefused, match=r"@nobody\.test, which the post mentions, is not found"):
        client.publish("Hi @nobody.test")
    assert (texts(sandbox), asked(sandbox, *WRITES)) == ([], 0)


# What a journal knows.


def test_calling_again_with_the_same_key_returns_what_is_live_and_sends_nothing(
    each_client: AnyClient, sandbox: Sandbox, journal: Path
) -> None:
    first = each_client.publish(["One", "Two"], key="count", journal=journal)
    again = each_client.publish(["One", "Two"], key="count", journal=journal)
    assert (again.segments, again.answers) == (first.segments, ())
    assert asked(sandbox, *WRITES) == 1


def test_more_segments_go_on_the_chain(client: AnyClient, sandbox: Sandbox, journal: Path) -> None:
    client.publish(["One"], key="count", journal=journal)
    post = client.publish(["One", "Two", "Three"], key="count", journal=journal)
    said: list[Any] = [each.value for each in records(sandbox)]
    assert [each.get("reply", {}).get("parent", {}).get("uri") for each in said] == [None, *post.ids[:2]]


def test_a_lost_journal_publishes_nothing_twice(client: AnyClient, sandbox: Sandbox, journal: Path) -> None:
    post = client.publish("One", key="one", journal=journal)
    journal.unlink()
    with pytest.raises(PublishBlocked, match="allow_duplicate=True") as blocked:
        client.publish("One", key="one", journal=journal)
    assert (blocked.value.reason, texts(sandbox)) == ("looks-published", ["One"])
    assert client.publish("One", key="one", journal=journal, allow_duplicate=True).id != post.id


def test_the_accounts_of_one_journal_are_kept_apart(opened: Opened, journal: Path) -> None:
    made = []
    for handle in (HANDLE, OTHER, HANDLE):
        with opened(handle=handle) as client:
            made.append(client.publish("Welcome", key="welcome", journal=journal))
    assert made[0].segments == made[2].segments != made[1].segments


def test_no_secret_comes_into_a_journal(opened: Opened, journal: Path, tmp_path: Path) -> None:
    with opened(sessions=tmp_path / "sessions") as client:
        client.publish("One", journal=journal)
    (kept,) = (tmp_path / "sessions").glob("*.json")
    tokens = [each for each in kept.read_text().split('"') if len(each) > 100]
    assert len(tokens) == 2
    written = "".join(each.read_text() for each in tmp_path.glob("posts.json*") if each.is_file())
    assert not [each for each in (*tokens, f"sandbox-{HANDLE}") if each in written]


# What goes wrong.


@pytest.mark.parametrize("kept", [True, False], ids=["journal", "no journal"])
@pytest.mark.parametrize("text", ["One", ["One", "Two"]], ids=["text", "chain"])
def test_a_lost_answer_is_found_out_and_the_post_is_there_once(
    each_client: AnyClient, sandbox: Sandbox, journal: Path, kept: bool, text: str | list[str]
) -> None:
    sandbox.engine.bluesky.arm(LOST)
    post = each_client.publish(text, journal=journal if kept else None)
    assert post.segments[0].bound_by == "container"
    assert texts(sandbox) == ([text] if isinstance(text, str) else text)
    assert asked(sandbox, *WRITES) == 1


def test_a_session_that_ended_is_renewed_and_the_write_goes_out_once(
    each_client: AnyClient, sandbox: Sandbox
) -> None:
    each_client.publish("One")
    sandbox.engine.bluesky.expire_sessions(HANDLE)
    each_client.publish("Two")
    assert sorted(texts(sandbox)) == ["One", "Two"]
    assert (asked(sandbox, "createSession"), asked(sandbox, "refreshSession")) == (1, 1)


def test_points_that_are_used_up_are_told_and_nothing_is_written(
    opened: Opened, sandbox: Sandbox, tmp_path: Path
) -> None:
    """The ledger that clients share knows it before the network is asked."""
    sandbox.engine.bluesky.change_switches({"points_per_hour": 7})
    try:
        with opened(memory=tmp_path / "memory.sqlite3") as client:
            client.publish(["One", "Two"])
            sent = asked(sandbox, *WRITES)
            with pytest.raises(PublishRefused, match="1 of 7 points"):
                client.publish("Three")
    finally:
        sandbox.engine.bluesky.change_switches({"points_per_hour": 5_000})
    assert (texts(sandbox), asked(sandbox, *WRITES)) == (["One", "Two"], sent)
