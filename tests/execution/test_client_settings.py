"""What makes a client: its arguments, its life, and what naming it imports."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any

import pytest

import threadsync
from tests.execution.clients import TOKEN, OpenClient
from tests.execution.servers import Server, answering, target_of
from threadsync import AsyncClient, Credentials
from threadsync.errors import ProjectError, ProviderNotFound, Unanswered, UsageError
from threadsync.execution.held import Credentials as Held
from threadsync.flows.core import send
from threadsync.flows.effects import FilePart, Request, Visibility
from threadsync.model.ids import MediaDigest
from threadsync.providers.threads import api as threads
from threadsync.testing.fakes import FakeClock


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"base_url": "http://graph.threads.net"}, "not one of https"),
        ({"base_url": "graph.threads.net"}, "not one of https"),
        ({"base_url": "https://a:port"}, "not one of https"),
        ({"base_url": "https://"}, "not one of https"),
        ({"timeout_seconds": 0}, "make no call"),
        ({"attempts_max": 0}, "make no call"),
        ({"ca_file": Path("none.pem")}, "no file of certificates none.pem"),
        ({"ca_file": Path("none.pem"), "session": object()}, "certificates of its own"),
    ],
)
def test_what_makes_no_client_is_refused(
    open_client: OpenClient, settings: dict[str, Any], problem: str
) -> None:
    with (
        pytest.raises(UsageError, match=problem) as caught,
        open_client(FakeClock(), token=TOKEN, **settings),
    ):
        pass
    assert caught.value.remedy
    assert_nothing_shown(caught.value)


def assert_nothing_shown(error: Exception) -> None:
    """Also not by a traceback that shows the values of its frames."""
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    ours = [frame for frame in shown.stack if "/threadsync/" in frame.filename]
    assert ours
    assert not any("CANARY" in str(frame.locals) for frame in ours)
    assert "CANARY" not in str(error)


@pytest.mark.parametrize(
    ("credentials", "settings"),
    [
        ([Credentials("7", "CANARY1")], {"token": "CANARY2"}),
        ([Credentials("7", "CANARY1")], {"secrets": {"main": "CANARY2"}}),
        ([], {"token": "CANARY1", "secrets": {"main": "CANARY2"}}),
    ],
)
def test_two_tokens_are_refused(
    open_client: OpenClient, credentials: list[Credentials], settings: dict[str, Any]
) -> None:
    with (
        pytest.raises(UsageError, match="two tokens") as caught,
        open_client(FakeClock(), *credentials, **settings),
    ):
        pass
    assert_nothing_shown(caught.value)


@pytest.mark.parametrize("secret", ["", "CANARY\n", "CAN\0ARY"])
def test_a_secret_that_cannot_be_one_is_refused(open_client: OpenClient, secret: str) -> None:
    """As it is read from a file with its line break, or from an environment that has none."""
    for settings in ({"token": secret}, {"secrets": {"app_secret": secret}}):
        with (
            pytest.raises(UsageError, match="is empty, or holds a line break") as caught,
            open_client(FakeClock(), **settings),
        ):
            pass
        assert_nothing_shown(caught.value)


def test_an_unknown_network_is_refused(open_client: OpenClient) -> None:
    with (
        pytest.raises(ProviderNotFound, match="no provider 'treads'"),
        open_client(FakeClock(), network="treads"),
    ):
        pass


def test_without_an_address_it_is_the_networks_own(open_client: OpenClient) -> None:
    with (
        Server(answering(b"", status="403 Forbidden")) as proxy,
        open_client(FakeClock(), token=TOKEN, proxy=proxy.url, attempts_max=1) as client,
        pytest.raises(Unanswered, match=r"graph\.threads\.net:443"),
    ):
        client.run(threads.me())
    assert target_of(proxy.requests[0].replace(b"1.0", b"1.1")) == "CONNECT graph.threads.net:443"


def test_a_request_that_takes_too_long_is_ended(open_client: OpenClient) -> None:
    with (
        Server(lambda peer: peer.hang()) as server,
        open_client(
            FakeClock(), token=TOKEN, base_url=server.url, timeout_seconds=0.2, attempts_max=1
        ) as client,
        pytest.raises(Unanswered, match=r"nothing came within 0\.2 s"),
    ):
        client.run(threads.me())


def test_a_file_is_refused_before_anything_is_sent(open_client: OpenClient) -> None:
    part = FilePart(MediaDigest("0" * 64), "image/png")
    upload = Request("POST", "/media", body=part, visibility=Visibility.STAGE)
    with (
        Server(answering()) as server,
        open_client(FakeClock(), base_url=server.url) as client,
        pytest.raises(UsageError, match="a client has none"),
    ):
        client.run(send(upload))
    assert server.connections == 0


def test_a_client_that_is_closed_sends_nothing(open_client: OpenClient) -> None:
    with Server(answering()) as server, open_client(FakeClock(), token=TOKEN, base_url=server.url) as client:
        client.close()
        with pytest.raises(UsageError, match="the client is closed"):
            client.run(threads.me())
    assert server.connections == 0


def test_a_client_that_is_closed_while_its_tasks_wait_for_their_turn_opens_nothing_more() -> None:
    async def main(server: Server) -> list[object]:
        client = AsyncClient(token=TOKEN, base_url=server.url, attempts_max=1)
        tasks = [asyncio.create_task(client.run(threads.me())) for _ in range(20)]
        while server.connections < 16:
            await asyncio.sleep(0.001)
        await client.close()
        return await asyncio.gather(*tasks, return_exceptions=True)

    with Server(lambda peer: peer.hang()) as server:
        ended = asyncio.run(main(server))
        assert server.connections == 16
    assert [type(each).__name__ for each in ended] == ["Unanswered"] * 16 + ["UsageError"] * 4


def test_closing_a_client_closes_its_connections(open_client: OpenClient) -> None:
    """The script of the connection ends: the client has hung up."""
    ended = []

    def script(peer: Any) -> None:
        answering(b'{"id": "7"}')(peer)
        ended.append("connection")

    with Server(script) as server:
        with open_client(FakeClock(), token=TOKEN, base_url=server.url) as client:
            client.run(threads.media_object("7"))
            assert ended == []
        for worker in server._workers[1:]:
            worker.join(5)
        assert ended == ["connection"]


def test_a_client_belongs_to_one_event_loop() -> None:
    with Server(answering(b'{"id": "7"}')) as server:
        client = AsyncClient(token=TOKEN, base_url=server.url)
        with asyncio.Runner() as runner:
            runner.run(client.run(threads.media_object("7")))
            with asyncio.Runner() as other, pytest.raises(UsageError, match="another event loop"):
                other.run(client.run(threads.media_object("7")))
            runner.run(client.close())


def test_without_aiohttp_the_error_names_the_line_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "threadsync.execution.async_transport", None)
    with pytest.raises(ProjectError, match=r"pip install 'threadsync\[async\]'"):
        AsyncClient(token=TOKEN)


# What naming it imports


def loaded_by(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nsys.stdout.write(' '.join(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


def test_the_package_alone_imports_nothing() -> None:
    assert loaded_by("import threadsync") - loaded_by("") == {"threadsync"}


def test_the_client_imports_no_other_way_of_speaking_and_nothing_of_the_command_line() -> None:
    loaded = {
        name.partition(".")[0] for name in loaded_by("from threadsync import Client; Client(token='t')")
    }
    assert "requests" in loaded
    assert (
        loaded & {"aiohttp", "asyncio", "click", "rich", "yaml", "jsonschema", "starlette", "watchdog"}
        == set()
    )
    loaded = {
        name.partition(".")[0] for name in loaded_by("from threadsync import AsyncClient\nAsyncClient()")
    }
    assert "aiohttp" in loaded
    assert "requests" not in loaded


def test_what_the_package_offers_is_there_and_nothing_else() -> None:
    for name in threadsync.__all__:
        assert getattr(threadsync, name).__name__ == name
        assert name in dir(threadsync)
    assert threadsync.Credentials is Held
    with pytest.raises(AttributeError, match="has no attribute 'Klient'"):
        threadsync.Klient  # noqa: B018
