"""The network's refusals, as values: ``{"error": NAME, "message": TEXT}`` (atproto.com/specs/xrpc)."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from threadsync.sandbox.bluesky.state import State
from threadsync.sandbox.bluesky.values import Generation, Json, Response


class XrpcError(Struct, frozen=True):
    """One refusal, before it is put into its envelope."""

    status: int
    name: str
    """Empty for the directory, whose refusals have a message only."""
    message: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> Response:
        """Put the refusal into its envelope."""
        said: Json = {"error": self.name, "message": self.message}
        body = {name: text for name, text in said.items() if text}
        return Response(self.status, body, dict(self.headers), acted=False)


def invalid(message: str) -> XrpcError:
    """400 InvalidRequest: validation, and whatever has no name of its own."""
    return XrpcError(400, "InvalidRequest", message)


def bad_params(state: State, name: str) -> XrpcError:
    """400 for a parameter that is missing or wrong; 0.4.217 has a bug, and answers 500."""
    if state.switches.generation == Generation.V0_4:
        return internal()
    return invalid(f"Error: the parameter {name!r} is missing or not fit")


def invalid_swap(what: str, current: str | None) -> XrpcError:
    """400 InvalidSwap: what was to be replaced is not what is there; the message says what is."""
    return XrpcError(400, "InvalidSwap", f"{what} was at {current or 'null'}")


def record_not_found(uri: str) -> XrpcError:
    """400 RecordNotFound."""
    return XrpcError(400, "RecordNotFound", f"Could not locate record: {uri}")


def expired(message: str) -> XrpcError:
    """400, and not 401, ExpiredToken: refresh, or log in again."""
    return XrpcError(400, "ExpiredToken", message)


def invalid_token(message: str) -> XrpcError:
    """400 InvalidToken: a token of the wrong kind, or none of ours."""
    return XrpcError(400, "InvalidToken", message)


def auth_missing() -> XrpcError:
    """401 AuthMissing: no token at all."""
    return XrpcError(401, "AuthMissing", "Authentication Required")


def auth_required(message: str) -> XrpcError:
    """401 AuthenticationRequired: a wrong password, or somebody else's repository."""
    return XrpcError(401, "AuthenticationRequired", message)


def internal() -> XrpcError:
    """500: the server stumbled; a key that is taken looks like that too."""
    return XrpcError(500, "InternalServerError", "Internal Server Error")


def stumbled(status: int) -> XrpcError:
    """Answer 500, 502, 503 or 504 (docs.bsky.app/docs/advanced-guides/xrpc, the table of statuses)."""
    names = {502: "UpstreamFailure", 503: "NotEnoughResources", 504: "UpstreamTimeout"}
    return XrpcError(status, names[status], "") if status in names else internal()


def throttled(headers: Mapping[str, str]) -> XrpcError:
    """429 (docs.bsky.app/docs/advanced-guides/rate-limits)."""
    return XrpcError(429, "RateLimitExceeded", "Rate Limit Exceeded", headers)


def no_service(nsid: str) -> XrpcError:
    """400: a method the server has not, and no service behind it."""
    return invalid(f"No service configured for {nsid}")


def too_large() -> XrpcError:
    """413 PayloadTooLarge: a blob over the server's limit."""
    return XrpcError(413, "PayloadTooLarge", "request entity too large")


def body_too_large() -> XrpcError:
    """413 for a JSON body; the older servers name it otherwise."""
    return XrpcError(413, "PayloadTooLargeError", "request entity too large")
