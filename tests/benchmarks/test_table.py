"""The table: every figure with its goal, its spread and an honest word, and a chart of it."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from benchmarks import planning
from benchmarks.__main__ import ROWS, chosen, write
from benchmarks.measure import Used, in_turns, peaks, seconds
from benchmarks.report import Result, line, machine, markdown, svg
from benchmarks.rows import Measured, Row, Sample, Setting, Unmeasured

SVG = "{http://www.w3.org/2000/svg}"


def unused(_: Setting) -> Measured:
    raise AssertionError("nothing is measured here")


def row(goal: float | None = 2.0, *, unit: str = "×", tried: str = "") -> Row:
    return Row("P1", "one thing : another", goal, 1.5, unused, unit, tried)


def found(*ratios: float, note: str = "") -> Measured:
    return Measured(tuple(Sample(ratio * 3, 3) for ratio in ratios), note)


def test_a_figure_is_the_median_of_its_pairs_beside_their_spread() -> None:
    measured = found(9, 1, 1.2, 1.1, 1.3)
    assert measured.figure == pytest.approx(1.2)
    assert measured.spread == pytest.approx((1, 9))
    assert Result(row(), measured).cells[-3:] == ("1.20 ×", "1.00 to 9.00", "met, stretch too")


@pytest.mark.parametrize(
    ("goal", "what", "verdict"),
    [
        (2.0, found(1.5), "met, stretch too"),
        (2.0, found(2.0), "met"),
        (2.0, found(2.1), "not reached"),
        (None, found(77), "shown"),
        (2.0, Unmeasured("hugo is not there"), "not measured"),
    ],
)
def test_a_goal_is_met_or_not_and_what_was_not_measured_is_not_met(
    goal: float | None, what: Measured | Unmeasured, verdict: str
) -> None:
    result = Result(row(goal), what)
    assert result.verdict == verdict
    assert result.is_met is (verdict in {"met", "met, stretch too", "shown"})


def test_what_is_not_reached_stays_in_the_page_with_what_was_tried() -> None:
    results = (
        Result(row(tried="a cache of nothing"), found(3.0)),
        Result(row(), found(4.0, note="3 pairs at most")),
        Result(row(), Unmeasured("apt-get install hugo")),
    )
    page = markdown(results, "pictures/performance.svg")
    assert page.count("\n| P1 | one thing : another | ≤ 2.00 × | 1.50 × |") == 3
    assert "* P1, one thing : another: a cache of nothing\n" in page
    assert "* P1, one thing : another: nothing yet.\n" in page
    assert "3 pairs at most" in page
    assert "apt-get install hugo" in page
    assert "Not reached" not in markdown((Result(row(), found(1.0)),), "")


def test_a_line_for_the_terminal_says_the_same() -> None:
    said = line(Result(row(goal=100.0, unit="MB"), found(50.0, note="above idle")))
    figures = "P1 met 50 MB goal ≤ 100 MB (stretch 1.50 MB) spread 50 to 50"
    assert " ".join(said.split()) == f"{figures} one thing : another above idle"
    assert "not measured" in line(Result(row(), Unmeasured("no hugo")))


def test_the_chart_has_a_bar_for_every_figure_with_a_goal_no_wider_than_the_picture() -> None:
    results = (Result(row(), found(1.0)), Result(row(), found(1000.0)), Result(row(None), found(1.0)))
    chart = ET.fromstring(svg((*results, Result(row(), Unmeasured("no")))))
    _, *bars = chart.findall(f"{SVG}rect")  # the first one is the paper, so that it can be read on any page
    assert [bar.get("class") for bar in bars] == ["met", "not"]
    width = float(chart.attrib["viewBox"].split()[2])
    assert all(float(bar.attrib["x"]) + float(bar.attrib["width"]) < width for bar in bars)
    assert "prefers-color-scheme: dark" in ET.tostring(chart, encoding="unicode")


def test_page_and_chart_are_written_where_one_finds_the_other(tmp_path: Path) -> None:
    write(tmp_path / "performance.md", (Result(row(), found(1.0)),))
    assert (tmp_path / "pictures/performance.svg").read_text().startswith("<svg")
    assert "](pictures/performance.svg)" in (tmp_path / "performance.md").read_text()


def test_the_machine_is_described_and_not_named() -> None:
    import platform

    assert platform.python_version() in machine()
    assert not platform.node() or platform.node() not in machine()


def test_rows_are_chosen_by_name_and_an_unknown_one_is_said() -> None:
    assert chosen("") == ROWS
    assert {each.name for each in chosen("p1, S1")} == {"P1", "S1"}
    with pytest.raises(click.UsageError, match=r"no row Z9; there are: P1, P2"):
        chosen("P1,Z9")


def test_every_row_of_the_issue_is_there_with_a_goal() -> None:
    assert {"P1", "P2", "P3", "P4", "P5", "P6", "S1", "M1", "M2", "W1", "W2"} <= {each.name for each in ROWS}
    assert all(each.goal is not None for each in ROWS if not each.name.startswith("A"))


def test_a_shrunk_setting_has_at_least_one_of_everything(tmp_path: Path) -> None:
    sizes: list[Callable[[int], int]] = [Setting(tmp_path).size, Setting(tmp_path, shrink=1000).size]
    assert [size(10_000) for size in sizes] == [10_000, 10]
    assert [size(10) for size in sizes] == [10, 1]


def test_where_hugo_is_not_there_the_row_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for measure in (planning.cold, planning.cold_peak):
        absent = measure(Setting(tmp_path))
        assert isinstance(absent, Unmeasured)
        assert "apt-get install hugo" in absent.why


def test_both_sides_are_measured_in_turns_and_neither_always_first() -> None:
    order: list[str] = []

    def side(name: str) -> Callable[[], Used]:
        def measure() -> Used:
            order.append(name)
            return Used(len(order), 10.0 if name == "ours" else 5.0)

        return measure

    pairs = in_turns(side("ours"), side("other"), 3)
    assert order == ["ours", "other", "other", "ours", "ours", "other"]
    assert seconds(pairs) == (Sample(1, 2), Sample(4, 3), Sample(5, 6))
    assert [sample.ratio for sample in peaks(pairs)] == [2.0, 2.0, 2.0]
