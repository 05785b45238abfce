"""The parts ``safety:`` and ``notify:`` of the project file, once its schema has accepted them."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from threadsync.content.escape import shown
from threadsync.model.ids import Json
from threadsync.model.target import ApplyFrom, Notifier, Safety

NO_SHELL = "Close every quotation mark; no shell reads it, so a pipe needs a script."
"""What to do about a command that cannot be read."""


def safety_said(value: Json) -> Safety:
    """Return what ``safety:`` says."""
    said = value if isinstance(value, Mapping) else {}
    limits = {key: int(each) for key, each in said.items() if isinstance(each, int | float)}
    safety, place = replace(Safety(), **limits), said.get("apply_from")
    if not isinstance(place, Mapping):
        return safety
    words = {key: each for key, each in place.items() if isinstance(each, str)}
    return replace(safety, apply_from=ApplyFrom(**words, clean=place.get("clean") is True))


def notifiers_said(value: Json) -> tuple[Notifier, ...]:
    """Return whom ``notify:`` names, one or a list of them."""
    each = value if isinstance(value, list) else [value] if value is not None else []
    return tuple(Notifier(str(one["command"])) for one in each if isinstance(one, Mapping))


def unreadable(command: str) -> str:
    """Return why the words of *command* cannot be told, as the end of a sentence; empty where they can."""
    import shlex  # few projects have a command, and every plan reads a project

    try:
        return "" if shlex.split(command) else "has no words"
    except ValueError as error:
        return f"cannot be read: {shown(str(error))}"
