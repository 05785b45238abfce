"""The page for library users: what it shows runs as it stands, and prints what it says."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import threadsync
from threadsync.sandbox.server import running
from threadsync.sandbox.settings import SandboxSettings

ROOT = Path(threadsync.__file__).parents[1]
PAGE = (ROOT / "docs" / "library.md").read_text(encoding="utf-8")
EXAMPLE = re.compile(r"^```python\n(.*?)^```\n\n```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.live
def test_every_example_of_the_page_prints_what_it_says(tmp_path: Path) -> None:
    examples = EXAMPLE.findall(PAGE)
    assert len(examples) == PAGE.count("```python") >= 7
    with running(SandboxSettings(seed=7)) as sandbox:
        for code, said in examples:
            done = subprocess.run(
                [
                    sys.executable,
                    "-W",
                    "error",
                    "-c",
                    code.replace("http://127.0.0.1:8471", sandbox.base_url),
                ],
                cwd=tmp_path,
                env={"PYTHONPATH": str(ROOT)},
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            shown = done.stdout.replace(sandbox.base_url, "http://127.0.0.1:8471")
            assert (shown, done.stderr) == (said, ""), code


def test_the_page_names_every_argument_that_it_explains() -> None:
    for name in (
        "timeout_seconds",
        "proxy",
        "ca_file",
        "session",
        "secrets",
        "attempts_max",
        "limiter",
        "log",
        *inspect.signature(threadsync.Client.publish).parameters.keys() - {"self"},
    ):
        assert f"`{name}`" in PAGE or f"{name}=" in PAGE or f"`{name}=" in PAGE
    for name in threadsync.__all__:
        assert name in PAGE or name == "SecretText"


@pytest.mark.live
def test_who_only_runs_endpoints_loads_nothing_of_what_publishes() -> None:
    code = (
        "import sys; from threadsync import Client, PostSegment; Client(token='t');"
        "print([each for each in ('planning', 'statefile', 'content', 'media')"
        " if f'threadsync.{each}' in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == "[]\n"
