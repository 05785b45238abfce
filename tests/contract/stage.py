"""Where a scenario is played: a fresh sandbox, somebody's client, and what the sandbox saw of it.

A scenario is a row of ``table.py``. ``Play`` is ours of it: what the sandbox holds before, and the steps.
What it comes to is an ``Outcome`` without addresses and ids, so that two clients' can be laid side by side.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import requests
from msgspec.structs import asdict, replace

from tests.execution.clients import AnyClient, OpenClient
from tests.sandbox.callers import AT_ONCE, NOON
from tests.sandbox.hosts import media_serving
from threadsync.sandbox.engine import RecordedRequest
from threadsync.sandbox.server import Sandbox, running
from threadsync.sandbox.settings import SandboxSettings
from threadsync.sandbox.threads import About, Profile, Request, State
from threadsync.sandbox.threads.content import Content
from threadsync.sandbox.threads.routes import find_route
from threadsync.testing.fakes import FakeClock

Json: TypeAlias = Any
Given: TypeAlias = Mapping[str, str]

PICTURES = Path(__file__).parents[2] / "examples" / "posts" / "pictures"
MEDIA = {
    "picture": ("gate.png", (PICTURES / "gate.png").read_bytes()),
    "other_picture": ("step.png", (PICTURES / "step.png").read_bytes()),
    # What begins as a film does.
    "film": ("lift.mp4", b"\x00\x00\x00\x18ftypmp42" + bytes(500)),
}
PLACE = "http://media.invalid"
"""Stands for the address of the media host, whose port is another one each time."""
CHOSEN = {"fields", "metric"}
"""Parameters whose values are names of what is asked for."""
BACK = "https://localhost:8000/back"
STATE = "nobody-guesses-this"
DAY_SECONDS = 86_400.0
DAYS = {"before": "2026-09-20", "since": "2026-09-22", "until": "2026-09-23"}
"""Two stretches of time from midnight to midnight, around the time at which the sandboxes start."""

ABOUT = About(follower_count=120, demographics={"country": {"CH": 70, "DE": 50}}, biography="Lifts.")
SETTINGS = SandboxSettings(
    seed=7,
    clock=lambda: NOON,
    switches=replace(AT_ONCE, advanced_access=True),
    profiles=(
        Profile("lift_report", is_eligible_for_geo_gating=True, has_instagram=True, about=ABOUT),
        Profile("harbour_desk", about=ABOUT),
    ),
    public_url="https://www.threads.invalid",
)


@dataclass(frozen=True, slots=True)
class Stage:
    """What the steps of a scenario have to do with."""

    client: AnyClient
    """Ours, for the profile ``lift_report``."""
    other: Callable[..., AnyClient]
    """Opens another one: for another token, or with secrets."""
    visit: Callable[[str], str]
    """Opens an address as a browser would, and returns where it is sent on to."""
    given: Given
    """The ids and addresses that were there before."""
    secrets: Given


Steps: TypeAlias = Callable[[Stage], Json]
Before: TypeAlias = Callable[[Sandbox], Given]


def nothing(_: Sandbox) -> Given:
    """Leave the sandbox as it is."""
    return {}


@dataclass(frozen=True, slots=True)
class Play:
    """One scenario, as our client plays it."""

    steps: Steps
    before: Before = nothing


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a scenario."""

    seen: Json
    """What the client was told."""
    left: Json
    """What the sandbox holds in the end: each post with all that it carries."""
    asked: Mapping[str, tuple[str, ...]]
    """The names of the parameters that it was sent, and of what was asked for with them, by operation; tokens
    are not recorded."""


@dataclass(slots=True)
class Scene:
    """A sandbox that is ready for a scenario."""

    sandbox: Sandbox
    given: Given
    secrets: Given
    media_url: str

    def outcome(self, seen: Json) -> Outcome:
        """Return what came of the scenario, of which the client *seen*."""
        record = self.sandbox.requests()
        return self.sandbox.engine.look(lambda state, _: _outcome(state, record, seen))


@contextmanager
def scene(play: Play) -> Iterator[Scene]:
    """Set up a fresh sandbox for *play*; what is asked of it from now on is on its record."""
    with media_serving() as host, running(SETTINGS) as sandbox:
        media = {name: host.add(*file) for name, file in MEDIA.items()}
        given = dict(play.before(sandbox))
        secrets = {"app_secret": sandbox.app.secret, "short": given.pop("short", "")}
        plain = {"app": sandbox.app.id, "back": BACK, "state": STATE, **DAYS}
        sandbox.engine.forget_requests()
        yield Scene(sandbox, {**plain, **media, **given}, secrets, host.base_url)


@contextmanager
def staged(
    open_client: OpenClient, base_url: str, token: str, given: Given, secrets: Given
) -> Iterator[Stage]:
    """Open our client on a stage."""
    with ExitStack() as closing:

        def client(**settings: Any) -> AnyClient:
            return closing.enter_context(open_client(FakeClock(), base_url=base_url, **settings))

        yield Stage(client(token=token), client, partial(_visit, base_url), given, secrets)


def _visit(base_url: str, url: str) -> str:
    here = url.replace("https://threads.com", base_url)
    with requests.get(here, allow_redirects=False, timeout=10) as answer:
        return answer.headers["Location"]


def _outcome(state: State, record: tuple[RecordedRequest, ...], seen: Json) -> Outcome:
    every = (*state.posts.values(), *state.deleted.values())
    own = sorted((post for post in every if not post.child_of), key=lambda post: post.number)
    names = {post.id: f"post {number}" for number, post in enumerate(own, 1)}
    names |= {each.id: f"the id of {each.name}" for each in state.accounts.values()}
    names |= dict.fromkeys(state.containers, "a container")
    left = [
        {
            "by": state.accounts[post.owner].name,
            "parent": post.parent,
            "reposted": post.reposted,
            "children": [state.posts[each].content.media_type for each in post.children],
            "hide_status": post.hide_status,
            "approval": str(post.approval),
            "is_deleted": post.deleted_at is not None,
            **_carried(post.content),
        }
        for post in own
    ]
    return Outcome(_named(seen, names), _named(left, names), _asked(state, record))


def _carried(content: Content) -> Json:
    """Return what a post carries that it need not."""
    usual = asdict(Content(content.media_type))
    # A container is made in one way or another; that is no property of the post.
    own = {"children", "reply_to", "source_url", "auto_publish"}
    found = {name: value for name, value in asdict(content).items() if name not in own}
    return {name: value for name, value in found.items() if name == "media_type" or value != usual[name]}


def _named(value: Json, names: Mapping[str, str]) -> Json:
    """Return *value* with names where ids stood, without what is empty."""
    match value:
        case dict():
            kept = {name: _named(each, names) for name, each in value.items()}
            return {name: each for name, each in kept.items() if each not in ("", [], None, False)}
        case list() | tuple():
            return [_named(each, names) for each in value]
        case str():
            return names.get(value, value)
    return value


def _asked(state: State, record: tuple[RecordedRequest, ...]) -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = {}
    for each in record:
        route = find_route(state, Request(each.method, each.path, each.params, None))
        operation = str(route.operation) if route is not None else f"{each.method} {each.path}"
        names = found.setdefault(operation, set())
        names.update(name.removesuffix("_digest") for name in each.params)
        for name in CHOSEN & each.params.keys():
            # What stands in braces belongs to the name before them.
            chosen = re.sub(r"\{[^}]*\}", "", each.params[name]).split(",")
            names.update(f"{name}: {each_name.strip()}" for each_name in chosen)
    return {operation: tuple(sorted(names)) for operation, names in sorted(found.items())}
