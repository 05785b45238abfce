"""Video facts: what PyAV and the boxes tell of real films, and what is said where they cannot."""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path

import pytest

from tests.media.films import REMUX, film, music_with_a_cover, sound_alone
from threadsync.media.cache import CachedProbe
from threadsync.media.probe import probe
from threadsync.model.post import AudioFacts, MediaFacts, VideoFacts

SETTLED = 2**62


def facts(path: Path) -> MediaFacts:
    found = probe(path)
    assert isinstance(found, MediaFacts), found
    return found


def inside(path: Path) -> VideoFacts:
    video = facts(path).video
    assert video is not None
    return video


def test_what_is_in_a_film(tmp_path: Path) -> None:
    found = facts(film(tmp_path / "a.mp4", pictures=30))
    assert (found.kind, found.format, found.width, found.height) == ("video", "MP4", 72, 128)
    video = found.video
    assert video is not None
    assert video.duration_seconds == pytest.approx(1.0, abs=0.1)
    assert (video.codec, video.frames_per_second, video.chroma) == ("h264", 30.0, "4:2:0")
    assert (video.interlaced, video.full_range) == (False, False)
    assert 0 < video.bits_per_second < 1_000_000
    assert isinstance(video.audio, AudioFacts)
    assert (video.audio.codec, video.audio.sample_rate_hz, video.audio.channels) == ("aac", 44_100, 2)


def test_a_film_may_be_silent(tmp_path: Path) -> None:
    assert inside(film(tmp_path / "a.mp4", sound="")).audio is None


def test_the_flags_that_a_remedy_names_put_the_index_first_and_leave_no_edit_list(tmp_path: Path) -> None:
    video = inside(film(tmp_path / "a.mp4", options=REMUX))
    assert (video.moov_first, video.has_edit_list) == (True, False)
    video = inside(film(tmp_path / "b.mp4", options={}))
    assert (video.moov_first, video.has_edit_list) == (False, True)


@pytest.mark.parametrize("degrees", [90, 270])
def test_width_and_height_are_those_a_viewer_shows(tmp_path: Path, degrees: int) -> None:
    found = facts(film(tmp_path / "a.mov", turned=degrees))
    assert (found.format, found.width, found.height) == ("MOV", 128, 72)
    found = facts(film(tmp_path / "b.mov", turned=180))
    assert (found.width, found.height) == (72, 128)


@pytest.mark.parametrize(("pixels", "chroma"), [("yuv422p", "4:2:2"), ("yuv444p", "4:4:4")])
def test_how_colour_is_sampled(tmp_path: Path, pixels: str, chroma: str) -> None:
    assert inside(film(tmp_path / "a.mp4", pixels=pixels)).chroma == chroma


def test_full_range_and_interlacing_are_seen(tmp_path: Path) -> None:
    assert inside(film(tmp_path / "a.mp4", pixels="yuvj420p")).full_range
    woven = film(tmp_path / "b.mp4", encoding={"flags": "+ildct+ilme", "x264-params": "tff=1"})
    assert inside(woven).interlaced


def test_frame_rates_that_are_no_whole_number(tmp_path: Path) -> None:
    rate = inside(film(tmp_path / "a.mp4", rate=Fraction(24_000, 1001))).frames_per_second
    assert rate == pytest.approx(23.976, abs=0.01)


def test_other_containers_are_read_too(tmp_path: Path) -> None:
    """So that a network which takes them can say what it takes; those have no boxes to look at."""
    for name, form in (("a.mkv", "MKV"), ("a.avi", "AVI")):
        found = facts(film(tmp_path / name, codec="mpeg4", sound="", options={}))
        assert (found.format, found.video and found.video.codec) == (form, "mpeg4")
        assert found.video is not None
        assert (found.video.moov_first, found.video.has_edit_list) == (True, False)


def test_sound_without_pictures_is_no_video(tmp_path: Path) -> None:
    assert probe(sound_alone(tmp_path / "a.mp4")) == "the file has sound and no pictures"


def test_music_with_a_cover_is_no_video_although_the_cover_is_a_track_of_pictures(tmp_path: Path) -> None:
    assert probe(music_with_a_cover(tmp_path / "a.mp4")) == "the file has sound and no pictures"


