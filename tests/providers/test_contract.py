"""Our own providers keep the contract that every provider keeps; a third party's does in tests/plugins."""

from __future__ import annotations

from tests.providers.boards import HANDLE, BlueskyBoard, ThreadsBoard
from threadsync.providers.bluesky.provider import BlueskyProvider
from threadsync.providers.threads.provider import ThreadsProvider
from threadsync.testing.contract import ProviderContract


class TestThreads(ProviderContract):
    provider = ThreadsProvider
    network = ThreadsBoard


class TestBluesky(ProviderContract):
    provider = BlueskyProvider
    network = BlueskyBoard
    account = HANDLE
