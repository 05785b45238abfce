"""CachedProbe: the same answer as a fresh probe, only sooner."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from threadsync.media import cache
from threadsync.media.cache import GRANULARITY_SECONDS, CachedProbe
from threadsync.media.probe import PROBE_VERSION, probe
from threadsync.model.post import MediaFacts

SECOND = 1_000_000_000
SETTLED = 2**62
"""A wall clock (in nanoseconds) far after every time stamp of the tests' files."""


@dataclass
class Counted:
    """``probe``, counting what it was asked."""

    paths: list[str] = field(default_factory=list)

    def __call__(self, path: Path) -> MediaFacts | str:
        self.paths.append(path.name)
        return probe(path)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    counted = Counted()
    monkeypatch.setattr(cache, "probe", counted)
    return counted.paths


@pytest.fixture
def media(tmp_path: Path) -> Path:
    path = tmp_path / "a.bin"
    path.write_bytes(b"one")
    return path


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    return tmp_path / ".threadsync" / "media.json"


def later(memory: Path) -> None:
    """Let the cache have been written long after its files."""
    os.utime(memory, ns=(SETTLED, SETTLED))


def remembered(memory: Path, *paths: Path) -> None:
    cached = CachedProbe(memory, lambda: SETTLED)
    for path in paths:
        cached(path)
    assert cached.save()
    later(memory)


def test_an_unchanged_file_is_read_once(asked: list[str], media: Path) -> None:
    cached = CachedProbe(None, lambda: SETTLED)
    assert cached(media) == cached(media) == probe(media)
    assert asked == ["a.bin"]


def test_the_next_run_reads_only_what_changed(asked: list[str], media: Path, memory: Path) -> None:
    other = media.with_name("b.bin")
    other.write_bytes(b"other")
    remembered(memory, media, other)
    asked.clear()
    other.write_bytes(b"longer than before")
    cached = CachedProbe(memory, lambda: SETTLED)
    assert (cached(media), cached(other)) == (probe(media), probe(other))
    assert asked == ["b.bin"]


def test_what_is_saved_is_remembered_and_what_nobody_asked_for_since_is_forgotten(
    asked: list[str], media: Path, memory: Path
) -> None:
    """One that lives long holds what the project has, and no more."""
    other = media.with_name("b.bin")
    other.write_bytes(b"other")
    cached = CachedProbe(memory, lambda: SETTLED)
    for paths in ([media, other], [media], [media, other]):
        for path in paths:
            cached(path)
        assert cached.save()
    assert asked == ["a.bin", "b.bin", "b.bin"]
    later(memory)
    asked.clear()
    again = CachedProbe(memory, lambda: SETTLED)
    again(media)
    again(other)
    assert asked == []


@pytest.mark.parametrize("ahead_seconds", [-5, 0, GRANULARITY_SECONDS])
def test_a_file_as_young_as_the_clock_is_coarse_is_read_again(
    asked: list[str], media: Path, ahead_seconds: int
) -> None:
    """A second write of the same size within one tick would leave the same stamp."""
    changed_ns = max(media.stat().st_mtime_ns, media.stat().st_ctime_ns)
    cached = CachedProbe(None, lambda: changed_ns + ahead_seconds * SECOND)
    cached(media)
    cached(media)
    assert asked == ["a.bin", "a.bin"]


def test_an_old_modification_time_does_not_make_a_file_old(asked: list[str], media: Path) -> None:
    """cp -p and rsync write a file now and date it back; the change time tells."""
    os.utime(media, ns=(SECOND, SECOND))
    changed_ns = media.stat().st_ctime_ns
    cached = CachedProbe(None, lambda: changed_ns + SECOND)
    cached(media)
    cached(media)
    assert asked == ["a.bin", "a.bin"]


def test_an_entry_as_young_as_the_cache_file_is_not_trusted(
    asked: list[str], media: Path, memory: Path
) -> None:
    """A wall clock ahead of the file system's could not hide a change."""
    remembered(memory, media)
    changed_ns = max(media.stat().st_mtime_ns, media.stat().st_ctime_ns)
    os.utime(memory, ns=(changed_ns, changed_ns + GRANULARITY_SECONDS * SECOND))
    asked.clear()
    CachedProbe(memory, lambda: SETTLED)(media)
    os.utime(memory, ns=(changed_ns, changed_ns + GRANULARITY_SECONDS * SECOND + 1))
    CachedProbe(memory, lambda: SETTLED)(media)
    assert asked == ["a.bin"]


def test_another_file_under_the_name_with_the_same_size_and_time_is_noticed(
    media: Path, memory: Path
) -> None:
    remembered(memory, media)
    times = (media.stat().st_atime_ns, media.stat().st_mtime_ns)
    new = media.with_name("new")
    new.write_bytes(b"two")
    os.utime(new, ns=times)
    new.replace(media)
    assert CachedProbe(memory, lambda: SETTLED)(media) == probe(media)


