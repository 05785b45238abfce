"""A world whose network fetches the very files that a run serves, and looks at their bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.operations.world import World
from threadsync.execution.hosting_web import LoopbackHost
from threadsync.flows.effects import Hosted
from threadsync.media.rendition import FOLDER
from threadsync.model.facts import MediaProblem
from threadsync.model.ids import MediaDigest, PublicUrl, TargetName
from threadsync.operations.connections import Connections
from threadsync.operations.validate import validate
from threadsync.sandbox import threads
from threadsync.sandbox.fetching import Shelf, probe
from threadsync.testing.fakes import FakePerformer


@dataclass
class Served(World):
    """A world whose network fetches what the run says is at an address, and looks at its bytes."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.files: Mapping[MediaDigest, Path] = {}
        self.fetched: list[threads.FetchedMedia] = []

    @contextmanager
    def connect(self, *what: object) -> Iterator[Connections]:
        files = what[2]
        assert isinstance(files, dict)
        self.files = files
        host = LoopbackHost()

        def check(_: TargetName, media: MediaDigest) -> MediaProblem | None:
            return host.check(media, files[media])

        performer = FakePerformer(self.clock, self.answer)
        yield Connections(performer, lambda _, media: Hosted(PublicUrl(f"mem:{media}")), check)

    def call(self, method: str, path: str, params: dict[str, str], token: str) -> threads.Response:
        request = threads.Request.of(method, path, params, token=token)
        return threads.handle(self.network, request, self.clock.now().timestamp(), self.fetch)

    def fetch(self, url: str) -> threads.Fetched:
        content = self.files[MediaDigest(url.removeprefix("mem:"))].read_bytes()
        assert hashlib.sha256(content).hexdigest() == url.removeprefix("mem:"), (
            "what is served is what was named"
        )
        found = probe(content, Shelf(None))
        self.fetched.append(found)
        return found

    def rules(self) -> list[str]:
        return [finding.rule for finding in validate(self.workspace).findings]

    def renditions(self) -> list[Path]:
        folder = self.root / FOLDER
        return sorted(folder.iterdir()) if folder.exists() else []
