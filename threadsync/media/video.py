"""What is in a video: read by PyAV, which is FFmpeg's libraries, and by a look at the file's boxes.

PyAV comes with the extra ``threadsync[video]``; without it nothing here answers, and a post with a video
says what to install.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, BinaryIO

from msgspec import Struct

from threadsync.media.boxes import Boxes, BoxProblem, read_boxes
from threadsync.model.post import AudioFacts, VideoFacts

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.stream import Stream
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream
    from PIL.Image import Image

PACKETS_MAX = 300
"""How many packets are read until the first picture is there; more than that is a broken film."""

_READERS = {"MP4": "mov", "MOV": "mov", "WEBM": "matroska", "MKV": "matroska", "AVI": "avi"}
"""Format to FFmpeg's name of what reads it. It is never guessed: some formats name other files to read."""

_MICROSECONDS = 1_000_000
_FULL_RANGE = 2
"""AVCOL_RANGE_JPEG of FFmpeg's ``pixfmt.h``."""
_COVER = 0x400
"""AV_DISPOSITION_ATTACHED_PIC of FFmpeg's ``avformat.h``."""


class Film(Struct, frozen=True):
    """A video's facts, with its size in pixels as a viewer shows it (turned as the file says)."""

    width: int
    height: int
    facts: VideoFacts


class VideoProblem(Exception):
    """The film cannot be read; the message says why, in a sentence that follows the file's name."""


def read_film(file: BinaryIO, name: str, size_bytes: int) -> Film | None:
    """Return what is in *file*, a video whose format is *name*; None where PyAV is not installed.

    Raises:
        VideoProblem: it is cut off or damaged, or has no pictures.
    """
    try:
        import av
    except ImportError:
        return None
    # The order of boxes is asked about those formats alone that have boxes.
    laid_out = Boxes(moov_first=True, has_edit_list=False)
    try:
        if _READERS[name] == "mov":
            laid_out = read_boxes(file, size_bytes)
        file.seek(0)
        with av.open(file, "r", format=_READERS[name], metadata_errors="replace") as container:
            return _film(container, laid_out)
    except BoxProblem as problem:
        raise VideoProblem(str(problem)) from problem
    except (av.FFmpegError, ValueError) as error:
        raise VideoProblem(f"the {name} file is damaged or cut off; its tracks cannot be read") from error


def first_picture(file: BinaryIO, name: str) -> bytes | None:
    """Return the first picture of *file*, a video whose format is *name*, as PNG; None without PyAV.

    Raises:
        VideoProblem: it cannot be decoded.
    """
    try:
        import av
    except ImportError:
        return None
    try:
        with av.open(file, "r", format=_READERS[name], metadata_errors="replace") as container:
            films = [each for each in container.streams.video if not each.disposition & _COVER]
            if not films:
                raise VideoProblem("the file has sound and no pictures")
            frame = _first_picture(container, films[0])
            out = io.BytesIO()
            picture: Image = frame.to_image()  # type: ignore[no-untyped-call]  # it says no more
            # How far it is turned counts counterclockwise, for FFmpeg as for Pillow.
            picture.rotate(frame.rotation, expand=True).save(out, "PNG", compress_level=1)
            return out.getvalue()
    except (av.FFmpegError, ValueError) as error:
        raise VideoProblem(f"the {name} file is damaged or cut off; its tracks cannot be read") from error


def _film(container: InputContainer, laid_out: Boxes) -> Film:
    # A cover is a track of one still picture beside the film, or beside music that is no film.
    films = [each for each in container.streams.video if not each.disposition & _COVER]
    if not films:
        raise VideoProblem("the file has sound and no pictures")
    stream = films[0]
    audio = container.streams.audio[0] if container.streams.audio else None
    first = _first_picture(container, stream)
    context, pixels = stream.codec_context, first.format
    turned = abs(first.rotation) % 180 == 90
    sides = (context.height, context.width) if turned else (context.width, context.height)
    return Film(
        *sides,
        VideoFacts(
            duration_seconds=(container.duration or 0) / _MICROSECONDS,
            codec=context.codec.canonical_name,
            frames_per_second=float(stream.average_rate or 0),
            bits_per_second=context.bit_rate or container.bit_rate or 0,
            chroma=_chroma(pixels.chroma_width(16), pixels.chroma_height(16)),
            interlaced=first.interlaced_frame,
            full_range=context.color_range == _FULL_RANGE or pixels.name.startswith("yuvj"),
            moov_first=laid_out.moov_first,
            has_edit_list=laid_out.has_edit_list,
            audio=None if audio is None else _audio(audio),
        ),
    )


def _first_picture(container: InputContainer, stream: VideoStream) -> VideoFrame:
    """Decode one picture: how it is turned and whether it is interlaced stands nowhere else."""
    if _is_foreign(stream):
        raise VideoProblem("its pictures are encoded in a way that cannot be read here; encode it anew")
    for number, packet in enumerate(container.demux(stream), start=1):
        for picture in packet.decode():
            return picture
        if number == PACKETS_MAX:
            break
    raise VideoProblem("no picture of it can be decoded")


def _audio(stream: AudioStream) -> AudioFacts:
    if _is_foreign(stream):
        raise VideoProblem("its sound is encoded in a way that cannot be read here; encode it anew")
    context = stream.codec_context
    name = context.codec.canonical_name
    return AudioFacts(name, context.sample_rate, context.channels, context.bit_rate or 0)


def _is_foreign(stream: Stream) -> bool:
    """Whether FFmpeg has no decoder for a track: then PyAV has no context for it, whatever its types say."""
    context: object = stream.codec_context
    return context is None


def _chroma(width: int, height: int) -> str:
    """Name the sampling of colour, from the size that 16 × 16 pixels have in the colour planes."""
    return {(8, 8): "4:2:0", (8, 16): "4:2:2", (16, 16): "4:4:4", (4, 16): "4:1:1"}.get(
        (width, height), f"{width}x{height} of 16x16"
    )
