"""One world a test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.operations.office import Office
from tests.operations.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path)
    office.begin()
    return office
