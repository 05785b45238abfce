"""The sandbox over real sockets: hanging up, fetching pictures, controls, pages, the foreground run."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
from dataclasses import asdict, replace
from email.utils import parsedate_to_datetime

import pytest
import requests

from threadsync.sandbox.problems import PortInUse
from threadsync.sandbox.server import running
from threadsync.sandbox.settings import SandboxSettings, parse_fault
from threadsync.sandbox.threads import Profile, Switches

pytestmark = pytest.mark.live

NOON = 1_790_000_000.0
AT_ONCE = Switches(image_delay_seconds=0, carousel_delay_seconds=0, video_delay_seconds=0)
SETTINGS = SandboxSettings(seed=7, clock=lambda: NOON, switches=AT_ONCE)


@pytest.fixture(scope="module")
def one_server():
    with running(SETTINGS) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(one_server):
    """The one server of this module, as if it were new."""
    one_server.reset()
    one_server.switch(**asdict(AT_ONCE))
    one_server.advance(NOON - one_server.engine.look(lambda state, now: now))
    for profile in SETTINGS.profiles:
        one_server.add_profile(profile)
    return one_server


class Caller:
    """A client with the token of one profile."""

    def __init__(self, sandbox, name="lift_report"):
        self._sandbox, self._token = sandbox, sandbox.token(name)

    def __call__(self, method, path, **params):
        with requests.request(
            method,
            self._sandbox.base_url + path,
            data=params if method == "POST" else None,
            params=params if method != "POST" else None,
            headers={"Authorization": f"Bearer {self._token}"},
            timeout=10,
        ) as answer:
            return answer

    def post(self, **params):
        container = self(
            "POST", "/v1.0/me/threads", **{"media_type": "TEXT", "text": "Lifts", **params}
        ).json()
        return self("POST", "/v1.0/me/threads_publish", creation_id=container["id"]).json()["id"]


@pytest.fixture
def call(sandbox):
    return Caller(sandbox)


def test_an_answer_of_the_network(sandbox, call):
    """JSON, the network's own date, and the origin on every response."""
    answer = call("GET", "/v1.0/me", fields="id,username")
    assert answer.json()["username"] == "lift_report"
    assert answer.headers["X-Sandbox-Origin"] == sandbox.origin == "sandbox:seed-7"
    assert parsedate_to_datetime(answer.headers["Date"]).timestamp() == NOON
    assert requests.get(sandbox.base_url + "/sandbox/origin", timeout=10).json() == {
        "origin": "sandbox:seed-7"
    }


def test_the_date_header_follows_the_skew(sandbox, call):
    """A client can find out how far the network's clock is off."""
    sandbox.switch(clock_skew_seconds=600.0)
    assert parsedate_to_datetime(call("GET", "/me").headers["Date"]).timestamp() == NOON + 600


@pytest.mark.parametrize("fault", ["publish:answer-lost", "publish:request-lost"])
def test_hanging_up_really_closes_the_socket(sandbox, call, fault):
    """Not one byte comes back; whether the post is up depends on the fault."""
    container = call("POST", "/me/threads", media_type="TEXT", text="x").json()["id"]
    sandbox.arm(parse_fault(fault))
    body = f"creation_id={container}&access_token={sandbox.token('lift_report')}"
    with socket.create_connection(("127.0.0.1", sandbox.port), timeout=10) as plain:
        plain.sendall(
            f"POST /v1.0/me/threads_publish HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\n\r\n{body}".encode()
        )
        assert plain.recv(1000) == b""
    assert len(sandbox.ledger()["posts"]) == (1 if fault == "publish:answer-lost" else 0)
    assert call("GET", "/me").status_code == 200, "the server goes on"


