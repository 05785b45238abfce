"""``make state``: the examples as applied to the sandbox at a fixed time, with seeded ids.

It makes the committed ``state/threadsync.json``, so that ``threadsync plan`` in a fresh clone has
something to compare with. A test makes it again and compares all but what must differ.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from tests.operations.world import World
from threadsync.content.project import Project
from threadsync.execution.clock import Clock
from threadsync.execution.drivers import run
from threadsync.execution.logged import Errand
from threadsync.execution.sessions import InMemory, Kept, SessionKeeper, opened
from threadsync.execution.wire import Endpoint, answer_of, call_of
from threadsync.flows.effects import NoResponse, Request, Response
from threadsync.model.ids import TargetName
from threadsync.model.secret import SecretText
from threadsync.operations.connections import Connections, Files
from threadsync.providers.accounts import Session
from threadsync.providers.base import Provider
from threadsync.sandbox import bluesky, xrpc
from threadsync.testing.fakes import Answered, FakeClock

ROOT = Path(__file__).parents[2]
APPLIED_AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
BASE_URL = "http://127.0.0.1:8471"
TOKENS = {
    TargetName("threads/main"): "sandbox-lift_report",
    TargetName("threads/harbour"): "sandbox-harbour_desk",
}
BRAND = TargetName("bluesky/brand")
PROFILES = (bluesky.Profile("lift-report.test"), bluesky.Profile("harbour-desk.test"))
ANSWER_SECONDS = 0.05


@dataclass
class Examples(World):
    """The project of the examples, before both networks of a sandbox."""

    def __post_init__(self) -> None:
        """Make the Bluesky network too."""
        super().__post_init__()
        self.sky = bluesky.new_state(PROFILES, seed=1, base_url=self.base_url)

    @contextmanager
    def connect(
        self,
        project: Project,
        providers: Mapping[TargetName, Provider],
        files: Files,
        clock: Clock,
        errand: Errand,
    ) -> Iterator[Connections]:
        """Connect to both."""
        password = SecretText(PROFILES[0].secret)
        self.endpoint = Endpoint(self.base_url, lambda _: password, files.__getitem__)
        sessions = providers[BRAND].sessions
        assert sessions is not None, "an app password opens a session"
        kept = Kept(sessions, InMemory(), clock, lambda _: None)
        self.keeper = SessionKeeper(kept, lambda flow, perform: run(flow, perform, clock))
        with super().connect(project, providers, files, clock, errand) as connections:
            yield connections

    def answer(self, target: TargetName, request: Request) -> Answered:
        """Answer a request to either network."""
        if target != BRAND:
            return super().answer(target, request)
        return Answered(self.keeper.perform(request, self.answer_of_bluesky), ANSWER_SECONDS)

    def answer_of_bluesky(self, request: Request, session: Session | None) -> Response | NoResponse:
        """Answer *request* as it goes over the wire."""
        call = call_of(opened(self.endpoint, session), request)
        content = (
            b"".join(call.content)
            if call.content is not None and not isinstance(call.content, bytes)
            else call.content
        )
        url, headers = urlsplit(call.url), {name.lower(): value for name, value in call.headers.items()}
        asked, _ = xrpc.read_request(call.method, url.path, url.query, headers, content or b"")
        said = bluesky.handle(self.sky, asked, self.clock.now().timestamp())
        return answer_of(
            request,
            call,
            said.status,
            {**said.headers, "X-Sandbox-Origin": "sandbox:test"}.items(),
            said.encode(),
            duration_seconds=ANSWER_SECONDS,
        )


def make(into: Path) -> Path:
    """Apply the examples in the folder *into* and return the state file that came of it."""
    shutil.copy(ROOT / "threadsync.yaml", into)
    shutil.copytree(ROOT / "examples", into / "examples")
    world = Examples(into, FakeClock(APPLIED_AT), tokens=TOKENS, base_url=BASE_URL)
    became = world.applied(max_creates=50)
    assert set(became.values()) == {"applied"}, became
    return into / "state" / "threadsync.json"


def main() -> None:
    """Write the repository's state anew."""
    with tempfile.TemporaryDirectory() as folder:
        made = make(Path(folder))
        shutil.copy(made, ROOT / "state" / "threadsync.json")
    sys.stdout.write(f"{ROOT / 'state' / 'threadsync.json'}\n")


if __name__ == "__main__":
    main()
