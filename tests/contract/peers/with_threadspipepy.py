"""threadspipepy, driven; nothing of it is changed but the addresses that it talks to."""

import webbrowser
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from orders import TEXT, Order, good, serve

opened: list[str] = []
webbrowser.open = opened.append
request = requests.Session.request
HOSTS = ("https://graph.threads.net", "https://threads.net")
base_url = ""


def mapped(session: requests.Session, method: str, url: str, *given: Any, **named: Any) -> Any:
    for host in HOSTS:
        url = url.replace(host, base_url)
    return request(session, method, url, *given, **named)


requests.Session.request = mapped
from threadspipepy.threadspipe import ThreadsPipe  # noqa: E402  (what is changed above, it would take)


def client(user: str, token: str) -> ThreadsPipe:
    """Return the client; its waits are over at once."""
    waits = {"post_publish_wait_time": 0, "media_item_publish_wait_time": 0}
    return ThreadsPipe(user, token, disable_logging=True, **waits)


def by_pipe(steps: Callable[[ThreadsPipe, Order], Any]) -> Callable[[Order], Any]:
    """Run *steps* with a client for the order's token."""

    def play(order: Order) -> Any:
        global base_url  # noqa: PLW0603 - where requests go, which are a module's own
        base_url = order.base_url
        return steps(client("me", order.token), order)

    return play


def authorize(api: ThreadsPipe, order: Order) -> Any:
    given = order.given
    api.get_auth_token(given["app"], given["back"], scope=["basic", "publish"], state=given["state"])
    sent = requests.get(opened.pop(), allow_redirects=False, timeout=10)
    code = parse_qs(urlsplit(sent.headers["Location"]).query)["code"][0]
    found = good(api.get_access_tokens(given["app"], order.secrets["app_secret"], code, given["back"]))
    user, token = str(found["user_id"]), found["tokens"]["long_lived"]["access_token"]
    return [user, client(user, token).get_profile()["username"]]


def refresh(api: ThreadsPipe, order: Order) -> Any:
    return good(api.refresh_token(order.token))["expires_in"]


def piped(answer: Any) -> Any:
    """Return the id of the one post that was made."""
    (made,) = good(answer)["data"]["media_ids"]
    return made


def text(api: ThreadsPipe, _: Order) -> Any:
    return piped(api.pipe(TEXT))


def picture(api: ThreadsPipe, order: Order) -> Any:
    return piped(api.pipe(TEXT, files=[order.given["picture"]]))


def alt_text(api: ThreadsPipe, order: Order) -> Any:
    return piped(api.pipe(TEXT, files=[order.given["picture"]], file_captions=["Closed lift door"]))


def video(api: ThreadsPipe, order: Order) -> Any:
    return piped(api.pipe(TEXT, files=[order.given["film"]]))


def carousel(api: ThreadsPipe, order: Order) -> Any:
    return piped(api.pipe(TEXT, files=[order.given["picture"], order.given["film"]]))


def carousel_of_20(api: ThreadsPipe, order: Order) -> Any:
    return piped(api.pipe(TEXT, files=[order.given["picture"]] * 20))


def reply(api: ThreadsPipe, order: Order) -> Any:
    return piped(api.pipe(TEXT, reply_to_id=order.given["post"]))


def chain(api: ThreadsPipe, _: Order) -> Any:
    posts: list[str] = []
    for part in ("One.", "Two.", "Three."):
        posts.append(piped(api.pipe(part, reply_to_id=posts[-1] if posts else None)))
    return posts


def reply_control(api: ThreadsPipe, _: Order) -> Any:
    return piped(api.pipe(TEXT, who_can_reply="accounts_you_follow"))


def link(api: ThreadsPipe, _: Order) -> Any:
    return piped(api.pipe(TEXT, link_attachments=["https://example.org/lifts"]))


def quote(api: ThreadsPipe, order: Order) -> Any:
    return piped(api.pipe(TEXT, quote_post_id=order.given["post"]))


def repost(api: ThreadsPipe, order: Order) -> Any:
    return good(api.repost_post(order.given["post"]))["id"]


def countries(api: ThreadsPipe, _: Order) -> Any:
    piped(api.pipe(TEXT, allowed_country_codes=["CH", "DE"]))
    rows = good(api.get_allowlisted_country_codes())["data"]
    return [row["allowlisted_country_codes"] for row in rows]


def refusal(_: ThreadsPipe, __: Order) -> Any:
    said = client("me", "nobody").pipe(TEXT)["error"]["error"]
    return [said["code"], said.get("error_subcode")]