def test_an_answer_that_is_cut_ends_in_the_middle(sandbox, call):
    """The head and half of the body arrive; the post is up."""
    container = call("POST", "/me/threads", media_type="TEXT", text="x").json()["id"]
    sandbox.arm(parse_fault("publish:answer-cut"))
    connection = http.client.HTTPConnection("127.0.0.1", sandbox.port, timeout=10)
    query = f"creation_id={container}&access_token={sandbox.token('lift_report')}"
    connection.request("POST", f"/me/threads_publish?{query}")
    answer = connection.getresponse()
    with pytest.raises(http.client.IncompleteRead) as cut:
        answer.read()
    connection.close()
    assert answer.status == 200
    assert int(answer.headers["Content-Length"]) == len(cut.value.partial) + (cut.value.expected or 0)
    (post,) = sandbox.ledger()["posts"]
    whole = json.dumps({"id": post["id"]}, separators=(",", ":")).encode()
    assert cut.value.partial == whole[: len(whole) // 2]
    assert call("GET", "/me").status_code == 200, "the server goes on"


def test_calls_are_counted_beyond_the_record_and_faults_by_kind(sandbox, call):
    """A record of calls that begins anew makes no number smaller; a fault counts when it happens."""
    sandbox.arm(parse_fault("profile:throttled"), parse_fault("profile:server-error"))
    before = sandbox.calls()
    assert {call("GET", "/me").status_code for _ in range(3)} == {200, 400, 500}
    sandbox.engine.forget_requests()
    assert sandbox.calls() == before + 3
    assert sandbox.faults_fired() == {"throttled": 1, "server-error": 1}


def test_a_client_sees_a_broken_connection(sandbox, call):
    """requests raises ConnectionError, as it would on a real failure."""
    sandbox.arm(parse_fault("any:request-lost"))
    with pytest.raises(requests.ConnectionError):
        call("GET", "/me")


def test_a_slow_answer_is_late_and_the_act_is_not(sandbox, call):
    """The client gives up; the post is up."""
    container = call("POST", "/me/threads", media_type="TEXT", text="x").json()["id"]
    sandbox.arm(parse_fault("publish:slow:1:0.4"))
    connection = http.client.HTTPConnection("127.0.0.1", sandbox.port, timeout=0.1)
    query = f"creation_id={container}&access_token={sandbox.token('lift_report')}"
    connection.request("POST", f"/me/threads_publish?{query}")
    with pytest.raises(TimeoutError):
        connection.getresponse()
    connection.close()
    assert len(sandbox.ledger()["posts"]) == 1


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /me HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /me HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf",
    ],
    ids=["slow", "half-sent"],
)
def test_the_end_waits_for_no_answer_and_complains_of_none(caplog, sent):
    """An answer that is still awaited when the server ends is given up in silence, its connection closed."""
    with socket.socket() as plain:
        plain.settimeout(10)
        with running(SETTINGS) as sandbox:
            sandbox.arm(parse_fault("any:slow:always:3600"))
            plain.connect(("127.0.0.1", sandbox.port))
            plain.sendall(sent)
            while sent.endswith(b"\r\n") and not sandbox.requests():
                requests.get(sandbox.base_url + "/sandbox/origin", timeout=10).close()
            requests.get(sandbox.base_url + "/sandbox/origin", timeout=10).close()
        assert plain.recv(1000) == b""
    assert caplog.records == []


def test_a_caller_killed_in_the_middle_of_its_request_is_no_error(sandbox, call, caplog):
    """Half a request and then nothing: nothing is done, nothing is printed, the server goes on."""
    with socket.create_connection(("127.0.0.1", sandbox.port), timeout=10) as plain:
        plain.sendall(b"POST /me/threads HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\nmedia_type=TEXT")
        assert call("GET", "/me").status_code == 200
    assert call("GET", "/me").status_code == 200
    assert caplog.records == []


def test_pictures_are_fetched_probed_and_kept(sandbox, call, media_host, make_png):
    """The page and media_url show the sandbox's own copy after the host is gone."""
    content = make_png()
    url = media_host.add("map.png", content)
    media = call.post(media_type="IMAGE", image_url=url, alt_text="A map")
    media_host.files.clear()
    own = call("GET", f"/{media}", fields="media_url").json()["media_url"]
    with requests.get(own, timeout=10) as answer:
        assert answer.content == content
        assert answer.headers["Content-Type"] == "image/png"


@pytest.mark.parametrize(
    "name", ["gone.png", "moved", "text.png", "cut.png", "gif.png"], ids=lambda name: name.partition(".")[0]
)
def test_what_is_no_good_picture_is_refused(call, media_host, make_png, name):
    """Missing, redirected, no picture, cut short, a GIF: 1/2207052."""
    media_host.add("map.png", make_png())
    media_host.add("text.png", b"<html>")
    media_host.add("cut.png", make_png(900, 900)[:200])
    media_host.add("gif.png", b"GIF89a\x01\x00\x01\x00\x00\x00\x00;")
    answer = call("POST", "/me/threads", media_type="IMAGE", image_url=f"{media_host.base_url}/{name}")
    assert answer.json()["error"]["error_subcode"] == 2207052


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/a.png",
        "http://192.168.0.1/a.png",
        "http://127.0.0.1.example/a.png",
        "file:///a.png",
        "http://[",
        "//a",
    ],
)
def test_nothing_outside_this_machine_is_fetched(call, url):
    """INVENTED (local-media): loopback addresses only."""
    answer = call("POST", "/me/threads", media_type="IMAGE", image_url=url)
    assert answer.json()["error"]["error_subcode"] == 2207052


def test_a_file_over_the_bound_is_not_read(media_host):
    """Downloads are bounded in size."""
    url = media_host.add("film.mp4", b"\x00\x00\x00\x18ftypisom" + bytes(5000))
    with running(replace(SETTINGS, fetch_bytes_max=1000)) as sandbox:
        call = Caller(sandbox)
        container = call("POST", "/me/threads", media_type="VIDEO", video_url=url).json()["id"]
        shown = call("GET", f"/{container}", fields="status,error_message").json()
    assert shown["error_message"] == "FAILED_DOWNLOADING_VIDEO"


