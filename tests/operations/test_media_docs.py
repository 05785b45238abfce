"""The page about media hosts shows projects that load, and names every kind and key that there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from threadsync.config import load_project
from threadsync.execution.hosting_probe import _DOUBTFUL
from threadsync.model.target import MEDIA_HOST_KINDS

PAGE = (Path(__file__).parents[2] / "docs" / "media-hosts.md").read_text()
EXAMPLES = re.findall(r"```yaml\n(media_hosts:.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_loads(example: str, tmp_path: Path) -> None:
    (tmp_path / "threadsync.yaml").write_text(
        f"version: 1\nid: docs\ntargets: {{threads/main: {{}}}}\n{example}"
    )
    assert load_project(tmp_path, exact=True).media_hosts


def test_every_kind_key_and_role_is_there() -> None:
    kinds = {host for example in EXAMPLES for host in re.findall(r"kind: (\w+)", example)}
    assert kinds | {"loopback"} == set(MEDIA_HOST_KINDS)
    for kind in MEDIA_HOST_KINDS.values():
        for word in (*kind.required, *kind.optional, *kind.roles, *kind.roles_optional):
            assert word in PAGE


def test_every_domain_that_is_warned_about_is_named() -> None:
    for domain, _, what, _ in _DOUBTFUL:
        assert domain in PAGE or domain == "github.com" or what == "a tunnel"
