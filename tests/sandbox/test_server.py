"""The sandbox over real sockets: hanging up, fetching pictures, where it listens."""

from __future__ import annotations

import http.client
import json
import select
import socket
from email.utils import parsedate_to_datetime

import pytest
import requests
from msgspec.structs import replace

from tests.live.waiting import until
from tests.sandbox.callers import NOON, SETTINGS, Caller
from threadsync.sandbox.problems import PortInUse
from threadsync.sandbox.server import running
from threadsync.sandbox.settings import parse_fault

pytestmark = pytest.mark.live


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


def test_the_body_of_an_answer_does_not_wait_until_its_head_has_arrived(monkeypatch):
    """As it would on a connection that stays open, 40 ms each time: so its socket has ``TCP_NODELAY``."""
    options = []
    set_option = socket.socket.setsockopt

    def setsockopt(sock, *option):
        options.append(option)
        set_option(sock, *option)

    monkeypatch.setattr(socket.socket, "setsockopt", setsockopt)
    with running(SETTINGS) as sandbox, socket.create_connection(("127.0.0.1", sandbox.port)) as plain:
        plain.sendall(b"GET /sandbox/origin HTTP/1.1\r\nHost: x\r\n\r\n")
        assert plain.recv(1000)
    assert (socket.IPPROTO_TCP, socket.TCP_NODELAY, True) in options


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


def test_a_slow_answer_is_late_and_the_act_is_not_and_disarmed_it_comes(sandbox, call):
    """The client gives up waiting; the post is up. Without the fault there is nothing to wait for."""
    container = call("POST", "/me/threads", media_type="TEXT", text="x").json()["id"]
    sandbox.arm(parse_fault("publish:slow:1:3600"))
    connection = http.client.HTTPConnection("127.0.0.1", sandbox.port, timeout=10)
    query = f"creation_id={container}&access_token={sandbox.token('lift_report')}"
    connection.request("POST", f"/me/threads_publish?{query}")
    until(lambda: bool(sandbox.ledger()["posts"]), "the post")
    assert not select.select([connection.sock], [], [], 0.1)[0]
    sandbox.disarm()
    answer = connection.getresponse()
    assert json.loads(answer.read())["id"] == sandbox.ledger()["posts"][0]["id"]
    connection.close()


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
