"""pythreads, driven; nothing of it is changed but the addresses that it talks to."""

import asyncio
import os
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import requests
from orders import TEXT, Order, good, serve

os.environ["CI"] = "1"  # else it wants to be told of a certificate that nothing here uses
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
from pythreads import threads
from pythreads.api import API, Media, MediaType, PublishingStatus, ReplyControl, ThreadsResponseError
from pythreads.configuration import Configuration
from pythreads.credentials import Credentials
from pythreads.threads import Threads

POLLS_MAX = 200
SCOPES = ["threads_basic", "threads_content_publish"]


def now() -> datetime:
    """Return the time of the client's own clock; threadsync and its clock are not here."""
    return datetime.now(UTC)  # noqa: TID251


def held(user: str, token: str) -> Credentials:
    return Credentials(user, SCOPES, False, token, now() + timedelta(days=30))


def configured(order: Order) -> Configuration:
    return Configuration(SCOPES, order.given["app"], order.secrets["app_secret"], order.given["back"])


def by_api(steps: Callable[[API, Order], Any]) -> Callable[[Order], Any]:
    """Run *steps* with an open API."""

    async def run(order: Order) -> Any:
        async with API(held("me", order.token)) as api:
            return await steps(api, order)

    def play(order: Order) -> Any:
        threads.GRAPH_API_BASE_URL = f"{order.base_url}/"
        return asyncio.run(run(order))

    return play


def alone(steps: Callable[[Order], Any]) -> Callable[[Order], Any]:
    """Run *steps*, which need no open API."""

    def play(order: Order) -> Any:
        threads.GRAPH_API_BASE_URL = f"{order.base_url}/"
        return steps(order)

    return play


def authorize(order: Order) -> Any:
    url, state = Threads.authorization_url(configured(order))
    sent = requests.get(url.replace("https://threads.net", order.base_url), allow_redirects=False, timeout=10)
    found = Threads.complete_authorization(sent.headers["Location"], state, config=configured(order))

    async def name() -> Any:
        async with API(held(str(found.user_id), found.access_token)) as api:
            return good(await api.account())["username"]

    return [str(found.user_id), asyncio.run(name())]


def credentials(_: Order) -> Any:
    found = []
    for year in (2020, 2100):
        ends = datetime(year, 1, 1, tzinfo=UTC)
        again = Credentials.from_json(Credentials("4711", SCOPES[:1], False, "of-no-use", ends).to_json())
        found.append([again.user_id, again.scopes, again.expired()])
    return found


def life_seconds(until: datetime) -> int:
    """Return how long a token lives, to the minute: the client counts from its own clock."""
    return round((until - now()).total_seconds() / 60) * 60


def long_lived_token(order: Order) -> Any:
    soon = now() + timedelta(hours=1)
    _, until = Threads.fetch_long_lived_token(order.secrets["short"], soon, configured(order))
    return life_seconds(until)


def refresh(order: Order) -> Any:
    _, until = Threads.refresh_long_lived_token(held("me", order.token))
    return life_seconds(until)


async def finished(api: API, container: str) -> Any:
    for _ in range(POLLS_MAX):
        status = await api.container_status(container)
        if status.status is not PublishingStatus.IN_PROGRESS:
            return status
        await asyncio.sleep(0.01)
    raise RuntimeError("a container was not finished in time")


async def published(api: API, container: str) -> Any:
    return await api.publish_container((await finished(api, container)).id)


async def text(api: API, _: Order) -> Any:
    return await published(api, await api.create_container(TEXT))


async def picture(api: API, order: Order) -> Any:
    return await published(
        api, await api.create_container(TEXT, Media(MediaType.IMAGE, order.given["picture"]))
    )


async def video(api: API, order: Order) -> Any:
    return await published(api, await api.create_container(TEXT, Media(MediaType.VIDEO, order.given["film"])))


async def _carousel(api: API, *media: Media) -> Any:
    children = []
    for each in media:
        child = await api.create_container(media=each, is_carousel_item=True)
        children.append(await finished(api, child))
    return await published(api, await api.create_carousel_container(children, TEXT))


async def carousel(api: API, order: Order) -> Any:
    given = order.given
    return await _carousel(
        api, Media(MediaType.IMAGE, given["picture"]), Media(MediaType.VIDEO, given["film"])
    )


async def carousel_of_20(api: API, order: Order) -> Any:
    return await _carousel(api, *[Media(MediaType.IMAGE, order.given["picture"])] * 20)


async def reply(api: API, order: Order) -> Any:
    return await published(api, await api.create_container(TEXT, reply_to_id=order.given["post"]))


