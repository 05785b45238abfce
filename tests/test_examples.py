"""The example project is real: its pictures are what networks take, and it loads without a finding."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from threadsync.config import load_project
from threadsync.content.explain import check
from threadsync.content.inline import spans_of
from threadsync.content.loader import Content, load
from threadsync.content.schemas import load_schema
from threadsync.content.yaml12 import parse
from threadsync.media.cache import CachedProbe
from threadsync.media.probe import probe
from threadsync.model.ids import MAIN, Address, PostKey, TargetName
from threadsync.model.post import MediaFacts, PostRef, Publication
from threadsync.model.text import PermalinkOf
from threadsync.providers.base import ProviderContext
from threadsync.providers.loading import load_provider
from threadsync.providers.threads.checks import CAPABILITIES
from threadsync.providers.threads.convert import text_of
from threadsync.providers.threads.provider import ThreadsProvider

ROOT = Path(__file__).parent.parent
POSTS = ROOT / "examples" / "posts"
PICTURES = sorted(path for path in POSTS.rglob("*") if path.suffix in {".png", ".jpg"})
FILES = sorted(path for path in POSTS.rglob("*") if path.suffix in {".md", ".yaml"})
MARKDOWN_PICTURE = re.compile(r"^!\[([^\]]*)\]\(([^)]+)\)$", re.MULTILINE)


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.name)
def test_every_picture_is_small_and_within_the_limits_of_threads(path: Path) -> None:
    """JPEG or PNG, 320 to 1440 px wide, at most 10:1; and at least 640 px, so that it is worth a look."""
    facts = probe(path)
    assert isinstance(facts, MediaFacts), facts
    assert facts.format == {".png": "PNG", ".jpg": "JPEG"}[path.suffix]
    assert facts.size_bytes < 120_000
    assert 640 <= facts.width <= 1440
    assert max(facts.width, facts.height) <= 10 * min(facts.width, facts.height)


def test_no_picture_lies_around_unused() -> None:
    used = {
        (file.parent / name).resolve()
        for file in FILES
        for name in re.findall(r"[\w/-]+\.(?:png|jpg)", file.read_text())
    }
    assert used == set(PICTURES)
    assert len(PICTURES) >= 8


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_post_file_has_a_key_and_is_small(path: Path) -> None:
    text = path.read_text()
    assert re.search(r"^key: [a-z-]+$", text, re.MULTILINE)
    assert len(text) < 4_000
    for alt, src in MARKDOWN_PICTURE.findall(text):
        assert len(alt) >= 40, src


def test_the_readme_tells_of_every_post() -> None:
    readme = (POSTS.parent / "README.md").read_text()
    linked = re.findall(r"\]\((posts/[^)]+)\)", readme)
    assert sorted(linked) == sorted(str(path.relative_to(POSTS.parent)) for path in FILES)


@pytest.fixture(scope="module")
def content() -> Content:
    return load(load_project(ROOT), CachedProbe(None))


def test_the_project_loads_without_a_finding(content: Content) -> None:
    assert content.findings == ()
    assert content.complete
    assert content.files == len(FILES) >= 8


def test_no_network_would_refuse_or_change_any_of_it(content: Content) -> None:
    """Not even a warning: an example teaches what to write."""
    targets = load_project(ROOT).targets

    def longest(address: Address) -> str:
        return f"https://{address.key}/".ljust(CAPABILITIES.permalink_characters_max, "x")

    for publication in (*content.publications.values(), *content.drafts.values()):
        name = publication.address.target
        provider = load_provider(targets[name].provider, ProviderContext(name))
        assert provider.check(publication, longest) == [], publication.address


def test_the_examples_show_every_form_of_the_format(content: Content) -> None:
    def on_main(key: str) -> Publication:
        return content.publications[Address(PostKey(key), TargetName("threads/main"))]

    def on_harbour(key: str) -> Publication:
        return content.publications[Address(PostKey(key), TargetName("threads/harbour"))]

    def pictures(publication: Publication) -> list[int]:
        return [len(segment.media) for segment in publication.segments]

    assert pictures(on_main("welcome")) == [0]
    assert pictures(on_main("last-tram-home")) == [1]
    assert pictures(on_main("four-ways-in")) == [4]
    assert pictures(on_main("lift-report")) == [1, 1, 1, 0]
    assert pictures(on_harbour("night-buses")) == [1, 0]
    scheduled = on_main("hafen-reopens").control.publish
    assert scheduled is not None
    assert scheduled.at == datetime(2027, 12, 3, 7, 30, tzinfo=UTC)
    assert on_main("how-we-counted").reply_to == PostRef(PostKey("lift-report"))
    assert on_main("strike-on-friday").digest != on_harbour("strike-on-friday").digest
    links = [span for span in on_harbour("ferry-detour").segments[0].spans if isinstance(span, PermalinkOf)]
    assert links == [PermalinkOf(PostKey("lift-report"), TargetName("threads/main"))]
    assert list(content.drafts) == [Address(PostKey("winter-timetable"), TargetName("threads/main"))]


def test_a_post_goes_to_both_networks_with_a_text_of_its_own_for_one(content: Content) -> None:
    welcome = [
        content.publications[Address(PostKey("welcome"), TargetName(name))]
        for name in ("threads/main", "bluesky/brand")
    ]
    assert welcome[0].digest != welcome[1].digest
    both = {each.key for each in content.publications if each.target == "bluesky/brand"} & {
        each.key for each in content.publications if each.target == "threads/main"
    }
    assert both == {"welcome", "lift-report", "hafen-is-open"}
    only = content.publications[Address(PostKey("week-in-pictures"), TargetName("bluesky/brand"))]
    assert len(only.segments[0].media) == 6, "more than the embed of four pictures holds"


def test_every_picture_says_what_it_shows(content: Content) -> None:
    for publication in content.publications.values():
        for segment in publication.segments:
            for item in segment.media:
                assert 40 <= len(item.alt) <= 1000, item.path


def test_an_apply_of_everything_stays_within_the_safety_limits(content: Content) -> None:
    """A newcomer's first apply should not need --max-creates."""
    limits = load_project(ROOT).safety
    for target in ("threads/main", "threads/harbour", "bluesky/brand"):
        here = [address for address in content.publications if address.target == target]
        assert 0 < len(here) <= limits.creates_max


