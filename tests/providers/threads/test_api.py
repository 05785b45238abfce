"""Every endpoint: the request that Meta's page describes, what is made of its body, and what goes wrong."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from tests.providers.threads.documented import BODIES, CALLS, CANARY, HEADERS, answer, page, result, run, told
from threadsync.errors import ApiError, Unanswered
from threadsync.flows.effects import NoResponse, Response, Secret, Visibility
from threadsync.providers.threads import api, faults

ENDPOINTS = {
    name: function
    for name in api.__all__
    if inspect.isfunction(function := getattr(api, name))
    and str(inspect.signature(function).return_annotation).startswith("Flow[")
}
TABLE = [
    "POST /oauth/access_token",
    "GET /access_token",
    "GET /refresh_access_token",
    "GET /oauth/access_token",
    "GET /debug_token",
    "GET /{threads-user-id}",
    "POST /{threads-user-id}/threads",
    "GET /{threads-container-id}",
    "POST /{threads-user-id}/threads_publish",
    "GET /{threads-user-id}/threads_publishing_limit",
    "POST /{threads-media-id}/repost",
    "DELETE /{threads-media-id}",
    "GET /{threads-media-id}",
    "GET /{threads-user-id}/threads",
    "GET /{threads-user-id}/replies",
    "GET /{threads-user-id}/mentions",
    "GET /{threads-user-id}/ghost_posts",
    "GET /{threads-media-id}/replies",
    "GET /{threads-media-id}/conversation",
    "GET /{threads-media-id}/pending_replies",
    "POST /{threads-reply-id}/manage_reply",
    "POST /{threads-reply-id}/manage_pending_reply",
    "GET /{threads-media-id}/insights",
    "GET /{threads-user-id}/threads_insights",
    "GET /keyword_search",
    "GET /profile_lookup",
    "GET /profile_posts",
    "GET /location_search",
    "GET /{location-id}",
    "GET /oembed",
]
"""Every endpoint of developers.facebook.com/docs/threads/reference and of its pages about tokens."""


def said(name: str, what: str) -> str:
    """Return what the docstring of an endpoint says of *what*."""
    found = re.search(rf"^{what}: (.+)$", inspect.getdoc(ENDPOINTS[name]) or "", re.MULTILINE)
    assert found, f"{name} does not name its {what}"
    return found[1]


def function_of(call: str) -> str:
    """Return the function that *call*, a name in ``CALLS``, is a call of."""
    return max((name for name in ENDPOINTS if call.startswith(name)), key=len)


# Every endpoint is there, and says what it is.


def test_every_documented_endpoint_is_one_function() -> None:
    functions = {name: said(name, "Endpoint") for name in ENDPOINTS if name != "container_of"}
    assert sorted(functions.values()) == sorted(TABLE)
    assert said("container_of", "Endpoint") == said("create_container", "Endpoint")


@pytest.mark.parametrize("name", ENDPOINTS)
def test_each_names_its_scopes_and_the_page_it_comes_from(name: str) -> None:
    scopes = said(name, "Scopes").split(", ")
    assert scopes == ["none"] or set(scopes) <= set(api.SCOPES)
    unscoped = {"exchange_code", "app_token", "oembed"}
    assert (scopes == ["none"]) == (name in unscoped), "threads_basic is needed for every user token"
    assert name in unscoped or scopes[0] == "threads_basic"
    assert said(name, "Source").startswith("developers.facebook.com/docs/threads/")


@pytest.mark.parametrize("name", ENDPOINTS)
def test_the_errors_it_names_are_rows_of_the_table_of_faults(name: str) -> None:
    found = re.search(r"^Errors: (.+)$", inspect.getdoc(ENDPOINTS[name]) or "", re.MULTILINE)
    rows = re.sub(r"\([^)]*\)", "", found[1]).replace(" ", "").split(",") if found else []
    assert set(rows) <= {row.id for row in faults.ROWS}


def test_everything_public_says_what_it_is() -> None:
    assert [name for name in api.__all__ if not inspect.getdoc(getattr(api, name))] == []


def test_every_endpoint_has_a_body_from_its_page_and_every_body_a_call() -> None:
    assert {function_of(call) for call in CALLS} == set(ENDPOINTS)
    others = ("webhook_", "refused_")  # of test_webhooks.py and test_faults.py
    assert {path.stem for path in BODIES.glob("*.json") if not path.stem.startswith(others)} == set(CALLS)


def test_every_body_names_the_page_of_meta_that_it_is_from() -> None:
    for path in BODIES.glob("*.json"):
        assert page(path.stem)["source"].startswith("https://developers.facebook.com/docs/"), path.name
        assert page(path.stem)["body_is"], path.name


# Requests, as the pages describe them.


@pytest.mark.parametrize("call", CALLS)
def test_the_request_is_the_one_that_the_page_describes(call: str) -> None:
    shown = page(call)
    assert shown["source"].startswith("https://developers.facebook.com/docs/threads/")
    plain: dict[str, Any] = {"params": {}, "form": None, "token": "main", "visibility": "read"}
    assert told(run(CALLS[call](), answer(shown["body"]))[1]) == {**plain, **shown["request"]}


@pytest.mark.parametrize("call", CALLS)
def test_the_request_goes_where_the_docstring_says(call: str) -> None:
    method, path = said(function_of(call), "Endpoint").split(" ")
    pattern = re.sub(r"\\{[a-z\\-]+\\}", "[^/]+", re.escape(path))
    request = run(CALLS[call](), answer(page(call)["body"]))[1]
    assert request.method == method
    assert re.fullmatch(pattern, request.path.removeprefix(api.VERSION))
    assert request.path.startswith(api.VERSION) != ("access_token" in path), "tokens are without a version"


def test_what_must_go_out_once_is_never_sent_as_a_read() -> None:
    """A driver repeats a read, and sends what is visible under an intent alone (law 1); a code works once."""
    visible = {
        function_of(call)
        for call in CALLS
        if run(CALLS[call](), answer(page(call)["body"]))[1].visibility is Visibility.VISIBLE
    }
    assert visible == {
        *("publish_container", "repost_media", "delete_media", "manage_reply", "manage_pending_reply"),
        "exchange_code",
    }


def test_a_text_that_is_published_at_once_is_visible() -> None:
    _, request = run(api.create_container("TEXT", text="x", auto_publish_text=True), answer({"id": "1"}))
    assert request.visibility is Visibility.VISIBLE
    assert told(request)["form"] == {"media_type": "TEXT", "text": "x", "auto_publish_text": "true"}


def test_the_secrets_of_a_request_stand_there_by_role() -> None:
    """None of them is text, neither in an address nor in a form."""
    names = {"access_token", "client_secret", "code", "input_token"}
    for call in CALLS:
        request = run(CALLS[call](), answer(page(call)["body"]))[1]
        fields = {**request.params, **getattr(request.body, "fields", {})}
        assert all(isinstance(fields[name], Secret) for name in names & fields.keys()), call


@pytest.mark.parametrize("call", ["exchange_code", "exchange_token", "refresh_token", "app_token"])
def test_the_secret_of_an_answer_is_declared(call: str) -> None:
    """So that the transport takes it out of the text (law 12)."""
    assert run(CALLS[call](), answer(page(call)["body"]))[1].answer_secrets == ("access_token",)


# Results.


def nested(value: object) -> Iterator[Any]:
    """Yield *value* and every Struct in it."""
    if isinstance(value, Struct):
        yield value
        for each in value.__struct_fields__:
            yield from nested(getattr(value, each))
    if isinstance(value, tuple):
        for each in value:
            yield from nested(each)


@pytest.mark.parametrize("call", CALLS)
def test_nothing_that_is_documented_is_unknown(call: str) -> None:
    assert [each for each in nested(result(call)) if getattr(each, "more", {})] == []


@pytest.mark.parametrize("call", CALLS)
def test_a_result_is_frozen_and_tells_how_it_came(call: str) -> None:
    made = result(call)
    how = made.exchange
    assert (how.status, how.headers, how.duration_seconds) == (200, HEADERS, 0.25)
    with pytest.raises(AttributeError):
        made.exchange = None


@pytest.mark.parametrize("call", CALLS)
def test_a_token_comes_out_as_a_handle_and_shows_nowhere(call: str) -> None:
    made = result(call)
    assert CANARY.reveal() not in repr(made) + repr(made.exchange)
    if "access_token" in page(call)["body"]:
        assert made.access_token == CANARY


KEYS = st.dictionaries(
    st.text(st.characters(codec="ascii", categories=["Ll"]), min_size=1).map("not_in_v1_{}".format),
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=4),
    min_size=1,
    max_size=3,
)
WRAPPED = {"debug_token": ("data",), "publishing_limit": ("data", 0)}
"""Where the object is that a result is made of, if it is not the whole answer or a list's entry."""


