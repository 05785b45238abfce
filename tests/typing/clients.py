"""What type checkers see of the clients: ``make types`` runs mypy and pyright over this, and nothing runs it.

A result is what the endpoint function says, in both worlds; what a client must not be given is an error.
"""

# pyright: reportUnusedCallResult=false, reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from typing import assert_type

import aiohttp
import requests

from threadsync import ApiLog, AsyncClient, Client, Credentials, RateLimiter, SecretText
from threadsync.flows.core import gather
from threadsync.providers.threads import api as threads


def of_a_client(client: Client) -> None:
    assert_type(client.run(threads.publishing_limit()), threads.Limits)
    assert_type(client.run(threads.me()).username, str | None)
    assert_type(client.run(threads.create_container("TEXT", text="Lifts")), threads.Created)
    assert_type(
        client.run(gather([threads.media_object("7"), threads.media_object("8")])),
        tuple[threads.MediaObject, ...],
    )
    assert_type(
        client.pages(lambda after: threads.own_threads(after=after)),
        Iterator[threads.Page[threads.MediaObject]],
    )
    assert_type(
        client.items(lambda after: threads.own_replies(after=after)),
        Iterator[threads.MediaObject],
    )
    for post in client.items(lambda after: threads.own_threads(after=after)):
        assert_type(post, threads.MediaObject)
        assert_type(post.timestamp, datetime | None)


async def of_an_async_client(client: AsyncClient) -> None:
    assert_type(await client.run(threads.publishing_limit()), threads.Limits)
    assert_type((await client.run(threads.me())).username, str | None)
    assert_type(await client.run(threads.publish_container("7")), threads.Created)
    assert_type(
        client.pages(lambda after: threads.own_threads(after=after)),
        AsyncIterator[threads.Page[threads.MediaObject]],
    )
    assert_type(
        client.items(lambda after: threads.own_replies(after=after)),
        AsyncIterator[threads.MediaObject],
    )
    async for page in client.pages(lambda after: threads.own_threads(after=after)):
        assert_type(page.exchange.status, int)


def of_credentials(held: Credentials, now: datetime) -> None:
    assert_type(held.user_id, str)
    assert_type(held.token, SecretText)
    assert_type(held.scopes, frozenset[str])
    assert_type(held.expiration, datetime | None)
    assert_type(held.expired(), bool)
    assert_type(held.expires_in(now), timedelta | None)
    assert_type(Credentials.from_json(held.to_json()), Credentials)


def of_what_makes_a_client(
    held: Credentials, session: requests.Session, other: aiohttp.ClientSession, log: ApiLog
) -> None:
    limiter = RateLimiter(10, per_seconds=1)
    assert_type(Client(held, session=session, limiter=limiter, log=log), Client)
    assert_type(Client(token="…", secrets={"app_secret": held.token}), Client)
    assert_type(AsyncClient(held, session=other, limiter=limiter, log=log), AsyncClient)
    Client(held, session=other)  # type: ignore[arg-type]
    AsyncClient(held, session=session)  # type: ignore[arg-type]
    Client("…")  # type: ignore[arg-type]
