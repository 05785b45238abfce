"""What writes take of an account's points, and what the headers of an answer tell of them."""

from __future__ import annotations

import pytest

from threadsync.flows.core import advance
from threadsync.flows.effects import BytesBody, Flow, Request, Response
from threadsync.providers.accounts import Told
from threadsync.providers.bluesky import api
from threadsync.providers.bluesky.points import BlueskySpending

SPENDING = BlueskySpending()
DATE = "Sat, 21 Nov 2026 12:00:00 GMT"
NOON = 1795262400


def asked(flow: Flow[object]) -> Request:
    request = advance(flow, None)
    assert isinstance(request, Request)
    return request


CREATED = asked(api.create_record("did:plc:me", "app.bsky.feed.post", {}))


def headers(policy: str, remaining: str = "4997", reset: str = str(NOON + 1800)) -> Response:
    said = {"ratelimit-policy": policy, "ratelimit-remaining": remaining, "ratelimit-reset": reset}
    return Response(200, headers={**said, "ratelimit-limit": policy.partition(";")[0], "date": DATE})


def test_each_write_takes_its_points_and_a_batch_those_of_its_writes() -> None:
    """https://docs.bsky.app/docs/advanced-guides/rate-limits"""
    batch = [
        api.Create("c", "1", {}),
        api.Update("c", "2", {}),
        api.Delete("c", "3"),
        api.Create("c", "4", {}),
    ]
    flows: list[tuple[Flow[object], dict[str, int]]] = [
        (api.create_record("r", "c", {}), {"points": 3}),
        (api.put_record("r", "c", "k", {}), {"points": 2}),
        (api.delete_record("r", "c", "k"), {"points": 1}),
        (api.apply_writes("r", batch), {"points": 9}),
        (api.upload_blob(BytesBody(b"x", "image/png")), {"blobs": 1}),
        (api.get_record("r", "c", "k"), {}),
        (api.call("POST", "com.atproto.repo.createRecord", data={}), {"points": 3}),
    ]
    assert [SPENDING.cost(asked(flow)) for flow, _ in flows] == [cost for _, cost in flows]


def test_headers_tell_of_the_hour_or_the_day_on_the_servers_own_clock() -> None:
    assert SPENDING.told(CREATED, headers("5000;w=3600")) == Told("points", 3600.0, 5000, 4997, 1800.0)
    assert SPENDING.told(CREATED, headers("35000;w=86400", "1")) == Told("points", 86400.0, 35000, 1, 1800.0)


@pytest.mark.parametrize(
    "response",
    [
        headers("3000;w=300"),
        headers("many"),
        headers("5000;w=3600", remaining="-1"),
        headers("5000;w=3600", reset="soon"),
        Response(200, headers={"date": DATE}),
    ],
)
def test_a_limit_of_requests_and_headers_that_cannot_be_read_tell_nothing(response: Response) -> None:
    assert SPENDING.told(CREATED, response) is None


def test_a_limit_of_the_day_is_that_of_what_the_request_takes() -> None:
    sent = asked(api.upload_blob(BytesBody(b"x", "image/png")))
    assert SPENDING.told(sent, headers("1000;w=86400", "999")) == Told("blobs", 86400.0, 1000, 999, 1800.0)
