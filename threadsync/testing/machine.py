"""A machine whose processes live and die as a test says."""

from __future__ import annotations

from msgspec import Struct, field


class FakeMachine(Struct):
    """One process of a machine; processes of one machine share *running*: process id to start."""

    host: str = "build-7"
    boot_id: str = "boot-1"
    pid: int = 100
    running: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.running.setdefault(self.pid, f"start of {self.pid}")

    def process_start(self, pid: int) -> str | None:
        """See ``Machine.process_start``."""
        return self.running.get(pid)

    def die(self) -> None:
        """End this process."""
        del self.running[self.pid]

    def neighbour(self, pid: int) -> FakeMachine:
        """Return another process of the same machine."""
        return FakeMachine(self.host, self.boot_id, pid, self.running)
