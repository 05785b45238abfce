"""Some people on the network, what one of them publishes with threadsync, and how others come to see it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from tests.live.bluesky.desk import Desk
from tests.live.projects import ENVIRON
from tests.live.waiting import PATIENCE_SECONDS, until
from tests.pds.launcher import Pds
from threadsync.execution.transport import Transport
from threadsync.model.ids import Json
from threadsync.providers.bluesky import api
from threadsync.providers.bluesky.uris import POST

T = TypeVar("T")

PROJECT = """\
version: 1
id: live-appview
targets:
  bluesky/brand:
    account: {account}
    base_url: {base_url}
    credential: env:BLUESKY_PASSWORD
    video: blob
    bounds: {{publish_doubt_seconds: 1, listing_lag_seconds: 1}}
"""


def post(key: str, text: str = "", more: str = "") -> str:
    """Return the file of a post; *more* are further keys of it, a line each."""
    return f"---\nkey: {key}\ntargets: [bluesky/brand]\n{more}---\n{text}"


@dataclass
class Town:
    """The people of one test."""

    network: Pds
    transport: Transport
    mark: str
    folder: Path
    people: dict[str, Desk] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Desk:
        """Return *name*, who has an account from the first time on."""
        if name not in self.people:
            desk = Desk(self.network, self.network.person(f"{name[:9]}{self.mark}"), self.transport)
            desk.use(desk.run(api.create_session(desk.person.handle)))
            self.people[name] = desk
        return self.people[name]

    def publish(self, files: Mapping[str, str | bytes]) -> Mapping[str, str]:
        """Have the author apply a project with *files* in its posts; return all at-uris by their texts."""
        author = self["author"].person
        posts = self.folder / "posts"
        posts.mkdir(exist_ok=True)
        project = PROJECT.format(account=author.handle, base_url=self.network.url)
        (self.folder / "threadsync.yaml").write_text(project)
        for name, content in files.items():
            (posts / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        self.threadsync("apply", "--yes", "--first-run")
        written = self["author"].run(api.list_records(author.did, POST, limit=100)).data
        return {str(each.value["text"]): each.uri for each in written}

    def threadsync(self, *words: str) -> str:
        """Run it in the author's project, which has to go well, and return what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "threadsync", *words],
            cwd=self.folder,
            env=ENVIRON | {"BLUESKY_PASSWORD": self["author"].person.password},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def follows(self, follower: str, followed: str) -> None:
        """Have one follow another, as everybody sees then."""
        reader, subject = self[follower], self[followed].person.did
        self._write(follower, "app.bsky.graph.follow", {"subject": subject})
        self.soon(
            lambda: reader.run(api.get_profiles([subject])),
            lambda found: any("following" in str(each.more["viewer"]) for each in found),
            f"{follower} to follow {followed}",
        )

    def replies(self, name: str, uri: str, text: str, *, root: str = "") -> str:
        """Have *name* answer the post *uri* from another app; return the address of the reply.

        *root* is what the conversation began with, where that is another post.
        """
        reply: Json = {"root": self.ref(root or uri), "parent": self.ref(uri)}
        return self._write(name, POST, {"text": text, "reply": reply})

    def quotes(self, name: str, uri: str, text: str) -> str:
        """Have *name* quote the post *uri* from another app; return the address of the quote."""
        embed: Json = {"$type": "app.bsky.embed.record", "record": self.ref(uri)}
        return self._write(name, POST, {"text": text, "embed": embed})

    def likes(self, name: str, uri: str) -> None:
        """Have *name* like the post *uri*."""
        self._write(name, "app.bsky.feed.like", {"subject": self.ref(uri)})

    def reposts(self, name: str, uri: str) -> None:
        """Have *name* repost the post *uri*."""
        self._write(name, "app.bsky.feed.repost", {"subject": self.ref(uri)})

    def ref(self, uri: str) -> dict[str, Json]:
        """Return how records name the post *uri* as it is now."""
        _, _, did, collection, rkey = uri.split("/")
        found = self["author"].run(api.get_record(did, collection, rkey))
        return {"uri": uri, "cid": found.cid}

    def seen(self, *uris: str) -> list[api.PostView]:
        """Return the posts as everybody sees them, as soon as all of them are seen."""
        reader = self["author"]
        found = self.soon(
            lambda: reader.run(api.get_posts(uris, public=True)),
            lambda posts: len(posts) == len(uris),
            f"{len(uris)} posts to be seen",
        )
        by_uri = {each.uri: each for each in found}
        return [by_uri[uri] for uri in uris]

    def thread(self, uri: str, name: str = "") -> dict[str, Any]:
        """Return the conversation under *uri* as *name* sees it, or everybody."""
        told = self.ask("app.bsky.feed.getPostThread", {"uri": uri, "depth": 10}, name)
        found: dict[str, Any] = told["thread"]
        return found

    def ask(self, nsid: str, params: Mapping[str, str | int | bool], name: str = "") -> dict[str, Any]:
        """Return what *nsid* answers to *name*, or to nobody in particular."""
        if name:
            reply = self[name].run(api.call("GET", nsid, params))
        else:
            reply = self["author"].run(api.call("GET", nsid, params, host=api.PUBLIC))
        found: dict[str, Any] = json.loads(reply.content)
        return found

    def soon(self, look: Callable[[], T], is_there: Callable[[T], object], what: str) -> T:
        """Look until it is there: the AppView reads what was written from the stream of the server."""
        found: list[T] = []

        def looked() -> bool:
            found[:] = [look()]
            return bool(is_there(found[0]))

        until(looked, what, lambda: str(found))
        return found[0]

    def _write(self, name: str, collection: str, value: Mapping[str, Json]) -> str:
        desk = self[name]
        record = {"$type": collection, "createdAt": "2026-12-03T08:30:00Z", **value}
        return desk.run(api.create_record(desk.person.did, collection, record)).uri
