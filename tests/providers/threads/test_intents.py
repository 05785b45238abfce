"""Addresses that open Threads with something filled in: docs/threads/threads-web-intents."""

from __future__ import annotations

from typing import Any

import pytest

from threadsync.errors import UsageError
from threadsync.providers.threads import api

LINK = "https://about.fb.com/news/2023/07/introducing-threads-new-app-text-sharing/"
ENCODED = "https%3A%2F%2Fabout.fb.com%2Fnews%2F2023%2F07%2Fintroducing-threads-new-app-text-sharing%2F"


@pytest.mark.parametrize(
    ("said", "query"),
    [
        ({}, ""),
        (
            {"text": "Say more with Threads — Instagram's new text app"},
            "?text=Say+more+with+Threads+%E2%80%94+Instagram%27s+new+text+app",
        ),
        ({"url": LINK}, f"?url={ENCODED}"),
        (
            {"text": "Introducing Threads: A New Way to Share With Text", "url": LINK},
            f"?text=Introducing+Threads%3A+A+New+Way+to+Share+With+Text&url={ENCODED}",
        ),
        ({"text": "a&b#c", "tag": "lifts co"}, "?text=a%26b%23c&tag=lifts+co"),
        ({"tag": "Threads"}, "?tag=Threads"),
        ({"reply_control": "followers_only"}, "?reply_control=followers_only"),
        (
            {"reply_post_shortcode": "DRM8DF9AGUc", "quote_post_shortcode": "DPgzLZcAJPr"},
            "?reply_post_shortcode=DRM8DF9AGUc&quote_post_shortcode=DPgzLZcAJPr",
        ),
    ],
)
def test_the_examples_of_the_page(said: dict[str, Any], query: str) -> None:
    assert api.post_intent(**said) == f"https://www.threads.com/intent/post{query}"


def test_a_profile_to_follow() -> None:
    assert api.follow_intent("threads") == "https://www.threads.com/intent/follow?username=threads"


@pytest.mark.parametrize("said", [{"text": "x" * 500}, {"tag": "x" * 50}, {"tag": "x"}, {"text": ""}])
def test_what_just_fits_is_taken(said: dict[str, Any]) -> None:
    assert api.post_intent(**said)


@pytest.mark.parametrize(
    "said",
    [
        {"text": "x" * 501},
        {"text": "🛗" * 126},
        *({"tag": tag} for tag in ("", "x" * 51, "a.b", "a&b", "a\tb", "a\nb", "a\rb")),
    ],
)
def test_what_could_not_be_posted_is_no_link(said: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as caught:
        api.post_intent(**said)
    assert caught.value.remedy


@pytest.mark.parametrize("name", ["", "@threads"])
def test_a_profile_is_named_without_its_sign(name: str) -> None:
    with pytest.raises(UsageError):
        api.follow_intent(name)
