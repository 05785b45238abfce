"""A command of the project's own as a media host: it uploads a file and prints where it is."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from threading import Event
from urllib.parse import urlsplit

from threadsync.content.escape import printable, shown
from threadsync.execution import commands
from threadsync.execution.commands import OUTPUT_BYTES_MAX, run, words_of
from threadsync.execution.hosting_file import MediaFile, md5_of, media_file
from threadsync.execution.hosting_probe import Prober, Seen
from threadsync.model.facts import MediaProblem
from threadsync.model.ids import MediaDigest, PublicUrl
from threadsync.model.target import MediaHost

FILE = "{file}"
COMMAND_SECONDS = 60.0
"""How long a command may take, besides what the size of its file takes."""
COMMAND_BYTES_PER_SECOND = 250_000
"""How fast it uploads at least, 2 Mbit/s."""


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
        words = words_of(self._host.settings["command"])
        ran = run(
            [word.replace(FILE, str(file.path)) for word in words],
            folder=self._root,
            environ=os.environ,
            fed=b"",  # it has nothing to ask
            seconds=COMMAND_SECONDS + file.size / COMMAND_BYTES_PER_SECOND,
            clock=self._prober.clock,
            stopped=self._stopped,
        )
        return self._failed(ran.problem, ran.said) if ran.problem else self._url(ran.output, ran.said)

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


def missing_program(host: MediaHost, root: Path) -> MediaProblem | None:
    """Return that the program which a host's command names is not there; None where it is."""
    return commands.missing_program(host.settings["command"], f"the media host {host.name}", root)
