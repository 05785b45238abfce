"""Bluesky in a simulated world: the sandbox's pure model, asked in the very words that go over the wire."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import cache
from random import Random
from typing import Final
from urllib.parse import urlsplit

from msgspec.structs import replace

from threadsync.execution.wire import Endpoint, answer_of, call_of
from threadsync.flows.effects import NoResponse, Request
from threadsync.model.ids import MAIN, Role
from threadsync.model.secret import SecretText
from threadsync.sandbox import bluesky
from threadsync.sandbox.bluesky.faults import DID_DOCUMENT, KINDS, operation_of
from threadsync.sandbox.bluesky.lexicons import POST, POSTGATE, REPOST, THREADGATE
from threadsync.sandbox.bluesky.state import Record, did_of
from threadsync.sandbox.bluesky.values import Json
from threadsync.sandbox.threads.faults import TIMED, FaultKind
from threadsync.sandbox.xrpc import read_request
from threadsync.testing.fakes import Answered
from threadsync.testing.networks import ANSWER_SECONDS, Means, Seen

BASE: Final = "http://127.0.0.1:1"
_HOSTS: Final = {"public": BASE, "video": BASE, "directory": f"{BASE}/plc"}
"""All hosts of this network are one, as in the sandbox."""
BRIEF_SECONDS: Final = 301
"""How long a session lives at worst: it is renewed five minutes before its end, so at once."""


class BlueskyNetwork:
    """Bluesky, by the sandbox's model."""

    def __init__(self, handles: Iterable[str], seed: int) -> None:
        self.handles = tuple(handles)
        profiles = [bluesky.Profile(handle) for handle in self.handles]
        self.state = bluesky.new_state(profiles, seed=seed, base_url=BASE)
        self._names = {did_of(handle): handle for handle in self.handles}

    def answer(  # noqa: PLR0917  (see ``Network``)
        self, account: str, request: Request, means: Means, now: datetime, fault: str, seconds: float
    ) -> Answered:
        """See ``Network.answer``; what is sent is what the transport would send."""
        at = now.timestamp()
        bluesky.run_due(self.state, at)
        before = len(self.state.armed)
        if fault:
            kind = FaultKind(fault)
            armed = bluesky.Fault("any", kind, seconds=seconds if kind in TIMED else 0.0)
            bluesky.arm(self.state, armed)
        call = call_of(_endpoint(account, means), request)
        url = urlsplit(call.url)
        content = (
            b""
            if call.content is None
            else b"".join([call.content] if isinstance(call.content, bytes) else call.content)
        )
        asked, _ = read_request(
            call.method,
            url.path,
            url.query,
            {name.lower(): each for name, each in call.headers.items()},
            content,
        )
        reply = bluesky.handle(self.state, asked, at)
        del self.state.armed[before:]
        if reply.dropped:
            return Answered(NoResponse("connection reset", sent=True), reply.delay_seconds)
        there = datetime.fromtimestamp(at + self.state.switches.clock_skew_seconds, UTC)
        headers = [*reply.headers.items(), ("Date", format_datetime(there, usegmt=True))]
        answer = answer_of(
            request, call, reply.status, headers, reply.encode(), duration_seconds=ANSWER_SECONDS
        )
        return Answered(answer, ANSWER_SECONDS + reply.delay_seconds)

    def faults(self, account: str, request: Request) -> tuple[str, ...]:
        """See ``Network.faults``."""
        nsid = request.path.removeprefix("/xrpc/")
        return _faults(DID_DOCUMENT if nsid == request.path else operation_of(nsid))

    def strict(self) -> None:
        """See ``Network.strict``: an old server, films take a minute, and sessions end within each run."""
        self.switch(generation="0.4", video_seconds=60.0, access_life_seconds=float(BRIEF_SECONDS))

    def usual(self) -> None:
        """See ``Network.usual``."""
        usual = bluesky.Switches(clock_skew_seconds=self.state.switches.clock_skew_seconds)
        bluesky.switch(self.state, usual)

    def skewed(self, seconds: float) -> None:
        """See ``Network.skewed``."""
        self.switch(clock_skew_seconds=seconds)

    def whims(self, chance: Random, *, small: bool) -> None:
        """See ``Network.whims``; what is shown late is a film alone, and a session may end soon."""
        usual = bluesky.Switches()
        self.switch(
            points_per_hour=chance.randint(0, 12) if small else usual.points_per_hour,
            blobs_per_day=chance.randint(0, 4) if small else usual.blobs_per_day,
            video_seconds=chance.choice((0.5, 20.0)),
            access_life_seconds=chance.choice((usual.access_life_seconds, float(BRIEF_SECONDS))),
        )

    @property
    def has_more_to_do(self) -> bool:
        """See ``Network.has_more_to_do``."""
        return bool(self.state.deferred)

    def live(self) -> list[Seen]:
        """See ``Network.live``; a gate whose post is gone is something that stays up."""
        orphans = [
            Seen(each.uri, self._names[each.did], f"a {each.collection} of nothing", (), "", 0)
            for each in self._of(THREADGATE, POSTGATE)
            if str(each.value.get("post")) not in self.state.records
        ]
        return [*self._seen(self._of(POST, REPOST)), *orphans]

    def deleted(self) -> list[Seen]:
        """See ``Network.deleted``."""
        return self._seen([each for each in self.state.deletions if each.collection in {POST, REPOST}])

    def shown_at(self, remote_id: str) -> float:
        """See ``Network.shown_at``."""
        return self.state.records[remote_id].indexed_at - self.state.switches.clock_skew_seconds

    def post_by_hand(self, account: str, text: str, now: datetime) -> str:
        """See ``Network.post_by_hand``."""
        return self.write_by_hand(account, {"text": text}, now)

    def write_by_hand(self, account: str, value: Json, now: datetime, rkey: str = "") -> str:
        """Let a person, or another program, write a post; return its address."""
        record: Json = {"$type": POST, "createdAt": now.isoformat().replace("+00:00", "Z"), **value}
        body: Json = {"repo": account, "collection": POST, "record": record}
        made = self._by_hand(account, "createRecord", body | ({"rkey": rkey} if rkey else {}), now)
        return str(made["uri"])

    def delete_by_hand(self, remote_id: str, now: datetime) -> None:
        """See ``Network.delete_by_hand``; the app takes the gates along."""
        did, collection, rkey = remote_id.removeprefix("at://").split("/")
        for each in (THREADGATE, POSTGATE, collection):
            self._by_hand(
                self._names[did], "deleteRecord", {"repo": did, "collection": each, "rkey": rkey}, now
            )

    def expire_token(self, account: str, now: datetime) -> None:
        """See ``Network.expire_token``."""
        bluesky.expire_sessions(self.state, account, now.timestamp())

    def renew_tokens(self, now: datetime) -> None:
        """See ``Network.renew_tokens``: a program gets the next session by itself."""

    def calm(self, now: datetime) -> None:
        """See ``Network.calm``."""
        bluesky.disarm(self.state)
        while self.state.deferred:
            bluesky.run_due(self.state, max(call.due for call in self.state.deferred))

    def switch(self, **changes: object) -> None:
        """Change how this network behaves; the names are those of ``bluesky.Switches``."""
        bluesky.switch(self.state, replace(self.state.switches, **changes))

    def _by_hand(self, account: str, method: str, body: Json, now: datetime) -> Json:
        at = now.timestamp()
        login: Json = {"identifier": account, "password": bluesky.Profile(account).main_secret}
        opened = self._call("com.atproto.server.createSession", login, None, at)
        return self._call(f"com.atproto.repo.{method}", body, str(opened["accessJwt"]), at)

    def _call(self, nsid: str, body: Json, token: str | None, at: float) -> Json:
        answer = bluesky.handle(
            self.state, bluesky.Request.of("POST", f"/xrpc/{nsid}", input=body, token=token), at
        )
        assert answer.status == 200, answer
        return answer.body

    def _of(self, *collections: str) -> list[Record]:
        return [each for each in self.state.records.values() if each.collection in collections]

    def _seen(self, records: Iterable[Record]) -> list[Seen]:
        known = {each.uri: each for each in self.state.deletions} | self.state.records
        ordered = sorted(records, key=lambda each: (each.indexed_at, each.rkey))
        return [self._shown(each, number, known) for number, each in enumerate(ordered)]

    def _shown(self, record: Record, number: int, known: Mapping[str, Record]) -> Seen:
        said, reposted = _text_of(record), _uri_in(record.value, "subject")
        if record.collection == REPOST:
            original = known.get(reposted)
            said = f"Repost of: {_text_of(original) if original is not None else reposted}"
        parent = _uri_in(_object(record.value.get("reply")), "parent")
        gates = [
            known[uri]
            for kind in (THREADGATE, POSTGATE)
            if (uri := f"at://{record.did}/{kind}/{record.rkey}") in self.state.records
        ]
        media = _media_of(record.value)
        carries = _carries(record, gates, known)
        return Seen(record.uri, self._names[record.did], said, media, parent, number, record.uri, carries)


