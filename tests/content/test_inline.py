"""Text is literal; only the few constructs of the format mean something (design of the post format)."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from threadsync.content.inline import PROBLEMS_MAX, spans_of
from threadsync.model.ids import PostKey, TargetName
from threadsync.model.text import (
    Anchor,
    Hashtag,
    Mention,
    PermalinkOf,
    Plain,
    Span,
    Spans,
    Styled,
    Url,
)

KEY = PostKey("launch")


def spans(text: str) -> Spans:
    found, problems = spans_of(text, KEY)
    assert problems == []
    return found


def strong(text: str) -> Styled:
    return Styled("strong", text)


def emphasis(text: str) -> Styled:
    return Styled("emphasis", text)


def code(text: str) -> Styled:
    return Styled("code", text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain",
        "line\nbreaks\n\nstay",
        "# Heading",
        "## Heading 2",
        "- item\n* item\n+ item\n1. item",
        "> quote",
        "a_b",
        "snake_case_name",
        "__init__",
        "2*3*4",
        "2 * 3 * 4",
        "a * b",
        "** nothing **",
        "****",
        "*",
        "_",
        "**open",
        "*a\nb*",
        "a lone ` backtick",
        "`a\nb`",
        "[label]",
        "[label](not a url)",
        "[x](relative.html)",
        "[ ] todo",
        "mail ana@example.org",
        "a@b",
        "@ alone",
        "@@",
        "@user@mastodon.social",
        "#1 in line",
        "C#",
        "#",
        "issue#12a",
        "{% if x %}",
        "{# comment #}",
        "{ braces }",
        "}}",
        "https://",
        "http:// x",
        "www.",
        "www.x",
        "xhttps://example.org",
        "¯\\o/¯",
        "\\",
        "\\a",
        "!",
        "![not closed",
        "~~struck~~",
        "| a | b |",
        "<b>html</b>",
    ],
)
def test_what_has_no_meaning_is_literal(text: str) -> None:
    assert spans(text) == ((Plain(text),) if text else ())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://example.org", [Url("https://example.org")]),
        ("See https://example.org.", [Plain("See "), Url("https://example.org"), Plain(".")]),
        ("www.example.org!", [Url("www.example.org"), Plain("!")]),
        ("HTTPS://EXAMPLE.ORG/A", [Url("HTTPS://EXAMPLE.ORG/A")]),
        ("(https://example.org/a)", [Plain("("), Url("https://example.org/a"), Plain(")")]),
        ("https://en.org/Lift_(door)", [Url("https://en.org/Lift_(door)")]),
        ("(https://en.org/Lift_(door)).", [Plain("("), Url("https://en.org/Lift_(door)"), Plain(").")]),
        ("https://a.org/x?y=1&z=#frag", [Url("https://a.org/x?y=1&z=#frag")]),
        ("https://a.org/@ana/post", [Url("https://a.org/@ana/post")]),
        ("“https://a.org/x”, he said", [Plain("“"), Url("https://a.org/x"), Plain("”, he said")]),
        ("https://a.org/x…", [Url("https://a.org/x"), Plain("…")]),
        ("**https://a.org/x**", [Url("https://a.org/x")]),
        ("https://a.org:8080/x", [Url("https://a.org:8080/x")]),
        ("https://müller.example/ä", [Url("https://müller.example/ä")]),
        ("<https://a.org>", [Plain("<"), Url("https://a.org"), Plain(">")]),
        ("[all](https://a.org/x)", [Anchor("all", "https://a.org/x")]),
        ("[a b](https://a.org/L_(x))!", [Anchor("a b", "https://a.org/L_(x)"), Plain("!")]),
        (r"[a\]b](https://a.org)", [Anchor("a]b", "https://a.org")]),
        ("[mail](mailto:ana@a.org)", [Anchor("mail", "mailto:ana@a.org")]),
        ("[[1]](https://a.org)", [Plain("[[1]]("), Url("https://a.org"), Plain(")")]),
        ("a **bold** word", [Plain("a "), strong("bold"), Plain(" word")]),
        ("*italic* and _too_", [emphasis("italic"), Plain(" and "), emphasis("too")]),
        ("***both***", [emphasis("both")]),
        ("**a *b* c**", [strong("a "), emphasis("b"), strong(" c")]),
        ("**a *b**", [strong("a *b")]),
        ("*a **b* c", [emphasis("a **b"), Plain(" c")]),
        ("**snake_case**", [strong("snake_case")]),
        ("_snake_case_", [emphasis("snake_case")]),
        ("**by @ana**", [strong("by "), Mention("ana")]),
        ("(*a*), *b*.", [Plain("("), emphasis("a"), Plain("), "), emphasis("b"), Plain(".")]),
        ("`code`", [code("code")]),
        ("``a ` b``", [code("a ` b")]),
        ("`` `x` ``", [code("`x`")]),
        ("`**x** @a #b {{ y }} https://a.org`", [code("**x** @a #b {{ y }} https://a.org")]),
        ("`open **x**", [Plain("`open "), strong("x")]),
        ("```\n**x** {{ y }}\n\n---\n```\nz", [code("**x** {{ y }}\n\n---"), Plain("\nz")]),
        ("a\n~~~ py\nx\n~~~", [Plain("a\n"), code("x")]),
        ("@ana", [Mention("ana")]),
        ("hi @ana.", [Plain("hi "), Mention("ana"), Plain(".")]),
        ("@user.bsky.social, hi", [Mention("user.bsky.social"), Plain(", hi")]),
        ("(@a_b-c)", [Plain("("), Mention("a_b-c"), Plain(")")]),
        ("@ana's", [Mention("ana"), Plain("'s")]),
        ("#transit", [Hashtag("transit")]),
        ("a #Lift-report", [Plain("a "), Hashtag("Lift"), Plain("-report")]),
        (
            "#été #हिन्दी #日本語",
            [Hashtag("été"), Plain(" "), Hashtag("हिन्दी"), Plain(" "), Hashtag("日本語")],
        ),
        ("#a_b #2x", [Hashtag("a_b"), Plain(" "), Hashtag("2x")]),
        ("#🚲!", [Hashtag("🚲"), Plain("!")]),
        ("{{ links['threads/main'] }}", [PermalinkOf(KEY, TargetName("threads/main"))]),
        ('{{links["a@bluesky/b"]}}', [PermalinkOf(PostKey("a"), TargetName("bluesky/b"))]),
        ("https://x.org/{{ links['t/m'] }}", [Url("https://x.org/"), PermalinkOf(KEY, TargetName("t/m"))]),
    ],
)
def test_a_construct_means_what_it_says(text: str, expected: list[Span]) -> None:
    assert spans(text) == tuple(expected)


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        (r"\*a\*", "*a*"),
        (r"\*\*a\*\*", "**a**"),
        (r"\_a\_", "_a_"),
        (r"\`a\`", "`a`"),
        (r"\``", "``"),
        (r"\[a](https)", "[a](https)"),
        (r"\(a\)", "(a)"),
        (r"\@ana", "@ana"),
        (r"\#tag", "#tag"),
        (r"\\*", r"\*"),
        (r"\{{ x }}", "{{ x }}"),
        (r"\![a](b.png)", "![a](b.png)"),
        ("a\n\\---\nb", "a\n---\nb"),
        ("\\---", "---"),
        (r"a \- b", r"a \- b"),
        (r"a \--- b", r"a \--- b"),
    ],
)
def test_a_backslash_takes_the_meaning_away(text: str, literal: str) -> None:
    assert spans(text) == (Plain(literal),)


@pytest.mark.parametrize(
    ("text", "rule", "offset", "remedy"),
    [
        ("Hi {{ name }}", "text/template", 3, r"\{{"),
        ("{{", "text/template", 0, r"\{{"),
        ("{{ links.a }}", "text/template", 0, r"\{{"),
        ("{{ links['a'] | x }}", "text/template", 0, r"\{{"),
        ("{{ links['@x'] }}", "text/template", 0, "KEY@TARGET"),
        ("[see]({{ links['a'] }})", "text/template", 0, "beside"),
        ("a ![b](c.png) d", "text/picture", 2, r"\!["),
        ("```\nx\n```\nHi {{ y", "text/template", 13, r"\{{"),
    ],
)
def test_what_must_be_written_otherwise_is_told_at_its_place(
    text: str, rule: str, offset: int, remedy: str
) -> None:
    found = spans_of(text, KEY)[1]
    assert (found[0].rule, found[0].offset) == (rule, offset)
    assert remedy in found[0].remedy


SIGNS = st.text(st.sampled_from("ab 1\n\\`*_[]()@#!{}:/.'~-é🚲"), max_size=60)
STYLES = st.text(st.sampled_from("ab 1\n*_@#:/.-é🚲"), max_size=60)


@settings(max_examples=500, deadline=None)
@given(STYLES)
def test_only_the_signs_of_styles_leave_the_text(text: str) -> None:
    """Nothing is lost or added on the way from the file to the network."""
    seen = "".join(
        {Mention: "@", Hashtag: "#"}.get(type(span), "") + str(getattr(span, field))
        for span in spans(text)
        for field in type(span).__struct_fields__
        if field != "style"
    )
    assert seen.translate(WITHOUT_SIGNS) == text.translate(WITHOUT_SIGNS)


WITHOUT_SIGNS = str.maketrans("", "", "*_")


@settings(max_examples=300, deadline=None)
@given(SIGNS)
def test_escaping_every_sign_makes_any_text_literal(text: str) -> None:
    """Whatever an author wants to say can be said."""
    escaped = "".join("\\" + c if c in "\\`*_[]()@#!" else c for c in text).replace("{{", "\\{{")
    escaped = escaped.replace("~~~", "~ ~").replace("://", ":/").replace("www.", "w")
    found, problems = spans_of(escaped, KEY)
    assert problems == []
    assert all(isinstance(span, Plain) for span in found)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=80))
def test_neighbouring_literal_pieces_are_one_span(text: str) -> None:
    found, _ = spans_of(text, KEY)
    for one, other in pairwise(found):
        assert not (isinstance(one, Plain) and isinstance(other, Plain))
    assert all(span.text for span in found if isinstance(span, Plain))


HOSTILE = [
    "[",
    "*",
    "* ",
    "*a ",
    "_a ",
    "**a *b _c ",
    "`",
    "`` ` ",
    "a`b``c```d",
    "![",
    "[a](",
    "[a](b",
    "[a](https://x(",
    "(",
    ")",
    "https://",
    "https://a.org/(",
    "www.",
    "@",
    "@a.",
    "@a@",
    "#",
    "#a",
    "{{",
    "{{ links['",
    "{{ ",
    "\\",
    "\\*",
    "-",
    "https://a" + ")" * 50,
    "*a\n",
    "a_",
]


@pytest.mark.parametrize("piece", HOSTILE)
def test_no_text_is_slow(piece: str) -> None:
    """Linear: 300,000 characters take about a second at most; squared, they would take an hour."""
    text = piece * (300_000 // len(piece))
    before = time.process_time()
    _, problems = spans_of(text, KEY)
    assert time.process_time() - before < 20
    assert len(problems) <= PROBLEMS_MAX


def test_open_signs_of_one_kind_do_not_slow_the_other_down() -> None:
    before = time.process_time()
    spans("*a " * 50_000 + "b_ " * 50_000)
    spans("*a " * 50_000 + "b** " * 50_000)
    assert time.process_time() - before < 20