@pytest.mark.parametrize("call", CALLS)
@settings(max_examples=8)
@given(new=KEYS)
def test_fields_that_are_new_are_kept(call: str, new: dict[str, Any]) -> None:
    body = page(call)["body"]
    place: Any = body
    where = WRAPPED.get(function_of(call), ())
    for step in where:
        place = place[step]
    entries = place.get("data") if not where else None
    for each in entries if entries else [place]:
        each.update(new)
    around = {f"around_{name}": value for name, value in new.items()}
    body.update(around)
    made = run(CALLS[call](), answer(body))[0]
    if entries:
        assert [each.more for each in made.data] == [new] * len(entries)
    assert made.more == ({**around, **new} if not entries else around)


@pytest.mark.parametrize(
    ("flow", "body"),
    [
        (api.media_object("1"), {"id": "1"}),
        (api.me(), {"id": "1"}),
        (api.location("1"), {"id": "1"}),
        (api.profile_lookup("meta"), {}),
        (api.oembed("u"), {}),
        (api.publishing_limit(), {"data": []}),
        (api.publishing_limit(), {"data": [{"quota_usage": 1}]}),
        (api.delete_media("1"), {}),
        (api.manage_reply("1", hide=False), {}),
    ],
)
def test_what_threads_left_out_is_none(flow: Any, body: Any) -> None:
    made, _ = run(flow, answer(body))
    told_of = set(made.__struct_fields__) - {"id", "more", "exchange"}
    assert {name: getattr(made, name) for name in told_of} == dict.fromkeys(told_of)


