"""Every kind of post: what is declared becomes Threads' parameters, and is known again when it is read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from tests.providers.threads.talk import START
from tests.providers.threads.test_checks import PROVIDER, TARGET, publication_of
from threadsync.content.schemas import load_schema
from threadsync.model.capabilities import Needs
from threadsync.model.diagnostic import Location
from threadsync.model.facts import ObservedPost
from threadsync.model.ids import Address, RemoteId
from threadsync.model.journal import Published, Rendered
from threadsync.providers.base import ProviderContext
from threadsync.providers.threads import api, carrying, checks, convert
from threadsync.providers.threads.provider import ThreadsProvider

PICTURE = {"format": "JPEG", "width": 1080, "height": 1080, "bytes": 9000, "alt": "a"}


def links(address: Address) -> str:
    return f"https://t/{address.key}"


def rendered(sample: Mapping[str, Any], index: int = 0, provider: ThreadsProvider = PROVIDER) -> Rendered:
    publication = publication_of(sample)
    return provider.render(publication, publication.segments[index], index, links).rendered


def sent(sample: Mapping[str, Any], index: int = 0, provider: ThreadsProvider = PROVIDER) -> dict[str, str]:
    return convert.parameters_of(rendered(sample, index, provider))


def rules(sample: Mapping[str, Any]) -> list[str]:
    return [each.rule for each in PROVIDER.check(publication_of(sample), links)]


def post(text: str = "t", /, **keys: Any) -> dict[str, Any]:
    return {"segments": [{"text": text}], **keys}


# What is sent.


@pytest.mark.parametrize(
    ("keys", "parameters"),
    [
        ({}, {}),
        ({"link": "https://a.org"}, {"link_attachment": "https://a.org"}),
        (
            {"poll": {"options": ["Yes", "No", "Ö"]}},
            {"poll_attachment": '{"option_a":"Yes","option_b":"No","option_c":"Ö"}'},
        ),
        ({"tags": ["transit"]}, {"topic_tag": "transit"}),
        ({"tags": ["lifts"], "threads": {"topic": "transit"}}, {"topic_tag": "transit"}),
        ({"threads": {"location": "110001"}}, {"location_id": "110001"}),
        ({"threads": {"ghost": True}}, {"is_ghost_post": "true"}),
        ({"threads": {"ghost": False, "reply_approvals": False}}, {}),
        ({"threads": {"reply_approvals": True}}, {"enable_reply_approvals": "true"}),
        ({"threads": {"countries": ["AT", "CH"]}}, {"allowlisted_country_codes": "AT,CH"}),
        ({"threads": {"gif": "abc"}}, {"gif_attachment": '{"gif_id":"abc","provider":"GIPHY"}'}),
        ({"threads": {"instagram_story": "light"}}, {"crossreshare_to_ig": "true"}),
        ({"threads": {"instagram_story": "dark"}}, {"crossreshare_to_ig_dark_mode": "true"}),
        ({"threads": {"long_text": "All of it"}}, {"text_attachment": '{"plaintext":"All of it"}'}),
        *(
            ({"who_can_reply": ours}, {"reply_control": theirs})
            for ours, theirs in carrying.REPLY_CONTROLS.items()
        ),
    ],
)
def test_each_key_becomes_its_parameter(keys: dict[str, Any], parameters: dict[str, str]) -> None:
    assert sent(post(**keys)) == parameters


def test_no_option_of_the_schema_is_dropped() -> None:
    """Every key of ``threads:`` with its first example changes what is sent, or is a finding."""
    definitions = load_schema("post")["$defs"]
    assert isinstance(definitions, dict)
    properties = definitions["threads"]["properties"]
    assert {"topic", "gif", "long_text", "instagram_story"} <= set(properties)
    for key, node in properties.items():
        sample = post(threads={key: node["examples"][0]})
        sample["segments"][0]["images"] = [PICTURE]
        assert sent(sample), key


def test_every_key_of_the_post_is_a_feature_or_a_finding() -> None:
    for key in ("poll", "quote", "link", "repost", "reply_to", "who_can_reply", "tags", "number"):
        assert key in checks.CAPABILITIES.features
    found = PROVIDER.check(publication_of(post(langs=["de"], who_can_reply="nobody")), links)
    assert {each.rule for each in found} == {"threads/languages-not-sent", "threads/unsupported"}


def test_what_stands_at_the_top_means_the_first_segment_and_audiences_mean_all() -> None:
    keys = {"who_can_reply": "followers", "tags": ["transit"], "link": "https://a.org"}
    options = {"countries": ["AT"], "reply_approvals": True, "location": "1", "spoiler": True}
    segments = [{"text": "one", "images": [PICTURE]}, {"text": "two"}, {"text": "three", "images": [PICTURE]}]
    sample = {"segments": segments, "threads": options, **keys}
    everywhere = {"reply_control": "followers_only", "allowlisted_country_codes": "AT"}
    hides = {"is_spoiler_media": "true"}
    assert sent(sample, 1) == everywhere
    assert sent(sample, 2) == {**everywhere, **hides}
    assert sent(sample, 0) == {
        **everywhere,
        **hides,
        "link_attachment": "https://a.org",
        "topic_tag": "transit",
        "location_id": "1",
        "enable_reply_approvals": "true",
    }


def test_a_segment_s_own_options_win_over_those_at_the_top() -> None:
    segments = [{"text": "one", "threads": {"topic": "own"}}, {"text": "two", "threads": {"topic": "second"}}]
    sample = {"segments": segments, "threads": {"topic": "top", "location": "1"}}
    assert sent(sample, 0) == {"topic_tag": "own", "location_id": "1"}
    assert sent(sample, 1) == {"topic_tag": "second"}


def test_media_hidden_at_the_top_are_those_of_the_segments_that_have_some() -> None:
    """A chain may begin with words alone; only where nothing at all is there to be hidden is that wrong."""
    segments: list[dict[str, Any]] = [{"text": "one"}, {"text": "two", "images": [PICTURE]}]
    for spoiler in (True, {"media": True, "text": ["one"]}):
        sample = {"segments": segments, "threads": {"spoiler": spoiler}}
        assert rules(sample) == []
        assert "is_spoiler_media" not in sent(sample, 0)
        assert sent(sample, 1) == {"is_spoiler_media": "true"}
    assert "text_entities" in sent(sample, 0)
    segments[0]["threads"] = {"spoiler": True}
    assert rules({"segments": segments}) == ["threads/spoiler-media"]
    words = {"segments": [{"text": "one"}, {"text": "two"}], "threads": {"spoiler": True}}
    assert rules(words) == ["threads/spoiler-media"]


@pytest.mark.parametrize(
    ("keys", "rule"),
    [
        ({"threads": {"long_text": "\n \t"}}, "threads/long-text-empty"),
        ({"poll": {"options": ["Yes", " "]}}, "threads/poll-options"),
        ({"threads": {"topic": "#transit"}}, "threads/topic"),
        ({"threads": {"topic": "  "}}, "threads/topic"),
        ({"threads": {"gif": " "}}, "threads/gif-id"),
        ({"threads": {"location": "٣"}}, "threads/location"),
        ({"threads": {"spoiler": {"text": [" "]}}}, "threads/spoiler-text"),
        ({"quote": "id:C0de"}, "threads/reference"),
        ({"reply_to": "id:C0de"}, "threads/reference"),
        ({"quote": "id:18012345678901234"}, None),
    ],
)
def test_what_says_nothing_or_names_nothing_is_a_finding(keys: dict[str, Any], rule: str | None) -> None:
    assert rules(post("a t", **keys)) == ([] if rule is None else [rule])


def test_a_passage_that_only_looks_the_same_is_told_apart() -> None:
    for text, says in (("Cafe\u0301", "looks the same"), ("Cafes", "that the plan shows")):
        sample = post(text, threads={"spoiler": {"text": ["Caf\u00e9"]}})
        (found,) = PROVIDER.check(publication_of(sample), links)
        assert says in found.remedy


def test_a_topic_is_told_where_it_stands() -> None:
    places = {"tags": Location("posts/a.md", 4), "threads": Location("posts/a.md", 5)}
    for keys, line in (({"tags": ["a.b"]}, 4), ({"tags": ["a"], "threads": {"topic": "#a"}}, 5)):
        publication = replace(publication_of(post(**keys)), key_locations=places)
        found = [each for each in PROVIDER.check(publication, links) if each.rule == "threads/topic"]
        assert [each.location.line for each in found] == [line]


def test_what_is_not_documented_of_replies_is_told_once() -> None:
    options = {"topic": "transit", "location": "1", "instagram_story": "dark", "countries": ["AT"]}
    (found,) = PROVIDER.check(publication_of(post(threads=options, reply_to="id:7")), links)
    assert found.rule == "threads/undocumented-on-reply"
    assert found.problem == (
        "this post is a reply; Threads does not say whether a reply can have "
        "a topic, a location, an Instagram story, a list of countries."
    )
    chain = {"segments": [{"text": str(number)} for number in range(5)], "threads": options}
    (found,) = PROVIDER.check(publication_of(chain), links)
    assert found.problem.startswith("each segment behind the first is a reply;")
    assert found.problem.endswith("have a list of countries.")


def test_a_chain_is_numbered_under_each_text_and_the_number_counts() -> None:
    sample = {"segments": [{"text": "one"}, {"text": "", "images": [PICTURE]}], "number": "({i}/{n})"}
    assert [rendered(sample, n).text for n in (0, 1)] == ["one\n\n(1/2)", "(2/2)"]
    assert rendered(post(number="{i}/{n}")).text == "t"
    long = {"segments": [{"text": "x" * 499}, {"text": "two"}], "number": "{i}/{n}"}
    (found,) = PROVIDER.check(publication_of(long), links)
    assert found.rule == "threads/text-too-long"
    assert found.problem == "segment 1 has 504 characters for Threads and 500 are allowed."
    assert "Shorten it by 4" in found.remedy


@pytest.mark.parametrize(
    ("units", "offset", "length"), [("utf16", 4, 3), ("codepoints", 3, 3), ("bytes", 6, 4)]
)
def test_hidden_passages_are_found_letter_for_letter_in_the_units_of_the_target(
    units: str, offset: int, length: int
) -> None:
    provider = ThreadsProvider(ProviderContext(TARGET, {"entity_units": units}))
    sample = post("👍: aöb", threads={"spoiler": {"text": ["aöb"]}})
    (entity,) = json.loads(sent(sample, provider=provider)["text_entities"])
    assert entity == {"entity_type": "SPOILER", "offset": offset, "length": length}


def test_a_passage_is_hidden_each_time_it_stands_there_in_order() -> None:
    entities = json.loads(sent(post("ab b", threads={"spoiler": {"text": ["b", "a"]}}))["text_entities"])
    assert [each["offset"] for each in entities] == [0, 1, 3]


def test_a_long_text_has_its_link_and_styles() -> None:
    long_text = {"text": "All **of** it", "link": "https://a.org"}
    assert json.loads(sent(post(threads={"long_text": long_text}))["text_attachment"]) == {
        "plaintext": "All of it",
        "link_attachment_url": "https://a.org",
        "text_with_styling_info": [{"offset": 4, "length": 2, "styling_info": ["bold"]}],
    }


def test_what_a_post_needs_of_the_account_is_told() -> None:
    def needs(sample: dict[str, Any]) -> Needs:
        return PROVIDER.needs(publication_of(sample))

    assert needs(post()) == Needs()
    assert needs(post(threads={"location": "1"})).scopes == {"threads_location_tagging"}
    assert needs(post(threads={"instagram_story": "dark"})).scopes == {"threads_share_to_instagram"}
    assert needs(post(threads={"countries": ["AT"]})).features == {carrying.GEO_GATING}


# What is read back.


def shown(what: Rendered, **fields: Any) -> ObservedPost:
    """Return the post that *what* becomes, with *fields* of what Threads shows."""
    media = api.MediaObject(id="1", media_type="TEXT_POST", text=what.text, timestamp=START)
    return convert.observed(replace(media, **fields))


def voted(*options: str) -> api.Poll:
    return api.Poll(options, tuple(None for _ in options), None, None)


POLL = post(poll={"options": ["Yes", "No"]})
GIF = post(threads={"gif": "abc"})
LINK = post("", link="https://a.org/x/")
GHOST = post(threads={"ghost": True})
QUOTE = replace(rendered(post()), quotes=RemoteId("7"))


@pytest.mark.parametrize(
    ("what", "fields"),
    [
        (rendered(post()), {}),
        (rendered(post("see https://a.org")), {"link_attachment_url": "https://a.org/"}),
        (rendered(post("see a.org")), {"link_attachment_url": "https://a.org/"}),
        (rendered(POLL), {"poll_attachment": voted("Yes", "No")}),
        (rendered(GIF), {"gif_url": "https://giphy/abc.gif"}),
        (rendered(GIF), {}),
        (rendered(LINK), {"link_attachment_url": "https://www.a.org/x"}),
        (rendered(GHOST), {"ghost_post_status": "ACTIVE"}),
        (QUOTE, {"is_quote_post": True, "quoted_post": "7"}),
        (QUOTE, {"is_quote_post": True}),
    ],
)
def test_a_post_is_known_again_by_what_it_carries(what: Rendered, fields: dict[str, Any]) -> None:
    assert convert.matches(what, None, shown(what, **fields))


@pytest.mark.parametrize(
    ("what", "fields"),
    [
        (rendered(post()), {"poll_attachment": voted("Yes", "No")}),
        (rendered(post()), {"is_quote_post": True, "quoted_post": "7"}),
        (rendered(post()), {"is_quote_post": True}),
        (rendered(post()), {"gif_url": "https://giphy/abc.gif"}),
        (rendered(post()), {"ghost_post_status": "ACTIVE"}),
        (rendered(post()), {"link_attachment_url": "https://a.org"}),
        (rendered(post()), {"media_type": "REPOST_FACADE", "reposted_post": "7"}),
        (rendered(POLL), {}),
        (rendered(POLL), {"poll_attachment": voted("No", "Yes")}),
        (rendered(LINK), {"link_attachment_url": "https://b.org"}),
        (rendered(GHOST), {}),
        (QUOTE, {}),
        (QUOTE, {"is_quote_post": True, "quoted_post": "8"}),
    ],
)
def test_a_post_of_another_kind_is_never_taken_for_it(what: Rendered, fields: dict[str, Any]) -> None:
    assert not convert.matches(what, None, shown(what, **fields))


def test_a_repost_is_known_by_what_it_reposts_alone() -> None:
    what = replace(rendered({"segments": [{"text": ""}], "repost": "b"}), reposts=RemoteId("7"))
    facade = shown(what, media_type="REPOST_FACADE", reposted_post="7", text="What the other one says")
    assert convert.matches(what, None, facade)
    assert not convert.matches(replace(what, reposts=RemoteId("8")), None, facade)
    assert not convert.matches(what, None, shown(what))


def test_a_published_post_is_unchanged_while_its_text_is() -> None:
    """Of a repost there is no text of ours, and an archived ghost post may show none."""
    live = Published(0, rendered(post()).digest, RemoteId("1"), "t", START)
    assert PROVIDER.unchanged(live, shown(rendered(POLL), poll_attachment=voted("Yes", "No")))
    assert not PROVIDER.unchanged(live, shown(rendered(post("edited"))))
    assert PROVIDER.unchanged(live, shown(rendered(post("")), ghost_post_status="ARCHIVED"))
    assert PROVIDER.unchanged(replace(live, text=""), shown(rendered(post("x")), media_type="REPOST_FACADE"))


def test_what_threads_does_not_know_yet_is_kept_apart() -> None:
    observed = shown(
        rendered(GHOST), ghost_post_status="ACTIVE", ghost_post_expiration_timestamp=START + timedelta(1)
    )
    assert observed.expires_at == START + timedelta(1)
    assert observed.carries == {"ghost": "ACTIVE"}


@pytest.mark.parametrize(
    ("permalink", "account", "is_wrong"),
    [
        ("https://www.threads.com/@me/post/C0de", "me", False),
        ("https://www.threads.net/@ME/post/C0de", "@me", False),
        ("https://www.threads.com/t/C0de", "me", False),
        ("https://www.threads.com/@you/post/C0de", "me", True),
        ("https://www.threads.com/@you/post/C0de", None, False),
        ("https://www.threads.com/@you/post/C0de", "17841405793187218", False),
        ("https://example.org/a", None, True),
        ("https://[me/@me/post/C0de", "me", True),
        ("https://bsky.app/profile/me.bsky.social/post/3k2a", None, True),
    ],
)
def test_a_post_of_somebody_else_cannot_be_named_by_its_address(
    permalink: str, account: str | None, is_wrong: bool
) -> None:
    provider = ThreadsProvider(ProviderContext(TARGET, account=account))
    rules = [each.rule for each in provider.check(publication_of(post(quote=permalink)), links)]
    assert rules == (["threads/reference"] if is_wrong else [])


def test_a_post_of_another_network_cannot_be_quoted() -> None:
    (found,) = PROVIDER.check(publication_of(post(quote="b@bluesky/brand")), links)
    assert found.rule == "threads/unsupported"


def test_too_many_pictures_come_with_every_way_out() -> None:
    sample = {"segments": [{"text": "t", "images": [PICTURE] * 22}]}
    (found,) = PROVIDER.check(publication_of(sample), links)
    assert found.problem == "this post has 22 pictures and videos, and a carousel holds 20."
    for way in ("---", "take out 2", "overrides: {threads/main: {segments: […]}}"):
        assert way in found.remedy
