"""What docs/library.md shows of Bluesky runs as it stands, and prints what it says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pds.launcher import PASSWORD, Pds

pytestmark = [pytest.mark.live, pytest.mark.pds(real_clock=True)]

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "library.md").read_text(encoding="utf-8")
EXAMPLE = re.compile(r"^```py\n(.*?)^```\n\n```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_every_example_of_bluesky_prints_what_it_says(server: Pds, tmp_path: Path) -> None:
    examples = EXAMPLE.findall(PAGE)
    assert len(examples) == PAGE.count("```py\n") >= 1
    assert PASSWORD in PAGE
    person = server.person("lifts")
    for code, said in examples:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", code.replace("http://localhost:2583", server.url)],
            cwd=tmp_path,
            env={"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.stdout.replace(person.did, "DID"), done.stderr) == (said, ""), code
