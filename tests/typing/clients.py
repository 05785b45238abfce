"""What type checkers see of the clients: ``make types`` runs mypy and pyright over this, and nothing runs it.

A result is what the endpoint function says, in both worlds; what a client must not be given is an error.
"""

# pyright: reportUnusedCallResult=false, reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import assert_type

import aiohttp
import psycopg
import requests

from threadsync import (
    ApiLog,
    AsyncClient,
    Attachment,
    Client,
    Credentials,
    Database,
    PostSegment,
    PublishedPost,
    RateLimiter,
    SecretText,
)
from threadsync.errors import PublishBlocked, PublishRefused, PublishUncertain
from threadsync.flows.core import gather
from threadsync.model.ids import RemoteId
from threadsync.model.journal import Published
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


def of_what_is_published(client: Client) -> None:
    media: list[str | Path | bytes | Attachment] = [
        "map.png",
        b"...",
        Path("x.jpg"),
        Attachment("y.png", "Y"),
    ]
    post = client.publish("12 lifts", media, poll=["Yes", "No"], options={"topic": "transit"})
    assert_type(post, PublishedPost)
    assert_type(post.id, str)
    assert_type(post.permalinks, tuple[str, ...])
    assert_type(post.segments[0].at, datetime)
    assert_type(post.answers[0].status, int)
    assert_type(post.warnings[0].remedy, str)
    client.publish(
        ["One", PostSegment("Two", media=["map.png"], poll=("Yes", "No"))], key="a", journal="j.json"
    )
    client.publish("Hi", media_host={"kind": "s3", "credentials": {"names": "env:X"}}, journal=Path("j.json"))
    client.publish("Hi", poll={"options": ["Yes", "No"]})  # type: ignore[arg-type]
    client.publish("Hi", ["map.png"], "https://example.org")  # type: ignore[call-arg]
    client.publish("Hi", topic="transit")  # type: ignore[call-arg]


async def of_what_is_published_in_a_loop(client: AsyncClient) -> None:
    assert_type(await client.publish("12 lifts", [Attachment("y.png")]), PublishedPost)
    client.publish("Hi", reply_to=7)  # type: ignore[arg-type, unused-coroutine]


def of_errors(uncertain: PublishUncertain, refused: PublishRefused, blocked: PublishBlocked) -> None:
    assert_type(uncertain.segments, tuple[Published, ...])
    assert_type(uncertain.candidates, tuple[RemoteId, ...])
    assert_type(refused.fault.remedy, str)
    assert_type(blocked.reason, str)


def of_credentials(held: Credentials, now: datetime) -> None:
    assert_type(held.user_id, str)
    assert_type(held.token, SecretText)
    assert_type(held.scopes, frozenset[str])
    assert_type(held.expiration, datetime | None)
    assert_type(held.expired(), bool)
    assert_type(held.expires_in(now), timedelta | None)
    assert_type(Credentials.from_json(held.to_json()), Credentials)


def of_databases(
    file: sqlite3.Connection, server: psycopg.Connection[tuple[object, ...]], both: psycopg.AsyncConnection
) -> None:
    for where in (file, server, Database(server), "postgresql://host/name", Path("calls.sqlite3"), None):
        assert_type(Client(token="…", memory=where), Client)
        assert_type(ApiLog(where), ApiLog)
    Client(token="…", memory=both)  # type: ignore[arg-type]
    ApiLog(7)  # type: ignore[arg-type]


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
