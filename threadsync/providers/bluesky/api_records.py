"""The endpoints that write an account's repository: its records, one by one or many at once.

Writing needs the session of the owner. What is written twice under the same key in the same words is there
once. Sources: https://docs.bsky.app/docs/api/com-atproto-repo-put-record and its neighbours, and the lexicons
``com.atproto.repo``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from msgspec import Struct, field

from threadsync.errors import UsageError
from threadsync.flows.effects import Flow, JsonBody, Request, Visibility
from threadsync.model.ids import Json
from threadsync.providers.answers import Answer, Exchange, Fields
from threadsync.providers.bluesky.calls import call, procedure, procedure_request

WRITES_MAX = 200
"""Writes in one ``apply_writes`` (observed)."""


class Anything:
    """Stands for a condition that is not set: None is one, *nothing is there*."""


ANYTHING: Final = Anything()


class Written(Answer, frozen=True, kw_only=True):
    """A record that was written, or was there in the same words already (then *commit* is None)."""

    uri: str
    cid: str
    commit: str | None = None
    """The state of the repository after it."""
    validation_status: str | None = None
    """``valid``, or ``unknown`` where the server does not know the collection."""
    more: Mapping[str, object] = field(default_factory=dict)
    exchange: Exchange


class Erased(Answer, frozen=True, kw_only=True):
    """A record that is not there; *commit* is None where it was not there before either."""

    commit: str | None = None
    more: Mapping[str, object] = field(default_factory=dict)
    exchange: Exchange


class Applied(Answer, frozen=True, kw_only=True):
    """All writes of one call, in one commit; *cids* are None for deletes."""

    commit: str | None = None
    cids: tuple[str | None, ...] = ()
    more: Mapping[str, object] = field(default_factory=dict)
    exchange: Exchange


class Create(Struct, frozen=True):
    """Makes a record; the whole call fails where one is under its key."""

    collection: str
    rkey: str
    value: Mapping[str, Json]


class Update(Struct, frozen=True):
    """Puts *value* in the place of the record there is; the whole call fails where there is none."""

    collection: str
    rkey: str
    value: Mapping[str, Json]


class Delete(Struct, frozen=True):
    """Deletes a record; the whole call fails where there is none."""

    collection: str
    rkey: str


Write: TypeAlias = Create | Update | Delete


def create_record(
    repo: str,
    collection: str,
    record: Mapping[str, Json],
    *,
    rkey: str | None = None,
    validate: bool | None = None,
    swap_commit: str | None = None,
) -> Flow[Written]:
    """Make a record. **Without** *rkey* **each call makes another one**; with it a second call is an error.

    The error of a second call cannot be told from a broken server (observed); ``put_record`` says it better.

    Endpoint: POST com.atproto.repo.createRecord
    Limits: 3 points of 5,000 an hour and 35,000 a day
    Errors: refused, blob-not-there, rate-limit, server-busy (also where the key is taken)
    Source: https://docs.bsky.app/docs/api/com-atproto-repo-create-record
    """
    body = {
        "repo": repo,
        "collection": collection,
        "rkey": rkey,
        "validate": validate,
        "record": record,
        "swapCommit": swap_commit,
    }
    return procedure("com.atproto.repo.createRecord", body, _written, Visibility.VISIBLE)


def put_record(
    repo: str,
    collection: str,
    rkey: str,
    record: Mapping[str, Json],
    *,
    validate: bool | None = None,
    swap_record: str | Anything | None = ANYTHING,
    swap_commit: str | None = None,
) -> Flow[Written]:
    """Write a record under its key. Writing the same once more changes nothing, and says so.

    *swap_record* is the CID that has to be there now; None means that nothing may be there.

    Endpoint: POST com.atproto.repo.putRecord
    Limits: 2 points of 5,000 an hour and 35,000 a day
    Errors: record-changed, refused, blob-not-there, rate-limit
    Source: https://docs.bsky.app/docs/api/com-atproto-repo-put-record
    """
    request = put_request(
        repo, collection, rkey, record, validate=validate, swap_record=swap_record, swap_commit=swap_commit
    )
    return call(request, _written)


def put_request(
    repo: str,
    collection: str,
    rkey: str,
    record: Mapping[str, Json],
    *,
    validate: bool | None = None,
    swap_record: str | Anything | None = ANYTHING,
    swap_commit: str | None = None,
) -> Request:
    """Return what ``put_record`` sends, for an intent to name it before."""
    maybe = {"validate": validate, "swapCommit": swap_commit}
    body: dict[str, Json] = {name: value for name, value in maybe.items() if value is not None}
    body |= {"repo": repo, "collection": collection, "rkey": rkey, "record": record}
    if not isinstance(swap_record, Anything):
        body["swapRecord"] = swap_record
    return procedure_request("com.atproto.repo.putRecord", JsonBody(body), Visibility.VISIBLE)


def delete_record(
    repo: str,
    collection: str,
    rkey: str,
    *,
    swap_record: str | None = None,
    swap_commit: str | None = None,
) -> Flow[Erased]:
    """Delete a record; that there is none is no error.

    *swap_record* is the CID that has to be there now.

    Endpoint: POST com.atproto.repo.deleteRecord
    Limits: 1 point of 5,000 an hour and 35,000 a day
    Errors: record-changed, rate-limit
    Source: https://docs.bsky.app/docs/api/com-atproto-repo-delete-record
    """
    return call(delete_request(repo, collection, rkey, swap_record, swap_commit), _erased)


def delete_request(
    repo: str, collection: str, rkey: str, swap_record: str | None = None, swap_commit: str | None = None
) -> Request:
    """Return what ``delete_record`` sends, for an intent to name it before."""
    body = {
        "repo": repo,
        "collection": collection,
        "rkey": rkey,
        "swapRecord": swap_record,
        "swapCommit": swap_commit,
    }
    return procedure_request("com.atproto.repo.deleteRecord", body, Visibility.VISIBLE)


def apply_writes(
    repo: str, writes: Sequence[Write], *, validate: bool | None = None, swap_commit: str | None = None
) -> Flow[Applied]:
    """Do all of *writes*, or none of them, in one commit.

    A key that is to be made and is taken, or to be changed or deleted and is not there, fails all of them
    with the error of a broken server (observed).

    Endpoint: POST com.atproto.repo.applyWrites
    Limits: 200 writes; 3 points for each that creates, 2 that updates, 1 that deletes
    Errors: refused (it names the write), record-changed, blob-not-there, rate-limit, server-busy
    Source: https://docs.bsky.app/docs/api/com-atproto-repo-apply-writes

    Raises:
        UsageError: the server would refuse them.
    """
    return call(writes_request(repo, writes, validate=validate, swap_commit=swap_commit), _applied)


def writes_request(
    repo: str, writes: Sequence[Write], *, validate: bool | None = None, swap_commit: str | None = None
) -> Request:
    """Return what ``apply_writes`` sends, for an intent to name it before.

    Raises:
        UsageError: the server would refuse them.
    """
    if not 1 <= len(writes) <= WRITES_MAX:
        raise UsageError(f"{len(writes)} writes", remedy=f"Give 1 to {WRITES_MAX} of them at once.")
    body = {
        "repo": repo,
        "validate": validate,
        "writes": [_write_json(each) for each in writes],
        "swapCommit": swap_commit,
    }
    return procedure_request("com.atproto.repo.applyWrites", body, Visibility.VISIBLE)


def _write_json(write: Write) -> Json:
    kind = f"com.atproto.repo.applyWrites#{type(write).__name__.lower()}"
    named: dict[str, Json] = {"$type": kind, "collection": write.collection, "rkey": write.rkey}
    return named if isinstance(write, Delete) else {**named, "value": write.value}


def _commit_of(body: Fields) -> str | None:
    commit = body.inner("commit")
    found = commit.maybe_text("rev") if commit is not None else None
    body.put_back("commit", commit)
    return found


def _written(body: Fields, how: Exchange) -> Written:
    return Written(
        uri=body.text("uri"),
        cid=body.text("cid"),
        commit=_commit_of(body),
        validation_status=body.maybe_text("validationStatus"),
        more=body.rest,
        exchange=how,
    )


def _erased(body: Fields, how: Exchange) -> Erased:
    return Erased(commit=_commit_of(body), more=body.rest, exchange=how)


def _applied(body: Fields, how: Exchange) -> Applied:
    results = body.entries("results") or ()
    return Applied(
        commit=_commit_of(body),
        cids=tuple(each.maybe_text("cid") for each in results),
        more=body.rest,
        exchange=how,
    )
