"""How Sphinx makes the pages of this repository a site: ``make site``. Why so: docs/adr/0020-site.md.

The pages stay where a forge shows them, and are read from there. The README is the front page, and its tables under
"Where to go on" are the navigation; a page that none of them names follows those of its kind by itself.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parents[1]
AHEAD = "\n## Where to go on\n"
DECISIONS = "docs/adr/README"
PICTURES = {".jpg", ".png", ".svg"}
LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)#\s]+)")
"""Where a link leads that does not leave the repository, without its anchor."""

project = "threadsync"
extensions = ["myst_parser"]
root_doc = "README"
include_patterns = ["*.md", "docs/**.md", "examples/README.md", "state/README.md"]
exclude_patterns = [".*", "**/node_modules", "build", "dist", "examples/posts", "tests", "threadsync"]
suppress_warnings = ["myst.header"]  # a page may leave out a rank of headings
myst_heading_anchors = 4
nitpicky = True
smartquotes = False  # what stands in a page is what is meant: -- is two hyphens

html_theme = "furo"
html_title = "threadsync"
html_extra_path = ["site"]  # index.html, which leads to the README, and the style below
html_static_path = []
html_css_files = ["../site.css"]
html_copy_source = False
html_show_copyright = False


def groups(readme: str) -> dict[str, list[str]]:
    """Return the pages that each table of the README's last part leads to, by the table's heading."""
    found: dict[str, list[str]] = {}
    for part in readme.partition(AHEAD)[2].partition("\n## ")[0].split("\n### ")[1:]:
        heading, _, table = part.partition("\n")
        rows = [row.split(" | ")[0] for row in table.splitlines() if row.startswith("| [")]
        pages = [name.removesuffix(".md") for row in rows for name in LINK.findall(row)]
        found[heading] = list(dict.fromkeys(pages))
    return found


def navigation(readme: str, pages: Iterable[str]) -> dict[str, list[str]]:
    """Return the pages of the navigation under their headings; every one of *pages* stands there or below one."""
    found = groups(readme)
    named = {page for group in found.values() for page in group}
    for page in sorted(set(pages) - named - {root_doc}):
        if not page.startswith("docs/adr/"):
            kind = "Reference" if page.startswith("docs/reference/") else "How-to"
            found[kind].append(page)
    return found


def _tree(pages: Iterable[str], caption: str = "") -> str:
    head = [":hidden:", *([f":caption: {caption}"] if caption else [])]
    return "\n".join(["", "```{toctree}", *head, "", *(f"/{page}" for page in pages), "```", ""])


def _leading(app: Sphinx, page: str, text: str) -> str:
    """Return *text* with its links to files that are no pages as such: the site has a copy of the file."""

    def there(link: re.Match[str]) -> str:
        path = ((ROOT / page).parent / link[1]).resolve()
        is_file = path.is_relative_to(ROOT) and path.is_file()
        is_shown = path.suffix in PICTURES or _name(path) in app.env.found_docs if is_file else True
        return link[1] if is_shown else f"path:{link[1]}"

    return LINK.sub(there, text)


def _name(path: Path) -> str:
    return path.relative_to(ROOT).with_suffix("").as_posix()


def _read(app: Sphinx, page: str, source: list[str]) -> None:
    text = source[0]
    trees: Iterator[str] = iter(())
    if page == root_doc:
        trees = (_tree(pages, title) for title, pages in navigation(text, app.env.found_docs).items())
    elif page == DECISIONS:
        every = sorted(each for each in app.env.found_docs if each.startswith("docs/adr/0"))
        trees = iter([_tree(every)])
    source[0] = "\n".join([_leading(app, page, text), *trees])


def _written(_app: Sphinx, _page: str, _template: str, context: dict[str, Any], _tree: object) -> None:
    """Say what the theme leaves out: the rank of a heading, and that what is wider than a phone can be scrolled."""
    for name, mark, more in (
        ("furo_navigation_tree", 'role="heading"', 'aria-level="2"'),
        ("body", "<pre", 'tabindex="0"'),
        ("body", '<div class="table-wrapper', 'tabindex="0"'),
    ):
        if name in context:
            first, _, rest = mark.partition(" ")
            context[name] = context[name].replace(mark, f"{first} {more} {rest}".rstrip())


def setup(app: Sphinx) -> None:
    """Have the navigation put into the pages as they are read, and what keyboards and readers aloud need."""
    app.connect("source-read", _read)
    app.connect("html-page-context", _written, priority=900)  # after the theme
