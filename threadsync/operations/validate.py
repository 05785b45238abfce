"""``validate``: everything wrong with the files, offline and without credentials."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from msgspec import Struct

from threadsync.errors import UsageError
from threadsync.model.diagnostic import Diagnostic
from threadsync.operations.workspace import Workspace


class Validation(Struct, frozen=True):
    """All findings, and how much was looked at."""

    findings: tuple[Diagnostic, ...]
    files: int
    publications: int
    drafts: int

    @property
    def ok(self) -> bool:
        """Whether no finding is an error."""
        return not any(finding.is_error for finding in self.findings)


def validate(workspace: Workspace, paths: Sequence[str] = ()) -> Validation:
    """Check all files; *paths* (relative to the project) narrow what is reported, not what is read.

    Raises:
        UsageError: a path names nothing in the project.
    """
    declared = workspace.declared(None, workspace.clock.now())
    wanted = [_relative(workspace, path) for path in paths]
    findings = declared.findings
    if wanted:
        findings = tuple(f for f in findings if any(_below(f.location.file, path) for path in wanted))
    return Validation(findings, declared.files, len(declared.desired.publications), len(declared.drafts))


def _relative(workspace: Workspace, path: str) -> str:
    root = workspace.project.root.resolve()
    # What is typed may be relative to where the person stands, or to the project.
    for base in (None, root):
        found = (base / path if base is not None else type(root)(path)).resolve()
        if found.exists() and found.is_relative_to(root):
            return found.relative_to(root).as_posix()
    raise UsageError(f"{path!r} is no file or folder of this project.", remedy=f"The project is in {root}.")


def _below(file: str, path: str) -> bool:
    return path == "." or PurePosixPath(file).is_relative_to(path)
