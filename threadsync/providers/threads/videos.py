"""What Threads asks of a video (developers.facebook.com/docs/threads/overview, media specifications).

Threads says no to a video only after it has processed it, and often says just UNKNOWN; so every line of
its specification is looked at here. All but one: whether every group of pictures is closed cannot be told
without decoding the whole film.
"""

from __future__ import annotations

from collections.abc import Iterator

from threadsync.model.diagnostic import Severity
from threadsync.model.ids import Json
from threadsync.model.post import AudioFacts, Media, MediaFacts, VideoFacts
from threadsync.providers.rules import Rule
from threadsync.providers.threads.pages import OVERVIEW

FORMATS = ("MP4", "MOV")
BYTES_MAX = 1024 * 1024 * 1024
SECONDS_MAX = 300.0
CODECS = {"h264": "H.264", "hevc": "HEVC"}
FRAMES_PER_SECOND_MIN, FRAMES_PER_SECOND_MAX = 23.0, 60.0
WIDTH_MAX = 1920
RATIO_MIN, RATIO_MAX = 0.01, 10.0
RATIO_ADVISED = 9 / 16
BITS_PER_SECOND_MAX = 100_000_000
AUDIO_CODEC = "aac"
AUDIO_HZ_MAX = 48_000
AUDIO_CHANNELS_MAX = 2
AUDIO_BITS_PER_SECOND = 128_000

SLACK = 1.1
"""How far over the advised audio rate is no news: an encoder meets its average only about."""


def _ffmpeg(does: str, options: str) -> str:
    """Return a remedy; whatever it does, it leaves no edit list and puts the index in front."""
    return f"{does}: ffmpeg -i IN {options} -use_editlist 0 -movflags +faststart OUT.mp4 (FFmpeg)."


_REMUX = _ffmpeg("Write it anew, without loss", "-c copy")
_ENCODE = _ffmpeg(
    "Encode it anew",
    "-vf scale=in_range=auto:out_range=tv,format=yuv420p -c:v libx264 -flags +cgop -c:a aac -b:a 128k",
)


def _video(**changes: Json) -> dict[str, Json]:
    return {"segments": [{"text": "t", "videos": [changes]}]}


