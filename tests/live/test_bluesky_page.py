"""The page that leads to a first post on Bluesky, run as it stands, with the sandbox in the network's place.

Changed is the address alone. Where the page speaks of a terminal, a person sits at one (``person.py``).
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.live.desk import desk
from tests.live.pages import run_as_it_stands
from tests.live.projects import ROOT
from threadsync.sandbox.bluesky import Profile
from threadsync.sandbox.settings import SandboxSettings

PAGE = (ROOT / "docs" / "bluesky.md").read_text(encoding="utf-8")
WHO = "lifts.bsky.social"

pytest.importorskip("libipld")
pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(shutil.which("git") is None, reason="not tested without git: docs/bluesky.md"),
]


def test_the_page_leads_to_a_first_post_and_a_chain(tmp_path: Path) -> None:
    Image.new("RGB", (640, 480), "teal").save(tmp_path / "map.png")
    with desk(tmp_path, SandboxSettings(bluesky_profiles=(Profile(WHO),))) as at:
        network = at.sandbox
        at.environ["THREADSYNC_TEST_TOKEN"] = network.token(WHO)

        def here(text: str) -> str:
            text = at.given(text.replace("threadsync init", f"threadsync init --base-url {network.base_url}"))
            return f"cp ../map.png posts/\n{text}" if text.startswith("cat > posts/lift") else text

        said = run_as_it_stands(PAGE, tmp_path, at.environ, given=here)
        ledger: Any = network.ledger()
    first_words = Counter(post["text"].split()[0] for post in ledger["bluesky"]["posts"])
    assert first_words == {"Hello!": 1, "We": 1, "The": 1}
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
