"""The sandbox over real sockets: its controls and its pages."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
import requests

from tests.sandbox.callers import NOON, SETTINGS, Caller
from threadsync.sandbox.server import running
from threadsync.sandbox.settings import parse_fault
from threadsync.sandbox.threads import Profile

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
        assert self.page(sandbox, "/sandbox/serial").json() == {"serial": int(shown.group(1))}
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
