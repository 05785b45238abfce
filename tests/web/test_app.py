"""The preview's application: for browsers of this machine alone, and told of every change."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import pytest

from tests.operations.world import picture
from tests.web.asgi import Call, get
from tests.web.test_showing import Watched
from threadsync.web.app import make_app
from threadsync.web.hub import LISTENERS_MAX, WAITING_MAX, Hub
from threadsync.web.showing import Change


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    found = Watched(tmp_path)
    found.world.write("posts/a.jpg", picture())
    found.world.post("a", "First words\n\n![A field](a.jpg)")
    found.look()
    return found


def test_the_page_runs_its_own_script_alone_and_asks_its_own_server_alone(watched: Watched) -> None:
    app = make_app(watched.showing, Hub())
    first, second = get(app, "/"), get(app, "/")
    assert first.status == 200
    policy = first.headers["content-security-policy"]
    (nonce,) = re.findall(r"script-src 'nonce-([\w-]+)'", policy)
    assert f'<script nonce="{nonce}">' in first.text
    assert first.text.count("<script") == 1
    assert nonce not in second.text
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "http-equiv" not in first.text
    assert first.headers["cache-control"] == "no-store"
    assert first.headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize("path", ["/", "/events", "/media/x"])
@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8472", "127.0.0.1.evil.example", "192.168.0.7"]
)
def test_a_name_that_leads_here_by_rebinding_gets_nothing(watched: Watched, path: str, host: str) -> None:
    answer = get(make_app(watched.showing, Hub()), path, host=host)
    assert answer.status == 400
    assert "First" not in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1:8472", "localhost:8472", "localhost"])
def test_this_machines_own_names_are_good(watched: Watched, host: str) -> None:
    assert get(make_app(watched.showing, Hub()), "/", host=host).status == 200


@pytest.mark.parametrize("path", ["/threadsync.yaml", "/media/../threadsync.yaml", "/media/" + "0" * 64])
def test_nothing_else_is_served(watched: Watched, path: str) -> None:
    assert get(make_app(watched.showing, Hub()), path).status == 404


@pytest.mark.parametrize("path", ["/events", "/media/x"])
@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_page_of_elsewhere_takes_no_place_among_those_that_are_told(
    watched: Watched, path: str, site: str
) -> None:
    hub = Hub()
    answer = get(make_app(watched.showing, hub), path, **{"sec-fetch-site": site})
    assert answer.status == 403
    assert not hub.listeners


def test_nothing_can_be_sent(watched: Watched) -> None:
    app = make_app(watched.showing, Hub())
    assert asyncio.run(Call(app, "/", method="POST").run()).status == 405


def test_a_picture_is_kept_by_the_browser_and_the_reason_for_none_is_not(watched: Watched) -> None:
    app = make_app(watched.showing, Hub())
    (src,) = re.findall(r'src="(/media/\w+)"', get(app, "/").text)
    found = get(app, src)
    assert found.status == 200
    assert found.headers["content-type"] in {"image/png", "image/jpeg"}
    assert "immutable" in found.headers["cache-control"]
    watched.world.write("posts/b.jpg", picture("blue"))
    watched.world.post("b", "![B](b.jpg)")
    watched.look()
    (watched.world.root / "posts/b.jpg").unlink()
    other = next(each for each in re.findall(r'src="(/media/\w+)"', get(app, "/").text) if each != src)
    lost = get(app, other)
    assert (lost.headers["content-type"], lost.headers["cache-control"]) == ("image/svg+xml", "no-store")
    assert "cannot be read" in lost.text


def test_a_page_is_told_what_changed_and_one_of_another_look_is_loaded_anew(watched: Watched) -> None:
    hub = Hub()
    watched.showing.tell = hub.tell
    app = make_app(watched.showing, hub)
    version = watched.showing.version

    async def story() -> tuple[str, str, str]:
        new = Call(app, f"/events?version={version}")
        old = Call(app, "/events?version=s-0")
        again = Call(app, f"/events?version={version}", {"last-event-id": "other-9"})
        running = [asyncio.ensure_future(each.run()) for each in (new, old, again)]
        await asyncio.gather(*(each.until(": listening") for each in (new, old, again)))
        await asyncio.gather(*(each.until("event: reload") for each in (old, again)))
        watched.world.post("a", "Other words")
        await asyncio.to_thread(watched.look)
        await new.until("event: change")
        hub.tell(None)
        await asyncio.gather(*running)
        assert not hub.listeners
        return new.answer.text, old.answer.text, again.answer.text

    new, old, again = asyncio.run(story())
    assert "reload" not in new
    assert "event: reload" in old
    assert "event: reload" in again
    (line,) = [each for each in new.splitlines() if each.startswith("data:")]
    told = json.loads(line.removeprefix("data: "))
    assert [html for html in told["blocks"].values() if "Other words" in html]
    assert f"id: {watched.showing.version}" in new


def test_a_browser_that_goes_away_is_forgotten(watched: Watched) -> None:
    hub = Hub()
    app = make_app(watched.showing, hub)

    async def story() -> None:
        call = Call(app, "/events")
        running = asyncio.ensure_future(call.run())
        await call.until(": listening")
        assert len(hub.listeners) == 1
        call.gone.set()
        await running
        assert not hub.listeners

    asyncio.run(story())


def test_pages_and_what_waits_for_them_are_bounded() -> None:
    async def story() -> None:
        hub = Hub()
        first = hub.join()
        assert first is not None
        while len(hub.listeners) < LISTENERS_MAX:
            assert hub.join() is not None
        assert hub.join() is None
        for number in range(WAITING_MAX + 1):
            first.put(Change(f"s-{number}"))
        assert await first.next() == Change(f"s-{WAITING_MAX}", whole=True)
        hub.tell(None)
        assert await first.next() is None
        hub.leave(first)
        assert hub.join() is None

    asyncio.run(story())


def test_a_page_too_many_is_told_so(watched: Watched) -> None:
    hub = Hub(is_over=True)
    assert get(make_app(watched.showing, hub), "/events").status == 503
