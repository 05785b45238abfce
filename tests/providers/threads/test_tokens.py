"""What Threads tells of a token, and a new one for an old one: by the documentation, as values."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest

from tests.providers.threads.talk import BOUNDS, LOST, START, error, ok
from threadsync.errors import ApiError, Unanswered
from threadsync.flows.core import drive
from threadsync.flows.effects import (
    Effect,
    Flow,
    NoResponse,
    Now,
    Outcome,
    Request,
    Response,
    Secret,
    Time,
    Wait,
    Waited,
)
from threadsync.model.ids import MAIN, TargetName
from threadsync.model.secret import SecretText
from threadsync.providers.base import Examined, ProviderContext
from threadsync.providers.threads import api
from threadsync.providers.threads.provider import ThreadsProvider

T = TypeVar("T")
PROVIDER = ThreadsProvider(ProviderContext(TargetName("threads/main"), bounds=BOUNDS))


def run(flow: Flow[T], *answers: Response | NoResponse) -> tuple[T, list[Request]]:
    sent: list[Request] = []
    left = list(answers)

    def perform(effect: Effect) -> Outcome:
        match effect:
            case Request():
                sent.append(effect)
                return left.pop(0) if len(left) > 1 else left[0]
            case Wait():
                return Waited()
            case Now():
                return Time(START)
            case _:
                raise AssertionError(effect)

    return drive(flow, perform), sent


def debugged(**changes: object) -> Response:
    data: dict[str, object] = {
        "type": "USER",
        "application": "x",
        "data_access_expires_at": 1754846089,
        "expires_at": 1752254132,
        "is_valid": True,
        "issued_at": 1747070132,
        "scopes": ["threads_basic"],
        "user_id": "123",
    }
    return ok({"data": {**data, **changes}}, START)


def test_a_token_is_asked_about_with_itself() -> None:
    found, (request,) = run(PROVIDER.examine(MAIN), debugged())
    assert found == Examined(
        frozenset({"threads_basic"}),
        datetime.fromtimestamp(1747070132, UTC),
        datetime.fromtimestamp(1752254132, UTC),
    )
    assert (request.method, request.path) == ("GET", "/v1.0/debug_token")
    assert (request.params, request.auth) == ({"input_token": Secret(MAIN)}, MAIN)


def test_a_token_that_never_expires_has_no_end() -> None:
    found, _ = run(PROVIDER.examine(MAIN), debugged(expires_at=0))
    assert (found.expires_at, found.endless) == (None, True)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (error(10), "testers of the token's app alone"),
        (LOST, "no answer from the network"),
        (debugged(is_valid=False), "not valid"),
        (ok({"data": []}, START), "cannot be read"),
        (ok({}, START), "cannot be read"),
    ],
)
def test_what_threads_does_not_tell_is_unknown_and_no_error(answer: Response | NoResponse, said: str) -> None:
    found, _ = run(PROVIDER.examine(MAIN), answer)
    assert said in found.unknown
    assert (found.scopes, found.expires_at, found.endless) == (None, None, False)


def renewed(**body: object) -> Response:
    answer = ok({"token_type": "bearer", "access_token": "[secret]", **body}, START)
    return Response(200, answer.body, answer.headers, secrets={"access_token": SecretText("CANARY")})


def test_a_new_token_comes_as_a_handle_and_with_its_life() -> None:
    found, (request,) = run(PROVIDER.renew(MAIN), renewed(expires_in=5184000))
    assert found.secret == SecretText("CANARY")
    assert found.expires_at == START + timedelta(days=60)
    assert (request.method, request.path) == ("GET", "/refresh_access_token")
    assert request.params == {"grant_type": "th_refresh_token", "access_token": Secret(MAIN)}
    assert request.answer_secrets == ("access_token",)


def test_a_life_that_is_not_told_is_unknown() -> None:
    assert run(PROVIDER.renew(MAIN), renewed())[0].expires_at is None


def test_renewing_is_tried_again_since_both_tokens_go_on_working() -> None:
    found, sent = run(PROVIDER.renew(MAIN), LOST, error(2, status=500), renewed())
    assert found.secret == SecretText("CANARY")
    assert sent == [sent[0]] * 3


@pytest.mark.parametrize(
    ("answer", "kind"),
    [(error(190, 463, status=401), ApiError), (LOST, Unanswered), (ok({"expires_in": 1}, START), Unanswered)],
)
def test_where_there_is_no_new_token_it_is_an_error(answer: Response, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        run(PROVIDER.renew(MAIN), answer)


@pytest.mark.parametrize(
    ("refusal", "known", "said"),
    [
        (error(10), debugged(issued_at=int(START.timestamp()) - 3600), "may be renewed from 2026-"),
        (error(100), debugged(issued_at=int(START.timestamp()) - 3600), "as good as before until then"),
        (error(10), debugged(issued_at=int(START.timestamp()) - 90_000), "at least a day old"),
        (error(10), debugged(scopes=[]), "lacks the scope threads_basic"),
        (error(10), error(10), "at least a day old"),
    ],
)
def test_a_refusal_to_renew_says_when_it_may_be_asked_again(
    refusal: Response, known: Response, said: str
) -> None:
    """No page says which code a token gets that is too young: what it is like is asked."""
    with pytest.raises(ApiError) as raised:
        run(PROVIDER.renew(MAIN), refusal, known)
    assert said in raised.value.remedy


@pytest.mark.parametrize("make", [api.refresh_token, api.debug_token])
def test_the_endpoints_never_put_anything_on_record(make: Callable[[], Flow[object]]) -> None:
    """``run`` would refuse it; both are one request and no more."""
    _, sent = run(make(), renewed(data=debugged().json["data"]))  # type: ignore[index]
    assert len(sent) == 1


def test_what_the_provider_says_of_itself_is_what_it_does() -> None:
    about = PROVIDER.about
    assert [(each.role, each.renewable, each.of_app) for each in about.roles] == [
        (MAIN, True, False),
        (api.APP_SECRET, False, True),
    ]
    assert about.api == "v1.0"
    assert {scope.name for scope in about.scopes if scope.required} == {
        "threads_basic",
        "threads_content_publish",
        "threads_read_replies",  # apply reads own replies back before it creates anything (law 8)
    }
    assert set(about.quotas) == {
        PROVIDER.capabilities.quota_of_publish,
        PROVIDER.capabilities.quota_of_reply,
        PROVIDER.capabilities.quota_of_delete,
    }


def test_an_answer_is_classified_only_if_it_is_an_error() -> None:
    assert PROVIDER.classify(ok({"id": "1"}, START)) is None
    hidden = PROVIDER.classify(ok({"error": {"code": 190}}, START))
    assert hidden is not None
    assert hidden.row == "token"
