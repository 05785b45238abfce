"""Plans and reports as Markdown: golden files, and nothing hostile gets out of its fence, span or cell."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.planning.builders import at, published
from tests.views import samples, sheets
from threadsync.content.escape import printable
from threadsync.errors import UsageError
from threadsync.execution.report import ActionReport, Became, Report
from threadsync.planning.actions import Blocked, Create, Notice, Reason
from threadsync.views.documents import read_plan, read_report
from threadsync.views.json import applied_json, plan_json
from threadsync.views.markdown import plan_markdown, report_markdown
from threadsync.views.markup import code, fenced, prose

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


OURS = re.compile(
    r"</?details( open)?>|</?summary>|</?code>|"
    r'<img src="https://forge\.example/[\w.%/-]*" alt="[^"<>`]*" height="\d+">|'
    r"\]\(https://forge\.example/[\w.%/-]*\)|<https://t/[\w/]+>"
)
"""The HTML and the links that we write ourselves."""


def without_spans(line: str) -> str:
    """Return *line* without its code spans, which end at a run of as many backticks, and without our own."""
    line = re.sub(r"<code>[^<`]*</code>", "", line)
    line = OURS.sub(lambda found: "]" if found.group().startswith("]") else "", line)
    line = re.sub(r"\[(`+)(?!`).+?(?<!`)\1(?!`)\]", "", line)
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
    prepared = samples.SamplePlan(plan, findings=samples.FINDINGS)
    for shown in (prepared, read_plan(json.dumps(plan_json(prepared)).encode(), "plan.json")):
        page = plan_markdown(shown, seen=lambda path: f"https://forge.example/{quote(path)}")
        nothing_acts(page)


def nothing_acts(page: str) -> None:
    for line in outside(page):
        left = without_spans(line)
        assert not re.search(r"(?<!\\)[<\[!]|@|://|www\.|(?<!\\)#\d|\x1b|\u202e", left), line
        if line.startswith("|"):
            assert len(re.findall(r"(?<!\\)\|", line)) == 6, line
    assert "Out of the fence" not in "\n".join(line for line in outside(page) if line.startswith("#"))


@given(st.text())
def test_a_fence_holds_any_text_line_by_line(text: str) -> None:
    """Law 10: what is inside is the text, printable."""
    whole = fenced(text).split("\n")
    first, *inside, last = (line[whole[0].startswith(" ") :] for line in whole)
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


def test_a_long_word_is_read_once() -> None:
    """Not once for each of its characters: a pull request may bring one of a million, and more of them."""
    word = "." * 1_000_000 + "x@"
    assert prose(word) == code(word)
    assert prose("(see:)").startswith("(see")
    assert prose('("a@b").') == '("`a@b`").'
    assert prose("@@@ see @.") == "`@@@` see `@`."


def test_every_text_is_there_with_its_count() -> None:
    create = samples.create()
    assert isinstance(create, Create)
    page = pages()["plan"]
    for view in create.segments:
        assert fenced(view.text) in page
        assert f"· {view.count} of {view.count_max} {view.unit}" in page


def test_what_is_read_back_from_its_document_says_the_same() -> None:
    """``comment --plan FILE`` shows what the job planned that read the files."""
    for prepared in (samples.full_plan(), samples.first_plan(), sheets.sheet_plan(sheets.rich())):
        read = read_plan(json.dumps(plan_json(prepared)).encode(), "plan.json")
        assert plan_markdown(read) == plan_markdown(prepared)
        assert read.has_errors == prepared.has_errors
    for report in (samples.report(), samples.paused_report()):
        shown = samples.SamplePlan(samples.plan_of(*(each.action for each in report.actions)))
        applied = samples.SampleApplied(shown, report)
        back = read_report(json.dumps(applied_json(applied)).encode(), "report.json").report
        assert back is not None
        assert report_markdown(back, zone=samples.ZONE) == report_markdown(report, zone=samples.ZONE)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b'{"kind": "plan", "format_version": 2}',
        b'{"kind": "plan", "format_version": 1}',
        b'{"kind": "saved-plan", "plan": null}',
        b'{"kind": "report", "format_version": 1, "plan": "\\ud800"}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_document_is_told_so(content: bytes) -> None:
    for read in (read_plan, read_report):
        with pytest.raises(UsageError) as caught:
            read(content, "plan.json")
        assert caught.value.where == "plan.json"
        assert caught.value.remedy


def test_a_document_that_lies_is_refused() -> None:
    """It may be a pull request's: no number in it makes work, no kind is believed."""
    document = json.loads(json.dumps(plan_json(samples.full_plan())))
    for key, value in (
        ("segments_in_all", 10**9),
        ("reason", "because"),
        ("address", "nowhere"),
        ("segments", [{}]),
        ("segments", [{**document["actions"][0]["segments"][0], "index": -9}]),
    ):
        actions = [{**document["actions"][0], key: value}]
        with pytest.raises(UsageError):
            read_plan(json.dumps({**document, "actions": actions}).encode(), "plan.json")


