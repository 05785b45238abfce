"""MarshalX's atproto, driven: it reads an account with its strict models, and writes to one.

It runs in an environment of its own and knows nothing of threadsync. One order comes in as JSON, and what it
saw goes out as JSON.
"""

import hashlib
import json
import sys
from collections.abc import Iterator
from typing import Any

import httpx
from atproto import CAR, CID, Client, client_utils, models
from atproto_client.models.blob_ref import BlobRef
from atproto_client.models.dot_dict import DotDict
from atproto_client.models.utils import get_model_as_dict, get_or_create
from pydantic import BaseModel

RECORDS = {
    "app.bsky.feed.post": models.AppBskyFeedPost.Record,
    "app.bsky.feed.repost": models.AppBskyFeedRepost.Record,
    "app.bsky.feed.threadgate": models.AppBskyFeedThreadgate.Record,
    "app.bsky.feed.postgate": models.AppBskyFeedPostgate.Record,
}


def unknown(value: Any, where: str) -> Iterator[str]:
    """Return what a model could not make anything of, wherever in it that is."""
    match value:
        case DotDict():
            yield where
        case BaseModel():
            yield from (f"{where}.{name}" for name in value.model_extra or ())
            for name in type(value).model_fields:
                yield from unknown(getattr(value, name), f"{where}.{name}")
        case list() | tuple():
            for number, each in enumerate(value):
                yield from unknown(each, f"{where}[{number}]")


def blobs(value: Any) -> Iterator[BlobRef]:
    """Return the files that a model refers to."""
    match value:
        case BlobRef():
            yield value
        case BaseModel():
            for name in type(value).model_fields:
                yield from blobs(getattr(value, name))
        case list() | tuple():
            for each in value:
                yield from blobs(each)


def same(there: Any, made: Any) -> bool:
    """Whether *made*, of a model, says what is *there*; a model also writes the types that are optional."""
    match there, made:
        case dict(), dict():
            return set(made) - set(there) <= {"$type"} and all(
                name in made and same(each, made[name]) for name, each in there.items()
            )
        case list(), list():
            return len(there) == len(made) and all(map(same, there, made))
        case _:
            return bool(there == made)


def read(client: Client, order: dict[str, Any]) -> list[dict[str, Any]]:
    """Read every record of the account, and what each is in the signed export of it."""
    did = client.me_did
    exported = CAR.from_bytes(client.com.atproto.sync.get_repo({"did": did}))
    rows = []
    for collection, model in RECORDS.items():
        params = {"repo": did, "collection": collection, "reverse": "true", "limit": 100}
        answer = httpx.get(f"{order['url']}/xrpc/com.atproto.repo.listRecords", params=params)
        for entry in answer.json()["records"]:
            record = get_or_create(entry["value"], model, strict=True, strict_string_format=True)
            served = {}
            for blob in blobs(record):
                content = client.com.atproto.sync.get_blob({"did": did, "cid": blob.cid.encode()})
                whole = b"\x01\x55\x12\x20" + hashlib.sha256(content).digest()
                served[blob.cid.encode()] = CID.from_decoded_bytes(whole).encode() if content else ""
            row = {
                "uri": entry["uri"],
                "cid": entry["cid"],
                "collection": collection,
                "unknown": list(unknown(record, collection)),
                "same": same(entry["value"], get_model_as_dict(record)),
                "exported": CID.decode(entry["cid"]) in exported.blocks,
                "served": served,
                "said": [],
            }
            text = getattr(record, "text", "").encode()
            for facet in getattr(record, "facets", None) or ():
                what = text[facet.index.byte_start : facet.index.byte_end].decode()
                row["said"].append([what, [get_model_as_dict(each) for each in facet.features]])
            rows.append(row)
    return rows


def build(client: Client, order: dict[str, Any]) -> dict[str, Any]:
    """Make a text of pieces with facets, and return it with them."""
    built = pieces(order)
    facets = [get_model_as_dict(each) for each in built.build_facets()]
    for facet in facets:
        del facet["$type"], facet["index"]["$type"]  # optional there
    return {"text": built.build_text(), "facets": facets}


def pieces(order: dict[str, Any]) -> client_utils.TextBuilder:
    built = client_utils.TextBuilder()
    for kind, *what in order["pieces"]:
        getattr(built, kind)(*what)
    return built


def write(client: Client, order: dict[str, Any]) -> dict[str, list[str]]:
    """Write one post of each kind, and return the address and CID of each by its name."""
    did, made = client.me_did, {}

    def kept(name: str, answer: Any) -> Any:
        made[name] = [answer.uri, answer.cid]
        return models.create_strong_ref(answer)

    with open(order["picture"], "rb") as file:
        picture = file.read()
    with open(order["film"], "rb") as file:
        film = file.read()
    ratio = models.AppBskyEmbedDefs.AspectRatio(width=4, height=3)
    root = kept("text", client.send_post(pieces(order), profile_identify=did, langs=["de"]))
    reply = models.AppBskyFeedPost.ReplyRef(root=root, parent=root)
    second = kept("reply", client.send_post("And a reply", profile_identify=did, reply_to=reply))
    deep = models.AppBskyFeedPost.ReplyRef(root=root, parent=second)
    kept("second-reply", client.send_post("And one below", profile_identify=did, reply_to=deep))
    alts, ratios = ["One", "Two"], [ratio, ratio]
    kept(
        "pictures",
        client.send_images("Two pictures", [picture, picture], alts, did, image_aspect_ratios=ratios),
    )
    kept("film", client.send_video("A film", film, "A ride", did, video_aspect_ratio=ratio))
    quote = models.AppBskyEmbedRecord.Main(record=root)
    kept("quote", client.send_post("A quote", profile_identify=did, embed=quote))
    thumb = client.upload_blob(picture).blob
    card = models.AppBskyEmbedExternal.Main(
        external=models.AppBskyEmbedExternal.External(
            uri="https://example.org/", title="A title", description="Said.", thumb=thumb
        )
    )
    kept("card", client.send_post("A card", profile_identify=did, embed=card))
    both = models.AppBskyEmbedRecordWithMedia.Main(record=quote, media=card)
    kept("both", client.send_post("A quote with a card", profile_identify=did, embed=both))
    labels = models.ComAtprotoLabelDefs.SelfLabels(
        values=[models.ComAtprotoLabelDefs.SelfLabel(val="graphic-media")]
    )
    now = client.get_current_time_iso()
    labelled = models.AppBskyFeedPost.Record(text="Labelled", created_at=now, labels=labels, tags=["lifts"])
    kept("labelled", client.app.bsky.feed.post.create(did, labelled))
    repost = models.AppBskyFeedRepost.Record(subject=root, created_at=now)
    kept("repost", client.app.bsky.feed.repost.create(did, repost))
    rkey = made["text"][0].rpartition("/")[2]
    gate = models.AppBskyFeedThreadgate.Record(post=made["text"][0], created_at=now, allow=[])
    kept("gate", client.app.bsky.feed.threadgate.create(did, gate, rkey))
    return made


def main() -> None:
    order = json.loads(sys.stdin.read())
    client = Client(base_url=order["url"])
    client.login(order["handle"], order["password"], fetch_bsky_profile=False)
    client.me_did = order["did"]
    print(json.dumps({"read": read, "build": build, "write": write}[order["do"]](client, order)))


main()
