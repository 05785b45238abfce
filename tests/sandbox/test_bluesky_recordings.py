"""What the Bluesky model answers today to what a real server was asked when it was recorded: the same.

Compared is all that a recording has, but tokens, commits and keys, which every server makes for itself,
and messages, of which only the place that they name. If a recording is not today's: ``make cassettes``.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import yaml

from tests.pds.launcher import PASSWORD
from tests.pds.names import HIDDEN_PASSWORD, LATER, digest
from tests.sandbox.bluesky_nets import NOON, Modelled, Said

ROOT = Path(__file__).parents[2]
CASSETTES = ROOT / "tests/live/bluesky/cassettes"
REPLAYED = sorted(
    path
    for folder in ("api", "client", "names", "publishing")
    for path in (CASSETTES / folder).glob("*.yaml")
)
FILES = {digest(content): content for content in [(ROOT / "examples/posts/pictures/gate.png").read_bytes()]}
FORGED = "token-of-nobody"
"""A test signed it with the secret of its server."""
OWN = {"accessJwt", "refreshJwt", "token", "rev"}
"""What every server makes for itself."""
OF_THE_DIRECTORY = {"@context", "verificationMethod"}
"""The directory of the tests, ``@did-plc/server`` 0.0.1, writes keys as plc.directory did until 2023."""
PLACE = re.compile(r" at \$\.\S+$")


class Replay:
    """The model, asked what a recording says."""

    def __init__(self, handle: str) -> None:
        self.net = Modelled(handle=handle, password=PASSWORD)
        self.called = {HIDDEN_PASSWORD: PASSWORD, LATER: str(int(NOON) + 1200)}
        """What the model calls what is in the recording."""
        login = {"identifier": handle, "password": HIDDEN_PASSWORD}
        self.login = self.ask("POST", "com.atproto.server.createSession", json.dumps(login), {}).body

    def here(self, kept: str) -> str:
        for name, value in self.called.items():
            kept = kept.replace(name, value)
        return kept

    def ask(self, method: str, target: str, body: str, headers: dict[str, list[str]]) -> Said:
        kind, token = (headers.get(name, [""])[0] for name in ("content-type", "authorization"))
        path, _, query = target.partition("?")
        is_json = kind.startswith("application/json") or not kind
        return self.net.ask(
            method,
            unquote(path),
            params={name: list(map(self.here, each)) for name, each in parse_qs(query).items()},
            body=json.loads(self.here(body)) if body and is_json else None,
            token=self.here(token) or None,
            content=None if is_json else FILES[body],
            kind=kind,
        )

    def compare(self, recorded: Any, told: Any, name: str) -> None:
        """Check that *told* is what was *recorded*, and learn what the model calls what is its own."""
        match recorded:
            case _ if name in OF_THE_DIRECTORY:
                assert type(recorded) is type(told)
            case dict():
                assert sorted(recorded) == sorted(told), name
                for key, value in recorded.items():
                    own = key in OWN or (key, name) == ("cid", "commit")
                    self.compare(value, told[key], "own" if own else key)
            case list():
                assert len(recorded) == len(told), name
                for one, other in zip(recorded, told, strict=True):
                    self.compare(one, other, name)
            case str() if name == "own":
                self.called[recorded] = told
            case str() if name == "message":
                assert PLACE.findall(recorded) == PLACE.findall(told)
            case str() if name == "uri":
                before, _, key = recorded.rpartition("/")
                assert told.startswith(f"{before}/")
                self.called.setdefault(key, told.rpartition("/")[2])
                assert self.here(recorded) == told
            case _:
                wanted = self.here(recorded) if isinstance(recorded, str) else recorded
                assert wanted == told, name


@pytest.mark.parametrize("path", REPLAYED, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_the_model_answers_as_the_real_server_was_recorded(path: Path) -> None:
    made, *said = yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)["interactions"]
    account = json.loads(made["response"]["body"]["string"])
    replay = Replay(account["handle"])
    for name in ("accessJwt", "refreshJwt"):
        replay.called[account[name]] = str(replay.login[name])
    for each in said:
        request, response = each["request"], each["response"]
        if request["headers"].get("authorization") == [FORGED]:
            continue
        parts = urlsplit(request["uri"])
        target = parts.path.removeprefix("/xrpc/").removeprefix("/") + (
            f"?{parts.query}" if parts.query else ""
        )
        told = replay.ask(request["method"], target, request["body"], request["headers"])
        recorded = json.loads(response["body"]["string"] or "{}")
        assert told.status == response["status"]["code"], (target, told)
        replay.compare(recorded, told.body, "")


def test_there_are_recordings() -> None:
    assert len(REPLAYED) > 40
