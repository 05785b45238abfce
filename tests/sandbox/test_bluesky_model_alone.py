"""What the Bluesky model does that no server of the tests can be made to do: time, faults, newer limits."""

from __future__ import annotations

import json

import pytest
from msgspec import to_builtins
from msgspec.structs import replace

from tests.sandbox.bluesky_nets import HANDLE, NOON, PNG, Modelled, Person
from tests.sandbox.bluesky_talks import KEYS, post
from threadsync.sandbox.bluesky import (
    Fault,
    Profile,
    State,
    Switches,
    add_profile,
    arm,
    disarm,
    ledger,
    new_state,
)
from threadsync.sandbox.bluesky.codec import state_from_json, state_to_json
from threadsync.sandbox.bluesky.control import expire_sessions
from threadsync.sandbox.threads.faults import FaultKind

pytest.importorskip("libipld")

POST = "app.bsky.feed.post"
REFRESH = "com.atproto.server.refreshSession"
SESSION = "com.atproto.server.getSession"
UPLOAD = "com.atproto.repo.uploadBlob"
SERVICE = "com.atproto.server.getServiceAuth"


def somebody(**switches) -> Person:
    return Person(Modelled(Switches(**switches))).log_in()


def fails(person: Person, operation: str, kind: FaultKind, **more) -> None:
    arm(person.net.state, Fault(operation, kind, **more))


# Sessions.


def test_an_access_token_lasts_two_hours_and_a_refresh_token_ninety_days():
    person = somebody()
    person.net.now += 7_199
    assert person.get(SESSION).status == 200
    person.net.now += 2
    said = person.get(SESSION)
    assert (said.refusal, said["message"]) == ((400, "ExpiredToken"), "Token has expired")
    assert person.post(REFRESH, token=person.refresh).status == 200
    later = somebody()
    later.net.now += 90 * 86_400
    assert later.post(REFRESH, token=later.refresh).refusal == (400, "ExpiredToken")


def test_a_used_refresh_token_is_good_for_a_grace_of_two_hours():
    person = somebody()
    person.post(REFRESH, token=person.refresh)
    person.net.now += 7_199
    assert person.post(REFRESH, token=person.refresh).status == 200
    person.net.now += 1
    assert person.post(REFRESH, token=person.refresh).refusal == (400, "ExpiredToken")


def test_sessions_can_be_made_to_expire():
    person = somebody()
    expire_sessions(person.net.state, HANDLE, NOON)
    assert person.get(SESSION).refusal == (400, "ExpiredToken")
    assert person.post(REFRESH, token=person.refresh).status == 200


def test_a_service_token_lives_a_minute_or_half_an_hour_for_one_method():
    person, aud = somebody(), "did:web:localhost"
    assert person.get(SERVICE, aud=aud, exp=int(NOON) + 60).status == 200
    assert person.get(SERVICE, aud=aud, exp=int(NOON) + 61).refusal == (400, "BadExpiration")
    assert person.get(SERVICE, aud=aud, exp=int(NOON) + 1_800, lxm=UPLOAD).status == 200
    assert person.get(SERVICE, aud=aud, exp=int(NOON) + 1_801, lxm=UPLOAD).refusal == (400, "BadExpiration")


def test_no_secret_is_in_the_state():
    person = somebody()
    written = json.dumps(state_to_json(person.net.state))
    for secret in (person.token, person.refresh, "sandbox-"):
        assert secret not in written
    assert "sandbox" not in repr(Profile(HANDLE, "sandbox-a", "sandbox-b"))


def test_a_handle_is_a_domain_name_in_small_letters():
    for wrong in ("lift_report.test", "lifts", "Lifts.test", ""):
        with pytest.raises(ValueError, match="no handle"):
            add_profile(State(1), Profile(wrong))


# Generations.


