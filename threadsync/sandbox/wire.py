"""HTTP to the model's request: parameters out of query, form, multipart or JSON.

Every way of passing parameters that the network takes is taken here (developers.facebook.com/docs/
threads/posts shows query strings, the vendor's own sample posts forms). A parameter of the body wins
over one of the query.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from email.parser import BytesParser
from email.policy import HTTP
from urllib.parse import parse_qsl

from threadsync.sandbox.threads import Request

BODY_BYTES_MAX = 1024 * 1024


class MalformedBody(ValueError):
    """A body that is not of the type it says it is, or too large."""


def read_request(method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Request:
    """Make the model's request; raises :class:`MalformedBody`. *headers* have lower-case names."""
    params = dict(parse_qsl(query, keep_blank_values=True))
    params |= _read_body(headers.get("content-type", ""), body)
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    token = params.get("access_token") or (bearer.strip() if scheme.lower() == "bearer" else None)
    return Request.of(method, path, params, token=token)


def _read_body(content_type: str, body: bytes) -> dict[str, str]:
    if len(body) > BODY_BYTES_MAX:
        raise MalformedBody(f"a body has at most {BODY_BYTES_MAX} bytes")
    kind = content_type.partition(";")[0].strip().lower()
    if not body:
        return {}
    if kind == "application/json":
        return _read_json(body)
    if kind == "multipart/form-data":
        return _read_multipart(content_type, body)
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True))
    except UnicodeDecodeError as error:
        raise MalformedBody("the body is not UTF-8") from error


def _read_json(body: bytes) -> dict[str, str]:
    try:
        found: object = json.loads(body)
        json.dumps(found, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except ValueError as error:
        raise MalformedBody("the body is no JSON") from error
    if not isinstance(found, dict):
        raise MalformedBody("a JSON body is an object")
    return {str(name): _as_text(value) for name, value in found.items() if value is not None}


def _as_text(value: object) -> str:
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case list() if all(isinstance(row, str | int) for row in value):
            return ",".join(str(row) for row in value)
        case list() | dict():
            return json.dumps(value, ensure_ascii=False)
    return str(value)


def _read_multipart(content_type: str, body: bytes) -> dict[str, str]:
    message = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    params: dict[str, str] = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            try:
                params[name] = content.decode()
            except UnicodeDecodeError as error:
                raise MalformedBody(f"the part {name!r} is not UTF-8") from error
    return params
