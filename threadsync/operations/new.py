"""``new``: a draft to start from."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

from msgspec import Struct

from threadsync.content.escape import CONTROL
from threadsync.content.loader import in_full
from threadsync.errors import ProjectError, UsageError
from threadsync.model.diagnostic import Diagnostic
from threadsync.operations.slug import slug
from threadsync.operations.workspace import Workspace

TITLE_CHARACTERS_MAX = 300
HOUR = 9
"""When the suggested time is, tomorrow."""

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./:-]*")


class Drafted(Struct, frozen=True):
    """A draft that was made, as a path in the project, and what is wrong with it all the same."""

    file: str
    key: str
    findings: tuple[Diagnostic, ...] = ()


def new(workspace: Workspace, title: str, targets: Sequence[str] = (), *, yaml: bool = False) -> Drafted:
    """Write a draft called *title* into the posts folder, under a name that nothing has yet.

    It goes to *targets*, or to those of the project's defaults, or else to all. No file is overwritten.

    Raises:
        UsageError: the title is empty or cannot be written, or there is no such target.
        ProjectError: the posts folder cannot be written.
    """
    said = " ".join(title.split())
    if not said or CONTROL.search(said) or len(said) > TITLE_CHARACTERS_MAX:
        raise UsageError(
            "that is no title: it is empty, too long, or holds control characters.",
            remedy=f"Give a title of up to {TITLE_CHARACTERS_MAX} characters.",
        )
    project = workspace.project
    unknown = [name for name in targets if name not in project.targets]
    if unknown:
        known = ", ".join(sorted(project.targets))
        raise UsageError(f"there is no target {unknown[0]}.", remedy=f"The project has: {known}.")
    now = workspace.clock.now()
    taken = _keys(workspace)
    stem = slug(said) or f"post-{now:%Y-%m-%d}"
    suffix = "yaml" if yaml else "md"
    for number in count(1):
        key = stem if number == 1 else f"{stem}-{number}"
        path = project.posts / f"{key}.{suffix}"
        if key in taken or any(path.with_suffix(each).exists() for each in ("", ".md", ".yaml", ".yml")):
            continue
        suggested, to = suggested_time(now, project.zone), _targets(workspace, targets)
        text = draft_text(key, said, to, suggested, yaml=yaml, schema=_schema(workspace))
        if write_new(path, text):
            break
    file = path.relative_to(project.root).as_posix()
    found = workspace.declared(None, now).findings
    return Drafted(file, key, tuple(each for each in found if each.location.file == file))


def draft_text(
    key: str, title: str, targets: Sequence[str], suggested: str, *, yaml: bool, schema: str = ""
) -> str:
    """Return the file of a draft; *suggested* is a time, *schema* the path of the schema for editors."""
    front = [
        f"key: {scalar(key)}",
        *([f"targets: [{', '.join(targets)}]"] if targets else []),
        f"# publish: {suggested}",
        "draft: true           # take this line out when it may go out",
    ]
    if yaml:
        head = [f"# yaml-language-server: $schema={schema}"] if schema else []
        # A JSON text is YAML too, whatever stands in it.
        return "\n".join([*head, *front, f"text: {json.dumps(_literal(title), ensure_ascii=False)}", ""])
    return "\n".join(["---", *front, "---", _literal(title), ""])


def scalar(text: str) -> str:
    """Return *text* as YAML has it: quoted where it would mean something else."""
    is_plain = _PLAIN.fullmatch(text) is not None and text.lower() not in {"true", "false", "null"}
    return text if is_plain else json.dumps(text, ensure_ascii=False)


def _literal(title: str) -> str:
    """Return *title* as a paragraph that says just that, whatever signs it holds."""
    text = title.replace("\\", "\\\\").replace("{{", "\\{{").replace("![", "\\![")
    return f"\\{text}" if text.startswith(("---", "```")) else text


def write_new(path: Path, text: str) -> bool:
    """Write a new file; False where there is one already.

    Raises:
        ProjectError: the folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        return False
    except OSError as error:
        raise ProjectError(
            f"{path} cannot be written: {error.strerror}.",
            remedy="Make room or give this user the right to write there, then run the command again.",
        ) from error
    return True


def _targets(workspace: Workspace, named: Sequence[str]) -> Sequence[str]:
    """Return the targets to write down; none where the project's defaults say them."""
    if named:
        return named
    return () if "targets" in workspace.project.defaults else sorted(workspace.project.targets)


def _keys(workspace: Workspace) -> set[str]:
    """Return every key that is declared, or remembered by a state on this machine."""
    keys = set(map(str, workspace.read(workspace.project, in_full).keys))
    if isinstance(workspace.project.state, Path):
        state = workspace.store.read().state
        remembered = (*state.bindings, *state.tombstones, *state.open) if state is not None else ()
        keys |= {str(address.key) for address in remembered}
    return keys


def suggested_time(now: datetime, zone: str | None) -> str:
    """Return a time for a draft, as a file has it: tomorrow morning, in *zone* or in UTC."""
    there = now.astimezone(ZoneInfo(zone)) if zone is not None else now
    return f"{there + timedelta(days=1):%Y-%m-%d} {HOUR:02}:00" + ("" if zone is not None else " Z")


def _schema(workspace: Workspace) -> str:
    """Return where the schema for editors is, seen from the posts folder; empty where there is none."""
    project = workspace.project
    schema = project.root / "schema" / "post.schema.json"
    if not schema.is_file():
        return ""
    up = "../" * len(project.posts.relative_to(project.root).parts)
    return f"{up}schema/post.schema.json"
