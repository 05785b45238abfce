"""The page that leads to a first post on Bluesky, run as it stands, with the sandbox in the network's place.

Changed is the address alone. Where the page speaks of a terminal, a person sits at one (``person.py``).
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image

from tests.live.pages import run_as_it_stands
from tests.live.projects import ENVIRON, ROOT
from threadsync.sandbox.bluesky import Profile
from threadsync.sandbox.server import running
from threadsync.sandbox.settings import SandboxSettings

PAGE = (ROOT / "docs" / "bluesky.md").read_text(encoding="utf-8")
WHO = "lifts.bsky.social"
LOGIN = "threadsync auth login bluesky/brand"

pytest.importorskip("libipld")
pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(shutil.which("git") is None, reason="not tested without git: docs/bluesky.md"),
]


def test_the_page_leads_to_a_first_post_and_a_chain(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    shim = tmp_path / "bin/threadsync"
    shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m threadsync "$@"\n')
    shim.chmod(0o755)
    Image.new("RGB", (640, 480), "teal").save(tmp_path / "map.png")
    settings = SandboxSettings(bluesky_profiles=(Profile(WHO),))
    with running(settings) as network:
        environ = {
            **ENVIRON,
            "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
            "HOME": str(tmp_path),
            "THREADSYNC_TEST_NETWORK": network.base_url,
            "THREADSYNC_TEST_TOKEN": network.token(WHO),
        }

        def here(text: str) -> str:
            text = text.replace("threadsync init", f"threadsync init --base-url {network.base_url}")
            at_a_terminal = f'"{sys.executable}" "{ROOT / "tests/live/person.py"}" {LOGIN}'
            text = text.replace(LOGIN, at_a_terminal)
            return f"cp ../map.png posts/\n{text}" if text.startswith("cat > posts/lift") else text

        said = run_as_it_stands(PAGE, tmp_path, environ, given=here)
        posts = network.ledger()["bluesky"]["posts"]
    assert Counter(post["text"].split()[0] for post in posts) == {"Hello!": 1, "We": 1, "The": 1}
    assert network.token(WHO) not in said
    assert "password" in (tmp_path / "desk/.gitignore").read_text().splitlines()
    assert (tmp_path / "desk/password").stat().st_mode & 0o777 == 0o600


def test_what_the_page_says_of_messages_is_what_the_program_says() -> None:
    """The rows of its table stand in the code, or in what a real server answers (tests/live/bluesky)."""
    rows = re.findall(r"^\| `([^`]+)` \| ", PAGE.partition("| `auth login` or")[2], re.MULTILINE)
    sources = "".join(
        " ".join(path.read_text(encoding="utf-8").split())
        for path in (ROOT / "threadsync").rglob("*.py")
        if path.parts[-2] in {"bluesky", "operations"} or path.name == "errors.py"
    ).replace("{module}", "libipld")
    for said in ["Invalid identifier or password", *rows[1:4]]:
        assert said in sources, said
