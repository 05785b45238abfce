"""A project whose API log and ledger are in PostgreSQL: what is written there, and what is said of it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.operations.desk import Desk, desk_in
from tests.postgres import places
from tests.postgres.launcher import PASSWORD, Postgres
from threadsync import Database
from threadsync.cli import root
from threadsync.cli._options import Asked
from threadsync.errors import ProjectError
from threadsync.execution.apilog import LOG, read_calls
from threadsync.operations.auth import auth_status
from threadsync.operations.checkup import Verdict
from threadsync.operations.doctor import doctor
from threadsync.operations.log import log
from threadsync.operations.workspace import Workspace

pytestmark = pytest.mark.live


@pytest.fixture
def url(postgres: Postgres) -> str:
    return places.database(postgres)


@pytest.fixture
def desk(tmp_path: Path, url: str) -> Iterator[Desk]:
    with desk_in(tmp_path) as desk:
        subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
        (desk.root / ".gitignore").write_text(".threadsync/\ntoken\naddress\n")
        (desk.root / "posts/a.md").write_text("---\nkey: a\ntargets: [threads/main]\n---\nHello.\n")
        desk.change("zone: UTC", "zone: UTC\ndatabase: file:address")
        address(desk, url)
        yield desk


def address(desk: Desk, url: str) -> None:
    (desk.root / "address").write_text(f"{url}\n")
    (desk.root / "address").chmod(0o600)


@pytest.fixture
def on(desk: Desk) -> Callable[..., Result]:
    """Run a command at the desk."""

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(root, arguments, obj=Asked(open_project=lambda _: desk.workspace))

    return run


def said(desk: Desk, name: str = "database") -> tuple[Verdict, str]:
    open_: Callable[[], Workspace] = lambda: desk.workspace  # noqa: E731
    (found,) = [each for each in doctor(open_, encoding="utf-8") if each.name == name]
    return found.verdict, f"{found.said}\n{found.remedy}"


def test_what_one_machine_asked_is_in_the_log_of_another(
    on: Callable[..., Result], desk: Desk, url: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    done = on("apply", "--yes", "--first-run", "--format", "json")
    assert done.exit_code == 0, done.output
    run = json.loads(done.stdout)["report"]["run"]
    assert not (desk.root / ".threadsync/log.sqlite3").exists()
    with closing(Database(url)) as database:
        assert {row.command for row in read_calls(database, limit=99)} == {"apply"}
    other = Desk(tmp_path_factory.mktemp("other"), desk.sandbox, desk.clock)
    other.change("zone: UTC", "zone: UTC\ndatabase: file:address")
    address(other, url)
    calls = log(other.workspace, run=run, limit=99)
    assert "POST /v1.0/me/threads_publish" in {row.operation for row in calls}
    assert PASSWORD not in done.output


def test_doctor_says_that_it_can_be_used(desk: Desk, postgres: Postgres) -> None:
    verdict, text = said(desk)
    assert verdict is Verdict.OK
    assert text.startswith(f"postgresql://127.0.0.1:{postgres.port}/")
    assert "keeps the API log and the ledger" in text


def test_doctor_says_what_is_wrong_with_it(desk: Desk, url: str, postgres: Postgres) -> None:
    address(desk, url.replace(f":{postgres.port}/", ":1/"))
    verdict, text = said(desk)
    assert verdict is Verdict.PROBLEM
    assert "Look whether the server runs" in text
    assert PASSWORD not in text


def test_a_server_that_is_away_stops_no_run(
    on: Callable[..., Result], desk: Desk, url: str, postgres: Postgres
) -> None:
    address(desk, url.replace(f":{postgres.port}/", ":1/"))
    done = on("apply", "--yes", "--first-run")
    assert done.exit_code == 0, done.output
    assert (
        " ".join(done.stderr.split()).count("The API log cannot be written: postgresql://127.0.0.1:1/") == 1
    )
    assert on("log").exit_code == 1


@pytest.mark.parametrize("text", ["", "postgresql://me:s3@cret@host/name", "mysql://me:s3cret@host/name"])
def test_an_address_that_is_none_stops_a_run_before_it_begins(desk: Desk, text: str) -> None:
    address(desk, text)
    for verb in (lambda: auth_status(desk.workspace), lambda: log(desk.workspace, limit=1)):
        with pytest.raises(ProjectError, match="database") as caught:
            verb()
        assert caught.value.remedy
        assert "s3" not in caught.value.message()
    assert desk.sandbox.requests() == ()


def test_one_that_the_history_of_git_holds_is_told(desk: Desk) -> None:
    subprocess.run(["git", "-C", desk.root, "add", "--force", "address"], check=True)
    (desk.root / ".gitignore").write_text(".threadsync/\ntoken\n")
    verdict, text = next(
        (each.verdict, f"{each.said} {each.remedy}")
        for each in doctor(lambda: desk.workspace, encoding="utf-8", offline=True)
        if "address" in each.said
    )
    assert verdict is Verdict.PROBLEM
    assert "another password" in text


def test_a_plan_asks_it_nothing(on: Callable[..., Result], desk: Desk, url: str) -> None:
    address(desk, "no address at all")
    assert on("plan").exit_code == 0
    address(desk, url)
    assert on("plan").exit_code == 0
    with closing(Database(url)) as database, database.using(LOG, writes=False) as rows:
        assert rows.execute("SELECT COUNT(*) FROM threadsync_calls") == [(0,)]
