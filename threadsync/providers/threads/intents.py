"""Web intents: addresses that open Threads with a post half written, or a profile to follow.

No call is made and no token is needed: they are links for a page of one's own.

Source: developers.facebook.com/docs/threads/threads-web-intents
"""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlencode

from threadsync.errors import UsageError

INTENTS = "https://www.threads.com/intent"
TAG_CHARACTERS_MAX = 50

_NOT_IN_A_TAG = frozenset(".&\n\r\t")

ReplyControl = Literal["everyone", "accounts_you_follow", "mentioned_only", "followers_only"]


def post_intent(
    *,
    text: str | None = None,
    url: str | None = None,
    tag: str | None = None,
    reply_control: ReplyControl | None = None,
    reply_post_shortcode: str | None = None,
    quote_post_shortcode: str | None = None,
) -> str:
    """Return an address that opens the post dialog, filled in; *url* becomes the link card, *tag* the topic.

    A shortcode is the last part of a permalink: of the post that is replied to, or of the one quoted.

    Source: developers.facebook.com/docs/threads/threads-web-intents

    Raises:
        UsageError: Threads could not post it: a text of over 500 characters, a tag of over 50 or with a
            full stop, an ampersand, a tab or a line end in it.
    """
    # Counting needs tables of what is an emoji, which nobody else who builds a link has to load.
    from threadsync.providers.threads.convert import COUNTS, TEXT_MAX, count

    if text is not None and (length := count(text, COUNTS[0])) > TEXT_MAX:
        raise UsageError(f"the text has {length} characters", remedy=f"Shorten it to {TEXT_MAX}.")
    if tag is not None and (not 1 <= len(tag) <= TAG_CHARACTERS_MAX or not _NOT_IN_A_TAG.isdisjoint(tag)):
        raise UsageError(
            f"{tag!r} cannot be a topic tag",
            remedy=f"Give 1 to {TAG_CHARACTERS_MAX} characters, none a full stop, &, tab or line end.",
        )
    said = {
        "text": text,
        "url": url,
        "tag": tag,
        "reply_control": reply_control,
        "reply_post_shortcode": reply_post_shortcode,
        "quote_post_shortcode": quote_post_shortcode,
    }
    given = {name: value for name, value in said.items() if value is not None}
    return f"{INTENTS}/post?{urlencode(given)}" if given else f"{INTENTS}/post"


def follow_intent(username: str) -> str:
    """Return an address that opens a profile, ready to be followed; *username* is without its ``@``.

    Source: developers.facebook.com/docs/threads/threads-web-intents

    Raises:
        UsageError: there is no name, or it has its ``@``.
    """
    if not username or username.startswith("@"):
        raise UsageError(f"{username!r} is not a user name", remedy="Give it without the @: threads")
    return f"{INTENTS}/follow?{urlencode({'username': username})}"
