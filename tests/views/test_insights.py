"""What readers made of publications, for people, spreadsheets, programs and browsers."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import cast

import pytest
from jsonschema import Draft202012Validator
from msgspec.structs import replace

from threadsync.content.schemas import load_schema
from threadsync.model.ids import Address, PostKey, RemoteId, TargetName
from threadsync.model.insights import CountedPost, Insights, Look, Subject, TargetInsights, insights_of
from threadsync.views.insights_csv import insights_csv
from threadsync.views.insights_html import SLOTS_MIN, insights_html
from threadsync.views.insights_text import insights_text
from threadsync.views.json_insights import insights_json
from threadsync.views.seen import Detail
from threadsync.views.width import cells

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAY = timedelta(days=1)
MAIN, MUTE, AWAY = TargetName("threads/main"), TargetName("mute/one"), TargetName("threads/away")
METRICS = ("views", "likes", "replies", "reposts", "quotes", "shares")
PUBLISHED = tuple(NOW - timedelta(days=3 * n + 2) for n in range(30))


def subject(name: str, number: int = 0, **more: object) -> Subject:
    post = CountedPost(0, RemoteId(f"id-{name}"), PUBLISHED[number % 30])
    link = f"https://threads.example/{number}"
    return Subject(Address(PostKey(name), MAIN), (post,), link, **more)  # type: ignore[arg-type]


def looks(found: Subject, *views: int) -> list[Look]:
    """A look a week, the last one now."""
    post = found.posts[0]
    return [
        Look(
            found.address,
            "178@threads.net",
            0,
            post.remote_id,
            post.published_at,
            NOW - timedelta(weeks=len(views) - 1 - n),
            dict(zip(METRICS, (number, number // 20, 3, 1, 0, 2), strict=True)),
        )
        for n, number in enumerate(views)
    ]


def target(subjects: list[Subject], told: list[Look], **more: object) -> TargetInsights:
    chosen = frozenset(each.address for each in subjects)
    found = insights_of(
        MAIN, METRICS, subjects, told, chosen=chosen, since=NOW - 200 * DAY, now=NOW, zone=UTC
    )
    return replace(found, **more)  # type: ignore[arg-type]


def full() -> Insights:
    """Every kind of thing that can be told."""
    names = ["opening", "lift-report", "a-key-that-is-much-too-long-for-its-column-in-a-table", "map", "door"]
    subjects = [subject(name, number) for number, name in enumerate(names)]
    told = [
        look
        for n, each in enumerate(subjects)
        for look in looks(each, 40 * n, 900 * n + 100, 1_200 * n + 345)
    ]
    scope = subject("secret", 6, unknown="no", scope="threads_manage_insights")
    repost = subject("repost", 7, unknown="Threads counts nothing of it")
    young = replace(subject("young"), posts=(CountedPost(0, RemoteId("id-young"), NOW - DAY / 2),))
    gone = subject("gone", 8, bound=False)
    told += [*looks(young, 12), *looks(gone, 70)]
    main = target([*subjects, scope, repost, young, gone, subject("never", 9)], told)
    away = TargetInsights(AWAY, METRICS, problem="the token has expired.", remedy="Renew it.")
    return Insights(NOW, NOW - 90 * DAY, "Europe/Vienna", (away, TargetInsights(MUTE, ()), main))


def many(number: int) -> Insights:
    subjects = [subject(f"post-{n}", n) for n in range(number)]
    told = [look for n, each in enumerate(subjects) for look in looks(each, n, n * 3)]
    return Insights(NOW, NOW - 90 * DAY, None, (target(subjects, told),))


# Text.


@pytest.mark.parametrize("detail", Detail)
@pytest.mark.parametrize("number", [0, 1, 1000])
def test_the_page_fits_into_80_columns(number: int, detail: Detail) -> None:
    for told in (many(number), full()):
        text = insights_text(told, width=80, color=False, detail=detail)
        assert max(cells(row) for row in text.split("\n")) <= 80


def test_the_page_reads_as_its_golden_file(golden: Callable[[str, str], None]) -> None:
    golden("views/insights.txt", insights_text(full(), width=80, color=False))


def test_colour_says_nothing_that_the_words_do_not_say() -> None:
    told = replace(full(), unkept="the disk is full.", remedy="Make room.")
    colored = insights_text(told, width=80, color=True)
    assert "\x1b[" in colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == insights_text(told, width=80, color=False)


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_numbers_of_millions_stay_in_columns_however_narrow_the_page(width: int) -> None:
    subjects = [subject("lift-report"), subject("map", 1)]
    told = [look for each in subjects for look in looks(each, 9_876_543, 98_765_432)]
    whole = Insights(NOW, NOW - 90 * DAY, None, (target(subjects, told),))
    rows = insights_text(whole, width=width, color=False).split("\n")
    assert max(map(cells, rows)) <= width
    table = rows[1 : rows.index("")]
    ends = {
        name: {row.index(name) + len(name) for row in table if name in row} for name in ("views", "shares")
    }
    assert {row.index("98,765,432") + 10 for row in table if "98,765,432" in row} == ends["views"]
    last = [row for row in table if row.endswith((" -", "trend"))]
    assert len(last) == 3
    assert len({len(row) for row in last}) == 1


def test_numbers_stand_under_their_names_and_a_long_key_stands_alone() -> None:
    rows = insights_text(full(), width=80, color=False).split("\n")
    head = next(row for row in rows if row.lstrip().startswith("publication "))
    end = head.index("views") + len("views")
    report = next(row for row in rows if row.lstrip().startswith("lift-report"))
    assert report[:end].endswith(" 1,545")
    long = next(n for n, row in enumerate(rows) if "much-too-long" in row)
    assert rows[long].strip() == "a-key-that-is-much-too-long-for-its-column-in-a-table"
    assert rows[long + 1][:end].strip() == "2,745"


def test_what_is_not_known_is_never_shown_as_0_and_says_why() -> None:
    text = insights_text(full(), width=80, color=False)
    for name in ("secret", "repost", "never"):
        row = next(row for row in text.split("\n") if row.lstrip().startswith(name))
        assert row.split()[1:] == ["?"] * 7
    assert "unknown, scope threads_manage_insights: 1 publication\n" in text
    assert "unknown (Threads counts nothing of it): 1 publication\n" in text
    assert "10 publications (3 of them unknown): views 13,807" in " ".join(text.split())


def test_numbers_of_an_earlier_look_are_said_not_to_be_read_anew() -> None:
    kept = subject("kept", unknown="the network did not answer")
    told = Insights(NOW, NOW - DAY, None, (target([kept], looks(kept, 50)),))
    text = insights_text(told, width=80, color=False)
    assert re.search(r"kept +50 ", text)
    assert "not read anew (the network did not answer): 1 publication" in text


@pytest.mark.parametrize(("views", "said"), [(1, "×0.01"), (50, "×0.5"), (10_000, "×100"), (1_234, "×12.3")])
def test_a_trend_says_no_more_than_it_knows(views: int, said: str) -> None:
    subjects = [subject(f"p{n}", n) for n in range(6)]
    told = [look for each in subjects[:5] for look in looks(each, 100)] + looks(subjects[5], views)
    page = insights_text(
        Insights(NOW, NOW - 90 * DAY, None, (target(subjects, told),)), width=80, color=False
    )
    assert f" {said}\n" in page


def test_the_trend_says_what_it_is_beside() -> None:
    text = " ".join(insights_text(full(), width=80, color=False).split())
    assert (
        "Trend: views as a multiple of the median, 2,145, of the 6 publications of the last 90 days" in text
    )
    assert re.search(r"young 12 .* new", text)
    few = " ".join(insights_text(many(1), width=80, color=False).split())
    assert "No trend yet: it takes 5 publications" in few


def test_a_target_that_could_not_be_read_or_offers_nothing_is_said_to() -> None:
    text = insights_text(full(), width=80, color=False)
    assert "threads/away\n    Not read: the token has expired.\n    What to do: Renew it.\n" in text
    assert "mute/one\n    Its network offers no numbers.\n" in text
    kept = replace(full(), unkept="the disk is full.", remedy="Make room.")
    assert "Not kept: the disk is full.\n    What to do: Make room.\n" in insights_text(
        kept, width=80, color=False
    )


def test_quiet_is_the_totals_and_verbose_adds_when_and_where() -> None:
    quiet = insights_text(many(3), width=80, color=False, detail=Detail.QUIET)
    assert quiet.startswith("threads/main\n    3 publications: views 9,")
    verbose = insights_text(full(), width=80, color=False, detail=Detail.VERBOSE)
    assert "published 2026-11-19 13:00 Europe/Vienna (12:00 UTC)" in verbose
    assert "https://threads.example/1" in verbose


# JSON.


@pytest.mark.parametrize("told", [full(), many(0), many(1), replace(full(), unkept="a", remedy="b")])
def test_the_document_is_what_its_schema_says(told: Insights) -> None:
    document = insights_json(told)
    validator = Draft202012Validator(dict(load_schema("insights")))
    assert [error.message for error in validator.iter_errors(document)] == []
    assert (document["format_version"], document["kind"]) == (1, "insights")
    assert validator.is_valid({**document, "surprise": 1}) is False
    json.dumps(document, allow_nan=False)


def test_what_is_unknown_is_absent_from_the_document() -> None:
    document = json.loads(json.dumps(insights_json(full())))
    found = {each["key"]: each for each in document["targets"][2]["publications"]}
    assert (found["secret"]["counts"], found["secret"]["trend"], found["secret"]["looked_at"]) == (
        {},
        None,
        None,
    )
    assert (found["secret"]["scope"], found["secret"]["untold"]) == ("threads_manage_insights", "uncounted")
    assert found["gone"]["bound"] is False


# CSV.


def rows_of(told: Insights) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(insights_csv(told))))


def test_a_row_a_publication_and_an_empty_cell_where_nothing_is_known() -> None:
    rows = {row["key"]: row for row in rows_of(full())}
    assert len(rows) == 10
    assert (rows["lift-report"]["views"], rows["lift-report"]["published_at"]) == (
        "1545",
        "2026-11-16T12:00:00Z",
    )
    assert rows["secret"]["views"] == ""
    assert rows["secret"]["unknown"] == "unknown, scope threads_manage_insights"


def test_of_nothing_there_is_the_row_of_names() -> None:
    assert insights_csv(many(0)).count("\n") == 1


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_no_cell_is_a_formula_for_a_spreadsheet(start: str) -> None:
    name = f'{start}HYPERLINK("http://evil.example","click")'
    evil = subject(name, unknown=f"{start}1+1")
    (row,) = rows_of(Insights(NOW, NOW - DAY, None, (target([replace(evil, permalink=f"{start}x")], []),)))
    cells_ = [row["key"], row["unknown"], row["permalink"]]
    assert all(cell[0] not in "=+-@\t\r\n" for cell in cells_)
    assert len(insights_csv(Insights(NOW, NOW, None, (target([evil], []),))).splitlines()) == 2
    names = insights_csv(Insights(NOW, NOW, None, (TargetInsights(MAIN, (f"{start}1+1",)),)))
    (head,) = csv.reader(io.StringIO(names))
    assert all(cell[0] not in "=+-@\t\r\n" for cell in head), (
        "of a lost target the table names what it counts"
    )


# HTML.


class Elements(HTMLParser):
    """All elements with their attributes; every one that needs it is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in {"meta", "link", "br", "rect", "line", "polyline"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("told", [full(), many(0), many(1), many(1000)], ids=["full", "0", "1", "1000"])
def test_the_page_is_whole_and_asks_no_network_for_anything(told: Insights) -> None:
    page = insights_html(told)
    elements = Elements(page)
    assert elements.open == []
    assert not {tag for tag, _ in elements.found} & {"script", "img", "iframe", "object", "form"}
    loads = [attrs for tag, attrs in elements.found if tag in {"link", "image", "use"}]
    assert [attrs["href"] for attrs in loads] == ["data:,"]
    assert not [attrs for _, attrs in elements.found if "src" in attrs]
    assert page.isascii(), "its encoding is that of whatever it is written to"
    assert "url(" not in page
    assert "@import" not in page
    (policy,) = [attrs["content"] for tag, attrs in elements.found if attrs.get("http-equiv")]
    assert policy is not None
    assert policy.startswith("default-src 'none';")


def test_every_chart_has_a_title_a_description_and_a_table_beside_it() -> None:
    elements = Elements(insights_html(full()))
    named = {attrs["id"] for _, attrs in elements.found if "id" in attrs}
    charts = [attrs for tag, attrs in elements.found if tag == "svg" and attrs.get("class") == "chart"]
    assert len(charts) == 2
    for chart in charts:
        assert chart["role"] == "img"
        assert set(cast("str", chart["aria-labelledby"]).split()) <= named
    assert [tag for tag, _ in elements.found].count("table") == 2
    regions = [attrs for _, attrs in elements.found if attrs.get("role") == "region"]
    assert all(each["tabindex"] == "0" and each["aria-labelledby"] in named for each in regions)


def test_bars_are_as_high_as_their_numbers_and_end_with_this_week() -> None:
    elements = Elements(insights_html(many(1000)))
    bars = [attrs for tag, attrs in elements.found if tag == "rect" and attrs.get("class") == "bar"]
    heights = [float(cast("str", bar["height"])) for bar in bars]
    assert max(heights) == 100
    assert all(0 < height <= 100 for height in heights)
    assert "<title>2026-W47: 1,902</title>" in insights_html(full())
    first = re.search(r"<span>(\d{4}-W\d\d)</span><span>2026-W47</span>", insights_html(many(1)))
    assert first is not None
    assert first[1] == "2026-W40", f"one week alone stands at the end of {SLOTS_MIN}"


def test_what_comes_from_files_and_networks_is_text_and_nothing_else() -> None:
    evil = replace(
        subject("<script>alert(1)</script>", unknown='"><img src=x>'), permalink="javascript:alert(1)"
    )
    page = insights_html(Insights(NOW, NOW - DAY, None, (target([evil], [], problem="<b>no</b>"),)))
    assert "<script" not in page
    assert "<img" not in page
    assert "<b>" not in page
    assert "javascript:" not in page


def test_light_and_dark_have_the_contrast_that_reading_needs() -> None:
    """4.5 to 1 for text (w3.org/TR/WCAG22, 1.4.3), 3 to 1 for what a chart is drawn with (1.4.11)."""
    blocks = re.findall(r":root \{([^}]*)\}", insights_html(many(0)))
    light = dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6})", blocks[0]))
    dark = {**light, **dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6})", blocks[1]))}
    for palette in (light, dark):
        for ground in ("ground", "sheet"):
            for name in ("ink", "quiet", "link", "alarm"):
                assert contrast(palette[name], palette[ground]) >= 4.5, (name, ground)
        assert contrast(palette["bar"], palette["sheet"]) >= 3
        assert contrast(palette["median"], palette["sheet"]) >= 3
        assert contrast(palette["median"], palette["track"]) >= 3


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(color: str) -> float:
    parts = [int(color[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
