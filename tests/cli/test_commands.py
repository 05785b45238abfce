"""The other commands, and what all of them share: global options, errors, suggestions."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.cli.conftest import Run
from tests.operations.world import World
from threadsync.cli import root
from threadsync.cli._errors import status_of
from threadsync.cli._exit import Exit
from threadsync.cli._options import FORMATS, Asked
from threadsync.cli.schema import NAMES
from threadsync.content import schemas
from threadsync.errors import ProjectError, StateLocked, ThreadsyncError, UnsafePlan, UsageError
from threadsync.operations.workspace import Workspace
from threadsync.sandbox.threads import Fault, FaultKind

BAD = "---\ntragets: [threads/main]\n---\nHello\n"


# validate


def test_validate_counts_what_it_read(run: Run, world: World) -> None:
    world.post("hello", "Good morning.")
    done = run("validate")
    assert (done.exit_code, done.stdout) == (0, "All is well: 1 file, 1 publication.\n")


def test_validate_fails_on_errors_and_narrows_by_path(run: Run, world: World) -> None:
    world.write("posts/bad.md", BAD)
    world.post("good", "Good morning.")
    done = run("validate")
    assert done.exit_code == 1
    assert 'posts/bad.md:2:1: error: "tragets" is not a key.' in done.stdout
    assert run("validate", str(world.root / "posts/good.md")).exit_code == 0
    missing = run("validate", "posts/none.md")
    assert missing.exit_code == 2
    assert "is no file or folder of this project" in missing.stderr


def test_validate_for_programs_and_for_pull_requests(run: Run, world: World) -> None:
    world.write("posts/bad.md", BAD)
    document = json.loads(run("validate", "--format", "json").stdout)
    assert (document["kind"], document["ok"]) == ("validation", False)
    annotated = run("validate", "--format", "github")
    assert annotated.exit_code == 1
    assert annotated.stdout.startswith("::error file=posts/bad.md,line=2,col=1,title=threadsync schema/")


def test_annotations_name_files_as_the_repository_does(
    run: Run, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.write("posts/bad.md", BAD)
    monkeypatch.chdir(world.root.parent)
    done = run("validate", "--format", "github")
    assert done.stdout.startswith(f"::error file={world.root.name}/posts/bad.md,")


# status, show, state, import


def test_status_and_show(run: Run, world: World) -> None:
    world.post("hello", "Good morning.")
    world.post("idea", "Not yet.", draft="true")
    run("apply", "--yes", "--first-run")
    status = run("status")
    assert status.exit_code == 0
    assert "live         hello@threads/main\n             http://127.0.0.1:1/@main/post/" in status.stdout
    assert "draft        idea@threads/main\n" in status.stdout
    assert json.loads(run("status", "idea", "--format", "json").stdout)["publications"][0]["word"] == "draft"
    shown = run("show", "hello@threads/main")
    assert "segment 1: http://127.0.0.1:1/@main/post/" in shown.stdout
    assert json.loads(run("show", "hello@threads/main", "--format", "json").stdout)["binding"]["live"]
    assert run("state", "show", "hello@threads/main").stdout == shown.stdout


def test_an_unknown_address_is_refused_with_a_suggestion(run: Run, world: World) -> None:
    world.post("hello", "Good morning.")
    for text, said in (
        ("helo@threads/main", "Did you mean hello@threads/main?"),
        ("hello", "write KEY@TARGET. Did you mean hello@threads/main?"),
    ):
        done = run("show", text)
        assert done.exit_code == 2
        assert said in " ".join(done.stderr.split())


def test_state_surgery(run: Run, world: World) -> None:
    world.post("hello", "Good morning.")
    run("apply", "--yes", "--first-run")
    assert "binding      hello@threads/main" in run("state", "list").stdout
    moved = run("state", "mv", "hello@threads/main", "greeting@threads/main")
    assert (moved.exit_code, moved.stdout) == (0, "hello@threads/main is now called greeting@threads/main.\n")
    assert moved.stderr.startswith("The state as it was: ")
    assert run("state", "mv", "greeting@threads/main", "hello@threads/main", "--quiet").stderr == ""
    world.post("hello", "Good evening.")
    accepted = run("state", "accept", "hello@threads/main")
    assert accepted.stdout == "hello@threads/main: today's file counts as what is live.\n"
    assert "No changes." in run("plan").stdout
    assert run("state", "rm", "hello@threads/main").exit_code == 0
    assert run("state", "list").stdout == "The state holds nothing.\n"
    assert json.loads(run("state", "list", "--format", "json").stdout)["bindings"] == []
    assert json.loads(run("state", "history", "--format", "json").stdout)["copies"][0]["current"] is True
    assert "in use, serial" in run("state", "history").stdout
    assert run("state", "force-unlock").stdout == "The state is not locked.\n"


def test_a_doubt_is_resolved_by_hand(run: Run, world: World) -> None:
    world.post("hello", "Good morning.")
    world.arm(
        Fault("publish", FaultKind.ERROR_ALTHOUGH_DONE, times=1),
        Fault("publish", FaultKind.LATE_LISTING, seconds=10_000_000),
    )
    uncertain = run("apply", "--yes", "--first-run")
    assert uncertain.exit_code == 4
    assert "uncertain" in uncertain.stdout
    assert run("state", "resolve", "hello@threads/main").exit_code == 2
    done = run("state", "resolve", "hello@threads/main", "--published", world.posts()[0].id)
    assert (done.exit_code, done.stdout.startswith("hello@threads/main is bound to ")) == (0, True)
    assert "No changes." in run("plan").stdout


def test_import_binds_what_is_there(run: Run, world: World) -> None:
    post = world.post_by_hand("Good morning.")
    world.post("hello", "Good morning.")
    done = run("import", "hello@threads/main", post)
    assert (done.exit_code, done.stdout.startswith("hello@threads/main is bound to ")) == (0, True)
    assert run("plan", "--detailed-exitcode").exit_code == 0


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_printed_as_it_is_published(run: Run, name: str) -> None:
    assert json.loads(run("schema", name).stdout) == schemas.load_schema(name)


def test_every_schema_can_be_printed() -> None:
    assert NAMES == schemas.NAMES


# What all commands share.


@pytest.mark.parametrize(
    "arguments", [("--quiet", "plan"), ("plan", "--quiet"), ("plan", "-q"), ("--quiet", "plan", "--quiet")]
)
def test_global_options_stand_before_or_behind_the_command(
    run: Run, world: World, arguments: tuple[str, ...]
) -> None:
    world.post("hello", "Good morning.")
    assert "segment" not in run(*arguments).stdout


def test_format_stands_before_or_behind_too(run: Run, world: World) -> None:
    world.post("hello", "Good morning.")
    assert run("--format", "json", "plan").stdout == run("plan", "--format", "json").stdout
    refused = run("--format", "github", "plan")
    assert refused.exit_code == 2
    assert "plan has no format 'github'; it has: text, json, markdown, html." in refused.stderr


def test_every_format_of_a_command_is_a_global_one() -> None:
    for command in root.commands.values():
        for parameter in command.params:
            if parameter.name == "output_format":
                assert set(getattr(parameter.type, "choices", ())) <= set(FORMATS)


def test_quiet_and_verbose_exclude_each_other(run: Run) -> None:
    done = run("--quiet", "plan", "--verbose")
    assert done.exit_code == 2
    assert "--quiet and --verbose exclude each other." in done.stderr


def test_verbose_lists_what_is_unchanged(run: Run, world: World) -> None:
    world.post("hello", "Good morning.")
    world.apply()
    assert "no-op  hello@threads/main  (same)" in run("plan", "--verbose").stdout
    assert "no-op" not in run("plan").stdout


def test_project_names_the_folder(world: World) -> None:
    opened: list[Path | None] = []

    def open_project(directory: Path | None) -> Workspace:
        opened.append(directory)
        return world.workspace

    for arguments in (("--project", "there", "plan"), ("plan", "--project", "there"), ("plan",)):
        CliRunner().invoke(root, arguments, obj=Asked(open_project=open_project))
    assert opened == [Path("there"), Path("there"), None]


def test_without_a_project_there_is_one_clear_message(tmp_path: Path) -> None:
    done = CliRunner().invoke(root, ["plan", "--project", str(tmp_path)], catch_exceptions=False)
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: ")
    assert "threadsync.yaml" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_broken_project_file_is_annotated_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    below = tmp_path / "social"
    below.mkdir()
    (below / "threadsync.yaml").write_text("version: 7\nid: x\ntargets: {threads/main: {}}\n")
    monkeypatch.chdir(tmp_path)
    arguments = ["validate", "--format", "github", "--project", "social"]
    done = CliRunner().invoke(root, arguments, catch_exceptions=False)
    assert done.exit_code == 1
    assert done.stdout.startswith("::error file=social/threadsync.yaml,line=1,col=10,")


def test_a_broken_project_file_is_told_with_all_its_faults(tmp_path: Path) -> None:
    (tmp_path / "threadsync.yaml").write_text("version: 7\nposts: 3\n")
    done = CliRunner().invoke(root, ["plan", "--project", str(tmp_path)], catch_exceptions=False)
    assert done.exit_code == 1
    assert "threadsync.yaml:1:10: error: version is 7" in done.stderr
    assert "threadsync.yaml:2:8: error: posts must be text" in done.stderr


def test_a_mistyped_command_or_flag_is_answered_with_the_right_one(run: Run) -> None:
    command, flag = run("aply"), run("plan", "--exlude", "x")
    assert (command.exit_code, flag.exit_code) == (2, 2)
    assert "'apply'" in command.stderr
    assert "--exclude" in flag.stderr


NO_PROJECT = {"chaos", "completion", "demo", "init", "providers", "sandbox", "schema"}


def test_every_command_explains_itself(run: Run) -> None:
    """Those that work on no project take none of its options."""
    commands: list[tuple[str, ...]] = [(name,) for name in root.commands]
    state = root.commands["state"]
    commands += [("state", name) for name in getattr(state, "commands", ())]
    for command in commands:
        done = run(*command, "--help")
        assert done.exit_code == 0
        assert f"Usage: root {' '.join(command)}" in done.stdout
        assert ("--project DIR" in done.stdout) == (command[0] not in NO_PROJECT)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (UsageError("x"), Exit.USAGE),
        (UnsafePlan("x"), Exit.USAGE),
        (StateLocked("x"), Exit.FAILED),
        (ProjectError("x"), Exit.FAILED),
        (ThreadsyncError("x"), Exit.FAILED),
    ],
)
def test_the_status_of_an_error(error: ThreadsyncError, status: Exit) -> None:
    assert status_of(error) is status


def test_an_error_cannot_act_on_the_terminal(run: Run, world: World) -> None:
    world.post("hello", "Good morning.")
    done = run("show", "\x1b[31mred@threads/main")
    assert done.exit_code == 2
    assert "\x1b" not in done.stderr


def test_an_interrupt_says_what_to_do(world: World) -> None:
    def interrupted(_: Path | None) -> Workspace:
        raise KeyboardInterrupt

    done = CliRunner().invoke(root, ["plan"], obj=Asked(open_project=interrupted))
    assert done.exit_code == 1
    assert done.stderr == "Stopped. Nothing is lost: run the command again.\n"


def test_a_sandbox_refuses_what_it_does_not_know(run: Run) -> None:
    for arguments in (("--fault", "publish:explodes"), ("--delay", "image=soon")):
        done = run("sandbox", "--port", "0", *arguments)
        assert done.exit_code == 2
        assert "Error: " in done.stderr


def test_a_port_in_use_is_one_clear_message(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = run("sandbox", "--port", str(taken.getsockname()[1]))
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: port ")
    assert "is in use" in done.stderr


def test_a_port_without_a_preview_is_a_mistake_that_is_named(run: Run) -> None:
    done = run("watch", "--port", "0")
    assert done.exit_code == 2
    assert "give --preview too" in done.stderr
