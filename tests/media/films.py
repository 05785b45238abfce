"""Small films, made by PyAV as they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path

import av
from av.container import OutputContainer
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
) -> Path:
    """Write a film of *pictures* plain pictures to *path*, with silence if it has *sound*."""
    with av.open(path, "w", options=dict(options)) as out:
        video = out.add_stream(codec, rate=rate, options=dict(encoding or {}))
        assert isinstance(video, av.VideoStream)
        video.width, video.height = size
        video.pix_fmt = pixels
        if turned:
            video.set_display_rotation(turned)
        audio = _track(out, sound) if sound else None
        for number in range(pictures):
            picture = av.VideoFrame.from_image(  # type: ignore[no-untyped-call]  # PyAV's own gap
                Image.new("RGB", size, (number * 9, 80, 120))
            )
            out.mux(video.encode(picture.reformat(format=pixels)))
        out.mux(video.encode(None))
        if audio is not None:
            for silence in _silence(pictures / rate):
                out.mux(audio.encode(silence))
            out.mux(audio.encode(None))
    return path


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
        audio = _track(out, "aac")
        for silence in _silence(0.1):
            out.mux(audio.encode(silence))
        out.mux(audio.encode(None))
    return path
