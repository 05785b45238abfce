"""A program's client speaks a network of another package as it speaks ours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import threadsync_toy
from noticeboard import Noticeboard, served

from tests.plugins.installing import install_toy
from threadsync import Client
from threadsync.errors import ContentError
from threadsync.testing.fakes import FakeClock


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Client, Noticeboard]]:
    monkeypatch.syspath_prepend(tmp_path)
    install_toy(tmp_path)
    board = Noticeboard()
    with served(board, FakeClock().now) as url, Client(network="toy", token="t", base_url=url) as found:
        yield found, board


def test_a_client_runs_its_endpoints(client: tuple[Client, Noticeboard]) -> None:
    ours, board = client
    assert ours.run(threadsync_toy.who()).handle == "main"
    assert board.live() == []


def test_a_client_publishes_a_chain_once(client: tuple[Client, Noticeboard], tmp_path: Path) -> None:
    ours, board = client
    journal = tmp_path / "posts.json"
    for _ in range(2):
        posted = ours.publish(["One.", "Two."], key="a", journal=journal)
        assert [each.text for each in posted.segments] == ["One.", "Two."]
    assert [each.text for each in board.live()] == ["One.", "Two."]
    assert len(board.made) == 2


def test_options_of_the_networks_own_are_sent(client: tuple[Client, Noticeboard]) -> None:
    ours, board = client
    ours.publish("Look!", options={"pinned": True})
    assert [each["pinned"] for each in board.notes.values()] == [True]


def test_what_it_does_not_honour_is_refused_before_anything_is_sent(
    client: tuple[Client, Noticeboard],
) -> None:
    ours, board = client
    with pytest.raises(ContentError, match="honours no poll"):
        ours.publish("Which?", poll=["a", "b"])
    with pytest.raises(ContentError, match="takes 200 characters"):
        ours.publish("x" * 201)
    assert board.made == []
