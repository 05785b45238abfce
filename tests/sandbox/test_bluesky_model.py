"""The Bluesky model answers as a real server does: the talks of ``tests/live/bluesky/test_model.py``."""

from __future__ import annotations

import pytest

from tests.sandbox.bluesky_nets import Modelled, Person, as_real
from tests.sandbox.bluesky_talks import TALKS
from threadsync.sandbox.bluesky import Generation

pytest.importorskip("libipld")


@pytest.mark.parametrize("generation", Generation)
@pytest.mark.parametrize("talk", TALKS, ids=lambda talk: talk.__name__)
def test_the_model_answers_as_the_talk_says(talk, generation):
    talk(Person(Modelled(as_real(generation))).log_in())