def test_a_field_of_another_kind_than_documented_is_kept_as_it_came() -> None:
    odd = {"id": 1, "text": 7, "is_reply": "no", "children": "none", "owner": "1", "timestamp": None}
    made, _ = run(api.media_object("1"), answer(odd))
    assert (made.id, made.text, made.is_reply, made.children, made.timestamp) == ("1", None, None, None, None)
    assert made.more == {name: value for name, value in odd.items() if name != "id"}


def test_a_yes_is_no_number_and_the_year_1970_no_time() -> None:
    made, _ = run(api.profile_lookup("meta"), answer({"follower_count": True}))
    assert (made.follower_count, made.more) == (None, {"follower_count": True})
    facts, _ = run(api.debug_token(), answer({"data": {"data_access_expires_at": 0, "expires_at": 0}}))
    assert (facts.data_access_expires_at, facts.expires_at, facts.endless) == (None, None, True)
    assert (facts.is_valid, facts.scopes, facts.issued_at) == (False, frozenset(), None)


def test_what_is_new_within_a_metric_is_kept_where_it_stood() -> None:
    row = {
        "name": "x",
        "values": [{"value": 1, "new": 1}],
        "total_value": {
            "value": 2,
            "new": 2,
            "breakdowns": [{"results": [{"value": 3, "new": 3}], "new": 4}],
        },
        "link_total_values": [{"value": 5, "new": 5}],
    }
    made, _ = run(api.user_insights(), answer({"data": [row], "paging": {"next": "https://a.org"}}))
    (metric,) = made.data
    assert made.more == {"paging": {"next": "https://a.org"}}
    assert metric.more == {"total_value": {"new": 2}}
    assert metric.values == (api.Value(1, None, {"new": 1}),)
    assert metric.link_total_values == (api.LinkClicks(5, None, {"new": 5}),)
    assert metric.breakdowns == (api.Demographics(None, (api.Share(None, 3, {"new": 3}),), {"new": 4}),)


