"""The style sheet and the script: enough contrast, visible focus, nothing of other hosts."""

from __future__ import annotations

import re

import pytest

from threadsync.sandbox import pages
from threadsync.sandbox.pages.views import TINTS

CSS = pages.asset("page.css").decode()
CONTRAST_MIN = 4.5
"""Of text on its ground: WCAG 2.2, success criterion 1.4.3, level AA."""
EDGE_CONTRAST_MIN = 3.0
"""Of the edge of a control or the filled part of a bar: success criterion 1.4.11."""

TEXTS = [(ink, ground) for ink in ("ink", "quiet", "link") for ground in ("ground", "sheet", "raised")]
TEXTS += [("ink", "veil"), ("link", "veil"), ("ink", "mark"), ("link", "mark"), ("sheet", "ink")]
TEXTS += [("on-tint", f"tint-{n}") for n in range(TINTS)]
EDGES = [("edge", "sheet"), ("edge", "ground"), ("bar", "track"), ("alarm", "ground"), ("link", "sheet")]


def colours(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): #([0-9a-f]{6});", block))


LIGHT = colours(CSS.partition("@media (prefers-color-scheme: dark)")[0])
DARK = colours(CSS.partition("@media (prefers-color-scheme: dark)")[2])


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_computed_as_it_is_defined():
    """Black on white is 21 to 1."""
    assert contrast("000000", "ffffff") == pytest.approx(21)


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_every_text_can_be_read_on_its_ground(scheme):
    low = {pair: contrast(scheme[pair[0]], scheme[pair[1]]) for pair in TEXTS}
    assert {pair: ratio for pair, ratio in low.items() if ratio < CONTRAST_MIN} == {}


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_edges_of_controls_and_bars_can_be_seen(scheme):
    low = {pair: contrast(scheme[pair[0]], scheme[pair[1]]) for pair in EDGES}
    assert {pair: ratio for pair, ratio in low.items() if ratio < EDGE_CONTRAST_MIN} == {}


def test_colours_have_one_place_and_both_schemes():
    """A colour outside the two blocks would be seen by no other test here."""
    assert LIGHT.keys() == DARK.keys()
    rules = CSS[CSS.index("*, *::before") :]
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b(?=[^{]*})|rgba?\(|hsla?\(", rules) == []
    assert set(re.findall(r"var\(--([\w-]+)\)", rules)) <= LIGHT.keys() | {"avatar"}


def test_focus_is_visible_also_on_what_a_spoilers_box_stands_for():
    rule = re.search(r":focus-visible, input:focus-visible \+ label \{ outline: 3px solid", CSS)
    assert rule is not None
    assert re.findall(r"([^{}]*)\{[^}]*outline: none", CSS) == ["\nmain:focus "]


def test_movement_only_for_those_who_take_no_offence():
    """Every transition and smooth scroll stands in the block that asks first; nothing is animated."""
    before, _, moving = CSS.partition("@media (prefers-reduced-motion: no-preference)")
    assert "transition" in moving
    assert "smooth" in moving
    assert not re.search(r"transition|smooth|animation", before)


@pytest.mark.parametrize("name", sorted(pages.ASSETS))
def test_nothing_is_asked_of_other_hosts(name):
    assert not re.search(r"https?:|url\(|@import|//\w", pages.asset(name).decode())