VIDEO_RULES: tuple[Rule, ...] = (
    Rule(
        "threads/captions",
        "documented",
        OVERVIEW,
        "Threads takes no captions.",
        _video(),
        _video(captions=[{"lang": "en"}]),
    ),
    Rule(
        "threads/video-format",
        "documented",
        OVERVIEW,
        "Videos are MP4 or MOV.",
        _video(format="MOV"),
        _video(format="WEBM"),
    ),
    Rule(
        "threads/video-bytes",
        "documented",
        OVERVIEW,
        "A video may have 1 GB.",
        _video(bytes=BYTES_MAX),
        _video(bytes=BYTES_MAX + 1),
    ),
    Rule(
        "threads/video-index-last",
        "documented",
        OVERVIEW,
        "The index of a video (the moov atom) stands at the front of the file.",
        _video(),
        _video(moov_first=False),
    ),
    Rule(
        "threads/video-edit-list",
        "documented",
        OVERVIEW,
        "A video has no edit lists.",
        _video(),
        _video(has_edit_list=True),
    ),
    Rule(
        "threads/video-duration",
        "documented",
        OVERVIEW,
        "A video is longer than 0 and at most 300 seconds.",
        _video(duration_seconds=300.0),
        _video(duration_seconds=300.5),
    ),
    Rule(
        "threads/video-codec",
        "documented",
        OVERVIEW,
        "The pictures of a video are H.264 or HEVC.",
        _video(codec="hevc"),
        _video(codec="vp9"),
    ),
    Rule(
        "threads/video-interlaced",
        "documented",
        OVERVIEW,
        "A video is progressive, not interlaced.",
        _video(),
        _video(interlaced=True),
    ),
    Rule(
        "threads/video-chroma",
        "documented",
        OVERVIEW,
        "The colour of a video is sampled 4:2:0.",
        _video(),
        _video(chroma="4:2:2"),
    ),
    Rule(
        "threads/video-full-range",
        "reported",
        "github.com/js0980420/threads-api-guide",
        "A video with the full range of brightness (yuvj420p) ends as the error UNKNOWN.",
        _video(),
        _video(full_range=True),
    ),
    Rule(
        "threads/video-frame-rate",
        "documented",
        OVERVIEW,
        "A video has 23 to 60 pictures a second.",
        _video(frames_per_second=23.976),
        _video(frames_per_second=15.0),
    ),
    Rule(
        "threads/video-width",
        "documented",
        OVERVIEW,
        "A video may be 1920 pixels wide.",
        _video(width=1920, height=1080),
        _video(width=2160, height=3840),
    ),
    Rule(
        "threads/video-ratio",
        "documented",
        OVERVIEW,
        "A video is at most ten times as wide as high, and at most a hundred times as high as wide.",
        _video(width=1000, height=100),
        _video(width=1010, height=100),
    ),
    Rule(
        "threads/video-shape",
        "documented",
        OVERVIEW,
        "9:16 is advised; a video of another shape may be cropped or shown with empty space.",
        _video(width=1080, height=1920),
        _video(width=1920, height=1080),
        Severity.WARNING,
    ),
    Rule(
        "threads/video-bit-rate",
        "documented",
        OVERVIEW,
        "The pictures of a video may have 100 Mbit a second.",
        _video(bits_per_second=BITS_PER_SECOND_MAX),
        _video(bits_per_second=BITS_PER_SECOND_MAX + 1),
    ),
    Rule(
        "threads/audio-codec",
        "documented",
        OVERVIEW,
        "The sound of a video is AAC.",
        _video(),
        _video(audio={"codec": "opus"}),
    ),
    Rule(
        "threads/audio-sample-rate",
        "documented",
        OVERVIEW,
        "The sound of a video has at most 48 kHz.",
        _video(audio={"sample_rate_hz": 48_000}),
        _video(audio={"sample_rate_hz": 96_000}),
    ),
    Rule(
        "threads/audio-channels",
        "documented",
        OVERVIEW,
        "The sound of a video is mono or stereo.",
        _video(audio={"channels": 1}),
        _video(audio={"channels": 6}),
    ),
    Rule(
        "threads/audio-bit-rate",
        "documented",
        OVERVIEW,
        "The sound of a video has 128 kbit a second; more is spent in vain.",
        _video(audio={"bits_per_second": 128_000}),
        _video(audio={"bits_per_second": 256_000}),
        Severity.WARNING,
    ),
)


def faults_of(item: Media) -> Iterator[tuple[str, str, str]]:
    """Yield everything wrong with a video for Threads: rule id, problem, remedy.

    Of a video that could not be read (a finding of its own) only the file itself is looked at.
    """
    for rule, problem, remedy in (*_of_the_file(item.facts), *_inside(item.facts)):
        yield rule, f"{item.path} {problem}", remedy


def _of_the_file(facts: MediaFacts) -> Iterator[tuple[str, str, str]]:
    if facts.format not in FORMATS:
        yield "threads/video-format", f"is a {facts.format} file, and Threads takes MP4 and MOV.", _ENCODE
    if facts.size_bytes > BYTES_MAX:
        problem = f"has {facts.size_bytes:,} bytes and Threads takes {BYTES_MAX:,}."
        yield "threads/video-bytes", problem, "Encode it at a lower rate, or shorten it."


def _inside(facts: MediaFacts) -> Iterator[tuple[str, str, str]]:
    video = facts.video
    if video is None:
        return
    if not video.moov_first:
        yield "threads/video-index-last", "has its index (moov) behind the film, not in front of it.", _REMUX
    if video.has_edit_list:
        yield "threads/video-edit-list", "has an edit list, which Threads does not take.", _REMUX
    if not 0 < video.duration_seconds <= SECONDS_MAX:
        problem = f"lasts {video.duration_seconds:.1f} s and Threads takes up to {SECONDS_MAX:.0f} s."
        yield "threads/video-duration", problem, "Shorten it, or spread it over segments."
    yield from _pictures(video)
    yield from _shape(facts)
    if video.audio is not None:
        yield from _sound(video.audio)


