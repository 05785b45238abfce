"""A command as a media host: run only where that is allowed, and believed only if it is right."""

from __future__ import annotations

import hashlib
import sys
import threading
from pathlib import Path

import pytest

from tests.live.waiting import until
from threadsync.execution import hosting_command
from threadsync.execution.clock import SystemClock
from threadsync.execution.credentials import scrubbed
from threadsync.execution.hosting_command import CommandHost, missing_program
from threadsync.execution.hosting_probe import Prober
from threadsync.execution.transport import Fetched
from threadsync.model.facts import MediaProblem
from threadsync.model.ids import MediaDigest
from threadsync.model.secret import SecretText
from threadsync.model.target import MediaHost

PICTURE = b"\xff\xd8\xff a picture"
DIGEST = MediaDigest(hashlib.sha256(PICTURE).hexdigest())
CANARY = "CANARY0123456789"
URL = "https://media.example/a.jpg"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the scripts are a POSIX shell's")


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "posts" / "my 'red' $picture.jpg"
    path.parent.mkdir()
    path.write_bytes(PICTURE)
    return path


def host(
    root: Path,
    script: str,
    *,
    allowed: bool = True,
    command: str = "./upload.sh {file}",
    stopped: threading.Event | None = None,
    status: int = 200,
) -> CommandHost:
    path = root / "upload.sh"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)

    def fetch(url: str, **how: object) -> Fetched:
        return Fetched(status, len(PICTURE), DIGEST, PICTURE, {"content-type": "image/jpeg"})

    return CommandHost(
        MediaHost("own", "command", settings={"command": command}),
        root,
        Prober(fetch, SystemClock(), at_home=False),
        lambda text: scrubbed(text, [SecretText(CANARY)]),
        stopped or threading.Event(),
        allowed=allowed,
    )


def problem_of(found: object) -> str:
    assert isinstance(found, MediaProblem)
    assert found.remedy
    return found.problem


def test_what_it_prints_is_the_address(picture: Path, tmp_path: Path) -> None:
    """It gets the file's path as one word, whatever stands in it, and runs at the top of the project."""
    own = host(tmp_path, f'cp "$1" uploaded; pwd > where; echo {URL}')
    assert own.known(DIGEST, picture) is None
    assert own.place(DIGEST, picture) == URL
    assert (tmp_path / "uploaded").read_bytes() == PICTURE
    assert (tmp_path / "where").read_text().strip() == str(tmp_path.resolve())
    assert own.known(DIGEST, picture) == URL


def test_without_the_flag_nothing_is_run(picture: Path, tmp_path: Path) -> None:
    """The project file may be an untrusted branch's."""
    own = host(tmp_path, "touch ran", allowed=False)
    for found in (own.check(DIGEST, picture), own.place(DIGEST, picture)):
        assert "those of the project file are not run" in problem_of(found)
    assert isinstance(found, MediaProblem)
    assert "--allow-commands" in found.remedy
    assert not (tmp_path / "ran").exists()


def test_a_check_runs_nothing(picture: Path, tmp_path: Path) -> None:
    own = host(tmp_path, "touch ran")
    assert own.check(DIGEST, picture) is None
    assert not (tmp_path / "ran").exists()
    picture.write_bytes(b"other")
    assert "has other bytes" in problem_of(own.check(DIGEST, picture))


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo no room >&2; exit 3", "ended with the status 3; it says: no room"),
        ("true", "did not print one address and nothing else"),
        (f"echo uploading; echo {URL}", "did not print one address and nothing else"),
        (f"echo {URL} {URL}", "did not print one address and nothing else"),
        ("head -c 9000 /dev/zero | tr '\\0' a", "did not print one address and nothing else"),
        ("echo ftp://media.example/a.jpg", 'printed "ftp://media.example/a.jpg", which is no address'),
        ("echo 'https://[::1/a.jpg'", "which is no address"),
        ("echo 'https:///a.jpg'", "which is no address"),
        (f"echo token {CANARY} refused >&2; exit 1", "it says: token [secret] refused"),
        (f"echo https:{CANARY}", 'printed "https:[secret]", which is no address'),
        ("printf 'a\\033[31mb\\n' >&2; exit 1", "it says: a\\x1b[31mb"),
    ],
)
def test_what_is_not_one_address_is_not_believed(
    picture: Path, tmp_path: Path, script: str, said: str
) -> None:
    problem = problem_of(host(tmp_path, script).place(DIGEST, picture))
    assert problem.startswith("the command of the media host own ")
    assert said in problem
    assert CANARY not in problem


def test_of_a_long_error_the_end_is_shown(picture: Path, tmp_path: Path) -> None:
    script = "head -c 100000 /dev/zero | tr '\\0' x >&2; echo the end >&2; exit 1"
    problem = problem_of(host(tmp_path, script).place(DIGEST, picture))
    assert problem.endswith("the end")
    assert len(problem) < 2200


def test_an_address_that_does_not_serve_the_file_is_not_believed(picture: Path, tmp_path: Path) -> None:
    problem = problem_of(host(tmp_path, f"echo {URL}", status=403).place(DIGEST, picture))
    assert problem == f"{URL} answers 403: it is not public"


def test_one_that_takes_too_long_is_ended_with_all_that_it_started(
    picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosting_command, "COMMAND_SECONDS", 0.2)
    own = host(tmp_path, "sleep 60 & echo $! > child; wait")
    assert "it took longer than 0 s" in problem_of(own.place(DIGEST, picture))
    child = int((tmp_path / "child").read_text())
    until(lambda: not alive(child), "the end of the command's child")


def test_one_that_runs_when_the_run_is_stopped_is_ended(picture: Path, tmp_path: Path) -> None:
    stopped = threading.Event()
    stopped.set()
    own = host(tmp_path, "sleep 60", stopped=stopped)
    assert "since the run was stopped" in problem_of(own.place(DIGEST, picture))


@pytest.mark.parametrize("command", ["./nothing.sh {file}", "no-such-program-anywhere {file}"])
def test_a_program_that_is_not_there_is_known_beforehand(picture: Path, tmp_path: Path, command: str) -> None:
    own = host(tmp_path, "true", command=command)
    found = own.check(DIGEST, picture)
    assert "which cannot be run" in problem_of(found)
    assert own.place(DIGEST, picture) == found


def test_a_program_of_the_machine_is_found_by_its_name(tmp_path: Path) -> None:
    assert (
        missing_program(MediaHost("own", "command", settings={"command": "sh -c {file}"}), tmp_path) is None
    )


def test_a_script_without_an_interpreter_says_so(picture: Path, tmp_path: Path) -> None:
    own = host(tmp_path, "true")
    (tmp_path / "upload.sh").write_text("#!/no/such/interpreter\n")
    assert "cannot be run: No such file" in problem_of(own.place(DIGEST, picture))


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
