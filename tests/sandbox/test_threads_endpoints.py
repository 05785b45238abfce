"""Every endpoint of the network is there, and asks for its scope: docs/threads/reference."""

from __future__ import annotations

import pytest

from threadsync.sandbox.threads import SCOPES, Profile, add_profile, apply, set_app
from threadsync.sandbox.threads.faults import OPEN, Operation
from threadsync.sandbox.threads.routes import find_route
from threadsync.sandbox.threads.values import App, Request

DENIED = (400, 10, None)
GRANT = {"grant_type": "authorization_code"}
ENDPOINTS = (
    ("POST", "/oauth/access_token", Operation.EXCHANGE_CODE, ""),
    ("GET", "/access_token", Operation.EXCHANGE_TOKEN, "threads_basic"),
    ("GET", "/refresh_access_token", Operation.REFRESH_TOKEN, "threads_basic"),
    ("GET", "/oauth/access_token", Operation.APP_TOKEN, ""),
    ("GET", "/debug_token", Operation.DEBUG_TOKEN, "threads_basic"),
    ("GET", "/me", Operation.PROFILE, "threads_basic"),
    ("POST", "/me/threads", Operation.CREATE, "threads_content_publish"),
    ("GET", "/CONTAINER", Operation.STATUS, "threads_content_publish"),
    ("POST", "/me/threads_publish", Operation.PUBLISH, "threads_content_publish"),
    ("GET", "/me/threads_publishing_limit", Operation.QUOTA, "threads_content_publish"),
    ("POST", "/1/repost", Operation.REPOST, "threads_content_publish"),
    ("DELETE", "/1", Operation.DELETE, "threads_delete"),
    ("GET", "/1", Operation.READ, "threads_basic"),
    ("GET", "/me/threads", Operation.THREADS, "threads_basic"),
    ("GET", "/me/replies", Operation.REPLIES, "threads_read_replies"),
    ("GET", "/me/mentions", Operation.MENTIONS, "threads_manage_mentions"),
    ("GET", "/me/ghost_posts", Operation.GHOST_POSTS, "threads_basic"),
    ("GET", "/1/replies", Operation.MEDIA_REPLIES, "threads_read_replies"),
    ("GET", "/1/conversation", Operation.CONVERSATION, "threads_read_replies"),
    ("GET", "/1/pending_replies", Operation.PENDING_REPLIES, "threads_read_replies"),
    ("POST", "/1/manage_reply", Operation.MANAGE_REPLY, "threads_manage_replies"),
    ("POST", "/1/manage_pending_reply", Operation.MANAGE_PENDING, "threads_manage_replies"),
    ("GET", "/1/insights", Operation.INSIGHTS, "threads_manage_insights"),
    ("GET", "/me/threads_insights", Operation.USER_INSIGHTS, "threads_manage_insights"),
    ("GET", "/keyword_search", Operation.KEYWORD_SEARCH, "threads_keyword_search"),
    ("GET", "/profile_lookup", Operation.PROFILE_LOOKUP, "threads_profile_discovery"),
    ("GET", "/profile_posts", Operation.PROFILE_POSTS, "threads_profile_discovery"),
    ("GET", "/location_search", Operation.LOCATION_SEARCH, "threads_location_tagging"),
    ("GET", "/12345", Operation.LOCATION, "threads_location_tagging"),
    ("GET", "/oembed", Operation.OEMBED, ""),
    ("GET", "/oauth/authorize", Operation.AUTHORIZE, ""),
)


@pytest.mark.parametrize(("method", "path", "operation", "scope"), ENDPOINTS)
def test_each_endpoint_is_there_with_and_without_a_version(net, method, path, operation, scope):
    """docs/threads/reference: 30 endpoints, and the authorization window."""
    path = path.replace("CONTAINER", net.create(media_type="TEXT", text="x"))
    for prefix in ("", "/v1.0"):
        route = find_route(net.state, Request.of(method, prefix + path))
        assert route is not None
        assert route.operation is operation


def test_there_are_no_operations_besides_them():
    assert {row[2] for row in ENDPOINTS} == set(Operation)
    assert {row[2] for row in ENDPOINTS if not row[3]} == set(OPEN)


@pytest.mark.parametrize(
    ("method", "path", "scope"), [(row[0], row[1], row[3]) for row in ENDPOINTS if row[3]]
)
def test_each_endpoint_needs_threads_basic_and_its_own_scope(net, fault, method, path, scope):
    """docs/threads/overview: a missing scope is code 10, whatever else is wrong with the call."""
    path = path.replace("CONTAINER", net.create(media_type="TEXT", text="x"))
    for missing in {"threads_basic", scope}:
        others = tuple(name for name in SCOPES if name != missing)
        apply(net.state, add_profile(Profile("narrow", scopes=others)), net.now)
        assert fault(net.call(method, path, "narrow")) == DENIED


@pytest.mark.parametrize(("method", "path"), [(row[0], row[1]) for row in ENDPOINTS])
def test_no_endpoint_fails_to_answer_without_parameters(net, method, path):
    """Whatever is left out, the answer is a result or an error of the network."""
    path = path.replace("CONTAINER", net.create(media_type="TEXT", text="x"))
    answer = net.call(method, path)
    assert answer.status in {200, 400}
    assert answer.status == 200 or answer.body.keys() & {"error", "error_message"}


def test_a_fault_can_strike_what_needs_no_token(net, fault):
    """The window and the token calls can be throttled like others; they have no token to expire."""
    apply(net.state, set_app(App()), net.now)
    net.arm("oembed:throttled", "any:token-expired:always")
    assert fault(net.call("GET", "/oembed")) == (400, 613, 4279002)
    assert net.call("GET", "/oauth/authorize").body["error_code"] == 4476002
    assert fault(net.call("GET", "/me")) == (401, 190, 463)
