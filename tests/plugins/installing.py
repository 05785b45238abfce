"""Packages that offer providers, as an installer would leave them: a module, and its metadata beside it."""

from __future__ import annotations

import tomllib
from pathlib import Path

TOY = Path(__file__).parent / "threadsync-toy"


def offer(folder: Path, package: str, version: str = "1.0", **providers: str) -> None:
    """Write the metadata of a *package* that offers *providers* by name, each as ``module:object``."""
    info = folder / f"{package.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
    lines = "".join(f"{name} = {value}\n" for name, value in providers.items())
    (info / "entry_points.txt").write_text(f"[threadsync.providers]\n{lines}")


def install_toy(folder: Path) -> None:
    """Install the toy's project into *folder*, by what its pyproject.toml says."""
    project = tomllib.loads((TOY / "pyproject.toml").read_text())["project"]
    offer(folder, project["name"], project["version"], **project["entry-points"]["threadsync.providers"])
    (folder / "threadsync_toy.py").write_text((TOY / "threadsync_toy.py").read_text())
