"""What a project publishes is what readers' apps are shown, in feeds, conversations and searches."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.execution.servers import Peer, Server, target_of
from tests.live.appview.town import Town, post
from tests.live.projects import ROOT
from tests.media.test_rendition import encoded, flag, noise
from threadsync.errors import ApiError
from threadsync.flows.paging import Pages
from threadsync.providers.bluesky import api
from threadsync.providers.bluesky.records import POSTGATE, THREADGATE

pytestmark = pytest.mark.live

GATE = (ROOT / "examples/posts/pictures/gate.png").read_bytes()
FILM = (ROOT / "examples/video/posts/lift.mp4").read_bytes()
PAGE = b"""<title>x</title><meta property="og:title" content="12 lifts">
<meta property="og:description" content="Broken."><meta property="og:image" content="/map.jpg">"""
CHAIN = "One.\n\n![A gate](gate.png)\n\n---\n\nTwo.\n\n---\n\nThree.\n"


@pytest.fixture
def page() -> Iterator[Server]:
    def serve(peer: Peer) -> None:
        while request := peer.request():
            if "/map.jpg" in target_of(request):
                peer.answer(encoded(flag(300, 200), "JPEG"), "Content-Type: image/jpeg")
            else:
                peer.answer(PAGE, "Content-Type: text/html")

    with Server(serve) as server:
        yield server


def embed(view: api.PostView) -> Any:
    return view.more["embed"]


def test_a_chain_is_one_conversation_in_its_order(town: Town) -> None:
    uris = town.publish({"gate.png": GATE, "a.md": post("a", CHAIN)})
    town.seen(*uris.values())
    found = town.thread(uris["One."])
    texts = []
    while found:
        texts.append(found["post"]["record"]["text"])
        found = next(iter(found.get("replies", ())), {})
    assert texts == ["One.", "Two.", "Three."]


def test_a_followers_timeline_has_the_post_and_what_is_reposted(town: Town) -> None:
    town.follows("follower", "author")
    uris = town.publish({"a.md": post("a", "12 lifts."), "b.md": post("b", "9 lifts.")})
    town.publish({"c.md": post("c", more="repost: a\n")})

    def timeline() -> list[tuple[str, str]]:
        feed = town.ask("app.bsky.feed.getTimeline", {}, "follower")["feed"]
        return [(each["post"]["uri"], each.get("reason", {}).get("$type", "")) for each in feed]

    reposted = (uris["12 lifts."], "app.bsky.feed.defs#reasonRepost")
    found = town.soon(timeline, lambda feed: reposted in feed, "the repost in the timeline")
    assert (uris["9 lifts."], "") in found
    (view,) = town.seen(uris["12 lifts."])
    assert view.repost_count == 1


def test_words_links_mentions_and_tags_are_what_they_were_meant_to_be(town: Town) -> None:
    handle = town["mentioned"].person.handle
    text = f"Grüße an @{handle}, siehe [die Karte](https://example.org/map) #Aufzüge 👩‍👩‍👧"
    uris = town.publish({"a.md": post("a", text + "\n", "langs: [de, en]\ntags: [lifts]\n")})
    (uri,) = uris.values()
    (view,) = town.seen(uri)
    said, facets = view.record["text"], view.record["facets"]
    assert isinstance(said, str)
    assert isinstance(facets, list)
    shown = {}
    for facet in facets:
        (feature,) = facet["features"]
        start, end = facet["index"]["byteStart"], facet["index"]["byteEnd"]
        shown[said.encode()[start:end].decode()] = feature.get("did") or feature.get("uri") or feature["tag"]
    assert shown == {
        f"@{handle}": town["mentioned"].person.did,
        "die Karte": "https://example.org/map",
        "#Aufzüge": "Aufzüge",
    }
    assert (view.record["langs"], view.record["tags"]) == (["de", "en"], ["lifts"])
    notices = town.soon(
        lambda: town.ask("app.bsky.notification.listNotifications", {}, "mentioned")["notifications"],
        bool,
        "the mentioned to be told",
    )
    assert [(each["reason"], each["uri"]) for each in notices] == [("mention", uri)]


def test_pictures_galleries_and_films_are_shown_with_their_texts_and_shapes(town: Town) -> None:
    maps = "".join(f"![Map {number}](map.png)\n\n" for number in range(10))
    uris = town.publish(
        {
            "gate.png": GATE,
            "map.png": encoded(noise(800, 700), "PNG"),
            "lift.mp4": FILM,
            "a.md": post("a", "One.\n\n![A gate](gate.png)\n\n---\n\nTen.\n\n" + maps),
            "b.md": post("b", "Going up.\n", "media: [{src: lift.mp4, alt: A lift goes up}]\n"),
        }
    )
    one, ten, film = map(embed, town.seen(uris["One."], uris["Ten."], uris["Going up."]))
    assert one["$type"] == "app.bsky.embed.images#view"
    assert [each["alt"] for each in one["images"]] == ["A gate"]
    assert ten["$type"] == "app.bsky.embed.gallery#view"
    assert [each["alt"] for each in ten["items"]] == [f"Map {number}" for number in range(10)]
    for each in ten["items"]:
        assert each["aspectRatio"] == {"width": 800, "height": 700}
        assert {"thumbnail", "fullsize"} <= each.keys()
    assert film["$type"] == "app.bsky.embed.video#view"
    assert (film["alt"], film["aspectRatio"]) == ("A lift goes up", {"width": 720, "height": 1280})
    assert film["playlist"].endswith("/playlist.m3u8")


def test_a_link_is_shown_as_its_card(town: Town, page: Server) -> None:
    url = f"{page.url}/lifts"
    uris = town.publish({"a.md": post("a", "Read this.\n", f"link: {url}\n")})
    (view,) = town.seen(uris["Read this."])
    assert embed(view)["$type"] == "app.bsky.embed.external#view"
    card = embed(view)["external"]
    assert (card["uri"], card["title"], card["description"]) == (url, "12 lifts", "Broken.")
    assert town["author"].person.did in card["thumb"]


def test_a_quote_shows_what_it_quotes_and_a_picture_beside_it(town: Town) -> None:
    uris = town.publish(
        {
            "gate.png": GATE,
            "a.md": post("a", "12 lifts.\n"),
            "b.md": post("b", "They said it.\n", "quote: a\n"),
            "c.md": post("c", "And saw it.\n\n![A gate](gate.png)\n", "quote: a\n"),
        }
    )
    quoted, plain, pictured = town.seen(uris["12 lifts."], uris["They said it."], uris["And saw it."])
    assert embed(plain)["$type"] == "app.bsky.embed.record#view"
    assert embed(pictured)["$type"] == "app.bsky.embed.recordWithMedia#view"
    assert embed(pictured)["media"]["images"][0]["alt"] == "A gate"
    for shown in (embed(plain)["record"], embed(pictured)["record"]["record"]):
        assert shown["$type"] == "app.bsky.embed.record#viewRecord"
        assert (shown["uri"], shown["value"]["text"]) == (quoted.uri, "12 lifts.")
    town.soon(lambda: town.seen(quoted.uri)[0].quote_count, lambda count: count == 2, "both quotes to count")


def test_self_labels_are_the_authors_own(town: Town) -> None:
    uris = town.publish({"a.md": post("a", "Careful.\n", "bluesky: {labels: [graphic-media]}\n")})
    (view,) = town.seen(uris["Careful."])
    labels = view.more["labels"]
    assert isinstance(labels, list)
    assert [(each["val"], each["src"]) for each in labels] == [("graphic-media", town["author"].person.did)]


def test_a_feed_is_read_by_the_page_to_its_end_newest_first(town: Town) -> None:
    texts = [f"Number {number}." for number in range(5)]
    chain = "\n\n---\n\n".join(texts)
    uris = town.publish({"gate.png": GATE, "a.md": post("a", chain + "\n\n![A gate](gate.png)\n")})
    town.seen(*uris.values())
    author, handle = town["author"], town["author"].person.handle
    pages = Pages(lambda cursor: api.get_author_feed(handle, limit=2, cursor=cursor, public=True))
    found: list[str] = []
    while pages.more:
        found += [str(each.post.record["text"]) for each in author.run(pages.read()).data]
    assert found == texts[::-1]
    with_media = author.run(api.get_author_feed(handle, filter="posts_with_media", public=True))
    assert [each.post.record["text"] for each in with_media.data] == texts[-1:]
    entry = author.run(api.get_author_feed(handle, limit=1)).data[0]
    assert entry.reply is not None
    assert entry.reply["parent"]["uri"] == uris[texts[-2]]  # type: ignore[index]


def test_a_post_is_found_by_its_words(town: Town) -> None:
    word = f"w{town.mark}"
    uris = town.publish({"a.md": post("a", f"12 lifts {word}.\n")})
    (uri,) = uris.values()
    town.seen(uri)
    for name in ("reader", ""):
        found = town.ask("app.bsky.feed.searchPosts", {"q": word}, name)["posts"]
        assert [each["uri"] for each in found] == [uri]


def test_what_is_taken_down_is_seen_no_more_and_its_gates_are_gone(town: Town) -> None:
    gated = "who_can_reply: nobody\nbluesky: {quotes: nobody}\n"
    uris = dict(
        town.publish({"gate.png": GATE, "a.md": post("a", CHAIN, gated), "b.md": post("b", "Stays.\n")})
    )
    stays = uris.pop("Stays.")
    town.seen(stays, *uris.values())
    (town.folder / "posts/a.md").unlink()
    town.threadsync("apply", "--yes", "--allow-delete=a@bluesky/brand")
    author, did = town["author"], town["author"].person.did
    town.soon(
        lambda: author.run(api.get_posts(list(uris.values()), public=True)),
        lambda posts: not posts,
        "the chain to go",
    )
    town.seen(stays)
    with pytest.raises(ApiError, match="not found"):
        town.thread(uris["One."])
    for gates in (THREADGATE, POSTGATE):
        assert author.run(api.list_records(did, gates)).data == ()


def test_likes_replies_reposts_and_quotes_are_counted(town: Town) -> None:
    uris = town.publish({"a.md": post("a", "12 lifts.\n")})
    (uri,) = uris.values()
    town.likes("reader", uri)
    town.likes("other", uri)
    town.reposts("reader", uri)
    town.quotes("other", uri, "They said it.")
    town.replies("reader", uri, "Really?")

    def counts(view: api.PostView) -> tuple[int | None, ...]:
        return view.like_count, view.reply_count, view.repost_count, view.quote_count

    town.soon(lambda: counts(town.seen(uri)[0]), lambda seen: seen == (2, 1, 1, 1), "all of it to count")
    (target,) = json.loads(town.threadsync("insights", "--format", "json"))["targets"]
    assert target["totals"]["counts"] == {"likes": 2, "replies": 1, "reposts": 1, "quotes": 1}