def test_what_is_new_within_a_wrapper_is_kept_where_it_stood() -> None:
    paging = {"cursors": {"before": "b", "new": 1}, "next": "https://a.org"}
    listed, _ = run(api.own_threads(), answer({"data": [], "paging": paging}))
    assert listed.more == {"paging": {"cursors": {"new": 1}, "next": "https://a.org"}}
    row = {"quota_usage": 1, "config": {"quota_total": 2, "quota_duration": 3, "new": 4}}
    limits, _ = run(api.publishing_limit(), answer({"data": [row]}))
    assert (limits.posts, limits.more) == (api.Allowance(1, 2, 3), {"config": {"new": 4}})


@pytest.mark.parametrize(
    ("ids", "cursors", "after"),
    [
        (["1"], {"cursors": {"after": "B"}}, "B"),
        (["1"], {"cursors": {"after": "A"}}, None),
        ([], {"cursors": {"after": "B"}}, None),
        (["1"], {"cursors": {}}, None),
        (["1"], {"next": "https://graph.threads.net/v1.0/me/threads?after=B"}, None),
        (["1"], None, None),
    ],
)
def test_a_list_ends_with_an_empty_page_no_cursor_or_the_same_one(
    ids: list[str], cursors: dict[str, Any] | None, after: str | None
) -> None:
    body = {"data": [{"id": each} for each in ids], **({"paging": cursors} if cursors is not None else {})}
    assert run(api.own_threads(after="A"), answer(body))[0].after == after


def test_a_post_that_is_named_with_more_than_its_id_loses_nothing() -> None:
    body = {"id": "1", "quoted_post": {"id": "2", "text": "x"}, "children": {"data": [], "paging": {}}}
    made, _ = run(api.media_object("1"), answer(body))
    assert (made.quoted_post, made.children) == ("2", ())
    assert made.more == {"quoted_post": {"text": "x"}, "children": {"paging": {}}}


# What goes wrong.


@pytest.mark.parametrize("call", CALLS)
def test_a_refusal_is_an_error_that_says_where_and_what_next(call: str) -> None:
    body = {"error": {"message": "No", "type": "OAuthException", "code": 10, "fbtrace_id": "A1"}}
    with pytest.raises(ApiError) as caught:
        run(CALLS[call](), Response(400, json.dumps(body).encode()))
    request = page(call)["request"]
    assert caught.value.where == f"{request['method']} {request['path']}"
    assert (caught.value.fault.row, bool(caught.value.remedy)) == ("permission", True)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("outcome", [NoResponse("reset", sent=True), NoResponse("refused", sent=False)])
def test_no_answer_is_an_error_that_says_whether_threads_may_have_acted(
    call: str, outcome: NoResponse
) -> None:
    with pytest.raises(Unanswered) as caught:
        run(CALLS[call](), outcome)
    assert caught.value.sent is outcome.sent


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"7"])
def test_an_answer_that_cannot_be_read_counts_as_none(call: str, body: bytes) -> None:
    with pytest.raises(Unanswered, match="cannot be read") as caught:
        run(CALLS[call](), Response(200, body))
    assert caught.value.sent


@pytest.mark.parametrize(
    ("make", "body"),
    [
        (lambda: api.publish_container("1"), {}),
        (lambda: api.publish_container("1"), {"id": ""}),
        (lambda: api.publish_container("1"), {"id": True}),
        (lambda: api.container_status("1"), {"id": "1"}),
        (lambda: api.media_object("1"), {"id": "1", "timestamp": "yesterday"}),
        (api.own_threads, {"data": ["1"]}),
        (api.exchange_token, {"token_type": "bearer"}),
        (api.debug_token, {"data": 1}),
        (lambda: api.delete_media("1"), {"success": False}),
        (lambda: api.manage_reply("1", hide=True), {"success": False}),
        (lambda: api.media_insights("1"), {"data": [{"values": []}]}),
    ],
)
def test_an_answer_without_what_it_is_for_counts_as_none(make: Callable[[], Any], body: Any) -> None:
    with pytest.raises(Unanswered, match="cannot be read"):
        run(make(), answer(body))
