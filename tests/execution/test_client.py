"""Both clients: what they run, send again, send once, hold back, and write down."""

from __future__ import annotations

import asyncio
import threading
import traceback
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from tests.execution.clients import BUSY, TOKEN, OpenClient, in_turn, listing, page
from tests.execution.clocks import FakeAsyncClock
from tests.execution.servers import Peer, Server, answering, header, target_of
from threadsync import ApiLog, AsyncClient, Client, Credentials, RateLimiter
from threadsync.errors import ApiError, CredentialsExpired, RateLimitReached, Unanswered, UsageError
from threadsync.execution.apilog import read_calls
from threadsync.flows.core import gather, send
from threadsync.flows.effects import Flow, Request, Response, Secret
from threadsync.model.ids import Role
from threadsync.providers.threads import api as threads
from threadsync.sandbox.server import running
from threadsync.sandbox.settings import SandboxSettings
from threadsync.sandbox.threads import Fault, FaultKind
from threadsync.testing.fakes import START, FakeClock

OK = ("200 OK", b'{"id": "7"}')
STUMBLES = ("500 Internal Server Error", BUSY)


def closing(peer: Peer) -> None:
    peer.request()


def test_an_endpoint_of_threads_is_run_and_tells_of_its_exchange(open_client: OpenClient) -> None:
    with (
        running(SandboxSettings(seed=7)) as sandbox,
        open_client(FakeClock(), token=sandbox.token("lift_report"), base_url=sandbox.base_url) as client,
    ):
        limits = client.run(threads.publishing_limit())
        made = client.run(threads.create_container("TEXT", text="12 lifts"))
        assert client.run(threads.container_status(made.id)).status == "FINISHED"
        post = client.run(threads.publish_container(made.id))
        assert client.run(threads.media_object(post.id)).text == "12 lifts"
        assert [each.id for each in client.items(lambda after: threads.own_threads(after=after))] == [post.id]
    assert limits.posts is not None
    assert (limits.posts.used, limits.posts.total) == (0, 250)
    assert limits.exchange.status == 200
    assert limits.exchange.headers["content-type"].startswith("application/json")


def test_a_result_tells_how_long_its_exchange_took(open_client: OpenClient) -> None:
    clock = FakeClock()

    def slow(peer: Peer) -> None:
        peer.request()
        clock.sleep(1.5)
        peer.answer(b'{"data": []}', "X-Usage: 3")

    with Server(slow) as server, open_client(clock, token=TOKEN, base_url=server.url) as client:
        exchange = client.run(threads.publishing_limit()).exchange
    assert (exchange.status, exchange.headers["x-usage"], exchange.duration_seconds) == (200, "3", 1.5)


def test_a_read_is_sent_again_after_growing_waits(open_client: OpenClient) -> None:
    clock = FakeClock()
    with (
        Server(closing, in_turn(STUMBLES, OK)) as server,
        open_client(clock, token=TOKEN, base_url=server.url) as client,
    ):
        assert client.run(threads.media_object("7")).id == "7"
    assert len(server.requests) == 3
    assert clock.seconds == 2 + 4


def test_attempts_are_bounded_and_the_last_error_is_raised(open_client: OpenClient) -> None:
    with (
        Server(answering(BUSY, status="500 Busy")) as server,
        open_client(FakeClock(), token=TOKEN, base_url=server.url, attempts_max=3) as client,
        pytest.raises(ApiError, match="Try later"),
    ):
        client.run(threads.me())
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    "flow",
    [lambda: threads.publish_container("7"), lambda: threads.delete_media("7")],
    ids=["POST", "DELETE"],
)
def test_what_others_can_see_is_sent_once_and_its_error_says_whether_it_may_have_acted(
    open_client: OpenClient, flow: Callable[[], Flow[object]]
) -> None:
    with (
        Server(closing) as server,
        open_client(FakeClock(), token=TOKEN, base_url=server.url) as client,
        pytest.raises(Unanswered, match="may have acted") as lost,
    ):
        client.run(flow())
    assert lost.value.sent
    assert len(server.requests) == 1
    with (
        Server(answering(BUSY, status="500 Busy")) as server,
        open_client(FakeClock(), token=TOKEN, base_url=server.url) as client,
        pytest.raises(ApiError),
    ):
        client.run(flow())
    assert len(server.requests) == 1
    with (
        open_client(FakeClock(), token=TOKEN, base_url=server.url) as client,
        pytest.raises(Unanswered, match="Nothing was sent") as refused,
    ):
        client.run(flow())
    assert not refused.value.sent


