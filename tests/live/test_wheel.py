"""The built wheel, in a fresh environment without development dependencies: what `pip install .` gives."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import threadsync

ROOT = Path(__file__).parents[2]
SECONDS = 300

pytestmark = pytest.mark.live


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": "/usr/bin:/bin", "HOME": str(cwd)}
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environ,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    into = tmp_path_factory.mktemp("wheel")
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        str(into),
        str(ROOT),
    ]
    done = subprocess.run(build, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    (found,) = into.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the programs of an environment that holds just the wheel and what it needs."""
    home = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", str(home)], check=True, timeout=SECONDS)
    pip = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", f"{wheel}[all]"]
    done = subprocess.run(pip, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    return home / "bin"


def test_the_wheel_holds_schemas_templates_examples_and_types(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for name in ("post", "project", "state", "plan"):
        assert f"threadsync/schema/{name}.schema.json" in names
    assert "threadsync/py.typed" in names
    assert any(name.startswith("threadsync/sandbox/templates/") for name in names)
    assert "threadsync/examples/threadsync.yaml" in names
    assert any(name.startswith("threadsync/examples/posts/") for name in names)
    assert not any(name.startswith(("tests/", "state/", "threadsync/testing/__pycache__")) for name in names)


def test_the_installed_program_says_its_version(installed: Path, tmp_path: Path) -> None:
    done = run(installed / "threadsync", "--version", cwd=tmp_path)
    assert done.stdout.strip() == f"threadsync {threadsync.__version__}"


def test_the_installed_program_plans_and_prints_its_schemas(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "posts").mkdir()
    (tmp_path / "posts/a.md").write_text("---\ntargets: [threads/main]\n---\nHello\n")
    (tmp_path / "threadsync.yaml").write_text(
        "version: 1\nid: wheel\ntargets:\n  threads/main: {credential: env:X}\n"
    )
    done = run(installed / "threadsync", "plan", cwd=tmp_path)
    assert (done.returncode, "+ create  a@threads/main" in done.stdout) == (0, True), done.stderr
    for name in ("post", "project", "state", "plan"):
        assert '"$schema"' in run(installed / "threadsync", "schema", name, cwd=tmp_path).stdout


def test_the_installed_demo_runs(installed: Path, tmp_path: Path) -> None:
    done = run(installed / "threadsync", "demo", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "yes  the chain is there, every part once" in done.stdout
    assert "  NO " not in done.stdout
