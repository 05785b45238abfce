"""A client that others wrote for the real network publishes on the sandbox and reads back.

pythreads 0.2.1 pins aiohttp 3.9, which has no wheels for Python 3.13, so it lives in an environment of its
own (see ``client_python`` in conftest.py). Nothing of the client is changed but the address it talks to.
"""

from __future__ import annotations

import json
import os
import subprocess

import pytest

from threadsync.sandbox.server import running
from threadsync.sandbox.settings import SandboxSettings
from threadsync.sandbox.threads import Switches

pytestmark = pytest.mark.live

PACKAGE = "pythreads==0.2.1"

CLIENT = """
import asyncio, json, sys
from datetime import datetime, timedelta, timezone
from pythreads import threads
threads.GRAPH_API_BASE_URL = sys.argv[1] + "/"
from pythreads.api import API, Media, MediaType, PublishingStatus
from pythreads.credentials import Credentials

async def finished(api, container):
    for _ in range(200):
        status = await api.container_status(container)
        if status.status is not PublishingStatus.IN_PROGRESS:
            return status
        await asyncio.sleep(0.01)
    raise SystemExit("a container was not finished in time")

async def main(token, urls):
    tomorrow = datetime.now(timezone.utc) + timedelta(days=1)
    credentials = Credentials("me", ["threads_basic"], False, token, tomorrow)
    async with API(credentials) as api:
        text = await api.create_container("Zürich & Höfe: 40 stations, 12 lifts #1")
        text = await api.publish_container((await finished(api, text)).id)
        image = await api.create_container("A map", Media(MediaType.IMAGE, urls[0]))
        image = await api.publish_container((await finished(api, image)).id)
        items = []
        for url in urls:
            item = await api.create_container(media=Media(MediaType.IMAGE, url), is_carousel_item=True)
            items.append(await finished(api, item))
        carousel = await api.create_carousel_container(items, "Two doors")
        carousel = await api.publish_container((await finished(api, carousel)).id)
        reply = await api.create_container("And a reply", reply_to_id=carousel)
        reply = await api.publish_container((await finished(api, reply)).id)
        print(json.dumps({
            "made": [text, image, carousel],
            "reply": reply,
            "account": await api.account(),
            "threads": await api.threads(),
            "carousel": await api.thread(carousel),
            "replies": await api.replies(carousel),
            "conversation": await api.conversation(carousel),
            "limit": await api.publishing_limit(),
        }))

asyncio.run(main(sys.argv[2], sys.argv[3:]))
"""


def test_the_client_publishes_and_reads_back(client_python, media_host, make_png):
    """Text, image, carousel and a reply, through somebody else's reading of the documentation."""
    urls = [media_host.add("a.png", make_png()), media_host.add("b.png", make_png(colour="red"))]
    delays = Switches(image_delay_seconds=0.03, carousel_delay_seconds=0.03, text_delay_seconds=0.01)
    with running(SandboxSettings(seed=7, switches=delays)) as sandbox:
        done = subprocess.run(
            [
                client_python(PACKAGE, python_below=(3, 13)),
                "-c",
                CLIENT,
                sandbox.base_url,
                sandbox.token("lift_report"),
                *urls,
            ],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={"PATH": os.environ["PATH"], "CI": "1"},
        )
        assert done.returncode == 0, done.stderr
        ledger = sandbox.ledger()
    seen = json.loads(done.stdout)
    assert [row["id"] for row in ledger["posts"]] == [*seen["made"], seen["reply"]]
    assert [row["id"] for row in seen["threads"]["data"]] == seen["made"][::-1]
    assert [row["media_type"] for row in seen["threads"]["data"]] == ["CAROUSEL_ALBUM", "IMAGE", "TEXT_POST"]
    assert seen["threads"]["data"][2]["text"] == "Zürich & Höfe: 40 stations, 12 lifts #1"
    assert len(seen["carousel"]["children"]["data"]) == 2
    assert [row["id"] for row in seen["replies"]["data"]] == [seen["reply"]]
    assert [row["id"] for row in seen["conversation"]["data"]] == [seen["reply"]]
    assert seen["account"]["username"] == "lift_report"
    assert seen["limit"]["data"][0]["quota_usage"] == 3
    assert seen["limit"]["data"][0]["reply_quota_usage"] == 1
