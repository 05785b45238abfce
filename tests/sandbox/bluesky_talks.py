"""What is asked of the model and of a real server alike; each says what both must answer.

A talk begins with somebody who is logged in to an account that is new.
"""

from __future__ import annotations

import json

from tests.sandbox.bluesky_nets import MP4, PNG, Person
from tests.sandbox.bluesky_posts import AT, BAD, GOOD, KEYS, NOBODY, NOWHERE, POST, REF, picture, post


def _create(rkey, record, collection=POST):
    kind = "com.atproto.repo.applyWrites#create"
    return {"$type": kind, "collection": collection, "rkey": rkey, "value": record}


def is_old(person: Person) -> bool:
    """Whether the server is one of the older generation."""
    return person.net.generation == "0.4"


def sessions(person: Person) -> None:
    """A login, what it opens, and how it is refreshed."""
    me = person.get("com.atproto.server.getSession")
    assert (me["did"], me["handle"], me["active"]) == (person.net.did, person.net.handle, True)
    old_access, old_refresh = person.token, person.refresh
    first = person.post("com.atproto.server.refreshSession", token=old_refresh)
    assert first["refreshJwt"] != old_refresh
    again = person.post("com.atproto.server.refreshSession", token=old_refresh)
    assert _id_of(again["refreshJwt"]) == _id_of(first["refreshJwt"]), "the same next one within the grace"
    assert person.get("com.atproto.server.getSession", token=old_access).status == 200


def ended_sessions(person: Person) -> None:
    """An ended session is refreshed no more, whatever token of its line is shown."""
    fresh = person.post("com.atproto.server.refreshSession", token=person.refresh)
    assert person.post("com.atproto.server.deleteSession", token=fresh["refreshJwt"]).status == 200
    told = person.post("com.atproto.server.refreshSession", token=fresh["refreshJwt"])
    assert told.refusal == (400, "ExpiredToken")
    assert told["message"] == "Token has been revoked"


def _bad_params(person: Person) -> tuple[int, str]:
    """What a missing or wrong parameter is answered with; 0.4.217 has a bug."""
    return (500, "InternalServerError") if is_old(person) else (400, "InvalidRequest")


def invitations(person: Person) -> None:
    """They are told to the account's own password; by that it is known (live/bluesky/test_api.py)."""
    told = person.get("com.atproto.server.getAccountInviteCodes", createAvailable="false")
    assert (told.status, told.body) == (200, {"codes": []})


def _id_of(token):
    import base64
    import json

    body = str(token).split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))["jti"]


def refused_logins(person: Person) -> None:
    """Wrong passwords, no tokens, tokens of a wrong kind."""
    name = "com.atproto.server.createSession"
    wrong = {"identifier": person.net.handle, "password": "wrong"}
    assert person.post(name, wrong).refusal == (401, "AuthenticationRequired")
    nobody = {"identifier": "nobody-here.test", "password": "wrong"}
    assert person.post(name, nobody).refusal == (401, "AuthenticationRequired")
    assert person.post(name, {"identifier": "x"}).refusal == (400, "InvalidRequest")
    at = {"identifier": f"@{person.net.handle}", "password": person.net.password}
    assert person.post(name, at).refusal == (401, "AuthenticationRequired"), "taken for an email address"
    by_did = {"identifier": person.net.did, "password": person.net.password}
    assert person.post(name, by_did).status == 200
    read = "com.atproto.server.getSession"
    assert person.get(read, token="").refusal == (401, "AuthMissing")
    assert person.get(read, token="x.y.z").refusal == (400, "InvalidToken")
    assert person.get(read, token=person.refresh).refusal == (400, "InvalidToken")
    assert person.post("com.atproto.server.refreshSession", token=person.token).refusal == (
        400,
        "InvalidToken",
    )
    assert person.post("com.atproto.server.refreshSession", {}, token=person.refresh).refusal == (
        400,
        "InvalidRequest",
    )


def service_tokens(person: Person) -> None:
    """A minute by default, half an hour for one method."""
    name, aud = "com.atproto.server.getServiceAuth", "did:web:localhost"
    assert person.get(name, aud=aud).status == 200
    assert str(person.get(name, aud=aud, lxm="com.atproto.repo.uploadBlob")["token"]).count(".") == 2
    assert person.get(name, aud=aud, exp=1).refusal == (400, "BadExpiration")
    assert person.get(name).refusal == _bad_params(person)


