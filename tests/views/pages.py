"""A page of HTML as a strict reader of it sees it: what is where, and what it would ask for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import pairwise

VOID = {"meta", "link", "img", "br", "input", "rect", "line"}
URL_ATTRIBUTES = {"src", "href", "action", "srcset", "poster", "data", "formaction", "xlink:href"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    text: str = ""


@dataclass
class Seen(HTMLParser):
    """Every element in order, with the text below it; an element that is not closed in place is a mistake."""

    elements: list[Element] = field(default_factory=list)
    open: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"{tag} says {names}"
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        last = self.open.pop()
        assert last.tag == tag, f"</{tag}> ends <{last.tag}>"

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1].tag == "pre" and not self.open[-1].text:
            data = data.removeprefix("\n")  # as HTML has it (13.2.6.4.7, a start tag "pre")
        for element in self.open:
            element.text += data

    def all(self, tag: str, class_: str = "") -> list[Element]:
        return [
            each
            for each in self.elements
            if each.tag == tag and (not class_ or class_ in each.attributes.get("class", "").split())
        ]

    def classed(self, class_: str) -> list[Element]:
        return [each for each in self.elements if class_ in each.attributes.get("class", "").split()]


def read(html: str) -> Seen:
    seen = Seen()
    seen.feed(html)
    seen.close()
    assert not seen.open, f"never closed: {[each.tag for each in seen.open]}"
    return seen


def problems(html: str, *, sources: tuple[str, ...] = ("data:",)) -> list[str]:
    """Return what is wrong with the page: for a reader without eyes, or for one who trusts it."""
    seen = read(html)
    ids = [each.attributes["id"] for each in seen.elements if "id" in each.attributes]
    found = [f"two elements are {name}" for name in set(ids) if ids.count(name) > 1]
    levels = [int(each.tag[1]) for each in seen.elements if each.tag in {"h1", "h2", "h3", "h4"}]
    found += [f"h{now} stands under h{before}" for before, now in pairwise([0, *levels]) if now > before + 1]
    for landmark in ("main", "header", "h1"):
        if len(seen.all(landmark)) != 1:
            found.append(f"there are {len(seen.all(landmark))} {landmark}")
    return found + [problem for each in seen.elements for problem in _problems(each, ids, sources)]


def _problems(element: Element, ids: list[str], sources: tuple[str, ...]) -> Iterator[str]:
    for name, value in element.attributes.items():
        if name.startswith("on"):
            yield f"{element.tag} runs {name}"
        if name == "aria-labelledby" and not set(value.split()) <= set(ids):
            yield f"nothing is {value}"
        if name in URL_ATTRIBUTES:
            if element.tag != "a" and not value.startswith(sources):
                yield f"{element.tag} asks for {value}"
            if element.tag == "a" and not value.startswith(("https://", "http://", "#")):
                yield f"a link leads to {value}"
            if value.startswith("#") and value[1:] not in ids:
                yield f"nothing is {value}"
    if element.tag == "img" and "alt" not in element.attributes:
        yield "a picture without alt"
    if element.tag in {"base", "iframe", "object", "embed", "form", "video", "audio"}:
        yield f"there is a {element.tag}"
