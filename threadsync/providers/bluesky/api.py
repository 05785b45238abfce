"""Bluesky's methods, one function each, every one a typed flow; ``call`` reaches all others by NSID.

A result is frozen, and named as the lexicons name it, in Python's manner (``likeCount`` is ``like_count``):
what the server left out is None, what this version does not know stands in ``more``, and ``exchange`` tells
status, headers and duration. A list is read by the page: its function takes ``cursor``, and
``threadsync.flows.paging.Pages`` goes through all of them. What writes is VISIBLE: it is sent once, never
repeated by itself, and needs a recorded intent where a journal is kept.

Raises, for every function: ``ApiError`` where the server refuses (``error.fault`` says what may be done next,
its ``row`` is what a docstring names under Errors), ``Unanswered`` where no usable answer came
(``error.sent``: the server may have acted), ``UsageError`` before anything is sent for what it would refuse.

Source: https://docs.bsky.app/docs/category/http-reference, and the lexicons of
https://github.com/bluesky-social/atproto.
"""

from __future__ import annotations

from threadsync.flows.effects import BytesBody
from threadsync.providers.answers import Exchange, Page
from threadsync.providers.bluesky.api_call import Reply, call
from threadsync.providers.bluesky.api_feeds import (
    LOG_START,
    POSTS_MAX,
    FeedEntry,
    PostView,
    Profile,
    get_author_feed,
    get_convo_log,
    get_posts,
    get_profile,
    get_profiles,
    list_blocks,
    list_follows,
)
from threadsync.providers.bluesky.api_records import (
    ANYTHING,
    WRITES_MAX,
    Anything,
    Applied,
    Create,
    Delete,
    Erased,
    Update,
    Write,
    Written,
    apply_writes,
    create_record,
    delete_record,
    delete_request,
    put_record,
    put_request,
    writes_request,
)
from threadsync.providers.bluesky.api_repo import (
    Blob,
    Record,
    Repo,
    describe_repo,
    get_record,
    list_records,
    upload_blob,
)
from threadsync.providers.bluesky.api_sessions import (
    DidDocument,
    ServerDescription,
    ServiceToken,
    Session,
    Whoami,
    create_session,
    delete_session,
    describe_server,
    did_document,
    get_service_auth,
    get_session,
    refresh_session,
    resolve_handle,
)
from threadsync.providers.bluesky.api_video import (
    SERVICE,
    Job,
    UploadLimits,
    get_job_status,
    get_upload_limits,
    upload_video,
)
from threadsync.providers.bluesky.calls import CHAT, PUBLIC, VIDEO
from threadsync.providers.bluesky.uris import AtUri, permalink

__all__ = (
    "ANYTHING",
    "CHAT",
    "LOG_START",
    "POSTS_MAX",
    "PUBLIC",
    "SERVICE",
    "VIDEO",
    "WRITES_MAX",
    "Anything",
    "Applied",
    "AtUri",
    "Blob",
    "BytesBody",
    "Create",
    "Delete",
    "DidDocument",
    "Erased",
    "Exchange",
    "FeedEntry",
    "Job",
    "Page",
    "PostView",
    "Profile",
    "Record",
    "Reply",
    "Repo",
    "ServerDescription",
    "ServiceToken",
    "Session",
    "Update",
    "UploadLimits",
    "Whoami",
    "Write",
    "Written",
    "apply_writes",
    "call",
    "create_record",
    "create_session",
    "delete_record",
    "delete_request",
    "delete_session",
    "describe_repo",
    "describe_server",
    "did_document",
    "get_author_feed",
    "get_convo_log",
    "get_job_status",
    "get_posts",
    "get_profile",
    "get_profiles",
    "get_record",
    "get_service_auth",
    "get_session",
    "get_upload_limits",
    "list_blocks",
    "list_follows",
    "list_records",
    "permalink",
    "put_record",
    "put_request",
    "refresh_session",
    "resolve_handle",
    "upload_blob",
    "upload_video",
    "writes_request",
)
