"""A post, its overrides and the project's defaults become one publication per target (laws 10 and 11)."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.content.support import (
    BLUESKY,
    SAMPLE_PROJECT,
    THREADS,
    load_files,
    load_post,
    published,
)
from threadsync.content.merge import merged
from threadsync.model.diagnostic import Location
from threadsync.model.digest import digest_of, digest_of_segments
from threadsync.model.ids import Json, PostKey, RemoteId
from threadsync.model.post import (
    Control,
    OnChange,
    OnRemove,
    PostRef,
    Publication,
    RemoteRef,
    ReplaceConsent,
)

BOTH = "---\ntargets: [threads/main, bluesky/brand]\n"


def one(root: Path, keys: str = "", body: str = "Hello.", project: str = SAMPLE_PROJECT) -> Publication:
    text = f"---\ntargets: [threads/main]\n{keys}\n---\n{body}\n"
    files = {
        "threadsync.yaml": project,
        "posts/map.png": "map",
        "posts/door.png": "door",
        "posts/a.md": "---\ntargets: [threads/main]\n---\nA.\n",
    }
    return published(load_post(root, text, **files))


def both(root: Path, keys: str, body: str = "Hello.") -> tuple[Publication, Publication]:
    content = load_files(
        root, {"posts/post.md": f"{BOTH}{keys}\n---\n{body}\n", "posts/map.png": "m", "posts/d.png": "d"}
    )
    return published(content), published(content, target=BLUESKY)


def words(publication: Publication) -> list[str]:
    return [segment.source for segment in publication.segments]


@pytest.mark.parametrize(
    ("keys", "body", "place"),
    [
        ("threads: {long_text: \"See {{ links['a@threads/main'] }}\"}", "Hello.", "3:10"),
        ("poll: {options: [\"{{ links['a@threads/main'] }}\", b]}", "Hello.", "5:1"),
        ("media: [{src: map.png, alt: \"{{ links['a@threads/main'] }}\"}]", "Hello.", "3:9"),
        ("", "![{{ links['a@threads/main'] }}](map.png)", "5:1"),
        ("", "Hi.\n\n---\n\n```yaml segment\nthreads: {gif: \"{{links['a']}}\"}\n```\nTwo", "12:1"),
        ('threads: {long_text: "{{ name }}"}', "Hello.", ""),
    ],
)
def test_a_link_that_nothing_reads_is_a_finding_and_never_goes_out_as_typed(
    keys: str, body: str, place: str, tmp_path: Path
) -> None:
    files = {"posts/map.png": "map", "posts/a.md": "---\ntargets: [threads/main]\n---\nA.\n"}
    content = load_post(tmp_path, f"---\ntargets: [threads/main]\n{keys}\n---\n{body}\n", **files)
    expected = [("text/template", f"posts/post.md:{place}")] if place else []
    assert [(each.rule, str(each.location)) for each in content.findings] == expected


def test_every_key_of_the_format_arrives(tmp_path: Path) -> None:
    keys = """