def test_on_a_network_that_loses_answers_reads_come_through_and_a_post_is_put_up_and_taken_down_once(
    open_client: OpenClient,
) -> None:
    lost, busy = FaultKind.ANSWER_LOST, FaultKind.SERVER_ERROR
    with (
        running(SandboxSettings(seed=7)) as sandbox,
        open_client(FakeClock(), token=sandbox.token("lift_report"), base_url=sandbox.base_url) as client,
    ):
        sandbox.arm(
            Fault("create", lost), Fault("publish", lost), Fault("delete", lost), Fault("threads", busy)
        )
        made = client.run(threads.create_container("TEXT", text="12 lifts"))
        with pytest.raises(Unanswered, match="may have acted"):
            client.run(threads.publish_container(made.id))
        (post,) = client.items(lambda after: threads.own_threads(after=after))
        with pytest.raises(Unanswered, match="may have acted"):
            client.run(threads.delete_media(post.id))
        assert client.items(lambda after: threads.own_threads(after=after)) == []
        calls = Counter(f"{each.method} {str(each.path).rpartition('/')[2]}" for each in sandbox.requests())
    assert calls == {
        "POST threads": 2,
        "POST threads_publish": 1,
        f"DELETE {post.id}": 1,
        "GET threads": 4,  # one stumbles; two pages, the second empty; one after the delete
    }


def test_flows_side_by_side_are_run_and_an_error_of_one_is_the_error_of_all(open_client: OpenClient) -> None:
    with (
        Server(answering(OK[1])) as server,
        open_client(FakeClock(), token=TOKEN, base_url=server.url) as one,
    ):
        found = one.run(gather([threads.media_object("7"), threads.media_object("8")]))
        assert [each.id for each in found] == ["7", "7"]
    refused = b'{"error": {"code": 100, "message": "no such thing"}}'
    with (
        Server(answering(refused, status="400 Bad")) as server,
        open_client(FakeClock(), token=TOKEN, base_url=server.url) as client,
        pytest.raises(ApiError, match="no such thing"),
    ):
        client.run(gather([threads.media_object("7"), threads.media_object("8")]))


# Lists


def test_a_list_is_read_page_by_page_to_its_end(open_client: OpenClient) -> None:
    pages = page("1", "2", after="c1"), page("3", after="c2"), page("4")
    with Server(listing(*pages)) as server, open_client(FakeClock(), token=TOKEN, base_url=server.url) as one:
        found = one.pages(lambda after: threads.own_threads(after=after))
        assert [[each.id for each in page.data] for page in found] == [["1", "2"], ["3"], ["4"]]
        items = one.items(lambda after: threads.own_threads(after=after, limit=2))
        assert [each.id for each in items] == ["1", "2", "3", "4"]


def test_a_list_whose_cursors_go_round_ends(open_client: OpenClient) -> None:
    pages = page("1", after="c1"), page("2", after="c2"), page("3", after="c1")
    with Server(listing(*pages)) as server, open_client(FakeClock(), token=TOKEN, base_url=server.url) as one:
        found = one.items(lambda after: threads.own_threads(after=after))
    assert [each.id for each in found] == ["1", "2", "3"]


