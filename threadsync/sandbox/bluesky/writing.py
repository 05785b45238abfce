"""Records written: one by one, or several at once (atproto.com/specs/repository; com.atproto.repo.*).

All writes of a call are worked out first and done together: a call that is refused has written nothing.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from threadsync.sandbox.bluesky import errors
from threadsync.sandbox.bluesky.call import Call, Done
from threadsync.sandbox.bluesky.cids import cid_of_value
from threadsync.sandbox.bluesky.errors import XrpcError
from threadsync.sandbox.bluesky.lexicons import blobs_in, check_of, unstorable, wrong_key
from threadsync.sandbox.bluesky.shapes import is_nsid, is_rkey
from threadsync.sandbox.bluesky.state import Blob, Commit, Record
from threadsync.sandbox.bluesky.values import Json

WRITES_MAX: Final = 200
APPLY: Final = "com.atproto.repo.applyWrites"


class Prepared(Struct, frozen=True):
    """One record that is fit to be written."""

    record: Record
    validation: str
    """``valid``, ``unknown``, or empty where validation was waived."""

    def told(self) -> Json:
        """Return what an answer says of it."""
        told: Json = {"uri": self.record.uri, "cid": self.record.cid}
        return told | ({"validationStatus": self.validation} if self.validation else {})


def create(call: Call) -> Done | XrpcError:
    """Write a new record; a key that is taken is a 500."""
    refused = _not_own(call)
    if refused is not None:
        return refused
    prepared = _prepare(call, call.input, "$.record")
    if isinstance(prepared, XrpcError):
        return prepared
    if (wrong := _swapped_commit(call)) is not None:
        return wrong
    if prepared.record.uri in call.state.records:
        return errors.internal()
    commit = _write(call, [prepared.record])
    return Done(prepared.told() | {"commit": commit})


def put(call: Call) -> Done | XrpcError:
    """Write a record under a key; one that is there already as it is changes nothing, whatever the swap."""
    refused = _not_own(call)
    if refused is not None:
        return refused
    prepared = _prepare(call, call.input, "$.record")
    if isinstance(prepared, XrpcError):
        return prepared
    now_there = call.state.records.get(prepared.record.uri)
    current = now_there.cid if now_there is not None else None
    if current == prepared.record.cid:
        return Done(prepared.told())
    if (wrong := _swapped_commit(call)) is not None:
        return wrong
    checked = call.state.switches.swap_checked and "swapRecord" in call.input
    if checked and call.input["swapRecord"] != current:
        return errors.invalid_swap("Record", current)
    commit = _write(call, [prepared.record])
    return Done(prepared.told() | {"commit": commit})


def delete(call: Call) -> Done | XrpcError:
    """Take a record away; one that is not there is no error."""
    refused = _not_own(call)
    if refused is not None:
        return refused
    uri = f"at://{call.caller.did}/{call.text('collection')}/{call.text('rkey')}"
    now_there = call.state.records.get(uri)
    if now_there is None:
        return Done({})
    if (wrong := _swapped_commit(call)) is not None:
        return wrong
    if "swapRecord" in call.input and call.input["swapRecord"] != now_there.cid:
        return errors.invalid_swap("Record", now_there.cid)
    return Done({"commit": _write(call, [], [now_there])})


def apply(call: Call) -> Done | XrpcError:
    """Write up to 200 records in one commit: all of them or none."""
    refused = _not_own(call)
    if refused is not None:
        return refused
    writes = call.input["writes"]
    assert isinstance(writes, list), "the input was looked at"
    if len(writes) > WRITES_MAX:
        return errors.invalid(f"Too many writes. Max: {WRITES_MAX}")
    planned: list[tuple[str, Prepared | Record]] = []
    for number, write in enumerate(writes):
        action = str(write.get("$type", "")).removeprefix(f"{APPLY}#")
        found = _planned(call, write, action, number)
        if isinstance(found, XrpcError):
            return found
        planned.append((action, found))
    if (wrong := _swapped_commit(call)) is not None:
        return wrong
    if not _fits(call, planned):
        return errors.internal()
    written = [each.record for _, each in planned if isinstance(each, Prepared)]
    most = call.state.switches.batch_writes_max
    if len(written) > most:
        _write(call, written[:most])
        return errors.internal()
    commit = _write(call, written, [each for _, each in planned if isinstance(each, Record)])
    return Done({"commit": commit, "results": [_result(action, each) for action, each in planned]})


def _planned(call: Call, write: Json, action: str, number: int) -> Prepared | Record | XrpcError:
    path = f"$.writes[{number}]"
    if action not in {"create", "update", "delete"}:
        return errors.invalid(f"Action not supported: {action}")
    if action == "delete":
        uri = f"at://{call.caller.did}/{write.get('collection')}/{write.get('rkey')}"
        # What is not there is found out with the rest: until then it stands for itself.
        missing = Record(call.caller.did, str(write.get("collection")), str(write.get("rkey")), "", {}, 0.0)
        return call.state.records.get(uri, missing)
    value = {name: each for name, each in write.items() if name != "value"}
    return _prepare(call, value | {"record": write.get("value")}, f"{path}.record")


def _fits(call: Call, planned: list[tuple[str, Prepared | Record]]) -> bool:
    """Whether every write finds what it needs: a free key, or a record; one key is written once."""
    seen: set[str] = set()
    for action, each in planned:
        uri = each.record.uri if isinstance(each, Prepared) else each.uri
        if uri in seen or (uri in call.state.records) is (action == "create"):
            return False
        seen.add(uri)
    return True


def _result(action: str, each: Prepared | Record) -> Json:
    kind: Json = {"$type": f"{APPLY}#{action}Result"}
    return kind | each.told() if isinstance(each, Prepared) else kind


def _not_own(call: Call) -> XrpcError | None:
    """Refuse a repository that is not the caller's."""
    owner = call.state.account(call.text("repo"))
    if owner is None:
        return XrpcError(403, "AccountNotFound", f"Could not find repo: {call.text('repo')}")
    return None if owner == call.caller else errors.auth_required("Authentication Required")