def test_the_newer_server_takes_larger_pictures_and_knows_galleries():
    old, new = somebody(generation="0.4"), somebody(generation="0.5")
    for person, size, status in ((old, 1_000_001, 400), (new, 1_000_001, 200), (new, 2_000_001, 400)):
        blob = person.send(UPLOAD, PNG + bytes(size - len(PNG)), "image/png")["blob"]
        embed = {"$type": "app.bsky.embed.images", "images": [{"image": blob, "alt": ""}]}
        assert person.create(post(embed=embed)).status == status, (person.net.switches.generation, size)
    item = {"$type": "app.bsky.embed.gallery#image", "alt": ""}
    for person, status in ((old, 200), (new, 400)):
        item["image"] = person.send(UPLOAD, PNG, "image/png")["blob"]
        assert (
            person.create(post(embed={"$type": "app.bsky.embed.gallery", "items": [item]})).status == status
        )
    item["aspectRatio"] = {"width": 1, "height": 1}
    assert new.create(post(embed={"$type": "app.bsky.embed.gallery", "items": [item] * 10})).status == 200
    assert new.create(post(embed={"$type": "app.bsky.embed.gallery", "items": [item] * 21})).status == 400


def test_the_newer_server_names_what_the_older_one_does_not():
    new = somebody(generation="0.5")
    assert new.get("com.atproto.server.describeServer")["blobUploadLimit"] == 52_428_800
    assert new.get("_health")["version"].startswith("0.5.")
    missing = new.get("com.atproto.identity.resolveHandle", handle="nobody-here.test")
    assert missing.refusal == (400, "HandleNotFound")
    listing = {"repo": new.net.did, "collection": POST, "limit": 101}
    assert new.get("com.atproto.repo.listRecords", **listing).refusal == (400, "InvalidRequest")
    assert new.create(post(colour="x" * 160_000)).status == 200
    assert "expected POST" in new.get("com.atproto.repo.createRecord")["message"]


def test_a_blob_over_the_limit_of_the_server_is_not_taken():
    person = somebody(blob_bytes_max=100)
    assert person.send(UPLOAD, bytes(100), "text/plain").status == 200
    assert person.send(UPLOAD, bytes(101), "text/plain").refusal == (413, "PayloadTooLarge")


# Limits.


def test_points_come_back_after_an_hour_and_after_a_day():
    person = somebody(points_per_hour=6, points_per_day=9)
    assert [person.create(post()).status for _ in range(3)] == [200, 200, 429]
    person.net.now += 3_601
    person.log_in()
    said = person.create(post())
    assert said.headers["RateLimit-Policy"] == "9;w=86400"
    assert int(said.headers["RateLimit-Reset"]) == int(NOON) + 86_400
    refused = person.create(post())
    assert (refused.status, int(refused.headers["Retry-After"])) == (429, 86_400 - 3_601)
    person.net.now += 86_400
    assert person.log_in().create(post()).status == 200


def test_blobs_and_logins_have_limits_of_their_own():
    person = somebody(blobs_per_day=2, logins_per_five_minutes=2)
    assert [person.send(UPLOAD, PNG, "image/png").status for _ in range(3)] == [200, 200, 429]
    login = {"identifier": HANDLE, "password": "wrong"}
    name = "com.atproto.server.createSession"
    assert [person.post(name, login).status for _ in range(2)] == [401, 429], "wrong ones count, as did ours"


# Faults.


@pytest.mark.parametrize("kind", [FaultKind.ANSWER_LOST, FaultKind.ANSWER_CUT, FaultKind.ERROR_ALTHOUGH_DONE])
def test_an_act_whose_answer_is_lost_is_done(kind):
    person = somebody()
    fails(person, "put-record", kind)
    said = person.put(KEYS[0], post(), swapRecord=None)
    assert said.status == (500 if kind is FaultKind.ERROR_ALTHOUGH_DONE else 200)
    assert len(ledger(person.net.state)["posts"]) == 1
    assert "commit" not in person.put(KEYS[0], post(), swapRecord=None).body


