"""Our own providers keep the contract that every provider keeps; a third party's does in tests/plugins."""

from __future__ import annotations

from tests.providers.boards import HANDLE, BlueskyBoard, ThreadsBoard
from threadsync.providers.bluesky.provider import BlueskyProvider
from threadsync.providers.threads.provider import ThreadsProvider
from threadsync.testing.contract import ProviderContract


class TestThreads(ProviderContract):
    provider = ThreadsProvider
    network = ThreadsBoard
    pictures = True


class TestBluesky(ProviderContract):
    provider = BlueskyProvider
    network = BlueskyBoard
    account = HANDLE
    pictures = True


def test_what_is_published_has_a_picture() -> None:
    """Or the contract would not end a life between an upload and its post."""
    on_threads = TestThreads()._published().network
    assert isinstance(on_threads, ThreadsBoard)
    kinds = [each.content.media_type for each in on_threads.state.live()]
    assert sorted(kinds) == ["IMAGE", "TEXT", "TEXT"]
    on_bluesky = TestBluesky()._published().network
    assert isinstance(on_bluesky, BlueskyBoard)
    assert sum("embed" in each.value for each in on_bluesky.state.records.values()) == 1
