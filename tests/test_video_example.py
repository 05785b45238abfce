"""The example of videos and fitted pictures validates, and goes out, in the sandbox's model of Threads."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from tests.operations.served import Served
from threadsync.model.ids import TargetName
from threadsync.operations.validate import validate

EXAMPLE = Path(__file__).parent.parent / "examples" / "video"


def copied(root: Path) -> Served:
    shutil.copytree(EXAMPLE, root, dirs_exist_ok=True)
    return Served(root, tokens={TargetName("threads/main"): "sandbox-lift_report"})


def test_it_validates_without_a_warning(tmp_path: Path) -> None:
    assert validate(copied(tmp_path).workspace).findings == ()


def test_it_goes_out_as_a_video_and_a_mixed_carousel_with_a_fitted_picture(tmp_path: Path) -> None:
    world = copied(tmp_path)
    assert set(world.applied().values()) == {"applied"}
    assert sorted(post.content.media_type for post in world.posts("lift_report")) == ["CAROUSEL", "VIDEO"]
    pictures = [(each.format, each.width) for each in world.fetched if each.kind == "image"]
    assert pictures == [("PNG", 1440)]


def test_it_is_small_and_says_what_its_media_show() -> None:
    files = sorted((EXAMPLE / "posts").iterdir())
    assert all(file.stat().st_size < 100_000 for file in files)
    texts = [file.read_text() for file in files if file.suffix == ".md"]
    assert all(len(alt) >= 40 for text in texts for alt in re.findall(r"!\[([^\]]*)\]", text))


def test_its_token_is_the_sandbox_s_own() -> None:
    assert (EXAMPLE / "sandbox.token").read_text() == "sandbox-lift_report\n"
