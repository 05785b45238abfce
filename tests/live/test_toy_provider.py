"""A provider from outside the package, through the command line: planned, killed, applied, looked at."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from noticeboard import Noticeboard, served

from tests.live.projects import ENVIRON, ROOT, ended
from tests.plugins.installing import install_toy
from threadsync.execution.clock import SystemClock

pytestmark = pytest.mark.live

PROJECT = """\
version: 1
id: live
zone: UTC
targets:
  toy/main:
    account: main
    credential: env:THREADSYNC_TEST_TOKEN
    base_url: {base_url}
    bounds: {{publish_doubt_seconds: 0.5, listing_lag_seconds: 0.2, retry_first_seconds: 0.05}}
"""
CHAIN = ["Twelve lifts are broken.", "The longest outage: 203 days.", "All were reported."]
ALONE = "The station at Hafen opens again."


@dataclass
class Desk:
    """A project whose one target is the noticeboard, which may kill the program as it asks for something."""

    folder: Path
    site: Path
    board: Noticeboard = field(default_factory=Noticeboard)
    moments: list[str] = field(default_factory=list)
    dies_at: int | None = None
    process: subprocess.Popen[str] | None = None

    def run(self, *arguments: str) -> tuple[int, str]:
        """Run a command to its end, or to the moment at which it is killed."""
        self.moments.clear()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "threadsync", "--project", str(self.folder), *arguments],
            env={**ENVIRON, "PYTHONPATH": os.pathsep.join([str(ROOT), str(self.site)])},
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return ended(self.process)

    def moment(self, what: str) -> None:
        """Take note of what the board was asked, or has done."""
        self.moments.append(what)
        if len(self.moments) == self.dies_at:
            assert self.process is not None
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def write(self, key: str, *texts: str, more: str = "") -> None:
        body = "\n\n---\n\n".join(texts)
        head = f"---\nkey: {key}\ntargets: [toy/main]\n{more}---\n"
        (self.folder / f"posts/{key}.md").write_text(f"{head}{body}\n")

    def texts(self) -> list[str]:
        return sorted(each.text for each in self.board.live())


@contextmanager
def opened(folder: Path) -> Iterator[Desk]:
    """Install the toy, and write a project with a chain and a post."""
    desk = Desk(folder / "project", folder / "site")
    (desk.folder / "posts").mkdir(parents=True)
    desk.site.mkdir()
    install_toy(desk.site)
    desk.write("chain", *CHAIN)
    desk.write("alone", ALONE, more="toy: {pinned: true}\n")
    with served(desk.board, SystemClock().now, desk.moment) as base_url:
        (desk.folder / "threadsync.yaml").write_text(PROJECT.format(base_url=base_url))
        yield desk


def test_a_project_of_another_packages_network_is_planned_applied_and_looked_at(tmp_path: Path) -> None:
    with opened(tmp_path) as desk:
        assert desk.run("validate") == (0, "All is well: 2 files, 2 publications.")
        status, said = desk.run("plan", "--detailed-exitcode")
        assert (status, desk.moments) == (3, [])
        assert f"{CHAIN[0]}" in said
        assert f"{len(CHAIN[0])}/200 characters" in said.replace(" of ", "/"), said
        assert desk.run("apply", "--yes", "--first-run")[0] == 0
        assert desk.texts() == sorted([*CHAIN, ALONE])
        assert [each["text"] for each in desk.board.notes.values() if each["pinned"]] == [ALONE]
        status, said = desk.run("apply", "--yes")
        assert (status, said.startswith("No changes. 2 publications are as the files say.")) == (0, True)
        assert desk.moments == []
        assert len(desk.board.made) == 4
        assert desk.run("refresh")[0] == 0
        gone = next(each.remote_id for each in desk.board.live() if each.text == ALONE)
        del desk.board.notes[gone]
        status, said = desk.run("refresh")
        assert "deleted" in said
        status, said = desk.run("doctor")
        assert status == 0, said
        shown = json.loads(desk.run("show", "chain@toy/main", "--format", "json")[1])
        assert [each["text"] for each in shown["binding"]["live"]] == CHAIN


def test_what_the_network_would_refuse_is_found_offline(tmp_path: Path) -> None:
    with opened(tmp_path) as desk:
        desk.write("long", "x" * 201)
        desk.write("poll", "Which?", more="poll: {options: [one, two]}\n")
        desk.write("loud", "Hear!", more="toy: {loud: true, pinned: 7}\n")
        status, said = desk.run("validate")
        assert status == 1
        assert "posts/loud.md:4:1" in said
        assert "honours no loud" in said
        assert "pinned is true or false" in said
        assert "toy/text-too-long" in said
        assert "capability/unclaimed" in said
        assert desk.moments == []


def test_settings_of_the_networks_own_reach_its_provider(tmp_path: Path) -> None:
    with opened(tmp_path) as desk:
        project = desk.folder / "threadsync.yaml"
        text = project.read_text()
        project.write_text(f'{text}    toy: {{signature: " (lift report)"}}\n')
        assert f"{ALONE} (lift report)" in desk.run("plan")[1]
        project.write_text(f"{text}    toy: {{signature: 7}}\n")
        status, said = desk.run("plan")
        assert (status, "toy/main: signature is no text." in said) == (2, True), said


def test_a_removed_post_is_taken_down_where_the_file_says_so(tmp_path: Path) -> None:
    with opened(tmp_path) as desk:
        desk.write("alone", ALONE, more="on_remove: delete\n")
        assert desk.run("apply", "--yes", "--first-run")[0] == 0
        (desk.folder / "posts/alone.md").unlink()
        plan = desk.folder / "plan.json"
        assert desk.run("plan", "--out", str(plan))[0] == 0
        status, said = desk.run("apply", "--plan", str(plan), "--yes")
        assert status == 0, said
        assert desk.texts() == sorted(CHAIN)


def test_killed_at_each_request_it_publishes_each_post_once(tmp_path: Path) -> None:
    """Before the board acts on a request, and after it has and before it answers."""
    with opened(tmp_path / "calm") as calm:
        assert calm.run("apply", "--yes", "--first-run")[0] == 0
        moments = list(calm.moments)
    assert sum(each.startswith("PUT") for each in moments) == 2 * 4
    for number in range(1, len(moments) + 1):
        with opened(tmp_path / str(number)) as desk:
            desk.dies_at = number
            status, said = desk.run("apply", "--yes", "--first-run")
            assert status == -signal.SIGKILL, said
            desk.dies_at = None
            for _ in range(3):
                status, said = desk.run("apply", "--yes", "--first-run")
                if status == 0:
                    break
            assert status == 0, said
            assert desk.texts() == sorted([*CHAIN, ALONE]), moments[number - 1]
            assert len(desk.board.made) == 4, moments[number - 1]
