"""A project of any size, always the same for the same size, and a state in which all of it is live.

    python -m benchmarks.corpus 10000 FOLDER

Markdown posts with front matter on two targets, 675 bytes and 17 lines in the mean: 60 % text, 25 % with
one picture, 7 % carousels of 4, 8 % chains of 3; a picture of 8 KB for every ten posts.
"""

from __future__ import annotations

import io
import os
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from PIL import Image

from threadsync.model.ids import Address, RemoteId
from threadsync.model.journal import Published
from threadsync.model.state import Binding, Lineage, State, TargetRecord
from threadsync.operations.workspace import open_project
from threadsync.planning.inputs import Wanted
from threadsync.statefile.codec import encode

POSTS = "posts"
STATE = "state/threadsync.json"
PICTURE_BYTES = 8192
PICTURES_MIN = 20
POSTS_PER_PICTURE = 10
SEED = 7
LIVE_SINCE = datetime(2026, 11, 20, 12, tzinfo=UTC)
_TALK = (
    "lift station map outage door report repair city open closed since board transit rider step ramp "
    "platform north south bridge harbour morning evening today tomorrow week month year count list note "
    "safe late early"
)
WORDS = tuple(_TALK.split())
PROJECT = """\
version: 1
id: corpus
zone: Europe/Berlin
posts: posts
state: state/threadsync.json
targets:
  threads/main: {account: main, credential: env:MAIN, base_url: "http://127.0.0.1:1", media_host: local}
  threads/second: {account: second, credential: env:SECOND, base_url: "http://127.0.0.1:1", media_host: local}
media_hosts:
  local: {kind: loopback}
"""
FRONT = """\
---
key: post-{number:06d}
targets: [threads/main, threads/second]
publish:
  at: 2026-{month:02d}-{day:02d} {hour:02d}:{minute:02d}
  window: 2h
who_can_reply: everyone
threads:
  topic: {topic}
protect: false
on_change: block
notes: |
  {first}
  {second}
---
"""


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes posts of words drawn from one seed."""

    chance: random.Random
    pictures: tuple[str, ...]

    def post(self, number: int, to_pictures: str) -> str:
        """Return post *number*; *to_pictures* leads from its folder to that of the pictures."""
        front = FRONT.format(
            number=number,
            month=1 + number % 10,
            day=1 + number % 28,
            hour=number % 24,
            minute=number % 60,
            topic=self.chance.choice(WORDS),
            first=self._sentence(9),
            second=self._sentence(9),
        )
        return f"{front}{self._body(to_pictures)}\n"

    def _body(self, to_pictures: str) -> str:
        kind = self.chance.random()
        if kind < 0.60:
            return self._sentence(50)
        if kind < 0.85:
            picture = self.chance.choice(self.pictures)
            return f"{self._sentence(45)}\n\n![{self._sentence(6)}]({to_pictures}/{picture})"
        if kind < 0.92:
            shown = self.chance.sample(self.pictures, 4)
            return "\n\n".join(
                (self._sentence(35), *(f"![{self._sentence(5)}]({to_pictures}/{name})" for name in shown))
            )
        return "\n\n---\n\n".join(self._sentence(28) for _ in range(3))

    def _sentence(self, words: int) -> str:
        return f"{' '.join(self.chance.choices(WORDS, k=words)).capitalize()}."


def write_posts(root: Path, posts: int) -> None:
    """Write a project of so many posts into *root*, an empty folder or one that is made."""
    (root / POSTS / "img").mkdir(parents=True)
    (root / "threadsync.yaml").write_text(PROJECT)
    names = tuple(f"{number:05d}.jpg" for number in range(max(PICTURES_MIN, posts // POSTS_PER_PICTURE)))
    for number, name in enumerate(names):
        (root / POSTS / "img" / name).write_bytes(picture(number))
    chance = random.Random(SEED)  # noqa: S311  (the same corpus every time)
    writer = Writer(chance, names)
    for number in range(posts):
        folder = root / POSTS / f"{2024 + number * 3 // posts}/{1 + number % 12:02d}/{1 + number % 28:02d}"
        folder.mkdir(parents=True, exist_ok=True)
        text = writer.post(number, os.path.relpath(root / POSTS / "img", folder))
        (folder / f"{number:06d}-{chance.choice(WORDS)}.md").write_text(text)


def beginning(post: str, words: str) -> str:
    """Return the text of the file *post* with *words* before what it says."""
    _, front, body = post.split("---\n", 2)
    return f"---\n{front}---\n{words} {body}"


def picture(number: int) -> bytes:
    """Return a JPEG of exactly ``PICTURE_BYTES`` bytes, another one for every number."""
    out = io.BytesIO()
    Image.new("RGB", (400 + number % 50, 300), (number % 255, number // 255 % 255, 80)).save(out, "JPEG")
    plain = out.getvalue()
    room = PICTURE_BYTES - len(plain) - 4
    comment = b"\xff\xfe" + (room + 2).to_bytes(2, "big") + number.to_bytes(room, "big")
    return plain[:2] + comment + plain[2:]


def write_state(root: Path) -> int:
    """Write a state in which every publication of the project in *root* is live as its file says.

    Returns how many there are.
    """
    workspace = open_project(root, exact=True)
    declared = workspace.declared(None, LIVE_SINCE)
    assert not declared.has_errors, declared.findings[:3]
    bindings = {
        address: _binding(address, wanted, number)
        for number, (address, wanted) in enumerate(declared.desired.publications.items())
    }
    targets = {
        name: TargetRecord(
            name,
            "https://graph.threads.net",
            str(number),
            name.partition("/")[2],
            LIVE_SINCE - timedelta(days=900),
            LIVE_SINCE,
        )
        for number, name in enumerate(workspace.project.targets)
    }
    state = State(
        Lineage("corpus"),
        serial=1,
        sequence=len(bindings),
        project=workspace.project.id,
        written_at=LIVE_SINCE,
        targets=targets,
        bindings=bindings,
    )
    (root / STATE).parent.mkdir(exist_ok=True)
    (root / STATE).write_bytes(encode(state))
    return len(bindings)


def _binding(address: Address, wanted: Wanted, number: int) -> Binding:
    segments = tuple(
        Published(
            index=view.index,
            remote_id=RemoteId(str(18_000_000_000_000_000 + 100 * number + view.index)),
            digest=view.digest,
            text=view.text,
            at=LIVE_SINCE,
            permalink=f"https://www.threads.com/@{address.target}/post/D{number:08d}{view.index}",
        )
        for view in wanted.segments
    )
    control = wanted.publication.control
    return Binding(address, segments, protect=control.protect, on_remove=control.on_remove.value)


@click.command()
@click.argument("posts", type=click.IntRange(min=1))
@click.argument("folder", type=click.Path(path_type=Path))
def main(posts: int, folder: Path) -> None:
    """Write a project of POSTS posts into FOLDER, with all of it live."""
    write_posts(folder, posts)
    count = write_state(folder)
    click.echo(f"{posts} posts, {count} publications")


if __name__ == "__main__":
    main()
