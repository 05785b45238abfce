"""What a create call may say: docs/threads/reference/publishing and the pages under create-posts."""

from __future__ import annotations

import json

import pytest

from threadsync.sandbox.threads import TextCount
from threadsync.sandbox.threads.counting import links_in, text_length, topic_in

INVALID = (400, 100, None)
SYMBOLIC = (400, 100, None)
NOT_FOUND = (400, 24, 4279009)


def text(**params: str) -> dict[str, str]:
    return {"media_type": "TEXT", "text": "x", **params}


def styled(offset: object, length: int, *styles: str) -> dict[str, object]:
    return {"offset": offset, "length": length, "styling_info": list(styles)}


@pytest.mark.parametrize("params", [{}, {"media_type": "POEM", "text": "x"}, {"media_type": "TEXT"}])
def test_a_media_type_and_its_content_are_required(net, params):
    """media_type is required; TEXT needs text or a link."""
    assert net.refused(**params) == INVALID


@pytest.mark.parametrize("kind", ["IMAGE", "VIDEO"])
def test_media_needs_its_url(net, kind):
    """image_url and video_url are required for their types."""
    assert net.refused(media_type=kind, text="x") == INVALID


def test_a_link_alone_is_a_text_post(net):
    """Text is optional beside link_attachment."""
    media = net.publish(net.create(media_type="TEXT", link_attachment="https://example.org/")).body["id"]
    assert net.get(f"/{media}", fields="media_type,text,link_attachment_url") == {
        "id": media,
        "media_type": "TEXT_POST",
        "link_attachment_url": "https://example.org/",
    }


def test_500_characters_are_allowed_and_501_answer_http_500(net, fault):
    """docs/threads/posts: 500; the refusal comes as HTTP 500, code 100, THApiException."""
    net.create(media_type="TEXT", text="a" * 500)
    answer = net.call("POST", "/me/threads", media_type="TEXT", text="a" * 501)
    assert fault(answer) == (500, 100, None)
    assert answer.body["error"]["message"] == "Param text must be at most 500 characters long."
    assert answer.body["error"]["type"] == "THApiException"


@pytest.mark.parametrize(
    ("sample", "codepoints", "graphemes", "size"),
    [
        ("a", 1, 1, 1),
        ("é", 1, 1, 2),
        ("e\u0301", 2, 1, 3),
        ("駅", 1, 1, 3),
        ("🚋", 1, 4, 4),
        ("👩‍🚒", 3, 11, 11),
        ("🇨🇭", 2, 8, 8),
        ("“x”", 3, 3, 7),
        ("a\r\nb", 4, 3, 4),
    ],
)
def test_three_ways_to_count_a_text(sample, codepoints, graphemes, size):
    """docs/threads/posts says emoji count as their UTF-8 bytes and leaves the rest open: a switch."""
    assert text_length(sample, TextCount.CODEPOINTS) == codepoints
    assert text_length(sample, TextCount.GRAPHEMES) == graphemes
    assert text_length(sample, TextCount.BYTES) == size


def test_the_count_in_force_is_the_switch(net):
    """A text of 400 Japanese characters is over the limit only when bytes are counted."""
    net.create(media_type="TEXT", text="駅" * 400)
    net.switch(text_count=TextCount.BYTES)
    assert net.refused(media_type="TEXT", text="駅" * 400) == (500, 100, None)


def test_five_distinct_links_and_no_more(net):
    """Since 22 December 2025: at most 5 distinct URLs over text and attachment, checked at create."""
    links = [f"https://example.org/{n}" for n in range(5)]
    net.create(media_type="TEXT", text=" ".join(links + links))
    assert net.refused(media_type="TEXT", text=" ".join(links), link_attachment="https://e.org") == SYMBOLIC
    answer = net.call("POST", "/me/threads", media_type="TEXT", text=" ".join([*links, "www.example.com"]))
    assert answer.body["error"]["message"] == "THREADS_API__LINK_LIMIT_EXCEEDED"


