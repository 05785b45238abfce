"""The page about Threads says what each permission is for: a token without it fares as its table says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.operations.world import World
from threadsync.config import load_project
from threadsync.providers.threads.about import ABOUT
from threadsync.sandbox import threads

PAGE = (Path(__file__).parents[2] / "docs" / "threads.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| (`threads_.+?) \| .+ \| (.+) \|$", PAGE, re.MULTILINE))
REPLYING = ("threads_manage_mentions", "threads_keyword_search")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def without(world: World, *missing: str) -> str:
    """Take the scopes away from the token, and return what the page says of that."""
    scopes = tuple(each for each in threads.SCOPES if each not in missing)
    threads.apply(world.network, threads.add_profile(threads.Profile("main", scopes=scopes)), 0.0)
    return ROWS[" or ".join(f"`{each}`" for each in missing)]


def blocked(world: World, **options: object) -> list[str]:
    return [str(each.reason) for each in world.apply(**options).prepared.plan.actions]


def test_the_table_has_every_scope_that_threadsync_uses_in_their_order() -> None:
    named = [name for row in ROWS for name in re.findall(r"`(\w+)`", row)]
    assert {scope.name for scope in ABOUT.scopes} == set(named) - {"threads_keyword_search"}


@pytest.mark.parametrize("scope", ["threads_basic", "threads_read_replies"])
def test_without_a_scope_to_read_every_post_is_blocked(world: World, scope: str) -> None:
    said = without(world, scope)
    world.post("a", "Hello")
    (reason,) = blocked(world)
    assert said == f"every post is blocked (`{reason}`)"
    assert world.live() == []


def test_without_the_scope_to_publish_every_post_is_refused(world: World) -> None:
    said = without(world, "threads_content_publish")
    world.post("a", "Hello")
    assert world.applied() == {"a@threads/main": "refused"}
    assert said == "every post is refused"


def test_without_the_scope_to_delete_a_replace_is_blocked_and_the_old_post_stays(world: World) -> None:
    world.post("a", "Hello")
    world.applied()
    world.post("a", "Hello again")
    said = without(world, "threads_delete")
    (reason,) = blocked(world, allow_replace=("a@threads/main",))
    assert said == f"that is blocked (`{reason}`), and the old post stays"
    assert world.live() == ["Hello"]


@pytest.mark.parametrize(
    ("scope", "said"),
    [("threads_manage_replies", "that is unknown"), ("threads_manage_insights", "they are unknown")],
)
def test_without_a_scope_to_count_posts_go_out_and_the_numbers_are_unknown(
    world: World, scope: str, said: str
) -> None:
    assert without(world, scope) == said
    world.post("a", "Hello\n\n---\n\nMore")
    assert world.applied() == {"a@threads/main": "applied"}


@pytest.mark.parametrize(
    ("scope", "option"),
    [
        ("threads_location_tagging", "{location: '1'}"),
        ("threads_share_to_instagram", "{instagram_story: light}"),
    ],
)
def test_a_post_that_needs_a_scope_of_its_own_is_blocked(world: World, scope: str, option: str) -> None:
    said = without(world, scope)
    world.post("a", "Hello", threads=option)
    (reason,) = blocked(world)
    assert said == f"such posts are blocked (`{reason}`)"


def test_without_a_scope_to_reply_to_others_such_a_reply_is_refused(world: World) -> None:
    said = without(world, *REPLYING)
    world.post_by_hand("Theirs", "brand")
    (theirs,) = world.posts("brand")
    world.post("a", "Well said", reply_to=f"id:{theirs.id}")
    assert world.applied() == {"a@threads/main": "refused"}
    assert said == "such replies are refused"


@pytest.mark.parametrize("example", re.findall(r"```yaml\n(targets:.*?)```", PAGE, re.DOTALL))
def test_every_example_of_a_project_loads(example: str, tmp_path: Path) -> None:
    (tmp_path / "threadsync.yaml").write_text(f"version: 1\nid: docs\n{example}", encoding="utf-8")
    project = load_project(tmp_path, exact=True)
    (target,) = project.targets.values()
    assert target.media_host in project.media_hosts


def test_what_the_page_says_you_see_is_what_is_said() -> None:
    """Each message of its table is one that the sandbox gives, from Meta's words, or one of ours."""
    table = PAGE.partition("## When it does not work")[2].partition("\n## ")[0]
    seen = re.findall(r"^\| \*(.+?)\*", table, re.MULTILINE)
    assert len(seen) >= 7
    package = Path(threads.__file__).parents[2]
    said = "\n".join(
        (package / name).read_text(encoding="utf-8")
        for name in (
            "sandbox/threads/errors.py",
            "sandbox/threads/oauth.py",
            "providers/threads/api_oauth.py",
        )
    )
    for words in seen:
        assert words in said
