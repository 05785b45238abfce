"""Small films, made by PyAV as they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import av
from av.container import OutputContainer
from av.stream import Disposition
from PIL import Image

REMUX = {"use_editlist": "0", "movflags": "faststart"}
"""What makes FFmpeg write a file that Threads takes: the flags that the remedies name."""
RATE_HZ = 44_100


def film(
    path: Path,
    *,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    rate: Fraction | int = 30,
    pictures: int = 6,
    size: tuple[int, int] = (72, 128),
    turned: int = 0,
    sound: str = "aac",
    options: Mapping[str, str] = REMUX,
    encoding: Mapping[str, str] | None = None,
    at_ms: Sequence[int] = (),
) -> Path:
    """Write a film of *pictures* plain pictures to *path*, with silence if it has *sound*.

    *at_ms* says when each picture is shown, where that is not one after the other at *rate*.
    """
    with av.open(path, "w", options=dict(options)) as out:
        video = out.add_stream(codec, rate=rate, options=dict(encoding or {}))
        assert isinstance(video, av.VideoStream)
        video.width, video.height = size
        video.pix_fmt = pixels
        if turned:
            video.set_display_rotation(turned)
        if at_ms:
            video.codec_context.time_base = Fraction(1, 1000)
        audio = _track(out, sound) if sound else None
        for number in range(pictures):
            picture = _still(size, number * 4 % 256).reformat(format=pixels)
            if at_ms:
                picture.pts, picture.time_base = at_ms[number], Fraction(1, 1000)
            out.mux(video.encode(picture))
        out.mux(video.encode(None))
        if audio is not None:
            for silence in _silence(pictures / rate):
                out.mux(audio.encode(silence))
            out.mux(audio.encode(None))
    return path


def _still(size: tuple[int, int], red: int) -> av.VideoFrame:
    plain = Image.new("RGB", size, (red, 80, 120))
    found = av.VideoFrame.from_image(plain)  # type: ignore[no-untyped-call]  # PyAV's own gap
    assert isinstance(found, av.VideoFrame)
    return found


def _track(out: OutputContainer, codec: str) -> av.AudioStream:
    audio = out.add_stream(codec, rate=RATE_HZ, layout="stereo")
    assert isinstance(audio, av.AudioStream)
    return audio


def _silence(seconds: Fraction | float) -> Iterator[av.AudioFrame]:
    samples = 1024
    for number in range(max(1, round(seconds * RATE_HZ) // samples)):
        frame = av.AudioFrame(format="fltp", layout="stereo", samples=samples)
        frame.sample_rate, frame.pts = RATE_HZ, number * samples
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        yield frame


def sound_alone(path: Path) -> Path:
    """Write a file with sound and no pictures to *path*."""
    with av.open(path, "w") as out:
        _play(out, _track(out, "aac"))
    return path


def music_with_a_cover(path: Path) -> Path:
    """Write a file with sound to *path*, and one picture that stands for it."""
    with av.open(path, "w") as out:
        audio = _track(out, "aac")
        cover = out.add_stream("mjpeg", rate=1)
        assert isinstance(cover, av.VideoStream)
        cover.width, cover.height, cover.pix_fmt = 64, 64, "yuvj420p"
        cover.disposition = Disposition.attached_pic
        _play(out, audio)
        out.mux(cover.encode(_still((64, 64), 9).reformat(format="yuvj420p")))
        out.mux(cover.encode(None))
    return path


def _play(out: OutputContainer, audio: av.AudioStream) -> None:
    for silence in _silence(0.1):
        out.mux(audio.encode(silence))
    out.mux(audio.encode(None))