def identity(person: Person) -> None:
    """Handles lead to accounts, and accounts to their server."""
    name = "com.atproto.identity.resolveHandle"
    assert person.get(name, handle=person.net.handle)["did"] == person.net.did
    assert person.get(name, handle="nobody-here.test").refusal == (
        400,
        "InvalidRequest" if is_old(person) else "HandleNotFound",
    )
    assert person.get(name).refusal == _bad_params(person)
    assert person.get("com.atproto.server.describeServer")["availableUserDomains"] == [".test"]
    document = person.get(person.net.did)
    assert document["id"] == person.net.did
    assert document["alsoKnownAs"] == [f"at://{person.net.handle}"]
    assert person.get(NOBODY).status == 404
    assert person.get("_health").status == 200


def putting(person: Person) -> None:
    """A record put twice is written once; swapRecord guards what is there."""
    first = person.put(KEYS[0], post(), swapRecord=None)
    again = person.put(KEYS[0], post(), swapRecord=None)
    assert ("commit" in first.body, "commit" in again.body) == (True, False)
    assert first["cid"] == again["cid"]
    other = person.put(KEYS[0], post("Others."), swapRecord=None)
    assert other.refusal == (400, "InvalidSwap")
    assert other["message"] == f"Record was at {first['cid']}"
    edited = person.put(KEYS[0], post("Edited."), swapRecord=first["cid"])
    assert person.put(KEYS[0], post("Late."), swapRecord=first["cid"]).refusal == (400, "InvalidSwap")
    assert person.put(KEYS[1], post(), swapRecord=NOWHERE).refusal == (400, "InvalidSwap")
    assert person.put(KEYS[0], post("Free."), swapCommit=NOWHERE).refusal == (400, "InvalidSwap")
    assert person.put(KEYS[0], post("Edited."), swapCommit=NOWHERE)["cid"] == edited["cid"]
    assert person.read(KEYS[0])["value"] == post("Edited.")


def creating(person: Person) -> None:
    """A taken key is a 500; without a key the server makes one each time."""
    assert person.create(post(), rkey=KEYS[0]).status == 200
    assert person.create(post(), rkey=KEYS[0]).refusal == (500, "InternalServerError")
    one, two = person.create(post()), person.create(post())
    assert one["uri"] != two["uri"]
    assert person.create(post(), swapCommit=NOWHERE).refusal == (400, "InvalidSwap")
    assert person.create(post(), rkey="not-a-tid").refusal == (400, "InvalidRequest")
    assert person.create({"text": "x", "createdAt": AT}, rkey=KEYS[1]).status == 200, "$type is filled in"
    assert person.read(KEYS[1])["value"] == post("x")
    assert person.create(post(), repo=NOBODY).refusal == (403, "AccountNotFound")


def deleting(person: Person) -> None:
    """Deleting what is not there is no error."""
    made = person.create(post(), rkey=KEYS[0])
    body = {"repo": person.net.did, "collection": POST, "rkey": KEYS[0]}
    name = "com.atproto.repo.deleteRecord"
    assert person.post(name, body | {"swapRecord": NOWHERE}).refusal == (400, "InvalidSwap")
    assert "commit" in person.post(name, body | {"swapRecord": made["cid"]}).body
    assert person.post(name, body).body == {}
    assert person.read(KEYS[0]).refusal == (400, "RecordNotFound")