def test_how_many_links_go_with_pictures_is_a_switch(net):
    """One user of the API saw more than 3 refused beside media (postiz-app 1203)."""
    picture = {"media_type": "IMAGE", "image_url": net.picture()}
    links = " ".join(f"https://example.org/{n}" for n in range(4))
    net.create(text=links, **picture)
    net.switch(links_with_media_limit=3)
    assert net.refused(text=links, **picture) == SYMBOLIC
    net.create(media_type="TEXT", text=links)


def test_links_are_found_without_their_closing_marks():
    """A bare www host is a link; a full stop after it is not part of it."""
    assert links_in("See https://a.org/x. (www.b.org), https://a.org/x!") == ("https://a.org/x", "www.b.org")


@pytest.mark.parametrize(
    ("sample", "topic"),
    [
        ("on #Lifts, broken", "Lifts"),
        ("#1 in the list", ""),
        ("#2026report #two", "2026report"),
        ("a#b", ""),
        ("#a.b", "a"),
        ("none", ""),
    ],
)
def test_the_first_word_with_a_hash_is_the_topic(sample, topic):
    """The older way of setting a topic; it ends at a space or one of `. & @ ! ? , ; :`."""
    assert topic_in(sample) == topic


@pytest.mark.parametrize(
    "bad",
    [
        {"topic_tag": "a.b"},
        {"topic_tag": "a&b"},
        {"topic_tag": "a" * 51},
        {"reply_control": "EVERYONE"},
        {"alt_text": "a picture that is not there"},
        {"gif_attachment": json.dumps({"gif_id": "1", "provider": "TENOR"})},
        {"is_ghost_post": "true", "enable_reply_approvals": "true"},
        {"text_entities": json.dumps([{"entity_type": "SPOILER", "offset": 0, "length": 1}] * 11)},
        {"text_attachment": json.dumps({"plaintext": "a" * 10_001})},
        {
            "text_attachment": json.dumps({"plaintext": "a", "link_attachment_url": "https://a.org"}),
            "link_attachment": "https://b.org",
        },
        {"text_attachment": json.dumps({"plaintext": "a", "text_with_styling_info": [styled(0, 1, "loud")]})},
        {
            "text_attachment": json.dumps(
                {
                    "plaintext": "a" * 9,
                    "text_with_styling_info": [styled(3, 3, "bold"), styled(0, 4, "italic")],
                }
            )
        },
        {"is_spoiler_media": "true"},
        {"poll_attachment": json.dumps({"option_a": "a" * 26, "option_b": "b"})},
        {
            "poll_attachment": json.dumps({"option_a": "a", "option_b": "b"}),
            "link_attachment": "https://b.org",
        },
        {"link_attachment": "javascript:alert(1)"},
        {"is_carousel_item": "true"},
    ],
    ids="+".join,
)
def test_what_is_not_allowed_is_an_invalid_parameter(net, bad):
    """Limits and combinations of docs/threads/reference/publishing."""
    assert net.refused(**text(**bad)) == INVALID


@pytest.mark.parametrize(
    "only_text",
    [
        {"link_attachment": "https://a.org"},
        {"poll_attachment": json.dumps({"option_a": "a", "option_b": "b"})},
        {"text_attachment": json.dumps({"plaintext": "a"})},
        {"gif_attachment": json.dumps({"gif_id": "1", "provider": "GIPHY"})},
        {"is_ghost_post": "true"},
        {"auto_publish_text": "true"},
    ],
    ids=lambda params: next(iter(params)),
)
def test_some_attachments_are_for_text_alone(net, only_text):
    """docs/threads/create-posts: polls, GIFs, attachments and ghosts are for TEXT."""
    assert net.refused(media_type="IMAGE", image_url=net.picture(), **only_text) == INVALID


