"""The sandbox's Bluesky model against a real server: asked the same, they answer the same.

Status, names of errors, members and their kinds, and the CIDs of records are compared, and of messages the
path at their end.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from tests.pds.launcher import PASSWORD, Pds
from tests.sandbox.bluesky_nets import Modelled, Person, Real, Said, as_real
from tests.sandbox.bluesky_talks import TALKS, writing_much
from threadsync.sandbox.bluesky import switch

pytestmark = pytest.mark.live

_COMPARED = {"error", "validationStatus", "mimeType", "size", "active", "emailConfirmed", "$type"}
"""Members whose values are the same everywhere, besides the CIDs of records."""


def _shape(value: object, name: str = "") -> object:
    """Leave the kinds of values, and the values of what is the same everywhere."""
    match value:
        case dict() if name in {"commit", "value", "links", "contact"}:
            return sorted(value)
        case dict():
            return {key: _shape(each, key) for key, each in value.items() if key != "message"}
        case list():
            return [_shape(each, name) for each in value]
        case str() if name in _COMPARED:
            return value
    return value if name in _COMPARED else type(value).__name__


def _seen(name: str, said: Said) -> object:
    message = re.search(r" at \$\.\S+$", str(said.body.get("message", "")))
    return name.partition(":")[0], said.status, _shape(said.body), message[0] if message else ""


@pytest.mark.parametrize("talk", TALKS, ids=lambda talk: talk.__name__)
def test_the_model_and_a_real_server_answer_alike(
    server: Pds, talk: Callable[[Person], None], request: pytest.FixtureRequest
) -> None:
    account = server.person(f"m{TALKS.index(talk)}-talks")
    real = Real(server.url, server.plc_url, account.did, account.handle, PASSWORD, server.release)
    model = Modelled(as_real(server.release), handle=account.handle)
    talk(Person(real).log_in())
    talk(Person(model).log_in())
    assert [_seen(*row) for row in model.said] == [_seen(*row) for row in real.said]


@pytest.mark.pds(rate_limits=True)
def test_they_count_what_is_written_alike(server: Pds) -> None:
    """Three points a record, the headers of the tightest limit, and a refused batch uses up what was left."""
    account = server.person("m-limits")
    real = Real(server.url, server.plc_url, account.did, account.handle, PASSWORD, server.release)
    model = Modelled(as_real(server.release), handle=account.handle)
    switch(model.state, replace(model.state.switches, rate_limits=True))
    for net in (real, model):
        writing_much(Person(net).log_in())
    assert [_counted(*row) for row in model.said] == [_counted(*row) for row in real.said]


def _counted(name: str, said: Said) -> object:
    """Leave the policies; what is left of the requests differs by those that made the account."""
    policy = said.headers.get("RateLimit-Policy", "")
    left = said.headers.get("RateLimit-Remaining", "") if policy.startswith("5000;") else ""
    return name, said.status, policy, left, "Retry-After" in said.headers
