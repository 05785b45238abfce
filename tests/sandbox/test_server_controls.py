"""The sandbox over real sockets: its controls and its pages."""

from __future__ import annotations

import json
import re

import pytest
import requests
from msgspec.structs import replace

from tests.sandbox.callers import NOON, SETTINGS, Caller
from threadsync.sandbox.server import running
from threadsync.sandbox.settings import parse_fault
from threadsync.sandbox.threads import Profile, signature_headers

pytestmark = pytest.mark.live


class TestControls:
    """``/sandbox/…``: what is set from outside, and the independent witness."""

    @pytest.fixture
    def control(self, sandbox):
        def ask(method, path, **body):
            return requests.request(
                method, f"{sandbox.base_url}/sandbox/{path}", json=body or None, timeout=10
            )

        return ask

    def test_switches(self, control, call):
        shown = control("POST", "settings", text_delay_seconds=60, text_count="bytes").json()
        assert shown["switches"]["text_count"] == "bytes"
        assert "quota-reached" in shown["invented"]
        container = call("POST", "/me/threads", media_type="TEXT", text="x").json()["id"]
        assert call("GET", f"/{container}").json()["status"] == "IN_PROGRESS"

    @pytest.mark.parametrize("bad", [{"gravity": 1}, {"posts_quota": "many"}])
    def test_wrong_switches(self, control, bad):
        answer = control("POST", "settings", **bad)
        assert answer.status_code == 400
        assert "switch" in answer.json()["error"]

    def test_faults(self, control, call):
        shown = control("POST", "faults", faults=["profile:throttled:2", "publish:answer-lost"]).json()
        assert len(shown["faults"]) == 2
        assert call("GET", "/me").status_code == 400
        assert control("GET", "settings").json()["faults"][0]["fired"] == 1
        assert control("DELETE", "faults").json()["faults"] == []
        assert call("GET", "/me").status_code == 200
        assert control("POST", "faults", faults=["fly:slow"]).status_code == 400
        assert control("POST", "faults").json() == {"error": "the body needs 'faults'"}

    def test_the_clock(self, control, call):
        media = call.post(is_ghost_post="true")
        assert control("POST", "clock", advance=86_400).json() == {"now": NOON + 86_400}
        shown = call("GET", f"/{media}", fields="ghost_post_status").json()
        assert shown["ghost_post_status"] == "ARCHIVED"

    def test_profiles_and_tokens(self, control, sandbox):
        control("POST", "profiles", name="quay", token="q", scopes=["threads_basic"])
        ask = {"access_token": "q", "fields": "username"}
        assert requests.get(sandbox.base_url + "/me", params=ask, timeout=10).json()["username"] == "quay"
        control("POST", "tokens/expire", token="q")
        assert requests.get(sandbox.base_url + "/me", params=ask, timeout=10).status_code == 401
        assert control("POST", "profiles", name="a/b").status_code == 400

    def test_votes(self, control, call):
        media = call.post(poll_attachment='{"option_a": "Yes", "option_b": "No"}')
        assert control("POST", "votes", post=media, votes=[3, 1]).json() == {"success": True}
        fields = "poll_attachment{option_a_votes_percentage,total_votes}"
        assert call("GET", f"/{media}", fields=fields).json()["poll_attachment"] == {
            "option_a_votes_percentage": 0.75,
            "total_votes": 4,
        }
        for body in (
            {"post": media, "votes": [1]},
            {"post": media, "votes": [1, -1]},
            {"post": "1", "votes": []},
        ):
            assert "poll" in control("POST", "votes", **body).json()["error"]

    def test_what_other_people_do(self, control, call):
        """Posts to be found, mentions, replies that wait, readers, places."""
        control("POST", "settings", advanced_access=True)
        root = call.post(enable_reply_approvals="true")
        said = {"profile": "harbour_desk", "text": "Thanks @lift_report", "reply_to_id": root}
        reply = control("POST", "posts", **said).json()["id"]
        waiting = call("GET", f"/{root}/pending_replies").json()["data"]
        assert [row["id"] for row in waiting] == [reply]
        call("POST", f"/{reply}/manage_pending_reply", approve="true")
        assert [row["id"] for row in call("GET", "/me/mentions").json()["data"]] == [reply]
        assert [row["id"] for row in call("GET", "/keyword_search", q="thanks").json()["data"]] == [reply]
        control("POST", "readings", post=root, views=3, likes=1)
        control("POST", "readings", profile="lift_report", views=8)
        (likes,) = call("GET", f"/{root}/insights", metric="likes").json()["data"]
        assert likes["values"] == [{"value": 1}]
        control("POST", "places", id=7, name="Hafen", city="Zürich")
        (place,) = call("GET", "/location_search", q="hafen", fields="city").json()["data"]
        assert place == {"id": 7, "city": "Zürich"}
        control("POST", "profiles", name="quay", about={"follower_count": 100})
        shown = call("GET", "/profile_lookup", username="quay").json()
        assert shown["follower_count"] == 100

    @pytest.mark.parametrize(
        ("path", "body", "says"),
        [
            ("posts", {"profile": "nobody", "text": "x"}, "no profile 'nobody'"),
            ("posts", {"text": "x"}, "needs 'profile'"),
            ("readings", {"post": "1", "views": 1}, "no live post"),
            ("readings", {"post": "1", "stars": 1}, "stars"),
            ("places", {"id": "hafen", "name": "Hafen"}, "is a number"),
            ("profiles", {"name": "quay", "about": {"age": 3}}, "age"),
            ("webhooks", {"fields": ["likes"]}, "no webhook field"),
            ("webhooks", {"fields": ["publish"]}, "advanced_access"),
            ("app", {"colour": "red"}, "colour"),
        ],
        ids=str,
    )
    def test_what_cannot_be(self, control, path, body, says):
        answer = control("POST", path, **body)
        assert answer.status_code == 400
        assert says in answer.json()["error"]

    def test_webhooks(self, control, sandbox, call):
        control("POST", "settings", advanced_access=True)
        shown = control("POST", "webhooks", fields=["publish"]).json()
        assert shown["webhooks"] == ["publish"]
        media = call.post()
        (sent,) = control("GET", "deliveries").json()["deliveries"]
        assert json.loads(sent["body"])["values"]["value"]["id"] == media
        signed = signature_headers(sent["body"].encode(), sandbox.app.secret)
        assert sent["headers"] == signed
        assert sandbox.deliveries()[0].body == sent["body"].encode()

    def test_a_way_to_a_token(self, control, sandbox):
        """The window sends back with a code; the code becomes a token; the token opens the profile."""
        back = "https://localhost/back"
        shown = control("POST", "app", id="77", secret="hush", redirect_uris=[back]).json()
        assert shown["app"] == {"id": "77", "name": "sandbox", "redirect_uris": [back]}
        assert "hush" not in json.dumps(shown)
        control("POST", "settings", authorize_as="harbour_desk")
        params = {"client_id": "77", "redirect_uri": back, "scope": "threads_basic", "response_type": "code"}
        url = f"{sandbox.base_url}/oauth/authorize"
        with requests.get(url, params=params, timeout=10, allow_redirects=False) as sent:
            assert sent.status_code == 302
            code = sent.headers["Location"].removeprefix(f"{back}?code=").removesuffix("#_")
        keys = {"client_id": "77", "client_secret": "hush", "redirect_uri": back}
        given = requests.post(
            f"{sandbox.base_url}/oauth/access_token",
            data={**keys, "grant_type": "authorization_code", "code": code},
            timeout=10,
        ).json()
        ask = {"access_token": given["access_token"], "fields": "username"}
        assert requests.get(f"{sandbox.base_url}/me", params=ask, timeout=10).json() == {
            "id": str(given["user_id"]),
            "username": "harbour_desk",
        }
        kept = json.dumps(control("GET", "ledger").json())
        assert not any(secret in kept for secret in (code, "hush", given["access_token"]))
        sandbox.engine.set_app(SETTINGS.app)

    def test_the_ledger_and_reset(self, control, sandbox, call):
        media = call.post(text="Hello")
        call("DELETE", f"/{call.post(text='Bye')}")
        found = control("GET", "ledger").json()
        assert [row["text"] for row in found["posts"]] == ["Hello"]
        assert [row["text"] for row in found["deletions"]] == ["Bye"]
        publish = found["requests"][1]
        assert (publish["method"], publish["path"]) == ("POST", "/v1.0/me/threads_publish")
        assert (publish["made"], publish["profile"], publish["status"]) == (media, "lift_report", 200)
        assert sandbox.token("lift_report") not in json.dumps(found)
        assert "requests" not in control("GET", "ledger?requests=no").json()
        control("POST", "reset")
        assert control("GET", "ledger").json() == {
            "posts": [],
            "deletions": [],
            "containers": 0,
            "bluesky": {"posts": [], "deletions": []},
            "requests": [],
        }

    def test_the_record_of_calls_is_bounded(self):
        with running(replace(SETTINGS, requests_recorded_max=3)) as sandbox:
            call = Caller(sandbox)
            for number in range(5):
                call("GET", f"/{number}")
            assert [str(each.path) for each in sandbox.requests()] == ["/2", "/3", "/4"]

    def test_from_python(self, sandbox, call):
        sandbox.add_profile(Profile("quay", token="q"))
        sandbox.expire_token(sandbox.token("lift_report"))
        assert call("GET", "/me").status_code == 401
        sandbox.arm(parse_fault("any:throttled:always"))
        sandbox.disarm()
        media = sandbox.post_as("harbour_desk", text="by hand")
        assert [row["id"] for row in sandbox.ledger()["posts"]] == [media]
        sandbox.reset()
        sandbox.advance(5)
        assert sandbox.requests() == ()


