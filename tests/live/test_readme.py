"""The README's tour, run as it stands: every command works, and says what the README says it says."""

from __future__ import annotations

import os
import re
import socket
import sys
from pathlib import Path

import pytest

from tests.live.pages import run_as_it_stands
from tests.live.projects import ROOT
from tests.live.waiting import until_listening

README = (ROOT / "README.md").read_text()
PORT = "8471"

pytestmark = pytest.mark.live


def free_port() -> str:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return str(found.getsockname()[1])


def test_the_tour_works_and_prints_what_it_says(tmp_path: Path) -> None:
    port = free_port()

    def here(text: str) -> str:
        waiting = f"\n{until_listening(PORT)}" if text.endswith("&") else ""
        return f"{text}{waiting}".replace(PORT, port)

    environ = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(tmp_path)}
    run_as_it_stands(README, tmp_path, environ, given=here, first="trap 'kill %1; wait' EXIT")


def test_every_link_of_the_readme_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        if "://" not in target:
            assert (ROOT / target).exists(), target
