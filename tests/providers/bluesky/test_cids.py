"""Content has its name before it is sent (that a server says the same, tests/live shows)."""

from __future__ import annotations

import hashlib
import sys

import pytest

from threadsync.errors import ProjectError
from threadsync.model.ids import MediaDigest
from threadsync.providers.bluesky.cids import of_blob, of_record


def test_a_blob_is_named_by_its_bytes():
    # As another library for the same, https://github.com/hashberg-io/multiformats, names these bytes.
    digest = MediaDigest(hashlib.sha256(b"hello world").hexdigest())
    assert of_blob(digest) == "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"


def test_the_order_of_keys_does_not_count_and_what_is_said_does():
    assert of_record({"a": 1, "bb": [True, None]}) == of_record({"bb": [True, None], "a": 1})
    assert of_record({"a": 1}) != of_record({"a": 2})


def test_a_link_is_not_the_text_of_its_name():
    name = of_blob(MediaDigest("00" * 32))
    assert of_record({"ref": {"$link": name}}) != of_record({"ref": name})


def test_a_number_with_a_fraction_has_no_name():
    with pytest.raises(ValueError, match="whole number"):
        of_record({"ratio": 1.5})


def test_without_the_package_that_names_content_the_pip_line_is_said(monkeypatch):
    """And only then: a project with a Bluesky target can be read and planned without it."""
    monkeypatch.setitem(sys.modules, "libipld", None)
    for name in (lambda: of_blob(MediaDigest("00" * 32)), lambda: of_record({"a": 1})):
        with pytest.raises(ProjectError) as refused:
            name()
        assert refused.value.remedy == "Run: pip install 'threadsync[bluesky]'"
