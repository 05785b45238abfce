"""The log of conversations, of which this network has none: an empty one, with the log's rule for cursors."""

from __future__ import annotations

from threadsync.sandbox.bluesky.call import Call, Done
from threadsync.sandbox.bluesky.errors import XrpcError
from threadsync.sandbox.bluesky.tids import tid


def get_log(call: Call) -> Done | XrpcError:
    """Begin now without a cursor, and go on from one: a log that runs forward (chat.bsky.convo.getLog)."""
    cursor = call.param("cursor") or tid(int(call.now * 1_000_000), call.state.seed)
    return Done({"cursor": cursor, "logs": []})
