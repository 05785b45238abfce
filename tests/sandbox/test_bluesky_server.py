"""The Bluesky network of a sandbox over a socket, beside the Threads network on the same port."""

from __future__ import annotations

import sys

import pytest
import requests
from msgspec.structs import replace

from tests.sandbox.bluesky_nets import HANDLE, NOON, PNG, Person, Real
from tests.sandbox.bluesky_talks import KEYS, TALKS, post
from tests.sandbox.callers import SETTINGS
from threadsync.sandbox.bluesky.state import did_of
from threadsync.sandbox.problems import DataInUse
from threadsync.sandbox.server import running
from threadsync.sandbox.settings import SandboxSettings, parse_fault

pytest.importorskip("libipld")
pytestmark = pytest.mark.live

OLD_SERVER = {"generation": "0.4", "has_appview": False, "rate_limits": False, "email_confirmed": False}
CREATE = "com.atproto.repo.createRecord"


def person_on(sandbox) -> Person:
    url = sandbox.base_url
    return Person(Real(url, f"{url}/plc", did_of(HANDLE), HANDLE, f"sandbox-main-{HANDLE}"))


@pytest.fixture
def person(sandbox) -> Person:
    return person_on(sandbox).log_in()


@pytest.mark.parametrize("talk", TALKS, ids=lambda talk: talk.__name__)
def test_it_answers_over_a_socket_as_a_real_server_does(sandbox, talk):
    sandbox.switch_bluesky(**OLD_SERVER)
    try:
        talk(person_on(sandbox).log_in())
    finally:
        sandbox.switch_bluesky(generation="0.5", has_appview=True, rate_limits=True, email_confirmed=True)


def test_both_networks_are_on_one_port(sandbox, call, person):
    made = person.put(KEYS[0], post())
    threads_id = call.post()
    found = sandbox.ledger()
    assert [row["id"] for row in found["posts"]] == [threads_id]
    assert [row["id"] for row in found["bluesky"]["posts"]] == [made["uri"]]
    assert found["bluesky"]["posts"][0]["profile"] == HANDLE
    sandbox.reset()
    assert sandbox.ledger()["bluesky"] == {"posts": [], "deletions": []}


def test_its_posts_have_pages_where_bsky_app_has_them_and_its_pictures_an_address(sandbox, person):
    reference = person.send("com.atproto.repo.uploadBlob", PNG, "image/png")["blob"]
    shown = {"image": reference, "alt": "A dot", "aspectRatio": {"width": 1, "height": 1}}
    person.put(KEYS[0], post(embed={"$type": "app.bsky.embed.images", "images": [shown]}))
    for path in ("/bluesky", f"/profile/{HANDLE}", f"/profile/{person.net.did}/post/{KEYS[0]}"):
        with requests.get(sandbox.base_url + path, timeout=10) as page:
            assert page.status_code == 200, path
            assert page.headers["Content-Security-Policy"].startswith("default-src 'none';")
            assert f'src="/blob/{reference["ref"]["$link"]}" alt="A dot"' in page.text
    with requests.get(f"{sandbox.base_url}/blob/{reference['ref']['$link']}", timeout=10) as picture:
        assert (picture.content, picture.headers["Content-Type"]) == (PNG, "image/png")
    for path in ("/profile/nobody.test", f"/profile/{HANDLE}/post/{KEYS[1]}", "/blob/bafy"):
        with requests.get(sandbox.base_url + path, timeout=10) as page:
            assert page.status_code == 404, path


def test_its_page_can_tell_whether_something_changed(sandbox, person):
    before = requests.get(f"{sandbox.base_url}/sandbox/serial", timeout=10).json()
    person.put(KEYS[0], post())
    after = requests.get(f"{sandbox.base_url}/sandbox/serial", timeout=10).json()
    assert after["bluesky"] > before["bluesky"]
    assert after["serial"] == before["serial"]
    page = requests.get(f"{sandbox.base_url}/bluesky", timeout=10).text
    assert f'data-serial="{after["bluesky"]}" data-serial-name="bluesky"' in page


def test_the_app_password_opens_an_account(sandbox):
    person = person_on(sandbox)
    person.net.password = f"sandbox-{HANDLE}"
    document = person.log_in().get(person.net.did)
    assert document["service"][0]["serviceEndpoint"] == sandbox.base_url
    assert document.headers["Content-Type"].startswith("application/did+ld+json")


@pytest.mark.parametrize(("fault", "live"), [("answer-lost", 1), ("answer-cut", 1), ("request-lost", 0)])
def test_hanging_up_really_closes_the_socket(sandbox, person, fault, live):
    """Whether the record is there depends on the fault; repeating the put makes one of it."""
    sandbox.arm(parse_fault(f"bluesky/put-record:{fault}"))
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        person.put(KEYS[0], post(), swapRecord=None)
    assert len(sandbox.ledger()["bluesky"]["posts"]) == live
    assert person.put(KEYS[0], post(), swapRecord=None).status == 200
    assert len(sandbox.ledger()["bluesky"]["posts"]) == 1


def test_the_record_of_calls_has_both_networks(sandbox, call, person):
    call("GET", "/v1.0/me")
    person.put(KEYS[0], post())
    rows = [(row.path, row.profile, row.made) for row in sandbox.requests()][-2:]
    uri = f"at://{person.net.did}/app.bsky.feed.post/{KEYS[0]}"
    assert rows == [("/v1.0/me", "lift_report", ""), ("/xrpc/com.atproto.repo.putRecord", HANDLE, uri)]


