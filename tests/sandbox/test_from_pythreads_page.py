"""The page for users of PyThreads: every block of it runs, theirs and ours, and both ask for the same.

Ours runs always, in this process. Theirs runs in an environment of its own (see ``client_python`` in
conftest.py). Nothing of a block is changed but the addresses it talks to, and how long it sleeps.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
import requests

from tests.media.films import film
from tests.sandbox.beside import blocks
from threadsync import Credentials
from threadsync.providers.threads.api import SCOPES
from threadsync.sandbox.server import Sandbox, running
from threadsync.sandbox.settings import SandboxSettings
from threadsync.sandbox.threads import About, Profile, Switches

pytestmark = pytest.mark.live

PAGE = (Path(__file__).parents[2] / "docs" / "from-pythreads.md").read_text(encoding="utf-8")
PACKAGE = "pythreads==0.2.1"
BACK = "https://app.example.org/back"
MEDIA = "https://media.example.org"
SURFACE = {
    "ALL_SCOPES",
    "API",
    "Configuration",
    "ContainerStatus",
    "Credentials",
    "Media",
    "MediaType",
    "PublishingError",
    "PublishingStatus",
    "ReplyControl",
    "Threads",
    "ThreadsAccessTokenExpired",
    "ThreadsAuthenticationError",
    "ThreadsInvalidParameter",
    "ThreadsResponseError",
    "account",
    "authorization_url",
    "build_graph_api_url",
    "complete_authorization",
    "container",
    "container_status",
    "conversation",
    "create_carousel_container",
    "create_container",
    "expired",
    "expires_in",
    "fetch_long_lived_token",
    "fetch_user_id_and_token",
    "from_json",
    "insights",
    "load_configuration",
    "manage_reply",
    "publish_container",
    "publishing_limit",
    "refresh_long_lived_token",
    "replies",
    "scopes_str",
    "session",
    "thread",
    "threads",
    "to_json",
    "user_insights",
}
"""What PyThreads offers: its classes, their methods and its exceptions."""
OURS_ALONE = {"build_graph_api_url": {("GET", "/me")}}
"""What only our block of a part asks for, and theirs does not."""

Calls = dict[str, set[tuple[str, str]]]


def test_every_part_has_a_block_of_each() -> None:
    titles = [title for title, _ in blocks(PAGE, "PyThreads")]
    assert titles == [title for title, _ in blocks(PAGE, "threadsync")]
    assert len(titles) == len(set(titles)) == PAGE.count("\n### ")
    assert PAGE.count("```python") == 2 * len(titles) + 1, "one call has nothing of theirs beside it"


def test_all_that_pythreads_offers_is_in_the_title_of_a_part() -> None:
    named = {name for title, _ in blocks(PAGE, "PyThreads") for name in re.findall(r"\w+", title)}
    assert SURFACE - named == set()


class Readers:
    """What the blocks of one side find: a sandbox, an app, media; and what they asked for, part by part."""

    def __init__(self, sandbox: Sandbox, media: str) -> None:
        self.sandbox = sandbox
        self.environ = {
            "THREADS_APP_ID": sandbox.app.id,
            "THREADS_API_SECRET": sandbox.app.secret,
            "THREADS_REDIRECT_URI": BACK,
        }
        self._media = media
        self._seen = 0
        self.calls: Calls = {}

    def code(self, text: str) -> str:
        return text.replace(MEDIA, self._media).replace("sleep(15)", "sleep(0.02)")

    def noted(self, title: str) -> None:
        every = self.sandbox.requests()
        rows, self._seen = every[self._seen :], len(every)
        self.calls[title] = {(row.method, _shape(row.path)) for row in rows} - {("GET", "/oauth/authorize")}

    def published(self) -> list[tuple[str, str, bool]]:
        rows: Any = self.sandbox.ledger()
        return [(row["text"], row["media_type"], bool(row["parent"])) for row in rows["posts"]]


def _shape(path: str) -> str:
    """Return *path* with names for its ids: PyThreads writes the account's, where we write ``me``."""
    path = re.sub(r"^/\d+(?=/threads)", "/me", path.removeprefix("/v1.0"))
    return re.sub(r"\d+", "{id}", path)


