"""Holding back Python's search for circles of values while many values without any are made."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected(*, for_good: bool = True) -> Iterator[None]:
    """Let nothing be searched for circles inside, nor, *for_good*, ever again what was made and lives on.

    Python looks through all that lives each time it has grown by a quarter, and what posts and states are
    made of holds no circles. For good where a command ends soon after, or once: what is left of a circle is
    kept until then.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if for_good:
            gc.freeze()
        if was_enabled:
            gc.enable()
