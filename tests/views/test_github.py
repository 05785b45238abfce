"""Annotations: one command a finding, on one line whatever the finding says."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.views import samples
from threadsync.model.diagnostic import Diagnostic, Location, Severity
from threadsync.views.github import github_annotations


def test_a_finding_becomes_an_annotation_on_its_line() -> None:
    assert github_annotations(samples.FINDINGS) == (
        "::error file=posts/launch/index.md,line=3,col=1,title=threadsync schema/unknown-key::"
        '"tragets" is not a key.%0ADid you mean targets?\n'
        "::warning file=posts/launch/index.md,line=12,col=5,title=threadsync threads/topic::"
        "the topic holds a dot, 100%25, which Threads drops:%0ALift.report%0ALeave the dot out.\n"
    )


def test_a_project_below_the_repository_s_top_is_named_with_its_folder() -> None:
    assert "file=social/posts/launch/index.md," in github_annotations(samples.FINDINGS, below="social")


def test_more_than_github_shows_are_all_said_and_the_last_one_shown_says_how_many_are_not() -> None:
    errors = [Diagnostic(Location("a.md", line), "rule", "It is wrong.", "") for line in range(1, 13)]
    warning = Diagnostic(Location("a.md", 20), "rule", "It is odd.", "", Severity.WARNING)
    lines = github_annotations([*errors, warning]).splitlines()
    shown = [line for line in lines if line.startswith("::error ")][:10]
    assert [line.count("line=") for line in shown] == [1] * 9 + [0]
    assert shown[9].startswith("::error title=threadsync%3A 3 more errors::3 more are not shown here")
    assert sum("It is wrong." in line for line in lines) == 12
    assert sum(line.startswith("::warning ") for line in lines) == 1


def test_as_many_as_github_shows_need_no_word_of_more() -> None:
    findings = [Diagnostic(Location("a.md", line), "rule", "It is wrong.", "") for line in range(1, 11)]
    assert github_annotations(findings).count("\n") == 10


@given(st.text(max_size=50), st.text(max_size=50), st.text(max_size=50))
def test_no_name_or_text_ends_the_command_or_begins_another(file: str, problem: str, remedy: str) -> None:
    finding = Diagnostic(Location(file, 1, 1), "rule", problem, remedy)
    line = github_annotations([finding]).removesuffix("\n")
    assert "\n" not in line
    assert "\r" not in line
    head, separator, _ = line.removeprefix("::error ").partition("::")
    assert separator == "::"
    assert [part.partition("=")[0] for part in head.split(",")] == ["file", "line", "col", "title"]
