"""The mix of posts, published by pythreads: python with_pythreads.py BASE_URL POSTS_JSON one-by-one|gathered.

It runs in an environment of its own, with pythreads and nothing of threadsync. pythreads has no loop that
waits for media, so this one looks every 0.1 s. Nothing of it is changed but the address that it talks to.
"""

import asyncio
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

os.environ["CI"] = "1"  # else it wants to be told of a certificate that nothing here uses
from pythreads import threads

threads.GRAPH_API_BASE_URL = f"{sys.argv[1]}/"
from pythreads.api import API, Media, MediaType, PublishingStatus  # noqa: E402  (it takes the address over)
from pythreads.credentials import Credentials  # noqa: E402

POLL_SECONDS = 0.1


async def finished(api, container):
    """Return the status of *container* when its media are ready."""
    while True:
        status = await api.container_status(container)
        if status.status is not PublishingStatus.IN_PROGRESS:
            return status
        await asyncio.sleep(POLL_SECONDS)


async def child(api, url):
    """Make one picture of a carousel."""
    made = await api.create_container(media=Media(MediaType.IMAGE, url), is_carousel_item=True)
    return await finished(api, made)


async def publish(api, text, urls):
    """Publish one post: a text, a picture or a carousel."""
    if not urls:
        container = await api.create_container(text)
    elif len(urls) == 1:
        made = await api.create_container(text, Media(MediaType.IMAGE, urls[0]))
        container = (await finished(api, made)).id
    else:
        children = await asyncio.gather(*(child(api, url) for url in urls))
        container = await api.create_carousel_container(list(children), text)
    await api.publish_container(container)


async def main(how, posts):
    """Publish all *posts*."""
    far = datetime(2100, 1, 1, tzinfo=UTC)
    async with API(Credentials("me", ["threads_basic"], False, "token", far)) as api:
        if how == "gathered":
            await asyncio.gather(*(publish(api, text, urls) for text, urls in posts))
        else:
            for text, urls in posts:
                await publish(api, text, urls)


asyncio.run(main(sys.argv[3], json.loads(Path(sys.argv[2]).read_text())))
