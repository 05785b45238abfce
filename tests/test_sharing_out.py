"""The tests are shared out among workers so that none waits for one that began late."""

from __future__ import annotations

from pathlib import Path

from tests.tools.sharing_out import ALONE, BY_TEST, SERVED, rank, unit

ROOT = Path(__file__).parents[1]
TESTS = [
    "tests/content/test_config.py::test_a[x::y]",
    "tests/live/bluesky/test_api.py::test_b",
    "tests/live/bluesky/test_client.py::test_c",
    "tests/live/bluesky/test_video.py::test_d",
    "tests/live/test_chaos.py::test_e",
    "tests/live/test_wheel.py::test_f",
    "tests/testing/test_exhaustive.py::test_g",
]


def test_a_unit_is_a_file_or_what_shares_a_server_or_one_test_of_a_long_file() -> None:
    assert [unit(each) for each in TESTS] == [
        "tests/content/test_config.py",
        SERVED,
        SERVED,
        "tests/live/bluesky/test_video.py",
        "tests/live/test_chaos.py::test_e",
        "tests/live/test_wheel.py",
        "tests/testing/test_exhaustive.py::test_g",
    ]


def test_what_is_long_or_waits_begins_first() -> None:
    in_order = sorted(TESTS, key=lambda each: rank(unit(each)))
    assert [each[-1] for each in in_order] == ["b", "c", "d", "e", "f", "g", "]"]


def test_the_files_that_are_named_are_there() -> None:
    assert [name for name in ALONE | BY_TEST if not (ROOT / name).exists()] == []
