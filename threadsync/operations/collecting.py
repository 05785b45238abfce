"""Holding back Python's search for circles of values while many values without any are made."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Let nothing be searched for circles inside, nor ever again what was made inside and lives on.

    Python looks through all that lives each time it has grown by a quarter, and what posts and states are
    made of holds no circles. For a command that ends soon after: what is left of one is kept until then.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()
