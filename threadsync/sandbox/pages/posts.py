"""One post of Threads as a page shows it."""

from __future__ import annotations

import json
from collections.abc import Iterator

from threadsync.sandbox.pages.texts import long_text, plain_line, post_text
from threadsync.sandbox.pages.times import Moment
from threadsync.sandbox.pages.views import (
    QUOTED_LENGTH,
    AuthorView,
    CardView,
    GhostView,
    LongTextView,
    MediaView,
    OptionView,
    PollView,
    PostView,
    QuoteView,
)
from threadsync.sandbox.threads.showing import (
    GHOST_SECONDS,
    POLL_SECONDS,
    gif_path,
    link_card,
    poll_shares,
    shown_text,
)
from threadsync.sandbox.threads.state import Approval, Post, State


def author_view(state: State, account_id: str) -> AuthorView:
    """Make an author's view."""
    name = state.accounts[account_id].name
    words = [word for word in name.replace(".", "_").split("_") if word]
    return AuthorView.of(name, words, list(state.accounts).index(account_id), f"/@{name}")


def post_path(state: State, post: Post) -> str:
    """Return the path of a post's page."""
    return f"/@{state.accounts[post.owner].name}/post/{post.shortcode}"


def post_view(state: State, now: float, post: Post) -> PostView:
    """Make the view of one post."""
    shown = state.posts.get(post.reposted, post)
    content = shown.content
    author = author_view(state, shown.owner)
    return PostView(
        ident=post.id,
        path=post_path(state, shown),
        author=author,
        time=Moment.of(shown.created, now),
        topic=content.topic_tag,
        text=post_text(state, shown, f"words-{post.id}"),
        media=tuple(_media(state, shown)),
        veil="Spoiler" if content.is_spoiler_media else "",
        poll=_poll(shown, now),
        # A card of a link in the text would give away what a spoiler may hide.
        card=CardView.of((content.link_attachment if content.text_entities else link_card(shown)) or ""),
        long_text=_long_text(content.text_attachment),
        gif=gif_path(shown),
        quote=_quote(state, content.quote),
        ghost=_ghost(shown, now),
        notes=tuple(_notes(state, shown, now)),
        reposted_by=author_view(state, post.owner) if post.reposted else None,
        is_gone=bool(post.reposted) and shown is post,
    )


def _media(state: State, post: Post) -> Iterator[MediaView]:
    for source in (post, *(state.posts[child_id] for child_id in post.children)):
        content = source.content
        if content.media_name:
            yield MediaView(
                url=f"/media/{content.media_name}",
                is_video=content.media_type == "VIDEO",
                alt_text=content.alt_text,
                width=content.media_width,
                height=content.media_height,
                poster=f"/media/{content.poster_name}" if content.poster_name else "",
            )


def _poll(post: Post, now: float) -> PollView | None:
    if not post.content.poll:
        return None
    ends = post.created + POLL_SECONDS
    options = (
        OptionView(text, round(100 * share))
        for text, share in zip(post.content.poll, poll_shares(post), strict=True)
    )
    return PollView(tuple(options), sum(post.votes), ends <= now, Moment.of(ends, now))


def _long_text(stored: str) -> LongTextView | None:
    if not stored:
        return None
    attachment = json.loads(stored)
    text = attachment["plaintext"]
    link = attachment.get("link_attachment_url", "")
    return LongTextView(long_text(attachment), plain_line(text, 120), len(text), CardView.of(link))


def _quote(state: State, media_id: str) -> QuoteView | None:
    if not media_id:
        return None
    other = state.posts.get(media_id)
    if other is None:
        return QuoteView(None)
    hidden = other.content.text_entities
    text = "A text with hidden words" if hidden else plain_line(shown_text(state, other), QUOTED_LENGTH)
    author = author_view(state, other.owner)
    return QuoteView(author, post_path(state, other), text, _about(state, other))


def _about(state: State, post: Post) -> str:
    media = list(_media(state, post))
    films = sum(found.is_video for found in media)
    counts = ((len(media) - films, "picture"), (films, "video"))
    parts = [f"{count} {word}{'s' if count > 1 else ''}" for count, word in counts if count]
    content = post.content
    extras = {"a poll": content.poll, "a GIF": content.gif_id, "a long text": content.text_attachment}
    return ", ".join([*parts, *(name for name, found in extras.items() if found)])


def _ghost(post: Post, now: float) -> GhostView | None:
    if not post.content.is_ghost_post:
        return None
    ends = post.created + GHOST_SECONDS
    return GhostView(ends <= now, Moment.of(ends, now))


def _notes(state: State, post: Post, now: float) -> Iterator[str]:
    content = post.content
    if content.reply_control != "everyone":
        yield f"Who can reply: {content.reply_control.replace('_', ' ')}"
    if content.needs_reply_approval:
        yield "Replies wait for approval"
    if content.countries:
        yield f"Only in {', '.join(content.countries)}"
    if content.location:
        yield f"Location {content.location}"
    if content.shares_to_instagram:
        style = ", dark card" if content.is_instagram_dark else ""
        linked = state.accounts[post.owner].has_instagram
        yield f"Instagram story{style}" if linked else "Instagram story: failed, no account is linked"
    if post.listed_from > now:
        yield f"In no list yet: {Moment.of(post.listed_from, now).relative}"
    if post.hide_status == "HIDDEN":
        yield "Hidden by the author of the post"
    if post.approval is not Approval.NONE:
        yield "Waits for approval" if post.approval is Approval.PENDING else "Approval refused"
