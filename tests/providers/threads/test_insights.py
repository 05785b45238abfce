"""What readers made of a post, whether readers see it, and how long the windows of quotas are."""

from __future__ import annotations

import json

import pytest

from tests.providers.threads.talk import LOST, START, Talk, error, ok
from threadsync.flows.core import drive
from threadsync.flows.effects import NoResponse, Request, Response
from threadsync.model.facts import Engagement
from threadsync.model.ids import RemoteId
from threadsync.providers.threads import api_insights

METRICS = "likes,replies,reposts,quotes,shares,views"


def row(name: object, values: object) -> dict[str, object]:
    return {
        "name": name,
        "period": "lifetime",
        "values": values,
        "title": "T",
        "id": f"1/insights/{name}/lifetime",
    }


def asked(answer: Response | NoResponse) -> tuple[Engagement, Request]:
    talk, sent = Talk(), []

    def told(request: Request) -> Response | NoResponse:
        sent.append(request)
        return answer

    talk.override = told
    return drive(talk.provider.engagement(RemoteId("1")), talk.perform), sent[0]


def test_each_metric_is_read_by_its_name() -> None:
    found, request = asked(
        ok({"data": [row("likes", [{"value": 100}]), row("views", [{"value": 3}])]}, START)
    )
    assert found == Engagement({"likes": 100, "views": 3})
    assert (request.method, request.path) == ("GET", "/v1.0/1/insights")
    assert request.params == {"metric": METRICS}


@pytest.mark.parametrize(
    "values", [[], None, "no", [{}], [{"value": None}], [{"value": True}], [{"value": "7"}]]
)
def test_a_metric_that_is_not_told_is_unknown_and_not_zero(values: object) -> None:
    found, _ = asked(ok({"data": [row("likes", values), row("replies", [{"value": 0}])]}, START))
    assert found.counts == {"replies": 0}


def test_of_a_repost_nothing_is_counted() -> None:
    found, _ = asked(ok({"data": []}, START))
    assert (dict(found.counts), bool(found.unknown), found.withheld) == ({}, True, True)


def test_what_it_says_that_it_counts_is_what_is_asked_for() -> None:
    assert set(Talk().provider.capabilities.counts) == set(api_insights.METRICS)
    assert Talk().provider.capabilities.counts[0] == "views", "what publications are compared by"


@pytest.mark.parametrize(
    ("answer", "scope"),
    [
        (error(10), "threads_manage_insights"),
        (error(2, None, 500), ""),
        (error(100, 33), ""),
        (LOST, ""),
        (Response(200, b"<html>"), ""),
    ],
)
def test_what_cannot_be_read_is_unknown_and_no_error(answer: Response | NoResponse, scope: str) -> None:
    """It is asked once: it is worth no waiting."""
    found, _ = asked(answer)
    assert (dict(found.counts), found.scope, bool(found.unknown)) == ({}, scope, True)
    assert found.withheld is (answer == error(100, 33)), "a post that is gone says nothing of the others"


@pytest.mark.parametrize(
    ("status", "hidden"),
    [
        *((word, True) for word in ("HIDDEN", "COVERED", "BLOCKED", "RESTRICTED")),
        *((word, False) for word in ("NOT_HUSHED", "UNHUSHED", None)),
    ],
)
def test_a_hidden_reply_is_one_that_readers_do_not_see(status: str | None, hidden: bool) -> None:
    talk = Talk()
    body = {"id": "1", "media_type": "TEXT_POST", "text": "x", **({"hide_status": status} if status else {})}
    talk.override = lambda request: (
        ok(body, START) if "hide_status" in str(request.params["fields"]) else None
    )
    seen = drive(talk.provider.observe(RemoteId("1")), talk.perform)
    assert seen is not None
    assert seen.hidden is hidden


def test_a_quota_says_how_long_its_window_is() -> None:
    config = {"quota_total": 250, "quota_duration": 86400}
    talk = Talk()
    talk.override = lambda _: ok({"data": [{"quota_usage": 4, "config": config}]}, START)
    quotas = drive(talk.provider.quotas(), talk.perform)
    assert (quotas["posts"].left, quotas["posts"].window_seconds) == (246, 86_400.0)
    assert json.dumps(quotas["replies"].unknown)
