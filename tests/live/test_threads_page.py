"""The page that leads to a first post on Threads, run as it stands, with the sandbox in Meta's place.

Changed are the address, the app and the media host alone: what a reader has at Meta, and the sandbox has for
itself. Where the page speaks of a terminal, a person sits at one (``person.py``).
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from PIL import Image

from tests.live.desk import Desk, at_a_terminal, desk
from tests.live.pages import run_as_it_stands
from tests.live.projects import ROOT, published
from threadsync.sandbox.server import Sandbox
from threadsync.sandbox.settings import SandboxSettings
from threadsync.sandbox.threads import App, Profile

PAGE = (ROOT / "docs" / "threads.md").read_text(encoding="utf-8")
WHO = "lift_report"
APP = App(
    id="1234567890123456",
    secret="0123456789abcdef0123456789abcdef",
    redirect_uris=("https://YOUR-DOMAIN/threads",),
)
LOGIN = "threadsync auth login threads/main"
DAY_SECONDS = 86_400.0

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(shutil.which("git") is None, reason="not tested without git: docs/threads.md"),
]


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Desk]:
    with desk(tmp_path, SandboxSettings(profiles=(Profile(WHO),), app=APP)) as at:
        at.environ["THREADSYNC_TEST_TOKEN"] = at.sandbox.token(WHO)
        yield at


@pytest.fixture
def meta(reader: Desk) -> Sandbox:
    return reader.sandbox


@pytest.fixture
def environ(reader: Desk) -> dict[str, str]:
    """What a reader's shell has: threadsync, and nothing else of this machine."""
    return reader.environ


LOCAL_MEDIA = r"""
sed -i.old 's/^    credential: file:token/&\n    media_host: local/' threadsync.yaml
printf 'media_hosts:\n  local: {kind: loopback}\n' >> threadsync.yaml
cp ../map.png posts/
"""
"""The media host, and "put a picture beside the post", before it is written."""


def test_the_page_leads_to_a_first_post_and_a_picture(reader: Desk, meta: Sandbox, tmp_path: Path) -> None:
    Image.new("RGB", (640, 480), "teal").save(tmp_path / "map.png")

    def here(text: str) -> str:
        text = reader.given(text.replace("threadsync init", f"threadsync init --base-url {meta.base_url}"))
        return LOCAL_MEDIA + text if text.startswith("cat > posts/twelve-lifts.md") else text

    run_as_it_stands(PAGE, tmp_path, reader.environ, given=here)
    texts = [
        "Hello! Posts of this account are files in git from today on.",
        "We rode to all 40 stations. 12 lifts were broken.",
    ]
    assert published(meta) == dict.fromkeys(texts, 1)
    ignored = (tmp_path / "desk/.gitignore").read_text().splitlines()
    assert {"token", "app.env"} <= set(ignored), "no secret of the page is committed"
    assert (tmp_path / "desk/token").stat().st_mode & 0o777 == 0o600


def renewing() -> list[str]:
    """Return the commands of the workflow that renews the token."""
    blocks = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(name: .*?)```", PAGE, re.DOTALL)]
    (workflow,) = blocks
    return [step["run"] for step in workflow["jobs"]["renew"]["steps"] if "run" in step]


def test_the_workflow_that_renews_installs_and_renews() -> None:
    runs = renewing()
    assert [run.split()[0] for run in runs] == ["pip", "threadsync"]
    assert runs[1].split()[1:4] == ["auth", "refresh", "threads/main"]


def project(folder: Path, meta: Sandbox, credential: str) -> None:
    target = f"{{account: {WHO}, credential: {credential}, base_url: {meta.base_url}}}"
    (folder / "threadsync.yaml").write_text(f"version: 1\nid: desk\ntargets: {{threads/main: {target}}}\n")


def ran(command: str, folder: Path, environ: dict[str, str]) -> str:
    done = subprocess.run(
        ["bash", "-e", "-c", command], cwd=folder, env=environ, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_logging_in_goes_through_the_window_and_stores_a_long_lived_token(
    meta: Sandbox, environ: dict[str, str], tmp_path: Path
) -> None:
    project(tmp_path, meta, "file:token")
    app = dict(re.findall(r"^(THREADS_\w+)=(.+)$", PAGE, re.MULTILINE))
    said = ran(at_a_terminal(LOGIN), tmp_path, {**environ, **app})
    paths = [row.path for row in meta.requests()]
    assert paths.count("/oauth/authorize") == paths.count("/oauth/access_token") == 1
    assert "/access_token" in paths, "the long-lived one is asked for"
    token = (tmp_path / "token").read_text().strip()
    assert token.startswith("THL")
    assert token not in said


def test_the_workflow_writes_the_new_token_back_on_standard_input_alone(
    meta: Sandbox, environ: dict[str, str], tmp_path: Path
) -> None:
    """And ``auth login --print`` gives the first one, once."""
    project(tmp_path, meta, "env:THREADS_TOKEN")
    app = dict(re.findall(r"^(THREADS_\w+)=(.+)$", PAGE, re.MULTILINE))
    printed = ran(at_a_terminal(f"{LOGIN} --print"), tmp_path, {**environ, **app})
    tokens = set(re.findall(r"THL[0-9a-f]+", printed))
    assert len(tokens) == 1
    meta.advance(DAY_SECONDS)
    gh = tmp_path / "bin/gh"
    gh.write_text('#!/bin/sh\necho "$@" > words\ncat > secret\n')
    gh.chmod(0o755)
    said = ran(renewing()[1], tmp_path, {**environ, "THREADS_TOKEN": tokens.pop()})
    new = (tmp_path / "secret").read_text()
    assert new.startswith("THL")
    assert (tmp_path / "words").read_text() == "secret set THREADS_TOKEN\n"
    assert new not in said
    assert "renewed" in ran("threadsync plan --refresh", tmp_path, {**environ, "THREADS_TOKEN": new})
