"""What can be thrown away lives in one folder of the project, ignored by git."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

CACHE_DIRECTORY = ".threadsync"
LOG_FILE = "log.sqlite3"
SESSIONS_DIRECTORY = f"{CACHE_DIRECTORY}/sessions"


def log_path(root: Path) -> Path:
    """Return where the API log of the project at *root* is."""
    return root / CACHE_DIRECTORY / LOG_FILE


def ignored(folder: Path) -> None:
    """Keep what can be thrown away out of git; that it cannot be written is no reason to stop."""
    mark = folder / ".gitignore"
    with suppress(OSError):
        folder.mkdir(exist_ok=True)
        if not mark.exists():
            mark.write_text("*\n", encoding="utf-8")
