"""A project with Threads and Bluesky in it: both models, one clock, and either may be down."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.operations.world import World
from tests.sandbox.sky import Sky
from threadsync.flows.effects import Hosted, NoResponse, Request
from threadsync.model.ids import MediaDigest, PublicUrl, TargetName, network_of
from threadsync.operations.connections import Connections
from threadsync.testing.fakes import Answered, FakePerformer

BRAND, OTHER, READER = "brand.test", "other.test", "reader.test"
HANDLES = {TargetName("bluesky/brand"): BRAND, TargetName("bluesky/other"): OTHER}
PROJECT = """\
version: 1
id: test
zone: UTC
targets:
  threads/main: {account: main, credential: env:X, base_url: http://127.0.0.1:1, media_host: local}
  bluesky/brand: {account: brand.test, credential: env:X, base_url: http://127.0.0.1:2}
  bluesky/other: {account: other.test, credential: env:X, base_url: http://127.0.0.1:2}
media_hosts:
  local: {kind: loopback}
"""


@dataclass
class Both(World):
    """Two networks, where the sessions of all accounts are open."""

    down: set[str] = field(default_factory=set)
    """Networks that nobody can connect to."""
    files: Mapping[MediaDigest, Path] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.write("threadsync.yaml", PROJECT)
        self.sky = Sky(self.clock, (BRAND, OTHER, READER))

    @contextmanager
    def connect(self, *what: object) -> Iterator[Connections]:
        files = what[2]
        assert isinstance(files, dict)
        self.files = files
        performer = FakePerformer(self.clock, self.answer)
        yield Connections(
            performer, lambda _, media: Hosted(PublicUrl(f"mem:{media}")), lambda *_: self.media_problem
        )

    def answer(self, target: TargetName, request: Request) -> Answered:
        if network_of(target) in self.down:
            return Answered(NoResponse("connection refused", sent=False), 0.01)
        if target in HANDLES:
            return self.sky.answer(request, HANDLES[target], self.files)
        return super().answer(target, request)
