"""Our client's runs against the sandbox, recorded: ``make cassettes`` writes them anew, then read them.

``cassettes/NAME.yaml`` is the conversation of a scenario, without tokens, secrets, codes and ports;
``cassettes/outcomes.json`` holds what there was before each, what the client was told, and what came of it.
With them the client's scenarios run where no sandbox is (``test_cassettes.py``), and other clients are laid
beside ours without running ours again (``test_peers.py``).

vcrpy replaces the connections of urllib3, and our client has connections of its own, which it watches; so the
client is given a session.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

import requests
import vcr
from vcr.request import Request

from tests.contract import ours_posting, ours_reading
from tests.contract.stage import PLACE, Json, Play, Scene, scene, staged
from tests.execution.clients import CLIENTS, AnyClient
from threadsync.testing.fakes import FakeClock

CASSETTES = Path(__file__).with_name("cassettes")
OUTCOMES = CASSETTES / "outcomes.json"
ELSEWHERE = "http://127.0.0.1:9"
"""Stands for the address of the sandbox; where none is, nobody answers there."""
HIDDEN = "hidden"
MATCHED_ON = ("method", "path", "query", "body")
PLAYS: Mapping[str, Play] = MappingProxyType({**ours_posting.PLAYS, **ours_reading.PLAYS})

_SECRET = re.compile(rb"\b(access_token|client_secret|input_token|code)=[^&#]+")
_NEW_SECRET = re.compile(rb'("access_token":")[^"]+')
_HEADERS = frozenset({"content-type", "date", "location"})


@contextmanager
def taped(path: Path, base_url: str, media_url: str, *, anew: bool) -> Iterator[Any]:
    """Record what goes to *base_url* into *path*, or, unless *anew*, play what is there instead."""

    def request(said: Request) -> Request | None:
        # vcrpy asks again about what was changed here. Other places are asked by the sandbox: for pictures.
        if not said.uri.startswith((base_url, ELSEWHERE)):
            return None
        kept = Request(said.method, said.uri.replace(base_url, ELSEWHERE), said.body, {})
        kept.uri = _without(kept.uri.encode(), media_url).decode()
        if isinstance(kept.body, bytes):
            kept.body = _without(kept.body, media_url)
        return kept

    tape = vcr.VCR(
        record_mode="all" if anew else "none",
        match_on=MATCHED_ON,
        before_record_request=request,
        before_record_response=_answer,
    )
    with tape.use_cassette(path) as cassette:
        yield cassette


def _without(said: bytes, media_url: str) -> bytes:
    plain = said.replace(quote(media_url, safe="").encode(), quote(PLACE, safe="").encode())
    return _SECRET.sub(rb"\1=" + HIDDEN.encode(), plain)


def _answer(said: dict[str, Any]) -> dict[str, Any]:
    said["headers"] = {
        name.lower(): [_SECRET.sub(rb"\1=" + HIDDEN.encode(), each.encode()).decode() for each in values]
        for name, values in said["headers"].items()
        if name.lower() in _HEADERS
    }
    said["body"]["string"] = _NEW_SECRET.sub(rb"\1" + HIDDEN.encode(), said["body"]["string"])
    return said


@contextmanager
def _with_a_session(clock: FakeClock, **settings: Any) -> Iterator[AnyClient]:
    with requests.Session() as session, CLIENTS["requests"](clock, session=session, **settings) as client:
        yield client


SESSIONS = {"requests": _with_a_session, "aiohttp": CLIENTS["aiohttp"]}
"""The clients as vcrpy can record them; aiohttp's sessions it knows whosever they are."""


def record(name: str, folder: Path) -> Json:
    """Play the scenario *name* on a fresh sandbox, and record it; return its entry among the outcomes."""
    play = PLAYS[name]
    path = folder / f"{name}.yaml"
    path.unlink(missing_ok=True)
    with scene(play) as here:
        url, token = here.sandbox.base_url, here.sandbox.token("lift_report")
        with (
            taped(path, url, here.media_url, anew=True),
            staged(_with_a_session, url, token, here.given, here.secrets) as stage,
        ):
            told = play.steps(stage)
        return _entry(here, told)


def _entry(here: Scene, told: Json) -> Json:
    given = {name: each.replace(here.media_url, PLACE) for name, each in here.given.items()}
    entry: Json = json.loads(json.dumps({"given": given, "told": told, **asdict(here.outcome(told))}))
    return entry


def outcomes() -> Mapping[str, Json]:
    """Return what came of each scenario when it was recorded."""
    found: dict[str, Json] = json.loads(OUTCOMES.read_text(encoding="utf-8"))
    return found


def sendable() -> Mapping[str, frozenset[str]]:
    """Return the parameters that our client was seen to send, by operation."""
    found: dict[str, frozenset[str]] = {}
    for entry in outcomes().values():
        for operation, names in entry["asked"].items():
            found[operation] = found.get(operation, frozenset()) | set(names)
    return found


def main() -> None:
    """Record every scenario."""
    CASSETTES.mkdir(exist_ok=True)
    for old in CASSETTES.glob("*.yaml"):
        old.unlink()
    found = {name: record(name, CASSETTES) for name in PLAYS}
    OUTCOMES.write_text(json.dumps(found, ensure_ascii=False, indent=1, sort_keys=True) + "\n", "utf-8")


if __name__ == "__main__":
    main()