def test_a_film_is_kept_and_served(call, media_host):
    """Of a video only kind and size are looked at."""
    content = b"\x00\x00\x00\x18ftypqt  " + bytes(500)
    media = call.post(media_type="VIDEO", video_url=media_host.add("film.mov", content))
    own = call("GET", f"/{media}", fields="media_url").json()["media_url"]
    with requests.get(own, timeout=10) as answer:
        assert (answer.content, answer.headers["Content-Type"]) == (content, "video/quicktime")


def test_media_names_lead_nowhere_else(sandbox):
    """No path leads out of the shelf."""
    for name in ("nothing.png", "..%2Fnetwork.json", "network.json"):
        with requests.get(f"{sandbox.base_url}/media/{name}", timeout=10) as answer:
            assert answer.status_code in {400, 404}
            assert "switches" not in answer.text


def test_a_malformed_body_is_a_refusal(sandbox):
    """The envelope stays that of the network."""
    answer = requests.post(
        sandbox.base_url + "/me/threads", data=b"{", headers={"Content-Type": "application/json"}, timeout=10
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 100)


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
            for _ in range(5):
                call("GET", "/me")
            assert len(sandbox.requests()) == 3

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


def test_a_port_in_use_is_named(sandbox):
    """Two sandboxes on one port: the second says which."""
    second = running(replace(SETTINGS, port=sandbox.port))
    with pytest.raises(PortInUse, match=str(sandbox.port)) as caught:
        second.__enter__()
    assert caught.value.port == sandbox.port


def test_it_listens_on_this_machine_only(sandbox):
    """127.0.0.1 and no other address."""
    with socket.socket() as other:
        other.settimeout(10)
        assert other.connect_ex(("127.0.0.2", sandbox.port)) != 0


def test_permalinks_can_have_an_address_of_their_own():
    """With `public_url` what is written into files does not depend on the port."""
    with running(replace(SETTINGS, public_url="http://127.0.0.1:8400")) as sandbox:
        call = Caller(sandbox)
        link = call("GET", f"/{call.post()}", fields="permalink").json()["permalink"]
    assert link.startswith("http://127.0.0.1:8400/@lift_report/post/")


def test_a_fixed_clock_and_a_seed_make_everything_reproducible():
    """The same calls have the same ids, shortcodes and times."""

    def run():
        with running(SETTINGS) as sandbox:
            call = Caller(sandbox)
            media = call.post(text="Hello")
            return call("GET", f"/{media}", fields="id,shortcode,timestamp,text").content

    assert run() == run()


SERVE = """
import sys
from pathlib import Path
from threadsync.sandbox.server import serve
from threadsync.sandbox.settings import SandboxSettings

def started(sandbox):
    sys.stdout.write(f"{sandbox.port} {sandbox.origin}\\n")
    sys.stdout.flush()

serve(SandboxSettings(data=Path(sys.argv[1])), started)
sys.stdout.write("ended\\n")
"""


@pytest.fixture
def serving(tmp_path):
    """Starts foreground runs on one folder; all of them are gone after the test."""
    started = []

    def start():
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", SERVE, str(tmp_path / "data")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=os.getcwd(),
            env={**os.environ, "PYTHONPATH": os.getcwd()},
        )
        started.append(process)
        assert process.stdout is not None
        port, origin = process.stdout.readline().split()
        return process, f"http://127.0.0.1:{port}", origin

    yield start
    for process in started:
        process.kill()
        process.communicate(timeout=10)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_foreground_run_ends_cleanly_at_a_signal(serving, number):
    """Exit status 0, and what comes after serve() runs."""
    process, base_url, _ = serving()
    assert requests.get(base_url, timeout=10).status_code == 200
    process.send_signal(number)
    out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err) == (0, "ended\n", "")


def test_sigkill_loses_nothing_that_was_acknowledged(serving):
    """Stop it the hard way, start it again: same origin, same posts, same containers, same faults."""
    process, base_url, origin = serving()
    token = {"access_token": "sandbox-lift_report"}

    def post(path, **params):
        return requests.post(base_url + path, data={**token, **params}, timeout=10).json()["id"]

    made = [
        post("/me/threads_publish", creation_id=post("/me/threads", media_type="TEXT", text=f"{n}"))
        for n in range(5)
    ]
    container = post("/me/threads", media_type="TEXT", text="waiting")
    requests.post(base_url + "/sandbox/faults", json={"faults": ["profile:throttled"]}, timeout=10)
    process.kill()
    process.wait(timeout=10)
    _, base_url, again = serving()
    assert again == origin
    shown = requests.get(base_url + "/me/threads", params=token, timeout=10).json()
    assert [row["id"] for row in shown["data"]] == made[::-1]
    assert requests.get(f"{base_url}/{container}", params=token, timeout=10).json()["status"] == "FINISHED"
    assert requests.get(base_url + "/me", params=token, timeout=10).status_code == 400
    assert post("/me/threads_publish", creation_id=container) not in made