@pytest.mark.parametrize(
    ("kind", "refusal"),
    [
        (FaultKind.SERVER_ERROR, (502, "UpstreamFailure")),
        (FaultKind.THROTTLED, (429, "RateLimitExceeded")),
        (FaultKind.TOKEN_EXPIRED, (400, "ExpiredToken")),
        (FaultKind.REQUEST_LOST, (0, None)),
    ],
)
def test_a_call_that_is_refused_has_done_nothing(kind, refusal):
    person = somebody(server_error_status=502)
    fails(person, "publish", kind, times=2)
    assert [person.create(post()).refusal for _ in range(2)] == [refusal] * 2
    assert person.create(post()).status == 200
    assert len(ledger(person.net.state)["posts"]) == 1


@pytest.mark.parametrize("skew", [0.0, 4000.0, -4000.0])
def test_a_network_that_acts_late_acts_in_the_end(skew):
    """After so many seconds, whatever its clock says."""
    person = somebody(clock_skew_seconds=skew)
    fails(person, "put-record", FaultKind.ACTS_LATE, seconds=5.0)
    assert person.put(KEYS[0], post()).status == 0
    assert person.read(KEYS[0]).status == 400
    person.net.now += 5
    assert person.read(KEYS[0]).status == 200


def test_faults_wait_for_their_call_and_their_account():
    person = somebody()
    fails(person, "write", FaultKind.SERVER_ERROR, skip=1, profile="harbour-desk.test")
    fails(person, "create-record", FaultKind.SERVER_ERROR, skip=1, profile=HANDLE)
    assert [person.create(post()).status for _ in range(3)] == [200, 500, 200]
    fails(person, "any", FaultKind.SERVER_ERROR, times=None)
    disarm(person.net.state)
    assert person.create(post()).status == 200


@pytest.mark.parametrize(
    ("operation", "kind", "more"),
    [
        ("post", FaultKind.SLOW, {"seconds": 1.0}),
        ("publish", FaultKind.LATE_LISTING, {"seconds": 1.0}),
        ("get-record", FaultKind.TOKEN_EXPIRED, {}),
        ("publish", FaultKind.SLOW, {}),
        ("publish", FaultKind.SERVER_ERROR, {"times": 0}),
        ("publish", FaultKind.SERVER_ERROR, {"probability": 2.0}),
    ],
)
def test_a_fault_that_cannot_be_is_refused(operation, kind, more):
    with pytest.raises(ValueError, match=r"."):
        Fault(operation, kind, **more)


# What readers see.


def test_posts_are_shown_with_what_others_did_with_them():
    person = somebody()
    first = person.put(KEYS[0], post())
    ref = {"uri": first["uri"], "cid": first["cid"]}
    reply = person.put(KEYS[1], post("Yes.", reply={"root": ref, "parent": ref}))
    person.put(KEYS[2], post("Look.", embed={"$type": "app.bsky.embed.record", "record": ref}))
    for kind in ("like", "repost"):
        name = f"app.bsky.feed.{kind}"
        person.create({"$type": name, "subject": ref, "createdAt": "2026-12-03T08:30:00Z"}, name)
    found = person.get("app.bsky.feed.getPosts", uris=[first["uri"], f"{first['uri']}x"])["posts"]
    counts = {name: found[0][f"{name}Count"] for name in ("reply", "repost", "like", "quote")}
    assert (len(found), counts) == (1, dict.fromkeys(counts, 1))
    assert (found[0]["record"], found[0]["author"]["handle"]) == (post(), HANDLE)
    anonymous = Person(person.net)
    assert anonymous.get("app.bsky.feed.getPosts", uris=[reply["uri"]])["posts"][0]["cid"] == reply["cid"]
    assert anonymous.get("app.bsky.feed.getPosts", uris=["at://x"] * 26).status == 400
    profile = anonymous.get("app.bsky.actor.getProfile", actor=HANDLE)
    assert (profile["postsCount"], profile["followersCount"], profile["did"]) == (3, 0, person.net.did)
    assert anonymous.get("app.bsky.actor.getProfile", actor="nobody.test").status == 400