def _pictures(video: VideoFacts) -> Iterator[tuple[str, str, str]]:
    if video.codec not in CODECS:
        problem = f"is encoded as {video.codec}, and Threads takes {' and '.join(CODECS.values())}."
        yield "threads/video-codec", problem, _ENCODE
    if video.interlaced:
        remedy = _ffmpeg("Make it progressive", "-vf yadif -c:a copy")
        yield "threads/video-interlaced", "is interlaced, and Threads takes progressive videos.", remedy
    if video.chroma != "4:2:0":
        problem = f"has its colour sampled {video.chroma}, and Threads takes 4:2:0."
        yield "threads/video-chroma", problem, _ENCODE
    if video.full_range:
        problem = "uses the full range of brightness (yuvj420p, pc), which Threads ends as ERROR/UNKNOWN."
        yield "threads/video-full-range", problem, _ENCODE
    # To a tenth: the clock of a camera is not exact.
    if not FRAMES_PER_SECOND_MIN <= round(video.frames_per_second, 1) <= FRAMES_PER_SECOND_MAX:
        problem = (
            f"has {video.frames_per_second:.2f} pictures a second, and Threads takes "
            f"{FRAMES_PER_SECOND_MIN:.0f} to {FRAMES_PER_SECOND_MAX:.0f}."
        )
        yield "threads/video-frame-rate", problem, _ffmpeg("Encode it at 30", "-r 30 -c:a copy")
    if video.bits_per_second > BITS_PER_SECOND_MAX:
        problem = (
            f"has {video.bits_per_second / 1e6:.0f} Mbit a second, and Threads takes "
            f"{BITS_PER_SECOND_MAX / 1e6:.0f}."
        )
        yield "threads/video-bit-rate", problem, _ENCODE


def _shape(facts: MediaFacts) -> Iterator[tuple[str, str, str]]:
    size, ratio = f"{facts.width} × {facts.height} pixels", facts.width / facts.height
    if facts.width > WIDTH_MAX:
        remedy = _ffmpeg("Scale it down", f"-vf scale={WIDTH_MAX}:-2 -c:a copy")
        yield "threads/video-width", f"is {size}, and Threads takes {WIDTH_MAX} in width.", remedy
    if not RATIO_MIN <= ratio <= RATIO_MAX:
        yield "threads/video-ratio", f"is {size}; Threads takes 0.01:1 to 10:1.", "Crop it."
    elif abs(ratio - RATIO_ADVISED) > 0.01:
        problem = f"is {size}; Threads advises 9:16, and may crop others or add empty space."
        yield "threads/video-shape", problem, "Nothing to do, if that is fine."


def _sound(audio: AudioFacts) -> Iterator[tuple[str, str, str]]:
    if audio.codec != AUDIO_CODEC:
        problem = f"has {audio.codec} sound, and Threads takes AAC."
        remedy = _ffmpeg("Encode its sound anew", "-c:v copy -c:a aac")
        yield "threads/audio-codec", problem, remedy
    if audio.sample_rate_hz > AUDIO_HZ_MAX:
        problem = f"has sound of {audio.sample_rate_hz:,} Hz, and Threads takes up to {AUDIO_HZ_MAX:,}."
        remedy = _ffmpeg("Encode its sound anew", "-c:v copy -c:a aac -ar 48000")
        yield "threads/audio-sample-rate", problem, remedy
    if not 1 <= audio.channels <= AUDIO_CHANNELS_MAX:
        problem = f"has sound of {audio.channels} channels, and Threads takes mono and stereo."
        remedy = _ffmpeg("Mix it down", "-c:v copy -c:a aac -ac 2")
        yield "threads/audio-channels", problem, remedy
    if audio.bits_per_second > AUDIO_BITS_PER_SECOND * SLACK:
        problem = f"has sound of {audio.bits_per_second // 1000} kbit a second; Threads names 128."
        yield "threads/audio-bit-rate", problem, "Nothing to do, if that is fine."
