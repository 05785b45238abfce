"""Who is who: handles, DID documents, and what the server says of itself (atproto.com/specs/did, handle)."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from threadsync.sandbox.bluesky import errors
from threadsync.sandbox.bluesky.call import Call, Done
from threadsync.sandbox.bluesky.errors import XrpcError
from threadsync.sandbox.bluesky.shapes import is_handle
from threadsync.sandbox.bluesky.state import Account, State
from threadsync.sandbox.bluesky.values import Generation, Json

DIRECTORY: Final = "/plc/"
"""Where the sandbox's directory of DIDs answers; plc.directory answers at its root (``plc-path``)."""


def service_did(state: State) -> str:
    """Return the DID of the server: that of its host, its port left out."""
    return f"did:web:{urlsplit(state.base_url).hostname}"


def document(state: State, account: Account) -> Json:
    """Return the DID document of an account (atproto.com/specs/did)."""
    key = f"zQ3s{account.did.rpartition(':')[2]}"
    return {
        "@context": [
            "https://www.w3.org/ns/did/v1",
            "https://w3id.org/security/multikey/v1",
        ],
        "id": account.did,
        "alsoKnownAs": [f"at://{account.handle}"],
        "verificationMethod": [
            {
                "id": f"{account.did}#atproto",
                "type": "Multikey",
                "controller": account.did,
                "publicKeyMultibase": key,
            }
        ],
        "service": [
            {
                "id": "#atproto_pds",
                "type": "AtprotoPersonalDataServer",
                "serviceEndpoint": state.base_url,
            }
        ],
    }


def directory(call: Call) -> Done | XrpcError:
    """Answer as the directory of DIDs does (web.plc.directory, GET /{did})."""
    did = call.request.path.removeprefix(DIRECTORY)
    account = call.state.accounts.get(did)
    if account is None:
        return XrpcError(404, "", f"DID not registered: {did}")
    return Done(document(call.state, account))


def resolve_handle(call: Call) -> Done | XrpcError:
    """Find the DID of a handle."""
    handle = call.param("handle")
    if not handle:
        return errors.bad_params(call.state, "handle")
    if not is_handle(handle):
        return errors.bad_params(call.state, "handle")
    found = next((each for each in call.state.accounts.values() if each.handle == handle.lower()), None)
    if found is not None:
        return Done({"did": found.did})
    if call.state.switches.generation == Generation.V0_4:
        return errors.invalid("Unable to resolve handle")
    return XrpcError(400, "HandleNotFound", "Unable to resolve handle")


def describe_server(call: Call) -> Done | XrpcError:
    """Say what the server is and takes; only the newer ones tell their limit for blobs."""
    body: Json = {
        "did": service_did(call.state),
        "availableUserDomains": [".test"],
        "inviteCodeRequired": False,
        "links": {},
        "contact": {},
    }
    if call.state.switches.generation != Generation.V0_4:
        body["blobUploadLimit"] = call.state.switches.blob_bytes_max
    return Done(body)


def health(call: Call) -> Done | XrpcError:
    """Say that the server is there; only the newer ones say which."""
    is_old = call.state.switches.generation == Generation.V0_4
    return Done({} if is_old else {"version": "0.5.35"})
