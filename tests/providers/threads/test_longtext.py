"""The styles of a long text, as they are written."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from threadsync.providers.threads.longtext import read

TraceFunction: TypeAlias = Callable[[FrameType, str, Any], Any]


def told(source: str) -> tuple[str, list[tuple[str, tuple[str, ...]]]]:
    """Return the text, and each stretch with its styles."""
    found = read(source)
    return found.text, [(found.text[each.start : each.end], each.styles) for each in found.stretches]


@pytest.mark.parametrize(
    ("source", "text", "stretches"),
    [
        ("plain", "plain", []),
        ("a **b** c", "a b c", [("b", ("bold",))]),
        ("a *b* _c_", "a b c", [("b", ("italic",)), ("c", ("italic",))]),
        (
            "__a__ ~~b~~ ==c==",
            "a b c",
            [("a", ("underline",)), ("b", ("strikethrough",)), ("c", ("highlight",))],
        ),
        ("***a***", "a", [("a", ("bold", "italic"))]),
        ("**a *b* c**", "a b c", [("a ", ("bold",)), ("b", ("bold", "italic")), (" c", ("bold",))]),
        ("snake_case_name and 2 * 3 * 4", "snake_case_name and 2 * 3 * 4", []),
        ("**open", "**open", []),
        ("a **b\nc** d", "a **b\nc** d", []),
        (r"\*a\* \**b*\*", "*a* *b*", [("b", ("italic",))]),
        ("****", "****", []),
        ("**a* b**", "a* b", [("a* b", ("bold",))]),
        ("x\n**y**\n", "x\ny\n", [("y", ("bold",))]),
    ],
)
def test_signs_become_styles_and_the_rest_is_literal(
    source: str, text: str, stretches: list[tuple[str, tuple[str, ...]]]
) -> None:
    assert told(source) == (text, stretches)


@given(st.text(alphabet="a *_~=\\\n", max_size=60))
def test_stretches_are_in_order_and_do_not_overlap(source: str) -> None:
    found = read(source)
    ends = [0]
    for each in found.stretches:
        assert ends[-1] <= each.start < each.end <= len(found.text)
        assert each.styles
        ends.append(each.end)


def lines_run(function: Callable[[], object]) -> int:
    """Count the lines that *function* runs."""
    count = 0

    def trace(_: FrameType, event: str, __: object) -> TraceFunction:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        function()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("part", ["*a ", "**a _b ", "*", "~~a"])
def test_a_hostile_text_is_read_in_a_time_that_grows_with_its_length_alone(part: str) -> None:
    """Signs that open and never close are literal, however many; those of the last part do close."""
    found = read(part * 5_000)
    assert found.text == (part * 5_000 if part != "~~a" else "a" * 5_000)
    assert len(found.stretches) == (2_500 if part == "~~a" else 0)
    assert lines_run(lambda: read(part * 2_000)) < 5 * lines_run(lambda: read(part * 500))