@cache
def _faults(operation: str) -> tuple[str, ...]:
    fits = [kind for kind in sorted(KINDS) if _armed(kind).fits(operation, "")]
    return tuple(map(str, fits))


def _armed(kind: FaultKind) -> bluesky.Fault:
    return bluesky.Fault("any", kind, seconds=1.0 if kind in TIMED else 0.0)


def _endpoint(account: str, means: Means) -> Endpoint:
    """Return where requests go, with the account's password and what its session gave."""

    def credential(role: Role) -> SecretText:
        if role == MAIN:
            return SecretText(bluesky.Profile(account).secret)
        assert means.session is not None, f"a session fills the role {role}"
        return means.session.secrets[role]

    return Endpoint(BASE, credential, means.files.__getitem__, hosts=_HOSTS)


def _object(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _text_of(record: Record) -> str:
    return str(record.value.get("text", ""))


def _uri_in(value: Json, name: str) -> str:
    return str(_object(value.get(name)).get("uri", ""))


def _embeds(value: Json) -> tuple[Json, Json]:
    """Return the record that a post quotes, and its media."""
    embed = _object(value.get("embed"))
    match str(embed.get("$type", "")).rpartition(".")[2]:
        case "recordWithMedia":
            return _object(_object(embed.get("record")).get("record")), _object(embed.get("media"))
        case "record":
            return _object(embed.get("record")), {}
        case _:
            return {}, embed


def _media_of(value: Json) -> tuple[str, ...]:
    _, media = _embeds(value)
    files = [_object(each).get("image") for name in ("images", "items") for each in _list(media.get(name))]
    files += [media["video"]] if "video" in media else []
    return tuple(str(_object(_object(each).get("ref")).get("$link")) for each in files)


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _carries(record: Record, gates: Iterable[Record], known: Mapping[str, Record]) -> str:
    """Say what a post has besides text and pictures, and who may answer and quote it."""
    value = record.value
    quoted, media = _embeds(value)
    said = known.get(str(quoted.get("uri", "")))
    allowed = {each.collection: _kinds(each.value) for each in gates}
    shown = {
        "of": "video" if "video" in media else "",
        "captions": ", ".join(str(_object(each).get("lang")) for each in _list(media.get("captions"))),
        "link": str(_object(media.get("external")).get("uri", "")),
        "quotes": _text_of(said) if said is not None else "",
        "langs": ", ".join(map(str, _list(value.get("langs")))),
        "tags": ", ".join(map(str, _list(value.get("tags")))),
        "labels": ", ".join(
            str(_object(each).get("val")) for each in _list(_object(value.get("labels")).get("values"))
        ),
        "replies from": allowed.get(THREADGATE, ""),
        "quoting": allowed.get(POSTGATE, ""),
    }
    return "; ".join(f"{name}: {each}" for name, each in shown.items() if each)


def _kinds(gate: Json) -> str:
    rules = [
        str(_object(each).get("$type"))
        for each in _list(gate.get("allow")) + _list(gate.get("embeddingRules"))
    ]
    return ", ".join(each.partition("#")[2] for each in rules) or "nobody"
