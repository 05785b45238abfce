"""Credentials that a program holds: masked everywhere, and dated."""

from __future__ import annotations

import copy
import json
import pickle
import traceback
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest

from threadsync.errors import UsageError
from threadsync.execution.held import Credentials
from threadsync.model.secret import SecretText

ENDS = datetime(2026, 12, 3, 8, 30, tzinfo=UTC)
HELD = Credentials("17841400000000001", "CANARY-token", ["threads_basic"], ENDS)


@pytest.mark.parametrize("show", [repr, str, "{}".format, "{!r:>400}".format, ascii, lambda it: f"{[it]}"])
def test_no_text_of_it_has_the_token(show: object) -> None:
    text = show(HELD)  # type: ignore[operator]
    assert "CANARY" not in text
    assert "17841400000000001" in text


def test_it_is_not_pickled_and_not_turned_into_a_mapping() -> None:
    for leak in (pickle.dumps, copy.deepcopy, msgspec.json.encode, msgspec.to_builtins):
        with pytest.raises(TypeError, match=r"never pickled|unsupported"):
            leak(HELD)


def test_no_traceback_shows_it_also_not_with_the_values_of_its_frames() -> None:
    for text in ('{"access_token": "CANARY"', '["CANARY"]', '{"scopes": "CANARY"}'):
        with pytest.raises(UsageError) as caught:
            Credentials.from_json(text)
        assert caught.value.__context__ is None, "an error of the JSON reader holds the whole text"
        assert "CANARY" not in shown_inside(caught.value, "from_json")
    with pytest.raises(UsageError) as caught:
        Credentials("7", "CANARY", expiration=datetime(2026, 12, 3))  # noqa: DTZ001  (the mistake)
    assert "CANARY" not in shown_inside(caught.value, "__post_init__")


def shown_inside(error: Exception, function: str) -> str:
    """Return what a traceback with local values shows of the frame of *function*."""
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    (frame,) = (frame for frame in shown.stack if frame.name == function)
    return f"{frame.locals} {shown}"


def test_it_is_frozen_and_equal_to_one_that_says_the_same() -> None:
    with pytest.raises(AttributeError):
        HELD.user_id = "8"  # type: ignore[misc]
    assert Credentials(HELD.user_id, SecretText("CANARY-token"), {"threads_basic"}, ENDS) == HELD
    assert msgspec.structs.replace(HELD, token=SecretText("another")) != HELD


def test_its_end_is_told_in_utc_and_reckoned_with() -> None:
    berlin = timezone(timedelta(hours=1))
    held = Credentials("7", "t", expiration=ENDS.astimezone(berlin))
    assert held.expiration is not None
    assert held.expiration.tzinfo is UTC
    assert held.expires_in(ENDS - timedelta(days=2)) == timedelta(days=2)
    assert held.expires_in(ENDS + timedelta(days=2)) == timedelta(days=-2)
    assert [held.expired(ENDS + timedelta(seconds=each)) for each in (-1, 0, 1)] == [False, True, True]


def test_without_a_time_the_machines_own_counts() -> None:
    assert Credentials("7", "t", expiration=datetime(2020, 1, 1, tzinfo=UTC)).expired()
    assert not Credentials("7", "t", expiration=datetime(9000, 1, 1, tzinfo=UTC)).expired()


def test_one_without_an_end_never_expires() -> None:
    endless = Credentials("7", "t")
    assert endless.expires_in() is None
    assert not endless.expired(datetime(9000, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("held", [HELD, Credentials("7", "CANARY")])
def test_its_json_says_everything_and_is_read_again(held: Credentials) -> None:
    said = json.loads(held.to_json())
    assert said["access_token"].startswith("CANARY")
    assert said.keys() == {"user_id", "scopes", "expiration", "access_token"}
    assert Credentials.from_json(held.to_json()) == held


def test_further_keys_and_a_number_for_the_user_are_read() -> None:
    """As other clients of Threads write them."""
    text = json.dumps({**json.loads(HELD.to_json()), "user_id": 17841400000000001, "short_lived": False})
    assert Credentials.from_json(text) == HELD


@pytest.mark.parametrize(
    "change",
    [
        {"access_token": ""},
        {"access_token": 7},
        {"user_id": None},
        {"scopes": "threads_basic"},
        {"scopes": [1]},
        {"expiration": "soon"},
        {"expiration": "2026-12-03T08:30:00"},
        {"expiration": 7},
    ],
)
def test_json_that_says_something_else_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="not credentials in JSON"):
        Credentials.from_json(json.dumps({**json.loads(HELD.to_json()), **change}))


def test_no_token_is_none() -> None:
    with pytest.raises(UsageError, match="have no token"):
        Credentials("7", "")