def test_alt_text_has_a_thousand_characters(net):
    """docs/threads/posts/accessibility: 1000 at most."""
    net.create(media_type="IMAGE", image_url=net.picture(), alt_text="a" * 1000)
    assert net.refused(media_type="IMAGE", image_url=net.picture(), alt_text="a" * 1001) == INVALID


def test_a_misshapen_poll_is_dropped_without_a_word(net):
    """Unknown and misshapen write parameters are ignored: a plain text post comes out."""
    media = net.post(poll_attachment=json.dumps({"options": ["a", "b"]}), mood="cheerful")
    assert "poll_attachment" not in net.get(f"/{media}", fields="poll_attachment{option_a}")


def test_what_is_misshapen_in_a_long_text_is_dropped_and_the_rest_kept(net):
    """Styles: two ranges may touch; one without a number is none; half a surrogate pair is no text."""
    rows = [
        styled(0, 2, "bold"),
        styled("2", 1, "underline", "italic"),
        styled("x", 1, "bold"),
        {"offset": 0},
        3,
    ]
    sent = {"plaintext": "abc", "link_attachment_url": 3, "text_with_styling_info": rows, "mood": "cheerful"}
    media = net.post(text_attachment=json.dumps(sent))
    assert net.get(f"/{media}", fields="text_attachment")["text_attachment"] == {
        "plaintext": "abc",
        "text_with_styling_info": [styled(0, 2, "bold"), styled(2, 1, "underline", "italic")],
    }
    for dropped in ("[]", '{"plaintext": ""}', '{"plaintext": "\\ud83d"}'):
        media = net.post(text_attachment=dropped)
        assert "text_attachment" not in net.get(f"/{media}", fields="text_attachment")


def test_geo_gating_needs_an_eligible_profile(net, fault):
    """docs/threads/posts/geo-gating: FEATURE_NOT_AVAILABLE for profiles that may not."""
    answer = net.call("POST", "/me/threads", **text(allowlisted_country_codes="CH,AT"))
    assert fault(answer) == SYMBOLIC
    assert answer.body["error"]["message"] == "THREADS_API__FEATURE_NOT_AVAILABLE"


def test_a_reply_needs_a_parent_that_is_there(net):
    """docs/threads/retrieve-and-manage-replies/create-replies: 24/4279009 at create for a gone parent."""
    media = net.post()
    net.create(**text(reply_to_id=media))
    assert net.refused(**text(reply_to_id="18000000000000000")) == NOT_FOUND
    net.call("DELETE", f"/{media}")
    assert net.refused(**text(reply_to_id=media)) == NOT_FOUND


def test_a_parent_deleted_between_create_and_publish(net, fault):
    """The parent is looked for again when the reply is published."""
    media = net.post()
    container = net.create(**text(reply_to_id=media))
    net.call("DELETE", f"/{media}")
    assert fault(net.publish(container)) == NOT_FOUND


def test_a_fresh_post_takes_replies_only_when_it_is_replicated(net):
    """A reply right after its parent may get 24/4279009; it works some seconds later."""
    net.switch(parent_lag_seconds=4.0)
    media = net.post()
    assert net.refused(**text(reply_to_id=media)) == NOT_FOUND
    net.now += 4
    net.create(**text(reply_to_id=media))


def test_a_ghost_post_takes_no_replies(net):
    """docs/threads/create-posts/ghost-posts: not a reply, and none to it."""
    ghost = net.post(is_ghost_post="true")
    assert net.refused(**text(reply_to_id=ghost)) == NOT_FOUND
    assert net.refused(**text(reply_to_id=net.post(), is_ghost_post="true")) == INVALID


def test_quoting_a_post_that_is_gone(net):
    """docs/threads/posts/quote-posts: the quoted post must be there."""
    assert net.refused(**text(quote_post_id="18000000000000000")) == NOT_FOUND
    quote = net.post(quote_post_id=net.post())
    assert net.get(f"/{quote}", fields="is_quote_post")["is_quote_post"] is True
