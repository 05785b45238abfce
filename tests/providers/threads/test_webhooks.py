"""What arrives at a webhook: docs/threads/webhooks, and Meta's rules for all webhooks."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.providers.threads.documented import BODIES, page
from threadsync.errors import WebhookError
from threadsync.model.secret import SecretText
from threadsync.providers.threads import webhooks

AT = datetime(2024, 8, 7, 10, 33, 16, tzinfo=UTC)
VERIFY = SecretText("verify-me")
THREADS_APP, META_APP = SecretText("threads-app-secret"), SecretText("meta-app-secret")
BODY = b'{"app_id":"1"}'


def sample(name: str, **changes: Any) -> webhooks.Notification:
    return webhooks.notification(json.dumps({**page(f"webhook_{name}")["body"], **changes}).encode())


# A subscription.


def test_the_challenge_of_a_subscription_is_given_back() -> None:
    asked = {"hub.mode": "subscribe", "hub.verify_token": "verify-me", "hub.challenge": "1158201444"}
    assert webhooks.challenge(asked, VERIFY) == "1158201444"


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"hub.mode": "subscribe", "hub.verify_token": "verify-me"},
        {"hub.mode": "unsubscribe", "hub.verify_token": "verify-me", "hub.challenge": "1"},
        {"hub.mode": "subscribe", "hub.verify_token": "other", "hub.challenge": "1"},
        {"hub.mode": "subscribe", "hub.verify_token": "", "hub.challenge": "1"},
        {"hub.mode": "subscribe", "hub.challenge": "1"},
        {"hub.verify_token": "verify-me", "hub.challenge": "1"},
    ],
)
def test_a_challenge_from_elsewhere_is_refused(asked: dict[str, str]) -> None:
    with pytest.raises(WebhookError) as caught:
        webhooks.challenge(asked, VERIFY)
    assert "403" in caught.value.remedy
    assert VERIFY.reveal() not in caught.value.message()


# A signature.


def signed(body: bytes, secret: SecretText) -> str:
    return "sha256=" + hmac.digest(secret.reveal().encode(), body, "sha256").hex()


@pytest.mark.parametrize("secret", [THREADS_APP, META_APP])
def test_a_body_is_signed_with_one_of_the_secrets(secret: SecretText) -> None:
    """Meta's pages do not say which of the two apps' secrets signs for Threads."""
    assert webhooks.is_signed(BODY, signed(BODY, secret), (THREADS_APP, META_APP))


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "sha256=",
        signed(BODY + b" ", THREADS_APP),
        signed(BODY, SecretText("other")),
        signed(BODY, THREADS_APP).removeprefix("sha256="),
        signed(BODY, THREADS_APP).replace("sha256", "sha1"),
        signed(BODY, THREADS_APP)[:-1],
        signed(BODY, THREADS_APP) + "\u00e9",
    ],
)
def test_anything_else_is_not_signed(header: str | None) -> None:
    assert not webhooks.is_signed(BODY, header, (THREADS_APP,))


def test_without_a_secret_nothing_is_signed() -> None:
    assert not webhooks.is_signed(BODY, signed(BODY, THREADS_APP), ())


def test_signatures_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """With each of the secrets, and whole: a comparison that stops early tells how much was right."""
    compared: list[tuple[bytes, bytes]] = []

    def compare(a: bytes, b: bytes) -> bool:
        compared.append((a, b))
        return hmac.compare_digest(a, b)

    monkeypatch.setattr(webhooks, "compare_digest", compare)
    assert webhooks.is_signed(BODY, signed(BODY, THREADS_APP), (THREADS_APP, META_APP))
    assert [b for _, b in compared] == [signed(BODY, each).encode() for each in (THREADS_APP, META_APP)]
    assert len(hashlib.sha256().hexdigest()) == len(compared[0][1].removeprefix(b"sha256="))


# A notification.


def test_the_envelope() -> None:
    got = sample("replies")
    assert (got.app_id, got.topic, got.target_id) == ("123456", "moderate", "78901")
    assert (got.subscription_id, got.has_uid_field) == ("234567", False)
    assert got.time == datetime(2024, 8, 9, 18, 7, 57, tzinfo=UTC)
    assert dict(got.more) == {}


def test_a_reply() -> None:
    event = sample("replies").event
    assert isinstance(event, webhooks.Replied)
    media = event.media
    assert (media.id, media.username, media.text) == ("8901234", "test_username", "Reply")
    assert (media.replied_to, media.root_post, media.timestamp) == ("567890", "123456", AT)
    assert media.more == {"root_post": {"owner_id": "123456", "username": "test_username_2"}}


def test_a_mention() -> None:
    event = sample("mentions").event
    assert isinstance(event, webhooks.Mentioned)
    assert (event.media.alt_text, event.media.has_replies, event.media.is_reply) == (
        "test alt text",
        True,
        False,
    )
    assert dict(event.media.more) == {}


def test_a_delete() -> None:
    event = sample("delete").event
    assert event == webhooks.Deleted("8901234", "78901", "test_username", AT, AT)


def test_what_is_new_of_an_owner_is_kept() -> None:
    value = {"id": "1", "owner": {"owner_id": "2", "username": "u"}}
    event = sample("delete", values={"field": "delete", "value": value}).event
    assert event == webhooks.Deleted("1", "2", None, None, None, {"owner": {"username": "u"}})


def test_a_publish() -> None:
    event = sample("publish").event
    assert isinstance(event, webhooks.Published)
    assert (event.media.id, event.media.media_type, event.media.timestamp) == ("8901234", "TEXT_POST", AT)


def test_an_event_of_a_kind_that_is_not_known_is_kept() -> None:
    value = {"id": "1", "what": ["ever"]}
    got = sample("publish", values={"field": "reactions", "value": value}, topic="new")
    assert got.event == webhooks.UnknownEvent("reactions", value)
    assert got.topic == "new"
    assert sample("publish", values={"field": "pings"}).event == webhooks.UnknownEvent("pings", {})


@pytest.mark.parametrize("name", [path.stem for path in sorted(BODIES.glob("webhook_*.json"))])
@given(
    st.dictionaries(
        st.text(st.characters(codec="ascii", categories=["Lu"]), min_size=1), st.integers(), min_size=1
    )
)
def test_fields_that_are_new_are_kept(name: str, new: dict[str, int]) -> None:
    body = page(name)["body"]
    body["values"]["value"] |= new
    got = webhooks.notification(json.dumps({**body, **new}).encode())
    event: Any = got.event
    more = event.more if isinstance(event, webhooks.Deleted) else event.media.more
    assert got.more == new
    assert {key: more[key] for key in new} == new


@pytest.mark.parametrize(
    "body",
    [
        *(
            b"",
            b"<html>",
            b"[]",
            b"7",
            b"{}",
            b'{"values":[]}',
            b'{"values":{"value":{}}}',
            b"\xff",
            b"[" * 100_000,
        ),
        b'{"values":{"field":"replies","value":{}}}',
        b'{"values":{"field":"delete","value":{"id":"1","deleted_at":"today"}}}',
        b'{"object":"page","entry":[{"changes":[]}]}',
    ],
)
def test_what_cannot_be_read_is_an_error_that_says_what_to_answer(body: bytes) -> None:
    with pytest.raises(WebhookError) as caught:
        webhooks.notification(body)
    assert "400" in caught.value.remedy


@given(st.binary(max_size=200))
def test_whatever_arrives_is_read_or_refused(body: bytes) -> None:
    try:
        found: object = webhooks.notification(body)
    except WebhookError as error:
        found = error.remedy
    assert found
