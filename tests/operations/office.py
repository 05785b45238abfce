"""A world with somebody who is told of trouble."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from tests.operations.world import PROJECT, World
from threadsync.model.ids import TargetName
from threadsync.operations.provenance import Surroundings
from threadsync.operations.workspace import Workspace
from threadsync.sandbox import threads
from threadsync.sandbox.threads import Fault, FaultKind

MAIN, BRAND = TargetName("threads/main"), TargetName("threads/brand")
NOTIFY = "notify: {command: ./tell.sh one}\n"
TELL = '#!/bin/sh\ncat >> "told-$1"\necho >> "told-$1"\nenv > "environ-$1"\n'
EXPIRED = Fault("any", FaultKind.TOKEN_EXPIRED, times=None, profile="main")
DOWN = Fault("any", FaultKind.SERVER_ERROR, times=None, profile="main")
REFUSED = Fault("create", FaultKind.LINK_REFUSED, times=None, profile="main")
LINK = "Look https://example.org/a"
NIGHTLY = "https://ci.example/runs/7"


@dataclass
class Office(World):
    """A world whose project names a script that writes down what it is told."""

    warnings: list[str] = field(default_factory=list)
    allowed: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        self.says(NOTIFY)
        self.script("tell.sh", TELL)

    def says(self, more: str) -> None:
        self.write("threadsync.yaml", PROJECT + more)

    def script(self, name: str, text: str) -> None:
        self.write(name, text).chmod(0o755)

    @property
    def workspace(self) -> Workspace:
        return replace(
            super().workspace,
            allow_commands=self.allowed,
            tell=self.warnings.append,
            surroundings=Surroundings(ci_run=lambda: NIGHTLY),
        )

    def told(self, who: str = "one") -> list[dict[str, Any]]:
        """All that a script was told, in order."""
        path = self.root / f"told-{who}"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def events(self, who: str = "one") -> list[tuple[str, str, str]]:
        return [(each["event"], each["target"] or "*", each["trouble"]) for each in self.told(who)]

    def mend(self) -> None:
        threads.apply(self.network, threads.Disarm(), self.clock.now().timestamp())

    def wait(self, minutes: float) -> None:
        self.clock.sleep(minutes * 60)

    def begin(self) -> None:
        """Publish something first, so that there is a state."""
        self.post("first", "Hello")
        self.post("beside", "Hello here", targets="threads/brand")
        self.applied()


FAILURE, RECOVERY = ("failure", "threads/main", "account"), ("recovery", "threads/main", "account")


def due(office: Office, minutes: float) -> str:
    at: datetime = office.clock.now() + timedelta(minutes=minutes)
    return f"{{at: {at:%Y-%m-%d %H:%M}, window: 10m}}"
