"""``GET /{media}/insights``: counted where the model can, and only for who may read it."""

from __future__ import annotations

import json

from msgspec.structs import replace

from threadsync.sandbox import threads

NOW = 1_760_000_000.0


def network() -> threads.State:
    profiles = [threads.Profile("main"), threads.Profile("brand")]
    return threads.new_state(profiles, seed=1, now=NOW)


def call(
    state: threads.State, method: str, path: str, params: dict[str, str], name: str = "main"
) -> threads.Response:
    request = threads.Request.of(method, path, params, token=f"sandbox-{name}")
    return threads.handle(state, request, NOW, lambda _: threads.FetchFailed("none"))


def post(state: threads.State, text: str, name: str = "main", **more: str) -> str:
    made = call(state, "POST", "/me/threads", {"media_type": "TEXT", "text": text, **more}, name)
    container = json.loads(made.encode())["id"]
    answer = call(state, "POST", "/me/threads_publish", {"creation_id": container}, name)
    return str(json.loads(answer.encode())["id"])


def numbers(
    state: threads.State, media: str, metrics: str = "replies,reposts,quotes,likes"
) -> dict[str, int]:
    answer = call(state, "GET", f"/v1.0/{media}/insights", {"metric": metrics})
    assert answer.status == 200
    rows = json.loads(answer.encode())["data"]
    assert all(row["period"] == "lifetime" for row in rows)
    return {row["name"]: row["values"][0]["value"] for row in rows}


def test_replies_reposts_and_quotes_are_counted_while_they_are_live() -> None:
    state = network()
    root = post(state, "A post")
    assert numbers(state, root) == {"replies": 0, "reposts": 0, "quotes": 0, "likes": 0}
    reply = post(state, "A reply", reply_to_id=root)
    post(state, "A quote", quote_post_id=root)
    call(state, "POST", f"/{root}/repost", {})
    assert numbers(state, root) == {"replies": 1, "reposts": 1, "quotes": 1, "likes": 0}
    call(state, "DELETE", f"/{reply}", {})
    assert numbers(state, root)["replies"] == 0


def test_of_a_repost_there_is_nothing_to_count() -> None:
    state = network()
    answer = call(state, "POST", f"/{post(state, 'A post')}/repost", {})
    assert numbers(state, json.loads(answer.encode())["id"]) == {}


def test_who_may_not_or_asks_wrongly_is_refused() -> None:
    state = network()
    root = post(state, "A post")
    assert call(state, "GET", f"/{root}/insights", {"metric": "likes"}, "brand").status == 400
    for metric in ("", "clicks", "likes,clicks"):
        assert call(state, "GET", f"/{root}/insights", {"metric": metric}).status >= 400
    fewer = tuple(scope for scope in threads.SCOPES if scope != "threads_manage_insights")
    threads.apply(state, threads.add_profile(threads.Profile("main", scopes=fewer)), NOW)
    answer = json.loads(call(state, "GET", f"/{root}/insights", {"metric": "likes"}).encode())
    assert answer["error"]["code"] == 10


def test_readers_come_by_themselves_only_where_that_is_asked_for_and_always_the_same() -> None:
    """``readers_per_post``: more as time goes by, up to a number that is the post's own."""
    state = network()
    first, second = post(state, "A post"), post(state, "Another")
    metrics = {"metric": "views,likes,shares"}

    def told(media: str, days: float) -> list[int]:
        request = threads.Request.of("GET", f"/{media}/insights", metrics, token="sandbox-main")
        later = NOW + days * 86_400
        answer = threads.handle(state, request, later, lambda _: threads.FetchFailed("none"))
        return [row["values"][0]["value"] for row in json.loads(answer.encode())["data"]]

    assert told(first, 30) == [0, 0, 0]
    state.switches = replace(state.switches, readers_per_post=1000)
    views = [told(first, days)[0] for days in (0, 0.5, 1, 2, 30, 60)]
    assert views == sorted(views)
    assert (views[0], views[2] * 2, views[4]) == (0, views[5], views[5])
    assert told(first, 30) == told(first, 30) != told(second, 30)
    assert all(views > likes >= shares for views, likes, shares in [told(first, 3), told(second, 3)])
    threads.apply(state, threads.Read(post_id=first, views=5), NOW)
    assert told(first, 60)[0] == views[5] + 5
