"""Lists are gone on with where they were left, each account's and each list's on its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.execution.clients import CLIENTS, AnyClient
from tests.execution.servers import Peer, Server, target_of
from threadsync.errors import DatabaseError
from threadsync.flows.effects import Flow
from threadsync.model.ids import Json
from threadsync.providers.answers import Page
from threadsync.providers.bluesky import api
from threadsync.testing.fakes import FakeClock

Open = Callable[..., Any]


class Repository:
    """Numbered records, newest first, or oldest first with ``reverse``: two a page, the last its cursor."""

    def __init__(self) -> None:
        self.numbers = [1, 2, 3, 4, 5]
        self.asked: list[str] = []

    def __call__(self, peer: Peer) -> None:
        while request := peer.request():
            _, _, query = target_of(request).partition("?")
            asked = dict(each.split("=") for each in query.split("&"))
            self.asked.append(asked.get("cursor", "-"))
            forward = asked.get("reverse") == "true"
            cursor = int(asked.get("cursor", 0 if forward else 99))
            rest = [n for n in self.numbers if (n > cursor if forward else n < cursor)]
            page = sorted(rest, reverse=not forward)[:2]
            body: dict[str, Json] = {"records": [{"uri": str(n), "cid": "c", "value": {}} for n in page]}
            peer.answer(json.dumps(body | ({"cursor": str(page[-1])} if page else {})).encode())


@pytest.fixture
def repository() -> Repository:
    return Repository()


@pytest.fixture(params=sorted(CLIENTS))
def opened(request: pytest.FixtureRequest, repository: Repository, tmp_path: Path) -> Iterator[Open]:
    with Server(repository, repository, repository, repository, repository, repository) as server:

        def open_(identifier: str = "lifts.test", memory: Path | None = tmp_path / "m.sqlite3") -> Any:
            return CLIENTS[request.param](
                FakeClock(), network="bluesky", base_url=server.url, identifier=identifier, memory=memory
            )

        yield open_


def newest_first(cursor: str | None) -> Flow[Page[api.Record]]:
    return api.list_records("did:plc:x", "c", cursor=cursor)


def oldest_first(cursor: str | None) -> Flow[Page[api.Record]]:
    return api.list_records("did:plc:x", "c", cursor=cursor, reverse=True)


def read(client: AnyClient, listing: Callable[[str | None], Flow[Any]], **how: Any) -> list[int]:
    return [int(entry.uri) for page in client.resume(listing, **how) for entry in page.data]


def test_a_list_that_grows_at_its_end_tells_only_what_is_new(opened: Open, repository: Repository) -> None:
    with opened() as client:
        assert read(client, oldest_first) == [1, 2, 3, 4, 5]
        assert read(client, oldest_first) == []
    repository.numbers += [6, 7, 8]
    with opened() as client:
        assert read(client, oldest_first) == [6, 7, 8]


def test_one_that_begins_with_the_newest_goes_on_to_older_ones_and_begins_anew_after_its_end(
    opened: Open, repository: Repository
) -> None:
    with opened() as client:
        assert read(client, newest_first, cursor="3") == [2, 1]
        assert read(client, newest_first) == [5, 4, 3, 2, 1]


def test_the_page_at_which_a_program_stopped_comes_again(opened: Open) -> None:
    with opened() as client:
        assert client.stopped_after(2, oldest_first) == [1, 2, 3, 4]
    with opened() as client:
        assert read(client, oldest_first) == [3, 4, 5]


def test_accounts_lists_and_scopes_are_apart_and_can_be_forgotten(opened: Open) -> None:
    with opened() as client:
        read(client, oldest_first)
        assert read(client, lambda cursor: api.list_records("did:plc:y", "c", cursor=cursor, reverse=True))
        assert read(client, oldest_first, scope="mine") == [1, 2, 3, 4, 5]
        assert read(client, oldest_first, scope="mine") == []
        client.forget(oldest_first)
        assert read(client, oldest_first) == [1, 2, 3, 4, 5]
        assert read(client, oldest_first, scope="mine") == []
    with opened("other.test") as client:
        assert read(client, oldest_first) == [1, 2, 3, 4, 5]


def test_without_a_file_it_is_remembered_for_as_long_as_the_client_lives(opened: Open) -> None:
    for _ in range(2):
        with opened(memory=None) as client:
            assert read(client, oldest_first) == [1, 2, 3, 4, 5]
            assert read(client, oldest_first) == []


def test_a_file_that_cannot_be_used_is_said(opened: Open, tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"no database at all, but long enough to be taken for one" * 20)
    with opened(memory=tmp_path / "other") as client, pytest.raises(DatabaseError, match="cannot be used"):
        read(client, oldest_first)