text: null
media: [map.png, {src: /posts/door.png, alt: A door}]
link: https://example.org
poll: {options: [Yes, No]}
quote: a
reply_to: a@threads/main
repost: https://www.threads.com/@ana/post/1
who_can_reply: followers
tags: [x, y]
langs: [en]
number: "{i}/{n}"
threads: {topic: t, spoiler: {media: true}}
bluesky: {quotes: nobody}
publish: 2026-12-03 08:30
withdraw: true
protect: true
on_change: keep
on_remove: delete
replace: {of: "17", why: typo}
republish: true
moved_from: old
backfill: true
fit: true
notes: not for readers
"""
    found = one(tmp_path, keys)
    (segment,) = found.segments
    assert [(item.path, item.alt) for item in segment.media] == [
        ("posts/map.png", ""),
        ("posts/door.png", "A door"),
    ]
    assert segment.link == "https://example.org"
    assert segment.poll == {"options": ["Yes", "No"]}
    assert segment.quote == PostRef(PostKey("a"))
    assert found.reply_to == PostRef(PostKey("a"), THREADS)
    assert found.repost == RemoteRef(permalink="https://www.threads.com/@ana/post/1")
    assert (found.who_can_reply, found.tags, found.langs) == ("followers", ("x", "y"), ("en",))
    assert found.number == "{i}/{n}"
    assert found.options == {"topic": "t", "spoiler": {"media": True}}
    assert found.control.publish is not None
    assert found.control == Control(
        publish=found.control.publish,
        withdraw=True,
        protect=True,
        on_change=OnChange.KEEP,
        on_remove=OnRemove.DELETE,
        replace=ReplaceConsent(RemoteId("17"), "typo"),
        republish=True,
        moved_from=PostKey("old"),
        backfill=True,
        fit=True,
    )
    assert found.digest == digest_of_segments([segment.digest])


def test_nothing_declared_is_nothing_set(tmp_path: Path) -> None:
    found = one(tmp_path)
    assert found.control == Control()
    assert (found.reply_to, found.repost, found.who_can_reply, found.number) == (None, None, None, None)
    assert (found.tags, found.langs, found.options) == ((), (), {})
    assert found.segments[0].digest == digest_of({"text": "Hello."})


def test_policies_answer_for_posts_that_say_nothing(tmp_path: Path) -> None:
    project = SAMPLE_PROJECT + "policies: {on_remove: delete, on_change: keep, if_late: skip}\n"
    found = one(tmp_path / "a", "publish: 2026-12-03 08:30", project=project).control
    assert (found.on_remove, found.on_change) == (OnRemove.DELETE, OnChange.KEEP)
    assert found.publish is not None
    assert found.publish.if_late == "skip"
    own = one(tmp_path / "b", "on_remove: forget\non_change: block", project=project).control
    assert (own.on_remove, own.on_change) == (OnRemove.FORGET, OnChange.BLOCK)


def test_the_closest_layer_wins(tmp_path: Path) -> None:
    project = SAMPLE_PROJECT + "  threads/other: {}\ndefaults: {langs: [de], tags: [a], number: '{i}'}\n"
    text = """---
targets: [threads/main, threads/other, bluesky/brand]
tags: [b]
who_can_reply: followers
overrides:
  threads: {tags: [c], who_can_reply: nobody}
  threads/other: {tags: [d], number: null}
