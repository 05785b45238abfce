"""What a start costs, counted in modules: ``--version`` imports nothing, ``--help`` nothing beyond Click."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest

import threadsync
from tests.operations.world import World
from threadsync.cli import root
from threadsync.cli._listed import LISTED

ROOT = Path(threadsync.__file__).parents[1]


def modules(*arguments: str) -> tuple[str, set[str]]:
    """Run the entry point and return what it printed, and the modules that were loaded."""
    code = (
        f"import sys\nsys.argv = ['threadsync', *{arguments!r}]\n"
        "from threadsync.__main__ import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "sys.stderr.write(' '.join(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout, set(done.stderr.split())


def bare() -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", "import sys; sys.stdout.write(' '.join(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


def test_version_imports_nothing() -> None:
    printed, loaded = modules("--version")
    assert printed == f"threadsync {threadsync.__version__}\n"
    assert loaded - bare() == {"threadsync", "threadsync.__main__"}


def test_help_imports_no_command() -> None:
    """They are many, and their first sentences are listed; so is what ``--help`` may import of ours."""
    _, loaded = modules("--help")
    ours = {name for name in loaded if name.startswith("threadsync.")}
    own = {"_errors", "_exit", "_listed", "_options"}
    assert ours == {"threadsync.__main__", "threadsync.cli", "threadsync.errors"} | {
        f"threadsync.cli.{name}" for name in own
    }
    heavy = {"msgspec", "pathlib", "json", "logging", "urllib.parse", "importlib.metadata"}
    assert loaded & heavy == set()


@pytest.mark.parametrize("width", [30, 60, 100, 300])
def test_the_list_of_commands_says_of_each_what_its_own_help_says_first(width: int) -> None:
    for name, command in root.commands.items():
        listed = click.Command(name, help=LISTED[name])
        assert (command.name, command.hidden) == (name, False)
        assert command.get_short_help_str(width) == listed.get_short_help_str(width)


def test_every_module_of_a_command_is_listed() -> None:
    """One that is added and not listed would be there for nobody."""
    names = {path.stem for path in (ROOT / "threadsync/cli").glob("[a-z]*.py")}
    parts = {name for name in names if "_" in name}  # of a command: chaos_run
    assert names - parts == {
        command.callback.__module__.rpartition(".")[2] for command in root.commands.values()
    }


@pytest.mark.parametrize("arguments", [("--help",), ("apply", "--help"), ("state", "--help"), ("aply",)])
def test_help_imports_nothing_heavier_than_click(arguments: tuple[str, ...]) -> None:
    _, loaded = modules(*arguments)
    ours = {name for name in loaded if name.startswith("threadsync.")}
    assert {name.split(".")[1] for name in ours} == {"__main__", "cli", "errors"}
    heavy = {"requests", "yaml", "jsonschema", "jsonschema_rs", "watchdog", "rich", "PIL", "regex", "uvicorn"}
    assert {name.partition(".")[0] for name in loaded} & {"msgspec", *heavy} == set()


INTERRUPTED = """
import atexit, os, signal, sys
from threadsync.__main__ import main

def interrupt(*_):
    os.kill(os.getpid(), signal.SIGINT)

class Finder:
    find_spec = staticmethod(lambda name, *_: interrupt() if name == "threadsync.cli" else None)

if sys.argv[1] == "at the start":
    sys.meta_path.insert(0, Finder)
atexit.register(interrupt)
sys.argv = ["threadsync", "--help"]
main()
"""


@pytest.mark.parametrize(("when", "said"), [("at the start", ""), ("at the end", "Usage: threadsync")])
def test_an_interrupt_outside_of_any_command_is_no_traceback(when: str, said: str) -> None:
    """While modules are loaded, and when all is said and done."""
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, when], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (-signal.SIGINT, "")
    assert done.stdout.startswith(said)


def test_a_plan_imports_neither_a_terminal_library_nor_a_server() -> None:
    _, loaded = modules("plan", "--project", "/nowhere")
    assert {name.partition(".")[0] for name in loaded} & {"rich", "uvicorn", "starlette", "watchdog"} == set()


START = "from threadsync.__main__ import main; main()"
KEEP = """
import time
from threadsync.operations.plan import plan
from threadsync.operations.remembering import remember
from threadsync.operations.workspace import open_project

for _ in range(200):  # until what was written last is older than a tick of the file system's clock
    began_ns = time.time_ns()
    opened = open_project()
    prepared = plan(opened)
    if remember(opened.project, prepared, "As it was.\\n", began_ns=began_ns, settled_ns=20_000_000):
        break
"""


@pytest.fixture
def unchanged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A project of which a plan without changes was kept, and the folder to stand in."""
    world = World(tmp_path)
    world.post("hello", "Good morning.")
    world.apply()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    subprocess.run([sys.executable, "-c", KEEP], check=True)
    return world


