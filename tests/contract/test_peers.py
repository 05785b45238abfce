"""Our client is a superset of what others wrote: the same scenarios, and what the sandbox saw of each.

Every peer lives in an environment of its own (``tests/sandbox/environments.py``), and takes its orders there
(``peers/with_….py``). Ours is not run again: what it sent and came to is recorded, and ``test_cassettes.py``
compares the record with today's.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

import pytest

from tests.contract import recording
from tests.contract.cells import PEERS, Does, Fails, Lacks, Peer
from tests.contract.stage import Json, Scene, scene
from tests.contract.table import DIFFERENCES, ROWS
from tests.sandbox.environments import interpreter

pytestmark = pytest.mark.live

PATIENCE_SECONDS = 60.0
"""How long a peer may take for one scenario before the test counts as broken."""
HERE = Path(__file__).with_name("peers")
DRIVEN = [
    (peer, name) for name, row in ROWS.items() for peer in PEERS if not isinstance(row.cell(peer), Lacks)
]


class Driven:
    """A peer's process, which takes one order after the other."""

    def __init__(self, process: subprocess.Popen[str], into: IO[str], out: IO[str]) -> None:
        self._process, self._into, self._out = process, into, out

    def play(self, name: str, here: Scene) -> Json:
        token = here.sandbox.token("lift_report")
        order = {"scenario": name, "base_url": here.sandbox.base_url, "token": token}
        self._into.write(json.dumps({**order, "given": here.given, "secrets": here.secrets}) + "\n")
        self._into.flush()
        overdue = threading.Timer(PATIENCE_SECONDS, self._process.kill)
        overdue.start()
        try:
            return json.loads(self._out.readline())
        finally:
            overdue.cancel()


def script(peer: Peer) -> Path:
    return HERE / f"with_{peer.name.replace('-', '_')}.py"


def installed(peer: Peer) -> Path:
    return interpreter(
        peer.package, *peer.undeclared, python_min=peer.python_min, python_below=peer.python_below
    )


@pytest.fixture(scope="module")
def driven(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Driven]]:
    """Starts a peer when it is first asked for."""
    running: dict[str, tuple[subprocess.Popen[str], Driven]] = {}

    def start(name: str) -> Driven:
        if name not in running:
            peer = PEERS[name]
            process = subprocess.Popen(
                [installed(peer), "-W", "ignore", script(peer)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                cwd=tmp_path_factory.getbasetemp(),
                env={"PATH": os.environ["PATH"]},
            )
            assert process.stdin is not None
            assert process.stdout is not None
            running[name] = process, Driven(process, process.stdin, process.stdout)
        return running[name][1]

    yield start
    for process, _ in running.values():
        with process:
            process.communicate(timeout=60)


def plain(value: Any) -> Json:
    return json.loads(json.dumps(value))


@pytest.mark.parametrize(("peer", "name"), DRIVEN)
def test_what_a_peer_does_ours_does_too(driven: Callable[[str], Driven], peer: str, name: str) -> None:
    """It is told the same, it leaves the same on the sandbox, and it sends nothing that ours cannot."""
    with scene(recording.PLAYS[name]) as here:
        said = driven(peer).play(name, here)
        came = plain(asdict(here.outcome(said.get("seen"))))
    ours = recording.outcomes()[name]
    reached = (came["seen"], came["left"]) == (ours["seen"], ours["left"])
    cell = ROWS[name].cell(peer)
    assert reached == isinstance(cell, Does), (said, came, ours)
    if isinstance(cell, Fails):
        return
    known = recording.sendable()
    right = {
        (each.operation, each.parameter) for each in DIFFERENCES if (each.peer, each.row) == (peer, name)
    }
    more = {
        (operation, parameter)
        for operation, parameters in came["asked"].items()
        for parameter in parameters
        if parameter not in known.get(operation, ())
    }
    assert more == right, "it sends what our client was never seen to send"
    assert set(came["asked"]) <= set(known)


@pytest.mark.parametrize("peer", PEERS)
def test_what_a_peer_lacks_is_nowhere_in_its_source(peer: str) -> None:
    python = installed(PEERS[peer])
    (source,) = python.parents[1].glob(f"lib/python*/site-packages/{PEERS[peer].module}")
    whole = "\n".join(path.read_text(encoding="utf-8") for path in source.rglob("*.py"))
    assert whole
    said = {name: re.search(row.sign, whole) is not None for name, row in ROWS.items()}
    silent = {name for name in ROWS if not said[name]}
    assert silent == {name for name, row in ROWS.items() if row.cell(peer) == Lacks()}
