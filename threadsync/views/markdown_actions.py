"""One action of a plan as Markdown: its exact texts, its pictures, and what would be lost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from difflib import unified_diff
from typing import Final, TypeAlias, assert_never

from threadsync.model.ids import Address
from threadsync.model.journal import Published
from threadsync.model.post import Media, Publication
from threadsync.model.text import MarkKind
from threadsync.planning.actions import (
    Action,
    Adopt,
    Blocked,
    Create,
    Delete,
    Extend,
    Forget,
    Loss,
    Move,
    NoOp,
    Replace,
    SegmentView,
    Update,
    Wait,
)
from threadsync.views.account_text import loss_text
from threadsync.views.markup import code, fenced, folded, inert, link, picture, prose
from threadsync.views.media import file_text
from threadsync.views.moments import told
from threadsync.views.plan_text import CONSENTS, forgotten_text, option_lines, segment_lines, waiting_text
from threadsync.views.words import many

LINES_MAX: Final = 2_000
"""Of a text that is compared line by line; comparing takes the square of it."""
PictureUrl: TypeAlias = Callable[[str], str]
"""Returns where a file of the project can be seen, by its path; empty where that is not known."""


def nowhere(_: str) -> str:
    """Say that no file can be seen anywhere."""
    return ""


def action_markdown(
    action: Action, now: datetime, zone: str | None, seen: PictureUrl, *, is_open: bool
) -> str:
    """Return all that there is to say of *action*, folded under its head."""
    sign = f"{inert(action.sign)} " if action.sign.strip() else ""
    head = f"{sign}{action.word} {inert(str(action.address))}{_size(action)}"
    return folded(head, _body(action, now, zone, seen), is_open=is_open)


def _size(action: Action) -> str:
    """Say how many segments there are, of what comes with some."""
    match action:
        case Create() | Extend() | Replace() | Wait() | Blocked() if action.segments:
            pictures = sum(len(view.media) for view in action.segments)
            also = f", {many(pictures, 'file')} of media" if pictures else ""
            return f", {many(len(action.segments), 'segment')}{also}"
        case _:
            return ""


def _body(  # noqa: PLR0912  (one case a kind)
    action: Action, now: datetime, zone: str | None, seen: PictureUrl
) -> Iterator[str]:
    match action:
        case Create():
            schedule = action.publication.control.publish
            due = told(schedule.at, zone or schedule.zone) if schedule is not None else ""
            yield f"- {prose(f'due since {due}' if due else 'due at once: the post has no time')}"
            if action.republish:
                yield "- again: republish: true counts once"
            yield from _publishing(action, seen, {})
        case Extend():
            yield f"- under the {many(len(action.live), 'segment')} that are live"
            yield from _publishing(action, seen, {})
        case Replace():
            yield from _replaced(action, now, seen)
        case Update():
            yield f"- protect: {'yes' if action.protect else 'no'}"
            yield f"- when its file is removed: {action.on_remove}"
        case Move():
            yield f"- was: {code(str(action.old))}"
        case Delete():
            yield from _taken_down("takes down", action.old, action.loses, now)
        case Forget():
            yield f"- {prose(forgotten_text(action))}"
            yield from _live(action.live)
        case Adopt():
            yield "- binds what is live already:"
            yield from _live(action.segments)
        case Wait():
            yield f"- {prose(waiting_text(action, now, zone))}"
            yield from _segments(action.segments, seen, {})
        case Blocked():
            yield from _blocked(action, now, seen)
        case NoOp():
            yield f"- {prose(action.note)}"
        case _:
            assert_never(action)


def _replaced(action: Replace, now: datetime, seen: PictureUrl) -> Iterator[str]:
    yield f"- {prose(CONSENTS.get(action.consent, action.consent))}"
    if action.why:
        yield f"- published anew: {prose(action.why)}"
    if action.keep:
        yield f"- keeps {many(action.keep, 'segment')} at its start"
    yield from _publishing(action, seen, _texts(action.old))
    yield from _taken_down("takes down", action.old, action.loses, now)


def _blocked(action: Blocked, now: datetime, seen: PictureUrl) -> Iterator[str]:
    yield f"- would {prose(f'{action.would}: {action.problem}')}"
    yield f"- What to do: {prose(action.remedy)}"
    stays = action.would in {"forget", "keep"}
    yield from _segments(action.segments, seen, {} if stays else _texts(action.old))
    if stays:
        yield from _live(action.old)
    else:
        yield from _taken_down("would take down", action.old, action.loses, now)


def _texts(posts: Iterable[Published]) -> Mapping[int, str]:
    return {post.index: post.text for post in posts}


def _publishing(
    action: Create | Extend | Replace, seen: PictureUrl, before: Mapping[int, str]
) -> Iterator[str]:
    if action.waits_for:
        yield f"- after: {_addresses(action.waits_for)}"
    for line in option_lines(action.publication):
        yield f"- {code(line)}"
    yield from _segments(action.segments, seen, before, action.publication)


def _addresses(addresses: Iterable[Address]) -> str:
    return ", ".join(code(str(address)) for address in addresses)


def _segments(
    segments: tuple[SegmentView, ...],
    seen: PictureUrl,
    before: Mapping[int, str],
    publication: Publication | None = None,
) -> Iterator[str]:
    """Say each segment exactly, and what of it differs from the live text in *before*."""
    declared = publication.segments if publication is not None else ()
    total = len(declared or segments)
    for view in segments:
        yield f"- segment {view.index + 1} of {max(total, view.index + 1)} · {_count(view)}"
        if view.text:
            yield from ("", fenced(view.text), "")
        old = before.get(view.index)
        if old is not None and old != view.text:
            yield from ("- what changes against the live text:", "", _difference(old, view.text), "")
        for name, words in view.attached.items():
            yield f"- {code(name)} · {many(len(words), 'character')}"
            yield from ("", fenced(words), "")
        yield from _covered(view)
        yield from _media(view.media, seen)
        for line in segment_lines(declared[view.index]) if view.index < len(declared) else ():
            yield f"- {code(line)}"


def _covered(view: SegmentView) -> Iterator[str]:
    """Say what readers see only once they ask for it."""
    for mark in view.marks:
        if mark.kind is MarkKind.HIDDEN:
            yield f"- covered until a reader taps it: {code(view.text[mark.start : mark.end])}"
    if view.covers_media:
        yield f"- covered as {prose(view.covers_media)} until a reader asks for it:"


def _count(view: SegmentView) -> str:
    left = view.count_max - view.count
    rest = f"{left} left" if left >= 0 else f"{-left} too many"
    return f"{view.count} of {view.count_max} {prose(view.unit)}, {rest}"


def _difference(before: str, after: str) -> str:
    """Return what differs, line by line, as forges colour it."""
    old, new = before.split("\n"), after.split("\n")
    if max(len(old), len(new)) > LINES_MAX:
        told_lines = [*(f"-{line}" for line in old), *(f"+{line}" for line in new)]
    else:
        _, _, _, *told_lines = unified_diff(old, new, n=LINES_MAX, lineterm="")
    return fenced("\n".join(told_lines), "diff")


def _media(items: Iterable[Media], seen: PictureUrl) -> Iterator[str]:
    """Name each file, and show the pictures that can be seen somewhere, beside one another."""
    thumbs: list[str] = []
    for item in items:
        where = seen(item.path)
        named = f"[{code(item.path)}]({where})" if where and code(item.path) else code(item.path)
        alt = f", alt text: {prose(item.alt)}" if item.alt.strip() else ", no alt text"
        fitted = f", fitted to {file_text(item.rendition.facts)}" if item.rendition is not None else ""
        yield f"- {code(item.facts.kind)} {named}, {prose(file_text(item.facts))}{prose(fitted)}{alt}"
        for each in item.captions:
            yield f"- captions, {code(each.lang)}: {code(each.path)}"
        if where and item.facts.kind == "image":
            thumbs.append(picture(where, item.alt))
    if thumbs:
        yield from ("", " ".join(thumbs), "")


def _live(posts: Iterable[Published]) -> Iterator[str]:
    for post in posts:
        yield f"- live: {_where(post)}"


def _where(post: Published) -> str:
    return link(post.permalink) if post.permalink else code(f"id {post.remote_id}")


def _taken_down(
    how: str, posts: tuple[Published, ...], losses: Iterable[Loss], now: datetime
) -> Iterator[str]:
    told_losses = {loss.remote_id: loss for loss in losses}
    for post in posts:
        loss = told_losses.get(post.remote_id, Loss(post.remote_id))
        yield f"- {how} {_where(post)}, {prose(loss_text(loss, now))}"
        yield from ("", fenced(post.text), "")
