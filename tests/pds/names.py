"""What a recording calls the things that every server calls differently: accounts, tokens, commits, keys.

A recording is made once and played to clients that run at another time, so each value that a server or a
clock made gets a name that is the same in every recording: the first token is the first token. CIDs follow
from what a record says, so they are computed anew for what it says in the recording. A name is given when
its value is first seen, in the same order when recording and when playing.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

from tests.pds.launcher import PASSWORD
from threadsync.execution.clock import SystemClock
from threadsync.providers.bluesky.cids import of_record
from threadsync.providers.bluesky.records import stamp
from threadsync.providers.bluesky.tids import encoded, time_of
from threadsync.sandbox.bluesky.state import did_of

PDS_URL = "http://localhost:2583"
PLC_URL = "http://localhost:2582"
HIDDEN_PASSWORD = "hidden-password"
HIDDEN_KEY = r"\1zHiddenKey"
LATER = "later"
"""Stands for a time in a query: it is of the day."""
LAST = "last"
"""Stands for a cursor where posts of a second are listed, in an order of its own."""
JSON_MAX = 10_000
"""So many characters of JSON are kept of a request."""
AS_ASKED = "as asked"
"""Stands for results that follow from the request."""

_ASKED_AT = datetime(2026, 1, 1, tzinfo=UTC)
_TOLD_FROM = datetime(2026, 2, 1, tzinfo=UTC)
_TID = re.compile(r'"rkey": ?"([2-7a-j][2-7a-z]{12})"')
_TID_ASKED = re.compile(r"\brkey=([2-7a-j][2-7a-z]{12})(?=&|$)")
_CURSOR = re.compile(r"\bcursor=[^&]+")
_KEY = re.compile(r'("publicKeyMultibase":"|did:key:)z[1-9A-HJ-NP-Za-km-z]+')
_EXPIRY = re.compile(r"\bexp=\d{9,}")
_JWT = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+")
_TOKEN = re.compile(r"(access|refresh|service)-token-(\d+)-for-(\d+)-seconds")
_TOKENS = {"accessJwt": "access", "refreshJwt": "refresh", "token": "service"}
_MADE = ("com.atproto.repo.createRecord", "com.atproto.repo.applyWrites")


class Names:
    """The names of one recording; *real_clock* says that record keys are of the time when they are made."""

    def __init__(self, pds_url: str, plc_url: str, *, real_clock: bool) -> None:
        self.kept_as = {pds_url: PDS_URL, plc_url: PLC_URL, PASSWORD: HIDDEN_PASSWORD}
        """What a live value is called in the recording."""
        self._real_clock = real_clock
        self._told = 0
        self._ids: dict[str, int] = {}

    def keep(self, live: str) -> str:
        """Return *live* as the recording has it."""
        for value, name in self.kept_as.items():
            live = live.replace(value, name)
        return _JWT.sub("token-of-nobody", _KEY.sub(HIDDEN_KEY, live))

    def revive(self, asked: str, kept: str) -> str:
        """Return the JSON body of a recorded answer to *asked* as it is now; tokens are made anew."""
        kept = _TOKEN.sub(self._minted, kept)
        for value, name in self.kept_as.items():
            kept = kept.replace(name, value)
        answer = json.loads(kept)
        if isinstance(answer, dict) and answer.get("results") == AS_ASKED:
            return json.dumps({**answer, "results": _results(asked)})
        return kept

    def target(self, live: str) -> str:
        """Return path and query of a request as the recording has them."""
        path, _, query = live.partition("?")
        if self._real_clock:
            for tid in _TID_ASKED.findall(query):
                self._learn_key(tid)
            query = _CURSOR.sub(f"cursor={LAST}", query)
        said = [(name, self.keep(value)) for name, value in parse_qsl(query, keep_blank_values=True)]
        kept = quote(self.keep(unquote(path)), safe="/:")
        return kept + ("?" + _EXPIRY.sub(f"exp={LATER}", urlencode(said, safe=":/@")) if said else "")

    def asked(self, content: bytes, content_type: str) -> str:
        """Return the body of a request as the recording has it, and learn the names that it gives."""
        if not content_type.startswith("application/json"):
            return digest(content) if content else ""
        live = content.decode()
        if self._real_clock:
            for tid in _TID.findall(live):
                self._learn_key(tid)
        for record in _records(json.loads(live)):
            self._learn_record(record)
        kept = self.keep(live)
        return kept if len(kept) <= JSON_MAX else digest(kept.encode())

    def _learn_key(self, tid: str) -> None:
        # Of the time in a key of ours only the second is that of a clock; the rest is that of the post.
        at = _ASKED_AT.replace(microsecond=time_of(tid).microsecond)
        kept = encoded(at, 0)[:-2] + tid[-2:]
        self.kept_as |= {tid: kept, stamp(time_of(tid)): stamp(at)}

    def _learn_record(self, live: dict[str, Any]) -> None:
        kept = json.loads(self.keep(json.dumps(live, ensure_ascii=False)))
        if kept == live:
            return
        try:
            self.kept_as[of_record(live)] = of_record(kept)
        except ValueError:
            return  # no server takes it, so it has no CID

    def told(self, path: str, asked: str, content: bytes) -> str:
        """Return the JSON body of an answer as the recording has it, and learn the names that it gives.

        It answers the request for *path*, whose body was *asked*.
        """
        live = content.decode()
        answer = json.loads(live)
        if not isinstance(answer, dict):
            return self.keep(live)
        if path.endswith("createAccount") and "did" in answer:
            self.kept_as[answer["did"]] = did_of(answer["handle"])
        for name, kind in _TOKENS.items():
            if _JWT.fullmatch(str(answer.get(name))):
                self._learn_token(kind, answer[name])
        if isinstance(commit := answer.get("commit"), dict):
            self._learn_commit(asked, commit)
        if path.endswith(_MADE):
            for made in (answer, *answer.get("results", ())):
                key = str(made.get("uri", "")).rpartition("/")[2]
                if key and key not in asked and key not in self.kept_as:
                    self.kept_as[key] = self._next_told()
        if "results" in answer and len(asked) > JSON_MAX and answer["results"] == _results(asked):
            answer["results"] = AS_ASKED
        if self._real_clock and "records" in answer:
            answer["records"].sort(key=lambda each: self.keep(each["uri"]))
            answer |= {name: LAST for name in ("cursor",) if name in answer}
        return self.keep(json.dumps(answer, ensure_ascii=False, separators=(",", ":")))

    def _learn_commit(self, asked: str, commit: dict[str, str]) -> None:
        # By what was asked: posts go out side by side, and which commit is the first is chance.
        said = hashlib.sha256(self.keep(asked).encode())
        seconds = int.from_bytes(said.digest()[:3])
        self.kept_as[commit["cid"]] = of_record({"commit": said.hexdigest()})
        self.kept_as[commit["rev"]] = encoded(_TOLD_FROM + timedelta(seconds=seconds), 1)

    def _next_told(self) -> str:
        self._told += 1
        return encoded(_TOLD_FROM + timedelta(seconds=self._told), 0)

    def _learn_token(self, kind: str, token: str) -> None:
        claims = json.loads(_decoded(token.split(".")[1]))
        number = self._ids.setdefault(claims.get("jti", ""), len(self._ids))
        # Two access tokens of a second are the same, so they have no numbers.
        lives = round(claims["exp"] - claims["iat"], -1)  # who asks for an end has asked a moment before
        self.kept_as[token] = f"{kind}-token-{number}-for-{lives}-seconds"

    def _minted(self, name: re.Match[str]) -> str:
        for token, known in self.kept_as.items():
            if known == name[0]:
                return token
        now = int(SystemClock().now().timestamp())
        kind, number, seconds = name.groups()
        claims = {"jti": f"{kind} {number}", "iat": now, "exp": now + int(seconds)}
        token = ".".join(_encoded(each) for each in ({"typ": kind, "alg": "none"}, claims, "played"))
        self.kept_as[token] = name[0]
        return token


def _records(body: Any) -> Iterator[dict[str, Any]]:
    """Find the records that a request writes, as the server has them."""
    if not isinstance(body, dict):
        return
    for write in (body, *body.get("writes", ())):
        record = write.get("record", write.get("value"))
        if isinstance(record, dict):
            yield {"$type": write.get("collection"), **record}


def _results(asked: str) -> list[dict[str, str]]:
    """Return the results of a batch that makes records."""
    body = json.loads(asked)
    return [
        {
            "$type": "com.atproto.repo.applyWrites#createResult",
            "uri": f"at://{body['repo']}/{write['collection']}/{write.get('rkey')}",
            "cid": of_record(write["value"]),
            "validationStatus": "valid",
        }
        for write in body.get("writes", ())
    ]


def digest(content: bytes) -> str:
    return f"{len(content)} bytes of sha-256 {hashlib.sha256(content).hexdigest()}"


def _encoded(claims: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