def profile(api: ThreadsPipe, _: Order) -> Any:
    found = good(api.get_profile())
    return [found["username"], found["threads_biography"]]


def may_choose_countries(api: ThreadsPipe, _: Order) -> Any:
    return good(api.is_eligible_for_geo_gating())["is_eligible_for_geo_gating"]


def limits(api: ThreadsPipe, _: Order) -> Any:
    row = api.get_quota_usage()["data"][0]
    return [row["quota_usage"], row["config"]["quota_total"]]


def ids(page: Any) -> list[str]:
    return [row["id"] for row in good(page)["data"]]


def own_posts(api: ThreadsPipe, _: Order) -> Any:
    return ids(api.get_posts(limit=2))


def own_posts_of_a_time(api: ThreadsPipe, order: Order) -> Any:
    return ids(api.get_posts(since_date=order.given["since"], until_date=order.given["until"]))


def one_post(api: ThreadsPipe, order: Order) -> Any:
    found = good(api.get_post(order.given["post"]))
    return [found["id"], found["media_type"], found["text"], found["username"]]


def own_replies(api: ThreadsPipe, order: Order) -> Any:
    return ids(api.get_user_replies(since_date=order.given["before"], until_date=order.given["until"]))


def replies(api: ThreadsPipe, order: Order) -> Any:
    return sorted(ids(api.get_post_replies(order.given["post"])))


def replies_newest_first(api: ThreadsPipe, order: Order) -> Any:
    return [ids(api.get_post_replies(order.given["post"], reverse=reverse)) for reverse in (True, False)]


def conversation(api: ThreadsPipe, order: Order) -> Any:
    return sorted(ids(api.get_post_replies(order.given["post"], top_levels=False)))


def hide(api: ThreadsPipe, order: Order) -> Any:
    first, second = order.given["first"], order.given["second"]
    steps = [(first, True), (second, True), (first, False)]
    return [good(api.hide_reply(reply, hidden))["success"] for reply, hidden in steps]


def post_insights(api: ThreadsPipe, order: Order) -> Any:
    rows = good(api.get_post_insights(order.given["post"], metrics=["views", "likes"]))["data"]
    counts = {row["name"]: row["values"][0]["value"] for row in rows}
    return [counts["views"], counts["likes"]]


def seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def account_insights(api: ThreadsPipe, order: Order) -> Any:
    since, until = seconds(order.given["before"]), seconds(order.given["since"])
    (row,) = good(api.get_user_insights(since_date=since, until_date=until, metrics="views"))["data"]
    return [each["value"] for each in row["values"]]


def followers(api: ThreadsPipe, _: Order) -> Any:
    (row,) = good(api.get_user_insights(metrics="follower_demographics"))["data"]
    (by_country,) = row["total_value"]["breakdowns"]
    return {each["dimension_values"][0]: each["value"] for each in by_country["results"]}


def intents(api: ThreadsPipe, _: Order) -> Any:
    links = [
        api.get_post_intent("Lifts & doors", "https://example.org/?a=1&b=2"),
        api.get_follow_intent("lift_report"),
    ]
    return [[urlsplit(link).path, parse_qs(urlsplit(link).query)] for link in links]


serve(
    {
        "authorize": by_pipe(authorize),
        "refresh": by_pipe(refresh),
        "text": by_pipe(text),
        "picture": by_pipe(picture),
        "video": by_pipe(video),
        "carousel": by_pipe(carousel),
        "carousel-of-20": by_pipe(carousel_of_20),
        "alt-text": by_pipe(alt_text),
        "reply": by_pipe(reply),
        "chain": by_pipe(chain),
        "reply-control": by_pipe(reply_control),
        "link": by_pipe(link),
        "quote": by_pipe(quote),
        "repost": by_pipe(repost),
        "countries": by_pipe(countries),
        "refusal": by_pipe(refusal),
        "profile": by_pipe(profile),
        "may-choose-countries": by_pipe(may_choose_countries),
        "limits": by_pipe(limits),
        "own-posts": by_pipe(own_posts),
        "own-posts-of-a-time": by_pipe(own_posts_of_a_time),
        "one-post": by_pipe(one_post),
        "own-replies": by_pipe(own_replies),
        "replies": by_pipe(replies),
        "replies-newest-first": by_pipe(replies_newest_first),
        "conversation": by_pipe(conversation),
        "hide": by_pipe(hide),
        "post-insights": by_pipe(post_insights),
        "account-insights": by_pipe(account_insights),
        "followers": by_pipe(followers),
        "intents": by_pipe(intents),
    }
)