def reading(person: Person) -> None:
    """One by one, and in pages: the newest key first, the last key as the cursor."""
    name = "com.atproto.repo.listRecords"
    own = {"repo": person.net.did, "collection": POST}
    assert person.get(name, **own).body == {"records": []}
    described = "com.atproto.repo.describeRepo"
    assert person.get(described, repo=person.net.did)["collections"] == []
    made = [person.put(key, post(key)) for key in KEYS[:5]]
    assert person.get(described, repo=person.net.handle)["collections"] == [POST]
    assert person.get(described, repo=NOBODY).refusal == (400, "RepoNotFound")
    page = person.get(name, limit=2, **own)
    assert [each["uri"] for each in page["records"]] == [made[4]["uri"], made[3]["uri"]]
    assert page["cursor"] == KEYS[3]
    older = person.get(name, limit=2, cursor=KEYS[3], **own)
    assert [each["uri"] for each in older["records"]] == [made[2]["uri"], made[1]["uri"]]
    newer = person.get(name, cursor=KEYS[3], reverse="true", **own)
    assert [each["uri"] for each in newer["records"]] == [made[4]["uri"]]
    assert person.get(name, repo=person.net.handle, collection=POST, limit=1).status == 200
    for limit in (0, 101):
        assert person.get(name, limit=limit, **own).refusal == _bad_params(person)
    assert person.get(name, repo=NOBODY, collection=POST).refusal == (400, "InvalidRequest")
    for method in (name, described, "com.atproto.repo.getRecord"):
        nobody = person.get(method, repo="no account", collection=POST, rkey=KEYS[0])
        assert nobody.refusal == _bad_params(person)
    assert person.read(KEYS[0], cid=made[0]["cid"]).status == 200
    assert person.read(KEYS[0], cid=made[1]["cid"]).refusal == (400, "RecordNotFound")
    assert person.get("com.atproto.repo.getRecord", repo=NOBODY, collection=POST, rkey=KEYS[0]).refusal == (
        400,
        "InvalidRequest",
    )


def batches(person: Person) -> None:
    """All writes of a batch or none."""
    gate = {"$type": "app.bsky.feed.threadgate", "createdAt": AT, "allow": []}
    gate["post"] = f"at://{person.net.did}/{POST}/{KEYS[0]}"
    whole = [_create(KEYS[0], post()), _create(KEYS[0], gate, "app.bsky.feed.threadgate")]
    assert len(person.apply(*whole)["results"]) == 2
    assert person.apply(*whole).refusal == (500, "InternalServerError")
    half = [_create(KEYS[1], post()), _create(KEYS[0], post())]
    assert person.apply(*half).refusal == (500, "InternalServerError")
    assert person.read(KEYS[1]).refusal == (400, "RecordNotFound")
    bad = person.apply(_create(KEYS[1], post()), _create(KEYS[2], {"$type": POST, "createdAt": AT}))
    assert bad.refusal == (400, "InvalidRequest")
    assert person.apply(_create(KEYS[1], post()), _create(KEYS[1], post())).status == 500
    kind = "com.atproto.repo.applyWrites"
    missing = {"$type": f"{kind}#delete", "collection": POST, "rkey": KEYS[5]}
    assert person.apply(missing).refusal == (500, "InternalServerError")
    absent = {"$type": f"{kind}#update", "collection": POST, "rkey": KEYS[5], "value": post()}
    assert person.apply(absent).refusal == (500, "InternalServerError")
    update = {"$type": f"{kind}#update", "collection": POST, "rkey": KEYS[0], "value": post("Edited.")}
    assert person.apply(update)["results"][0]["$type"] == f"{kind}#updateResult"
    gone = {"$type": f"{kind}#delete", "collection": POST, "rkey": KEYS[0]}
    assert person.apply(gone)["results"] == [{"$type": f"{kind}#deleteResult"}]
    many = _many(201)
    assert person.apply(*many).refusal == (400, "InvalidRequest")
    assert person.apply(*many[:3], swapCommit=NOWHERE).refusal == (400, "InvalidSwap")


def writing_much(person: Person) -> None:
    """5,000 points an hour: records cost three; with 200 left a batch of 600 is refused, and takes them."""
    for batch in range(8):
        made = person.apply(*_many(200, batch))
        assert made.status == 200
    assert made.headers["RateLimit-Remaining"] == "200"
    assert person.put("3mc2222222222", post()).headers["RateLimit-Remaining"] == "198"
    assert person.apply(*_many(200, 8)).refusal == (429, "RateLimitExceeded")
    assert person.create(post()).refusal == (429, "RateLimitExceeded")
    assert person.get("com.atproto.server.getSession").status == 200, "reading goes on"


def _many(count, batch=0):
    digits = str.maketrans("0189", "wxyz")
    return [
        _create(f"3mb{batch + 10}{number:03}".translate(digits) + "22222", post()) for number in range(count)
    ]


