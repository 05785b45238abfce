"""What an exit status means."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """The exit statuses of every command."""

    DONE = 0
    """Done, or nothing to do."""
    FAILED = 1
    USAGE = 2
    """What was asked cannot be done so, or a consent is missing."""
    CHANGES_PENDING = 3
    """There are changes; only with ``plan --detailed-exitcode``."""
    PARTLY = 4
    """Partly applied, or what became of something is uncertain."""
