"""docs/providers.md writes the toy: its blocks are the toy's files, its table the rules of the contract."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from tests.plugins.installing import TOY
from threadsync.testing.contract import ProviderContract

PAGE = Path(__file__).parents[2] / "docs/providers.md"


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def lines(text: str) -> list[str]:
    """Return *text* without its empty lines: between blocks there may be more of them, or fewer."""
    return [line for line in text.splitlines() if line.strip()]


def test_the_blocks_are_the_provider_the_network_and_its_test() -> None:
    *provider, network, contract = blocks("python")
    assert lines("".join(provider)) == lines((TOY / "threadsync_toy.py").read_text())
    assert network.strip() in (TOY / "noticeboard.py").read_text()
    assert lines(contract) == lines((TOY / "test_threadsync_toy.py").read_text())
    assert [lines(each) for each in blocks("toml")] == [lines((TOY / "pyproject.toml").read_text())]


def test_the_table_tells_every_rule_of_the_contract() -> None:
    rules = {
        f"| `{name}` | {inspect.getdoc(rule)} |"
        for name, rule in vars(ProviderContract).items()
        if name.startswith("test_")
    }
    assert rules == set(re.findall(r"^\| `test_.*$", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
