"""``threadsync chaos`` as a person runs it: kills for real, and a verdict that can fail.

The witness is the sandbox's own ledger, which knows nothing of threadsync's state.
"""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import requests

from tests.live.projects import ROOT, left_running
from tests.live.waiting import until
from tests.views.test_json import problems
from threadsync.cli.chaos_choices import AfterSeconds, Kill, choose
from threadsync.cli.chaos_ledger import Round
from threadsync.cli.chaos_run import Trial
from threadsync.cli.chaos_state import StateKind
from threadsync.cli.chaos_story import Network
from threadsync.execution.clock import Clock, SystemClock
from threadsync.sandbox.server import running
from threadsync.testing.fakes import FakeClock

pytestmark = pytest.mark.live

CHAOS_SECONDS_MAX = 120.0


def started(folder: Path, *arguments: str, stderr: int = subprocess.PIPE) -> subprocess.Popen[str]:
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "TERM": "xterm",
        "PYTHONPATH": str(ROOT),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "threadsync", "chaos", *arguments],
        env=environ, cwd=folder, stdout=subprocess.PIPE, stderr=stderr, text=True,
    )  # fmt: skip


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=CHAOS_SECONDS_MAX)
    return process.returncode, out, err


def written(folder: Path, pattern: str) -> bool:
    return any(path.stat().st_size for path in folder.glob(pattern))


def test_killed_at_every_step_of_the_journal_no_post_is_there_twice_or_lost(tmp_path: Path) -> None:
    """The promise, with SIGKILL after ever later records, until a run gets through (law 1)."""
    status, out, err = ended(
        started(
            tmp_path, "--rounds", "1", "--kill", "journal", "--format", "json",
            "--faults", "publish:answer-lost:20%", "--faults", "any:answer-cut:3%",
        )
    )  # fmt: skip
    ledger = json.loads(out)
    assert (status, problems(ledger, "chaos")) == (0, []), out + err
    names = ("wanted", "live", "duplicates", "lost", "out_of_order", "unexpected", "secrets_found")
    assert [ledger[name] for name in names] == [10, 10, 0, 0, 0, 0, 0]
    assert ledger["kills_by_signal"] == {"SIGKILL": ledger["kills"]}
    assert ledger["kills"] >= 10
    assert {"begun", "intent"} <= set(ledger["killed_after"])


def test_on_bluesky_too_no_post_is_there_twice_or_lost_wherever_it_is_killed(tmp_path: Path) -> None:
    """And what replaces a post hangs under nothing that the old one did not."""
    pytest.importorskip("libipld")
    status, out, err = ended(
        started(tmp_path, "--network", "bluesky", "--rounds", "1", "--kill", "journal", "--format", "json")
    )
    ledger = json.loads(out)
    assert (status, problems(ledger, "chaos")) == (0, []), out + err
    names = ("wanted", "live", "duplicates", "lost", "out_of_order", "unexpected", "secrets_found")
    assert [ledger[name] for name in names] == [10, 10, 0, 0, 0, 0, 0]
    assert ledger["kills"] >= 3
    assert re.fullmatch(r"round 1 of 1: kills \d+, runs \d+, wanted 10, live 10, .*: held\n", err)
    assert list(tmp_path.iterdir()) == [], "nothing is left on disk"


def test_struck_at_random_it_holds_and_keeps_what_it_is_told_to_keep(tmp_path: Path) -> None:
    """Text for a person, a row that moves on a terminal, and everything kept with --keep."""
    ours, theirs = pty.openpty()
    shown: list[bytes] = []

    def read() -> None:
        while True:
            try:
                shown.append(os.read(ours, 4096))
            except OSError:  # the last one who wrote there is gone
                return

    with started(tmp_path, "--rounds", "1", "--seed", "5", "--keep", stderr=theirs) as process:
        os.close(theirs)
        reader = threading.Thread(target=read)
        reader.start()
        status, out, _ = ended(process)
        reader.join(CHAOS_SECONDS_MAX)
    os.close(ours)
    assert status == 0, out
    assert re.search(r"^wanted +10\nlive +10\nduplicates +0\nlost +0\n", out)
    assert "Held: every one of 10 posts is there once and in its place" in out
    (folder,) = tmp_path.glob("threadsync-chaos-*")
    assert f"Everything is kept in {folder}" in " ".join(out.split())
    assert (folder / "round-1/state/threadsync.json").is_file()
    assert (folder / "round-1/runs/001-apply.txt").is_file()
    assert (folder / "sandbox/network.json").is_file()
    assert b"round 1 of 1: kills " in b"".join(shown)


@pytest.mark.skipif(
    shutil.which("git") is None, reason="not tested without git: chaos with a state in a branch"
)
def test_with_every_run_on_a_machine_of_its_own_what_was_pushed_is_enough(tmp_path: Path) -> None:
    """Law 1: each run begins in a new folder, with the branch and nothing else."""
    status, out, err = ended(
        started(tmp_path, "--rounds", "1", "--seed", "5", "--state", "branch", "--keep", "--format", "json")
    )
    ledger = json.loads(out)
    assert (status, problems(ledger, "chaos")) == (0, []), out + err
    names = ("wanted", "live", "duplicates", "lost", "out_of_order", "unexpected", "secrets_found")
    assert [ledger[name] for name in names] == [10, 10, 0, 0, 0, 0, 0]
    assert (ledger["state"], ledger["kills"] >= 5) == ("branch", True)
    (kept,) = tmp_path.glob("threadsync-chaos-*/round-1")
    assert sorted(path.name for path in kept.iterdir()) == ["posts", "remote.git", "runs", "threadsync.yaml"]


