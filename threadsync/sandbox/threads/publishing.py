"""Containers and posts: create, read a status, publish, repost, delete, hide and approve replies.

developers.facebook.com/docs/threads/posts, .../reference/publishing, .../reply-management,
.../posts/delete-posts, .../posts/reposts, .../troubleshooting (status, quotas).
"""

from __future__ import annotations

from msgspec.structs import replace

from threadsync.sandbox.threads import errors, webhooks
from threadsync.sandbox.threads.call import Call
from threadsync.sandbox.threads.checks import broken_rule, parent_missing
from threadsync.sandbox.threads.content import Content, read_content
from threadsync.sandbox.threads.errors import ApiError
from threadsync.sandbox.threads.fields import MalformedFields, parse_fields
from threadsync.sandbox.threads.media import take_media
from threadsync.sandbox.threads.state import Account, Approval, Container, Post, State, Status
from threadsync.sandbox.threads.values import Json, Republish, Response, Switches


def create(call: Call) -> Response:
    """Make a container; with ``auto_publish_text`` publish it at once and return the media id."""
    content = read_content(call.request.params)
    error = broken_rule(call, content)
    if error is not None:
        return call.refuse(error)
    if content.auto_publish and (error := _quota_error(call, content)) is not None:
        return call.refuse(error)
    taken = take_media(content, call.fetch, call.state.switches)
    if isinstance(taken, ApiError):
        return call.refuse(taken)
    container = Container(
        id=call.state.next_id(),
        owner=call.account.id,
        content=taken.content,
        created=call.now,
        ready_at=call.now + _processing_seconds(call.state.switches, content),
        expires_at=call.now + call.state.switches.container_life_seconds,
        error=taken.error,
    )
    call.state.keep(container)
    if content.auto_publish:
        return call.answer({"id": _make_live(call, container).id})
    return call.answer({"id": container.id})


def _processing_seconds(switches: Switches, content: Content) -> float:
    return {
        "TEXT": switches.text_delay_seconds,
        "IMAGE": switches.image_delay_seconds,
        "VIDEO": switches.video_delay_seconds,
        "CAROUSEL": switches.carousel_delay_seconds,
    }[content.media_type]


def read_status(call: Call) -> Response:
    """Answer ``GET /{container}``; HTTP 200 even when the container ended as ERROR."""
    container = call.state.containers.get(call.target)
    readable = call.state.switches.published_readable_seconds
    if container is None or container.owner != call.account.id:
        return call.refuse(errors.unsupported("GET", call.target))
    if container.media_id and readable is not None and call.now >= container.published_at + readable:
        return call.refuse(errors.unsupported("GET", call.target))
    status = container.status(call.now)
    shown: Json = {"id": container.id, "status": str(status)}
    if status is Status.ERROR:
        shown["error_message"] = container.error
    selected = parse_fields(call.param("fields") or "id,status")
    if isinstance(selected, MalformedFields):
        return call.refuse(errors.invalid_parameter(selected.reason))
    for field in selected:
        if field.name not in {"id", "status", "error_message"}:
            return call.refuse(errors.nonexisting_field(field.name))
    wanted = {field.name for field in selected} | {"id"}
    return call.answer({name: value for name, value in shown.items() if name in wanted})


def publish(call: Call) -> Response:
    """Make a FINISHED container live; the media id is not the container id."""
    container_id = call.param("creation_id")
    if not container_id:
        return call.refuse(errors.invalid_parameter("creation_id is required"))
    container = call.state.containers.get(container_id)
    if container is None or container.owner != call.account.id or container.content.is_carousel_item:
        return call.refuse(errors.media_not_found(container_id))
    if container.media_id:
        again = call.state.switches.republish
        if again is Republish.SAME_ID:
            return call.answer({"id": container.media_id})
        if again is Republish.REFUSED:
            return call.refuse(errors.media_not_found(container_id))
    elif container.status(call.now) is not Status.FINISHED:
        return call.refuse(errors.media_not_found(container_id))
    error = parent_missing(call, container.content) or _quota_error(call, container.content)
    if error is not None:
        return call.refuse(error)
    body: Json = {"id": _make_live(call, container).id}
    if container.content.shares_to_instagram:
        body["crossreshare_to_ig_status"] = "SUCCESS" if call.account.has_instagram else "FAILED"
    return call.answer(body)


def _quota_error(call: Call, content: Content) -> ApiError | None:
    """Refuse when the rolling quota this post counts against is used up."""
    switches, state, owner = call.state.switches, call.state, call.account.id
    is_post = not content.reply_to or switches.replies_count_as_posts
    if is_post and state.used("posts", owner, call.now) >= switches.posts_quota:
        return errors.quota_reached("posts")
    if content.reply_to and state.used("replies", owner, call.now) >= switches.replies_quota:
        return errors.quota_reached("replies")
    return None


