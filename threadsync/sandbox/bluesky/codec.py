"""The network's state as JSON and back, without loss."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import to_builtins

from threadsync.sandbox.bluesky.faults import Fault
from threadsync.sandbox.bluesky.state import Account, Blob, Commit, Deferred, Job, Record, Session, State
from threadsync.sandbox.bluesky.values import Generation, Json, Request, SecretDigest, Switches, Upload
from threadsync.sandbox.threads.faults import ArmedFault, FaultKind

# The wire: JSON is Any from here to the values it is made into.
_Row = Mapping[str, Any]

VIDEO_ANSWERS = ("wrapped", "bare")
REWRITTEN = ("", "words", "dates")


def state_to_json(state: State) -> Json:
    """Write the whole state down."""
    written: Json = to_builtins(state)
    return written | {"ended": sorted(state.ended)}


def state_from_json(row: _Row) -> State:
    """Read a state back."""
    return State(
        seed=row["seed"],
        base_url=row["base_url"],
        switches=switches_from_json(row["switches"]),
        accounts={did: Account(**each) for did, each in row["accounts"].items()},
        sessions={SecretDigest(digest): Session(**each) for digest, each in row["sessions"].items()},
        ended=set(row["ended"]),
        records={uri: Record(**each) for uri, each in row["records"].items()},
        heads={did: Commit(**each) for did, each in row["heads"].items()},
        blobs={did: {cid: Blob(**each) for cid, each in own.items()} for did, own in row["blobs"].items()},
        jobs={name: Job(**each) for name, each in row["jobs"].items()},
        usage={name: [(at, count) for at, count in each] for name, each in row["usage"].items()},
        armed=[
            ArmedFault(fault_from_json(each["fault"]), each["number"], each["seen"], each["fired"])
            for each in row["armed"]
        ],
        deferred=[Deferred(each["due"], request_from_json(each["request"])) for each in row["deferred"]],
        deletions=[Record(**each) for each in row["deletions"]],
        number=row["number"],
        serial=row["serial"],
        last_microseconds=row["last_microseconds"],
    )


def request_from_json(row: _Row) -> Request:
    """Read a request back."""
    upload = Upload(**row["upload"]) if row["upload"] is not None else None
    params = {name: tuple(values) for name, values in row["params"].items()}
    return Request(**{**row, "params": params, "upload": upload})


def fault_from_json(row: _Row) -> Fault:
    """Read a fault back."""
    return Fault(**{**row, "kind": FaultKind(row["kind"])})


def switches_from_json(row: _Row) -> Switches:
    """Read switches; a wrong name or value raises :class:`ValueError`."""
    defaults = Switches()
    for name, value in row.items():
        if name not in Switches.__struct_fields__:
            known = ", ".join(sorted(Switches.__struct_fields__))
            raise ValueError(f"no switch {name!r}; there are: {known}")
        wanted = type(getattr(defaults, name))
        given = float(value) if wanted is float and type(value) is int else value
        if not (isinstance(given, wanted) and isinstance(given, bool) is (wanted is bool)):
            raise ValueError(f"{value!r} is no value for the switch {name!r}")
    found = Switches(**row)
    if found.generation not in set(Generation):
        raise ValueError(f"{found.generation!r} is no generation; there are: {', '.join(Generation)}")
    if found.video_answer not in VIDEO_ANSWERS:
        raise ValueError(f"{found.video_answer!r} is no answer; there are: {', '.join(VIDEO_ANSWERS)}")
    if found.records_rewritten not in REWRITTEN:
        known = ", ".join(filter(None, REWRITTEN))
        raise ValueError(f"{found.records_rewritten!r} is nothing that is rewritten; there are: {known}")
    return found
