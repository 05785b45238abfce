"""What a schema refuses is said about the writer's keys and lines, with a way out."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.content.support import load_post
from threadsync.content import explain, yaml12
from threadsync.content.explain import FINDINGS_MAX, suggestion

HEAD = "---\ntargets: [threads/main]\n"


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("taggs: [a]", ("schema/unknown-key", "3:1", '"taggs" is not a key', "Did you mean tags?")),
        ("topic: x", ("schema/unknown-key", "3:1", '"topic"', "write threads: {topic: …}")),
        ("priority: urgent", ("schema/unknown-key", "3:1", '"priority"', "mattermost: {priority: …}")),
        ("xyzzy: 1", ("schema/unknown-key", "3:1", '"xyzzy"', "Known keys: key, targets")),
        ("threads: {tpoic: x}", ("schema/unknown-key", "3:11", "of threads", "topic")),
        (
            "poll: {options: [a, b], end: 1}",
            ("schema/unknown-key", "3:25", "of poll", "Known keys of poll: options"),
        ),
        ("segments: [{txt: x}]", ("schema/unknown-key", "3:13", "of segments[1]", "text")),
        ("notes: 12", ("schema/type", "3:8", "notes must be text, and is 12", 'notes: "12"')),
        ("notes: true", ("schema/type", "3:8", "is true", 'notes: "true"')),
        ("notes: [a]", ("schema/type", "3:8", "is a list", "kind")),
        ("notes: {Note: later}", ("schema/type", "3:8", "is a mapping", '"Note: later"')),
        ("poll: {options: [1, b]}", ("schema/type", "3:18", "poll.options[1] must be text", '- "1"')),
        (
            "poll:\n  options:\n  - Yes: of course\n  - No",
            ("schema/type", "5:5", "options[1]", '"Yes: of course"'),
        ),
        ("tags: a", ("schema/type", "3:7", "tags must be a list", "tags: [a]")),
        ("draft: yes", ("schema/type", "3:8", 'is "yes"', "draft: true")),
        ("draft: off", ("schema/type", "3:8", 'is "off"', "draft: false")),
        ("publish: 5", ("schema/type", "3:10", "publish must be text or a mapping", 'publish: "5"')),
        ("replace: {of: 1801, why: x}", ("schema/type", "3:15", "replace.of must be text", 'of: "1801"')),
        ("on_change: replce", ("schema/value", "3:12", "only block, keep, replace are known", "replace")),
        ("on_change: xyzzy", ("schema/value", "3:12", "xyzzy", "Write block or keep or replace.")),
        ("replace: {of: '1'}", ("schema/missing-key", "3:1", "replace has no why", "Add why:.")),
        ("publish: 3.12.2026", ("schema/form", "3:10", '"3.12.2026"', "For example: 2026-12-03 08:30")),
        ("link: example.org", ("schema/form", "3:7", "example.org", "https://")),
        ("tags: ['#a']", ("schema/form", "3:8", "tags[1]", "one word, without #. For example: transit")),
        ("tags: [a, a]", ("schema/twice", "3:7", "same entry twice", "Take one")),
        ("poll: {options: [a]}", ("schema/size", "3:17", "1 of at least 2", "Shorten")),
        ("threads: {topic: ''}", ("schema/size", "3:18", "topic is empty", "Write something")),
        (f"threads: {{topic: {'x' * 51}}}", ("schema/size", "3:18", "51 characters, and 50", "Shorten")),
        ("overrides: {thr eads: {text: x}}", ("schema/name", "3:13", '"thr eads"', "Names look")),
        ("overrides: {threads: {key: x}}", ("schema/unknown-key", "3:23", "overrides.threads", "Known keys")),
        ("publish: {at: 2026-12-03 08:30, window: soon}", ("schema/form", "3:41", "publish.window", "90m")),
    ],
)
def test_a_refused_key_is_explained(keys: str, expected: tuple[str, str, str, str], tmp_path: Path) -> None:
    rule, place, problem, remedy = expected
    (found,) = load_post(tmp_path, f"{HEAD}{keys}\n---\nHi.\n").findings
    assert found.rule == rule
    assert str(found.location) == f"posts/post.md:{place}"
    assert problem in found.problem
    assert remedy in found.remedy


def test_all_faults_are_told_and_each_where_it_stands(tmp_path: Path) -> None:
    content = load_post(tmp_path, f"{HEAD}tagz: [a]\nnotes: 1\nthreads: {{topic: 5, x: 1}}\n---\nHi.\n")
    assert [(each.location.line, each.rule) for each in content.findings] == [
        (3, "schema/unknown-key"),
        (4, "schema/type"),
        (5, "schema/type"),
        (5, "schema/unknown-key"),
    ]


def test_options_of_a_segment_are_explained_in_the_body(tmp_path: Path) -> None:
    body = "One.\n\n```yaml segment\nmedia: map.png\npol: 1\n```\n"
    content = load_post(tmp_path, f"{HEAD}---\n{body}")
    assert [(str(each.location), each.rule) for each in content.findings] == [
        ("posts/post.md:7:8", "schema/type"),
        ("posts/post.md:8:1", "schema/unknown-key"),
    ]


def test_a_document_of_faults_yields_a_bounded_number_of_findings() -> None:
    value = {f"k{n}": n for n in range(1_000)} | {"tags": list(range(5_000))}
    found = explain.check(value, "post", yaml12.Document(value), "p.md")
    assert FINDINGS_MAX <= len(found) <= FINDINGS_MAX + 1_000


def test_a_suggestion_is_made_only_where_something_is_near() -> None:
    assert suggestion("publsh", ["publish", "poll"]) == "Did you mean publish?"
    assert suggestion("zzz", ["publish", "poll"]) == ""
    assert suggestion("x" * 10_000, ["publish"]) == ""
