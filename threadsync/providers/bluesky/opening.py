"""How an account is opened: where it lives, and the sessions that its server gives for an app password."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct

from threadsync.errors import UsageError
from threadsync.flows.effects import Flow, Response
from threadsync.model.ids import Role
from threadsync.model.urls import is_loopback
from threadsync.providers.accounts import Session
from threadsync.providers.bluesky import api_sessions
from threadsync.providers.bluesky.calls import RENEWAL, SESSION
from threadsync.providers.bluesky.faults import EXPIRED, refusal

ENTRYWAY_SERVERS: Final = ".host.bsky.network"
"""How the names of the servers end whose accounts log in at the network's own address
(https://docs.bsky.app/docs/advanced-guides/entryway)."""


class BlueskySessions(Struct, frozen=True):
    """How an account is opened: with its handle and an app password."""

    identifier: str
    finds_home: bool = False
    """Whether the account may live elsewhere than at the base address, so that its server is found first."""

    @property
    def roles(self) -> frozenset[Role]:
        """What a session fills."""
        return frozenset({SESSION, RENEWAL})

    def open(self) -> Flow[Session]:
        """Log in.

        Raises:
            UsageError: nobody said whose account it is; nothing was sent.
        """
        if not self.identifier:
            raise UsageError(
                "it is not said whose account the app password opens; nothing was sent",
                remedy="Give the client identifier=…, or the target account: …: a handle or a DID.",
            )
        # With its @, as people write a handle, a server takes it for an address of email (observed).
        identifier = self.identifier.removeprefix("@")
        home = (yield from home_of(identifier)) if self.finds_home else ""
        made = yield from api_sessions.create_session(identifier, host=home)
        return _session(made, home)

    def renew(self) -> Flow[Session]:
        """Get the next session."""
        made = yield from api_sessions.refresh_session()
        return _session(made, "")

    def is_over(self, response: Response) -> bool:
        """Whether the session is over; it is said with 400, and nothing was done."""
        fault = refusal(response) if response.status == 400 else None
        return fault is not None and fault.row == EXPIRED


def _session(made: api_sessions.Session, home: str) -> Session:
    secrets = {SESSION: made.access, RENEWAL: made.refresh}
    return Session(secrets, made.expires_at, made.pds_url or home, made.did)


def home_of(identifier: str) -> Flow[str]:
    """Return the address of the server that *identifier* logs in at; empty where that is the network's own.

    A handle leads to a DID, and the DID to a document that names the server, and the handle once more
    (https://atproto.com/specs/handle). An email address leads nowhere.

    Raises:
        ApiError, Unanswered: it could not be found.
        UsageError: what was found cannot be used; the password was not sent.
    """
    is_did = identifier.startswith("did:")
    handle = identifier.removeprefix("@").lower()
    if "@" in handle and not is_did:
        return ""
    did = identifier if is_did else (yield from api_sessions.resolve_handle(handle, public=True))
    document = yield from api_sessions.did_document(did)
    if document.id != did or not (is_did or handle == (document.handle or "").lower()):
        raise UsageError(
            f"{identifier} leads to {did}, and that says that it is {document.handle or document.id};"
            " the password was not sent",
            remedy="Write the account's DID, if you know it; or its handle as it is now.",
        )
    home = document.pds_url or ""
    if not home.startswith("https://") and not is_loopback(home):
        raise UsageError(
            f"{did} names no server that a password could be sent to ({home or 'none'})",
            remedy="Check the account; or say where it lives with base_url.",
        )
    return "" if (urlsplit(home).hostname or "").endswith(ENTRYWAY_SERVERS) else home
