"""The preview shows every post and draft, and each look tells just what it changed."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.operations.world import World, picture
from tests.views import pages
from threadsync.errors import ContentError, StateError
from threadsync.media.thumbnail import Thumbnail
from threadsync.model.diagnostic import Diagnostic, Location
from threadsync.operations.memory import Memory
from threadsync.operations.preview import preview
from threadsync.views.sheet_entries import id_of
from threadsync.web.showing import LAST_READ, STALE, Change, Showing

SOURCES = ("/media/", "data:")


class Watched:
    """A project that is looked at, and what each look told."""

    def __init__(self, root: Path) -> None:
        self.world = World(root)
        self.memory = Memory()
        self.told: list[Change] = []
        self.showing = Showing("s", self.told.append)

    def look(self) -> list[Change]:
        """Look once more; return what that told."""
        workspace = self.memory.within(self.world.workspace)
        self.told.clear()
        self.showing.look(workspace, preview(workspace, self.memory.state(workspace)))
        return list(self.told)

    def page(self) -> pages.Seen:
        html, _ = self.showing.page("n")
        assert pages.problems(html, sources=SOURCES) == []
        return pages.read(html)


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    found = Watched(tmp_path)
    found.world.post("a", "First words", targets="threads/main, threads/brand")
    found.world.post("b", "An idea", draft="true")
    return found


def test_every_post_and_draft_is_shown_drafts_first(watched: Watched) -> None:
    watched.world.post("c", "Published")
    assert watched.world.applied("c") == {"c@threads/main": "applied"}
    watched.look()
    seen = watched.page()
    assert [each.text for each in seen.all("h2") if len(each.text) == 1] == ["b", "a", "c"]
    (published,) = [each for each in seen.all("section") if each.attributes.get("id") == id_of("c")]
    assert "Unchanged on threads/main" in published.text
    (draft,) = [each for each in seen.all("section") if each.attributes.get("id") == id_of("b")]
    assert "An idea" in draft.text


def test_the_first_look_is_a_page_and_each_further_one_tells_just_what_changed(
    watched: Watched,
) -> None:
    (first,) = watched.look()
    assert first.whole
    before = watched.showing.version
    assert watched.look() == []
    assert watched.showing.version == before
    watched.world.post("a", "Other words", targets="threads/main, threads/brand")
    (change,) = watched.look()
    assert not change.whole
    assert set(change.blocks) == {id_of("a")}
    assert change.changed == (id_of("a"),)
    assert "Other words" in change.blocks[id_of("a")]
    assert change.order == (id_of("b"), id_of("a"))
    assert change.said == "12:00:00: a changed."
    assert change.version == watched.showing.version != before


def test_a_part_that_is_told_is_what_the_page_has_at_its_place(watched: Watched) -> None:
    watched.look()
    watched.world.post("a", "Other words", targets="threads/main, threads/brand")
    (change,) = watched.look()
    html, _ = watched.showing.page("n")
    for block in change.blocks.values():
        assert block in html


def test_a_post_that_is_gone_or_new_changes_list_and_order(watched: Watched) -> None:
    watched.look()
    watched.world.remove("b")
    (change,) = watched.look()
    assert change.order == (id_of("a"),)
    assert "list" in change.blocks
    assert change.said == "12:00:00: 1 post gone."
    watched.world.post("c", "New")
    (change,) = watched.look()
    assert change.order == (id_of("a"), id_of("c"))
    assert change.changed == (id_of("c"),)


def test_a_post_that_has_only_grown_older_is_not_said_to_have_changed(watched: Watched) -> None:
    watched.world.post("c", "Published")
    assert watched.world.applied("c") == {"c@threads/main": "applied"}
    watched.world.post("d", "Later", publish='"2027-01-01 12:00 +00:00"')
    watched.look()
    watched.world.clock.sleep(3 * 3600)
    watched.world.post("a", "Other words", targets="threads/main, threads/brand")
    (change,) = watched.look()
    assert {id_of("a"), id_of("c")} <= set(change.blocks), "the age of what is live is brought up to date"
    assert change.changed == (id_of("a"),)
    assert change.said.endswith(": a changed.")


def test_errors_are_counted_for_who_looks_at_another_post(watched: Watched) -> None:
    watched.look()
    watched.world.write("posts/new.md", b"---\nkey: new\ntragets: [threads/main]\n---\nText\n")
    (change,) = watched.look()
    assert change.said == "12:00:00: 1 error in all."
    watched.world.post("a", "x" * 501, targets="threads/main")
    (change,) = watched.look()
    assert change.said == "12:00:00: a changed. 2 errors in all."
    watched.world.remove("new")
    watched.world.post("a", "Words", targets="threads/main")
    (change,) = watched.look()
    assert change.said == "12:00:00: a changed."


def test_what_is_wrong_is_shown_at_its_post_with_the_line(watched: Watched) -> None:
    watched.look()
    watched.world.post("a", "x" * 501, targets="threads/main, threads/brand")
    (change,) = watched.look()
    assert "threads/text-too-long" in change.blocks[id_of("a")]
    (at,) = pages.read(change.blocks[id_of("a")]).classed("at")
    assert at.text == f"{'x' * 120}…\n^"
    assert "files have errors" in change.blocks["notes"]


def test_a_post_with_a_slip_in_its_head_stays_at_its_place_with_what_is_to_be_mended(
    watched: Watched,
) -> None:
    watched.world.post("c", "Last")
    watched.look()
    order = [post.id for post in watched.showing._sheet.posts]
    watched.world.post("a", "Other words", targets="threads/main, threads/brand", pubish="2026-12-03 08:30")
    (change,) = watched.look()
    assert change.order == tuple(order)
    html = change.blocks[id_of("a")]
    assert "First words" in html, "what it says is not known while it cannot be read"
    assert LAST_READ in html
    assert "pubish: 2026-12-03 08:30\n^" in pages.read(html).classed("at")[0].text
    assert watched.look() == [], "it stays so"
    watched.world.post("a", "Other words", targets="threads/main, threads/brand")
    (mended,) = watched.look()
    assert "Other words" in mended.blocks[id_of("a")]
    assert LAST_READ not in mended.blocks[id_of("a")]


def test_a_target_more_is_another_page(watched: Watched) -> None:
    watched.look()
    project = watched.world.root / "threadsync.yaml"
    third = "  threads/third: {account: third, credential: env:X, base_url: http://127.0.0.1:1}\n"
    project.write_text(project.read_text().replace("media_hosts:", f"{third}media_hosts:"))
    (change,) = watched.look()
    assert change.whole
    assert [each.text.strip() for each in watched.page().all("label")][-1] == "threads/third"


def test_a_project_that_cannot_be_read_is_said_and_what_was_seen_stays(watched: Watched) -> None:
    watched.look()
    finding = Diagnostic(Location("threadsync.yaml", 3, 1), "project/x", "no such key.", "Take it out.")
    error = ContentError("the project has faults.", (finding,), remedy="Mend them.")
    watched.told.clear()
    watched.showing.problem(error, watched.world.clock.now())
    (change,) = watched.told
    assert set(change.blocks) == {"problem"}
    assert "threadsync.yaml:3:1" in change.blocks["problem"]
    assert change.changed == ("problem",), "who has scrolled down is led to it"
    assert change.said == f"12:00:00: {STALE}"
    seen = watched.page()
    assert "Mend them." in seen.all("main")[0].text + seen.all("header")[0].text
    assert "First words" in seen.all("main")[0].text
    (mended,) = watched.look()
    assert set(mended.blocks) == {"problem"}
    assert mended.said == "12:00:00: All can be read again."
    assert "alert" not in mended.blocks["problem"]
    assert "Mend them." not in watched.page().all("header")[0].text


def test_a_problem_before_all_is_shown_too(watched: Watched) -> None:
    watched.showing.problem(
        StateError("it is damaged.", where="state.json", remedy="See."), watched.world.clock.now()
    )
    html, _ = watched.showing.page("n")
    assert "state.json: it is damaged." in html


def test_pictures_are_made_when_they_are_asked_for_and_no_other_file_is_served(watched: Watched) -> None:
    watched.world.write("posts/a.jpg", picture())
    watched.world.post("a", "Look\n\n![A field](a.jpg)", targets="threads/main, threads/brand")
    watched.look()
    (image, _) = watched.page().all("img")
    digest = image.attributes["src"].removeprefix("/media/")
    assert image.attributes["loading"] == "lazy"
    assert isinstance(watched.showing.thumbnail(digest), Thumbnail)
    assert watched.showing.thumbnail("0" * 64) is None
    assert watched.showing.thumbnail("../threadsync.yaml") is None


def test_a_picture_that_was_away_for_a_moment_is_shown_again(watched: Watched) -> None:
    watched.world.write("posts/a.jpg", picture())
    watched.world.post("a", "Look\n\n![A field](a.jpg)", targets="threads/main")
    watched.look()
    (image,) = watched.page().all("img")
    digest = image.attributes["src"].removeprefix("/media/")
    (watched.world.root / "posts/a.jpg").unlink()
    assert isinstance(watched.showing.thumbnail(digest), str)
    watched.world.write("posts/a.jpg", picture())
    watched.look()
    assert isinstance(watched.showing.thumbnail(digest), Thumbnail)


def test_a_page_is_of_the_run_that_made_it(watched: Watched) -> None:
    watched.look()
    assert watched.showing.version != replace(watched.showing, session="t").version
