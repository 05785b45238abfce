"""The Bluesky network, pure: ``handle(state, request, now)`` answers one call.

    state = new_state([Profile("lift-report.test")], seed=1)
    login = {"identifier": "lift-report.test", "password": "sandbox-lift-report.test"}
    answer = handle(state, Request.of("POST", "/xrpc/com.atproto.server.createSession", input=login), now=1.0)

Written from atproto.com/specs, docs.bsky.app and the lexicons; the guesses are in :data:`INVENTED`.
"""

from threadsync.sandbox.bluesky.control import (
    add_profile,
    arm,
    disarm,
    expire_sessions,
    ledger,
    new_state,
    reset,
    switch,
)
from threadsync.sandbox.bluesky.faults import GROUPS, Fault
from threadsync.sandbox.bluesky.invented import INVENTED
from threadsync.sandbox.bluesky.model import handle, run_due
from threadsync.sandbox.bluesky.state import State
from threadsync.sandbox.bluesky.values import Generation, Profile, Request, Response, Switches, Upload

__all__ = [
    "GROUPS",
    "INVENTED",
    "Fault",
    "Generation",
    "Profile",
    "Request",
    "Response",
    "State",
    "Switches",
    "Upload",
    "add_profile",
    "arm",
    "disarm",
    "expire_sessions",
    "handle",
    "ledger",
    "new_state",
    "reset",
    "run_due",
    "switch",
]
