"""A command of the project's own as a media host: it uploads a file and prints where it is.

What a project file says may come from anybody who can open a pull request, so a command is run only
where the person, or the workflow that they wrote, said ``--allow-commands``.
"""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryFile
from threading import Event
from typing import IO, TYPE_CHECKING
from urllib.parse import urlsplit

from threadsync.content.escape import printable, shown
from threadsync.execution.hosting_file import MediaFile, md5_of, media_file
from threadsync.execution.hosting_probe import Prober, Seen
from threadsync.model.facts import MediaProblem
from threadsync.model.ids import MediaDigest, PublicUrl
from threadsync.model.target import MediaHost
from threadsync.statefile.processes import started

if TYPE_CHECKING:
    from subprocess import Popen

FILE = "{file}"
COMMAND_SECONDS = 60.0
"""How long a command may take, besides what the size of its file takes."""
COMMAND_BYTES_PER_SECOND = 250_000
"""How fast it uploads at least, 2 Mbit/s."""
LOOK_SECONDS = 0.1
"""How often it is looked whether it has ended."""
OUTPUT_BYTES_MAX = 4096
"""The most that a command may print: an address."""
SAID_BYTES_MAX = 2000
"""How much of the end of its standard error is shown."""


class CommandHost:
    """Files that a command uploads; it is run once for each file and run of threadsync."""

    def __init__(
        self,
        host: MediaHost,
        root: Path,
        prober: Prober,
        scrub: Callable[[str], str],
        stopped: Event,
        *,
        allowed: bool,
    ) -> None:
        self._host = host
        self._root = root
        self._prober = prober
        self._scrub = scrub
        self._stopped = stopped
        self._allowed = allowed
        self._seen = Seen(prober.clock)

    def known(self, media: MediaDigest, path: Path) -> PublicUrl | None:
        """Return the address of *path*, if it was seen to be served a short while ago."""
        return self._seen.url_of(media)

    def place(self, media: MediaDigest, path: Path) -> PublicUrl | MediaProblem:
        """Run the command for *path*, and make sure that what it prints is where the file is."""
        problem = self.check(media, path)
        if problem is not None:
            return problem
        file = media_file(media, path)
        if isinstance(file, MediaProblem):
            return file
        url = self._run(file)
        if isinstance(url, MediaProblem):
            return url
        problem = self._prober.settled(url, file)
        if problem is None:
            self._seen.add(media, url)
        return problem or url

    def check(self, media: MediaDigest, path: Path) -> MediaProblem | None:
        """Return why the command cannot be run for *path*; it is not run."""
        if not self._allowed:
            return MediaProblem(
                f"the media host {self._host.name} is a command, and those of the project file are not run",
                "Read it under media_hosts: in threadsync.yaml; if it may run, add --allow-commands.",
            )
        missing = missing_program(self._host, self._root)
        if missing is not None:
            return missing
        file = media_file(media, path)
        if isinstance(file, MediaProblem):
            return file
        md5 = md5_of(file)
        return md5 if isinstance(md5, MediaProblem) else None

    def close(self) -> None:
        """Do nothing: a command that runs is ended once the run is stopped."""

    def _run(self, file: MediaFile) -> PublicUrl | MediaProblem:
        seconds = COMMAND_SECONDS + file.size / COMMAND_BYTES_PER_SECOND
        words = [word.replace(FILE, str(file.path)) for word in words_of(self._host)]
        with TemporaryFile() as output, TemporaryFile() as said:
            try:
                with started(words, os.environ, folder=self._root, stdout=output, stderr=said) as running:
                    assert running.stdin is not None, "it is piped"
                    running.stdin.close()  # it has nothing to ask
                    ended = self._awaited(running, seconds)
            except OSError as error:
                return self._failed(f"cannot be run: {error.strerror}", b"")
            if ended:
                return self._failed(ended, _tail(said))
            if running.returncode != 0:
                return self._failed(f"ended with the status {running.returncode}", _tail(said))
            return self._url(_head(output), _tail(said))

    def _awaited(self, running: Popen[bytes], seconds: float) -> str:
        """Wait for the end of the command; return why it is not waited for any longer."""
        clock = self._prober.clock
        until_seconds = clock.monotonic() + seconds
        while clock.monotonic() < until_seconds:
            if running.poll() is not None:
                return ""
            if self._stopped.wait(LOOK_SECONDS):
                return "was ended, since the run was stopped"
        return f"was ended, since it took longer than {seconds:.0f} s"

    def _url(self, output: bytes, said: bytes) -> PublicUrl | MediaProblem:
        """Return the one address in what the command printed."""
        lines = output.decode("utf-8", "replace").split()
        if len(output) > OUTPUT_BYTES_MAX or len(lines) != 1:
            return self._failed("did not print one address and nothing else", said)
        try:
            parts = urlsplit(lines[0])
            fit = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        except ValueError:
            fit = False
        if not fit or not lines[0].isprintable():
            return self._failed(f'printed "{shown(lines[0])}", which is no address', said)
        return PublicUrl(lines[0])

    def _failed(self, how: str, said: bytes) -> MediaProblem:
        told = " ".join(self._scrub(said.decode("utf-8", "replace")).split())
        problem = self._scrub(f"the command of the media host {self._host.name} {how}")
        told = f"; it says: {printable(told)}" if told else ""
        return MediaProblem(
            problem + told, f"Try it by hand in {self._root}: {self._host.settings['command']}"
        )


def words_of(host: MediaHost) -> list[str]:
    """Return the words of a host's command, as a POSIX shell parts them.

    Raises:
        ValueError: a quotation mark is not closed.
    """
    return shlex.split(host.settings["command"])


def missing_program(host: MediaHost, root: Path) -> MediaProblem | None:
    """Return that the program which a host's command names is not there; None where it is."""
    program = words_of(host)[0]
    # A name with a slash is looked for from the project, as the command is run there.
    found = shutil.which(str(root / program) if os.path.dirname(program) else program)  # noqa: PTH120
    if found is not None:
        return None
    problem = f"the command of the media host {host.name} names {shown(program)}, which cannot be run"
    return MediaProblem(
        problem, f"Put it there and make it executable (chmod +x), or correct command: in {root}."
    )


def _head(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read(OUTPUT_BYTES_MAX + 1)


def _tail(file: IO[bytes]) -> bytes:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - SAID_BYTES_MAX))
    return file.read()
