"""What everybody may read is read from the public host, which is shown no session."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.execution.clients import CLIENTS
from tests.live.appview.town import Town, post
from threadsync.providers.bluesky import api
from threadsync.testing.fakes import FakeClock

pytestmark = pytest.mark.live

NOW = datetime(2026, 12, 3, 8, 30, tzinfo=UTC)


@pytest.mark.parametrize("kind", sorted(CLIENTS))
def test_a_client_without_a_right_password_reads_what_is_public(
    town: Town, kind: str, tmp_path: Path
) -> None:
    uris = town.publish({"a.md": post("a", "12 lifts.\n")})
    town.seen(*uris.values())
    author, network = town["author"].person, town.network
    settings = {"public_url": network.appview_url, "directory_url": network.plc_url}
    with CLIENTS[kind](
        FakeClock(NOW),
        network="bluesky",
        identifier=author.handle,
        token="wrong",
        base_url=network.url,
        settings=settings,
        sessions=tmp_path / "sessions",
    ) as client:
        (view,) = client.run(api.get_posts(list(uris.values()), public=True))
        assert (view.record["text"], view.handle, view.author) == ("12 lifts.", author.handle, author.did)
        assert "viewer" not in view.more, "it was asked by nobody in particular"
        listed = client.items(lambda cursor: api.get_author_feed(author.did, cursor=cursor, public=True))
        assert [each.post.uri for each in listed] == list(uris.values())
        profile = client.run(api.get_profile(author.handle, public=True))
        assert (profile.did, profile.posts_count) == (author.did, 1)
        assert client.run(api.resolve_handle(author.handle, public=True)) == author.did
        assert client.run(api.did_document(author.did)).pds_url == network.url
    assert not (tmp_path / "sessions").exists()