def test_a_page_is_asked_for_when_it_is_wanted() -> None:
    pages = page("1", after="c1"), page("2")
    with (
        Server(listing(*pages)) as server,
        Client(token=TOKEN, base_url=server.url, clock=FakeClock()) as client,
    ):
        items = client.items(lambda after: threads.own_threads(after=after))
        assert next(items).id == "1"
        assert len(server.requests) == 1


# Whom it speaks for


def test_expired_credentials_fail_before_the_call(open_client: OpenClient) -> None:
    held = Credentials("17841", TOKEN, expiration=START + timedelta(seconds=5))
    clock = FakeClock()
    with Server(answering(OK[1])) as server, open_client(clock, held, base_url=server.url) as client:
        client.run(threads.media_object("7"))
        clock.sleep(5)
        with pytest.raises(CredentialsExpired, match="of 17841 expired at 2026-03-01T12:00:05") as caught:
            client.run(threads.media_object("7"))
    assert len(server.requests) == 1
    assert (caught.value.user_id, caught.value.expiration) == ("17841", held.expiration)


def test_each_role_has_its_own_secret_and_a_missing_one_is_said_before_anything_is_sent(
    open_client: OpenClient,
) -> None:
    def exchange() -> Flow[object]:
        return send(Request("GET", "/x", {"client_secret": Secret(Role("app_secret"))}))

    with Server(answering()) as server:
        with open_client(FakeClock(), base_url=server.url, secrets={"app_secret": "CANARY2"}) as client:
            assert isinstance(client.run(exchange()), Response)
            with pytest.raises(UsageError, match="no credential for the role main"):
                client.run(threads.me())
        with (
            open_client(FakeClock(), token=TOKEN, base_url=server.url) as client,
            pytest.raises(UsageError, match=r"secrets=\{'app_secret': …\}"),
        ):
            client.run(exchange())
    (request,) = server.requests
    assert target_of(request) == "GET /x?client_secret=CANARY2"


