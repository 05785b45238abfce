"""The guesses of the Threads sandbox, in one table.

The documentation is silent, or contradicts itself, on everything named here. A test of ours that
passes only because of an entry of this table proves nothing about the network.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

INVENTED: Mapping[str, str] = MappingProxyType(
    {
        "quota-reached": "The error for a used-up quota: HTTP 400, code 9, subcode 2207042, as on Instagram.",
        "republish": "Publishing a published container: refused with 24/4279009 (switch `republish`).",
        "publish-unusable": "Publishing an ERROR or EXPIRED container, or a carousel child: 24/4279009.",
        "container-fields": "A container has the fields id, status and error_message; others do not exist.",
        "early-refresh": "Refreshing a token younger than 24 h: code 10 (`refresh_age_min_seconds`).",
        "symbolic-errors": "THREADS_API__* names come as `message` of a code 100 THApiException, HTTP 400.",
        "both-cursors": "`before` together with `after`: code 100.",
        "bad-cursor": "A cursor that is not ours: code 100.",
        "bad-limit": "`limit` outside 1..100: code 100.",
        "rate-headers": "No rate-limit headers are sent.",
        "text-count": "The 500 are graphemes, an emoji counts its UTF-8 bytes (switch `text_count`).",
        "links-with-media": "Beside media as many links as without (switch `links_with_media_limit`).",
        "unnamed-refusals": "A rule that is documented without its error: code 100, `Invalid parameter`.",
        "gif-with-others": "A GIF goes with a poll, a link card or a long text.",
        "ghost-with-others": "A ghost post may have a poll, a link, a GIF, a long text, a quote, a topic.",
        "reply-with-others": "A reply may have what a post may: topic, place, countries, approvals, a story.",
        "repost-of-repost": "A repost of a repost is one of the post behind it; a quote names the repost.",
        "reply-to-repost": "Replying to a repost, or to a child of a carousel: 24/4279009.",
        "blank-texts": "A text, an option or a topic of blanks, or a topic with # in front, is taken.",
        "lists-as-json": "`children` and countries may come as JSON lists too.",
        "link-forms": "A link is http(s)://… or www.…, without closing punctuation; forms are not folded.",
        "no-token": "No token at all: 190 and HTTP 401, as for a wrong one.",
        "missing-scope": "A missing scope: HTTP 400, code 10, THApiException, without a subcode.",
        "foreign-publish": "A container of another profile does not exist for this one: 24/4279009.",
        "delete-foreign": "Deleting what is gone or another's: 100/33.",
        "delete-repost": "A repost can be deleted by its id.",
        "repost-code": "The second repost of a post: code 100 (documented: subcode 4279050); no quota.",
        "image-refusals": "Not a JPEG or PNG, or over 8 MB: 1/2207052 at create. Over 10:1: container ERROR.",
        "image-width": "The width of a picture is scaled into 320..1440; the stored file stays as it is.",
        "video-checks": "Of a video only the download, its kind and its size are checked.",
        "local-media": "Media is fetched from loopback addresses, also by http; really: public https.",
        "text-required": "A TEXT container needs text or link_attachment; a GIF or attachment is not enough.",
        "alt-on-text": "alt_text on a TEXT container is refused with code 100.",
        "quote-gone": "Quoting a post that does not exist: 24/4279009.",
        "reply-foreign": "Replying to another's post without keyword_search or manage_mentions: code 10.",
        "ghost-lists": "Ghost posts are in /ghost_posts and not in /threads.",
        "card-field": "link_attachment_url is the given one, else the first http(s) URL of a text-only post.",
        "poll-unexpanded": "poll_attachment without sub-fields is omitted.",
        "inline-topic": "The `#` of a topic in the text stays in the text (switch `inline_topic_mark_kept`).",
        "nested-conversation": "/conversation of a reply: code 100.",
        "replies-limit": "/replies and /conversation have pages of 25; they have no `limit`.",
        "last-page": "The last page has cursors, the page after it is empty without `paging` (switch).",
        "own-approvals": "Replies of the post's own author never wait for approval.",
        "unhide": "A reply that was hidden and shown again is UNHUSHED.",
        "carousel-children": "Children of a published carousel have media ids of their own; containers stay.",
        "carousel-deleted": "With a carousel its children go; none of them can be deleted alone.",
        "error-order": "When several rules are broken, the first one in the order of our checks answers.",
        "unknown-user": "Another user's id in a path: 24/4279009 for writes, 100/33 for reads.",
        "spoiler-on-text": "is_spoiler_media on a TEXT container is refused with code 100.",
        "styling": "An unknown style or overlapping ranges in a text attachment: code 100.",
        "text-offsets": "offset and length count UTF-16 units, as in the vendor's sample; for pages only.",
        "country-codes": "A country code is any two capital letters: there is no list of countries.",
        "audience": "reply_control and countries are kept and shown; nobody is kept from replying or seeing.",
        "instagram-dark": "A share asked for in both forms is the dark one.",
        "gif-picture": "gif_url leads to a drawing of ours: the sandbox asks no GIF provider.",
        "video-thumbnail": "thumbnail_url is the first picture of the film; the film itself without PyAV.",
        "readers": "Nobody reads: views, likes and shares are 0; replies, reposts and quotes are counted.",
        "deleted-parent": "Replies stay when their parent is deleted, and no longer name it.",
    }
)
