"""YAML means YAML 1.2, its traps are explained with the corrected line, and nothing in it harms us."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from threadsync.content import yaml12
from threadsync.content.core_schema import MakeParser, fastest_parser, pure_parser
from threadsync.content.yaml12 import Document, parse
from threadsync.model.diagnostic import Location

PARSERS = pytest.mark.parametrize("parser", [fastest_parser(), pure_parser], ids=["c", "pure"])


def value_of(text: str, parser: MakeParser | None = None) -> object:
    document = parse(text, "post.yaml", parser=parser)
    assert document.findings == ()
    return document.value


def only(document: Document) -> tuple[str, str]:
    (found,) = document.findings
    return found.rule, found.remedy


def test_the_fast_parser_is_libyaml_s_where_pyyaml_was_built_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert fastest_parser() is not pure_parser
    monkeypatch.setitem(sys.modules, "yaml._yaml", None)
    assert fastest_parser() is pure_parser


@PARSERS
@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("true", True),
        ("TRUE", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("Yes", "Yes"),
        ("no", "no"),
        ("on", "on"),
        ("y", "y"),
        ("tRUE", "tRUE"),
        ("010", 10),
        ("0o10", 8),
        ("0x1F", 31),
        ("-7", -7),
        ("+7", 7),
        ("1_000", "1_000"),
        ("0b11", "0b11"),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("1.", 1.0),
        ("12:30", "12:30"),
        ("190:20:30", "190:20:30"),
        ("2026-12-03 08:30", "2026-12-03 08:30"),
        ("2026-12-03", "2026-12-03"),
        ("1.2.3", "1.2.3"),
        ("-", ["x"]),
        ("'010'", "010"),
        ('"true"', "true"),
        ("''", ""),
        ("|\n  true", "true"),
        (">-\n  12\n  13", "12 13"),
        ("=", "="),
        ("...", "..."),
    ],
)
def test_a_word_means_what_the_core_schema_says(written: str, meant: object, parser: MakeParser) -> None:
    if written == "-":
        assert value_of("key:\n- x", parser) == {"key": meant}
    elif written == "...":
        assert value_of("key: a...", parser) == {"key": "a..."}
    else:
        assert value_of(f"key: {written}", parser) == {"key": meant}


@PARSERS
def test_keys_and_values_are_placed_in_the_lines_of_the_post_file(parser: MakeParser) -> None:
    document = parse("key: a\nlist: [x,\n  y]\nmap:\n  in: 1\n", "p.md", first_line=2, parser=parser)
    assert document.findings == ()
    assert document.keys == {("key",): (2, 1), ("list",): (3, 1), ("map",): (5, 1), ("map", "in"): (6, 3)}
    assert document.place(("key",)) == (2, 6)
    assert document.place(("list", 1)) == (4, 3)
    assert document.place(("map", "in")) == (6, 7)
    assert document.place(("map", "gone", "deeper")) == document.place(("map",)) == (6, 3)
    assert document.key_place(("list", 0)) == (3, 8)


@PARSERS
@pytest.mark.parametrize(
    ("text", "rule", "line", "column"),
    [
        ("a: 1\na: 2", "yaml/duplicate-key", 2, 1),
        ("a: {b: 1, b: 2}", "yaml/duplicate-key", 1, 11),
        ("a: !!str 1", "yaml/tag", 1, 4),
        ("a: !<x> 1", "yaml/tag", 1, 4),
        ("! a: 1", "yaml/tag", 1, 1),
        ("a: !!set {}", "yaml/tag", 1, 4),
        ("%TAG ! tag:x,2000:\n---\na: 1", "yaml/tag", 1, 1),
        ("a: &x 1", "yaml/anchor", 1, 4),
        ("&x a: 1", "yaml/anchor", 1, 1),
        ("a: &x [1]", "yaml/anchor", 1, 4),
        ("a: *x", "yaml/anchor", 1, 4),
        ("*x : 1", "yaml/key", 1, 1),
        ("a: {<<: {b: 1}}", "yaml/merge", 1, 5),
        ("1: a", "yaml/key", 1, 1),
        ("null: a", "yaml/key", 1, 1),
        ("true: a", "yaml/key", 1, 1),
        ("? [a]\n: b", "yaml/key", 1, 3),
        ("a: 1\n---\nb: 2", "yaml/documents", 2, 1),
        ("a:\n\tb: 1", "yaml/tab", 2, 1),
        ("a: .nan", "yaml/number", 1, 4),
        ("a: -.inf", "yaml/number", 1, 4),
        ("a: 1e999", "yaml/number", 1, 4),
        ("a: " + "9" * 40, "yaml/number", 1, 4),
        ("a:\nb: 1", "yaml/empty-value", 1, 3),
        ("a:\n- \n- x", "yaml/empty-value", 2, 2),
        ("a: {b: , c: 1}", "yaml/empty-value", 1, 8),
        ('a: "\\x1b"', "yaml/control-character", 1, 4),
        ('"a\\0": 1', "yaml/control-character", 1, 1),
        ("a: ]", "yaml/syntax", 1, 4),
        ("a: b\n  c: d", "yaml/syntax", 2, 4),
    ],
)
def test_what_a_post_never_needs_is_refused_at_its_place(
    text: str, rule: str, line: int, column: int, parser: MakeParser
) -> None:
    document = parse(text, "post.yaml", parser=parser)
    assert [each.rule for each in document.findings] == [rule]
    at = document.findings[0].location
    assert at.line == line
    # Where a missing value starts is told one character apart by the two parsers.
    assert abs(at.column - column) <= 1, at


@pytest.mark.parametrize(
    ("line", "rule", "corrected"),
    [
        ("text: Note: out of order", "yaml/colon", 'text: "Note: out of order"'),
        ("  - alt: Closed: since May", "yaml/colon", '  - alt: "Closed: since May"'),
        ('text: He said: "no"', "yaml/colon", "text: 'He said: \"no\"'"),
        ("text: {{ links['a'] }} is out", "yaml/braces", "text: \"{{ links['a'] }} is out\""),
        ("text: {{ links['a'] }}", "yaml/braces", "text: \"{{ links['a'] }}\""),
        ("- {{ x }} y", "yaml/braces", '- "{{ x }} y"'),
        ("text: @ana is here", "yaml/reserved", 'text: "@ana is here"'),
        ("text: `code` first", "yaml/reserved", 'text: "`code` first"'),
        ("text: %s", "yaml/reserved", 'text: "%s"'),
        ("langs: [@a, b]", "yaml/reserved", 'langs: ["@a", b]'),
        ("text: *bold* words", "yaml/anchor", 'text: "*bold* words"'),
        ("text: !important words", "yaml/tag", 'text: "!important words"'),
        ("topic: #transit", "yaml/comment", 'topic: "#transit"'),
        ("text: # all of it", "yaml/comment", 'text: "# all of it"'),
        ("text: We ride #transit", "yaml/comment", 'text: "We ride #transit"'),
        ("tags: [#a, #b]", "yaml/comment", 'tags: ["#a", "#b"]'),
        ("a: {text: Short, to the point}", "yaml/comma", 'a: {text: "Short, to the point"}'),
        ("a: {text: One, poll: null, two}", "yaml/comma", 'a: {text: One, poll: "null, two"}'),
        ('alt: "Closed" she said', "yaml/syntax", "alt: '\"Closed\" she said'"),
    ],
)
def test_a_writers_trap_shows_the_corrected_line(line: str, rule: str, corrected: str) -> None:
    found, remedy = only(parse(f"{line}\n", "post.md"))
    assert found == rule
    assert corrected in remedy
    assert only(parse(f"{line}\n", "post.md", parser=pure_parser))[0] == rule


@PARSERS
@pytest.mark.parametrize(
    ("text", "at", "said"),
    [
        ("a: b\nc:\n  d: e\n f: g", (4, 2), ("like no other line", "column 3", "column 1")),
        ("a:\n  - b\n - c", (3, 2), ("like no other line", "column 3", "column 1")),
        ("a:\n  - b\n  c: d", (3, 3), ("in a list", "with a dash")),
        ("a: [b\nc: d", (1, 4), ("[ is not closed", "Close it with ]")),
        ("a: {b: c\nd: e", (1, 4), ("{ is not closed", "Close it with }")),
        ('a: "b\nc: d', (1, 4), ('" is not closed', 'Close it with "')),
    ],
)
def test_a_slip_of_the_hand_is_named_where_it_was_made(
    text: str, at: tuple[int, int], said: tuple[str, ...], parser: MakeParser
) -> None:
    (found,) = parse(text, "post.yaml", parser=parser).findings
    assert (found.location.line, found.location.column) == at
    told = f"{found.problem} {found.remedy}"
    assert [each for each in said if each not in told] == []


@pytest.mark.parametrize(
    "corrected",
    [
        'text: "Note: out of order"',
        "text: \"{{ links['a'] }} is out\"",
        'tags: ["#a", "#b"]',
        'a: {text: "Short, to the point"}',
        "text: see #12-like things # a comment",
        "text: a#b",
        "tags: [a#b]",
    ],
)
def test_a_corrected_line_is_accepted_except_where_a_tag_still_cuts_it(corrected: str) -> None:
    rules = [each.rule for each in parse(corrected, "post.md").findings]
    assert rules == (["yaml/comment"] if "#12" in corrected else [])


def test_a_corrected_line_is_whole_unless_it_is_longer_than_anybody_writes() -> None:
    text = "Note: " + "out of order " * 20
    assert f'text: "{text.strip()}"' in only(parse(f"text: {text}\n", "post.md"))[1]
    assert len(only(parse("text: a: " + "b" * 10_000, "post.md"))[1]) < 500


def test_a_comment_with_a_space_is_a_comment() -> None:
    assert value_of("a: text # a remark\nb: 1 #2\nc: true #x\n# d: 1\n") == {"a": "text", "b": 1, "c": True}


def test_all_faults_of_a_readable_document_are_found_at_once() -> None:
    document = parse("a: !x 1\na: &y 2\nb: .nan\nc:\n", "post.md")
    rules = [each.rule for each in document.findings]
    assert rules == ["yaml/tag", "yaml/duplicate-key", "yaml/anchor", "yaml/number", "yaml/empty-value"]


@PARSERS
def test_a_bomb_of_aliases_is_refused_unread(parser: MakeParser) -> None:
    layers = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    document = parse("a0: &a0 x\n" + "\n".join(layers), "post.md", parser=parser)
    assert {each.rule for each in document.findings} == {"yaml/anchor"}


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("a: " + "[" * 400_000, "yaml/too-deep"),
        ("a: " + "{b: " * 200_000, "yaml/too-deep"),
        ("- " * 400_000, "yaml/too-deep"),
        ("a: [" + "b, " * 300_000 + "]", "yaml/too-large"),
        ("".join(f"k{n}: 1\n" for n in range(90_000)), "yaml/too-large"),
    ],
)
def test_depth_and_size_end_the_reading_early(text: str, rule: str) -> None:
    assert [each.rule for each in parse(text, "post.md").findings] == [rule]


def test_at_the_limits_a_document_is_read() -> None:
    deep = yaml12.DEPTH_MAX - 1
    innermost: object = []
    for _ in range(deep - 1):
        innermost = [innermost]
    assert value_of("a: " + "[" * deep + "]" * deep) == {"a": innermost}
    many = yaml12.VALUES_MAX - 2
    assert value_of("a: [" + ", ".join(["b"] * many) + "]") == {"a": ["b"] * many}


def test_a_file_of_faults_yields_a_bounded_number_of_findings() -> None:
    text = "".join(f"k{n}:\n" for n in range(9_000))
    assert len(parse(text, "post.md").findings) == yaml12.FINDINGS_MAX


def test_nothing_of_a_document_reaches_a_terminal_raw() -> None:
    document = parse('"\\e[31m": 1\n"\\e[31m": !x 2', "post.md")
    for each in document.findings:
        assert "\x1b" not in each.problem + each.remedy


@pytest.mark.parametrize("text", ["", "\n", "# only a comment\n", "---\n...\n"])
def test_an_empty_document_is_null(text: str) -> None:
    document = parse(text, "post.yaml")
    assert document.value is None


TEXTS = st.text(st.sampled_from("ab01:#-?[]{},&*!|>'\"%@`~.\n \t<=\\x{}é\U0001f6b2"), max_size=40)


@settings(max_examples=600, deadline=None)
@given(TEXTS)
def test_any_text_is_a_value_or_findings_and_both_parsers_agree_on_which(text: str) -> None:
    fast, pure = parse(text, "p.md"), parse(text, "p.md", parser=pure_parser)
    for document in (fast, pure):
        for each in document.findings:
            assert each.location >= Location("p.md", 1, 1)
            assert each.remedy
    if not fast.findings and not pure.findings:
        assert fast.value == pure.value
