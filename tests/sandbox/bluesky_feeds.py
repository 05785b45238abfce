"""What readers' apps ask of the model and of a real AppView alike."""

from __future__ import annotations

from tests.sandbox.bluesky_nets import PNG, Person
from tests.sandbox.bluesky_posts import AT, KEYS, LABELS, NOBODY, POST, picture, post


def feeds(person: Person) -> None:
    """What readers' apps ask: posts with their numbers, feeds by the page, profiles."""
    blob = person.send("com.atproto.repo.uploadBlob", PNG, "image/png")["blob"]
    labels = {"$type": LABELS, "values": [{"val": "graphic-media"}]}
    first = person.put(KEYS[0], _of_day(1, "One.", labels=labels))
    ref = {"uri": first["uri"], "cid": first["cid"]}
    reply = person.put(KEYS[1], _of_day(2, "Two.", reply={"root": ref, "parent": ref}))
    quote = {"$type": "app.bsky.embed.record", "record": ref}
    third = person.put(KEYS[2], _of_day(3, "Three.", embed=quote))
    pictured = {**picture(blob), "text": "Four.", "createdAt": "2026-01-04T08:30:00Z"}
    fourth = person.put(KEYS[3], pictured)
    name = "app.bsky.feed.like"
    person.create({"$type": name, "subject": ref, "createdAt": AT}, name)
    uris = [each["uri"] for each in (first, reply, third, fourth)]
    posts = "app.bsky.feed.getPosts"
    counted = {"likeCount": 1, "replyCount": 1, "quoteCount": 1, "repostCount": 0, "bookmarkCount": 0}
    person.net.soon(lambda: len(person.get(posts, uris=uris)["posts"]) == 4, "all posts are shown")
    person.net.soon(lambda: counted.items() <= person.get(posts, uris=uris[:1])["posts"][0].items(), "counts")
    (seen,) = person.get(posts, uris=uris[:1])["posts"]
    assert (seen["cid"], seen["record"]["text"]) == (first["cid"], "One.")
    assert (seen["author"]["did"], seen["author"]["handle"]) == (person.net.did, person.net.handle)
    assert [(each["val"], each["src"]) for each in seen["labels"]] == [("graphic-media", person.net.did)]
    assert seen["indexedAt"] == "2026-01-01T08:30:00.000Z", "the earlier of what it says and when it came"
    assert person.get(posts, uris=[f"at://{NOBODY}/{POST}/{KEYS[0]}"])["posts"] == []
    assert person.get(posts, uris=uris[:1] * 26).refusal == (400, "InvalidRequest")
    feed = "app.bsky.feed.getAuthorFeed"
    mine = {"actor": person.net.handle}
    page = person.get(feed, limit=3, **mine)
    assert _texts(page) == ["Four.", "Three.", "Two."]
    assert page["feed"][2]["reply"]["parent"]["uri"] == first["uri"]
    assert page["cursor"] == f"1767342600000__{reply['cid']}"
    rest = person.get(feed, limit=3, cursor=page["cursor"], **mine)
    assert _texts(rest) == ["One."]
    assert "cursor" not in rest.body
    assert "cursor" not in person.get(feed, limit=4, **mine).body
    assert _texts(person.get(feed, filter="posts_no_replies", **mine)) == ["Four.", "Three.", "One."]
    assert _texts(person.get(feed, filter="posts_with_media", **mine)) == ["Four."]
    assert _texts(person.get(feed, filter="posts_with_video", **mine)) == []
    threads = ["Four.", "Three.", "Two.", "One."]
    assert _texts(person.get(feed, filter="posts_and_author_threads", **mine)) == threads
    name = "app.bsky.feed.repost"
    subject = {"uri": reply["uri"], "cid": reply["cid"]}
    repost = person.create({"$type": name, "subject": subject, "createdAt": "2026-01-05T08:30:00Z"}, name)
    person.net.soon(lambda: len(person.get(feed, **mine)["feed"]) == 5, "the repost is shown")
    newest = person.get(feed, limit=1, **mine)
    assert _texts(newest) == ["Two."]
    reason = newest["feed"][0]["reason"]
    assert (reason["$type"], reason["by"]["did"]) == ("app.bsky.feed.defs#reasonRepost", person.net.did)
    assert newest["cursor"] == f"1767601800000__{repost['cid']}"
    assert _texts(person.get(feed, filter="posts_no_replies", **mine)) == ["Two.", "Four.", "Three.", "One."]
    assert _texts(person.get(feed, filter="posts_with_media", **mine)) == ["Four."]
    assert _texts(person.get(feed, filter="posts_and_author_threads", **mine)) == ["Two.", *threads]
    for wrong in (0, 101):
        assert person.get(feed, limit=wrong, **mine).refusal == (400, "InvalidRequest")
    for wrong in ("odd", "odd__odd"):
        assert person.get(feed, cursor=wrong, **mine).refusal == (502, "InternalServerError")
    assert person.get(feed, actor="nobody-here.test").refusal == (400, "InvalidRequest")
    profile = "app.bsky.actor.getProfile"
    person.net.soon(lambda: person.get(profile, **mine)["postsCount"] == 4, "the profile counts all posts")
    seen = person.get(profile, **mine)
    assert (seen["did"], seen["followersCount"]) == (person.net.did, 0)
    assert person.get(profile, actor="nobody-here.test").refusal == (400, "InvalidRequest")


def _of_day(day, text, **more):
    return post(text, **more) | {"createdAt": f"2026-01-0{day}T08:30:00Z"}


def _texts(page) -> list[str]:
    return [each["post"]["record"]["text"] for each in page["feed"]]