def test_posts_that_cannot_be_published_fail_it_with_all_that_is_needed_to_look(tmp_path: Path) -> None:
    status, out, err = ended(
        started(
            tmp_path, "--rounds", "1", "--seed", "8", "--kill", "none", "--faults", "write:restricted:always"
        )
    )
    assert status == 1, err
    assert re.search(r"^lost +10$", out, re.MULTILINE)
    (folder,) = tmp_path.glob("threadsync-chaos-*")
    for words in ("round 1: apply did not get through", "BROKEN", "--seed 8", str(folder)):
        assert words in " ".join(out.split())
    assert "refused" in (folder / "round-1/runs/001-apply.txt").read_text()


def test_a_post_that_somebody_publishes_again_meanwhile_is_seen_as_a_duplicate(tmp_path: Path) -> None:
    """The witness can say no: the same text, published once more by another program."""
    process = started(
        tmp_path, "--rounds", "1", "--kill", "none", "--faults", "publish:slow:always:0.3", "--format", "json"
    )
    until(lambda: written(tmp_path, "threadsync-chaos-*/round-1/threadsync.yaml"), "the project of round 1")
    (project,) = tmp_path.glob("threadsync-chaos-*/round-1/threadsync.yaml")
    address = re.search(r"base_url: (\S+)", project.read_text())
    assert address is not None
    base_url, text = address[1], "Round 1: a text that another one answers."

    def is_live() -> bool:
        ledger = requests.get(f"{base_url}/sandbox/ledger?requests=no", timeout=10).json()
        return text in [post["text"] for post in ledger["posts"]]

    until(is_live, f"the post {text!r}")

    def post(path: str, **values: str) -> str:
        answer = requests.post(f"{base_url}/me/{path}", data={**values, "access_token": "mine"}, timeout=10)
        return str(answer.json()["id"])

    requests.post(
        f"{base_url}/sandbox/profiles", json={"name": "chaos_1", "token": "mine"}, timeout=10
    ).raise_for_status()
    post("threads_publish", creation_id=post("threads", media_type="TEXT", text=text))
    status, out, _ = ended(process)
    ledger = json.loads(out)
    assert status == 1
    assert (ledger["held"], ledger["duplicates"]) == (False, 1)
    assert ledger["rounds"][0]["problems"][0].startswith(f"published 2 times: {text}")
    assert Path(ledger["folder"]).is_dir()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_by_a_person_it_tells_how_far_it_came_and_leaves_nothing(
    tmp_path: Path, number: signal.Signals
) -> None:
    process = started(tmp_path, "--rounds", "3", "--kill", "none", "--faults", "any:slow:always:1")
    until(lambda: written(tmp_path, "threadsync-chaos-*/round-1/runs/001-apply.txt"), "the first apply")
    assert left_running(tmp_path)
    process.send_signal(number)
    status, out, err = ended(process)
    assert status == 1
    assert "Stopped: 0 of 3 rounds were over, and nothing was wrong in them." in out
    assert re.search(r"^runs +1$", out, re.MULTILINE)
    assert "Traceback" not in err
    assert left_running(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


# A program that does not keep its word: a stand-in of the same name, found before the real one.


def round_with(
    program: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    clock: Clock,
    kill: Kill = Kill.NONE,
    seed: int = 1,
) -> Round:
    (folder / "elsewhere/threadsync").mkdir(parents=True)
    (folder / "elsewhere/threadsync/__init__.py").touch()
    (folder / "elsewhere/threadsync/__main__.py").write_text(program)
    monkeypatch.chdir(folder / "elsewhere")
    current = Round(1)
    with running() as sandbox:
        Trial(
            folder,
            sandbox,
            seed,
            kill,
            StateKind.FILE,
            Network.THREADS,
            clock,
            stopped=lambda: False,
            tell=lambda: None,
        ).take(current)
    assert current.over
    return current


def test_a_run_that_crashes_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = round_with("raise RuntimeError", tmp_path, monkeypatch, clock=SystemClock())
    assert (found.failures, found.runs) == (["apply crashed (run 1)"], 1)
    assert found.compared.lost == 10


def test_a_run_that_hangs_is_killed_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock is virtual, so two minutes pass at once; the process is real."""
    found = round_with("import signal; signal.pause()", tmp_path, monkeypatch, clock=FakeClock())
    assert found.failures == ["apply hung: it was killed after 120 seconds (run 1)"]


def test_a_run_that_does_not_heed_a_signal_is_killed_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The issue gives it 5 seconds; chaos waits for twice as long."""
    seed = next(
        seed
        for seed in range(1000)
        if (strike := choose(Kill.RANDOM, seed=seed, place="1/publish", run=1)) is not None
        and strike.signal is signal.SIGTERM
        and isinstance(strike.moment, AfterSeconds)
    )
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)  # which a child inherits
    try:
        found = round_with(
            "import signal; signal.pause()", tmp_path, monkeypatch,
            clock=FakeClock(), kill=Kill.RANDOM, seed=seed,
        )  # fmt: skip
    finally:
        signal.signal(signal.SIGTERM, before)
    assert found.failures == ["apply had not ended 10 seconds after SIGTERM (run 1)"]


LEAKING = """\
import os, sys
if "plan" in sys.argv:
    print('{"actions": [{"action": "no-op", "address": "a@b"}, {"action": "create", "address": "c@d"}]}')
else:
    print(os.environ["THREADSYNC_CHAOS_TOKEN"])
"""


def test_an_output_that_holds_the_token_and_a_plan_that_is_not_empty_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = round_with(LEAKING, tmp_path, monkeypatch, clock=SystemClock())
    assert found.failures == [
        "the last plan is not empty: create c@d (run 3)",
        "the token is in round-1/runs/001-apply.txt",
        "the token is in round-1/runs/002-apply.txt",
    ]
    assert found.secrets_found == 2
