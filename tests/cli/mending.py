"""A person who knows nothing of the state's files and does just what the messages say."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from click.testing import Result

from tests.cli.conftest import Run
from tests.operations.world import World
from threadsync.model.ids import Json
from threadsync.statefile import codec
from threadsync.statefile.shapes import compact, to_bytes

STATE, JOURNAL = "state/threadsync.json", "state/threadsync.json.journal"
READERS = (
    ("plan",),
    ("status",),
    ("show", "alpha@threads/main"),
    ("state", "list"),
    ("state", "show", "alpha@threads/main"),
)
WRITERS = (
    ("apply", "--yes"),
    ("apply", "--yes", "--first-run"),
    ("state", "mv", "alpha@threads/main", "omega@threads/main"),
    ("state", "rm", "alpha@threads/main"),
    ("state", "accept", "alpha@threads/main"),
    ("state", "resolve", "alpha@threads/main", "--not-published"),
    ("state", "force-unlock"),
    ("import", "due@threads/main", "17"),
)
STEPS_MAX = 12
GIT = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    **{f"GIT_{who}_{what}": "maria@x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}
"""A git that knows neither the home directory nor the machine."""


def shell(folder: Path, command: str, *, ok: bool = True) -> str:
    """Run *command* as a person would who stands in *folder*."""
    done = subprocess.run(
        command, shell=True, cwd=folder, env=GIT, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0 or not ok, done.stderr
    return done.stdout


def words(text: str) -> str:
    """Return *text* without the line breaks of an 80-column page."""
    return " ".join(text.split())


def squeezed(text: str) -> str:
    """Return *text* without blanks: a path longer than a row is broken anywhere."""
    return "".join(text.split())


@dataclass
class Person:
    """Follows the remedies until apply has nothing more to say."""

    world: World
    run: Run
    first_run: bool = False
    did: list[str] = field(default_factory=list)

    def mends(self) -> None:
        """Do what the messages say until there are no changes."""
        for _ in range(STEPS_MAX):
            flags = ("--first-run",) if self.first_run else ()
            done = self.run("apply", "--yes", *flags)
            if done.stdout.startswith("No changes.") and "looks-published" not in done.stdout:
                return
            self.follow(done)
        raise AssertionError(f"the messages lead nowhere: {self.did}\n{done.output}")

    def follow(self, done: Result) -> None:
        said = words(done.stdout) + words(done.stderr)
        step = next((step for step in self.steps(said) if step), None)
        if done.exit_code:
            assert step is not None, f"no remedy to follow: {self.did}\n{done.output}"
        self.did += [step] if step else []

    def steps(self, said: str) -> Iterator[str]:
        """Try what *said* names, the first thing first; a step that was possible returns its name."""
        if "Put back the state it goes on from" in said:
            yield self.wanted_copy(said)
            yield self.journal_away()
        elif "move the journal out of the way" in said:
            yield self.journal_away()
        elif "git checkout --ours" in said:
            shell(self.world.root, f"git checkout --ours -- {self.state}")
            yield "ours"
        elif "remove the link" in said:
            self.state.unlink()
            yield self.newest_copy()
        elif "check `state:`, or move it out of the way" in said.replace("Check", "check"):
            self.state.rename(self.state.with_name("away"))
            yield self.newest_copy()
        elif "Put a good copy in its place" in said:
            yield self.newest_copy()
            self.state.rename(self.state.with_name("away"))
            self.first_run = True
            yield "first run"
        elif "bring it back first" in said:
            yield self.newest_copy()
        else:
            yield " ".join(self.imports(said))

    @property
    def state(self) -> Path:
        return self.world.root / "state/threadsync.json"

    def history(self) -> list[dict[str, object]]:
        copies: list[dict[str, object]] = json.loads(self.run("state", "history", "--format", "json").stdout)[
            "copies"
        ]
        return copies

    def newest_copy(self) -> str:
        """Run the command that ``state history`` ends with."""
        printed = self.run("state", "history")
        assert printed.exit_code == 0, printed.output
        commands = re.findall(r"^    (cp .*)$", printed.stdout, re.MULTILINE)
        if not commands:
            return ""
        shell(self.world.root, commands[0])
        return "newest copy"

    def wanted_copy(self, said: str) -> str:
        found = re.search(r"it goes on from \((\S+), serial (\d+)", said)
        assert found is not None, said
        serial = int(found[2])
        copies = [each for each in self.history() if each["serial"] == serial and each["restore"]]
        lineages = [json.loads(Path(str(each["file"])).read_bytes())["lineage"] for each in copies]
        fitting = [each for each, lineage in zip(copies, lineages, strict=True) if lineage == found[1]]
        if not fitting or "wanted copy" in self.did:
            return ""
        shell(self.world.root, str(fitting[0]["restore"]))
        return "wanted copy"

    def journal_away(self) -> str:
        journal = self.state.with_name("threadsync.json.journal")
        journal.rename(journal.with_name("journal.kept"))
        self.world.clock.sleep(300)
        return "journal away"

    def imports(self, said: str) -> list[str]:
        """Bind what the plan says is published already."""
        named = re.findall(r"threadsync import (\S+) (\d+)", said)
        for address, post in named:
            done = self.run("import", address, post)
            assert done.exit_code == 0, done.output
        return [f"import {address}" for address, _ in named]


@dataclass
class Lived(World):
    """A project with a past: two applies, and a post that is due and not yet published."""

    def live_on(self) -> None:
        self.post("alpha", "First of all.")
        self.post("chain", "Part one.\n\n---\n\nPart two.")
        self.apply()
        self.clock.sleep(3600)
        self.post("beta", "Second to none.")
        self.apply()
        self.clock.sleep(3600)
        self.post("due", "This one is due.")

    def died(self, request: int) -> bool:
        """Apply and die; the copies that the ending ``with`` blocks kept were never made."""
        history = self.root / ".threadsync/history"
        kept = set(history.iterdir())
        died = super().died(request)
        for copy in set(history.iterdir()) - kept:
            copy.unlink()
        return died

    @property
    def texts(self) -> list[str]:
        return sorted(["First of all.", "Part one.", "Part two.", "Second to none.", "This one is due."])


def shot(root: Path) -> dict[str, bytes | None]:
    """All files of the project and what is in them; a cache may come and go."""
    return {
        str(path): path.read_bytes() if path.is_file() else None
        for path in root.rglob("*")
        if "media.json" not in path.name and ".git" not in path.parts
    }


def refused(world: Lived, run: Run, *problems: str, where: str = STATE) -> None:
    """Every command says what is wrong where, and what to do; and leaves network and disk alone."""
    sent, before = len(world.sent), shot(world.root)
    for command in (*READERS, *WRITERS):
        done = run(*command)
        assert done.exit_code == 1, (command, done.output)
        assert done.stdout == "", command
        assert done.stderr.count("Error:") == 1
        assert squeezed(str(world.root / where)) + ":" in squeezed(done.stderr), done.stderr
        said = words(done.stderr)
        assert any(problem in said for problem in problems), (command, said)
        assert "Nothing was published." in said
    assert run("validate").exit_code == 0, "files are checked without the state"
    assert len(world.sent) == sent
    assert shot(world.root) == before


def whole(world: Lived, run: Run) -> None:
    """Every post is live exactly once, and nothing is left to do."""
    assert sorted(world.live()) == world.texts
    plan = run("plan", "--detailed-exitcode")
    assert (plan.exit_code, plan.stdout[:11]) == (0, "No changes."), plan.stdout
    assert "! blocked" not in plan.stdout


def sealed(content: Mapping[str, Json]) -> bytes:
    """A state by somebody who computes checksums and breaks something else."""
    document = {name: value for name, value in content.items() if name != "checksum"}
    return to_bytes(compact({**document, "checksum": codec._checksum(document)}))


def a_folder(path: Path) -> None:
    path.mkdir()


def a_pipe(path: Path) -> None:
    os.mkfifo(path)
