"""Making ready what nobody sees: files, accounts, what is answered or quoted, and the records themselves.

What a segment becomes is put on record whole, so that every later try sends the same bytes under the same
keys.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from threadsync.errors import Unanswered
from threadsync.flows.bounds import Bounds
from threadsync.flows.core import gather, now, record
from threadsync.flows.effects import FilePart, Flow
from threadsync.flows.retry import retried
from threadsync.model.fault import Fault, FaultClass
from threadsync.model.ids import Json, MediaDigest, RemoteId
from threadsync.model.journal import Rendered, Settled, Staged
from threadsync.providers.base import ProviderContext, Refused, Work
from threadsync.providers.bluesky import api_repo, tids
from threadsync.providers.bluesky.api_sessions import resolve_handle
from threadsync.providers.bluesky.calls import VIDEO
from threadsync.providers.bluesky.checks_video import PLAIN
from threadsync.providers.bluesky.faults import unanswered
from threadsync.providers.bluesky.records import (
    Composed,
    Materials,
    ReplyRef,
    StrongRef,
    card_of,
    facets_of,
    gates_of,
    is_film,
    post_of,
    repost_of,
)
from threadsync.providers.bluesky.richtext import Mentions
from threadsync.providers.bluesky.uris import AtUri
from threadsync.providers.bluesky.videos import FILM, File, Studio, files_of, staged

RECORDS = "records"
"""What the note is called that holds the records of a segment."""
BLOB = "blob-"
"""What a note's name begins with that holds what the server calls a file, whose digest follows."""
PLANNED, UNTIL = "planned", "until"
"""Options of a rendered segment: when it was to go out, and until when that counts."""


class Segment(Struct, frozen=True):
    """One segment, ready to be written: its post and its gates."""

    what: Rendered
    records: tuple[Composed, ...]

    @property
    def post(self) -> Composed:
        """The post; what follows it are gates."""
        return self.records[0]


