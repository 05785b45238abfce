"""What hardly changes is asked for once: known answers, their age, and whose they are."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.execution.clients import CLIENTS
from tests.execution.servers import Peer, Server, target_of
from threadsync.errors import ApiError
from threadsync.providers.bluesky import api
from threadsync.testing.fakes import FakeClock

Open = Callable[..., Any]


class Views:
    """Numbers its answers; nobody has the profile of ``gone``."""

    def __init__(self) -> None:
        self.answers = 0

    def __call__(self, peer: Peer) -> None:
        while request := peer.request():
            self.answers += 1
            profile = {"did": "did:plc:x", "handle": "x.test", "followersCount": self.answers}
            if "gone" in target_of(request):
                peer.answer(
                    b'{"error": "InvalidRequest", "message": "Profile not found"}', status="400 Bad Request"
                )
            else:
                peer.answer(json.dumps(profile).encode())


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def views() -> Views:
    return Views()


@pytest.fixture(params=sorted(CLIENTS))
def opened(request: pytest.FixtureRequest, views: Views, clock: FakeClock, tmp_path: Path) -> Iterator[Open]:
    with Server(*[views] * 4) as server:

        def open_(path: str = "") -> Any:
            settings = {"public_url": server.url + path}
            memory = tmp_path / "m.sqlite3"
            return CLIENTS[request.param](clock, network="bluesky", settings=settings, memory=memory)

        yield open_


def followers(client: Any, **how: Any) -> int | None:
    return client.known(api.get_profile("x.test", public=True), **how).followers_count  # type: ignore[no-any-return]


def test_a_profile_is_asked_for_once_by_all_that_name_the_file_unless_it_is_forced(
    opened: Open, views: Views
) -> None:
    with opened() as client:
        assert (followers(client), followers(client)) == (1, 1)
    with opened() as client:
        assert (followers(client), followers(client, force=True), followers(client)) == (1, 2, 2)
        assert client.run(api.get_profile("x.test", public=True)).followers_count == 3
    assert views.answers == 3


def test_an_answer_that_is_too_old_is_asked_for_again(opened: Open, clock: FakeClock) -> None:
    with opened() as client:
        assert followers(client) == 1
        clock.sleep(100)
        assert followers(client) == 1
        assert followers(client, age_seconds_max=99) == 2
        clock.sleep(86401)
        assert followers(client) == 3


def test_an_error_is_not_kept_and_other_questions_have_their_own_answers(opened: Open, views: Views) -> None:
    with opened() as client:
        for _ in range(2):
            with pytest.raises(ApiError, match="Profile not found"):
                client.known(api.get_profile("gone", public=True))
        assert followers(client) == 3
        assert client.known(api.get_profile("y.test", public=True)).followers_count == 4


def test_servers_have_answers_of_their_own(opened: Open) -> None:
    with opened() as client:
        assert followers(client) == 1
    with opened("/other") as client:
        assert followers(client) == 2
