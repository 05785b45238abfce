"""References lead somewhere, and never in a circle."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.content.support import BLUESKY, GOOD, THREADS, load_files, published
from threadsync.content.loader import Content
from threadsync.content.references import reference_of
from threadsync.model.ids import Address, PostKey, RemoteId, TargetName
from threadsync.model.post import PostRef, Reference, RemoteRef
from threadsync.model.references import depends_on

BOTH = "[threads/main, bluesky/brand]"


def post(keys: str = "", body: str = "Hello.", targets: str = "[threads/main]") -> str:
    return f"---\ntargets: {targets}\n{keys}\n---\n{body}\n"


def load(root: Path, **posts: str) -> Content:
    return load_files(root, {f"posts/{name}.md": text for name, text in posts.items()})


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("launch", PostRef(PostKey("launch"))),
        ("2026/launch", PostRef(PostKey("2026/launch"))),
        ("launch@threads/main", PostRef(PostKey("launch"), THREADS)),
        ("id:1801", RemoteRef(remote_id=RemoteId("1801"))),
        (
            "id:at://did:plc:x/app.bsky.feed.post/y",
            RemoteRef(RemoteId("at://did:plc:x/app.bsky.feed.post/y")),
        ),
        ("https://www.threads.com/@ana/post/x", RemoteRef(permalink="https://www.threads.com/@ana/post/x")),
        ("at://ana.test/app.bsky.feed.post/y", RemoteRef(permalink="at://ana.test/app.bsky.feed.post/y")),
    ],
)
def test_a_reference_is_a_key_an_address_an_id_or_a_permalink(text: str, meant: Reference) -> None:
    assert reference_of(text) == meant


@pytest.mark.parametrize("text", ["id:", "id: ", "@threads/main", "launch@"])
def test_other_references_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"names|address"):
        reference_of(text)


@pytest.mark.parametrize(
    ("keys", "body", "expected"),
    [
        ("reply_to: lunch", "Hi.", ("reference/unknown-key", "3:1", "launch")),
        ("quote: lunch", "Hi.", ("reference/unknown-key", "3:1", "launch")),
        ("repost: lunch@threads/main", "", ("reference/unknown-key", "3:1", "launch")),
        ("reply_to: launch@threads/mian", "Hi.", ("reference/unknown-target", "3:1", "threads/main")),
        ("reply_to: launch@bluesky/brand", "Hi.", ("reference/not-there", "3:1", "targets")),
        ("reply_to: draft", "Hi.", ("reference/draft", "3:1", "draft: true")),
        ("", "See {{ links['lunch@threads/main'] }}", ("reference/unknown-key", "5:1", "launch")),
        ("", "See {{ links['threads/mian'] }}", ("reference/unknown-target", "5:1", "threads/main")),
        ("", "See {{ links['bluesky/brand'] }}", ("reference/not-there", "5:1", "targets")),
        ("", "Hi.\n\n---\n\nSee {{ links['x@a/b'] }}", ("reference/unknown-target", "9:1", "target")),
    ],
)
def test_a_reference_that_leads_nowhere_is_told_where_it_stands(
    keys: str, body: str, expected: tuple[str, str, str], tmp_path: Path
) -> None:
    content = load(tmp_path, post=post(keys, body), launch=GOOD, draft=post("draft: true"))
    rule, place, remedy = expected
    (found,) = content.findings
    assert (found.rule, str(found.location)) == (rule, f"posts/post.md:{place}")
    assert remedy in found.remedy
    assert content.broken_keys == {"post"}


@pytest.mark.parametrize("keys", ["reply_to: again", "quote: again", "repost: again"])
def test_a_repost_can_be_linked_to_and_nothing_else(keys: str, tmp_path: Path) -> None:
    again = post("repost: launch", "")
    content = load(tmp_path, post=post(keys, "Hi."), again=again, launch=GOOD)
    (found,) = content.findings
    assert (found.rule, str(found.location)) == ("reference/repost", "posts/post.md:3:1")
    assert "again@threads/main, which is a repost" in found.problem
    draft = load(
        tmp_path, post=post(f"{keys}\ndraft: true", "Hi."), again=post("repost: launch\ndraft: true", "")
    )
    assert [each.rule for each in draft.findings] == ["reference/repost"]
    linked = load(tmp_path, post=post("", "See {{ links['again@threads/main'] }}"), again=again)
    assert linked.findings == ()


def test_a_key_without_target_is_meant_on_each_target_of_the_post(tmp_path: Path) -> None:
    content = load(tmp_path, post=post("reply_to: launch", targets=BOTH), launch=GOOD)
    (found,) = content.findings
    assert found.rule == "reference/not-there"
    assert "launch@bluesky/brand" in found.problem
    fine = load(tmp_path, post=post("reply_to: launch", targets=BOTH), launch=post(targets=BOTH))
    assert depends_on(published(fine, target=BLUESKY)) == (Address(PostKey("launch"), BLUESKY),)


def test_drafts_may_refer_to_drafts(tmp_path: Path) -> None:
    content = load(tmp_path, post=post("draft: true\nreply_to: other"), other=post("draft: true"))
    assert content.findings == ()


def test_a_reference_to_a_file_with_errors_is_not_told_a_second_time(tmp_path: Path) -> None:
    content = load(tmp_path, post=post("reply_to: launch"), launch=post("x: y"))
    assert [each.rule for each in content.findings] == ["schema/unknown-key"]
    assert content.broken_keys == {"launch"}


@pytest.mark.parametrize(
    ("posts", "circle"),
    [
        ({"a": post("", "{{ links['threads/main'] }}")}, "a@threads/main -> a@threads/main"),
        (
            {"a": post("reply_to: b"), "b": post("quote: c"), "c": post("", "{{ links['a@threads/main'] }}")},
            "a@threads/main -> b@threads/main -> c@threads/main -> a@threads/main",
        ),
        (
            {
                "a": post(
                    "overrides: {bluesky: {text: \"{{ links['threads/main'] }}\"}}",
                    "{{ links['bluesky/brand'] }}",
                    BOTH,
                )
            },
            "a@bluesky/brand -> a@threads/main -> a@bluesky/brand",
        ),
    ],
)
def test_posts_that_wait_for_each_other_are_named(posts: dict[str, str], circle: str, tmp_path: Path) -> None:
    content = load(tmp_path, **posts, good=GOOD)
    (found,) = content.findings
    assert found.rule == "reference/circle"
    assert circle in found.problem
    assert content.broken_keys == set(posts)
    assert list(content.publications) == [Address(PostKey("good"), THREADS)]


def test_no_circle_is_left_among_what_is_published(tmp_path: Path) -> None:
    """Two circles share a post; one finding names it, and nothing that is left waits for itself."""
    content = load(tmp_path, a=post("reply_to: b\nquote: c"), b=post("reply_to: a"), c=post("reply_to: a"))
    assert {each.rule for each in content.findings} == {"reference/circle"}
    left = content.publications
    for publication in left.values():
        assert all(left[n].address != publication.address for n in depends_on(publication) if n in left)
    assert "a" in content.broken_keys


def test_a_diamond_is_no_circle(tmp_path: Path) -> None:
    content = load(
        tmp_path, a=post("reply_to: b\nquote: c"), b=post("reply_to: d"), c=post("reply_to: d"), d=GOOD
    )
    assert content.findings == ()


def test_long_chains_are_walked_without_recursion_and_in_time(tmp_path: Path) -> None:
    size = 1_500
    posts = {f"p{n}": post(f"reply_to: p{n + 1}") for n in range(size)}
    before = time.process_time()
    content = load(tmp_path, **posts, **{f"p{size}": post("reply_to: p0")})
    assert time.process_time() - before < 30
    (found,) = content.findings
    assert found.rule == "reference/circle"
    assert len(found.problem) < 500
    assert len(content.broken_keys) == size + 1


def test_what_a_post_depends_on_is_told_once_each_and_in_order(tmp_path: Path) -> None:
    body = (
        "{{ links['bluesky/brand'] }} {{ links['b@threads/main'] }}\n\n---\n\n{{ links['b@threads/main'] }}"
    )
    keys = "reply_to: a\nquote: c\noverrides: {bluesky: {text: Hi., reply_to: null, quote: null}}"
    content = load(tmp_path, post=post(keys, body, BOTH), a=GOOD, b=GOOD, c=GOOD)
    assert [str(each) for each in depends_on(published(content))] == [
        "a@threads/main",
        "c@threads/main",
        "post@bluesky/brand",
        "b@threads/main",
    ]
    assert depends_on(published(content, target=TargetName("bluesky/brand"))) == ()


def test_references_to_posts_of_others_are_no_dependencies(tmp_path: Path) -> None:
    content = load(tmp_path, post=post("reply_to: id:1801\nquote: https://www.threads.com/@ana/post/x"))
    assert depends_on(published(content)) == ()
