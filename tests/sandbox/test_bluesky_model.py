"""The Bluesky model answers as a real server does: the talks of ``tests/live/bluesky/test_model.py``."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.sandbox.bluesky_feeds import feeds
from tests.sandbox.bluesky_nets import Modelled, Person, as_real
from tests.sandbox.bluesky_talks import TALKS
from threadsync.sandbox.bluesky import Generation

pytest.importorskip("libipld")


@pytest.mark.parametrize("generation", Generation)
@pytest.mark.parametrize("talk", TALKS, ids=lambda talk: talk.__name__)
def test_the_model_answers_as_the_talk_says(talk, generation):
    talk(Person(Modelled(as_real(generation))).log_in())


def test_the_model_shows_readers_what_the_talk_says():
    """The talk of ``tests/live/appview/test_model.py``."""
    feeds(Person(Modelled(replace(as_real(Generation.V0_5), has_appview=True))).log_in())
