"""Videos and fitted pictures through validate, plan and apply, as the network gets them."""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.media.films import REMUX, film
from tests.operations.served import Served
from tests.operations.world import PROJECT, World, words
from threadsync.errors import ContentError
from threadsync.operations.plan import plan
from threadsync.operations.validate import validate
from threadsync.planning.actions import Blocked, Create, Reason
from threadsync.views.plan_text import action_text

CAROUSEL = "Both\n\n![a map](map.png)\n\n![a ride](ride.mp4)"


def map_png(width: int = 1600, height: int = 900) -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").resize((width, height)).convert("RGB").save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def served(tmp_path: Path) -> Served:
    return Served(tmp_path)


def shown(world: World, key: str = "a") -> str:
    prepared = plan(world.workspace)
    (action,) = [each for each in prepared.plan.actions if each.address.key == key]
    return action_text(action, width=100, color=False, now=world.clock.now(), zone=None)


def upright(path: Path) -> Path:
    """Write a film that Threads has nothing to say against."""
    return film(path, size=(72, 128), options=REMUX)


# Videos


def test_a_video_and_a_mixed_carousel_go_out_and_nothing_is_left_to_do(served: Served) -> None:
    upright(served.root / "posts/ride.mp4")
    served.write("posts/map.png", map_png(1000))
    served.post("a", "Watch\n\n![a ride](ride.mp4)")
    served.post("b", CAROUSEL)
    assert served.rules() == []
    assert served.applied() == {"a@threads/main": "applied", "b@threads/main": "applied"}
    assert sorted(post.content.media_type for post in served.posts()) == ["CAROUSEL", "VIDEO"]
    assert set(words(served.plan()).values()) == {"no-op same"}
    assert served.applied() == {}


def test_what_is_live_is_not_called_edited_because_it_is_a_video(served: Served) -> None:
    """A receipt does not say what kind of media it was."""
    upright(served.root / "posts/ride.mp4")
    served.post("a", "Watch\n\n![a ride](ride.mp4)")
    served.applied()
    served.post("a", "Watch it\n\n![a ride](ride.mp4)", on_change="replace")
    done = served.apply()
    assert [notice.problem for notice in done.prepared.plan.notices] == []


def test_a_video_that_threads_does_not_take_is_refused_before_anything_is_sent(served: Served) -> None:
    film(served.root / "posts/ride.mp4", options={})
    served.post("a", "Watch\n\n![a ride](ride.mp4)")
    assert served.rules() == ["threads/video-edit-list", "threads/video-index-last"]
    with pytest.raises(ContentError):
        served.apply()
    assert served.sent == []