class _Quiet(SimpleHTTPRequestHandler):
    """Serves files as a web server does, each under its own media type."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@pytest.fixture
def readers(make_png, tmp_path) -> Iterator[Callable[[], Any]]:
    """Give what opens a sandbox with media beside it."""
    served = tmp_path / "media"
    served.mkdir()
    (served / "map.png").write_bytes(make_png())
    film(served / "ride.mp4")
    profile = Profile("lift_report", about=About(follower_count=120))
    delays = Switches(
        image_delay_seconds=0, video_delay_seconds=0, carousel_delay_seconds=0, refresh_age_min_seconds=0
    )
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(served)))
    worker = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})

    @contextmanager
    def opened() -> Iterator[Readers]:
        with running(SandboxSettings(seed=7, profiles=(profile,), switches=delays)) as sandbox:
            yield Readers(sandbox, f"http://127.0.0.1:{server.server_port}")

    worker.start()
    try:
        yield opened
    finally:
        server.shutdown()
        worker.join()
        server.server_close()


class _AtTheSandbox(ast.NodeTransformer):
    """Gives every client the address of the sandbox."""

    def __init__(self, base_url: str) -> None:
        self._where = ast.keyword("base_url", ast.Constant(base_url))

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if isinstance(node.func, ast.Name) and node.func.id in {"Client", "AsyncClient"}:
            node.keywords.append(self._where)
        return self.generic_visit(node)


def compiled(found: Readers, text: str, title: str) -> CodeType:
    tree = _AtTheSandbox(found.sandbox.base_url).visit(ast.parse(found.code(text)))
    return compile(ast.fix_missing_locations(tree), title, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


async def ours(found: Readers) -> dict[str, Any]:
    """Run our blocks one after the other, as one program, and return its names."""
    names: dict[str, Any] = {}
    for title, text in blocks(PAGE, "threadsync"):
        running_block = eval(compiled(found, text, title), names)
        if inspect.iscoroutine(running_block):
            await running_block
        if "auth_url" in names and "requested_url" not in names:
            window = names["auth_url"].replace("https://threads.com", found.sandbox.base_url)
            with requests.get(window, allow_redirects=False, timeout=10) as sent:
                names["requested_url"] = sent.headers["Location"]
        found.noted(title)
    return names


def test_our_blocks_run_as_they_stand(readers, monkeypatch, tmp_path, capsys) -> None:
    """From the authorization to insights; what they publish is there once, the errors are the named ones."""
    monkeypatch.chdir(tmp_path)
    with readers() as found:
        for name, value in found.environ.items():
            monkeypatch.setenv(name, value)
        names = asyncio.run(ours(found))
        assert found.published() == [
            ("A text-only post", "TEXT", False),
            ("Twelve of forty", "IMAGE", False),
            ("Here's a carousel", "CAROUSEL", False),
            ("And a reply", "TEXT", True),
        ]
    posts = [names[name].id for name in ("carousel", "picture", "post")]
    assert names["names"] == posts, "the pages hold every post, newest first"
    assert names["direct"] == names["every"] == [names["reply"].id]
    assert names["status"].status == "FINISHED"
    said = capsys.readouterr().out
    for words in ("4711 frozenset({'threads_basic'})", "3 of 250", "not-ready 24", "['GET /v1.0/me']"):
        assert words in said


def test_one_call_publishes_once_and_says_it_again(readers, monkeypatch, tmp_path, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    part = PAGE.partition("## In one call\n")[2].partition("\n## ")[0]
    (text,) = re.findall(r"^```python\n(.*?)^```$", part, re.MULTILINE | re.DOTALL)
    with readers() as found:
        credentials = Credentials("1", found.sandbox.token("lift_report"))
        exec(compiled(found, text, "In one call"), {"credentials": credentials})
        assert found.published() == [("Twelve of forty", "IMAGE", False)]
    first, second = capsys.readouterr().out.split()
    assert first == second


PLAYER = """
import ast, asyncio, inspect, json, os, sys, requests
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
base = sys.argv[1]
report, sys.stdout = sys.stdout, sys.stderr
from pythreads import api, configuration, credentials, threads
threads.GRAPH_API_BASE_URL = base + "/"

def offered():
    for module in (api, configuration, credentials, threads):
        for name, value in vars(module).items():
            if not name.startswith("_") and getattr(value, "__module__", "") == module.__name__:
                yield name
                if inspect.isclass(value) and not hasattr(value, "__members__"):
                    fields = getattr(value, "__dataclass_fields__", ())
                    yield from (each for each in vars(value) if each not in fields and each[0] != "_")

def told(value):
    print(json.dumps(value), file=report, flush=True)

async def main():
    names = {}
    told(sorted(set(offered())))
    for line in sys.stdin:
        title, text = json.loads(line)
        running = eval(compile(text, title, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), names)
        if inspect.iscoroutine(running):
            await running
        if "auth_url" in names and "requested_url" not in names:
            window = names["auth_url"].replace("https://threads.net", base)
            names["requested_url"] = requests.get(window, allow_redirects=False).headers["Location"]
        told(title)
    told([names["names"], names["direct"], names["every"], names["stored"]])

asyncio.run(main())
"""


@pytest.mark.skipif(
    sys.version_info >= (3, 13),
    reason="not tested where aiohttp 3.9 has no wheels: the blocks of PyThreads in docs/from-pythreads.md",
)
def test_the_blocks_of_pythreads_run_and_ask_for_what_ours_ask(
    readers, client_python, monkeypatch, tmp_path
) -> None:
    monkeypatch.chdir(tmp_path)
    with readers() as found:
        for name, value in found.environ.items():
            monkeypatch.setenv(name, value)
        asyncio.run(ours(found))
        expected, wanted = found.calls, found.published()
    with readers() as found:
        environ = {"PATH": os.environ["PATH"], "CI": "1", **found.environ}
        with subprocess.Popen(
            [client_python(PACKAGE), "-c", PLAYER, found.sandbox.base_url],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ,
        ) as process:  # fmt: skip
            assert process.stdin is not None
            assert process.stdout is not None
            offered = json.loads(process.stdout.readline())
            for title, text in blocks(PAGE, "PyThreads"):
                process.stdin.write(json.dumps([title, found.code(text)]) + "\n")
                process.stdin.flush()
                if not process.stdout.readline():
                    break
                found.noted(title)
            rest, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        assert set(offered) == SURFACE
        assert found.published() == wanted
        for title, calls in expected.items():
            assert calls - OURS_ALONE.get(title, set()) == found.calls[title], title
    listed, direct, every, stored = json.loads(rest)
    assert (len(listed), len(direct), direct) == (3, 1, every)
    assert Credentials.from_json(stored).scopes == set(SCOPES[:5]), "what they stored is read here as it is"
