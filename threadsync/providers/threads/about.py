"""What the provider of Threads says of itself.

Sources: developers.facebook.com/docs/threads/overview, .../get-started/get-access-tokens-and-permissions,
.../create-posts and .../posts/delete-posts.
"""

from __future__ import annotations

from typing import Final

from threadsync.model.ids import MAIN, Role
from threadsync.providers.base import About, CredentialRole, Limit, Scope, ScopeUse
from threadsync.providers.threads import checks, checks_kinds, checks_spoilers, convert
from threadsync.providers.threads.calls import VERSION

ABOUT: Final = About(
    api=VERSION.removeprefix("/"),
    source="https://developers.facebook.com/docs/threads",
    roles=(
        CredentialRole(
            MAIN,
            "a long-lived user token; it lives for 60 days, and is renewed from its second day on",
            renewable=True,
            ending="In the account's settings on Threads, under Website permissions, remove the app: then no "
            "token of it works any more. Renewing does not help, because the old token goes on working.",
        ),
        CredentialRole(
            Role("app_secret"),
            "the secret of the Threads app; auth login alone needs it",
            of_app=True,
            variable="THREADS_API_SECRET",
            ending="Reset the Threads app secret in the app's dashboard.",
        ),
    ),
    scopes=(
        Scope("threads_basic", "reading the account and its posts", required=True),
        Scope("threads_content_publish", "publishing, and reading its quota", required=True),
        Scope(
            "threads_read_replies",
            "finding one's own replies again, before anything is published",
            required=True,
        ),
        Scope("threads_manage_replies", "reading the quota of replies", use=ScopeUse.SOME_POSTS),
        Scope(
            "threads_delete", "replacing and deleting posts, and reading that quota", use=ScopeUse.REMOVING
        ),
        Scope("threads_location_tagging", "posts with a location", use=ScopeUse.SOME_POSTS),
        Scope("threads_share_to_instagram", "posts shared as Instagram stories", use=ScopeUse.SOME_POSTS),
        Scope(
            "threads_manage_mentions",
            "replying to posts of others (or threads_keyword_search)",
            use=ScopeUse.OTHER,
        ),
        Scope("threads_manage_insights", "likes, replies and views of posts", use=ScopeUse.REMOVING),
    ),
    limits=(
        Limit(convert.TEXT_MAX, "characters a segment"),
        Limit(checks.LINKS_MAX, "different links a segment"),
        Limit(checks.CHILDREN_MAX, "pictures and videos a carousel"),
        Limit(checks.IMAGE_BYTES_MAX, "bytes a picture"),
        Limit(checks.ALT_CHARACTERS_MAX, "characters a description of a picture"),
        Limit(checks_kinds.POLL_OPTIONS_MAX, "options a poll"),
        Limit(checks_kinds.POLL_OPTION_CHARACTERS_MAX, "characters an option of a poll"),
        Limit(checks_kinds.LONG_TEXT_CHARACTERS_MAX, "characters a long text"),
        Limit(checks_spoilers.SPOILERS_MAX, "hidden passages a segment"),
    ),
    quotas={"posts": "250 in 24 hours", "replies": "1,000 in 24 hours", "deletes": "100 in 24 hours"},
)