def _make_live(call: Call, container: Container) -> Post:
    state, content, now = call.state, container.content, call.now
    media_id = state.next_id()
    parent = state.posts.get(content.reply_to) if content.reply_to else None
    root = state.posts.get(parent.root or parent.id) if parent else None
    children = _publish_children(call, media_id, content)
    post = Post(
        id=media_id,
        owner=call.account.id,
        number=state.number,
        shortcode=state.shortcode_of(media_id),
        content=content,
        created=now,
        container=container.id,
        parent=parent.id if parent else "",
        root=(parent.root or parent.id) if parent else "",
        children=children,
        listed_from=now + state.switches.listing_lag_seconds,
        repliable_from=now + state.switches.parent_lag_seconds,
        approval=_first_approval(call.account, parent, root),
    )
    state.put(post)
    state.keep(
        replace(
            container,
            media_id=media_id,
            published_at=now,
            shows_published_at=now + state.switches.status_lag_seconds,
        )
    )
    if not content.reply_to or state.switches.replies_count_as_posts:
        state.use("posts", call.account.id, now)
    if content.reply_to:
        state.use("replies", call.account.id, now)
    webhooks.announce_published(call, post)
    return post


def _first_approval(author: Account, parent: Post | None, root: Post | None) -> Approval:
    for above in (parent, root):
        if above is not None and above.content.needs_reply_approval and above.owner != author.id:
            return Approval.PENDING
    return Approval.NONE


def _publish_children(call: Call, carousel_id: str, content: Content) -> tuple[str, ...]:
    """Give each child of a carousel a media id of its own; its container stays as it is."""
    ids: list[str] = []
    for name in content.children:
        child_id = call.state.next_id()
        child = Post(
            id=child_id,
            owner=call.account.id,
            number=call.state.number,
            shortcode=call.state.shortcode_of(child_id),
            content=call.state.containers[name].content,
            created=call.now,
            container=name,
            child_of=carousel_id,
        )
        call.state.put(child)
        ids.append(child_id)
    return tuple(ids)


def repost(call: Call) -> Response:
    """Repost at once, without a container; the second time is refused with 4279050."""
    original = call.state.posts.get(call.target)
    if original is None or original.child_of:
        return call.refuse(errors.media_not_found(call.target))
    original_id = original.reposted or original.id
    if (call.account.id, original_id) in call.state.reposts:
        return call.refuse(errors.already_reposted())
    media_id = call.state.next_id()
    switches = call.state.switches
    call.state.put(
        Post(
            id=media_id,
            owner=call.account.id,
            number=call.state.number,
            shortcode=call.state.shortcode_of(media_id),
            content=Content(media_type="REPOST"),
            created=call.now,
            reposted=original_id,
            listed_from=call.now + switches.listing_lag_seconds,
        )
    )
    return call.answer({"id": media_id})


def delete(call: Call) -> Response:
    """Take down an own post or reply; 100 in 24 hours."""
    post = call.state.posts.get(call.target)
    if post is None or post.owner != call.account.id or post.child_of:
        return call.refuse(errors.unsupported("DELETE", call.target))
    if call.state.used("deletes", call.account.id, call.now) >= call.state.switches.deletes_quota:
        return call.refuse(errors.quota_reached("deletes"))
    for child_id in post.children:
        call.state.withdraw(replace(call.state.posts[child_id], deleted_at=call.now))
    lag = call.state.switches.unlisting_lag_seconds
    until = call.now + lag if lag > 0 else None
    call.state.withdraw(replace(post, deleted_at=call.now, listed_until=until))
    call.state.use("deletes", call.account.id, call.now)
    webhooks.announce_deleted(call, post)
    return call.answer({"success": True, "deleted_id": post.id})


def manage_reply(call: Call) -> Response:
    """Hide or show a top-level reply under an own post; nested ones follow."""
    reply = _reply_under_own_post(call)
    wanted = call.param("hide").lower()
    if reply is None:
        return call.refuse(errors.unsupported("POST", call.target))
    if wanted not in {"true", "false"} or reply.parent != reply.root:
        return call.refuse(errors.invalid_parameter("hide is true or false, on a top-level reply"))
    shown = "UNHUSHED" if reply.hide_status == "HIDDEN" else reply.hide_status
    status = "HIDDEN" if wanted == "true" else shown
    _set_hide_status(call.state, reply, status)
    return call.answer({"success": True})


def _set_hide_status(state: State, reply: Post, status: str) -> None:
    state.change(replace(reply, hide_status=status))
    for _, _, nested_id in state.rows(f"under:{reply.id}"):
        nested = state.posts.get(nested_id)
        if nested is not None:
            _set_hide_status(state, nested, status)


def manage_pending(call: Call) -> Response:
    """Approve or ignore a reply that waits; an ignored one can be approved later."""
    reply = _reply_under_own_post(call)
    wanted = call.param("approve").lower()
    if reply is None or reply.approval is Approval.NONE:
        return call.refuse(errors.unsupported("POST", call.target))
    if wanted not in {"true", "false"}:
        return call.refuse(errors.invalid_parameter("approve is true or false"))
    approval = Approval.NONE if wanted == "true" else Approval.IGNORED
    call.state.change(replace(reply, approval=approval))
    return call.answer({"success": True})


def _reply_under_own_post(call: Call) -> Post | None:
    reply = call.state.posts.get(call.target)
    root = call.state.posts.get(reply.root) if reply and reply.root else None
    return reply if root is not None and root.owner == call.account.id else None
