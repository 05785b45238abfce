"""What readers' apps see: posts with counts, profiles, feeds (app.bsky.feed.*, app.bsky.actor.*)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from threadsync.sandbox.bluesky import errors
from threadsync.sandbox.bluesky.call import Call, Done
from threadsync.sandbox.bluesky.errors import XrpcError
from threadsync.sandbox.bluesky.lexicons import FOLLOW, LIKE, POST, PROFILE, REPOST
from threadsync.sandbox.bluesky.reading import page_size
from threadsync.sandbox.bluesky.state import Account, Record, State
from threadsync.sandbox.bluesky.values import Json

POSTS_MAX: Final = 25
_MEDIA: Final = frozenset({"posts_with_media", "posts_with_video"})
"""The filters that keep posts of their own only."""


def get_posts(call: Call) -> Done | XrpcError:
    """Show up to 25 posts by address; those that are not there are left out."""
    uris = call.request.params.get("uris", ())
    if not uris or len(uris) > POSTS_MAX:
        return errors.bad_params(call.state, "uris")
    found = [call.state.records[uri] for uri in uris if uri in call.state.records]
    return Done({"posts": [post_view(call.state, each) for each in found if each.collection == POST]})


def author_feed(call: Call) -> Done | XrpcError:
    """Show what somebody posted and reposted, newest first.

    The cursor is ``<milliseconds>__<cid>`` of the last one, as long as more follow. A broken one makes the
    server that asks for it stumble.
    """
    account = call.state.account(call.param("actor"))
    size = page_size(call)
    if isinstance(size, XrpcError):
        return size
    if account is None:
        return errors.invalid("Profile not found")
    own = (*call.state.of(account.did, POST), *call.state.of(account.did, REPOST))
    rows = [each for each in own if _is_shown(call.state, each, call.param("filter"))]
    marked = sorted(((_mark(each), each.uri) for each in rows), reverse=True)
    cursor = call.param("cursor")
    if cursor:
        milliseconds, mark, cid = cursor.partition("__")
        if not mark or not milliseconds.isdecimal():
            return XrpcError(502, "InternalServerError", "Internal Server Error")
        marked = [row for row in marked if row[0] < (int(milliseconds), cid)]
    page = marked[:size]
    body: Json = {"feed": [_entry(call.state, call.state.records[uri]) for _, uri in page]}
    if len(marked) > size:
        (milliseconds_last, cid_last), _ = page[-1]
        body["cursor"] = f"{milliseconds_last}__{cid_last}"
    return Done(body)


def get_profile(call: Call) -> Done | XrpcError:
    """Show a profile with its counts."""
    account = call.state.account(call.param("actor"))
    if account is None:
        return errors.invalid("Profile not found")
    record = call.state.records.get(f"at://{account.did}/{PROFILE}/self")
    said: Json = record.value if record is not None else {}
    shown = _author(call.state, account)
    if isinstance(said.get("description"), str):
        shown["description"] = said["description"]
    return Done(
        shown
        | {
            "followersCount": sum(
                1 for each in _all(call.state, FOLLOW) if each.value["subject"] == account.did
            ),
            "followsCount": len(call.state.of(account.did, FOLLOW)),
            "postsCount": len(call.state.of(account.did, POST)),
        }
    )


def _entry(state: State, record: Record) -> Json:
    """Show a post in a feed, with what it answers as far as that is there, and who reposted it."""
    post = _shown(state, record)
    reply = post.value.get("reply")
    around = {name: state.records.get(str(_uri_in(reply, name))) for name in ("root", "parent")}
    answered = {name: post_view(state, found) for name, found in around.items() if found is not None}
    entry: Json = {"post": post_view(state, post), **({"reply": answered} if answered else {})}
    if record.collection == REPOST:
        entry["reason"] = {
            "$type": "app.bsky.feed.defs#reasonRepost",
            "by": _author(state, state.accounts[record.did]),
            "uri": record.uri,
            "cid": record.cid,
            "indexedAt": _indexed(record),
        }
    return entry


def _shown(state: State, record: Record) -> Record:
    """Return the post that a record shows: itself, or what it reposts."""
    return record if record.collection == POST else state.records[str(_uri_in(record.value, "subject"))]


def post_view(state: State, post: Record) -> Json:
    """Show one post with what others did with it; its embed is in the record only (``embed-views``)."""
    replies = [each for each in _all(state, POST) if _uri_in(each.value.get("reply"), "parent") == post.uri]
    quotes = [each for each in _all(state, POST) if _quoted(each.value.get("embed")) == post.uri]
    return {
        "uri": post.uri,
        "cid": post.cid,
        "author": _author(state, state.accounts[post.did]),
        "record": post.value,
        "bookmarkCount": 0,
        "replyCount": len(replies),
        "repostCount": _pointing(state, REPOST, post.uri),
        "likeCount": _pointing(state, LIKE, post.uri),
        "quoteCount": len(quotes),
        "indexedAt": _indexed(post),
        "labels": [
            {"src": post.did, "uri": post.uri, "cid": post.cid, "val": each, "cts": _written(post.indexed_at)}
            for each in _self_labels(post)
        ],
    }


def _self_labels(post: Record) -> list[object]:
    match post.value.get("labels"):
        case {"values": [*values]}:
            return [each["val"] for each in values]
    return []


def _author(state: State, account: Account) -> Json:
    record = state.records.get(f"at://{account.did}/{PROFILE}/self")
    name = record.value.get("displayName", "") if record is not None else account.display_name
    return {"did": account.did, "handle": account.handle, "displayName": name, "labels": []}


def _all(state: State, collection: str) -> list[Record]:
    return [each for each in state.records.values() if each.collection == collection]


def _pointing(state: State, collection: str, uri: str) -> int:
    return sum(1 for each in _all(state, collection) if _uri_in(each.value, "subject") == uri)


def _uri_in(value: object, name: str) -> object:
    match value:
        case {**members} if isinstance(found := members.get(name), dict):
            return found.get("uri")
    return None


def _quoted(embed: object) -> object:
    match embed:
        case {"record": {"record": {"uri": str(uri)}}} | {"record": {"uri": str(uri)}}:
            return uri
    return None


def _is_shown(state: State, post: Record, kept: str) -> bool:
    """Whether a filter keeps a post; the default keeps all, as does a filter that nobody knows.

    A repost is no medium, and never counts as a reply; one of what is not there is not shown.
    """
    if post.collection == REPOST:
        return str(_uri_in(post.value, "subject")) in state.records and kept not in _MEDIA
    embed = post.value.get("embed")
    kind = str(embed.get("$type")) if isinstance(embed, dict) else ""
    match kept:
        case "posts_no_replies":
            return "reply" not in post.value
        case "posts_with_media":
            return kind.endswith(("images", "video", "gallery", "recordWithMedia"))
        case "posts_with_video":
            return kind.endswith("video")
        case "posts_and_author_threads":
            parent = str(_uri_in(post.value.get("reply"), "parent") or post.uri)
            return parent.startswith(f"at://{post.did}/")
    return True


def _mark(post: Record) -> tuple[int, str]:
    """Return the place of a post in feeds: the earlier of what it says and when it came.

    docs.bsky.app/docs/advanced-guides/timestamps
    """
    try:
        said = datetime.fromisoformat(str(post.value.get("createdAt"))).timestamp()
    except ValueError:
        said = post.indexed_at  # written with validation waived
    return int(min(said, post.indexed_at) * 1000), post.cid


def _indexed(record: Record) -> str:
    """Return since when a record is said to be there, which is its place in feeds."""
    return _written(_mark(record)[0] / 1000)


def _written(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