@pytest.mark.parametrize("when", ["2026-12-03T07:30:00", "0001-01-01T00:00:00+14:00", "soon", 7])
def test_a_document_of_no_time_is_refused(when: object) -> None:
    document = {**plan_json(samples.full_plan()), "at": when}
    with pytest.raises(UsageError):
        read_plan(json.dumps(document).encode(), "plan.json")


def test_a_time_that_no_zone_has_is_told_as_it_is() -> None:
    document = json.loads(json.dumps(plan_json(samples.first_plan())))
    document["actions"][0] |= {"due": "0001-01-01T00:00:00Z", "zone": "America/Lima"}
    document["zone"] = "America/Lima"
    page = plan_markdown(read_plan(json.dumps(document).encode(), "plan.json"))
    assert "0001-01-01T00:00:00+00:00" in page


def test_a_saved_plan_is_read_as_what_it_shows() -> None:
    saved = {"kind": "saved-plan", "plan": plan_json(samples.full_plan())}
    read = read_plan(json.dumps(saved).encode(), "plan.json")
    assert plan_markdown(read) == plan_markdown(samples.full_plan())


def test_pictures_are_shown_where_they_can_be_seen() -> None:
    """A video is named, with its address; a file that nobody can see is named alone."""
    page = plan_markdown(samples.full_plan(), seen=lambda path: f"https://forge.example/{path}")
    assert "[`posts/launch/map.png`](https://forge.example/posts/launch/map.png)" in page
    assert '<img src="https://forge.example/posts/launch/map.png" alt="Map of 40 stations' in page
    assert "[`posts/ride.mp4`](https://forge.example/posts/ride.mp4)" in page
    assert 'ride.mp4" alt' not in page
    assert "<img" not in pages()["plan"]


def test_a_change_is_told_line_by_line_against_the_live_text() -> None:
    create = samples.create()
    live = published("One.\nTwo.\nThree.")
    view = replace(create.segments[0], text="One.\n2.\nThree.", media=())
    page = plan_markdown(
        samples.SamplePlan(
            samples.plan_of(
                Blocked(
                    at("b"), Reason.NEEDS_CONSENT, "it has changed", "Agree.", "replace", (view,), (live,)
                )
            )
        )
    )
    assert "```diff\n One.\n-Two.\n+2.\n Three.\n```" in page


def test_a_few_actions_stand_open_and_many_are_folded() -> None:
    assert "<details open>" in pages()["plan-first-run"]
    assert "<details open>" not in pages()["plan"]


def many(number: int) -> samples.SamplePlan:
    actions = [replace(samples.create(), address=at(f"post-{place:04}")) for place in range(number)]
    gone = samples.every_action()[5]
    return samples.SamplePlan(samples.plan_of(*actions, gone), findings=samples.FINDINGS)


@pytest.mark.parametrize("number", [3, 40, 900])
@pytest.mark.parametrize("chars_max", [2_000, 65_536])
def test_a_page_fits_and_says_what_it_leaves_out(number: int, chars_max: int) -> None:
    """Each post is shown, or counted and as far as may be named; and it is said where the rest is."""
    prepared = many(number)
    page = plan_markdown(prepared, chars_max=chars_max)
    assert len(page) <= chars_max
    nothing_acts(page)
    whole = plan_markdown(prepared)
    if len(whole) <= chars_max:
        assert page == whole
        return
    assert "**Not all fits**" in page
    assert "`threadsync plan`" in page
    shown = page.count("<summary>")
    left_out = re.search(r"^> - ([\d,]+) publications whose texts are not here", page, re.MULTILINE)
    assert left_out is not None
    assert shown + int(left_out.group(1).replace(",", "")) == number + 1
    rows = re.search(r"^> - ([\d,]+) rows of the table", page, re.MULTILINE)
    told = sum(line.startswith("| `") for line in page.splitlines())
    assert told + (int(rows.group(1).replace(",", "")) if rows else 0) == number + 1
    assert "takes down" in page, "what cannot be undone is shown first"


def test_a_long_report_fits_too() -> None:
    actions = tuple(
        ActionReport(
            replace(samples.create(), address=at(f"post-{place:04}")),
            Became.APPLIED,
            permalinks=(f"https://t/{place}",),
        )
        for place in range(900)
    )
    page = report_markdown(Report(actions), zone=None, chars_max=65_536)
    assert len(page) <= 65_536
    assert "**Not all fits**" in page
    assert "`threadsync status`" in page


def test_permalinks_can_be_followed_and_nothing_else() -> None:
    action = samples.create()
    links = ("https://t/1", "javascript:alert(1)", "https://t/1> <img src=x>", "https://t/`x`")
    page = report_markdown(Report((ActionReport(action, Became.APPLIED, permalinks=links),)), zone=None)
    assert "<https://t/1>\n" in page
    assert "`javascript:alert(1)`" in page
    assert "`https://t/1> <img src=x>`" in page
    assert "``https://t/`x` ``" in page or "`` https://t/`x` ``" in page


def test_what_readers_see_only_once_they_ask_is_said_in_words() -> None:
    text = plan_markdown(sheets.sheet_plan(sheets.rich()))
    assert "- covered until a reader taps it: `the butler`" in text
    assert "- covered as a spoiler until a reader asks for it:" in text
