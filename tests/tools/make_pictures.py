"""``make docs``: the pictures of a terminal in docs/tutorial.md, of what its commands print.

The page itself is what is played: its commands, one after the other, by the real program on the sandbox's
pure network, at a fixed time and with seeded ids. A picture shows what is printed in the block above it.
"""

from __future__ import annotations

import html
import io
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

from rich.console import Console
from rich.text import Text

from tests.live.pages import steps
from tests.operations.world import START, World
from threadsync.cli import root
from threadsync.cli._options import Asked
from threadsync.model.ids import TargetName
from threadsync.testing.fakes import FakeClock

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "tutorial.md"
PART = re.compile(r"^```console\n.*?^```$|^!\[[^\]]+\]\((?P<picture>pictures/[a-z-]+\.svg)\)$", re.M | re.S)
NOW = re.compile(r"\$\(TZ=\S+ date '[^']+'\)")
HERE = "2026-11-21 13:00"
"""``START`` on the clock of Berlin."""
COLUMNS = 80
TYPEFACE = re.compile(r"\s*@font-face \{.*?\}", re.S)
"""Rich would have it fetched from elsewhere; a drawing is to be complete in itself."""


class _Terminal(io.StringIO):
    """What is written to it is meant for a terminal."""

    def isatty(self) -> bool:
        """Return True."""
        return True


class Tour:
    """The page's commands, carried out one by one in *folder*."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._clock = FakeClock(START)
        self._world: World | None = None

    def said(self, command: str) -> str:
        """Carry *command* out, and return what it prints."""
        words = NOW.sub(HERE, command)
        if words.startswith("threadsync sandbox"):
            return ""
        if words.startswith("threadsync "):
            return self._by_the_program(words.split()[1:])
        done = subprocess.run(
            ["bash", "-e", "-c", f"{words}\npwd"],
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=True,
        )
        self._folder = Path(done.stdout.splitlines()[-1])
        return ""

    def _by_the_program(self, arguments: list[str]) -> str:
        written = _Terminal()
        with chdir(self._folder), redirect_stdout(written), redirect_stderr(io.StringIO()), _columns():
            asked = Asked(open_project=lambda _: self._opened().workspace)
            root.main(arguments, obj=asked, standalone_mode=False)
        self._clock.sleep(60)
        return written.getvalue()

    def _opened(self) -> World:
        if self._world is None:
            tokens = {TargetName("threads/main"): "sandbox-lift_report"}
            self._world = World(self._folder, self._clock, tokens=tokens, base_url="http://127.0.0.1:8471")
        return self._world


@contextmanager
def _columns() -> Iterator[None]:
    """Have the terminal of this process ``COLUMNS`` wide, and in colour."""
    kept = dict(os.environ)
    os.environ.update(COLUMNS=str(COLUMNS), TERM="xterm-256color")
    os.environ.pop("NO_COLOR", None)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(kept)


def picture(shown: str, title: str) -> str:
    """Return *shown*, what a terminal was sent, as a drawing."""
    console = Console(
        record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor"
    )
    console.print(Text.from_ansi(shown), soft_wrap=True)
    return TYPEFACE.sub("", console.export_svg(title=title, unique_id="terminal"))


def pictures() -> Mapping[str, str]:
    """Return every picture of the page, by its path from ``docs``."""
    made: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        tour = Tour(Path(folder))
        shown = ""
        for part in PART.finditer(PAGE.read_text(encoding="utf-8")):
            if name := part["picture"]:
                made[name] = picture(shown, "threadsync")
                continue
            lines = [(command, tour.said(command)) for command, _ in steps(part[0])]
            printed = [f"\x1b[1m$ {command}\x1b[0m\n{said}" for command, said in lines if said]
            shown = "\n".join(printed).rstrip("\n")
    return made


def words(drawing: str) -> list[str]:
    """Return what is written in *drawing*: the rest is rich's, and differs from version to version."""
    texts = re.findall(r"<text [^>]*>(.*?)</text>", drawing)
    return "".join(html.unescape(text) for text in texts).replace("\xa0", " ").split()


def stale() -> list[str]:
    """Return the pictures that do not show what the program prints now."""
    return [
        name
        for name, drawing in pictures().items()
        if not (DOCS / name).is_file() or words((DOCS / name).read_text(encoding="utf-8")) != words(drawing)
    ]


def main(arguments: list[str]) -> int:
    """Write the pictures; with ``--check``, only say which ones are stale, and return 1 if one is."""
    if arguments == ["--check"]:
        found = stale()
        for name in found:
            sys.stderr.write(f"docs/{name} is not what threadsync prints: run `make docs`.\n")
        return 1 if found else 0
    for name, drawing in pictures().items():
        (DOCS / name).write_text(drawing, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
