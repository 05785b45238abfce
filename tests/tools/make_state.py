"""``make state``: the examples as applied to the sandbox at a fixed time, with seeded ids.

It makes the committed ``state/threadsync.json``, so that ``threadsync plan`` in a fresh clone has
something to compare with. A test makes it again and compares all but what must differ.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from tests.operations.world import World
from threadsync.model.ids import TargetName
from threadsync.testing.fakes import FakeClock

ROOT = Path(__file__).parents[2]
APPLIED_AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
TOKENS = {
    TargetName("threads/main"): "sandbox-lift_report",
    TargetName("threads/harbour"): "sandbox-harbour_desk",
}


def make(into: Path) -> Path:
    """Apply the examples in the folder *into* and return the state file that came of it."""
    shutil.copy(ROOT / "threadsync.yaml", into)
    shutil.copytree(ROOT / "examples", into / "examples")
    world = World(into, FakeClock(APPLIED_AT), tokens=TOKENS, base_url="http://127.0.0.1:8471")
    became = world.applied(max_creates=50)
    assert set(became.values()) == {"applied"}, became
    return into / "state" / "threadsync.json"


def main() -> None:
    """Write the repository's state anew."""
    with tempfile.TemporaryDirectory() as folder:
        made = make(Path(folder))
        shutil.copy(made, ROOT / "state" / "threadsync.json")
    sys.stdout.write(f"{ROOT / 'state' / 'threadsync.json'}\n")


if __name__ == "__main__":
    main()
