"""The page for users of pysky: its blocks, and how ours are run as one program, against any server."""

from __future__ import annotations

import ast
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image

from tests.execution.servers import Peer, Server, target_of
from tests.media.films import film
from tests.sandbox.beside import blocks
from threadsync.providers.bluesky import api

PAGE = (Path(__file__).parents[2] / "docs" / "from-pysky.md").read_text(encoding="utf-8")
REPORT = "https://lifts.example.org/report"
CARD = b"""<title>x</title><meta property="og:title" content="12 lifts">
<meta property="og:description" content="Broken.">"""
POST = "app.bsky.feed.post"
LEFT = [
    ("Hello Bluesky", "", "", 0),
    ("12 lifts were broken.", "", "", 0),
    ("The ferry to Hafen is running again.", "", "", 0),
    ("Click here to go to Bluesky 🚀 #lifts", "", "", 2),
    ("Look at these 2 images:", "images", "", 0),
    ("Look at this video:", "video", "", 0),
    ("The whole report", "external", "", 0),
    ("Original post", "", "", 0),
    ("Reply post", "", "Original post", 0),
    ("👍", "", "Reply post", 0),
    ("One of very many", "", "", 0),
]
"""What our blocks leave on an account: text, embed, the post that it is a reply to, and how many facets."""


def files(folder: Path) -> None:
    """Put what the blocks send into *folder*: one picture is larger than any server takes."""
    noise = Image.frombytes("RGB", (1000, 900), os.urandom(2_700_000))
    noise.save(folder / "image1.png")
    Image.new("RGB", (640, 480), "teal").save(folder / "image2.png")
    for number, name in enumerate(("video.mp4", "ride.mp4", "ride.mkv")):
        assert film(folder / name, pictures=6 + number).exists()


@contextmanager
def report() -> Iterator[str]:
    """Serve the page of the link card, and yield its address."""

    def serve(peer: Peer) -> None:
        while request := peer.request():
            assert target_of(request).endswith("/report")
            peer.answer(CARD, "Content-Type: text/html")

    with Server(serve) as server:
        yield f"{server.url}/report"


class _There(ast.NodeTransformer):
    """Gives every client that has no address the one of a server, and where its neighbours are."""

    def __init__(self, base_url: str, settings: Mapping[str, str]) -> None:
        self._named = [
            ast.keyword("base_url", ast.Constant(base_url)),
            ast.keyword("settings", ast.parse(repr(dict(settings)), mode="eval").body),
        ]

    def visit_Call(self, node: ast.Call) -> ast.AST:
        is_client = isinstance(node.func, ast.Name) and node.func.id == "Client"
        if is_client and not any(each.arg == "base_url" for each in node.keywords):
            node.keywords += self._named
        return self.generic_visit(node)


def run(
    base_url: str, settings: Mapping[str, str], link: str, without: Collection[str] = ()
) -> dict[str, Any]:
    """Run our blocks as one program in the working folder, and return its names.

    Nothing of a block is changed but the addresses it talks to; parts with a name of *without* are left out.
    """
    names: dict[str, Any] = {}
    for title, text in blocks(PAGE, "threadsync"):
        if not set(without) & set(title.split(", ")):
            tree = _There(base_url, settings).visit(ast.parse(text.replace(REPORT, link)))
            exec(compile(ast.fix_missing_locations(tree), title, "exec"), names)
    return names


def left(records: Sequence[api.Record]) -> list[tuple[str, str, str, int]]:
    """Return what stands on an account, as ``LEFT`` says it, in the order of ``LEFT``."""
    texts = {each.uri: str(each.value["text"]) for each in records}
    found = []
    for value in (dict[str, Any](each.value) for each in records):
        embed = str(value.get("embed", {}).get("$type", "")).rpartition(".")[2]
        parent = value.get("reply", {}).get("parent", {}).get("uri", "")
        found.append((value["text"], embed, texts.get(parent, ""), len(value.get("facets", ()))))
    order = [text for text, *_ in LEFT]
    return sorted(found, key=lambda row: order.index(row[0]))
