"""What the provider of Bluesky says of itself.

Sources: https://docs.bsky.app/docs/advanced-guides/rate-limits, and the lexicons ``app.bsky``.
"""

from __future__ import annotations

from typing import Final

from threadsync.model.ids import MAIN
from threadsync.providers.base import About, CredentialRole, Limit
from threadsync.providers.bluesky import checks, checks_video, richtext, servers

ABOUT: Final = About(
    api="app.bsky",
    source="https://docs.bsky.app",
    roles=(
        CredentialRole(
            MAIN,
            "an app password (Settings, Privacy and security, App passwords)",
            ending="In the app, under Settings, Privacy and security, App passwords, remove it. A session "
            "that was opened with it lasts two more hours at most.",
            name="app password",
        ),
    ),
    limits=(
        Limit(richtext.TEXT_GRAPHEMES_MAX, "graphemes a segment"),
        Limit(richtext.TEXT_BYTES_MAX, "bytes of text a segment"),
        Limit(servers.SERVERS[servers.CURRENT].pictures_max, "pictures a segment"),
        Limit(servers.SERVERS[servers.CURRENT].picture_bytes_max, "bytes a picture"),
        Limit(servers.SERVERS[servers.CURRENT].video_bytes_max, "bytes a video"),
        Limit(int(checks_video.SECONDS_MAX), "seconds a video"),
        Limit(checks.LANGS_MAX, "languages a post"),
        Limit(checks.TAGS_MAX, "tags a post"),
    ),
    quotas={"points": "5,000 an hour and 35,000 a day: 3 for a record that is made, 2 for one that is put"},
    packages={"libipld": "bluesky"},
)
