"""Who may do what: docs/threads/get-started, docs/threads/overview (permissions)."""

from __future__ import annotations

import pytest

from threadsync.sandbox.threads import SCOPES, Profile, Request, add_profile, apply, handle

DENIED = (400, 10, None)


@pytest.mark.parametrize("token", [None, "", "wrong"])
def test_no_token_and_a_wrong_one_are_401(net, fault, token):
    """190 with HTTP 401."""
    answer = handle(net.state, Request.of("GET", "/me", token=token), net.now)
    assert fault(answer) == (401, 190, None)


def test_a_token_at_the_end_of_its_life(net, fault):
    """190/463 names the time at which the session expired."""
    apply(net.state, add_profile(Profile("short", token_expires_at=net.now + 60)), net.now)
    assert net.call("GET", "/me", "short").status == 200
    net.now += 60
    answer = net.call("GET", "/me", "short")
    assert fault(answer) == (401, 190, 463)
    assert "Session has expired on Monday, 21-Sep-26" in answer.body["error"]["message"]


@pytest.mark.parametrize(
    ("scope", "call"),
    [
        ("threads_basic", ("GET", "/me", {})),
        ("threads_content_publish", ("POST", "/me/threads", {"media_type": "TEXT", "text": "x"})),
        ("threads_content_publish", ("POST", "/me/threads_publish", {"creation_id": "1"})),
        ("threads_content_publish", ("GET", "/me/threads_publishing_limit", {})),
        ("threads_manage_replies", ("GET", "/me/threads_publishing_limit", {"fields": "reply_quota_usage"})),
        ("threads_delete", ("GET", "/me/threads_publishing_limit", {"fields": "delete_config"})),
        ("threads_delete", ("DELETE", "/18000000000000000", {})),
        ("threads_read_replies", ("GET", "/me/replies", {})),
        ("threads_read_replies", ("GET", "/me/threads", {"fields": "is_reply"})),
        (
            "threads_location_tagging",
            ("POST", "/me/threads", {"media_type": "TEXT", "text": "x", "location_id": "1"}),
        ),
        (
            "threads_share_to_instagram",
            ("POST", "/me/threads", {"media_type": "TEXT", "text": "x", "crossreshare_to_ig": "true"}),
        ),
    ],
)
def test_each_call_needs_its_scope(net, fault, scope, call):
    """A missing scope is code 10; with all scopes the same call is not refused for it."""
    method, path, params = call
    others = tuple(name for name in SCOPES if name != scope)
    apply(net.state, add_profile(Profile("narrow", scopes=others)), net.now)
    answer = net.call(method, path, "narrow", **params)
    assert fault(answer) == DENIED
    assert answer.body["error"]["message"] == "Application does not have permission for this action"
    full = net.call(method, path, **params)
    assert full.status == 200 or fault(full) != DENIED


def test_replying_to_others_needs_one_of_two_scopes(net):
    """Others' posts: keyword_search or manage_mentions; under one's own root everybody may be answered."""
    scopes = ("threads_basic", "threads_content_publish")
    apply(net.state, add_profile(Profile("narrow", scopes=scopes)), net.now)
    foreign = net.post()
    assert net.refused("narrow", media_type="TEXT", text="x", reply_to_id=foreign) == DENIED
    own = net.post(who="narrow")
    answer = net.post(reply_to_id=own)
    net.create("narrow", media_type="TEXT", text="Thanks", reply_to_id=answer)


def test_refreshing_a_long_lived_token(net, fault):
    """docs/threads/get-started/long-lived-tokens: a day old at least; the old one goes on working."""
    early = net.call("GET", "/refresh_access_token", grant_type="th_refresh_token")
    assert fault(early) == DENIED
    net.now += 86_400
    body = net.get("/refresh_access_token", grant_type="th_refresh_token")
    assert (body["token_type"], body["expires_in"]) == ("bearer", 5_184_000)
    fresh = Request.of("GET", "/me", {"fields": "username"}, token=body["access_token"])
    assert handle(net.state, fresh, net.now).body["username"] == "lift_report"
    assert net.call("GET", "/me").status == 200
    net.now += 5_184_000
    assert fault(handle(net.state, fresh, net.now)) == (401, 190, 463)


def test_looking_at_a_token(net):
    """docs/threads/troubleshooting/debug-access-token."""
    shown = net.get("/v1.0/debug_token", input_token="sandbox-harbour_desk")["data"]
    assert shown["is_valid"] is True
    assert shown["user_id"] == net.get("/me", "harbour_desk")["id"]
    assert set(shown["scopes"]) == set(SCOPES)
    assert net.get("/debug_token", input_token="nonsense")["data"]["is_valid"] is False


def test_no_token_is_kept_anywhere(net):
    """A request, a state and their texts hold digests only."""
    request = Request.of(
        "GET", "/me?access_token=canary-1", {"input_token": "canary-2", "code": "canary-3"}, token="canary-4"
    )
    apply(net.state, add_profile(Profile("bird", token="canary-5")), net.now)
    assert "canary" not in repr(request) + repr(request.to_json()) + repr(net.state)
    assert "canary" not in repr(Profile("bird", token="canary-6"))


@pytest.mark.parametrize("bad", [{"name": "a/b"}, {"name": ""}, {"name": "a", "scopes": ("threads_fly",)}])
def test_profiles_without_sense_are_refused(bad):
    """A username is letters, digits, dots, underscores; scopes are those of the documentation."""
    with pytest.raises(ValueError, match=r"username|scope"):
        add_profile(Profile(**bad))


def test_an_unknown_path_is_an_unsupported_request(net, fault):
    """100/33, HTTP 400."""
    assert fault(net.call("GET", "/me/followers")) == (400, 100, 33)
    assert fault(net.call("POST", "/me")) == (400, 100, 33)
