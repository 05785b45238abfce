"""A page of posts has small copies of their pictures, within bounds, and says what it leaves out."""

from __future__ import annotations

import base64
import io
import json
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.media.films import film
from tests.operations.world import World, picture
from tests.views import pages
from threadsync.media.probe import probe
from threadsync.media.thumbnail import CHANGED, LIMITS, Thumbnail, thumbnail
from threadsync.model.diagnostic import Diagnostic, Location
from threadsync.model.ids import MediaDigest
from threadsync.model.post import MediaFacts
from threadsync.model.text import MarkKind
from threadsync.operations.picturing import (
    bounded,
    media_of_all,
    media_of_plan,
    pictured,
    plan_page,
    source_lines,
)
from threadsync.operations.plan import plan
from threadsync.planning.actions import Create
from threadsync.views.sheet_making import sheet_of


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def facts(path: Path) -> MediaFacts:
    found = probe(path)
    assert isinstance(found, MediaFacts), found
    return found


def opened(made: Thumbnail | str) -> Image.Image:
    assert isinstance(made, Thumbnail), made
    return Image.open(io.BytesIO(made.content))


def test_a_large_picture_becomes_a_small_one_of_the_same_shape(world: World) -> None:
    out = io.BytesIO()
    Image.effect_noise((3000, 1500), 90).convert("RGB").save(out, "JPEG")
    path = world.write("a.jpg", out.getvalue())
    made = thumbnail(path, facts(path))
    with opened(made) as small:
        assert isinstance(made, Thumbnail)
        assert (small.format, made.media_type) == ("JPEG", "image/jpeg")
        assert small.width <= LIMITS.width_max
        assert small.width == 2 * small.height
        assert len(made.content) <= LIMITS.bytes_max


def test_a_drawing_stays_sharp(world: World) -> None:
    out = io.BytesIO()
    Image.new("RGB", (1200, 800), "white").save(out, "PNG")
    path = world.write("a.png", out.getvalue())
    made = thumbnail(path, facts(path))
    assert isinstance(made, Thumbnail)
    assert made.media_type == "image/png"


def test_a_video_shows_its_first_picture_the_way_a_viewer_turns_it(world: World) -> None:
    path = film(world.root / "a.mp4", turned=90)
    with opened(thumbnail(path, facts(path))) as poster:
        assert poster.size == (128, 72)


def test_without_the_extra_a_video_says_what_would_show_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = film(world.root / "a.mp4")
    known = facts(path)
    monkeypatch.setitem(sys.modules, "av", None)
    assert thumbnail(path, known) == "its first picture is shown where threadsync[video] is installed"


def test_what_cannot_be_shown_says_why(world: World) -> None:
    path = world.write("a.jpg", picture())
    known = facts(path)
    path.write_bytes(picture("blue"))
    assert thumbnail(path, known) == "changed since the plan was made"
    path.unlink()
    assert thumbnail(path, known) == "cannot be read: No such file or directory"
    cut = world.write("b.jpg", picture()[:300])
    assert thumbnail(cut, MediaFacts(_digest(cut), 300, "image", "JPEG", 640, 480)) == (
        "is damaged; its pixels cannot be read"
    )
    unread = world.write("c.heic", b"x")
    said = thumbnail(unread, MediaFacts(_digest(unread), 1, "image", "HEIC", 0, 0))
    assert said == "the pixels of HEIC are not read here"
    many = MediaFacts(MediaDigest("d"), 1, "image", "PNG", 20_000, 20_000)
    assert thumbnail(path, many) == "over 100 million pixels, too many to be shown here"
    heavy = MediaFacts(MediaDigest("d"), 200_000_000, "image", "PNG", 1, 1)
    assert thumbnail(path, heavy) == "over 100 MB, too large to be shown here"
    broken = world.write("a.mp4", b"nothing of the kind")
    assert thumbnail(broken, MediaFacts(MediaDigest("d"), 19, "video", "MP4", 1, 1)) == CHANGED
    said = thumbnail(broken, MediaFacts(_digest(broken), 19, "video", "MP4", 1, 1))
    assert said == "the MP4 file is damaged or cut off; its tracks cannot be read"


def _digest(path: Path) -> MediaDigest:
    import hashlib

    return MediaDigest(hashlib.sha256(path.read_bytes()).hexdigest())


def test_each_file_is_read_once_and_what_goes_over_the_bound_is_named(world: World) -> None:
    red, blue = world.write("red.jpg", picture()), world.write("blue.jpg", picture("blue"))
    shown = [("red.jpg", facts(red)), ("red.jpg", facts(red)), ("blue.jpg", facts(blue))]
    found = pictured(world.workspace, iter(shown), bytes_max=100)
    first, second = found.values()
    head, _, data = first.src.partition(";base64,")
    assert head in {"data:image/jpeg", "data:image/png"}
    assert Image.open(io.BytesIO(base64.b64decode(data))).size == (520, 390)
    assert (second.src, second.why) == ("", "left out: the pictures of one page take 0 MB at most")


