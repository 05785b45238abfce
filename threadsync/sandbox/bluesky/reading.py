"""Records and blobs read (com.atproto.repo.getRecord, listRecords, com.atproto.sync.getBlob)."""

from __future__ import annotations

from typing import Final

from threadsync.sandbox.bluesky import errors, identity, shapes
from threadsync.sandbox.bluesky.call import Call, Done
from threadsync.sandbox.bluesky.errors import XrpcError
from threadsync.sandbox.bluesky.state import Account, Blob, Record
from threadsync.sandbox.bluesky.values import Json

PAGE: Final = 50
PAGE_MAX: Final = 100


def get(call: Call) -> Done | XrpcError:
    """Read one record, by DID or handle; of an older version only the newest CID is known."""
    for name in ("repo", "collection", "rkey"):
        if not call.param(name):
            return errors.bad_params(call.state, name)
    owner = _owner(call)
    if isinstance(owner, XrpcError):
        return owner
    if owner is None:
        return errors.invalid("Could not locate record")
    uri = f"at://{owner.did}/{call.param('collection')}/{call.param('rkey')}"
    found = call.state.records.get(uri)
    if found is None or not is_shown(call, found) or call.param("cid") not in {"", found.cid}:
        return errors.record_not_found(uri)
    return Done(row(found))


def describe_repo(call: Call) -> Done | XrpcError:
    """Say whose repository it is, and which collections it has."""
    owner = _owner(call)
    if isinstance(owner, XrpcError):
        return owner
    if owner is None:
        return XrpcError(400, "RepoNotFound", f"Could not find repo for DID: {call.param('repo')}")
    found = {each.collection for each in call.state.records.values() if each.did == owner.did}
    return Done(
        {
            "handle": owner.handle,
            "did": owner.did,
            "didDoc": identity.document(call.state, owner),
            "collections": sorted(found),
            "handleIsCorrect": True,
        }
    )


def _owner(call: Call) -> Account | XrpcError | None:
    """Find whose repository is asked for, by handle or DID (atproto.com/specs/lexicon, at-identifier)."""
    name = call.param("repo")
    if not (shapes.is_did(name) or shapes.is_handle(name)):
        return errors.bad_params(call.state, "repo")
    return call.state.account(name)


def page_size(call: Call, *, default: int = PAGE) -> int | XrpcError:
    """Read ``limit``: 1 to 100."""
    given = call.param("limit")
    if not given:
        return default
    if not given.isdecimal() or not 1 <= int(given) <= PAGE_MAX:
        return errors.bad_params(call.state, "limit")
    return int(given)


def list_records(call: Call) -> Done | XrpcError:
    """Read a page of a collection: newest key first unless ``reverse``; the cursor is the last key."""
    owner = _owner(call)
    if isinstance(owner, XrpcError):
        return owner
    if owner is None:
        return errors.invalid(f"Could not find repo: {call.param('repo')}")
    size = page_size(call)
    if isinstance(size, XrpcError):
        return size
    rows = [each for each in call.state.of(owner.did, call.param("collection")) if is_shown(call, each)]
    cursor = call.param("cursor")
    if call.param("reverse") == "true":
        rows = [each for each in reversed(rows) if not cursor or each.rkey > cursor]
    else:
        rows = [each for each in rows if not cursor or each.rkey < cursor]
    page = rows[:size]
    body: Json = {"records": [row(each) for each in page]}
    return Done(body | ({"cursor": page[-1].rkey} if page else {}))


def is_shown(call: Call, record: Record) -> bool:
    """Whether reads show a record yet."""
    lag_seconds = call.state.switches.reading_lag_seconds
    return not lag_seconds or record.indexed_at + lag_seconds <= call.now


def row(record: Record) -> Json:
    """Return a record as lists and reads give it."""
    return {"uri": record.uri, "cid": record.cid, "value": record.value}


def upload(call: Call) -> Done | XrpcError:
    """Take bytes; the same ones again are the same blob, and the type is what they are."""
    sent, state = call.request.upload, call.state
    if sent is None or not sent.declared:
        return errors.invalid("Request encoding (Content-Type) required but not provided")
    if sent.size > state.switches.blob_bytes_max:
        return errors.too_large()
    own = state.blobs.setdefault(call.caller.did, {})
    known = own.get(sent.cid)
    kind = sent.mime_type or sent.declared
    if known is None or not known.is_permanent:
        own[sent.cid] = known = Blob(sent.cid, kind, sent.size, sent_at=call.now)
    return Done({"blob": reference(known)})


def reference(blob: Blob) -> Json:
    """Return what a record says of a blob (atproto.com/specs/data-model, blob)."""
    return {"$type": "blob", "ref": {"$link": blob.cid}, "mimeType": blob.mime_type, "size": blob.size}


def get_blob(call: Call) -> Done | XrpcError:
    """Give the bytes of a blob that a record refers to."""
    found = call.state.blobs.get(call.param("did"), {}).get(call.param("cid"))
    if found is None or not found.is_permanent:
        return errors.invalid("Blob not found")
    return Done(blob=found.cid)
