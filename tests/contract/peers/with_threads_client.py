"""threads-client, driven; it takes the address to talk to, so nothing of it is changed."""

import asyncio
from collections.abc import Callable
from typing import Any

from orders import TEXT, Order, serve
from threads_client import CarouselMediaItem, ThreadsClient
from threads_client.exceptions import ThreadsAPIError


def by_client(steps: Callable[[ThreadsClient, Order], Any]) -> Callable[[Order], Any]:
    """Run *steps* with an open client."""

    async def run(order: Order) -> Any:
        async with ThreadsClient(order.token, base_url=f"{order.base_url}/v1.0") as client:
            return await steps(client, order)

    return lambda order: asyncio.run(run(order))


async def long_lived_token(client: ThreadsClient, order: Order) -> Any:
    found = await client.tokens.exchange(order.secrets["short"], order.secrets["app_secret"])
    return found.expires_in


async def refresh(client: ThreadsClient, order: Order) -> Any:
    return (await client.tokens.refresh(order.token)).expires_in


async def text(client: ThreadsClient, _: Order) -> Any:
    return await client.post(TEXT)


async def picture(client: ThreadsClient, order: Order) -> Any:
    return await client.post(TEXT, image_url=order.given["picture"])


async def video(client: ThreadsClient, order: Order) -> Any:
    return await client.post(TEXT, video_url=order.given["film"])


async def carousel(client: ThreadsClient, order: Order) -> Any:
    items = [
        CarouselMediaItem(media_type="IMAGE", url=order.given["picture"]),
        CarouselMediaItem(media_type="VIDEO", url=order.given["film"]),
    ]
    return await client.post_carousel(TEXT, items=items)


async def carousel_of_20(client: ThreadsClient, order: Order) -> Any:
    items = [CarouselMediaItem(media_type="IMAGE", url=order.given["picture"])] * 20
    return await client.post_carousel(TEXT, items=items)


async def reply(client: ThreadsClient, order: Order) -> Any:
    return await client.post(TEXT, reply_to_id=order.given["post"])


async def chain(client: ThreadsClient, _: Order) -> Any:
    posts: list[str] = []
    for part in ("One.", "Two.", "Three."):
        posts.append(await client.post(part, reply_to_id=posts[-1] if posts else None))
    return posts


async def topic(client: ThreadsClient, _: Order) -> Any:
    return await client.post(TEXT, topic_tag="transit")


async def container_status(client: ThreadsClient, _: Order) -> Any:
    container = await client.posts.create_container(TEXT)
    return [(await client.posts.get_container_status(container)).status]


async def delete(client: ThreadsClient, order: Order) -> Any:
    return await client.delete_post(order.given["post"])


async def refusal(client: ThreadsClient, _: Order) -> Any:
    client.access_token = "nobody"
    try:
        await client.posts.create_container(TEXT)
    except ThreadsAPIError as error:
        return [error.code, error.subcode]
    raise RuntimeError("it was not refused")


async def own_posts(client: ThreadsClient, _: Order) -> Any:
    return [post.id for post in (await client.posts.list(limit=2)).data]


async def all_pages(client: ThreadsClient, _: Order) -> Any:
    return [post.id async for post in client.posts.iter_posts(limit=1)]


serve(
    {
        "long-lived-token": by_client(long_lived_token),
        "refresh": by_client(refresh),
        "text": by_client(text),
        "picture": by_client(picture),
        "video": by_client(video),
        "carousel": by_client(carousel),
        "carousel-of-20": by_client(carousel_of_20),
        "reply": by_client(reply),
        "chain": by_client(chain),
        "topic": by_client(topic),
        "container-status": by_client(container_status),
        "delete": by_client(delete),
        "refusal": by_client(refusal),
        "own-posts": by_client(own_posts),
        "all-pages": by_client(all_pages),
    }
)
