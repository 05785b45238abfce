"""An installed Chromium, driven by what ``package.json`` beside this names; nothing downloads a browser."""

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
    """Say what is not there to look at pages with; empty where all is."""
    if _chromium() is None:
        return "no Chromium is installed"
    if shutil.which("node") is None:
        return "no Node is installed"
    if not (HERE / "node_modules/playwright-core").is_dir():
        return "npm ci was not run in tests/browser: make browser"
    asked = ("node", "-p", "process.versions.node")
    version = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    if int(version.partition(".")[0]) < NODE_MIN:
        return f"Node is {version}, and Playwright needs {NODE_MIN}"
    return ""


def _chromium() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def run(script: str, *arguments: str) -> Any:
    """Run a script of this folder with Chromium's path and *arguments*; return what it prints as JSON."""
    done = subprocess.run(
        ["node", str(HERE / script), str(_chromium()), *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
