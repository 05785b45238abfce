"""The sandbox's Bluesky model shows readers what a real AppView does: both are asked by the same talk."""

from __future__ import annotations

import pytest

from tests.live.appview.town import Town
from tests.pds.launcher import PASSWORD
from tests.sandbox.bluesky_feeds import feeds
from tests.sandbox.bluesky_nets import Person, Real

pytestmark = pytest.mark.live


def test_readers_are_shown_what_the_talk_says(town: Town) -> None:
    network, account = town.network, town["author"].person
    real = Real(network.url, network.plc_url, account.did, account.handle, PASSWORD, network.release)
    feeds(Person(real).log_in())
