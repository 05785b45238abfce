"""What the provider of Threads says of itself.

Sources: developers.facebook.com/docs/threads/overview, .../get-started/get-access-tokens-and-permissions,
.../create-posts and .../posts/delete-posts.
"""

from __future__ import annotations

from typing import Final

from threadsync.model.ids import MAIN
from threadsync.providers.base import About, CredentialRole, Limit, Scope
from threadsync.providers.threads import checks, checks_kinds, convert
from threadsync.providers.threads.calls import VERSION

ABOUT: Final = About(
    api=VERSION.removeprefix("/"),
    source="https://developers.facebook.com/docs/threads",
    roles=(
        CredentialRole(
            MAIN,
            "a long-lived user token; it lives for 60 days, and is renewed from its second day on",
            renewable=True,
        ),
    ),
    scopes=(
        Scope("threads_basic", "reading the account and its posts", required=True),
        Scope("threads_content_publish", "publishing, and reading its quota", required=True),
        Scope("threads_read_replies", "chains: finding one's own replies again"),
        Scope("threads_manage_replies", "reading the quota of replies"),
        Scope("threads_delete", "replacing and deleting posts, and reading that quota"),
        Scope("threads_location_tagging", "posts with a location"),
        Scope("threads_share_to_instagram", "posts shared as Instagram stories"),
        Scope("threads_manage_mentions", "replying to posts of others (or threads_keyword_search)"),
        Scope("threads_manage_insights", "likes, replies and views of posts"),
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
        Limit(checks_kinds.SPOILERS_MAX, "hidden passages a segment"),
    ),
    quotas={"posts": "250 in 24 hours", "replies": "1,000 in 24 hours", "deletes": "100 in 24 hours"},
)
