"""What readers see as more than words is told of each text as its network has it."""

from __future__ import annotations

from hypothesis import given

from tests.providers.bluesky.test_richtext import SPANS, shown
from threadsync.content.inline import spans_of
from threadsync.model.ids import PostKey
from threadsync.model.text import Spans
from threadsync.providers.bluesky.richtext import marks as of_rich
from threadsync.providers.threads.carrying import Carried
from threadsync.providers.threads.convert import text_of
from threadsync.providers.threads.marking import marks


def told(source: str, carried: Carried = Carried()) -> list[tuple[str, str, str]]:  # noqa: B008  (frozen)
    spans, _ = spans_of(source, PostKey("here"))
    text = text_of(spans, lambda _: "https://threads.example/1")
    return [(mark.kind.value, text[mark.start : mark.end], mark.url) for mark in marks(text, spans, carried)]


def test_threads_marks_links_mentions_and_the_one_topic() -> None:
    assert told("Hi @lifts, see [the map](https://example.org/m) #one #two www.example.org.") == [
        ("mention", "@lifts", ""),
        ("link", "https://example.org/m", "https://example.org/m"),
        ("tag", "#one", ""),
        ("link", "www.example.org", "https://www.example.org"),
    ]


def test_no_word_becomes_the_topic_where_one_is_named() -> None:
    assert told("A #word", Carried(topic="transit")) == []


def test_what_is_hidden_covers_what_else_is_there() -> None:
    said = told("It was @lifts, and the door. The door!", Carried(passages=("@lifts, and", "door")))
    assert said == [("hidden", "@lifts, and", ""), ("hidden", "door", ""), ("hidden", "door", "")]


def test_the_same_name_twice_is_marked_twice() -> None:
    assert [words for _, words, _ in told("@lifts and @lifts")] == ["@lifts", "@lifts"]


@given(SPANS)
def test_bluesky_marks_what_its_facets_cover(spans: Spans) -> None:
    rich = shown(spans)
    raw = rich.text.encode()
    covered = [raw[facet.start : facet.end].decode() for facet in rich.facets]
    assert [rich.text[mark.start : mark.end] for mark in of_rich(rich)] == covered
