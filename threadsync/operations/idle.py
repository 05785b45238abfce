"""Flags that change nothing: who gave one meant something by it, and is told."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from threadsync.model.ids import Address
from threadsync.operations.plan import Prepared
from threadsync.planning.actions import Create, Delete, Effective, Notice, Replace
from threadsync.planning.inputs import Consents


def with_idle_flags(prepared: Prepared, consents: Consents, *, asked: bool) -> Prepared:
    """Say which of *consents* change nothing; *asked*: some of them were given at a prompt."""
    meant: list[tuple[str, Iterable[Address], type[Effective]]] = [
        ("--allow-replace", [a for a, how in consents.replace.items() if how == "flag"], Replace),
        ("--allow-delete", consents.delete, Delete),
        ("--allow-duplicate", consents.duplicate, Create),
        ("--late", () if asked else consents.late, Create),
    ]
    actions = {action.address: action for action in prepared.plan.actions}
    idle = [
        Notice(str(address), f"{flag} changes nothing here.", "See the plan for what holds it back.")
        for flag, addresses, kind in meant
        for address in sorted(addresses)
        if not isinstance(actions.get(address), kind)
    ]
    return replace(prepared, plan=replace(prepared.plan, notices=(*prepared.plan.notices, *idle)))
