"""The table of rules is the truth: each rule can be broken and kept, and the code knows no others."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

import threadsync.config
import threadsync.content
import threadsync.operations.rules
from tests.content.support import GOOD, findings_of, write
from threadsync.content.rule import Rule
from threadsync.content.rules import RULES, TABLES


def _link_to(target: str, name: str = "posts/post.md") -> Callable[[Path], None]:
    def build(root: Path) -> None:
        (root.parent / "elsewhere").mkdir()
        (root.parent / "elsewhere" / "post.md").write_text(GOOD)
        (root / "posts").mkdir()
        (root / name).symlink_to(target)

    return build


def _write_bytes(data: bytes) -> Callable[[Path], None]:
    def build(root: Path) -> None:
        write(root, {"posts/post.md": data})

    return build


BUILT = {
    "file/unreadable": _link_to("nowhere.md"),
    "file/too-large": _write_bytes(b"x" * 1_000_001),
    "file/encoding": _write_bytes("Hällo".encode("latin-1")),
    "file/outside-project": _link_to("../../elsewhere/post.md"),
    "file/linked-folder": _link_to("../../elsewhere", "posts/more"),
}
"""Faults that no text can show."""


def test_every_rule_stands_in_the_tables_once() -> None:
    rows = [rule.id for table in TABLES for rule in table]
    assert len(rows) == len(set(rows)) == len(RULES)


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_the_bad_sample_breaks_its_rule_and_no_other(rule: Rule, tmp_path: Path) -> None:
    root = tmp_path / "project"
    root.mkdir()
    if rule.bad is None:
        BUILT[rule.id](root)
    found = findings_of(root, rule.bad if rule.bad is not None else {})
    # A refused file may leave the folder without posts, which is a warning of its own.
    beside = {"file/no-posts"} - {rule.id}
    assert {each.rule for each in found} - beside == {rule.id}
    assert all(each.severity is rule.severity for each in found if each.rule == rule.id)
    assert all(each.problem and each.remedy for each in found)


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_the_good_sample_breaks_no_rule(rule: Rule, tmp_path: Path) -> None:
    assert findings_of(tmp_path, rule.good) == ()


def test_every_rule_has_a_sample_that_breaks_it() -> None:
    assert {rule.id for rule in RULES.values() if rule.bad is None} == set(BUILT)


def test_the_code_uses_all_of_these_rules_and_no_others() -> None:
    prefixes = "|".join(sorted({rule.partition("/")[0] for rule in RULES}))
    folder = Path(threadsync.content.__file__).parent
    tables = {"rules_files.py", "rules_posts.py"}
    sources = [each for each in folder.glob("*.py") if each.name not in tables]
    sources.append(Path(threadsync.config.__file__))
    used = {
        name
        for source in sources
        for name in re.findall(rf'"((?:{prefixes})/[a-z-]+)"', source.read_text(encoding="utf-8"))
    }
    assert used - set(threadsync.operations.rules.RULES) == set(RULES)


def test_every_rule_says_what_it_means_and_what_to_do() -> None:
    for rule in RULES.values():
        assert rule.meaning.endswith("."), rule.id
        assert rule.remedy.endswith("."), rule.id