def test_a_feed_is_newest_first_by_the_earlier_of_two_times():
    person = somebody()
    for number, when in enumerate(("2026-01-01", "2999-01-01", "2026-03-01")):
        person.net.now += 1
        person.put(KEYS[number], post(str(number), createdAt=f"{when}T00:00:00Z"))
    feed = "app.bsky.feed.getAuthorFeed"
    page = person.get(feed, actor=HANDLE, limit=2)
    assert [each["post"]["record"]["text"] for each in page["feed"]] == ["1", "2"]
    last = page["feed"][-1]["post"]
    assert page["cursor"].partition("__")[2] == last["cid"]
    rest = person.get(feed, actor=HANDLE, limit=2, cursor=page["cursor"])
    assert [each["post"]["record"]["text"] for each in rest["feed"]] == ["0"]
    assert "cursor" not in rest.body


# What is invented.


def test_a_video_is_a_blob_after_a_while():
    person = somebody()
    aud = "did:web:localhost"
    token = person.get(SERVICE, aud=aud, lxm=UPLOAD)["token"]
    uploader = Person(person.net, token)
    name = "app.bsky.video.uploadVideo"
    status = "app.bsky.video.getJobStatus"
    film = b"\0\0\0\x18ftypmp42" + bytes(20)
    asked = {"did": person.net.did, "name": "lift.mp4"}
    job = uploader._ask("POST", name, params=asked, content=film, kind="video/mp4")["jobStatus"]
    assert job["state"] == "JOB_STATE_ENCODING"
    again = uploader._ask("POST", name, params=asked, content=film, kind="video/mp4")
    assert (again.refusal, again["jobId"]) == ((409, "already_exists"), job["jobId"])
    person.net.now += 1
    done = person.get(status, jobId=job["jobId"])["jobStatus"]
    assert done["state"] == "JOB_STATE_COMPLETED"
    made = person.create(post(embed={"$type": "app.bsky.embed.video", "video": done["blob"]}))
    assert made.status == 200
    assert person._ask("POST", name, params=asked, content=film, kind="video/mp4").status == 401
    assert person.get(status, jobId="odd").status == 400


def test_the_video_service_says_what_is_left():
    person = somebody(videos_per_day=1)
    name = "app.bsky.video.getUploadLimits"
    token = person.get(SERVICE, aud="did:web:video.bsky.app", lxm=name)["token"]
    limits = Person(person.net, token).get(name)
    assert (limits["canUpload"], limits["remainingDailyVideos"]) == (True, 1)
    assert person.get(name).status == 401


def test_the_log_of_conversations_goes_forward_from_now():
    person = somebody()
    name = "chat.bsky.convo.getLog"
    first = person.get(name)
    assert (first["logs"], len(first["cursor"])) == ([], 13)
    assert person.get(name, cursor=first["cursor"])["cursor"] == first["cursor"]


# The state.


def test_the_same_calls_have_the_same_answers_and_a_state_survives_being_written_down():
    one, two = somebody(), somebody()
    for person in (one, two):
        person.create(post())
        person.send(UPLOAD, PNG, "image/png")
        fails(person, "any", FaultKind.SLOW, times=None, seconds=1.0, probability=0.5)
    two.net.state = state_from_json(json.loads(json.dumps(state_to_json(two.net.state))))
    for person in (one, two):
        person.create(post("Second."))
        person.post(REFRESH, token=person.refresh)
    assert one.net.said == two.net.said
    assert to_builtins(one.net.state) == to_builtins(two.net.state)


def test_an_account_has_the_same_did_in_every_sandbox():
    one, two = (new_state([Profile(HANDLE)], seed=seed) for seed in (1, 2))
    assert list(one.accounts) == list(two.accounts)
    assert replace(Profile(HANDLE), app_password="x").secret == "x"