def test_the_tokens_are_the_sandbox_s_own_and_reach_nothing_else() -> None:
    project = load_project(ROOT)
    for target in project.targets.values():
        place = target.credentials[MAIN].removeprefix("file:")
        assert (ROOT / place).read_text() == f"sandbox-{target.account}\n"
        assert target.base_url is not None
        assert target.base_url.startswith("http://127.0.0.1:")


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("https://example.org/lifts", "https://example.org/lifts"),
        ("www.example.org", "www.example.org"),
        ("[all numbers](https://example.org/lifts)", "all numbers (https://example.org/lifts)"),
        ("@lift_report", "@lift_report"),
        ("#transit", "#transit"),
        ("**bold**", "bold"),
        ("*italic*", "italic"),
        ("_italic_", "italic"),
        ("`code`", "code"),
        ("# Heading", "# Heading"),
        ("- item", "- item"),
        ("1. item", "1. item"),
        ("> quote", "> quote"),
        ("snake_case", "snake_case"),
        ("{% … %}", "{% … %}"),
        ("{# … #}", "{# … #}"),
        ("{ … }", "{ … }"),
        *(
            (f"\\{sign}", sign)
            for sign in ("*", "_", "`", "[", "]", "(", ")", "@", "#", "!", "\\", "{{", "---")
        ),
    ],
)
def test_the_author_s_guide_says_what_threads_gets(written: str, sent: str) -> None:
    guide = (ROOT / "docs" / "writing-posts.md").read_text()
    assert f"`{written}`" in guide or f"`` {written} ``" in guide
    spans, problems = spans_of(written, PostKey("guide"))
    assert problems == []
    assert text_of(spans, str) == sent


def snippets_of_kinds() -> list[str]:
    guide = (ROOT / "docs" / "writing-posts.md").read_text()
    section = guide.partition("## Polls, GIFs, topics")[2].partition("\n## ")[0]
    return re.findall(r"^```yaml\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)


def _no_links(address: Address) -> str:
    raise AssertionError(f"none of these links to {address}")


@pytest.mark.parametrize("snippet", snippets_of_kinds(), ids=lambda text: text.split(":")[0])
def test_what_the_author_s_guide_shows_of_each_kind_is_a_post_that_threads_takes(
    snippet: str, tmp_path: Path
) -> None:
    (tmp_path / "posts").mkdir()
    (tmp_path / "posts" / "map.png").write_bytes((POSTS / "lifts" / "map.png").read_bytes())
    (tmp_path / "threadsync.yaml").write_text("version: 1\nid: guide\ntargets:\n  threads/main: {}\n")
    text = f"---\nkey: a\ntargets: [threads/main]\n{snippet}---\nIt was the gardener.\n"
    (tmp_path / "posts" / "a.md").write_text(text)
    content = load(load_project(tmp_path), CachedProbe(None))
    assert content.findings == ()
    (publication,) = content.publications.values()
    provider = ThreadsProvider(ProviderContext(publication.address.target))
    assert provider.check(publication, _no_links) == []
    plain = provider.render(publication, publication.segments[0], 0, _no_links).rendered.options
    assert plain.keys() - {"media_types"}, "and something of it is sent"


def test_the_author_s_guide_shows_every_kind() -> None:
    shown = "".join(snippets_of_kinds())
    definitions = load_schema("post")["$defs"]
    assert isinstance(definitions, dict)
    for key in ("poll", "link", "who_can_reply", *definitions["threads"]["properties"]):
        assert f"{key}:" in shown, key


def test_the_yaml_in_the_author_s_guide_is_what_the_schema_accepts() -> None:
    guide = (ROOT / "docs" / "writing-posts.md").read_text()
    blocks = re.findall(r"^```yaml\n(.*?)^```$", guide, re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 4
    for block in blocks:
        document = parse(block, "guide")
        assert document.findings == ()
        assert check(document.value, "post", document, "guide") == [], block
