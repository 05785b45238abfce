"""Asking many posts what readers made of them: who answers for itself alone, when it is no use to go on."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from threadsync.execution.surveying import TOGETHER_MAX, engagement
from threadsync.flows.core import drive
from threadsync.flows.effects import Flow, NoResponse, Request, Response
from threadsync.model.facts import Engagement
from threadsync.model.ids import RemoteId

KNOWN = Engagement({"likes": 1})
FORBIDDEN = Engagement(unknown="no", scope="insights")
FAILED = Engagement(unknown="no answer")
WITHHELD = Engagement(unknown="nothing of a repost", withheld=True)


class Counting:
    """A provider that answers as a table says."""

    def __init__(self, answers: Mapping[RemoteId, Engagement]) -> None:
        self.answers = answers
        self.asked: list[RemoteId] = []

    def engagement(self, remote_id: RemoteId) -> Flow[Engagement]:
        self.asked.append(remote_id)
        return self.answers[remote_id]
        yield  # it needs no request


def nobody(_: Request) -> Response | NoResponse:
    raise AssertionError("nothing is sent")


def ask(answers: list[Engagement]) -> tuple[list[Engagement], int]:
    ids = [RemoteId(f"{number:04}") for number in range(len(answers))]
    provider = Counting(dict(zip(ids, answers, strict=True)))
    found = drive(engagement(provider, ids), nobody)  # type: ignore[arg-type]  # it offers what is asked
    return [found[each] for each in ids], len(provider.asked)


def test_posts_that_the_network_tells_nothing_of_do_not_end_it() -> None:
    answers = [WITHHELD] * (2 * TOGETHER_MAX) + [KNOWN]
    assert ask(answers) == (answers, len(answers))


@pytest.mark.parametrize("answer", [FORBIDDEN, FAILED])
def test_where_none_of_a_group_can_be_read_the_others_are_not_asked_for(answer: Engagement) -> None:
    assert ask([answer] * TOGETHER_MAX + [KNOWN]) == ([answer] * (TOGETHER_MAX + 1), TOGETHER_MAX)


def test_one_that_can_be_read_is_enough_to_go_on() -> None:
    answers = [FAILED] * (TOGETHER_MAX - 1) + [KNOWN] * 2
    assert ask(answers) == (answers, len(answers))
