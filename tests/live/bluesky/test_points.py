"""A real server that counts points: the ledger knows what it says, and refuses before it does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.execution.clients import CLIENTS, AnyClient
from tests.pds import launcher
from tests.pds.launcher import Pds
from threadsync import ApiLog
from threadsync.errors import ApiError
from threadsync.execution.apilog import read_calls
from threadsync.providers.bluesky import api
from threadsync.providers.bluesky.tids import encoded
from threadsync.providers.bluesky.uris import POST
from threadsync.testing.fakes import FakeClock

pytestmark = pytest.mark.live

START = datetime(2026, 12, 3, 8, 30, tzinfo=UTC)
RECORD = {"$type": POST, "text": "12 lifts were broken.", "createdAt": "2026-12-03T08:30:00Z"}
NOW = datetime.now(UTC)  # noqa: TID251  (the server's windows end by the real clock)


@pytest.fixture(scope="module")
def counting() -> Iterator[Pds]:
    if problem := launcher.missing():
        pytest.skip(f"BLUESKY IS NOT TESTED AGAINST A REAL SERVER: {problem}")
    with launcher.pds(rate_limits=True) as found:
        yield found


@pytest.mark.parametrize("kind", sorted(CLIENTS))
def test_what_others_spend_counts_too_and_what_is_too_much_is_not_sent(
    counting: Pds, kind: str, tmp_path: Path
) -> None:
    person = counting.person(f"points-{kind}"[:18])
    settings = {"identifier": person.handle, "token": person.password, "base_url": counting.url}
    clock, log = FakeClock(NOW), tmp_path / "calls.sqlite3"

    def writes(number: int) -> list[api.Create]:
        return [
            api.Create(POST, encoded(START + timedelta(seconds=number * 200 + n), 7), RECORD)
            for n in range(200)
        ]

    with (
        CLIENTS[kind](clock, network="bluesky", **settings) as other,
        closing(ApiLog(log)) as kept,
        CLIENTS[kind](
            clock, network="bluesky", memory=tmp_path / "m.sqlite3", sessions=tmp_path, log=kept, **settings
        ) as client,
    ):
        made = client.run(api.create_record(person.did, POST, RECORD))
        assert made.exchange.headers["ratelimit-policy"] == "3000;w=300", "of requests: they are fewer"
        assert left(client) == 4997
        for number in range(6):
            other.run(api.apply_writes(person.did, writes(number)))
        assert left(client) == 4997, "nobody has told it yet"
        client.run(api.delete_record(person.did, POST, writes(0)[0].rkey))
        assert left(client) == 4997 - 3600 - 1
        client.run(api.apply_writes(person.did, writes(6)))
        client.run(api.apply_writes(person.did, writes(7)))
        assert left(client) == 196
        with pytest.raises(ApiError) as caught:
            client.run(api.apply_writes(person.did, writes(8)))
    assert caught.value.fault.row == "allowance-spent"
    assert 0 < (caught.value.fault.retry_after_seconds or 0) <= 3600
    assert sum("applyWrites" in row.operation for row in read_calls(log, limit=99)) == 2


def left(client: AnyClient) -> int | None:
    return client.quotas()["points"].left