def test_a_blob_comes_back_as_it_was_sent(sandbox, person):
    blob = person.send("com.atproto.repo.uploadBlob", PNG, "image/png")["blob"]
    image = {"image": blob, "alt": ""}
    person.put(KEYS[0], post(embed={"$type": "app.bsky.embed.images", "images": [image]}))
    params = {"did": person.net.did, "cid": blob["ref"]["$link"]}
    url = f"{sandbox.base_url}/xrpc/com.atproto.sync.getBlob"
    with requests.get(url, params=params, timeout=10) as answer:
        assert (answer.content, answer.headers["Content-Type"]) == (PNG, "image/png")
        assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_a_body_that_is_no_json_is_refused(sandbox):
    url = f"{sandbox.base_url}/xrpc/com.atproto.server.createSession"
    for body in (b"{", b"[]", b'"\\ud800"'):
        with requests.post(url, data=body, timeout=10) as answer:
            assert (answer.status_code, answer.json()["error"]) == (400, "InvalidRequest")


def test_faults_and_switches_are_changed_by_http(sandbox):
    url = f"{sandbox.base_url}/sandbox"
    faults = {"faults": ["bluesky/publish#2:slow:always:0.5", "publish:answer-lost"]}
    threads = requests.post(f"{url}/faults", json=faults, timeout=10).json()
    assert [each["kind"] for each in threads["faults"]] == ["answer-lost"]
    shown = requests.post(f"{url}/bluesky", json={"points_per_hour": 100}, timeout=10).json()
    assert [(each["operation"], each["skip"]) for each in shown["faults"]] == [("publish", 1)]
    assert shown["switches"]["points_per_hour"] == 100
    assert {each["handle"] for each in shown["profiles"]} == {HANDLE, "harbour-desk.test"}
    for wrong in (
        {"points": 1},
        {"rate_limits": 1},
        {"generation": "0.3"},
        {"video_answer": "loud"},
        {"records_rewritten": "all"},
    ):
        assert requests.post(f"{url}/bluesky", json=wrong, timeout=10).status_code == 400
    requests.post(f"{url}/bluesky", json={"points_per_hour": 5000}, timeout=10)
    requests.delete(f"{url}/faults", timeout=10)
    assert requests.get(f"{url}/bluesky", timeout=10).json()["faults"] == []


def test_accounts_are_made_and_sessions_ended_by_http(sandbox):
    url = f"{sandbox.base_url}/sandbox/bluesky"
    made = requests.post(f"{url}/profiles", json={"handle": "quay.test", "app_password": "q"}, timeout=10)
    assert "quay.test" in {each["handle"] for each in made.json()["profiles"]}
    person = person_on(sandbox)
    person.net.handle, person.net.password = "quay.test", "q"
    person.log_in()
    assert requests.post(f"{url}/expire", json={"handle": "quay.test"}, timeout=10).json() == {
        "success": True
    }
    assert person.get("com.atproto.server.getSession").refusal == (400, "ExpiredToken")
    for path, wrong in (
        ("profiles", {"handle": "Quay"}),
        ("profiles", {}),
        ("expire", {"handle": "nobody.test"}),
    ):
        assert requests.post(f"{url}/{path}", json=wrong, timeout=10).status_code == 400


def test_without_the_library_it_says_what_to_install(sandbox, person, monkeypatch):
    monkeypatch.setitem(sys.modules, "libipld", None)
    said = person.put(KEYS[0], post())
    assert said.refusal == (501, "MethodNotImplemented")
    assert "pip install 'threadsync[bluesky]'" in said["message"]


def test_what_was_written_survives_a_restart_and_a_kill(tmp_path):
    """Records, blobs, sessions, faults and the last change before the journal was folded."""
    settings = SandboxSettings(seed=7, clock=lambda: NOON, data=tmp_path / "data")
    with running(settings) as sandbox:
        person = person_on(sandbox).log_in()
        blob = person.send("com.atproto.repo.uploadBlob", PNG, "image/png")["blob"]
        sandbox.arm(parse_fault("bluesky/create-record:server-error:2"))
        assert person.create(post()).status == 500
        folder = tmp_path / "data" / "bluesky"
        image = {"image": blob, "alt": ""}
        embed = {"$type": "app.bsky.embed.images", "images": [image]}
        made = person.put(KEYS[0], post(embed=embed))
        killed = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    for name, content in killed.items():  # as if nothing had been folded at the end
        (folder / name).write_bytes(content)
    newest = max(folder.glob("journal-*"), key=lambda path: int(path.stem.partition("-")[2]))
    if newest.name not in killed:
        newest.unlink()
    with running(settings) as sandbox:
        again = Person(person_on(sandbox).net, person.token)
        assert again.read(KEYS[0])["cid"] == made["cid"]
        cid = blob["ref"]["$link"]
        assert again.get("com.atproto.sync.getBlob", did=again.net.did, cid=cid).status == 200
        assert [again.create(post()).status for _ in range(2)] == [500, 200]
        assert "sandbox-" not in "".join(path.read_text() for path in folder.glob("*.json*"))
        assert person.token not in "".join(path.read_text() for path in folder.glob("*.json*"))


def test_the_data_of_both_is_held_by_one_sandbox(tmp_path):
    settings = replace(SETTINGS, data=tmp_path)
    with running(settings), pytest.raises(DataInUse), running(settings):
        pass
