"""All posts of a project: which files they are, their keys, and what one error means for the rest."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.content.support import (
    BLUESKY,
    GOOD,
    SAMPLE_PROJECT,
    THREADS,
    load_files,
    load_post,
    probe,
    published,
    write,
)
from threadsync.config import load_project
from threadsync.content.loader import KEY_CHARACTERS_MAX, Content, load
from threadsync.content.rules import RULES
from threadsync.model.diagnostic import Location
from threadsync.model.ids import Address, PostKey
from threadsync.model.post import MediaFacts

BROKEN = "---\ntargets: [threads/main]\nwho: x\n---\nHello.\n"


def rules(content: Content) -> list[tuple[str, str]]:
    return [(str(each.location), each.rule) for each in content.findings]


def test_posts_are_markdown_and_yaml_files_at_any_depth(tmp_path: Path) -> None:
    content = load_files(
        tmp_path,
        {
            "posts/a.md": GOOD,
            "posts/2026/b.MD": GOOD,
            "posts/2026/launch/index.md": GOOD,
            "posts/c.yaml": "targets: [threads/main]\ntext: Hi.\n",
            "posts/d.yml": "targets: [threads/main]\nsegments: [Hi.]\n",
            "posts/index.md": GOOD,
            "posts/map.png": "picture",
            "posts/notes.txt": "no post",
            "posts/.hidden.md": "broken {{",
            "posts/_template.md": "broken {{",
            "posts/_drafts/x.md": "broken {{",
            "posts/.git/x.md": "broken {{",
            "posts/a.md~": "broken {{",
            "posts/.a.md.swp": "broken {{",
            "posts/#a.md#": "broken {{",
            "posts/a.md.bak": "broken {{",
            "README.md": "broken {{",
        },
    )
    assert content.findings == ()
    assert content.complete
    assert sorted(content.keys) == ["2026/b", "2026/launch", "a", "c", "d", "index"]
    assert content.files == 6
    assert {address.key for address in content.publications} == set(content.keys)


def test_a_key_of_its_own_wins_over_the_path(tmp_path: Path) -> None:
    content = load_files(tmp_path, {"posts/x/y.md": GOOD.replace("---\n", "---\nkey: lift-report\n", 1)})
    assert content.keys == {PostKey("lift-report"): Location("posts/x/y.md", 2, 1)}


@pytest.mark.parametrize("key", ["a", "A.b_c-d/e", "x" * KEY_CHARACTERS_MAX])
def test_a_key_has_letters_digits_and_a_few_signs(key: str, tmp_path: Path) -> None:
    content = load_post(tmp_path, GOOD.replace("---\n", f"---\nkey: {key}\n", 1))
    assert content.findings == ()
    assert list(content.keys) == [key]


@pytest.mark.parametrize("key", ["a b", "a@b", "a*", '"a\\tb"', "ü", "x" * (KEY_CHARACTERS_MAX + 1), "''"])
def test_other_keys_are_refused(key: str, tmp_path: Path) -> None:
    content = load_post(tmp_path, GOOD.replace("---\n", f"---\nkey: {key}\n", 1))
    assert content.publications == {}
    assert all(each.location == Location("posts/post.md", 2, 6) for each in content.findings)
    assert content.findings


def test_two_posts_with_one_key_are_both_told_and_neither_is_published(tmp_path: Path) -> None:
    named = GOOD.replace("---\n", "---\nkey: launch\n", 1)
    content = load_files(tmp_path, {"posts/launch.md": GOOD, "posts/z.md": named, "posts/other.md": GOOD})
    assert rules(content) == [("posts/launch.md:1:1", "post/key-twice"), ("posts/z.md:2:1", "post/key-twice")]
    assert "posts/z.md:2:1" in content.findings[0].problem
    assert "posts/launch.md:1:1" in content.findings[1].problem
    assert list(content.publications) == [Address(PostKey("other"), THREADS)]
    assert content.broken_keys == {"launch"}


def test_drafts_are_checked_and_kept_apart(tmp_path: Path) -> None:
    content = load_post(tmp_path, GOOD.replace("---\n", "---\ndraft: true\n", 1))
    assert content.findings == ()
    assert content.publications == {}
    assert list(content.drafts) == [Address(PostKey("post"), THREADS)]
    assert list(content.keys) == ["post"]
    assert content.complete
    broken = load_post(tmp_path, BROKEN.replace("---\n", "---\ndraft: true\n", 1))
    assert [each.rule for each in broken.findings] == ["schema/unknown-key"]


def test_one_target_may_still_be_a_draft(tmp_path: Path) -> None:
    text = "---\ntargets: [threads/main, bluesky/brand]\noverrides: {bluesky: {draft: true}}\n---\nHi.\n"
    content = load_post(tmp_path, text)
    assert list(content.publications) == [Address(PostKey("post"), THREADS)]
    assert list(content.drafts) == [Address(PostKey("post"), BLUESKY)]


@pytest.mark.parametrize(
    "text",
    [
        BROKEN.replace("---\n", "---\nkey: known\n", 1),
        "---\nkey: known\ntargets: [threads/main\n---\nHello.\n",
        "---\ntargets: [x\nkey: 'known'\n---\nHello.\n",
        "---\nkey: known\nHello.\n",
        "---\nkey: known\ntargets: [threads/nowhere]\n---\nHello.\n",
        "---\nkey: known\ntargets: [threads/main]\n---\n![x](gone.png)\n",
        "---\nkey: known\ntargets: [threads/main]\n---\nHi {{ x }}\n",
        "---\nkey: known\ntargets: [threads/main]\nreply_to: nobody\n---\nHi\n",
    ],
)
def test_a_file_with_an_error_yields_nothing_but_its_key(text: str, tmp_path: Path) -> None:
    """So that planning never takes its posts for removed (law 5)."""
    content = load_files(tmp_path, {"posts/some/path.md": text, "posts/good.md": GOOD})
    assert content.findings
    assert content.broken_keys == {"known"}
    assert set(content.keys) == {"known", "good"}
    assert list(content.publications) == [Address(PostKey("good"), THREADS)]
    assert not content.complete


def test_a_file_that_cannot_be_read_keeps_the_key_of_its_path(tmp_path: Path) -> None:
    content = load_files(tmp_path, {"posts/a/index.md": b"\xff\xfe", "posts/good.md": GOOD})
    assert content.broken_keys == {"a"}
    assert content.keys[PostKey("a")] == Location("posts/a/index.md")


def test_a_warning_leaves_everything_complete_but_no_posts_do_not(tmp_path: Path) -> None:
    empty = load_files(tmp_path, {})
    assert rules(empty) == [("threadsync.yaml:1:1", "file/no-posts")]
    assert "does not exist" in empty.findings[0].problem
    assert not empty.complete
    assert empty.files == 0
    (tmp_path / "posts").mkdir()
    still = load_files(tmp_path, {})
    assert "holds no posts" in still.findings[0].problem
    assert not still.complete
    assert load_files(tmp_path, {"posts/a.md": GOOD}).complete


def test_findings_come_in_the_order_of_files_and_lines_and_once_each(tmp_path: Path) -> None:
    both = "---\ntargets: [threads/main, bluesky/brand]\nmedia: [gone.png]\n---\nHi {{ a }}\n\n{{ b }}\n"
    content = load_files(tmp_path, {"posts/b.md": both, "posts/a.md": both})
    expected = [("3:9", "media/missing"), ("5:4", "text/template"), ("7:1", "text/template")]
    assert rules(content) == [(f"posts/{name}.md:{place}", rule) for name in "ab" for place, rule in expected]


def test_a_link_to_a_file_of_the_project_is_a_post(tmp_path: Path) -> None:
    write(tmp_path, {"shared/post.md": GOOD, "posts/a.md": GOOD})
    (tmp_path / "posts" / "b.md").symlink_to("../shared/post.md")
    assert sorted(load_files(tmp_path, {}).keys) == ["a", "b"]


def test_a_link_to_a_hidden_file_is_no_post(tmp_path: Path) -> None:
    """A checkout of a CI has a token in `.git/config`, and whoever reads the plan would read it."""
    write(tmp_path, {".git/config": GOOD, "shared/.env": GOOD, "posts/a.md": GOOD})
    (tmp_path / "posts" / "b.md").symlink_to("../.git/config")
    (tmp_path / "posts" / "c.md").symlink_to("../shared/.env")
    content = load_files(tmp_path, {})
    assert sorted(content.keys) == ["a"]
    assert rules(content) == [(f"posts/{name}.md:1:1", "file/outside-project") for name in "bc"]


def test_links_in_a_circle_are_told_and_end(tmp_path: Path) -> None:
    write(tmp_path, {"posts/a.md": GOOD})
    (tmp_path / "posts" / "loop").symlink_to(".")
    (tmp_path / "posts" / "self.md").symlink_to("self.md")
    content = load_files(tmp_path, {})
    assert rules(content) == [
        ("posts/loop:1:1", "file/linked-folder"),
        ("posts/self.md:1:1", "file/unreadable"),
    ]


def test_a_folder_that_cannot_be_read_makes_the_content_incomplete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {"posts/a.md": GOOD, "posts/closed/b.md": GOOD})
    scan = os.scandir

    def denied(path: str) -> object:
        if path.endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr(os, "scandir", denied)
    content = load_files(tmp_path, {})
    assert rules(content) == [("posts/closed:1:1", "file/unreadable")]
    assert not content.complete


def test_folders_end_somewhere(tmp_path: Path) -> None:
    content = load_files(tmp_path, {"posts/a.md": GOOD, "posts/" + "d/" * 40 + "b.md": GOOD})
    assert [each.rule for each in content.findings] == ["file/unreadable"]
    assert not content.complete


def test_posts_may_lie_at_the_top_of_the_project(tmp_path: Path) -> None:
    content = load_files(tmp_path, {"threadsync.yaml": SAMPLE_PROJECT + "posts: .\n", "a/b.md": GOOD})
    assert content.findings == ()
    assert list(content.publications) == [Address(PostKey("a/b"), THREADS)]


def test_a_media_file_of_many_posts_is_probed_once(tmp_path: Path) -> None:
    text = "---\ntargets: [threads/main, bluesky/brand]\n---\n![m](map.png)\n\n![m](/posts/map.png)\n"
    write(tmp_path, {"posts/a.md": text, "posts/b.md": text, "posts/map.png": "m"})
    asked: list[Path] = []

    def counting(path: Path) -> MediaFacts | str:
        asked.append(path)
        return probe(path)

    content = load(load_project(tmp_path), counting)
    assert content.findings == ()
    assert asked == [tmp_path.resolve() / "posts" / "map.png"]


def test_nothing_is_written(tmp_path: Path) -> None:
    write(tmp_path, {"posts/a.md": GOOD, "posts/b.md": BROKEN})
    before = sorted(tmp_path.rglob("*"))
    load(load_project(tmp_path), probe)
    assert sorted(tmp_path.rglob("*")) == before


def test_the_digest_does_not_depend_on_where_the_project_lies(tmp_path: Path) -> None:
    one = load_post(tmp_path / "a", GOOD)
    other = load_post(tmp_path / "some" / "where", GOOD)
    assert published(one) == published(other)


PIECES = st.sampled_from(
    [
        "---\n",
        "\n",
        "targets: [threads/main]\n",
        "text: ",
        "segments:\n- ",
        "publish: 2026-12-03 08:30\n",
        "overrides: {threads: {",
        "}}\n",
        "![a](b.png)\n",
        "{{ links['threads/main'] }}",
        "```yaml segment\n",
        "```\n",
        "reply_to: post\n",
        "a: *x\n",
        "\x00",
        "\t",
        "\U0001f6b2",
        "poll: {options: [a, b]}\n",
        "null",
        "'",
    ]
)


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES, max_size=12).map("".join), st.sampled_from([".md", ".yaml"]))
def test_any_file_is_a_post_or_has_findings_and_never_a_traceback(
    tmp_path_factory: pytest.TempPathFactory, text: str, suffix: str
) -> None:
    root = tmp_path_factory.mktemp("any")
    content = load_files(root, {f"posts/post{suffix}": text})
    assert content.complete == (content.findings == ())
    assert bool(content.publications) == content.complete
    for each in content.findings:
        assert each.rule in RULES
        assert each.location.file.startswith("posts/")
        assert 1 <= each.location.line <= text.count("\n") + 2


def test_a_project_without_faults_never_imports_the_validator_that_explains(tmp_path: Path) -> None:
    """It takes longer to import than most projects take to load."""
    write(tmp_path, {"posts/post.md": GOOD})
    code = (
        "import sys; from pathlib import Path; from threadsync.config import load_project; "
        "from threadsync.content.loader import load; "
        "content = load(load_project(Path(sys.argv[1])), lambda path: 'none'); "
        "assert content.complete and 'jsonschema' not in sys.modules and 'PIL' not in sys.modules"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        cwd=Path(__file__).parent.parent.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
