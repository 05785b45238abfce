"""How a sandbox is set up, and how the command line spells it.

``threadsync sandbox`` needs of this package::

    settings = SandboxSettings(
        port=port, data=data, seed=seed,
        faults=tuple(parse_fault(text) for text in faults),          # --fault, repeatable
        switches=with_delays(delays) if delays else None,            # --delay image=2.0, repeatable
    )
    serve(settings, started=lambda sandbox: click.echo(sandbox.base_url))

``with_switches`` reads any switch by name, ``clock_skew_seconds=300``. These readers raise
:class:`ValueError` with a message for the person; ``serve`` raises
:class:`threadsync.sandbox.problems.SandboxError` (``PortInUse`` among them) before it listens.

A fault is written ``OPERATION[#N]:KIND[:TIMES][:SECONDS]``, with ``bluesky/`` in front for that network:

=============================  ================================================================
``publish:answer-lost``        the first publish is done, its answer is lost
``publish#3:server-error:2``   the third and fourth publish fail with HTTP 500
``list:slow:always:2``         every list takes two seconds
``any:request-lost:10%``       every tenth call, drawn by the seed, never arrives
``bluesky/publish:slow:1:2``   the first record that is written is answered after two seconds
=============================  ================================================================
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from msgspec import Struct, field, to_builtins

from threadsync.sandbox import bluesky
from threadsync.sandbox.threads import App, Fault, FaultKind, Profile, Switches
from threadsync.sandbox.threads.codec import switches_from_json

DEFAULT_PROFILES = tuple(
    Profile(name, is_eligible_for_geo_gating=True, has_instagram=True)
    for name in ("lift_report", "harbour_desk")
)
"""They may do all that profiles may."""
DEFAULT_BLUESKY_PROFILES = tuple(
    bluesky.Profile(f"{name}.test", display_name=shown)
    for name, shown in (("lift-report", "Lift Report"), ("harbour-desk", "Harbour Desk"))
)
DELAYS = ("text", "image", "video", "carousel")


class SandboxSettings(Struct, frozen=True):
    """Everything a sandbox is started with."""

    port: int = 0
    """The port on 127.0.0.1; 0 takes a free one."""
    data: Path | None = None
    """Where everything is kept; ``None`` keeps it in memory."""
    name: str = ""
    """The origin is ``sandbox:NAME``; empty takes that of the data, else one made from the seed or by lot."""
    seed: int | None = None
    """What ids are made from; with it and a fixed clock the same calls have the same answers."""
    profiles: tuple[Profile, ...] = DEFAULT_PROFILES
    """Created when they are not there yet."""
    bluesky_profiles: tuple[bluesky.Profile, ...] = DEFAULT_BLUESKY_PROFILES
    """The accounts of the Bluesky network, created when they are not there yet."""
    bluesky_switches: bluesky.Switches | None = None
    """``None`` keeps those of the data."""
    app: App = field(default_factory=App)
    """What profiles authorize; it takes the place of the data's."""
    switches: Switches | None = None
    """``None`` keeps those of the data."""
    faults: tuple[Fault, ...] = ()
    """Put in force at the start, in place of those the data holds."""
    clock: Callable[[], float] = time.time
    """Unix seconds."""
    requests_recorded_max: int = 10_000
    """How many of the last calls the ledger keeps; 0 keeps none."""
    public_url: str = ""
    """What permalinks and media addresses begin with; empty is the address it listens on."""
    fetch_seconds_max: float = 10.0
    fetch_bytes_max: int = 100 * 1024 * 1024


def parse_fault(text: str) -> Fault:
    """Read a fault as it is written on the command line; see the head of this module."""
    network, _, bare = text.rpartition("/")
    if network not in {"", "bluesky"}:
        raise ValueError(
            f"{text!r}: no network {network!r}; there is: bluesky (Threads has no name in front)"
        )
    operation, *rest = bare.split(":")
    if not rest or len(rest) > 3:
        raise ValueError(f"{text!r}: a fault is OPERATION[#N]:KIND[:TIMES][:SECONDS]")
    operation, _, occurrence = operation.partition("#")
    if occurrence and not (occurrence.isdecimal() and int(occurrence) > 0):
        raise ValueError(f"{text!r}: after # comes the number of the first call it hits, from 1 on")
    kinds = {str(kind): kind for kind in FaultKind}
    if rest[0] not in kinds:
        raise ValueError(f"{text!r}: no fault {rest[0]!r}; there are: {', '.join(sorted(kinds))}")
    times, probability = _parse_times(text, rest[1] if len(rest) > 1 else "")
    try:
        return (bluesky.Fault if network else Fault)(
            operation=operation,
            kind=kinds[rest[0]],
            times=times,
            seconds=float(rest[2]) if len(rest) > 2 else 0.0,
            skip=int(occurrence) - 1 if occurrence else 0,
            probability=probability,
        )
    except ValueError as error:
        raise ValueError(f"{text!r}: {error}") from error


def _parse_times(text: str, times: str) -> tuple[int | None, float]:
    if times == "always":
        return None, 1.0
    if times.endswith("%") and times[:-1].isdecimal():
        return None, int(times[:-1]) / 100
    if times and not times.isdecimal():
        raise ValueError(f"{text!r}: TIMES is a number, a percentage such as 10%, or always")
    return int(times or 1), 1.0


def with_delays(texts: Iterable[str], switches: Switches | None = None) -> Switches:
    """Read ``image=2.0`` and its like: how long a container of that kind is in progress."""
    changed = switches or Switches()
    for text in texts:
        kind, _, seconds = text.partition("=")
        if kind not in DELAYS:
            raise ValueError(f"{text!r}: no delay {kind!r}; there are: {', '.join(DELAYS)}")
        try:
            value = float(seconds)
        except ValueError as error:
            raise ValueError(f"{text!r}: after = comes a number of seconds") from error
        if not 0 <= value < float("inf"):
            raise ValueError(f"{text!r}: a delay is a number of seconds from 0 on")
        changed = switches_from_json({**to_builtins(changed), f"{kind}_delay_seconds": value})
    return changed


def with_switches(texts: Iterable[str], switches: Switches | None = None) -> Switches:
    """Read ``clock_skew_seconds=300`` and its like: any switch by name; the value is JSON or plain text."""
    changed = switches or Switches()
    for text in texts:
        name, is_given, value = text.partition("=")
        if not is_given:
            raise ValueError(f"{text!r}: a switch is NAME=VALUE")
        try:
            parsed: object = json.loads(value)
        except ValueError:
            parsed = value  # a word, such as graphemes
        changed = switches_from_json({**to_builtins(changed), name: parsed})
    return changed