def blobs(person: Person) -> None:
    """Bytes are the same blob each time, and are seen once a record refers to them."""
    name = "com.atproto.repo.uploadBlob"
    first = person.send(name, PNG, "image/png")
    again = person.send(name, PNG, "image/jpeg")
    assert first["blob"] == again["blob"], "the server looks at the bytes"
    blob = first["blob"]
    assert (blob["mimeType"], blob["size"]) == ("image/png", len(PNG))
    cid = blob["ref"]["$link"]
    assert person.get("com.atproto.sync.getBlob", did=person.net.did, cid=cid).status == 400
    assert person.create(picture({**blob, "size": 1})).refusal == (400, "InvalidSize")
    assert person.create(picture({**blob, "mimeType": "image/jpeg"})).refusal == (400, "InvalidMimeType")
    assert person.create(picture({**blob, "mimeType": "text/plain"})).refusal == (400, "InvalidRequest")
    most = 1_000_000 if is_old(person) else 2_000_000
    assert person.create(picture({**blob, "size": most})).refusal == (400, "InvalidSize")
    assert person.create(picture({**blob, "size": most + 1})).refusal == (400, "InvalidRequest")
    elsewhere = {**blob, "ref": {"$link": NOWHERE}}
    assert person.create(picture(elsewhere)).refusal == (400, "BlobNotFound")
    assert person.create(picture(blob), rkey=KEYS[0]).status == 200
    assert person.get("com.atproto.sync.getBlob", did=person.net.did, cid=cid).status == 200
    assert person.create(picture({**blob, "size": 1})).status == 200, "permanent ones are not compared"
    assert person.send(name, b"no picture", "text/plain")["blob"]["mimeType"] == "text/plain"
    assert person.send(name, PNG, "").refusal == (400, "InvalidRequest")


def records(person: Person) -> None:
    """What a post may be."""
    for name, record in GOOD.items():
        made = person.create(record)
        assert (made.status, made.body.get("validationStatus")) == (200, "valid"), (name, made)
    for name, record in BAD.items():
        assert person.create(record).refusal == (400, "InvalidRequest"), name


def waived(person: Person) -> None:
    """Validation can be waived or required; a collection nobody knows is taken unless it is required."""
    assert person.create(post("x" * 5000), validate=False).status == 200
    odd = {"$type": "org.example.thing", "a": 1}
    assert person.create(odd, "org.example.thing")["validationStatus"] == "unknown"
    assert person.create(odd, "org.example.thing", validate=True).refusal == (400, "InvalidRequest")
    assert person.create(odd, "no nsid").refusal == (400, "InvalidRequest")


def pictures(person: Person) -> None:
    """Four pictures, each with an alt text, whose ratio is of whole numbers from 1 on."""
    blob = person.send("com.atproto.repo.uploadBlob", PNG, "image/png")["blob"]
    image = {"image": blob, "alt": "x" * 5000}
    kind = "app.bsky.embed.images"
    assert person.create(post(embed={"$type": kind, "images": [image] * 4})).status == 200
    bad = [
        {"$type": kind, "images": [image] * 5},
        {"$type": kind, "images": [{"image": blob}]},
        {"$type": kind, "images": [{**image, "aspectRatio": {"width": 0, "height": 1}}]},
        {"$type": kind, "images": [{**image, "aspectRatio": {"width": 1}}]},
        {"$type": "app.bsky.embed.video", "video": blob},
        {"$type": "app.bsky.embed.recordWithMedia", "record": {"record": REF}},
    ]
    for embed in bad:
        assert person.create(post(embed=embed)).refusal == (400, "InvalidRequest"), embed
    both = {"record": {"record": REF}, "media": {"$type": kind, "images": [image]}}
    assert person.create(post(embed={"$type": "app.bsky.embed.recordWithMedia", **both})).status == 200


def videos(person: Person) -> None:
    """One MP4 file; older servers take smaller ones, with shorter alternative texts."""
    blob = person.send("com.atproto.repo.uploadBlob", MP4, "video/mp4")["blob"]
    assert blob["mimeType"] == "video/mp4"
    kind = "app.bsky.embed.video"
    film = {"$type": kind, "video": blob, "aspectRatio": {"width": 9, "height": 16}, "presentation": "gif"}
    assert person.create(post(embed={**film, "alt": "x" * 1000})).status == 200
    longer = person.create(post(embed={**film, "alt": "x" * 1001}))
    assert longer.refusal == ((400, "InvalidRequest") if is_old(person) else (200, None))
    most = 100_000_000 if is_old(person) else 300_000_000
    other = {**blob, "ref": {"$link": NOWHERE}}
    for size, name in ((most, "BlobNotFound"), (most + 1, "InvalidRequest")):
        refused = person.create(post(embed={**film, "video": {**other, "size": size}}))
        assert refused.refusal == (400, name), size


