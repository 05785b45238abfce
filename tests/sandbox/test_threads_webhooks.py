"""What the app's callback is sent: docs/threads/webhooks."""

from __future__ import annotations

import hmac
import json

import pytest

from threadsync.sandbox.threads import (
    SCOPES,
    About,
    ExpireToken,
    PostAs,
    Profile,
    Subscribe,
    add_profile,
    apply,
    signature_headers,
    token_digest,
    webhooks,
)

ALL = ("replies", "delete", "mentions", "publish")


@pytest.fixture
def live(net):
    """A network whose app is subscribed to everything."""
    net.switch(advanced_access=True)
    apply(net.state, Subscribe(ALL), net.now)
    return net


def sent(net, field=None):
    """Take what was sent, of one field if one is named."""
    found = [json.loads(each.body()) for each in net.state.deliveries]
    net.state.deliveries.clear()
    return [each for each in found if field in {None, each["values"]["field"]}]


def test_a_post_is_announced(live):
    """The envelope of the page's samples, and what the field `publish` has."""
    media = live.post("Lifts")
    (event,) = sent(live)
    shown = live.get(f"/{media}", fields="permalink,timestamp")
    assert event == {
        "app_id": live.state.app.id,
        "topic": "interaction",
        "target_id": media,
        "time": int(live.now),
        "subscription_id": event["subscription_id"],
        "has_uid_field": False,
        "values": {
            "value": {
                "id": media,
                "media_type": "TEXT_POST",
                "permalink": shown["permalink"],
                "timestamp": shown["timestamp"],
                "username": "lift_report",
            },
            "field": "publish",
        },
    }
    assert event["subscription_id"].isdecimal()


def test_a_reply_is_announced_to_whose_post_it_answers(live):
    """Replies on media owned by the user; not one's own."""
    root = live.post("root")
    first = live.post("1/2", reply_to_id=root)
    assert [each["values"]["field"] for each in sent(live)] == ["publish", "publish"]
    reply = live.post("Thanks", who="harbour_desk", reply_to_id=first)
    (event,) = sent(live, "replies")
    assert (event["topic"], event["target_id"]) == ("moderate", reply)
    value = event["values"]["value"]
    assert {"id", "username", "text", "media_type", "permalink", "shortcode", "timestamp"} <= value.keys()
    assert (value["username"], value["text"]) == ("harbour_desk", "Thanks")
    assert value["replied_to"] == {"id": first}
    me = live.get("/me")["id"]
    assert value["root_post"] == {"id": root, "owner_id": me, "username": "lift_report"}


def test_a_mention_is_announced_to_whom_it_names(live):
    """What is absent is left out; target_id is the user's."""
    media = live.post("Thanks @lift_report @harbour_desk", who="harbour_desk")
    (event,) = sent(live, "mentions")
    assert (event["topic"], event["target_id"]) == ("interaction", live.get("/me")["id"])
    assert event["values"]["value"] == {
        **live.get(f"/{media}", fields="permalink,shortcode,timestamp,text,username,has_replies,is_reply"),
        "media_product_type": "THREADS",
        "media_type": "TEXT_POST",
        "is_quote_post": False,
    }


def test_a_deletion_is_announced(live):
    media = live.post()
    made = live.get(f"/{media}", fields="timestamp")["timestamp"]
    sent(live)
    live.now += 60
    live.call("DELETE", f"/{media}")
    (event,) = sent(live)
    assert (event["topic"], event["target_id"]) == ("moderate", media)
    assert event["values"] == {
        "field": "delete",
        "value": {
            "id": media,
            "owner": {"owner_id": live.get("/me")["id"]},
            "deleted_at": "2026-09-21T14:16:00+0000",
            "timestamp": made,
            "username": "lift_report",
        },
    }


def test_private_profiles_are_left_out_of_replies_and_mentions(live):
    """Neither what they write nor what is written under their posts; what they publish is announced."""
    apply(live.state, add_profile(Profile("shy", about=About(is_private=True))), live.now)
    live.post("@lift_report", who="shy", reply_to_id=live.post())
    live.post("hello", reply_to_id=live.post(who="shy"))
    assert {each["values"]["field"] for each in sent(live)} == {"publish"}


@pytest.mark.parametrize(
    ("scope", "field"),
    [
        ("threads_read_replies", "replies"),
        ("threads_manage_mentions", "mentions"),
        ("threads_basic", "publish"),
    ],
)
def test_each_field_needs_a_living_grant(live, scope, field):
    """Required permissions of the page; a token at its end grants nothing."""

    def announced():
        root = apply(live.state, PostAs("quay", {"text": "@quay"}), live.now)
        live.post("Thanks @quay", reply_to_id=root)
        quay = {live.state.posts[root].id, live.state.posts[root].owner}
        return any(quay & set(_ids(each)) for each in sent(live, field))

    def _ids(event):
        value = event["values"]["value"]
        return event["target_id"], value.get("replied_to", {}).get("id"), value["id"]

    others = tuple(name for name in SCOPES if name != scope)
    apply(live.state, add_profile(Profile("quay", scopes=others)), live.now)
    assert not announced()
    apply(live.state, add_profile(Profile("quay", token="second")), live.now)
    assert announced()
    apply(live.state, ExpireToken(token_digest("second")), live.now)
    assert not announced()


def test_without_read_replies_a_mention_says_nothing_of_replies(live):
    """The page: has_replies, is_reply, replied_to and root_post are removed."""
    fewer = tuple(name for name in SCOPES if name != "threads_read_replies")
    apply(live.state, add_profile(Profile("quay", scopes=fewer)), live.now)
    live.post("@quay", reply_to_id=live.post())
    (event,) = sent(live, "mentions")
    assert not {"has_replies", "is_reply", "replied_to", "root_post"} & event["values"]["value"].keys()


def test_nothing_is_sent_without_subscription_or_access(net):
    """Advanced Access is needed for all fields."""
    net.post()
    assert net.state.deliveries == []
    with pytest.raises(ValueError, match="advanced_access first"):
        apply(net.state, Subscribe(ALL), net.now)
    net.switch(advanced_access=True)
    apply(net.state, Subscribe(("delete",)), net.now)
    net.post()
    assert net.state.deliveries == []
    apply(net.state, Subscribe(ALL), net.now)
    net.switch(advanced_access=False)
    net.post()
    assert net.state.deliveries == []


def test_an_unknown_field_is_told_what_there_is():
    with pytest.raises(ValueError, match="no webhook field 'likes'; there are: replies, delete"):
        Subscribe(("likes",))


def test_the_bytes_that_are_sent_are_the_bytes_that_are_signed(live):
    """Slashes and marks beyond ASCII are escaped, as in the samples; the signature is over that."""
    live.post("Zürich: https://a.org/x", who="harbour_desk", reply_to_id=live.post())
    body = live.state.deliveries[-1].body()
    assert b"Z\\u00fcrich: https:\\/\\/a.org\\/x" in body
    headers = signature_headers(body, "hush")
    assert headers["X-Hub-Signature-256"] == "sha256=" + hmac.new(b"hush", body, "sha256").hexdigest()
    assert headers["Content-Type"] == "application/json"


def test_only_the_last_ones_are_remembered(live, monkeypatch):
    monkeypatch.setattr(webhooks, "DELIVERIES_KEPT", 2)
    made = [live.post(f"{n}") for n in range(3)]
    assert [each["target_id"] for each in sent(live)] == made[1:]
