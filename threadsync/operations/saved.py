"""Saved plans as files: writing one, reading one back."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from msgspec.structs import replace

from threadsync.errors import OutputError, UsageError
from threadsync.model.ids import Json
from threadsync.operations.plan import Prepared, bound
from threadsync.operations.workspace import Workspace
from threadsync.planning.planfile import PLAN_BYTES_MAX, PlanOptions, SavedPlan, decode, encode


def save(workspace: Workspace, prepared: Prepared, options: PlanOptions, shown: Json, path: Path) -> None:
    """Write *prepared* into the file *path*; *shown* is the plan as its readers see it.

    Raises:
        UsageError: the posts have errors, so nothing of it could be carried out.
        OutputError: the file cannot be written.
    """
    if prepared.has_errors:
        raise UsageError(
            "the files have errors, so the plan is not saved: apply would do nothing of it.",
            where=str(path),
            remedy="Mend them, then plan again.",
        )
    made = bound(workspace, prepared.plan, prepared.desired, prepared.prior, options)
    try:
        _write(path, encode(replace(made, plan=shown)))
    except OSError as error:
        raise OutputError(
            f"the plan cannot be saved: {error.strerror}.", where=str(path), remedy="Name another file."
        ) from error


def _write(path: Path, content: bytes) -> None:
    """Write *content* in one step; what is no plain file is written into, and never replaced by one."""
    place = Path(os.path.realpath(path))
    if place.exists() and not place.is_file():
        place.write_bytes(content)  # a pipe, or /dev/null
        return
    draft = place.with_name(f".{place.name}.part")
    try:
        draft.write_bytes(content)
        os.replace(draft, place)  # noqa: PTH105  (as the state's disk does: one step, the old file or the new)
    except OSError:
        with suppress(OSError):  # it may not be there, and its folder may not be a folder
            draft.unlink()
        raise


def load(path: Path) -> SavedPlan:
    """Read the saved plan in the file *path*.

    Raises:
        UsageError: it is not there, or is no plan that can be carried out here.
    """
    try:
        with path.open("rb") as file:
            data = file.read(PLAN_BYTES_MAX + 1)
    except OSError as error:
        raise UsageError(
            f"the plan cannot be read: {error.strerror}.",
            where=str(path),
            remedy="Name a file of plan --out.",
        ) from error
    if len(data) > PLAN_BYTES_MAX:
        raise UsageError(
            "it is too large to be a saved plan.", where=str(path), remedy="Name a file of plan --out."
        )
    return decode(data, str(path))
