"""The noticeboard's provider keeps threadsync's promise: it passes the contract of all providers."""

from noticeboard import Noticeboard
from threadsync_toy import ToyProvider

from threadsync.testing.contract import ProviderContract


class TestToy(ProviderContract):
    provider = ToyProvider
    network = Noticeboard
