"""What can keep a sandbox from starting; each says what is wrong and what to do.

SandboxError
├─ PortInUse      somebody listens there already
├─ DataInUse      another sandbox runs on this data
├─ DataUnwritable nothing can be kept in this folder
└─ DataUnusable   the data is damaged, or is that of another sandbox
"""

from __future__ import annotations

from pathlib import Path


class SandboxError(Exception):
    """A sandbox that cannot run as it was asked to."""

    def __init__(self, problem: str, *, remedy: str) -> None:
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"{problem}\n{remedy}")


class PortInUse(SandboxError):
    """The port is taken."""

    def __init__(self, port: int) -> None:
        self.port = port
        super().__init__(
            f"port {port} is in use",
            remedy="Stop what listens there, or choose another port (0 takes a free one).",
        )


class DataInUse(SandboxError):
    """Another sandbox writes to this folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        super().__init__(
            f"{folder}: another sandbox runs on this data", remedy="Stop it, or choose another folder."
        )


class DataUnwritable(SandboxError):
    """The folder cannot be made or written to."""

    def __init__(self, folder: Path, reason: str) -> None:
        self.folder = folder
        super().__init__(f"{folder}: nothing can be kept here: {reason}", remedy="Choose another folder.")


class DataUnusable(SandboxError):
    """The folder holds something this sandbox cannot go on with."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        super().__init__(
            f"{path}: {reason}", remedy="Choose another folder, or delete this one to start anew."
        )
