"""A plan that is kept in a file: what it shows, and what it was made from, to JSON and back (law 9).

What apply carries out of it is planned anew; the file says what was shown, so that nothing else is done.
A plan is stale where an address that it touches has another prior entry or another content by now, or would
have something else done to it. It is not stale where something of it is done already, or goes on where an
interrupted apply of it stopped.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from msgspec import Struct
from msgspec.structs import asdict

from threadsync.errors import UsageError
from threadsync.model.ids import Address, Json
from threadsync.model.state import State
from threadsync.values import Besides

FORMAT_VERSION: Final = 1
KIND: Final = "saved-plan"
PLAN_BYTES_MAX: Final = 100 * 1024 * 1024
"""A file over this is no plan of ours."""
_AGAIN = "Make it anew: threadsync plan --out FILE."


class PlanOptions(Struct, frozen=True):
    """What was said on the command line when the plan was made; addresses are ``KEY@TARGET``."""

    selectors: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    allow_replace: tuple[str, ...] = ()
    allow_delete: tuple[str, ...] = ()
    allow_duplicate: tuple[str, ...] = ()
    late: tuple[str, ...] = ()


class Shown(Struct, frozen=True):
    """One action as the plan shows it; *content*, *prior* and *does* are digests."""

    address: Address
    action: str
    reason: str
    content: str
    """Of what the file declares; empty where no file declares it."""
    prior: str
    """Of what the state holds of the address."""
    does: str
    """Of what would be done: which segments, under and in place of which posts."""


class TargetShown(Struct, frozen=True):
    """Which account a target was: as the project declares it, and as the state holds it."""

    account: str
    base_url: str
    bound: str
    """Origin, id and channel; empty where the state does not hold it yet."""


class SavedPlan(Besides, frozen=True):
    """A plan with all that it is bound to."""

    hidden = frozenset({"plan"})

    project: str
    lineage: str | None
    """None: it was made before there was a state."""
    serial: int
    """Only shown: others may write the state without touching what the plan touches."""
    at: datetime
    options: PlanOptions
    targets: Mapping[str, TargetShown]
    actions: tuple[Shown, ...]
    plan: Json = None
    """The plan as ``plan --format json`` prints it, for readers."""


def digest(value: object) -> str:
    """Return a short digest of a value made of what JSON knows."""
    text = json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def digest_of_prior(prior: State | None, address: Address) -> str:
    """Return the digest of what the state holds of *address*; a permalink learnt later is no change."""
    if prior is None:
        return ""
    binding, stone = prior.bindings.get(address), prior.tombstones.get(address)
    unfinished = prior.open.get(address)
    held: list[object] = []
    if binding is not None:
        posts = [(s.remote_id, s.digest) for s in binding.segments]
        rest = [s.remote_id for s in (*binding.superseded, *binding.taken_down)]
        controls = [binding.digest_version, binding.protect, binding.on_remove, binding.republished]
        held.append(["binding", posts, rest, controls])
    if stone is not None:
        ids = [s.remote_id for s in (*stone.segments, *stone.superseded)]
        controls = [stone.digest_version, stone.protect, stone.on_remove, stone.republished]
        held.append(["tombstone", stone.digest, stone.why, ids, controls])
    if unfinished is not None:
        job = unfinished.job
        held.append(["open", job.verb, [s.digest for s in job.segments], len(unfinished.notes)])
    return digest(held) if held else ""


# To JSON and back.


def encode(saved: SavedPlan) -> bytes:
    """Return the file of *saved*, with a checksum over what it says."""
    document: dict[str, Json] = {
        "format_version": FORMAT_VERSION,
        "kind": KIND,
        "project": saved.project,
        "lineage": saved.lineage,
        "serial": saved.serial,
        "at": saved.at.astimezone(UTC).isoformat(),
        "options": {name: list(values) for name, values in asdict(saved.options).items()},
        "targets": {name: asdict(target) for name, target in saved.targets.items()},
        "actions": [{**asdict(shown), "address": str(shown.address)} for shown in saved.actions],
        "plan": saved.plan,
    }
    document["checksum"] = _checksum(document)
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    # A path that is not UTF-8 holds lone surrogates; as JSON escapes they read back as themselves.
    return text.encode("utf-8", "backslashreplace")


def decode(data: bytes, where: str) -> SavedPlan:
    """Read a saved plan from the file *where*.

    Raises:
        UsageError: it is none, was damaged or changed, or a later threadsync wrote it.
    """
    try:
        document = json.loads(data.decode("utf-8"))
        checksum = _checksum(document) if isinstance(document, dict) else ""
    except (ValueError, RecursionError) as error:  # what is nested too deep to read or to write
        raise UsageError("it is not JSON, so it is no saved plan.", where=where, remedy=_AGAIN) from error
    if not isinstance(document, dict) or document.get("kind") != KIND:
        raise UsageError(
            "it is no saved plan: plan --out writes one, and --format json does not.",
            where=where,
            remedy=_AGAIN,
        )
    version = document.get("format_version")
    if version != FORMAT_VERSION:
        raise UsageError(
            f"its format is version {version}, and this threadsync reads version {FORMAT_VERSION}.",
            where=where,
            remedy="Carry it out with the threadsync that made it, or make it anew with this one.",
        )
    if document.get("checksum") != checksum:
        raise UsageError(
            "it does not say any more what threadsync wrote: its checksum is wrong.",
            where=where,
            remedy=_AGAIN,
        )
    try:
        return _read(document)
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"its shape is wrong ({error!r}).", where=where, remedy=_AGAIN) from error


def _read(document: Mapping[str, Json]) -> SavedPlan:
    options, targets = _object(document["options"]), _object(document["targets"])
    return SavedPlan(
        str(document["project"]),
        str(document["lineage"]) if document["lineage"] is not None else None,
        int(str(document["serial"])),
        datetime.fromisoformat(str(document["at"])),
        PlanOptions(**{each: _texts(options[each]) for each in PlanOptions.__struct_fields__}),
        {
            name: TargetShown(**{each: str(_object(held)[each]) for each in TargetShown.__struct_fields__})
            for name, held in targets.items()
        },
        tuple(_shown(_object(held)) for held in _list(document["actions"])),
        document["plan"],
    )


def _shown(held: Mapping[str, Json]) -> Shown:
    texts = {each: str(held[each]) for each in Shown.__struct_fields__ if each != "address"}
    return Shown(Address.parse(str(held["address"])), **texts)


def _object(value: Json) -> Mapping[str, Json]:
    if not isinstance(value, Mapping):
        raise TypeError("an object is missing")
    return value


def _list(value: Json) -> list[Json]:
    if not isinstance(value, list):
        raise TypeError("a list is missing")
    return value


def _texts(value: Json) -> tuple[str, ...]:
    return tuple(str(each) for each in _list(value))


def _checksum(document: Mapping[str, Json]) -> str:
    content = {name: value for name, value in document.items() if name != "checksum"}
    text = json.dumps(content, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()
