"""Plans and reports as Markdown: golden files, and nothing hostile gets out of its fence, span or cell."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.planning.builders import at
from tests.views import samples
from threadsync.content.escape import printable
from threadsync.planning.actions import Blocked, Create, Notice, Reason
from threadsync.views.markdown import code, fenced, plan_markdown, prose, report_markdown

Golden = Callable[[str, str], None]
HOSTILE = (
    "```\n# Out of the fence\n@everyone <script>alert(1)</script>",
    "````\n````\n</details>",
    "| a cell | more |",
    "[a](javascript:alert(1)) ![b](https://evil.example/p.png)",
    "<!-- -->\n\n***\n- [x] done #17 GH-3 @org/team www.evil.example",
    "\x1b[31mred\x1b[0m \u202egnp.exe",
)


def pages() -> dict[str, str]:
    return {
        "plan": plan_markdown(samples.full_plan()),
        "plan-first-run": plan_markdown(samples.first_plan()),
        "report": report_markdown(samples.report(), zone=samples.ZONE),
        "report-paused": report_markdown(samples.paused_report(), zone=samples.ZONE),
    }


@pytest.mark.parametrize("name", pages())
def test_a_page_reads_as_its_golden_file(name: str, golden: Golden) -> None:
    golden(f"views/{name}.md", pages()[name])


def outside(markdown: str) -> Iterator[str]:
    """Yield the lines outside fences, as a Markdown reader finds them."""
    fence = ""
    for line in markdown.splitlines():
        ticks = re.match(r"`{3,}", line)
        if fence and re.fullmatch(rf"`{{{len(fence)},}}", line):
            fence = ""
        elif not fence and ticks is not None:
            fence = ticks.group()
        elif not fence:
            yield line
    assert not fence, "every fence is closed"


def without_spans(line: str) -> str:
    """Return *line* without its code spans, which end at a run of as many backticks."""
    return re.sub(r"(?<![\\`])(`+)(?!`)(.+?)(?<!`)\1(?!`)", "", line)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_stays_where_it_is_put(text: str) -> None:
    """In a post, an alt text, a notice, a path, what somebody else's network says: nothing of it acts."""
    create = samples.create()
    media = replace(create.segments[0].media[0], path=text, alt=text)
    segments = (replace(create.segments[0], text=text, media=(media,)),)
    plan = samples.plan_of(
        replace(create, segments=segments),
        Blocked(at("b"), Reason.LATE, text, text, segments=segments),
        notices=(Notice(text, text, text),),
    )
    page = plan_markdown(samples.SamplePlan(plan, findings=samples.FINDINGS))
    for line in outside(page):
        left = without_spans(line)
        assert not re.search(r"(?<!\\)[<\[!]|@|://|www\.|(?<!\\)#\d|\x1b|\u202e", left), line
        if line.startswith("|"):
            assert len(re.findall(r"(?<!\\)\|", line)) == 5, line
    assert "Out of the fence" not in "\n".join(line for line in outside(page) if line.startswith("#"))


@given(st.text())
def test_a_fence_holds_any_text_line_by_line(text: str) -> None:
    """Law 10: what is inside is the text, printable."""
    first, *inside, last = fenced(text).split("\n")
    assert (first.removesuffix("text"), set(last)) == (last, {"`"})
    assert inside == [printable(line) for line in text.split("\n")]
    assert all(not re.match(rf" {{0,3}}`{{{len(last)},}}", line) for line in inside)


@given(st.text())
def test_a_code_span_ends_where_it_should(text: str) -> None:
    span = code(text)
    if not span:
        assert not printable(text).strip()
        return
    ticks = re.match(r"`+", span)
    assert ticks is not None
    inner = span[len(ticks.group()) : -len(ticks.group())]
    assert ticks.group() not in re.findall(r"`+", inner)
    assert printable(text) in inner


@given(st.text())
def test_prose_begins_nothing(text: str) -> None:
    left = without_spans(prose(text))
    assert not re.search(r"(?<!\\)(?:\\\\)*[<>*|\[\]`#~]", left)
    assert not re.search(r"(?<!\\)(?<!\w)_", left)


def test_every_text_is_there_with_its_count() -> None:
    create = samples.create()
    assert isinstance(create, Create)
    page = pages()["plan"]
    for view in create.segments:
        assert fenced(view.text) in page
        assert f"· {view.count} of {view.count_max} {view.unit}" in page
