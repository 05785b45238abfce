"""What we write, MarshalX's ``atproto`` reads with its strict models; what it writes, we read.

It runs in an environment of its own (see ``tests/sandbox/environments.py``), against the real server.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.live.bluesky.desk import Desk
from tests.media.films import film
from tests.media.test_rendition import encoded, flag
from tests.pds.launcher import Pds, Person
from tests.sandbox.environments import interpreter
from tests.sandbox.pysky_page import report
from threadsync import Attachment, Client, PostSegment
from threadsync.errors import PublishBlocked
from threadsync.flows.bounds import Bounds
from threadsync.model.facts import ObservedPost
from threadsync.model.ids import RemoteId, TargetName
from threadsync.providers.base import ProviderContext
from threadsync.providers.bluesky import api, cids
from threadsync.providers.bluesky.provider import BlueskyProvider
from threadsync.providers.bluesky.records import POSTGATE, REPOST, THREADGATE
from threadsync.providers.bluesky.uris import POST

pytestmark = [
    pytest.mark.live,
    pytest.mark.pds(worlds=("server",), why="another library has its own keys, times and questions"),
]

PACKAGE = "atproto==0.0.73"
SCRIPT = Path(__file__).parent / "peers" / "with_atproto.py"
PATIENCE_SECONDS = 120.0
TEXT = (
    "Grüße an @{handle} 👩‍👩‍👧, siehe [die Karte](https://example.org/map) 🚇 #Aufzüge https://example.org/x"
)

Ask = Callable[..., Any]


@pytest.fixture
def ask(server: Pds, person: Person) -> Ask:
    """Give what makes the peer do something with the account."""
    python = interpreter(PACKAGE)
    who = {"url": server.url, "handle": person.handle, "password": person.password, "did": person.did}

    def asked(do: str, **more: object) -> Any:
        done = subprocess.run(
            [python, "-W", "ignore", SCRIPT],
            input=json.dumps({"do": do, **who, **more}),
            env={"PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return asked


@pytest.fixture
def client(server: Pds, person: Person) -> Any:
    settings = {"directory_url": server.plc_url, "server": "pds-0.4", "video": "blob"}
    with Client(
        network="bluesky",
        identifier=person.handle,
        token=person.password,
        base_url=server.url,
        settings=settings,
    ) as found:
        yield found


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for number in (1, 2, 3):
        (tmp_path / f"{number}.png").write_bytes(encoded(flag(30 + number, 20), "PNG"))
    assert film(tmp_path / "ride.mp4").exists()
    (tmp_path / "ride.vtt").write_text("WEBVTT\n\n00:00.000 --> 00:00.100\nDoors close.\n")
    return tmp_path


def all_of_ours(client: Client, handle: str, link: str) -> None:
    """Publish a post of each kind."""
    pictures = [Attachment(f"{number}.png", f"Picture {number}") for number in (1, 2, 3)]
    first = client.publish(TEXT.format(handle=handle), langs=["de"], key="text", journal="posts.json")
    there = f"id:{first.id}"
    client.publish(
        ["One.", PostSegment("Two.", pictures[:1]), "Three."],
        who_can_reply="followers",
        options={"quotes": "nobody"},
        tags=["lifts"],
        journal="posts.json",
    )
    client.publish("Pictures.", pictures, options={"labels": ["graphic-media"]}, journal="posts.json")
    ride = Attachment("ride.mp4", "A ride", captions={"en": "ride.vtt"})
    client.publish("A ride.", [ride], journal="posts.json")
    client.publish("A quote.", quote=there, journal="posts.json")
    client.publish("A quote with a picture.", pictures[:1], quote=there, journal="posts.json")
    client.publish("A card.", link=link, journal="posts.json")
    client.publish("A reply.", reply_to=there, journal="posts.json")
    client.publish(repost=there, journal="posts.json")


def test_what_we_write_is_read_by_strict_models_as_it_was_meant(
    ask: Ask, client: Client, server: Pds, folder: Path
) -> None:
    """Each field is one of the lexicon, each file the one that is named, and all is in the signed export."""
    other = server.person("atp-other")
    with report() as link:
        all_of_ours(client, other.handle, link)
    rows: list[dict[str, Any]] = ask("read")
    counted = {name: sum(row["collection"] == name for row in rows) for name in (POST, REPOST)}
    assert counted == {POST: 10, REPOST: 1}
    assert {THREADGATE, POSTGATE} < {row["collection"] for row in rows}
    for row in rows:
        assert (row["unknown"], row["same"], row["exported"]) == ([], True, True), row
        assert all(named == served for named, served in row["served"].items()), row
    assert sum(len(row["served"]) for row in rows) >= 7, "pictures, film and captions"
    said = [row["said"] for row in rows if row["said"]]
    facet = "app.bsky.richtext.facet#"
    assert said == [
        [
            [f"@{other.handle}", [{"$type": f"{facet}mention", "did": other.did}]],
            ["die Karte", [{"$type": f"{facet}link", "uri": "https://example.org/map"}]],
            ["#Aufzüge", [{"$type": f"{facet}tag", "tag": "Aufzüge"}]],
            ["https://example.org/x", [{"$type": f"{facet}link", "uri": "https://example.org/x"}]],
        ]
    ]


def pieces(other: Person) -> list[list[str]]:
    """What ``TEXT`` says, as the peer is told it."""
    return [
        ["text", "Grüße an "],
        ["mention", f"@{other.handle}", other.did],
        ["text", " 👩‍👩‍👧, siehe "],
        ["link", "die Karte", "https://example.org/map"],
        ["text", " 🚇 "],
        ["tag", "#Aufzüge", "Aufzüge"],
        ["text", " "],
        ["link", "https://example.org/x", "https://example.org/x"],
    ]


def test_our_facets_are_those_that_it_builds(ask: Ask, client: Client, server: Pds, folder: Path) -> None:
    other = server.person("atp-facets")
    made = client.publish(TEXT.format(handle=other.handle), journal="posts.json")
    uri = api.AtUri.parse(made.id)
    assert uri is not None
    ours = client.run(api.get_record(uri.repo, uri.collection, uri.rkey)).value
    built = ask("build", pieces=pieces(other))
    assert [ours["text"], ours["facets"]] == [built["text"], built["facets"]]


def test_what_it_writes_is_read_by_ours(
    ask: Ask, client: Client, desk: Desk, server: Pds, folder: Path
) -> None:
    """The names of records are those that we compute, and each post is what it was meant to be."""
    other = server.person("atp-theirs")
    made: dict[str, list[str]] = ask(
        "write", pieces=pieces(other), picture=str(folder / "1.png"), film=str(folder / "ride.mp4")
    )
    context = ProviderContext(TargetName("bluesky/brand"), {}, Bounds(), project="p")
    provider = BlueskyProvider(context)
    seen: dict[str, ObservedPost] = {}
    for name, (address, cid) in made.items():
        uri = api.AtUri.parse(address)
        assert uri is not None
        found = client.run(api.get_record(uri.repo, uri.collection, uri.rkey))
        assert found.cid == cids.of_record(found.value) == cid, name
        post = desk.run(provider.observe(RemoteId(address)))
        assert post is not None
        seen[name] = post
    text = made["text"][0]
    assert {name: (post.kind, post.children) for name, post in seen.items() if name != "gate"} == {
        "text": ("text", 0),
        "reply": ("text", 0),
        "second-reply": ("text", 0),
        "pictures": ("carousel", 2),
        "film": ("video", 0),
        "quote": ("text", 0),
        "card": ("text", 0),
        "both": ("text", 0),
        "labelled": ("text", 0),
        "repost": ("repost", 0),
    }
    named = {name: {**post.carries} for name, post in seen.items()}
    assert {name: carried.pop("cid") for name, carried in named.items()} == {
        name: cid for name, (_, cid) in made.items()
    }
    assert {name: carried for name, carried in named.items() if carried} == {
        "quote": {"quotes": text},
        "card": {"card": "https://example.org/"},
        "both": {"quotes": text, "card": "https://example.org/"},
        "repost": {"reposts": text},
    }
    assert (seen["reply"].parent, seen["second-reply"].parent) == (text, made["reply"][0])
    assert seen["text"].text == "".join(piece[1] for piece in pieces(other))


def test_ours_answers_quotes_and_deletes_what_it_wrote_and_never_says_it_again(
    ask: Ask, client: Client, server: Pds, folder: Path
) -> None:
    other = server.person("atp-mixed")
    made: dict[str, list[str]] = ask(
        "write", pieces=pieces(other), picture=str(folder / "1.png"), film=str(folder / "ride.mp4")
    )
    below = made["second-reply"][0]
    reply = client.publish(
        "Ours, below.", reply_to=f"id:{below}", quote=f"id:{made['film'][0]}", journal="posts.json"
    )
    uri = api.AtUri.parse(reply.id)
    assert uri is not None
    value: dict[str, Any] = dict(client.run(api.get_record(uri.repo, uri.collection, uri.rkey)).value)
    root, parent = made["text"], made["second-reply"]
    assert value["reply"] == {
        "root": {"uri": root[0], "cid": root[1]},
        "parent": {"uri": parent[0], "cid": parent[1]},
    }
    assert value["embed"]["record"] == {"uri": made["film"][0], "cid": made["film"][1]}
    with pytest.raises(PublishBlocked) as caught:
        client.publish("A quote", quote=f"id:{root[0]}", journal="posts.json")
    assert caught.value.reason == "looks-published"
    client.run(api.delete_record(uri.repo, uri.collection, below.rpartition("/")[2]))
    rows: list[dict[str, Any]] = ask("read")
    assert below not in {row["uri"] for row in rows}
    assert all(row["exported"] for row in rows)
