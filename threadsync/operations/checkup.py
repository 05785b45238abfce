"""One by one, what can be wrong with a set-up: each check says what it found and what to do about it."""

from __future__ import annotations

import importlib.util
import os
import stat
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from msgspec import Struct

from threadsync.content.project import PROJECT_FILE, StateBucket
from threadsync.content.schemas import schema_text
from threadsync.errors import ProjectError, StateError
from threadsync.model.urls import is_loopback
from threadsync.operations.caches import CACHE_DIRECTORY
from threadsync.operations.status import StatusRow, overdue
from threadsync.operations.workspace import Declared, Workspace
from threadsync.statefile.lock import is_dead
from threadsync.statefile.machine import LocalMachine
from threadsync.statefile.store import Snapshot

PYTHON_MIN = (3, 11)
GIT_SECONDS = 5.0
"""How long git may take to say whether it ignores a file."""
LATE = timedelta(minutes=30)
"""A publication that is due for longer than this is warned about: apply is run less often than it should."""
SHOWN_MAX = 3
"""How many of a kind are named in one check."""
SCHEMAS = ("project", "post")


class Verdict(StrEnum):
    """What a check came to; only a problem makes ``doctor`` fail."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"
    SKIPPED = "skipped"


class Check(Struct, frozen=True):
    """One check: its *name*, what it found, and what to do about it."""

    name: str
    verdict: Verdict
    said: str
    remedy: str = ""


def ok(name: str, said: str) -> Check:
    """Return a check that found all well."""
    return Check(name, Verdict.OK, said)


def warning(name: str, said: str, remedy: str) -> Check:
    """Return a check that found what may do harm."""
    return Check(name, Verdict.WARNING, said, remedy)


def problem(name: str, said: str, remedy: str) -> Check:
    """Return a check that found what must be mended."""
    return Check(name, Verdict.PROBLEM, said, remedy)


# The machine.


def check_python(version: tuple[int, ...] = sys.version_info[:3]) -> Check:
    """The interpreter is new enough; pip may have been told to look away."""
    said = f"Python {'.'.join(map(str, version))}"
    if version < PYTHON_MIN:
        return problem("python", said, f"threadsync needs Python {'.'.join(map(str, PYTHON_MIN))} or newer.")
    return ok("python", said)


def check_terminal(encoding: str) -> Check:
    """What the terminal cannot show is written out as escapes, which is hard to read."""
    if encoding.lower().replace("-", "").replace("_", "") in {"utf8", "utf8sig"}:
        return ok("terminal", f"standard output is {encoding}")
    return warning(
        "terminal",
        f"standard output is {encoding or 'of no encoding'}: characters it lacks are written as escapes",
        "Use a UTF-8 locale (LANG=en_US.UTF-8), or set PYTHONIOENCODING=utf-8.",
    )


# The project.


def unreadable_project(error: ProjectError) -> Check:
    """Return the check of a project file that cannot be used: its first fault, with what mends that."""
    if not error.findings:
        return problem("project", error.problem.removesuffix("."), error.remedy)
    first = error.findings[0]
    said = f"{error.problem.removesuffix('.')}; the first one: {first.location}: {first.problem}"
    return problem("project", said, first.remedy or error.remedy)


def check_extras(workspace: Workspace) -> Iterator[Check]:
    """What the project names needs a package that is installed only on demand."""
    if (
        any(form.startswith("keyring:") for _, form, _ in _credentials(workspace, real=False))
        and importlib.util.find_spec("keyring") is None
    ):
        yield problem(
            "extras",
            "a credential is in the keyring, and the package that reads it is not installed",
            "Run: pip install 'threadsync[keyring]'",
        )
    for target, provider in sorted(workspace.providers.items()):
        for module, extra in provider.about.packages.items():
            if importlib.util.find_spec(module) is None:
                yield problem(
                    "extras",
                    f"nothing can be published on {target}: the package {module} is not installed",
                    f"Run: pip install 'threadsync[{extra}]'",
                )
    if workspace.project.database is not None and importlib.util.find_spec("psycopg") is None:
        yield problem(
            "extras",
            "the API log is to be in PostgreSQL, and the package that speaks to it is not installed",
            "Run: pip install 'threadsync[postgres]'",
        )
    hosts = [
        each for _, each in sorted(workspace.project.media_hosts.items()) if each.kind in {"s3", "azure"}
    ]
    at = workspace.project.state
    for bucket in (*hosts, *((at,) if isinstance(at, StateBucket) else ())):
        if importlib.util.find_spec("obstore") is None:
            yield problem(
                "extras",
                f"{bucket.called} is of kind {bucket.kind}, and the package that signs for it is missing",
                "Run: pip install 'threadsync[hosts]'",
            )


def check_files(declared: Declared) -> Check:
    """The posts can be read, and say nothing that a network would refuse."""
    errors = [finding for finding in declared.findings if finding.is_error]
    if errors:
        first = f"{errors[0].location}: {errors[0].problem}"
        return problem(
            "posts", f"{_many(len(errors), 'error')}, the first one: {first}", "Run: threadsync validate"
        )
    number = len(declared.desired.publications)
    read = f"{_many(declared.files, 'file')}, {_many(number, 'publication')}"
    if declared.findings:
        found = declared.findings[0]
        said = f"{_many(len(declared.findings), 'warning')} in {read}, the first one: {found.location}: "
        return warning("posts", said + found.problem, found.remedy or "Run: threadsync validate")
    return ok("posts", read)


def check_media_roots(workspace: Workspace) -> Iterator[Check]:
    """A folder whose files are said to be on the web is there, so that pictures in it have an address."""
    for name, host in sorted(workspace.project.media_hosts.items()):
        if not (workspace.project.root / host.root).is_dir():
            yield warning(
                "media",
                f"media_hosts.{name}.root is {host.root}, and the project has no such folder",
                f"Correct root: of {name} under media_hosts: in {PROJECT_FILE}.",
            )


def check_zone(workspace: Workspace) -> Check:
    """A time without a zone means nothing."""
    zone = workspace.project.zone
    if zone is None:
        return warning(
            "zone",
            "the project has no zone:, so a post with a time is an error unless it names its own",
            f"Write zone: Europe/Vienna (your own) into {PROJECT_FILE}.",
        )
    return ok("zone", f"times are in {zone}")


def check_sandboxes(workspace: Workspace) -> Iterator[Check]:
    """A target on this machine beside real ones is often what is left of trying things out."""
    by_place: dict[bool, list[str]] = {True: [], False: []}
    for name, target in sorted(workspace.project.targets.items()):
        by_place[target.base_url is not None and is_loopback(target.base_url)].append(name)
    if by_place[True] and by_place[False]:
        yield warning(
            "sandboxes",
            f"{_named(by_place[True])} go to this machine, {_named(by_place[False])} to the real network",
            "Take base_url: out of those that are meant to be real; a sandbox is best a project of its own.",
        )


def check_schemas(workspace: Workspace) -> Iterator[Check]:
    """The schemas beside the project, which editors read, are those of this threadsync."""
    folder = workspace.project.root / "schema"
    old = [name for name in SCHEMAS if _is_other(folder / f"{name}.schema.json", name)]
    if old:
        commands = " && ".join(f"threadsync schema {name} > schema/{name}.schema.json" for name in old)
        yield warning(
            "schemas",
            f"{_named([f'schema/{name}.schema.json' for name in old])}, by which editors complete, "
            "is of another version of threadsync",
            f"Run in {workspace.project.root}: {commands}",
        )


def _is_other(path: Path, name: str) -> bool:
    try:
        return path.read_text(encoding="utf-8") != schema_text(name)
    except (OSError, UnicodeDecodeError):
        return False  # it is nobody's duty to have one


# Git.


def check_git(workspace: Workspace) -> Iterator[Check]:
    """What must be committed is not ignored, and what must not be is."""
    project = workspace.project
    if _is_ignored(project.root, PROJECT_FILE) is None:
        yield warning(
            "git",
            "the project is in no git repository (or git is not installed)",
            "Run git init: the history of the files is who agreed to what.",
        )
        return
    yield ok("git", "the project is in a git repository")
    if not _is_ignored(project.root, f"{CACHE_DIRECTORY}/media.json"):
        yield warning(
            "git",
            f"git does not ignore {CACHE_DIRECTORY}/, which holds caches and the API log",
            f"Add the line {CACHE_DIRECTORY}/ to .gitignore.",
        )
    if isinstance(project.state, Path) and _is_ignored(project.root, project.state_name):
        yield warning(
            "git",
            f"git ignores {project.state_name}: a fresh clone would not know what is published",
            "Take it out of .gitignore and commit it.",
        )
    for owner, form, ending in _credentials(workspace):
        name = form.removeprefix("file:")
        is_inside = (project.root / name).resolve().is_relative_to(project.root)
        if name == form or not is_inside or _is_ignored(project.root, name):
            continue
        if _answers(project.root, "ls-files", "--error-unmatch", "--", name):
            yield problem(
                "git",
                f"{name}, which holds a credential of {owner}, is in the git repository",
                f"Who can read the history has it: make it worthless. {ending} Then run git rm --cached "
                f"{name}, "
                f"add the line {name} to .gitignore, and store a new one.",
            )
        else:
            yield problem(
                "git",
                f"git does not ignore {name}, which holds a credential of {owner}",
                f"Add the line {name} to .gitignore.",
            )


def _credentials(workspace: Workspace, *, real: bool = True) -> Iterator[tuple[str, str, str]]:
    """Yield whose and where every credential of the project is, and how the life of one that leaked is ended.

    If *real*, those of sandboxes are left out.
    """
    project, somewhere = workspace.project, "Take it back where it was made."
    for target in project.targets.values():
        if real and target.base_url is not None and is_loopback(target.base_url):
            continue
        endings = {each.role: each.ending for each in workspace.providers[target.name].about.roles}
        for role, form in target.credentials.items():
            yield target.name, form, endings.get(role) or somewhere
    for host in project.media_hosts.values():
        yield from ((f"media_hosts.{host.name}", form, somewhere) for form in host.credentials.values())
    if isinstance(project.state, StateBucket):
        yield from (("state", form, somewhere) for form in project.state.credentials.values())
    if project.database is not None:
        yield "database", project.database, "Give its user another password."


def _is_ignored(root: Path, name: str) -> bool | None:
    """Whether git ignores a path of the project; None where there is no repository, or no git."""
    return _answers(root, "check-ignore", "--quiet", "--", name)


def _answers(root: Path, *question: str) -> bool | None:
    """Whether git says yes in the project's folder; None where there is no repository, or no git."""
    try:
        done = subprocess.run(  # noqa: S603  (fixed words and a path of the project)
            ["git", "-C", str(root), "-c", "safe.bareRepository=explicit", *question],  # noqa: S607  (found as a shell does)
            capture_output=True,
            timeout=GIT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return {0: True, 1: False}.get(done.returncode)


# The state.


def check_state(workspace: Workspace, snapshot: Snapshot) -> Iterator[Check]:
    """The state can be used, nobody holds it, and nothing is left under way."""
    state = snapshot.state
    known = "nothing is published yet" if state is None else _many(len(state.bindings), "publication")
    yield ok("state", f"{workspace.project.state_name}: {known}; {snapshot.durable}")
    if snapshot.lock is not None:
        machine = LocalMachine()
        gone = is_dead(machine, snapshot.lock)
        yield warning(
            "lock",
            f"the state is locked by {snapshot.lock}",
            "That run has ended; the next apply breaks its lock."
            if gone
            else "Let it end. If you know that it has, run: threadsync state force-unlock",
        )
    if state is not None and state.open:
        yield warning(
            "journal",
            f"an earlier apply did not finish {_named([str(each) for each in sorted(state.open)])}",
            "Run threadsync apply: it looks what became of them, and goes on.",
        )
    elif snapshot.journal_records:
        yield ok("journal", f"{_many(snapshot.journal_records, 'note')} to be folded in by the next apply")


def unreadable_state(error: StateError | ProjectError) -> Check:
    """Return the check of a state that cannot be used."""
    where = f"{error.where}: " if error.where else ""
    return problem("state", f"{where}{error.problem}", error.remedy)


def check_overdue(workspace: Workspace, rows: Sequence[StatusRow]) -> Iterator[Check]:
    """What is due is also published: somebody runs apply."""
    late = overdue(rows, workspace.clock.now(), LATE)
    if late:
        yield warning(
            "overdue",
            f"{_many(len(late), 'publication')} due for over {LATE.seconds // 60} minutes and not live: "
            f"{_named([str(row.address) for row in late])}",
            "Run threadsync apply, and see threadsync plan for what it would not do.",
        )


def check_private(workspace: Workspace) -> Iterator[Check]:
    """A file with a credential is its owner's alone."""
    if os.name == "nt":
        return  # its rights are not told by a mode
    for owner, form, _ in _credentials(workspace):
        if not form.startswith("file:"):
            continue
        path = workspace.project.root / form.removeprefix("file:")
        with suppress(OSError):  # that it is missing is said elsewhere
            mode = stat.S_IMODE(path.stat().st_mode)
            if mode & 0o077:
                yield warning(
                    f"credential {owner}",
                    f"others on this machine can read {path} (mode {mode:o})",
                    f"Run: chmod 600 {path}",
                )


def _named(names: Sequence[str]) -> str:
    more = len(names) - SHOWN_MAX
    return ", ".join(names[:SHOWN_MAX]) + (f" and {more} more" if more > 0 else "")


def _many(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