def test_without_the_extra_a_video_says_what_to_install(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    upright(served.root / "posts/ride.mp4")
    served.post("a", "Watch\n\n![a ride](ride.mp4)")
    monkeypatch.setitem(sys.modules, "av", None)
    (found,) = validate(served.workspace).findings
    assert (found.rule, found.location.line) == ("media/video-extra", 7)
    assert found.remedy == "Run pip install 'threadsync[video]' and try again."


# Fit


def fitted(served: Served, text: str = "Look\n\n![a map](map.png)", **front: str) -> None:
    served.write("posts/map.png", map_png())
    served.post("a", text, fit=front.pop("fit", "true"), **front)


def test_without_fit_nothing_is_touched(served: Served) -> None:
    fitted(served, fit="false")
    assert served.rules() == ["threads/picture-scaled"]
    served.applied()
    assert [(each.format, each.width) for each in served.fetched] == [("PNG", 1600)]
    assert served.renditions() == []


def test_with_fit_the_network_gets_the_rendition_and_the_file_stays_as_it_is(served: Served) -> None:
    fitted(served)
    before = (served.root / "posts/map.png").read_bytes()
    assert served.rules() == []
    assert served.applied() == {"a@threads/main": "applied"}
    assert [(each.format, each.width, each.height) for each in served.fetched] == [("PNG", 1440, 810)]
    assert (served.root / "posts/map.png").read_bytes() == before


def test_the_plan_shows_what_it_was_and_what_it_becomes(served: Served) -> None:
    fitted(served)
    assert "fitted: PNG 1600 × 900, 0.1 MB -> PNG 1440 × 810, 0.1 MB" in shown(served)
    action = served.plan()["a@threads/main"]
    assert isinstance(action, Create)
    (item,) = action.segments[0].media
    assert (item.facts.width, item.sent.width) == (1600, 1440)


@pytest.mark.parametrize("place", ["defaults", "overrides"])
def test_fit_may_stand_for_all_posts_or_for_one_target(served: Served, place: str) -> None:
    served.write("posts/map.png", map_png())
    text = "Look\n\n![a map](map.png)"
    if place == "defaults":
        served.write("threadsync.yaml", PROJECT + "defaults: {fit: true}\n")
        served.post("a", text)
    else:
        served.post("a", text, overrides="{threads/main: {fit: true}}")
    assert served.rules() == []
    assert "fitted:" in shown(served)


def test_fit_is_no_part_of_the_content(served: Served) -> None:
    """Law 11: to write it, to take it away, or another way to make renditions, changes no live post."""
    fitted(served, fit="false")
    served.applied()
    fitted(served)
    assert words(served.plan()) == {"a@threads/main": "no-op same"}
    assert served.renditions() == []


def test_a_rendition_is_kept_until_the_receipt_of_all_that_need_it(served: Served) -> None:
    fitted(served)
    served.post("later", "Look again\n\n![a map](map.png)", fit="true", publish="2026-12-24 08:00")
    assert plan(served.workspace).has_errors is False
    (kept,) = served.renditions()
    served.applied()
    assert served.renditions() == [kept]
    served.post("later", "Look again\n\n![a map](map.png)", fit="true")
    assert served.applied() == {"later@threads/main": "applied"}
    assert served.renditions() == []


def test_a_rendition_of_a_live_post_is_not_made_again(served: Served) -> None:
    fitted(served)
    served.applied()
    assert words(served.plan()) == {"a@threads/main": "no-op same"}
    assert served.renditions() == []


def test_what_follows_a_change_in_a_chain_is_fitted_again(served: Served) -> None:
    """Segments behind a changed one are published anew, with pictures that did not change."""
    chain = "{}\n\n---\n\nEnd\n\n![a map](map.png)"
    fitted(served, chain.format("Top"))
    served.applied()
    served.fetched.clear()
    fitted(served, chain.format("Another top"), on_change="replace")
    assert served.applied() == {"a@threads/main": "applied"}
    assert [(each.format, each.width) for each in served.fetched] == [("PNG", 1440)]


def test_an_interrupted_run_goes_on_with_the_rendition_that_it_made(served: Served) -> None:
    fitted(served)
    kept: list[Path] = []
    for request in range(1, 12):
        if not served.died(request):
            break
        kept += served.renditions()
    assert len(kept) > 3
    assert len(set(kept)) == 1
    assert served.live() == ["Look"]
    assert {(each.format, each.width) for each in served.fetched} == {("PNG", 1440)}


def test_two_posts_may_send_the_same_file_one_as_it_is_and_one_fitted(served: Served) -> None:
    fitted(served)
    served.post("b", "As it is\n\n![a map](map.png)")
    served.applied()
    assert sorted(each.width for each in served.fetched) == [1440, 1600]


def test_renditions_are_no_part_of_the_repository(served: Served) -> None:
    fitted(served)
    plan(served.workspace)
    assert (served.root / ".threadsync/.gitignore").read_text() == "*\n"


def test_a_rendition_that_could_not_be_stored_is_not_published(served: Served) -> None:
    """The plan shows it, for it needs no right to write; apply finds that nobody could serve it."""
    fitted(served)
    shutil.rmtree(served.root / ".threadsync", ignore_errors=True)
    (served.root / ".threadsync").write_text("a file, not a folder")
    assert "fitted:" in shown(served)
    done = served.apply()
    (action,) = done.prepared.plan.actions
    assert isinstance(action, Blocked)
    assert action.reason is Reason.MEDIA_NOT_SERVED
    assert "cannot be read" in action.problem


def test_what_lies_in_the_place_of_a_rendition_and_breaks_a_limit_is_none(served: Served) -> None:
    fitted(served)
    plan(served.workspace)
    (kept,) = served.renditions()
    for damage in (map_png(1500, 700), b"no picture"):
        kept.write_bytes(damage)
        assert "-> PNG 1440 × 810" in shown(served)


def test_a_host_that_serves_only_its_own_files_cannot_serve_a_rendition(served: Served) -> None:
    site = "local: {kind: url_prefix, url: 'https://example.org', root: posts}"
    served.write("threadsync.yaml", PROJECT.replace("local: {kind: loopback}", site))
    fitted(served)
    (found,) = validate(served.workspace).findings
    assert (found.rule, found.is_error) == ("media/fit-not-served", True)
    assert "posts/map.png would be fitted, and local serves only the files that" in found.problem
    served.write("posts/map.png", map_png(1000))
    assert served.rules() == []


def test_a_picture_that_cannot_be_fitted_is_an_error_of_the_plan(served: Served) -> None:
    content = io.BytesIO()
    Image.new("RGB", (400, 400)).save(content, "BMP")
    served.write("posts/cut.bmp", content.getvalue()[:5000])
    served.post("a", "Look\n\n![cut](cut.bmp)", fit="true")
    (found,) = plan(served.workspace).findings
    assert (found.rule, found.is_error) == ("media/not-fitted", True)
    assert found.problem == "posts/cut.bmp is damaged; its pixels cannot be read."
    with pytest.raises(ContentError):
        served.apply()


def test_what_is_withdrawn_needs_no_rendition(served: Served) -> None:
    fitted(served)
    served.applied()
    fitted(served, withdraw="true")
    plan(served.workspace)
    assert served.renditions() == []
