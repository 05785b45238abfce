"""Any method by its name: whom it shows the session; and profiles as strangers wrote them."""

from __future__ import annotations

import json

import pytest

from threadsync.flows.core import advance, drive
from threadsync.flows.effects import Effect, Flow, Outcome, Request, Response
from threadsync.model.secret import SecretText
from threadsync.providers.bluesky import api
from threadsync.providers.bluesky.calls import SESSION
from threadsync.providers.bluesky.convert import EPOCH, observed


def asked(flow: Flow[object]) -> Request:
    request = advance(flow, None)
    assert isinstance(request, Request)
    return request


@pytest.mark.parametrize("host", [api.PUBLIC, api.VIDEO, "https://api.example.org"])
def test_only_the_server_of_the_account_is_shown_its_session(host: str) -> None:
    """Whoever has it can do everything in the account's name."""
    assert asked(api.call("GET", "app.bsky.feed.getTimeline")).auth == SESSION
    assert asked(api.call("GET", "app.bsky.feed.getTimeline", host=host)).auth is None


def test_a_service_is_shown_the_token_that_is_for_it() -> None:
    token = SecretText("for one method")
    request = asked(api.call("POST", "app.bsky.video.startUpload", data={}, host=api.VIDEO, token=token))
    assert request.auth == token


def test_a_call_is_handed_on_to_the_service_for_messages() -> None:
    request = asked(api.call("GET", "chat.bsky.convo.listConvos", headers=api.CHAT))
    assert request.headers == {"Atproto-Proxy": "did:web:api.bsky.chat#bsky_chat"}
    assert (request.host, request.auth) == ("", SESSION)


@pytest.mark.parametrize(
    "stamp", ["0000-01-01T00:00:00.000Z", "0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-10:00", "once"]
)
def test_a_profile_whose_time_is_none_is_read_all_the_same(stamp: str) -> None:
    """Accounts say of themselves when they were made, and the year 0 has been seen."""

    def answer(effect: Effect) -> Outcome:
        said = {
            "did": "did:plc:x",
            "handle": "x.test",
            "createdAt": stamp,
            "indexedAt": "2026-12-03T08:30:00Z",
        }
        return Response(200, json.dumps(said).encode())

    profile = drive(api.get_profile("x.test", public=True), answer)
    assert (profile.handle, profile.created_at, profile.more) == ("x.test", None, {"createdAt": stamp})
    assert profile.indexed_at is not None


def test_a_post_whose_time_is_none_is_one_of_the_beginning_of_time() -> None:
    """So that reading an account back never ends at it; the time of a key counts first."""
    value = {"text": "x", "createdAt": "9999-12-31T23:59:59-10:00"}
    post = observed(api.Record(uri="at://did:plc:x/app.bsky.feed.post/self", cid=None, value=value))
    assert post is not None
    assert post.at == EPOCH
