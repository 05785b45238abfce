"""A file is untrusted: read in bounded time and memory, and nothing of it reaches a terminal raw."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.content.support import GOOD, load_files, published, write
from threadsync.content.escape import is_name, printable, shown
from threadsync.content.reading import FILE_BYTES_MAX, decode, read
from threadsync.model.diagnostic import Diagnostic, Location


def refused(found: str | Diagnostic) -> tuple[str, Location]:
    assert isinstance(found, Diagnostic), found
    return found.rule, found.location


@pytest.mark.parametrize(
    ("data", "rule", "line", "column"),
    [
        (b"a\nb\x00c", "file/control-character", 2, 2),
        (b"a\x1b[31m", "file/control-character", 1, 2),
        (b"\x7f", "file/control-character", 1, 1),
        ("ok\n\u0085x".encode(), "file/control-character", 2, 1),
        ("a\u2028b".encode(), "file/control-character", 1, 2),
        ("a\ufeffb".encode(), "file/control-character", 1, 2),
        (b"a\x0bb", "file/control-character", 1, 2),
        ("Hällo\nwörld".encode("latin-1"), "file/encoding", 1, 2),
        ("Hällo\n".encode() + "wörld".encode("latin-1"), "file/encoding", 2, 2),
        (b"\xed\xa0\x80", "file/encoding", 1, 1),
        (b"\xc0\xaf", "file/encoding", 1, 1),
        ("Hi".encode("utf-16"), "file/encoding", 1, 1),
        (b"\xfe\xff\x00H", "file/encoding", 1, 1),
        (b"", "file/empty", 1, 1),
        (b"\xef\xbb\xbf", "file/empty", 1, 1),
        (b" \r\n\t\n", "file/empty", 1, 1),
        (b"version https://git-lfs.github.com/spec/v1\n", "file/lfs-pointer", 1, 1),
    ],
)
def test_bytes_that_are_no_post_are_refused_at_their_place(
    data: bytes, rule: str, line: int, column: int
) -> None:
    assert refused(decode(data, "p.md")) == (rule, Location("p.md", line, column))


def test_a_wrong_byte_is_named_by_its_position() -> None:
    found = decode("Häll".encode() + b"\xf6", "p.md")
    assert isinstance(found, Diagnostic)
    assert "byte 6 is 0xf6" in found.problem


@pytest.mark.parametrize("data", [b"\xef\xbb\xbfa\nb\n", b"a\r\nb\r\n", b"a\rb\r", b"\xef\xbb\xbfa\r\nb\n"])
def test_marks_and_line_ends_of_other_systems_leave_no_trace(data: bytes) -> None:
    assert decode(data, "p.md") == "a\nb\n"


@pytest.mark.parametrize("text", ["tab\there", "🚲 👩‍👩‍👧", "עברית \u202bx\u202c", "e\u0301 ü", "a\u200bb"])
def test_what_people_write_is_text(text: str) -> None:
    assert decode(text.encode(), "p.md") == text


def test_the_digest_is_the_same_with_windows_line_ends(tmp_path: Path) -> None:
    unix = load_files(tmp_path / "a", {"posts/post.md": GOOD + "\nMore.\n"})
    windows = load_files(
        tmp_path / "b", {"posts/post.md": ("\ufeff" + GOOD + "\nMore.\n").replace("\n", "\r\n").encode()}
    )
    assert published(unix).digest == published(windows).digest
    assert published(unix).segments == published(windows).segments


def test_a_large_file_is_refused_by_its_size_and_never_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "p.md"
    with path.open("wb") as file:
        file.truncate(50_000_000)
    monkeypatch.setattr(os, "read", lambda *_: pytest.fail("it was read"))
    assert refused(read(str(path), "p.md"))[0] == "file/too-large"


def test_the_largest_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "p.md"
    path.write_bytes(b"x" * FILE_BYTES_MAX)
    assert read(str(path), "p.md") == "x" * FILE_BYTES_MAX


def test_a_file_that_grows_while_it_is_read_stays_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "p.md"
    path.write_bytes(b"x")
    monkeypatch.setattr(os, "read", lambda _, size: b"x" * size)
    assert refused(read(str(path), "p.md"))[0] == "file/too-large"


def test_a_file_that_comes_in_pieces_is_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "p.md"
    path.write_bytes(b"abcdef")
    whole = os.read
    monkeypatch.setattr(os, "read", lambda handle, size: whole(handle, min(size, 2)))
    assert read(str(path), "p.md") == "abcdef"


def test_a_pipe_with_a_posts_name_holds_nothing_up(tmp_path: Path) -> None:
    write(tmp_path, {"posts/good.md": GOOD})
    os.mkfifo(tmp_path / "posts" / "pipe.md")
    content = load_files(tmp_path, {})
    assert [(each.rule, each.location.file) for each in content.findings] == [
        ("file/not-a-file", "posts/pipe.md")
    ]


def test_a_file_that_may_not_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", denied)
    found = read(str(tmp_path / "p.md"), "p.md")
    assert isinstance(found, Diagnostic)
    assert found.rule == "file/unreadable"
    assert "Permission denied" in found.problem


def test_a_disk_error_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> bytes:
        raise OSError(5, "Input/output error")

    (tmp_path / "p.md").write_text("x")
    monkeypatch.setattr(os, "read", broken)
    found = read(str(tmp_path / "p.md"), "p.md")
    assert isinstance(found, Diagnostic)
    assert "Input/output error" in found.problem


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_text_without_control_characters_or_a_finding(data: bytes) -> None:
    found = decode(data, "p.md")
    if isinstance(found, str):
        assert all(char in "\t\n" or char == printable(char) or ord(char) > 0x2000 for char in found)


@given(st.text())
def test_what_is_shown_of_a_name_never_acts_on_a_terminal(text: str) -> None:
    assert is_name(printable(text))
    assert is_name(shown(text))
    assert len(shown(text)) <= 80 * 6
    if text.isascii() and text.isprintable():
        assert printable(text) == text


def test_hostile_names_and_keys_are_escaped_in_every_finding(tmp_path: Path) -> None:
    escape, override = "\x1b[31m", "\u202egnp"
    content = load_files(
        tmp_path,
        {
            f"posts/a{escape}.md": GOOD,
            "posts/b.md": f'---\ntargets: [threads/main]\nmedia: ["x{override}.png"]\n---\nx\n',
            "posts/c.md": f'---\ntargets: ["threads/main"]\n"k{override}": 1\n---\nx\n',
            "posts/d.md": f"---\ntargets: [threads/main]\nwho_can_reply: {override}\n---\nx\n",
            f"posts/e{override}/index.md": GOOD,
        },
    )
    assert len(content.findings) >= 5
    for each in content.findings:
        said = f"{each.location}{each.problem}{each.remedy}"
        assert said == printable(said)


def test_names_that_are_not_utf8_are_refused(tmp_path: Path) -> None:
    write(tmp_path, {"posts/good.md": GOOD})
    path = os.fsencode(tmp_path / "posts") + b"/\xff.md"
    with open(path, "wb") as file:
        file.write(GOOD.encode())
    content = load_files(tmp_path, {})
    (found,) = content.findings
    assert found.rule == "file/name"
    assert str(found.location).encode() == b"posts/\\udcff.md:1:1"
