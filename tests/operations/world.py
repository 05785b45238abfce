"""A whole project on disk, the sandbox's pure Threads behind it, and virtual time: apply without a socket."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

from msgspec.structs import replace
from PIL import Image

from threadsync.execution.seams import Unwatched
from threadsync.flows.effects import FormBody, Hosted, NoResponse, Request, Response, Secret
from threadsync.model.facts import MediaProblem
from threadsync.model.ids import PublicUrl, TargetName
from threadsync.model.state import State
from threadsync.operations.apply import AppliedPlan, ApplyOptions, apply
from threadsync.operations.asking import Person
from threadsync.operations.connections import Connections
from threadsync.operations.plan import Prepared, plan
from threadsync.operations.workspace import Workspace, open_project
from threadsync.planning.actions import Action
from threadsync.sandbox import threads
from threadsync.testing.fakes import Answered, FakeClock, FakePerformer

START = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
TOKENS = {TargetName("threads/main"): "sandbox-main", TargetName("threads/brand"): "sandbox-brand"}

PROJECT = """\
version: 1
id: test
posts: posts
state: state/threadsync.json
zone: UTC
targets:
  threads/main: {account: main, credential: env:X, base_url: http://127.0.0.1:1, media_host: local}
  threads/brand: {account: brand, credential: env:X, base_url: http://127.0.0.1:1, media_host: local}
media_hosts:
  local: {kind: loopback}
"""


def picture(color: str = "red") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (640, 480), color).save(out, "JPEG")
    return out.getvalue()


class Killed(BaseException):
    """The process died here: nothing after this point happened."""


@dataclass
class World:
    """One project folder, its networks and its clock; every verb opens it anew, as a process would."""

    root: Path
    clock: FakeClock = field(default_factory=lambda: FakeClock(START))
    sent: list[str] = field(default_factory=list)
    kill_at_request: int | None = None
    tokens: Mapping[TargetName, str] = field(default_factory=lambda: TOKENS)
    base_url: str = "http://127.0.0.1:1"
    media_problem: MediaProblem | None = None

    def __post_init__(self) -> None:
        profiles = [
            threads.Profile(
                token.removeprefix("sandbox-"), is_eligible_for_geo_gating=True, has_instagram=True
            )
            for token in self.tokens.values()
        ]
        now = self.clock.now().timestamp()
        self.network = threads.new_state(profiles, seed=1, now=now, base_url=self.base_url)
        if not (self.root / "threadsync.yaml").exists():
            self.write("threadsync.yaml", PROJECT)
            (self.root / "posts").mkdir()

    # Files.

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def post(self, key: str, text: str, *, targets: str = "threads/main", **front: object) -> Path:
        lines = "".join(f"{name}: {value}\n" for name, value in front.items())
        return self.write(f"posts/{key}.md", f"---\nkey: {key}\ntargets: [{targets}]\n{lines}---\n{text}\n")

    def remove(self, key: str) -> None:
        (self.root / f"posts/{key}.md").unlink()

    # Verbs.

    @property
    def workspace(self) -> Workspace:
        opened = open_project(self.root, clock=self.clock, exact=True)
        here = replace(opened.surroundings, user=lambda: "maria", ci_run=lambda: "")
        return replace(opened, connect=self.connect, surroundings=here)

    def plan(self, *selectors: str, at: datetime | None = None) -> dict[str, Action]:
        return by_address(plan(self.workspace, selectors, at=at))

    def apply(self, *selectors: str, person: Person | None = None, **options: object) -> AppliedPlan:
        said = {"yes": person is None, "first_run": True, "selectors": selectors, **options}
        return apply(
            self.workspace,
            ApplyOptions(**said),  # type: ignore[arg-type]
            person=person,
            show=lambda _: None,
            watcher=Unwatched(),
        )

    def applied(self, *selectors: str, **options: object) -> dict[str, str]:
        """Apply and return what became of each action."""
        done = self.apply(*selectors, **options)
        return {str(each.address): each.became.value for each in done.report.actions} if done.report else {}

    def died(self, request: int, **options: object) -> bool:
        """Apply and die with the answer to the given request; False if there were fewer."""
        self.kill_at_request = len(self.sent) + request
        try:
            self.apply(**options)  # type: ignore[arg-type]
        except Killed:
            # What the ending ``with`` blocks still did never happened: the disk is as it was at the kill.
            shutil.rmtree(self.root / "state")
            shutil.copytree(self.root / "at-kill", self.root / "state")
            (self.root / "state/threadsync.json.lock").unlink()
            return True
        finally:
            self.kill_at_request = None
        return False

    @property
    def state(self) -> State:
        found = self.workspace.store.read().state
        assert found is not None
        return found

    # The network.

    def live(self, name: str = "main") -> list[str]:
        """The texts of a profile's live posts, oldest first."""
        return [post.content.text for post in self.posts(name)]

    def posts(self, name: str = "main") -> list[threads.Post]:
        account = threads.account_id(name)
        found = [post for post in self.network.live() if post.owner == account and not post.child_of]
        return sorted(found, key=lambda post: post.number)

    def switch(self, **changes: object) -> None:
        self.network.switches = replace(self.network.switches, **changes)  # type: ignore[arg-type]

    def arm(self, *faults: threads.Fault) -> None:
        threads.apply(self.network, threads.Arm(faults), self.clock.now().timestamp())

    def delete_by_hand(self, text: str, name: str = "main") -> None:
        (post,) = [each for each in self.posts(name) if each.content.text == text]
        self.call("DELETE", f"/{post.id}", {}, f"sandbox-{name}")

    def post_by_hand(self, text: str, name: str = "main") -> str:
        answer = self.call(
            "POST",
            "/me/threads",
            {"media_type": "TEXT", "text": text, "auto_publish_text": "true"},
            f"sandbox-{name}",
        )
        return str(json.loads(answer.encode())["id"])

    def call(self, method: str, path: str, params: dict[str, str], token: str) -> threads.Response:
        request = threads.Request.of(method, path, params, token=token)
        return threads.handle(self.network, request, self.clock.now().timestamp(), fetched)

    @contextmanager
    def connect(self, *_: object) -> Iterator[Connections]:
        performer = FakePerformer(self.clock, self.answer)
        yield Connections(
            performer, lambda _, media: Hosted(PublicUrl(f"mem:{media}")), lambda *_: self.media_problem
        )

    def answer(self, target: TargetName, request: Request) -> Answered:
        now = self.clock.now().timestamp()
        threads.run_due(self.network, now)
        token = self.tokens[target]
        params = {
            name: token if isinstance(value, Secret) else value for name, value in request.params.items()
        }
        if isinstance(request.body, FormBody):
            params |= {name: str(value) for name, value in request.body.fields.items()}
        self.sent.append(f"{request.method} {request.path.removeprefix('/v1.0')}")
        reply = self.call(request.method, request.path, params, token)
        self.kill()
        if reply.dropped:
            return Answered(NoResponse("connection reset", sent=True), reply.delay_seconds)
        dated = datetime.fromtimestamp(now + self.network.switches.clock_skew_seconds, UTC)
        headers = {"date": format_datetime(dated, usegmt=True), "x-sandbox-origin": "sandbox:test"}
        return Answered(Response(reply.status, reply.encode(), headers), 0.05 + reply.delay_seconds)

    def kill(self) -> None:
        """Die, if the last request was the one to die with."""
        if len(self.sent) == self.kill_at_request:
            shutil.rmtree(self.root / "at-kill", ignore_errors=True)
            shutil.copytree(self.root / "state", self.root / "at-kill")
            raise Killed


def fetched(url: str) -> threads.Fetched:
    if not url.startswith("mem:"):
        return threads.FetchFailed("no such address")
    return threads.FetchedMedia(threads.MediaKind.IMAGE, "JPEG", 9000, url.removeprefix("mem:"), 640, 480)


def by_address(prepared: Prepared) -> dict[str, Action]:
    return {str(action.address): action for action in prepared.plan.actions}


def words(actions: dict[str, Action]) -> dict[str, str]:
    return {address: f"{action.word} {action.reason}" for address, action in actions.items()}