def galleries(person: Person) -> None:
    """Up to 20 pictures, each with its alt text and ratio, where the server knows galleries."""
    blob = person.send("com.atproto.repo.uploadBlob", PNG, "image/png")["blob"]
    kind = "app.bsky.embed.gallery"
    item = {"$type": f"{kind}#image", "image": blob, "alt": "", "aspectRatio": {"width": 1, "height": 1}}
    for count in (5, 10, 20):
        assert person.create(post(embed={"$type": kind, "items": [item] * count})).status == 200, count
    both = {"record": {"record": REF}, "media": {"$type": kind, "items": [item] * 5}}
    assert person.create(post(embed={"$type": "app.bsky.embed.recordWithMedia", **both})).status == 200
    taken = (200, None) if is_old(person) else (400, "InvalidRequest")
    bad = [
        [item] * 21,
        [{name: value for name, value in item.items() if name != "aspectRatio"}],
        [{name: value for name, value in item.items() if name != "alt"}],
        [{name: value for name, value in item.items() if name != "$type"}],
        [{**item, "image": {**blob, "size": 2_000_001}}],
    ]
    for items in bad[: 4 if is_old(person) else 5]:
        assert person.create(post(embed={"$type": kind, "items": items})).refusal == taken, items


def gates(person: Person) -> None:
    """Gates are checked as records, and not against their posts."""
    where = f"at://{person.net.did}/{POST}/{KEYS[0]}"
    kind = "app.bsky.feed.threadgate"
    rules = [{"$type": f"{kind}#{name}Rule"} for name in ("mention", "follower", "following")]
    gate = {"$type": kind, "post": where, "createdAt": AT, "allow": rules}
    assert person.create(gate, kind, rkey=KEYS[1]).status == 200, "under another key than its post"
    assert person.create({**gate, "allow": rules * 2}, kind).refusal == (400, "InvalidRequest")
    assert person.create({**gate, "post": "nowhere"}, kind).refusal == (400, "InvalidRequest")
    kind = "app.bsky.feed.postgate"
    gate = {"$type": kind, "post": where, "createdAt": AT}
    gate["embeddingRules"] = [{"$type": f"{kind}#disableRule"}]
    assert person.create(gate, kind, rkey=KEYS[0]).status == 200
    like = {"$type": "app.bsky.feed.like", "subject": REF, "createdAt": AT}
    assert person.create(like, "app.bsky.feed.like").status == 200
    follow = {"$type": "app.bsky.graph.follow", "subject": NOBODY, "createdAt": AT}
    assert person.create(follow, "app.bsky.graph.follow").status == 200
    profile = {"$type": "app.bsky.actor.profile", "displayName": "Lift report"}
    assert person.create(profile, "app.bsky.actor.profile", rkey="self").status == 200
    assert person.create(profile, "app.bsky.actor.profile", rkey="other").refusal == (400, "InvalidRequest")


def misused(person: Person) -> None:
    """Methods that are not there, bodies that are too large or missing."""
    assert person.get("com.atproto.repo.createRecord").refusal == (400, "InvalidRequest")
    assert person.get("com.atproto.nothing.here").refusal == (400, "InvalidRequest")
    assert person.post("com.atproto.repo.createRecord").refusal == (400, "InvalidRequest")
    assert person.post("com.atproto.repo.createRecord", {"repo": person.net.did}).status == 400
    body = {"repo": person.net.did, "collection": POST, "record": post(colour="")}
    room = (150 * 1024 if is_old(person) else 1_000_000) - len(json.dumps(body))
    assert person.create(post(colour="x" * room)).status == 200
    assert person.create(post(colour="x" * (room + 1))).status == 413
    assert person.get("app.bsky.feed.getPosts", uris=[REF["uri"]]).refusal == (400, "InvalidRequest")
    anonymous = Person(person.net)
    assert anonymous.create(post()).refusal == (401, "AuthMissing")
    assert anonymous.create(post(colour="x" * 160_000)).refusal == (401, "AuthMissing")


TALKS = (
    sessions,
    ended_sessions,
    invitations,
    refused_logins,
    service_tokens,
    identity,
    putting,
    creating,
    deleting,
    reading,
    batches,
    blobs,
    records,
    waived,
    pictures,
    videos,
    galleries,
    gates,
    misused,
)
