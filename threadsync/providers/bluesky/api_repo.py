"""The endpoints that read a repository, and the one that sends the files that its records refer to.

A repository is open to everybody; only sending a file needs a session. Sources:
https://docs.bsky.app/docs/api/com-atproto-repo-list-records and its neighbours, and the lexicons
``com.atproto.repo``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from msgspec import field
from msgspec.structs import replace

from threadsync.flows.effects import BytesBody, FilePart, Flow, Visibility
from threadsync.model.ids import Json
from threadsync.providers.answers import Answer, Exchange, Fields, Page
from threadsync.providers.bluesky.calls import call, json_of, page_limit, procedure_request, query

T = TypeVar("T")


class Record(Answer, frozen=True, kw_only=True):
    """A record as it is."""

    uri: str
    cid: str | None
    value: Mapping[str, Json]
    more: Mapping[str, object] = field(default_factory=dict)
    exchange: Exchange | None = None
    """None for an entry of a list, whose page has it."""


class Blob(Answer, frozen=True, kw_only=True):
    """A file that was sent; *value* is what a record refers to it by, and to be used as it is."""

    value: Mapping[str, Json]
    cid: str
    mime_type: str
    size_bytes: int
    exchange: Exchange


class Repo(Answer, frozen=True, kw_only=True):
    """Whose repository it is, and what is in it."""

    did: str
    handle: str
    collections: tuple[str, ...] = ()
    handle_is_correct: bool | None = None
    more: Mapping[str, object] = field(default_factory=dict)
    exchange: Exchange


def get_record(repo: str, collection: str, rkey: str, *, cid: str | None = None) -> Flow[Record]:
    """Read a record; needs no session. With *cid* it has to be that very version.

    Endpoint: GET com.atproto.repo.getRecord
    Errors: record-gone, refused (no such repository)
    Source: https://docs.bsky.app/docs/api/com-atproto-repo-get-record
    """
    params = {"repo": repo, "collection": collection, "rkey": rkey, "cid": cid}
    return query("com.atproto.repo.getRecord", params, _record, None)


def list_records(
    repo: str,
    collection: str,
    *,
    limit: int | None = None,
    cursor: str | None = None,
    reverse: bool | None = None,
) -> Flow[Page[Record]]:
    """Read one page of a collection, the newest key first; needs no session.

    A *cursor* is the last key of a page: what follows is older, or newer with *reverse*.

    Endpoint: GET com.atproto.repo.listRecords
    Limits: 1 to 100 entries a page
    Source: https://docs.bsky.app/docs/api/com-atproto-repo-list-records
    """
    params = {
        "repo": repo,
        "collection": collection,
        "limit": page_limit(limit),
        "cursor": cursor,
        "reverse": reverse,
    }
    read = page_of("records", _entry, cursor, grows=reverse is True)
    return query("com.atproto.repo.listRecords", params, read, None)


def describe_repo(repo: str) -> Flow[Repo]:
    """Ask whose repository it is, and which collections it has; needs no session.

    Endpoint: GET com.atproto.repo.describeRepo
    Source: https://docs.bsky.app/docs/api/com-atproto-repo-describe-repo
    """
    return query("com.atproto.repo.describeRepo", {"repo": repo}, _repo, None)


def upload_blob(content: FilePart | BytesBody, *, timeout_seconds: float | None = None) -> Flow[Blob]:
    """Send a file, so that a record can refer to it; one that nothing refers to is thrown away after hours.

    The server looks itself at what it is, so its answer may name another type than was said.
    *timeout_seconds* is for the whole of it.

    Endpoint: POST com.atproto.repo.uploadBlob
    Limits: 1,000 a day; as many bytes as ``describe_server`` tells. What a record allows is checked with it.
    Errors: too-large, rate-limit
    Source: https://docs.bsky.app/docs/api/com-atproto-repo-upload-blob
    """
    request = procedure_request("com.atproto.repo.uploadBlob", content, Visibility.STAGE)
    return call(replace(request, timeout_seconds=timeout_seconds), _blob)


def page_of(
    name: str, read: Callable[[Fields], T], asked_with: str | None, *, grows: bool = False
) -> Callable[[Fields, Exchange], Page[T]]:
    """Return what reads one page of a list that stands under *name*, each entry with *read*.

    The list ends where there is no cursor, or the one that it was *asked with*
    (https://atproto.com/specs/xrpc: cursors are opaque, and the last page has none). One that *grows* at its
    end is gone on with behind the last cursor there was.
    """

    def page(body: Fields, how: Exchange) -> Page[T]:
        data = tuple(read(entry) for entry in body.entries(name) or ())
        cursor = body.maybe_text("cursor")
        after = None if cursor == asked_with else cursor
        return Page(data, after, how, None, body.rest, (cursor or asked_with) if grows else None)

    return page


def _entry(body: Fields) -> Record:
    return Record(
        uri=body.text("uri"), cid=body.maybe_text("cid"), value=json_of(body.whole("value")), more=body.rest
    )


def _record(body: Fields, how: Exchange) -> Record:
    return replace(_entry(body), exchange=how)


def _repo(body: Fields, how: Exchange) -> Repo:
    return Repo(
        did=body.text("did"),
        handle=body.text("handle"),
        collections=body.names("collections") or (),
        handle_is_correct=body.flag("handleIsCorrect"),
        more=body.rest,
        exchange=how,
    )


def _blob(body: Fields, how: Exchange) -> Blob:
    value = json_of(body.whole("blob"))
    told = Fields(value)
    reference = told.inner("ref")
    size = told.number("size")
    if reference is None or size is None:
        raise ValueError("it does not say what it is called, or how large it is")
    return Blob(
        value=value,
        cid=reference.text("$link"),
        mime_type=told.text("mimeType"),
        size_bytes=size,
        exchange=how,
    )