def _swapped_commit(call: Call) -> XrpcError | None:
    wanted = call.input.get("swapCommit")
    head = call.state.heads.get(call.caller.did)
    current = head.cid if head is not None else None
    return errors.invalid_swap("Commit", current) if wanted is not None and wanted != current else None


def _prepare(call: Call, write: Json, path: str) -> Prepared | XrpcError:
    """Look at one record as the server does before it writes."""
    value, collection = write.get("record"), write.get("collection")
    if not isinstance(collection, str) or not is_nsid(collection):
        return errors.invalid(
            f"Invalid NSID (got {collection!r}) at {path.removesuffix('.record')}.collection"
        )
    if not isinstance(value, dict):
        return errors.invalid(f"Expected object value type at {path}")
    if (wrong := unstorable(value, path)) is not None:
        return errors.invalid(wrong)
    record: Json = value if "$type" in value else {**value, "$type": collection}
    if record["$type"] != collection:
        return errors.invalid(f"Invalid $type: expected {collection}, got {record['$type']}")
    rkey = str(write["rkey"]) if write.get("rkey") is not None else call.state.next_tid(call.now)
    if not is_rkey(rkey):
        return errors.invalid(f"Input/rkey must be a valid record key: {rkey!r}")
    status = _validate(call, collection, record, path)
    if isinstance(status, XrpcError):
        return status
    if problem := wrong_key(collection, rkey):
        return errors.invalid(problem)
    if (missing := _missing_blob(call, record)) is not None:
        return missing
    record = _rewritten(call, record)
    cid = cid_of_value(record)
    return Prepared(Record(call.caller.did, collection, rkey, cid, record, call.now), status)


def _rewritten(call: Call, record: Json) -> Json:
    match call.state.switches.records_rewritten:
        case "words":
            return {**record, "via": "a server"}
        case "dates":
            return {**record, "via": "a server", "createdAt": "2026-01-01T00:00:00.000000Z"}
        case _:
            return record


def _validate(call: Call, collection: str, record: Json, path: str) -> str | XrpcError:
    wanted = call.input.get("validate")
    if wanted is False:
        return ""
    check = check_of(collection, call.state.switches.generation)
    if check is None:
        return errors.invalid(f"Unknown lexicon type: {collection}") if wanted is True else "unknown"
    wrong = check(record, path)
    return errors.invalid(f"Invalid {collection} record: {wrong}") if wrong is not None else "valid"


def _missing_blob(call: Call, record: Json) -> XrpcError | None:
    """Compare each blob with what was uploaded; what is permanent already is not compared."""
    for wanted in blobs_in(record):
        found = call.state.blobs[call.caller.did].get(wanted.cid)
        if found is None or _is_thrown_away(call, found):
            return XrpcError(400, "BlobNotFound", f"Could not find blob: {wanted.cid}")
        if found.is_permanent:
            continue
        if wanted.mime_type != found.mime_type:
            said = f"expected: {found.mime_type}, got: {wanted.mime_type}"
            return XrpcError(
                400, "InvalidMimeType", f"Referenced Mimetype does not match stored blob: {said}"
            )
        if wanted.size != found.size:
            said = f"expected: {found.size}, got: {wanted.size}"
            return XrpcError(400, "InvalidSize", f"Referenced Size does not match stored blob: {said}")
    return None


def _is_thrown_away(call: Call, blob: Blob) -> bool:
    kept_until = blob.sent_at + call.state.switches.temporary_blob_seconds
    return not blob.is_permanent and call.now > kept_until


def _write(call: Call, written: list[Record], removed: list[Record] | None = None) -> Json:
    """Change the repository, and return its new head; the blobs of new records become permanent."""
    state, did = call.state, call.caller.did
    for record in removed or []:
        state.deletions.append(state.records.pop(record.uri))
    for record in written:
        state.records[record.uri] = record
        for wanted in blobs_in(record.value):
            found = state.blobs[did][wanted.cid]
            state.blobs[did][wanted.cid] = replace(found, is_permanent=True)
    rev = state.next_tid(call.now)
    previous = state.heads.get(did)
    changed: list[object] = [each.uri + each.cid for each in (*written, *(removed or []))]
    head: Json = {"did": did, "rev": rev, "prev": previous.cid if previous else None, "ops": changed}
    state.heads[did] = Commit(cid_of_value(head), rev)
    return {"cid": state.heads[did].cid, "rev": rev}
