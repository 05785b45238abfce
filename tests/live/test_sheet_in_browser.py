"""The proof sheet in a real browser: accessible, nothing sticks out, and nothing is asked of any host."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.node import chromium
from tests.planning.builders import at, want
from tests.views import samples, sheets
from tests.views.test_sheet import SHOWN
from threadsync.planning.actions import Create, Reason, SegmentView
from threadsync.views.sheet import Line
from threadsync.views.sheet_html import sheet_html
from threadsync.views.sheet_making import sheet_of

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(bool(chromium.missing()), reason=chromium.missing() or "all is there"),
]


def test_the_page_is_accessible_in_light_and_dark_on_a_desk_and_on_a_phone(tmp_path: Path) -> None:
    prepared = sheets.full()
    sources = {("posts/launch/index.md", 3): Line("tragets: [threads/main]  # " + "long " * 60)}
    sheet = sheet_of(prepared, SHOWN, sources, whole=True)
    page = tmp_path / "sheet.html"
    page.write_text(sheet_html(sheet, "{}"))
    for seen in chromium.run("check.mjs", page.as_uri()):
        where = f"{seen['width']} {seen['colorScheme']}"
        assert seen["violations"] == [], where
        assert seen["complaints"] == [], where
        assert seen["asked"] == [page.as_uri()], where
        assert seen["sticks_out"] == 0, where


def test_a_picture_is_seen_whole_unless_words_say_what_is_cut_and_none_fills_the_screen(
    tmp_path: Path,
) -> None:
    wide, tall = (
        replace(
            samples.media(name, name),
            facts=replace(samples.media(name, name).facts, width=width, height=height),
        )
        for name, width, height in (("wide.png", 1400, 200), ("tall.png", 200, 1400))
    )
    publication = want("a", "In a row").publication
    views = (
        SegmentView(0, "In a row", 8, 500, "characters", (wide, tall)),
        SegmentView(1, "Alone", 5, 500, "characters", (tall,)),
    )
    made = sheets.sheet_plan(Create(at("a"), Reason.NEW, publication, views))
    page = tmp_path / "sheet.html"
    page.write_text(sheet_html(sheet_of(made, SHOWN, {}), "{}"))
    for seen in chromium.run("check.mjs", page.as_uri()):
        assert seen["cropped"] == []
        assert 0 < seen["tallest"] <= 600