def test_the_token_goes_out_and_shows_nowhere(
    open_client: OpenClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    with Server(closing) as server:
        with (
            open_client(FakeClock(), token=TOKEN, base_url=server.url, attempts_max=1) as client,
            pytest.raises(Unanswered) as caught,
        ):
            client.run(threads.me())
        assert header(server.requests[0], "authorization") == f"Bearer {TOKEN}"
    inner = client.client  # type: ignore[attr-defined]
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    ours = [frame for frame in shown.stack if "/threadsync/" in frame.filename]
    assert ours
    texts = (repr(inner), str(vars(inner)), caplog.text, *(str(frame.locals) for frame in ours))
    assert not any("CANARY" in text for text in texts)


# What holds it back, and what is written down


def test_a_limiter_holds_back_every_request_and_may_be_shared_by_both_clients() -> None:
    clock = FakeClock()
    limiter = RateLimiter(2, per_seconds=30, clock=clock)
    with Server(answering(OK[1])) as server:
        with Client(token=TOKEN, base_url=server.url, limiter=limiter, clock=clock) as client:
            client.run(threads.media_object("7"))
            client.run(gather([threads.media_object("7"), threads.media_object("7")]))
            assert clock.seconds == 30

        async def more() -> None:
            async with AsyncClient(
                token=TOKEN, base_url=server.url, limiter=limiter, clock=FakeAsyncClock(clock)
            ) as other:
                await other.run(threads.media_object("7"))
                assert clock.seconds == 30
                await other.run(threads.media_object("7"))
                assert clock.seconds == 60

        asyncio.run(more())


def test_a_call_that_the_limiter_refuses_is_not_sent(open_client: OpenClient) -> None:
    limiter = RateLimiter(1, per_seconds=86_400, clock=FakeClock())
    with (
        Server(answering(OK[1])) as server,
        open_client(FakeClock(), token=TOKEN, base_url=server.url, limiter=limiter) as client,
    ):
        client.run(threads.media_object("7"))
        with pytest.raises(RateLimitReached, match="nothing was sent"):
            client.run(threads.media_object("7"))
    assert len(server.requests) == 1


def test_every_request_is_a_row_of_the_log_without_its_secrets(
    open_client: OpenClient, tmp_path: Path
) -> None:
    log = ApiLog(tmp_path / "log", FakeClock())
    held = Credentials("17841", TOKEN)
    with (
        Server(in_turn(STUMBLES, OK)) as server,
        open_client(FakeClock(), held, base_url=server.url, log=log) as client,
    ):
        client.run(threads.media_object("7"))
        client.run(threads.media_object("7"))
    rows = read_calls(tmp_path / "log", limit=10)
    assert [(row.attempt, row.status, row.fault_row) for row in rows] == [
        (1, 500, "server-busy"),
        (2, 200, ""),
        (1, 200, ""),
    ]
    assert {(row.target, row.command, row.operation) for row in rows} == {
        ("threads/17841", "client", "GET /v1.0/7")
    }
    assert rows[0].run == rows[1].run != rows[2].run
    log.close()
    assert b"CANARY" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


def test_what_was_not_sent_or_lost_is_a_row_too(open_client: OpenClient, tmp_path: Path) -> None:
    log = ApiLog(tmp_path / "log", FakeClock())
    expired = Credentials("17841", TOKEN, expiration=START)
    with Server(closing) as server:
        with (
            open_client(FakeClock(), expired, base_url=server.url, log=log) as client,
            pytest.raises(CredentialsExpired),
        ):
            client.run(threads.me())
        with (
            open_client(FakeClock(), token=TOKEN, base_url=server.url, log=log) as client,
            pytest.raises(Unanswered),
        ):
            client.run(threads.publish_container("7"))
    first, second = read_calls(tmp_path / "log", limit=10)
    assert first.reason.startswith("not sent: the credentials of 17841 expired")
    assert (second.visibility, second.reason.partition(": ")[2]) == (
        "visible",
        "it closed the connection without a whole answer",
    )
    log.close()


def test_a_task_that_is_cancelled_leaves_a_row_that_says_so(tmp_path: Path) -> None:
    log = ApiLog(tmp_path / "log", FakeClock())

    async def main(server: Server) -> None:
        async with AsyncClient(token=TOKEN, base_url=server.url, log=log) as client:
            task = asyncio.create_task(client.run(threads.publish_container("7")))
            while not server.requests:
                await asyncio.sleep(0.001)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert (await client.run(threads.media_object("7"))).id == "7", "on another connection"

    with Server(hanging, answering(OK[1])) as server:
        asyncio.run(main(server))
    assert server.connections == 2
    rows = read_calls(tmp_path / "log", limit=10)
    assert [row.reason for row in rows] == ["it was interrupted before an answer came", ""]
    log.close()


def hanging(peer: Peer) -> None:
    peer.request()
    peer.hang()


# Workers at once


def test_threads_may_share_a_client() -> None:
    found: list[str] = []
    with (
        Server(answering(OK[1])) as server,
        Client(token=TOKEN, base_url=server.url, clock=FakeClock()) as client,
    ):

        def work() -> None:
            for _ in range(5):
                found.append(client.run(threads.media_object("7")).id)  # noqa: PERF401  (several at once)

        workers = [threading.Thread(target=work) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert server.connections == 4, "each has a connection of its own"
    assert found == ["7"] * 20


def test_tasks_may_share_a_client_and_take_turns_beyond_its_connections() -> None:
    gate, most = threading.Event(), 16
    everyone = threading.Barrier(most, action=gate.set)

    def meeting(peer: Peer) -> None:
        while peer.request():
            if not gate.is_set():
                everyone.wait(5)
            peer.answer(OK[1])

    async def main(server: Server) -> list[str]:
        async with AsyncClient(token=TOKEN, base_url=server.url) as client:
            found = await asyncio.gather(*(client.run(threads.media_object("7")) for _ in range(40)))
            return [each.id for each in found]

    with Server(meeting) as server:
        assert asyncio.run(main(server)) == ["7"] * 40
        assert server.connections == most