class Preparer(Struct, frozen=True):
    """The flows that make the segments of a job ready."""

    work: Work
    context: ProviderContext

    @property
    def _bounds(self) -> Bounds:
        return self.context.bounds

    @property
    def _did(self) -> str:
        return self.work.account_id

    def staged(self) -> tuple[Segment, ...]:
        """Return the segments as they were put on record last; none unless it is all of them."""
        notes = [each for each in self.work.notes if isinstance(each, Staged) and each.name == RECORDS]
        last = {note.index: note for note in notes}
        if self._was_dropped() or any(what.index not in last for what in self.work.job.segments):
            return ()
        return tuple(Segment(what, _parsed(last[what.index].remote)) for what in self.work.job.segments)

    def prepared(self, keys_taken: int) -> Flow[tuple[Segment, ...] | Refused]:
        """Compose the records, under the keys after *keys_taken*, and put them on record."""
        dids = yield from self._accounts()
        if isinstance(dids, Refused):
            return dids
        blobs = yield from self.blobs(fresh=False)
        if isinstance(blobs, Refused):
            return blobs
        reply = yield from self._reply()
        if isinstance(reply, Refused):
            return reply
        moment = yield from self._moment()
        segments: list[Segment] = []
        for what in self.work.job.segments:
            quoted = yield from self._referred(what.quotes or what.reposts)
            if isinstance(quoted, Refused):
                return quoted
            made = self._composed(what, keys_taken, moment, Materials(dids, blobs, reply, quoted))
            segments.append(made)
            ref = made.post.ref(self._did)
            reply = ReplyRef(reply.root if reply is not None else ref, ref)
        at = yield from now()
        notes = [
            Staged(self.work.address, each.what.index, each.what.digest, RECORDS, _written(each.records), at)
            for each in segments
        ]
        yield from record(*notes)
        return tuple(segments)

    def _composed(self, what: Rendered, keys_taken: int, moment: datetime, materials: Materials) -> Segment:
        rkey, at = tids.chosen(self.context.project, self.work.address, keys_taken, what.index, moment)
        if what.reposts is not None and materials.quoted is not None:
            return Segment(what, (repost_of(materials.quoted, rkey, at),))
        post = post_of(what, rkey, at, materials)
        return Segment(what, (post, *gates_of(what, post, self._did, at)))

    def _moment(self) -> Flow[datetime]:
        """Return the second that the post is of: the planned one while it counts, or else now."""
        at = yield from now()
        options = self.work.job.segments[0].options
        planned, until = _time(options.get(PLANNED)), _time(options.get(UNTIL))
        return planned if planned is not None and until is not None and planned <= at <= until else at

    def _accounts(self) -> Flow[dict[str, str] | Refused]:
        """Return the accounts that are mentioned; one that nobody can find stops the post."""
        handles = {
            facet.feature.handle
            for what in self.work.job.segments
            for facet in facets_of(what)
            if isinstance(facet.feature, Mentions)
        }
        found: dict[str, str] = {}
        for handle in sorted(handles):
            did = yield from retried(partial(resolve_handle, handle), self._bounds, why="finding a name")
            match did:
                case str():
                    found[handle] = did
                case Fault():
                    problem = f"the account @{handle}, which the post mentions, is not found: {did.problem}"
                    remedy = "Correct the handle, or write a backslash before its @ to mention nobody."
                    return self._refused(replace(did, problem=problem, remedy=remedy))
                case Unanswered():
                    return self._refused(unanswered(did))
        return found

    def blobs(self, *, fresh: bool) -> Flow[dict[MediaDigest, Mapping[str, Json]] | Refused]:
        """Send the files side by side; those that were sent already are not, unless *fresh*."""
        wanted = {file.media: file for what in self.work.job.segments for file in _files(what)}
        known = {} if fresh else self._sent_blobs()
        missing = [file for digest, file in wanted.items() if digest not in known]
        served = self.context.settings.get(VIDEO) != PLAIN
        films = [file for file in missing if served and is_film(file.content_type)]
        studio = Studio(self.work, self.context, {} if fresh else self._jobs())
        if films and (refused := (yield from studio.admits(films))) is not None:
            return refused
        sent = yield from gather([self._kept(file, studio if file in films else None) for file in missing])
        for file, blob in zip(missing, sent, strict=True):
            if isinstance(blob, Refused):
                return blob
            known[file.media] = blob
        return known

    def _kept(self, file: File, studio: Studio | None) -> Flow[Mapping[str, Json] | Refused]:
        """Send one file, to the *studio* or to the server itself, and put on record what it is called."""
        blob = yield from (self._sent(file) if studio is None else studio.made(file))
        if isinstance(blob, Refused):
            return blob
        yield from staged(self.work, f"{BLOB}{file.media}", json.dumps(blob))
        return blob

    def _sent(self, file: File) -> Flow[Mapping[str, Json] | Refused]:
        content, seconds = FilePart(file.media, file.content_type), file.seconds(self._bounds)
        blob = yield from retried(
            lambda: api_repo.upload_blob(content, timeout_seconds=seconds), self._bounds, why="sending a file"
        )
        match blob:
            case Fault():
                return self._refused(blob)
            case Unanswered():
                return self._refused(unanswered(blob))
        return blob.value

    def _reply(self) -> Flow[ReplyRef | Refused | None]:
        """Return what the first segment replies to."""
        index = self.work.job.segments[0].index
        # What is live from there on is about to be replaced.
        over = self.work.live[index - 1].remote_id if index else self.work.job.parent
        if over is None:
            return None
        found = yield from self._read(over)
        if isinstance(found, Refused):
            return found
        parent = StrongRef(found.uri, found.cid or "")
        said = found.value.get("reply")
        root = said.get("root") if isinstance(said, Mapping) else None
        if not isinstance(root, Mapping):
            return ReplyRef(parent, parent)
        return ReplyRef(StrongRef(str(root["uri"]), str(root["cid"])), parent)

    def _referred(self, remote_id: RemoteId | None) -> Flow[StrongRef | Refused | None]:
        if remote_id is None:
            return None
        found = yield from self._read(remote_id)
        return found if isinstance(found, Refused) else StrongRef(found.uri, found.cid or "")

    def _read(self, remote_id: RemoteId) -> Flow[api_repo.Record | Refused]:
        uri = AtUri.parse(remote_id)
        if uri is None:
            problem = f"{remote_id} is not the address of a post"
            return self._refused(Fault(FaultClass.INVALID, problem, "Correct it.", "refused"))
        found = yield from retried(
            partial(api_repo.get_record, uri.repo, uri.collection, uri.rkey), self._bounds, why="a post"
        )
        match found:
            case Fault():
                return self._refused(found)
            case Unanswered():
                return self._refused(unanswered(found))
        return found

    # What the notes say.

    def _was_dropped(self) -> bool:
        """Whether the records that were staged last are of no use any more: their key was taken."""
        mine = [
            n
            for n in self.work.notes
            if isinstance(n, Settled) or (isinstance(n, Staged) and n.name == RECORDS)
        ]
        return bool(mine) and isinstance(mine[-1], Settled) and not mine[-1].reuse

    def keys_taken(self) -> int:
        """Return how many keys were found taken."""
        return sum(isinstance(note, Settled) and not note.reuse for note in self.work.notes)

    def _sent_blobs(self) -> dict[MediaDigest, Mapping[str, Json]]:
        return {digest: json.loads(remote) for digest, remote in self._noted(BLOB).items()}

    def _jobs(self) -> dict[MediaDigest, str]:
        """Return which films are with the video service already, and as which jobs."""
        return self._noted(FILM)

    def _noted(self, prefix: str) -> dict[MediaDigest, str]:
        return {
            MediaDigest(note.name.removeprefix(prefix)): note.remote
            for note in self.work.notes
            if isinstance(note, Staged) and note.name.startswith(prefix)
        }

    def _refused(self, fault: Fault) -> Refused:
        return Refused(fault, self.work.job.segments[0].index)


def _written(records: Sequence[Composed]) -> str:
    return json.dumps([[each.collection, each.rkey, each.value] for each in records], ensure_ascii=False)


def _parsed(text: str) -> tuple[Composed, ...]:
    return tuple(Composed(*each) for each in json.loads(text))


def _files(what: Rendered) -> Iterator[File]:
    """Yield every file that a segment needs: what it shows, and the picture of its card."""
    yield from files_of(what)
    card = card_of(what)
    if "thumb" in card:
        yield File(MediaDigest(str(card["thumb"])), str(card["thumb_type"]))


def _time(value: Json) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else None
