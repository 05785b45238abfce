"""A network to talk to without sockets, one over a socket, and what they are asked with."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import asdict, replace
from PIL import Image

from tests.sandbox.callers import AT_ONCE, NOON, SETTINGS, Caller
from tests.sandbox.environments import interpreter
from tests.sandbox.hosts import MediaHost, media_serving
from tests.sandbox.page_reader import ORIGIN, Element, Reader
from threadsync.sandbox import pages
from threadsync.sandbox.pages.threads import ThreadsNetwork
from threadsync.sandbox.server import running
from threadsync.sandbox.settings import parse_fault
from threadsync.sandbox.threads import (
    Arm,
    Fetched,
    FetchedMedia,
    FetchFailed,
    MediaKind,
    Profile,
    Request,
    Response,
    State,
    Subscribe,
    apply,
    handle,
    new_state,
)


@dataclass
class Net:
    """One network and its clock; a call is a line."""

    state: State = field(
        default_factory=lambda: new_state([Profile("lift_report"), Profile("harbour_desk")], seed=7, now=NOON)
    )
    now: float = NOON + 100
    media: dict[str, Fetched] = field(default_factory=dict)

    def call(self, method: str, path: str, who: str = "lift_report", **params: str) -> Response:
        request = Request.of(method, path, params, token=f"sandbox-{who}")
        return handle(self.state, request, self.now, self.fetch)

    def fetch(self, url: str) -> Fetched:
        return self.media.get(url, FetchFailed("nothing there"))

    def get(self, path: str, who: str = "lift_report", **params: str) -> dict[str, Any]:
        answer = self.call("GET", path, who, **params)
        assert answer.status == 200, answer.body
        return answer.body

    def create(self, who: str = "lift_report", **params: str) -> str:
        answer = self.call("POST", "/v1.0/me/threads", who, **params)
        assert answer.status == 200, answer.body
        return str(answer.body["id"])

    def refused(self, who: str = "lift_report", **params: str) -> tuple[int, int, int | None]:
        """Status, code and subcode of a create call that must fail."""
        return fault_of(self.call("POST", "/me/threads", who, **params))

    def publish(self, container: str, who: str = "lift_report") -> Response:
        return self.call("POST", "/me/threads_publish", who, creation_id=container)

    def post(self, text: str = "Lifts", who: str = "lift_report", **params: str) -> str:
        """Put a text post up, and return its media id."""
        answer = self.publish(self.create(who, media_type="TEXT", text=text, **params), who)
        assert answer.status == 200, answer.body
        return str(answer.body["id"])

    def picture(self, url: str = "http://127.0.0.1/map.png", **changes: Any) -> str:
        """Serve a picture at *url*; *changes* are to its format or size."""
        good = FetchedMedia(MediaKind.IMAGE, "PNG", 20_000, f"{len(self.media):04}.png", 800, 600)
        self.media[url] = replace(good, **changes)
        return url

    def switch(self, **changes: Any) -> None:
        self.state.switches = replace(self.state.switches, **changes)

    def arm(self, *faults: str) -> None:
        apply(self.state, Arm(tuple(parse_fault(text) for text in faults)), self.now)

    def status(self, container: str) -> str:
        return str(self.get(f"/{container}", fields="status")["status"])

    def ids(self, path: str = "/me/threads", **params: str) -> list[str]:
        """The ids of a list, as it shows them."""
        return [row["id"] for row in self.get(path, **params)["data"]]


def fault_of(answer: Response) -> tuple[int, int, int | None]:
    error: Any = answer.body["error"]
    assert {"message", "type", "code", "fbtrace_id"} <= error.keys(), "these four are always there"
    return answer.status, error["code"], error.get("error_subcode")


@pytest.fixture
def net() -> Net:
    return Net()


@pytest.fixture
def new_net() -> Callable[[], Net]:
    return Net


@pytest.fixture
def fault() -> Callable[[Response], tuple[int, int, int | None]]:
    return fault_of


def png(width: int = 640, height: int = 480, colour: str = "teal") -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(content, "PNG")
    return content.getvalue()


@pytest.fixture
def make_png() -> Callable[..., bytes]:
    return png


@pytest.fixture
def media_host() -> Iterator[MediaHost]:
    with media_serving() as host:
        yield host


@pytest.fixture
def client_python() -> Callable[..., Path]:
    """Gives the interpreter of an environment that holds one package: see ``environments``."""
    return interpreter


@pytest.fixture
def see(net):
    """Read the timeline of everybody, or of one profile."""

    def read(user: str = "", older: str = "") -> Element:
        page = pages.timeline(ThreadsNetwork(net.state, net.now), ORIGIN, user=user, older=older)
        assert page is not None
        return Reader(page).root

    return read


@pytest.fixture
def open_post(net):
    """Read the page of one post."""

    def read(media_id: str, after: str = "") -> Element:
        network = ThreadsNetwork(net.state, net.now)
        post = network.post("", net.state.posts[media_id].shortcode)
        assert post is not None
        return Reader(pages.single(network, ORIGIN, post, after=after)).root

    return read


@pytest.fixture(scope="module")
def one_server():
    with running(SETTINGS) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(one_server):
    """The one server of this module, as if it were new."""
    one_server.reset()
    one_server.switch(**asdict(AT_ONCE))
    one_server.engine.command(Subscribe(()))
    one_server.advance(NOON - one_server.engine.look(lambda state, now: now))
    for profile in SETTINGS.profiles:
        one_server.add_profile(profile)
    return one_server


@pytest.fixture
def call(sandbox):
    return Caller(sandbox)