def test_a_file_that_went_away_is_a_problem_and_not_a_memory(media: Path) -> None:
    cached = CachedProbe(None, lambda: SETTLED)
    cached(media)
    media.unlink()
    assert cached(media) == "there is no such file"


def test_a_problem_is_never_remembered(asked: list[str], tmp_path: Path) -> None:
    empty = tmp_path / "empty.png"
    empty.touch()
    cached = CachedProbe(None, lambda: SETTLED)
    assert cached(empty) == cached(empty) == "the file is empty"
    assert asked == ["empty.png", "empty.png"]


def test_files_no_longer_asked_for_leave_the_cache(media: Path, memory: Path, tmp_path: Path) -> None:
    other = tmp_path / "b.bin"
    other.write_bytes(b"other")
    remembered(memory, media, other)
    remembered(memory, media)
    assert list(json.loads(memory.read_text())["files"]) == [str(media)]


def test_a_cache_that_did_not_change_is_not_written(media: Path, memory: Path) -> None:
    remembered(memory, media)
    before = memory.stat()
    cached = CachedProbe(memory, lambda: SETTLED)
    cached(media)
    assert cached.save()
    assert (memory.stat().st_ino, memory.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def damages() -> Iterator[bytes]:
    yield from (b"", b"{", b"[]", b"null", b'{"files": {}}', b"\xff\xfe", b"[" * 100_000)


@pytest.mark.parametrize("damage", list(damages()), ids=lambda damage: repr(damage[:12]))
def test_a_damaged_cache_is_ignored_and_rebuilt(
    asked: list[str], media: Path, memory: Path, damage: bytes
) -> None:
    memory.parent.mkdir()
    memory.write_bytes(damage)
    remembered(memory, media)
    assert CachedProbe(memory, lambda: SETTLED)(media) == probe(media)
    assert asked == ["a.bin"]


def test_a_changed_digest_in_the_cache_is_damage_too(media: Path, memory: Path) -> None:
    remembered(memory, media)
    found = probe(media)
    assert isinstance(found, MediaFacts)
    flipped = ("0" if found.digest[0] != "0" else "1") + found.digest[1:]
    memory.write_text(memory.read_text().replace(found.digest, flipped))
    later(memory)
    assert CachedProbe(memory, lambda: SETTLED)(media) == found


@pytest.mark.parametrize("row", [None, [], [[1, 2, 3, "4"], []], "text"])
def test_a_row_of_another_shape_is_left_out(media: Path, memory: Path, row: object) -> None:
    files = {str(media): row}
    whole = {"probe_version": PROBE_VERSION, "checksum": cache._checksum(files), "files": files}
    memory.parent.mkdir()
    memory.write_text(json.dumps(whole))
    later(memory)
    assert CachedProbe(memory, lambda: SETTLED)(media) == probe(media)


def test_a_cache_of_another_version_is_not_believed(
    asked: list[str], media: Path, memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remembered(memory, media)
    monkeypatch.setattr(cache, "PROBE_VERSION", PROBE_VERSION + 1)
    CachedProbe(memory, lambda: SETTLED)(media)
    assert asked == ["a.bin", "a.bin"]


def test_a_folder_that_cannot_be_written_stops_nothing(media: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for unusable in (tmp_path / "file" / "media.json", tmp_path / "no" / "such" / "media.json"):
        cached = CachedProbe(unusable, lambda: SETTLED)
        assert cached(media) == probe(media)
        assert cached.save() is False


def test_a_full_disk_leaves_the_old_cache_and_no_litter(
    media: Path, memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remembered(memory, media)
    before = memory.read_bytes()
    media.write_bytes(b"longer than before")
    cached = CachedProbe(memory, lambda: SETTLED)
    cached(media)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    assert cached.save() is False
    assert [path.name for path in memory.parent.iterdir()] == ["media.json"]
    assert memory.read_bytes() == before


CONTENTS = (b"one", b"two", b"three", b"\x89PNG\r\n\x1a\n but no more", b"")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["write", "replace", "touch", "remove", "ask", "next run"]),
        st.sampled_from(["a", "b"]),
        st.sampled_from(CONTENTS),
    ),
    max_size=30,
)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_the_cached_answer_is_the_fresh_one(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str, bytes]]
) -> None:
    """Whatever is written, replaced, touched or removed, within a run or between runs."""
    home = tmp_path_factory.mktemp("law")
    memory = home / "media.json"
    cached = CachedProbe(memory, lambda: SETTLED)
    for moment, (step, name, content) in enumerate(steps, start=1):
        path = home / name
        match step:
            case "write":
                path.write_bytes(content)
            case "replace":
                (home / "new").write_bytes(content)
                (home / "new").replace(path)
            case "touch":
                path.touch()
            case "remove":
                path.unlink(missing_ok=True)
            case "next run":
                if cached.save():
                    later(memory)
                cached = CachedProbe(memory, lambda: SETTLED)
        if step in {"write", "replace", "touch"}:
            # Each step has a tick of its own: what happens within one tick is the rule tested above.
            os.utime(path, ns=(moment * SECOND, moment * SECOND))
        assert cached(path) == probe(path)
