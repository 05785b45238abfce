"""How a Markdown file falls into front matter, segments, pictures and options."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from threadsync.content.markdown import Body, Picture, split, split_front_matter
from threadsync.model.diagnostic import Diagnostic, Location


def texts(text: str) -> list[str]:
    body = split(text, "p.md", 1)
    assert body.findings == ()
    return [part.text for part in body.parts]


def rules(body: Body) -> list[tuple[str, int]]:
    return [(each.rule, each.location.line) for each in body.findings]


@pytest.mark.parametrize(
    ("text", "matter", "body", "line"),
    [
        ("---\na: 1\n---\nHi\n", "a: 1\n", "Hi\n", 4),
        ("---\n---\nHi", "", "Hi", 3),
        ("---  \na: 1\n--- \nHi", "a: 1\n", "Hi", 4),
        ("---\na: 1\n---", "a: 1\n", "", 4),
        ("---\na: '\n  ----\n  ---x'\n---\nHi", "a: '\n  ----\n  ---x'\n", "Hi", 6),
        ("Hi\n\n---\n\nyou", "", "Hi\n\n---\n\nyou", 1),
        ("----\nHi", "", "----\nHi", 1),
        ("---", "", "---", 1),
    ],
)
def test_front_matter_ends_at_the_first_line_of_three_dashes(
    text: str, matter: str, body: str, line: int
) -> None:
    assert split_front_matter(text, "p.md") == (matter, body, line)


def test_front_matter_that_is_never_closed_is_told() -> None:
    found = split_front_matter("---\na: 1\nHi", "p.md")
    assert isinstance(found, Diagnostic)
    assert found.rule == "post/front-matter"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("One.\n\n---\n\nTwo.\n\n---\n\nThree.", ["One.", "Two.", "Three."]),
        ("One.  \n two\t\n\n\n", ["One.\n two"]),
        ("\n\n  One.\n", ["  One."]),
        ("One.\n\n--- \n\nTwo.", ["One.", "Two."]),
        ("One.\n\n----\n\nTwo.", ["One.\n\n----\n\nTwo."]),
        ("One.\n\n- - -\n\nTwo.", ["One.\n\n- - -\n\nTwo."]),
        ("One.\n\n***\n\nTwo.", ["One.\n\n***\n\nTwo."]),
        ("One.\n\\---\nTwo.", ["One.\n\\---\nTwo."]),
        ("```\na\n\n---\n\nb\n```", ["```\na\n\n---\n\nb\n```"]),
        ("~~~~ py\n```\n\n---\n\n~~~\n~~~~\n\n---\n\nb", ["~~~~ py\n```\n\n---\n\n~~~\n~~~~", "b"]),
        ("```not a fence```\n\n---\n\nb", ["```not a fence```", "b"]),
        ("", [""]),
        ("---\n\nOne.", ["", "One."]),
    ],
)
def test_segments_part_at_three_dashes_between_empty_lines_outside_code(text: str, parts: list[str]) -> None:
    assert texts(text) == parts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One.\n---\n\nTwo.", [("text/separator", 2)]),
        ("One.\n\n---\nTwo.", [("text/separator", 3)]),
        ("One.\n\n```\ncode", [("text/fence", 3)]),
        ("![a](b.png 'title')", [("text/picture", 1)]),
        ("a\n\n```yaml segment\n{}\n```\n```yaml segment\n{}\n```", [("text/options", 6)]),
        ("a\n\n```yaml segment\nlink: &x y\n```", [("yaml/anchor", 4)]),
    ],
)
def test_what_is_ambiguous_is_told_in_its_line(text: str, expected: list[tuple[str, int]]) -> None:
    assert rules(split(text, "p.md", 1)) == expected


def test_an_entry_of_segments_cannot_be_parted_again() -> None:
    assert rules(split("a\n\n---\n\nb", "p.md", 1, separators=False)) == [("text/separator", 3)]


def test_pictures_alone_on_a_line_leave_the_text_and_join_their_segment() -> None:
    body = split("One.\n\n![a [b] c](d_(e).png)\n\nTwo.\n\n---\n\n  ![](<f g.png>)\n", "p.md", 10)
    assert body.findings == ()
    one, two = body.parts
    assert one.text == "One.\n\nTwo."
    assert one.pictures == (Picture("d_(e).png", "a [b] c", Location("p.md", 12)),)
    assert two.text == ""
    assert two.pictures == (Picture("f g.png", "", Location("p.md", 18, 3)),)
    assert [part.location.line for part in body.parts] == [10, 18]


def test_a_picture_between_lines_leaves_no_gap_and_none_is_made() -> None:
    assert texts("One.\n![a](b.png)\nTwo.") == ["One.\nTwo."]
    assert texts("One.\n\n\n![a](b.png)\nTwo.") == ["One.\n\n\nTwo."]


def test_a_picture_inside_code_is_code() -> None:
    (part,) = split("```\n![a](b.png)\n```", "p.md", 1).parts
    assert part.pictures == ()
    assert "![a](b.png)" in part.text


def test_options_of_a_segment_are_taken_out_of_its_text() -> None:
    (part,) = split("One.\n\n``` yaml  segment\nlink: x\n```\n\nTwo.", "p.md", 5).parts
    assert part.text == "One.\n\nTwo."
    assert part.options is not None
    assert part.options.value == {"link": "x"}
    assert part.options.keys == {("link",): (8, 1)}


def test_yaml_that_is_not_marked_as_options_is_code() -> None:
    (part,) = split("```yaml\nlink: x\n```", "p.md", 1).parts
    assert part.options is None
    assert part.text == "```yaml\nlink: x\n```"


def test_a_place_in_the_text_is_the_place_in_the_file() -> None:
    (part,) = split("\nOne.\n\n![a](b.png)\n\nTwo {{ x", "p.md", 7).parts
    assert part.place(part.text.index("{{")) == Location("p.md", 12, 5)
    (loose,) = split("a\nb", "p.md", 7, exact=False).parts
    assert loose.place(2) == Location("p.md", 7)


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("ab \n-`~![]()\\{}:"), max_size=80))
def test_every_line_of_a_body_is_kept_or_accounted_for(text: str) -> None:
    body = split(text, "p.md", 1)
    kept = [line for part in body.parts for line in part.text.split("\n") if line.strip()]
    lines = [line.rstrip(" \t") for line in text.split("\n") if line.strip()]
    taken = [line for line in lines if line.lstrip().startswith("![") or line == "---"]
    assert len(kept) >= len(lines) - len(taken)
    assert all(line in lines for line in kept)


@pytest.mark.parametrize(
    "piece", ["![", "![a](", "\n---\n", "\n\n---\n\n", "```\n", "~~~\n```\n", "\n![a](b)\n", "![[a]"]
)
def test_no_body_is_slow(piece: str) -> None:
    before = time.process_time()
    split(piece * (200_000 // len(piece)), "p.md", 1)
    assert time.process_time() - before < 20
