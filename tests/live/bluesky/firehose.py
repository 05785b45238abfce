"""The independent witness: what the server tells everybody of an account's commits, in their order."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import aiohttp
import libipld

from tests.live.bluesky.desk import Desk
from threadsync.providers.bluesky import api

PATIENCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit: what it did (``create``, ``update``, ``delete``) to which ``collection/key``."""

    ops: tuple[tuple[str, str], ...]


def commits(desk: Desk) -> list[Commit]:
    """Return all commits of the account, up to its latest."""
    latest = desk.run(api.call("GET", "com.atproto.sync.getLatestCommit", {"did": desk.person.did}))
    return asyncio.run(_until(desk.server.url, desk.person.did, latest.body.rev))


async def _until(url: str, did: str, rev: str) -> list[Commit]:
    found: list[Commit] = []
    address = f"{url}/xrpc/com.atproto.sync.subscribeRepos"
    async with (
        asyncio.timeout(PATIENCE_SECONDS),
        aiohttp.ClientSession() as session,
        session.ws_connect(address, params={"cursor": "0"}) as socket,
    ):
        async for message in socket:
            head, body = libipld.decode_dag_cbor_multi(message.data)
            if head.get("t") != "#commit" or body["repo"] != did:
                continue
            found.append(Commit(tuple((op["action"], op["path"]) for op in body["ops"])))
            if body["rev"] == rev:
                return found
    raise AssertionError("the stream ended before the latest commit")
