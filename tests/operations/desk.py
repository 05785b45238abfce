"""A project and a local network behind a real socket on this machine, in virtual time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from msgspec.structs import replace

from threadsync.operations.workspace import Workspace, open_project
from threadsync.sandbox.server import Sandbox, running
from threadsync.sandbox.settings import SandboxSettings
from threadsync.testing.fakes import FakeClock

PROJECT = """\
version: 1
id: desk
posts: posts
zone: UTC
targets:
  threads/main:
    account: lift_report
    credential: file:token
    base_url: {url}
"""


@dataclass
class Desk:
    """Opened anew by every verb, as a process would."""

    root: Path
    sandbox: Sandbox
    clock: FakeClock
    command: str = "test"
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        (self.root / "posts").mkdir(exist_ok=True)
        self.project(PROJECT.format(url=self.sandbox.base_url))
        self.token("sandbox-lift_report")

    def project(self, text: str) -> None:
        (self.root / "threadsync.yaml").write_text(text)

    def change(self, old: str, new: str) -> None:
        text = (self.root / "threadsync.yaml").read_text()
        assert old in text
        self.project(text.replace(old, new))

    def token(self, text: str) -> Path:
        path = self.root / "token"
        path.write_text(f"{text}\n")
        path.chmod(0o600)
        return path

    @property
    def workspace(self) -> Workspace:
        opened = open_project(self.root, clock=self.clock, exact=True)
        return replace(opened, command=self.command, tell=self.told.append)


@contextmanager
def desk_in(folder: Path) -> Iterator[Desk]:
    """Set up a desk in *folder*."""
    clock = FakeClock()
    now: Callable[[], float] = lambda: clock.now().timestamp()  # noqa: E731
    with running(SandboxSettings(seed=1, clock=now)) as sandbox:
        yield Desk(folder, sandbox, clock)
