"""Pages read by a renderer of Markdown: whatever is in a post, no tag, link or mention comes out but ours.

GitHub-flavoured Markdown also makes links and mentions of bare words (github.github.com/gfm, autolinks): so
words that could be one may stand in code alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token
from msgspec.structs import replace

from tests.planning.builders import at, published
from tests.views import samples
from threadsync.execution.report import ActionReport, Became, Report
from threadsync.forges.marks import Row
from threadsync.planning.actions import Blocked, Notice, Reason, Replace
from threadsync.views.documents import read_plan
from threadsync.views.json import plan_json
from threadsync.views.markdown import plan_markdown, report_markdown
from threadsync.views.markdown_rows import rows_markdown
from threadsync.views.markup import fenced

READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
HOSTILE = (
    "```\n# Out\n@everyone <script>alert(1)</script>\n````\n`````",
    "</summary></details>\n\n<details open><summary>forged</summary>\n",
    "<!-- threadsync {} -->\n<!-- -->",
    "[a](javascript:alert(1)) ![b](https://evil.example/p.png) <https://evil.example>",
    "a | b\n|---|---|\n| c | d |\n> quote\n- [x] done\n1. one\n***\n===\n---",
    'x" onerror="alert(1)" `y` <b>',
    "#17 GH-3 @org/team user@host.example www.evil.example http://evil.example mailto:a@b.c",
    "~~x~~ &copy; $x$ \\",
    "\x1b[31mred\x1b[0m \u202egnp.exe \u2028 \x00 \r\n\t* item",
    "`", "``", "`` ` ``", "\\`", "\n\n    indented\n", "<details>", "|", "a`b\\|c", "_x_ **y** *z*",
)  # fmt: skip
TAG = re.compile(
    r"</?details>|<details open>|</?summary>|</?code>|"
    r'<img src="https://forge\.example/[\w.%~/-]*" alt="[^"<>]*" height="\d+">'
)
LINK = re.compile(r"https://(?:forge\.example|t|threads\.example)/[\w.%~/-]*")
ACTIVE = re.compile(r"@|://|www\.|mailto:|(?<![\w&])#\d|GH-\d", re.IGNORECASE)


def walked(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from walked(token.children or [])


def words_of(html: str) -> str:
    """Return the words of *html* that stand in no code."""
    return re.sub(r"<[^>]*>", "", re.sub(r"<code>[^<]*</code>", "", html))


def nothing_acts(page: str) -> None:
    for token in walked(READER.parse(page)):
        match token.type:
            case "html_block" | "html_inline":
                assert not re.sub(r"<code>[^<]*</code>", "", TAG.sub("", token.content)).count("<"), token
                assert not ACTIVE.search(words_of(token.content)), token
            case "link_open":
                assert LINK.fullmatch(str(token.attrs["href"])), token
            case "text":
                links = [each for each in (token.content,) if LINK.fullmatch(each)]
                assert links or not ACTIVE.search(token.content) or "GH-" in token.content, token
            case "blockquote_open":
                assert "> **Not all fits** into" in page
            case "image" | "hr" | "ordered_list_open" | "code_block" | "lheading_open":
                pytest.fail(f"{token.type}: {token.content}")
            case _:
                pass
    opened, closed = page.count("\n<details"), page.count("\n</details>")
    assert opened >= closed or "```" in page


def hostile_plan(text: str) -> samples.SamplePlan:
    create, live = samples.create(), published(text)
    declared = replace(create.publication, tags=(text,))
    media = replace(create.segments[0].media[0], path=text, alt=text)
    view = replace(create.segments[0], text=text, media=(media,), attached={text: text}, unit=text)
    published_at = replace(live, permalink=text)
    chain = samples.publication("chain", "one")
    return samples.SamplePlan(
        samples.plan_of(
            replace(
                create,
                segments=(view,),
                address=at("a"),
                publication=declared,
            ),
            Blocked(at("b"), Reason.LATE, text, text, "replace", (view,), (published_at,)),
            Replace(at("c"), Reason.CHANGED, chain, (view,), (live,), 0, (published_at,), text, why=text),
            notices=(Notice(text, text, text),),
        ),
        findings=(replace(samples.FINDINGS[0], problem=text, remedy=text, rule=text),),
        state_path=text,
        zone=text,
    )


def every_page(text: str) -> Iterator[str]:
    prepared = hostile_plan(text)
    yield plan_markdown(prepared, name=text, seen=lambda path: f"https://forge.example/{quote(path)}")
    yield plan_markdown(prepared, chars_max=1_500)
    action = samples.create()
    report = Report((
        ActionReport(action, Became.APPLIED, permalinks=(text, "https://t/1")),
        ActionReport(action, Became.REFUSED, text, text, candidates=()),
    ))  # fmt: skip
    yield report_markdown(report, zone=text, name=text)
    rows = (Row(text, text, "2026-11-21T12:00:00+00:00", (text, "https://t/1"), text),)
    yield rows_markdown(rows, zone=text, chars_max=60_000, name=text, forgotten=3)


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_hostile_comes_out(text: str) -> None:
    for page in every_page(text):
        nothing_acts(page)


@given(st.lists(st.sampled_from([*HOSTILE, *"`<>|[]()!@#*_~\\\n -.:/&\"'ax1"]), max_size=8).map("".join))
def test_nor_does_any_mixture_of_it(text: str) -> None:
    for page in every_page(text):
        nothing_acts(page)


@pytest.mark.parametrize("text", HOSTILE)
def test_nor_does_what_a_document_says(text: str) -> None:
    document = json.dumps(plan_json(hostile_plan(text)))
    nothing_acts(plan_markdown(read_plan(document.encode(), "plan.json")))


@pytest.mark.parametrize("text", ["/close", "One\n/label ~bug\n", "  two\n/close", "```\n/close\n```"])
def test_no_line_of_a_text_is_a_command_of_gitlabs_and_it_is_shown_as_it_is(text: str) -> None:
    """docs.gitlab.com/user/project/quick_actions: an older GitLab looks for them in long fences too."""
    page = fenced(text)
    assert not re.search(r"^/", page, re.MULTILINE)
    (block,) = READER.parse(page)
    assert block.content == f"{text}\n"


def test_the_page_is_what_it_is_meant_to_be() -> None:
    """Folds hold what is in them, there is one table, links and pictures lead where they should."""
    page = plan_markdown(samples.full_plan(), seen=lambda path: f"https://forge.example/{quote(path)}")
    nothing_acts(page)
    html = READER.render(page)
    assert html.count("<table>") == 1
    assert html.count("<tr>") == 15
    assert html.count("<details>") == html.count("</details>") == 14
    assert '<pre><code class="language-diff">-two\n+deux\n</code></pre>' in html
    assert '<a href="https://t/two">https://t/two</a>' in html
    assert (
        '<a href="https://forge.example/posts/launch/map.png"><code>posts/launch/map.png</code></a>' in html
    )
