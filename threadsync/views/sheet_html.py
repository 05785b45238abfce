"""The proof sheet as one page of HTML that needs nothing else: no script, no other file, no network.

Its own policy makes the browser see to that. All that comes from files or networks is escaped here.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from threadsync.views.sheet import Post, Preview, Sheet, Trouble

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
"""The page's Content-Security-Policy: whatever a post holds, nothing is asked of another host."""


@lru_cache(maxsize=1)
def templates() -> Environment:
    """Return what the pages are made by; everything that is put into them is escaped."""
    return Environment(
        loader=PackageLoader("threadsync.views"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def sheet_html(sheet: Sheet, raw: str) -> str:
    """Return the page, with the plan as the JSON document *raw* at its end.

    It is ASCII: whatever encoding standard output has, it reads the same.
    """
    return _page(sheet, raw, None)


def preview_html(sheet: Sheet, preview: Preview) -> str:
    """Return the page that a server keeps up to date; its policy comes with the answer."""
    return _page(sheet, "", preview)


def _page(sheet: Sheet, raw: str, preview: Preview | None) -> str:
    page = templates().get_template("sheet.html")
    return _ascii(page.render(sheet=sheet, raw=raw, policy=POLICY, preview=preview))


def blocks_html(sheet: Sheet) -> dict[str, str]:
    """Return the parts of the page that are about no single post, by their ids; the list is apart."""
    return {name: _made(name, sheet) for name in ("sum", "notes", "accounts")}


def list_html(sheet: Sheet) -> str:
    """Return the part of the page that lists all posts."""
    return _made("list", sheet)


def problem_html(problem: Trouble | None) -> str:
    """Return the part of the page that says why nothing newer is shown."""
    return _made("problem", problem)


def posts_html(posts: Sequence[Post]) -> list[str]:
    """Return each of *posts* as the part of the page that shows it."""
    return [_made("post", post) for post in posts]


def _made(macro: str, of: Sheet | Post | Trouble | None) -> str:
    module = templates().get_template("sheet_post.html").module
    return _ascii(str(getattr(module, macro)(of))).strip()


def _ascii(text: str) -> str:
    return text.encode("ascii", "xmlcharrefreplace").decode()
