"""The pages lead to one another, to files and headings that are there; pictures show what is printed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.tools import make_pictures
from tests.tools.make_pictures import stale

ROOT = Path(__file__).parents[1]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted(ROOT.glob("docs/**/*.md")),
    ROOT / "examples/README.md",
    ROOT / "state/README.md",
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


def test_the_pictures_of_the_tutorial_show_what_the_program_prints() -> None:
    assert stale() == [], "make docs"


def test_a_picture_that_shows_something_else_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is written in it counts, not how it is drawn."""
    monkeypatch.setattr(make_pictures, "DOCS", tmp_path)
    drawn = {name: make_pictures.picture(name, "a") for name in ("pictures/a.svg", "pictures/b.svg")}
    monkeypatch.setattr(make_pictures, "pictures", lambda: drawn)
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures/a.svg").write_text(drawn["pictures/a.svg"].replace("#292929", "#000000"))
    (tmp_path / "pictures/b.svg").write_text(drawn["pictures/a.svg"])
    assert make_pictures.main(["--check"]) == 1
    assert capsys.readouterr().err == "docs/pictures/b.svg is not what threadsync prints: run `make docs`.\n"
    assert make_pictures.main([]) == 0
    assert make_pictures.main(["--check"]) == 0


@pytest.mark.parametrize("path", sorted(ROOT.glob("docs/pictures/*.svg")), ids=lambda path: path.stem)
def test_a_drawing_is_complete_in_itself(path: Path) -> None:
    drawing = path.read_text(encoding="utf-8")
    assert "@font-face" not in drawing
    assert not re.search(r"(?:href|src)=|url\((?!#)", drawing)
