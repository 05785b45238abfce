"""The way to a first token: the address to open, and the address that comes back."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.providers.threads.documented import CALLS
from threadsync.errors import (
    AuthorizationDenied,
    AuthorizationMismatch,
    ThreadsyncError,
    Unanswered,
    UsageError,
)
from threadsync.flows.bounds import Bounds
from threadsync.flows.core import drive
from threadsync.flows.effects import Effect, NoResponse, Outcome, Wait, Waited
from threadsync.flows.retry import persistent
from threadsync.model.secret import HIDDEN
from threadsync.providers.threads import api

BACK = "https://socialsizzle.herokuapp.com/auth/"
ASKED: dict[str, Any] = {
    "client_id": "990602627938098",
    "redirect_uri": BACK,
    "scope": ("threads_basic", "threads_content_publish"),
    "state": "st4te",
}


def test_the_address_to_open_says_what_the_page_says() -> None:
    """docs/threads/get-started/get-access-tokens-and-permissions."""
    url = urlsplit(api.authorize_url(**ASKED))
    assert (url.scheme, url.netloc, url.path) == ("https", "threads.com", "/oauth/authorize")
    assert parse_qs(url.query) == {
        "client_id": ["990602627938098"],
        "redirect_uri": [BACK],
        "scope": ["threads_basic,threads_content_publish"],
        "response_type": ["code"],
        "state": ["st4te"],
    }


def test_another_window_than_metas_can_be_opened() -> None:
    url = api.authorize_url(**ASKED, window="http://127.0.0.1:8080/oauth/authorize")
    assert url.startswith("http://127.0.0.1:8080/oauth/authorize?client_id=990602627938098&")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"client_id": "my-app"}, "Threads App ID"),
        ({"client_id": ""}, "Threads App ID"),
        ({"client_id": "٣"}, "Threads App ID"),
        ({"scope": ("threads_content_publish",)}, "threads_basic"),
        ({"scope": ()}, "threads_basic"),
        ({"state": ""}, "state"),
    ],
)
def test_what_cannot_work_is_said_before_a_window_opens(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        api.authorize_url(**{**ASKED, **wrong})
    assert caught.value.remedy


@pytest.mark.parametrize(
    "url",
    [
        f"{BACK}?code=AQBx-hBsH3&state=st4te#_",
        f"{BACK}?state=st4te&code=AQBx-hBsH3",
        f"{BACK}?code=AQBx-hBsH3%23_&state=st4te",
        f"  {BACK}?code=AQBx-hBsH3&state=st4te#_\n",
    ],
)
def test_the_code_is_what_stands_before_the_sign_that_threads_appends(url: str) -> None:
    assert api.complete_authorization(url, "st4te").reveal() == "AQBx-hBsH3"


def test_the_code_is_a_secret() -> None:
    code = api.complete_authorization(f"{BACK}?code=AQBx-hBsH3&state=st4te#_", "st4te")
    assert repr(code) == HIDDEN


@pytest.mark.parametrize("error", ["access_denied", "acceess_denied"])
def test_a_person_who_says_no_is_told_so(error: str) -> None:
    """The page spells it in both ways."""
    denied = f"{BACK}?error={error}&error_reason=user_denied&error_description=The+user+denied+your+request"
    with pytest.raises(AuthorizationDenied, match="The user denied your request") as caught:
        api.complete_authorization(denied, "st4te")
    assert caught.value.remedy
    with pytest.raises(AuthorizationDenied, match="user_denied"):
        api.complete_authorization(f"{BACK}?error=x&error_reason=user_denied", "st4te")


@pytest.mark.parametrize(
    "state", ["&state=other", "&state=", "", "&state=ST4TE", "&state=st4te2", "&state=ö"]
)
def test_an_answer_to_another_question_is_not_taken(state: str) -> None:
    with pytest.raises(AuthorizationMismatch, match="another authorization") as caught:
        api.complete_authorization(f"{BACK}?code=AQBx-hBsH3{state}#_", "st4te")
    assert "AQBx" not in caught.value.message()


@pytest.mark.parametrize(
    "url",
    [
        *(
            "",
            "AQBx-hBsH3",
            BACK,
            f"{BACK}?state=st4te",
            f"{BACK}?code=&state=st4te",
            "https://[half/?code=1",
        ),
        f"{BACK}?code=#_",
        f"{BACK}?code=1&code=2&state=st4te",
        f"{BACK}?code=1&state=st4te&state=other",
    ],
)
def test_an_address_without_a_code_says_what_to_paste(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        api.complete_authorization(url, "st4te")
    assert "whole address" in caught.value.remedy


@given(st.text(), st.text())
def test_whatever_is_pasted_ends_in_a_code_or_in_one_of_our_errors(url: str, state: str) -> None:
    try:
        found = api.complete_authorization(url, state).reveal()
    except ThreadsyncError as error:
        found = error.remedy
    assert found


def test_every_scope_is_named() -> None:
    """docs/threads/get-started and the pages of the endpoints name eleven."""
    assert len(set(api.SCOPES)) == 11


@pytest.mark.parametrize(("call", "times"), [("exchange_code", 1), ("refresh_token", 3)])
def test_a_code_goes_out_once_and_a_lost_answer_is_told_as_that(call: str, times: int) -> None:
    """It is used up then: Threads would refuse the second request, and that would hide what happened."""
    sent: list[Effect] = []

    def perform(effect: Effect) -> Outcome:
        if isinstance(effect, Wait):
            return Waited()
        sent.append(effect)
        return NoResponse("it closed the connection without a whole answer", sent=True)

    with pytest.raises(Unanswered, match="without a whole answer"):
        drive(persistent(CALLS[call](), Bounds(retry_attempts_max=3), lambda _: None), perform)
    assert len(sent) == times
