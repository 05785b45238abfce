"""``threadsync insights`` at a command line."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.operations.world import World
from threadsync.sandbox import threads


@pytest.fixture
def live(world: World) -> World:
    world.switch(readers_per_post=1000)
    world.post("lifts", "Hello", targets="threads/main, threads/brand")
    world.applied()
    world.clock.sleep(timedelta(days=2).total_seconds())
    return world


def expire(world: World) -> None:
    expired = threads.ExpireToken(threads.token_digest("sandbox-main"))
    threads.apply(world.network, expired, world.clock.now().timestamp())


def test_numbers_are_told_in_every_format(run: Run, live: World) -> None:
    told = run("insights")
    assert (told.exit_code, told.stderr) == (0, "")
    assert "threads/main" in told.stdout
    document = json.loads(run("insights", "--format", "json").stdout)
    assert (document["kind"], len(document["targets"])) == ("insights", 2)
    rows = list(csv.DictReader(io.StringIO(run("--format", "csv", "insights", "threads/main").stdout)))
    assert [(row["target"], row["key"]) for row in rows] == [("threads/main", "lifts")]
    assert rows[0]["views"] == str(document["targets"][1]["totals"]["counts"]["views"])
    assert run("insights", "--format", "html").stdout.startswith("<!doctype html>")
    assert run("insights", "--format", "markdown").exit_code == 2


def test_offline_tells_what_was_kept_and_needs_no_credential(run: Run, live: World) -> None:
    seen = json.loads(run("insights", "--format", "json").stdout)
    expire(live)
    kept = run("insights", "--offline", "--format", "json")
    assert kept.exit_code == 0
    assert json.loads(kept.stdout)["targets"][1]["totals"] == seen["targets"][1]["totals"]
    assert json.loads(kept.stdout)["offline"] is True


def test_an_account_that_cannot_be_read_ends_it_with_1_after_what_is_known(run: Run, live: World) -> None:
    run("insights")
    expire(live)
    told = run("insights")
    assert told.exit_code == 1
    assert "Not read: " in told.stdout
    assert "What to do: " in told.stdout
    table = run("insights", "--format", "csv")
    assert table.exit_code == 1
    assert len(table.stdout.splitlines()) == 3
    assert table.stderr.startswith("threads/main: "), "a table has no place for it"


def test_a_project_without_a_state_has_nothing_to_tell(run: Run, world: World) -> None:
    told = run("insights")
    assert (told.exit_code, told.stdout.count("Nothing published since")) == (0, 2)


def test_it_reads_one_publication_by_its_key(run: Run, live: World) -> None:
    assert run("insights", "lift").exit_code == 2
    assert json.loads(run("insights", "lifts", "--since", "30d", "--format", "json").stdout)["targets"]


def test_the_page_needs_nothing_but_its_template(tmp_path: Path) -> None:
    """The other commands do not wait for the engine of templates."""
    code = "import sys, threadsync.cli.insights\nassert 'jinja2' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=tmp_path).returncode == 0
