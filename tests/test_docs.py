"""The pages of docs/ and the README lead to one another: every link, to a file or to a heading, is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted(ROOT.glob("docs/**/*.md")),
]
FENCED = re.compile(r"^(`{3,})[^\n]*\n.*?^\1$", re.MULTILINE | re.DOTALL)


def unfenced(page: Path) -> str:
    return FENCED.sub("", page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """Return the names of the headings, as the forge that shows the pages makes them."""
    titles = re.findall(r"^#+ (.+)$", unfenced(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    shown = re.sub(r"(`+)[^`\n].*?\1", "", unfenced(page))  # without code, in which nothing is a link
    for target in re.findall(r"(?<!\\)\]\(([^)\s]+)\)", shown):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        there = page.parent / name if name else page
        assert there.exists(), target
        assert not anchor or anchor in anchors(there), target


@pytest.mark.parametrize("name", ["from-pythreads", "from-pysky", "threads", "compatibility"])
def test_the_readme_leads_to_the_page(name: str) -> None:
    assert f"(docs/{name}.md)" in PAGES[0].read_text(encoding="utf-8")
