"""An installed Chromium, driven by the scripts of this folder; nothing downloads a browser."""

from __future__ import annotations

import shutil
from typing import Any

from tests.node import script


def missing() -> str:
    """Say what is not there to look at pages with; empty where all is."""
    return "no Chromium is installed" if _chromium() is None else script.missing()


def _chromium() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def run(name: str, *arguments: str) -> Any:
    """Run a script of this folder with Chromium's path and *arguments*; return what it prints as JSON."""
    return script.run(name, str(_chromium()), *arguments)
