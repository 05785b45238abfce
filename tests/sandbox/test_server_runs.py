"""The sandbox in the foreground, as a process of its own that is ended or killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
import requests

from tests.live.waiting import until_said

pytestmark = pytest.mark.live


SERVE = """
import sys
from pathlib import Path
from threadsync.sandbox.server import serve
from threadsync.sandbox.settings import SandboxSettings

def started(sandbox):
    sys.stdout.write(f"{sandbox.port} {sandbox.origin}\\n")
    sys.stdout.flush()

serve(SandboxSettings(data=Path(sys.argv[1])), started)
sys.stdout.write("ended\\n")
"""


@pytest.fixture
def serving(tmp_path):
    """Starts foreground runs on one folder; all of them are gone after the test."""
    started = []

    def start():
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", SERVE, str(tmp_path / "data")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=os.getcwd(),
            env={**os.environ, "PYTHONPATH": os.getcwd()},
        )
        started.append(process)
        port, origin = until_said("\n", process.stdout).split()
        return process, f"http://127.0.0.1:{port}", origin

    yield start
    for process in started:
        process.kill()
        process.communicate(timeout=10)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_foreground_run_ends_cleanly_at_a_signal(serving, number):
    """Exit status 0, and what comes after serve() runs."""
    process, base_url, _ = serving()
    assert requests.get(base_url, timeout=10).status_code == 200
    process.send_signal(number)
    out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err) == (0, "ended\n", "")


def test_sigkill_loses_nothing_that_was_acknowledged(serving):
    """Stop it the hard way, start it again: same origin, same posts, same containers, same faults."""
    process, base_url, origin = serving()
    token = {"access_token": "sandbox-lift_report"}

    def post(path, **params):
        return requests.post(base_url + path, data={**token, **params}, timeout=10).json()["id"]

    made = [
        post("/me/threads_publish", creation_id=post("/me/threads", media_type="TEXT", text=f"{n}"))
        for n in range(5)
    ]
    container = post("/me/threads", media_type="TEXT", text="waiting")
    requests.post(base_url + "/sandbox/faults", json={"faults": ["profile:throttled"]}, timeout=10)
    process.kill()
    process.wait(timeout=10)
    _, base_url, again = serving()
    assert again == origin
    shown = requests.get(base_url + "/me/threads", params=token, timeout=10).json()
    assert [row["id"] for row in shown["data"]] == made[::-1]
    assert requests.get(f"{base_url}/{container}", params=token, timeout=10).json()["status"] == "FINISHED"
    assert requests.get(base_url + "/me", params=token, timeout=10).status_code == 400
    assert post("/me/threads_publish", creation_id=container) not in made
