"""Who may reply and quote is obeyed in what readers are shown; a server stores the rest all the same."""

from __future__ import annotations

from typing import Any

import pytest

from tests.live.appview.town import Town, post

pytestmark = pytest.mark.live

PEOPLE = ("stranger", "follower", "followed", "mentioned")
MAY_REPLY = {
    "everyone": set(PEOPLE),
    "followers": {"follower"},
    "following": {"followed"},
    "mentioned": {"mentioned"},
    "nobody": set[str](),
}


def test_replies_of_those_who_may_not_are_shown_to_nobody(town: Town) -> None:
    town.follows("follower", "author")
    town.follows("author", "followed")
    handle = town["mentioned"].person.handle
    uris = town.publish(
        {f"{who}.md": post(who, f"{who}, @{handle}?\n", f"who_can_reply: {who}\n") for who in MAY_REPLY}
    )
    by_rule = {who: uris[f"{who}, @{handle}?"] for who in MAY_REPLY}
    town.seen(*by_rule.values())
    every = {
        (who, name): town.replies(name, uri, f"{name}.") for who, uri in by_rule.items() for name in PEOPLE
    }
    town.seen(*every.values())
    for who, uri in by_rule.items():
        for reader in ("", "author", "stranger"):
            shown = {each["post"]["record"]["text"] for each in town.thread(uri, reader)["replies"]}
            assert shown == {f"{name}." for name in MAY_REPLY[who]}, (who, reader)
        for name in PEOPLE:
            viewer = town.thread(uri, name)["post"]["viewer"]
            assert viewer.get("replyDisabled", False) is (name not in MAY_REPLY[who]), (who, name)


@pytest.mark.parametrize("who", ["everyone", "nobody"])
def test_a_gate_holds_for_the_whole_chain_and_the_author_goes_on(town: Town, who: str) -> None:
    uris = town.publish({"a.md": post("a", "One.\n\n---\n\nTwo.\n", f"who_can_reply: {who}\n")})
    town.seen(*uris.values())
    town.seen(town.replies("stranger", uris["Two."], "And me?", root=uris["One."]))
    (two,) = town.thread(uris["One."])["replies"]
    assert two["post"]["uri"] == uris["Two."]
    shown = [each["post"]["record"]["text"] for each in two["replies"]]
    assert shown == ([] if who == "nobody" else ["And me?"])


def test_a_strangers_quote_of_what_may_not_be_quoted_shows_nothing_of_it(town: Town) -> None:
    shut = "bluesky: {quotes: nobody}\n"
    uris = town.publish(
        {
            f"{key}.md": post(key, f"{key}.\n", more)
            for key, more in (("open", ""), ("shut", shut), ("own", "quote: shut\n"))
        }
    )
    quotes = [town.quotes("stranger", uris[f"{key}."], f"Quoting {key}.") for key in ("open", "shut")]
    views: list[Any] = [each.more["embed"] for each in town.seen(*quotes, uris["own."])]
    shown = [each["record"] for each in views]
    assert [each["$type"].partition("#")[2] for each in shown] == ["viewRecord", "viewDetached", "viewRecord"]
    assert shown[1].keys() == {"$type", "uri", "detached"}
    for key, is_shut in (("open", False), ("shut", True)):
        viewer = town.thread(uris[f"{key}."], "stranger")["post"]["viewer"]
        assert viewer["embeddingDisabled"] is is_shut
