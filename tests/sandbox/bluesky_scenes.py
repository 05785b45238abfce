"""A Bluesky network to post on in a line, and one of every kind of post."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.sandbox.page_reader import HOSTILE
from threadsync.sandbox.bluesky import (
    Fault,
    Profile,
    Request,
    Switches,
    Upload,
    arm,
    handle,
    new_state,
    switch,
)
from threadsync.sandbox.bluesky.cids import cid_of_bytes
from threadsync.sandbox.threads.faults import FaultKind

NOON = 1_790_000_000.0
LIFTS, HARBOUR = "lift-report.test", "harbour-desk.test"
RATIO = {"width": 800, "height": 600}


@dataclass
class Sky:
    """The model at one moment; every write is a second later than the one before."""

    now: float = NOON
    tokens: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.state = new_state([Profile(LIFTS), Profile(HARBOUR)], seed=7)
        switch(self.state, Switches(rate_limits=True))
        for each in (LIFTS, HARBOUR):
            login = {"identifier": each, "password": f"sandbox-{each}"}
            self.tokens[each] = self.ask("com.atproto.server.createSession", "", login)["accessJwt"]

    def ask(self, nsid: str, who: str, given: Any = None, upload: Upload | None = None) -> dict[str, Any]:
        token = self.tokens.get(who)
        request = Request.of("POST", f"/xrpc/{nsid}", input=given, token=token, upload=upload, body_bytes=9)
        answer = handle(self.state, request, self.now)
        assert answer.status == 200, answer.body
        return answer.body

    def did(self, who: str = LIFTS) -> str:
        return next(each.did for each in self.state.accounts.values() if each.handle == who)

    def write(self, collection: str, value: dict[str, Any], who: str = LIFTS, **more: Any) -> dict[str, str]:
        """Create a record; return its reference."""
        self.now += 1
        made = {"$type": collection, "createdAt": "2026-10-21T14:13:20Z", **value}
        whole = {"repo": self.did(who), "collection": collection, "record": made, **more}
        answer = self.ask("com.atproto.repo.createRecord", who, whole)
        return {"uri": answer["uri"], "cid": answer["cid"]}

    def post(self, text: str = "Lifts", who: str = LIFTS, **fields: Any) -> dict[str, str]:
        when = f"2026-09-21T14:14:{self.now % 60:06.3f}Z"
        return self.write("app.bsky.feed.post", {"text": text, "createdAt": when, **fields}, who)

    def reply(self, to: dict[str, str], text: str, who: str = LIFTS, root: Any = None) -> dict[str, str]:
        return self.post(text, who, reply={"root": root or to, "parent": to})

    def gate(self, post: dict[str, str], collection: str, **rules: Any) -> dict[str, str]:
        rkey = post["uri"].rpartition("/")[2]
        return self.write(collection, {"post": post["uri"], **rules}, rkey=rkey)

    def delete(self, post: dict[str, str]) -> None:
        _, _, did, collection, rkey = post["uri"].split("/")
        self.ask(
            "com.atproto.repo.deleteRecord",
            next(each.handle for each in self.state.accounts.values() if each.did == did),
            {"repo": did, "collection": collection, "rkey": rkey},
        )

    def blob(self, content: bytes, kind: str = "image/png", who: str = LIFTS) -> dict[str, Any]:
        upload = Upload(cid_of_bytes(content), kind, len(content), kind)
        found: dict[str, Any] = self.ask("com.atproto.repo.uploadBlob", who, upload=upload)["blob"]
        return found

    def images(self, *alts: str, who: str = LIFTS) -> dict[str, Any]:
        shown = [
            {"image": self.blob(alt.encode() or b"none", who=who), "alt": alt, "aspectRatio": RATIO}
            for alt in alts
        ]
        return {"$type": "app.bsky.embed.images", "images": shown}

    def gallery(self, count: int) -> dict[str, Any]:
        kind = "app.bsky.embed.gallery"
        shown = [
            {
                "$type": f"{kind}#image",
                "image": self.blob(bytes([n])),
                "alt": f"No. {n}",
                "aspectRatio": RATIO,
            }
            for n in range(count)
        ]
        return {"$type": kind, "items": shown}

    def video(self) -> dict[str, Any]:
        return {
            "$type": "app.bsky.embed.video",
            "video": self.blob(b"film", "video/mp4"),
            "alt": "A lift moves",
            "aspectRatio": RATIO,
            "captions": [{"lang": "de", "file": self.blob(b"WEBVTT", "text/vtt")}],
        }

    def card(self, uri: str = "https://www.example.org/lifts", title: str = "All lifts") -> dict[str, Any]:
        card = {"uri": uri, "title": title, "description": "Of 40 stations", "thumb": self.blob(b"thumb")}
        return {"$type": "app.bsky.embed.external", "external": card}


def facet(text: str, part: str, kind: str, **feature: str) -> dict[str, Any]:
    """Mark *part* of *text*, in bytes."""
    start = text.encode().index(part.encode())
    return {
        "index": {"byteStart": start, "byteEnd": start + len(part.encode())},
        "features": [{"$type": f"app.bsky.richtext.facet#{kind}", **feature}],
    }


def quote(post: dict[str, str], media: dict[str, Any] | None = None) -> dict[str, Any]:
    record = {"$type": "app.bsky.embed.record", "record": post}
    if media is None:
        return record
    return {"$type": "app.bsky.embed.recordWithMedia", "record": record, "media": media}


def labels(*names: str) -> dict[str, Any]:
    return {"$type": "com.atproto.label.defs#selfLabels", "values": [{"val": each} for each in names]}


def everything(sky: Sky) -> dict[str, str]:
    """Put up one of each kind of post, some with a hostile text; return a root with answers."""
    text = f"{HOSTILE} 🚋 the map, @harbour-desk.test #lifts"
    marks = [
        facet(text, "the map", "link", uri="https://example.org/?a=1&b="),
        facet(text, "@harbour-desk.test", "mention", did=sky.did(HARBOUR)),
        facet(text, "#lifts", "tag", tag="lifts"),
    ]
    root = sky.post(text, facets=marks, langs=["en", "de"], tags=["transit"])
    second = sky.reply(root, "2/2")
    thanks = sky.reply(second, "thanks", HARBOUR, root)
    rude = sky.reply(root, "rude", HARBOUR)
    sky.gate(
        root,
        "app.bsky.feed.threadgate",
        allow=[{"$type": "app.bsky.feed.threadgate#followerRule"}],
        hiddenReplies=[rude["uri"]],
    )
    sky.gate(root, "app.bsky.feed.postgate", embeddingRules=[{"$type": "app.bsky.feed.postgate#disableRule"}])
    sky.post("pictures", embed=sky.images(HOSTILE, ""))
    sky.post("covered", embed=sky.images("A wound"), labels=labels("graphic-media"))
    sky.post("gallery", embed=sky.gallery(10))
    sky.post("film", embed=sky.video())
    sky.post("card", embed=sky.card(title=HOSTILE))
    sky.post("no card", embed=sky.card(uri="javascript:alert(1)"))
    sky.post("quote", embed=quote(thanks))
    sky.post("quote with pictures", HARBOUR, embed=quote(root, sky.images("both", who=HARBOUR)))
    gone = sky.post(HOSTILE)
    sky.post("quotes what is gone", embed=quote(gone))
    sky.write("app.bsky.feed.repost", {"subject": root}, HARBOUR)
    sky.write("app.bsky.feed.repost", {"subject": gone}, HARBOUR)
    sky.delete(gone)
    arm(sky.state, Fault("publish", FaultKind.ANSWER_LOST, skip=2))
    return root