---
Hello.
"""
    content = load_files(tmp_path, {"threadsync.yaml": project, "posts/post.md": text})
    assert content.findings == ()
    found = {
        str(address.target): (each.tags, each.langs, each.who_can_reply, each.number)
        for address, each in content.publications.items()
    }
    assert found == {
        "bluesky/brand": (("b",), ("de",), "followers", "{i}"),
        "threads/main": (("c",), ("de",), "nobody", "{i}"),
        "threads/other": (("d",), ("de",), "nobody", None),
    }


def test_defaults_may_name_the_targets(tmp_path: Path) -> None:
    project = SAMPLE_PROJECT + "defaults: {targets: [bluesky/brand]}\n"
    content = load_files(tmp_path, {"threadsync.yaml": project, "posts/post.md": "Hello.\n"})
    assert words(published(content, target=BLUESKY)) == ["Hello."]
    assert THREADS not in {address.target for address in content.publications}


def test_mappings_merge_scalars_replace_and_null_removes() -> None:
    below: dict[str, Json] = {"a": 1, "b": {"x": 1, "y": [1]}, "publish": "2026-12-03 08:30"}
    above: dict[str, Json] = {"a": None, "b": {"y": [2], "x": None}, "publish": {"window": "2h"}}
    assert merged(below, above) == {"b": {"y": [2]}, "publish": {"at": "2026-12-03 08:30", "window": "2h"}}
    assert merged({"b": 1}, {"b": {"x": None, "y": 1}}) == {"b": {"y": 1}}
    assert merged({"publish": {"at": "x", "zone": "y"}}, {"publish": "z"}) == {"publish": "z"}


JSON: st.SearchStrategy[dict[str, Json]] = st.recursive(
    st.none() | st.integers() | st.lists(st.integers(), max_size=2),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
).map(lambda value: value if isinstance(value, dict) else {"a": value})


@given(JSON, JSON)
def test_a_layer_laid_over_twice_is_the_same_as_once(below: dict[str, Json], above: dict[str, Json]) -> None:
    once = merged(merged({}, below), above)
    assert merged(once, above) == once
    assert None not in once.values()


def test_text_of_an_override_replaces_the_body_with_its_pictures(tmp_path: Path) -> None:
    body = "One.\n\n![m](map.png)\n\n---\n\nTwo."
    threads, bluesky = both(tmp_path, 'media: [d.png]\noverrides: {bluesky: {text: "Short."}}', body)
    assert words(threads) == ["One.", "Two."]
    assert [item.path for item in threads.segments[0].media] == ["posts/d.png", "posts/map.png"]
    assert words(bluesky) == ["Short."]
    assert [item.path for item in bluesky.segments[0].media] == ["posts/d.png"]


def test_segments_of_an_override_replace_the_body_and_null_empties_it(tmp_path: Path) -> None:
    keys = "overrides:\n  bluesky:\n    segments:\n      - A\n      - {text: B, media: [map.png], link: https://b.org}\n"
    _, bluesky = both(tmp_path / "a", keys)
    assert words(bluesky) == ["A", "B"]
    assert bluesky.segments[1].link == "https://b.org"
    assert bluesky.segments[1].media[0].path == "posts/map.png"
    _, empty = both(tmp_path / "b", "link: https://a.org\noverrides: {bluesky: {text: null}}")
    assert words(empty) == [""]


def test_a_text_of_front_matter_is_parted_like_a_body(tmp_path: Path) -> None:
    text = "targets: [threads/main]\ntext: |\n  One.\n\n  ![m](map.png)\n\n  ---\n\n  Two.\n"
    content = load_files(tmp_path, {"posts/post.yaml": text, "posts/map.png": "m"})
    found = published(content)
    assert words(found) == ["One.", "Two."]
    assert [len(segment.media) for segment in found.segments] == [1, 0]


def test_pictures_of_a_text_come_after_those_of_media(tmp_path: Path) -> None:
    found = one(tmp_path, "media: [{src: door.png, alt: D}]", "Hi.\n\n![M](map.png)\n![again](map.png)")
    assert [(item.path, item.alt) for item in found.segments[0].media] == [
        ("posts/door.png", "D"),
        ("posts/map.png", "M"),
        ("posts/map.png", "again"),
    ]
    assert found.segments[0].media[1].location == Location("posts/post.md", 7)


def test_a_segment_s_own_options_are_its_own(tmp_path: Path) -> None:
    body = (
        "One.\n\n---\n\nTwo.\n\n```yaml segment\nmedia: [{src: map.png, alt: M}]\nlink: https://a.org\n"
        "threads: {topic: t}\nquote: a\n```\n"
    )
    first, second = one(tmp_path, "link: https://first.org\nthreads: {ghost: true}", body).segments
    assert (first.link, dict(first.options)) == ("https://first.org", {})
    assert (second.link, second.options, second.quote) == (
        "https://a.org",
        {"topic": "t"},
        PostRef(PostKey("a")),
    )
    assert second.media[0].location == Location("posts/post.md", 13, 9)


def test_keys_point_at_the_closest_place_they_are_declared_in(tmp_path: Path) -> None:
    project = SAMPLE_PROJECT + "defaults:\n  langs: [de]\n"
    content = load_files(
        tmp_path,
        {
            "threadsync.yaml": project,
            "posts/post.md": f"{BOTH}tags: [a]\noverrides:\n  bluesky:\n    tags: [b]\n---\nHi.\n",
        },
    )
    threads, bluesky = published(content), published(content, target=BLUESKY)
    assert threads.key_locations["tags"] == Location("posts/post.md", 3, 1)
    assert bluesky.key_locations["tags"] == Location("posts/post.md", 6, 5)
    assert bluesky.key_locations["langs"] == Location("threadsync.yaml", 8, 3)
    assert "link" not in threads.key_locations


# --- the digest (law 11) --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "keys",
    [
        "notes: x",
        "publish: 2026-12-03 08:30",
        "protect: true",
        "withdraw: true",
        "on_change: keep",
        "on_remove: delete",
        "replace: {of: '1', why: w}",
        "republish: true",
        "moved_from: old",
        "backfill: true",
        "fit: true",
        "key: post",
        "bluesky: {quotes: nobody}",
        "link: null",
    ],
)
def test_control_keys_and_other_networks_options_leave_the_digest_alone(keys: str, tmp_path: Path) -> None:
    assert one(tmp_path / "a", keys).digest == one(tmp_path / "b").digest


@pytest.mark.parametrize(
    "keys",
    [
        "link: https://a.org",
        "poll: {options: [a, b]}",
        "quote: a",
        "reply_to: a",
        "repost: a",
        "who_can_reply: nobody",
        "tags: [a]",
        "langs: [en]",
        "threads: {topic: x}",
        "media: [map.png]",
    ],
)
def test_every_other_key_changes_the_digest_of_the_first_segment_alone(keys: str, tmp_path: Path) -> None:
    body = "One.\n\n---\n\nTwo."
    plain, changed = one(tmp_path / "a", body=body), one(tmp_path / "b", keys, body)
    assert plain.digest != changed.digest
    assert plain.segments[0].digest != changed.segments[0].digest
    assert plain.segments[1].digest == changed.segments[1].digest


CHAIN = ("One.", "Two.", "Three.")


def numbered(tmp_path: Path, number: str, segments: int) -> list[str]:
    body = "\n\n---\n\n".join(CHAIN[:segments])
    return [each.digest for each in one(tmp_path, f"number: '{number}'", body).segments]


def test_a_number_of_how_many_makes_an_appended_segment_change_them_all(tmp_path: Path) -> None:
    """What is live says 1/2, and would have to say 1/3: an appended segment is no extension then."""
    two, three = numbered(tmp_path / "a", "{i}/{n}", 2), numbered(tmp_path / "b", "{i}/{n}", 3)
    assert set(two).isdisjoint(three)


def test_a_number_of_its_place_leaves_the_segments_before_an_appended_one_as_they_are(tmp_path: Path) -> None:
    two, three = numbered(tmp_path / "a", "{i}.", 2), numbered(tmp_path / "b", "{i}.", 3)
    assert three[:2] == two


def test_a_post_that_becomes_a_chain_gets_its_number_and_so_another_digest(tmp_path: Path) -> None:
    assert numbered(tmp_path / "a", "{i}.", 1)[0] != numbered(tmp_path / "b", "{i}.", 2)[0]
    plain = one(tmp_path / "c", body="One.").segments[0].digest
    assert plain != numbered(tmp_path / "d", "{i}.", 1)[0], "the declaration is another one"


def test_how_a_declaration_is_written_does_not_count(tmp_path: Path) -> None:
    one_way = "tags: [a, b]\nthreads: {topic: x, ghost: true}\nmedia: [{src: map.png, alt: M}]"
    other = (
        "media:\n  - alt: 'M'\n    src: ./door.png\nthreads:\n  ghost: true\n  topic: 'x'\ntags: ['a', 'b']"
    )
    files = {"posts/map.png": "same", "posts/door.png": "same"}
    head = "---\ntargets: [threads/main]\n"
    first = load_files(tmp_path / "a", {"posts/post.md": f"{head}{one_way}\n---\nHi.  \nYou.\n", **files})
    second = load_files(tmp_path / "b", {"posts/post.md": f"{head}{other}\n---\n\nHi.\nYou.\t\n\n", **files})
    assert published(first).digest == published(second).digest


def test_alt_text_and_the_bytes_of_media_count(tmp_path: Path) -> None:
    def digest(folder: str, alt: str, data: str) -> str:
        text = f"---\ntargets: [threads/main]\n---\n![{alt}](map.png)\n"
        return published(load_files(tmp_path / folder, {"posts/post.md": text, "posts/map.png": data})).digest

    assert len({digest("a", "x", "1"), digest("b", "y", "1"), digest("c", "x", "2")}) == 3


def test_captions_are_found_by_their_languages_and_their_bytes_count(tmp_path: Path) -> None:
    def film(folder: str, captions: str, words: str = "WEBVTT 1", name: str = "en.vtt") -> Publication:
        text = f"---\ntargets: [threads/main]\nmedia: [{{src: map.png{captions}}}]\n---\n"
        files = {
            "posts/post.md": text,
            "posts/map.png": "film",
            f"posts/{name}": words,
            "posts/de.vtt": "WEBVTT 2",
        }
        return published(load_files(tmp_path / folder, files))

    without, both = film("a", ""), film("b", ", captions: {en: en.vtt, de: de.vtt}")
    (item,) = both.segments[0].media
    assert [(each.lang, each.path) for each in item.captions] == [
        ("de", "posts/de.vtt"),
        ("en", "posts/en.vtt"),
    ]
    assert list(item.files.values()) == ["posts/map.png", "posts/de.vtt", "posts/en.vtt"]
    others = [
        film("e", ", captions: {en: en.vtt}"),
        film("f", ", captions: {de: en.vtt}"),
        film("g", ", captions: {en: en.vtt}", "WEBVTT 3"),
    ]
    assert len({each.digest for each in (without, both, *others)}) == 5
    assert film("h", ", captions: {en: other.vtt}", name="other.vtt").digest == others[0].digest


def test_captions_that_are_not_there_are_a_finding(tmp_path: Path) -> None:
    text = "---\ntargets: [threads/main]\nmedia:\n  - {src: map.png, captions: {en: none.vtt}}\n---\n"
    (found,) = load_files(tmp_path, {"posts/post.md": text, "posts/map.png": "film"}).findings
    assert (found.rule, str(found.location)) == ("media/missing", "posts/post.md:4:5")
    assert "posts/none.vtt" in found.problem


def test_targets_with_one_declaration_have_one_digest(tmp_path: Path) -> None:
    threads, bluesky = both(tmp_path / "a", "link: https://a.org")
    assert threads.digest == bluesky.digest
    threads, bluesky = both(tmp_path / "b", "overrides: {bluesky: {text: Short.}}")
    assert threads.digest != bluesky.digest


def test_an_appended_segment_leaves_the_digests_before_it_alone(tmp_path: Path) -> None:
    short = one(tmp_path / "a", body="One.\n\n---\n\nTwo.")
    longer = one(tmp_path / "b", body="One.\n\n---\n\nTwo.\n\n---\n\nThree.")
    assert [s.digest for s in longer.segments][:2] == [s.digest for s in short.segments]


@pytest.mark.parametrize(
    ("keys", "body", "rule"),
    [
        ("threads: {topic: t}", "", "post/empty"),
        ("tags: [a]", "", "post/empty"),
        ("threads: {topic: t}", "One.\n\n---\n\n---\n\nTwo.", "text/empty-segment"),
        ("repost: a", "One.\n\n---\n\n---\n\nTwo.", "text/empty-segment"),
        ("", "One.\n\n---\n\n```yaml segment\nthreads: {topic: t}\n```", "text/empty-segment"),
        ("overrides: {threads: {text: ''}}", "One.", "post/empty"),
        ("link: https://a.org", "", ""),
        ("poll: {options: [a, b]}", "", ""),
        ("quote: a", "", ""),
        ("repost: a", "", ""),
        ("threads: {long_text: All of it.}", "", ""),
        ("", "One.\n\n---\n\n```yaml segment\nthreads: {long_text: All of it.}\n```", ""),
    ],
)
def test_what_only_decorates_does_not_make_a_post(keys: str, body: str, rule: str, tmp_path: Path) -> None:
    files = {
        "posts/post.md": f"---\ntargets: [threads/main]\n{keys}\n---\n{body}\n",
        "posts/a.md": "---\ntargets: [threads/main]\n---\nA.\n",
    }
    assert [each.rule for each in load_files(tmp_path, files).findings] == ([rule] if rule else [])


def test_null_in_a_segment_s_own_options_is_the_same_as_nothing(tmp_path: Path) -> None:
    body = "One.\n\n```yaml segment\nlink: null\nthreads: {topic: null, ghost: true}\n```"
    (segment,) = one(tmp_path, "link: https://a.org", body).segments
    assert dict(segment.options) == {"ghost": True}
    assert segment.link == "https://a.org"
