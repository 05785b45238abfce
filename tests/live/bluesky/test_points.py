"""A real server that counts points: the ledger knows what it says, and refuses before it does."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import threadsync as package
from tests.execution.clients import CLIENTS, AnyClient
from tests.pds.launcher import Pds, Person
from tests.postgres.places import database
from threadsync import ApiLog
from threadsync.errors import ApiError
from threadsync.execution.apilog import read_calls
from threadsync.execution.clock import SystemClock
from threadsync.execution.spending import SpendingLedger
from threadsync.flows.core import advance
from threadsync.flows.effects import NoResponse, Request
from threadsync.providers.bluesky import api
from threadsync.providers.bluesky.points import BlueskySpending
from threadsync.providers.bluesky.tids import encoded
from threadsync.providers.bluesky.uris import POST
from threadsync.testing.fakes import FakeClock

pytestmark = pytest.mark.live

ROOT = Path(package.__file__).parents[1]
START = datetime(2026, 12, 3, 8, 30, tzinfo=UTC)
RECORD = {"$type": POST, "text": "12 lifts were broken.", "createdAt": "2026-12-03T08:30:00Z"}
NOW = datetime.now(UTC)  # noqa: TID251  (the server's windows end by the real clock)


@pytest.mark.pds(rate_limits=True)
@pytest.mark.parametrize("kind", sorted(CLIENTS))
def test_what_others_spend_counts_too_and_what_is_too_much_is_not_sent(
    server: Pds, person: Person, kind: str, tmp_path: Path
) -> None:
    settings = {"identifier": person.handle, "token": person.password, "base_url": server.url}
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


@pytest.mark.pds(real_clock=True)
@pytest.mark.parametrize("place", ["file", "postgres"])
def test_a_plan_counts_points_and_apply_goes_no_further_than_they_reach(
    server: Pds, tmp_path: Path, place: str, request: pytest.FixtureRequest
) -> None:
    """Another program of this machine, or of another, has spent nearly all of the hour; the ledger knows."""
    person = server.person(f"points-{place}")
    posts = tmp_path / "posts"
    posts.mkdir()
    for name in ("one", "two"):
        (posts / f"{name}.md").write_text(
            f"---\nkey: {name}\ntargets: [bluesky/brand]\n---\nNumber {name}.\n"
        )
    (tmp_path / "threadsync.yaml").write_text(
        "version: 1\nid: points-0000\nzone: Europe/Berlin\ntargets:\n  bluesky/brand: {provider: bluesky,"
        f" account: {person.handle}, base_url: '{server.url}', credential: 'env:BSKY'}}\n"
    )
    where = str(tmp_path / ".threadsync" / "log.sqlite3")
    if place == "postgres":
        where = database(request.getfixturevalue("postgres"))
        (tmp_path / "address").write_text(where)
        with (tmp_path / "threadsync.yaml").open("a") as file:
            file.write("database: file:address\n")
    with closing(SpendingLedger(where, SystemClock())) as ledger:
        for number in range(25):
            flow = api.apply_writes(person.did, [api.Create(POST, "k", RECORD)] * (66 if number else 81))
            write = advance(flow, None)
            assert isinstance(write, Request)
            with ledger.counted(BlueskySpending(), person.did, write) as told:
                told(NoResponse("lost", sent=True))
        assert ledger.quotas(BlueskySpending(), person.did)["points"].left == 5 == 5000 - 81 * 3 - 24 * 66 * 3
    code, said = threadsync(tmp_path, person, "plan", "--refresh")
    assert (code, "it needs 3, and 2 of 5000 are left" in said) == (0, True), said
    assert "points: 4,995 of 5,000 used, 3 in this plan" in said
    code, said = threadsync(tmp_path, person, "apply", "--yes", "--first-run")
    assert (code, "applied + create one@bluesky/brand" in said) == (0, True), said
    assert "blocked two@bluesky/brand (quota)" in said


def threadsync(root: Path, person: Person, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "threadsync", *arguments],
        cwd=root,
        env={
            "PYTHONPATH": str(Path(package.__file__).parents[1]),
            "BSKY": person.password,
            "HOME": str(root),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, " ".join((done.stdout + done.stderr).split())


def left(client: AnyClient) -> int | None:
    return client.quotas()["points"].left