@pytest.mark.skipif(sys.platform == "win32", reason="not tested on Windows: it keeps no plan")
@pytest.mark.parametrize("arguments", [("plan",), ("plan", "--detailed-exitcode")])
def test_a_plan_of_what_did_not_change_imports_nothing_but_what_looks_for_changes(
    unchanged: World, arguments: tuple[str, ...]
) -> None:
    printed, loaded = modules(*arguments)
    assert printed == "As it was.\n"
    mine = {"threadsync", "threadsync.__main__", "threadsync.operations", "threadsync.operations.unchanged"}
    assert loaded - bare() == {*mine, "__future__"}


@pytest.mark.skipif(sys.platform == "win32", reason="not tested on Windows: it keeps no plan")
@pytest.mark.parametrize(
    "arguments", ["plan --no-cache", "plan --project .", "plan -v", "plan hello", "plan --at 2030-01-01"]
)
def test_what_asks_for_more_than_a_plain_plan_is_planned_anew(unchanged: World, arguments: str) -> None:
    printed, _ = modules(*arguments.split())
    assert "As it was" not in printed
    assert "No changes. 1 publication is as the files say." in printed


@pytest.mark.skipif(sys.platform == "win32", reason="not tested on Windows: it keeps no plan")
def test_a_plan_in_a_folder_of_the_project_is_that_of_the_project(
    unchanged: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("posts")
    assert modules("plan")[0] == "As it was.\n"


INTERRUPTED_LOOK = """
import os, signal, sys, time
from threadsync.__main__ import main

def interrupt():
    os.kill(os.getpid(), signal.SIGINT)

time.time_ns = interrupt
sys.argv = ["threadsync", "plan"]
main()
"""


def test_an_interrupt_while_changes_are_looked_for_is_no_traceback(unchanged: World) -> None:
    done = subprocess.run([sys.executable, "-c", INTERRUPTED_LOOK], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, b"", b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="not tested without /dev/full")
def test_a_full_disk_behind_a_plan_that_was_kept_is_told_as_by_any_other(unchanged: World) -> None:
    done = []
    for arguments in (("plan",), ("plan", "--no-cache")):
        with Path("/dev/full").open("wb") as full:
            command = [sys.executable, "-c", START, *arguments]
            done.append(
                subprocess.run(command, stdout=full, stderr=subprocess.PIPE, env=BUFFERED, check=False)
            )
    assert done[0].returncode == done[1].returncode == 1
    assert done[0].stderr == done[1].stderr
    assert b"standard output cannot be written" in done[0].stderr


BUFFERED = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
"""As for a person: what was not taken is written again at the end."""

PROJECT = """\
version: 1
id: start
posts: posts
targets:
  threads/main: {account: main, credential: env:X}
"""


def test_a_terminal_that_lacks_a_character_gets_it_written_out(tmp_path: Path) -> None:
    (tmp_path / "posts").mkdir()
    (tmp_path / "threadsync.yaml").write_text(PROJECT)
    (tmp_path / "posts/a.md").write_text("---\ntargets: [threads/main]\n---\nÖffis\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "threadsync", "plan", "--project", str(tmp_path)],
        env={"PATH": os.environ["PATH"], "PYTHONIOENCODING": "latin-1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert rb"\u2502 " + "Öffis".encode("latin-1") in done.stdout


def plan_of(folder: Path, **streams: Any) -> subprocess.CompletedProcess[bytes]:
    return ran_in(folder, "plan", "--project", str(folder), **streams)


def ran_in(folder: Path, *arguments: str, **streams: Any) -> subprocess.CompletedProcess[bytes]:
    (folder / "posts").mkdir()
    (folder / "threadsync.yaml").write_text(PROJECT)
    (folder / "posts/a.md").write_text("---\ntargets: [threads/main]\n---\nHi\n")
    return subprocess.run(
        [sys.executable, "-m", "threadsync", *arguments],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        cwd=folder,
        check=False,
        **streams,
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="not tested without /dev/full")
@pytest.mark.parametrize(
    "command",
    [
        "plan",
        "new Title",
        "init sub",
        "schema post",
        "completion bash",
        "status",
        "--help",
        "--version",
        "plan --help",
        "state list --help",
    ],
)
def test_a_full_disk_behind_standard_output_is_one_clear_message(tmp_path: Path, command: str) -> None:
    with Path("/dev/full").open("wb") as full:
        done = ran_in(tmp_path, *command.split(), stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1
    assert b"Error: standard output cannot be written: No space left on device.\n" in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="not tested on Windows: a start without descriptors")
def test_closed_streams_are_no_failure(tmp_path: Path) -> None:
    """And no file that is opened later stands where they stood."""
    done = plan_of(tmp_path, preexec_fn=lambda: [os.close(each) for each in (0, 1, 2)])
    assert done.returncode == 0
