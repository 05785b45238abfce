"""The mix of posts, published by threads-client at once: python with_threads_client.py BASE_URL POSTS_JSON.

It runs in an environment of its own, with threads-client and nothing of threadsync, and is used as its own
documentation shows it: it looks at media every 5 seconds.
"""

import asyncio
import json
import sys
from pathlib import Path

from threads_client import CarouselMediaItem, ThreadsClient


async def publish(client, text, urls):
    """Publish one post: a text, a picture or a carousel."""
    if len(urls) > 1:
        items = [CarouselMediaItem(media_type="IMAGE", url=url) for url in urls]
        await client.post_carousel(text, items=items)
    else:
        await client.post(text, image_url=urls[0] if urls else None)


async def main(posts):
    """Publish all *posts*."""
    async with ThreadsClient("token", base_url=f"{sys.argv[1]}/v1.0") as client:
        await asyncio.gather(*(publish(client, text, urls) for text, urls in posts))


asyncio.run(main(json.loads(Path(sys.argv[2]).read_text())))
