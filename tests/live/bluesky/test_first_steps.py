"""The first steps of a new user on a real server: a project, a password that is tried, what doctor says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.live.bluesky.desk import Desk
from tests.live.projects import ENVIRON
from tests.live.waiting import PATIENCE_SECONDS
from threadsync.providers.bluesky import api

pytestmark = pytest.mark.live


def ran(folder: Path, *arguments: str, typed: str = "") -> tuple[int, str]:
    """Run threadsync in *folder*; return how it ended, and all that it said, in one row."""
    done = subprocess.run(
        [sys.executable, "-m", "threadsync", *arguments],
        cwd=folder, env=ENVIRON, input=typed, capture_output=True, text=True,
        timeout=PATIENCE_SECONDS, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return done.returncode, " ".join(f"{done.stdout} {done.stderr}".split())


@pytest.mark.pds(worlds=("server",), why="the server makes up a password, which no recording may hold")
def test_from_an_empty_folder_to_a_login_that_doctor_finds_well(desk: Desk, tmp_path: Path) -> None:
    """Wrong, own and app password; what is stored is what works, and what was typed is nowhere said."""
    handle, own = desk.person.handle, desk.person.password
    made = desk.run(api.call("POST", "com.atproto.server.createAppPassword", data={"name": "threadsync"}))
    start = ("--target", "bluesky/brand", "--account", handle, "--credential", "file:password")
    assert ran(tmp_path, "init", *start, "--zone", "UTC", "--base-url", desk.server.url)[0] == 0
    wrong = ran(tmp_path, "auth", "login", "bluesky/brand", typed="wrong\n")
    assert wrong[0] == 1
    assert "Invalid identifier or password" in wrong[1]
    assert "nothing was stored" in wrong[1]
    assert not (tmp_path / "password").exists()
    status, said = ran(tmp_path, "auth", "login", "bluesky/brand", typed=f"{own}\n")
    assert (status, own in said) == (0, False)
    assert f"It opens @{handle} (id {desk.person.did})." in said
    assert "Warning: it is the account's own password" in said
    assert "warning credential bluesky/brand: it is the account's own" in ran(tmp_path, "doctor")[1]
    status, said = ran(tmp_path, "auth", "login", "bluesky/brand", typed=f"{made.body.password}\n")
    assert (status, made.body.password in said, "Warning" in said) == (0, False, False)
    assert (tmp_path / "password").read_text().strip() == made.body.password
    assert "it is an app password does not expire" in ran(tmp_path, "auth", "status")[1]
    status, said = ran(tmp_path, "doctor", "--quiet")
    assert (status, "credential" in said) == (0, False), said


def test_a_handle_that_nobody_has_and_a_server_that_is_not_there_are_said(desk: Desk, tmp_path: Path) -> None:
    start = ("--target", "bluesky/brand", "--credential", "file:password", "--zone", "UTC")
    for name, account, url, said in (
        ("handle", "nobody-here.test", desk.server.url, "Check the handle"),
        ("server", desk.person.handle, "http://127.0.0.1:9", "Check the address and the connection"),
    ):
        place = ("--account", account, "--base-url", url)
        assert ran(tmp_path, "init", name, *start, *place)[0] == 0
        failed = ran(tmp_path / name, "auth", "login", "bluesky/brand", typed=f"{desk.person.password}\n")
        assert (failed[0], said in failed[1]) == (1, True), failed[1]
        (tmp_path / name / "password").write_text(desk.person.password)
        assert ran(tmp_path / name, "doctor")[0] == 1