def test_pictures_come_in_the_order_of_the_plan_and_none_that_is_not_shown(world: World) -> None:
    for name in ("a", "b", "c"):
        world.write(f"posts/{name}.jpg", picture({"a": "red", "b": "blue", "c": "green"}[name]))
    world.post("b", "![B](b.jpg)")
    assert world.applied() == {"b@threads/main": "applied"}
    world.post("a", "![A](a.jpg)")
    world.post("c", "![C](c.jpg)", draft="true")
    prepared = plan(world.workspace)
    assert [path for path, _ in media_of_plan(prepared)] == ["posts/a.jpg"]
    assert {path for path, _ in media_of_all(prepared)} == {f"posts/{name}.jpg" for name in "abc"}


def test_a_copy_that_is_sent_is_what_is_shown(world: World) -> None:
    out = io.BytesIO()
    Image.new("RGB", (200, 100)).save(out, "PNG")
    world.write("posts/small.png", out.getvalue())
    world.post("a", "![A](small.png)", fit="true")
    ((path, known),) = media_of_plan(plan(world.workspace))
    assert path.startswith(".threadsync/renditions/")
    assert known.width == 320


def test_what_a_network_makes_of_words_and_media_is_in_the_plan(world: World) -> None:
    world.write("posts/a.jpg", picture())
    spoiler = "{spoiler: {media: true, text: [the butler]}}"
    world.post("a", "It was the butler. https://example.org\n\n![A](a.jpg)", threads=spoiler)
    (action,) = plan(world.workspace).plan.actions
    assert isinstance(action, Create)
    (view,) = action.segments
    assert [(mark.kind, view.text[mark.start : mark.end]) for mark in view.marks] == [
        (MarkKind.HIDDEN, "the butler"),
        (MarkKind.LINK, "https://example.org"),
    ]
    assert view.covers_media == "a spoiler"


def test_lines_of_posts_are_shown_and_none_of_the_project_file(world: World) -> None:
    world.write("posts/a.md", "---\r\nkey: a\r\n---\r\n" + "x" * 11_000 + "\r\n")

    def finding(file: str, line: int) -> Diagnostic:
        return Diagnostic(Location(file, line, 1), "r", "p", "m")

    found = source_lines(
        world.workspace,
        [
            finding("posts/a.md", 2),
            finding("posts/a.md", 4),
            finding("posts/a.md", 99),
            finding("posts/gone.md", 1),
            finding("threadsync.yaml", 1),
        ],
    )
    assert found == {("posts/a.md", 2): "key: a", ("posts/a.md", 4): "x" * 10_000}


def test_no_line_is_shown_of_what_a_refused_link_leads_to(world: World) -> None:
    """A pull request may bring a link to any file of a runner, and the page goes to whoever reads it."""
    world.write(".git/config", "token\n")
    (world.root.parent / "passwd").write_text("root\n")
    for name, to in (("a", "../.git/config"), ("b", "../../passwd")):
        (world.root / f"posts/{name}.md").symlink_to(to)
    findings = plan(world.workspace).findings
    assert [each.rule for each in findings].count("file/outside-project") == 2
    assert source_lines(world.workspace, findings) == {}


def test_the_page_of_a_real_plan_is_whole(world: World) -> None:
    world.write("posts/a.jpg", picture())
    world.post("a", "Look.\n\n![A red field](a.jpg)", targets="threads/main, threads/brand")
    world.post("wrong", "Hm", tragets="none")
    html = plan_page(world.workspace, prepared := plan(world.workspace))
    assert pages.problems(html) == []
    seen = pages.read(html)
    assert [each.attributes["alt"] for each in seen.all("img")] == ["A red field"] * 2
    assert len({each.attributes["src"] for each in seen.all("img")}) == 1
    assert [each.text for each in seen.classed("at")] == ["tragets: none\n^"]
    assert json.loads(seen.classed("raw")[0].text)["actions"][0]["address"] == "a@threads/brand"
    assert prepared.has_errors


def test_a_picture_of_many_posts_counts_as_often_as_it_is_shown(world: World) -> None:
    """A page has it anew for each: ten pictures of two hundred posts were 20 MB."""
    world.write("posts/a.jpg", picture())
    for number in range(4):
        world.post(f"post-{number}", f"Number {number}\n\n![A field](a.jpg)")
    prepared = plan(world.workspace)
    pictures = pictured(world.workspace, media_of_plan(prepared))
    (shown,) = pictures.values()
    sheet = bounded(sheet_of(prepared, pictures, {}), bytes_max=3 * len(shown.src))
    seeables = [post.entries[0].parts[0].shots[0].seeable for post in sheet.posts]
    assert [bool(each.src) for each in seeables] == [True, True, True, False]
    assert "left out" in seeables[-1].why
