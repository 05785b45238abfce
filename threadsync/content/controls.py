"""The control keys of a merged post, as values; faults raise with the key they belong to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from threadsync.content import times
from threadsync.model.ids import Json, PostKey, RemoteId
from threadsync.model.post import Control, IfLate, OnChange, OnRemove, ReplaceConsent, Schedule
from threadsync.model.target import Policies

DEFAULT_WINDOW = timedelta(hours=1)


def control_of(values: Mapping[str, Json], policies: Policies, zone: str | None) -> Control:
    """Return the control keys of *values*, which its schema has accepted.

    Raises:
        times.TimeProblem: ``publish`` is no moment.
    """
    replace = values.get("replace")
    moved_from = values.get("moved_from")
    publish = values.get("publish")
    return Control(
        publish=None if publish is None else schedule_of(publish, policies, zone),
        draft=values.get("draft") is True,
        withdraw=values.get("withdraw") is True,
        protect=values.get("protect") is True,
        on_change=OnChange(str(values.get("on_change") or policies.on_change)),
        on_remove=OnRemove(str(values.get("on_remove") or policies.on_remove)),
        replace=ReplaceConsent(RemoteId(str(replace["of"])), str(replace["why"]))
        if isinstance(replace, dict)
        else None,
        republish=values.get("republish") is True,
        moved_from=PostKey(moved_from) if isinstance(moved_from, str) else None,
        backfill=values.get("backfill") is True,
        fit=values.get("fit") is True,
    )


def schedule_of(publish: Json, policies: Policies, zone: str | None) -> Schedule:
    """Return when a post goes out; *zone* is the project's.

    Raises:
        times.TimeProblem: it is no moment.
    """
    keys = publish if isinstance(publish, dict) else {"at": publish}
    at = keys.get("at")
    if not isinstance(at, str):
        raise times.TimeProblem("time/form", "has no at", "Write at: 2026-12-03 08:30 into it.")
    own = keys.get("zone")
    named = own if isinstance(own, str) else zone
    if named is not None:
        times.zone_named(named)
    window = keys.get("window")
    return Schedule(
        times.moment(at, named),
        named or "UTC",
        times.window_of(window) if isinstance(window, str) else DEFAULT_WINDOW,
        IfLate(str(keys.get("if_late") or policies.if_late)),
    )
