"""The Threads network, pure: ``handle(state, request, now, fetch)`` answers one call.

    state = new_state([Profile("lift_report")], seed=1, now=0.0)
    answer = handle(state, Request.of("GET", "/me", token="sandbox-lift_report"), now=1.0)

Written from developers.facebook.com/docs/threads; the guesses are in :data:`INVENTED`.
"""

from threadsync.sandbox.threads.codec import state_from_json, state_to_json
from threadsync.sandbox.threads.commands import (
    AddPlace,
    AddProfile,
    Arm,
    Command,
    Disarm,
    ExpireToken,
    MoveClock,
    PostAs,
    Read,
    Reset,
    SetApp,
    SetSwitches,
    Subscribe,
    Tick,
    Vote,
)
from threadsync.sandbox.threads.control import (
    account_id,
    add_profile,
    apply,
    ledger,
    new_state,
    set_app,
)
from threadsync.sandbox.threads.faults import Fault, FaultKind, Operation
from threadsync.sandbox.threads.invented import INVENTED
from threadsync.sandbox.threads.model import handle, run_due
from threadsync.sandbox.threads.records import Delivery, Place
from threadsync.sandbox.threads.state import Container, Post, State, Status
from threadsync.sandbox.threads.values import (
    SCOPES,
    About,
    App,
    Fetch,
    Fetched,
    FetchedMedia,
    FetchFailed,
    MediaKind,
    Profile,
    Republish,
    Request,
    Response,
    Switches,
    TextCount,
    TokenDigest,
    no_media,
    token_digest,
)
from threadsync.sandbox.threads.webhooks import signature_headers

__all__ = [
    "INVENTED",
    "SCOPES",
    "About",
    "AddPlace",
    "AddProfile",
    "App",
    "Arm",
    "Command",
    "Container",
    "Delivery",
    "Disarm",
    "ExpireToken",
    "Fault",
    "FaultKind",
    "Fetch",
    "FetchFailed",
    "Fetched",
    "FetchedMedia",
    "MediaKind",
    "MoveClock",
    "Operation",
    "Place",
    "Post",
    "PostAs",
    "Profile",
    "Read",
    "Republish",
    "Request",
    "Reset",
    "Response",
    "SetApp",
    "SetSwitches",
    "State",
    "Status",
    "Subscribe",
    "Switches",
    "TextCount",
    "Tick",
    "TokenDigest",
    "Vote",
    "account_id",
    "add_profile",
    "apply",
    "handle",
    "ledger",
    "new_state",
    "no_media",
    "run_due",
    "set_app",
    "signature_headers",
    "state_from_json",
    "state_to_json",
    "token_digest",
]
