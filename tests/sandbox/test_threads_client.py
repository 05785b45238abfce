"""``threads-client``, which others wrote for the real network, publishes on the sandbox and reads back.

It lives in an environment of its own (see ``client_python`` in conftest.py). It takes the address to
talk to as a parameter, so nothing of it is changed.
"""

from __future__ import annotations

import json
import os
import subprocess

import pytest

from threadsync.sandbox.server import running
from threadsync.sandbox.settings import SandboxSettings, parse_fault
from threadsync.sandbox.threads import Switches

pytestmark = pytest.mark.live

PACKAGE = "threads-client==0.2.1"
DAY_SECONDS = 86_400.0

CLIENT = """
import asyncio, json, sys
from threads_client import CarouselMediaItem, ThreadsClient
from threads_client.exceptions import ThreadsAPIError, ThreadsMediaProcessingError

async def refusal(awaitable):
    try:
        await awaitable
    except ThreadsAPIError as error:
        return [type(error).__name__, error.status_code, error.code, error.subcode]
    raise SystemExit("this was not refused")

async def main(base, token, image, film):
    async with ThreadsClient(token, base_url=base + "/v1.0") as client:
        posts = client.posts
        slow = await posts.create_container("Zürich & Höfe: 40 stations #1", topic_tag="#transit.")
        polled = await posts.poll_container_status(slow, max_attempts=5000, delay=0)
        text = await posts.publish_container(slow)
        picture = await client.post("A map", image_url=image)
        video = await client.post("A lift", video_url=film)
        both = (("IMAGE", image), ("VIDEO", film))
        items = [CarouselMediaItem(media_type=kind, url=url) for kind, url in both]
        carousel = await client.post_carousel("Both", items=items)
        reply = await client.post("And a reply", reply_to_id=carousel)
        bad = await posts.create_container("x", video_url=base + "/nothing.mp4")
        broken = await refusal(posts.poll_container_status(bad, delay=0))
        many = await refusal(posts.list(limit=101))
        gone = await client.post("Gone")
        deleted = await client.delete_post(gone)
        again = await refusal(client.delete_post(gone))
        fresh = await client.tokens.refresh(token)
        print(json.dumps({
            "polled": polled.status,
            "made": [text, picture, video, carousel],
            "reply": reply,
            "gone": gone,
            "deleted": deleted,
            "refused": {"bad video": broken, "too many": many, "deleted twice": again},
            "listed": [post.model_dump() async for post in posts.iter_posts(limit=2)],
            "token": [fresh.token_type, fresh.expires_in],
        }))

asyncio.run(main(*sys.argv[1:]))
"""


def run(python, sandbox, *urls):
    done = subprocess.run(
        [python, "-c", CLIENT, sandbox.base_url, sandbox.token("lift_report"), *urls],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PATH": os.environ["PATH"]},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def urls(media_host, make_png):
    """A picture, and what begins as a film does."""
    film = b"\x00\x00\x00\x18ftypmp42" + bytes(500)
    return media_host.add("a.png", make_png()), media_host.add("a.mp4", film)


# The client polls every five seconds, which nothing can change; only the container that the test polls
# takes its time.
SETTINGS = SandboxSettings(
    seed=7,
    switches=Switches(image_delay_seconds=0, video_delay_seconds=0, carousel_delay_seconds=0),
    faults=(parse_fault("create:long-processing:1:0.05"),),
)


def test_the_client_publishes_lists_deletes_and_refreshes(client_python, urls):
    """Text, image, video, mixed carousel, reply, paging, refusals and a new token, read by somebody else."""
    with running(SETTINGS) as sandbox:
        sandbox.advance(2 * DAY_SECONDS)  # a token is refreshed when it is a day old
        seen = run(client_python(PACKAGE), sandbox, *urls)
        ledger = sandbox.ledger()
    assert seen["polled"] == "FINISHED"
    assert [row["id"] for row in ledger["posts"]] == [*seen["made"], seen["reply"]]
    assert [row["id"] for row in ledger["deletions"]] == [seen["gone"]]
    assert seen["deleted"] is True
    assert [row["id"] for row in seen["listed"]] == seen["made"][::-1]
    kinds = ["CAROUSEL_ALBUM", "VIDEO", "IMAGE", "TEXT_POST"]
    assert [row["media_type"] for row in seen["listed"]] == kinds
    assert seen["listed"][-1]["text"] == "Zürich & Höfe: 40 stations #1"
    assert seen["token"] == ["bearer", 5_184_000]
    assert seen["refused"]["deleted twice"] == ["ThreadsAPIError", 400, 100, 33]
    assert seen["refused"]["too many"] == ["ThreadsAPIError", 400, 100, None]
    assert seen["refused"]["bad video"][0] == "ThreadsMediaProcessingError"
