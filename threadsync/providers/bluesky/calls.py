"""How a method of XRPC is called; ``api`` and its parts are made of it.

A query is a GET and a procedure a POST, both at ``/xrpc/NSID`` (https://atproto.com/specs/xrpc). What a
session is needed for goes to the account's own server; what everybody may read, to the public one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from threadsync.errors import UsageError
from threadsync.flows.effects import Body, Flow, JsonBody, Params, Request, SecretJson, Visibility
from threadsync.model.ids import Json, Role
from threadsync.providers.answers import Exchange, Fields, read_answer
from threadsync.providers.bluesky.faults import refusal

T = TypeVar("T")

SESSION: Final = Role("session")
"""What a login gives: it opens the account for two hours."""
RENEWAL: Final = Role("renewal")
"""What the next session is asked for with, for some months."""

PUBLIC: Final = "public"
"""Reads what everybody may read; it is never shown who asks."""
VIDEO: Final = "video"
DIRECTORY: Final = "directory"
"""Says where the accounts of did:plc live."""
CHAT: Final[Mapping[str, str]] = {"Atproto-Proxy": "did:web:api.bsky.chat#bsky_chat"}
"""Has the account's server hand a call on to the service for messages
(https://docs.bsky.app/docs/api/chat-bsky-convo-get-log)."""


def call(request: Request, read: Callable[[Fields, Exchange], T]) -> Flow[T]:
    """Send *request* and read its answer; an answer that cannot be read counts as none."""
    return read_answer(request, refusal, read)


def query(  # noqa: PLR0917  (a call is what it is named, what it is asked, and how it is read)
    nsid: str,
    params: Mapping[str, str | int | bool | tuple[str, ...] | None],
    read: Callable[[Fields, Exchange], T],
    auth: Role | None = SESSION,
    host: str = "",
    headers: Mapping[str, str] | None = None,
) -> Flow[T]:
    """Read what the query *nsid* answers; params that are None are left out."""
    return call(
        Request("GET", f"/xrpc/{nsid}", asked(params), auth=auth, host=host, headers=headers or {}), read
    )


def procedure(  # noqa: PLR0917
    nsid: str,
    body: Mapping[str, SecretJson | None] | Body,
    read: Callable[[Fields, Exchange], T],
    visibility: Visibility,
    auth: Role | None = SESSION,
    answer_secrets: tuple[str, ...] = (),
    host: str = "",
) -> Flow[T]:
    """Call the procedure *nsid*; what is None of *body* is left out, and no body at all is sent for None."""
    return call(procedure_request(nsid, body, visibility, auth, answer_secrets, host), read)


def procedure_request(  # noqa: PLR0917
    nsid: str,
    body: Mapping[str, SecretJson | None] | Body,
    visibility: Visibility,
    auth: Role | None = SESSION,
    answer_secrets: tuple[str, ...] = (),
    host: str = "",
) -> Request:
    """Return what ``procedure`` sends."""
    sent = JsonBody({n: v for n, v in body.items() if v is not None}) if isinstance(body, Mapping) else body
    return Request(
        "POST",
        f"/xrpc/{nsid}",
        body=sent,
        auth=auth,
        visibility=visibility,
        answer_secrets=answer_secrets,
        host=host,
    )


def asked(params: Mapping[str, str | int | bool | tuple[str, ...] | None]) -> Params:
    """Return *params* as a query writes them: yes and no as words, and what is None not at all."""
    return {name: _written(value) for name, value in params.items() if value is not None}


def _written(value: str | int | bool | tuple[str, ...]) -> str | tuple[str, ...]:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case _:
            return value


def page_limit(limit: int | None, most: int = 100) -> int | None:
    """Return *limit*, the entries of a page.

    Raises:
        UsageError: the server would refuse it.
    """
    if limit is not None and not 1 <= limit <= most:
        raise UsageError(f"limit is {limit}", remedy=f"Give 1 to {most} entries a page.")
    return limit


def json_of(value: object) -> dict[str, Json]:
    """Return *value*, which the wire gave us as a JSON object.

    Raises:
        TypeError: it is none.
    """
    if not isinstance(value, dict):
        raise TypeError("it is not a JSON object")
    return value
