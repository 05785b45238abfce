"""What we call a record and a blob before they are sent is what the server calls them."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.pds.launcher import CALL_SECONDS, Pds, Person
from threadsync.model.ids import Address, MediaDigest
from threadsync.model.text import Anchor, Hashtag, Mention, Plain, Url
from threadsync.providers.bluesky.cids import of_blob, of_record
from threadsync.providers.bluesky.richtext import as_json, rich_text
from threadsync.providers.bluesky.tids import chosen

ROOT = Path(__file__).parents[3]

pytestmark = pytest.mark.live

POST = "app.bsky.feed.post"


def call(
    server: Pds, person: Person, name: str, data: bytes, content_type: str = "application/json"
) -> dict[str, Any]:
    answer = requests.post(
        f"{server.url}/xrpc/{name}",
        headers={"Authorization": f"Bearer {person.access}", "Content-Type": content_type},
        data=data,
        timeout=CALL_SECONDS,
    )
    assert answer.status_code == requests.codes.ok, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_a_record_has_the_cid_that_we_computed_and_writing_it_again_changes_nothing(
    server: Pds, person: Person
):
    rich = rich_text(
        (
            Plain("Grüße an "),
            Mention(person.handle),
            Plain(" 👩‍👩‍👧 "),
            Anchor("Karte", "https://example.org/map"),
            Plain(" "),
            Url("https://example.org/lifts"),
            Plain(" "),
            Hashtag("Aufzüge"),
        ),
        lambda _: "",
    )
    key, at = chosen(
        "p", Address.parse("lifts@bluesky/brand"), 0, 0, datetime(2026, 12, 3, 8, 30, tzinfo=UTC)
    )
    record = {
        "$type": POST,
        "text": rich.text,
        "facets": as_json(rich.facets, {person.handle: person.did}),
        "createdAt": at.isoformat().replace("+00:00", "Z"),
        "langs": ["de"],
    }
    sent = json.dumps(
        {"repo": person.did, "collection": POST, "rkey": key, "record": record, "swapRecord": None}
    ).encode()
    first, second = (call(server, person, "com.atproto.repo.putRecord", sent) for _ in range(2))
    assert first["cid"] == second["cid"] == of_record(record)
    assert "commit" in first
    assert "commit" not in second


def test_a_blob_has_the_cid_that_we_computed(server: Pds, person: Person):
    data = (ROOT / "examples/posts/pictures/gate.png").read_bytes()
    told = call(server, person, "com.atproto.repo.uploadBlob", data, "image/png")
    assert told["blob"]["ref"]["$link"] == of_blob(MediaDigest(hashlib.sha256(data).hexdigest()))
