"""Shell completion: keys, addresses and targets at a glance, and never an error."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from threadsync.cli import root
from threadsync.cli._completing import Glance, glance

PROJECT = """\
version: 1
id: x
posts: texts   # not posts
targets:
  threads/main: {account: main, credential: env:X}
  "threads/brand":
    account: brand
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "threadsync.yaml").write_text(PROJECT)
    (tmp_path / "texts/lifts").mkdir(parents=True)
    (tmp_path / "texts/hello.md").write_text("---\nkey: greeting\ntargets: [threads/main]\n---\nkey: no\n")
    (tmp_path / "texts/lifts/index.md").write_text("---\ntargets:\n  - threads/brand\n---\nHi\n")
    (tmp_path / "texts/all.yaml").write_text("text: Hi\n")
    (tmp_path / "texts/_set-aside.md").write_text("---\nkey: aside\n---\nHi\n")
    (tmp_path / "texts/picture.png").write_bytes(b"\x89PNG")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def completed(*words: str) -> list[str]:
    """Complete the last of *words*."""
    *arguments, incomplete = words
    complete = ShellComplete(root, {}, "threadsync", "_THREADSYNC_COMPLETE")
    return [item.value for item in complete.get_completions(list(arguments), incomplete)]


def test_a_glance_finds_what_the_loader_finds(project: Path) -> None:
    assert glance(project / "texts/lifts") == Glance(
        ("threads/main", "threads/brand"),
        (("all", ()), ("greeting", ("threads/main",)), ("lifts", ("threads/brand",))),
        ("texts/all.yaml", "texts/hello.md", "texts/lifts/index.md"),
    )


def test_commands_and_options_are_completed(project: Path) -> None:
    assert completed("va") == ["validate"]
    assert completed("auth", "l") == ["login", "logout"]
    assert "--fail-if-overdue" in completed("status", "--f")


def test_selectors_are_keys_and_targets_and_behind_an_at_addresses(project: Path) -> None:
    assert completed("plan", "") == ["all", "greeting", "lifts", "threads/main", "threads/brand"]
    assert completed("apply", "gr") == ["greeting"]
    assert completed("plan", "all@") == ["all@threads/main", "all@threads/brand"]
    assert completed("plan", "--exclude", "li") == ["lifts"]
    assert completed("plan", "texts/h") == ["texts/hello.md"]


def test_a_list_of_words_is_completed_word_by_word(project: Path) -> None:
    assert completed("apply", "--fail-on", "") == ["blocked", "ask", "overdue"]
    assert completed("apply", "--fail-on", "ask,b") == ["ask,blocked"]
    assert completed("apply", "--fail-on", "ask,") == ["ask,blocked", "ask,overdue"]


def test_addresses_and_targets_stand_where_they_belong(project: Path) -> None:
    assert completed("show", "li") == ["lifts@threads/brand"]
    assert completed("apply", "--late", "gr") == ["greeting@threads/main"]
    assert completed("state", "rm", "gr") == ["greeting@threads/main"]
    assert completed("auth", "refresh", "threads/m") == ["threads/main"]
    assert completed("log", "--target", "threads/b") == ["threads/brand"]
    assert completed("new", "Title", "--target", "threads/") == ["threads/main", "threads/brand"]


def test_the_project_option_is_heeded(project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir("/")
    assert completed("plan", "gr") == []
    assert completed("--project", str(tmp_path), "plan", "gr") == ["greeting"]


@pytest.mark.parametrize("damage", ["none", "bytes", "yaml", "folder", "posts"])
def test_a_broken_project_completes_nothing_and_raises_nothing(project: Path, damage: str) -> None:
    file = project / "threadsync.yaml"
    if damage == "none":
        file.unlink()
    elif damage == "bytes":
        file.write_bytes(b"\xff\xfe\x00targets" * 20)
    elif damage == "yaml":
        file.write_text("targets: [\n  {{{")
    elif damage == "folder":
        file.unlink()
        file.mkdir()
    else:
        shutil.rmtree(project / "texts")
    assert completed("show", "") == []


def test_a_thousand_posts_are_read_by_their_heads_alone(project: Path) -> None:
    """What a press of the tab key costs: one folder listing, and the first page of each post."""
    body = "x" * 100_000
    for number in range(1000):
        (project / f"texts/{number:04}.md").write_text(f"---\nkey: p{number:04}\n---\n{body}")
    code = (
        "import sys; from pathlib import Path; from threadsync.cli._completing import glance\n"
        "found = glance(Path()); assert len(found.posts) == 1003\n"
        "sys.stdout.write(' '.join(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {"yaml", "threadsync.config", "threadsync.operations"} & set(done.stdout.split()) == set()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_for_the_shell_that_was_named(shell: str) -> None:
    done = CliRunner().invoke(root, ["completion", shell], catch_exceptions=False)
    assert done.exit_code == 0
    assert f"_THREADSYNC_COMPLETE={shell}_complete" in done.stdout
    assert ("COMP_WORDBREAKS" in done.stdout) == (shell == "bash")


@pytest.mark.skipif(shutil.which("bash") is None, reason="not tested without bash: what it completes")
def test_bash_completes_an_address_behind_its_at(project: Path) -> None:
    """The real shell's own splitting: an @ would part the word where bash completes host names."""
    script = CliRunner().invoke(root, ["completion", "bash"]).stdout
    program = project / "bin"
    program.mkdir()
    (program / "threadsync").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m threadsync "$@"\n')
    (program / "threadsync").chmod(0o755)
    asked = (
        f"{script}\n[[ $COMP_WORDBREAKS != *@* ]] || exit 3\n"
        "COMP_WORDS=(threadsync show greeting@t) COMP_CWORD=2\n_threadsync_completion threadsync greeting@t\n"
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    here = str(Path(__file__).parents[2])
    done = subprocess.run(
        ["bash", "--norc", "-c", asked],
        env={"PATH": f"{program}:{os.environ['PATH']}", "PYTHONPATH": here},
        capture_output=True,
        text=True,
        check=False,
        cwd=project,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "greeting@threads/main\n", "")
