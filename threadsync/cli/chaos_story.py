"""What is published in a round: posts of every shape, then an edit of every kind."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from msgspec import Struct

from threadsync.sandbox.server import Sandbox

TOKEN_VARIABLE = "THREADSYNC_CHAOS_TOKEN"  # noqa: S105  (the name of a variable)

_PROJECT = """\
version: 1
id: chaos-{number}
posts: posts
state: {state}
targets:
  {target}:
    account: {account}
    credential: env:{variable}
    base_url: {base_url}
    # The safety bounds may be this short only because the network is on this machine.
    bounds: {{publish_doubt_seconds: 1, listing_lag_seconds: 1, poll_first_seconds: 0.05,
             poll_longest_seconds: 0.2, retry_first_seconds: 0.1, retry_longest_seconds: 0.5}}
"""
_HOST = """\
    media_host: local
media_hosts:
  local: {kind: loopback}
"""
"""What Threads needs besides, which fetches its pictures."""
_PICTURE_PIXELS = (640, 480)
_COLORS = ("red", "blue")


class Network(StrEnum):
    """Where a round is published."""

    THREADS = "threads"
    BLUESKY = "bluesky"

    @property
    def target(self) -> str:
        """What the account is called in the project."""
        return f"{self}/main"

    def account(self, number: int) -> str:
        """Return the handle of the account of round *number*."""
        return f"chaos_{number}" if self is Network.THREADS else f"chaos-{number}.test"


class Wanted(Struct, frozen=True):
    """One post that is to be published once, and only once."""

    text: str
    parent: str = ""
    """The text of the post it must be a reply to."""
    links_to: str = ""
    """The text of the post whose address ends it."""
    live: bool = True
    """Whether it is to be up in the end; otherwise it is to be taken down."""


class Chapter(Struct, frozen=True):
    """One change of the files, and what is wanted of the network after it."""

    name: str
    write: Callable[[Path], None]
    wanted: tuple[Wanted, ...]


def write_project(root: Path, *, number: int, network: Network, sandbox: Sandbox, state: str) -> None:
    """Write the project file of a round, whose `state:` is *state*, into the folder *root*."""
    (root / "posts").mkdir()
    filled = _PROJECT.format(
        number=number,
        state=state,
        target=network.target,
        account=network.account(number),
        variable=TOKEN_VARIABLE,
        base_url=sandbox.base_url,
    )
    filled += _HOST if network is Network.THREADS else ""
    (root / "threadsync.yaml").write_text(filled, encoding="utf-8")


def chapters(number: int, network: Network = Network.THREADS) -> tuple[Chapter, ...]:
    """Return what happens in round *number*, in order."""
    story = _Story(number, network.target)
    return (
        Chapter("publish", story.publish, story.published()),
        Chapter("edit", story.edit, story.edited()),
    )


class _Story(Struct, frozen=True):
    """The posts of one round; the number makes their texts its own."""

    number: int
    target: str

    def _text(self, what: str) -> str:
        return f"Round {self.number}: {what}."

    def _chain(self, length: int) -> list[str]:
        return [self._text(f"part {part} of a chain") for part in range(1, length + 1)]

    def _pictures(self, *colors: str) -> str:
        return "\n".join(f"![A {color} surface](/posts/{color}.jpg)" for color in colors)

    def publish(self, root: Path) -> None:
        """Write a post of every shape."""
        from PIL import Image

        for color in _COLORS:
            Image.new("RGB", _PICTURE_PIXELS, color).save(root / "posts" / f"{color}.jpg", "JPEG")
        self._write(root, "text", self._text("a text that another one answers"))
        self._write(root, "reply", self._text("a reply"), "reply_to: text")
        self._write(root, "picture", f"{self._text('one picture')}\n\n{self._pictures('red')}")
        self._write(
            root, "carousel", f"{self._text('two pictures')}\n\n{self._pictures(*_COLORS)}", key=False
        )
        self._write(root, "chain", _joined(self._chain(3)))
        self._write(root, "link", f"{self._text('see the chain')} {{{{ links['chain@{self.target}'] }}}}")
        self._write(root, "withdrawn", self._text("one that is withdrawn later"))
        self._write(root, "removed", self._text("one whose file is removed later"))

    def published(self) -> tuple[Wanted, ...]:
        """Return what the network is to hold after ``publish``."""
        answered, *chain = self._text("a text that another one answers"), *self._chain(3)
        return (
            Wanted(answered),
            Wanted(self._text("a reply"), parent=answered),
            Wanted(self._text("one picture")),
            Wanted(self._text("two pictures")),
            *(Wanted(text, parent=before) for before, text in zip(["", *chain], chain, strict=False)),
            Wanted(self._text("see the chain"), links_to=chain[0]),
            Wanted(self._text("one that is withdrawn later")),
            Wanted(self._text("one whose file is removed later")),
        )

    def edit(self, root: Path) -> None:
        """Append, replace, rename, move, withdraw and remove."""
        posts = root / "posts"
        self._write(root, "chain", _joined(self._chain(4)))
        replaced = f"{self._text('another text for one picture')}\n\n{self._pictures('red')}"
        self._write(root, "picture", replaced, "on_change: replace")
        (posts / "carousel.md").rename(posts / "renamed.md")
        (posts / "elsewhere").mkdir()
        (posts / "link.md").rename(posts / "elsewhere" / "link.md")
        self._write(root, "withdrawn", self._text("one that is withdrawn later"), "withdraw: true")
        (posts / "removed.md").unlink()

    def edited(self) -> tuple[Wanted, ...]:
        """Return what the network is to hold after ``edit``."""
        down = {self._text("one picture"), self._text("one that is withdrawn later")}
        before = (
            each if each.text not in down else Wanted(each.text, live=False) for each in self.published()
        )
        *_, last, added = self._chain(4)
        return (*before, Wanted(added, parent=last), Wanted(self._text("another text for one picture")))

    def _write(self, root: Path, name: str, body: str, *lines: str, key: bool = True) -> None:
        """Write one post; without *key* the file's name is its name."""
        front = [*([f"key: {name}"] if key else []), f"targets: [{self.target}]", *lines]
        content = "\n".join(["---", *front, "---", body, ""])
        (root / "posts" / f"{name}.md").write_text(content, encoding="utf-8")


def _joined(texts: list[str]) -> str:
    return "\n\n---\n\n".join(texts)