@pytest.mark.parametrize(
    ("codec", "pixels", "name"),
    [
        ("libx265", "yuv420p", "hevc"),
        ("libx265", "yuv420p10le", "hevc"),
        ("libsvtav1", "yuv420p", "av1"),
        ("libvpx-vp9", "yuv420p", "vp9"),
    ],
)
def test_a_codec_has_its_own_name_not_that_of_what_decodes_it(
    tmp_path: Path, codec: str, pixels: str, name: str
) -> None:
    video = inside(film(tmp_path / "a.mp4", codec=codec, pixels=pixels, size=(144, 256)))
    assert (video.codec, video.chroma) == (name, "4:2:0")


@pytest.mark.parametrize(("track", "says"), [(b"avc1", "its pictures are"), (b"mp4a", "its sound is")])
def test_a_track_that_nothing_decodes_is_a_problem_in_words(tmp_path: Path, track: bytes, says: str) -> None:
    content = film(tmp_path / "a.mp4").read_bytes().replace(track, b"zzzz").replace(b"esds", b"zzzz")
    path = tmp_path / "b.mp4"
    path.write_bytes(content)
    assert probe(path) == f"{says} encoded in a way that cannot be read here; encode it anew"


def test_a_film_in_fragments_has_its_whole_length(tmp_path: Path) -> None:
    """Its index names no length; FFmpeg adds the fragments up."""
    fragments = {"movflags": "frag_keyframe+empty_moov"}
    video = inside(film(tmp_path / "a.mp4", pictures=60, sound="", options=fragments))
    assert video.duration_seconds == pytest.approx(2.0, abs=0.1)
    assert video.frames_per_second == 30.0


def test_of_a_varying_frame_rate_the_average_counts(tmp_path: Path) -> None:
    """20 ms and 60 ms by turns."""
    at = [number // 2 * 80 + number % 2 * 20 for number in range(30)]
    rate = inside(film(tmp_path / "a.mp4", pictures=30, sound="", at_ms=at)).frames_per_second
    assert rate == pytest.approx(25, abs=1)


def test_a_film_cut_off_anywhere_is_never_taken_for_whole(tmp_path: Path) -> None:
    for options in (REMUX, {}):
        content = film(tmp_path / "a.mp4", options=options).read_bytes()
        cut = tmp_path / "cut"
        for length in range(12, len(content), 101):
            cut.write_bytes(content[:length])
            found = probe(cut)
            assert isinstance(found, str), length
            assert "\n" not in found


def test_a_film_of_noise_is_a_problem_and_says_nothing_on_the_terminal(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    content = bytearray(film(tmp_path / "a.mp4").read_bytes())
    at = content.index(b"mdat") + 4
    content[at:] = bytes(len(content) - at)
    path = tmp_path / "b.mp4"
    path.write_bytes(content)
    assert isinstance(probe(path), str)
    out, err = capfd.readouterr()
    assert (out, err) == ("", "")


def test_a_list_of_other_files_is_not_followed(tmp_path: Path) -> None:
    """FFmpeg reads play lists that name files and addresses; the format is never left to its guess."""
    film(tmp_path / "a.mp4")
    listed = tmp_path / "b.mp4"
    listed.write_bytes(b"\0\0\0\x14ftypisom\0\0\2\0isom" + b"#EXTM3U\n#EXTINF:1,\na.mp4\n")
    assert isinstance(probe(listed), str)


def test_without_pyav_a_video_is_known_by_its_kind_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = film(tmp_path / "a.mp4")
    monkeypatch.setitem(sys.modules, "av", None)
    found = facts(path)
    assert (found.kind, found.format, found.width, found.video) == ("video", "MP4", 0, None)


def test_a_remembered_video_is_the_fresh_one_also_in_the_next_run(tmp_path: Path) -> None:
    path, silent = film(tmp_path / "a.mp4"), film(tmp_path / "b.mp4", sound="")
    memory = tmp_path / "cache" / "media.json"
    first = CachedProbe(memory, lambda: SETTLED)
    assert [first(path), first(silent)] == [probe(path), probe(silent)]
    assert first.save()
    second = CachedProbe(memory, lambda: SETTLED)
    assert [second(path), second(silent)] == [probe(path), probe(silent)]


def test_what_was_not_read_for_want_of_pyav_is_read_once_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = film(tmp_path / "a.mp4")
    cached = CachedProbe(None, lambda: SETTLED)
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "av", None)
        assert cached(path) == probe(path)
    found = cached(path)
    assert isinstance(found, MediaFacts)
    assert found.video is not None