async def chain(api: API, _: Order) -> Any:
    posts = []
    for part in ("One.", "Two.", "Three."):
        made = await api.create_container(part, reply_to_id=posts[-1] if posts else None)
        posts.append(await published(api, made))
    return posts


async def reply_control(api: API, _: Order) -> Any:
    made = await api.create_container(TEXT, reply_control=ReplyControl.ACCOUNTS_YOU_FOLLOW)
    return await published(api, made)


async def container_status(api: API, _: Order) -> Any:
    good_one = await api.container_status(await api.create_container(TEXT))
    return [good_one.status.value]


async def refusal(api: API, _: Order) -> Any:
    api.credentials = held("me", "nobody")
    try:
        await api.create_container(TEXT)
    except ThreadsResponseError as error:
        said = error.response["error"]
        return [said["code"], said.get("error_subcode")]
    raise RuntimeError("it was not refused")


async def profile(api: API, _: Order) -> Any:
    found = good(await api.account())
    return [found["username"], found["threads_biography"]]


async def limits(api: API, _: Order) -> Any:
    row = good(await api.publishing_limit())["data"][0]
    return [row["quota_usage"], row["config"]["quota_total"]]


def ids(page: Any) -> list[str]:
    return [row["id"] for row in good(page)["data"]]


async def own_posts(api: API, _: Order) -> Any:
    return ids(await api.threads(limit=2))


async def own_posts_of_a_time(api: API, order: Order) -> Any:
    since, until = date.fromisoformat(order.given["since"]), date.fromisoformat(order.given["until"])
    return ids(await api.threads(since=since, until=until))


async def all_pages(api: API, _: Order) -> Any:
    found: list[str] = []
    after = None
    while rows := (page := good(await api.threads(limit=1, after=after)))["data"]:
        found += [row["id"] for row in rows]
        after = page["paging"]["cursors"]["after"]
    return found


async def page_before(api: API, _: Order) -> Any:
    first = good(await api.threads(limit=1))
    second = good(await api.threads(limit=1, after=first["paging"]["cursors"]["after"]))
    back = await api.threads(limit=1, before=second["paging"]["cursors"]["before"])
    return [each for page in (first, second, back) for each in ids(page)]


async def one_post(api: API, order: Order) -> Any:
    found = good(await api.thread(order.given["post"]))
    return [found["id"], found["media_type"], found["text"], found["username"]]


async def replies(api: API, order: Order) -> Any:
    return sorted(ids(await api.replies(order.given["post"])))


async def conversation(api: API, order: Order) -> Any:
    return sorted(ids(await api.conversation(order.given["post"])))


async def hide(api: API, order: Order) -> Any:
    first, second = order.given["first"], order.given["second"]
    steps = [(first, True), (second, True), (first, False)]
    return [good(await api.manage_reply(reply, hidden))["success"] for reply, hidden in steps]


async def post_insights(api: API, order: Order) -> Any:
    rows = good(await api.insights(order.given["post"]))["data"]
    counts = {row["name"]: row["values"][0]["value"] for row in rows}
    return [counts["views"], counts["likes"]]


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


async def account_insights(api: API, order: Order) -> Any:
    since, until = day(order.given["before"]), day(order.given["since"])
    (row,) = good(await api.user_insights("views", since, until))["data"]
    return [each["value"] for each in row["values"]]


async def followers(api: API, _: Order) -> Any:
    (row,) = good(await api.user_insights("follower_demographics", breakdown="country"))["data"]
    (by_country,) = row["total_value"]["breakdowns"]
    return {each["dimension_values"][0]: each["value"] for each in by_country["results"]}


serve(
    {
        "authorize": alone(authorize),
        "long-lived-token": alone(long_lived_token),
        "refresh": alone(refresh),
        "credentials": alone(credentials),
        "text": by_api(text),
        "picture": by_api(picture),
        "video": by_api(video),
        "carousel": by_api(carousel),
        "carousel-of-20": by_api(carousel_of_20),
        "reply": by_api(reply),
        "chain": by_api(chain),
        "reply-control": by_api(reply_control),
        "container-status": by_api(container_status),
        "refusal": by_api(refusal),
        "profile": by_api(profile),
        "limits": by_api(limits),
        "own-posts": by_api(own_posts),
        "own-posts-of-a-time": by_api(own_posts_of_a_time),
        "all-pages": by_api(all_pages),
        "page-before": by_api(page_before),
        "one-post": by_api(one_post),
        "replies": by_api(replies),
        "conversation": by_api(conversation),
        "hide": by_api(hide),
        "post-insights": by_api(post_insights),
        "account-insights": by_api(account_insights),
        "followers": by_api(followers),
    }
)
