"""The projects that apply is measured on: a mix of posts, the same with times, many videos."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from PIL import Image

from benchmarks.graph_server import CREATE_SECONDS, PUBLISH_SECONDS, READ_SECONDS, media_seconds

CONNECTIONS = 16
CAROUSEL = 4
"""How many pictures a carousel of the mix has."""
TOKEN_FILE = "token"  # noqa: S105  (a name)
EXAMPLE_FILM = Path(__file__).parent.parent / "examples" / "video" / "posts" / "lift.mp4"

_PROJECT = """\
version: 1
id: bench
posts: posts
state: state/threadsync.json
targets:
  threads/main: {{account: main, credential: file:{token}, base_url: {base_url}, media_host: web{more}}}
media_hosts:
  web: {{{host}}}
safety: {{creates_max: 100000}}
"""


@dataclass(frozen=True, slots=True)
class Post:
    """A post of the mix: its text, and the names of its pictures."""

    text: str
    names: tuple[str, ...]

    @property
    def calls(self) -> int:
        """The fewest calls that publish it: one look at each of its media, none at a text."""
        match len(self.names):
            case 0:
                return 2
            case 1:
                return 3
            case several:
                return 2 * several + 2

    @property
    def seconds(self) -> float:
        """The shortest time from its first call to the last answer, if nothing else is going on."""
        if not self.names:
            return CREATE_SECONDS + PUBLISH_SECONDS
        parent = CREATE_SECONDS if len(self.names) > 1 else 0.0
        return CREATE_SECONDS + max(map(media_seconds, self.names)) + READ_SECONDS + parent + PUBLISH_SECONDS

    @property
    def server_seconds(self) -> float:
        """How long the server takes over the fewest calls."""
        made = 1 + (len(self.names) if len(self.names) > 1 else 0)
        return made * CREATE_SECONDS + len(self.names) * READ_SECONDS + PUBLISH_SECONDS


def mix(size: int) -> list[Post]:
    """Return so many posts: 60 % text, 30 % with a picture, 10 % carousels, in an order as good as any."""
    texts, carousels = size * 6 // 10, size // 10
    pictures = [0] * texts + [1] * (size - texts - carousels) + [CAROUSEL] * carousels
    random.Random(11).shuffle(pictures)  # noqa: S311  (the same order each time)
    return [
        Post(f"Post number {number}", tuple(f"{number:04d}-{each}.jpg" for each in range(many)))
        for number, many in enumerate(pictures)
    ]


def bound_seconds(posts: list[Post]) -> float:
    """Return the critical path: the longest post, or what the server takes over all of them."""
    at_once = sum(post.server_seconds for post in posts) / CONNECTIONS
    return max(at_once, *(post.seconds for post in posts))


def ordered_bound_seconds(posts: list[Post]) -> float:
    """Return the shortest time if each may be published only when the one before it is."""
    end = 0.0
    for post in posts:
        end = max(end, post.seconds - PUBLISH_SECONDS) + PUBLISH_SECONDS
    return end


def write_mix(root: Path, posts: list[Post], *, until: datetime | None = None) -> None:
    """Write a project of *posts* below *root*, all but its project file.

    With *until* each is due a minute after the one before it, the last one then.
    """
    pictures = root / "posts" / "m"
    pictures.mkdir(parents=True)
    for number, post in enumerate(posts):
        for name in post.names:
            Image.new("RGB", (400, 300)).save(pictures / name, quality=60, comment=name.encode())
        shown = "".join(f"\n\n![A lift](m/{name})" for name in post.names)
        due = None if until is None else until - timedelta(minutes=len(posts) - 1 - number)
        _write(root, number, f"{post.text}{shown}", due)


def write_videos(root: Path, size: int) -> None:
    """Write a project of so many posts with a video each, no two alike."""
    (root / "posts").mkdir(parents=True)
    film = EXAMPLE_FILM.read_bytes()
    for number in range(size):
        # Free space at the end (ISO/IEC 14496-12, section 8.1.2) makes it another file with the same film.
        free = b"free" + number.to_bytes(8, "big")
        (root / "posts" / f"{number}.mp4").write_bytes(film + (len(free) + 4).to_bytes(4, "big") + free)
        _write(root, number, f"Film number {number}\n\n![A lift]({number}.mp4)")


def write_project(root: Path, base_url: str, *, served: bool, bounds: str = "") -> None:
    """Write the project file; media are *served* by the server at *base_url*, or by threadsync itself."""
    host = f"kind: url_prefix, url: {base_url}/m, root: posts/m" if served else "kind: loopback"
    more = f", bounds: {{{bounds}}}" if bounds else ""
    text = _PROJECT.format(token=TOKEN_FILE, base_url=base_url, more=more, host=host)
    (root / "threadsync.yaml").write_text(text)
    token = root / TOKEN_FILE
    token.write_text("any token will do")
    token.chmod(0o600)


def _write(root: Path, number: int, body: str, due: datetime | None = None) -> None:
    time = "" if due is None else f"publish: {{at: {due:%Y-%m-%d %H:%M}, zone: UTC, if_late: publish}}\n"
    text = f"---\nkey: p{number}\ntargets: [threads/main]\n{time}---\n{body}\n"
    (root / "posts" / f"p{number:05d}.md").write_text(text)
