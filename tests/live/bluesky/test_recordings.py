"""The recordings of the real server: what is in them, what they answer, and that they are today's."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests
import yaml

from tests.live.bluesky.conftest import CASSETTES, recording_of
from tests.pds.launcher import CALL_SECONDS, PASSWORD, Pds
from tests.pds.names import HIDDEN_PASSWORD
from tests.pds.tape import Tape

pytestmark = pytest.mark.live

ROOT = Path(__file__).parents[3]
RECORDED = sorted(CASSETTES.rglob("*.yaml"))
SECRETS = (PASSWORD, "eyJ", "Bearer", "zQ3sh", "zP7Y", "PRIVATE", "@localhost", "127.0.0.1", "/tmp", "/home")
"""Passwords, tokens, keys (as did:key writes those of either curve), and what is of one machine."""
BYTES_MAX = 64 * 1024
CREATE = "/xrpc/com.atproto.server.createSession"
ASKED = {
    "method": ("PUT", CREATE, {}, {"identifier": "HANDLE", "password": PASSWORD}),
    "path": ("POST", CREATE + "s", {}, {"identifier": "HANDLE", "password": PASSWORD}),
    "query": ("POST", CREATE, {"x": "y"}, {"identifier": "HANDLE", "password": PASSWORD}),
    "body": ("POST", CREATE, {}, {"identifier": "HANDLE", "password": "another"}),
}


def tape_of(name: str) -> Tape:
    return Tape(CASSETTES / name, None, real_clock=False)


def test_no_recording_holds_a_secret_or_anything_of_a_machine() -> None:
    assert len(RECORDED) > 60
    for path in RECORDED:
        whole = path.read_text(encoding="utf-8")
        assert [each for each in SECRETS if each in whole] == [], path
        assert whole.count(HIDDEN_PASSWORD) >= 1, "every one begins with a new account"


def test_recordings_are_small() -> None:
    sizes = {path.name: path.stat().st_size for path in RECORDED}
    assert {name: size for name, size in sizes.items() if size > BYTES_MAX} == {}
    assert sum(sizes.values()) < 1024 * 1024


def test_every_test_is_recorded_or_says_why_not_and_every_recording_is_that_of_a_test() -> None:
    """If this fails: make cassettes. A test that cannot be recorded is marked ``pds(worlds=, why=)``."""
    told = pytest_run("--collect-only", "-k", "cassette and not aiohttp", str(CASSETTES.parent))
    tests = [line for line in told.splitlines() if "::" in line]
    assert {recording_of(each) for each in tests} == {path.relative_to(CASSETTES) for path in RECORDED}


def pytest_run(*words: str, **environ: str) -> str:
    """Run pytest, which has to go well, and return what it said."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def session(server: Pds, how: str, handle: str) -> requests.Response:
    method, path, query, body = ASKED[how]
    said = {name: value.replace("HANDLE", handle) for name, value in body.items()}
    return requests.request(method, server.url + path, params=query, json=said, timeout=CALL_SECONDS)


@pytest.mark.parametrize("how", ASKED)
def test_a_recording_answers_nothing_but_what_was_asked(how: str) -> None:
    name = "api/test_a_wrong_password_is_said.yaml"
    first = yaml.safe_load((CASSETTES / name).read_text(encoding="utf-8"))["interactions"][0]
    handle = str(yaml.safe_load(first["request"]["body"])["handle"])
    tape = tape_of(name)
    with tape.running() as server:
        answer = session(server, how, handle)
    assert (answer.status_code, answer.json()["error"]) == (501, "NotRecorded")
    assert CREATE in tape.problems[0]


def test_what_is_no_longer_asked_is_noticed() -> None:
    tape = tape_of("api/test_a_wrong_password_is_said.yaml")
    with tape.running():
        pass
    (problem,) = tape.problems
    assert problem.startswith("0 of ")


@pytest.mark.pds(worlds=("server",), why="it records")
def test_what_is_recorded_today_is_what_was_recorded(server: Pds, tmp_path: Path) -> None:
    """By another server, at another time, for accounts of other names: it has to be the same file.

    If this fails, the server or what it is asked has changed: ``make cassettes``, then read the difference.
    """
    modules = [str(Path(__file__).with_name(f"test_{each}.py")) for each in ("api", "points")]
    pytest_run("-k", "cassette and not aiohttp", "--record-pds", str(tmp_path), *modules)
    for path in (*(CASSETTES / "api").glob("*.yaml"), *(CASSETTES / "points").glob("*.yaml")):
        assert (tmp_path / path.relative_to(CASSETTES)).read_text() == path.read_text(), path.name


def test_without_node_the_recordings_are_played_and_the_end_says_loudly_what_was_not_tested(
    tmp_path: Path,
) -> None:
    modules = [str(Path(__file__).with_name(f"test_{each}.py")) for each in ("names", "video_project")]
    said = pytest_run(*modules, PATH=str(tmp_path))
    assert "= BLUESKY IS NOT TESTED AGAINST A REAL SERVER =" in said
    assert "Node is not installed.\n3 tests were skipped: 2 ran on recordings of it, 1 not at all." in said
    assert "not recorded: the video service is a process of ours that asks the server too" in said
    assert "3 passed, 3 skipped" in said
