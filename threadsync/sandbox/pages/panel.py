"""What stands beside the posts of every network: faults in force, switches, the clock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct, to_builtins

from threadsync.sandbox.pages.views import FaultView
from threadsync.sandbox.threads.faults import ArmedFault

DELETED_SHOWN = 50
EXCERPT_LENGTH = 80


def fault_views(armed: Sequence[ArmedFault]) -> tuple[FaultView, ...]:
    """Make the views of the faults in force."""
    return tuple(_fault(each) for each in armed)


def _fault(armed: ArmedFault) -> FaultView:
    fault = armed.fault
    first = f" from call {fault.skip + 1} on" if fault.skip else ""
    chance = f" in {fault.probability:.0%} of calls" if fault.probability < 1 else ""
    lasts = f", {fault.seconds:g} s" if fault.seconds else ""
    whose = f" of @{fault.profile}" if fault.profile else ""
    bound = "" if fault.times is None else f" of {fault.times}"
    text = f"{fault.operation}{whose}: {fault.kind.replace('-', ' ')}{lasts}{first}{chance}"
    return FaultView(text, f"happened: {armed.fired}{bound}", armed.is_spent)


def changed(switches: Struct) -> Iterator[str]:
    """Say which switches do not have their default."""
    defaults = to_builtins(type(switches)())
    for name, value in to_builtins(switches).items():
        if value != defaults[name]:
            yield f"{name.replace('_', ' ')}: {value}"


def offset(seconds: float) -> str:
    """Say how far the clock was moved, in seconds; empty when it was not."""
    if not seconds:
        return ""
    hours, rest = divmod(round(abs(seconds)), 3600)
    minutes, left = divmod(rest, 60)
    direction = "ahead of" if seconds > 0 else "behind"
    return f"{hours} h {minutes} min {left} s {direction} this machine"
