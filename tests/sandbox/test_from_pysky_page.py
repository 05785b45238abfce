"""The page for users of pysky: all that it offers is there, and our blocks run on the sandbox.

Theirs are read, not run: pysky cannot be installed as a package, and its addresses are fixed in its code.
``tests/live/bluesky`` runs ours on a real server.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox import pysky_page
from tests.sandbox.beside import blocks
from tests.sandbox.pysky_page import LEFT, PAGE
from threadsync import Client
from threadsync.providers.bluesky import api
from threadsync.sandbox.bluesky import Profile
from threadsync.sandbox.server import running
from threadsync.sandbox.settings import SandboxSettings

pytest.importorskip("libipld")
pytestmark = pytest.mark.live

HANDLE = "lifts.test"
PASSWORD = "abcd-efgh-ijkl-mnop"
SURFACE = {
    "APICallLog",
    "APIError",
    "BSKY_AUTH_PASSWORD",
    "BSKY_AUTH_USERNAME",
    "BSKY_SQLITE_FILENAME",
    "BskyClient",
    "BskyClientTestMode",
    "BskyPost",
    "BskySession",
    "BskyUserProfile",
    "External",
    "Facet",
    "Image",
    "IncompatibleMedia",
    "LOGLEVEL",
    "MediaException",
    "NotAuthenticated",
    "Post",
    "RateLimitExceeded",
    "Reply",
    "UploadException",
    "Video",
    "ZERO_CURSOR",
    "add",
    "add_external",
    "alt",
    "apilog",
    "bsky_auth_password",
    "bsky_auth_username",
    "call",
    "clear_artificial_write_ops_budget",
    "client_unique_key",
    "collection",
    "convert_markdown",
    "create_post",
    "create_record",
    "create_tables",
    "cursor",
    "cursor_key_func",
    "data",
    "delete_post",
    "delete_record",
    "did",
    "endpoint",
    "filename",
    "force_remote_call",
    "get",
    "get_author_feed",
    "get_convo_logs",
    "get_post",
    "get_record",
    "get_service_auth",
    "get_upload_limits",
    "get_user_profile",
    "headers",
    "hostname",
    "http",
    "ignore_cached_session",
    "list_blocks",
    "list_follows",
    "list_records",
    "mimetype",
    "paginate",
    "params",
    "pds_service_endpoint",
    "peewee_db",
    "post",
    "put_record",
    "reply_client_unique_key",
    "reply_uri",
    "set_artificial_write_ops_budget",
    "skip_uploads",
    "text",
    "upload_blob",
}
"""What pysky offers: what its package exports, the methods of its client and their arguments, what it adds to
an answer, and the variables of the environment that it reads (its repository, commit 5faa6ec)."""


def test_every_part_has_a_block_of_each() -> None:
    titles = [title for title, _ in blocks(PAGE, "pysky")]
    assert titles == [title for title, _ in blocks(PAGE, "threadsync")]
    assert len(titles) == len(set(titles)) == PAGE.count("\n### ")
    assert PAGE.count("```python") == 2 * len(titles)


def test_all_that_pysky_offers_is_in_the_title_of_a_part() -> None:
    assert {name for title, _ in blocks(PAGE, "pysky") for name in re.findall(r"\w+", title)} == SURFACE


def test_the_blocks_of_pysky_use_nothing_that_it_does_not_offer() -> None:
    used = {name for title, text in blocks(PAGE, "pysky") for name in _used(ast.parse(text, title))}
    assert used
    assert used - SURFACE == set()


def _used(tree: ast.AST) -> Iterator[str]:
    """Return what is taken of the package and of its clients, and the classes' arguments."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id="pysky" | "bsky" | "trial"), attr=name):
                yield name
            case ast.Call(func=ast.Attribute(value=ast.Name(id="pysky"), attr="Post" | "Image" | "Video")):
                yield from (each.arg for each in node.keywords if each.arg)


def test_our_blocks_run_as_they_stand(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each post is there once, in the form that its part says; what is printed is what its part says."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BSKY_AUTH_USERNAME", HANDLE)
    monkeypatch.setenv("BSKY_AUTH_PASSWORD", PASSWORD)
    pysky_page.files(tmp_path)
    desk = Profile(HANDLE, app_password=PASSWORD, display_name="Lift Report")
    with running(SandboxSettings(seed=7, bluesky_profiles=(desk,))) as sandbox, pysky_page.report() as link:
        url = sandbox.base_url
        settings = {"public_url": url, "video_url": url, "directory_url": f"{url}/plc"}
        names = pysky_page.run(url, settings, link)
        with Client(network="bluesky", base_url=url) as reader:
            records = tuple(
                reader.items(lambda cursor: api.list_records(HANDLE, pysky_page.POST, cursor=cursor))
            )
        asked = [row.path for row in sandbox.requests()]
    assert pysky_page.left(records) == LEFT
    assert f"http://{names['how'].host}" == url
    assert len(names["texts"]) == len(LEFT) - 1, "all there were when the list was read"
    assert names["new"] == [], "what was read once is not read again"
    assert sum("getProfile" in path for path in asked) == 4, (
        "by hand, for what is kept, by force, and kept elsewhere"
    )
    said = capsys.readouterr().out
    for words in (
        "the client has no credential for the role",
        "Lift Report",
        "record-gone",
        "The second one allowance-spent",
        "JOB_STATE_",
        "GET /xrpc/app.bsky.video.getJobStatus",
        "bluesky/video-format",
        "30 of 5000",
    ):
        assert words in said, said
