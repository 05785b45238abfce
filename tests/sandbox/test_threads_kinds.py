"""Every pair of things that a post may have: what our checks let through, the network takes.

The checks and the sandbox were written apart from the same documentation, so where one of them forgot a
rule, they disagree here. Checks may be stricter; each place where they are has its rule named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import pytest

from tests.providers.threads.test_checks import PROVIDER, publication_of
from threadsync.model.post import Publication
from threadsync.providers.threads import convert
from threadsync.sandbox.threads import FetchedMedia, MediaKind, Profile, new_state

PICTURE = {"format": "JPEG", "width": 1080, "height": 1080, "bytes": 9000, "alt": "a"}
QUOTED, PARENT = "111", "222"
"""Ids that a sample names; the network gives the posts others."""

KINDS: Mapping[str, Mapping[str, Any]] = {
    "no text": {"text": ""},
    "poll": {"poll": {"options": ["Yes", "No"]}},
    "gif": {"threads": {"gif": "abc"}},
    "link": {"link": "https://example.org/a"},
    "quote": {"quote": f"id:{QUOTED}"},
    "reply": {"reply_to": f"id:{PARENT}"},
    "topic": {"threads": {"topic": "transit"}},
    "tag": {"tags": ["lifts"]},
    "location": {"threads": {"location": "110001"}},
    "ghost": {"threads": {"ghost": True}},
    "approvals": {"threads": {"reply_approvals": True}},
    "countries": {"threads": {"countries": ["AT"]}},
    "hidden media": {"threads": {"spoiler": True}},
    "hidden words": {"threads": {"spoiler": {"text": ["t"]}}},
    "long text": {"threads": {"long_text": "All **of** it"}},
    "long text with a link": {"threads": {"long_text": {"text": "All", "link": "https://example.org/b"}}},
    "story": {"threads": {"instagram_story": "dark"}},
    "who": {"who_can_reply": "mentioned"},
    "parent's author": {"who_can_reply": "parent-author"},
    "picture": {"images": [PICTURE]},
    "pictures": {"images": [PICTURE, PICTURE]},
    "video": {"videos": [{}]},
    "chain": {"further": [{"text": "two"}]},
    "number": {"number": "{i}/{n}"},
    "repost": {"repost": f"id:{QUOTED}", "text": ""},
}
STRICTER = {
    "threads/ghost-alone",
    "threads/parent-author",
    "threads/repost-alone",
    "threads/spoiler-media",
}
"""Rules for what the sandbox takes and readers would never see, or not in this way."""


def sample_of(*names: str) -> dict[str, Any]:
    """Return the sample of a post that has everything of *names*."""
    first: dict[str, Any] = {"text": "t"}
    found: dict[str, Any] = {"segments": [first]}
    for name in names:
        for key, value in KINDS[name].items():
            match key:
                case "text":
                    first["text"] = value
                case "images" | "videos":
                    first[key] = [*first.get(key, []), *value]
                case "further":
                    found["segments"] += value
                case "threads":
                    found["threads"] = {**found.get("threads", {}), **value}
                case _:
                    found[key] = value
    return found


@dataclass
class Published:
    """One sample on a network of its own; *refused* says what the network said, if it said no."""

    net: Any
    publication: Publication
    refused: str = ""
    ids: list[str] = field(default_factory=list)

    def publish(self) -> None:
        profiles = [Profile("lift_report", is_eligible_for_geo_gating=True, has_instagram=True)]
        self.net.state = new_state(profiles, seed=7, now=self.net.now - 100)
        known = {QUOTED: self.net.post("quoted"), PARENT: self.net.post("parent")}
        if self.publication.repost is not None:
            self._ask(f"/{known[QUOTED]}/repost")
            return
        parent = known[PARENT] if self.publication.reply_to is not None else ""
        for index, segment in enumerate(self.publication.segments):
            what = PROVIDER.render(self.publication, segment, index, lambda _: "").rendered
            carries = convert.parameters_of(what)
            if segment.quote is not None:
                carries["quote_post_id"] = known[QUOTED]
            above = {"reply_to_id": parent} if parent else {}
            made = self._ask("/me/threads", text=what.text, **self._media(what), **above, **carries)
            self.net.now += 10
            parent = made and self._ask("/me/threads_publish", creation_id=made)
            if not parent:
                return

    def _media(self, what: Any) -> dict[str, str]:
        types = convert.media_types(what)
        if not types:
            return {"media_type": "TEXT"}
        if len(types) == 1:
            return self._single(types[0], 0)
        children = [
            self.net.create(**self._single(media_type, number), is_carousel_item="true")
            for number, media_type in enumerate(types)
        ]
        self.net.now += 10
        return {"media_type": "CAROUSEL", "children": ",".join(children)}

    def _single(self, media_type: str, number: int) -> dict[str, str]:
        url = self.net.picture(f"http://127.0.0.1/{number}", format="JPEG")
        if media_type == "VIDEO":
            self.net.media[url] = FetchedMedia(MediaKind.VIDEO, "MP4", 9000, "a.mp4", 1080, 1920)
        return {"media_type": media_type, f"{media_type.lower()}_url": url}

    def _ask(self, path: str, **params: str) -> str:
        answer = self.net.call("POST", path, **params)
        if answer.status != 200:
            self.refused = str(answer.body)
            return ""
        self.ids.append(str(answer.body["id"]))
        return self.ids[-1]


def pairs_with(name: str) -> Iterator[tuple[str, ...]]:
    """Yield *name* alone, and with each kind that stands behind it in the table."""
    yield (name,)
    yield from (pair for pair in combinations(KINDS, 2) if pair[0] == name)


@pytest.mark.parametrize("name", KINDS)
def test_what_the_checks_let_through_the_network_takes(name: str, new_net: Callable[[], Any]) -> None:
    for names in pairs_with(name):
        publication = publication_of(sample_of(*names))
        errors = {each.rule for each in PROVIDER.check(publication, lambda _: "") if each.is_error}
        asked = Published(new_net(), publication)
        asked.publish()
        if asked.refused:
            assert errors, (names, asked.refused)
        else:
            assert errors <= STRICTER, (names, errors)


def test_what_one_post_may_have_at_once_is_taken_and_shown(new_net: Callable[[], Any]) -> None:
    names = ("quote", "reply", "topic", "location", "countries", "hidden media", "story", "who")
    publication = publication_of(sample_of(*names, "pictures", "video", "chain"))
    assert not [each for each in PROVIDER.check(publication, lambda _: "") if each.is_error]
    asked = Published(new_net(), publication)
    asked.publish()
    assert not asked.refused
    first, second = asked.ids[1], asked.ids[3]
    fields = "is_quote_post,topic_tag,location_id,is_spoiler_media,reply_audience,media_type,children"
    shown = asked.net.get(f"/{first}", fields=f"{fields},allowlisted_country_codes,replied_to")
    assert (shown["is_quote_post"], shown["topic_tag"], shown["location_id"]) == (True, "transit", "110001")
    assert (shown["is_spoiler_media"], shown["reply_audience"]) == (True, "MENTIONED_ONLY")
    assert (shown["media_type"], len(shown["children"]["data"])) == ("CAROUSEL_ALBUM", 3)
    assert shown["allowlisted_country_codes"] == ["AT"]
    assert asked.net.get(f"/{second}", fields="replied_to")["replied_to"]["id"] == first