class TestPages:
    """The pages over HTTP; what is on them is in test_pages.py."""

    def page(self, sandbox, path="/"):
        with requests.get(sandbox.base_url + path, timeout=10) as answer:
            assert answer.status_code == 200
            assert answer.headers["X-Sandbox-Origin"] == sandbox.origin
            return answer

    def test_a_permalink_opens_the_post(self, sandbox, call, media_host, make_png):
        children = [
            call(
                "POST",
                "/me/threads",
                media_type="IMAGE",
                is_carousel_item="true",
                alt_text=f'Picture "{n}"',
                image_url=media_host.add(f"{n}.png", make_png(colour=n)),
            ).json()["id"]
            for n in ("red", "blue")
        ]
        media = call.post(media_type="CAROUSEL", children=",".join(children), text="Two")
        link = call("GET", f"/{media}", fields="permalink").json()["permalink"]
        assert link.startswith(sandbox.base_url + "/@lift_report/post/")
        with requests.get(link, timeout=10) as answer:
            assert answer.text.count("<img ") == 2
            assert 'alt="Picture &#34;red&#34;"' in answer.text

    @pytest.mark.parametrize("path", ["/", "/@lift_report", "/media/gif/a%2F%3Cb%3E"])
    def test_the_browser_is_told_to_ask_nobody_else(self, sandbox, path):
        policy = self.page(sandbox, path).headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; style-src 'self'; script-src 'self'")
        assert "http" not in policy
        assert "unsafe" not in policy

    def test_what_a_page_asks_for_is_there(self, sandbox, call):
        call.post(gif_attachment='{"gif_id": "a/<b>", "provider": "GIPHY"}')
        page = self.page(sandbox).text
        asked = re.findall(r'(?:src|href)="(/[^"]+)"', page)
        assert {"/sandbox/page.css", "/sandbox/page.js", "/media/gif/a%2F%3Cb%3E"} <= set(asked)
        for path in asked:
            self.page(sandbox, path)
        drawing = self.page(sandbox, "/media/gif/a%2F%3Cb%3E")
        assert drawing.headers["Content-Type"].startswith("image/svg+xml")
        assert "a/&lt;b&gt;" in drawing.text

    def test_a_page_can_tell_whether_something_changed(self, sandbox, call):
        shown = re.search(r'data-serial="(\d+)"', self.page(sandbox).text)
        assert shown is not None
        assert self.page(sandbox, "/sandbox/serial").json()["serial"] == int(shown.group(1))
        call.post()
        assert self.page(sandbox, "/sandbox/serial").json()["serial"] > int(shown.group(1))

    def test_older_posts_are_a_page_away(self, sandbox, call):
        for n in range(21):
            call.post(text=f"number {n}.")
        page = self.page(sandbox).text
        assert "number 0." not in page
        link = page.split("?older=")[1].split('"')[0]
        for path in ("/", "/@lift_report"):
            assert "number 0." in self.page(sandbox, f"{path}?older={link}").text

    @pytest.mark.parametrize("path", ["/@nobody", "/@lift_report/post/none"])
    def test_what_is_not_there_is_404(self, sandbox, path):
        assert requests.get(sandbox.base_url + path, timeout=10).status_code == 404
