"""The site: what its navigation holds, and that a page which leads nowhere ends its build."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
README = """\
# House

## Where to go on

### How-to

| | |
|---|---|
| [Posts](docs/posts.md#times), [state](docs/state.md) | how posts are written |

### Reference

| | |
|---|---|
| [Keys](docs/reference/keys.md) | every key |
| [Decisions](docs/adr/README.md) | why |

Free.
"""
PAGES = {
    "README.md": README,
    "docs/posts.md": "# Posts\n\n[File](../data.json), [key](reference/keys.md#of-a-post).\n\n## Times\n",
    "docs/state.md": "# State\n\n```markdown\n![A map](map.png) [none](none.md)\n```\n",
    "docs/reference/keys.md": "# Keys\n\n## Of a post\n",
    "docs/adr/README.md": "# Decisions\n\n* [1](0001-first.md)\n",
    "docs/adr/0001-first.md": "# 1. First\n",
    "data.json": "{}",
}


@pytest.fixture(scope="module")
def conf() -> ModuleType:
    spec = spec_from_file_location("docs_conf", ROOT / "docs/conf.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def names() -> set[str]:
    return {path.relative_to(ROOT).with_suffix("").as_posix() for path in ROOT.glob("docs/**/*.md")} | {
        "README"
    }


def test_every_page_is_in_the_navigation_once_and_none_that_is_not_there(conf: ModuleType) -> None:
    tree = conf.navigation((ROOT / "README.md").read_text(encoding="utf-8"), names())
    assert list(tree) == ["Tutorial", "How-to", "Reference", "Explanation"]
    every = [page for group in tree.values() for page in group]
    assert len(every) == len(set(every))
    assert {name for name in names() if "/adr/" not in name} - {"README"} <= set(every)
    assert all((ROOT / f"{page}.md").is_file() for page in every)


def test_a_page_that_no_table_names_is_put_behind_those_of_its_kind(conf: ModuleType) -> None:
    tree = conf.navigation(
        README, ["README", "docs/new", "docs/reference/new", "docs/adr/0002-new", "docs/posts"]
    )
    assert tree == {
        "How-to": ["docs/posts", "docs/state", "docs/new"],
        "Reference": ["docs/reference/keys", "docs/adr/README", "docs/reference/new"],
    }


class TestBuilt:
    """A small house, built as ours is."""

    @pytest.fixture(autouse=True)
    def house(self, tmp_path: Path) -> None:
        pytest.importorskip("sphinx", reason="not tested without sphinx: the site of the pages")
        for name, text in PAGES.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        shutil.copy(ROOT / "docs/conf.py", tmp_path / "docs")
        shutil.copytree(ROOT / "docs/site", tmp_path / "docs/site")

    def built(self, folder: Path) -> tuple[int, str]:
        (command,) = re.findall(r"\$\(BIN\)/python (-m sphinx .*)", (ROOT / "Makefile").read_text())
        done = subprocess.run(
            [sys.executable, *command.split()],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return done.returncode, done.stderr

    def test_it_leads_to_every_page_and_file_and_fetches_nothing_from_elsewhere(self, tmp_path: Path) -> None:
        assert self.built(tmp_path) == (0, "")
        site = tmp_path / "build/site"
        front = (site / "README.html").read_text()
        for page in (
            "docs/posts",
            "docs/state",
            "docs/reference/keys",
            "docs/adr/README",
            "docs/adr/0001-first",
        ):
            assert f'href="{page}.html"' in front
        posts = (site / "docs/posts.html").read_text()
        assert 'href="reference/keys.html#of-a-post"' in posts
        (copy,) = re.findall(r'href="\.\./(_downloads/\w+/data\.json)"', posts)
        assert (site / copy).read_text() == "{}"
        assert "![A map](map.png) [none](none.md)" in re.sub(
            r"<[^>]+>", "", (site / "docs/state.html").read_text()
        )
        assert "url=README.html" in (site / "index.html").read_text()
        assert (site / "site.css").is_file()
        for path in [*site.rglob("*.html"), *site.rglob("*.css")]:
            fetched = r'(?:src|<link [^>]*href)="(?:https?:)?//|url\(["\']?(?:https?:)?//|@import'
            assert not re.search(fetched, path.read_text()), path

    def test_what_leads_nowhere_ends_it(self, tmp_path: Path) -> None:
        links = [
            "[x](none.md)",
            "[x](state.md#times)",
            "[x](#none)",
            "![A map](none.png)",
            "[x](../none.json)",
        ]
        with (tmp_path / "docs/posts.md").open("a") as page:
            page.write("\n\n".join(links))
        status, said = self.built(tmp_path)
        assert status == 1
        for target in ("none.md", "times", "'none'", "none.png", "none.json"):
            assert len([line for line in said.splitlines() if "WARNING" in line and target in line]) == 1
