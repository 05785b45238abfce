"""Posts that are taken and posts that are refused, and what they are made of: for the talks beside it."""

from __future__ import annotations

POST = "app.bsky.feed.post"
AT = "2026-12-03T08:30:00Z"
KEYS = tuple(f"3mb{mark}222222222" for mark in "abcdefgh")
NOWHERE = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"
NOBODY = "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"


def post(text="12 lifts were broken.", **more):
    return {"$type": POST, "text": text, "createdAt": AT, **more}


def picture(blob, **more):
    return post(embed={"$type": "app.bsky.embed.images", "images": [{"image": blob, "alt": "", **more}]})


_FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
_CARD = {"uri": "https://example.org", "title": "", "description": ""}
_EXTERNAL = "app.bsky.embed.external"
REF = {"uri": f"at://{NOBODY}/{POST}/{KEYS[0]}", "cid": NOWHERE}
LABELS = "com.atproto.label.defs#selfLabels"


def _facet(feature, start=0, end=4):
    return {"facets": [{"index": {"byteStart": start, "byteEnd": end}, "features": [feature]}]}


GOOD = {
    "300 graphemes": post("\u00e4" * 300),
    "100 families": post(_FAMILY * 100),
    "empty": post(""),
    "a zero byte": post("a\0b"),
    "another zone": post(createdAt="2026-12-03T08:30:00+02:00"),
    "microseconds": post(createdAt="2026-12-03T08:30:00.123456Z"),
    "long ago": post(createdAt="1969-12-03T08:30:00Z"),
    "far ahead": post(createdAt="2999-12-03T08:30:00Z"),
    "unknown field": post(colour={"deep": [1, True, None]}),
    "unknown embed": post(embed={"$type": "org.example.thing", "a": 1}),
    "three languages": post(langs=["de", "en-GB", "zh-Hant-TW"]),
    "languages with all their parts": post(langs=["zh-cmn-Hans-CN", "sl-rozaj-1994", "en-a-bbb-x-lift"]),
    "eight tags": post(tags=["x"] * 8),
    "unknown label": post(labels={"$type": LABELS, "values": [{"val": "odd"}]}),
    "card": post(embed={"$type": _EXTERNAL, "external": _CARD}),
    "reply": post(reply={"root": REF, "parent": REF}),
    "quote": post(embed={"$type": "app.bsky.embed.record", "record": REF}),
    "facet outside": post(**_facet({"$type": "app.bsky.richtext.facet#tag", "tag": "x"}, 90, 10)),
    "unknown feature": post(**_facet({"$type": "org.example.feature"})),
}
"""Posts that are taken."""
BAD = {
    "3001 bytes": post(_FAMILY * 120 + "x"),
    "301 graphemes": post("x" * 301),
    "no text": {"$type": POST, "createdAt": AT},
    "a number": post(7),
    "no time": {"$type": POST, "text": "x"},
    "no zone": post(createdAt="2026-12-03T08:30:00"),
    "minus zero": post(createdAt="2026-12-03T08:30:00-00:00"),
    "no day": post(createdAt="2026-12-32T08:30:00Z"),
    "a word": post(createdAt="soon"),
    "four languages": post(langs=["de"] * 4),
    "bad language": post(langs=["not a language"]),
    "a language and half a region": post(langs=["en-1"]),
    "nine tags": post(tags=["x"] * 9),
    "long tag": post(tags=["x" * 65]),
    "eleven labels": post(labels={"$type": LABELS, "values": [{"val": "odd"}] * 11}),
    "float": post(colour=0.5),
    "float inside": post(colour={"deep": [1, 0.5]}),
    "half a reply": post(reply={"parent": REF}),
    "card without description": post(
        embed={"$type": _EXTERNAL, "external": {"uri": "https://example.org", "title": ""}}
    ),
    "card without address": post(embed={"$type": _EXTERNAL, "external": {**_CARD, "uri": "nowhere"}}),
    "embed without a type": post(embed={"a": 1}),
    "facet without address": post(**_facet({"$type": "app.bsky.richtext.facet#link", "uri": "nowhere"})),
    "mention of no DID": post(**_facet({"$type": "app.bsky.richtext.facet#mention", "did": "lifts.test"})),
    "negative facet": post(**_facet({"$type": "app.bsky.richtext.facet#tag", "tag": "x"}, -1, 3)),
    "quote of nothing": post(embed={"$type": "app.bsky.embed.record", "record": {"uri": REF["uri"]}}),
    "another type": {**post(), "$type": "app.bsky.feed.like"},
}
"""Posts that are refused."""
