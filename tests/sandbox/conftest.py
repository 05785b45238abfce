"""A network to talk to without sockets, a host for pictures, and environments for clients of others."""

from __future__ import annotations

import fcntl
import io
import os
import subprocess
import sys
import threading
import venv
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.sandbox.callers import AT_ONCE, NOON, SETTINGS, Caller
from tests.sandbox.page_reader import ORIGIN, Element, Reader
from threadsync.sandbox import pages
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

INSTALL_SECONDS_MAX = 300
UNREACHABLE = (
    "NewConnectionError",
    "ConnectTimeoutError",
    "Temporary failure in name resolution",
    "ProxyError",
)
"""What the installer says when it is not to blame."""


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


@dataclass
class MediaHost:
    base_url: str
    files: dict[str, bytes]

    def add(self, name: str, content: bytes) -> str:
        self.files[f"/{name}"] = content
        return f"{self.base_url}/{name}"


@pytest.fixture
def make_png() -> Callable[..., bytes]:
    return png


@pytest.fixture
def media_host() -> Iterator[MediaHost]:
    """A web server with the pictures a test puts there; it dies with the test."""
    files: dict[str, bytes] = {}

    class Files(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = files.get(self.path)
            self.send_response(302 if self.path == "/moved" else 200 if content is not None else 404)
            if self.path == "/moved":
                self.send_header("Location", "/map.png")
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Files)
    worker = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    worker.start()
    try:
        yield MediaHost(f"http://127.0.0.1:{server.server_port}", files)
    finally:
        server.shutdown()
        worker.join()
        server.server_close()


@pytest.fixture
def client_python() -> Callable[..., Path]:
    """Gives the interpreter of an environment that holds one package, ``NAME==VERSION``.

    It is made when it is first needed, and kept in ``.threadsync/venvs`` or where
    ``THREADSYNC_TEST_VENVS`` says. What the package needs and does not name may be given besides.
    """

    def interpreter(package: str, *undeclared: str) -> Path:
        chosen = os.environ.get("THREADSYNC_TEST_VENVS")
        home = Path(chosen) if chosen else Path(__file__).parents[2] / ".threadsync" / "venvs"
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        place = home / f"{package.replace('==', '-')}-py{version}"
        place.mkdir(parents=True, exist_ok=True)
        with (place / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (place / "ready").exists():
                _install(place, package, *undeclared)
                (place / "ready").touch()
        return place / "bin" / "python"

    return interpreter


def _install(place: Path, package: str, *undeclared: str) -> None:
    venv.create(place, with_pip=True, clear=False)
    command = [place / "bin" / "python", "-m", "pip", "install", "--quiet", package, *undeclared]
    done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS_MAX, check=False)
    if done.returncode and any(sign in done.stderr for sign in UNREACHABLE):
        pytest.skip(
            f"THE SANDBOX IS NOT CHECKED AGAINST {package}: no registry can be reached\n{done.stderr}"
        )
    assert done.returncode == 0, done.stderr


@pytest.fixture
def see(net):
    """Read the timeline of everybody, or of one profile."""

    def read(user: str = "", older: str = "") -> Element:
        page = pages.timeline(net.state, net.now, ORIGIN, user=user, older=older)
        assert page is not None
        return Reader(page).root

    return read


@pytest.fixture
def open_post(net):
    """Read the page of one post."""

    def read(media_id: str, after: str = "") -> Element:
        code = net.state.posts[media_id].shortcode
        page = pages.single(net.state, net.now, ORIGIN, shortcode=code, after=after)
        assert page is not None
        return Reader(page).root

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
