"""A project with a Bluesky target, and the real program at work: on a real server, and on the sandbox."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.live.projects import ENVIRON, ROOT
from tests.live.waiting import PATIENCE_SECONDS
from tests.pds.launcher import Pds, Person
from threadsync.sandbox.bluesky import Profile
from threadsync.sandbox.bluesky.state import did_of
from threadsync.sandbox.server import Sandbox
from threadsync.sandbox.threads import Fault, FaultKind

pytestmark = [
    pytest.mark.live,
    pytest.mark.pds(worlds=("server", "cassette", "sandbox"), real_clock=True),
]

NOW = datetime.now(UTC)  # noqa: TID251  (the program runs by the real clock)
PROJECT = """\
version: 1
id: live-bluesky
zone: Europe/Berlin
targets:
  bluesky/brand:
    provider: bluesky
    account: {account}
    base_url: {base_url}
    credential: env:BLUESKY_PASSWORD
    bounds: {{publish_doubt_seconds: 1, listing_lag_seconds: 1}}
"""
FACETS = """\
---
key: facets
targets: [bluesky/brand]
langs: [de]
---
Grüße an @{handle}, siehe [die Karte](https://example.org/map) #Aufzüge 👩‍👩‍👧
"""
CHAIN = """\
---
key: chain
targets: [bluesky/brand]
who_can_reply: followers
---
One.

![A gate](gate.png)

---

Two.
"""
REPLY = """\
---
key: reply
targets: [bluesky/brand]
reply_to: chain
quote: facets
bluesky: {quotes: nobody, labels: [graphic-media]}
---
A reply that quotes.
"""


@dataclass(frozen=True, slots=True)
class Project:
    """A folder, and who works in it."""

    folder: Path
    person: Person

    def run(self, *arguments: str, password: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
        """Run threadsync in it."""
        return subprocess.run(
            [sys.executable, "-m", "threadsync", *arguments],
            cwd=self.folder,
            env=ENVIRON | {"BLUESKY_PASSWORD": password or self.person.password} | environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )

    def said(self, *arguments: str) -> str:
        """Run it, which has to go well, and return what it printed."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def write(self, key: str, text: str) -> None:
        """Write one post."""
        (self.folder / "posts" / f"{key}.md").write_text(text)


@pytest.fixture
def project(request: pytest.FixtureRequest, server: Pds | Sandbox, tmp_path: Path) -> Project:
    """A project on a real server, and one on the sandbox: all of it has to go on both."""
    if isinstance(server, Pds):
        person: Person = request.getfixturevalue("person")
        base_url = server.url
    else:
        handle = f"t{zlib.crc32(request.node.nodeid.encode())}.test"
        server.engine.bluesky.add_profile(Profile(handle))
        person = Person(handle, did_of(handle), f"sandbox-{handle}", "")
        base_url = server.base_url
    found = Project(tmp_path, person)
    (tmp_path / "posts").mkdir()
    shutil.copy(ROOT / "examples/posts/pictures/gate.png", tmp_path / "posts/gate.png")
    (tmp_path / "threadsync.yaml").write_text(PROJECT.format(account=person.handle, base_url=base_url))
    found.write("facets", FACETS.format(handle=person.handle))
    found.write("chain", CHAIN)
    found.write("reply", REPLY)
    return found


def test_posts_go_out_once_and_are_found_as_they_are(project: Project) -> None:
    plan = project.said("plan")
    assert "71 of 300 graphemes" in plan or "of 300 graphemes" in plan
    done = project.said("apply", "--yes", "--first-run")
    assert "Done: 3 applied." in done
    assert len({*re.findall(r"https://bsky\.app/profile/\S+/post/\w{13}", done)}) == 4
    assert "3 publications are as the files say" in project.said("apply", "--yes")
    assert "4 live posts looked at: no difference." in project.said("refresh")


def test_what_is_taken_down_is_gone_with_its_gate(project: Project) -> None:
    project.said("apply", "--yes", "--first-run")
    (project.folder / "posts/reply.md").unlink()
    assert "Done: 1 applied." in project.said("apply", "--yes", "--allow-delete=reply@bluesky/brand")
    assert "3 live posts looked at: no difference." in project.said("refresh")


def test_a_lost_state_publishes_nothing_twice(project: Project) -> None:
    """Law 8: own posts are read back before anything goes out."""
    project.said("apply", "--yes", "--first-run")
    shutil.rmtree(project.folder / "state")
    again = project.said("apply", "--yes", "--first-run")
    assert again.count("(looks-published)") == 3
    assert "Done" not in again


def test_one_session_serves_all_commands_and_is_kept_for_this_user_alone(project: Project) -> None:
    project.said("apply", "--yes", "--first-run")
    (kept,) = (project.folder / ".threadsync/sessions").glob("*.json")
    before = kept.read_bytes()
    project.said("refresh")
    assert kept.read_bytes() == before
    if os.name == "posix":
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    written = [path for path in project.folder.rglob("*") if path.is_file() and path != kept]
    tokens = re.findall(rb"eyJ[\w-]+\.[\w-]+\.[\w-]+", before)
    assert len(tokens) == 2
    assert not [path for path in written for token in tokens if token in path.read_bytes()]


def test_a_wrong_password_says_what_to_do(project: Project) -> None:
    done = project.run("apply", "--yes", "--first-run", password="wrong")
    assert "Invalid identifier or password" in done.stdout + done.stderr
    assert "app password" in done.stdout + done.stderr


def test_a_mention_of_nobody_is_an_error_that_names_it(project: Project) -> None:
    project.write("facets", FACETS.format(handle="nobody.test"))
    done = project.run("apply", "--yes", "--first-run", "facets")
    said = " ".join((done.stdout + done.stderr).split())
    assert "the account @nobody.test, which the post mentions, is not found" in said
    assert "write a backslash before its @" in said


def lately() -> str:
    """Some minutes ago, in the zone of the project: its planned hour is not over."""
    return (NOW - timedelta(minutes=5)).astimezone(ZoneInfo("Europe/Berlin")).strftime("%Y-%m-%d %H:%M")


def test_what_is_replaced_at_once_is_live_in_its_new_words(project: Project) -> None:
    """Within the second, or the planned hour, that both are of: their keys must not be the same."""
    old = FACETS.format(handle=project.person.handle).replace("langs: [de]", f"publish: {lately()}")
    project.write("facets", old)
    project.said("apply", "--yes", "--first-run", "facets")
    project.write("facets", old.replace("publish:", "on_change: replace\npublish:").replace("Grüße", "Gruß"))
    assert "Done: 1 applied." in project.said("apply", "--yes", "facets")
    assert "1 live post looked at: no difference." in project.said("refresh")


def test_a_repost_of_any_post_goes_out_once(project: Project) -> None:
    project.said("apply", "--yes", "--first-run", "chain")
    project.write("again", "---\nkey: again\ntargets: [bluesky/brand]\nrepost: chain\n---\n")
    assert "Done: 1 applied." in project.said("apply", "--yes", "again")
    shown = {
        *re.findall(r"https://bsky\.app/profile/\S+/post/\w{13}", project.said("show", "again@bluesky/brand"))
    }
    chain = project.said("show", "chain@bluesky/brand")
    assert len(shown) == 1
    assert shown < {*re.findall(r"https://bsky\.app/profile/\S+/post/\w{13}", chain)}
    (project.folder / "posts/again.md").unlink()
    address = "again@bluesky/brand"
    assert "Done: 1 applied." in project.said("apply", "--yes", address, f"--allow-delete={address}")


def test_one_post_goes_to_two_networks_and_one_of_them_may_be_down(
    project: Project, sandbox: Sandbox
) -> None:
    """The other is done, the status says that something is left, and the next run does that (law 14)."""
    file = project.folder / "threadsync.yaml"
    file.write_text(
        f"{file.read_text()}"
        "  threads/main:\n    account: lift_report\n    credential: env:BLUESKY_PASSWORD_OF_THREADS\n"
        f"    base_url: {sandbox.base_url}\n    bounds: {{retry_first_seconds: 0.1}}\n"
    )
    sandbox.reset()
    project.write(
        "both",
        "---\nkey: both\ntargets: [threads/main, bluesky/brand]\n"
        "overrides: {threads: {text: \"Also at {{ links['bluesky/brand'] }}\"}}\n---\nOn Bluesky.\n",
    )
    sandbox.arm(Fault("any", FaultKind.SERVER_ERROR, times=None))
    environ = {"BLUESKY_PASSWORD_OF_THREADS": sandbox.token("lift_report")}
    done = project.run("apply", "--yes", "--first-run", "both", **environ)
    assert done.returncode == 4, done.stdout + done.stderr
    assert "applied + create both@bluesky/brand" in " ".join(done.stdout.split())
    sandbox.disarm()
    done = project.run("apply", "--yes", "--first-run", "both", **environ)
    assert done.returncode == 0, done.stdout + done.stderr
    told = " ".join(done.stdout.split())
    assert "applied + create both@threads/main" in told
    assert "both@bluesky/brand" not in told.partition("Done")[2]
    ledger: Any = sandbox.ledger()
    (post,) = ledger["posts"]
    assert re.fullmatch(r"Also at https://bsky\.app/profile/\S+/post/\w{13}", post["text"])


def test_with_nothing_due_nobody_logs_in(project: Project) -> None:
    """Law 9: neither for what is as it was, nor for what waits for its time."""
    project.said("apply", "--yes", "--first-run")
    sessions = project.folder / ".threadsync/sessions"
    shutil.rmtree(sessions)
    at = f"{NOW + timedelta(days=30):%Y-%m-%d} 08:00"
    project.write("later", f"---\nkey: later\ntargets: [bluesky/brand]\npublish: {at}\n---\nLater.\n")
    project.said("plan")
    project.said("apply", "--yes")
    assert not sessions.exists()
