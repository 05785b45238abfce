"""MarshalX's ``atproto``, written for the real network, publishes on the sandbox; nothing of it is changed.

What it makes of the real server is in ``tests/live/bluesky/test_atproto.py``.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.media.films import film
from tests.media.test_rendition import encoded, flag
from tests.sandbox.environments import interpreter
from threadsync import Client
from threadsync.providers.bluesky import api
from threadsync.sandbox.bluesky.state import did_of
from threadsync.sandbox.server import running
from threadsync.sandbox.settings import SandboxSettings

cids = pytest.importorskip("threadsync.providers.bluesky.cids", exc_type=ImportError)
pytestmark = pytest.mark.live

PACKAGE = "atproto==0.0.73"
SCRIPT = Path(__file__).parents[1] / "live" / "bluesky" / "peers" / "with_atproto.py"
HANDLE = "lift-report.test"


def test_it_writes_a_post_of_each_kind_and_each_is_there_as_it_says(tmp_path: Path) -> None:
    (tmp_path / "map.png").write_bytes(encoded(flag(40, 30), "PNG"))
    assert film(tmp_path / "ride.mp4").exists()
    did = did_of(HANDLE)
    with running(SandboxSettings(seed=7)) as sandbox:
        order = {
            "do": "write",
            "url": sandbox.base_url,
            "handle": HANDLE,
            "password": f"sandbox-{HANDLE}",
            "did": did,
            "pieces": [["text", "Grüße, "], ["link", "die Karte", "https://example.org/map"]],
            "picture": str(tmp_path / "map.png"),
            "film": str(tmp_path / "ride.mp4"),
        }
        done = subprocess.run(
            [interpreter(PACKAGE), "-W", "ignore", SCRIPT],
            input=json.dumps(order),
            env={"PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        made: dict[str, list[str]] = json.loads(done.stdout)
        kinds: Counter[str] = Counter()
        with Client(network="bluesky", base_url=sandbox.base_url) as reader:
            for address, cid in made.values():
                uri = api.AtUri.parse(address)
                assert uri is not None
                value: dict[str, Any] = dict(
                    reader.run(api.get_record(uri.repo, uri.collection, uri.rkey)).value
                )
                assert cids.of_record(value) == cid
                embed = value.get("embed", {})
                kinds[embed.get("$type", uri.collection).rpartition(".")[2]] += 1
    assert kinds == {
        "post": 4,
        "images": 1,
        "video": 1,
        "external": 1,
        "record": 1,
        "recordWithMedia": 1,
        "repost": 1,
        "threadgate": 1,
    }
