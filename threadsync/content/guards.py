"""What guards a project in its file, which its schema has accepted: ``safety:``, ``notify:``, accounts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import assert_never

from msgspec.structs import replace

from threadsync.content.escape import shown
from threadsync.content.times import window_of
from threadsync.model.ids import Json, TargetName
from threadsync.model.target import ApplyFrom, CommandTold, Notifier, PlaceKind, Safety, Target, TargetTold

NO_SHELL = "Close every quotation mark; no shell reads it, so a pipe needs a script."
"""What to do about a command that cannot be read."""


def safety_said(said: Mapping[str, Json]) -> Safety:
    """Return what ``safety:`` says.

    Raises:
        TimeProblem: its ``outage_after`` is no length of time.
    """
    limits = {key: int(each) for key, each in said.items() if isinstance(each, int | float)}
    safety, place = replace(Safety(), **limits), said.get("apply_from")
    after = said.get("outage_after")
    if isinstance(after, str):
        safety = replace(safety, outage_after=window_of(after))
    if not isinstance(place, Mapping):
        return safety
    words = {key: each for key, each in place.items() if isinstance(each, str)}
    return replace(safety, apply_from=ApplyFrom(**words, clean=place.get("clean") is True))


def notifiers_said(value: Json) -> tuple[Notifier, ...]:
    """Return whom ``notify:`` names, one or a list of them."""
    each = value if isinstance(value, list) else [value] if value is not None else []
    said = [one for one in each if isinstance(one, Mapping)]
    return tuple(
        TargetTold(TargetName(str(one["target"]))) if "target" in one else CommandTold(str(one["command"]))
        for one in said
    )


def notifiers_wrong(
    notifiers: Sequence[Notifier], targets: Mapping[TargetName, Target]
) -> Iterator[tuple[str, str]]:
    """Find whom nobody can tell anything, each with what to do about it."""
    for each in notifiers:
        match each:
            case CommandTold(command=command):
                if why := unreadable(command):
                    yield f"the command of notify: {why}.", NO_SHELL
            case TargetTold(target=target):
                if target not in targets:
                    there = f"Name one of the project's targets: {', '.join(sorted(targets))}."
                    yield f"there is no target {shown(target)} to tell troubles on.", there
            case _:
                assert_never(each)


def misfits(said: str, kind: PlaceKind, keys: Set[str], roles: Set[str]) -> Iterator[str]:
    """Find what the place called *said* lacks of its *kind*, and what it has too much."""
    yield from (f"{said} has no {key}." for key in kind.required if key not in keys)
    yield from (f"{said} names no {role} under credentials:." for role in kind.roles if role not in roles)
    yield from (f"{said} has no key {key}." for key in sorted(keys - {*kind.required, *kind.optional}))
    too_many = sorted(roles - {*kind.roles, *kind.roles_optional})
    yield from (f"{said} has no credential {role}." for role in too_many)


def accounts_twice(targets: Mapping[TargetName, Target]) -> Iterator[tuple[TargetName, str]]:
    """Find targets that are one account: a post for both would go out twice there (law 7)."""
    seen: dict[tuple[str, str, str, str], TargetName] = {}
    for name, target in targets.items():
        if target.account is None:
            continue
        account = target.account.removeprefix("@").lower()
        same = (target.provider, target.base_url or "", account, str(target.settings.get("channel", "")))
        first = seen.setdefault(same, name)
        if first != name:
            yield name, f"{name} and {first} are the same account, {shown(target.account)}."


def unreadable(command: str) -> str:
    """Return why the words of *command* cannot be told, as the end of a sentence; empty where they can."""
    import shlex  # few projects have a command, and every plan reads a project

    try:
        return "" if shlex.split(command) else "has no words"
    except ValueError as error:
        return f"cannot be read: {shown(str(error))}"
