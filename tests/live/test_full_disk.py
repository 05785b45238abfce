"""``chaos`` and ``demo`` where the temporary folder takes nothing more: told in a sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(os.name != "posix", reason="ulimit is the shell's: not tested elsewhere")

FILE_BYTES_MAX_BLOCKS = 2
"""Files may have so many blocks of 512 bytes: too few for the sandbox's own."""


@pytest.mark.parametrize("trial", [("chaos", "--rounds", "1"), ("demo",)])
def test_a_disk_that_takes_nothing_more_is_named_with_what_to_do(
    tmp_path: Path, trial: tuple[str, ...]
) -> None:
    done = subprocess.run(
        [
            "sh",
            "-c",
            f'ulimit -f {FILE_BYTES_MAX_BLOCKS}; exec "$0" -m threadsync "$@"',
            sys.executable,
            *trial,
        ],
        env={**os.environ, "TMPDIR": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    said = " ".join(done.stderr.split())
    assert (done.returncode, "Traceback" in done.stderr) == (1, False), done.stderr
    assert f"{tmp_path}: the disk of the temporary folder refused a write" in said
    assert "TMPDIR" in said
