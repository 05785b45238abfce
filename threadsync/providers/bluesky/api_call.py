"""Any method of XRPC by its NSID, for what has no function of its own here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, Literal

from threadsync.errors import ApiError, Unanswered
from threadsync.flows.core import send
from threadsync.flows.effects import BytesBody, FilePart, Flow, JsonBody, NoResponse, Request, Visibility
from threadsync.model.ids import Json
from threadsync.model.secret import SecretText
from threadsync.providers.answers import Answer, Exchange, exchange_of
from threadsync.providers.bluesky.calls import SESSION, asked
from threadsync.providers.bluesky.faults import refusal


class Reply(Answer, frozen=True):
    """What a method answered.

    *body* is its JSON with attributes for names (``answer.body.profile.displayName``), lists as lists; None
    where the answer is no JSON. *content* is what came, byte by byte.
    """

    hidden = frozenset({"exchange", "content"})

    body: Any
    content: bytes
    exchange: Exchange


def call(
    method: Literal["GET", "POST"],
    nsid: str,
    params: Mapping[str, str | int | bool | tuple[str, ...] | None] | None = None,
    data: Mapping[str, Json] | BytesBody | FilePart | None = None,
    headers: Mapping[str, str] | None = None,
    *,
    host: str = "",
    session: bool = True,
    token: SecretText | None = None,
) -> Flow[Reply]:
    """Call *nsid*: a query with GET, a procedure with POST and *data*.

    *host* is one of the network's others (``public``, ``video``) or an address. *session* says whether the
    call carries the account's, which no other than its own server is ever shown; *token* is shown instead,
    as a service wants one (``get_service_auth``). ``headers=CHAT`` has a call handed on to the service for
    messages. A POST counts as visible to others: it is sent once and never again by itself.

    Endpoint: GET or POST /xrpc/{nsid}
    Source: https://atproto.com/specs/xrpc

    Raises:
        ApiError: the server refused.
        Unanswered: no answer came.
    """
    body = JsonBody(dict(data)) if isinstance(data, Mapping) else data
    visibility = Visibility.READ if method == "GET" else Visibility.VISIBLE
    request = Request(
        method,
        f"/xrpc/{nsid}",
        asked(params or {}),
        body,
        token if token is not None else SESSION if session and not host else None,
        visibility,
        host=host,
        headers=headers or {},
    )
    outcome = yield from send(request)
    where = f"{method} {request.path}"
    if isinstance(outcome, NoResponse):
        raise Unanswered(outcome.reason, sent=outcome.sent, where=where)
    fault = refusal(outcome)
    if fault is not None:
        raise ApiError(fault, where=where)
    how = exchange_of(outcome)
    return Reply(_attributes(outcome.body), outcome.body, how)


def _attributes(content: bytes) -> Any:
    try:
        return json.loads(content, object_hook=lambda found: SimpleNamespace(**found))
    except (ValueError, RecursionError):
        return None
